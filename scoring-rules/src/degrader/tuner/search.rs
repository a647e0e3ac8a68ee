//! The search for the best settings of D2: a few knobs are turned one after the other, from a good start.

use super::super::model::Ground;
use super::super::{D2, LatencyMetric, Traffic};
use super::candidate::{Derived, Knobs};
use super::{Tuning, compare};

/// The usual length of a window, ms.
pub(super) const INTERVAL_MS: i64 = 5_000;
/// Calls in a window of the usual length from which shorter ones are tried, and below which longer ones.
const MANY_CALLS: f64 = 200.0;
const FEW_CALLS: f64 = 5.0;
/// Values of each knob.
const HIGH: [f64; 6] = [3.0, 3.5, 4.0, 4.5, 5.0, 6.0];
const LOW: [f64; 4] = [1.0, 1.5, 2.0, 2.5];
const CALLS: [f64; 3] = [0.0, 0.3, 0.6];
const UP_STEPS: [f64; 3] = [0.2, 0.35, 0.5];
const DOWN_STEPS: [f64; 3] = [0.05, 0.1, 0.2];
/// Where the search starts.
const START: Knobs =
    Knobs { metric: LatencyMetric::Average, high: 4.5, low: 2.0, calls: 0.0, up_step: 0.35, down_step: 0.2 };
/// Another statistic that is worse by more than this with the same knobs is not pursued.
const NEARLY: f64 = 0.02;

/// Grades current settings of D2 on a service's traffic, finds the best ones, and says what to change.
pub fn tune(current: &D2, traffic: &Traffic) -> Tuning {
    let mut search = Search::new(traffic);
    let derived = Derived::new(current, traffic, INTERVAL_MS);
    let mut knobs = START;
    search.climb(&derived, &mut knobs);
    for metric in [LatencyMetric::Pct50, LatencyMetric::Pct90] {
        search.try_metric(&derived, &mut knobs, metric);
    }
    for direction in other_intervals(current.balancer.update_interval_ms, traffic) {
        for interval_ms in direction {
            // With windows of another length the marks differ, but little else does.
            let derived = Derived::new(current, traffic, interval_ms);
            if !search.refit(&derived, knobs) {
                break;
            }
        }
    }
    for settings in derived.without_latency(&knobs) {
        search.consider(settings);
    }
    compare(current, search.found(current), traffic)
}

/// Lengths of windows to try beside the usual one, ms: of each list the next only where the one before did better than
/// all so far. `own` is the length in use.
pub(super) fn other_intervals(own: i64, traffic: &Traffic) -> [Vec<i64>; 2] {
    let calls = traffic.calls_per_window(INTERVAL_MS as f64);
    let others = if calls > MANY_CALLS {
        vec![2_000, 1_000]
    } else if calls < FEW_CALLS {
        vec![10_000]
    } else {
        Vec::new()
    };
    let in_use = (1_000..=60_000).contains(&own) && own != INTERVAL_MS && !others.contains(&own);
    [others, if in_use { vec![own] } else { Vec::new() }]
}

/// The best that was found so far.
struct Search<'a> {
    ground: Ground<'a>,
    best: Option<(D2, f64)>,
    tried: Vec<D2>,
}

impl<'a> Search<'a> {
    fn new(traffic: &'a Traffic) -> Self {
        Self { ground: Ground::new(traffic), best: None, tried: Vec::new() }
    }

    /// Turns one knob after the other to where it does best.
    fn climb(&mut self, derived: &Derived<'_>, knobs: &mut Knobs) {
        let mut reached = self.objective(derived, knobs, f64::INFINITY);
        self.turn(derived, knobs, &mut reached, &HIGH, |knobs| &mut knobs.high);
        self.turn(derived, knobs, &mut reached, &LOW, |knobs| &mut knobs.low);
        self.turn(derived, knobs, &mut reached, &UP_STEPS, |knobs| &mut knobs.up_step);
        self.turn(derived, knobs, &mut reached, &DOWN_STEPS, |knobs| &mut knobs.down_step);
        self.turn(derived, knobs, &mut reached, &CALLS, |knobs| &mut knobs.calls);
        // Other steps and numbers may allow of other marks.
        self.turn(derived, knobs, &mut reached, &HIGH, |knobs| &mut knobs.high);
        self.turn(derived, knobs, &mut reached, &LOW, |knobs| &mut knobs.low);
    }

