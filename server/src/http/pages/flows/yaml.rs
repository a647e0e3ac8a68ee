//! A flow as the text of its file: one line an edge, so that a change of one is a change of one line.

use std::fmt::Write;

use scoring_rules::flows::{API_VERSION, Edge, Flow};
use serde_json::Value;

/// The file of a flow. Texts are quoted as JSON, which YAML reads alike.
pub(super) fn write(slug: &str, flow: &Flow) -> String {
    let mut text = format!("apiVersion: {API_VERSION}\nkind: Flow\nmetadata:\n  name: {}\n", quoted(slug));
    let mut line = |indent: &str, key: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{indent}{key}: {value}");
    };
    line("  ", "title", &quoted(&flow.title));
    if let Some(description) = &flow.description {
        line("  ", "description", &quoted(description));
    }
    line("", "spec", "");
    if let Some(owner) = &flow.owner {
        line("  ", "owner", &quoted(owner));
    }
    if let Some(entry) = &flow.entry {
        line("  ", "entry", &quoted(entry));
    }
    if !flow.steps.is_empty() {
        let steps: Vec<String> = flow.steps.iter().map(|step| quoted(step)).collect();
        line("  ", "steps", &format!("[{}]", steps.join(", ")));
    }
    line("  ", "edges", if flow.edges.is_empty() { "[]" } else { "" });
    for edge in &flow.edges {
        let _ = writeln!(text, "    - {{{}}}", parts(edge).join(", "));
    }
    text.replace(": \n", ":\n")
}

fn parts(edge: &Edge) -> Vec<String> {
    let mut parts = vec![
        format!("from: {}", quoted(&edge.from)),
        format!("to: {}", quoted(&edge.to)),
        format!("core: {}", edge.core),
    ];
    parts.extend(edge.deadline_ms.map(|ms| format!("deadline_ms: {ms}")));
    parts.extend(edge.traffic.map(|rate| format!("traffic: {rate}")));
    parts.extend(edge.step.as_ref().map(|step| format!("step: {}", quoted(step))));
    parts.extend(
        edge.fallback
            .as_ref()
            .map(|f| format!("fallback: {{strategy: {}, how: {}}}", f.strategy.as_str(), quoted(&f.how))),
    );
    parts
}

/// Plain where that is safe, else quoted.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || "-_.".contains(c);
    let word = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain);
    let other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text);
    if word && !other { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scoring_rules::flows::{Fallback, Strategy as Trade, read_document};

    use super::*;

    proptest! {
        #[test]
        fn a_flow_is_read_as_it_was_written(words in proptest::collection::vec("[ -~äß€\u{1f43b}]{1,20}", 6), core in any::<bool>(), ms in 1..9_000_u64) {
            let text = |n: usize| format!("x{}", words[n]).trim().to_owned();
            let edge = Edge {
                from: "shop".into(),
                to: "external:bank".into(),
                core,
                deadline_ms: Some(ms),
                traffic: Some(0.5),
                step: Some(text(0)),
                fallback: Some(Fallback { strategy: Trade::TradeTime, how: text(1) }),
            };
            let flow = Flow {
                title: text(2), description: Some(text(3)), owner: Some(text(4).to_lowercase()), entry: Some("shop".into()),
                steps: vec![text(0)], edges: vec![edge],
            };
            let value = crate::formats::read_settings(&write("buy", &flow)).unwrap();
            let (slug, read) = read_document(&value).unwrap();
            prop_assert_eq!(slug, "buy");
            prop_assert_eq!(read, flow);
        }
    }
}
