//! The strategy "relative": one update moves each host's health score by comparison with the cluster's mean.

use super::round_half_up;
use crate::degrader::Relative;

/// A score up to it counts as none.
const NO_SCORE: f64 = 0.001;
/// The least score a host is left with, and what slow start begins with.
const LEAST_SCORE: f64 = 0.01;
/// Above this score fast recovery has done its work.
const RECOVERED: f64 = 0.5;

/// How a host's window was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Good, and its score was below 1.
    Healthy,
    /// Neither, or nothing to gain.
    Neutral,
    /// Bad.
    Unhealthy,
}

impl Health {
    /// As it is written in vectors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Neutral => "NEUTRAL",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// A host's window. A simulation may put expected values here, which need not be whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostTraffic {
    /// Calls completed.
    pub calls: f64,
    /// Their exact mean latency, ms; 0 without calls.
    pub mean_ms: f64,
    /// Those with an error that counts against the host.
    pub bad: f64,
    /// Calls in flight at the end.
    pub in_flight: f64,
    /// Their mean age then, ms.
    pub in_flight_age_ms: f64,
}

impl HostTraffic {
    /// Calls, completed and in flight (k).
    pub fn all_calls(&self) -> f64 {
        self.calls + self.in_flight
    }

    fn error_rate(&self) -> f64 {
        let all = self.all_calls();
        if all > 0.0 { self.bad / all } else { 0.0 }
    }

    /// Mean latency with the ages of calls in flight, rounded to ms (l).
    fn latency_ms(&self) -> i64 {
        let all = self.all_calls();
        if all <= 0.0 {
            return 0;
        }
        round_half_up(self.mean_ms * (self.calls / all) + self.in_flight_age_ms * (self.in_flight / all))
    }
}

/// A host in the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelativeHost {
    /// Its weight; 1 is usual.
    pub weight: f64,
    /// How many hosts are exactly like it; 1 unless a simulation takes equal hosts together.
    pub alike: f64,
    /// Health score, 0 to 1: its share of its points.
    pub score: f64,
    /// How its last window was judged.
    pub health: Health,
    /// Whether fast recovery looks after it.
    pub recovering: bool,
    /// Its points in the ring.
    pub points: i64,
    /// What the next update is to read.
    pub seen: HostTraffic,
}

impl RelativeHost {
    /// A host that is new, with this score.
    pub fn new(settings: &Relative, weight: f64, score: f64) -> Self {
        let mut host = Self {
            weight,
            alike: 1.0,
            score,
            health: Health::Neutral,
            // A new host that is to start slowly is helped along from the beginning.
            recovering: settings.enable_fast_recovery && settings.slow_start_threshold > 0.0,
            points: 0,
            seen: HostTraffic::default(),
        };
        host.settle(settings);
        host
    }

    fn min_calls(&self, settings: &Relative) -> f64 {
        round_half_up(self.score * settings.min_call_count as f64).max(1) as f64
    }

    fn judge(&mut self, settings: &Relative, cluster_ms: f64) {
        let latency = self.seen.latency_ms() as f64;
        let errors = self.seen.error_rate();
        let enough = self.seen.all_calls() >= self.min_calls(settings);
        let high = latency >= cluster_ms * settings.relative_latency_high_threshold_factor
            || errors >= settings.high_error_rate;
        let low = latency <= cluster_ms * settings.relative_latency_low_threshold_factor
            && errors <= settings.low_error_rate;
        self.health = if enough && high {
            self.score = relative_lowered(settings, self.score);
            Health::Unhealthy
        } else if self.score < 1.0 && enough && low {
            self.score = relative_raised(settings, self.score);
            Health::Healthy
        } else {
            Health::Neutral
        };
    }

    fn recover(&mut self, settings: &Relative) {
        if !self.recovering {
            return;
        }
        if self.seen.all_calls() < self.min_calls(settings) {
            self.score = if self.score <= NO_SCORE { LEAST_SCORE } else { (self.score * 2.0).min(1.0) };
        } else if self.health == Health::Unhealthy || self.score > RECOVERED {
            self.recovering = false;
        }
    }

    /// Nothing is left without traffic, and points follow from the score.
    fn settle(&mut self, settings: &Relative) {
        if self.score <= NO_SCORE && (!settings.enable_fast_recovery || self.weight > 0.0) {
            self.score = LEAST_SCORE;
            self.recovering |= settings.enable_fast_recovery;
        }
        self.points = round_half_up(self.score * self.weight * settings.points_per_weight as f64);
    }
}

/// The score after a bad window.
pub fn relative_lowered(settings: &Relative, score: f64) -> f64 {
    (score - settings.down_step).max(0.0)
}

/// The score after a good window: a step up, or twice as much where slow start applies.
pub fn relative_raised(settings: &Relative, score: f64) -> f64 {
    if score >= settings.slow_start_threshold {
        (score + settings.up_step).min(1.0)
    } else if score > 0.0 {
        (2.0 * score).min(1.0)
    } else {
        LEAST_SCORE
    }
}

/// The score that is left to a host which has hardly any.
pub fn relative_kept(score: f64) -> f64 {
    if score <= NO_SCORE { LEAST_SCORE } else { score }
}

/// State of the strategy for one cluster in one client.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RelativeCluster {
    /// Mean latency that the last update saw, calls in flight included, whole ms (A); 0 without calls.
    pub mean_latency_ms: f64,
}

impl RelativeCluster {
    /// One update, made at the end of each interval. Each host's `seen` must hold its last window.
    pub fn update(&mut self, settings: &Relative, hosts: &mut [RelativeHost]) {
        let (mut latencies, mut ages, mut calls) = (0.0_f64, 0.0_f64, 0.0);
        for RelativeHost { seen, alike, .. } in hosts.iter() {
            // The reference keeps these sums as integers, so each host's part is cut off.
            latencies = (latencies + seen.mean_ms * seen.calls * alike).trunc();
            ages = (ages + seen.in_flight_age_ms * seen.in_flight * alike).trunc();
            calls += seen.all_calls() * alike;
        }
        self.mean_latency_ms = if calls > 0.0 { ((latencies + ages) / calls).ceil() } else { 0.0 };
        for host in hosts.iter_mut() {
            host.judge(settings, self.mean_latency_ms);
            host.recover(settings);
            host.settle(settings);
        }
    }
}
