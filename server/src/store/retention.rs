//! Raw rows past their time: what there is of them, the roll-ups that stay, and deleting in small bites.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::schema::{
    documents, drill_daily, drills, fact_history, idempotency_keys, score_daily, score_history,
};
use super::{CHUNK_ROWS, Conn, each};

/// Results may name an end so much later than their arrival, in ms; generous.
const SKEW_MS: i64 = 2 * 24 * 60 * 60 * 1000;

/// What of an old drill decides whether it is still needed.
#[derive(Clone, Debug, Queryable)]
pub struct OldDrill {
    pub id: String,
    pub service_id: String,
    pub failure: Option<i16>,
    pub target: String,
    pub environment: String,
    pub verdict: Option<i16>,
    pub outcome: i16,
    pub ended_at: i64,
    pub rollback_ms: Option<i64>,
    pub recovered_ms: Option<i64>,
    pub detected_ms: Option<i64>,
    pub document_id: Option<String>,
}

/// A change of a score, as much as a daily row keeps.
#[derive(Clone, Debug, Queryable)]
pub struct OldScore {
    pub id: String,
    pub service_id: String,
    pub at: i64,
    pub score: i16,
    pub grade: String,
    pub coverage: i16,
}

/// An earlier value of a posted fact.
#[derive(Clone, Debug, Queryable)]
pub struct OldFact {
    pub id: String,
    pub service_id: String,
    pub fact: String,
    pub as_of: i64,
}

/// Where a service stood at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = score_daily, treat_none_as_default_value = false)]
pub struct ScoreDay {
    pub service_id: String,
    pub day: i32,
    pub score: i16,
    pub grade: String,
    pub coverage: i16,
}

/// How many drills of a service ended in one way on a day; `failure` 0: none was known.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = drill_daily, treat_none_as_default_value = false)]
pub struct DrillDay {
    pub service_id: String,
    pub day: i32,
    pub failure: i16,
    pub outcome: i16,
    pub drills: i64,
}

/// Rows that one transaction deletes at most: SQLite has one writer, who is not to wait long.
pub fn bite(conn: &Conn) -> usize {
    if matches!(conn, Conn::Pg(_)) { 5_000 } else { 500 }
}

/// Drills of these services that arrived before `floor` (ms; `floor_id` is the least id of that instant), in the
/// order of the fold.
pub fn old_drills(
    conn: &mut Conn,
    service_ids: &[String],
    floor: i64,
    floor_id: &str,
) -> QueryResult<Vec<OldDrill>> {
    drills::table
        .filter(drills::service_id.eq_any(service_ids))
        .filter(drills::ended_at.lt(floor + SKEW_MS))
        .filter(drills::id.lt(floor_id))
        .order((drills::service_id, drills::ended_at, drills::id))
        .select((
            drills::id,
            drills::service_id,
            drills::failure,
            drills::target,
            drills::environment,
            drills::verdict,
            drills::outcome,
            drills::ended_at,
            drills::rollback_ms,
            drills::recovered_ms,
            drills::detected_ms,
            drills::document_id,
        ))
        .load(conn)
}

/// Changes of scores of these services up to `floor` (ms), oldest first.
pub fn old_scores(conn: &mut Conn, service_ids: &[String], floor: i64) -> QueryResult<Vec<OldScore>> {
    score_history::table
        .filter(score_history::service_id.eq_any(service_ids))
        .filter(score_history::at.le(floor))
        .order((score_history::service_id, score_history::at, score_history::id))
        .select((
            score_history::id,
            score_history::service_id,
            score_history::at,
            score_history::score,
            score_history::grade,
            score_history::coverage,
        ))
        .load(conn)
}

/// Values of facts of these services that arrived up to `floor` (ms), those that win last.
pub fn old_facts(conn: &mut Conn, service_ids: &[String], floor: i64) -> QueryResult<Vec<OldFact>> {
    fact_history::table
        .filter(fact_history::service_id.eq_any(service_ids))
        .filter(fact_history::received_at.le(floor))
        .order((fact_history::service_id, fact_history::fact, fact_history::as_of, fact_history::id))
        .select((fact_history::id, fact_history::service_id, fact_history::fact, fact_history::as_of))
        .load(conn)
}

/// Adds counts of drills to their days.
pub fn add_drill_days(conn: &mut Conn, rows: &[DrillDay]) -> QueryResult<()> {
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(drill_daily::table)
            .values(chunk)
            .on_conflict((drill_daily::service_id, drill_daily::day, drill_daily::failure, drill_daily::outcome))
            .do_update()
            .set(drill_daily::drills.eq(drill_daily::drills + excluded(drill_daily::drills)))
            .execute(c))?;
    }
    Ok(())
}

