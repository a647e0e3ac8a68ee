//! Rows and queries of lists and rollups: filtered services, daily standings of scopes.

use diesel::connection::Connection;
use diesel::prelude::*;

use super::grades::ScoreRow;
use super::schema::{scope_daily, scores, services, teams};
use super::services::ServiceRow;
use super::veil::{Unseen, seen};
use super::{CHUNK_ROWS, Conn, each};

type Backend = <Conn as Connection>::Backend;

/// Where a scope stood at the end of a day. `scope_kind`: 0 everything, 1 team with all below it, 2 tier.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = scope_daily, treat_none_as_default_value = false)]
pub struct DailyRow {
    pub scope_kind: i16,
    pub scope_id: String,
    pub day: i32,
    pub services: i64,
    pub graded: i64,
    pub score_sum: i64,
    pub coverage_sum: i64,
    pub grades: String,
    pub practices: String,
    pub median: Option<i16>,
    pub regressions: Option<i64>,
    pub traffic: Option<String>,
    pub moved: Option<String>,
    pub kept_at: Option<i64>,
    pub certified: Option<i64>,
    pub expiring: Option<i64>,
    pub rules: Option<String>,
}

/// Writes the standings of a day.
pub fn put_daily(conn: &mut Conn, rows: &[DailyRow]) -> QueryResult<()> {
    use diesel::upsert::excluded;
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(scope_daily::table)
            .values(chunk)
            .on_conflict((scope_daily::scope_kind, scope_daily::scope_id, scope_daily::day))
            .do_update()
            .set((
                scope_daily::services.eq(excluded(scope_daily::services)),
                scope_daily::graded.eq(excluded(scope_daily::graded)),
                scope_daily::score_sum.eq(excluded(scope_daily::score_sum)),
                scope_daily::coverage_sum.eq(excluded(scope_daily::coverage_sum)),
                scope_daily::grades.eq(excluded(scope_daily::grades)),
                scope_daily::practices.eq(excluded(scope_daily::practices)),
                scope_daily::median.eq(excluded(scope_daily::median)),
                scope_daily::regressions.eq(excluded(scope_daily::regressions)),
                scope_daily::traffic.eq(excluded(scope_daily::traffic)),
                scope_daily::moved.eq(excluded(scope_daily::moved)),
                scope_daily::kept_at.eq(excluded(scope_daily::kept_at)),
                scope_daily::certified.eq(excluded(scope_daily::certified)),
                scope_daily::expiring.eq(excluded(scope_daily::expiring)),
                scope_daily::rules.eq(excluded(scope_daily::rules)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// The standings of one scope on the given days.
pub fn daily(conn: &mut Conn, kind: i16, id: &str, days: &[i32]) -> QueryResult<Vec<DailyRow>> {
    scope_daily::table
        .filter(scope_daily::scope_kind.eq(kind))
        .filter(scope_daily::scope_id.eq(id))
        .filter(scope_daily::day.eq_any(days))
        .order(scope_daily::day)
        .load(conn)
}

/// The standings of some scopes of a kind on the given days.
pub fn daily_of(conn: &mut Conn, kind: i16, ids: &[String], days: &[i32]) -> QueryResult<Vec<DailyRow>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(CHUNK_ROWS) {
        let rows: Vec<DailyRow> = scope_daily::table
            .filter(scope_daily::scope_kind.eq(kind))
            .filter(scope_daily::scope_id.eq_any(chunk))
            .filter(scope_daily::day.eq_any(days))
            .order((scope_daily::scope_id, scope_daily::day))
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Which services a list shows.
#[derive(Clone, Debug, Default)]
pub struct ServiceFilter {
    /// Ids of the teams whose services to show.
    pub team_ids: Option<Vec<String>>,
    /// 1..4.
    pub tier: Option<i16>,
    /// A letter; the empty text means not graded.
    pub grade: Option<String>,
    /// Services with points left to earn in this practice.
    pub practice: Option<String>,
    /// Part of name or slug, lower case.
    pub text: Option<String>,
    /// Ids of these services only.
    pub ids: Option<Vec<String>>,
    /// Removed services instead of living ones.
    pub removed: bool,
    /// What the reader may not see.
    pub unseen: Unseen,
}

/// Order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceSort {
    /// Best score first.
    ScoreDesc,
    /// Worst score first.
    ScoreAsc,
    /// By name.
    Name,
    /// Least known first.
    CoverageAsc,
    /// Most critical first.
    Tier,
    /// Changed last first.
    ChangedDesc,
}

/// Position within a list: the sort key (a number, or the name) and the id.
#[derive(Clone, Debug)]
pub struct ListCursor {
    pub number: i64,
    pub text: String,
    pub id: String,
}

/// Name or slug holds a text.
macro_rules! holds {
    ($text:expr) => {{
        let pattern = format!("%{}%", like_text($text));
        services::name_lc.like(pattern.clone()).escape('\\').or(services::slug.like(pattern).escape('\\'))
    }};
}

/// A service, its score, and slug and name of its team.
pub type ListedRow = (ServiceRow, ScoreRow, Option<(String, String)>);

/// One page of services with their scores.
pub fn list_services(
    conn: &mut Conn,
    filter: &ServiceFilter,
    sort: ServiceSort,
    after: Option<&ListCursor>,
    limit: i64,
) -> QueryResult<Vec<ListedRow>> {
    let mut query = services::table
        .inner_join(scores::table)
        .left_join(teams::table)
        .select((services::all_columns, scores::all_columns, (teams::slug, teams::name).nullable()))
        .into_boxed::<Backend>();
    query = if filter.removed {
        query.filter(services::removed_at.is_not_null())
    } else {
        query.filter(services::removed_at.is_null())
    };
    query = seen!(query, &filter.unseen);
    if let Some(ids) = &filter.team_ids {
        query = query.filter(services::team_id.eq_any(ids.clone()));
    }
    if let Some(tier) = filter.tier {
        query = query.filter(services::tier.eq(tier));
    }
    if let Some(grade) = &filter.grade {
        query = query.filter(scores::grade.eq(grade.clone()));
    }
    if let Some(practice) = &filter.practice {
        query = query
            .filter(scores::practices.like(format!("%\"{}\":%", like_text(practice))).escape('\\'))
            .filter(scores::practices.not_like(format!("%\"{}\":100%", like_text(practice))).escape('\\'));
    }
    if let Some(ids) = &filter.ids {
        query = query.filter(services::id.eq_any(ids.clone()));
    }
    if let Some(text) = &filter.text {
        query = query.filter(holds!(text));
    }
    // Key and id of one table, as its index has them. The form `key <= x AND (key < x OR id > y)` lets PostgreSQL use the key as an index condition.
    macro_rules! keyset {
        (desc $key:expr, $id:expr, $value:expr) => {{
            if let Some(c) = after {
                query = query.filter($key.le($value(c)).and($key.lt($value(c)).or($id.gt(c.id.clone()))));
            }
            query.order(($key.desc(), $id.asc()))
        }};
        (asc $key:expr, $id:expr, $value:expr) => {{
            if let Some(c) = after {
                query = query.filter($key.ge($value(c)).and($key.gt($value(c)).or($id.gt(c.id.clone()))));
            }
            query.order(($key.asc(), $id.asc()))
        }};
    }
    let small = |c: &ListCursor| i16::try_from(c.number).unwrap_or(0);
    let query = match sort {
        ServiceSort::ScoreDesc => keyset!(desc scores::score, scores::service_id, small),
        ServiceSort::ScoreAsc => keyset!(asc scores::score, scores::service_id, small),
        ServiceSort::CoverageAsc => keyset!(asc scores::coverage, scores::service_id, small),
        ServiceSort::Tier => keyset!(asc services::tier, services::id, small),
        ServiceSort::Name => keyset!(asc services::name_lc, services::id, |c: &ListCursor| c.text.clone()),
        ServiceSort::ChangedDesc => {
            keyset!(desc scores::changed_at, scores::service_id, |c: &ListCursor| c.number)
        }
    };
    query.limit(limit).load(conn)
}

/// Ids of services whose name or slug holds `text`, in no order; none when there are more than `most`.
///
/// A walk over the names alone: asked for together with an order, the database may instead look up every service of
/// that order until it has found enough.
pub fn ids_with(conn: &mut Conn, text: &str, most: i64) -> QueryResult<Option<Vec<String>>> {
    let ids: Vec<String> =
        services::table.filter(holds!(text)).limit(most + 1).select(services::id).load(conn)?;
    Ok((ids.len() as i64 <= most).then_some(ids))
}

fn like_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
