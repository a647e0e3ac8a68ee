//! The facts of a service, computed from its catalog entry and its evidence.

use std::collections::HashMap;

use scoring_rules::{Catalogue, EvidenceClass, Fact, FactId, Facts, Flaky, Rulebook, Value};

use super::evidence::{Posted, ServiceEvidence, State};
use super::flows::facts::{self as flows, FlowSlots};
use crate::store::services::ServiceRow;
use crate::types::{DrillKind, Failure, Outcome, Timestamp};

/// The facts of one service, with where each came from.
#[derive(Clone, Debug)]
pub struct FactSheet {
    /// What the rules read.
    pub facts: Facts,
    /// Drill and sender of a fact, where a drill or a sender gave it.
    pub trail: HashMap<FactId, Trail>,
    /// Open regressions.
    pub regressions: i32,
    /// What boards count.
    pub counts: Counts,
}

/// What boards count of one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Drills that the rulebook expects.
    pub expected: i16,
    /// Of them fresh.
    pub fresh: i16,
    /// Calls that users can do without.
    pub calls: i16,
    /// Of them those whose fallback is verified.
    pub verified: i16,
}

fn small(number: i64) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}

/// Where a fact came from.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// Id of the drill.
    pub drill: Option<String>,
    /// Who sent it.
    pub sender: Option<String>,
}

/// A failure class with the slots of its days since passed, its last outcome, its median seconds.
type FailureSlots = (Failure, Option<FactId>, Option<FactId>, Option<FactId>);

/// Slots of the computed facts, looked up once per run.
#[derive(Debug)]
pub struct Slots {
    tier: Option<FactId>,
    lifecycle: Option<FactId>,
    service_type: Option<FactId>,
    labels: Option<FactId>,
    has_owner: Option<FactId>,
    has_database: Option<FactId>,
    age_days: Option<FactId>,
    by_failure: Vec<FailureSlots>,
    expected: Option<FactId>,
    fresh: Option<FactId>,
    never_run: Option<FactId>,
    regressed: Option<FactId>,
    detected_share: Option<FactId>,
    proven_share: Option<FactId>,
    declared_share: Option<FactId>,
    profile_age_days: Option<FactId>,
    fallbacks: FlowSlots,
    len: usize,
}

impl Slots {
    /// The slots of a rulebook's catalogue.
    pub fn of(catalogue: &Catalogue) -> Self {
        let id = |name: &str| catalogue.id(name);
        Self {
            tier: id("service.tier"),
            lifecycle: id("service.lifecycle"),
            service_type: id("service.type"),
            labels: id("service.labels"),
            has_owner: id("service.has_owner"),
            has_database: id("service.has_database"),
            age_days: id("service.age_days"),
            by_failure: Failure::ALL
                .iter()
                .map(|f| {
                    let prefix = f.fact_prefix();
                    (
                        *f,
                        id(&format!("{prefix}_days_since_passed")),
                        id(&format!("{prefix}_last_outcome")),
                        id(&format!("{prefix}_median_seconds")),
                    )
                })
                .collect(),
            expected: id("drills.expected"),
            fresh: id("drills.fresh"),
            never_run: id("drills.never_run"),
            regressed: id("drills.regressed"),
            detected_share: id("drills.detected_share"),
            proven_share: id("evidence.proven_share"),
            declared_share: id("evidence.declared_share"),
            profile_age_days: id("degrader.profile_age_days"),
            fallbacks: FlowSlots::of(catalogue),
            len: catalogue.len(),
        }
    }

    /// How many of the last runs of a drill must pass, by the code of its failure.
    pub fn flaky(&self, book: &Rulebook, failure: i16) -> Flaky {
        let of =
            |(known, _, outcome, _): &FailureSlots| (known.code() == failure).then_some(*outcome).flatten();
        self.by_failure.iter().find_map(of).map_or(Flaky::NONE, |outcome| book.flaky(outcome))
    }
}

/// The evidence class of a stored code.
pub fn class_of(code: i16) -> EvidenceClass {
    match code {
        4 => EvidenceClass::ExecutedCi,
        3 => EvidenceClass::ExecutedToken,
        2 => EvidenceClass::Observed,
        _ => EvidenceClass::Declared,
    }
}

/// The stored code of an evidence class.
pub fn class_code(class: EvidenceClass) -> i16 {
    match class {
        EvidenceClass::Declared => 1,
        EvidenceClass::Observed => 2,
        EvidenceClass::ExecutedToken => 3,
        EvidenceClass::ExecutedCi => 4,
    }
}

/// The facts of one service at `now`; the trail is left empty unless asked for.
pub fn sheet(
    book: &Rulebook,
    slots: &Slots,
    service: &ServiceRow,
    evidence: &ServiceEvidence,
    now: Timestamp,
    with_trail: bool,
) -> FactSheet {
    let ServiceEvidence { states, posted } = evidence;
    let mut build = Build {
        sheet: FactSheet {
            facts: Facts::new(slots.len),
            trail: HashMap::new(),
            regressions: 0,
            counts: Counts::default(),
        },
        now,
        with_trail,
    };
    build.catalog_facts(slots, service);
    build.drill_facts(book, slots, states);
    build.share_facts(slots, states, posted);
    build.posted_facts(book.catalogue(), posted);
    build.profile_age(slots, evidence);
    build.fallback_facts(&slots.fallbacks, evidence);
    build.expectations(book, slots, states);
    build.sheet
}

