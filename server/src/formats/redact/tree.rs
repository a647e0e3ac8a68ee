//! Redacts a JSON document by its structure: names, headers, the secrets and the host of a journal.

use serde_json::{Map, Value};

use super::keys::{is_secret_key, is_sensitive_header};
use super::{MASK, Redactor};

impl Redactor {
    /// Learns the secrets a document holds: those a journal declares, then what stands under secret-looking names.
    pub(in crate::formats) fn learn(&mut self, document: &Value) {
        if let Some(secrets) = document.pointer("/experiment/secrets") {
            self.learn_declared(secrets);
        }
        self.learn_named(document, false);
    }

    /// Every inline value below `experiment.secrets`; what is read from elsewhere leaves only its default behind.
    fn learn_declared(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                let outside = source_type(map).is_some();
                for (key, item) in map {
                    if !outside || !matches!(key.as_str(), "type" | "key" | "path") {
                        self.learn_declared(item);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_declared(item)),
            Value::String(text) => self.declare(text),
            Value::Number(number) => self.declare(&number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn learn_named(&mut self, value: &Value, secret: bool) {
        match value {
            Value::Object(map) => {
                let source = source_type(map).is_some();
                let pair = secret_pair(map);
                for (key, item) in map {
                    let value_of_pair = pair && key == "value";
                    let plain = source && matches!(key.as_str(), "type" | "key" | "path");
                    self.learn_named(item, !plain && (secret || value_of_pair || is_secret_key(key)));
                }
            }
            Value::Array(items) => {
                // A list of names under `secrets` (which secrets an activity uses) is not a list of secrets.
                for item in items {
                    self.learn_named(item, secret && !item.is_string());
                }
                for at in 1..items.len() {
                    if let (true, Some(value)) = (announced(items, at), items.get(at)) {
                        self.learn_named(value, true);
                    }
                }
            }
            Value::String(text) if secret => self.suspect(text),
            _ => {}
        }
    }

    /// The document without secrets, header values, host name and private paths.
    pub(in crate::formats) fn document(&self, document: &Value) -> Value {
        let mut clean = self.value(document, Around::Plain);
        let Some(map) = clean.as_object_mut() else { return clean };
        if map.contains_key("experiment") || map.contains_key("chaoslib-version") {
            for key in ["node", "platform"] {
                if let Some(value) = map.get_mut(key) {
                    *value = Value::String(MASK.to_owned());
                }
            }
        }
        let declared = document.pointer("/experiment/secrets").map(|secrets| self.sources(secrets, true));
        let settings = document.pointer("/experiment/configuration").map(|c| self.sources(c, false));
        if let Some(experiment) = map.get_mut("experiment").and_then(Value::as_object_mut) {
            declared.and_then(|secrets| experiment.insert("secrets".to_owned(), secrets));
            settings.and_then(|settings| experiment.insert("configuration".to_owned(), settings));
        }
        clean
    }

    /// Where values come from stays, the values go: all of them among secrets, elsewhere by the usual rules.
    fn sources(&self, value: &Value, secret: bool) -> Value {
        match value {
            Value::Object(map) if source_type(map).is_some() => {
                let kept = map.iter().map(|(key, item)| {
                    let stays =
                        item.is_string() && matches!(key.as_str(), "type" | "key" | "path" | "env_var_type");
                    (key.clone(), if stays { self.value(item, Around::Plain) } else { mask() })
                });
                Value::Object(kept.collect())
            }
            Value::Object(map) => {
                let item = |(key, item): (&String, &Value)| {
                    let clean = match item {
                        Value::Object(_) => self.sources(item, secret),
                        _ if secret || is_secret_key(key) => mask(),
                        _ => self.value(item, Around::Plain),
                    };
                    (self.text(key), clean)
                };
                Value::Object(map.iter().map(item).collect())
            }
            Value::Null => Value::Null,
            _ if secret => mask(),
            other => self.value(other, Around::Plain),
        }
    }

    fn value(&self, value: &Value, around: Around) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Number(number) if self.text(&number.to_string()) != number.to_string() => mask(),
            Value::Array(items) => {
                let item = |(at, item): (usize, &Value)| {
                    if announced(items, at) { masked(item) } else { self.value(item, around) }
                };
                Value::Array(items.iter().enumerate().map(item).collect())
            }
            Value::Object(map) => self.object(map, around),
            other => other.clone(),
        }
    }

    fn object(&self, map: &Map<String, Value>, around: Around) -> Value {
        let pair = secret_pair(map);
        let mut clean = Map::new();
        for (key, item) in map {
            let hidden = is_secret_key(key)
                || (pair && key == "value")
                || (matches!(around, Around::Headers) && is_sensitive_header(key));
            let inside =
                if key.to_ascii_lowercase().ends_with("headers") { Around::Headers } else { Around::Plain };
            let kept = if hidden { masked(item) } else { self.value(item, inside) };
            let mut name = self.text(key);
            while clean.contains_key(&name) {
                name.push('\'');
            }
            clean.insert(name, kept);
        }
        Value::Object(clean)
    }
}

/// What kind of object a value stands in.
#[derive(Clone, Copy)]
enum Around {
    Plain,
    Headers,
}

fn mask() -> Value {
    Value::String(MASK.to_owned())
}

/// Nothing and a yes or no tell no secret.
fn masked(value: &Value) -> Value {
    if matches!(value, Value::Null | Value::Bool(_)) { value.clone() } else { mask() }
}

/// `{"type": "env", "key": "X"}` and its like: a value that comes from elsewhere.
fn source_type(map: &Map<String, Value>) -> Option<&str> {
    let kind = map.get("type").and_then(Value::as_str)?;
    matches!(kind, "env" | "vault" | "file").then_some(kind)
}

/// `{"name": "Authorization", "value": "x"}`.
fn secret_pair(map: &Map<String, Value>) -> bool {
    let name = ["name", "key", "header"].iter().find_map(|k| map.get(*k).and_then(Value::as_str));
    map.contains_key("value") && name.is_some_and(is_secret_key)
}

/// `["--password", "x"]`, `["-u", "name:x"]` and `["Authorization", "x"]`: the element before names this one a secret.
fn announced(items: &[Value], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| items.get(i)).and_then(Value::as_str);
    before.is_some_and(|name| {
        let login = matches!(name, "-u" | "--user");
        if login && items.get(at).and_then(Value::as_str).is_some_and(|value| value.contains(':')) {
            return true;
        }
        let named = name.len() <= 80 && !name.contains(['=', ':', ' ', '/']) && is_secret_key(name);
        named && (name.starts_with('-') || (at == 1 && items.len() == 2))
    })
}
