//! Rows and queries of signing keys. There are a handful of them, ever.

use diesel::prelude::*;

use super::Conn;
use super::schema::signing_keys;

/// A key as stored.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = signing_keys, treat_none_as_default_value = false)]
pub struct KeyRow {
    pub id: String,
    pub alg: String,
    /// The public point, base64url.
    pub public_key: String,
    /// The private key, sealed with the installation's secret key.
    pub private_key: String,
    pub created_at: i64,
    /// Signs from then on.
    pub active_at: i64,
    /// Signs no more from then on.
    pub retired_at: Option<i64>,
    /// Is published until then.
    pub published_until: Option<i64>,
}

/// Every key, oldest first.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<KeyRow>> {
    signing_keys::table.order(signing_keys::id).load(conn)
}

/// Stores a key.
pub fn insert(conn: &mut Conn, row: &KeyRow) -> QueryResult<()> {
    diesel::insert_into(signing_keys::table).values(row).execute(conn).map(|_| ())
}

/// Sets when a key stops to sign and to be published.
pub fn retire(conn: &mut Conn, id: &str, retired_at: i64, published_until: i64) -> QueryResult<()> {
    diesel::update(signing_keys::table.find(id))
        .set((signing_keys::retired_at.eq(retired_at), signing_keys::published_until.eq(published_until)))
        .execute(conn)
        .map(|_| ())
}
