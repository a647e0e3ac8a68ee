//! Sending: a target is claimed, its messages are taken one by one, and each answer is written before the next is sent.

use std::time::Duration;

use super::note::Note;
use super::sealed::Sealed;
use super::{Kind, mail, message, queue, slack, targets, webhook};
use crate::app::Tx;
use crate::error::{Error, Result};
use crate::store;
use crate::store::outbox::{DELIVERED, DeliveryRow, GIVEN_UP, TargetRow};
use crate::types::Timestamp;

/// A claimed target is held for twice the longest answer and so much more before another process may take it over; each
/// answer extends it.
const LEASE: Duration = Duration::from_secs(5);
/// Before each attempt so long is waited after the one before, ms.
const WAITS_MS: [i64; 10] = [
    0,
    5_000,
    5 * 60_000,
    30 * 60_000,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
];
const HOUR_MS: i64 = 3_600_000;
/// Longest wait that an answer may ask for, ms.
const LONGEST_MS: i64 = 24 * HOUR_MS;
/// Slack takes about one message a second.
const SLACK_MS: i64 = 1_000;
/// Longest reason that is kept, characters.
const MAX_WHY: usize = 300;

/// A message to send, and what it was claimed under.
pub struct Job {
    /// The target.
    pub target: String,
    delivery: String,
    owner: String,
    message: Option<Message>,
}

impl Job {
    /// What to send, once.
    pub fn take(&mut self) -> Option<Message> {
        self.message.take()
    }
}

/// What is sent. It holds secrets: it is neither shown nor logged.
pub enum Message {
    /// A signed request.
    Webhook {
        /// Where to.
        url: String,
        /// `webhook-id`.
        id: String,
        /// `webhook-timestamp`, seconds since the epoch.
        at_seconds: i64,
        /// `webhook-signature`.
        signature: String,
        /// The body, as it was signed.
        body: String,
    },
    /// A message to a channel.
    Slack {
        /// Where to.
        url: String,
        /// The body.
        body: String,
    },
    /// A mail.
    Mail {
        /// Recipient.
        to: String,
        /// What makes `Message-ID`, the same on every attempt.
        id: String,
        /// `Date`.
        at: Timestamp,
        /// Address that ends such mail.
        leave: String,
        /// Subject and texts.
        letter: mail::Letter,
    },
}

/// How a message was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status, where there was an answer.
    pub status: Option<u16>,
    /// What is wrong; none: it was taken.
    pub fault: Option<(Fault, String)>,
    /// So long is to be waited at least, ms.
    pub retry_after_ms: Option<i64>,
}

/// What a failed attempt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This message is not taken; others may be.
    Message,
    /// The target is away: everything for it waits.
    Target,
    /// The target is no more, or does not let us in: it is paused.
    Ended,
}

