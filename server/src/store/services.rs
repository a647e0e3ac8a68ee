//! Rows and queries of services, teams and dependencies.

use std::collections::HashMap;

use diesel::connection::Connection;
use diesel::prelude::*;

use super::schema::{service_deps, services, teams};
use super::veil::{Unseen, seen};
use super::{CHUNK_ROWS, Conn, each, insert_rows};

/// A service as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = services, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ServiceRow {
    pub id: String,
    pub slug: String,
    pub entity_ref: String,
    pub name: String,
    pub name_lc: String,
    pub team_id: Option<String>,
    pub owner_ref: Option<String>,
    pub tier: i16,
    pub tier_from: String,
    pub lifecycle: String,
    pub service_type: Option<String>,
    pub system_ref: Option<String>,
    pub description: Option<String>,
    pub labels: String,
    pub has_database: bool,
    pub source: String,
    pub created_at: i64,
    pub removed_at: Option<i64>,
}

/// A team as stored; `path` is `/root-slug/child-slug/`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = teams, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct TeamRow {
    pub id: String,
    pub slug: String,
    pub entity_ref: String,
    pub name: String,
    pub group_type: String,
    pub parent_id: Option<String>,
    pub path: String,
    pub source: String,
    pub created_at: i64,
    pub removed_at: Option<i64>,
}

/// A service by its slug.
pub fn by_slug(conn: &mut Conn, slug: &str) -> QueryResult<Option<ServiceRow>> {
    services::table.filter(services::slug.eq(slug)).get_result(conn).optional()
}

/// A service by its catalog reference.
pub fn by_ref(conn: &mut Conn, entity_ref: &str) -> QueryResult<Option<ServiceRow>> {
    services::table.filter(services::entity_ref.eq(entity_ref)).get_result(conn).optional()
}

/// A service by its id.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<ServiceRow>> {
    services::table.find(id).get_result(conn).optional()
}

/// Services by their ids, in no particular order.
pub fn by_ids(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<ServiceRow>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK_ROWS) {
        found.extend(services::table.filter(services::id.eq_any(chunk)).load::<ServiceRow>(conn)?);
    }
    Ok(found)
}

/// Every slug, for "did you mean".
pub fn slugs(conn: &mut Conn) -> QueryResult<Vec<String>> {
    services::table.filter(services::removed_at.is_null()).select(services::slug).load(conn)
}

/// Every service, removed ones too.
pub fn all(conn: &mut Conn) -> QueryResult<Vec<ServiceRow>> {
    services::table.order(services::id).load(conn)
}

