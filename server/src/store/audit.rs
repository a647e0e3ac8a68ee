//! Queries of `verify`: what the database itself can tell, and the kept rows in the order in which they are compared.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::drills::DrillRow;
use super::facts::FactRow;
use super::schema::{drills, event_head, events, fact_history, idempotency_keys};
use super::{Conn, each};

/// A row of one text.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// Rows of `child` whose reference leads nowhere.
#[derive(Clone, Debug, QueryableByName)]
pub struct Loose {
    /// The table with the rows, and its columns where they are known.
    #[diesel(sql_type = Text)]
    pub child: String,
    /// The table they refer to.
    #[diesel(sql_type = Text)]
    pub parent: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub n: i64,
    /// One of them.
    #[diesel(sql_type = Text)]
    pub example: String,
}

/// A foreign key of PostgreSQL.
#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Text)]
    parent: String,
    #[diesel(sql_type = Text)]
    columns: String,
    #[diesel(sql_type = Text)]
    matching: String,
    #[diesel(sql_type = Text)]
    present: String,
}

const REFERENCES: &str = "\
    SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent, \
        string_agg(a.attname::text, ', ' ORDER BY k.place) AS columns, \
        string_agg(format('c.%I = p.%I', a.attname, b.attname), ' AND ' ORDER BY k.place) AS matching, \
        string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ' ORDER BY k.place) AS present \
    FROM pg_constraint AS f \
        CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k (own, other, place) \
        JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.own \
        JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attnum = k.other \
    WHERE f.contype = 'f' AND f.connamespace = current_schema()::regnamespace \
    GROUP BY f.oid, f.conrelid, f.confrelid, f.conname ORDER BY 1, f.conname";

/// What SQLite finds wrong with its file, at most 100 lines; none on PostgreSQL, which has no such question.
pub fn file(conn: &mut Conn) -> QueryResult<Option<Vec<String>>> {
    if matches!(conn, Conn::Pg(_)) {
        return Ok(None);
    }
    let lines: Vec<Line> =
        diesel::sql_query("SELECT integrity_check AS text FROM pragma_integrity_check").load(conn)?;
    Ok(Some(lines.into_iter().map(|l| l.text).filter(|t| t != "ok").collect()))
}

/// How many foreign keys there are, and the rows that offend them.
pub fn references(conn: &mut Conn) -> QueryResult<(usize, Vec<Loose>)> {
    if matches!(conn, Conn::Sqlite(_)) {
        let all: Vec<Line> = diesel::sql_query(
            "SELECT f.\"from\" AS text FROM sqlite_master AS m \
             JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'",
        )
        .load(conn)?;
        let loose = diesel::sql_query(
            "SELECT \"table\" AS child, parent, count(*) AS n, 'row ' || min(rowid) AS example \
             FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2",
        )
        .load(conn)?;
        return Ok((all.len(), loose));
    }
    let all: Vec<Reference> = diesel::sql_query(REFERENCES).load(conn)?;
    let mut loose = Vec::new();
    for of in &all {
        let Reference { child, parent, columns, matching, present } = of;
        let query = format!(
            "SELECT '{child} ({columns})' AS child, '{parent}' AS parent, count(*) AS n, \
                 COALESCE(min(ROW(c.{columns})::text), '') AS example \
             FROM {child} AS c WHERE {present} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {matching})",
            columns = columns.replace(", ", ", c.")
        );
        loose.extend(diesel::sql_query(query).load::<Loose>(conn)?.into_iter().filter(|l| l.n > 0));
    }
    Ok((all.len(), loose))
}

/// A key of an owner that names a drill that is not there.
#[derive(Clone, Debug, Queryable)]
pub struct LostKey {
    /// Whose key.
    pub owner: String,
    /// The key.
    pub key: String,
    /// The id it names.
    pub drill_id: String,
}

/// How many idempotency keys there are, and up to `limit` of those that name no drill.
pub fn keys(conn: &mut Conn, limit: i64) -> QueryResult<(i64, Vec<LostKey>)> {
    let n = idempotency_keys::table.count().get_result(conn)?;
    let lost = idempotency_keys::table
        .left_join(drills::table.on(drills::id.eq(idempotency_keys::drill_id)))
        .filter(drills::id.nullable().is_null())
        .order((idempotency_keys::owner, idempotency_keys::key))
        .select((idempotency_keys::owner, idempotency_keys::key, idempotency_keys::drill_id))
        .limit(limit)
        .load(conn)?;
    Ok((n, lost))
}

/// Where the reading of rows stands that are ordered by service, instant and id.
pub type Place = (String, i64, String);

/// The next counted drills of services with an id up to `last`, in order of service, end and id. Only what a fold reads:
/// the other fields are empty, since they are most of the bytes.
pub fn counted_after(conn: &mut Conn, after: &Place, last: &str, limit: i64) -> QueryResult<Vec<DrillRow>> {
    let (service, at, id) = after;
    let none = || sql::<Nullable<Text>>("NULL");
    drills::table
        .filter(drills::service_id.ge(service).and(drills::service_id.le(last)))
        .filter(
            drills::service_id
                .gt(service)
                .or(drills::ended_at.gt(at).or(drills::ended_at.eq(at).and(drills::id.gt(id)))),
        )
        .filter(drills::verdict.is_not_null())
        .order((drills::service_id, drills::ended_at, drills::id))
        .limit(limit)
        .select((
            drills::id,
            drills::service_id,
            drills::kind,
            drills::failure,
            drills::target,
            drills::environment,
            drills::outcome,
            sql::<Text>("''"),
            drills::verdict,
            none(),
            drills::regression,
            drills::exploratory,
            drills::rollback,
            sql::<Text>("''"),
            drills::rollback_ms,
            drills::started_at,
            drills::ended_at,
            drills::received_at,
            drills::detected_ms,
            drills::recovered_ms,
            none(),
            none(),
            sql::<Text>("''"),
            drills::evidence_class,
            drills::sender,
            sql::<Text>("''"),
            none(),
            none(),
            none(),
            none(),
            drills::detected_since,
        ))
        .load(conn)
}

/// The next kept values of posted facts of services with an id up to `last`, in order of service, arrival and id.
pub fn facts_after(conn: &mut Conn, after: &Place, last: &str, limit: i64) -> QueryResult<Vec<FactRow>> {
    let (service, at, id) = after;
    fact_history::table
        .filter(fact_history::service_id.ge(service).and(fact_history::service_id.le(last)))
        .filter(
            fact_history::service_id.gt(service).or(fact_history::received_at
                .gt(at)
                .or(fact_history::received_at.eq(at).and(fact_history::id.gt(id)))),
        )
        .order((fact_history::service_id, fact_history::received_at, fact_history::id))
        .limit(limit)
        .load(conn)
}

/// How many rows say where the log of events ends: one, if all is well.
pub fn heads(conn: &mut Conn) -> QueryResult<i64> {
    event_head::table.count().get_result(conn)
}

/// The position of the last event that is there, whatever the head says; 0 when there is none.
pub fn last_event(conn: &mut Conn) -> QueryResult<i64> {
    let last: Option<i64> =
        each!(conn, c => events::table.select(diesel::dsl::max(events::seq)).get_result(c))?;
    Ok(last.unwrap_or(0))
}
