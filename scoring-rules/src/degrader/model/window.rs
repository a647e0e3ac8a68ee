//! One window of one host: how likely is it judged bad, how likely good?

use super::super::{Degrader, LatencyMetric};
use super::calls::Calls;
use super::tails::{binomial_at_least, lognormal_above, poisson_at_least};

/// From this chance on a window is taken to be bad for sure: the mean path would else lag behind what mostly happens.
pub(super) const SURE: f64 = 0.8;

/// What completes in a window: numbers of calls, expected.
#[derive(Clone, Copy, Default)]
pub(super) struct Completed {
    /// Calls of the failing kind that end by themselves.
    pub(super) ended: f64,
    /// Those that ran into the timeout.
    pub(super) hung: f64,
    /// Calls of the healthy kind that end by themselves.
    pub(super) healthy: f64,
    /// Those that ran into the timeout.
    pub(super) healthy_hung: f64,
}

impl Completed {
    /// What has completed since `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        // Differences of sums: what is left of nothing must not be negative.
        let grown = |now: f64, then: f64| if now - then > 1e-12 * now.abs() { now - then } else { 0.0 };
        Self {
            ended: grown(self.ended, before.ended),
            hung: grown(self.hung, before.hung),
            healthy: grown(self.healthy, before.healthy),
            healthy_hung: grown(self.healthy_hung, before.healthy_hung),
        }
    }
}

/// Calls in flight at a window's end, and their mean age in ms.
#[derive(Clone, Copy, Default)]
pub(super) struct InFlight {
    pub(super) count: f64,
    pub(super) age: f64,
}

/// Statistics of a window.
#[derive(Clone, Copy)]
pub(super) struct Statistics {
    /// Calls completed, expected.
    pub(super) calls: f64,
    /// Mean latency, ms.
    pub(super) mean: f64,
    /// Variance of one call's latency.
    variance: f64,
    errors: f64,
    above_high: f64,
    above_low: f64,
}

/// The marks a window is held against, prepared.
pub(super) struct Marks<'a> {
    settings: &'a Degrader,
    high: f64,
    low: f64,
    ln_high: f64,
    ln_low: f64,
    /// The percentile that is used; none: the mean.
    percentile: Option<f64>,
    /// Shares of the ended failing and of the ended healthy calls above the high and the low mark.
    tails: [f64; 4],
    timeout: f64,
    /// The statistic of a healthy host over its mean.
    percentile_ratio: f64,
}

impl<'a> Marks<'a> {
    pub(super) fn new(settings: &'a Degrader, failing: &Calls, healthy: &Calls, timeout: f64) -> Self {
        // Statistics are rounded to whole ms.
        let (high, low) = (settings.high_latency as f64 - 0.5, settings.low_latency as f64 + 0.5);
        let percentile = percentile(settings.latency_to_use);
        let tails = if percentile.is_some() {
            [failing.above(high), healthy.above(high), failing.above(low), healthy.above(low)]
        } else {
            [0.0; 4]
        };
        Self {
            settings,
            high,
            low,
            ln_high: high.ln(),
            ln_low: low.ln(),
            percentile,
            tails,
            timeout,
            percentile_ratio: percentile.map_or(1.0, |p| healthy.quantile(p) / healthy.overall_mean()),
        }
    }

    /// Mean, variance and error share of all that completed.
    pub(super) fn statistics(&self, done: &Completed, failing: &Calls, healthy: &Calls) -> Statistics {
        let hung = done.hung + done.healthy_hung;
        let calls = done.ended + done.healthy + hung;
        if calls <= 1e-12 {
            return Statistics {
                calls: 0.0,
                mean: 0.0,
                variance: 0.0,
                errors: 0.0,
                above_high: 0.0,
                above_low: 0.0,
            };
        }
        let of = |ended: f64, well: f64, timeout: f64| {
            (done.ended * ended + done.healthy * well + hung * timeout) / calls
        };
        let mean = of(failing.mean, healthy.mean, self.timeout);
        let square = of(failing.square, healthy.square, self.timeout * self.timeout);
        let [failing_high, healthy_high, failing_low, healthy_low] = self.tails;
        let reached = |mark: f64| if self.timeout >= mark { 1.0 } else { 0.0 };
        Statistics {
            calls,
            mean,
            variance: (square - mean * mean).max(0.0),
            errors: of(failing.failing, healthy.failing, 1.0).min(1.0),
            above_high: of(failing_high, healthy_high, reached(self.high)),
            above_low: of(failing_low, healthy_low, reached(self.low)),
        }
    }

    /// The statistic of most windows, ms.
    pub(super) fn usual(&self, window: &Statistics) -> f64 {
        window.mean * self.percentile_ratio
    }

