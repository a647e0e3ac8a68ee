//! What a JUnit report says: its cases counted one by one, its times, its properties.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime};

use super::super::redact::{Redactor, is_secret_key};
use super::redacted::secret_property;
use super::xml::{Piece, local};
use crate::types::Timestamp;

/// Longer than any test run.
const MAX_SECONDS: f64 = 1e8;

/// What was found so far.
#[derive(Default)]
pub(super) struct Report {
    pub(super) root: Option<String>,
    /// The first name of the root or of a suite.
    pub(super) name: Option<String>,
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) errored: usize,
    pub(super) skipped: usize,
    /// Errors and failures that stand in a suite but in none of its cases.
    pub(super) suite_errors: usize,
    /// The most failures and errors that any suite's attributes count.
    pub(super) counted: u64,
    /// Properties by lower-case name: every value that occurs.
    pub(super) properties: BTreeMap<String, Vec<String>>,
    pub(super) redactor: Redactor,
    started: Option<i64>,
    ended: Option<i64>,
    case_seconds: f64,
    case: Option<Case>,
    depth: usize,
    property: Option<(String, String)>,
}

#[derive(Default)]
struct Case {
    depth: usize,
    failed: bool,
    errored: bool,
    skipped: bool,
}

impl Report {
    /// Takes the next part of the document.
    pub(super) fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Open { name, attributes } => self.open(local(&name), &attributes),
            Piece::Text(text) => {
                if let Some((_, value)) = &mut self.property {
                    value.push_str(text.trim());
                }
            }
            Piece::Comment(_) => {}
            Piece::Close { name } => self.close(local(&name)),
        }
    }

    fn open(&mut self, name: &str, attributes: &[(String, String)]) {
        let get = |key: &str| attributes.iter().find(|(k, _)| local(k) == key).map(|(_, v)| v.as_str());
        self.depth += 1;
        if self.root.is_none() {
            self.root = Some(name.to_owned());
        }
        match name {
            "testsuites" | "testsuite" => self.suite(&get),
            "testcase" if self.case.is_none() => self.case = Some(self.new_case(&get)),
            "failure" => self.mark(|case| &mut case.failed),
            "error" => self.mark(|case| &mut case.errored),
            "skipped" => {
                if let Some(case) = &mut self.case {
                    case.skipped = true;
                }
            }
            "property" => {
                if let Some(key) = get("name") {
                    self.property = Some((key.to_lowercase(), get("value").unwrap_or_default().to_owned()));
                }
                if let (true, Some(value)) = (secret_property(name, attributes), get("value")) {
                    self.redactor.suspect(value);
                }
            }
            _ => {}
        }
    }

    fn new_case<'a>(&mut self, get: &impl Fn(&str) -> Option<&'a str>) -> Case {
        self.case_seconds += get("time").and_then(seconds).unwrap_or(0.0);
        let words = [get("status"), get("result")].into_iter().flatten().map(str::to_lowercase);
        let mut case = Case { depth: self.depth, failed: get("failure").is_some(), ..Case::default() };
        for word in words {
            match word.as_str() {
                "failed" | "failure" | "fail" => case.failed = true,
                "error" | "errored" => case.errored = true,
                "skipped" | "notrun" | "disabled" | "ignored" | "pending" | "suppressed" | "todo" => {
                    case.skipped = true;
                }
                _ => {}
            }
        }
        case
    }

    /// A failure or an error, of the case around it or of the suite itself.
    fn mark(&mut self, which: impl Fn(&mut Case) -> &mut bool) {
        match &mut self.case {
            Some(case) => *which(case) = true,
            None => self.suite_errors += 1,
        }
    }

    fn suite<'a>(&mut self, get: &impl Fn(&str) -> Option<&'a str>) {
        if let (None, Some(name)) = (&self.name, get("name").filter(|name| !name.trim().is_empty())) {
            self.name = Some(name.to_owned());
        }
        let count = |key: &str| get(key).and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0);
        self.counted = self.counted.max(count("failures").saturating_add(count("errors")));
        let Some(start) = get("timestamp").and_then(millis) else { return };
        self.started = Some(self.started.map_or(start, |known| known.min(start)));
        if let Some(length) = get("time").and_then(seconds) {
            let end = start.saturating_add((length * 1000.0).round() as i64);
            self.ended = Some(self.ended.map_or(end, |known| known.max(end)));
        }
    }

    fn close(&mut self, name: &str) {
        if let Some(case) = self.case.take_if(|case| case.depth == self.depth) {
            match case {
                Case { errored: true, failed: false, .. } => self.errored += 1,
                Case { failed: true, .. } => self.failed += 1,
                Case { skipped: true, .. } => self.skipped += 1,
                Case { .. } => self.passed += 1,
            }
        }
        if name == "property"
            && let Some((key, value)) = self.property.take()
        {
            if key.starts_with("waterbear.") && !is_secret_key(&key) && key != "waterbear.hypothesis" {
                self.redactor.publish(&value);
            }
            let values = self.properties.entry(key).or_default();
            if !values.contains(&value) && values.len() < 8 {
                values.push(value);
            }
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// When the earliest suite began.
    pub(super) fn started_at(&self) -> Option<Timestamp> {
        self.started.map(Timestamp)
    }

    /// When the latest suite ended: by its own duration, else by that of its cases.
    pub(super) fn ended_at(&self) -> Option<Timestamp> {
        let start = self.started?;
        let by_cases = start.saturating_add((self.case_seconds * 1000.0).round() as i64);
        Some(Timestamp(self.ended.unwrap_or(by_cases).max(start)))
    }

    pub(super) fn cases(&self) -> usize {
        self.passed + self.failed + self.errored + self.skipped
    }
}

/// A duration; some writers group thousands.
fn seconds(text: &str) -> Option<f64> {
    let value: f64 = text.trim().replace(',', "").parse().ok()?;
    (value.is_finite() && (0.0..=MAX_SECONDS).contains(&value)).then_some(value)
}

/// Milliseconds since the epoch of a time with or without zone; without one it is UTC.
fn millis(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z") {
        return Some(time.timestamp_millis());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|time| time.and_utc().timestamp_millis())
}
