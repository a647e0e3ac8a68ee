//! What became of the rollbacks a journal declares: a "succeeded" of the tool is not yet one.

use serde_json::Value;

use super::super::RollbackReading;
use super::journal::{Dry, Journal, Went, contrary_answer, micros, name_of, went};
use crate::types::RollbackOutcome;

/// Judges the rollbacks; the worst of them speaks for all.
pub(super) fn read(journal: &Journal<'_>) -> RollbackReading {
    let declared = journal.declared("rollbacks").len();
    let ran = journal.runs("rollbacks");
    let (outcome, reason) = judge(journal.dry(), declared, ran);
    let tested = !matches!(outcome, RollbackOutcome::NotTested | RollbackOutcome::NoneDeclared);
    RollbackReading { outcome, reason, seconds: if tested { seconds(ran) } else { None } }
}

fn judge(dry: Dry, declared: usize, ran: &[Value]) -> (RollbackOutcome, String) {
    if dry == Dry::Rehearsal {
        return (RollbackOutcome::NotTested, "It was a dry run.".to_owned());
    }
    if ran.is_empty() {
        return if declared == 0 {
            (RollbackOutcome::NoneDeclared, "The experiment declares no rollback.".to_owned())
        } else {
            (RollbackOutcome::NotRun, format!("None of the {declared} declared rollbacks ran."))
        };
    }
    if let Some(failed) = ran.iter().find(|run| went(run) == Went::Failed) {
        return (RollbackOutcome::Failed, format!("The rollback `{}` failed.", name_of(failed)));
    }
    if ran.len() < declared {
        return (
            RollbackOutcome::NotRun,
            format!("Only {} of {declared} declared rollbacks ran.", ran.len()),
        );
    }
    let suspect = ran.iter().find_map(|run| doubt(run).map(|why| (name_of(run), why)));
    match suspect {
        Some((name, why)) => {
            (RollbackOutcome::Suspect, format!("The rollback `{name}` is said to have succeeded, but {why}."))
        }
        None => (RollbackOutcome::Succeeded, format!("All rollbacks that ran ({}) succeeded.", ran.len())),
    }
}

/// What speaks against a rollback that did not fail outright.
fn doubt(run: &Value) -> Option<String> {
    if went(run) == Went::Unfinished {
        return Some("its end was never recorded".to_owned());
    }
    if run.get("tolerance_met").and_then(Value::as_bool) == Some(false) {
        return Some("what it checked was not within tolerance".to_owned());
    }
    contrary_answer(run)
}

/// From the start of the first rollback to the end of the last.
fn seconds(ran: &[Value]) -> Option<f64> {
    let time = |run: &Value, key: &str| run.get(key).and_then(Value::as_str).and_then(micros);
    let first = ran.iter().filter_map(|run| time(run, "start")).min()?;
    let last = ran.iter().filter_map(|run| time(run, "end")).max()?;
    (last >= first).then(|| (last - first) as f64 / 1e6)
}
