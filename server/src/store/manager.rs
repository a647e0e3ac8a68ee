//! Connections by URL scheme: never `Conn::establish`, which tries every database in turn and would
//! answer a PostgreSQL that is away with a new, empty SQLite file.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::r2d2::{HandleError, ManageConnection};
use diesel::sqlite::SqliteConnection;

use super::Conn;

/// A checked database URL.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Wait for the disk on each commit. Only the demo's throw-away database does not.
        durable: bool,
    },
    /// `postgres://...`.
    Postgres {
        /// The URL with its password.
        url: String,
    },
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH`, `postgres://...` or `postgresql://...`; every other scheme is an error.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() || path == ":memory:" {
                return Err("`sqlite:` needs a file path, e.g. sqlite:data/waterbear.db".into());
            }
            return Ok(Self::Sqlite { path: PathBuf::from(path), durable: true });
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres { url: text.to_owned() });
        }
        Err("expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE".into())
    }

    /// Makes the folder of a SQLite file.
    pub(super) fn prepare(&self) -> anyhow::Result<()> {
        if let Self::Sqlite { path, .. } = self
            && let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        Ok(())
    }

    /// The SQLite file, if it is one.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite { path, .. } => Some(path),
            Self::Postgres { .. } => None,
        }
    }

    /// Opens one connection and sets it up.
    pub fn connect(&self, read_only: bool) -> anyhow::Result<Conn> {
        match self {
            Self::Sqlite { path, durable } => {
                let name = path.to_str().context("the SQLite path is not UTF-8")?;
                if path.is_dir() {
                    bail!("{name} is a folder, not a SQLite file");
                }
                let mut conn = SqliteConnection::establish(name)
                    .with_context(|| format!("cannot open the SQLite file {name}"))?;
                let sync = if *durable { "FULL" } else { "OFF" };
                // busy_timeout first: the switch to WAL itself needs a lock.
                conn.batch_execute(&format!(
                    "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; \
                     PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000; PRAGMA mmap_size=134217728; \
                     PRAGMA synchronous={sync};"
                ))
                .with_context(|| format!("cannot set up the SQLite file {name}"))?;
                if !durable {
                    conn.batch_execute("PRAGMA wal_autocheckpoint=20000")?;
                }
                if read_only {
                    conn.batch_execute("PRAGMA query_only=ON")?;
                }
                Ok(Conn::Sqlite(conn))
            }
            Self::Postgres { url } => {
                let mut conn =
                    PgConnection::establish(url).map_err(|e| anyhow::anyhow!("cannot reach {self}: {e}"))?;
                conn.batch_execute("SET TIME ZONE 'UTC'; SET client_min_messages = warning")?;
                Ok(Conn::Pg(conn))
            }
        }
    }
}

impl fmt::Display for DatabaseUrl {
    /// The URL without its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => write!(f, "sqlite:{}", path.display()),
            Self::Postgres { url } => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let shown = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                let shown = shown.split('?').next().unwrap_or(shown);
                write!(f, "{scheme}://{shown}")
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
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
