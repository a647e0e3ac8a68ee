//! The degrader of one host: one step for each closed window, and the decision to drop a call.

use super::round_half_up;
use crate::degrader::Degrader;

/// The drop rate that slow start begins with.
const SLOW_START: f64 = 0.99;

/// What is known of a window when it closes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Window {
    /// Calls that completed in it.
    pub calls: i64,
    /// The statistic held against the latency marks, ms.
    pub latency_ms: i64,
    /// Share of the calls with an error that counts against the host.
    pub error_rate: f64,
    /// Calls in flight at its end.
    pub in_flight: i64,
    /// Their mean age then, ms.
    pub in_flight_age_ms: i64,
}

/// Where a step moved the drop rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Up.
    Up,
    /// Down.
    Down,
    /// Nowhere.
    Hold,
}

impl Action {
    /// As it is written in vectors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Hold => "hold",
        }
    }
}

/// State of one host's degrader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Host {
    /// The computed drop rate (d).
    pub drop_rate: f64,
    /// The greatest drop rate in force; the V3 balancer changes it.
    pub max_drop_rate: f64,
    /// Replaces the drop rate where it is not negative.
    pub override_drop_rate: f64,
    /// Replaces the scaled minimum of calls where it is not negative; the V3 balancer changes it.
    pub override_min_calls: i64,
    /// Whether the client's request timeout is shortened: from the first step up until the drop rate is 0 again.
    pub preemptive_timeout: bool,
}

impl Host {
    /// A host that is new.
    pub fn new(settings: &Degrader) -> Self {
        Self {
            drop_rate: settings.initial_drop_rate,
            max_drop_rate: settings.max_drop_rate,
            override_drop_rate: settings.override_drop_rate,
            override_min_calls: settings.override_min_call_count,
            preemptive_timeout: false,
        }
    }

    /// The drop rate in force (e).
    pub fn effective_drop_rate(&self) -> f64 {
        if self.override_drop_rate >= 0.0 { self.override_drop_rate } else { self.drop_rate }
    }

    /// Completed calls from which a window is judged (m); at least 1.
    pub fn min_calls(&self, settings: &Degrader) -> i64 {
        if self.override_min_calls < 0 {
            let share = 1.0 - self.effective_drop_rate();
            round_half_up(share * settings.min_call_count as f64).max(1)
        } else {
            self.override_min_calls.max(1)
        }
    }

    /// Whether the window is bad: enough calls and one of their marks reached, or too many in flight for too long.
    pub fn is_high(&self, settings: &Degrader, window: &Window) -> bool {
        (window.calls >= self.min_calls(settings)
            && (window.latency_ms >= settings.high_latency || window.error_rate >= settings.high_error_rate))
            || (window.in_flight >= settings.min_outstanding_count
                && window.in_flight_age_ms >= settings.high_outstanding)
    }

    /// Whether the window is good: enough calls and every low mark kept.
    pub fn is_low(&self, settings: &Degrader, window: &Window) -> bool {
        window.calls >= self.min_calls(settings)
            && window.latency_ms <= settings.low_latency
            && window.error_rate <= settings.low_error_rate
            && (window.in_flight < settings.min_outstanding_count
                || window.in_flight_age_ms <= settings.low_outstanding)
    }

    /// Takes a closed window in.
    pub fn step(&mut self, settings: &Degrader, window: &Window) -> Action {
        let before = self.drop_rate;
        if before < self.max_drop_rate && self.is_high(settings, window) {
            self.drop_rate = raised(settings, self.max_drop_rate, before);
            self.preemptive_timeout = true;
        } else if before > 0.0 && self.is_low(settings, window) {
            self.drop_rate = lowered(settings, before);
            if self.drop_rate <= 0.0 {
                self.preemptive_timeout = false;
            }
        }
        if self.drop_rate > before {
            Action::Up
        } else if self.drop_rate < before {
            Action::Down
        } else {
            Action::Hold
        }
    }
}

/// The drop rate after a bad window.
pub fn raised(settings: &Degrader, max_drop_rate: f64, drop_rate: f64) -> f64 {
    max_drop_rate.min(drop_rate + settings.up_step)
}

/// The drop rate after a good window: a step down, or the transmitted share doubled where slow start applies.
pub fn lowered(settings: &Degrader, drop_rate: f64) -> f64 {
    let share = 1.0 - drop_rate;
    if share < settings.slow_start_threshold {
        if share > 0.0 { (1.0 - 2.0 * share).max(0.0) } else { SLOW_START }
    } else {
        (drop_rate - settings.down_step).max(0.0)
    }
}

/// Decides on single calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// When a call was last let through, ms.
    pub last_passed_ms: i64,
}

impl Gate {
    /// Whether a call with the random number `code` (0 to 1) is dropped at `drop_rate`. One is let through all the
    /// same when none has been for `max_drop_duration`.
    pub fn drops(&mut self, settings: &Degrader, drop_rate: f64, now_ms: i64, code: f64) -> bool {
        let overdue = self.last_passed_ms.saturating_add(settings.max_drop_duration) <= now_ms;
        let dropped = code < drop_rate && !overdue;
        if !dropped {
            self.last_passed_ms = now_ms;
        }
        dropped
    }
}
