//! The database: connection enum, pools, the read and write doors, embedded migrations.

pub mod alerts;
pub mod audit;
pub mod awards;
pub mod backup;
pub mod boards;
pub mod books;
pub mod catalog;
pub mod challenges;
pub mod degraders;
pub mod deployments;
pub mod drills;
pub mod events;
pub mod evidence;
pub mod facts;
pub mod fleet;
pub mod flows;
pub mod gate;
pub mod grades;
pub mod issuers;
pub mod kept;
pub mod limits;
pub mod lock;
pub mod log;
mod manager;
mod migrations;
pub mod outbox;
pub mod people;
pub mod publishers;
mod refusal;
pub mod restore;
pub mod retention;
pub mod reviews;
pub mod rollups;
pub mod runs;
pub mod schema;
pub mod seasons;
pub mod services;
pub mod sessions;
pub mod sharing;
pub mod signing;
mod tables;
pub mod telemetry;
pub mod tickets;
pub mod tokens;
pub mod trail;
pub mod transfer;
mod url;
pub mod veil;
pub mod wal;
pub mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::r2d2::{Pool, PooledConnection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sqlite::SqliteConnection;

use gate::{Gate, Turn};
pub use manager::Manager;
pub use migrations::{SchemaState, migrate, require_current, schema_state};
pub use url::DatabaseUrl;

use crate::error::{Error, Result};

/// How long a request waits for a connection before it is told to come back.
const POOL_WAIT: Duration = Duration::from_secs(5);

/// Connections that read at once.
const READERS: u32 = 8;
/// Callers that wait for a turn at most, unless the settings say otherwise.
const WAITING: usize = 1_024;

/// Rows a multi-row statement carries at most: below SQLite's 32,766 bind variables for every table here.
pub const CHUNK_ROWS: usize = 500;

// Rows found by a unique key are read with `get_result`, not `first`: `first` binds `LIMIT ?`, and SQLite plans a
// statement anew each time a bound limit changes hands, which costs more than the read itself.

/// One connection to whichever database the URL names.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// PostgreSQL.
    Pg(PgConnection),
    /// SQLite, embedded.
    Sqlite(SqliteConnection),
}

/// Runs a statement that `Conn` itself cannot express (upsert, batch insert) on the concrete connection.
macro_rules! each {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::store::Conn::Pg($c) => $body,
            $crate::store::Conn::Sqlite($c) => $body,
        }
    };
}
pub(crate) use each;

/// Inserts rows: one by a statement that stays prepared, a list in chunks, prepared anew for each length.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let (conn, rows) = (&mut *$conn, &$rows[..]);
        if let [row] = rows {
            diesel::insert_into($table).values(row).execute(conn).map(|_| ())
        } else {
            rows.chunks($crate::store::CHUNK_ROWS).try_for_each(|chunk| {
                $crate::store::each!(conn, c => diesel::insert_into($table).values(chunk).execute(c)).map(|_| ())
            })
        }
    }};
}
pub(crate) use insert_rows;

/// Reads that back a list are cut to this many rows whatever the caller asks for.
pub const MAX_PAGE: i64 = 500;

/// The two doors to the database.
#[derive(Clone)]
pub struct Db {
    readers: Pool<Manager>,
    writers: Pool<Manager>,
    url: DatabaseUrl,
    reading: Arc<Gate>,
    writing: Arc<Gate>,
    generation: Arc<AtomicU64>,
}

