//! LitmusChaos: the ChaosResult (`litmuschaos.io/v1alpha1`) as `kubectl get chaosresult -o json` prints it.
//!
//! The engine writes verdict Pass and "100" also where no probe ran at all: only probes say something of the service.

use serde_json::{Value, json};

use super::engine::{self, Story, faults, list, text};
use super::redact::shown;
use super::{Hints, Read, RollbackReading, json as form};
use crate::error::Error;
use crate::types::{Outcome, RollbackOutcome};

/// Reads one ChaosResult.
pub(super) fn read(body: &str, hints: &Hints) -> Result<Read, Error> {
    let document = form::parse(body)?;
    engine::require_object(&document, "a ChaosResult")?;
    if let Some(kind) = text(&document, "/kind").filter(|kind| *kind != "ChaosResult") {
        let detail =
            format!("this is a `{}`; post what `kubectl get chaosresult NAME -o json` prints", shown(kind));
        return Err(Error::invalid("/kind", detail));
    }
    let Some(status) = document.get("status").filter(|s| s.get("experimentStatus").is_some()) else {
        let named = text(&document, "/kind").is_some();
        return if named {
            Ok(Read::Ignored { reason: "The ChaosResult has no status yet: the run has not begun.".into() })
        } else {
            Err(Error::invalid("/status/experimentStatus", "is missing: this is no ChaosResult"))
        };
    };
    let phase = text(status, "/experimentStatus/phase").unwrap_or_default();
    let verdict = text(status, "/experimentStatus/verdict").unwrap_or_default();
    if phase.eq_ignore_ascii_case("running") || verdict.eq_ignore_ascii_case("awaited") || verdict.is_empty()
    {
        let reason = "The run has not ended (verdict Awaited); post its result when it has.".to_owned();
        return Ok(Read::Ignored { reason });
    }
    let probes = Probes::of(list(status, "/probeStatuses"));
    let (outcome, reason) = judge(status, phase, verdict, &probes);
    let mut story = Story::new("litmus", outcome, reason);
    story.rollback = Some(reverted(status, verdict));
    for place in ["labels", "annotations"] {
        let at = format!("/metadata/{place}");
        story.labels.take(document.pointer(&at), &at, false);
    }
    let experiment = text(&document, "/spec/experiment");
    story.failure = experiment.and_then(faults::of_name);
    story.title = text(&document, "/metadata/name").or(experiment).map(str::to_owned);
    story.run_id = text(&document, "/metadata/uid").map(|uid| {
        // The object is used again for the next run, and a run that ended in an error is not in its history.
        let runs =
            |name: &str| status.pointer(&format!("/history/{name}")).and_then(Value::as_i64).unwrap_or(0);
        format!(
            "{uid}/{}-{}-{}/{verdict}/{}",
            runs("passedRuns"),
            runs("failedRuns"),
            runs("stoppedRuns"),
            probes.all()
        )
    });
    story.content = Some(json!({
        "uid": document.pointer("/metadata/uid"), "name": document.pointer("/metadata/name"),
        "spec": document.get("spec"), "status": status,
    }));
    story.read(&document, hints).map(|reading| Read::Drill(Box::new(reading)))
}

/// Probes by their verdict.
#[derive(Default)]
struct Probes {
    passed: usize,
    failed: usize,
    /// Failed before the fault went in: the service was not well to begin with.
    failed_before: usize,
    silent: usize,
    first_failed: Option<String>,
}

