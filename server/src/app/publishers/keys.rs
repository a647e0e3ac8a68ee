//! The keys of issuers as all processes share them: read when a token names one that is not known, at most once a
//! minute; what was read stays until other keys are read.

use serde_json::json;

use crate::app::Tx;
use crate::app::openid::Keys;
use crate::config::IssuerConfig;
use crate::error::Result;
use crate::store;
use crate::store::issuers::IssuerRow;
use crate::types::Timestamp;

/// Between two tries, ms.
const PAUSE_MS: i64 = 60_000;
/// Keys older than that are read again when next asked for, so that one that was withdrawn goes, ms.
const OLD_MS: i64 = 60 * 60_000;
/// A try that has not ended after that is not waited for, ms.
const ABANDONED_MS: i64 = 15_000;

/// What is to be done before a token is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: the key is known, or may not be asked for again yet.
    Settled,
    /// The key is known; it would be good to read the keys again.
    Old,
    /// The key is not known: the keys are to be read.
    Lacking,
    /// Somebody reads the keys just now.
    Coming,
}

/// What an issuer published.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Keys; empty if none were ever read.
    pub keys: Keys,
    /// When they were read.
    pub fetched_at: Option<Timestamp>,
    /// Why the last try brought nothing.
    pub error: Option<String>,
    /// The discovery document by which they came.
    pub document: Option<String>,
}

fn keys_of(row: &IssuerRow) -> Keys {
    row.keys.as_deref().and_then(|text| Keys::parse(text.as_bytes()).ok()).unwrap_or_default()
}

/// What an issuer published.
pub fn published(tx: &mut Tx<'_>, issuer: &str) -> Result<Published> {
    let row = store::issuers::of(tx.conn, issuer)?;
    Ok(row.map_or_else(Published::default, |row| Published {
        keys: keys_of(&row),
        fetched_at: row.fetched_at.map(Timestamp),
        error: row.error,
        document: row.document,
    }))
}

/// How it stands with a key of an issuer.
pub fn standing(tx: &mut Tx<'_>, issuer: &str, kid: &str) -> Result<Standing> {
    let Some(row) = store::issuers::of(tx.conn, issuer)? else { return Ok(Standing::Lacking) };
    let since = |at: Option<i64>| at.map_or(i64::MAX, |at| (tx.now.0 - at).abs());
    let due = since(row.tried_at) >= PAUSE_MS;
    let running = row.answered_at != row.tried_at && since(row.tried_at) < ABANDONED_MS;
    Ok(match (keys_of(&row).find(kid).is_some(), due) {
        (true, true) if since(row.fetched_at) >= OLD_MS => Standing::Old,
        (false, true) => Standing::Lacking,
        (false, false) if running => Standing::Coming,
        (true, _) | (false, false) => Standing::Settled,
    })
}

/// Takes the turn to read the keys; none if another process has it, or had it within the minute.
pub fn take_turn(tx: &mut Tx<'_>, issuer: &str) -> Result<Option<Timestamp>> {
    let mine = store::issuers::take_turn(tx.conn, issuer, tx.now.0, PAUSE_MS)?;
    Ok(mine.then_some(tx.now))
}

/// Keeps the end of a turn: keys with the discovery document they came by, or why there are none. Then those that were
/// there stay in force.
pub fn keep(
    tx: &mut Tx<'_>,
    issuer: &IssuerConfig,
    turn: Timestamp,
    ended: &std::result::Result<(Option<serde_json::Value>, Keys), String>,
) -> Result<()> {
    match ended {
        Ok((document, keys)) => {
            let document = document.as_ref().map(serde_json::Value::to_string);
            let text = json!(keys).to_string();
            store::issuers::keep(tx.conn, &issuer.url, document.as_deref(), &text, turn.0)?;
        }
        Err(error) => {
            let error: String = error.chars().take(500).collect();
            store::issuers::failed(tx.conn, &issuer.url, &error, turn.0)?;
        }
    }
    Ok(())
}
