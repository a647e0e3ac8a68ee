//! Rows and queries of challenges. A step of a challenge's life is a conditional update: of several processes one takes it.

use diesel::connection::Connection;
use diesel::prelude::*;

use super::schema::{challenge_days, challenge_rewards, challenge_teams, challenges, services};
use super::services::ServiceRow;
use super::{CHUNK_ROWS, Conn, each, insert_rows};

/// A challenge as stored; `scope`, `goal` and `milestones` are the JSON of `app/challenges`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = challenges, treat_none_as_default_value = false)]
pub struct ChallengeRow {
    pub id: String,
    pub slug: String,
    pub title: String,
    pub why: String,
    /// draft, open, ended or cancelled.
    pub state: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub scope: String,
    pub goal: String,
    /// Percent.
    pub target: i16,
    pub milestones: String,
    pub badge: String,
    pub retrospective: String,
    pub created_by: String,
    pub created_at: i64,
    pub changed_at: i64,
    pub start_done: Option<i64>,
    pub start_total: Option<i64>,
    pub end_done: Option<i64>,
    pub end_total: Option<i64>,
    /// The furthest milestone that was told, percent of the way; 0 for none.
    pub milestone: i16,
    pub half_time_at: Option<i64>,
    pub ending_at: Option<i64>,
    /// Whose key it was made under, the key, and the hash of what was sent.
    pub sent_by: Option<String>,
    pub sent_key: Option<String>,
    pub sent_sha256: Option<String>,
}

/// Where a team began, its own goal in percent, and where it ended.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = challenge_teams, treat_none_as_default_value = false)]
pub struct TeamRow {
    pub challenge_id: String,
    pub team_id: String,
    pub start_done: i64,
    pub start_total: i64,
    pub goal: i16,
    pub end_done: Option<i64>,
    pub end_total: Option<i64>,
}

/// How a challenge stood on a day (days since 1970).
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = challenge_days)]
pub struct DayRow {
    pub challenge_id: String,
    pub day: i32,
    pub done: i64,
    pub total: i64,
}

/// A badge that a team earned.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = challenge_rewards)]
pub struct RewardRow {
    pub challenge_id: String,
    pub team_id: String,
    pub at: i64,
}

/// Stores a challenge.
pub fn insert(conn: &mut Conn, row: &ChallengeRow) -> QueryResult<()> {
    diesel::insert_into(challenges::table).values(row).execute(conn).map(|_| ())
}

/// A challenge by its slug.
pub fn by_slug(conn: &mut Conn, slug: &str) -> QueryResult<Option<ChallengeRow>> {
    challenges::table.filter(challenges::slug.eq(slug)).get_result(conn).optional()
}

/// The challenge that a sender made under a key.
pub fn by_key(conn: &mut Conn, owner: &str, key: &str) -> QueryResult<Option<ChallengeRow>> {
    challenges::table
        .filter(challenges::sent_by.eq(owner))
        .filter(challenges::sent_key.eq(key))
        .get_result(conn)
        .optional()
}

/// A challenge by its id.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<ChallengeRow>> {
    challenges::table.find(id).get_result(conn).optional()
}

