//! A day on which nothing fails: what do the settings cost healthy hosts?

use super::super::{D2, HealthyDay, Slot, Traffic};
use super::calls::Calls;
use super::course::SHORTEST_INTERVAL_MS;
use super::d2::timeout_ms;
use super::tails::{above_normal, lognormal_above, poisson_at_least};
use super::window::{Completed, Marks, Statistics, errors_at_least, errors_at_most};

/// Slots of a day up to which each is looked at by itself.
const MOST_SLOTS: usize = 48;
const DAY_MS: f64 = 86_400_000.0;
/// Chances below it are not looked into: such a window comes once in centuries.
const NEVER: f64 = 1e-9;
/// Mean numbers of calls up to which every number is gone through; beyond, a few stand for all.
const FEW_CALLS: f64 = 16.0;
/// Numbers of calls that stand for all, in standard deviations off the mean, with their weights (Gauss and Hermite).
const NODES: [(f64, f64); 5] = [
    (-2.856_970_013_872_806, 0.011_257_411_327_720_7),
    (-1.355_626_179_974_266, 0.222_075_922_005_613),
    (0.0, 0.533_333_333_333_333),
    (1.355_626_179_974_266, 0.222_075_922_005_613),
    (2.856_970_013_872_806, 0.011_257_411_327_720_7),
];

/// How window means of healthy hosts scatter beyond sampling noise.
#[derive(Clone, Copy)]
pub(in super::super) struct Scatter {
    /// Coefficient of variation.
    pub(in super::super) cv: f64,
    /// Share of windows with a hiccup.
    pub(super) hiccups: f64,
    /// How many times as long calls take in one.
    pub(super) factor: f64,
}

impl Scatter {
    pub(in super::super) fn of(traffic: &Traffic) -> Self {
        let Some(p999) = traffic.window_mean_p999_ms else {
            return Self { cv: traffic.host_cv, hiccups: traffic.hiccup_rate, factor: traffic.hiccup_factor };
        };
        // A lognormal of mean 1 whose 99.9th percentile is that many times the mean.
        let z = 3.090_232_306_167_813_f64;
        let ratio = (p999 / traffic.mean_ms).max(1.0).ln();
        let sigma = z - (z * z - 2.0 * ratio).max(0.0).sqrt();
        Self { cv: (sigma * sigma).exp_m1().sqrt(), hiccups: 0.0, factor: 1.0 }
    }
}

/// Goes through the day under the strategy "degrader".
pub(super) fn healthy_day(settings: &D2, traffic: &Traffic, slots: &Slots) -> HealthyDay {
    let mut day = HealthyDay { false_drop: 0.0, worst_slot: 0.0, refused: 0.0 };
    for (slot, weight) in slots.iter() {
        let model = SlotModel::new(settings, traffic, *slot);
        let drop = model.standing_drop();
        day.false_drop += drop * weight;
        day.worst_slot = day.worst_slot.max(drop);
        day.refused = day.refused.max(model.refused());
    }
    day
}

/// The slots of a day with their shares of it, equal ones together.
pub(super) struct Slots(Vec<(Slot, f64)>);

impl Slots {
    pub(super) fn iter(&self) -> impl Iterator<Item = &(Slot, f64)> {
        self.0.iter()
    }

    /// Those of this traffic's day. More than a few dozen are taken together where they differ by less than 5 %.
    pub(super) fn of(traffic: &Traffic) -> Self {
        Self::by_step(traffic, if traffic.day.len() > MOST_SLOTS { 0.05 } else { 1e-6 })
    }

    /// The same, roughly: together where they differ by less than 20 %.
    pub(super) fn few(traffic: &Traffic) -> Self {
        Self::by_step(traffic, 0.2)
    }

