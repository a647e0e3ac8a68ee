//! Rows and queries of drill tickets, and of the drills that belong to them.

use diesel::prelude::*;

use super::drills::DrillRow;
use super::schema::{drill_tickets, drills, ticket_results};
use super::{Conn, insert_rows};

/// A ticket as stored; `drill` is the JSON of its claim.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = drill_tickets, treat_none_as_default_value = false)]
pub struct TicketRow {
    pub id: String,
    pub flow: Option<String>,
    pub drill: String,
    pub issued_by: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub revoked_at: Option<i64>,
}

/// A drill that was run under a ticket.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = ticket_results, treat_none_as_default_value = false)]
pub struct ResultRow {
    pub drill_id: String,
    pub ticket_id: String,
}

/// Stores a ticket.
pub fn insert(conn: &mut Conn, row: &TicketRow) -> QueryResult<()> {
    diesel::insert_into(drill_tickets::table).values(row).execute(conn).map(|_| ())
}

/// One ticket.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<TicketRow>> {
    drill_tickets::table.find(id).get_result(conn).optional()
}

/// Those of the given tickets that are there.
pub fn by_ids(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<TicketRow>> {
    drill_tickets::table.filter(drill_tickets::id.eq_any(ids)).load(conn)
}

/// `limit` tickets older than `before`, newest first.
pub fn page(conn: &mut Conn, before: Option<&str>, limit: i64) -> QueryResult<Vec<TicketRow>> {
    let mut query = drill_tickets::table.into_boxed();
    if let Some(before) = before {
        query = query.filter(drill_tickets::id.lt(before));
    }
    query.order(drill_tickets::id.desc()).limit(limit).load(conn)
}

/// The newest tickets of a flow.
pub fn of_flow(conn: &mut Conn, flow: &str, limit: i64) -> QueryResult<Vec<TicketRow>> {
    drill_tickets::table
        .filter(drill_tickets::flow.eq(flow))
        .order(drill_tickets::id.desc())
        .limit(limit)
        .load(conn)
}

/// Ends a ticket.
pub fn revoke(conn: &mut Conn, id: &str, at: i64) -> QueryResult<()> {
    diesel::update(drill_tickets::table.find(id))
        .set(drill_tickets::revoked_at.eq(at))
        .execute(conn)
        .map(|_| ())
}

/// Ids of tickets that end after `after`: those revoked, or those not, at most `limit`.
pub fn ending_after(conn: &mut Conn, after: i64, revoked: bool, limit: i64) -> QueryResult<Vec<String>> {
    let mut query = drill_tickets::table.filter(drill_tickets::expires_at.gt(after)).into_boxed();
    query = if revoked {
        query.filter(drill_tickets::revoked_at.is_not_null())
    } else {
        query.filter(drill_tickets::revoked_at.is_null())
    };
    query.select(drill_tickets::id).order(drill_tickets::expires_at).limit(limit).load(conn)
}

/// Ids of tickets that ended before `floor` and have no drill left, at most `limit`.
pub fn old(conn: &mut Conn, floor: i64, limit: i64) -> QueryResult<Vec<String>> {
    let used = ticket_results::table.filter(ticket_results::ticket_id.eq(drill_tickets::id));
    drill_tickets::table
        .filter(drill_tickets::expires_at.lt(floor))
        .filter(diesel::dsl::not(diesel::dsl::exists(used)))
        .select(drill_tickets::id)
        .order(drill_tickets::expires_at)
        .limit(limit)
        .load(conn)
}

/// Deletes tickets.
pub fn delete(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    diesel::delete(drill_tickets::table.filter(drill_tickets::id.eq_any(ids))).execute(conn)
}

/// Remembers which drills belong to which tickets.
pub fn insert_results(conn: &mut Conn, rows: &[ResultRow]) -> QueryResult<()> {
    insert_rows!(conn, ticket_results::table, rows)
}

/// The tickets of drills.
pub fn of_drills(conn: &mut Conn, drill_ids: &[String]) -> QueryResult<Vec<ResultRow>> {
    ticket_results::table.filter(ticket_results::drill_id.eq_any(drill_ids)).load(conn)
}

/// The newest drills of a ticket, newest first.
pub fn drills_of(conn: &mut Conn, ticket_id: &str, limit: i64) -> QueryResult<Vec<DrillRow>> {
    let ids: Vec<String> = ticket_results::table
        .filter(ticket_results::ticket_id.eq(ticket_id))
        .select(ticket_results::drill_id)
        .order(ticket_results::drill_id.desc())
        .limit(limit)
        .load(conn)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    drills::table.filter(drills::id.eq_any(ids)).order(drills::id.desc()).load(conn)
}