/// Challenges in one of these states, newest first, after `before` (an id), at most `limit`.
pub fn page(
    conn: &mut Conn,
    states: &[&str],
    before: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<ChallengeRow>> {
    let mut query = challenges::table
        .filter(challenges::state.eq_any(states.to_vec()))
        .into_boxed::<<Conn as Connection>::Backend>();
    if let Some(before) = before {
        query = query.filter(challenges::id.lt(before));
    }
    query.order(challenges::id.desc()).limit(limit).load(conn)
}

/// How many challenges are in one of these states.
pub fn count(conn: &mut Conn, states: &[&str]) -> QueryResult<i64> {
    challenges::table.filter(challenges::state.eq_any(states.to_vec())).count().get_result(conn)
}

/// Writes a challenge if nobody else changed it meanwhile; false otherwise. What was told already is left as it is: the job
/// that tells may be at work.
pub fn update(conn: &mut Conn, row: &ChallengeRow, state: &str, changed_at: i64) -> QueryResult<bool> {
    let mine = challenges::table
        .find(&row.id)
        .filter(challenges::state.eq(state))
        .filter(challenges::changed_at.eq(changed_at));
    let rows = diesel::update(mine)
        .set((
            challenges::title.eq(&row.title),
            challenges::why.eq(&row.why),
            challenges::state.eq(&row.state),
            challenges::starts_at.eq(row.starts_at),
            challenges::ends_at.eq(row.ends_at),
            challenges::scope.eq(&row.scope),
            challenges::goal.eq(&row.goal),
            challenges::target.eq(row.target),
            challenges::milestones.eq(&row.milestones),
            challenges::badge.eq(&row.badge),
            challenges::retrospective.eq(&row.retrospective),
            challenges::changed_at.eq(row.changed_at),
            challenges::start_done.eq(row.start_done),
            challenges::start_total.eq(row.start_total),
            challenges::end_done.eq(row.end_done),
            challenges::end_total.eq(row.end_total),
        ))
        .execute(conn)?;
    Ok(rows == 1)
}

/// Notes that a milestone was reached; false if it was noted before, or the challenge is not open.
pub fn reach(conn: &mut Conn, id: &str, milestone: i16) -> QueryResult<bool> {
    let mine = challenges::table
        .find(id)
        .filter(challenges::state.eq("open"))
        .filter(challenges::milestone.lt(milestone));
    Ok(diesel::update(mine).set(challenges::milestone.eq(milestone)).execute(conn)? == 1)
}

/// Notes that teams were reminded at half-time; false if they were before.
pub fn remind_half_time(conn: &mut Conn, id: &str, at: i64) -> QueryResult<bool> {
    let mine = challenges::table
        .find(id)
        .filter(challenges::state.eq("open"))
        .filter(challenges::half_time_at.is_null());
    Ok(diesel::update(mine).set(challenges::half_time_at.eq(at)).execute(conn)? == 1)
}

/// Notes that teams were reminded of the end; false if they were before.
pub fn remind_end(conn: &mut Conn, id: &str, at: i64) -> QueryResult<bool> {
    let mine = challenges::table
        .find(id)
        .filter(challenges::state.eq("open"))
        .filter(challenges::ending_at.is_null());
    Ok(diesel::update(mine).set(challenges::ending_at.eq(at)).execute(conn)? == 1)
}

/// The teams of a challenge.
pub fn teams(conn: &mut Conn, id: &str) -> QueryResult<Vec<TeamRow>> {
    challenge_teams::table.filter(challenge_teams::challenge_id.eq(id)).load(conn)
}

/// Writes teams of a challenge, new or with their end.
pub fn put_teams(conn: &mut Conn, rows: &[TeamRow]) -> QueryResult<()> {
    use diesel::upsert::excluded;
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(challenge_teams::table)
            .values(chunk)
            .on_conflict((challenge_teams::challenge_id, challenge_teams::team_id))
            .do_update()
            .set((
                challenge_teams::end_done.eq(excluded(challenge_teams::end_done)),
                challenge_teams::end_total.eq(excluded(challenge_teams::end_total)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// The days of a challenge, oldest first.
pub fn days(conn: &mut Conn, id: &str) -> QueryResult<Vec<DayRow>> {
    challenge_days::table.filter(challenge_days::challenge_id.eq(id)).order(challenge_days::day).load(conn)
}

/// Writes how a challenge stands on a day.
pub fn put_day(conn: &mut Conn, row: &DayRow) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(challenge_days::table)
        .values(row)
        .on_conflict((challenge_days::challenge_id, challenge_days::day))
        .do_update()
        .set((challenge_days::done.eq(row.done), challenge_days::total.eq(row.total)))
        .execute(c))
    .map(|_| ())
}

/// Stores badges that were earned.
pub fn reward(conn: &mut Conn, rows: &[RewardRow]) -> QueryResult<()> {
    insert_rows!(conn, challenge_rewards::table, rows)
}

/// How many teams earned the badge of a challenge.
pub fn count_rewards(conn: &mut Conn, id: &str) -> QueryResult<i64> {
    challenge_rewards::table.filter(challenge_rewards::challenge_id.eq(id)).count().get_result(conn)
}

/// The badges of a team, newest first: slug and title of the challenge, the badge, when.
pub fn rewards_of(
    conn: &mut Conn,
    team_id: &str,
    limit: i64,
) -> QueryResult<Vec<(String, String, String, i64)>> {
    challenge_rewards::table
        .inner_join(challenges::table)
        .filter(challenge_rewards::team_id.eq(team_id))
        .order((challenge_rewards::at.desc(), challenge_rewards::challenge_id.desc()))
        .limit(limit)
        .select((challenges::slug, challenges::title, challenges::badge, challenge_rewards::at))
        .load(conn)
}

/// Living services of these teams, in no particular order.
pub fn services_of_teams(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<ServiceRow>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK_ROWS) {
        let of = services::table.filter(services::team_id.eq_any(chunk));
        found.extend(of.filter(services::removed_at.is_null()).load::<ServiceRow>(conn)?);
    }
    Ok(found)
}
