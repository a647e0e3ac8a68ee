//! Rows and queries of what teams show of their services to everybody.

use diesel::prelude::*;

use super::schema::{services, sharing};
use super::services::ServiceRow;
use super::{Conn, each};

/// What is shown of one service.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = sharing, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct SharingRow {
    pub service_id: String,
    /// Its certificates are public.
    pub certificates: bool,
    /// The name under which its badge is public.
    pub badge_key: Option<String>,
    pub changed_at: i64,
}

/// What is shown of one service; none where nobody said.
pub fn of(conn: &mut Conn, service_id: &str) -> QueryResult<Option<SharingRow>> {
    sharing::table.find(service_id).get_result(conn).optional()
}

/// Writes what is shown.
pub fn put(conn: &mut Conn, row: &SharingRow) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(sharing::table)
        .values(row)
        .on_conflict(sharing::service_id)
        .do_update()
        .set(row)
        .execute(c))
    .map(|_| ())
}

/// The service whose badge is public under this name.
pub fn by_badge_key(conn: &mut Conn, key: &str) -> QueryResult<Option<ServiceRow>> {
    sharing::table
        .inner_join(services::table)
        .filter(sharing::badge_key.eq(key))
        .filter(services::removed_at.is_null())
        .select(services::all_columns)
        .get_result(conn)
        .optional()
}
