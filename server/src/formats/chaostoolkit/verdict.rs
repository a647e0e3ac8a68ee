//! What a journal proves: neither `status` nor `deviated` says it alone.

use super::journal::{Dry, Journal, Went, contrary_answer, name_of, went};
use crate::types::Outcome;

/// The outcome and the sentence that says why.
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) reason: String,
}

impl Verdict {
    fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { outcome, reason: reason.into() }
    }

    fn unproven(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Inconclusive, reason)
    }
}

/// How the injection of the fault went.
enum Fault {
    /// No action ran.
    None,
    /// Every action that ran failed.
    AllFailed(String),
    /// Some action failed, or answered that it did.
    InDoubt(String),
    Injected,
}

/// Judges the outcome.
pub(super) fn outcome(journal: &Journal<'_>) -> Verdict {
    let dry = journal.dry();
    if dry == Dry::Rehearsal {
        return Verdict::new(
            Outcome::Rehearsal,
            "It was a dry run: faults or checks were left out, so it never counts.",
        );
    }
    if journal.check("before") == Some(false) {
        return Verdict::unproven("The steady state was not met before the fault, so the drill never ran.");
    }
    let fault = fault(journal);
    if let Some(broken) = broken_hypothesis(journal) {
        return match fault {
            Fault::AllFailed(why) => {
                Verdict::unproven(format!("{broken} But the fault was never injected: {why}"))
            }
            _ if dry == Dry::Pause => Verdict::new(
                Outcome::Failed,
                format!("{broken} Only the pauses were dry, so the failure counts."),
            ),
            _ => Verdict::new(Outcome::Failed, broken),
        };
    }
    if let Some(reason) = stopped(journal) {
        return Verdict::unproven(reason);
    }
    match fault {
        Fault::AllFailed(why) | Fault::InDoubt(why) => {
            return Verdict::unproven(format!("The fault was not injected: {why}"));
        }
        Fault::None | Fault::Injected => {}
    }
    unchecked(journal, &fault).unwrap_or_else(|| held(dry))
}

/// The drill ended well.
fn held(dry: Dry) -> Verdict {
    if dry == Dry::Pause {
        let reason = "The steady state held, but the pauses were dry: such a pass does not count.";
        return Verdict::new(Outcome::Rehearsal, reason);
    }
    Verdict::new(Outcome::Passed, "The fault went in, and the steady state held whenever it was checked.")
}

/// Why nothing was proven although nothing went wrong.
fn unchecked(journal: &Journal<'_>, fault: &Fault) -> Option<Verdict> {
    let after = journal.check("after");
    let before = journal.check("before");
    let reason = if journal.hypothesis().is_none() && before.is_none() && after.is_none() {
        "There is no steady-state hypothesis: nothing was verified."
    } else if matches!(fault, Fault::None) {
        "No action ran: no fault was injected."
    } else if after.is_none() {
        "The steady state was never checked after the fault."
    } else if journal.text("status") != Some("completed") {
        "The journal does not say that the run was completed."
    } else {
        return None;
    };
    Some(Verdict::unproven(reason))
}

/// The sentence for a hypothesis that broke, while the fault was on or after it.
fn broken_hypothesis(journal: &Journal<'_>) -> Option<String> {
    let during = journal.during().filter(|check| check.met == Some(false)).count();
    if during > 0 {
        let all = journal.during().count();
        return Some(format!("The steady state broke while the fault was on ({during} of {all} checks)."));
    }
    if journal.check("after") == Some(false) {
        return Some("The steady state was not met after the fault.".to_owned());
    }
    journal.deviated().then(|| "The tool reported that the steady state deviated.".to_owned())
}

/// Why the run did not come to its end.
fn stopped(journal: &Journal<'_>) -> Option<&'static str> {
    match journal.text("status") {
        Some("interrupted") => Some("It was stopped from outside before it ended."),
        Some("aborted") => Some("The experiment itself broke before it ended."),
        Some("failed") => Some("The run failed before it could prove anything."),
        _ => None,
    }
}

/// Whether the fault went in. Probes among the method only observe: a failed one decides nothing.
fn fault(journal: &Journal<'_>) -> Fault {
    let actions: Vec<_> = journal.runs("run").iter().filter(|run| journal.is_action(run)).collect();
    let failed: Vec<_> = actions.iter().filter(|run| went(run) == Went::Failed).collect();
    if let Some(first) = failed.first() {
        let why = format!("the action `{}` failed.", name_of(first));
        return if failed.len() == actions.len() { Fault::AllFailed(why) } else { Fault::InDoubt(why) };
    }
    let contrary = actions.iter().find_map(|run| contrary_answer(run).map(|answer| (name_of(run), answer)));
    match contrary {
        Some((name, answer)) => {
            Fault::InDoubt(format!("the action `{name}` says it succeeded, but {answer}."))
        }
        None if actions.is_empty() => Fault::None,
        None => Fault::Injected,
    }
}
