//! Connections by URL scheme: never `Conn::establish`, which tries every database in turn and would
//! answer a PostgreSQL that is away with a new, empty SQLite file.

use std::fmt::Write;

use anyhow::Context;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::r2d2::{HandleError, ManageConnection};
use diesel::sqlite::SqliteConnection;

use super::wal::LAST_RESORT;
use super::{Conn, DatabaseUrl, refusal};

impl DatabaseUrl {
    /// Opens one connection and sets it up. A SQLite file that is not there stays away: only
    /// [`DatabaseUrl::prepare`] makes one.
    pub fn connect(&self, read_only: bool) -> anyhow::Result<Conn> {
        let refuse = |said: String| refusal::connecting(self, &said);
        match self {
            Self::Sqlite { durable, .. } => {
                let mut conn = self.sqlite("mode=rw")?;
                let sync = if *durable { "FULL" } else { "OFF" };
                // busy_timeout first: the switch to WAL itself needs a lock.
                conn.batch_execute(&format!(
                    "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; \
                     PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000; PRAGMA mmap_size=134217728; \
                     PRAGMA synchronous={sync}; PRAGMA wal_autocheckpoint={LAST_RESORT};"
                ))
                .map_err(|e| refuse(e.to_string()))?;
                if read_only {
                    // There are several, and what they read they find in the mapped file.
                    conn.batch_execute("PRAGMA query_only=ON; PRAGMA cache_size=-4000")?;
                }
                Ok(Conn::Sqlite(conn))
            }
            Self::Postgres { url } => {
                let mut conn =
                    PgConnection::establish(&Self::for_libpq(url)).map_err(|e| refuse(e.to_string()))?;
                conn.batch_execute("SET TIME ZONE 'UTC'; SET client_min_messages = warning")?;
                Ok(Conn::Pg(conn))
            }
        }
    }

    /// Opens one connection that writes nothing of its own.
    pub fn connect_to_look(&self) -> anyhow::Result<Conn> {
        match self {
            Self::Sqlite { .. } => {
                // Not `mode=ro`: such a connection could not clear away the -wal and -shm files when it closes.
                let mut conn = self.sqlite("mode=rw")?;
                conn.batch_execute(
                    "PRAGMA busy_timeout=5000; PRAGMA query_only=ON; PRAGMA temp_store=MEMORY",
                )
                .map_err(|e| refusal::connecting(self, &e.to_string()))?;
                Ok(Conn::Sqlite(conn))
            }
            Self::Postgres { .. } => self.connect(true),
        }
    }

    /// Opens a SQLite file with the parameters of a `file:` URI, and nothing else.
    pub(super) fn sqlite(&self, parameters: &str) -> anyhow::Result<SqliteConnection> {
        let path = self.sqlite_path().context("not a SQLite database")?;
        let name = path.to_str().with_context(|| format!("cannot use {self}: the path is not UTF-8"))?;
        let uri = format!("file:{}?{parameters}", encoded(name));
        SqliteConnection::establish(&uri).map_err(|e| refusal::connecting(self, &e.to_string()))
    }
}

/// A path as it stands in a `file:` URI.
fn encoded(path: &str) -> String {
    // Two slashes at the beginning would name a host.
    let mut text = if path.starts_with("//") { "//".to_owned() } else { String::new() };
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Makes and checks pooled connections.
#[derive(Debug)]
pub struct Manager {
    url: DatabaseUrl,
    read_only: bool,
}

impl Manager {
    /// A manager for `url`.
    pub fn new(url: DatabaseUrl, read_only: bool) -> Self {
        Self { url, read_only }
    }
}

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Conn, Self::Error> {
        self.url.connect(self.read_only).map_err(|e| {
            diesel::r2d2::Error::ConnectionError(diesel::ConnectionError::BadConnection(format!("{e:#}")))
        })
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Self::Error> {
        conn.batch_execute("SELECT 1").map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || diesel::r2d2::R2D2Connection::is_broken(conn)
    }
}

/// Logs what the pool meets in the background.
#[derive(Debug)]
pub(super) struct LogErrors;

impl HandleError<diesel::r2d2::Error> for LogErrors {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        tracing::warn!(%error, "database connection");
    }
}
