//! Seasons: who took part and where they stood at the start, final standings, teams that left the boards.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};

use super::schema::{boards_left, season_roster, season_standings, seasons, services};
use super::{CHUNK_ROWS, Conn, each};

/// A season that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = seasons, treat_none_as_default_value = false)]
pub struct SeasonRow {
    pub season: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub opened_at: i64,
    pub frozen_at: Option<i64>,
    /// The leagues as they were at the end, as JSON; `[]` until then.
    pub leagues: String,
}

/// A service of a season.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = season_roster, treat_none_as_default_value = false)]
pub struct RosterRow {
    pub season: String,
    pub service_id: String,
    pub team_id: Option<String>,
    pub tier: i16,
    pub system_ref: Option<String>,
    pub base: i16,
    pub arrived: bool,
}

/// Subject of a final standing: a team.
pub const TEAM: i16 = 0;
/// Subject of a final standing: a service.
pub const SERVICE: i16 = 1;

/// A final standing.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = season_standings, treat_none_as_default_value = false)]
pub struct FinalRow {
    pub season: String,
    pub subject: i16,
    pub id: String,
    pub slug: String,
    pub name: String,
    pub group_name: Option<String>,
    pub tier: i16,
    pub league: i16,
    pub services: i32,
    pub score: i16,
    pub grade: String,
    pub gained: i16,
    pub improved: Option<i32>,
    pub streak: Option<i32>,
    pub drills: Option<i32>,
    pub fallbacks: Option<i32>,
    pub grades: String,
    /// What the board `score` ranked; none of a service, whose score it is, and of seasons frozen before it was kept.
    pub worth: Option<i16>,
}

/// One season.
pub fn one(conn: &mut Conn, season: &str) -> QueryResult<Option<SeasonRow>> {
    seasons::table.find(season).get_result(conn).optional()
}

/// Frozen seasons with anything in them, newest first.
pub fn frozen(conn: &mut Conn, limit: i64) -> QueryResult<Vec<SeasonRow>> {
    let any = season_standings::table.filter(season_standings::season.eq(seasons::season));
    seasons::table
        .filter(seasons::frozen_at.is_not_null())
        .filter(diesel::dsl::exists(any))
        .order(seasons::season.desc())
        .limit(limit)
        .load(conn)
}

/// Keeps a season unless it is there.
pub fn open(conn: &mut Conn, row: &SeasonRow) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(seasons::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))
    .map(|_| ())
}

/// Marks a season as frozen; false when it was.
pub fn freeze(conn: &mut Conn, season: &str, at: i64, leagues: &str) -> QueryResult<bool> {
    let open = seasons::table.filter(seasons::season.eq(season)).filter(seasons::frozen_at.is_null());
    let set = (seasons::frozen_at.eq(at), seasons::leagues.eq(leagues));
    Ok(diesel::update(open).set(set).execute(conn)? == 1)
}

/// The next `limit` services of a season after `after`, by id.
pub fn roster(conn: &mut Conn, season: &str, after: &str, limit: i64) -> QueryResult<Vec<RosterRow>> {
    season_roster::table
        .filter(season_roster::season.eq(season))
        .filter(season_roster::service_id.gt(after))
        .order(season_roster::service_id)
        .limit(limit)
        .load(conn)
}

/// How a service stood when it was removed.
#[derive(Clone, Debug, Queryable)]
pub struct Gone {
    pub service_id: String,
    pub score: i16,
    pub regressions: i32,
    pub drills_expected: i16,
    pub drills_fresh: i16,
    pub calls: i16,
    pub calls_verified: i16,
    pub steady_since: Option<i64>,
}

/// Services of a season that were removed since, as they stood last.
pub fn gone(conn: &mut Conn, season: &str) -> QueryResult<Vec<Gone>> {
    use super::schema::scores;
    services::table
        .inner_join(season_roster::table.on(season_roster::service_id.eq(services::id)))
        .inner_join(scores::table.on(scores::service_id.eq(services::id)))
        .filter(services::removed_at.is_not_null())
        .filter(season_roster::season.eq(season))
        .select((
            services::id,
            scores::score,
            scores::regressions,
            scores::drills_expected,
            scores::drills_fresh,
            scores::calls,
            scores::calls_verified,
            scores::steady_since,
        ))
        .load(conn)
}

/// A graded service that is not on the roster of a season.
#[derive(Clone, Debug, QueryableByName)]
pub struct Missing {
    #[diesel(sql_type = Text)]
    pub service_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub team_id: Option<String>,
    #[diesel(sql_type = SmallInt)]
    pub tier: i16,
    #[diesel(sql_type = Nullable<Text>)]
    pub system_ref: Option<String>,
    /// Its score now.
    #[diesel(sql_type = SmallInt)]
    pub score: i16,
    /// Its last score before the season; -1 or none: not graded then.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub stood: Option<i16>,
    /// Its first score within the season.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub came: Option<i16>,
}

/// The next `limit` services after `after` in id order that are graded and not on the roster of the season that starts
/// at `start` (ms): two probes of the index of the history each.
pub fn missing(
    conn: &mut Conn,
    season: &str,
    start: i64,
    after: &str,
    limit: i64,
) -> QueryResult<Vec<Missing>> {
    diesel::sql_query(
        "SELECT c.service_id, s.team_id, s.tier, s.system_ref, c.score, \
           (SELECT h.score FROM score_history AS h WHERE h.service_id = c.service_id AND h.at < $1 \
            ORDER BY h.at DESC, h.id DESC LIMIT 1) AS stood, \
           (SELECT h.score FROM score_history AS h WHERE h.service_id = c.service_id AND h.at >= $1 AND h.score >= 0 \
            ORDER BY h.at, h.id LIMIT 1) AS came \
         FROM scores AS c JOIN services AS s ON s.id = c.service_id \
         LEFT JOIN season_roster AS r ON r.season = $2 AND r.service_id = c.service_id \
         WHERE c.service_id > $3 AND r.service_id IS NULL AND s.removed_at IS NULL AND c.score >= 0 \
         ORDER BY c.service_id LIMIT $4",
    )
    .bind::<BigInt, _>(start)
    .bind::<Text, _>(season)
    .bind::<Text, _>(after)
    .bind::<BigInt, _>(limit)
    .load(conn)
}

