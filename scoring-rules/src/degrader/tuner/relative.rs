//! The settings of strategy "relative" as a tuning changes them, and the search for the best.

use super::super::model::Scatter;
use super::super::{Relative, Traffic, high_error_rate};
use super::search::intervals;
use super::{Field, Group, Remark, Tunable, Tuning, compare};

/// A mean latency, ms, below which whole ms are too coarse to compare hosts by.
const SHORTEST_MEAN_MS: f64 = 1.0;
/// How many deviations above the mean the high factor lies, at least: tried one after the other.
const DEVIATIONS: [f64; 4] = [4.0, 5.0, 6.0, 8.0];
const DOWN_STEPS: [f64; 3] = [0.3, 0.4, 0.5];
const UP_STEPS: [f64; 3] = [0.05, 0.1, 0.2];

/// Grades current settings of strategy "relative", finds the best ones, and says what to change.
pub fn tune_relative(current: &Relative, traffic: &Traffic) -> Tuning<Relative> {
    let mut best: Option<(Relative, f64)> = None;
    let mut consider = |settings: Relative| {
        let limit = best.as_ref().map_or(f64::INFINITY, |(_, objective)| *objective);
        if let Some(judged) = settings.judge_below(traffic, limit) {
            best = Some((settings, judged.objective));
        }
    };
    for interval_ms in intervals(current.update_interval_ms, traffic) {
        for deviations in DEVIATIONS {
            for down_step in DOWN_STEPS {
                for up_step in UP_STEPS {
                    consider(derived(current, traffic, interval_ms, deviations, down_step, up_step));
                }
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
    deviations: f64,
    down_step: f64,
    up_step: f64,
) -> Relative {
    let calls = (traffic.calls_per_window(interval_ms as f64) * traffic.night_and_peak().0).max(1.0);
    let scatter = Scatter::of(traffic).cv;
    let deviation = (traffic.cv * traffic.cv / calls + scatter * scatter).sqrt();
    let rounding = 1.0 / traffic.mean_ms;
    let factor = |deviations: f64| ((1.0 + deviations * deviation + rounding) * 10.0).ceil() / 10.0;
    let high = factor(deviations);
    let errors = high_error_rate(traffic, calls);
    Relative {
        update_interval_ms: interval_ms,
        relative_latency_high_threshold_factor: high,
        relative_latency_low_threshold_factor: factor(deviations / 2.0).min(high - 0.1).max(1.0),
        high_error_rate: errors,
        low_error_rate: (errors * 50.0 + 1e-9).floor() / 100.0,
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
