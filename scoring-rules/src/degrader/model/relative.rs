//! One failing host, and a healthy day, under Rest.li's strategy "relative": hosts are compared with their cluster's mean.

use super::super::{HealthyDay, Relative, Replay, Scenario, Slot, Traffic, reference};
use super::calls::Calls;
use super::course::{Course, FAILURE_MS, SHORTEST_INTERVAL_MS, Sum};
use super::day::{Scatter, Slots, for_numbers, standing_drop};
use super::flow::Flow;
use super::tails::{lognormal_above, poisson_at_least};
use super::window::{SURE, errors_at_least, errors_at_most};

/// Lost scores below it are taken for none.
const NOTHING: f64 = 1e-4;
/// Phases of the window that a failure is begun at, where it is replayed in full.
const PHASES: u32 = 8;

/// How often a standing drop is looked at again, and from which difference on.
const SETTLES: u32 = 8;
const WORTH_ANOTHER: f64 = 0.005;
/// The least share of its calls that a host is left with.
const LEAST_SHARE: f64 = 0.01;

/// A window of one host: calls completed and in flight, and their latencies, ms.
struct Window {
    calls: f64,
    mean: f64,
    /// Variance of that mean.
    variance: f64,
    errors: f64,
}

/// Settings and traffic, prepared. Times in ms, rates a ms and client.
pub(super) struct RelativeModel<'a> {
    settings: &'a Relative,
    traffic: &'a Traffic,
    interval: f64,
    client_rate: f64,
    healthy: Calls,
}

impl<'a> RelativeModel<'a> {
    pub(super) fn new(settings: &'a Relative, traffic: &'a Traffic) -> Self {
        Self {
            settings,
            traffic,
            interval: interval_ms(settings),
            client_rate: traffic.qps / traffic.clients / 1_000.0,
            healthy: Calls::healthy(traffic, 1.0, traffic.timeout_ms),
        }
    }

    /// Replays a failure that begins in the middle of a window; in full, at several phases and with its course.
    pub(super) fn replay(&self, scenario: Scenario, full: bool) -> Replay {
        let failing = Calls::of(scenario, self.traffic, &self.healthy);
        let mut sum = Sum::new();
        if full {
            for phase in 0..PHASES {
                sum.add(&self.run(failing, (f64::from(phase) + 0.5) / f64::from(PHASES), false));
            }
        } else {
            sum.add(&self.run(failing, 0.5, false));
        }
        let undefended = failing.bad * self.client_rate / self.traffic.hosts * FAILURE_MS;
        let spoiled = (failing.bad - self.healthy.bad).max(0.0);
        let mut replay = sum.report(scenario, spoiled, undefended, self.traffic.clients);
        if full {
            replay.curve = self.run(failing, 0.5, true).into_curve(self.traffic.clients);
        }
        replay
    }

    fn run(&self, failing: Calls, phase: f64, curve: bool) -> Course {
        let usual = self.client_rate / self.traffic.hosts;
        let mut flow = Flow::new(failing, self.healthy, self.traffic.timeout_ms, self.interval, phase, usual);
        let mut course = Course::new(curve);
        let (mut score, mut share, mut rate) = (1.0, 1.0, usual);
        let full = (self.settings.points_per_weight as f64).max(1.0);
        loop {
            let end = flow.history.end();
            let start = (end - self.interval).max(0.0);
            if start < FAILURE_MS {
                course.leaked += flow.leaked(start, end);
                if end >= FAILURE_MS {
                    course.healed(share);
                }
            }
            let window = self.window(&mut flow, end);
            score = self.step(score, &window, rate);
            share = (score * full).round() / full;
            let others = self.traffic.hosts - 1.0;
            rate = if share > 0.0 { self.client_rate * share / (others + share) } else { 0.0 };
            if course.is_over(end, share, 1.0 - rate / usual) {
                return course;
            }
            let settled = end > self.traffic.timeout_ms + 2.0 * self.interval && end < FAILURE_MS;
            if settled && score >= 1.0 {
                course.nothing_reacts(flow.failing.bad * usual * (FAILURE_MS - end));
                return course;
            }
            flow.history.push(rate);
        }
    }

    fn window(&self, flow: &mut Flow, end: f64) -> Window {
        let done = flow.complete(end);
        let in_flight = flow.in_flight(end, 0.0);
        let timeout = self.traffic.timeout_ms;
        let (failing, healthy) = (&flow.failing, &flow.healthy);
        let hung = done.hung + done.healthy_hung;
        let completed = done.ended + done.healthy + hung;
        let calls = completed + in_flight.count;
        if calls <= 1e-12 {
            return Window { calls: 0.0, mean: 0.0, variance: 0.0, errors: 0.0 };
        }
        let latencies = done.ended * failing.mean + done.healthy * healthy.mean + hung * timeout;
        let squares = done.ended * failing.square + done.healthy * healthy.square + hung * timeout * timeout;
        let scatter =
            if completed > 0.0 { (squares - latencies * latencies / completed).max(0.0) } else { 0.0 };
        Window {
            calls,
            mean: (latencies + in_flight.count * in_flight.age) / calls,
            // Fewer calls than one there are not, where there are any.
            variance: scatter / calls / calls.max(1.0),
            errors: (done.ended * failing.failing + done.healthy * healthy.failing + hung) / calls,
        }
    }

