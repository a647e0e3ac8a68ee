//! The catalogue: every fact a rule may name, with its type, age limit, meaning and source.

mod results;
mod standard;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::nearest;
use crate::fact::{FactId, FactType, Value};

pub(crate) use results::ResultSlots;

/// The groups whose facts the product computes about its own records: their evidence has no class.
const UNCLASSED: [&str; 5] = ["service", "evidence", "grade", "streak", "history"];
/// The groups that come out of grading.
pub(crate) const RESULTS: [&str; 3] = ["grade", "streak", "history"];
const DAY_MS: i64 = 86_400_000;

/// What a fact is, for rule writers and for those who send it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactSpec {
    /// The dotted name, `group.name_unit`.
    pub name: String,
    /// The type of its values.
    pub kind: FactType,
    /// The unit, where it has one.
    pub unit: Option<String>,
    /// The title of its source.
    pub source: String,
    /// What it means.
    pub help: String,
    /// The age in days past which it is stale; absent: it never is.
    pub ttl_days: Option<u32>,
    /// A typical value.
    pub example: Value,
    /// Whether it may arrive by `POST /api/v1/facts`.
    pub posted: bool,
    /// How to send the evidence, in one sentence.
    pub send: String,
    /// The text values it may have; empty: any.
    pub choices: Vec<String>,
}

impl FactSpec {
    /// The part of the name before the dot.
    pub fn group(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// Whether a value may be stored for this fact: its type fits and, for a choice, it is one of them.
    pub fn accepts(&self, value: &Value) -> bool {
        let chosen = match value {
            Value::Text(text) => self.choices.is_empty() || self.choices.iter().any(|choice| choice == text),
            _ => true,
        };
        chosen && value.fits(self.kind)
    }
}

/// The part of a specification that each reading of a fact needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) kind: FactType,
    pub(crate) ttl_ms: i64,
    pub(crate) classed: bool,
}

/// All facts, each with its slot.
#[derive(Debug, Clone)]
pub struct Catalogue {
    specs: Vec<FactSpec>,
    limits: Vec<Limits>,
    by_name: BTreeMap<String, FactId>,
}

impl Catalogue {
    /// The facts the product itself knows.
    pub fn standard() -> Self {
        let mut catalogue = Self { specs: Vec::new(), limits: Vec::new(), by_name: BTreeMap::new() };
        for spec in standard::specs() {
            catalogue.add(spec);
        }
        catalogue
    }

    /// Adds how long a service has been at each of these grades or better. Of two grades that are spelled the same but for
    /// signs, the first has the fact.
    pub(crate) fn add_bands(&mut self, letters: &[String]) {
        for letter in letters {
            let spec = results::at_band(letter);
            if self.id(&spec.name).is_none() {
                self.add(spec);
            }
        }
    }

    /// Adds a fact at the end, so that the slots of the others stay.
    pub(crate) fn add(&mut self, spec: FactSpec) {
        let id = FactId(self.specs.len() as u16);
        self.limits.push(Limits {
            kind: spec.kind,
            ttl_ms: spec.ttl_days.map_or(i64::MAX, |days| i64::from(days) * DAY_MS),
            classed: !UNCLASSED.contains(&spec.group()),
        });
        self.by_name.insert(spec.name.clone(), id);
        self.specs.push(spec);
    }

    /// The slot of a fact.
    pub fn id(&self, name: &str) -> Option<FactId> {
        self.by_name.get(name).copied()
    }

    /// What a fact is. The id must come from this catalogue.
    ///
    /// # Panics
    /// When the id is of a larger catalogue.
    pub fn spec(&self, id: FactId) -> &FactSpec {
        &self.specs[usize::from(id.0)]
    }

    pub(crate) fn limits(&self, id: FactId) -> Option<&Limits> {
        self.limits.get(usize::from(id.0))
    }

    /// All facts in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (FactId, &FactSpec)> {
        self.specs.iter().enumerate().map(|(slot, spec)| (FactId(slot as u16), spec))
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.specs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// The fact whose name is nearest to what was written.
    pub fn nearest(&self, written: &str) -> Option<&str> {
        nearest(written, self.by_name.keys().map(String::as_str))
    }

    /// Whether a group of this name exists.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        self.specs.iter().any(|spec| spec.group() == group)
    }
}
