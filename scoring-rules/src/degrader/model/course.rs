//! The course of one failure, watched from its first moment until the host is back: what every strategy has in common.

use super::super::{CurvePoint, FAILURE_SECONDS, Replay, Scenario};

/// How long a replay lasts, and how long the recovery is watched, ms.
pub(super) const FAILURE_MS: f64 = FAILURE_SECONDS * 1_000.0;
/// A shorter window is replayed as one of this length, ms: the cost of a replay stays bounded.
pub(super) const SHORTEST_INTERVAL_MS: f64 = 100.0;
/// Share of its traffic from which down a host counts as isolated.
const ISOLATED: f64 = 0.1;
/// Share of its traffic from which up a host counts as recovered.
const RECOVERED: f64 = 0.9;

/// What has happened so far, for one client. Times in ms since the failure began.
#[derive(Clone, Default)]
pub(super) struct Course {
    /// Bad requests on the failing host.
    pub(super) leaked: f64,
    /// Calls refused to all hosts.
    pub(super) refused: f64,
    isolated_at: Option<f64>,
    recovered_at: Option<f64>,
    curve: Option<Vec<CurvePoint>>,
}

impl Course {
    pub(super) fn new(curve: bool) -> Self {
        let start = CurvePoint { at_s: 0.0, dropped: 0.0, bad: 0.0 };
        Self { curve: curve.then(|| vec![start]), ..Self::default() }
    }

    /// From `time` on the host gets this share of its points; `dropped` of its usual calls are kept away from it.
    /// Answers whether there is nothing more to see.
    pub(super) fn is_over(&mut self, time: f64, share: f64, dropped: f64) -> bool {
        if time <= FAILURE_MS {
            if share <= ISOLATED && self.isolated_at.is_none() {
                self.isolated_at = Some(time);
            }
        } else if share >= RECOVERED && self.recovered_at.is_none() {
            self.recovered_at = Some(time);
        }
        self.mark(time, dropped);
        self.recovered_at.is_some() || time >= 2.0 * FAILURE_MS
    }

    /// The failure is over while the host has this share of its points.
    pub(super) fn healed(&mut self, share: f64) {
        if share >= RECOVERED {
            self.recovered_at = Some(FAILURE_MS);
        }
    }

    /// Nothing will react any more: the rest of the failure leaks so many bad requests.
    pub(super) fn nothing_reacts(&mut self, leak: f64) {
        self.leaked += leak;
        self.recovered_at = Some(FAILURE_MS);
        self.mark(FAILURE_MS, 0.0);
    }

    fn mark(&mut self, time: f64, dropped: f64) {
        let bad = self.leaked + self.refused;
        if let Some(curve) = &mut self.curve {
            curve.push(CurvePoint { at_s: time / 1_000.0, dropped: dropped.clamp(0.0, 1.0), bad });
        }
    }
}

/// Puts the courses of several phases together to what is reported.
pub(super) struct Sum {
    courses: f64,
    isolated: (f64, f64),
    recovered: (f64, f64),
    leaked: f64,
    refused: f64,
}

impl Sum {
    pub(super) fn new() -> Self {
        Self { courses: 0.0, isolated: (0.0, 0.0), recovered: (0.0, 0.0), leaked: 0.0, refused: 0.0 }
    }

    pub(super) fn add(&mut self, course: &Course) {
        self.courses += 1.0;
        self.leaked += course.leaked;
        self.refused += course.refused;
        if let Some(at) = course.isolated_at {
            self.isolated = (self.isolated.0 + 1.0, self.isolated.1 + at);
        }
        if let Some(at) = course.recovered_at {
            self.recovered = (self.recovered.0 + 1.0, self.recovered.1 + at - FAILURE_MS);
        }
    }

    /// The report, where a failing host has `spoiled` of its calls made bad by the failure and an undefended client
    /// would suffer `undefended` of them; `clients` suffer alike.
    pub(super) fn report(&self, scenario: Scenario, spoiled: f64, undefended: f64, clients: f64) -> Replay {
        // Mean over the phases in which it happened, if it mostly does.
        let mean = |(times, sum): (f64, f64)| (2.0 * times >= self.courses).then(|| sum / times / 1_000.0);
        let leaked = self.leaked / self.courses;
        let refused = self.refused / self.courses;
        Replay {
            scenario,
            isolated_after_s: mean(self.isolated),
            leak_ratio: if undefended > 0.0 { leaked / undefended } else { 0.0 },
            bad_requests: (leaked + refused) * clients,
            undefended: undefended * clients,
            refused: refused * clients,
            recovered_after_s: mean(self.recovered),
            spoiled,
            curve: Vec::new(),
        }
    }
}

impl Course {
    /// Its curve, for all clients together.
    pub(super) fn into_curve(self, clients: f64) -> Vec<CurvePoint> {
        let mut curve = self.curve.unwrap_or_default();
        for point in &mut curve {
            point.bad *= clients;
        }
        curve
    }
}
