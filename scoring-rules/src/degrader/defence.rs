//! What settings are asked: how does one failing host end, and what do you cost while nothing fails?

use serde::{Deserialize, Serialize};

use super::Traffic;

/// How long the one host fails in a replay, s.
pub const FAILURE_SECONDS: f64 = 300.0;

/// How one host fails.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// Its calls take so many times as long.
    Slow(f64),
    /// No call returns: each runs into the timeout.
    Hung,
    /// This share of its calls ends in a server error, as quickly as ever.
    Errors(f64),
}

impl Scenario {
    /// What is replayed, each with its prior weight; the weights add up to 1.
    pub const ALL: [(Self, f64); 6] = [
        (Self::Slow(3.0), 0.10),
        (Self::Slow(10.0), 0.30),
        (Self::Slow(50.0), 0.10),
        (Self::Hung, 0.25),
        (Self::Errors(0.5), 0.15),
        (Self::Errors(1.0), 0.10),
    ];

    /// Its name in documents and addresses: `slow-x10`, `hung`, `errors-50`.
    pub fn id(self) -> String {
        match self {
            Self::Slow(factor) => format!("slow-x{factor}"),
            Self::Hung => "hung".into(),
            Self::Errors(share) => format!("errors-{}", share * 100.0),
        }
    }
}

/// One instant of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Seconds since the failure began.
    pub at_s: f64,
    /// Share of the host's usual traffic that is kept away from it, 0 to 1.
    pub dropped: f64,
    /// Bad requests of all users until now, failing host and refusals together.
    pub bad: f64,
}

/// How the failure of one host ends under given settings. Requests are those of all clients together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// What failed.
    pub scenario: Scenario,
    /// Seconds until the host gets a tenth of its traffic or less; none: it never does.
    pub isolated_after_s: Option<f64>,
    /// Bad requests on the failing host, as a share of what an undefended client would suffer; 0 to 1.
    pub leak_ratio: f64,
    /// Bad requests in [`FAILURE_SECONDS`], refused ones included.
    pub bad_requests: f64,
    /// The same if nothing reacted.
    pub undefended: f64,
    /// Calls refused on behalf of all hosts, healthy ones too.
    pub refused: f64,
    /// Seconds from healing until the host has nine tenths of its traffic again; 0: it had never lost it; none: it
    /// had not within the time that was watched.
    pub recovered_after_s: Option<f64>,
    /// Share of the failing host's calls that the failure makes bad, 0 to 1.
    pub spoiled: f64,
    /// The course of it, where it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurvePoint>,
}

/// What the settings cost while nothing fails.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthyDay {
    /// Share of its traffic that a healthy host lacks for no reason, mean over the day.
    pub false_drop: f64,
    /// The same in the worst slot of the day.
    pub worst_slot: f64,
    /// Share of healthy calls that are refused outright, in the worst slot: an outage made by the settings.
    pub refused: f64,
}

/// Settings of a client against a bad host, of whatever dialect.
pub trait Defence {
    /// Replays one failure; `curve` asks for its course too.
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay;

    /// Goes through a day on which nothing fails.
    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay;
}