/// Targets to which something is to be sent now, and whether they answered well lately.
pub fn due(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<(String, bool)>> {
    let shared = store::runs::shared_now(tx.conn)?;
    Ok(store::outbox::due(tx.conn, tx.now.0, shared, limit)?)
}

/// Claims a target and takes its first message; none: nothing is due, or another process has it.
pub fn begin(tx: &mut Tx<'_>, target: &str, owner: &str) -> Result<Option<Job>> {
    let Some(mut row) = store::outbox::held(tx.conn, target)? else { return Ok(None) };
    let taken = row.lease_until >= store::runs::shared_now(tx.conn)?;
    if taken || row.paused || row.due_at.is_none_or(|at| at > tx.now.0) {
        return Ok(None);
    }
    owner.clone_into(&mut row.owner);
    let job = next(tx, &mut row)?;
    store::outbox::save(tx.conn, &row)?;
    Ok(job)
}

/// Writes how a message was answered, and takes the next one; none: nothing more is due, or another process has taken the
/// target over: then the answer is not written, and the message is sent once more.
pub fn settle(tx: &mut Tx<'_>, job: &Job, answer: &Answer, jitter: f64) -> Result<Option<Job>> {
    let Some(mut row) = store::outbox::held(tx.conn, &job.target)? else { return Ok(None) };
    let Some(mut delivery) = store::outbox::delivery(tx.conn, &job.delivery)? else { return Ok(None) };
    if row.owner != job.owner || delivery.done_at.is_some() {
        return Ok(None);
    }
    row.tried_at = Some(tx.now.0);
    delivery.attempts += 1;
    delivery.status = answer.status.map(i32::from);
    let go_on = match &answer.fault {
        None => taken(tx, &mut row, &mut delivery)?,
        Some((fault, why)) => {
            let why: String = why.chars().filter(|c| !c.is_control()).take(MAX_WHY).collect();
            delivery.error.clone_from(&why);
            row.error = why;
            failed(tx, &mut row, &mut delivery, *fault, answer.retry_after_ms, jitter)
        }
    };
    store::outbox::save_delivery(tx.conn, &delivery)?;
    let job = if go_on { next(tx, &mut row)? } else { None };
    if job.is_none() {
        release(tx, &mut row)?;
    }
    store::outbox::save(tx.conn, &row)?;
    Ok(job)
}

/// It was taken; gives whether the next one may follow at once.
fn taken(tx: &mut Tx<'_>, row: &mut TargetRow, delivery: &mut DeliveryRow) -> Result<bool> {
    finish(row, delivery, DELIVERED, tx.now);
    delivery.error = String::new();
    row.delivered += 1;
    row.failures = 0;
    row.succeeded_at = Some(tx.now.0);
    row.error = String::new();
    if row.skipped > 0 {
        let note = Note::skipped(&tx.base_url, tx.now, row.skipped);
        let told = message(tx, &row.id, None, &note)?;
        queue(tx, row, std::slice::from_ref(&told))?;
        row.skipped = 0;
    }
    if Kind::from_code(row.kind) == Kind::Slack {
        row.due_at = Some(tx.now.0 + SLACK_MS);
        return Ok(false);
    }
    Ok(!row.paused)
}

/// It was not taken; gives whether the next one may follow at once.
fn failed(
    tx: &mut Tx<'_>,
    row: &mut TargetRow,
    delivery: &mut DeliveryRow,
    fault: Fault,
    retry_after_ms: Option<i64>,
    jitter: f64,
) -> bool {
    let wait = |attempts: i32| {
        let asked = retry_after_ms.unwrap_or(0).clamp(0, LONGEST_MS);
        wait_ms(attempts, jitter).map(|usual| tx.now.0 + usual.max(asked))
    };
    if fault == Fault::Ended {
        delivery.next_at = Some(tx.now.0);
        let why = row.error.clone();
        targets::stop(tx, row, why);
        return false;
    }
    if fault == Fault::Target {
        row.failures += 1;
    }
    let since_then = row.succeeded_at.is_some_and(|at| at >= delivery.created_at);
    let at = wait(delivery.attempts);
    let back = if fault == Fault::Target { wait(row.failures) } else { Some(tx.now.0) };
    match (at, back) {
        (None, Some(_)) if since_then => {
            // The target takes others: this one is the problem.
            finish(row, delivery, GIVEN_UP, tx.now);
            row.failed += 1;
        }
        (None, _) | (_, None) => {
            delivery.next_at = Some(tx.now.0);
            let why = format!(
                "It took no message over the whole schedule of {} attempts. {}",
                WAITS_MS.len(),
                row.error
            );
            targets::stop(tx, row, why);
            return false;
        }
        (Some(at), Some(_)) => delivery.next_at = Some(at),
    }
    if fault == Fault::Target {
        row.due_at = back;
        return false;
    }
    !row.paused
}

fn finish(row: &mut TargetRow, delivery: &mut DeliveryRow, state: i16, now: Timestamp) {
    delivery.state = state;
    delivery.done_at = Some(now.0);
    delivery.next_at = None;
    delivery.body = String::new();
    row.pending = (row.pending - 1).max(0);
}

/// Lets go of a target, and says when it is due again.
fn release(tx: &mut Tx<'_>, row: &mut TargetRow) -> Result<()> {
    row.owner = String::new();
    row.lease_until = 0;
    let waits = store::outbox::next_at(tx.conn, &row.id)?;
    // Not before what was said of the target itself.
    let not_before = row.due_at.filter(|at| *at > tx.now.0);
    row.due_at = waits.map(|at| not_before.map_or(at, |earliest| earliest.max(at)));
    Ok(())
}

/// Takes the next message of a target that is claimed, and holds it for as long as an answer may take.
fn next(tx: &mut Tx<'_>, row: &mut TargetRow) -> Result<Option<Job>> {
    let Some(delivery) = store::outbox::next(tx.conn, &row.id, tx.now.0)? else {
        release(tx, row)?;
        return Ok(None);
    };
    let message = match compose(tx, row, &delivery) {
        Ok(message) => message,
        // It would be the same the next time: somebody has to look.
        Err(error) => {
            let why = match error {
                Error::Conflict { detail } => detail,
                other => {
                    tracing::error!(target_id = row.id, error = ?other, "a message cannot be made");
                    "Its message cannot be made; the log says more.".to_owned()
                }
            };
            targets::stop(tx, row, why);
            return Ok(None);
        }
    };
    let lease = tx.config.notifications.timeout * 2 + LEASE;
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    row.lease_until = store::runs::shared_now(tx.conn)?.saturating_add(lease);
    Ok(Some(Job {
        target: row.id.clone(),
        delivery: delivery.id,
        owner: row.owner.clone(),
        message: Some(message),
    }))
}

fn compose(tx: &Tx<'_>, row: &TargetRow, delivery: &DeliveryRow) -> Result<Message> {
    let sealed = Sealed::open(tx.config, row)?;
    let note: Note = serde_json::from_str(&delivery.body).map_err(anyhow::Error::new)?;
    let id = delivery.message_id.clone();
    Ok(match Kind::from_code(row.kind) {
        Kind::Webhook => {
            let (at_seconds, body) = (tx.now.0.div_euclid(1_000), webhook::body(&note));
            let signature = webhook::signatures(&sealed.signing(tx.now.0), &id, at_seconds, &body);
            let signature = signature.ok_or_else(|| anyhow::anyhow!("a webhook without a secret"))?;
            Message::Webhook { url: sealed.address, id, at_seconds, signature, body }
        }
        Kind::Slack => Message::Slack { url: sealed.address, body: slack::body(&note) },
        Kind::Mail => {
            let key = sealed.leave.unwrap_or_default();
            let leave = format!("{}/unsubscribe/{key}", tx.base_url);
            let letter = mail::letter(&note, &leave);
            Message::Mail { to: sealed.address, id, at: tx.now, leave, letter }
        }
    })
}

/// How long to wait after so many attempts, ms; none: there are no more. `jitter` is -1 to 1, a tenth of the wait.
fn wait_ms(attempts: i32, jitter: f64) -> Option<i64> {
    let usual = WAITS_MS.get(usize::try_from(attempts).ok()?)?;
    Some((*usual as f64 * (1.0 + 0.1 * jitter.clamp(-1.0, 1.0))) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_that_of_standard_webhooks_and_ends() {
        let hours: i64 = WAITS_MS.iter().sum::<i64>() / HOUR_MS;
        assert_eq!(
            (wait_ms(1, 0.0), wait_ms(9, 0.0), wait_ms(10, 0.0)),
            (Some(5_000), Some(24 * HOUR_MS), None)
        );
        assert_eq!((wait_ms(2, 1.0), wait_ms(2, -1.0)), (Some(330_000), Some(270_000)), "not all at once");
        assert!((72..80).contains(&hours), "{hours} h in all");
    }
}
