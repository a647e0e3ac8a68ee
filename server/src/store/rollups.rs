//! Reads behind rollups: which days are kept, what moved scores between two instants, where services stood on a day.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};

use super::boards::DailyRow;
use super::schema::{scope_daily, score_history, services};
use super::{CHUNK_ROWS, Conn};

/// Scope kind of everything, whose id is empty.
const ALL: i16 = 0;

/// The last day up to `day` whose standings are kept.
pub fn kept_day(conn: &mut Conn, day: i32) -> QueryResult<Option<i32>> {
    scope_daily::table
        .filter(scope_daily::scope_kind.eq(ALL))
        .filter(scope_daily::scope_id.eq(""))
        .filter(scope_daily::day.le(day))
        .order(scope_daily::day.desc())
        .select(scope_daily::day)
        .first(conn)
        .optional()
}

/// The first day whose standings are kept.
pub fn first_day(conn: &mut Conn) -> QueryResult<Option<i32>> {
    scope_daily::table
        .filter(scope_daily::scope_kind.eq(ALL))
        .filter(scope_daily::scope_id.eq(""))
        .order(scope_daily::day)
        .select(scope_daily::day)
        .first(conn)
        .optional()
}

/// When the standings of the last day before `day` were kept, in ms; none where that was not written down.
pub fn kept_at(conn: &mut Conn, day: i32) -> QueryResult<Option<i64>> {
    let found: Option<Option<i64>> = scope_daily::table
        .filter(scope_daily::scope_kind.eq(ALL))
        .filter(scope_daily::scope_id.eq(""))
        .filter(scope_daily::day.lt(day))
        .order(scope_daily::day.desc())
        .select(scope_daily::kept_at)
        .first(conn)
        .optional()?;
    Ok(found.flatten())
}

/// The standings of one scope from a day to another, both included.
pub fn days(conn: &mut Conn, kind: i16, id: &str, from: i32, to: i32) -> QueryResult<Vec<DailyRow>> {
    scope_daily::table
        .filter(scope_daily::scope_kind.eq(kind))
        .filter(scope_daily::scope_id.eq(id))
        .filter(scope_daily::day.between(from, to))
        .order(scope_daily::day)
        .load(conn)
}

/// Sums of scores and graded services of some scopes of a kind on one day: no more columns than a mean takes.
pub fn sums_on(conn: &mut Conn, kind: i16, ids: &[String], day: i32) -> QueryResult<Vec<(String, i64, i64)>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK_ROWS) {
        let rows: Vec<(String, i64, i64)> = scope_daily::table
            .filter(scope_daily::scope_kind.eq(kind))
            .filter(scope_daily::scope_id.eq_any(chunk))
            .filter(scope_daily::day.eq(day))
            .select((scope_daily::scope_id, scope_daily::score_sum, scope_daily::graded))
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Changes of scores of one team, tier and cause that moved the same rules.
#[derive(Clone, Debug, QueryableByName)]
pub struct MovedRow {
    #[diesel(sql_type = Nullable<Text>)]
    pub team_id: Option<String>,
    #[diesel(sql_type = SmallInt)]
    pub tier: i16,
    #[diesel(sql_type = SmallInt)]
    pub cause: i16,
    /// The rules whose outcome moved, as the history has them (JSON).
    #[diesel(sql_type = Text)]
    pub moves: String,
    /// How many histories there are of it.
    #[diesel(sql_type = BigInt)]
    pub times: i64,
    /// Points gained less points lost.
    #[diesel(sql_type = BigInt)]
    pub points: i64,
    /// Of them, how many moved the score.
    #[diesel(sql_type = BigInt)]
    pub changes: i64,
}

/// What moved the scores and rules of living services after `from` and up to `to` (ms).
pub fn moved(conn: &mut Conn, from: i64, to: i64) -> QueryResult<Vec<MovedRow>> {
    diesel::sql_query(
        "SELECT s.team_id, s.tier, h.cause, h.moves, COUNT(*) AS times, \
             CAST(SUM(h.score - h.prev_score) AS BIGINT) AS points, \
             CAST(SUM(CASE WHEN h.score <> h.prev_score THEN 1 ELSE 0 END) AS BIGINT) AS changes \
         FROM score_history AS h JOIN services AS s ON s.id = h.service_id \
         WHERE h.at > $1 AND h.at <= $2 AND h.score >= 0 AND h.prev_score >= 0 AND s.removed_at IS NULL \
             AND (h.score <> h.prev_score OR h.moves <> '[]') \
         GROUP BY s.team_id, s.tier, h.cause, h.moves",
    )
    .bind::<BigInt, _>(from)
    .bind::<BigInt, _>(to)
    .load(conn)
}

/// A service as it stood at an instant.
#[derive(Clone, Debug, Queryable)]
pub struct StoodRow {
    pub slug: String,
    pub name: String,
    pub tier: i16,
    /// Absent where it was not there yet; below 0 where no rule applied.
    pub score: Option<i16>,
    pub grade: Option<String>,
}

/// Up to `limit` living services that a team owns itself, by id, as they stood at `at` (ms): two probes a service.
pub fn services_of(conn: &mut Conn, team_id: &str, at: i64, limit: i64) -> QueryResult<Vec<StoodRow>> {
    macro_rules! then {
        ($column:ident) => {
            score_history::table
                .filter(score_history::service_id.eq(services::id))
                .filter(score_history::at.le(at))
                .order((score_history::at.desc(), score_history::id.desc()))
                .select(score_history::$column)
                .limit(1)
                .single_value()
        };
    }
    services::table
        .filter(services::team_id.eq(team_id))
        .filter(services::removed_at.is_null())
        .order(services::id)
        .limit(limit)
        .select((services::slug, services::name, services::tier, then!(score), then!(grade)))
        .load(conn)
}
