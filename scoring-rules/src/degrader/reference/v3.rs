//! The balancer of strategy "degrader" (V3): one update turns drop rates into ring points, or moves the cluster's drop.

use super::{Host, round_half_up};
use crate::degrader::{Balancer, Degrader};

/// A host of this weight or less gets no traffic, on purpose.
const NO_WEIGHT: f64 = 10e-6;
/// From this drop rate down a recovering host no longer needs the recovery list.
const RECOVERED: f64 = 0.5;

/// Whose turn an update is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The ring may be cut anew.
    LoadBalance,
    /// The share of refused calls may move.
    CallDropping,
}

impl Turn {
    /// As it is written in vectors.
    pub fn name(self) -> &'static str {
        match self {
            Self::LoadBalance => "LOAD_BALANCE",
            Self::CallDropping => "CALL_DROPPING",
        }
    }
}

/// What an update reads of a host's last window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Calls completed. A simulation may put an expected value here, which need not be whole.
    pub calls: f64,
    /// The latency statistic, ms.
    pub latency_ms: f64,
    /// Whether the window was bad, by the settings in force after its step ([`Host::is_high`]).
    pub high: bool,
}

/// A host in the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// Its degrader.
    pub host: Host,
    /// Its weight; 1 is usual, 0 is on standby.
    pub weight: f64,
    /// How many hosts are exactly like it; 1 unless a simulation takes equal hosts together.
    pub alike: f64,
    /// Its points in the ring that is installed.
    pub points: i64,
    /// On the recovery list: its real greatest drop rate, to be restored.
    pub saved_max: Option<f64>,
    /// What the next update is to read.
    pub seen: Seen,
    planned: i64,
}

impl Member {
    /// A host that is new: no points before the first update. The balancer takes its drop rate over.
    pub fn new(settings: &Degrader, weight: f64) -> Self {
        let host = Host { override_drop_rate: 0.0, ..Host::new(settings) };
        Self { host, weight, alike: 1.0, points: 0, saved_max: None, seen: Seen::default(), planned: 0 }
    }

    /// On the recovery list: fish for calls, wait, or leave it.
    fn recover(&mut self, balancer: &Balancer, min_calls: i64, turn: Turn) {
        let Some(real_max) = self.saved_max else { return };
        let host = &mut self.host;
        if self.seen.calls < min_calls as f64 {
            if turn == Turn::LoadBalance {
                let share = 1.0 - host.max_drop_rate;
                let share = if share <= 0.0 {
                    balancer.initial_recovery_level
                } else {
                    (share * balancer.ring_ramp_factor).min(1.0)
                };
                host.max_drop_rate = 1.0 - share;
            }
            return;
        }
        let enough = RECOVERED.min(host.max_drop_rate);
        let waits = balancer.ring_ramp_factor > 1.0 && !self.seen.high && host.drop_rate > enough;
        if !waits {
            host.max_drop_rate = real_max;
            self.saved_max = None;
        }
    }

    /// The points it would get; a host without any goes on the recovery list.
    fn plan(&mut self, balancer: &Balancer, settings: &Degrader, turn: Turn, first: bool) {
        let drop_rate = self.host.drop_rate.min(self.host.max_drop_rate);
        self.planned = (self.weight * (1.0 - drop_rate) * balancer.points_per_weight as f64) as i64;
        let level = balancer.initial_recovery_level;
        if self.planned == 0 && self.weight > NO_WEIGHT {
            self.planned = (level * balancer.points_per_weight as f64) as i64;
            if self.saved_max.is_none() && turn == Turn::LoadBalance {
                self.saved_max = Some(self.host.max_drop_rate);
                self.host.max_drop_rate = 1.0 - level;
            }
        }
        // A host that is new, and to start slowly, is helped along like one that comes back.
        let slow_start = settings.initial_drop_rate > 0.0 && balancer.ring_ramp_factor > 1.0;
        if first && slow_start && self.saved_max.is_none() && !self.seen.high {
            self.saved_max = Some(self.host.max_drop_rate);
            self.host.max_drop_rate = self.host.drop_rate.min(1.0 - level);
        }
    }
}

/// State of the balancer of one cluster in one client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cluster {
    /// Whose turn the next update is.
    pub turn: Turn,
    /// Share of all calls that is refused (g).
    pub drop_level: f64,
    /// Mean latency that the last update saw, ms: -1 without calls, 0 when it was skipped as idle.
    pub mean_latency_ms: f64,
    started: bool,
}

impl Default for Cluster {
    fn default() -> Self {
        Self { turn: Turn::LoadBalance, drop_level: 0.0, mean_latency_ms: 0.0, started: false }
    }
}

impl Cluster {
    /// One update, made when an interval has passed; the first is made before any traffic and installs the first ring.
    /// Each member's `seen` must hold its last window, its host's step done.
    pub fn update(&mut self, balancer: &Balancer, settings: &Degrader, members: &mut [Member]) {
        let (mut calls, mut latencies, mut recovering) = (0.0, 0.0, false);
        for member in members.iter_mut() {
            latencies += member.seen.latency_ms * member.seen.calls * member.alike;
            calls += member.seen.calls * member.alike;
            recovering |= member.saved_max.is_some();
            member.recover(balancer, settings.min_call_count, self.turn);
        }
        let first = !self.started;
        self.started = true;
        if !first && calls <= 0.0 && !recovering {
            self.mean_latency_ms = 0.0;
            return;
        }
        self.mean_latency_ms = if calls > 0.0 { latencies / calls } else { -1.0 };
        let mut changed = false;
        for member in members.iter_mut() {
            member.plan(balancer, settings, self.turn, first);
            changed |= member.planned != member.points;
        }
        let level = self.drop_level;
        let new_ring = first || (self.turn == Turn::LoadBalance && changed);
        if new_ring {
            self.turn = Turn::CallDropping;
        } else {
            self.drop_level = next_drop_level(balancer, level, self.mean_latency_ms, calls);
            self.turn = Turn::LoadBalance;
        }
        for member in members.iter_mut() {
            if new_ring {
                member.points = member.planned;
            }
            member.host.override_drop_rate = self.drop_level;
            // Whole points of weight: below it the minimum is 1 call. And the drop level is the one before.
            let weights = member.points / balancer.points_per_weight.max(1);
            let minimum = settings.min_call_count as f64 * weights as f64 * (1.0 - level);
            member.host.override_min_calls = round_half_up(minimum).max(1);
        }
    }
}

/// The share of refused calls after an update that saw `calls` of this mean latency (ms).
fn next_drop_level(balancer: &Balancer, level: f64, mean_ms: f64, calls: f64) -> f64 {
    let down = (level - balancer.global_step_down).max(0.0);
    let known = mean_ms > 0.0;
    if known && calls >= balancer.cluster_min_calls_high as f64 {
        if mean_ms >= balancer.high_water_mark && level < 1.0 {
            (level + balancer.global_step_up).min(1.0)
        } else if mean_ms <= balancer.low_water_mark {
            down
        } else {
            level
        }
    } else if known && calls >= balancer.cluster_min_calls_low as f64 {
        if mean_ms <= balancer.low_water_mark { down } else { level }
    } else {
        down
    }
}

/// The points of a host that lacks none.
pub fn full_points(balancer: &Balancer, weight: f64) -> i64 {
    (weight * balancer.points_per_weight as f64) as i64
}
