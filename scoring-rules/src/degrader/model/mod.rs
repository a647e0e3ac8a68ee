//! What settings do to traffic, in closed form: a failure is followed window by window by expected values.

mod calls;
mod course;
mod d2;
mod day;
mod history;
mod tails;
mod window;

use super::objective::{cost_of_false_alarms, judge_with};
use super::{D2, Defence, HealthyDay, Judged, Replay, Scenario, Traffic};
use d2::D2Model;
pub(super) use day::{Scatter, Slots};
pub(super) use window::percentile as metric_share;

/// Judges settings of D2, unless what they cost on a healthy day shows already that J is not below `limit`.
pub(super) fn judge_below(settings: &D2, traffic: &Traffic, slots: &Slots, limit: f64) -> Option<Judged> {
    let healthy = day::healthy_day(settings, traffic, slots);
    if cost_of_false_alarms(&healthy) >= limit {
        return None;
    }
    let model = D2Model::new(settings, traffic);
    Some(judge_with(healthy, |scenario| model.once(scenario)))
}

impl Defence for D2 {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        let model = D2Model::new(self, traffic);
        if curve { model.in_full(scenario) } else { model.once(scenario) }
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        day::healthy_day(self, traffic, &Slots::of(traffic))
    }
}
