//! CDEvents 0.3 to 0.5: test suites that ended are drills, what was put into service is a deployment.

use serde_json::{Value, json};

use super::super::claims::Claim;
use super::super::engine::{Story, text, time};
use super::super::redact::{redact_text, shown};
use super::super::{Hints, Read, utf8};
use crate::error::{Error, FieldError};
use crate::types::{DeploymentKind, DrillKind, Outcome, Timestamp};

/// How the types of CDEvents begin.
pub(super) const PREFIX: &str = "dev.cdevents.";

/// A version of a service that was put into an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentReading {
    /// The service as written: a slug or an entity reference.
    pub service: Option<String>,
    /// Where.
    pub environment: Option<String>,
    /// What was put there.
    pub version: Option<String>,
    /// How.
    pub kind: DeploymentKind,
    /// When.
    pub deployed_at: Timestamp,
    /// Where people look at it.
    pub url: Option<String>,
    /// The sender's id of it.
    pub external_id: Option<String>,
}

/// Whether this is a CDEvent, of whatever version.
pub(super) fn is_one(document: &Value) -> bool {
    text(document, "/context/type").is_some_and(|kind| kind.starts_with(PREFIX))
}

/// Reads one CDEvent; of its type only subject and predicate matter, the version at the end does not.
pub(super) fn read(event: &Value, hints: &Hints) -> Result<Read, Error> {
    let kind = text(event, "/context/type").and_then(|t| t.strip_prefix(PREFIX)).unwrap_or_default();
    let mut parts = kind.split('.');
    let (subject, predicate) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match (subject, predicate) {
        ("testsuiterun" | "testcaserun", "finished") => tested(event, subject, hints),
        ("testsuiterun" | "testcaserun", other) => {
            let reason = format!("The test is only {}; it has not ended.", shown(other));
            Ok(Read::Ignored { reason })
        }
        ("service", "deployed" | "upgraded" | "rolledback" | "published") => {
            deployed(event, predicate, hints)
        }
        ("incident", _) => {
            let reason =
                "Incidents are not understood yet; the message is kept for when they are.".to_owned();
            Ok(Read::Unknown { reason })
        }
        _ => {
            let reason = format!("A CDEvent `{}.{}` carries no result.", shown(subject), shown(predicate));
            Ok(Read::Ignored { reason })
        }
    }
}

fn tested(event: &Value, subject: &str, hints: &Hints) -> Result<Read, Error> {
    let content = "/subject/content";
    let word = text(event, "/subject/content/outcome").unwrap_or_default();
    let why =
        text(event, "/subject/content/reason").map(|w| format!(": {}", shown_long(w))).unwrap_or_default();
    let (outcome, reason) = match word.to_ascii_lowercase().as_str() {
        "success" | "pass" | "passed" => (Outcome::Passed, "The test suite succeeded.".to_owned()),
        "failure" | "fail" | "failed" => (Outcome::Failed, format!("The test suite failed{why}.")),
        "cancel" | "canceled" | "cancelled" => {
            (Outcome::Inconclusive, format!("The test suite was canceled{why}."))
        }
        "error" => (Outcome::Inconclusive, format!("The test suite ended in an error{why}.")),
        other => {
            let detail = format!("`{}` is not one of: success, failure, cancel, error", shown(other));
            return Err(Error::invalid(format!("{content}/outcome"), detail));
        }
    };
    let mut story = Story::new("cdevents", outcome, reason);
    story.labels.take(event.pointer("/customData/waterbear"), "/customData/waterbear", true);
    story.labels.take(event.get("customData"), "/customData", true);
    claim(&mut story.labels.claims.service, event, "/subject/content/service/id");
    claim(&mut story.labels.claims.environment, event, "/subject/content/environment/id");
    let suite = if subject == "testsuiterun" { "testSuite" } else { "testCase" };
    let suite = event.pointer(&format!("{content}/{suite}"));
    let id = suite.and_then(|s| text(s, "/id"));
    // A suite called "rollback" without a kind of its own is a rollback drill.
    if story.labels.claims.kind.is_none()
        && story.labels.claims.failure.is_none()
        && hints.failure.is_none()
        && id.is_some_and(|id| DrillKind::parse(id).is_some())
    {
        story.labels.claims.kind = id.map(|id| Claim::new(id, "/subject/content/testSuite/id"));
    }
    story.title = suite.and_then(|s| text(s, "/name")).or(id).map(str::to_owned);
    story.link = text(event, "/subject/content/uri").or_else(|| suite.and_then(|s| text(s, "/uri")));
    story.times = (time(event, "/subject/content/startedAt"), time(event, "/context/timestamp"));
    story.run_id = run_id(event);
    // The same event in whatever envelope is the same result.
    story.content = Some(json!({"id": story.run_id, "subject": event.get("subject")}));
    story.read(event, hints).map(|reading| Read::Drill(Box::new(reading)))
}

fn claim(slot: &mut Option<Claim>, event: &Value, place: &str) {
    if let Some(word) = text(event, place) {
        slot.get_or_insert_with(|| Claim::new(word, place));
    }
}

/// Source and id: together they are unique.
fn run_id(event: &Value) -> Option<String> {
    let id = text(event, "/context/id")?;
    Some(format!("{}#{id}", text(event, "/context/source").unwrap_or_default()))
}

fn deployed(event: &Value, predicate: &str, hints: &Hints) -> Result<Read, Error> {
    let said = |hint: &Option<String>, place: &str| {
        let hint = hint.as_deref().map(str::trim).filter(|word| !word.is_empty());
        hint.or_else(|| text(event, place)).and_then(|word| utf8::one_line(word, 255))
    };
    let Some(deployed_at) = time(event, "/context/timestamp") else {
        let detail = "expected an RFC 3339 instant with offset";
        return Err(Error::Invalid { fields: vec![FieldError::new("/context/timestamp", detail)] });
    };
    let artifact = text(event, "/subject/content/artifactId");
    Ok(Read::Deployment(Box::new(DeploymentReading {
        service: said(&hints.service, "/subject/id"),
        environment: said(&hints.environment, "/subject/content/environment/id"),
        version: artifact.map(version_of).and_then(|text| utf8::one_line(&redact_text(&text), 255)),
        kind: match predicate {
            "rolledback" => DeploymentKind::RolledBack,
            "upgraded" => DeploymentKind::Upgraded,
            "published" => DeploymentKind::Published,
            _ => DeploymentKind::Deployed,
        },
        deployed_at,
        url: None,
        external_id: run_id(event).map(|id| utf8::cut(&id, 255).to_owned()),
    })))
}

/// The version in a package URL: what follows the last `@`, without qualifiers.
fn version_of(artifact: &str) -> String {
    let bare = artifact.split(['?', '#']).next().unwrap_or(artifact);
    let version = bare.rsplit_once('@').map_or(bare, |(_, version)| version);
    percent_decoded(version)
}

/// `%XX` taken back; what is no such escape stays.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let code = (byte == b'%').then(|| Some(hex(rest.next()?)? * 16 + hex(rest.next()?)?)).flatten();
        match code {
            Some(code) => {
                out.push(code);
                bytes = rest;
            }
            None => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A reason of a stranger, fit for a sentence.
fn shown_long(text: &str) -> String {
    utf8::one_line(&redact_text(utf8::cut(text, 1024)), 512).unwrap_or_default()
}
