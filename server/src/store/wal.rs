//! Copies SQLite's write-ahead log into the database beside the writers, so that no commit waits for it.
//!
//! Left to itself, SQLite lets the commit that fills the log do the copying, and whoever shares that commit waits.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{Conn, DatabaseUrl};

/// Pages after which a commit copies the log itself, should nobody else do it (128 MB).
pub(super) const LAST_RESORT: u32 = 32_768;
/// Pages from which the log is begun anew once it has been copied (32 MB).
const LONG: i64 = 8_192;
/// How long, in ms, writers may be held up for readers that still need the old log.
const PATIENCE_MS: u32 = 20;

/// A connection kept for the copying.
pub struct Copier {
    url: DatabaseUrl,
    conn: Option<Conn>,
}

#[derive(QueryableByName)]
struct Copied {
    /// Pages in the log.
    #[diesel(sql_type = BigInt)]
    log: i64,
}

impl Copier {
    /// For the database at `url`; nothing to do on PostgreSQL, which has a process for it.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, conn: None }
    }

    /// Copies what has been committed, and begins the log anew when it is long.
    ///
    /// # Errors
    ///
    /// When the database cannot be written; it is tried again at the next call, and commits go on.
    pub fn copy(&mut self) -> anyhow::Result<()> {
        if self.url.sqlite_path().is_none() {
            return Ok(());
        }
        let conn = match &mut self.conn {
            Some(conn) => conn,
            slot => {
                let conn = slot.insert(self.url.connect(false)?);
                conn.batch_execute(&format!("PRAGMA busy_timeout={PATIENCE_MS}"))?;
                conn
            }
        };
        let done = pass(conn);
        if done.is_err() {
            self.conn = None;
        }
        done
    }
}

fn pass(conn: &mut Conn) -> anyhow::Result<()> {
    if run(conn, "PASSIVE")? < LONG {
        return Ok(());
    }
    // What came in meanwhile: the last pass stops the writers, and should find next to nothing to copy.
    run(conn, "PASSIVE")?;
    run(conn, "RESTART")?;
    Ok(())
}

fn run(conn: &mut Conn, mode: &str) -> anyhow::Result<i64> {
    Ok(diesel::sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result::<Copied>(conn)?.log)
}
