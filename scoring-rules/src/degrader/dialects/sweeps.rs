//! Outlier detection by sweeps, as in Envoy, gRPC and Istio: hosts are ejected for ever longer times and come back all
//! at once.
//!
//! All clients are independent; what is followed is the share of them that has the host admitted. Within an interval
//! failures in a row eject; at its end success rates and failure percentages do. Some phases between the onset of the
//! failure and the sweeps are averaged.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::super::{FAILURE_SECONDS, HealthyDay, Traffic};
use super::calls::{Calls, Course, HICCUP_S, Run, at_least, cut_short, hiccups, over_numbers};

/// A shorter interval is followed in steps of this length, s.
const SHORTEST_S: f64 = 0.5;
/// Ejections after which the next is not longer any more: in a failure of this length there are hardly more.
const MOST_EJECTIONS: f64 = 64.0;
/// Seconds between two points of a curve.
const CURVE_S: f64 = 2.5;
/// Points of it within an interval.
const CURVE_PARTS: u32 = 4;
/// A share of clients too small to follow.
const SPECK: f64 = 1e-6;

/// A rule on the share of failed calls between two sweeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// The share from which a host is ejected.
    pub threshold: f64,
    /// Whether it must be exceeded.
    pub strictly: bool,
    /// Calls from which it counts.
    pub volume: f64,
    /// Chance that a host is ejected indeed.
    pub chance: f64,
}

/// A rule on the distance from the others' success rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlier {
    /// Standard deviations below the mean.
    pub factor: f64,
    /// Calls from which it counts.
    pub volume: f64,
    /// Chance that a host is ejected indeed.
    pub chance: f64,
}

/// What ejects, for one kind of failing calls, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Detector {
    /// Failures in a row: how many, by what chance, and of which share of calls.
    pub runs: Vec<(f64, f64, f64)>,
    /// The failure percentage.
    pub share: Option<(Share, f64)>,
    /// The success rate.
    pub outlier: Option<(Outlier, f64)>,
    /// Time between two sweeps, s.
    pub interval_s: f64,
    /// The first ejection, s.
    pub base_s: f64,
    /// The longest, s.
    pub max_s: f64,
    /// What chance adds at most, s.
    pub jitter_s: f64,
    /// Whether any host may be ejected.
    pub allowed: bool,
    /// Share of hosts that may be out at the same time.
    pub most: f64,
}

/// Clients that have the host admitted.
#[derive(Clone, Copy, Debug)]
struct Admitted {
    since_s: f64,
    mass: f64,
}

/// Admitted clients by: never ejected yet, multiplier, and when they admitted the host (sweeps; 0: long ago).
type Key = (bool, usize, usize);

impl Detector {
    fn longest_multiplier(&self) -> usize {
        ((self.max_s / self.base_s).ceil().clamp(1.0, MOST_EJECTIONS)) as usize
    }

    fn ejected_for(&self, multiplier: usize) -> f64 {
        (self.base_s * multiplier as f64).min(self.max_s) + self.jitter_s / 2.0
    }

    fn run(&self, calls: &Calls) -> Run {
        let runs = self.runs.iter().map(|(k, chance, p)| Run::new(*k, *chance, *p, calls));
        runs.fold(Run::NEVER, Run::or)
    }

    /// Chance that a sweep ejects: of all calls in its interval the failing host got these for so long, and knew of
    /// failures for so long; before, they were healthy.
    fn swept(&self, hosts: f64, calls: &Calls, healthy: &Calls, old_s: f64, known_s: f64, new_s: f64) -> f64 {
        let chance = |p: f64, rule: &dyn Fn(f64, f64) -> f64| {
            let failed = calls.rate * p * known_s;
            let passed = calls.rate * (1.0 - p) * new_s + healthy.rate * old_s;
            let n = failed + passed;
            if n <= 0.0 { 0.0 } else { over_numbers(n, |number| rule(number, failed / n)) }
        };
        let share = self.share.map_or(0.0, |(rule, p)| {
            chance(p, &|n, q| {
                if n < rule.volume {
                    return 0.0;
                }
                let least = rule.threshold * n;
                let least = if rule.strictly { least.floor() + 1.0 } else { least };
                rule.chance * at_least(n, q, least.max(1.0))
            })
        });
        let outlier = self.outlier.map_or(0.0, |(rule, p)| {
            chance(p, &|n, q| {
                let e = healthy.failed();
                let spare = hosts - 1.0 - rule.factor * rule.factor;
                if spare <= 0.0 || n < rule.volume.max(1.0) {
                    return 0.0;
                }
                // The share at which the host lies so many standard deviations off, which it widens itself.
                let mark = e + rule.factor * (e * (1.0 - e) / n * hosts / spare).sqrt();
                rule.chance * at_least(n, q, (mark * n).floor() + 1.0)
            })
        });
        1.0 - (1.0 - share) * (1.0 - outlier)
    }

