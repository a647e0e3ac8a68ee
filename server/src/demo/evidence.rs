//! What the made-up teams do day by day: drills at their own pace, some of which fail, and facts once a month.

use serde_json::{Value, json};

use super::catalog::Made;
use super::degraders::Degraders;
use super::dice::Dice;
use super::{flows, journal, played};
use crate::app::degrader::PutDegrader;
use crate::app::posted::PostFact;
use crate::types::{DAY_MS, DrillKind, Failure, Timestamp};

/// What happens on one day.
#[derive(Debug, Default)]
pub(super) struct Today {
    pub lines: Vec<String>,
    pub journals: Vec<String>,
    pub facts: Vec<PostFact>,
    pub degraders: Vec<(String, PutDegrader)>,
    /// Slugs and documents.
    pub flows: Vec<(String, Value)>,
}

#[derive(Debug)]
struct Habit {
    service: usize,
    failure: Failure,
    next: i64,
    failing: bool,
    dice: Dice,
}

/// The habits of every service.
#[derive(Debug)]
pub(super) struct Plan {
    services: Vec<Made>,
    habits: Vec<Habit>,
    degraders: Degraders,
    runs: u64,
}

const CLASSES: &[Failure] = &[
    Failure::Code,
    Failure::Config,
    Failure::Schema,
    Failure::Cpu,
    Failure::Memory,
    Failure::Disk,
    Failure::Network,
    Failure::Dns,
    Failure::Clock,
    Failure::DiskWrite,
    Failure::Latency,
    Failure::HostOffline,
    Failure::Rack,
    Failure::DataCentre,
];

impl Plan {
    pub(super) fn new(services: &[Made]) -> Self {
        let mut habits = Vec::new();
        for (index, service) in services.iter().enumerate() {
            for failure in CLASSES {
                let mut dice = Dice::of(3, &format!("{}/{failure}", service.name));
                let heavy = matches!(failure, Failure::Rack | Failure::DataCentre);
                let wanted = !(heavy && service.tier > 2 || *failure == Failure::Schema && !service.database);
                // A diligent team covers nearly everything, a careless one little, and each begins at its own time.
                let covers = dice.chance(service.diligence.1.max(service.diligence.0));
                if !wanted || !covers {
                    continue;
                }
                let late = ((1.0 - service.diligence.0) * 260.0) as i64;
                let next = dice.range(0, 40 + late);
                habits.push(Habit { service: index, failure: *failure, next, failing: false, dice });
            }
        }
        Self { services: services.to_vec(), habits, degraders: Degraders::default(), runs: 0 }
    }

    /// What happens on `day`, whose instant is `at`.
    pub(super) fn day(&mut self, day: i64, at: Timestamp) -> Today {
        let mut today = Today::default();
        let services = &self.services;
        for habit in &mut self.habits {
            let Some(service) = services.get(habit.service) else { continue };
            if habit.next != day {
                continue;
            }
            if service.quiet_from.is_some_and(|q| day >= q) {
                continue;
            }
            self.runs += 1;
            run(habit, service, day, at, self.runs, &mut today);
        }
        for (n, service) in services.iter().enumerate() {
            facts(service, day, at, &mut self.degraders, &mut today);
            dependencies(services, n, day, at, &mut today);
        }
        today.lines.extend(played::lines(services, day, at));
        today
    }
}

fn diligence(service: &Made, day: i64) -> f64 {
    let share = day as f64 / 365.0;
    service.diligence.0 + (service.diligence.1 - service.diligence.0) * share
}

fn run(habit: &mut Habit, service: &Made, day: i64, at: Timestamp, number: u64, today: &mut Today) {
    let d = diligence(service, day);
    let dice = &mut habit.dice;
    let passed = if habit.failing { dice.chance(0.35 + 0.6 * d) } else { dice.chance(0.80 + 0.19 * d) };
    habit.failing = !passed;
    let pace = if habit.failure.kind() == DrillKind::Rollback { (26, 37) } else { (54, 70) };
    let pause = if passed { dice.range(pace.0, pace.1) } else { dice.range(2, 6) };
    habit.next = day + pause + ((1.0 - d) * 70.0) as i64;
    let start = Timestamp(at.0 - dice.range(1, 9) * DAY_MS / 24 - dice.range(0, 3_000) * 1000);
    let seconds = dice.range(60, 900);
    let end = Timestamp(start.0 + seconds * 1000);
    let detected = dice.chance(0.25 + 0.7 * d).then(|| dice.range(5, 120));
    let dry = dice.chance(0.02);
    let journal_of = matches!(habit.failure, Failure::Latency | Failure::Dns) && number.is_multiple_of(3);
    if journal_of {
        today.journals.push(journal::journal(service, habit.failure, passed, dry, start, end, number));
        return;
    }
    today.lines.push(line(service, habit.failure, passed, dry, (start, end), detected, dice).to_string());
}

