//! Rows and queries of messages that were kept because they are not understood yet.

use diesel::prelude::*;

use super::Conn;
use super::schema::kept_messages;

/// One message, redacted.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = kept_messages, treat_none_as_default_value = false)]
pub struct KeptRow {
    pub id: String,
    /// Hash of what came and from whom: a repeat is kept once.
    pub once: String,
    pub format: String,
    pub hints: String,
    pub sender: String,
    pub reason: String,
    /// Empty where the message was too large to be kept.
    pub body: String,
    /// Size as it came.
    pub bytes: i64,
    pub received_at: i64,
}

/// Id of the message known by `once`.
pub fn known(conn: &mut Conn, once: &str) -> QueryResult<Option<String>> {
    kept_messages::table
        .filter(kept_messages::once.eq(once))
        .select(kept_messages::id)
        .get_result(conn)
        .optional()
}

/// Stores a message.
pub fn insert(conn: &mut Conn, row: &KeptRow) -> QueryResult<()> {
    diesel::insert_into(kept_messages::table).values(row).execute(conn).map(|_| ())
}

/// The newest messages before `before`, newest first.
pub fn page(conn: &mut Conn, before: Option<&str>, limit: i64) -> QueryResult<Vec<KeptRow>> {
    let mut query = kept_messages::table.into_boxed();
    if let Some(id) = before {
        query = query.filter(kept_messages::id.lt(id));
    }
    query.order(kept_messages::id.desc()).limit(limit).load(conn)
}

/// Ids behind the newest `keep`, at most `limit` of them: ids sort by time.
pub fn beyond(conn: &mut Conn, keep: i64, limit: i64) -> QueryResult<Vec<String>> {
    kept_messages::table
        .order(kept_messages::id.desc())
        .offset(keep)
        .limit(limit)
        .select(kept_messages::id)
        .load(conn)
}

/// Ids of messages older than the id `floor`, at most `limit` of them.
pub fn older(conn: &mut Conn, floor: &str, limit: i64) -> QueryResult<Vec<String>> {
    kept_messages::table
        .filter(kept_messages::id.lt(floor))
        .order(kept_messages::id)
        .limit(limit)
        .select(kept_messages::id)
        .load(conn)
}

/// Deletes messages.
pub fn delete(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    diesel::delete(kept_messages::table.filter(kept_messages::id.eq_any(ids))).execute(conn)
}
