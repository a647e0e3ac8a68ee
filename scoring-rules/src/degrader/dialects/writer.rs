//! Text to paste: a small tree, written as YAML with comments or as JSON.

use super::table::{Spec, Table, Unit};
use super::text::Style;

/// A part of a document.
pub(super) enum Node {
    /// A value as it is written, quotes included.
    Value(String),
    /// A word or a duration: JSON wants quotes around it, YAML none.
    Word(String),
    /// Keys in their order.
    Map(Vec<(String, Node)>),
    /// A list of mappings.
    List(Vec<Node>),
}

/// A mapping of these keys.
pub(super) fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::Map(entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect())
}

/// A text value.
pub(super) fn text(text: &str) -> Node {
    Node::Value(quoted(text))
}

/// A text in double quotes, which both JSON and YAML read alike: whatever is not plain is escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for unit in text.chars() {
        match unit {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(unit),
            _ => {
                let mut buffer = [0; 2];
                let codes = unit.encode_utf16(&mut buffer).iter();
                out.extend(codes.map(|code| format!("\\u{code:04x}")));
            }
        }
    }
    out.push('"');
    out
}

/// A text for a comment: one line, nothing that could end it.
pub(super) fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || ('\u{2028}'..='\u{2029}').contains(&c) { ' ' } else { c })
        .collect()
}

/// The rows of a block that are there, as mappings; blocks within it become mappings within.
pub(super) fn rows<T: Table>(table: &T, style: Style, block: &str) -> Node {
    let absent = T::default();
    let mut entries: Vec<(String, Node)> = Vec::new();
    for (i, spec) in table.specs().iter().enumerate() {
        let (at, leaf) = spec.split();
        let Some(value) = table.get(i).filter(|_| at == block) else { continue };
        if spec.rare && absent.get(i) == Some(value) {
            continue;
        }
        if spec.unit == Unit::Present {
            if value != 0.0 {
                entries.push((leaf.to_owned(), rows(table, style, spec.key)));
            }
            continue;
        }
        entries.push((leaf.to_owned(), scalar(style, spec, value)));
    }
    Node::Map(entries)
}

fn scalar(style: Style, spec: &Spec, value: f64) -> Node {
    let shown = style.show(spec.unit, value);
    match (style, spec.unit) {
        (Style::Strings, _) => text(&shown),
        (Style::Bare, Unit::Ms) => Node::Value(shown),
        (_, Unit::Ms | Unit::Word(_)) => Node::Word(shown),
        _ => Node::Value(shown),
    }
}

/// As YAML: block style, two spaces deep.
pub(super) fn yaml(node: &Node) -> String {
    let mut out = String::new();
    write_yaml(&mut out, node, 0);
    out
}

fn write_yaml(out: &mut String, node: &Node, depth: usize) {
    let indent = "  ".repeat(depth);
    match node {
        Node::Value(value) | Node::Word(value) => {
            out.push_str(value);
            out.push('\n');
        }
        Node::Map(entries) => {
            for (key, node) in entries {
                out.push_str(&indent);
                out.push_str(key);
                out.push(':');
                match node {
                    Node::Value(value) | Node::Word(value) => {
                        out.push(' ');
                        out.push_str(value);
                        out.push('\n');
                    }
                    Node::Map(inner) if inner.is_empty() => out.push_str(" {}\n"),
                    Node::Map(_) => {
                        out.push('\n');
                        write_yaml(out, node, depth + 1);
                    }
                    Node::List(_) => {
                        out.push('\n');
                        write_yaml(out, node, depth);
                    }
                }
            }
        }
        Node::List(items) => {
            for item in items {
                let mut text = String::new();
                write_yaml(&mut text, item, depth + 1);
                // The dash stands where the first key's indent ends.
                out.push_str(&indent);
                out.push_str("- ");
                out.push_str(text.trim_start_matches(' '));
            }
        }
    }
}

/// As JSON, two spaces deep.
pub(super) fn json(node: &Node) -> String {
    let mut out = String::new();
    write_json(&mut out, node, 0);
    out.push('\n');
    out
}

fn write_json(out: &mut String, node: &Node, depth: usize) {
    let indent = "  ".repeat(depth + 1);
    let (open, close, len) = match node {
        Node::Value(value) => return out.push_str(value),
        Node::Word(value) => return out.push_str(&quoted(value)),
        Node::Map(entries) => ('{', '}', entries.len()),
        Node::List(items) => ('[', ']', items.len()),
    };
    out.push(open);
    let line = |out: &mut String, i: usize, key: Option<&str>, node: &Node| {
        out.push('\n');
        out.push_str(&indent);
        if let Some(key) = key {
            out.push_str(&quoted(key));
            out.push_str(": ");
        }
        write_json(out, node, depth + 1);
        if i + 1 < len {
            out.push(',');
        }
    };
    match node {
        Node::Map(entries) => {
            entries.iter().enumerate().for_each(|(i, (key, node))| line(out, i, Some(key), node));
        }
        Node::List(items) => items.iter().enumerate().for_each(|(i, node)| line(out, i, None, node)),
        Node::Value(_) | Node::Word(_) => {}
    }
    if len > 0 {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(close);
}
