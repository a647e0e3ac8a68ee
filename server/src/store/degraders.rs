//! Rows and queries of degraders: one for each service of which settings or traffic are known.

use diesel::prelude::*;

use super::schema::degraders;
use super::{Conn, each};

/// What is known of one service; settings, profile, instances and assessment are the JSON of `app/degrader`.
#[derive(Clone, Debug, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = degraders, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct DegraderRow {
    pub service_id: String,
    pub settings: Option<String>,
    pub settings_from: String,
    pub settings_at: Option<i64>,
    pub profile: Option<String>,
    pub profile_from: String,
    pub profile_at: Option<i64>,
    /// Whether the profile was measured, not told.
    pub observed: bool,
    /// The hosts one by one, where they were measured.
    pub instances: String,
    /// Hash of what `assessment` was made from.
    pub inputs: String,
    pub assessment: Option<String>,
    pub assessed_at: Option<i64>,
    /// Whether a CI job that proved itself sent the settings, and the profile.
    pub settings_by_ci: bool,
    pub profile_by_ci: bool,
    /// Calls a second of the profile, in thousandths.
    pub calls_milli: Option<i64>,
}

/// What is known of one service.
pub fn of(conn: &mut Conn, service_id: &str) -> QueryResult<Option<DegraderRow>> {
    degraders::table.find(service_id).get_result(conn).optional()
}

/// Writes it, new or changed.
pub fn put(conn: &mut Conn, row: &DegraderRow) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(degraders::table)
        .values(row)
        .on_conflict(degraders::service_id)
        .do_update()
        .set(row)
        .execute(c))
    .map(|_| ())
}
