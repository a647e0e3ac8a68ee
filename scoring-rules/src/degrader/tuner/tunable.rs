//! What settings of any dialect offer, so that they can be compared and changed group by group.

use super::super::{Defence, Traffic};
use super::Group;

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

    /// How often hosts are judged, ms: the window whose calls decide how much can be known.
    fn window_ms(&self) -> f64;

    /// What the settings do to healthy traffic all by themselves, beyond what the replay shows of it.
    fn hard_failures(&self, traffic: &Traffic) -> Vec<super::Remark> {
        let _ = traffic;
        Vec::new()
    }
}
