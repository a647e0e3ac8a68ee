//! Facts: named, typed, dated values about one service, kept in slots that the catalogue hands out.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Lists longer than this are cut: no evaluation may grow with what somebody posts.
pub const MAX_LIST: usize = 1_000;

/// The value of a fact. In JSON it is the bare value: `true`, `12`, `0.5`, `"passed"`, `["a", "b"]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Num(f64),
    /// Text.
    Text(Cow<'static, str>),
    /// A list of text.
    List(Vec<String>),
}

impl Value {
    /// Whether the value may stand for a fact of this type; a whole number is also a number.
    pub fn fits(&self, kind: FactType) -> bool {
        match (self, kind) {
            (Self::Bool(_), FactType::Bool)
            | (Self::Int(_), FactType::Int | FactType::Number)
            | (Self::Text(_), FactType::Text)
            | (Self::List(_), FactType::List) => true,
            (Self::Num(number), FactType::Number) => number.is_finite(),
            _ => false,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => f.write_str("yes"),
            Self::Bool(false) => f.write_str("no"),
            Self::Int(number) => number.fmt(f),
            Self::Num(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => f.write_str(&items.join(", ")),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Num(value)
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

/// The type of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FactType {
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Number,
    /// Text.
    Text,
    /// A list of text.
    List,
}

impl FactType {
    /// All types, in the order in which help lists them.
    pub const ALL: [Self; 5] = [Self::Bool, Self::Int, Self::Number, Self::Text, Self::List];

    /// The name used in files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Number => "number",
            Self::Text => "text",
            Self::List => "list",
        }
    }
}

impl fmt::Display for FactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a fact came to be known, from the weakest class to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceClass {
    /// Typed in by a person.
    Declared,
    /// Pulled from telemetry.
    Observed,
    /// Executed, and posted with a token.
    ExecutedToken,
    /// Executed, with the proven identity of a CI job.
    ExecutedCi,
}

impl EvidenceClass {
    /// The name used in files and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Observed => "observed",
            Self::ExecutedToken => "executed_token",
            Self::ExecutedCi => "executed_ci",
        }
    }

    /// Reads the name; `executed` alone means either kind of executed evidence.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "declared" => Some(Self::Declared),
            "observed" => Some(Self::Observed),
            "executed" | "executed_token" => Some(Self::ExecutedToken),
            "executed_ci" => Some(Self::ExecutedCi),
            _ => None,
        }
    }
}

impl fmt::Display for EvidenceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The slot of a fact in its catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactId(pub u16);

/// What is known about one fact of one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// The last known value.
    pub value: Value,
    /// When the value was true, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// How it came to be known.
    pub evidence: EvidenceClass,
    /// Set while the source is broken: the value is then the last one known.
    pub source_error: Option<String>,
}

/// The facts of one service, one slot per fact of the catalogue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    slots: Vec<Option<Fact>>,
}

impl Facts {
    /// Room for `len` facts, all absent.
    pub fn new(len: usize) -> Self {
        Self { slots: vec![None; len] }
    }

    /// Puts a fact into its slot, growing the room if the slot lies beyond it.
    pub fn set(&mut self, id: FactId, fact: Fact) {
        let slot = usize::from(id.0);
        if slot >= self.slots.len() {
            self.slots.resize(slot + 1, None);
        }
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(fact);
        }
    }

    /// The fact in a slot, if it is known.
    pub fn get(&self, id: FactId) -> Option<&Fact> {
        self.slots.get(usize::from(id.0)).and_then(Option::as_ref)
    }

    /// Forgets one fact.
    pub fn remove(&mut self, id: FactId) {
        if let Some(place) = self.slots.get_mut(usize::from(id.0)) {
            *place = None;
        }
    }

    /// Puts a fact, or none, into a slot and hands out what was there.
    pub(crate) fn replace(&mut self, id: FactId, fact: Option<Fact>) -> Option<Fact> {
        let before = self.get(id).cloned();
        match fact {
            Some(fact) => self.set(id, fact),
            None => self.remove(id),
        }
        before
    }

    /// The known facts in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (FactId, &Fact)> {
        self.slots.iter().enumerate().filter_map(|(slot, fact)| Some((FactId(slot as u16), fact.as_ref()?)))
    }

    /// Forgets all facts and keeps the room, for the next service.
    pub fn clear(&mut self) {
        self.slots.fill(None);
    }
}
