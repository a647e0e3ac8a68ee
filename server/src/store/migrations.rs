//! The schema: what is applied, what this binary needs, bringing it up to date.

use anyhow::{anyhow, bail, ensure};
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::tables::TABLES;
use super::{Conn, DatabaseUrl, Db, events, log, refusal};

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// What the migrations of this binary and those of a database have to say to each other.
#[derive(Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// All of ours are applied, and no others.
    Current,
    /// Some of ours are missing.
    Behind,
    /// The database knows migrations this binary does not.
    Newer(String),
    /// Nothing of ours was ever applied; true when there are tables of somebody else's.
    Foreign(bool),
}

fn ours(conn: &Conn) -> anyhow::Result<Vec<String>> {
    let names = match conn {
        Conn::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE_MIGRATIONS),
        Conn::Pg(_) => versions::<diesel::pg::Pg>(&POSTGRES_MIGRATIONS),
    };
    names.map_err(|e| anyhow!("embedded migrations: {e}"))
}

fn versions<DB: diesel::backend::Backend>(
    source: &EmbeddedMigrations,
) -> diesel::migration::Result<Vec<String>> {
    let all: Vec<Box<dyn Migration<DB>>> = source.migrations()?;
    Ok(all.iter().map(|m| m.name().version().to_string()).collect())
}

diesel::table! {
    #[sql_name = "__diesel_schema_migrations"]
    applied_migration (version) {
        version -> Text,
    }
}

/// A row of one text.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// A row of one truth.
#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

const SQLITE_NAMES: &str =
    "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
const POSTGRES_NAMES: &str =
    "SELECT tablename::text AS text FROM pg_tables WHERE schemaname = current_schema()";

/// The tables that are there, whoever made them.
pub(super) fn tables_there(conn: &mut Conn) -> QueryResult<Vec<String>> {
    let names = if matches!(conn, Conn::Pg(_)) { POSTGRES_NAMES } else { SQLITE_NAMES };
    Ok(diesel::sql_query(names).load::<Line>(conn)?.into_iter().map(|l| l.text).collect())
}

/// Compares the database's migrations with ours; writes nothing, so it works in a read-only transaction.
pub fn schema_state(conn: &mut Conn) -> anyhow::Result<SchemaState> {
    let there = tables_there(conn)?;
    if !there.iter().any(|t| t == "__diesel_schema_migrations") {
        return Ok(SchemaState::Foreign(!there.is_empty()));
    }
    let applied: Vec<String> = applied_migration::table.select(applied_migration::version).load(conn)?;
    Ok(compare(&ours(conn)?, &applied))
}

fn compare(ours: &[String], applied: &[String]) -> SchemaState {
    if let Some(unknown) = applied.iter().find(|v| !ours.contains(v)) {
        return SchemaState::Newer(unknown.clone());
    }
    if applied.len() == ours.len() { SchemaState::Current } else { SchemaState::Behind }
}

/// An error unless the schema is the one this binary needs; for commands that leave the database as it is.
pub fn require_current(conn: &mut Conn) -> anyhow::Result<()> {
    match schema_state(conn)? {
        SchemaState::Current => Ok(()),
        SchemaState::Behind => bail!("its schema is that of an older version: run `waterbear migrate` first"),
        SchemaState::Newer(version) => Err(newer(&version)),
        SchemaState::Foreign(_) => bail!("there is no Waterbear in this database"),
    }
}

/// Refuses a SQLite file with the tables of another program, before anything is set up in it.
pub(super) fn refuse_foreign(url: &DatabaseUrl) -> anyhow::Result<()> {
    // A PostgreSQL schema may be shared.
    if url.sqlite_path().is_some() && schema_state(&mut url.connect_to_look()?)? == SchemaState::Foreign(true)
    {
        bail!(
            "cannot use {url}: it is the database of another program, with tables of its own. Name another path"
        );
    }
    Ok(())
}

pub(super) fn newer(version: &str) -> anyhow::Error {
    anyhow!(
        "the database was written by a newer version of Waterbear (migration {version}); \
         start that version, or restore a backup made before the upgrade"
    )
}

/// Brings the schema up to date; refuses a database written by a newer version, and one that may not be written.
///
/// On PostgreSQL an advisory lock lets replicas start together.
pub fn migrate(db: &Db) -> anyhow::Result<()> {
    db.plain(|conn| bring_up(conn).map_err(|e| refusal::migrating(db.url(), &format!("{e:#}"))))
}

fn bring_up(conn: &mut Conn) -> anyhow::Result<()> {
    // A role without the right to make tables serves a database whose schema is current already.
    if schema_state(conn)? == SchemaState::Current {
        writable(conn)?;
        return chain_events(conn);
    }
    if let Conn::Pg(c) = conn {
        c.batch_execute("SELECT pg_advisory_lock(7723001)")?;
    }
    if let SchemaState::Newer(version) = schema_state(conn)? {
        return Err(newer(&version));
    }
    let run = match conn {
        Conn::Sqlite(c) => c.run_pending_migrations(SQLITE_MIGRATIONS).map(|_| ()),
        Conn::Pg(c) => c.run_pending_migrations(POSTGRES_MIGRATIONS).map(|_| ()),
    };
    run.map_err(|e| anyhow!("migration failed: {e}"))?;
    writable(conn)?;
    chain_events(conn)
}

/// Chains events of before there was a chain, all of them or none.
fn chain_events(conn: &mut Conn) -> anyhow::Result<()> {
    let unchained = events::head(conn)?.seq == 0 && !log::whole(conn, 0, 1)?.is_empty();
    if unchained {
        conn.transaction(events::chain)?;
    }
    Ok(())
}

/// Finds at start what would otherwise fail at the first write.
fn writable(conn: &mut Conn) -> anyhow::Result<()> {
    match conn {
        Conn::Sqlite(c) => match c.batch_execute("BEGIN IMMEDIATE; ROLLBACK") {
            // Somebody else writes at this moment: so it can be written.
            Err(error) if !error.to_string().contains("locked") => Err(error.into()),
            _ => Ok(()),
        },
        Conn::Pg(c) => {
            let flag = "SELECT current_setting('transaction_read_only') = 'on' AS yes";
            let reads: Flag = diesel::sql_query(flag).get_result(c)?;
            ensure!(!reads.yes, "cannot write in a read-only transaction");
            let lacking: Vec<Line> = diesel::sql_query(
                "SELECT tablename::text AS text FROM pg_tables WHERE schemaname = current_schema() \
                 AND tablename::text = ANY($1) AND NOT (\
                     has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'SELECT') \
                     AND has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'INSERT') \
                     AND has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'UPDATE') \
                     AND has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'DELETE')) \
                 ORDER BY tablename LIMIT 1",
            )
            .bind::<diesel::sql_types::Array<Text>, _>(TABLES)
            .load(c)?;
            match lacking.first() {
                Some(table) => bail!("permission denied for table {}", table.text),
                None => Ok(()),
            }
        }
    }
}