struct Build {
    sheet: FactSheet,
    now: Timestamp,
    with_trail: bool,
}

impl Build {
    fn set(&mut self, slot: Option<FactId>, value: Value, as_of: i64, class: EvidenceClass) {
        if let Some(id) = slot {
            self.sheet.facts.set(id, Fact { value, as_of_ms: as_of, evidence: class, source_error: None });
        }
    }

    fn computed(&mut self, slot: Option<FactId>, value: impl Into<Value>) {
        let now = self.now.0;
        self.set(slot, value.into(), now, EvidenceClass::Observed);
    }

    fn catalog_facts(&mut self, slots: &Slots, service: &ServiceRow) {
        self.computed(slots.tier, i64::from(service.tier));
        self.computed(slots.lifecycle, service.lifecycle.clone());
        if let Some(kind) = &service.service_type {
            self.computed(slots.service_type, kind.clone());
        }
        let labels: Vec<String> = serde_json::from_str(&service.labels).unwrap_or_default();
        self.computed(slots.labels, Value::List(labels));
        self.computed(slots.has_owner, service.team_id.is_some());
        self.computed(slots.has_database, service.has_database);
        self.computed(slots.age_days, Timestamp(service.created_at).days_until(self.now));
    }

    /// Per failure class: the last counted run over all targets and environments, and the last pass.
    fn drill_facts(&mut self, book: &Rulebook, slots: &Slots, states: &[State]) {
        let mut open: Vec<&State> = Vec::new();
        for (failure, days, outcome, median) in &slots.by_failure {
            let code = failure.code();
            let of_class = || states.iter().filter(move |s| s.failure == code);
            let Some(last) = of_class().max_by_key(|s| s.last_at) else { continue };
            let flaky = outcome.map_or(Flaky::NONE, |outcome| book.flaky(outcome));
            open.extend(of_class().filter(|s| s.regressed(flaky)));
            let word = if last.holds(flaky) { Outcome::Passed.as_str() } else { Outcome::Failed.as_str() };
            self.set(*outcome, word.into(), last.last_at, class_of(last.last_class));
            self.trail(*outcome, Some(&last.last_drill_id), Some(&last.last_sender));
            if let Some(pass) = of_class().filter(|s| s.passed_at.is_some()).max_by_key(|s| s.passed_at) {
                let at = pass.passed_at.unwrap_or(0);
                let age = Timestamp(at).days_until(self.now);
                self.set(*days, age.into(), at, class_of(pass.passed_class.unwrap_or(0)));
                self.trail(*days, pass.passed_drill_id.as_ref(), pass.passed_sender.as_ref());
                if failure.kind() == DrillKind::Rollback {
                    let mut all: Vec<i64> = of_class().flat_map(|s| s.recent_ms.iter().copied()).collect();
                    all.sort_unstable();
                    if let Some(middle) = median_of(&all) {
                        self.set(
                            *median,
                            (middle / 1000).into(),
                            at,
                            class_of(pass.passed_class.unwrap_or(0)),
                        );
                        self.trail(*median, pass.passed_drill_id.as_ref(), pass.passed_sender.as_ref());
                    }
                }
            }
        }
        self.sheet.regressions = i32::try_from(open.len()).unwrap_or(i32::MAX);
        self.computed(slots.regressed, !open.is_empty());
        if let Some(worst) = open.iter().max_by_key(|s| s.regressed_at) {
            self.trail(slots.regressed, Some(&worst.last_drill_id), Some(&worst.last_sender));
        }
    }

    /// Shares of proven and declared evidence, over the last counted run of each identity and every posted fact.
    fn share_facts(&mut self, slots: &Slots, states: &[State], posted: &[Posted]) {
        let posted = posted.iter().filter(|f| !flows::says_nothing(&f.fact, f.value.get()));
        let classes: Vec<i16> = states.iter().map(|s| s.last_class).chain(posted.map(|f| f.class)).collect();
        if !classes.is_empty() {
            let part = |code| classes.iter().filter(|c| **c == code).count() as f64 / classes.len() as f64;
            self.computed(slots.proven_share, part(class_code(EvidenceClass::ExecutedCi)));
            self.computed(slots.declared_share, part(class_code(EvidenceClass::Declared)));
        }
    }

    fn posted_facts(&mut self, catalogue: &Catalogue, posted: &[Posted]) {
        for row in posted {
            // A fact that the rulebook in force no longer declares stays stored and is not read.
            let Some(id) = catalogue.id(&row.fact) else { continue };
            // Numbers that somebody sent while nothing here knew of flows.
            if row.fact.starts_with("fallbacks.") {
                continue;
            }
            let Ok(value) = serde_json::from_str::<Value>(row.value.get()) else { continue };
            if catalogue.spec(id).accepts(&value) {
                self.set(Some(id), value, row.as_of, class_of(row.class));
                self.trail(Some(id), None, Some(&row.sender));
            }
        }
    }