impl Db {
    /// Opens the pools; creates a SQLite file (and its folder) that is not there yet.
    pub fn open(url: &DatabaseUrl) -> anyhow::Result<Self> {
        url.prepare()?;
        migrations::refuse_foreign(url)?;
        let writers = match url {
            DatabaseUrl::Sqlite { .. } => 1,
            DatabaseUrl::Postgres { .. } => 8,
        };
        let pool = |size, read_only| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                .connection_timeout(POOL_WAIT)
                .test_on_check_out(matches!(url, DatabaseUrl::Postgres { .. }))
                .error_handler(Box::new(manager::LogErrors))
                .build(Manager::new(url.clone(), read_only))
        };
        // A first connection by hand keeps the driver's own message, which the pool would hide behind a time-out.
        url.connect(false)?;
        Ok(Self {
            writers: pool(writers, false)?,
            readers: pool(READERS, true)?,
            url: url.clone(),
            reading: Arc::new(Gate::new(READERS as usize, WAITING)),
            writing: Arc::new(Gate::new(writers as usize, WAITING)),
            generation: Arc::new(AtomicU64::new(0)),
        })
    }

    /// Callers that may wait for a read, and as many for a write.
    pub fn limit_waiting(&self, most: usize) {
        self.reading.limit(most);
        self.writing.limit(most);
    }

    /// A turn to read, to be taken before a thread is.
    pub async fn turn_to_read(&self) -> Result<Turn> {
        self.reading.enter().await
    }

    /// A turn to write, to be taken before a thread is.
    pub async fn turn_to_write(&self) -> Result<Turn> {
        self.writing.enter().await
    }

    /// Counts what this process committed: what was read at one generation holds until the next.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// A watch for what others write.
    pub fn watch(&self) -> watch::Watch {
        watch::Watch::new(self.url.clone())
    }

    /// What copies the log of SQLite.
    pub fn copier(&self) -> wal::Copier {
        wal::Copier::new(self.url.clone())
    }

    /// Ends the generation: something else than a write of this process changed what reads give.
    pub fn end_generation(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Where this database is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Runs `f` in one read-only transaction: every query sees the same state.
    pub fn read<T>(&self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = take(&self.readers)?;
        begin(&mut conn, false)?;
        finish(&mut conn, f)
    }

    /// Runs `f` in one write transaction; an error rolls everything back.
    pub fn write<T>(&self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = take(&self.writers)?;
        begin(&mut conn, true)?;
        let mut tried = false;
        let done = finish(&mut conn, |conn| {
            let value = f(conn)?;
            tried = true;
            Ok(value)
        });
        // Also after a commit that failed: whether it took effect is not known then.
        if tried {
            self.end_generation();
        }
        done
    }

    /// [`Db::write`] of what no answer shows: kept answers stay good.
    pub fn write_aside<T>(&self, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = take(&self.writers)?;
        begin(&mut conn, true)?;
        finish(&mut conn, f)
    }

    /// Runs `f` outside any transaction, on a connection of its own (backup, migrations).
    pub fn plain<T>(&self, f: impl FnOnce(&mut Conn) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut conn = self.url.connect(false)?;
        f(&mut conn)
    }

    /// Lets SQLite tidy its statistics and its log; harmless on PostgreSQL.
    pub fn checkpoint(&self) {
        let done = self.plain(|conn| match conn {
            Conn::Sqlite(c) => Ok(diesel::connection::SimpleConnection::batch_execute(
                c,
                "PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)",
            )?),
            Conn::Pg(_) => Ok(()),
        });
        if let Err(error) = done {
            tracing::warn!(%error, "checkpoint failed");
        }
    }
}

fn take(pool: &Pool<Manager>) -> Result<PooledConnection<Manager>> {
    pool.get().map_err(|error| {
        tracing::warn!(%error, "no database connection");
        Error::Unavailable {
            detail: "The database does not answer; nothing was stored. Try again.".into(),
            retry_after_seconds: 2,
        }
    })
}

fn begin(conn: &mut Conn, write: bool) -> Result<()> {
    match conn {
        Conn::Sqlite(c) => {
            let sql = if write { "BEGIN IMMEDIATE" } else { "BEGIN" };
            AnsiTransactionManager::begin_transaction_sql(c, sql)?;
        }
        Conn::Pg(c) => {
            let sql = if write { "BEGIN" } else { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" };
            AnsiTransactionManager::begin_transaction_sql(c, sql)?;
        }
    }
    Ok(())
}

fn finish<T>(conn: &mut Conn, f: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    match f(conn) {
        Ok(value) => {
            each!(conn, c => AnsiTransactionManager::commit_transaction(c))?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = each!(conn, c => AnsiTransactionManager::rollback_transaction(c)) {
                tracing::warn!(%rollback, "rollback failed");
            }
            Err(error)
        }
    }
}

/// Runs `f` in one read-only transaction on a connection of its own, which changes no setting of the database.
pub fn look<T>(url: &DatabaseUrl, f: impl FnOnce(&mut Conn) -> Result<T>) -> anyhow::Result<T> {
    let mut conn = url.connect_to_look()?;
    begin(&mut conn, false).and_then(|()| finish(&mut conn, f)).map_err(Error::into_anyhow)
}

impl From<DieselError> for Error {
    /// A full disk, a read-only file, a lost connection: "try again" (503). All else is a defect.
    fn from(error: DieselError) -> Self {
        let text = error.to_string();
        let passing = [
            "disk is full",
            "disk I/O error",
            "readonly database",
            "unable to open database",
            "database is locked",
            "server closed the connection",
            "connection to server",
            "terminating connection",
            "could not extend file",
            "deadlock detected",
            "could not serialize",
            "no connection to the server",
        ];
        let closed = matches!(error, DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _));
        if closed || passing.iter().any(|p| text.contains(p)) {
            tracing::error!(error = %text, "the database cannot take this now");
            let detail = if text.contains("full") {
                "The disk of the database is full; nothing was stored."
            } else if text.contains("readonly") {
                "The database is read-only; nothing was stored."
            } else {
                "The database cannot take this now; nothing was stored. Try again."
            };
            return Self::Unavailable { detail: detail.into(), retry_after_seconds: 5 };
        }
        if matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) {
            let detail = "The same was stored by another request at this moment. Send it again.";
            return Self::Conflict { detail: detail.into() };
        }
        Self::Internal(anyhow::Error::new(error).context("database"))
    }
}