    /// Takes slots together whose logarithms fall into the same cell; the slowest with the least traffic stands for
    /// all, for there false alarms are likeliest.
    fn by_step(traffic: &Traffic, step: f64) -> Self {
        let share = 1.0 / traffic.day.len().max(1) as f64;
        let cell = |x: f64| (x.max(1e-6).ln() / step).round() as i64;
        let mut cells: Vec<((i64, i64), Slot)> =
            traffic.day.iter().map(|slot| ((cell(slot.traffic), cell(slot.latency)), *slot)).collect();
        cells.sort_by_key(|(cell, _)| *cell);
        let mut slots: Vec<((i64, i64), Slot, f64)> = Vec::with_capacity(cells.len());
        for (cell, slot) in cells {
            match slots.last_mut() {
                Some((last, worst, count)) if *last == cell => {
                    worst.traffic = worst.traffic.min(slot.traffic);
                    worst.latency = worst.latency.max(slot.latency);
                    *count += 1.0;
                }
                _ => slots.push((cell, slot, 1.0)),
            }
        }
        Self(slots.into_iter().map(|(_, slot, count)| (slot, count * share)).collect())
    }
}

/// One slot of the day. Times in ms.
struct SlotModel<'a> {
    settings: &'a D2,
    scatter: Scatter,
    calls: Calls,
    /// Calls for a host, client and window.
    window_calls: f64,
    /// Calls of all hosts for a client and window.
    cluster_calls: f64,
    interval: f64,
    hosts: f64,
    timeout: f64,
}

impl<'a> SlotModel<'a> {
    fn new(settings: &'a D2, traffic: &Traffic, slot: Slot) -> Self {
        let timeout = timeout_ms(settings, traffic);
        let interval = (settings.balancer.update_interval_ms as f64).max(SHORTEST_INTERVAL_MS);
        let window_calls = traffic.calls_per_window(interval) * slot.traffic;
        Self {
            settings,
            scatter: Scatter::of(traffic),
            calls: Calls::healthy(traffic, slot.latency, timeout),
            window_calls,
            cluster_calls: window_calls * traffic.hosts,
            interval,
            hosts: traffic.hosts,
            timeout,
        }
    }

    /// Expected drop rate of a healthy host.
    fn standing_drop(&self) -> f64 {
        let degrader = &self.settings.degrader;
        let marks = Marks::new(degrader, &self.calls, &self.calls, self.timeout);
        let hung = self.calls.hung;
        let one = Completed { ended: 1.0 - hung, hung, ..Completed::default() };
        let window = marks.statistics(&one, &self.calls, &self.calls);
        let spread = (self.scatter.cv * window.mean).powi(2);
        let least = degrader.min_call_count.max(1) as f64;
        let mut up = 0.0;
        for_numbers(self.window_calls, least, |calls, weight| {
            up += weight * self.bad(&marks, &window, calls, spread);
        });
        let in_flight = self.in_flight();
        up = (up + in_flight.0 + self.hiccup(&marks, &window)).min(1.0);
        if up < NEVER {
            return 0.0;
        }
        let mut down = 0.0;
        for_numbers(self.window_calls, least, |calls, weight| {
            if weight > 0.02 {
                down += weight * self.good(&marks, &window, calls, spread);
            }
        });
        down *= 1.0 - in_flight.1;
        standing_drop(up, down, degrader.up_step, degrader.down_step, self.interval)
    }

    fn bad(&self, marks: &Marks<'_>, window: &Statistics, calls: f64, spread: f64) -> f64 {
        let slow = marks.latency_above(window, calls, spread, true);
        let failing = errors_at_least(self.settings.degrader.high_error_rate, calls, self.calls.errors());
        1.0 - (1.0 - slow) * (1.0 - failing)
    }

    fn good(&self, marks: &Marks<'_>, window: &Statistics, calls: f64, spread: f64) -> f64 {
        let quick = 1.0 - marks.latency_above(window, calls, spread, false);
        quick * errors_at_most(self.settings.degrader.low_error_rate, calls, self.calls.errors())
    }

    /// The chances that calls in flight make a window bad, and that they keep it from being good.
    fn in_flight(&self) -> (f64, f64) {
        let degrader = &self.settings.degrader;
        let count = self.window_calls / self.interval * self.calls.overall_mean();
        let enough = poisson_at_least(degrader.min_outstanding_count as f64, count);
        let age = self.calls.age();
        let or_none = |mark: i64| if age >= mark as f64 { enough } else { 0.0 };
        (or_none(degrader.high_outstanding), or_none(degrader.low_outstanding.saturating_add(1)))
    }

