//! The settings of strategy "relative" as a tuning changes them, and the search for the best.

use super::super::model::Scatter;
use super::super::{Relative, Traffic, error_marks};
use super::search::{INTERVAL_MS, other_intervals};
use super::{Field, GROUPS, Group, Remark, Tunable, Tuning, compare};

/// A mean latency, ms, below which whole ms are too coarse to compare hosts by.
const SHORTEST_MEAN_MS: f64 = 1.0;
/// How many deviations above the mean the high factor lies, at least: tried one after the other.
/// The last: however far off a host is, latency says nothing.
const DEVIATIONS: [f64; 5] = [4.0, 5.0, 6.0, 8.0, f64::INFINITY];
/// A mark for the error rate that no rate reaches.
const ERRORS_UNSEEN: f64 = 1.1;
const DOWN_STEPS: [f64; 3] = [0.3, 0.4, 0.5];
const UP_STEPS: [f64; 3] = [0.05, 0.1, 0.2];

/// Grades current settings of strategy "relative", finds the best ones, and says what to change.
pub fn tune_relative(current: &Relative, traffic: &Traffic) -> Tuning<Relative> {
    let mut best: Option<(Relative, f64)> = None;
    let mut reached = |settings: Relative| {
        let limit = best.as_ref().map_or(f64::INFINITY, |(_, objective)| *objective);
        let judged = settings.judge_below(traffic, limit);
        judged.is_some_and(|judged| {
            best = Some((settings, judged.objective));
            true
        })
    };
    let others = other_intervals(current.update_interval_ms, traffic).into_iter().flatten();
    for interval_ms in std::iter::once(INTERVAL_MS).chain(others) {
        // One after the other: how far off, how fast out, how fast in.
        let mut knobs = (DEVIATIONS[0], DOWN_STEPS[1], UP_STEPS[1]);
        reached(derived(current, traffic, interval_ms, knobs));
        for deviations in DEVIATIONS {
            if reached(derived(current, traffic, interval_ms, (deviations, knobs.1, knobs.2))) {
                knobs.0 = deviations;
            }
        }
        for down_step in DOWN_STEPS {
            if reached(derived(current, traffic, interval_ms, (knobs.0, down_step, knobs.2))) {
                knobs.1 = down_step;
            }
        }
        for up_step in UP_STEPS {
            if reached(derived(current, traffic, interval_ms, (knobs.0, knobs.1, up_step))) {
                knobs.2 = up_step;
            }
        }
    }
    let found = best.map_or_else(|| current.clone(), |(settings, _)| settings);
    compare(current, found, traffic)
}

/// `highFactor >= 1 + 4 sqrt(cv^2/lambda + cb^2) + 1 ms/mean`, `lowFactor >= 1 + 2` of the same, and error marks; at
/// night, when there are fewest calls.
fn derived(
    current: &Relative,
    traffic: &Traffic,
    interval_ms: i64,
    (deviations, down_step, up_step): (f64, f64, f64),
) -> Relative {
    let calls = (traffic.calls_per_window(interval_ms as f64) * traffic.night_and_peak().0).max(1.0);
    let scatter = Scatter::of(traffic).cv;
    let deviation = (traffic.cv * traffic.cv / calls + scatter * scatter).sqrt();
    let rounding = 1.0 / traffic.mean_ms;
    // No host gets further from the others than the timeout lets it.
    let unseen = 1.0 + traffic.timeout_ms / traffic.mean_ms;
    let factor =
        |deviations: f64| ((1.0 + deviations * deviation + rounding).min(unseen) * 10.0).ceil() / 10.0;
    let high = factor(deviations);
    let (high_error_rate, low_error_rate) =
        error_marks(traffic, calls).unwrap_or((ERRORS_UNSEEN, ERRORS_UNSEEN));
    Relative {
        update_interval_ms: interval_ms,
        relative_latency_high_threshold_factor: high,
        relative_latency_low_threshold_factor: factor(deviations / 2.0).min(high - 0.1).max(1.0),
        high_error_rate,
        low_error_rate,
        min_call_count: 1,
        down_step,
        up_step,
        ..current.clone()
    }
}

impl Tunable for Relative {
    fn fields(&self) -> Vec<Field> {
        let field = |key, value: String, group| Field { key, value, group };
        let real = |x: f64| format!("{x:?}");
        let high = self.relative_latency_high_threshold_factor;
        let low = self.relative_latency_low_threshold_factor;
        vec![
            field("relativeLatencyHighThresholdFactor", real(high), Group::Latency),
            field("relativeLatencyLowThresholdFactor", real(low), Group::Latency),
            field("minCallCount", self.min_call_count.to_string(), Group::Latency),
            field("highErrorRate", real(self.high_error_rate), Group::Errors),
            field("lowErrorRate", real(self.low_error_rate), Group::Errors),
            field("upStep", real(self.up_step), Group::Steps),
            field("downStep", real(self.down_step), Group::Steps),
            field("updateIntervalMs", self.update_interval_ms.to_string(), Group::Interval),
        ]
    }

    fn take(&mut self, group: Group, other: &Self) {
        match group {
            Group::Latency => {
                self.relative_latency_high_threshold_factor = other.relative_latency_high_threshold_factor;
                self.relative_latency_low_threshold_factor = other.relative_latency_low_threshold_factor;
                self.min_call_count = other.min_call_count;
            }
            Group::Errors => {
                self.high_error_rate = other.high_error_rate;
                self.low_error_rate = other.low_error_rate;
            }
            Group::Steps => {
                self.up_step = other.up_step;
                self.down_step = other.down_step;
            }
            Group::Interval => self.update_interval_ms = other.update_interval_ms,
            Group::Outstanding | Group::WaterMarks | Group::Timeout => {}
        }
    }

    fn with_defaults(&self) -> Self {
        let mut settings = self.clone();
        for group in GROUPS {
            settings.take(group, &Self::default());
        }
        settings
    }

    fn window_ms(&self) -> f64 {
        self.update_interval_ms as f64
    }

    fn refusals(&self, traffic: &Traffic) -> Vec<Remark> {
        if traffic.mean_ms >= SHORTEST_MEAN_MS {
            return Vec::new();
        }
        let detail = "The mean latency is below 1 ms, and this strategy compares whole ms: at 0 ms it takes every host for \
                      a bad one. Use the strategy \"degrader\" with a mark of its own.";
        vec![Remark::new("latency_below_resolution", detail)]
    }
}
