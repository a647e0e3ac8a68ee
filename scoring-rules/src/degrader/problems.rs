//! What is wrong with settings. The client library takes any number silently, and some of them isolate nobody, never
//! let a host recover, or refuse healthy calls.

use super::profile::{MOST, Wrong};
use super::{Balancer, D2, Degrader, Problem, Relative};

impl D2 {
    /// Everything that is wrong with the settings, each with its place; nothing: they make sense.
    pub fn check(&self) -> Vec<Problem> {
        let mut wrong = Wrong::default();
        self.degrader.check(&mut wrong);
        self.balancer.check(&mut wrong);
        if let Some(ms) = self.request_timeout_ms {
            wrong.whole("/requestTimeoutMs", ms, 1);
        }
        wrong.0
    }
}

impl Degrader {
    fn check(&self, wrong: &mut Wrong) {
        wrong.whole("/degrader/highLatency", self.high_latency, 1);
        wrong.whole("/degrader/lowLatency", self.low_latency, 1);
        wrong.above_zero("/degrader/highErrorRate", self.high_error_rate);
        wrong.at_least("/degrader/lowErrorRate", self.low_error_rate, 0.0);
        wrong.whole("/degrader/highOutstanding", self.high_outstanding, 1);
        wrong.whole("/degrader/lowOutstanding", self.low_outstanding, 0);
        wrong.whole("/degrader/minOutstandingCount", self.min_outstanding_count, 1);
        wrong.whole("/degrader/minCallCount", self.min_call_count, 1);
        wrong.step("/degrader/upStep", self.up_step);
        wrong.step("/degrader/downStep", self.down_step);
        wrong.share("/degrader/maxDropRate", self.max_drop_rate);
        wrong.share("/degrader/initialDropRate", self.initial_drop_rate);
        wrong.share("/degrader/slowStartThreshold", self.slow_start_threshold);
        wrong.whole("/degrader/maxDropDuration", self.max_drop_duration, 0);
        if self.override_drop_rate.is_nan() || !(-MOST..=1.0).contains(&self.override_drop_rate) {
            let detail =
                format!("must be at most 1, negative for off, is {}", short(self.override_drop_rate));
            wrong.add("/degrader/overrideDropRate", detail);
        }
        let marks = [
            ("/degrader/lowLatency", self.low_latency, "highLatency", self.high_latency),
            ("/degrader/lowOutstanding", self.low_outstanding, "highOutstanding", self.high_outstanding),
        ];
        for (pointer, low, name, high) in marks {
            wrong.not_above(pointer, low as f64, name, high as f64);
        }
        wrong.not_above("/degrader/lowErrorRate", self.low_error_rate, "highErrorRate", self.high_error_rate);
    }
}

impl Balancer {
    fn check(&self, wrong: &mut Wrong) {
        wrong.whole("/balancer/updateIntervalMs", self.update_interval_ms, 1);
        wrong.whole("/balancer/pointsPerWeight", self.points_per_weight, 1);
        wrong.above_zero("/balancer/highWaterMark", self.high_water_mark);
        wrong.at_least("/balancer/lowWaterMark", self.low_water_mark, 0.0);
        wrong.not_above("/balancer/lowWaterMark", self.low_water_mark, "highWaterMark", self.high_water_mark);
        wrong.step("/balancer/globalStepUp", self.global_step_up);
        wrong.step("/balancer/globalStepDown", self.global_step_down);
        wrong.whole("/balancer/clusterMinCallsHigh", self.cluster_min_calls_high, 0);
        wrong.whole("/balancer/clusterMinCallsLow", self.cluster_min_calls_low, 0);
        let (low, high) = (self.cluster_min_calls_low as f64, self.cluster_min_calls_high as f64);
        wrong.not_above("/balancer/clusterMinCallsLow", low, "clusterMinCallCount.highWaterMark", high);
        wrong.step("/balancer/initialRecoveryLevel", self.initial_recovery_level);
        wrong.at_least("/balancer/ringRampFactor", self.ring_ramp_factor, 1.0);
    }
}

impl Relative {
    /// Everything that is wrong with the settings, each with its place; nothing: they make sense.
    pub fn check(&self) -> Vec<Problem> {
        let mut wrong = Wrong::default();
        let (high, low) =
            (self.relative_latency_high_threshold_factor, self.relative_latency_low_threshold_factor);
        wrong.whole("/relative/updateIntervalMs", self.update_interval_ms, 1);
        wrong.step("/relative/upStep", self.up_step);
        wrong.step("/relative/downStep", self.down_step);
        // At 1 times the mean or below, a host is bad for being like the others.
        if high.is_nan() || high <= 1.0 || high > MOST {
            let detail = format!("must be above 1, times the cluster's mean, is {}", short(high));
            wrong.add("/relative/relativeLatencyHighThresholdFactor", detail);
        }
        wrong.above_zero("/relative/relativeLatencyLowThresholdFactor", low);
        let pointer = "/relative/relativeLatencyLowThresholdFactor";
        wrong.not_above(pointer, low, "relativeLatencyHighThresholdFactor", high);
        wrong.above_zero("/relative/highErrorRate", self.high_error_rate);
        wrong.at_least("/relative/lowErrorRate", self.low_error_rate, 0.0);
        wrong.not_above("/relative/lowErrorRate", self.low_error_rate, "highErrorRate", self.high_error_rate);
        wrong.whole("/relative/minCallCount", self.min_call_count, 1);
        wrong.share("/relative/initialHealthScore", self.initial_health_score);
        wrong.share("/relative/slowStartThreshold", self.slow_start_threshold);
        wrong.whole("/relative/pointsPerWeight", self.points_per_weight, 1);
        wrong.0
    }
}

impl Wrong {
    /// A whole number of at least `least`.
    fn whole(&mut self, pointer: &str, value: i64, least: i64) {
        if !(least..=MOST as i64).contains(&value) {
            self.add(pointer, format!("must be at least {least} and at most {MOST}, is {value}"));
        }
    }

    /// A share that moves something.
    fn step(&mut self, pointer: &str, value: f64) {
        if value.is_nan() || value <= 0.0 || value > 1.0 {
            self.add(pointer, format!("must be above 0 and at most 1, is {}", short(value)));
        }
    }

    /// A low mark against its high one.
    fn not_above(&mut self, pointer: &str, low: f64, name: &str, high: f64) {
        if low > high {
            let (low, high) = (short(low), short(high));
            self.add(pointer, format!("must not be above {name}, which is {high}, is {low}"));
        }
    }
}

/// A number in a message: never hundreds of digits.
pub(super) fn short(value: f64) -> String {
    let plain = value == 0.0 || (1e-6..1e15).contains(&value.abs());
    if plain { value.to_string() } else { format!("{value:e}") }
}