    /// The chance of a window with a hiccup that trips a mark.
    fn hiccup(&self, marks: &Marks<'_>, window: &Statistics) -> f64 {
        let degrader = &self.settings.degrader;
        let Scatter { hiccups, factor, .. } = self.scatter;
        if hiccups <= 0.0 {
            return 0.0;
        }
        let slow = marks.usual(window) * factor >= degrader.high_latency as f64;
        let count = self.window_calls / self.interval * self.calls.overall_mean() * factor;
        let stuck = count >= degrader.min_outstanding_count as f64
            && self.calls.age() * factor >= degrader.high_outstanding as f64;
        let judged = poisson_at_least(degrader.min_call_count.max(1) as f64, self.window_calls);
        if stuck {
            hiccups
        } else if slow {
            hiccups * judged
        } else {
            0.0
        }
    }

    /// Share of calls that is refused although nothing fails: where the mean of the cluster reaches the high water mark
    /// more often than it falls to the low one.
    fn refused(&self) -> f64 {
        let balancer = &self.settings.balancer;
        if self.cluster_calls <= 0.0 || balancer.global_step_up <= 0.0 {
            return 0.0;
        }
        let mean = self.calls.overall_mean();
        let variance = (self.calls.overall_square() - mean * mean).max(0.0) / self.cluster_calls
            + (self.scatter.cv * mean).powi(2) / self.hosts;
        let above = |mark: f64| lognormal_above(mean, variance, mark, mark.ln());
        let up = above(balancer.high_water_mark)
            * poisson_at_least(balancer.cluster_min_calls_high as f64, self.cluster_calls);
        if up < NEVER {
            return 0.0;
        }
        // With too few calls to judge, it goes down as well.
        let judged = poisson_at_least(balancer.cluster_min_calls_low as f64, self.cluster_calls);
        let down = (1.0 - above(balancer.low_water_mark) * judged).max(self.interval / DAY_MS);
        // All calls refused leave nothing to judge, so a step down follows: it goes to and fro.
        let most = (1.0 - balancer.global_step_down / 2.0).clamp(0.0, 1.0);
        (balancer.global_step_up * up / down).min(most)
    }
}

/// Expected share of its traffic that a healthy host lacks, when a window is bad with the chance `up` and good with the
/// chance `down`: `P_up upStep (upStep/downStep + 1) / (2 P_low)`, at most 1.
pub(super) fn standing_drop(up: f64, down: f64, up_step: f64, down_step: f64, interval_ms: f64) -> f64 {
    if up < NEVER {
        return 0.0;
    }
    // What no good window undoes lasts a day at most.
    let down = down.max(interval_ms / DAY_MS);
    let (up_step, down_step) = (up_step.max(0.0), down_step.max(1e-3));
    (up * up_step * (up_step / down_step + 1.0) / (2.0 * down)).min(1.0)
}

/// Goes through the numbers of calls of a window that are at least `least`, each with its chance.
pub(super) fn for_numbers(mean: f64, least: f64, mut each: impl FnMut(f64, f64)) {
    if mean <= 0.0 {
        return;
    }
    if mean > FEW_CALLS {
        // The square root of a Poisson number is nearly normal, with a deviation of a half.
        let root = mean.sqrt();
        for (off, weight) in NODES {
            let calls = (root + off / 2.0).max(1.0).powi(2);
            // Of what a node stands for, so much lies above the least number.
            let part =
                if least > 1.0 { 1.0 - above_normal((calls - least + 0.5) / (0.7 * root)) } else { 1.0 };
            if part > 1e-6 {
                each(calls.max(least), weight * part);
            }
        }
        return;
    }
    // The fewest calls are the likeliest to mislead: each of those numbers is looked at, of the others one in a few.
    let step = (mean.sqrt() / 1.5).ceil().max(1.0);
    let most = mean + 4.0 * mean.sqrt() + 2.0;
    let (mut calls, mut chance) = (0.0, (-mean).exp());
    while calls < most {
        let together = if calls < 0.8 * mean { 1.0 } else { step };
        let first = calls + 1.0;
        let mut sum = 0.0;
        while calls < first + together - 1.0 {
            calls += 1.0;
            chance *= mean / calls;
            sum += if calls >= least { chance } else { 0.0 };
        }
        if sum > 1e-6 {
            each(f64::midpoint(first, calls).max(least), sum);
        }
    }
}
