//! Rulebooks by hash, and single values such as which one is in force.

use diesel::prelude::*;

use super::schema::{meta, rulebooks};
use super::{Conn, each};

/// A rulebook as stored; `files` is a JSON map of path to text.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = rulebooks, treat_none_as_default_value = false)]
pub struct BookRow {
    pub hash: String,
    pub source: String,
    pub files: String,
    pub loaded_at: i64,
}

/// A rulebook by its hash.
pub fn book(conn: &mut Conn, hash: &str) -> QueryResult<Option<BookRow>> {
    rulebooks::table.find(hash).get_result(conn).optional()
}

/// Keeps a rulebook; one that is already there stays as it is.
pub fn keep(conn: &mut Conn, row: &BookRow) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(rulebooks::table)
        .values(row)
        .on_conflict(rulebooks::hash)
        .do_nothing()
        .execute(c))
    .map(|_| ())
}

/// A single value.
pub fn get(conn: &mut Conn, key: &str) -> QueryResult<Option<String>> {
    meta::table.find(key).select(meta::value).get_result(conn).optional()
}

/// Writes a single value.
pub fn set(conn: &mut Conn, key: &str, value: &str) -> QueryResult<()> {
    each!(conn, c => diesel::insert_into(meta::table)
        .values((meta::key.eq(key), meta::value.eq(value)))
        .on_conflict(meta::key)
        .do_update()
        .set(meta::value.eq(value))
        .execute(c))
    .map(|_| ())
}
