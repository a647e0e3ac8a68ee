//! The fields of one section, each error with its place.

use std::path::PathBuf;

use toml::{Table, Value};

use super::Secret;
use crate::config::{env, nearest};

/// One table of the settings.
pub(in crate::config) struct Fields<'a> {
    place: String,
    table: &'a Table,
    errors: &'a mut Vec<String>,
}

impl<'a> Fields<'a> {
    /// The table at `place`; anything else is told as an error.
    pub(in crate::config) fn of(
        place: String,
        value: &'a Value,
        errors: &'a mut Vec<String>,
    ) -> Option<Self> {
        if let Some(table) = value.as_table() {
            return Some(Self { place, table, errors });
        }
        errors.push(format!("{place}: expected a section [{place}]"));
        None
    }

    /// Tells of every key that is not one of `known`.
    pub(in crate::config) fn only(&mut self, known: &[&str]) {
        for key in self.table.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = nearest(key, known);
            let cure = if near.is_empty() { format!("; known are {}", known.join(", ")) } else { near };
            self.errors.push(format!("unknown setting {}.{key}{cure}", self.place));
        }
    }

    pub(in crate::config) fn errors(&mut self) -> &mut Vec<String> {
        self.errors
    }

    fn at(&self, key: &str) -> String {
        if key.is_empty() { self.place.clone() } else { format!("{}.{key}", self.place) }
    }

    pub(in crate::config) fn wrong(&mut self, key: &str, found: &str, expected: &str) {
        let at = self.at(key);
        self.errors.push(format!("{at}: found `{found}`, expected {expected}"));
    }

    pub(in crate::config) fn missing(&mut self, key: &str, expected: &str) {
        let at = self.at(key);
        self.errors.push(format!("{at}: expected {expected}"));
    }

    pub(in crate::config) fn value(&self, key: &str) -> Option<Value> {
        self.table.get(key).cloned()
    }

    pub(in crate::config) fn text(&mut self, key: &str) -> Option<String> {
        match self.table.get(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            other => {
                let kind = if other.is_str() { "an empty one" } else { other.type_str() };
                let at = self.at(key);
                self.errors.push(format!("{at}: expected a text, found {kind}"));
                None
            }
        }
    }

    pub(in crate::config) fn texts(&mut self, key: &str) -> Vec<String> {
        match self.table.get(key) {
            None => Vec::new(),
            Some(Value::Array(list)) if list.iter().all(Value::is_str) => {
                list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
            }
            Some(_) => {
                self.missing(key, "a list of texts");
                Vec::new()
            }
        }
    }

    pub(in crate::config) fn number(&mut self, key: &str, least: i64, most: i64) -> Option<i64> {
        let value = self.table.get(key)?;
        let found = value.as_integer().filter(|n| (least..=most).contains(n));
        if found.is_none() {
            self.wrong(key, &value.to_string(), &format!("a whole number from {least} to {most}"));
        }
        found
    }

    /// False for the first word, true for the second.
    pub(in crate::config) fn either(&mut self, key: &str, first: &str, second: &str) -> Option<bool> {
        let word = self.text(key)?;
        if word != first && word != second {
            self.wrong(key, &word, &format!("{first} or {second}"));
        }
        Some(word == second)
    }

    /// A secret by the name of a variable or a file; what is none may also stand here as it is.
    pub(in crate::config) fn secret(&mut self, key: &str, open: bool) -> Option<Secret> {
        let variable = self.text(&format!("{key}_env"));
        let file = self.text(&format!("{key}_file")).map(PathBuf::from);
        let value = if open { self.text(&format!("{key}_value")) } else { None };
        if usize::from(variable.is_some()) + usize::from(file.is_some()) + usize::from(value.is_some()) > 1 {
            self.missing(&format!("{key}_env"), "only one place of that secret");
        }
        if let Some(name) = variable {
            let Some(text) = env(&name) else {
                self.missing(&format!("{key}_env"), &format!("the variable {name} to be set, and not empty"));
                return Some(Secret::of(String::new()));
            };
            return Some(Secret::of(text));
        }
        if let Some(path) = file {
            let secret = Secret::in_file(path);
            if let Err(problem) = secret.read() {
                self.missing(&format!("{key}_file"), &format!("a file with the secret: {problem}"));
            }
            return Some(secret);
        }
        value.map(Secret::of)
    }
}
