//! Chaos Mesh (`chaos-mesh.org/v1alpha1`): chaos objects and Workflows as `kubectl get -o json` prints them.
//!
//! They tell whether a fault went in and came out, and nothing of the service: alone they prove no drill, but they do
//! tell whether the rollback worked. Only a Workflow that its own StatusCheck aborted says that the service broke.

use serde_json::{Value, json};

use super::engine::{self, Story, faults, list, text, time};
use super::redact::shown;
use super::{Hints, Read, RollbackReading, json as form};
use crate::error::Error;
use crate::types::{Failure, Outcome, RollbackOutcome, Timestamp};

/// Reads one object.
pub(super) fn read(body: &str, hints: &Hints) -> Result<Read, Error> {
    let document = form::parse(body)?;
    engine::require_object(&document, "a Chaos Mesh object")?;
    let kind = text(&document, "/kind").unwrap_or_default();
    let told = match kind {
        "Workflow" => workflow(&document),
        "WorkflowNode" | "StatusCheck" => ignored("A part of a Workflow is no result; post the Workflow."),
        "Schedule" => ignored("A Schedule is no result; post the objects that it made."),
        "RemoteCluster" => ignored("A RemoteCluster is no result."),
        kind if kind.ends_with("Chaos") => fault(&document, kind),
        _ => {
            let detail = format!(
                "`{}` is not a kind of Chaos Mesh; post what `kubectl get networkchaos NAME -o json` (or another \
                 chaos object, or a workflow) prints",
                shown(kind)
            );
            return Err(Error::invalid("/kind", detail));
        }
    };
    let mut story = match told {
        Ok(story) => story,
        Err(reason) => return Ok(Read::Ignored { reason }),
    };
    for place in ["annotations", "labels"] {
        let at = format!("/metadata/{place}");
        story.labels.take(document.pointer(&at), &at, false);
    }
    story.title = text(&document, "/metadata/name").map(str::to_owned);
    let state = story.rollback.as_ref().map_or("", |r| r.outcome.as_str());
    story.run_id = text(&document, "/metadata/uid").map(|uid| format!("{uid}/{}/{state}", story.verdict.0));
    story.content = Some(json!({
        "uid": document.pointer("/metadata/uid"), "name": document.pointer("/metadata/name"),
        "namespace": document.pointer("/metadata/namespace"), "kind": kind,
        "spec": document.get("spec"), "status": document.get("status"),
    }));
    story.read(&document, hints).map(|reading| Read::Drill(Box::new(reading)))
}

/// A story, or why there is none to tell yet.
type Told<'a> = Result<Story<'a>, String>;

fn ignored<'a>(reason: &str) -> Told<'a> {
    Err(reason.to_owned())
}

fn condition(document: &Value, name: &str) -> bool {
    list(document, "/status/conditions").iter().any(|c| {
        text(c, "/type") == Some(name) && text(c, "/status").is_some_and(|s| s.eq_ignore_ascii_case("true"))
    })
}

/// What happened to the targets of a fault.
#[derive(Default)]
struct Records {
    injected: bool,
    still_in: Option<String>,
    apply_failed: Option<String>,
    recover_failed: Option<String>,
    began: Option<Timestamp>,
    first_recover: Option<Timestamp>,
    ended: Option<Timestamp>,
}

impl Records {
    fn of(document: &Value) -> Self {
        let mut all = Self::default();
        for record in list(document, "/status/experiment/containerRecords") {
            let count = |name: &str| record.get(name).and_then(Value::as_i64).unwrap_or(0);
            let is_in = text(record, "/phase").is_some_and(|phase| phase.starts_with("Injected"));
            all.injected |= is_in || count("injectedCount") > 0;
            if is_in && all.still_in.is_none() {
                all.still_in = Some(shown(text(record, "/id").unwrap_or("unnamed")));
            }
            for event in list(record, "/events") {
                all.event(event);
            }
        }
        all
    }

    fn event(&mut self, event: &Value) {
        let failed = text(event, "/type") == Some("Failed");
        let message = || shown(text(event, "/message").unwrap_or("no reason given"));
        let at = time(event, "/timestamp");
        match (text(event, "/operation"), failed) {
            (Some("Apply"), true) => self.apply_failed = Some(message()),
            (Some("Apply"), false) => self.began = least(self.began, at),
            (Some("Recover"), true) => {
                self.recover_failed = Some(message());
                self.first_recover = least(self.first_recover, at);
            }
            (Some("Recover"), false) => {
                self.first_recover = least(self.first_recover, at);
                self.ended = self.ended.max(at);
            }
            _ => {}
        }
    }
}

fn least(held: Option<Timestamp>, new: Option<Timestamp>) -> Option<Timestamp> {
    match (held, new) {
        (Some(held), Some(new)) => Some(held.min(new)),
        (held, new) => held.or(new),
    }
}