/// Keeps standings of days; a later one of the same day takes the place of an earlier.
pub fn put_score_days(conn: &mut Conn, rows: &[ScoreDay]) -> QueryResult<()> {
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(score_daily::table)
            .values(chunk)
            .on_conflict((score_daily::service_id, score_daily::day))
            .do_update()
            .set((
                score_daily::score.eq(excluded(score_daily::score)),
                score_daily::grade.eq(excluded(score_daily::grade)),
                score_daily::coverage.eq(excluded(score_daily::coverage)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Runs a delete by ids in statements of bounded size; gives how many rows went.
macro_rules! delete_by_id {
    ($conn:expr, $table:ident, $ids:expr) => {{
        let mut gone = 0;
        for chunk in $ids.chunks(CHUNK_ROWS) {
            gone += diesel::delete($table::table.filter($table::id.eq_any(chunk))).execute($conn)?;
        }
        Ok(gone)
    }};
}

/// Deletes drills.
pub fn delete_drills(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    delete_by_id!(conn, drills, ids)
}

/// Deletes changes of scores.
pub fn delete_scores(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    delete_by_id!(conn, score_history, ids)
}

/// Deletes earlier values of facts.
pub fn delete_facts(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    delete_by_id!(conn, fact_history, ids)
}

/// Deletes documents.
pub fn delete_documents(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    delete_by_id!(conn, documents, ids)
}

/// The next documents after `after` and below `floor_id`, each with whether a drill still rests on it.
pub fn old_documents(
    conn: &mut Conn,
    after: &str,
    floor_id: &str,
    limit: i64,
) -> QueryResult<Vec<(String, bool)>> {
    let ids: Vec<String> = documents::table
        .filter(documents::id.gt(after))
        .filter(documents::id.lt(floor_id))
        .order(documents::id)
        .limit(limit)
        .select(documents::id)
        .load(conn)?;
    let mut held = std::collections::HashSet::new();
    for chunk in ids.chunks(CHUNK_ROWS) {
        let found: Vec<Option<String>> =
            drills::table.filter(drills::document_id.eq_any(chunk)).select(drills::document_id).load(conn)?;
        held.extend(found.into_iter().flatten());
    }
    Ok(ids
        .into_iter()
        .map(|id| {
            let rests = held.contains(&id);
            (id, rests)
        })
        .collect())
}

/// Idempotency keys made before `floor` (ms), at most `limit`.
pub fn old_keys(conn: &mut Conn, floor: i64, limit: i64) -> QueryResult<Vec<(String, String)>> {
    idempotency_keys::table
        .filter(idempotency_keys::created_at.lt(floor))
        .order(idempotency_keys::created_at)
        .limit(limit)
        .select((idempotency_keys::owner, idempotency_keys::key))
        .load(conn)
}

/// How many idempotency keys were made before `floor` (ms).
pub fn count_old_keys(conn: &mut Conn, floor: i64) -> QueryResult<i64> {
    idempotency_keys::table.filter(idempotency_keys::created_at.lt(floor)).count().get_result(conn)
}

/// Deletes idempotency keys.
pub fn delete_keys(conn: &mut Conn, keys: &[(String, String)]) -> QueryResult<usize> {
    let mut gone = 0;
    let mut owners: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for (owner, key) in keys {
        owners.entry(owner).or_default().push(key);
    }
    for (owner, keys) in owners {
        for chunk in keys.chunks(CHUNK_ROWS) {
            let rows = idempotency_keys::table
                .filter(idempotency_keys::owner.eq(owner))
                .filter(idempotency_keys::key.eq_any(chunk));
            gone += diesel::delete(rows).execute(conn)?;
        }
    }
    Ok(gone)
}

/// Where a service stood on the pruned days from `from` to `to`, newest first.
pub fn score_days(
    conn: &mut Conn,
    service_id: &str,
    from: i32,
    to: i32,
    limit: i64,
) -> QueryResult<Vec<ScoreDay>> {
    score_daily::table
        .filter(score_daily::service_id.eq(service_id))
        .filter(score_daily::day.between(from, to))
        .order(score_daily::day.desc())
        .limit(limit)
        .load(conn)
}

/// A count of drills by outcome, and the last id counted.
#[derive(Clone, Debug, QueryableByName)]
pub struct Counted {
    #[diesel(sql_type = diesel::sql_types::SmallInt)]
    pub outcome: i16,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub drills: i64,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub last: String,
}

/// Counts the next `limit` drills after `after` and below `upto` in id order, by outcome.
pub fn count_drills(conn: &mut Conn, after: &str, upto: &str, limit: i64) -> QueryResult<Vec<Counted>> {
    use diesel::sql_types::{BigInt, Text};
    diesel::sql_query(
        "SELECT outcome, COUNT(*) AS drills, MAX(id) AS last FROM \
         (SELECT id, outcome FROM drills WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3) AS part GROUP BY outcome",
    )
    .bind::<Text, _>(after)
    .bind::<Text, _>(upto)
    .bind::<BigInt, _>(limit)
    .load(conn)
}
