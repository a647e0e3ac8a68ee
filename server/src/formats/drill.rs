//! Our own drill result: the JSON object of `POST /api/v1/drills`, read strictly and with every error at once.

mod fields;

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::claims::{self, Claim, Claims};
use super::redact::{Redactor, shown};
use super::{EvidenceLink, Hints, Reading, RollbackReading, json};
use crate::error::{Error, FieldError};
use crate::tickets;
use crate::types::{DrillKind, Outcome, RollbackOutcome, Timestamp};
use fields::Fields;

/// What a result may say.
const FIELDS: &[&str] = &[
    "service",
    "kind",
    "failure",
    "failure_class",
    "target",
    "environment",
    "outcome",
    "started_at",
    "ended_at",
    "rollback",
    "detected_after_seconds",
    "recovered_after_seconds",
    "hypothesis",
    "exploratory",
    "evidence",
    "external_id",
    "source",
    "drill",
    "ticket",
];
const MAX_EVIDENCE: usize = 20;
const MAX_HREF_BYTES: usize = 2048;
const MAX_TEXT_BYTES: usize = 4096;

/// Reads one result.
pub(super) fn read(text: &str, hints: &Hints) -> Result<Reading, Error> {
    let document = json::parse(text)?;
    let Value::Object(map) = &document else {
        let detail =
            format!("expected an object with the fields of a drill, found {}", json::kind_of(&document));
        return Err(Error::invalid("", detail));
    };
    let mut redactor = Redactor::default();
    redactor.learn(&document);
    for key in ["service", "kind", "failure", "failure_class", "target", "environment", "external_id"] {
        map.get(key).and_then(Value::as_str).into_iter().for_each(|text| redactor.publish(text));
    }
    let mut errors = Vec::new();
    let reading = read_object(map, hints, &redactor, &mut errors);
    match reading {
        Some(reading) if errors.is_empty() => Ok(Reading {
            document: redactor.document(&without_token(&document, reading.ticket.as_deref())).to_string(),
            content_sha256: json::content_hash(&document),
            ..reading
        }),
        _ => Err(Error::Invalid { fields: errors }),
    }
}

/// The document with the id of its ticket instead of the ticket, which nobody else is to hold.
fn without_token<'a>(document: &'a Value, ticket: Option<&str>) -> Cow<'a, Value> {
    let Some(id) = ticket else { return Cow::Borrowed(document) };
    let mut document = document.clone();
    document["ticket"] = Value::from(id);
    Cow::Owned(document)
}

fn read_object(
    map: &Map<String, Value>,
    hints: &Hints,
    redactor: &Redactor,
    errors: &mut Vec<FieldError>,
) -> Option<Reading> {
    let mut fields = Fields::new(map, "", errors);
    fields.only(FIELDS);
    let claims = claims_of(&mut fields).under(hints);
    let outcome = fields.required("outcome", Fields::outcome);
    let started_at = fields.required("started_at", Fields::instant);
    let ended_at = fields.required("ended_at", Fields::instant);
    let rollback = fields.object("rollback").map(|inner| read_rollback(inner, fields.errors, redactor));
    let detected_after_seconds = fields.seconds("detected_after_seconds");
    let recovered_after_seconds = fields.seconds("recovered_after_seconds");
    let hypothesis = fields.text("hypothesis", MAX_TEXT_BYTES).map(|text| redactor.text(&text));
    let exploratory = fields.boolean("exploratory").unwrap_or(false);
    let title = fields.name("drill").map(|text| redactor.text(&text));
    let external_id = fields.name("external_id");
    let evidence =
        fields.array("evidence").map(|items| read_evidence(items, fields.errors)).unwrap_or_default();
    let source = fields.object("source").map(|inner| read_source(inner, fields.errors)).unwrap_or_default();
    // A ticket says what the result leaves out; whether there is such a ticket, the store knows.
    let ticket = fields.text("ticket", tickets::MAX_TOKEN_BYTES).map(|text| tickets::id_of(&text));
    let by_run = source.run_id.as_deref().is_some_and(tickets::may_be_id);
    let tied = ticket.is_some() || hints.ticket.is_some() || by_run;
    for (claim, name) in
        [(&claims.service, "service"), (&claims.environment, "environment"), (&claims.failure, "failure")]
    {
        if claim.is_none() && !tied {
            fields.missing(name);
        }
    }
    let settled = claims.settle(errors);
    let outcome = outcome?;
    Some(Reading {
        rollback: rollback.unwrap_or_else(|| unsaid_rollback(settled.kind, outcome)),
        service: settled.service,
        kind: settled.kind,
        failure: settled.failure,
        target: settled.target,
        environment: settled.environment,
        outcome,
        reason: format!("The sender reported that the drill {}.", said(outcome)),
        started_at,
        ended_at,
        detected_after_seconds,
        recovered_after_seconds,
        hypothesis,
        exploratory,
        title,
        evidence,
        tool: source.tool.unwrap_or_else(|| "waterbear".to_owned()),
        tool_version: source.version,
        run_id: source.run_id,
        external_id,
        ticket,
        document: String::new(),
        content_sha256: [0; 32],
    })
}

fn claims_of(fields: &mut Fields<'_, '_>) -> Claims {
    let failure = match (fields.claim("failure"), fields.claim("failure_class")) {
        (Some(one), Some(other)) if one.text != other.text => {
            let detail = "says something else than `failure`; send one of the two";
            fields.errors.push(FieldError::new("/failure_class", detail));
            Some(one)
        }
        (one, other) => one.or(other),
    };
    Claims {
        service: fields.claim("service"),
        kind: fields.claim("kind"),
        failure,
        target: fields.claim("target"),
        environment: fields.claim("environment"),
    }
}

const fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Inconclusive => "was inconclusive",
        Outcome::Rehearsal => "was a rehearsal",
    }
}

/// The rollback verdict of a result that says nothing of one: a rollback drill is itself the test of a rollback.
pub(super) fn unsaid_rollback(kind: Option<DrillKind>, outcome: Outcome) -> RollbackReading {
    let (verdict, reason) = match (kind, outcome) {
        (Some(DrillKind::Rollback), Outcome::Passed) => {
            (RollbackOutcome::Succeeded, "The drill is of a rollback, and it passed.")
        }
        (Some(DrillKind::Rollback), Outcome::Failed) => {
            (RollbackOutcome::Failed, "The drill is of a rollback, and it failed.")
        }
        _ => (RollbackOutcome::NotTested, "The result says nothing of a rollback."),
    };
    RollbackReading { outcome: verdict, reason: reason.to_owned(), seconds: None }
}

fn read_rollback(
    map: &Map<String, Value>,
    errors: &mut Vec<FieldError>,
    redactor: &Redactor,
) -> RollbackReading {
    let mut fields = Fields::new(map, "/rollback", errors);
    fields.only(&["outcome", "seconds", "reason"]);
    let outcome = fields.required("outcome", Fields::rollback_outcome).unwrap_or(RollbackOutcome::NotTested);
    let seconds = fields.seconds("seconds");
    let reason = fields
        .text("reason", MAX_TEXT_BYTES)
        .map_or_else(|| format!("The sender reported `{outcome}`."), |reason| redactor.text(&reason));
    RollbackReading { outcome, reason, seconds }
}

#[derive(Default)]
struct Source {
    tool: Option<String>,
    version: Option<String>,
    run_id: Option<String>,
}

fn read_source(map: &Map<String, Value>, errors: &mut Vec<FieldError>) -> Source {
    let mut fields = Fields::new(map, "/source", errors);
    fields.only(&["tool", "version", "run_id"]);
    Source {
        tool: fields.name("tool"),
        version: fields.name("version"),
        run_id: fields.name_or_number("run_id"),
    }
}

fn read_evidence(items: &[Value], errors: &mut Vec<FieldError>) -> Vec<EvidenceLink> {
    if items.len() > MAX_EVIDENCE {
        let detail = format!("holds {} links; at most {MAX_EVIDENCE} are taken", items.len());
        errors.push(FieldError::new("/evidence", detail));
        return Vec::new();
    }
    let mut links = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let place = format!("/evidence/{at}");
        let Value::Object(map) = item else {
            let detail = format!("expected an object with `kind` and `href`, found {}", json::kind_of(item));
            errors.push(FieldError::new(place, detail));
            continue;
        };
        let mut fields = Fields::new(map, &place, errors);
        fields.only(&["kind", "href"]);
        let kind = fields.required("kind", Fields::name);
        let href = fields.required("href", Fields::href);
        if let (Some(kind), Some(href)) = (kind, href) {
            links.push(EvidenceLink { kind, href });
        }
    }
    links
}

/// What is wrong with the times of a result, seen at `now`.
pub fn check_times(started: Timestamp, ended: Timestamp, now: Timestamp) -> Vec<FieldError> {
    const SLACK_MS: i64 = 5 * 60_000;
    /// 2000-01-01T00:00:00Z.
    const OLDEST_MS: i64 = 946_684_800_000;
    let mut errors = Vec::new();
    for (place, time) in [("/started_at", started), ("/ended_at", ended)] {
        if time.0 > now.0.saturating_add(SLACK_MS) {
            let detail = format!("{time} is more than 5 minutes in the future (it is {now} here)");
            errors.push(FieldError::new(place, detail));
        } else if time.0 < OLDEST_MS {
            let detail = format!("{time} is before the year 2000; is the unit or the clock wrong?");
            errors.push(FieldError::new(place, detail));
        }
    }
    if ended < started {
        errors.push(FieldError::new("/ended_at", format!("{ended} is before started_at, {started}")));
    }
    errors
}

/// One line of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLine<'a> {
    /// Its number in the body, from 1, blank lines counted.
    pub number: usize,
    /// Its bytes, without the line end.
    pub body: &'a [u8],
}

/// The lines of a newline-delimited batch that are not blank.
pub fn batch_lines(body: &[u8]) -> impl Iterator<Item = BatchLine<'_>> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    body.split(|b| *b == b'\n')
        .enumerate()
        .map(|(at, line)| BatchLine { number: at + 1, body: line.trim_ascii() })
        .filter(|line| !line.body.is_empty())
}

/// The claim of a string field.
fn claim(map: &Map<String, Value>, base: &str, key: &str, errors: &mut Vec<FieldError>) -> Option<Claim> {
    let place = json::pointer(base, key);
    match map.get(key)? {
        Value::Null => None,
        Value::String(text) => Some(Claim::new(text.as_str(), place)),
        other => {
            errors.push(FieldError::new(place, format!("expected a string, found {}", json::kind_of(other))));
            None
        }
    }
}

/// "unknown field", with the field that was probably meant.
fn unknown_field(key: &str, known: &[&str]) -> String {
    let near =
        claims::nearest(key, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("unknown field `{}`{near}", shown(key))
}
