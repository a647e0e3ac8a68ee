//! A whole installation moved from one database to another: every row, all or nothing, counts compared.
//!
//! Rows travel as JSON lists of their columns, so that no table needs code of its own.

use std::fmt::Write;

use anyhow::{Context, ensure};
use diesel::connection::{DefaultLoadingMode, SimpleConnection};
use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::tables::{SEEDED, TABLES};
use super::{Conn, DatabaseUrl, Db, lock, look, migrations};

/// Rows and bytes that one statement carries at most.
const BATCH_ROWS: usize = 1_000;
const BATCH_BYTES: usize = 4 << 20;

/// A row of one text.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// A row of one number.
#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Copies everything of `from` into the empty `to`; calls `done` after each table with its number of rows.
///
/// Nothing may serve either of them meanwhile: of SQLite files the lock is held, of PostgreSQL the tables.
pub fn transfer(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    mut done: impl FnMut(&'static str, i64),
) -> anyhow::Result<()> {
    ensure!(from != to, "--from and --to name the same database: {from}");
    from.must_exist()?;
    let _held = lock::hold(from)?;
    // The source is looked at first: a mistake there must not make a new file at the target.
    look(from, |source| Ok(migrations::require_current(source)?))
        .with_context(|| format!("{from} is not moved"))?;
    to.prepare()?;
    let _held_too = lock::hold(to)?;
    let db = Db::open(to)?;
    db.plain(|target| require_empty(target).with_context(|| format!("nothing is moved to {to}")))?;
    super::migrate(&db)?;
    look(from, |source| {
        migrations::require_current(source)?;
        db.write(|target| Ok(copy_all(source, target, &mut done)?))
    })
    .with_context(|| format!("nothing is moved to {to}"))?;
    db.plain(|target| Ok(target.batch_execute("ANALYZE")?))?;
    db.checkpoint();
    Ok(())
}

fn require_empty(target: &mut Conn) -> anyhow::Result<()> {
    let there = migrations::tables_there(target)?;
    for table in TABLES.iter().filter(|t| !SEEDED.contains(t) && there.iter().any(|name| name == *t)) {
        let n = count(target, &format!("SELECT count(*) AS n FROM (SELECT 1 FROM {table} LIMIT 1) AS t"))?;
        ensure!(n == 0, "it is not empty: `{table}` has rows. Name a new database");
    }
    Ok(())
}

fn copy_all(
    source: &mut Conn,
    target: &mut Conn,
    done: &mut impl FnMut(&'static str, i64),
) -> anyhow::Result<()> {
    if let Conn::Pg(c) = target {
        c.batch_execute(&format!("LOCK TABLE {} IN EXCLUSIVE MODE", TABLES.join(", ")))?;
    }
    require_empty(target)?;
    for table in SEEDED {
        target.batch_execute(&format!("DELETE FROM {table}"))?;
    }
    for table in TABLES {
        let moved = copy_table(source, target, table).with_context(|| format!("table `{table}`"))?;
        done(table, moved);
    }
    Ok(())
}

/// Copies one table and gives its number of rows, the same on both sides.
fn copy_table(source: &mut Conn, target: &mut Conn, table: &str) -> anyhow::Result<i64> {
    let columns = columns(source, table)?;
    let into = columns_typed(target, table)?;
    let names: Vec<&str> = into.iter().map(|(name, _)| name.as_str()).collect();
    ensure!(columns == names, "its columns differ: {columns:?} here, {names:?} there");
    let statement = insert(target, table, &into);
    let mut batch = Batch::default();
    each_row(source, &select(matches!(source, Conn::Pg(_)), table, &columns), |row| {
        batch.add(&row);
        if batch.is_full() { batch.write(target, &statement) } else { Ok(()) }
    })?;
    batch.write(target, &statement)?;
    reset_sequences(target, table)?;
    let all = format!("SELECT count(*) AS n FROM {table}");
    let (here, there) = (count(source, &all)?, count(target, &all)?);
    ensure!(here == there && here == batch.total, "{here} rows here, {there} there, {} copied", batch.total);
    Ok(here)
}

fn count(conn: &mut Conn, query: &str) -> anyhow::Result<i64> {
    Ok(diesel::sql_query(query).get_result::<Count>(conn)?.n)
}

/// Names of a table's columns, in order of name.
fn columns(conn: &mut Conn, table: &str) -> anyhow::Result<Vec<String>> {
    Ok(columns_typed(conn, table)?.into_iter().map(|(name, _)| name).collect())
}

/// The same with their types; on SQLite values carry their types themselves.
fn columns_typed(conn: &mut Conn, table: &str) -> anyhow::Result<Vec<(String, String)>> {
    let query = match conn {
        Conn::Sqlite(_) => format!("SELECT name || '|' AS text FROM pragma_table_info('{table}')"),
        Conn::Pg(_) => format!(
            "SELECT attname || '|' || format_type(atttypid, atttypmod) AS text FROM pg_attribute \
             WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
        ),
    };
    let lines: Vec<Line> = diesel::sql_query(query).load(conn)?;
    let mut columns: Vec<(String, String)> = lines
        .iter()
        .filter_map(|l| l.text.split_once('|'))
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect();
    ensure!(!columns.is_empty(), "it has no columns");
    columns.sort();
    Ok(columns)
}

/// Each row as the text of a JSON list.
fn select(postgres: bool, table: &str, columns: &[String]) -> String {
    let list = columns.join("\", \"");
    if postgres {
        format!("SELECT json_build_array(\"{list}\")::text AS text FROM {table}")
    } else {
        format!("SELECT json_array(\"{list}\") AS text FROM {table}")
    }
}

/// The statement that writes a JSON list of such lists, its one parameter.
fn insert(target: &Conn, table: &str, columns: &[(String, String)]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut values = String::new();
    for (i, (_, kind)) in columns.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        // Writing to a text cannot fail.
        let _ = match target {
            Conn::Sqlite(_) => write!(values, "{comma}value ->> {i}"),
            Conn::Pg(_) => write!(values, "{comma}(value ->> {i})::{kind}"),
        };
    }
    let rows = match target {
        Conn::Sqlite(_) => "json_each($1)",
        Conn::Pg(_) => "json_array_elements($1::json)",
    };
    format!("INSERT INTO {table} (\"{}\") SELECT {values} FROM {rows} AS given", names.join("\", \""))
}

/// Rows on their way.
#[derive(Default)]
struct Batch {
    text: String,
    rows: usize,
    total: i64,
}

impl Batch {
    fn add(&mut self, row: &str) {
        self.text.push(if self.rows == 0 { '[' } else { ',' });
        self.text.push_str(row);
        self.rows += 1;
    }

    fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.text.len() >= BATCH_BYTES
    }

    fn write(&mut self, target: &mut Conn, statement: &str) -> anyhow::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        self.text.push(']');
        let query = diesel::sql_query(statement).bind::<Text, _>(&self.text);
        let written = query.execute(target).context("writing rows")?;
        ensure!(written == self.rows, "{written} of {} rows were written", self.rows);
        self.total += self.rows as i64;
        self.text.clear();
        self.rows = 0;
        Ok(())
    }
}