    /// Tries another statistic with marks of its own; all knobs are turned, and kept, only if that does better than all
    /// so far.
    fn try_metric(&mut self, derived: &Derived<'_>, knobs: &mut Knobs, metric: LatencyMetric) {
        let best = self.best.as_ref().map_or(f64::INFINITY, |(_, best)| *best);
        let mut turned = Knobs { metric, ..*knobs };
        let mut reached = self.objective(derived, &turned, best + NEARLY);
        if reached.is_infinite() {
            turned.high = START.high;
            reached = self.objective(derived, &turned, best + NEARLY);
        }
        if reached.is_infinite() {
            return;
        }
        self.turn(derived, &mut turned, &mut reached, &HIGH, |knobs| &mut knobs.high);
        self.turn(derived, &mut turned, &mut reached, &LOW, |knobs| &mut knobs.low);
        if reached < best {
            self.climb(derived, &mut turned);
            *knobs = turned;
        }
    }

    /// Walks from a knob's value to its neighbours, one way and the other, as long as that does better.
    fn turn(
        &mut self,
        derived: &Derived<'_>,
        knobs: &mut Knobs,
        reached: &mut f64,
        values: &[f64],
        knob: fn(&mut Knobs) -> &mut f64,
    ) {
        let now = *knob(knobs);
        let above: Vec<f64> = values.iter().copied().filter(|&value| value > now).collect();
        let below: Vec<f64> = values.iter().copied().rev().filter(|&value| value < now).collect();
        for way in [above, below] {
            for value in way {
                let mut turned = *knobs;
                *knob(&mut turned) = value;
                let objective = self.objective(derived, &turned, *reached);
                if objective >= *reached {
                    break;
                }
                *reached = objective;
                *knobs = turned;
            }
        }
    }

    /// Searches the latency marks anew, with all other knobs as they are; answers whether that is better than all so far.
    fn refit(&mut self, derived: &Derived<'_>, mut knobs: Knobs) -> bool {
        let best = self.best.as_ref().map_or(f64::INFINITY, |(_, best)| *best);
        let mut reached = self.objective(derived, &knobs, best + NEARLY);
        self.turn(derived, &mut knobs, &mut reached, &HIGH, |knobs| &mut knobs.high);
        self.turn(derived, &mut knobs, &mut reached, &LOW, |knobs| &mut knobs.low);
        reached < best
    }

    /// The best settings so far; `otherwise` where there are none.
    fn found(self, otherwise: &D2) -> D2 {
        self.best.map_or_else(|| otherwise.clone(), |(settings, _)| settings)
    }

    /// The objective of settings, infinite where it is not below `limit` or they have been tried before.
    fn objective(&mut self, derived: &Derived<'_>, knobs: &Knobs, limit: f64) -> f64 {
        let settings = derived.settings(knobs);
        if self.tried.contains(&settings) {
            return f64::INFINITY;
        }
        let objective = self.ground.objective_below(&settings, limit);
        self.keep(&settings, objective);
        self.tried.push(settings);
        objective.unwrap_or(f64::INFINITY)
    }

    /// Takes settings that were found otherwise into account.
    fn consider(&mut self, settings: D2) {
        let limit = self.best.as_ref().map_or(f64::INFINITY, |(_, best)| *best);
        let objective = self.ground.objective_below(&settings, limit);
        self.keep(&settings, objective);
    }

    fn keep(&mut self, settings: &D2, objective: Option<f64>) {
        let better = |o: &f64| self.best.as_ref().is_none_or(|(_, best)| o < best);
        if let Some(objective) = objective.filter(better) {
            self.best = Some((settings.clone(), objective));
        }
    }
}
