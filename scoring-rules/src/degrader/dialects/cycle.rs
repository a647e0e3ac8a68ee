//! Circuit breakers, as in Resilience4j and Finagle: closed, open for a while, then a few calls decide.
//!
//! All clients are independent; what is followed, on a grid of time, is the share of them in each state.

use super::super::{FAILURE_SECONDS, HealthyDay, Slot, Traffic};
use super::calls::{Course, cut_short};

/// The grid, s.
const STEP_S: f64 = 0.5;
/// Values that stand for a jittered time.
pub(super) const SPREAD: usize = 4;
/// Attempts after which the wait does not grow any more.
const ATTEMPTS: usize = 24;

/// How one breaker behaves while its host fails.
pub(super) struct Cycle<'a> {
    /// Chance that it has not opened so many seconds after the failure began, with a healthy past.
    pub first: &'a dyn Fn(f64) -> f64,
    /// The same, after it closed on a host that still fails.
    pub again: &'a dyn Fn(f64) -> f64,
    /// Seconds that it stays open at each attempt, the first is 0: equally likely values.
    pub wait: &'a dyn Fn(usize) -> [f64; SPREAD],
    /// Seconds of usual traffic that the calls that decide amount to.
    pub probe_exposed_s: f64,
    /// Seconds until they have decided.
    pub probe_s: f64,
    /// Chance that they close it although the host still fails.
    pub probe_passes: f64,
    /// Seconds in which those calls decide once the host is well.
    pub probe_healthy_s: f64,
}

/// What opens, and what decides, by step of the grid.
struct Grid {
    /// Share that closed at a step, on a failing host.
    closed: Vec<f64>,
    /// Share that opened at a step, by attempt.
    opened: Vec<[f64; ATTEMPTS]>,
    /// Share that lets calls decide from a step on, by attempt.
    probing: Vec<[f64; ATTEMPTS]>,
}

