//! What the library asks of a database: SQLite, or with `WATERBEAR_TEST_PG` PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and is told of its database by the environment"
)]

mod challenges;
mod ci;
mod claims;
mod hidden;
mod outbox;
mod paths;
mod people;
mod plans;
mod reviews;

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// The address of a new, empty database for the test of this name: a file in `folder`, or one on the test's server.
fn database(test: &str, folder: &Path) -> String {
    let server = std::env::var("WATERBEAR_TEST_PG").unwrap_or_default();
    if server.is_empty() {
        return format!("sqlite:{}", folder.join("test.db").display());
    }
    let name = format!("wb_{test}_{}", std::process::id());
    let mut conn = PgConnection::establish(&server).unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let (head, _) = server.rsplit_once('/').unwrap();
    format!("{head}/{name}")
}