impl Probes {
    fn of(probes: &[Value]) -> Self {
        let mut all = Self::default();
        for probe in probes {
            let status = probe.get("status");
            // Before 3.0 the status was a map of phases; its texts say the same.
            let words: Vec<&str> = match status {
                Some(Value::Object(map)) => match map.get("verdict") {
                    Some(verdict) => verdict.as_str().into_iter().collect(),
                    None => map.values().filter_map(Value::as_str).collect(),
                },
                Some(Value::String(text)) => vec![text],
                _ => Vec::new(),
            };
            let says = |word: &str| words.iter().any(|text| text.to_ascii_lowercase().starts_with(word));
            if says("failed") || says("better luck") {
                let before = text(probe, "/mode").is_some_and(|mode| mode.eq_ignore_ascii_case("sot"));
                all.failed_before += usize::from(before);
                all.failed += usize::from(!before);
                let name = text(probe, "/name").unwrap_or("unnamed");
                let why = text(probe, "/status/description").map(|w| format!(": {}", shown(w)));
                all.first_failed
                    .get_or_insert_with(|| format!("`{}`{}", shown(name), why.unwrap_or_default()));
            } else if says("passed") {
                all.passed += 1;
            } else {
                all.silent += 1;
            }
        }
        all
    }

    const fn all(&self) -> usize {
        self.passed + self.failed + self.failed_before + self.silent
    }
}

fn judge(status: &Value, phase: &str, verdict: &str, probes: &Probes) -> (Outcome, String) {
    let all = probes.all();
    let first = probes.first_failed.as_deref().unwrap_or_default();
    let error = verdict.eq_ignore_ascii_case("error") || phase.eq_ignore_ascii_case("error");
    if probes.failed > 0 && !error {
        return (Outcome::Failed, format!("{} of {all} probes failed: {first}.", probes.failed));
    }
    if probes.failed_before > 0 {
        let reason = format!("A probe failed before the fault went in: {first}. The fault proved nothing.");
        return (Outcome::Inconclusive, reason);
    }
    match verdict.to_ascii_lowercase().as_str() {
        "pass" if all == 0 => {
            let reason = "Verdict Pass, but the experiment has no probe: nothing looked at the service.";
            (Outcome::Inconclusive, reason.to_owned())
        }
        "pass" if probes.passed < all => {
            (Outcome::Inconclusive, format!("Only {} of {all} probes gave a verdict.", probes.passed))
        }
        "pass" => (Outcome::Passed, format!("All {all} probes passed while the fault was on and after.")),
        "fail" if error || phase.eq_ignore_ascii_case("completed_with_error") => {
            (Outcome::Inconclusive, format!("The experiment itself failed{}.", cause(status)))
        }
        "fail" => (Outcome::Failed, format!("Litmus says Fail{}.", cause(status))),
        "stopped" => {
            (Outcome::Inconclusive, "The experiment was stopped before its probes had a verdict.".to_owned())
        }
        _ => (Outcome::Inconclusive, format!("The experiment ended in an error{}.", cause(status))),
    }
}

fn cause(status: &Value) -> String {
    let code = text(status, "/experimentStatus/errorOutput/errorCode");
    let step = text(status, "/experimentStatus/failStep").filter(|step| *step != "N/A");
    code.or(step).map_or_else(String::new, |word| format!(" ({})", shown(word)))
}

/// Whether the fault was taken back from every target.
fn reverted(status: &Value, verdict: &str) -> RollbackReading {
    let targets = list(status, "/history/targets");
    let left = targets
        .iter()
        .find(|t| !text(t, "/chaosStatus").is_some_and(|state| state.eq_ignore_ascii_case("reverted")));
    let (outcome, reason) = match (targets.len(), left) {
        (0, _) => (RollbackOutcome::NotTested, "The result names no target of the fault.".to_owned()),
        (_, Some(target)) => {
            let name = shown(text(target, "/name").unwrap_or("unnamed"));
            let state = shown(text(target, "/chaosStatus").unwrap_or("unknown"));
            (RollbackOutcome::Failed, format!("The fault on `{name}` was not taken back: it is `{state}`."))
        }
        // A run that ended in an error leaves the targets of the run before it.
        (_, None) if verdict.eq_ignore_ascii_case("error") => (
            RollbackOutcome::NotRun,
            "The run ended in an error before a fault was to be taken back.".to_owned(),
        ),
        (n, None) => (RollbackOutcome::Succeeded, format!("The fault was taken back from all {n} targets.")),
    };
    RollbackReading { outcome, reason, seconds: None }
}