    /// Replays the failure of one host.
    pub(super) fn course(&self, traffic: &Traffic, calls: &Calls, timeout_ms: f64, curve: bool) -> Course {
        let healthy = Calls::healthy(traffic, 1.0, 1.0, timeout_ms);
        let run = self.run(calls);
        let steady = self.swept(traffic.hosts, calls, &healthy, 0.0, self.interval_s, self.interval_s);
        if !self.allowed || (run.least_s > FAILURE_SECONDS && steady <= 0.0) {
            return Course::undefended();
        }
        let step_s = self.interval_s.max(SHORTEST_S);
        let scale = self.interval_s / step_s;
        // There are few different sweeps, and many cohorts of clients go through each.
        let known = RefCell::new(BTreeMap::new());
        let swept = |old_s: f64, known_s: f64, new_s: f64| {
            let key = [old_s, known_s, new_s].map(|s| (s * 1e6).round() as i64);
            *known.borrow_mut().entry(key).or_insert_with(|| {
                let [old_s, known_s, new_s] = [old_s, known_s, new_s].map(|s| s * scale);
                let once = self.swept(traffic.hosts, calls, &healthy, old_s, known_s, new_s);
                1.0 - (1.0 - once).powf(1.0 / scale)
            })
        };
        // The shorter the interval, the less it matters where in it the failure begins.
        let phases: &[f64] = match self.interval_s {
            s if s >= 5.0 => &[0.125, 0.375, 0.625, 0.875],
            s if s >= 2.0 => &[0.25, 0.75],
            _ => &[0.5],
        };
        let walks: Vec<Walk<'_>> = phases
            .iter()
            .map(|phase| {
                let mut walk = Walk::new(self, run, phase * step_s, step_s);
                walk.go(&swept, calls.delay_s, curve);
                walk
            })
            .collect();
        average(&walks, curve)
    }

    /// Chance that a host is ejected by so many seconds of such calls among healthy ones.
    fn trips_within(&self, hosts: f64, calls: &Calls, healthy: &Calls, seconds: f64) -> f64 {
        let new_s = self.interval_s.min(seconds);
        let swept = self.swept(hosts, calls, healthy, self.interval_s - new_s, new_s, new_s);
        1.0 - self.run(calls).survives(seconds) * (1.0 - swept).powf(seconds / new_s)
    }

    fn alarms_per_second(&self, hosts: f64, calls: &Calls, healthy: &Calls) -> f64 {
        let swept = self.swept(hosts, calls, healthy, 0.0, self.interval_s, self.interval_s);
        self.run(calls).per_second() + swept / self.interval_s
    }
}

/// Goes through a day on which nothing fails; `of` is what would eject a host with given calls.
pub(super) fn healthy_day(traffic: &Traffic, timeout_ms: f64, of: impl Fn(&Calls) -> Detector) -> HealthyDay {
    let (hiccup_rate, hiccup_factor) = hiccups(traffic);
    let (mut sum, mut worst, mut refused) = (0.0, 0.0_f64, 0.0_f64);
    for slot in &traffic.day {
        let calls = Calls::healthy(traffic, slot.traffic, slot.latency, timeout_ms);
        let detector = of(&calls);
        let usual = detector.alarms_per_second(traffic.hosts, &calls, &calls);
        let hiccup = Calls::healthy(traffic, slot.traffic, slot.latency * hiccup_factor, timeout_ms);
        let tripped = of(&hiccup).trips_within(traffic.hosts, &hiccup, &calls, HICCUP_S);
        let alarms = usual + hiccup_rate * tripped / HICCUP_S;
        let interval_s = detector.interval_s;
        let out = alarms * (detector.ejected_for(1) + interval_s / 2.0);
        let drop = if detector.allowed { (out / (1.0 + out)).min(detector.most) } else { 0.0 };
        sum += drop;
        worst = worst.max(drop);
        refused = refused.max(cut_short(traffic, slot.latency, timeout_ms));
    }
    HealthyDay { false_drop: sum / traffic.day.len().max(1) as f64, worst_slot: worst, refused }
}

