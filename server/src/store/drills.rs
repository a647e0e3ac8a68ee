//! Rows and queries of drill results, documents and idempotency keys.

use diesel::prelude::*;

use super::schema::{documents, drills, idempotency_keys};
use super::{CHUNK_ROWS, Conn, insert_rows};

/// A drill result as stored.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = drills, treat_none_as_default_value = false)]
pub struct DrillRow {
    pub id: String,
    pub service_id: String,
    pub kind: Option<i16>,
    pub failure: Option<i16>,
    pub target: String,
    pub environment: String,
    pub outcome: i16,
    pub reason: String,
    pub verdict: Option<i16>,
    pub note: Option<String>,
    pub regression: bool,
    pub exploratory: bool,
    pub rollback: i16,
    pub rollback_reason: String,
    pub rollback_ms: Option<i64>,
    pub started_at: i64,
    pub ended_at: i64,
    pub received_at: i64,
    pub detected_ms: Option<i64>,
    pub recovered_ms: Option<i64>,
    pub title: Option<String>,
    pub hypothesis: Option<String>,
    pub evidence: String,
    pub evidence_class: i16,
    pub sender: String,
    pub tool: String,
    pub tool_version: Option<String>,
    pub run_id: Option<String>,
    pub external_id: Option<String>,
    pub document_id: Option<String>,
    /// Since when `detected_ms` is known, if an alert told it; none: since the result arrived.
    pub detected_since: Option<i64>,
}

/// A kept document: what a tool sent, redacted.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = documents, treat_none_as_default_value = false)]
pub struct DocumentRow {
    pub id: String,
    pub format: String,
    pub hints: String,
    pub body: String,
    pub received_at: i64,
}

/// A key under which a result was accepted, and the answer it got.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
pub struct KeyRow {
    pub owner: String,
    pub key: String,
    pub content_sha256: String,
    pub drill_id: String,
    pub answer: String,
    pub created_at: i64,
}

/// Stores drills.
pub fn insert(conn: &mut Conn, rows: &[DrillRow]) -> QueryResult<()> {
    insert_rows!(conn, drills::table, rows)
}

/// Stores documents.
pub fn insert_documents(conn: &mut Conn, rows: &[DocumentRow]) -> QueryResult<()> {
    insert_rows!(conn, documents::table, rows)
}

/// A document by id.
pub fn document(conn: &mut Conn, id: &str) -> QueryResult<Option<DocumentRow>> {
    documents::table.find(id).get_result(conn).optional()
}

/// The next `limit` documents after `after`, in id order.
pub fn documents_after(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<DocumentRow>> {
    documents::table.filter(documents::id.gt(after)).order(documents::id).limit(limit).load(conn)
}

/// The drill read from a document.
pub fn by_document(conn: &mut Conn, document_id: &str) -> QueryResult<Option<DrillRow>> {
    drills::table.filter(drills::document_id.eq(document_id)).get_result(conn).optional()
}

/// Writes the fields that a new reading of the same document may change.
pub fn update_reading(conn: &mut Conn, row: &DrillRow) -> QueryResult<()> {
    diesel::update(drills::table.find(&row.id))
        .set((
            drills::kind.eq(row.kind),
            drills::failure.eq(row.failure),
            drills::target.eq(&row.target),
            drills::environment.eq(&row.environment),
            drills::outcome.eq(row.outcome),
            drills::reason.eq(&row.reason),
            drills::verdict.eq(row.verdict),
            drills::note.eq(row.note.as_deref()),
            drills::rollback.eq(row.rollback),
            drills::rollback_reason.eq(&row.rollback_reason),
            drills::rollback_ms.eq(row.rollback_ms),
            drills::started_at.eq(row.started_at),
            drills::ended_at.eq(row.ended_at),
            drills::detected_ms.eq(row.detected_ms),
            drills::recovered_ms.eq(row.recovered_ms),
        ))
        .execute(conn)
        .map(|_| ())
}

/// Those of an owner's keys that were used.
pub fn keys(conn: &mut Conn, owner: &str, keys: &[String]) -> QueryResult<Vec<KeyRow>> {
    if let [key] = keys {
        return Ok(idempotency_keys::table
            .find((owner, key))
            .get_result(conn)
            .optional()?
            .into_iter()
            .collect());
    }
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK_ROWS) {
        let some = idempotency_keys::table
            .filter(idempotency_keys::owner.eq(owner))
            .filter(idempotency_keys::key.eq_any(chunk))
            // Not kept prepared: a plan that PostgreSQL made while the table was small reads all keys of the owner.
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("1 = 1"));
        found.extend(some.load::<KeyRow>(conn)?);
    }
    Ok(found)
}

