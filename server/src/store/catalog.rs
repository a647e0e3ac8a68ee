//! Rows and queries of catalog entities: what each source last said.

use diesel::prelude::*;

use super::schema::entities;
use super::{CHUNK_ROWS, Conn, each};

/// One catalog entity as last read; `body` is its JSON.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = entities, treat_none_as_default_value = false)]
pub struct EntityRow {
    pub entity_ref: String,
    pub kind: String,
    pub source: String,
    pub content_sha256: String,
    pub body: String,
    pub updated_at: i64,
    pub removed_at: Option<i64>,
}

/// What an import compares with: reference, kind, source, hash, removed.
#[derive(Clone, Debug, Queryable)]
pub struct EntityMark {
    pub entity_ref: String,
    pub kind: String,
    pub source: String,
    pub content_sha256: String,
    pub removed_at: Option<i64>,
}

/// The marks of every entity.
pub fn marks(conn: &mut Conn) -> QueryResult<Vec<EntityMark>> {
    entities::table
        .select((
            entities::entity_ref,
            entities::kind,
            entities::source,
            entities::content_sha256,
            entities::removed_at,
        ))
        .load(conn)
}

/// The bodies of all living entities of one kind.
pub fn bodies(conn: &mut Conn, kind: &str) -> QueryResult<Vec<String>> {
    entities::table
        .filter(entities::kind.eq(kind))
        .filter(entities::removed_at.is_null())
        .select(entities::body)
        .load(conn)
}

/// One entity's JSON.
pub fn body(conn: &mut Conn, entity_ref: &str) -> QueryResult<Option<String>> {
    entities::table
        .filter(entities::entity_ref.eq(entity_ref))
        .filter(entities::removed_at.is_null())
        .select(entities::body)
        .get_result(conn)
        .optional()
}

/// Which of `refs` exist and are not removed.
pub fn existing(conn: &mut Conn, refs: &[String]) -> QueryResult<Vec<String>> {
    let mut found = Vec::new();
    for chunk in refs.chunks(CHUNK_ROWS) {
        found.extend(
            entities::table
                .filter(entities::entity_ref.eq_any(chunk))
                .filter(entities::removed_at.is_null())
                .select(entities::entity_ref)
                .load::<String>(conn)?,
        );
    }
    Ok(found)
}

/// Writes entities, new or changed.
pub fn upsert(conn: &mut Conn, rows: &[EntityRow]) -> QueryResult<()> {
    use diesel::upsert::excluded;
    for chunk in rows.chunks(CHUNK_ROWS) {
        each!(conn, c => diesel::insert_into(entities::table)
            .values(chunk)
            .on_conflict(entities::entity_ref)
            .do_update()
            .set((
                entities::kind.eq(excluded(entities::kind)),
                entities::source.eq(excluded(entities::source)),
                entities::content_sha256.eq(excluded(entities::content_sha256)),
                entities::body.eq(excluded(entities::body)),
                entities::updated_at.eq(excluded(entities::updated_at)),
                entities::removed_at.eq(excluded(entities::removed_at)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Marks entities as gone from their source.
pub fn mark_removed(conn: &mut Conn, refs: &[String], at: i64) -> QueryResult<()> {
    for chunk in refs.chunks(CHUNK_ROWS) {
        diesel::update(entities::table.filter(entities::entity_ref.eq_any(chunk)))
            .set(entities::removed_at.eq(at))
            .execute(conn)?;
    }
    Ok(())
}