/// The next `limit` services after `after` in id order, removed ones too.
pub fn any_after(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<ServiceRow>> {
    services::table.filter(services::id.gt(after)).order(services::id).limit(limit).load(conn)
}

/// The next `limit` living services after `after` in id order.
pub fn batch_after(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<ServiceRow>> {
    services::table
        .filter(services::id.gt(after))
        .filter(services::removed_at.is_null())
        .order(services::id)
        .limit(limit)
        .load(conn)
}

/// Living services with `after < id <= to`, in id order.
pub fn within(conn: &mut Conn, after: &str, to: &str) -> QueryResult<Vec<ServiceRow>> {
    services::table
        .filter(services::id.gt(after))
        .filter(services::id.le(to))
        .filter(services::removed_at.is_null())
        .order(services::id)
        .load(conn)
}

/// Inserts services.
pub fn insert(conn: &mut Conn, rows: &[ServiceRow]) -> QueryResult<()> {
    insert_rows!(conn, services::table, rows)
}

/// Writes all fields of one service.
pub fn update(conn: &mut Conn, row: &ServiceRow) -> QueryResult<()> {
    diesel::update(services::table.find(&row.id)).set(row).execute(conn).map(|_| ())
}

/// Marks services as gone from their catalog.
pub fn mark_removed(conn: &mut Conn, refs: &[String], at: i64) -> QueryResult<()> {
    for chunk in refs.chunks(CHUNK_ROWS) {
        diesel::update(services::table.filter(services::entity_ref.eq_any(chunk)))
            .set(services::removed_at.eq(at))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes the row's lock where rows are locked, so that two results for one service are judged in turn.
pub fn lock(conn: &mut Conn, id: &str) -> QueryResult<()> {
    if let Conn::Pg(c) = conn {
        services::table.find(id).select(services::id).for_no_key_update().get_result::<String>(c)?;
    }
    Ok(())
}

/// These services, read anew under their locks where rows are locked; in id order, so that no two callers wait for
/// each other.
pub fn lock_all(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<ServiceRow>> {
    match conn {
        Conn::Pg(c) => {
            services::table.filter(services::id.eq_any(ids)).order(services::id).for_no_key_update().load(c)
        }
        Conn::Sqlite(_) => by_ids(conn, ids),
    }
}

/// Living and removed services with these slugs.
pub fn by_slugs(conn: &mut Conn, slugs: &[String]) -> QueryResult<Vec<ServiceRow>> {
    let mut found = Vec::with_capacity(slugs.len());
    for chunk in slugs.chunks(CHUNK_ROWS) {
        found.extend(services::table.filter(services::slug.eq_any(chunk)).load::<ServiceRow>(conn)?);
    }
    Ok(found)
}

/// Living and removed services with these catalog references.
pub fn by_refs(conn: &mut Conn, refs: &[String]) -> QueryResult<Vec<ServiceRow>> {
    let mut found = Vec::with_capacity(refs.len());
    for chunk in refs.chunks(CHUNK_ROWS) {
        found.extend(services::table.filter(services::entity_ref.eq_any(chunk)).load::<ServiceRow>(conn)?);
    }
    Ok(found)
}

/// Paths that begin with `path` lie between it and this: they end in `/`, and `0` is the character after it.
pub(super) fn path_end(path: &str) -> String {
    format!("{}0", path.trim_end_matches('/'))
}

/// Every team, removed ones too.
pub fn teams(conn: &mut Conn) -> QueryResult<Vec<TeamRow>> {
    teams::table.order(teams::path).load(conn)
}

/// A team by its slug.
pub fn team_by_slug(conn: &mut Conn, slug: &str) -> QueryResult<Option<TeamRow>> {
    teams::table.filter(teams::slug.eq(slug)).get_result(conn).optional()
}

/// A team by its catalog reference.
pub fn team_by_ref(conn: &mut Conn, entity_ref: &str) -> QueryResult<Option<TeamRow>> {
    teams::table.filter(teams::entity_ref.eq(entity_ref)).get_result(conn).optional()
}

/// Living teams with these catalog references.
pub fn teams_by_refs(conn: &mut Conn, refs: &[String]) -> QueryResult<Vec<TeamRow>> {
    let mut found = Vec::with_capacity(refs.len());
    for chunk in refs.chunks(CHUNK_ROWS) {
        let living = teams::table.filter(teams::removed_at.is_null());
        found.extend(living.filter(teams::entity_ref.eq_any(chunk)).load::<TeamRow>(conn)?);
    }
    Ok(found)
}

/// Inserts teams.
pub fn insert_teams(conn: &mut Conn, rows: &[TeamRow]) -> QueryResult<()> {
    insert_rows!(conn, teams::table, rows)
}

/// Writes all fields of one team.
pub fn update_team(conn: &mut Conn, row: &TeamRow) -> QueryResult<()> {
    diesel::update(teams::table.find(&row.id)).set(row).execute(conn).map(|_| ())
}

/// References a service depends on, in order.
pub fn dependencies(conn: &mut Conn, service_id: &str) -> QueryResult<Vec<String>> {
    service_deps::table
        .filter(service_deps::from_id.eq(service_id))
        .order(service_deps::to_ref)
        .select(service_deps::to_ref)
        .load(conn)
}

/// Slugs of the services that depend on `entity_ref`.
pub fn dependents(conn: &mut Conn, entity_ref: &str, unseen: &Unseen) -> QueryResult<Vec<String>> {
    let all = service_deps::table
        .inner_join(services::table.on(services::id.eq(service_deps::from_id)))
        .filter(service_deps::to_ref.eq(entity_ref))
        .filter(services::removed_at.is_null())
        .into_boxed::<<Conn as Connection>::Backend>();
    seen!(all, unseen).order(services::slug).select(services::slug).load(conn)
}

/// Every dependency by service id.
pub fn all_dependencies(conn: &mut Conn) -> QueryResult<HashMap<String, Vec<String>>> {
    let pairs: Vec<(String, String)> =
        service_deps::table.order((service_deps::from_id, service_deps::to_ref)).load(conn)?;
    let mut map: HashMap<String, Vec<String>> = HashMap::new();
    for (from, to) in pairs {
        map.entry(from).or_default().push(to);
    }
    Ok(map)
}

/// Replaces the dependencies of the given services.
pub fn replace_dependencies(
    conn: &mut Conn,
    service_ids: &[String],
    pairs: &[(String, String)],
) -> QueryResult<()> {
    for chunk in service_ids.chunks(CHUNK_ROWS) {
        diesel::delete(service_deps::table.filter(service_deps::from_id.eq_any(chunk))).execute(conn)?;
    }
    for chunk in pairs.chunks(CHUNK_ROWS) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|(from, to)| (service_deps::from_id.eq(from), service_deps::to_ref.eq(to)))
            .collect();
        each!(conn, c => diesel::insert_into(service_deps::table).values(&rows).execute(c))?;
    }
    Ok(())
}
