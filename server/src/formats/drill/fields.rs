//! Takes typed fields out of a JSON object and collects what is wrong with them.

use serde_json::{Map, Value};

use super::super::claims::{self, Claim};
use super::super::redact::{self, shown};
use super::super::{json, utf8};
use super::MAX_HREF_BYTES;
use crate::error::FieldError;
use crate::types::{Outcome, RollbackOutcome, Timestamp};

/// Longer than any drill; a larger number is a mistake of unit.
const MAX_SECONDS: f64 = 1e9;

/// One object, where it stands, and the errors found so far.
pub(super) struct Fields<'a, 'e> {
    map: &'a Map<String, Value>,
    base: &'a str,
    pub(super) errors: &'e mut Vec<FieldError>,
}

impl<'a, 'e> Fields<'a, 'e> {
    pub(super) fn new(map: &'a Map<String, Value>, base: &'a str, errors: &'e mut Vec<FieldError>) -> Self {
        Self { map, base, errors }
    }

    fn wrong(&mut self, key: &str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(json::pointer(self.base, key), detail));
    }

    fn wrong_type(&mut self, key: &str, expected: &str, found: &Value) {
        self.wrong(key, format!("expected {expected}, found {}", json::kind_of(found)));
    }

    /// Refuses every field that is not in `known`, by name.
    pub(super) fn only(&mut self, known: &[&str]) {
        for key in self.map.keys().filter(|key| !known.contains(&key.as_str())) {
            self.wrong(key, super::unknown_field(key, known));
        }
    }

    pub(super) fn missing(&mut self, key: &str) {
        // A field of the wrong type was already complained about.
        if self.map.get(key).is_none_or(Value::is_null) {
            self.wrong(key, "is required");
        }
    }

    /// A field read by `read`, which must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<T> {
        if self.get(key).is_none() {
            self.missing(key);
            return None;
        }
        read(self, key)
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn string(&mut self, key: &str, expected: &str) -> Option<&'a str> {
        match self.get(key)? {
            Value::String(text) => Some(text),
            other => {
                self.wrong_type(key, expected, other);
                None
            }
        }
    }

    pub(super) fn claim(&mut self, key: &str) -> Option<Claim> {
        super::claim(self.map, self.base, key, self.errors)
    }

    pub(super) fn name(&mut self, key: &str) -> Option<String> {
        let text = self.string(key, "a string")?;
        claims::name(text, &json::pointer(self.base, key), self.errors)
    }

    /// An id; senders write numbers for ids.
    pub(super) fn name_or_number(&mut self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => self.name(key),
        }
    }

    /// Bounded text of several lines.
    pub(super) fn text(&mut self, key: &str, max: usize) -> Option<String> {
        let text = self.string(key, "a string")?;
        if text.len() > max {
            self.wrong(key, format!("is {} bytes long; at most {max} are taken", text.len()));
        } else if utf8::has_control(text, &['\n', '\r', '\t']) {
            self.wrong(key, "must not contain control characters");
        } else {
            return Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        }
        None
    }

    pub(super) fn boolean(&mut self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(value) => Some(*value),
            other => {
                self.wrong_type(key, "true or false", other);
                None
            }
        }
    }

    pub(super) fn seconds(&mut self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        let Some(seconds) = value.as_f64() else {
            self.wrong_type(key, "a number of seconds", value);
            return None;
        };
        if !seconds.is_finite() || !(0.0..=MAX_SECONDS).contains(&seconds) {
            self.wrong(key, format!("expected a number of seconds from 0 to {MAX_SECONDS}"));
            return None;
        }
        Some(seconds)
    }

    pub(super) fn object(&mut self, key: &str) -> Option<&'a Map<String, Value>> {
        match self.get(key)? {
            Value::Object(map) => Some(map),
            other => {
                self.wrong_type(key, "an object", other);
                None
            }
        }
    }

    pub(super) fn array(&mut self, key: &str) -> Option<&'a [Value]> {
        match self.get(key)? {
            Value::Array(items) => Some(items),
            other => {
                self.wrong_type(key, "an array", other);
                None
            }
        }
    }

    pub(super) fn instant(&mut self, key: &str) -> Option<Timestamp> {
        let text = self.string(key, "an RFC 3339 instant such as \"2026-03-01T09:26:00Z\"")?;
        let time = Timestamp::parse(utf8::cut(text, 64));
        if time.is_err() {
            let detail = format!(
                "`{}` is not an RFC 3339 instant with offset, such as 2026-03-01T09:26:00.000Z",
                shown(text)
            );
            self.wrong(key, detail);
        }
        time.ok()
    }

    pub(super) fn outcome(&mut self, key: &str) -> Option<Outcome> {
        let text = self.string(key, "a string")?;
        let word = Outcome::parse(text);
        if word.is_none() {
            let words: Vec<&str> = Outcome::ALL.iter().map(|w| w.as_str()).collect();
            self.wrong(key, claims::unknown_word(text, "outcome", &words));
        }
        word
    }

    pub(super) fn rollback_outcome(&mut self, key: &str) -> Option<RollbackOutcome> {
        let text = self.string(key, "a string")?;
        let word = RollbackOutcome::parse(text);
        if word.is_none() {
            let words: Vec<&str> = RollbackOutcome::ALL.iter().map(|w| w.as_str()).collect();
            self.wrong(key, claims::unknown_word(text, "rollback outcome", &words));
        }
        word
    }

    /// A web address; a password in it does not get in.
    pub(super) fn href(&mut self, key: &str) -> Option<String> {
        let text = self.string(key, "a URL as a string")?.trim_matches(' ');
        let lower = utf8::cut(text, 8).to_ascii_lowercase();
        let host = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
        if text.len() > MAX_HREF_BYTES {
            self.wrong(key, format!("is {} bytes long; at most {MAX_HREF_BYTES} are taken", text.len()));
        } else if text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"')) {
            self.wrong(key, "must not contain blanks, control characters, quotes or angle brackets");
        } else if host.is_none() || !has_host(text) {
            self.wrong(key, "expected an http:// or https:// URL with a host");
        } else {
            return Some(redact::redact_text(text));
        }
        None
    }
}

fn has_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':')
}
