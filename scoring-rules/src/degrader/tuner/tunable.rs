//! What settings of any dialect offer, so that they can be compared and changed group by group.

use super::super::{Defence, Judged, Traffic, judge};
use super::{Group, Remark};

/// One value among settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The library's own key, such as `degrader.highLatency`.
    pub key: &'static str,
    /// The value as the library writes it.
    pub value: String,
    /// What it belongs to.
    pub group: Group,
}

/// Settings that a tuning can be made of.
pub trait Tunable: Defence + Clone + PartialEq {
    /// Every value that a tuning may change, always in the same order and number.
    fn fields(&self) -> Vec<Field>;

    /// Takes over the values of `group` from `other`.
    fn take(&mut self, group: Group, other: &Self);

    /// The tool's defaults for what a tuning may change; all else as it is.
    #[must_use]
    fn with_defaults(&self) -> Self;

    /// How often hosts are judged, ms: the window whose calls decide how much can be known.
    fn window_ms(&self) -> f64;

    /// Judges the settings, unless J is not below `limit`. A dialect may find the latter out with less work.
    fn judge_below(&self, traffic: &Traffic, limit: f64) -> Option<Judged> {
        Some(judge(self, traffic)).filter(|judged| judged.objective < limit)
    }

    /// Whether values of the group are to be changed with every recommendation, whatever that does to the score.
    fn always_change(&self, group: Group, traffic: &Traffic) -> bool {
        let _ = (group, traffic);
        false
    }

    /// Why nothing may be recommended to these settings on this traffic, beside what holds for all.
    fn refusals(&self, traffic: &Traffic) -> Vec<Remark> {
        let _ = traffic;
        Vec::new()
    }

    /// What else to tell about these settings on this traffic.
    fn notes(&self, traffic: &Traffic) -> Vec<Remark> {
        let _ = traffic;
        Vec::new()
    }
}
