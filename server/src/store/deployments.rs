//! Rows and queries of deployments: which version came into service where, and when.

use diesel::prelude::*;

use super::Conn;
use super::schema::deployments;

/// One deployment of one service.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = deployments, treat_none_as_default_value = false)]
pub struct DeploymentRow {
    pub id: String,
    pub service_id: String,
    pub environment: String,
    /// What a repeat is known by.
    pub once: String,
    /// May be empty.
    pub version: String,
    pub kind: i16,
    pub deployed_at: i64,
    pub url: Option<String>,
    pub external_id: Option<String>,
    pub sender: String,
    pub received_at: i64,
}

/// Stores a deployment.
pub fn insert(conn: &mut Conn, row: &DeploymentRow) -> QueryResult<()> {
    diesel::insert_into(deployments::table).values(row).execute(conn).map(|_| ())
}

/// The deployment known by `once`.
pub fn known(conn: &mut Conn, service_id: &str, once: &str) -> QueryResult<Option<DeploymentRow>> {
    deployments::table
        .filter(deployments::service_id.eq(service_id))
        .filter(deployments::once.eq(once))
        .get_result(conn)
        .optional()
}

/// Deployments of a service after `after` and up to `to` (ms), oldest first, at most `limit` of them.
pub fn between(
    conn: &mut Conn,
    service_id: &str,
    (after, to): (i64, i64),
    limit: i64,
) -> QueryResult<Vec<DeploymentRow>> {
    deployments::table
        .filter(deployments::service_id.eq(service_id))
        .filter(deployments::deployed_at.gt(after))
        .filter(deployments::deployed_at.le(to))
        .order((deployments::deployed_at, deployments::id))
        .limit(limit)
        .load(conn)
}

/// Deployments of a service, newest first, `limit` of them, older than the cursor `(deployed_at, id)`.
pub fn page(
    conn: &mut Conn,
    service_id: &str,
    before: Option<(i64, String)>,
    limit: i64,
) -> QueryResult<Vec<DeploymentRow>> {
    let mut query = deployments::table.filter(deployments::service_id.eq(service_id)).into_boxed();
    if let Some((at, id)) = before {
        query = query
            .filter(deployments::deployed_at.le(at))
            .filter(deployments::deployed_at.lt(at).or(deployments::id.lt(id)));
    }
    query.order((deployments::deployed_at.desc(), deployments::id.desc())).limit(limit).load(conn)
}

/// Ids of deployments that arrived before `floor` (ms), at most `limit` of them.
pub fn older(conn: &mut Conn, floor: i64, limit: i64) -> QueryResult<Vec<String>> {
    deployments::table
        .filter(deployments::received_at.lt(floor))
        .order(deployments::received_at)
        .limit(limit)
        .select(deployments::id)
        .load(conn)
}

/// Deletes deployments.
pub fn delete(conn: &mut Conn, ids: &[String]) -> QueryResult<usize> {
    diesel::delete(deployments::table.filter(deployments::id.eq_any(ids))).execute(conn)
}