    /// The traffic is as old as what was last told of it; that it ages is no news that anybody sends.
    fn profile_age(&mut self, slots: &Slots, evidence: &ServiceEvidence) {
        let Some(known) = evidence.posted_fact("degrader.profile_known") else { return };
        let age = Timestamp(known.as_of).days_until(self.now);
        self.set(slots.profile_age_days, age.into(), self.now.0, class_of(known.class));
        self.trail(slots.profile_age_days, None, Some(&known.sender));
    }

    /// What the flows say of the service's calls, and what its drills have proved of them.
    fn fallback_facts(&mut self, slots: &FlowSlots, evidence: &ServiceEvidence) {
        let Some(numbers) = flows::numbers(evidence, self.now) else { return };
        (self.sheet.counts.calls, self.sheet.counts.verified) =
            (small(numbers.noncore), small(numbers.verified));
        let declared = [
            (slots.flows, numbers.flows),
            (slots.noncore_edges, numbers.noncore),
            (slots.declared, numbers.declared),
            (slots.core_edges, numbers.core),
        ];
        for (slot, value) in declared {
            self.set(slot, value.into(), numbers.said_at, EvidenceClass::Declared);
            self.trail(slot, None, Some(&numbers.said_by));
        }
        let proof = numbers.proof.as_ref();
        let at = proof.and_then(|d| d.passed_at).map_or(numbers.said_at, |at| at.max(numbers.said_at));
        let mut proved = vec![(slots.verified, numbers.verified.into()), (slots.stale, numbers.stale.into())];
        if numbers.noncore > 0 {
            let share = flows::percent(numbers.verified, numbers.noncore);
            proved.push((slots.coverage_pct, Value::from(share)));
        }
        for (slot, value) in proved {
            self.set(slot, value, at, class_of(numbers.class));
            let drill = proof.and_then(|d| d.passed_drill_id.as_ref());
            self.trail(slot, drill, Some(proof.map_or(&numbers.said_by, |d| &d.last_sender)));
        }
    }

    /// What the rulebook expects of this service's drills, and how much of it is fresh.
    fn expectations(&mut self, book: &Rulebook, slots: &Slots, states: &[State]) {
        let windows = book.windows(&self.sheet.facts, self.now.0);
        let mut fresh = 0_i64;
        let mut never = 0_i64;
        for window in &windows {
            let failed = slots.by_failure.iter().any(|(_, days, outcome, _)| {
                *days == Some(window.fact)
                    && outcome
                        .and_then(|o| self.sheet.facts.get(o))
                        .is_some_and(|f| f.value == "failed".into())
            });
            match self.sheet.facts.get(window.fact).map(|f| &f.value) {
                Some(Value::Int(days)) if !failed && *days <= i64::from(window.fresh_days) => fresh += 1,
                None if !failed => never += 1,
                _ => {}
            }
        }
        let induced: Vec<Failure> = slots
            .by_failure
            .iter()
            .filter(|(f, days, ..)| {
                f.kind() != DrillKind::Rollback && days.is_some_and(|d| windows.iter().any(|w| w.fact == d))
            })
            .map(|(f, ..)| *f)
            .collect();
        self.detection(slots, states, &induced);
        (self.sheet.counts.expected, self.sheet.counts.fresh) = (small(windows.len() as i64), small(fresh));
        self.computed(slots.expected, windows.len() as i64);
        self.computed(slots.fresh, fresh);
        self.computed(slots.never_run, never);
    }

    /// The share of expected drills that an alert noticed in any run. Expected, not run, drills are the whole: so
    /// one more drill can never lower the share.
    fn detection(&mut self, slots: &Slots, states: &[State], induced: &[Failure]) {
        let of = |f: &Failure| states.iter().filter(|s| s.failure == f.code()).collect::<Vec<_>>();
        let run: Vec<&State> = induced.iter().flat_map(of).collect();
        let Some(last) = run.iter().max_by_key(|s| s.last_at) else { return };
        let noticed = induced.iter().filter(|f| of(f).iter().any(|s| s.detected)).count();
        // Senders that never say when an alert fired are not known to have none.
        if noticed == 0 {
            return;
        }
        let share = noticed as f64 / induced.len() as f64;
        let class = run.iter().map(|s| s.last_class).min().unwrap_or(0);
        self.set(slots.detected_share, share.into(), last.last_at, class_of(class));
        self.trail(slots.detected_share, Some(&last.last_drill_id), Some(&last.last_sender));
    }

    fn trail(&mut self, slot: Option<FactId>, drill: Option<&String>, sender: Option<&String>) {
        if let Some(id) = slot.filter(|_| self.with_trail) {
            self.sheet.trail.insert(id, Trail { drill: drill.cloned(), sender: sender.cloned() });
        }
    }
}

/// The median of sorted values: the middle one, or the mean of the two in the middle.
fn median_of(sorted: &[i64]) -> Option<i64> {
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted.get(half - 1)? + upper) / 2)
}