/// One chaos object.
fn fault<'a>(document: &'a Value, kind: &str) -> Told<'a> {
    if document.get("status").is_none() {
        return ignored("The object has no status yet: the fault has not begun.");
    }
    let stopping = text(document, "/status/experiment/desiredPhase") == Some("Stop");
    let records = Records::of(document);
    let recovered = condition(document, "AllRecovered") && records.still_in.is_none();
    if condition(document, "Paused") {
        return ignored("The fault is paused; post the object when it has ended.");
    }
    let never_in = !records.injected;
    let (reason, rollback) = if never_in && (records.apply_failed.is_some() || stopping) {
        let why = records.apply_failed.as_deref().unwrap_or("no target was hit");
        let reason = format!("The fault did not go in: {why}.");
        (reason, engine::rollback(RollbackOutcome::NotRun, "No fault went in, so none was taken back."))
    } else if never_in || !stopping {
        return ignored("The fault is still on or has not begun; post the object when it has ended.");
    } else if recovered {
        let seconds = records.first_recover.zip(records.ended).map(|(a, b)| (b.0 - a.0) as f64 / 1000.0);
        let reason = "The fault was taken back from every target.".to_owned();
        let rollback = RollbackReading {
            outcome: RollbackOutcome::Succeeded,
            reason,
            seconds: seconds.filter(|s| *s > 0.0 && *s < 1e9),
        };
        (said_nothing(), rollback)
    } else if let Some(why) = &records.recover_failed {
        let place = records.still_in.as_deref().unwrap_or("a target");
        let reason = format!("The fault could not be taken back from `{place}`: {why}.");
        (said_nothing(), engine::rollback(RollbackOutcome::Failed, reason))
    } else {
        return ignored("The fault is being taken back; post the object when that is done.");
    };
    let mut story = Story::new("chaos-mesh", Outcome::Inconclusive, reason);
    story.rollback = Some(rollback);
    story.failure = failure(kind, document.get("spec"));
    let created = time(document, "/metadata/creationTimestamp");
    story.times = (records.began.or(created), records.ended);
    Ok(story)
}

fn said_nothing() -> String {
    "The fault went in; Chaos Mesh says nothing of the service. Pair it with a probe or a StatusCheck."
        .to_owned()
}

/// The failure class of a kind with its action.
fn failure(kind: &str, spec: Option<&Value>) -> Option<Failure> {
    let spec = spec?;
    if kind == "StressChaos" {
        let cpu = spec.pointer("/stressors/cpu").is_some();
        let memory = spec.pointer("/stressors/memory").is_some();
        return match (cpu, memory) {
            (true, false) => Some(Failure::Cpu),
            (false, true) => Some(Failure::Memory),
            _ => None,
        };
    }
    let action = match kind {
        "HTTPChaos" => ["abort", "delay", "replace"].into_iter().find(|word| spec.get(*word).is_some()),
        _ => text(spec, "/action"),
    };
    faults::of_name(&format!("{kind}-{}", action.unwrap_or_default()))
}

/// A Workflow.
fn workflow(document: &Value) -> Told<'_> {
    let annotation = document
        .pointer("/metadata/annotations")
        .and_then(|all| all.get("workflow.chaos-mesh.org/abort"))
        .and_then(Value::as_str);
    let aborted =
        condition(document, "Aborted") || annotation.is_some_and(|a| a.eq_ignore_ascii_case("true"));
    if document.get("status").is_none() || !(aborted || condition(document, "Accomplished")) {
        return ignored("The Workflow has not ended; post it when it has.");
    }
    let templates = list(document, "/spec/templates");
    let checked = templates.iter().find(|t| {
        text(t, "/templateType") == Some("StatusCheck")
            && t.get("abortWithStatusCheck").and_then(Value::as_bool) == Some(true)
    });
    let (outcome, reason) = match (aborted, checked) {
        (true, Some(check)) => {
            let name = shown(text(check, "/name").unwrap_or("unnamed"));
            (Outcome::Failed, format!("The StatusCheck `{name}` failed and aborted the Workflow."))
        }
        (true, None) => (
            Outcome::Inconclusive,
            "The Workflow was aborted, and it has no StatusCheck that could have done so.".to_owned(),
        ),
        (false, _) => (
            Outcome::Inconclusive,
            "The Workflow ran to its end; that says nothing of the service while the fault was on."
                .to_owned(),
        ),
    };
    let mut story = Story::new("chaos-mesh", outcome, reason);
    story.rollback = Some(engine::rollback(
        RollbackOutcome::NotTested,
        "A Workflow does not tell whether its faults were taken back; its chaos objects do.",
    ));
    let mut classes = templates.iter().filter_map(|template| {
        let kind = text(template, "/templateType").filter(|kind| kind.ends_with("Chaos"))?;
        let mut letters = kind.chars();
        let field: String = letters.next()?.to_lowercase().chain(letters).collect();
        Some(failure(kind, template.get(&field)))
    });
    story.failure = match (classes.next(), classes.next()) {
        (Some(only), None) => only,
        _ => None,
    };
    story.times = (time(document, "/status/startTime"), time(document, "/status/endTime"));
    Ok(story)
}
