//! Rows and queries of core flows, their edges, and calls seen by traces.

use std::collections::BTreeSet;

use diesel::connection::Connection;
use diesel::prelude::*;

use super::schema::{flow_edges, flows, seen_edges, service_deps, services};
use super::{CHUNK_ROWS, Conn, each, insert_rows};

/// A flow as stored; `body` is the JSON of the declaration with every name as a catalog reference.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = flows, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct FlowRow {
    pub slug: String,
    pub title: String,
    pub owner_ref: Option<String>,
    pub source: String,
    pub body: String,
    pub content_sha256: String,
    pub created_at: i64,
    pub updated_at: i64,
}

/// One edge of a flow, for reads by service.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = flow_edges, treat_none_as_default_value = false)]
pub struct EdgeRow {
    pub flow: String,
    /// Its place in the flow, from 0.
    pub n: i32,
    pub from_ref: String,
    pub to_ref: String,
    pub core: bool,
    pub fallback: bool,
}

/// A call that traces showed.
#[derive(Clone, Debug, PartialEq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = seen_edges, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct SeenRow {
    pub from_ref: String,
    pub to_ref: String,
    pub calls_per_second: Option<f64>,
    pub first_at: i64,
    pub last_at: i64,
    pub sender: String,
}

/// What an import compares with: slug, source, hash.
pub type FlowMark = (String, String, String);

/// A flow by its slug.
pub fn by_slug(conn: &mut Conn, slug: &str) -> QueryResult<Option<FlowRow>> {
    flows::table.find(slug).get_result(conn).optional()
}

/// Flows with these slugs, by slug.
pub fn by_slugs(conn: &mut Conn, slugs: &[String]) -> QueryResult<Vec<FlowRow>> {
    let mut found = Vec::with_capacity(slugs.len());
    for chunk in slugs.chunks(CHUNK_ROWS) {
        found.extend(flows::table.filter(flows::slug.eq_any(chunk)).load::<FlowRow>(conn)?);
    }
    found.sort_by(|a: &FlowRow, b| a.slug.cmp(&b.slug));
    Ok(found)
}

/// The next `limit` flows after `after`, by slug, but for those of these owners (by reference).
pub fn after(conn: &mut Conn, after: &str, limit: i64, unseen: &[String]) -> QueryResult<Vec<FlowRow>> {
    let mut query = flows::table.filter(flows::slug.gt(after)).into_boxed::<<Conn as Connection>::Backend>();
    if !unseen.is_empty() {
        query = query.filter(flows::owner_ref.is_null().or(flows::owner_ref.ne_all(unseen)));
    }
    query.order(flows::slug).limit(limit).load(conn)
}

/// The marks of every flow.
pub fn marks(conn: &mut Conn) -> QueryResult<Vec<FlowMark>> {
    flows::table.select((flows::slug, flows::source, flows::content_sha256)).order(flows::slug).load(conn)
}

/// Writes a flow, new or changed, with its edges.
pub fn put(conn: &mut Conn, row: &FlowRow, edges: &[EdgeRow]) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(flows::table)
        .values(row)
        .on_conflict(flows::slug)
        .do_update()
        .set(row)
        .execute(c))?;
    diesel::delete(flow_edges::table.filter(flow_edges::flow.eq(&row.slug))).execute(conn)?;
    insert_rows!(conn, flow_edges::table, edges)
}

/// Deletes a flow with its edges.
pub fn delete(conn: &mut Conn, slug: &str) -> QueryResult<()> {
    diesel::delete(flow_edges::table.filter(flow_edges::flow.eq(slug))).execute(conn)?;
    diesel::delete(flows::table.find(slug)).execute(conn).map(|_| ())
}

/// All edges of one flow, in order.
pub fn edges(conn: &mut Conn, slug: &str) -> QueryResult<Vec<EdgeRow>> {
    flow_edges::table.filter(flow_edges::flow.eq(slug)).order(flow_edges::n).load(conn)
}

/// Edges of all flows that leave these services, by flow and place.
pub fn leaving(conn: &mut Conn, refs: &[String]) -> QueryResult<Vec<EdgeRow>> {
    let mut found: Vec<EdgeRow> = Vec::new();
    for chunk in refs.chunks(CHUNK_ROWS) {
        found.extend(flow_edges::table.filter(flow_edges::from_ref.eq_any(chunk)).load::<EdgeRow>(conn)?);
    }
    found.sort_by(|a, b| (&a.flow, a.n).cmp(&(&b.flow, b.n)));
    Ok(found)
}

/// Edges of all flows that lead to these services: who is called, and in which flow, who calls.
pub fn leading_to(conn: &mut Conn, refs: &[String]) -> QueryResult<Vec<EdgeRow>> {
    let mut found: Vec<EdgeRow> = Vec::new();
    for chunk in refs.chunks(CHUNK_ROWS) {
        found.extend(flow_edges::table.filter(flow_edges::to_ref.eq_any(chunk)).load::<EdgeRow>(conn)?);
    }
    Ok(found)
}

/// What the catalog says these services depend on: pairs of references.
pub fn depended_on(conn: &mut Conn, refs: &[String]) -> QueryResult<Vec<(String, String)>> {
    let mut found = Vec::new();
    for chunk in refs.chunks(CHUNK_ROWS) {
        found.extend(
            service_deps::table
                .inner_join(services::table.on(services::id.eq(service_deps::from_id)))
                .filter(services::entity_ref.eq_any(chunk))
                .select((services::entity_ref, service_deps::to_ref))
                .load::<(String, String)>(conn)?,
        );
    }
    Ok(found)
}

/// Calls of these services that traces showed since an instant.
pub fn seen(conn: &mut Conn, refs: &[String], since: i64) -> QueryResult<Vec<SeenRow>> {
    let mut found = Vec::new();
    for chunk in refs.chunks(CHUNK_ROWS) {
        found.extend(
            seen_edges::table
                .filter(seen_edges::from_ref.eq_any(chunk))
                .filter(seen_edges::last_at.ge(since))
                .load::<SeenRow>(conn)?,
        );
    }
    Ok(found)
}

/// Writes calls that were seen, each pair once, and forgets those of the same callers not seen since `before`.
pub fn put_seen(conn: &mut Conn, rows: &[SeenRow], before: i64) -> QueryResult<()> {
    use diesel::upsert::excluded;
    let callers: BTreeSet<&str> = rows.iter().map(|r| r.from_ref.as_str()).collect();
    let callers: Vec<&str> = callers.into_iter().collect();
    for chunk in callers.chunks(CHUNK_ROWS) {
        let old = seen_edges::table.filter(seen_edges::from_ref.eq_any(chunk));
        diesel::delete(old.filter(seen_edges::last_at.lt(before))).execute(conn)?;
    }
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(seen_edges::table)
            .values(chunk)
            .on_conflict((seen_edges::from_ref, seen_edges::to_ref))
            .do_update()
            .set((
                seen_edges::calls_per_second.eq(excluded(seen_edges::calls_per_second)),
                seen_edges::last_at.eq(excluded(seen_edges::last_at)),
                seen_edges::sender.eq(excluded(seen_edges::sender)),
            ))
            .execute(c))?;
    }
    Ok(())
}
