//! Settings as vectors write them. What a vector leaves out has the client library's default.

use serde::Deserialize;

use super::Sink;
use super::number::{Real, Whole};
use crate::degrader::{Balancer, D2, Degrader, LatencyMetric, Relative};

/// Settings of one host's degrader.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HostConfig {
    #[serde(default = "default_interval")]
    pub(super) interval_ms: Whole,
    #[serde(default)]
    latency_to_use: LatencyMetric,
    #[serde(default = "off")]
    override_drop_rate: Real,
    max_drop_rate: Real,
    #[serde(default = "default_duration")]
    max_drop_duration_ms: Whole,
    initial_drop_rate: Real,
    up_step: Real,
    down_step: Real,
    min_call_count: Whole,
    #[serde(default = "off_count")]
    override_min_call_count: Whole,
    high_latency_ms: Whole,
    low_latency_ms: Whole,
    high_error_rate: Real,
    low_error_rate: Real,
    high_outstanding_ms: Whole,
    low_outstanding_ms: Whole,
    min_outstanding_count: Whole,
    slow_start_threshold: Real,
    #[serde(default)]
    load_balance_stream_exception: bool,
}

fn default_interval() -> Whole {
    Whole(Balancer::default().update_interval_ms)
}

fn default_duration() -> Whole {
    Whole(Degrader::default().max_drop_duration)
}

fn off() -> Real {
    Real(-1.0)
}

fn off_count() -> Whole {
    Whole(-1)
}

impl HostConfig {
    pub(super) fn settings(&self) -> Degrader {
        Degrader {
            latency_to_use: self.latency_to_use,
            high_latency: self.high_latency_ms.0,
            low_latency: self.low_latency_ms.0,
            high_error_rate: self.high_error_rate.0,
            low_error_rate: self.low_error_rate.0,
            high_outstanding: self.high_outstanding_ms.0,
            low_outstanding: self.low_outstanding_ms.0,
            min_outstanding_count: self.min_outstanding_count.0,
            min_call_count: self.min_call_count.0,
            up_step: self.up_step.0,
            down_step: self.down_step.0,
            max_drop_rate: self.max_drop_rate.0,
            initial_drop_rate: self.initial_drop_rate.0,
            slow_start_threshold: self.slow_start_threshold.0,
            override_drop_rate: self.override_drop_rate.0,
            override_min_call_count: self.override_min_call_count.0,
            max_drop_duration: self.max_drop_duration_ms.0,
            load_balance_stream_exception: self.load_balance_stream_exception,
        }
    }

    /// Whether the settings are not to be run.
    pub(super) fn refused(&self, place: &str, sink: &mut Sink) -> bool {
        let reals = [
            ("overrideDropRate", self.override_drop_rate.0),
            ("maxDropRate", self.max_drop_rate.0),
            ("initialDropRate", self.initial_drop_rate.0),
            ("upStep", self.up_step.0),
            ("downStep", self.down_step.0),
            ("highErrorRate", self.high_error_rate.0),
            ("lowErrorRate", self.low_error_rate.0),
            ("slowStartThreshold", self.slow_start_threshold.0),
        ];
        let settings = D2 { degrader: self.settings(), ..D2::default() };
        sink.refuses(place, &reals, &settings.check())
    }
}

/// Settings of the V3 balancer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BalancerConfig {
    update_interval_ms: Whole,
    points_per_weight: Whole,
    initial_recovery_level: Real,
    ring_ramp_factor: Real,
    high_water_mark: Real,
    low_water_mark: Real,
    global_step_up: Real,
    global_step_down: Real,
    cluster_min_call_count_high_water_mark: Whole,
    cluster_min_call_count_low_water_mark: Whole,
}

impl BalancerConfig {
    pub(super) fn settings(&self) -> Balancer {
        Balancer {
            update_interval_ms: self.update_interval_ms.0.max(1),
            points_per_weight: self.points_per_weight.0.max(1),
            high_water_mark: self.high_water_mark.0,
            low_water_mark: self.low_water_mark.0,
            global_step_up: self.global_step_up.0,
            global_step_down: self.global_step_down.0,
            cluster_min_calls_high: self.cluster_min_call_count_high_water_mark.0,
            cluster_min_calls_low: self.cluster_min_call_count_low_water_mark.0,
            initial_recovery_level: self.initial_recovery_level.0,
            ring_ramp_factor: self.ring_ramp_factor.0,
        }
    }

    pub(super) fn refused(&self, place: &str, sink: &mut Sink) -> bool {
        let reals = [
            ("initialRecoveryLevel", self.initial_recovery_level.0),
            ("ringRampFactor", self.ring_ramp_factor.0),
            ("highWaterMark", self.high_water_mark.0),
            ("lowWaterMark", self.low_water_mark.0),
            ("globalStepUp", self.global_step_up.0),
            ("globalStepDown", self.global_step_down.0),
        ];
        let settings = D2 { balancer: self.settings(), ..D2::default() };
        sink.refuses(place, &reals, &settings.check())
    }
}

/// Settings of the strategy "relative".
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RelativeConfig {
    update_interval_ms: Whole,
    up_step: Real,
    down_step: Real,
    relative_latency_high_threshold_factor: Real,
    relative_latency_low_threshold_factor: Real,
    high_error_rate: Real,
    low_error_rate: Real,
    min_call_count: Whole,
    initial_health_score: Real,
    slow_start_threshold: Real,
    enable_fast_recovery: bool,
    points_per_weight: Whole,
}

impl RelativeConfig {
    pub(super) fn settings(&self) -> Relative {
        Relative {
            update_interval_ms: self.update_interval_ms.0,
            up_step: self.up_step.0,
            down_step: self.down_step.0,
            relative_latency_high_threshold_factor: self.relative_latency_high_threshold_factor.0,
            relative_latency_low_threshold_factor: self.relative_latency_low_threshold_factor.0,
            high_error_rate: self.high_error_rate.0,
            low_error_rate: self.low_error_rate.0,
            min_call_count: self.min_call_count.0,
            initial_health_score: self.initial_health_score.0,
            slow_start_threshold: self.slow_start_threshold.0,
            enable_fast_recovery: self.enable_fast_recovery,
            points_per_weight: self.points_per_weight.0,
            load_balance_stream_exception: false,
        }
    }

    pub(super) fn refused(&self, place: &str, sink: &mut Sink) -> bool {
        let reals = [
            ("upStep", self.up_step.0),
            ("downStep", self.down_step.0),
            ("relativeLatencyHighThresholdFactor", self.relative_latency_high_threshold_factor.0),
            ("relativeLatencyLowThresholdFactor", self.relative_latency_low_threshold_factor.0),
            ("highErrorRate", self.high_error_rate.0),
            ("lowErrorRate", self.low_error_rate.0),
            ("initialHealthScore", self.initial_health_score.0),
            ("slowStartThreshold", self.slow_start_threshold.0),
        ];
        sink.refuses(place, &reals, &self.settings().check())
    }
}
