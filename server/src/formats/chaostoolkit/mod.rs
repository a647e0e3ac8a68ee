//! Chaos Toolkit journals, as files or inside the notifications the tool posts.

mod journal;
mod metadata;
mod rollbacks;
mod verdict;

use serde_json::Value;

use super::redact::{Redactor, shown};
use super::{Hints, Read, Reading, json, utf8};
use crate::error::Error;
pub(super) use journal::{Journal, name_of};
use journal::{check_time, instant};

/// Reads a journal or a notification.
pub(super) fn read(text: &str, hints: &Hints) -> Result<Read, Error> {
    let document = json::parse(text)?;
    match find_journal(&document)? {
        Found::Journal { journal, base } => {
            read_journal(journal, base, hints).map(|r| Read::Drill(Box::new(r)))
        }
        Found::Nothing { reason } => Ok(Read::Ignored { reason }),
    }
}

enum Found<'a> {
    Journal { journal: &'a Value, base: &'static str },
    Nothing { reason: String },
}

/// The journal in a body; a notification may carry none.
fn find_journal(document: &Value) -> Result<Found<'_>, Error> {
    if !document.is_object() {
        let detail =
            format!("expected a Chaos Toolkit journal (an object), found {}", json::kind_of(document));
        return Err(Error::invalid("", detail));
    }
    let (Some(name), Some(payload)) = (document.get("name").and_then(Value::as_str), document.get("payload"))
    else {
        journal_or_error(document, "")?;
        return Ok(Found::Journal { journal: document, base: "" });
    };
    // Only a finished run has a journal; discover, init and validate have events of their own.
    let finished = name.starts_with("run-") && name != "run-started";
    if !finished {
        let reason = format!("The notification `{}` carries no result; nothing is recorded.", shown(name));
        return Ok(Found::Nothing { reason });
    }
    journal_or_error(payload, "/payload")?;
    Ok(Found::Journal { journal: payload, base: "/payload" })
}

/// The journal in a body that was read before; none where there is none.
pub(super) fn journal_in(document: &Value) -> Option<&Value> {
    match find_journal(document) {
        Ok(Found::Journal { journal, .. }) => Some(journal),
        _ => None,
    }
}

fn journal_or_error(value: &Value, base: &str) -> Result<(), Error> {
    let has = |key: &str| value.get(key).is_some();
    if has("experiment") || (has("status") && (has("run") || has("steady_states"))) {
        return match value.get("experiment") {
            Some(Value::Object(_)) | None => Ok(()),
            Some(other) => {
                let detail = format!("expected an object, found {}", json::kind_of(other));
                Err(Error::invalid(format!("{base}/experiment"), detail))
            }
        };
    }
    let detail = if has("method") || has("steady-state-hypothesis") {
        "this is an experiment, not a journal; send the file that `chaos run --journal-path journal.json` writes"
    } else {
        "this is neither a Chaos Toolkit journal (`experiment`, `status`, `run`, ...) nor a notification with one"
    };
    Err(Error::invalid(base, detail))
}

fn read_journal(document: &Value, base: &str, hints: &Hints) -> Result<Reading, Error> {
    let mut redactor = Redactor::default();
    redactor.learn(document);
    let journal = Journal::new(document);
    let mut errors = Vec::new();
    let stated = metadata::read(&journal, base, &mut errors);
    publish(&mut redactor, &journal, &stated);
    let settled = stated.claims.under(hints).settle(&mut errors);
    if !errors.is_empty() {
        return Err(Error::Invalid { fields: errors });
    }
    let verdict = verdict::outcome(&journal);
    let clean = |text: &str, max: usize| utf8::one_line(&redactor.text(text), max);
    let mut rollback = rollbacks::read(&journal);
    rollback.reason = clean(&rollback.reason, 1024).unwrap_or(rollback.reason);
    let title = journal.experiment_text("title").or(stated.drill.as_deref());
    let hypothesis = journal.hypothesis().and_then(|h| h.get("title")).and_then(Value::as_str);
    Ok(Reading {
        service: settled.service,
        kind: settled.kind,
        failure: settled.failure,
        target: settled.target,
        environment: settled.environment,
        outcome: verdict.outcome,
        reason: clean(&verdict.reason, 1024).unwrap_or(verdict.reason),
        rollback,
        started_at: journal.text("start").and_then(instant),
        ended_at: journal.text("end").and_then(instant),
        detected_after_seconds: None,
        recovered_after_seconds: recovered_after(&journal),
        hypothesis: hypothesis.and_then(|text| clean(text, 4096)),
        exploratory: stated.exploratory,
        title: title.and_then(|text| clean(text, 255)),
        evidence: Vec::new(),
        tool: "chaostoolkit".to_owned(),
        tool_version: journal.text("chaoslib-version").and_then(|text| clean(text, 64)),
        run_id: stated.run_id,
        external_id: None,
        ticket: None,
        document: redactor.document(document).to_string(),
        content_sha256: json::content_hash(document),
    })
}

/// The drill's identity is told in the reading anyway; kept in the stored document, that reads as the original does.
fn publish(redactor: &mut Redactor, journal: &Journal<'_>, stated: &metadata::Stated) {
    for text in stated.claims.texts().chain(stated.run_id.as_deref()) {
        redactor.publish(text);
        let tags = journal.declared("tags").iter().filter_map(Value::as_str);
        for tag in tags.filter(|tag| tag.split_once(':').is_some_and(|(_, value)| value.trim() == text)) {
            redactor.publish(tag);
        }
    }
}

/// Seconds from the first broken check while the fault was on to the first good check after it.
fn recovered_after(journal: &Journal<'_>) -> Option<f64> {
    let mut broken = None;
    for check in journal.during() {
        match (check.met, broken) {
            (Some(false), None) => broken = Some(check_time(check.state)?),
            (Some(true), Some(since)) => {
                let micros = check_time(check.state)? - since;
                return (micros >= 0).then_some(micros as f64 / 1e6);
            }
            _ => {}
        }
    }
    None
}
