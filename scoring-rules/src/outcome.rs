//! What a rule decides about a service, and which facts it lacked to decide.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fact::{EvidenceClass, FactId};

/// What a rule decides about a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All points.
    Pass,
    /// Some of the points.
    Partial,
    /// No points.
    Fail,
    /// No points, as a fact is absent, stale or too weakly proven.
    Unknown,
    /// The source is broken: the last known outcome stays and is marked.
    Error,
    /// Left out of the sum by a waiver.
    Waived,
    /// Left out of the sum, as the rule is not about this service, or not yet.
    NotApplicable,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 7] = [
        Self::Pass,
        Self::Partial,
        Self::Fail,
        Self::Unknown,
        Self::Error,
        Self::Waived,
        Self::NotApplicable,
    ];

    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Partial => "partial",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Error => "error",
            Self::Waived => "waived",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// One character, for compact storage.
    pub fn code(self) -> char {
        match self {
            Self::Pass => 'p',
            Self::Partial => 'r',
            Self::Fail => 'f',
            Self::Unknown => 'u',
            Self::Error => 'e',
            Self::Waived => 'w',
            Self::NotApplicable => 'n',
        }
    }

    /// The outcome of a stored character.
    pub fn from_code(code: char) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }

    /// Whether the rule is part of the sum.
    pub fn counts(self) -> bool {
        !matches!(self, Self::Waived | Self::NotApplicable)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a fact counts as missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingWhy {
    /// Nothing was ever sent.
    NoData,
    /// What was sent is past the age limit of the fact.
    Stale {
        /// How old it is.
        age_days: i64,
        /// How old it may be.
        limit_days: u32,
    },
    /// The rule asks for stronger evidence.
    TooWeak {
        /// What there is.
        have: EvidenceClass,
    },
}

impl fmt::Display for MissingWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("no data"),
            Self::Stale { age_days, limit_days } => {
                write!(f, "{age_days} days old, and stale after {limit_days}")
            }
            Self::TooWeak { have } => write!(f, "only {have} evidence"),
        }
    }
}

/// A fact that a judgement lacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The fact.
    pub fact: FactId,
    /// Why it counts as missing.
    pub why: MissingWhy,
}