    /// The chance that a window is bad.
    pub(super) fn bad(&self, window: &Statistics, in_flight: InFlight, min_calls: f64) -> f64 {
        let settings = self.settings;
        if in_flight.count >= settings.min_outstanding_count as f64
            && in_flight.age >= settings.high_outstanding as f64
        {
            return 1.0;
        }
        let enough = poisson_at_least(min_calls, window.calls);
        if enough < 1e-9 {
            return 0.0;
        }
        let calls = calls_given_enough(window.calls, min_calls, enough);
        let by_latency = self.latency_above(window, calls, 0.0, true);
        let by_errors = errors_at_least(settings.high_error_rate, calls, window.errors);
        let chance = enough * (1.0 - (1.0 - by_latency) * (1.0 - by_errors));
        if chance > SURE { 1.0 } else { chance }
    }

    /// The chance that a window is good.
    pub(super) fn good(&self, window: &Statistics, in_flight: InFlight, min_calls: f64) -> f64 {
        let settings = self.settings;
        if in_flight.count >= settings.min_outstanding_count as f64
            && in_flight.age > settings.low_outstanding as f64
        {
            return 0.0;
        }
        let enough = poisson_at_least(min_calls, window.calls);
        if enough < 1e-9 {
            return 0.0;
        }
        let calls = calls_given_enough(window.calls, min_calls, enough);
        let by_errors = errors_at_most(settings.low_error_rate, calls, window.errors);
        if by_errors < 1e-6 {
            return 0.0;
        }
        enough * by_errors * (1.0 - self.latency_above(window, calls, 0.0, false))
    }

    /// The chances that a window with just so many calls is bad, and good.
    pub(super) fn judged(
        &self,
        window: &Statistics,
        in_flight: InFlight,
        calls: f64,
        enough: bool,
    ) -> (f64, f64) {
        let settings = self.settings;
        let many = in_flight.count >= settings.min_outstanding_count as f64;
        if many && in_flight.age >= settings.high_outstanding as f64 {
            return (1.0, 0.0);
        }
        if !enough || window.calls <= 0.0 {
            return (0.0, 0.0);
        }
        let calls = calls.max(1.0);
        let slow = self.latency_above(window, calls, 0.0, true);
        let bad =
            1.0 - (1.0 - slow) * (1.0 - errors_at_least(settings.high_error_rate, calls, window.errors));
        if many && in_flight.age > settings.low_outstanding as f64 {
            return (bad, 0.0);
        }
        let quick = 1.0 - self.latency_above(window, calls, 0.0, false);
        (bad, (quick * errors_at_most(settings.low_error_rate, calls, window.errors)).min(1.0 - bad))
    }

    /// The chance that the statistic of a window with so many calls reaches the high mark, or exceeds the low one;
    /// `spread` is a variance that more calls do not lessen.
    pub(super) fn latency_above(&self, window: &Statistics, calls: f64, spread: f64, high: bool) -> f64 {
        let Some(percentile) = self.percentile else {
            let (mark, ln_mark) = if high { (self.high, self.ln_high) } else { (self.low, self.ln_low) };
            let variance = window.variance / calls + spread;
            let over = window.mean - mark;
            // Three deviations over the mark: the exact chance no longer matters.
            if over > 0.0 && over * over > 9.0 * variance {
                return 1.0;
            }
            return lognormal_above(window.mean, variance, mark, ln_mark);
        };
        let calls = calls.round().max(1.0);
        let least = calls - (percentile * (calls - 1.0)).round();
        binomial_at_least(least, calls, if high { window.above_high } else { window.above_low })
    }
}

/// Of how many calls is the statistic, given that they are enough to be judged?
fn calls_given_enough(expected: f64, least: f64, enough: f64) -> f64 {
    if enough > 1.0 - 1e-6 {
        return expected;
    }
    (expected * poisson_at_least(least - 1.0, expected) / enough).max(least)
}

/// The chance that at least this share of the calls are errors.
pub(super) fn errors_at_least(rate: f64, calls: f64, chance: f64) -> f64 {
    if rate > 1.0 {
        return 0.0;
    }
    let calls = calls.round().max(1.0);
    binomial_at_least((rate * calls - 1e-9).ceil(), calls, chance)
}

/// The chance that at most this share of the calls are errors.
pub(super) fn errors_at_most(rate: f64, calls: f64, chance: f64) -> f64 {
    if rate >= 1.0 {
        return 1.0;
    }
    let calls = calls.round().max(1.0);
    1.0 - binomial_at_least((rate * calls + 1e-9).floor() + 1.0, calls, chance)
}

/// The share of calls that the statistic is not exceeded by.
pub(in super::super) fn percentile(metric: LatencyMetric) -> Option<f64> {
    match metric {
        LatencyMetric::Average => None,
        LatencyMetric::Pct50 => Some(0.5),
        LatencyMetric::Pct90 => Some(0.9),
        LatencyMetric::Pct95 => Some(0.95),
        LatencyMetric::Pct99 => Some(0.99),
    }
}
