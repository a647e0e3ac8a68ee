//! JUnit XML reports, of any of the writers that call their output so.

mod redacted;
mod report;
mod xml;

use super::claims::{self, Claim, Claims};
use super::redact::shown;
use super::{Hints, Reading, drill, json, utf8};
use crate::error::{Error, FieldError};
use crate::types::{DrillKind, Outcome};
use report::Report;

/// Reads a report.
pub(super) fn read(text: &str, hints: &Hints) -> Result<Reading, Error> {
    let mut report = Report::default();
    xml::walk(text, |piece| report.take(piece))?;
    let root = report.root.as_deref().unwrap_or_default();
    if !matches!(root, "testsuites" | "testsuite") {
        let detail = format!(
            "the root element is <{}>; a JUnit report begins with <testsuites> or <testsuite>",
            shown(root)
        );
        return Err(Error::invalid("", detail));
    }
    let mut errors = Vec::new();
    let claims = claims_of(&report, hints, &mut errors);
    let settled = claims.under(hints).settle(&mut errors);
    let run_id = property(&report, &["run_id"]).and_then(|c| claims::name(&c.text, &c.place, &mut errors));
    if !errors.is_empty() {
        return Err(Error::Invalid { fields: errors });
    }
    let (outcome, reason) = judge(&report);
    let drill_name = property(&report, &["drill"]).map(|claim| claim.text);
    // A drill called "rollback" without a kind of its own is a rollback drill.
    let kind = settled.kind.or_else(|| drill_name.as_deref().and_then(DrillKind::parse));
    let mut rollback = drill::unsaid_rollback(kind, outcome);
    rollback.seconds = rollback_seconds(&report);
    let clean = |text: &str, max: usize| utf8::one_line(&report.redactor.text(text), max);
    Ok(Reading {
        service: settled.service,
        kind,
        failure: settled.failure,
        target: settled.target,
        environment: settled.environment,
        outcome,
        reason,
        rollback,
        started_at: report.started_at(),
        ended_at: report.ended_at(),
        detected_after_seconds: None,
        recovered_after_seconds: None,
        hypothesis: property(&report, &["hypothesis"]).and_then(|c| clean(&c.text, 4096)),
        exploratory: property(&report, &["exploratory"]).is_some_and(|c| c.text.eq_ignore_ascii_case("true")),
        title: drill_name.or_else(|| report.name.clone()).and_then(|text| clean(&text, 255)),
        evidence: Vec::new(),
        tool: "junit".to_owned(),
        tool_version: None,
        run_id,
        external_id: None,
        ticket: None,
        document: redacted::write(text, &report.redactor)?,
        content_sha256: json::sha256(text.as_bytes()),
    })
}

/// The verdict over the cases, counted one by one: the counts in attributes are often absent or wrong.
fn judge(report: &Report) -> (Outcome, String) {
    let bad = report.failed + report.errored;
    let cases = report.cases();
    if bad > 0 || report.suite_errors > 0 {
        let mut parts = Vec::new();
        for (count, word) in [
            (report.failed, "failed"),
            (report.errored, "errored"),
            (report.suite_errors, "errors outside of cases"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        return (Outcome::Failed, format!("Of {cases} test cases: {}.", parts.join(", ")));
    }
    if report.counted > 0 {
        let reason = format!(
            "The report counts {} failures or errors, but none of its {cases} cases shows one.",
            report.counted
        );
        return (Outcome::Inconclusive, reason);
    }
    match (cases, report.passed) {
        (0, _) => (Outcome::Inconclusive, "The report has no test case: nothing was tested.".to_owned()),
        (_, 0) => {
            (Outcome::Inconclusive, format!("All {cases} test cases were skipped: nothing was tested."))
        }
        (_, passed) => (Outcome::Passed, format!("{passed} of {cases} test cases passed, none failed.")),
    }
}

/// The only value of a property of ours; the last name is the one to mention.
fn property(report: &Report, names: &[&str]) -> Option<Claim> {
    names.iter().find_map(|name| {
        let name = format!("waterbear.{name}");
        let values = report.properties.get(&name)?;
        let value = values.iter().find(|value| !value.trim().is_empty())?;
        Some(Claim::new(value.as_str(), format!("property {name}")))
    })
}

/// What the properties say; two values for one thing are an error unless the sender decides.
fn claims_of(report: &Report, hints: &Hints, errors: &mut Vec<FieldError>) -> Claims {
    let mut one = |names: &[&str], hint: &Option<String>| {
        let claim = property(report, names)?;
        let values = claim.place.strip_prefix("property ").and_then(|name| report.properties.get(name))?;
        let decided = hint.as_deref().is_some_and(|hint| !hint.trim().is_empty());
        if values.len() > 1 && !decided {
            let all: Vec<String> = values.iter().map(|value| format!("`{}`", shown(value))).collect();
            let detail = format!(
                "has several values in one report: {}; send one report for each, or say which with a parameter",
                all.join(", ")
            );
            errors.push(FieldError::new(&claim.place, detail));
        }
        Some(claim)
    };
    Claims {
        service: one(&["service"], &hints.service),
        kind: one(&["kind"], &hints.kind),
        failure: one(&["failure", "failure_class", "failure-class"], &hints.failure),
        target: one(&["target"], &hints.target),
        environment: one(&["environment", "env"], &hints.environment),
    }
}

fn rollback_seconds(report: &Report) -> Option<f64> {
    let values =
        report.properties.get("waterbear.rollback_seconds").or(report.properties.get("rollback_seconds"))?;
    let seconds: f64 = values.first()?.trim().parse().ok()?;
    (seconds.is_finite() && (0.0..=1e9).contains(&seconds)).then_some(seconds)
}
