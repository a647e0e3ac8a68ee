//! Sources of telemetry: what they said of services last, how they do, and when they are asked again.
//!
//! A source that is away costs nothing: the last that it said stays, marked as old.

mod handover;
mod turns;
mod views;

use scoring_rules::degrader::Profile;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use turns::{Ended, Said, Target, Turn, end, keep, next_at, rehearse, take_turn, targets};
pub use views::{SourceState, SourceView, TelemetryRow, TelemetryView, covered, list, of_service};

use crate::types::Timestamp;

/// What a source says of one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    /// Name of the source.
    pub source: String,
    /// When it was asked.
    pub at: Timestamp,
    /// How far back it looked.
    pub window_seconds: u64,
    /// The traffic of the instances that are well; none: `problems` say why.
    pub profile: Option<Profile>,
    /// The instance that stands out most, if any does.
    pub worst_instance: Option<WorstInstance>,
    /// The instances of the last step, the odd ones first.
    pub instances: Vec<InstanceSeen>,
    /// What is lacking or was left out.
    pub problems: Vec<Shortfall>,
}

/// An instance that behaves otherwise than the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorstInstance {
    /// Its name, as the label says it.
    pub name: String,
    /// Its 99th percentile, ms.
    pub p99_ms: Option<f64>,
    /// Share of its calls that fail; null where that is not known.
    pub error_rate: Option<f64>,
    /// It stands out without a break at least since then.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// An instance in the last step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstanceSeen {
    /// Its name, as the label says it.
    pub name: String,
    /// Calls a second.
    pub calls_per_second: f64,
    /// Its 99th percentile, ms.
    pub p99_ms: Option<f64>,
    /// The percentile is not below this: the begin of its bucket, ms.
    pub p99_low_ms: Option<f64>,
    /// The percentile is not above this: the end of its bucket, ms; null beyond the last bound.
    pub p99_high_ms: Option<f64>,
    /// Share of its calls that fail; null where that is not known.
    pub error_rate: Option<f64>,
    /// It behaves otherwise than the rest.
    pub stands_out: bool,
}

/// Something that is lacking, or was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shortfall {
    /// What kind of thing.
    pub code: Lack,
    /// In words, with numbers.
    pub detail: String,
}

impl Shortfall {
    /// A shortfall.
    pub fn new(code: Lack, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Kinds of shortfalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Too few calls, or data of too short a time.
    TooLittleData,
    /// Buckets too wide to set marks by.
    CoarseBuckets,
    /// One instance only.
    OneInstance,
    /// The series have no label that tells instances apart.
    NoInstances,
    /// Calls are counted, latencies are not.
    NoHistogram,
    /// How many hosts serve is not known.
    HostsUnknown,
    /// The numbers make no profile.
    Unusable,
    /// Counted by callers: a single host cannot be seen.
    ByCaller,
    /// Failed calls are not counted.
    Errors,
    /// A time when all were slow was left out.
    IncidentLeftOut,
    /// A remark of the source itself.
    Remark,
}

impl Lack {
    /// Whether nothing may be recommended for it.
    pub const fn refuses(self) -> bool {
        !matches!(self, Self::ByCaller | Self::Errors | Self::IncidentLeftOut | Self::Remark)
    }
}

impl Collected {
    /// Why nothing may be recommended; empty: it may.
    pub fn refusals(&self) -> impl Iterator<Item = &Shortfall> {
        self.problems.iter().filter(|p| p.code.refuses())
    }

    fn attention(&self) -> i16 {
        match (&self.worst_instance, self.problems.is_empty()) {
            (Some(_), _) => 2,
            (None, false) => 1,
            (None, true) => 0,
        }
    }
}
