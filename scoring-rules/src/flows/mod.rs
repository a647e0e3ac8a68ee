//! Core flows: the journeys of users that must not fail, as graphs of calls, and what follows when one node dies.
//!
//! A call is *core* (without it the caller fails) or *non-core* (the caller lives on by a fallback). A non-core call
//! without a fallback is core in fact, whatever was declared. Everything here is linear in nodes and edges, or nearly.

mod findings;
mod graph;
mod layout;
mod points;
mod read;
mod scope;

use serde::Serialize;

pub use findings::{Finding, findings};
pub use graph::{Graph, Impact, Link};
pub use layout::{Layout, layout};
pub use points::{Point, single_points};
pub use read::{read, read_document};
pub use scope::{Scope, scope};

/// Most edges of one flow.
pub const MAX_EDGES: usize = 2_000;
/// Most steps of one flow.
pub const MAX_STEPS: usize = 100;
/// What stands before the name of something that is no service of the catalog.
pub const EXTERNAL: &str = "external:";
/// `apiVersion` of a flow in a file.
pub const API_VERSION: &str = "waterbear.dev/v1";

/// A journey of users, as it is declared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    /// Its name for people.
    pub title: String,
    /// What users do in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The team that answers for it: slug or catalog reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Where it begins; what nobody calls, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Its steps, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Its calls.
    pub edges: Vec<Edge>,
}

/// One call of a flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Edge {
    /// Who calls: slug or catalog reference.
    pub from: String,
    /// Who is called: slug, catalog reference, or `external:` and a name.
    pub to: String,
    /// Whether the caller fails without it.
    pub core: bool,
    /// How long the caller waits, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// What the caller does instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// Calls a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<f64>,
    /// The step it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

impl Edge {
    /// Whether the caller lives on without it: non-core, with a fallback.
    pub fn holds(&self) -> bool {
        !self.core && self.fallback.is_some()
    }

    /// What tells the edges of a service apart: `from->to`.
    pub fn id(&self) -> String {
        format!("{}->{}", self.from, self.to)
    }
}

/// What a caller does without its non-core dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fallback {
    /// What is given up.
    pub strategy: Strategy,
    /// A sentence: what users get instead.
    pub how: String,
}

/// What a fallback gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Another site is called, which takes longer.
    TradeTime,
    /// Another source or a cache, which is more to keep up.
    TradeComplexity,
    /// Simpler or default content.
    TradeFeature,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TradeTime, Self::TradeComplexity, Self::TradeFeature];

    /// The word used in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TradeTime => "trade_time",
            Self::TradeComplexity => "trade_complexity",
            Self::TradeFeature => "trade_feature",
        }
    }

    /// A name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::TradeTime => "trade time",
            Self::TradeComplexity => "trade complexity",
            Self::TradeFeature => "trade feature",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}
