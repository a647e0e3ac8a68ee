//! What operation asks: is the database there and of our schema, how much has been recorded.

use super::Tx;
use crate::error::{Error, Result};
use crate::store::{self, SchemaState};
use crate::types::Outcome;

/// Ready to serve: the database answers and its schema is ours.
pub fn ready(tx: &mut Tx<'_>) -> Result<()> {
    let detail = match store::schema_state(tx.conn)? {
        SchemaState::Current => return Ok(()),
        SchemaState::Behind | SchemaState::Foreign(_) => "Migrations are pending.".to_owned(),
        SchemaState::Newer(version) => {
            format!("The database was written by a newer version (migration {version}).")
        }
    };
    Err(Error::Unavailable { detail, retry_after_seconds: 10 })
}

/// Drills recorded, by outcome.
pub fn drill_counts(tx: &mut Tx<'_>) -> Result<Vec<(Outcome, i64)>> {
    let rows = store::drills::count_by_outcome(tx.conn)?;
    Ok(rows.into_iter().filter_map(|(code, n)| Outcome::from_code(code).map(|o| (o, n))).collect())
}
