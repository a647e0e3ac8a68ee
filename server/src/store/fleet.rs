//! Reads over all services at once, in pages by id, and reads of a page's past; each by an index.

use diesel::connection::Connection;
use diesel::prelude::*;

use super::schema::{degraders, score_history, scores, services, teams};
use super::services::{TeamRow, path_end};
use super::veil::{Unseen, seen};
use super::{CHUNK_ROWS, Conn};

type Backend = <Conn as Connection>::Backend;

/// The last score at or before an instant, as a column beside a row of `scores`: one probe of the index a service.
macro_rules! score_at {
    ($at:expr) => {
        score_history::table
            .filter(score_history::service_id.eq(scores::service_id))
            .filter(score_history::at.le($at))
            .order((score_history::at.desc(), score_history::id.desc()))
            .select(score_history::score)
            .limit(1)
            .single_value()
    };
}

/// What the picture of all services is made of.
#[derive(Clone, Debug, Queryable)]
pub struct FleetRow {
    pub service_id: String,
    pub slug: String,
    pub team_id: Option<String>,
    pub tier: i16,
    pub score: i16,
    pub grade: String,
    pub coverage: i16,
    pub practices: String,
    pub outcomes: String,
    pub regressions: i32,
    pub book_hash: String,
    pub calls_milli: Option<i64>,
    pub system_ref: Option<String>,
    pub drills_expected: i16,
    pub drills_fresh: i16,
    pub calls: i16,
    pub calls_verified: i16,
    pub steady_since: Option<i64>,
}

/// The next `limit` living services after `after` in id order, with their scores.
pub fn page(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<FleetRow>> {
    scores::table
        .inner_join(services::table)
        .left_join(degraders::table.on(degraders::service_id.eq(scores::service_id)))
        .filter(services::removed_at.is_null())
        .filter(scores::service_id.gt(after))
        .order(scores::service_id)
        .limit(limit)
        .select((
            scores::service_id,
            services::slug,
            services::team_id,
            services::tier,
            scores::score,
            scores::grade,
            scores::coverage,
            scores::practices,
            scores::outcomes,
            scores::regressions,
            scores::book_hash,
            degraders::calls_milli.nullable(),
            services::system_ref,
            scores::drills_expected,
            scores::drills_fresh,
            scores::calls,
            scores::calls_verified,
            scores::steady_since,
        ))
        .load(conn)
}

/// The score each of `ids` had at `at` (ms); services not graded then are absent.
pub fn scores_at(conn: &mut Conn, ids: &[String], at: i64) -> QueryResult<Vec<(String, i16)>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK_ROWS) {
        let rows: Vec<(String, Option<i16>)> = scores::table
            .filter(scores::service_id.eq_any(chunk))
            .select((scores::service_id, score_at!(at)))
            .load(conn)?;
        found.extend(rows.into_iter().filter_map(|(id, score)| Some((id, score.filter(|s| *s >= 0)?))));
    }
    Ok(found)
}

/// Ids of the teams at or below a path such as `/shop/checkout/`, removed ones too.
pub fn team_ids_below(conn: &mut Conn, path: &str) -> QueryResult<Vec<String>> {
    teams::table
        .filter(teams::path.ge(path))
        .filter(teams::path.lt(path_end(path)))
        .order(teams::path)
        .select(teams::id)
        .load(conn)
}

