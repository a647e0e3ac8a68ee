//! What the readers of engines' documents share: labels that name the drill, and the reading a document ends in.

pub(super) mod faults;

use serde_json::Value;

use super::claims::{Claim, Claims};
use super::redact::Redactor;
use super::{EvidenceLink, Hints, Reading, RollbackReading, drill, json, utf8};
use crate::error::Error;
use crate::types::{DrillKind, Failure, Outcome, RollbackOutcome, Timestamp, hex};

/// Labels of one document that are looked at.
const MAX_LABELS: usize = 1_000;
/// How our keys begin, whatever a system allows in a key.
const PREFIXES: &[&str] =
    &["waterbear.dev/", "waterbear/", "waterbear.", "waterbear:", "waterbear_", "waterbear-"];

/// What labels, annotations or tags say of a drill.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    pub(super) claims: Claims,
    drill: Option<String>,
    hypothesis: Option<String>,
    exploratory: bool,
}

impl Labels {
    /// Takes in labels at `place`: an object, a list of key and value, or a list of `key:value`. What was said before
    /// stays. With `bare`, keys need no prefix.
    pub(super) fn take(&mut self, labels: Option<&Value>, place: &str, bare: bool) {
        let Some(labels) = labels else { return };
        for (key, text) in pairs(labels).into_iter().take(MAX_LABELS) {
            let lower = key.trim().to_ascii_lowercase();
            let ours = PREFIXES.iter().find_map(|prefix| lower.strip_prefix(prefix));
            let Some(word) = ours.or(bare.then_some(lower.as_str())) else { continue };
            self.say(&word.replace(['-', '.'], "_"), text, json::pointer(place, key));
        }
    }

    fn say(&mut self, word: &str, text: &str, place: String) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let slot = match word {
            "service" => &mut self.claims.service,
            "kind" | "drill_kind" => &mut self.claims.kind,
            "failure" | "failure_class" => &mut self.claims.failure,
            "target" => &mut self.claims.target,
            "environment" | "env" => &mut self.claims.environment,
            "drill" => {
                self.drill.get_or_insert_with(|| text.to_owned());
                return;
            }
            "hypothesis" => {
                self.hypothesis.get_or_insert_with(|| text.to_owned());
                return;
            }
            "exploratory" => {
                self.exploratory |= text.eq_ignore_ascii_case("true");
                return;
            }
            _ => return,
        };
        slot.get_or_insert_with(|| Claim::new(text, place));
    }
}

/// Keys and texts of labels in whatever form a system writes them.
fn pairs(labels: &Value) -> Vec<(&str, &str)> {
    match labels {
        Value::Object(map) => {
            map.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
        }
        Value::Array(items) => items.iter().filter_map(pair).collect(),
        _ => Vec::new(),
    }
}

fn pair(item: &Value) -> Option<(&str, &str)> {
    if let Value::String(text) = item {
        // The key may hold a colon of its own: `waterbear:service:checkout`.
        let from = PREFIXES.iter().find(|p| text.starts_with(**p)).map_or(0, |p| p.len());
        let at = from + text.get(from..)?.find([':', '='])?;
        return Some((text.get(..at)?, text.get(at + 1..)?));
    }
    let of = |names: &[&str]| names.iter().find_map(|name| item.get(*name).and_then(Value::as_str));
    Some((of(&["key", "Key", "name"])?, of(&["value", "Value"])?))
}

/// What an engine's document tells.
pub(super) struct Story<'a> {
    /// The engine.
    pub(super) tool: &'static str,
    /// Its version.
    pub(super) tool_version: Option<&'a str>,
    /// What labels say.
    pub(super) labels: Labels,
    /// What the fault's name says.
    pub(super) failure: Option<Failure>,
    /// The verdict and why.
    pub(super) verdict: (Outcome, String),
    /// The second verdict; none if the document says nothing of it.
    pub(super) rollback: Option<RollbackReading>,
    /// Begin and end.
    pub(super) times: (Option<Timestamp>, Option<Timestamp>),
    /// What the drill is called.
    pub(super) title: Option<String>,
    /// What should have stayed true.
    pub(super) hypothesis: Option<&'a str>,
    /// The engine's id of the run.
    pub(super) run_id: Option<String>,
    /// Where people look at the run.
    pub(super) link: Option<&'a str>,
    /// What makes a repeat the same result; the whole document if nothing in it varies from one sending to the next.
    pub(super) content: Option<Value>,
}

