//! The examples in a rule file: each says what the rule must decide on given facts.

use serde::Serialize;
use toml::Spanned;
use toml::de::DeValue;

use crate::catalogue::Catalogue;
use crate::fact::{EvidenceClass, Fact, FactId, Facts, Value};
use crate::form::{Doc, Form, fact_value, milli_of};
use crate::grade::judge_rule;
use crate::outcome::Outcome;
use crate::rule::Rule;

/// What an example says the rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// All points.
    Pass,
    /// No points.
    Fail,
    /// A fact is missing.
    Unknown,
    /// The rule does not apply.
    NotApplicable,
    /// This many thousandths of the points.
    Partial(u16),
}

/// Facts, and what the rule must decide on them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// The facts, all of them fresh and well proven.
    pub facts: Vec<(FactId, Value)>,
    /// What must come out.
    pub expected: Expected,
    /// Where the file says so.
    #[serde(skip)]
    at: usize,
}

impl Example {
    /// The facts of the example as if just proven by CI.
    pub fn to_facts(&self, len: usize) -> Facts {
        proven(&self.facts, len)
    }
}

/// Facts as if just proven by CI.
pub(crate) fn proven(values: &[(FactId, Value)], len: usize) -> Facts {
    let mut facts = Facts::new(len);
    for (id, value) in values {
        let evidence = EvidenceClass::ExecutedCi;
        facts.set(*id, Fact { value: value.clone(), as_of_ms: 0, evidence, source_error: None });
    }
    facts
}

/// The `facts` of an example.
pub(crate) fn facts(form: &Form<'_>, catalogue: &Catalogue) -> Option<Vec<(FactId, Value)>> {
    let doc = form.doc;
    let mut facts = Vec::new();
    match form.value("facts").map(|value| Form::of(doc, "facts", value)) {
        None => form.wrong(form.at, "the example has no `facts`"),
        Some(None) => return None,
        Some(Some(table)) => {
            for (name, at, value) in table.entries() {
                facts.extend(fact(doc, name, at, value, catalogue));
            }
        }
    }
    Some(facts)
}

pub(crate) fn read_all(doc: &Doc<'_>, value: &Spanned<DeValue<'_>>, catalogue: &Catalogue) -> Vec<Example> {
    let DeValue::Array(items) = value.get_ref() else {
        doc.report(value.span().start, "examples are written as [[example]]");
        return Vec::new();
    };
    items.iter().filter_map(|item| read(doc, item, catalogue)).collect()
}

fn read(doc: &Doc<'_>, value: &Spanned<DeValue<'_>>, catalogue: &Catalogue) -> Option<Example> {
    let form = Form::of(doc, "example", value)?;
    let facts = facts(&form, catalogue)?;
    let expected = expected(&form);
    form.finish();
    let (at, expected) = expected?;
    Some(Example { facts, expected, at })
}

fn fact(
    doc: &Doc<'_>,
    name: &str,
    at: usize,
    value: &Spanned<DeValue<'_>>,
    catalogue: &Catalogue,
) -> Option<(FactId, Value)> {
    let Some(id) = catalogue.id(name) else {
        let hint = if name.contains('.') { "" } else { "; write \"group.fact\" in quotes" };
        doc.report_meant(at, format!("unknown fact `{name}` in an example{hint}"), catalogue.nearest(name));
        return None;
    };
    let spec = catalogue.spec(id);
    let read = fact_value(doc, name, spec.kind, value)?;
    if !spec.accepts(&read) {
        let message = format!("`{name}` is never \"{read}\"; it is one of {}", spec.choices.join(", "));
        doc.report(value.span().start, message);
        return None;
    }
    Some((id, read))
}

fn expected(form: &Form<'_>) -> Option<(usize, Expected)> {
    const FORM: &str =
        "`expect` must be \"pass\", \"fail\", \"unknown\", \"not_applicable\" or { partial = 0.5 }";
    let Some(value) = form.value("expect") else {
        form.wrong(form.at, "the example has no `expect`");
        return None;
    };
    let at = value.span().start;
    let expected = match value.get_ref() {
        DeValue::String(text) => match text.as_ref() {
            "pass" => Some(Expected::Pass),
            "fail" => Some(Expected::Fail),
            "unknown" => Some(Expected::Unknown),
            "not_applicable" => Some(Expected::NotApplicable),
            _ => None,
        },
        DeValue::Table(table) if table.len() == 1 => {
            table.get("partial").and_then(|share| milli_of(share.get_ref())).map(Expected::Partial)
        }
        _ => None,
    };
    if expected.is_none() {
        form.wrong(at, FORM);
    }
    Some((at, expected?))
}

/// Runs the examples of a rule and reports each that does not hold.
pub(crate) fn check(doc: &Doc<'_>, rule: &Rule, catalogue: &Catalogue) {
    for example in &rule.examples {
        let facts = example.to_facts(catalogue.len());
        let verdict = judge_rule(rule, &facts, catalogue, 0);
        let holds = match example.expected {
            Expected::Pass => verdict.outcome == Outcome::Pass,
            Expected::Fail => verdict.outcome == Outcome::Fail,
            Expected::Unknown => verdict.outcome == Outcome::Unknown,
            Expected::NotApplicable => verdict.outcome == Outcome::NotApplicable,
            Expected::Partial(milli) => verdict.outcome == Outcome::Partial && verdict.share_milli == milli,
        };
        if holds {
            continue;
        }
        let got = match verdict.outcome {
            Outcome::Partial => format!("{{ partial = {:.3} }}", f64::from(verdict.share_milli) / 1_000.0),
            outcome => format!("\"{outcome}\""),
        };
        let names: Vec<&str> =
            verdict.missing.iter().map(|missing| catalogue.spec(missing.fact).name.as_str()).collect();
        let because =
            if names.is_empty() { String::new() } else { format!(" (missing {})", names.join(", ")) };
        doc.report(example.at, format!("this example does not hold: the rule decides {got}{because}"));
    }
}
