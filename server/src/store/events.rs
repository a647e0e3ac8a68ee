//! Rows and queries of the append-only event log.

use diesel::prelude::*;

use super::schema::events;
use super::{CHUNK_ROWS, Conn, each};

/// An event as stored.
#[derive(Clone, Debug, Queryable)]
pub struct EventRow {
    pub seq: i64,
    pub id: String,
    pub at: i64,
    pub kind: String,
    pub service_id: Option<String>,
    pub team_id: Option<String>,
    pub actor: String,
    pub sentence: String,
    pub data: String,
}

/// An event to append.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub struct NewEvent {
    pub id: String,
    pub at: i64,
    pub kind: String,
    pub service_id: Option<String>,
    pub team_id: Option<String>,
    pub actor: String,
    pub sentence: String,
    pub data: String,
}

/// Appends events.
pub fn append(conn: &mut Conn, rows: &[NewEvent]) -> QueryResult<()> {
    // One row has a statement that stays prepared; a list is prepared anew for each length.
    if let [row] = rows {
        return diesel::insert_into(events::table).values(row).execute(conn).map(|_| ());
    }
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(events::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Which events to read.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Only of this service.
    pub service_id: Option<String>,
    /// Only of these teams.
    pub team_ids: Option<Vec<String>>,
    /// Only of these kinds.
    pub kinds: Option<Vec<String>>,
}

type Backend = <Conn as diesel::Connection>::Backend;

fn filtered(filter: &EventFilter) -> events::BoxedQuery<'static, Backend> {
    let mut query = events::table.into_boxed::<Backend>();
    if let Some(id) = &filter.service_id {
        query = query.filter(events::service_id.eq(id.clone()));
    }
    if let Some(ids) = &filter.team_ids {
        query = query.filter(events::team_id.eq_any(ids.clone()));
    }
    if let Some(kinds) = &filter.kinds {
        query = query.filter(events::kind.eq_any(kinds.clone()));
    }
    query
}

/// Events after position `after`, oldest first.
pub fn after(conn: &mut Conn, filter: &EventFilter, after: i64, limit: i64) -> QueryResult<Vec<EventRow>> {
    filtered(filter).filter(events::seq.gt(after)).order(events::seq.asc()).limit(limit).load(conn)
}

/// Events before position `before` (or the newest), newest first.
pub fn latest(
    conn: &mut Conn,
    filter: &EventFilter,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<EventRow>> {
    let mut query = filtered(filter);
    if let Some(before) = before {
        query = query.filter(events::seq.lt(before));
    }
    query.order(events::seq.desc()).limit(limit).load(conn)
}

/// The newest position, 0 when there is none.
pub fn newest_seq(conn: &mut Conn) -> QueryResult<i64> {
    let seq: Option<i64> = events::table.select(diesel::dsl::max(events::seq)).get_result(conn)?;
    Ok(seq.unwrap_or(0))
}
