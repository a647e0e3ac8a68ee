//! What a result is known by: the identity of its drill, its idempotency keys, and what it counts as.

use sha2::{Digest, Sha256};

use super::Tx;
use super::drills::RecordDrill;
use crate::error::{Error, FieldError, Result};
use crate::formats::{Format, Reading};
use crate::store::services::ServiceRow;
use crate::types::{DrillKind, Failure, MAX_NAME_BYTES, Outcome, RollbackOutcome, hex};

/// Owner of keys that do not depend on who sends: the same run of the same tool is the same, whoever posts it.
const ANYBODY: &str = "";

/// What is rehearsed and where.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Failure class, if the sender named one.
    pub failure: Option<Failure>,
    /// What was hit; may be empty.
    pub target: String,
    /// Where; may be empty.
    pub environment: String,
}

impl Identity {
    /// The identity a reading names.
    pub fn of(reading: &Reading) -> Result<Self> {
        let mut fields = Vec::new();
        let name = |text: &Option<String>, pointer: &str, fields: &mut Vec<FieldError>| {
            let text = text.as_deref().unwrap_or("").trim().to_owned();
            if text.len() > MAX_NAME_BYTES {
                fields.push(FieldError::new(pointer, format!("longer than {MAX_NAME_BYTES} bytes")));
            }
            text
        };
        let target = name(&reading.target, "/target", &mut fields);
        let environment = name(&reading.environment, "/environment", &mut fields).to_lowercase();
        if !fields.is_empty() {
            return Err(Error::Invalid { fields });
        }
        let failure = reading.failure.as_deref().and_then(Failure::from_loose);
        Ok(Self { failure, target, environment })
    }
}

/// Hash of what makes a repeat the same content.
pub(super) fn content_hash(reading: &Reading, service: &ServiceRow, identity: &Identity) -> String {
    let mut hasher = Sha256::new();
    hasher.update(reading.content_sha256);
    let failure = identity.failure.map_or("", Failure::as_str);
    for part in [service.id.as_str(), failure, &identity.target, &identity.environment] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}

/// The keys a result is known by. A tool's own document is always known by its run or its body, since every
/// webhook sender repeats itself; our own JSON only if its sender gave neither key nor id.
pub(super) fn keys_of(
    tx: &Tx<'_>,
    cmd: &RecordDrill,
    service: &ServiceRow,
    identity: &Identity,
    content: &str,
) -> Vec<(String, String)> {
    let reading = &cmd.reading;
    let mut keys = Vec::new();
    if let Some(key) = &cmd.idempotency_key {
        keys.push((tx.actor.owner.clone(), format!("key:{key}")));
    }
    if let Some(id) = &reading.external_id {
        keys.push((tx.actor.owner.clone(), format!("external:{id}")));
    }
    let own = cmd.format == Format::Drill;
    if own && !keys.is_empty() {
        return keys;
    }
    // One CI run may post several drills: the run id alone is not the result.
    // And a ticket is not one run: a drill may be repeated under it.
    let key = match reading.run_id.as_ref().filter(|run| cmd.ticket.as_ref() != Some(run)) {
        Some(run) => {
            let failure = identity.failure.map_or("", Failure::as_str);
            format!(
                "run:{}:{run}:{}:{failure}:{}:{}",
                reading.tool, service.id, identity.target, identity.environment
            )
        }
        None if own => format!("body:{content}"),
        None => format!("body:{}:{}:{}", reading.tool, service.id, hex(&reading.content_sha256)),
    };
    keys.push((ANYBODY.to_owned(), key));
    keys
}

/// What a result counts as, and why it does not count if it does not.
///
/// For a drill of a rollback the rollback itself is what is rehearsed, so its verdict decides.
pub fn verdict(reading: &Reading, failure: Option<Failure>) -> (Option<Outcome>, Option<String>) {
    let no = |why: &str| (None, Some(why.to_owned()));
    match reading.outcome {
        Outcome::Rehearsal => return no("A rehearsal (dry run) never counts."),
        Outcome::Inconclusive => return (None, Some(reading.reason.clone())),
        Outcome::Passed | Outcome::Failed => {}
    }
    if reading.exploratory {
        return no("An exploratory drill is recorded, never graded.");
    }
    let Some(failure) = failure else {
        return no("The document names no failure class: add ?kind= and ?failure= (see /help/drills).");
    };
    if failure.kind() == DrillKind::Rollback && reading.outcome == Outcome::Passed {
        match reading.rollback.outcome {
            RollbackOutcome::Failed => {
                return (Some(Outcome::Failed), Some("The rollback that was drilled failed.".into()));
            }
            RollbackOutcome::Suspect => {
                return no(
                    "The rollback is said to have worked, but its answer says otherwise: not counted.",
                );
            }
            RollbackOutcome::NotRun => return no("The rollback that was to be drilled did not run."),
            _ => {}
        }
    }
    (Some(reading.outcome), None)
}
