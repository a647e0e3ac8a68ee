//! Alertmanager's webhook, version 4: alerts that tell when something was noticed.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::engine::{self, list, text, time};
use super::redact::{redact_text, shown};
use super::{Read, json, utf8};
use crate::error::{Error, FieldError};
use crate::types::{Timestamp, hex};

/// Alerts that one message may hold.
const MAX_ALERTS: usize = 1_000;
/// Labels of an alert that are kept.
const MAX_LABELS: usize = 64;

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertReading {
    /// Its labels, those of its group included.
    pub labels: BTreeMap<String, String>,
    /// What names it among all alerts with the same labels.
    pub fingerprint: String,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// When it stopped; none while it fires.
    pub ends_at: Option<Timestamp>,
    /// It fires now.
    pub firing: bool,
    /// One line about it.
    pub summary: Option<String>,
}

/// Reads one message.
pub(super) fn read(body: &str) -> Result<Read, Error> {
    let document = json::parse(body)?;
    engine::require_object(&document, "a message of Alertmanager")?;
    let Some(alerts) = document.get("alerts").and_then(Value::as_array) else {
        return Err(Error::invalid("/alerts", "is missing: this is no webhook message of Alertmanager"));
    };
    if let Some(version) = text(&document, "/version").filter(|version| *version != "4") {
        let reason = format!("Version `{}` of Alertmanager's message is not known; 4 is.", shown(version));
        return Ok(Read::Unknown { reason });
    }
    if alerts.len() > MAX_ALERTS {
        let detail = format!("holds {} alerts; at most {MAX_ALERTS} are taken (`max_alerts`)", alerts.len());
        return Err(Error::invalid("/alerts", detail));
    }
    let mut errors = Vec::new();
    let mut all = Vec::with_capacity(alerts.len());
    for (at, _) in alerts.iter().enumerate() {
        all.extend(one(&document, at, &mut errors));
    }
    match (errors.is_empty(), all.is_empty()) {
        (false, _) => Err(Error::Invalid { fields: errors }),
        (true, true) => Ok(Read::Ignored { reason: "The message holds no alert.".to_owned() }),
        (true, false) => Ok(Read::Alerts(all)),
    }
}

fn one(document: &Value, at: usize, errors: &mut Vec<FieldError>) -> Option<AlertReading> {
    let place = format!("/alerts/{at}");
    let alert = list(document, "/alerts").get(at)?;
    let Some(starts_at) = time(alert, "/startsAt") else {
        errors.push(FieldError::new(format!("{place}/startsAt"), "expected an RFC 3339 instant"));
        return None;
    };
    let mut labels = BTreeMap::new();
    for source in [alert.get("labels"), document.get("commonLabels")] {
        for (key, value) in source.and_then(Value::as_object).into_iter().flatten().take(MAX_LABELS) {
            if let (true, Some(value)) = (key.len() <= 255, value.as_str()) {
                let value = utf8::one_line(value, 255).unwrap_or_default();
                labels.entry(key.clone()).or_insert(value);
            }
        }
    }
    // While it fires, the end is the year 1.
    let ends_at = time(alert, "/endsAt").filter(|end| end.0 > 0 && *end >= starts_at);
    let fingerprint = text(alert, "/fingerprint").map(|print| utf8::cut(print, 64).to_owned());
    let summary = text(alert, "/annotations/summary").or_else(|| text(alert, "/annotations/description"));
    Some(AlertReading {
        fingerprint: fingerprint.unwrap_or_else(|| print_of(&labels)),
        starts_at,
        firing: text(alert, "/status").is_none_or(|status| status.eq_ignore_ascii_case("firing")),
        ends_at,
        summary: summary.and_then(|text| utf8::one_line(&redact_text(text), 255)),
        labels,
    })
}

/// A name for an alert whose sender gives none: its labels are what tells it apart.
fn print_of(labels: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (key, value) in labels {
        let _ = write!(text, "{}:{key}{}:{value}", key.len(), value.len());
    }
    hex(json::sha256(text.as_bytes()).get(..8).unwrap_or_default())
}
