//! A drafted rule, and the file that says it.

use std::collections::BTreeMap;
use std::fmt::Write;

use scoring_rules::Value;
use serde::Serialize;
use utoipa::ToSchema;

/// Points of a drafted rule, to be weighed by whoever takes it over.
pub(super) const POINTS: u16 = 5;

/// The draft of a rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleDraft {
    /// Files for the rulebook's directory; empty where the goal cannot be a rule.
    pub files: Vec<RuleFile>,
    /// What to know: what the draft leaves out, or why there is none.
    pub notes: Vec<String>,
}

/// One file of a rulebook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleFile {
    /// Where it belongs.
    pub path: String,
    /// TOML.
    pub text: String,
}

/// A rule as far as it follows from a goal.
pub(super) struct Rule {
    pub id: String,
    pub title: String,
    pub practice: String,
    pub why: String,
    pub fix: String,
    pub when: Option<String>,
    /// `pass` or `score`, and its expression.
    pub judge: (&'static str, String),
    pub evidence: &'static str,
    /// Facts by name, and what must come out.
    pub examples: Vec<(BTreeMap<String, Value>, String)>,
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Text in quotes: what JSON escapes, TOML and CEL read the same.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Rule {
    /// The file of the rule.
    pub(super) fn toml(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{key} = {value}");
        };
        line("title", &quoted(&self.title));
        line("practice", &quoted(&self.practice));
        line("why", &quoted(&self.why));
        line("fix", &quoted(&self.fix));
        line("effort", "\"hours\"");
        line("points", &POINTS.to_string());
        if let Some(when) = &self.when {
            line("when", &quoted(when));
        }
        line(self.judge.0, &quoted(&self.judge.1));
        line("evidence", &quoted(self.evidence));
        for (facts, expect) in &self.examples {
            let facts: Vec<String> = facts
                .iter()
                .map(|(name, value)| format!("{} = {}", quoted(name), toml_value(value)))
                .collect();
            let _ = write!(text, "\n[[example]]\nfacts = {{ {} }}\nexpect = {expect}\n", facts.join(", "));
        }
        text
    }
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Num(number) => format!("{number:?}"),
        Value::Text(text) => quoted(text),
        Value::List(items) => format!("[{}]", items.iter().map(|i| quoted(i)).collect::<Vec<_>>().join(", ")),
    }
}
