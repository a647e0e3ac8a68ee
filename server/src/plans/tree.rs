//! Documents with their fields in the order in which a person reads them, written as JSON or as YAML.

use std::fmt::Write as _;

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A text.
    Text(String),
    /// Text without quotes: a placeholder that becomes a number. Only for constants.
    Bare(&'static str),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Values one after the other.
    List(Vec<Node>),
    /// Named values, in order.
    Map(Vec<(String, Node)>),
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Node {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// Named values, in order.
pub fn map<const N: usize>(fields: [(&str, Node); N]) -> Node {
    Node::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Values one after the other.
pub fn list<const N: usize>(items: [Node; N]) -> Node {
    Node::List(items.into())
}

/// The document as JSON, indented by two.
pub fn json(node: &Node) -> String {
    let mut out = String::new();
    write_json(&mut out, node, 0);
    out.push('\n');
    out
}

fn write_json(out: &mut String, node: &Node, depth: usize) {
    match node {
        Node::Text(text) => out.push_str(&quoted_json(text)),
        Node::Bare(text) => out.push_str(text),
        // Writing to a String cannot fail, here and below.
        Node::Number(number) => drop(write!(out, "{number}")),
        Node::Flag(flag) => drop(write!(out, "{flag}")),
        Node::List(items) if items.is_empty() => out.push_str("[]"),
        Node::Map(fields) if fields.is_empty() => out.push_str("{}"),
        Node::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                indent(out, depth + 1);
                write_json(out, item, depth + 1);
            }
            out.push('\n');
            indent(out, depth);
            out.push(']');
        }
        Node::Map(fields) => {
            out.push('{');
            for (at, (name, value)) in fields.iter().enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                indent(out, depth + 1);
                out.push_str(&quoted_json(name));
                out.push_str(": ");
                write_json(out, value, depth + 1);
            }
            out.push('\n');
            indent(out, depth);
            out.push('}');
        }
    }
}

/// A text between the quotes of JSON.
pub fn quoted_json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// The document as YAML in block form. Every text that might be read as something else stands in quotes.
pub fn yaml(node: &Node) -> String {
    let mut out = String::new();
    write_yaml(&mut out, node, 0);
    out
}

fn write_yaml(out: &mut String, node: &Node, depth: usize) {
    match node {
        Node::Map(fields) if !fields.is_empty() => {
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    indent(out, depth);
                }
                out.push_str(&scalar(name));
                out.push(':');
                below(out, value, depth);
            }
        }
        Node::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    indent(out, depth);
                }
                out.push_str("- ");
                write_yaml(out, item, depth + 1);
            }
        }
        simple => {
            out.push_str(&flat(simple));
            out.push('\n');
        }
    }
}

/// What follows the colon of a name.
fn below(out: &mut String, value: &Node, depth: usize) {
    match value {
        Node::Map(fields) if !fields.is_empty() => nested(out, value, depth + 1),
        Node::List(items) if !items.is_empty() => nested(out, value, depth),
        Node::Text(text) if is_block(text) => {
            out.push_str(" |\n");
            for line in text.trim_end_matches('\n').split('\n') {
                if !line.is_empty() {
                    indent(out, depth + 1);
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        simple => {
            out.push(' ');
            out.push_str(&flat(simple));
            out.push('\n');
        }
    }
}

fn nested(out: &mut String, value: &Node, depth: usize) {
    out.push('\n');
    indent(out, depth);
    write_yaml(out, value, depth);
}

fn flat(node: &Node) -> String {
    match node {
        Node::Text(text) => scalar(text),
        Node::Bare(text) => (*text).to_owned(),
        Node::Number(number) => number.to_string(),
        Node::Flag(flag) => flag.to_string(),
        Node::List(_) => "[]".to_owned(),
        Node::Map(_) => "{}".to_owned(),
    }
}

/// Several lines of plain printable ASCII can stand as they are.
fn is_block(text: &str) -> bool {
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic())
        && text.lines().all(|line| !line.ends_with(' '))
}

/// A text on one line. Plain only where no reader of YAML 1.1 or 1.2 could take it for anything but a text.
fn scalar(text: &str) -> String {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            ' ' => out.push(' '),
            c if c.is_ascii_graphic() => out.push(c),
            c => drop(write!(out, "\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nodes() -> impl Strategy<Value = Node> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Node::Text),
            "[a-z:#&*!|>' \n-]{0,12}".prop_map(Node::Text),
            any::<i32>().prop_map(|n| Node::Number(i64::from(n))),
            any::<bool>().prop_map(Node::Flag),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Node::List),
                prop::collection::btree_map("[a-zA-Z0-9 :.-]{1,8}", inner, 0..4)
                    .prop_map(|fields| Node::Map(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_forms_say_the_same(node in nodes()) {
            let as_json: serde_json::Value = serde_json::from_str(&json(&node)).unwrap();
            let text = yaml(&map([("top", node)]));
            let as_yaml: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            prop_assert_eq!(&as_yaml["top"], &as_json, "{}", text);
        }
    }

    #[test]
    fn words_that_look_like_something_else_are_quoted() {
        for text in ["yes", "No", "null", "1.0", "- a", "a: b", "#", "", "0x1f", "~", "2026-01-01", "a\tb"] {
            let line = yaml(&map([("k", text.into())]));
            assert!(line.starts_with("k: \""), "{line}");
        }
        assert_eq!(yaml(&map([("script", "a\nb\n".into())])), "script: |\n  a\n  b\n");
    }
}
