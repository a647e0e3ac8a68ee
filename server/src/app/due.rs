//! Drills that are due: what the rulebook expects of a service and no fresh pass covers, the most worth a day first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use scoring_rules::Flaky;

use super::Book;
use super::evidence::{ServiceEvidence, State};
use super::grading::judge;
use super::plans::Wanted;
use crate::store::services::ServiceRow;
use crate::types::{DrillKind, Failure, Timestamp};

/// Days for which a passed drill of a dependency is fresh where no rule says otherwise: as long as the shipped pack
/// gives the other drills whose failure leaves a host up.
pub const DEPENDENCY_FRESH_DAYS: i64 = 60;
/// Dependencies of one service whose drills are asked for at most.
const DEPENDENCIES: usize = 20;
/// Where a drill runs that never ran anywhere.
pub const ENVIRONMENT: &str = "staging";

/// One drill that a service should have a fresh pass of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What fails.
    pub failure: Failure,
    /// What is hit.
    pub target: Option<String>,
    /// Where.
    pub environment: String,
    /// fresh, stale, failed, regressed, `never_run`.
    pub state: &'static str,
    /// Why it is due, or what it is still good for: one sentence.
    pub why: String,
    /// The rule that asks for it.
    pub rule: Option<String>,
    /// Points of that rule.
    pub points: Option<u16>,
    /// How much work it is: minutes, hours, days.
    pub effort: Option<&'static str>,
    /// When a pass stops to count in full; the past for what is stale, none where nothing passed.
    pub due_at: Option<Timestamp>,
    /// Worth of a day of work: by this they are put in order.
    weight: i64,
}

impl Due {
    /// It is not covered by a fresh pass.
    pub fn is_due(&self) -> bool {
        self.state != "fresh"
    }

    /// A drill that somebody wants to run though nothing asks for it.
    pub fn on_request(failure: Failure, target: Option<String>) -> Self {
        let asked = Asked { rule: None, fresh_days: DEPENDENCY_FRESH_DAYS, flaky: Flaky::NONE };
        let due = asked.due(failure, target, None, Timestamp::default());
        Self { why: "Somebody wants to know; no rule asks for it.".to_owned(), ..due }
    }

    /// The order in which drills are shown, over several services too.
    pub fn order(&self) -> (u8, Reverse<i64>) {
        (self.urgency(), Reverse(self.weight))
    }

    /// How urgent a state is, the most urgent first.
    fn urgency(&self) -> u8 {
        match self.state {
            "regressed" => 0,
            "failed" => 1,
            "fresh" => 3,
            _ => 2,
        }
    }
}

/// What a rule says of a failure.
#[derive(Clone, Copy)]
struct Asked<'a> {
    rule: Option<&'a scoring_rules::Rule>,
    fresh_days: i64,
    /// How many of the last runs must pass.
    flaky: Flaky,
}

impl Asked<'_> {
    fn due(&self, failure: Failure, target: Option<String>, state: Option<&State>, at: Timestamp) -> Due {
        let (word, why, due_at) = standing(state, self.fresh_days, self.flaky, at);
        let points = self.rule.map(|rule| rule.points);
        let effort = self.rule.map(|rule| rule.effort);
        let cost = effort.map_or(4, scoring_rules::Effort::weight).max(1);
        let environment = state.map(|s| s.environment.clone()).filter(|e| !e.is_empty());
        Due {
            failure,
            target,
            environment: environment.unwrap_or_else(|| ENVIRONMENT.to_owned()),
            state: word,
            why,
            rule: self.rule.map(|rule| rule.id.clone()),
            points,
            effort: effort.map(scoring_rules::Effort::as_str),
            due_at,
            weight: i64::from(points.unwrap_or(0)) * 16 / cost,
        }
    }
}