/// Remembers keys.
pub fn insert_keys(conn: &mut Conn, rows: &[KeyRow]) -> QueryResult<()> {
    insert_rows!(conn, idempotency_keys::table, rows)
}

/// Counted drills of one service that had arrived by `by`, as they were known then, oldest first.
pub fn counted(conn: &mut Conn, service_id: &str, by: i64) -> QueryResult<Vec<DrillRow>> {
    let mut rows: Vec<DrillRow> = drills::table
        .filter(drills::service_id.eq(service_id))
        .filter(drills::verdict.is_not_null())
        .filter(drills::received_at.le(by))
        .order((drills::ended_at, drills::id))
        .load(conn)?;
    for row in rows.iter_mut().filter(|row| row.detected_since.is_some_and(|since| since > by)) {
        row.detected_ms = None;
    }
    Ok(rows)
}

/// Drills of a service that ran at `at` (ms) and ended no later than `latest`, at most `limit` of them.
pub fn running_at(
    conn: &mut Conn,
    service_id: &str,
    at: i64,
    latest: i64,
    limit: i64,
) -> QueryResult<Vec<DrillRow>> {
    drills::table
        .filter(drills::service_id.eq(service_id))
        .filter(drills::ended_at.between(at, latest))
        .filter(drills::started_at.le(at))
        .order((drills::ended_at, drills::id))
        .limit(limit)
        .load(conn)
}

/// Writes when a drill was detected, and since when that is known.
pub fn set_detected(conn: &mut Conn, row: &DrillRow) -> QueryResult<()> {
    diesel::update(drills::table.find(&row.id))
        .set((drills::detected_ms.eq(row.detected_ms), drills::detected_since.eq(row.detected_since)))
        .execute(conn)
        .map(|_| ())
}

/// Counted drills of one identity, oldest first.
pub fn counted_of(
    conn: &mut Conn,
    service_id: &str,
    failure: i16,
    target: &str,
    environment: &str,
) -> QueryResult<Vec<DrillRow>> {
    drills::table
        .filter(drills::service_id.eq(service_id))
        .filter(drills::failure.eq(failure))
        .filter(drills::target.eq(target))
        .filter(drills::environment.eq(environment))
        .filter(drills::verdict.is_not_null())
        .order((drills::ended_at, drills::id))
        .load(conn)
}

/// Drills by id.
pub fn by_ids(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<DrillRow>> {
    drills::table.filter(drills::id.eq_any(ids)).load(conn)
}

/// One drill.
pub fn by_id(conn: &mut Conn, id: &str) -> QueryResult<Option<DrillRow>> {
    drills::table.find(id).get_result(conn).optional()
}

/// Drills of a service, newest first, `limit` of them, older than the cursor `(ended_at, id)`.
pub fn page(
    conn: &mut Conn,
    service_id: &str,
    before: Option<(i64, String)>,
    limit: i64,
) -> QueryResult<Vec<DrillRow>> {
    let mut query = drills::table.filter(drills::service_id.eq(service_id)).into_boxed();
    if let Some((ended_at, id)) = before {
        query = query
            .filter(drills::ended_at.le(ended_at))
            .filter(drills::ended_at.lt(ended_at).or(drills::id.lt(id)));
    }
    query.order((drills::ended_at.desc(), drills::id.desc())).limit(limit).load(conn)
}
