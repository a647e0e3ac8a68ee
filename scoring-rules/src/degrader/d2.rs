//! Settings of Rest.li's dynamic discovery (D2), version 29.85.15: names and defaults of its client library.

use serde::{Deserialize, Serialize};

/// The statistic of a window that is held against the latency marks (`degrader.latencyToUse`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LatencyMetric {
    /// The mean, rounded half up to whole ms.
    #[default]
    #[serde(rename = "AVERAGE")]
    Average,
    /// The median.
    #[serde(rename = "PCT50")]
    Pct50,
    /// The 90th percentile.
    #[serde(rename = "PCT90")]
    Pct90,
    /// The 95th percentile.
    #[serde(rename = "PCT95")]
    Pct95,
    /// The 99th percentile.
    #[serde(rename = "PCT99")]
    Pct99,
}

/// What steps the drop rate of one host (`degrader.*`). Latencies and ages in ms; rates and steps are fractions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Degrader {
    /// The statistic held against the latency marks.
    pub latency_to_use: LatencyMetric,
    /// At or above it a window is bad.
    pub high_latency: i64,
    /// At or below it a window can be good.
    pub low_latency: i64,
    /// At or above it a window is bad; above 1: never.
    pub high_error_rate: f64,
    /// At or below it a window can be good.
    pub low_error_rate: f64,
    /// Mean age of the calls in flight at or above which a window is bad.
    pub high_outstanding: i64,
    /// Mean age at or below which a window can be good.
    pub low_outstanding: i64,
    /// Calls in flight from which their age counts.
    pub min_outstanding_count: i64,
    /// Calls completed in a window from which it is judged.
    pub min_call_count: i64,
    /// Added to the drop rate by a bad window.
    pub up_step: f64,
    /// Taken off the drop rate by a good window.
    pub down_step: f64,
    /// The drop rate never exceeds it.
    pub max_drop_rate: f64,
    /// The drop rate of a host that is new.
    pub initial_drop_rate: f64,
    /// Below this share of traffic a good window doubles the share; 0: off.
    pub slow_start_threshold: f64,
    /// Replaces the drop rate; negative: off. The strategies of D2 take it over.
    pub override_drop_rate: f64,
    /// Replaces `min_call_count`, whatever the drop rate; negative: off. The strategy "degrader" takes it over.
    pub override_min_call_count: i64,
    /// A call is let through when none has been for so long, ms.
    pub max_drop_duration: i64,
    /// Whether broken streams count as errors.
    pub load_balance_stream_exception: bool,
}

impl Default for Degrader {
    fn default() -> Self {
        Self {
            latency_to_use: LatencyMetric::Average,
            high_latency: 400,
            low_latency: 200,
            high_error_rate: 1.1,
            low_error_rate: 1.1,
            high_outstanding: 10_000,
            low_outstanding: 500,
            min_outstanding_count: 5,
            min_call_count: 1,
            up_step: 0.2,
            down_step: 0.05,
            max_drop_rate: 1.0,
            initial_drop_rate: 0.0,
            slow_start_threshold: 0.0,
            override_drop_rate: -1.0,
            override_min_call_count: -1,
            max_drop_duration: 60_000,
            load_balance_stream_exception: false,
        }
    }
}

/// What turns drop rates of hosts into traffic (`http.loadBalancer.*`), strategy "degrader", also called V3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Balancer {
    /// Length of a window and time between updates, ms.
    pub update_interval_ms: i64,
    /// Ring points of a healthy host of weight 1.
    pub points_per_weight: i64,
    /// Mean latency of the cluster, ms, from which calls to all hosts are refused.
    pub high_water_mark: f64,
    /// Mean latency of the cluster, ms, up to which fewer are refused again.
    pub low_water_mark: f64,
    /// Added to the share of refused calls.
    pub global_step_up: f64,
    /// Taken off the share of refused calls.
    pub global_step_down: f64,
    /// Calls of the cluster in an update from which the high mark counts.
    pub cluster_min_calls_high: i64,
    /// Calls of the cluster in an update from which the low mark counts.
    pub cluster_min_calls_low: i64,
    /// Share of its points that a host starts with when it comes back.
    pub initial_recovery_level: f64,
    /// What its points are multiplied by while it gets too few calls to be judged.
    pub ring_ramp_factor: f64,
}

impl Default for Balancer {
    fn default() -> Self {
        Self {
            update_interval_ms: 5_000,
            points_per_weight: 100,
            high_water_mark: 600.0,
            low_water_mark: 200.0,
            global_step_up: 0.2,
            global_step_down: 0.2,
            cluster_min_calls_high: 10,
            cluster_min_calls_low: 10,
            initial_recovery_level: 0.01,
            ring_ramp_factor: 2.0,
        }
    }
}

/// All settings of one client that decide on a bad host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct D2 {
    /// Of each host.
    pub degrader: Degrader,
    /// Of the cluster.
    pub balancer: Balancer,
    /// The client's request timeout (`http.requestTimeout`), ms; none: as the profile says.
    pub request_timeout_ms: Option<i64>,
}

impl D2 {
    /// The defaults of the time before 2018-04 (library versions up to 20.0.22).
    pub fn before_2018() -> Self {
        Self {
            degrader: Degrader {
                high_latency: 3_000,
                low_latency: 500,
                min_call_count: 10,
                down_step: 0.2,
                ..Degrader::default()
            },
            balancer: Balancer {
                high_water_mark: 3_000.0,
                low_water_mark: 500.0,
                ring_ramp_factor: 1.0,
                ..Balancer::default()
            },
            request_timeout_ms: None,
        }
    }
}
