//! Reading a flow: every field that cannot be read, with its place, all at once.

use serde_json::{Map, Value};

use super::{API_VERSION, EXTERNAL, Edge, Fallback, Flow, MAX_EDGES, MAX_STEPS, Strategy};
use crate::degrader::Problem;

/// Longest name of a service, team, step; bytes.
const NAME_BYTES: usize = 255;
/// Longest title or sentence; bytes.
const SENTENCE_BYTES: usize = 500;
/// Longest description; bytes.
const TEXT_BYTES: usize = 4_000;
/// Longer than an hour nobody waits; milliseconds.
const MAX_DEADLINE_MS: u64 = 3_600_000;
/// More calls a second nobody makes.
const MAX_TRAFFIC: f64 = 1e9;
/// More problems than this help nobody.
const MAX_PROBLEMS: usize = 100;

const FIELDS: &[&str] = &["title", "description", "owner", "entry", "steps", "edges"];
const EDGE_FIELDS: &[&str] = &["from", "to", "core", "deadline_ms", "fallback", "traffic", "step"];

/// Reads a flow as `PUT /api/v1/flows/{slug}` takes it.
///
/// # Errors
///
/// Every field that is missing, unknown or of the wrong form, with its JSON pointer.
pub fn read(document: &Value) -> Result<Flow, Vec<Problem>> {
    let mut reader = Reader::default();
    let flow = reader.flow(document, "", None);
    reader.finish(flow)
}

/// Reads a flow from a file: `apiVersion`, `kind: Flow`, `metadata.name` (the slug), `spec` (the flow).
///
/// # Errors
///
/// As [`read`].
pub fn read_document(document: &Value) -> Result<(String, Flow), Vec<Problem>> {
    let mut reader = Reader::default();
    let Some(root) = reader.object(document, "", &["apiVersion", "kind", "metadata", "spec"]) else {
        return reader.finish((String::new(), Flow::default()));
    };
    reader.word(root, "apiVersion", API_VERSION);
    reader.word(root, "kind", "Flow");
    let none = Value::Null;
    let empty = Map::new();
    let metadata = root.get("metadata").unwrap_or(&none);
    let known = ["name", "title", "description"];
    let metadata = reader.object(metadata, "/metadata", &known).unwrap_or(&empty);
    let slug = reader.required(metadata, "/metadata", "name", NAME_BYTES);
    if !slug.is_empty() && !is_slug(&slug) {
        let detail = "a slug has 1 to 63 of a-z, 0-9, - _ . and begins and ends with a letter or digit";
        reader.wrong("/metadata/name", detail);
    }
    let title = reader.text(metadata, "/metadata", "title", SENTENCE_BYTES).or_else(|| Some(slug.clone()));
    let mut flow = reader.flow(root.get("spec").unwrap_or(&none), "/spec", title);
    if flow.description.is_none() {
        flow.description = reader.text(metadata, "/metadata", "description", TEXT_BYTES);
    }
    reader.finish((slug, flow))
}

/// Whether text may be the slug of a flow.
pub(super) fn is_slug(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
}

#[derive(Default)]
struct Reader {
    wrong: Vec<Problem>,
}

impl Reader {
    fn finish<T>(self, read: T) -> Result<T, Vec<Problem>> {
        if self.wrong.is_empty() { Ok(read) } else { Err(self.wrong) }
    }

    fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        if self.wrong.len() < MAX_PROBLEMS {
            self.wrong.push(Problem::new(pointer, detail));
        }
    }

    fn object<'a>(&mut self, value: &'a Value, at: &str, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let Value::Object(map) = value else {
            self.wrong(at, format!("expected an object, found {}", kind(value)));
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let shown: String = key.chars().take(60).collect();
            let pointer = format!("{at}/{}", shown.replace('~', "~0").replace('/', "~1"));
            self.wrong(pointer, format!("unknown field; expected one of {}", known.join(", ")));
        }
        Some(map)
    }

    fn word(&mut self, map: &Map<String, Value>, key: &str, wanted: &str) {
        if map.get(key).and_then(Value::as_str) != Some(wanted) {
            self.wrong(format!("/{key}"), format!("expected `{wanted}`"));
        }
    }

    fn text(&mut self, map: &Map<String, Value>, at: &str, key: &str, most: usize) -> Option<String> {
        let pointer = format!("{at}/{key}");
        match map.get(key)? {
            Value::Null => None,
            Value::String(text) => {
                let text = text.trim();
                if text.is_empty() {
                    self.wrong(pointer, "is empty; write something or leave it out");
                    return None;
                }
                if text.len() > most {
                    self.wrong(pointer, format!("longer than {most} bytes"));
                    return None;
                }
                let lines = most == TEXT_BYTES;
                if text.chars().any(|c| c.is_control() && !(lines && "\n\t".contains(c))) {
                    self.wrong(pointer, "holds control characters; take them out");
                    return None;
                }
                Some(text.to_owned())
            }
            other => {
                self.wrong(pointer, format!("expected text, found {}", kind(other)));
                None
            }
        }
    }

    fn required(&mut self, map: &Map<String, Value>, at: &str, key: &str, most: usize) -> String {
        let before = self.wrong.len();
        let text = self.text(map, at, key, most);
        if text.is_none() && self.wrong.len() == before {
            self.wrong(format!("{at}/{key}"), "is missing; add it");
        }
        text.unwrap_or_default()
    }

    /// The name of a service or of something external, in its one spelling.
    fn end(&mut self, name: String, pointer: String) -> String {
        let name = name.to_lowercase();
        let bare = name.strip_prefix(EXTERNAL).unwrap_or(&name).trim();
        if bare.is_empty() {
            self.wrong(pointer, "expected a name after `external:`");
        } else if bare.contains(char::is_whitespace) && !name.starts_with(EXTERNAL) {
            self.wrong(
                pointer,
                "a slug or catalog reference has no spaces; write `external:` before other names",
            );
        } else if name.contains("->") {
            self.wrong(pointer, "a name has no `->` in it");
        }
        if name.starts_with(EXTERNAL) { format!("{EXTERNAL}{bare}") } else { name }
    }

    fn flow(&mut self, value: &Value, at: &str, title: Option<String>) -> Flow {
        let Some(map) = self.object(value, at, FIELDS) else { return Flow::default() };
        let title = match (map.contains_key("title"), title) {
            (false, Some(title)) => title,
            _ => self.required(map, at, "title", SENTENCE_BYTES),
        };
        let entry = self.text(map, at, "entry", NAME_BYTES);
        Flow {
            title,
            description: self.text(map, at, "description", TEXT_BYTES),
            owner: self.text(map, at, "owner", NAME_BYTES).map(|owner| owner.to_lowercase()),
            entry: entry.map(|entry| self.end(entry, format!("{at}/entry"))),
            steps: self.steps(map, at),
            edges: self.edges(map, at),
        }
    }

    fn list<'a>(&mut self, map: &'a Map<String, Value>, at: &str, key: &str, most: usize) -> &'a [Value] {
        let pointer = format!("{at}/{key}");
        match map.get(key) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) if items.len() <= most => items,
            Some(Value::Array(items)) => {
                self.wrong(pointer, format!("{} of them; a flow has at most {most}", items.len()));
                &[]
            }
            Some(other) => {
                self.wrong(pointer, format!("expected a list, found {}", kind(other)));
                &[]
            }
        }
    }

    fn steps(&mut self, map: &Map<String, Value>, at: &str) -> Vec<String> {
        let mut steps: Vec<String> = Vec::new();
        for (n, item) in self.list(map, at, "steps", MAX_STEPS).iter().enumerate() {
            match item.as_str().map(str::trim).filter(|s| !s.is_empty() && s.len() <= NAME_BYTES) {
                Some(step) if steps.iter().any(|held| held == step) => {
                    self.wrong(format!("{at}/steps/{n}"), "stands in the list already");
                }
                Some(step) => steps.push(step.to_owned()),
                None => self.wrong(format!("{at}/steps/{n}"), "expected a short text"),
            }
        }
        steps
    }

    fn edges(&mut self, map: &Map<String, Value>, at: &str) -> Vec<Edge> {
        if map.get("edges").is_none_or(Value::is_null) {
            self.wrong(format!("{at}/edges"), "is missing; a list of calls, empty if there are none yet");
        }
        let items = self.list(map, at, "edges", MAX_EDGES);
        items.iter().enumerate().map(|(n, item)| self.edge(item, &format!("{at}/edges/{n}"))).collect()
    }

    fn edge(&mut self, value: &Value, at: &str) -> Edge {
        let Some(map) = self.object(value, at, EDGE_FIELDS) else { return Edge::default() };
        let from = self.required(map, at, "from", NAME_BYTES);
        let to = self.required(map, at, "to", NAME_BYTES);
        let mut side = |name: String, key: &str| {
            if name.is_empty() { name } else { self.end(name, format!("{at}/{key}")) }
        };
        let (from, to) = (side(from, "from"), side(to, "to"));
        let core = match map.get("core") {
            Some(Value::Bool(core)) => *core,
            None => {
                self.wrong(
                    format!("{at}/core"),
                    "is missing; true if the caller fails without it, else false",
                );
                false
            }
            Some(other) => {
                self.wrong(format!("{at}/core"), format!("expected true or false, found {}", kind(other)));
                false
            }
        };
        Edge {
            from,
            to,
            core,
            deadline_ms: self.deadline(map, at),
            fallback: self.fallback(map, at),
            traffic: self.traffic(map, at),
            step: self.text(map, at, "step", NAME_BYTES),
        }
    }

    fn deadline(&mut self, map: &Map<String, Value>, at: &str) -> Option<u64> {
        let value = map.get("deadline_ms").filter(|v| !v.is_null())?;
        let found = value.as_u64().filter(|ms| (1..=MAX_DEADLINE_MS).contains(ms));
        if found.is_none() {
            let detail = format!("expected whole milliseconds, 1 to {MAX_DEADLINE_MS}");
            self.wrong(format!("{at}/deadline_ms"), detail);
        }
        found
    }

    fn traffic(&mut self, map: &Map<String, Value>, at: &str) -> Option<f64> {
        let value = map.get("traffic").filter(|v| !v.is_null())?;
        let found = value.as_f64().filter(|qps| (0.0..=MAX_TRAFFIC).contains(qps));
        if found.is_none() {
            self.wrong(format!("{at}/traffic"), "expected calls a second, 0 or more");
        }
        found
    }

    fn fallback(&mut self, map: &Map<String, Value>, at: &str) -> Option<Fallback> {
        let value = map.get("fallback").filter(|v| !v.is_null())?;
        let at = format!("{at}/fallback");
        let map = self.object(value, &at, &["strategy", "how"])?;
        let word = self.required(map, &at, "strategy", NAME_BYTES);
        let how = self.required(map, &at, "how", SENTENCE_BYTES);
        let strategy = Strategy::parse(&word);
        if strategy.is_none() && !word.is_empty() {
            let words = Strategy::ALL.map(Strategy::as_str).join(", ");
            self.wrong(format!("{at}/strategy"), format!("expected one of {words}"));
        }
        Some(Fallback { strategy: strategy?, how })
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