/// One phase of a replay.
struct Walk<'a> {
    of: &'a Detector,
    run: Run,
    first_s: f64,
    step_s: f64,
    admitted: BTreeMap<Key, Admitted>,
    /// What comes back at a sweep, by multiplier.
    back: BTreeMap<usize, Vec<(usize, f64)>>,
    /// Time, share admitted, seconds exposed until then.
    course: Vec<(f64, f64, f64)>,
    exposed_s: f64,
    /// Share that was ejected at all, and the sum of its times.
    first: (f64, f64),
}

impl<'a> Walk<'a> {
    fn new(of: &'a Detector, run: Run, first_s: f64, step_s: f64) -> Self {
        let all = Admitted { since_s: 0.0, mass: 1.0 };
        Self {
            of,
            run,
            first_s,
            step_s,
            admitted: BTreeMap::from([((true, 0, 0), all)]),
            back: BTreeMap::new(),
            course: vec![(0.0, 1.0, 0.0)],
            exposed_s: 0.0,
            first: (0.0, 0.0),
        }
    }

    /// Walks through the failure; `swept` is the chance that a sweep ejects.
    fn go(&mut self, swept: &impl Fn(f64, f64, f64) -> f64, delay_s: f64, curve: bool) {
        let (mut from_s, mut sweep) = (0.0, 0);
        while from_s < FAILURE_SECONDS {
            let end_s = self.first_s + self.step_s * sweep as f64;
            let to_s = end_s.min(FAILURE_SECONDS);
            let cohorts = std::mem::take(&mut self.admitted);
            let step_s = self.step_s;
            let parts = if curve { CURVE_PARTS } else { 1 };
            for part in 1..=parts {
                self.mark(&cohorts, from_s, from_s + (to_s - from_s) * f64::from(part) / f64::from(parts));
            }
            for (key, cohort) in cohorts {
                self.live(key, cohort, (from_s, to_s, delay_s), sweep, |age_s, cohort| {
                    if end_s > FAILURE_SECONDS {
                        return 0.0;
                    }
                    // Failures are known only after the delay; what came before the onset was healthy.
                    let new_s = (end_s - from_s).min(step_s);
                    let old_s = if cohort.since_s == 0.0 && sweep == 0 { step_s - new_s } else { 0.0 };
                    swept(old_s, (age_s - delay_s).clamp(0.0, new_s), new_s)
                });
            }
            for (multiplier, mass) in self.back.remove(&sweep).unwrap_or_default() {
                self.admit((false, multiplier, sweep + 1), Admitted { since_s: end_s, mass });
            }
            let share = self.admitted.values().map(|cohort| cohort.mass).sum();
            self.course.push((to_s, share, self.exposed_s));
            from_s = to_s;
            sweep += 1;
        }
    }

    /// Notes for the curve how it stands at a time within an interval.
    fn mark(&mut self, cohorts: &BTreeMap<Key, Admitted>, from_s: f64, at_s: f64) {
        let (mut share, mut exposed_s) = (0.0, self.exposed_s);
        for cohort in cohorts.values() {
            let (from, to) = (from_s - cohort.since_s, at_s - cohort.since_s);
            let before = self.run.survives(from);
            share += if before > 0.0 { cohort.mass * self.run.survives(to) / before } else { 0.0 };
            exposed_s += cohort.mass * self.run.lived(from, to);
        }
        self.course.push((at_s, share, exposed_s));
    }

