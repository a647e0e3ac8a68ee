//! Steadybit: the body of its webhook for the events of an experiment's execution.

use serde_json::Value;

use super::engine::{self, Story, text, time};
use super::redact::shown;
use super::{Hints, Read, json};
use crate::error::Error;
use crate::types::Outcome;

const EXECUTION: &str = "experiment.execution.";

/// Reads one event.
pub(super) fn read(body: &str, hints: &Hints) -> Result<Read, Error> {
    let document = json::parse(body)?;
    engine::require_object(&document, "an event of Steadybit")?;
    let Some(event) = text(&document, "/eventName") else {
        return Err(Error::invalid("/eventName", "is missing: this is no event of a Steadybit webhook"));
    };
    let Some(word) = event.strip_prefix(EXECUTION) else {
        let reason = format!("The event `{}` carries no result of an experiment.", shown(event));
        return Ok(Read::Ignored { reason });
    };
    let place = "/experimentExecution";
    let why = text(&document, "/experimentExecution/failedReason")
        .or_else(|| text(&document, "/experimentExecution/reason"))
        .map_or_else(String::new, |why| format!(": {}", shown(why)));
    let (outcome, reason) = match word {
        "completed" => (Outcome::Passed, "Every step of the experiment did what was expected.".to_owned()),
        "failed" => (Outcome::Failed, format!("A check of the experiment failed{why}.")),
        "errored" => (Outcome::Inconclusive, format!("The experiment ended in a technical error{why}.")),
        "canceled" | "cancelled" => {
            (Outcome::Inconclusive, "The experiment was canceled before its end.".to_owned())
        }
        "requested" | "created" | "prepared" | "started" | "running" => {
            return Ok(Read::Ignored { reason: format!("The experiment is only {word}; it has not ended.") });
        }
        other => {
            let reason = format!("The event `{EXECUTION}{}` is not known here.", shown(other));
            return Ok(Read::Unknown { reason });
        }
    };
    let mut story = Story::new("steadybit", outcome, reason);
    for key in ["tags", "properties", "variables"] {
        let at = format!("{place}/{key}");
        story.labels.take(document.pointer(&at), &at, false);
    }
    story.labels.take(document.get("tags"), "/tags", false);
    if let Some(name) = text(&document, "/environment/name") {
        let claim = super::claims::Claim::new(name, "/environment/name");
        story.labels.claims.environment.get_or_insert(claim);
    }
    let number = document.pointer("/experimentExecution/executionId").and_then(Value::as_i64);
    let key = text(&document, "/experimentExecution/experimentKey");
    story.run_id = key.zip(number).map(|(key, number)| format!("{key}/{number}/{word}"));
    story.title = text(&document, "/experimentExecution/name").map(str::to_owned);
    story.hypothesis = text(&document, "/experimentExecution/hypothesis");
    story.link =
        text(&document, "/experimentExecution/uri").or_else(|| text(&document, "/experimentExecution/url"));
    let began = time(&document, "/experimentExecution/startedTime");
    story.times = (
        began.or_else(|| time(&document, "/experimentExecution/preparedTime")),
        time(&document, "/experimentExecution/endedTime").or_else(|| time(&document, "/eventTime")),
    );
    story.content = document.get("experimentExecution").cloned();
    story.read(&document, hints).map(|reading| Read::Drill(Box::new(reading)))
}