fn line(
    service: &Made,
    failure: Failure,
    passed: bool,
    dry: bool,
    (start, end): (Timestamp, Timestamp),
    detected: Option<i64>,
    dice: &mut Dice,
) -> Value {
    let outcome = match (dry, passed) {
        (true, _) => "rehearsal",
        (false, true) => "passed",
        (false, false) => "failed",
    };
    let mut value = json!({
        "service": service.name,
        "kind": failure.kind().as_str(),
        "failure": failure.as_str(),
        "environment": if failure.kind() == DrillKind::Rollback { "production" } else { "staging" },
        "outcome": outcome,
        "started_at": start,
        "ended_at": end,
        "hypothesis": format!("{} keeps answering while {} fails", service.name, failure.label()),
        "source": { "tool": "drill-runner", "version": "3.2" },
    });
    let Some(map) = value.as_object_mut() else { return value };
    if failure.kind() == DrillKind::Rollback {
        let seconds = dice.range(40, 400);
        let word = if passed { "succeeded" } else { "failed" };
        map.insert("rollback".into(), json!({ "outcome": word, "seconds": seconds }));
    } else if let Some(seconds) = detected {
        map.insert("detected_after_seconds".into(), json!(seconds));
    }
    value
}

/// Three times a year a team writes its flow down anew; between, its services drill what they call.
fn dependencies(services: &[Made], n: usize, day: i64, at: Timestamp, today: &mut Today) {
    let Some(service) = services.get(n) else { return };
    if service.quiet_from.is_some_and(|q| day >= q) {
        return;
    }
    let d = diligence(service, day);
    let leads = services.iter().position(|s| s.team == service.team) == Some(n);
    if leads && day % 120 == Dice::of(10, service.team).range(20, 60) && d > 0.3 {
        today.flows.extend(flows::flow(services, service.team, d));
    }
    if day % 45 != Dice::of(11, &service.name).range(0, 44) {
        return;
    }
    let mut dice = Dice::of(12, &format!("{}/{day}", service.name));
    for call in flows::noncore(services, n) {
        let failure = match dice.range(0, 2) {
            0 => Failure::Error,
            1 => Failure::Delay,
            _ => Failure::Timeout,
        };
        let (runs, passed) = (dice.chance(0.9 * d), dice.chance(0.85 + 0.14 * d));
        if !runs {
            continue;
        }
        let start = Timestamp(at.0 - dice.range(1, 9) * DAY_MS / 24);
        let end = Timestamp(start.0 + dice.range(60, 400) * 1000);
        let mut drill = line(service, failure, passed, false, (start, end), None, &mut dice);
        if let Some(map) = drill.as_object_mut() {
            map.insert("target".into(), json!(call.to));
            map.insert("hypothesis".into(), json!(format!("{} answers without {}", service.name, call.to)));
        }
        today.lines.push(drill.to_string());
    }
}

/// Once a month each service's facts are posted; a careless team posts fewer, and worse ones.
fn facts(service: &Made, day: i64, at: Timestamp, degraders: &mut Degraders, today: &mut Today) {
    let mut dice = Dice::of(4, &format!("{}/{}", service.name, day / 30));
    if day % 30 != Dice::of(5, &service.name).range(0, 29) {
        return;
    }
    if service.quiet_from.is_some_and(|q| day >= q) {
        return;
    }
    let d = diligence(service, day);
    if dice.chance(0.35 + 0.7 * d) {
        today.degraders.push((service.name.clone(), degraders.put(service, d, at)));
    }
    let mut fact = |name: &str, value: Value| {
        today.facts.push(PostFact {
            service: service.name.clone(),
            fact: name.into(),
            value,
            as_of: Some(at),
        });
    };
    if dice.chance(0.45 + 0.6 * d) {
        let incidents = dice.range(0, 3);
        let missing = if dice.chance(d) { 0 } else { incidents.min(1) };
        let overdue = if dice.chance(d) { 0 } else { dice.range(1, 3) };
        let repeats = i64::from(dice.chance(0.2));
        fact("learning.without_postmortem", json!(missing));
        fact("learning.actions_open", json!(overdue + dice.range(0, 2)));
        fact("learning.actions_overdue", json!(overdue));
        fact("learning.actions_undated", json!(i64::from(!dice.chance(d))));
        fact("learning.repeats", json!(repeats));
        fact("learning.repeats_handled", json!(if dice.chance(0.3 + 0.7 * d) { repeats } else { 0 }));
    }
}