    /// One cohort through one interval.
    fn live(
        &mut self,
        (new, multiplier, since): Key,
        cohort: Admitted,
        (from_s, to_s, delay_s): (f64, f64, f64),
        sweep: usize,
        swept: impl Fn(f64, &Admitted) -> f64,
    ) {
        let (from, to) = (from_s - cohort.since_s, to_s - cohort.since_s);
        let before = self.run.survives(from);
        let survived = if before > 0.0 { self.run.survives(to) / before } else { 0.0 };
        let lived = self.run.lived(from, to);
        self.exposed_s += cohort.mass * lived;
        let tripped = cohort.mass * (1.0 - survived);
        if tripped > SPECK {
            // The mean time of those that tripped.
            let at = (lived - survived * (to_s - from_s)) / (1.0 - survived);
            self.eject(new, multiplier, from_s + at, sweep, tripped);
        }
        let left = cohort.mass * survived;
        let caught = left * swept(to, &cohort);
        if caught > SPECK {
            self.eject(new, multiplier, to_s, sweep, caught);
        }
        // Once the run has had time to happen, its chance is always the same, and so is every sweep's.
        let old = to >= self.run.least_s.min(FAILURE_SECONDS) && to > self.step_s + delay_s;
        let since = if old { 0 } else { since };
        let rest = Admitted { mass: left - caught, ..cohort };
        if rest.mass > SPECK {
            self.admit((new, multiplier.saturating_sub(1), since), rest);
        }
    }

    fn admit(&mut self, key: Key, cohort: Admitted) {
        let entry = self.admitted.entry(key).or_insert(Admitted { mass: 0.0, ..cohort });
        entry.since_s = entry.since_s.min(cohort.since_s);
        entry.mass += cohort.mass;
    }

    fn eject(&mut self, new: bool, multiplier: usize, at_s: f64, sweep: usize, mass: f64) {
        if new {
            self.first.0 += mass;
            self.first.1 += mass * at_s;
        }
        let multiplier = (multiplier + 1).min(self.of.longest_multiplier());
        let until_s = at_s + self.of.ejected_for(multiplier);
        let sweeps = ((until_s - self.first_s) / self.step_s - 1e-9).ceil().max(0.0) as usize;
        self.back.entry(sweeps.max(sweep + 1)).or_default().push((multiplier, mass));
    }

    /// Seconds after healing until nine tenths of the clients have the host admitted.
    fn recovered_after_s(&self) -> f64 {
        let mut share = self.course.last().map_or(1.0, |(_, share, _)| *share);
        let mut at_s = 0.0;
        for (sweep, masses) in &self.back {
            if share >= 0.9 {
                break;
            }
            share += masses.iter().map(|(_, mass)| mass).sum::<f64>();
            at_s = (self.first_s + self.step_s * *sweep as f64 - FAILURE_SECONDS).max(0.0);
        }
        at_s
    }

    /// Share admitted and seconds exposed at a time.
    fn at(&self, at_s: f64) -> (f64, f64) {
        let after = self.course.partition_point(|(t, _, _)| *t <= at_s);
        let point = |i: usize| self.course.get(i).copied().unwrap_or_default();
        let (t0, share, exposed0) = point(after.saturating_sub(1));
        if after >= self.course.len() {
            return (share, exposed0);
        }
        let (t1, share1, exposed1) = point(after);
        let part = if t1 > t0 { (at_s - t0) / (t1 - t0) } else { 0.0 };
        (share + part * (share1 - share), exposed0 + part * (exposed1 - exposed0))
    }
}

fn average(walks: &[Walk<'_>], curve: bool) -> Course {
    let mean = |value: &dyn Fn(&Walk<'_>) -> f64| walks.iter().map(value).sum::<f64>() / walks.len() as f64;
    let ejected = mean(&|walk| walk.first.0);
    let points = if curve { (FAILURE_SECONDS / CURVE_S) as usize + 1 } else { 0 };
    let curve = (0..points).map(|i| {
        let at_s = i as f64 * CURVE_S;
        (at_s, 1.0 - mean(&|walk| walk.at(at_s).0), mean(&|walk| walk.at(at_s).1))
    });
    Course {
        exposed_s: mean(&|walk| walk.exposed_s),
        isolated_after_s: (ejected >= 0.5).then(|| mean(&|walk| walk.first.1) / ejected),
        recovered_after_s: Some(mean(&|walk| walk.recovered_after_s())),
        refused_s: 0.0,
        curve: curve.map(|(at, dropped, exposed)| (at, dropped.clamp(0.0, 1.0), exposed)).collect(),
    }
}
