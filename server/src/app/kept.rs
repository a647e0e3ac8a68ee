//! Messages that are not understood yet: kept, redacted and bounded, for their owner to see and for a later reading.

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::Tx;
use super::drills::hints_json;
use super::views::Page;
use crate::error::{Error, Result};
use crate::formats::{Format, Hints};
use crate::store;
use crate::store::kept::KeptRow;
use crate::types::{Timestamp, hex};

/// Messages kept at most; the oldest go first.
pub const MOST: i64 = 500;
/// A longer message is noted, not kept: 500 of these are 32 MB.
const MAX_BYTES: usize = 64 * 1024;

/// A message to keep.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The form it was sent under.
    pub format: Format,
    /// What was said beside it.
    pub hints: Hints,
    /// Why it is not understood.
    pub reason: String,
    /// The message, redacted.
    pub body: String,
}

/// One kept message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeptView {
    /// Id.
    pub id: String,
    /// The form it was sent under.
    pub format: String,
    /// Who sent it.
    pub sender: String,
    /// Why it is not understood.
    pub reason: String,
    /// When it arrived.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// Its size.
    pub bytes: i64,
    /// The message, redacted; empty where it was too large to be kept.
    pub body: String,
}

/// Keeps a message; a repeat is kept once. Gives its id.
pub fn keep(tx: &mut Tx<'_>, message: &Keep) -> Result<String> {
    let mut hasher = Sha256::new();
    for part in [message.format.as_str(), &tx.actor.name, &message.body] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let once = hex(&hasher.finalize());
    if let Some(id) = store::kept::known(tx.conn, &once)? {
        return Ok(id);
    }
    let fits = message.body.len() <= MAX_BYTES;
    let row = KeptRow {
        id: tx.new_id(),
        once,
        format: message.format.as_str().to_owned(),
        hints: hints_json(&message.hints),
        sender: tx.actor.name.clone(),
        reason: message.reason.chars().take(1_000).collect(),
        body: if fits { message.body.clone() } else { String::new() },
        bytes: i64::try_from(message.body.len()).unwrap_or(i64::MAX),
        received_at: tx.now.0,
    };
    store::kept::insert(tx.conn, &row)?;
    let sentence = format!("A message of {} was not understood and is kept.", tx.actor.name);
    let data = json!({ "message": row.id, "format": row.format, "bytes": row.bytes });
    tx.emit("message_kept", None, None, sentence, &data);
    let beyond = store::kept::beyond(tx.conn, MOST, 100)?;
    if !beyond.is_empty() {
        store::kept::delete(tx.conn, &beyond)?;
    }
    Ok(row.id)
}

/// Kept messages, newest first.
pub fn list(tx: &mut Tx<'_>, cursor: Option<&str>, limit: i64) -> Result<Page<KeptView>> {
    let bad = || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
    let cursor = cursor.map(|id| if id.len() <= 64 { Ok(id) } else { Err(bad()) }).transpose()?;
    let mut rows = store::kept::page(tx.conn, cursor, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    let items = rows.into_iter().map(|row| KeptView {
        id: row.id,
        format: row.format,
        sender: row.sender,
        reason: row.reason,
        received_at: Timestamp(row.received_at),
        bytes: row.bytes,
        body: row.body,
    });
    Ok(Page { items: items.collect(), next })
}
