//! Rows and queries of API tokens; only their SHA-256 is kept.

use diesel::prelude::*;

use super::Conn;
use super::schema::tokens;

/// A token as stored; `scopes`, `services` and `teams` are JSON lists (null: not limited).
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = tokens, treat_none_as_default_value = false)]
pub struct TokenRow {
    pub id: String,
    pub name: String,
    pub sha256: String,
    pub scopes: String,
    pub services: Option<String>,
    pub teams: Option<String>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    /// The trusted publisher whose job it was made for; none: a token that an administrator made.
    pub publisher_id: Option<String>,
    /// JSON of what that job proved.
    pub proof: Option<String>,
}

/// Stores a token.
pub fn insert(conn: &mut Conn, row: &TokenRow) -> QueryResult<()> {
    diesel::insert_into(tokens::table).values(row).execute(conn).map(|_| ())
}

/// The token with this hash.
pub fn by_hash(conn: &mut Conn, sha256: &str) -> QueryResult<Option<TokenRow>> {
    tokens::table.filter(tokens::sha256.eq(sha256)).get_result(conn).optional()
}

/// One token.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<TokenRow>> {
    tokens::table.find(id).get_result(conn).optional()
}

/// Those of the given tokens that are there; ids that name no token are left out.
pub fn by_ids(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<TokenRow>> {
    tokens::table.filter(tokens::id.eq_any(ids)).load(conn)
}

/// Every token that an administrator made, newest first.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<TokenRow>> {
    tokens::table.filter(tokens::publisher_id.is_null()).order(tokens::id.desc()).load(conn)
}

/// Notes a use.
pub fn touch(conn: &mut Conn, id: &str, at: i64) -> QueryResult<()> {
    diesel::update(tokens::table.find(id)).set(tokens::last_used_at.eq(at)).execute(conn).map(|_| ())
}

/// Ends a token.
pub fn revoke(conn: &mut Conn, id: &str, at: i64) -> QueryResult<()> {
    diesel::update(tokens::table.find(id)).set(tokens::revoked_at.eq(at)).execute(conn).map(|_| ())
}

/// Ends every token of a trusted publisher that has not ended.
pub fn revoke_of_publisher(conn: &mut Conn, publisher_id: &str, at: i64) -> QueryResult<usize> {
    let alive = tokens::table
        .filter(tokens::publisher_id.eq(publisher_id))
        .filter(tokens::revoked_at.is_null())
        .filter(tokens::expires_at.gt(at));
    diesel::update(alive).set(tokens::revoked_at.eq(at)).execute(conn)
}

/// Ids of tokens of trusted publishers that ended before `floor`, at most `limit`.
pub fn ended(conn: &mut Conn, floor: i64, limit: i64) -> QueryResult<Vec<String>> {
    tokens::table
        .filter(tokens::expires_at.lt(floor))
        .filter(tokens::publisher_id.is_not_null())
        .order(tokens::expires_at)
        .limit(limit)
        .select(tokens::id)
        .load(conn)
}

/// Deletes tokens.
pub fn delete(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    diesel::delete(tokens::table.filter(tokens::id.eq_any(ids))).execute(conn)
}
