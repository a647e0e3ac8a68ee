//! Whether anybody wrote to the database since the last look, this process or another.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{Conn, DatabaseUrl};

/// A connection kept for looking, and what was seen last.
pub struct Watch {
    url: DatabaseUrl,
    conn: Option<Conn>,
    seen: Option<String>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

#[derive(QueryableByName)]
struct Snapshot {
    #[diesel(sql_type = Text)]
    snapshot: String,
}

impl Watch {
    /// Has seen nothing yet.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, conn: None, seen: None }
    }

    /// True when something was committed since the last look, at the first look, and while nothing can be seen.
    pub fn changed(&mut self) -> bool {
        match self.look() {
            Ok(now) => {
                let same = self.seen.as_ref() == Some(&now);
                self.seen = Some(now);
                !same
            }
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "looking for writes of others");
                (self.conn, self.seen) = (None, None);
                true
            }
        }
    }

    fn look(&mut self) -> anyhow::Result<String> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            slot => slot.insert(self.url.connect(true)?),
        };
        Ok(match conn {
            // Counts the commits of every connection but this one, which never writes.
            Conn::Sqlite(c) => {
                diesel::sql_query("PRAGMA data_version").get_result::<Version>(c)?.data_version.to_string()
            }
            // Which transactions a read sees: another text whenever one that wrote has ended.
            Conn::Pg(c) => {
                diesel::sql_query("SELECT CAST(pg_current_snapshot() AS text) AS snapshot")
                    .get_result::<Snapshot>(c)?
                    .snapshot
            }
        })
    }
}
