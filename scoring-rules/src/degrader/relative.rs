//! Settings of Rest.li's strategy "relative", version 29.85.15.

use serde::{Deserialize, Serialize};

/// What moves the health score of one host: comparison with the mean of its cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Relative {
    /// Length of a window and time between updates, ms.
    pub update_interval_ms: i64,
    /// Added to the score by a good window.
    pub up_step: f64,
    /// Taken off the score by a bad window.
    pub down_step: f64,
    /// At or above so many times the cluster's mean a window is bad.
    pub relative_latency_high_threshold_factor: f64,
    /// At or below so many times the cluster's mean a window can be good.
    pub relative_latency_low_threshold_factor: f64,
    /// At or above it a window is bad; above 1: never.
    pub high_error_rate: f64,
    /// At or below it a window can be good.
    pub low_error_rate: f64,
    /// Calls, completed and in flight, from which a window is judged.
    pub min_call_count: i64,
    /// The score of a host that is new.
    pub initial_health_score: f64,
    /// Below this score a good window doubles it; 0: off.
    pub slow_start_threshold: f64,
    /// Whether a recovering host's score doubles while it gets too few calls.
    pub enable_fast_recovery: bool,
    /// Ring points of a healthy host of weight 1.
    pub points_per_weight: i64,
    /// Whether broken streams count as errors.
    pub load_balance_stream_exception: bool,
}

impl Default for Relative {
    fn default() -> Self {
        Self {
            update_interval_ms: 5_000,
            up_step: 0.05,
            down_step: 0.2,
            relative_latency_high_threshold_factor: 1.3,
            relative_latency_low_threshold_factor: 1.2,
            high_error_rate: 1.1,
            low_error_rate: 1.1,
            min_call_count: 1,
            initial_health_score: 1.0,
            slow_start_threshold: 0.0,
            enable_fast_recovery: false,
            points_per_weight: 100,
            load_balance_stream_exception: false,
        }
    }
}
