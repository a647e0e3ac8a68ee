//! k6: its three summaries.
//!
//! Of the legacy `--summary-export` a threshold that is `true` is **broken**; of `handleSummary` one with
//! `{"ok": true}` is kept; `--new-machine-readable-summary` has none, so there the checks decide, or the exit code that
//! the caller tells (99: thresholds broken).

use serde_json::Value;

use super::engine::{self, Story, text, time};
use super::redact::shown;
use super::{Hints, Read, json};
use crate::error::Error;
use crate::types::{Outcome, Timestamp};

/// k6's exit code for broken thresholds.
const THRESHOLDS_BROKEN: i64 = 99;
/// Broken thresholds that are named.
const NAMED: usize = 3;

/// Reads one summary.
pub(super) fn read(body: &str, hints: &Hints) -> Result<Read, Error> {
    let document = json::parse(body)?;
    engine::require_object(&document, "a summary of k6")?;
    let exit = exit_code(hints)?;
    let machine = is_machine(&document);
    if !machine && document.get("metrics").is_none_or(|metrics| !metrics.is_object()) {
        let detail = "this is no summary of k6: post the file of --summary-export or of \
                      --new-machine-readable-summary, or what handleSummary(data) gets, as JSON";
        return Err(Error::invalid("/metrics", detail));
    }
    let found = Found::of(&document, machine);
    let (outcome, reason) = found.judge(exit);
    let mut story = Story::new("k6", outcome, reason);
    for place in ["/options/tags", "/config/tags", "/metadata/tags", "/tags", "/waterbear"] {
        story.labels.take(document.pointer(place), place, true);
    }
    story.tool_version = text(&document, "/metadata/k6Version");
    story.title = text(&document, "/config/script").map(str::to_owned);
    let ended = time(&document, "/metadata/generatedAt");
    let seconds =
        document.pointer("/config/duration").and_then(Value::as_f64).filter(|s| (0.0..1e8).contains(s));
    let started = ended.zip(seconds).map(|(end, s)| Timestamp(end.0 - (s * 1000.0) as i64));
    story.times = (started, ended);
    story.read(&document, hints).map(|reading| Read::Drill(Box::new(reading)))
}

/// Whether it is the machine-readable form.
fn is_machine(document: &Value) -> bool {
    document.pointer("/results/metrics").is_some() || document.pointer("/results/checks").is_some()
}

/// What a summary that was read before was asked to hold: its thresholds as written, and how many checks ran.
pub(super) struct Asked {
    pub(super) thresholds: Vec<String>,
    pub(super) checks: u64,
}

/// What a summary was asked to hold.
pub(super) fn asked(document: &Value) -> Asked {
    let found = Found::of(document, is_machine(document));
    Asked { checks: found.passes.saturating_add(found.fails), thresholds: found.held }
}

fn exit_code(hints: &Hints) -> Result<Option<i64>, Error> {
    let Some(text) = hints.exit_code.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let code = text.parse::<i64>().ok().filter(|code| (0..=255).contains(code));
    let detail = || format!("`{}` is no exit code: expected 0 to 255", shown(text));
    code.map(Some).ok_or_else(|| Error::invalid("?exit_code", detail()))
}

/// Thresholds and checks of a run.
#[derive(Default)]
struct Found {
    /// Thresholds that held, as written.
    held: Vec<String>,
    broken: Vec<String>,
    passes: u64,
    fails: u64,
    first_failed: Option<String>,
}

impl Found {
    fn of(document: &Value, machine: bool) -> Self {
        let mut found = Self::default();
        if machine {
            let metrics = engine::list(document, "/results/metrics");
            for metric in metrics.iter().chain(engine::list(document, "/results/checks/metrics")) {
                found.thresholds(text(metric, "/name").unwrap_or_default(), metric.get("thresholds"));
            }
            for check in engine::list(document, "/results/checks/results") {
                found.check(check);
            }
            found.totals(document);
        } else {
            for (name, metric) in document.get("metrics").and_then(Value::as_object).into_iter().flatten() {
                found.thresholds(name, metric.get("thresholds"));
            }
            if let Some(group) = document.get("root_group") {
                found.group(group, 0);
            }
            if found.passes + found.fails == 0 {
                let checks = document.pointer("/metrics/checks");
                found.add(checks.and_then(|c| c.get("values")).or(checks));
            }
        }
        found
    }

