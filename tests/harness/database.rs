//! One fresh database a test: a SQLite file, or with `WATERBEAR_TEST_PG` a PostgreSQL database of its own.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// A row of one text.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// A database that is gone when this is dropped.
#[derive(Debug)]
pub struct Database {
    url: String,
    /// Server address and name of the database to drop.
    postgres: Option<(String, String)>,
}

impl Database {
    /// A database for one test; a SQLite file lies in `dir`.
    pub fn fresh(dir: &Path) -> Self {
        match std::env::var("WATERBEAR_TEST_PG") {
            Ok(server) if !server.is_empty() => Self::on_postgres(&server),
            _ => Self::in_file(&dir.join("waterbear.db")),
        }
    }

    /// A SQLite file, whatever the environment says.
    pub fn in_file(path: &Path) -> Self {
        Self { url: format!("sqlite:{}", path.display()), postgres: None }
    }

    /// A database that somebody else drops.
    pub fn of_another(url: &str) -> Self {
        Self { url: url.to_owned(), postgres: None }
    }

    /// A new database on the PostgreSQL server at `server` (`postgres://user@host:port/postgres`).
    pub fn on_postgres(server: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("wb_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        psql(server, &format!("CREATE DATABASE {name}"));
        let (head, _) = server.rsplit_once('/').unwrap_or((server, ""));
        Self { url: format!("{head}/{name}"), postgres: Some((server.to_owned(), name)) }
    }

    /// As `--database` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// It is on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// Runs statements, whichever database it is.
    pub fn execute(&self, statements: &str) {
        if self.is_postgres() {
            psql(&self.url, statements);
        } else {
            let done = self.sqlite().batch_execute(statements);
            done.unwrap_or_else(|e| panic!("{statements}: {e}"));
        }
    }

    /// The column `text` of each row of a query on SQLite, a line each.
    pub fn query(&self, query: &str) -> String {
        let rows: Vec<Line> =
            diesel::sql_query(query).load(&mut self.sqlite()).unwrap_or_else(|e| panic!("{query}: {e}"));
        rows.into_iter().map(|r| r.text + "\n").collect()
    }

    /// The column `text` of each row of a query, a line each, whichever database it is.
    pub fn lines(&self, query: &str) -> Vec<String> {
        let rows = if self.is_postgres() { psql(&self.url, query) } else { self.query(query) };
        rows.lines().map(str::to_owned).collect()
    }

    fn sqlite(&self) -> SqliteConnection {
        let file = self.url.trim_start_matches("sqlite:");
        SqliteConnection::establish(file).unwrap_or_else(|e| panic!("{file}: {e}"))
    }

    /// Everything stored, as text: to look for what must not be there.
    pub fn dump(&self) -> String {
        if self.is_postgres() {
            let out = Command::new("pg_dump").arg("--inserts").arg(&self.url).output();
            let out = out.unwrap_or_else(|e| panic!("pg_dump cannot be run: {e}"));
            assert!(out.status.success(), "pg_dump: {}", String::from_utf8_lossy(&out.stderr));
            return String::from_utf8_lossy(&out.stdout).into_owned();
        }
        let file = self.url.trim_start_matches("sqlite:");
        let mut all = Vec::new();
        for path in [file.to_owned(), format!("{file}-wal")] {
            all.extend(std::fs::read(path).unwrap_or_default());
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.postgres {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = Command::new("psql").args(["-qX", "-c", &drop, server]).output();
        }
    }
}

/// Runs one statement through `psql` and returns its unaligned rows.
pub fn psql(url: &str, statement: &str) -> String {
    let out = Command::new("psql")
        .args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement, url])
        .output()
        .unwrap_or_else(|e| panic!("psql cannot be run: {e}"));
    assert!(out.status.success(), "psql: {statement}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}
