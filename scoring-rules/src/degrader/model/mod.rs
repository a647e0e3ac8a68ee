//! What settings do to traffic, in closed form: a failure is followed window by window by expected values.

mod calls;
mod course;
mod d2;
mod day;
mod dice;
mod flow;
mod history;
mod relative;
mod tails;
mod window;

use super::objective::{cost_of_false_alarms, judge_below};
use super::{D2, Defence, HealthyDay, Judged, Relative, Replay, Scenario, Traffic};
use d2::D2Model;
pub(super) use day::Scatter;
use day::Slots;
use relative::RelativeModel;
pub(super) use tails::{above_normal, binomial_at_least, poisson_at_least};
pub(super) use window::percentile as metric_share;

/// Traffic prepared for a search over many settings of D2.
pub(super) struct Ground<'a> {
    traffic: &'a Traffic,
    slots: Slots,
}

impl<'a> Ground<'a> {
    pub(super) fn new(traffic: &'a Traffic) -> Self {
        Self { traffic, slots: Slots::few(traffic) }
    }

    /// The objective of settings, unless it is not below `limit`. The day is gone through roughly, on the safe side.
    pub(super) fn objective_below(&self, settings: &D2, limit: f64) -> Option<f64> {
        below(settings, self.traffic, &self.slots, limit).map(|judged| judged.objective)
    }
}

/// Judges settings of D2, unless J is not below `limit`.
pub(super) fn judge_d2_below(settings: &D2, traffic: &Traffic, limit: f64) -> Option<Judged> {
    below(settings, traffic, &Slots::of(traffic), limit)
}

fn below(settings: &D2, traffic: &Traffic, slots: &Slots, limit: f64) -> Option<Judged> {
    let healthy = day::healthy_day(settings, traffic, slots);
    if cost_of_false_alarms(&healthy) >= limit {
        return None;
    }
    let model = D2Model::new(settings, traffic);
    judge_below(healthy, &model.spoiled(), limit, |scenario| model.once(scenario))
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

impl Defence for Relative {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        RelativeModel::new(self, traffic).replay(scenario, curve)
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        relative::healthy_day(self, traffic)
    }
}
