//! Rows and queries of sessions; only the SHA-256 of what the browser holds is kept.

use diesel::prelude::*;

use super::Conn;
use super::people::UserRow;
use super::schema::{sessions, users};

/// A session as stored.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct SessionRow {
    pub sha256: String,
    pub id: String,
    pub user_id: String,
    pub created_at: i64,
    pub used_at: i64,
    pub ends_at: i64,
    pub address: Option<String>,
    pub agent: Option<String>,
}

/// Stores a session.
pub fn insert(conn: &mut Conn, row: &SessionRow) -> QueryResult<()> {
    diesel::insert_into(sessions::table).values(row).execute(conn).map(|_| ())
}

/// The session with this hash, and whose it is.
pub fn by_hash(conn: &mut Conn, sha256: &str) -> QueryResult<Option<(SessionRow, UserRow)>> {
    sessions::table
        .inner_join(users::table.on(users::id.eq(sessions::user_id)))
        .filter(sessions::sha256.eq(sha256))
        .get_result(conn)
        .optional()
}

/// The sessions of a person, newest first.
pub fn of_user(conn: &mut Conn, user_id: &str) -> QueryResult<Vec<SessionRow>> {
    sessions::table.filter(sessions::user_id.eq(user_id)).order(sessions::id.desc()).load(conn)
}

/// Notes a use.
pub fn touch(conn: &mut Conn, sha256: &str, at: i64) -> QueryResult<()> {
    diesel::update(sessions::table.find(sha256)).set(sessions::used_at.eq(at)).execute(conn).map(|_| ())
}

/// Ends the session with this hash; gives how many there were.
pub fn end(conn: &mut Conn, sha256: &str) -> QueryResult<usize> {
    diesel::delete(sessions::table.find(sha256)).execute(conn)
}

/// Ends sessions of a person: the one with this id, or all; gives how many there were.
pub fn end_of_user(conn: &mut Conn, user_id: &str, id: Option<&str>) -> QueryResult<usize> {
    let of = sessions::table.filter(sessions::user_id.eq(user_id));
    match id {
        Some(id) => diesel::delete(of.filter(sessions::id.eq(id))).execute(conn),
        None => diesel::delete(of).execute(conn),
    }
}

/// Removes sessions that ended before `at`; gives how many there were.
pub fn sweep(conn: &mut Conn, at: i64) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::ends_at.lt(at))).execute(conn)
}
