//! Rows of sources and of what they said of services.

use diesel::connection::Connection;
use diesel::prelude::*;

use super::schema::{entities, services, sources, telemetry};
use super::veil::{Unseen, seen};
use super::{CHUNK_ROWS, Conn, each};

/// How a source does.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = sources, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SourceRow {
    pub name: String,
    pub version: String,
    pub last_try_at: Option<i64>,
    pub last_success_at: Option<i64>,
    pub away_since: Option<i64>,
    pub last_error: String,
    pub failures: i32,
    pub next_at: i64,
}

/// The last that a source said of a service; `body` is JSON, empty while there is nothing.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = telemetry, treat_none_as_default_value = false)]
pub struct TelemetryRow {
    pub source: String,
    pub service_id: String,
    pub collected_at: Option<i64>,
    pub tried_at: i64,
    pub error: String,
    pub attention: i16,
    pub body: String,
}

/// A service to ask about: id, slug, labels (JSON), and the JSON of its catalog entity.
pub type Wanted = (String, String, String, Option<String>);

/// A source by its name.
pub fn source(conn: &mut Conn, name: &str) -> QueryResult<Option<SourceRow>> {
    sources::table.find(name).get_result(conn).optional()
}

/// Adds a source; one that is there already stays as it is.
pub fn add_source(conn: &mut Conn, row: &SourceRow) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(sources::table)
        .values(row)
        .on_conflict(sources::name)
        .do_nothing()
        .execute(c))
    .map(|_| ())
}

/// Writes how a source does.
pub fn put_source(conn: &mut Conn, row: &SourceRow) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(sources::table)
        .values(row)
        .on_conflict(sources::name)
        .do_update()
        .set(row)
        .execute(c))
    .map(|_| ())
}

/// The next `limit` living services after `after`, in the order of their ids.
pub fn wanted(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<Wanted>> {
    services::table
        .left_join(
            entities::table
                .on(entities::entity_ref.eq(services::entity_ref).and(entities::removed_at.is_null())),
        )
        .filter(services::id.gt(after))
        .filter(services::removed_at.is_null())
        .order(services::id)
        .limit(limit)
        .select((services::id, services::slug, services::labels, entities::body.nullable()))
        .load(conn)
}

/// Writes what was collected.
pub fn put(conn: &mut Conn, rows: &[TelemetryRow]) -> QueryResult<()> {
    use diesel::upsert::excluded;
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(telemetry::table)
            .values(chunk)
            .on_conflict((telemetry::source, telemetry::service_id))
            .do_update()
            .set((
                telemetry::collected_at.eq(excluded(telemetry::collected_at)),
                telemetry::tried_at.eq(excluded(telemetry::tried_at)),
                telemetry::error.eq(excluded(telemetry::error)),
                telemetry::attention.eq(excluded(telemetry::attention)),
                telemetry::body.eq(excluded(telemetry::body)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Notes why there is nothing new of a service; what was collected stays. False when nothing was held of it.
pub fn note(
    conn: &mut Conn,
    source: &str,
    service_id: &str,
    tried_at: i64,
    error: &str,
) -> QueryResult<bool> {
    let noted = diesel::update(telemetry::table.find((source, service_id)))
        .set((telemetry::tried_at.eq(tried_at), telemetry::error.eq(error)))
        .execute(conn)?;
    Ok(noted == 1)
}

/// What the sources said of a service, by their names.
pub fn of_service(conn: &mut Conn, service_id: &str) -> QueryResult<Vec<TelemetryRow>> {
    telemetry::table.filter(telemetry::service_id.eq(service_id)).order(telemetry::source).load(conn)
}

/// How many living services a source has said something of.
pub fn count(conn: &mut Conn, source: &str) -> QueryResult<i64> {
    telemetry::table
        .inner_join(services::table)
        .filter(telemetry::source.eq(source))
        .filter(telemetry::collected_at.is_not_null())
        .filter(services::removed_at.is_null())
        .count()
        .get_result(conn)
}

/// The first `limit` living services of a source, those first that want attention; with slug and name.
pub fn first(
    conn: &mut Conn,
    source: &str,
    limit: i64,
    unseen: &Unseen,
) -> QueryResult<Vec<(TelemetryRow, String, String)>> {
    let all = telemetry::table
        .inner_join(services::table)
        .filter(telemetry::source.eq(source))
        .filter(services::removed_at.is_null())
        .into_boxed::<<Conn as Connection>::Backend>();
    seen!(all, unseen)
        .order((telemetry::attention.desc(), services::slug))
        .limit(limit)
        .select((telemetry::all_columns, services::slug, services::name))
        .load(conn)
}
