//! Rows and queries of trusted publishers, and of the identity tokens that were exchanged.

use diesel::prelude::*;

use super::schema::{trusted_publishers, used_identity_tokens};
use super::{Conn, each};

/// A trusted publisher as stored; `scopes`, `services` and `teams` are JSON lists (null: not limited by it).
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = trusted_publishers, treat_none_as_default_value = false)]
pub struct PublisherRow {
    pub id: String,
    /// github or gitlab.
    pub provider: String,
    pub issuer: String,
    /// As it was given.
    pub repository: String,
    /// The same in lower case: what is compared.
    pub repository_lc: String,
    /// Ids of the owner and of the repository; none: not met yet.
    pub owner_id: Option<String>,
    pub repository_id: Option<String>,
    pub workflow: String,
    pub reusable: Option<String>,
    pub environment: Option<String>,
    pub git_ref: Option<String>,
    pub protected_only: bool,
    pub pull_requests: bool,
    pub scopes: String,
    pub services: Option<String>,
    pub teams: Option<String>,
    pub created_by: String,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
    pub revoked_at: Option<i64>,
}

#[derive(Insertable)]
#[diesel(table_name = used_identity_tokens)]
struct UsedRow<'a> {
    issuer: &'a str,
    jti: &'a str,
    until: i64,
}

/// Stores a publisher.
pub fn insert(conn: &mut Conn, row: &PublisherRow) -> QueryResult<()> {
    diesel::insert_into(trusted_publishers::table).values(row).execute(conn).map(|_| ())
}

/// Every publisher, newest first.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<PublisherRow>> {
    trusted_publishers::table.order(trusted_publishers::id.desc()).load(conn)
}

/// One publisher.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<PublisherRow>> {
    trusted_publishers::table.find(id).get_result(conn).optional()
}

/// How many publishers hold.
pub fn count(conn: &mut Conn) -> QueryResult<i64> {
    trusted_publishers::table.filter(trusted_publishers::revoked_at.is_null()).count().get_result(conn)
}

/// The publishers of a repository that hold, oldest first; `repository_lc` in lower case.
pub fn of_repository(conn: &mut Conn, issuer: &str, repository_lc: &str) -> QueryResult<Vec<PublisherRow>> {
    trusted_publishers::table
        .filter(trusted_publishers::issuer.eq(issuer))
        .filter(trusted_publishers::repository_lc.eq(repository_lc))
        .filter(trusted_publishers::revoked_at.is_null())
        .order(trusted_publishers::id)
        .load(conn)
}

/// Ends a publisher.
pub fn revoke(conn: &mut Conn, id: &str, at: i64) -> QueryResult<()> {
    diesel::update(trusted_publishers::table.find(id))
        .set(trusted_publishers::revoked_at.eq(at))
        .execute(conn)
        .map(|_| ())
}

/// Notes a use, and the ids met with it where none were known; false if it does not hold any more, or others were
/// noted meanwhile.
pub fn used(conn: &mut Conn, id: &str, owner_id: &str, repository_id: &str, at: i64) -> QueryResult<bool> {
    let mine = trusted_publishers::table
        .find(id)
        .filter(trusted_publishers::revoked_at.is_null())
        .filter(trusted_publishers::owner_id.is_null().or(trusted_publishers::owner_id.eq(owner_id)))
        .filter(
            trusted_publishers::repository_id
                .is_null()
                .or(trusted_publishers::repository_id.eq(repository_id)),
        );
    let rows = diesel::update(mine)
        .set((
            trusted_publishers::owner_id.eq(owner_id),
            trusted_publishers::repository_id.eq(repository_id),
            trusted_publishers::last_used_at.eq(at),
        ))
        .execute(conn)?;
    Ok(rows == 1)
}

/// Remembers that an identity token was used; false if it was used before.
pub fn use_once(conn: &mut Conn, issuer: &str, jti: &str, until: i64) -> QueryResult<bool> {
    let row = UsedRow { issuer, jti, until };
    let rows = each!(conn, c => diesel::insert_into(used_identity_tokens::table)
        .values(&row)
        .on_conflict((used_identity_tokens::issuer, used_identity_tokens::jti))
        .do_nothing()
        .execute(c))?;
    Ok(rows == 1)
}

/// Used tokens that ended before `floor`, at most `limit`.
pub fn used_before(conn: &mut Conn, floor: i64, limit: i64) -> QueryResult<Vec<(String, String)>> {
    used_identity_tokens::table
        .filter(used_identity_tokens::until.lt(floor))
        .order(used_identity_tokens::until)
        .limit(limit)
        .select((used_identity_tokens::issuer, used_identity_tokens::jti))
        .load(conn)
}

/// Forgets used tokens.
pub fn forget_used(conn: &mut Conn, keys: &[(String, String)]) -> QueryResult<usize> {
    let mut gone = 0;
    for (issuer, jti) in keys {
        gone += diesel::delete(used_identity_tokens::table.find((issuer, jti))).execute(conn)?;
    }
    Ok(gone)
}