/// Reads the rows of a query one by one, so that a large table takes no memory.
fn each_row(
    conn: &mut Conn,
    query: &str,
    mut f: impl FnMut(String) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(c) => {
            for row in diesel::sql_query(query).load_iter::<Line, DefaultLoadingMode>(c)? {
                f(row?.text)?;
            }
        }
        Conn::Pg(c) => {
            for row in diesel::sql_query(query).load_iter::<Line, PgRowByRowLoadingMode>(c)? {
                f(row?.text)?;
            }
        }
    }
    Ok(())
}

/// Numbers that PostgreSQL gives by itself go on after the highest one.
fn reset_sequences(target: &mut Conn, table: &str) -> anyhow::Result<()> {
    if let Conn::Pg(c) = target {
        let query = format!(
            "SELECT attname::text AS text FROM pg_attribute WHERE attrelid = '{table}'::regclass \
             AND attnum > 0 AND NOT attisdropped AND pg_get_serial_sequence('{table}', attname) IS NOT NULL"
        );
        for column in diesel::sql_query(query).load::<Line>(c)? {
            let name = column.text;
            c.batch_execute(&format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{name}'), \
                 (SELECT COALESCE(max(\"{name}\"), 0) + 1 FROM {table}), false)"
            ))?;
        }
    }
    Ok(())
}