fn standing(
    state: Option<&State>,
    fresh_days: i64,
    flaky: Flaky,
    at: Timestamp,
) -> (&'static str, String, Option<Timestamp>) {
    let Some(state) = state else { return ("never_run", "It was never run.".to_owned(), None) };
    let due_at = state.passed_at.map(|passed| Timestamp(passed).plus_days(fresh_days + 1));
    let since = ago(Timestamp(state.last_at).days_until(at));
    if state.regressed(flaky) {
        return ("regressed", format!("It had passed, and failed {since}."), due_at);
    }
    if !state.holds(flaky) {
        return ("failed", format!("It failed {since}."), due_at);
    }
    let Some(passed) = state.passed_at else {
        return ("never_run", "It was never passed.".to_owned(), None);
    };
    let days = Timestamp(passed).days_until(at);
    let full = if fresh_days == 1 { "1 day".to_owned() } else { format!("{fresh_days} days") };
    if days <= fresh_days {
        return ("fresh", format!("It passed {}; that counts in full for {full}.", ago(days)), due_at);
    }
    ("stale", format!("It last passed {}; that counted in full for {full}.", ago(days)), due_at)
}

fn ago(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        n => format!("{n} days ago"),
    }
}

/// The drills of a service as they stand at `at`, what is most urgent first, then what earns most for least work.
/// Of dependencies those that are `wanted`, in that order, and those that were ever drilled.
pub fn of_service(
    book: &Book,
    service: &ServiceRow,
    evidence: &ServiceEvidence,
    wanted: &[Wanted],
    at: Timestamp,
) -> Vec<Due> {
    let rules = &book.rulebook;
    let judged = judge(rules, &book.slots, service, evidence, at, false);
    let windows = rules.windows(&judged.sheet.facts, at.0);
    let mut all = Vec::new();
    for failure in Failure::ALL {
        let fact = rules.catalogue().id(&format!("{}_days_since_passed", failure.fact_prefix()));
        let window = windows.iter().find(|w| Some(w.fact) == fact);
        let asked = Asked {
            rule: window.and_then(|w| rules.rules().get(w.rule)),
            fresh_days: window.map_or(DEPENDENCY_FRESH_DAYS, |w| i64::from(w.fresh_days)),
            flaky: book.slots.flaky(rules, failure.code()),
        };
        let states = evidence.states.iter().filter(|s| s.failure == failure.code());
        if failure.kind() == DrillKind::Dependency {
            dependencies(&mut all, *failure, asked, states.collect(), wanted, at);
        } else {
            expected(&mut all, *failure, asked, states.collect(), at);
        }
    }
    all.sort_by_key(Due::order);
    all
}

/// A failure that rules ask for by its class: one drill for the class, and each that fails.
fn expected(all: &mut Vec<Due>, failure: Failure, asked: Asked<'_>, states: Vec<&State>, at: Timestamp) {
    let fails = |s: &State| !s.holds(asked.flaky);
    let before = all.len();
    for state in states.iter().filter(|s| fails(s)) {
        all.push(asked.due(failure, target(state), Some(state), at));
    }
    if all.len() == before && asked.rule.is_some() {
        // The pass that counts longest stands for the class.
        let best = states.iter().max_by_key(|s| (s.passed_at, s.last_at));
        all.push(asked.due(failure, best.and_then(|s| target(s)), best.copied(), at));
    }
}

/// A failure of dependencies: each on its own.
fn dependencies(
    all: &mut Vec<Due>,
    failure: Failure,
    asked: Asked<'_>,
    states: Vec<&State>,
    wanted: &[Wanted],
    at: Timestamp,
) {
    let mut told: BTreeSet<String> = BTreeSet::new();
    for want in wanted.iter().filter(|want| want.failures.contains(&failure)).take(DEPENDENCIES) {
        if told.insert(short(&want.target)) {
            let best =
                states.iter().filter(|s| short(&s.target) == short(&want.target)).max_by_key(|s| s.last_at);
            let target = best.map_or_else(|| want.target.clone(), |s| s.target.clone());
            let mut due = asked.due(failure, Some(target), best.copied(), at);
            due.weight += want.weight;
            all.push(due);
        }
    }
    for state in states {
        if told.len() < 2 * DEPENDENCIES && told.insert(short(&state.target)) {
            all.push(asked.due(failure, target(state), Some(state), at));
        }
    }
}

fn target(state: &State) -> Option<String> {
    (!state.target.is_empty()).then(|| state.target.clone())
}

/// A dependency is called by its reference here and by its short name there.
pub fn short(name: &str) -> String {
    let last = name.rsplit(['/', ':']).find(|part| !part.is_empty()).unwrap_or(name);
    last.to_lowercase()
}
