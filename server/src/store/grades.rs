//! Rows and queries of current scores and their history.

use diesel::prelude::*;

use super::schema::{score_history, scores};
use super::{CHUNK_ROWS, Conn, each, insert_rows};

/// The current score of one service; `score` is -1 and `grade` empty while it is not graded.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = scores, treat_none_as_default_value = false)]
pub struct ScoreRow {
    pub service_id: String,
    pub book_hash: String,
    pub score: i16,
    pub grade: String,
    pub coverage: i16,
    pub earned: i64,
    pub possible: i64,
    pub capped_by: String,
    pub outcomes: String,
    pub practices: String,
    pub regressions: i32,
    pub graded_at: i64,
    pub changed_at: i64,
    /// Streaks and the last 90 days, as JSON.
    pub record: String,
    /// Drills that the rulebook expects; -1: not counted yet, as the three below.
    pub drills_expected: i16,
    /// Of them fresh.
    pub drills_fresh: i16,
    /// Calls that users can do without.
    pub calls: i16,
    /// Of them those whose fallback is verified.
    pub calls_verified: i16,
    /// Since when no drill has regressed, or since the first result; none before any.
    pub steady_since: Option<i64>,
}

/// One change of a score.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = score_history, treat_none_as_default_value = false)]
pub struct HistoryRow {
    pub id: String,
    pub service_id: String,
    pub at: i64,
    pub score: i16,
    pub grade: String,
    pub coverage: i16,
    pub prev_score: Option<i16>,
    pub prev_grade: Option<String>,
    pub book_hash: String,
    pub cause: i16,
    pub moves: String,
    pub sentence: String,
    pub attributes: String,
}

/// Scores of all services with `lo <= id <= hi`, in id order.
pub fn between(conn: &mut Conn, lo: &str, hi: &str) -> QueryResult<Vec<ScoreRow>> {
    scores::table
        .filter(scores::service_id.ge(lo))
        .filter(scores::service_id.le(hi))
        .order(scores::service_id)
        .load(conn)
}

/// Scores of these services, in no particular order.
pub fn of(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<ScoreRow>> {
    if let [id] = ids {
        return Ok(one(conn, id)?.into_iter().collect());
    }
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK_ROWS) {
        found.extend(scores::table.filter(scores::service_id.eq_any(chunk)).load::<ScoreRow>(conn)?);
    }
    Ok(found)
}

/// The score of one service.
pub fn one(conn: &mut Conn, service_id: &str) -> QueryResult<Option<ScoreRow>> {
    scores::table.find(service_id).get_result(conn).optional()
}

/// Runs the upsert of scores with the given values: one row, or a list of them.
macro_rules! upsert_scores {
    ($c:expr, $values:expr) => {
        diesel::insert_into(scores::table)
            .values($values)
            .on_conflict(scores::service_id)
            .do_update()
            .set((
                scores::book_hash.eq(excluded(scores::book_hash)),
                scores::score.eq(excluded(scores::score)),
                scores::grade.eq(excluded(scores::grade)),
                scores::coverage.eq(excluded(scores::coverage)),
                scores::earned.eq(excluded(scores::earned)),
                scores::possible.eq(excluded(scores::possible)),
                scores::capped_by.eq(excluded(scores::capped_by)),
                scores::outcomes.eq(excluded(scores::outcomes)),
                scores::practices.eq(excluded(scores::practices)),
                scores::regressions.eq(excluded(scores::regressions)),
                scores::graded_at.eq(excluded(scores::graded_at)),
                scores::changed_at.eq(excluded(scores::changed_at)),
                scores::record.eq(excluded(scores::record)),
                scores::drills_expected.eq(excluded(scores::drills_expected)),
                scores::drills_fresh.eq(excluded(scores::drills_fresh)),
                scores::calls.eq(excluded(scores::calls)),
                scores::calls_verified.eq(excluded(scores::calls_verified)),
                scores::steady_since.eq(excluded(scores::steady_since)),
            ))
            .execute($c)
    };
}

/// Writes scores, new or changed.
pub fn upsert(conn: &mut Conn, rows: &[ScoreRow]) -> QueryResult<()> {
    use diesel::upsert::excluded;
    // One row has a statement that stays prepared; a list is prepared anew for each length.
    if let [row] = rows {
        return each!(conn, c => upsert_scores!(c, row)).map(|_| ());
    }
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => upsert_scores!(c, chunk))?;
    }
    Ok(())
}

/// Appends changes.
pub fn append_history(conn: &mut Conn, rows: &[HistoryRow]) -> QueryResult<()> {
    insert_rows!(conn, score_history::table, rows)
}

/// Changes of one service within `[from, to]`, newest first, at most `limit`.
pub fn history(
    conn: &mut Conn,
    service_id: &str,
    from: i64,
    to: i64,
    limit: i64,
) -> QueryResult<Vec<HistoryRow>> {
    score_history::table
        .filter(score_history::service_id.eq(service_id))
        .filter(score_history::at.between(from, to))
        .order((score_history::at.desc(), score_history::id.desc()))
        .limit(limit)
        .load(conn)
}

/// The last change of one service at or before `at`.
pub fn change_at(conn: &mut Conn, service_id: &str, at: i64) -> QueryResult<Option<HistoryRow>> {
    score_history::table
        .filter(score_history::service_id.eq(service_id))
        .filter(score_history::at.le(at))
        .order((score_history::at.desc(), score_history::id.desc()))
        .first(conn)
        .optional()
}
