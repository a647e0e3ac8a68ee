//! Rows and queries of alerts: when somebody was told of a service.

use diesel::prelude::*;

use super::schema::alerts;
use super::{CHUNK_ROWS, Conn, insert_rows};

/// One alert of one service.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = alerts, treat_none_as_default_value = false)]
pub struct AlertRow {
    pub id: String,
    pub service_id: String,
    pub starts_at: i64,
    pub fingerprint: String,
    /// Where, if the alert says so; empty otherwise.
    pub environment: String,
    pub name: String,
    pub summary: String,
    pub ends_at: Option<i64>,
    pub sender: String,
    pub received_at: i64,
}

/// The alert that began at that instant, if it is known.
pub fn known(conn: &mut Conn, row: &AlertRow) -> QueryResult<Option<AlertRow>> {
    alerts::table
        .filter(alerts::service_id.eq(&row.service_id))
        .filter(alerts::starts_at.eq(row.starts_at))
        .filter(alerts::fingerprint.eq(&row.fingerprint))
        .filter(alerts::environment.eq(&row.environment))
        .get_result(conn)
        .optional()
}

/// Stores alerts.
pub fn insert(conn: &mut Conn, rows: &[AlertRow]) -> QueryResult<()> {
    insert_rows!(conn, alerts::table, rows)
}

/// Writes when an alert stopped.
pub fn close(conn: &mut Conn, id: &str, ends_at: i64) -> QueryResult<()> {
    diesel::update(alerts::table.find(id)).set(alerts::ends_at.eq(ends_at)).execute(conn).map(|_| ())
}

/// Alerts of these services that began from `from` to `to` (ms), oldest first, at most `limit` of them.
pub fn between(
    conn: &mut Conn,
    service_ids: &[String],
    (from, to): (i64, i64),
    limit: i64,
) -> QueryResult<Vec<AlertRow>> {
    let mut all: Vec<AlertRow> = Vec::new();
    for chunk in service_ids.chunks(CHUNK_ROWS) {
        let some = alerts::table
            .filter(alerts::service_id.eq_any(chunk))
            .filter(alerts::starts_at.between(from, to))
            .order((alerts::service_id, alerts::starts_at))
            .limit(limit);
        all.extend(some.load::<AlertRow>(conn)?);
    }
    Ok(all)
}

/// Ids of alerts that arrived before `floor` (ms), at most `limit` of them.
pub fn older(conn: &mut Conn, floor: i64, limit: i64) -> QueryResult<Vec<String>> {
    alerts::table
        .filter(alerts::received_at.lt(floor))
        .order(alerts::received_at)
        .limit(limit)
        .select(alerts::id)
        .load(conn)
}

/// Deletes alerts.
pub fn delete(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    diesel::delete(alerts::table.filter(alerts::id.eq_any(ids))).execute(conn)
}