/// Puts services on a roster; who is on it already stays as they were.
pub fn enrol(conn: &mut Conn, rows: &[RosterRow]) -> QueryResult<()> {
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(season_roster::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Forgets the roster of a season.
pub fn forget_roster(conn: &mut Conn, season: &str) -> QueryResult<usize> {
    diesel::delete(season_roster::table.filter(season_roster::season.eq(season))).execute(conn)
}

/// Score and letter of a service at an instant.
#[derive(Clone, Debug, QueryableByName)]
pub struct StoodAt {
    #[diesel(sql_type = Text)]
    pub service_id: String,
    #[diesel(sql_type = SmallInt)]
    pub score: i16,
    #[diesel(sql_type = Text)]
    pub grade: String,
    /// When it was judged last, by now.
    #[diesel(sql_type = BigInt)]
    pub graded_at: i64,
}

/// Where the next `limit` living services after `after` in id order stood at the instant before `end` (ms); who was not
/// graded then is absent. With it the last id that was looked at, while there may be more.
pub fn stood_at(
    conn: &mut Conn,
    after: &str,
    limit: i64,
    end: i64,
) -> QueryResult<(Vec<StoodAt>, Option<String>)> {
    use super::schema::scores;
    let last: Option<String> = scores::table
        .filter(scores::service_id.gt(after))
        .order(scores::service_id)
        .offset(limit - 1)
        .limit(1)
        .select(scores::service_id)
        .get_result(conn)
        .optional()?;
    let to = last.clone().unwrap_or_else(|| "~".to_owned());
    let rows = diesel::sql_query(
        "SELECT c.service_id, h.score, h.grade, c.graded_at FROM scores AS c \
         JOIN services AS s ON s.id = c.service_id \
         JOIN score_history AS h ON h.id = (SELECT x.id FROM score_history AS x \
           WHERE x.service_id = c.service_id AND x.at < $1 ORDER BY x.at DESC, x.id DESC LIMIT 1) \
         WHERE c.service_id > $2 AND c.service_id <= $3 AND s.removed_at IS NULL AND h.score >= 0 \
         ORDER BY c.service_id",
    )
    .bind::<BigInt, _>(end)
    .bind::<Text, _>(after)
    .bind::<Text, _>(to)
    .load(conn)?;
    Ok((rows, last))
}

/// When a drill of a service last regressed before `end` (ms); of its own events, by their index.
pub fn regressed_before(conn: &mut Conn, service_id: &str, end: i64) -> QueryResult<Option<i64>> {
    use super::schema::events;
    events::table
        .filter(events::service_id.eq(service_id))
        .filter(events::kind.eq("drill_regressed"))
        .filter(events::at.lt(end))
        .order(events::seq.desc())
        .select(events::at)
        .first(conn)
        .optional()
}

/// When anything first happened here (ms); none before anything did.
pub fn began(conn: &mut Conn) -> QueryResult<Option<i64>> {
    use super::schema::events;
    events::table.order(events::seq.asc()).select(events::at).first(conn).optional()
}

/// Forgets the final standings that were begun of a season that is not frozen.
pub fn forget_finals(conn: &mut Conn, season: &str) -> QueryResult<()> {
    diesel::delete(season_standings::table.filter(season_standings::season.eq(season)))
        .execute(conn)
        .map(|_| ())
}

/// Writes final standings; those that are there stay.
pub fn put_finals(conn: &mut Conn, rows: &[FinalRow]) -> QueryResult<()> {
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(season_standings::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// The next `limit` final standings of a season after `after`, by id.
pub fn finals(
    conn: &mut Conn,
    season: &str,
    subject: i16,
    after: &str,
    limit: i64,
) -> QueryResult<Vec<FinalRow>> {
    season_standings::table
        .filter(season_standings::season.eq(season))
        .filter(season_standings::subject.eq(subject))
        .filter(season_standings::id.gt(after))
        .order(season_standings::id)
        .limit(limit)
        .load(conn)
}

/// Ids of the teams that left the boards.
pub fn left(conn: &mut Conn) -> QueryResult<Vec<String>> {
    boards_left::table.order(boards_left::team_id).select(boards_left::team_id).load(conn)
}

/// Whether a team left the boards.
pub fn has_left(conn: &mut Conn, team_id: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(boards_left::table.find(team_id))).get_result(conn)
}

/// Takes a team off the boards.
pub fn leave(conn: &mut Conn, team_id: &str, at: i64) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(boards_left::table)
        .values((boards_left::team_id.eq(team_id), boards_left::left_at.eq(at)))
        .on_conflict_do_nothing()
        .execute(c))
    .map(|_| ())
}

/// Puts a team on the boards again.
pub fn come_back(conn: &mut Conn, team_id: &str) -> QueryResult<()> {
    diesel::delete(boards_left::table.find(team_id)).execute(conn).map(|_| ())
}

/// Names of seasons before `current` that were opened and are not frozen.
pub fn unfrozen(conn: &mut Conn, current: &str) -> QueryResult<Vec<String>> {
    seasons::table
        .filter(seasons::frozen_at.is_null())
        .filter(seasons::season.lt(current))
        .order(seasons::season)
        .select(seasons::season)
        .load(conn)
}
