//! Telling people: webhooks, Slack, mail. What is told at once comes from the event log; the rest is a weekly digest.
//!
//! Nothing is written where results are posted. A position in the log says up to where everything was told: whoever
//! moves it on stores a message for each target that wants an event, in the same transaction. Messages are sent by
//! whichever process holds the target's lease, one after the other, and stay until they were taken: at least once.

mod digest;
pub mod kinds;
mod mail;
mod note;
mod sealed;
mod slack;
mod spread;
mod targets;
mod turns;
mod views;
mod webhook;
mod wish;

pub use digest::{reschedule as reschedule_digests, run_due as digest_due};
pub use mail::Letter;
pub use spread::spread;
pub use targets::{
    AddTarget, ChangeTarget, EXAMPLE, KINDS, Made, change, create, deliveries, leave, leaving, list, one,
    pause, remove, resume, rotate, test,
};
pub use turns::{Answer, Fault, Job, Message, begin, due, settle};
pub use views::{DeliveryView, TargetView};
pub use webhook::signatures;

use crate::app::{App, Tx};
use crate::error::Result;
use crate::store;
pub use crate::store::outbox::Totals;
use crate::store::outbox::{DeliveryRow, TargetRow, WAITS};
use crate::types::{DAY_MS, Timestamp};

/// Targets at most.
const MOST_TARGETS: i64 = 2_000;
/// Messages that wait for one target at most; of more events it is told how many there were.
const BACKLOG: i64 = 500;
/// How long what was sent is kept to be looked at, ms.
const KEPT_MS: i64 = 30 * DAY_MS;

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signed request (Standard Webhooks).
    Webhook,
    /// An incoming webhook of Slack.
    Slack,
    /// Mail to one address.
    Mail,
}

impl Kind {
    const fn code(self) -> i16 {
        match self {
            Self::Webhook => 1,
            Self::Slack => 2,
            Self::Mail => 3,
        }
    }

    fn from_code(code: i16) -> Self {
        match code {
            2 => Self::Slack,
            3 => Self::Mail,
            _ => Self::Webhook,
        }
    }

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Mail => "mail",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Webhook, Self::Slack, Self::Mail].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a target wishes to be told of.
fn wants(row: &TargetRow, word: &str) -> bool {
    serde_json::from_str::<Vec<String>>(&row.wants).unwrap_or_default().iter().any(|w| w == word)
}

/// A message that waits from now on; `message_id` stays the same on every attempt.
fn message(tx: &Tx<'_>, target: &str, message_id: Option<&str>, note: &note::Note) -> Result<DeliveryRow> {
    let id = tx.new_id();
    Ok(DeliveryRow {
        target_id: target.to_owned(),
        message_id: message_id.unwrap_or(&id).to_owned(),
        kind: note.kind.clone(),
        body: serde_json::to_string(note).map_err(anyhow::Error::new)?,
        state: WAITS,
        attempts: 0,
        next_at: Some(tx.now.0),
        status: None,
        error: String::new(),
        created_at: tx.now.0,
        done_at: None,
        id,
    })
}

/// Stores messages for a target that is held, and says that it is due.
fn queue(tx: &mut Tx<'_>, row: &mut TargetRow, messages: &[DeliveryRow]) -> Result<()> {
    let added = store::outbox::add(tx.conn, messages)?;
    row.pending += i64::try_from(added).unwrap_or(0);
    // A target that does not answer is left in peace until its wait is over.
    if added > 0 && (row.failures == 0 || row.due_at.is_none()) {
        row.due_at = Some(row.due_at.map_or(tx.now.0, |at| at.min(tx.now.0)));
    }
    Ok(())
}

/// What all targets together come to.
pub fn totals(tx: &mut Tx<'_>) -> Result<Totals> {
    Ok(store::outbox::totals(tx.conn)?)
}

/// Removes what was sent long ago, in bites of `bite`; gives how many messages.
pub fn sweep(app: &App, bite: usize) -> Result<usize> {
    let (limit, mut gone) = (i64::try_from(bite).unwrap_or(i64::MAX), 0);
    let before = Timestamp(app.clock().now().0 - KEPT_MS);
    loop {
        let part = app.db().write_aside(|conn| Ok(store::outbox::sweep(conn, before.0, limit)?))?;
        gone += part;
        if part < bite {
            return Ok(gone);
        }
    }
}
