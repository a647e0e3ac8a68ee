//! One number for settings: how much of what a bad host does to users they let through.

use serde::{Deserialize, Serialize};

use super::{Defence, HealthyDay, Replay, Scenario, Traffic};

/// False drop, as a share, up to which settings cost nothing worth counting.
const FALSE_DROP: f64 = 0.002;
/// False drop in the worst slot of the day that is still borne.
const WORST_SLOT: f64 = 0.05;
/// Recovery, s, that counts as slow as can be.
const SLOW_RECOVERY_S: f64 = 300.0;
/// What the slowest recovery costs.
const RECOVERY: f64 = 0.05;
/// The failures by what it takes to replay them: those that are plain are over soon.
const CHEAPEST_FIRST: [usize; 6] = [3, 5, 4, 2, 1, 0];
/// Share of healthy calls refused from which the settings are an outage by themselves.
const OUTAGE: f64 = 0.01;

/// How settings did on some traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The objective J: 0 is perfect, 1 is as good as no defence, more is worse than none.
    pub objective: f64,
    /// Each failure of [`Scenario::ALL`].
    pub replays: Vec<Replay>,
    /// The day on which nothing fails.
    pub healthy: HealthyDay,
}

impl Judged {
    /// Whether the settings refuse healthy traffic although nothing fails.
    pub fn refuses_healthy(&self) -> bool {
        self.healthy.refused >= OUTAGE
    }

    /// Weighted mean of the seconds to isolate, over the failures that are worth isolating (those that spoil at least
    /// half of the calls); a failure that is never isolated counts in full. None: no failure is worth it.
    pub fn seconds_to_isolate(&self) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (replay, weight) in self.weighted().filter(|(replay, _)| replay.spoiled >= 0.5) {
            sum += weight * replay.isolated_after_s.unwrap_or(super::FAILURE_SECONDS);
            weights += weight;
        }
        (weights > 0.0).then(|| sum / weights)
    }

    /// Weighted mean of the leak ratio, refused calls included: what of the damage gets through, 0 to 1 and above.
    pub fn leaked(&self) -> f64 {
        mean(self.weighted(), bad_share)
    }

    fn weighted(&self) -> impl Iterator<Item = (&Replay, f64)> {
        weighted(&self.replays)
    }
}

/// Judges settings on traffic: J = leak + 0.05 recovery/300 s + 0.05 min(FP/0.002, 5) + 0.2 min(ln(FP/0.002), 3) where FP
/// exceeds 0.002, + 0.1 where its worst slot exceeds 0.05. `leak` is the mean of the bad share of each failure, weighted
/// by [`Scenario::ALL`] times the share of calls that the failure spoils, so that a harmless one forces no tight marks.
pub fn judge(defence: &impl Defence, traffic: &Traffic) -> Judged {
    judge_with(defence.healthy_day(traffic), |scenario| defence.replay(traffic, scenario, false))
}

/// The same from answers that are at hand, or cheaper to get together.
fn judge_with(healthy: HealthyDay, replay: impl Fn(Scenario) -> Replay) -> Judged {
    let replays: Vec<Replay> = Scenario::ALL.iter().map(|(scenario, _)| replay(*scenario)).collect();
    Judged { objective: objective(&replays, &healthy), replays, healthy }
}

/// The same, unless J is not below `limit`: then the replays that are not needed to know so are left out. `spoiled` is
/// the share of calls that each failure of [`Scenario::ALL`] spoils.
pub(super) fn judge_below(
    healthy: HealthyDay,
    spoiled: &[f64; 6],
    limit: f64,
    replay: impl Fn(Scenario) -> Replay,
) -> Option<Judged> {
    let weight = |i: usize| Scenario::ALL[i].1 * spoiled[i];
    let all: f64 = (0..Scenario::ALL.len()).map(weight).sum();
    let mut least = cost_of_false_alarms(&healthy);
    let mut replays: [Option<Replay>; 6] = Default::default();
    for i in CHEAPEST_FIRST {
        if least >= limit {
            return None;
        }
        let done = replay(Scenario::ALL[i].0);
        if all > 0.0 {
            least += weight(i) / all * (bad_share(&done) + RECOVERY * slowness(&done));
        }
        replays[i] = Some(done);
    }
    let replays: Vec<Replay> = replays.into_iter().flatten().collect();
    Some(Judged { objective: objective(&replays, &healthy), replays, healthy })
        .filter(|j| j.objective < limit)
}

fn objective(replays: &[Replay], healthy: &HealthyDay) -> f64 {
    let leak = mean(weighted(replays), bad_share);
    let recovery = mean(weighted(replays), slowness);
    leak + RECOVERY * recovery + cost_of_false_alarms(healthy)
}

/// The part of J that a healthy day makes; the cheap part, so a search tests it first.
pub(super) fn cost_of_false_alarms(healthy: &HealthyDay) -> f64 {
    let times = healthy.false_drop / FALSE_DROP;
    let mut cost = 0.05 * times.min(5.0);
    if times > 1.0 {
        cost += 0.2 * times.ln().min(3.0);
    }
    if healthy.worst_slot > WORST_SLOT {
        cost += 0.1;
    }
    // Calls refused while nothing fails are bad requests like any other.
    cost + healthy.refused
}

/// How slowly the host came back: 1 is as slow as can be.
fn slowness(replay: &Replay) -> f64 {
    replay.recovered_after_s.map_or(1.0, |seconds| (seconds / SLOW_RECOVERY_S).min(1.0))
}

/// Bad requests, refused ones too, as a share of those without any defence.
fn bad_share(replay: &Replay) -> f64 {
    if replay.undefended > 0.0 { replay.bad_requests / replay.undefended } else { 0.0 }
}

fn weighted(replays: &[Replay]) -> impl Iterator<Item = (&Replay, f64)> {
    replays.iter().zip(Scenario::ALL).map(|(replay, (_, prior))| (replay, prior * replay.spoiled))
}

fn mean<'a>(of: impl Iterator<Item = (&'a Replay, f64)>, value: impl Fn(&Replay) -> f64) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (replay, weight) in of {
        sum += weight * value(replay);
        weights += weight;
    }
    if weights > 0.0 { sum / weights } else { 0.0 }
}