/// Slug and name of teams, by id.
pub fn team_names(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<(String, String, String)>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK_ROWS) {
        let rows: Vec<(String, String, String)> = teams::table
            .filter(teams::id.eq_any(chunk))
            .select((teams::id, teams::slug, teams::name))
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Name and team of services, by slug.
pub fn names_of(conn: &mut Conn, slugs: &[String]) -> QueryResult<Vec<(String, String, Option<String>)>> {
    let mut found = Vec::with_capacity(slugs.len());
    for chunk in slugs.chunks(CHUNK_ROWS) {
        let rows: Vec<(String, String, Option<String>)> = services::table
            .left_join(teams::table)
            .filter(services::slug.eq_any(chunk))
            .select((services::slug, services::name, teams::name.nullable()))
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Slugs near `wanted`: all of them in a small catalog, else those beside it in alphabetical order. At most
/// `limit` rows are read on either way.
pub fn slugs_near(conn: &mut Conn, wanted: &str, limit: i64, unseen: &Unseen) -> QueryResult<Vec<String>> {
    let living = || {
        let all = services::table.filter(services::removed_at.is_null()).select(services::slug);
        seen!(all.into_boxed::<Backend>(), unseen)
    };
    let first: Vec<String> = living().order(services::slug).limit(limit).load(conn)?;
    if i64::try_from(first.len()).unwrap_or(limit) < limit {
        return Ok(first);
    }
    let half = limit / 2;
    let mut near: Vec<String> =
        living().filter(services::slug.ge(wanted)).order(services::slug).limit(half).load(conn)?;
    near.extend(
        living()
            .filter(services::slug.lt(wanted))
            .order(services::slug.desc())
            .limit(half)
            .load::<String>(conn)?,
    );
    Ok(near)
}

/// Whether a living service belongs to the team.
pub fn owns_services(conn: &mut Conn, team_id: &str) -> QueryResult<bool> {
    let one = services::table.filter(services::team_id.eq(team_id)).filter(services::removed_at.is_null());
    diesel::select(diesel::dsl::exists(one)).get_result(conn)
}

/// Whether a living team hangs below the team.
pub fn owns_teams(conn: &mut Conn, team_id: &str) -> QueryResult<bool> {
    let one = teams::table.filter(teams::parent_id.eq(team_id)).filter(teams::removed_at.is_null());
    diesel::select(diesel::dsl::exists(one)).get_result(conn)
}

/// A team by its id.
pub fn team(conn: &mut Conn, id: &str) -> QueryResult<Option<TeamRow>> {
    teams::table.find(id).get_result(conn).optional()
}

/// Living teams right below a team, by path.
pub fn children(conn: &mut Conn, id: &str) -> QueryResult<Vec<TeamRow>> {
    teams::table
        .filter(teams::parent_id.eq(id))
        .filter(teams::removed_at.is_null())
        .order(teams::path)
        .load(conn)
}

/// Teams with these paths, the shortest first.
pub fn teams_at(conn: &mut Conn, paths: &[String]) -> QueryResult<Vec<TeamRow>> {
    teams::table.filter(teams::path.eq_any(paths)).order(teams::path).load(conn)
}

/// Living teams but for those with these ids.
fn living_but(unseen: &[String]) -> teams::BoxedQuery<'_, Backend> {
    let living = teams::table.filter(teams::removed_at.is_null()).into_boxed::<Backend>();
    if unseen.is_empty() { living } else { living.filter(teams::id.ne_all(unseen)) }
}

/// Slug and name of living teams but for `unseen`, at most `limit`, by slug.
pub fn some_teams(conn: &mut Conn, limit: i64, unseen: &[String]) -> QueryResult<Vec<(String, String)>> {
    living_but(unseen).order(teams::slug).limit(limit).select((teams::slug, teams::name)).load(conn)
}

/// How many living teams there are.
pub fn count_teams(conn: &mut Conn) -> QueryResult<i64> {
    teams::table.filter(teams::removed_at.is_null()).count().get_result(conn)
}

/// Slugs of living teams near `wanted`, as [`slugs_near`].
pub fn team_slugs_near(
    conn: &mut Conn,
    wanted: &str,
    limit: i64,
    unseen: &[String],
) -> QueryResult<Vec<String>> {
    let living = || living_but(unseen).select(teams::slug);
    let mut near: Vec<String> =
        living().filter(teams::slug.ge(wanted)).order(teams::slug).limit(limit).load(conn)?;
    let before = living().filter(teams::slug.lt(wanted)).order(teams::slug.desc()).limit(limit);
    near.extend(before.load::<String>(conn)?);
    Ok(near)
}
