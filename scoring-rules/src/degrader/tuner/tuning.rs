//! What the tuner says of a service's settings.

use serde::{Deserialize, Serialize};

use super::super::{D2, Judged};

/// How good settings are, what the best would be, and what to change. The same for each dialect; `S` are its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning<S = D2> {
    /// How the current settings did.
    pub current: Judged,
    /// How the best settings did that are known: those found, or the current ones where none are better.
    pub best: Judged,
    /// The settings that `best` judges.
    pub best_settings: S,
    /// Share of the avoidable bad requests that the current settings avoid, in percent, 0 to 100.
    pub score: f64,
    /// The fewest changes that do; none: the settings are good enough, or nothing may be recommended (see `refusals`).
    pub recommended: Option<Recommended<S>>,
    /// How far to trust all this.
    pub confidence: Confidence,
    /// Calls for each host, client and window (lambda) under the current settings, mean over the day.
    pub calls_per_window: f64,
    /// The same when traffic is least.
    pub calls_per_window_at_night: f64,
    /// What makes the current settings an outage by themselves.
    pub hard_failures: Vec<Remark>,
    /// Why nothing is recommended although the settings may be poor.
    pub refusals: Vec<Remark>,
    /// What else its reader should know: what was assumed, what to change beside the settings.
    pub notes: Vec<Remark>,
    /// What the replay leaves out, one sentence each.
    pub not_modelled: Vec<String>,
}

/// Settings that need as few changes as possible and are nearly as good as the best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommended<S = D2> {
    /// The settings with all changes made.
    pub settings: S,
    /// How they did.
    pub judged: Judged,
    /// Their score, 0 to 100.
    pub score: f64,
    /// What to change, the most useful group first.
    pub changes: Vec<Change>,
}

/// One value to change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The library's own key, such as `degrader.highLatency`.
    pub field: String,
    /// Its value now, as the library writes it.
    pub from: String,
    /// Its value to be.
    pub to: String,
    /// What it belongs to: values of one group are changed together.
    pub group: Group,
    /// The score once this group and those before it are changed, 0 to 100.
    pub score: f64,
}

/// Values that only make sense together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Which latency is bad and which is good, and from how many calls.
    Latency,
    /// Which error rate is bad and which is good.
    Errors,
    /// Which age of the calls in flight is bad and which is good.
    Outstanding,
    /// How fast a host is taken out and let in again.
    Steps,
    /// From which latency of the whole cluster calls are refused.
    WaterMarks,
    /// How often hosts are judged.
    Interval,
    /// When a call is given up.
    Timeout,
}

/// In this order groups are tried; of equals the first is taken.
pub(super) const GROUPS: [Group; 7] = [
    Group::Latency,
    Group::Errors,
    Group::Outstanding,
    Group::Steps,
    Group::WaterMarks,
    Group::Interval,
    Group::Timeout,
];

/// How far to trust a tuning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confidence {
    /// In one word.
    pub level: Level,
    /// Why it is not higher, one sentence each; of a high one: why it is.
    pub why: Vec<String>,
}

/// A degree of confidence; the lowest is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A guess.
    Low,
    /// Right in kind, not in the last digit.
    Medium,
    /// As good as the model.
    High,
}

/// Something to tell, with a stable name for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Its name: `refuses_healthy_traffic`, `drops_healthy_hosts`, `one_host`, `coarse_latency`, `too_little_data`, ...
    pub id: String,
    /// What it is and what to do, in words.
    pub detail: String,
}

impl Remark {
    /// A remark called `id`.
    pub fn new(id: &str, detail: impl Into<String>) -> Self {
        Self { id: id.into(), detail: detail.into() }
    }
}
