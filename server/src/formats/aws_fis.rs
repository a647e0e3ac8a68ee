//! AWS Fault Injection Service: the EventBridge event of a state change, or what `aws fis get-experiment` prints.
//!
//! `completed` means that the fault ran; only a stop condition (an alarm) says something of the service.

use serde_json::Value;

use super::engine::{self, Story, faults, text, time};
use super::redact::shown;
use super::{Hints, Read, json};
use crate::error::Error;
use crate::types::{Outcome, RollbackOutcome};

/// Reads one event or experiment.
pub(super) fn read(body: &str, hints: &Hints) -> Result<Read, Error> {
    let outer = json::parse(body)?;
    engine::require_object(&outer, "an event of AWS FIS")?;
    // A subscription of SNS wraps the event as text.
    let document = match (text(&outer, "/Type"), text(&outer, "/Message")) {
        (Some("Notification"), Some(inner)) => json::parse(inner)?,
        (Some("SubscriptionConfirmation"), _) => {
            let reason =
                "SNS asks to confirm its subscription, which is not done here; send the events with an API \
                          destination of EventBridge instead."
                    .to_owned();
            return Ok(Read::Unknown { reason });
        }
        _ => outer,
    };
    if document.get("experiment").is_some_and(Value::is_object) {
        return experiment(&document, hints);
    }
    let kind = text(&document, "/detail-type").unwrap_or_default();
    if document.get("detail").is_none() || kind.is_empty() {
        let detail = "this is neither an EventBridge event (`detail-type`, `detail`) nor the answer of `aws fis \
                      get-experiment`";
        return Err(Error::invalid("", detail));
    }
    if !kind.eq_ignore_ascii_case("FIS Experiment State Change") {
        let reason = format!("An event `{}` carries no result of an experiment.", shown(kind));
        return Ok(Read::Unknown { reason });
    }
    let status = text(&document, "/detail/new-state/status").unwrap_or_default();
    let why = text(&document, "/detail/new-state/reason").unwrap_or_default();
    let before = text(&document, "/detail/old-state/status");
    let (outcome, reason) = match judge(status, why, before) {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(Read::Ignored { reason }),
    };
    let mut story = Story::new("aws-fis", outcome, reason);
    story.labels.take(document.pointer("/detail/tags"), "/detail/tags", false);
    story.labels.take(document.get("tags"), "/tags", false);
    story.run_id = text(&document, "/detail/experiment-id").map(|id| format!("{id}/{status}"));
    story.title = text(&document, "/detail/experiment-template-id").map(|id| format!("FIS template {id}"));
    story.times = (None, time(&document, "/time"));
    story.rollback = Some(untold());
    story.read(&document, hints).map(|reading| Read::Drill(Box::new(reading)))
}

fn untold() -> super::RollbackReading {
    engine::rollback(RollbackOutcome::NotTested, "AWS FIS does not tell whether the fault was taken back.")
}

/// The verdict of a state, or why it is no result.
fn judge(status: &str, why: &str, before: Option<&str>) -> Result<(Outcome, String), String> {
    let why_shown = shown(why.trim_end_matches('.'));
    let by_alarm = why.to_ascii_lowercase().contains("stop condition");
    match status.to_ascii_lowercase().as_str() {
        "completed" => Ok((
            Outcome::Inconclusive,
            "The fault ran to its end; AWS FIS says nothing of the service. Pair it with a probe.".to_owned(),
        )),
        "stopped" if by_alarm => Ok((
            Outcome::Failed,
            format!("A stop condition ended the experiment: an alarm fired ({why_shown})."),
        )),
        "stopped" | "cancelled" => {
            Ok((Outcome::Inconclusive, format!("The experiment was stopped before its end ({why_shown}).")))
        }
        "failed" if before.is_none_or(|b| b.eq_ignore_ascii_case("running")) => {
            Ok((Outcome::Inconclusive, format!("The experiment itself failed ({why_shown}).")))
        }
        "failed" => {
            Ok((Outcome::Inconclusive, format!("The experiment failed before its fault ran ({why_shown}).")))
        }
        "" => Err("The event names no state (`detail.new-state.status`).".to_owned()),
        other => Err(format!("The experiment is {}, it has not ended.", shown(other))),
    }
}

/// What `aws fis get-experiment` prints: it has the tags and the faults, too.
fn experiment(document: &Value, hints: &Hints) -> Result<Read, Error> {
    let status = text(document, "/experiment/state/status").unwrap_or_default();
    let why = text(document, "/experiment/state/reason").unwrap_or_default();
    let (outcome, reason) = match judge(status, why, None) {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(Read::Ignored { reason }),
    };
    let mut story = Story::new("aws-fis", outcome, reason);
    story.labels.take(document.pointer("/experiment/tags"), "/experiment/tags", false);
    let actions = document.pointer("/experiment/actions").and_then(Value::as_object);
    let names: Vec<String> = actions
        .into_iter()
        .flat_map(|map| map.values())
        .filter_map(|action| {
            let id = text(action, "/actionId").filter(|id| *id != "aws:fis:wait")?;
            let document = text(action, "/parameters/documentArn").unwrap_or_default();
            let scope = text(action, "/parameters/scope").unwrap_or_default();
            Some(format!("{id} {document} {scope}"))
        })
        .take(100)
        .collect();
    story.failure = faults::of_names(names.iter().map(|name| name.trim()));
    story.run_id = text(document, "/experiment/id").map(|id| format!("{id}/{status}"));
    let template = text(document, "/experiment/experimentTemplateId");
    story.title = text(document, "/experiment/tags/Name")
        .map(str::to_owned)
        .or_else(|| template.map(|id| format!("FIS template {id}")));
    story.times = (time(document, "/experiment/startTime"), time(document, "/experiment/endTime"));
    story.rollback = Some(untold());
    story.read(document, hints).map(|reading| Read::Drill(Box::new(reading)))
}
