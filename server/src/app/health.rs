//! What operation asks: is the database there, and of our schema?

use super::Tx;
use crate::error::{Error, Result};
use crate::store::{self, SchemaState};

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