    /// The expected score after a window in which calls were sent at `rate`.
    fn step(&self, score: f64, window: &Window, rate: f64) -> f64 {
        let settings = self.settings;
        let others = (self.client_rate - rate).max(0.0) * self.interval;
        let all = others + window.calls;
        if all <= 0.0 {
            return score;
        }
        let healthy = self.healthy.overall_mean() * others;
        let cluster = ((healthy + window.mean * window.calls) / all).ceil();
        let least = (score * settings.min_call_count as f64).round().max(1.0);
        let enough = poisson_at_least(least, window.calls);
        let calls = window.calls.max(least);
        let judged = Judge { settings, cluster };
        let mut bad = enough * judged.bad(window, calls, window.variance);
        if bad > SURE {
            bad = 1.0;
        }
        let good = (enough * judged.good(window, calls, window.variance)).min(1.0 - bad);
        // Nothing is left without traffic; on average too it is not less than that.
        let lower = reference::relative_kept(reference::relative_lowered(settings, score));
        let higher = reference::relative_raised(settings, score);
        let mut after = score + bad * (lower - score) + good * (higher - score);
        if settings.enable_fast_recovery && score <= 0.5 {
            // Too few calls to be judged: fast recovery fishes for some.
            after += (1.0 - enough) * ((2.0 * score).min(1.0) - score);
        }
        if after > 1.0 - NOTHING { 1.0 } else { after }
    }
}

/// Marks of one window.
struct Judge<'a> {
    settings: &'a Relative,
    /// Mean latency of the cluster, whole ms.
    cluster: f64,
}

impl Judge<'_> {
    fn bad(&self, window: &Window, calls: f64, variance: f64) -> f64 {
        // Latencies are rounded to whole ms, and reach the mark from the next whole ms on.
        let mark = (self.cluster * self.settings.relative_latency_high_threshold_factor).ceil() - 0.5;
        let slow = lognormal_above(window.mean, variance, mark, mark.ln());
        1.0 - (1.0 - slow) * (1.0 - errors_at_least(self.settings.high_error_rate, calls, window.errors))
    }

    fn good(&self, window: &Window, calls: f64, variance: f64) -> f64 {
        let mark = (self.cluster * self.settings.relative_latency_low_threshold_factor).floor() + 0.5;
        let quick = 1.0 - lognormal_above(window.mean, variance, mark, mark.ln());
        quick * errors_at_most(self.settings.low_error_rate, calls, window.errors)
    }
}

/// Goes through a day on which nothing fails.
pub(super) fn healthy_day(settings: &Relative, traffic: &Traffic) -> HealthyDay {
    let mut day = HealthyDay { false_drop: 0.0, worst_slot: 0.0, refused: 0.0 };
    for (slot, weight) in Slots::of(traffic).iter() {
        let drop = slot_drop(settings, traffic, *slot);
        day.false_drop += drop * weight;
        day.worst_slot = day.worst_slot.max(drop);
    }
    day
}

/// The standing drop of a slot. A host that lacks calls is judged by fewer, so that more are lost: gone through until
/// that settles.
fn slot_drop(settings: &Relative, traffic: &Traffic, slot: Slot) -> f64 {
    let mut drop = 0.0;
    for _ in 0..SETTLES {
        let next = drop_judged_by(settings, traffic, slot, 1.0 - drop);
        if (next - drop).abs() < WORTH_ANOTHER {
            return next;
        }
        drop = next.min(1.0 - LEAST_SHARE);
    }
    drop
}

/// The standing drop of a host that gets this share of its usual calls.
fn drop_judged_by(settings: &Relative, traffic: &Traffic, slot: Slot, share: f64) -> f64 {
    let interval = interval_ms(settings);
    let healthy = Calls::healthy(traffic, slot.latency, traffic.timeout_ms);
    let calls = traffic.calls_per_window(interval) * slot.traffic * share;
    let mean = healthy.overall_mean();
    let window = Window { calls, mean, variance: 0.0, errors: healthy.errors() };
    let judged = Judge { settings, cluster: mean.ceil() };
    let scatter = Scatter::of(traffic);
    let of_one = (healthy.overall_square() - mean * mean).max(0.0);
    let spread = (scatter.cv * mean).powi(2);
    let least = (share * settings.min_call_count as f64).round().max(1.0);
    let (mut bad, mut good) = (0.0, 0.0);
    for_numbers(calls, least, |calls, weight| {
        bad += weight * judged.bad(&window, calls, of_one / calls + spread);
        good += weight * judged.good(&window, calls, of_one / calls + spread);
    });
    if mean * scatter.factor >= judged.cluster * settings.relative_latency_high_threshold_factor {
        bad += scatter.hiccups * poisson_at_least(least, calls);
    }
    // Where every call of the cluster takes 0 ms, 0 is not less than so many times 0: every host is bad.
    let instant = 1.0 - healthy.above(1.0);
    bad += instant.powf((calls * traffic.hosts).max(1.0));
    standing_drop(bad.min(1.0), good, settings.down_step, settings.up_step, interval)
}

fn interval_ms(settings: &Relative) -> f64 {
    (settings.update_interval_ms as f64).max(SHORTEST_INTERVAL_MS)
}