impl Story<'_> {
    /// A story with a verdict, and nothing else yet.
    pub(super) fn new(tool: &'static str, outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            tool,
            tool_version: None,
            labels: Labels::default(),
            failure: None,
            verdict: (outcome, reason.into()),
            rollback: None,
            times: (None, None),
            title: None,
            hypothesis: None,
            run_id: None,
            link: None,
            content: None,
        }
    }

    /// The reading of `document`.
    pub(super) fn read(mut self, document: &Value, hints: &Hints) -> Result<Reading, Error> {
        let mut redactor = Redactor::default();
        redactor.learn(document);
        // Named in the reading anyway; kept in the stored document, that reads as the original does.
        self.labels.claims.texts().for_each(|text| redactor.publish(text));
        let mut errors = Vec::new();
        let mut claims = std::mem::take(&mut self.labels.claims).under(hints);
        if claims.failure.is_none() {
            let kind =
                claims.kind.as_ref().and_then(|kind| DrillKind::parse(&kind.text.trim().to_lowercase()));
            let derived = self.failure.and_then(|failure| faults::of_kind(failure, kind));
            claims.failure = derived.map(|failure| Claim::new(failure.as_str(), "the name of the fault"));
        }
        let settled = claims.settle(&mut errors);
        if !errors.is_empty() {
            return Err(Error::Invalid { fields: errors });
        }
        let clean = |text: &str, max: usize| utf8::one_line(&redactor.text(text), max);
        let (outcome, reason) = self.verdict;
        let mut rollback = self.rollback.unwrap_or_else(|| drill::unsaid_rollback(settled.kind, outcome));
        rollback.reason = clean(&rollback.reason, 1024).unwrap_or(rollback.reason);
        let link = self
            .link
            .filter(|href| is_link(href))
            .map(|href| EvidenceLink { kind: "run".to_owned(), href: redactor.text(href) });
        let title = self.labels.drill.or(self.title);
        Ok(Reading {
            service: settled.service,
            kind: settled.kind,
            failure: settled.failure,
            target: settled.target,
            environment: settled.environment,
            outcome,
            reason: clean(&reason, 1024).unwrap_or(reason),
            rollback,
            started_at: self.times.0,
            ended_at: self.times.1,
            detected_after_seconds: None,
            recovered_after_seconds: None,
            hypothesis: self
                .labels
                .hypothesis
                .as_deref()
                .or(self.hypothesis)
                .and_then(|text| clean(text, 4096)),
            exploratory: self.labels.exploratory,
            title: title.and_then(|text| clean(&text, 255)),
            evidence: link.into_iter().collect(),
            tool: self.tool.to_owned(),
            tool_version: self.tool_version.and_then(|text| clean(text, 64)),
            run_id: self.run_id.map(|id| bounded(&id)),
            external_id: None,
            ticket: None,
            document: redactor.document(document).to_string(),
            content_sha256: json::content_hash(self.content.as_ref().unwrap_or(document)),
        })
    }
}

/// An id that fits: a longer one is known by its beginning and its hash.
fn bounded(id: &str) -> String {
    let flat = utf8::one_line(id, 1024).unwrap_or_default();
    if flat.len() <= 200 {
        return flat;
    }
    let hash = json::sha256(id.as_bytes());
    format!("{}~{}", utf8::cut(&flat, 160), hex(hash.get(..16).unwrap_or_default()))
}

/// What is wrong with a link, if anything is.
pub fn check_link(href: &str) -> Option<&'static str> {
    (!is_link(href))
        .then_some("expected an http:// or https:// URL of at most 2048 bytes, without blanks and quotes")
}

fn is_link(href: &str) -> bool {
    let web = href.starts_with("https://") || href.starts_with("http://");
    web && href.len() <= 2048
        && !href.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"".contains(c))
}

/// The text at a JSON pointer.
pub(super) fn text<'a>(document: &'a Value, pointer: &str) -> Option<&'a str> {
    document.pointer(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// The instant at a JSON pointer; nothing if it cannot be read as one.
pub(super) fn time(document: &Value, pointer: &str) -> Option<Timestamp> {
    match document.pointer(pointer)? {
        Value::String(text) => Timestamp::parse(utf8::cut(text, 64)).ok(),
        // Seconds since 1970, as some command lines and SDKs print times.
        Value::Number(number) => {
            let seconds = number.as_f64().filter(|s| (0.0..1e11).contains(s))?;
            Some(Timestamp((seconds * 1000.0) as i64))
        }
        _ => None,
    }
}

/// A list at a JSON pointer; empty if there is none.
pub(super) fn list<'a>(document: &'a Value, pointer: &str) -> &'a [Value] {
    document.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A rollback verdict.
pub(super) fn rollback(outcome: RollbackOutcome, reason: impl Into<String>) -> RollbackReading {
    RollbackReading { outcome, reason: reason.into(), seconds: None }
}

/// Refuses what is no object.
pub(super) fn require_object(document: &Value, what: &str) -> Result<(), Error> {
    if document.is_object() {
        return Ok(());
    }
    Err(Error::invalid("", format!("expected {what} (an object), found {}", json::kind_of(document))))
}