    /// The two legacy forms are told apart by each value, so that neither can be taken for the other.
    fn thresholds(&mut self, metric: &str, thresholds: Option<&Value>) {
        for (expression, value) in thresholds.and_then(Value::as_object).into_iter().flatten() {
            let broken = match value {
                Value::Bool(broken) => *broken,
                other => match other.get("ok").and_then(Value::as_bool) {
                    Some(ok) => !ok,
                    None => continue,
                },
            };
            if broken {
                self.broken.push(format!("{} {}", shown(metric), shown(expression)));
            } else {
                self.held.push(expression.clone());
            }
        }
    }

    /// Checks of a group and of those inside; both forms, maps and lists.
    fn group(&mut self, group: &Value, depth: usize) {
        members(group.get("checks")).for_each(|check| self.check(check));
        if depth < 64 {
            members(group.get("groups")).for_each(|inner| self.group(inner, depth + 1));
        }
    }

    fn check(&mut self, check: &Value) {
        let fails = self.add(Some(check));
        if fails > 0 && self.first_failed.is_none() {
            self.first_failed = Some(shown(text(check, "/name").unwrap_or("unnamed")));
        }
    }

    fn add(&mut self, counts: Option<&Value>) -> u64 {
        let count = |key: &str| counts.and_then(|c| c.get(key)).and_then(Value::as_u64).unwrap_or(0);
        self.passes = self.passes.saturating_add(count("passes"));
        self.fails = self.fails.saturating_add(count("fails"));
        count("fails")
    }

    /// The totals of the machine-readable form, where its list of checks is empty.
    fn totals(&mut self, document: &Value) {
        if self.passes + self.fails > 0 {
            return;
        }
        for metric in engine::list(document, "/results/checks/metrics") {
            let matches = metric.pointer("/values/matches").and_then(Value::as_u64).unwrap_or(0);
            match text(metric, "/name") {
                Some("checks_failed") => self.fails = matches,
                Some("checks_succeeded") => self.passes = matches,
                _ => {}
            }
        }
    }

    fn judge(&self, exit: Option<i64>) -> (Outcome, String) {
        let thresholds = self.held.len() + self.broken.len();
        let checks = self.passes.saturating_add(self.fails);
        if !self.broken.is_empty() {
            let named: Vec<&str> = self.broken.iter().take(NAMED).map(String::as_str).collect();
            let reason =
                format!("{} of {thresholds} thresholds broke: {}.", self.broken.len(), named.join("; "));
            return (Outcome::Failed, reason);
        }
        match exit {
            Some(THRESHOLDS_BROKEN) => {
                return (Outcome::Failed, "k6 ended with exit code 99: a threshold broke.".to_owned());
            }
            Some(code) if code != 0 => {
                let reason =
                    format!("k6 ended with exit code {code}: the test itself did not run to its end.");
                return (Outcome::Inconclusive, reason);
            }
            _ => {}
        }
        if thresholds > 0 {
            return (Outcome::Passed, format!("All {thresholds} thresholds held."));
        }
        match (checks, &self.first_failed) {
            (0, _) => (
                Outcome::Inconclusive,
                "The summary has neither thresholds nor checks: nothing was tested.".to_owned(),
            ),
            (_, _) if self.fails == 0 => (Outcome::Passed, format!("All {checks} checks passed.")),
            (_, first) => {
                let first = first.as_ref().map_or_else(String::new, |name| format!(": {name}"));
                (Outcome::Failed, format!("{} of {checks} checks failed{first}.", self.fails))
            }
        }
    }
}

/// The members of a list, or of a map by name.
fn members(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.chain(value.and_then(Value::as_object).into_iter().flat_map(serde_json::Map::values))
}