impl Cycle<'_> {
    /// Replays the failure.
    pub(super) fn course(&self) -> Course {
        let steps = (FAILURE_SECONDS / STEP_S) as usize;
        let survives =
            |of: &dyn Fn(f64) -> f64| -> Vec<f64> { (0..=steps).map(|i| of(i as f64 * STEP_S)).collect() };
        let (first, again) = (survives(self.first), survives(self.again));
        let mut grid = Grid {
            closed: vec![0.0; steps + 1],
            opened: vec![[0.0; ATTEMPTS]; steps + 1],
            probing: vec![[0.0; ATTEMPTS]; steps + 1],
        };
        let mut exposed_s = 0.0;
        let mut curve = vec![(0.0, 0.0, 0.0)];
        // Where `again` has come to nothing, older ones need not be looked at.
        let reach = again.iter().position(|share| *share < 1e-9).unwrap_or(steps + 1);
        // What closed on a failing host and is still closed.
        let mut reclosed = 0.0;
        let mut earliest = steps;
        for now in 1..=steps {
            let since = now.saturating_sub(reach).max(earliest);
            let closed = grid.closed.get(since..now).unwrap_or_default();
            let survived: f64 =
                closed.iter().rev().zip(again.iter().skip(1)).map(|(mass, share)| mass * share).sum();
            let tripped = at(&first, now - 1) - at(&first, now) + reclosed - survived;
            let alive = at(&first, now) + survived;
            // Half of those that opened in this step were still exposed, on average.
            exposed_s += (alive + tripped / 2.0) * STEP_S;
            self.open(&mut grid, now, 0, tripped);
            exposed_s += self.probe(&mut grid, now);
            reclosed = survived + at(&grid.closed, now);
            if at(&grid.closed, now) > 0.0 {
                earliest = earliest.min(now);
            }
            curve.push((
                now as f64 * STEP_S,
                (1.0 - alive - at(&grid.closed, now)).clamp(0.0, 1.0),
                exposed_s,
            ));
        }
        let lost = 1.0 - at(&first, steps);
        let mean =
            (1..=steps).map(|i| (at(&first, i - 1) - at(&first, i)) * (i as f64 - 0.5) * STEP_S).sum::<f64>();
        Course {
            exposed_s: exposed_s.min(FAILURE_SECONDS),
            isolated_after_s: (lost >= 0.5).then(|| mean / lost),
            recovered_after_s: Some(self.recovered_after_s(&grid, &curve, steps)),
            refused_s: 0.0,
            curve,
        }
    }

    fn open(&self, grid: &mut Grid, now: usize, attempt: usize, mass: f64) {
        if let Some(opened) = grid.opened.get_mut(now).and_then(|row| row.get_mut(attempt)) {
            *opened += mass;
        }
        for wait_s in (self.wait)(attempt) {
            let until = now + steps_of(wait_s);
            if let Some(probing) = grid.probing.get_mut(until).and_then(|row| row.get_mut(attempt)) {
                *probing += mass / SPREAD as f64;
            }
        }
    }

    /// Lets calls decide; seconds exposed by it.
    fn probe(&self, grid: &mut Grid, now: usize) -> f64 {
        let Some(row) = grid.probing.get(now).copied() else { return 0.0 };
        let mut exposed_s = 0.0;
        let decided = now + steps_of(self.probe_s);
        for (attempt, mass) in row.into_iter().enumerate().filter(|(_, mass)| *mass > 0.0) {
            exposed_s += mass * self.probe_exposed_s.min(FAILURE_SECONDS - now as f64 * STEP_S);
            if let Some(closed) = grid.closed.get_mut(decided) {
                *closed += mass * self.probe_passes;
            }
            self.open(grid, decided, (attempt + 1).min(ATTEMPTS - 1), mass * (1.0 - self.probe_passes));
        }
        exposed_s
    }

    /// Seconds after healing until nine tenths are closed.
    fn recovered_after_s(&self, grid: &Grid, curve: &[(f64, f64, f64)], steps: usize) -> f64 {
        let mut open = curve.last().map_or(0.0, |(_, dropped, _)| *dropped);
        let mut back: Vec<(f64, f64)> = Vec::new();
        let mut wait = |now: usize, attempt: usize, mass: f64| {
            for wait_s in (self.wait)(attempt) {
                let until = now + steps_of(wait_s);
                if until > steps {
                    back.push(((until - steps) as f64 * STEP_S, mass / SPREAD as f64));
                }
            }
        };
        let present = |row: &[f64; ATTEMPTS]| -> Vec<(usize, f64)> {
            row.iter().copied().enumerate().filter(|(_, mass)| *mass > 0.0).collect()
        };
        for (now, row) in grid.opened.iter().enumerate() {
            for (attempt, mass) in present(row) {
                wait(now, attempt, mass);
            }
        }
        // What is being decided when the host heals is decided by calls from before.
        let decision = steps_of(self.probe_s);
        for (now, row) in grid.probing.iter().enumerate().skip((steps + 1).saturating_sub(decision)) {
            for (attempt, mass) in present(row) {
                wait(now + decision, (attempt + 1).min(ATTEMPTS - 1), mass * (1.0 - self.probe_passes));
            }
        }
        back.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut at_s = 0.0;
        for (at, mass) in back {
            if open <= 0.1 {
                break;
            }
            open -= mass;
            at_s = at + self.probe_healthy_s;
        }
        at_s
    }
}

fn at(of: &[f64], step: usize) -> f64 {
    of.get(step).copied().unwrap_or_default()
}

/// At least one step: nothing opens and closes at the same instant.
fn steps_of(seconds: f64) -> usize {
    ((seconds / STEP_S).round().clamp(1.0, 1e6)) as usize
}

/// Goes through a day on which nothing fails; `open` is the share of time that a breaker is open in a slot, and
/// `for_all` says whether it then refuses the calls to all hosts.
pub(super) fn breakers_day(
    traffic: &Traffic,
    timeout_ms: f64,
    for_all: bool,
    open: impl Fn(&Slot) -> f64,
) -> HealthyDay {
    let (mut sum, mut worst, mut refused) = (0.0, 0.0_f64, 0.0_f64);
    for slot in &traffic.day {
        let share = open(slot);
        sum += share;
        worst = worst.max(share);
        let late = cut_short(traffic, slot.latency, timeout_ms);
        refused = refused.max(if for_all { late.max(share) } else { late });
    }
    HealthyDay { false_drop: sum / traffic.day.len().max(1) as f64, worst_slot: worst, refused }
}
