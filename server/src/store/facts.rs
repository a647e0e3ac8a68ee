//! Rows and queries of facts that others posted.

use diesel::prelude::*;

use super::schema::{fact_history, facts};
use super::{Conn, each};

/// The newest value of a posted fact.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = facts, treat_none_as_default_value = false)]
pub struct FactRow {
    pub service_id: String,
    pub fact: String,
    pub value: String,
    pub as_of: i64,
    pub evidence_class: i16,
    pub sender: String,
    pub received_at: i64,
}

/// Facts of all services with `lo <= id <= hi`, in order.
pub fn between(conn: &mut Conn, lo: &str, hi: &str) -> QueryResult<Vec<FactRow>> {
    facts::table
        .filter(facts::service_id.ge(lo))
        .filter(facts::service_id.le(hi))
        .order((facts::service_id, facts::fact))
        .load(conn)
}

/// The same without senders, which grading does not read.
pub fn to_grade(conn: &mut Conn, lo: &str, hi: &str) -> QueryResult<Vec<FactRow>> {
    facts::table
        .filter(facts::service_id.ge(lo))
        .filter(facts::service_id.le(hi))
        .order((facts::service_id, facts::fact))
        .select((
            facts::service_id,
            facts::fact,
            facts::value,
            facts::as_of,
            facts::evidence_class,
            diesel::dsl::sql::<diesel::sql_types::Text>("''"),
            facts::received_at,
        ))
        .load(conn)
}

/// Facts of one service as they stood at `by`, the newest last.
pub fn history(conn: &mut Conn, service_id: &str, by: i64) -> QueryResult<Vec<FactRow>> {
    fact_history::table
        .filter(fact_history::service_id.eq(service_id))
        .filter(fact_history::received_at.le(by))
        .order((fact_history::as_of, fact_history::id))
        .select((
            fact_history::service_id,
            fact_history::fact,
            fact_history::value,
            fact_history::as_of,
            fact_history::evidence_class,
            fact_history::sender,
            fact_history::received_at,
        ))
        .load(conn)
}

/// The newest value of one fact.
pub fn one(conn: &mut Conn, service_id: &str, fact: &str) -> QueryResult<Option<FactRow>> {
    facts::table.find((service_id, fact)).get_result(conn).optional()
}

/// Writes a value as the newest and keeps it in the history under `id`.
pub fn put(conn: &mut Conn, id: &str, row: &FactRow) -> QueryResult<()> {
    use diesel::upsert::excluded;
    each!(conn, c => diesel::insert_into(facts::table)
        .values(row)
        .on_conflict((facts::service_id, facts::fact))
        .do_update()
        .set((
            facts::value.eq(excluded(facts::value)),
            facts::as_of.eq(excluded(facts::as_of)),
            facts::evidence_class.eq(excluded(facts::evidence_class)),
            facts::sender.eq(excluded(facts::sender)),
            facts::received_at.eq(excluded(facts::received_at)),
        ))
        .execute(c))?;
    diesel::insert_into(fact_history::table)
        .values((
            fact_history::id.eq(id),
            fact_history::service_id.eq(&row.service_id),
            fact_history::fact.eq(&row.fact),
            fact_history::value.eq(&row.value),
            fact_history::as_of.eq(row.as_of),
            fact_history::evidence_class.eq(row.evidence_class),
            fact_history::sender.eq(&row.sender),
            fact_history::received_at.eq(row.received_at),
        ))
        .execute(conn)
        .map(|_| ())
}
