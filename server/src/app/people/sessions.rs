//! Sessions: opaque to the browser, hashed in the database, shared by all processes on it.
//!
//! A session ends when it was not used for a while, at its absolute end, when its person signs out or is disabled, and
//! when what the person may do changes: whoever signs in again gets a new one.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::{Tx, person_of};
use crate::app::Actor;
use crate::app::actor::Credential;
use crate::app::tokens::{Verified, hash};
use crate::error::{Error, Result};
use crate::store;
use crate::store::people::UserRow;
use crate::store::sessions::SessionRow;
use crate::types::{Timestamp, random_text};

/// How often a use is noted, ms.
const TOUCH_MS: i64 = 60_000;
/// As much of what a browser calls itself as is kept, characters.
const AGENT_CHARS: usize = 200;

/// A session as its person sees it.
#[derive(Clone, Debug, Serialize)]
pub struct SessionView {
    /// Id under which it can be ended.
    pub id: String,
    /// Began.
    pub created_at: Timestamp,
    /// Last used, to a minute.
    pub used_at: Timestamp,
    /// Ends at the latest.
    pub ends_at: Timestamp,
    /// Address it began from.
    pub address: Option<String>,
    /// What the browser called itself.
    pub agent: Option<String>,
}

/// Begins a session of an account; gives the text for the browser, which is kept nowhere else.
///
/// # Errors
///
/// [`Error::Forbidden`] when the account is disabled.
pub fn begin(tx: &mut Tx<'_>, user_id: &str, how: &str, agent: Option<&str>) -> Result<String> {
    let mut user =
        store::people::by_id(tx.conn, user_id)?.ok_or_else(|| Error::not_found("account", user_id))?;
    if user.disabled_at.is_some() {
        return Err(Error::Forbidden { detail: "This account is disabled.".to_owned() });
    }
    store::sessions::sweep(tx.conn, tx.now.0)?;
    let text = random_text::<32>()?;
    let row = SessionRow {
        sha256: hash(&text),
        id: tx.new_id(),
        user_id: user.id.clone(),
        created_at: tx.now.0,
        used_at: tx.now.0,
        ends_at: tx.now.0 + tx.config.sign_in.absolute_ms(),
        address: tx.actor.origin.address.clone(),
        agent: agent.map(|a| a.chars().filter(|c| !c.is_control()).take(AGENT_CHARS).collect()),
    };
    store::sessions::insert(tx.conn, &row)?;
    user.signed_in_at = Some(tx.now.0);
    store::people::update(tx.conn, &user)?;
    let data = json!({ "account": user.id, "session": row.id, "how": how });
    let person = Arc::new(person_of(tx, &user)?);
    let actor = Actor::person(person, Credential::Session(row.id)).calling_from(Arc::clone(&tx.actor.origin));
    tx.acting(&actor, |tx| {
        tx.emit("account_signed_in", None, None, format!("{} signed in.", user.name), &data);
    });
    Ok(text)
}

/// Finds the person behind what a browser holds.
///
/// # Errors
///
/// [`Error::Unauthenticated`] when the session is unknown or over.
pub fn authenticate(tx: &mut Tx<'_>, text: &str) -> Result<Verified> {
    let over = || Error::Unauthenticated { detail: "You are signed out. Sign in again.".to_owned() };
    let (session, user) = store::sessions::by_hash(tx.conn, &hash(text))?.ok_or_else(over)?;
    let idle_end = session.used_at + tx.config.sign_in.idle_ms();
    let end = session.ends_at.min(idle_end);
    if end <= tx.now.0 || user.disabled_at.is_some() {
        return Err(over());
    }
    let worth = session.used_at + TOUCH_MS < tx.now.0;
    let person = Arc::new(person_of(tx, &user)?);
    Ok(Verified {
        actor: Actor::person(person, Credential::Session(session.id)),
        expires_at: Some(Timestamp(end)),
        worth_noting: worth.then_some(session.sha256),
    })
}

/// Notes a use of the session with this hash.
pub fn touch(tx: &mut Tx<'_>, sha256: &str) -> Result<()> {
    store::sessions::touch(tx.conn, sha256, tx.now.0)?;
    Ok(())
}

/// Ends the session that a browser holds.
pub fn end(tx: &mut Tx<'_>, text: &str) -> Result<()> {
    if store::sessions::end(tx.conn, &hash(text))? > 0 {
        let sentence = format!("{} signed out.", tx.actor.name);
        tx.emit("account_signed_out", None, None, sentence, &json!({}));
    }
    Ok(())
}

/// Ends sessions of an account: the one with this id, or all.
pub fn end_of(tx: &mut Tx<'_>, user: &UserRow, id: Option<&str>) -> Result<usize> {
    let ended = store::sessions::end_of_user(tx.conn, &user.id, id)?;
    if ended > 0 {
        let sentence = format!("Sessions of {} were ended.", user.name);
        let data = json!({ "account": user.id, "ended": ended });
        tx.emit("account_sessions_ended", None, None, sentence, &data);
    }
    Ok(ended)
}

/// The sessions of an account, newest first.
pub fn list(tx: &mut Tx<'_>, user_id: &str) -> Result<Vec<SessionView>> {
    let idle = tx.config.sign_in.idle_ms();
    let now = tx.now.0;
    let rows = store::sessions::of_user(tx.conn, user_id)?;
    let alive = rows.into_iter().filter(|row| row.ends_at.min(row.used_at + idle) > now);
    Ok(alive
        .map(|row| SessionView {
            id: row.id,
            created_at: Timestamp(row.created_at),
            used_at: Timestamp(row.used_at),
            ends_at: Timestamp(row.ends_at),
            address: row.address,
            agent: row.agent,
        })
        .collect())
}
