//! Rows and queries of the keys that issuers of identity tokens published: one row an issuer, shared by all processes.

use diesel::prelude::*;

use super::schema::openid_issuers;
use super::{Conn, each};

/// What is known of an issuer.
#[derive(Clone, Debug, Queryable)]
pub struct IssuerRow {
    pub issuer: String,
    /// Its discovery document, as far as it is used here, JSON.
    pub document: Option<String>,
    /// Its keys, JSON; stay until other ones are read.
    pub keys: Option<String>,
    /// When the keys were read.
    pub fetched_at: Option<i64>,
    /// When they were last asked for.
    pub tried_at: Option<i64>,
    /// The try to which there was an answer, good or not.
    pub answered_at: Option<i64>,
    /// What went wrong the last time; none: nothing.
    pub error: Option<String>,
}

/// What is known of an issuer.
pub fn of(conn: &mut Conn, issuer: &str) -> QueryResult<Option<IssuerRow>> {
    openid_issuers::table.find(issuer).get_result(conn).optional()
}

/// Takes the turn to ask for keys: true for one of all who try at the same time, and only where nobody tried within
/// `pause` ms. A clock that was ahead does not block for longer than that either.
pub fn take_turn(conn: &mut Conn, issuer: &str, now: i64, pause: i64) -> QueryResult<bool> {
    each!(conn, c => diesel::insert_into(openid_issuers::table)
        .values(openid_issuers::issuer.eq(issuer))
        .on_conflict(openid_issuers::issuer)
        .do_nothing()
        .execute(c))?;
    let due = openid_issuers::table.find(issuer).filter(
        openid_issuers::tried_at
            .is_null()
            .or(openid_issuers::tried_at.le(now - pause))
            .or(openid_issuers::tried_at.gt(now + pause)),
    );
    let rows = diesel::update(due).set(openid_issuers::tried_at.eq(now)).execute(conn)?;
    Ok(rows == 1)
}

/// Keeps what a try brought.
pub fn keep(
    conn: &mut Conn,
    issuer: &str,
    document: Option<&str>,
    keys: &str,
    tried_at: i64,
) -> QueryResult<()> {
    diesel::update(openid_issuers::table.find(issuer))
        .set((
            openid_issuers::document.eq(document),
            openid_issuers::keys.eq(keys),
            openid_issuers::fetched_at.eq(tried_at),
            openid_issuers::answered_at.eq(tried_at),
            openid_issuers::error.eq(None::<String>),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Keeps why a try brought nothing; the keys stay.
pub fn failed(conn: &mut Conn, issuer: &str, error: &str, tried_at: i64) -> QueryResult<()> {
    diesel::update(openid_issuers::table.find(issuer))
        .set((openid_issuers::answered_at.eq(tried_at), openid_issuers::error.eq(error)))
        .execute(conn)
        .map(|_| ())
}
