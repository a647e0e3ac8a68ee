//! The facts `fallbacks.*`: a service's edges are kept with its evidence, and what they come to is worked out when it is
//! judged, from the drills of that moment. So a proof ages like any evidence, and a look back needs nothing of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scoring_rules::flows::EXTERNAL;
use scoring_rules::{Catalogue, EvidenceClass, FactId};
use serde::{Deserialize, Serialize};

use super::names::Known;
use crate::app::evidence::{Evidence, ServiceEvidence, State as Drills};
use crate::app::facts::class_code;
use crate::app::{Tx, posted};
use crate::error::Result;
use crate::store;
use crate::store::facts::FactRow;
use crate::types::{Failure, Outcome, Timestamp};

/// The name under which the edges of a service are kept. It is in no catalogue: nobody else can post it.
pub(in crate::app) const FACT: &str = "fallbacks.edges";
/// How many days a drill proves a fallback.
pub(super) const FRESH_DAYS: i64 = 90;
/// What a drill can do to a dependency.
pub(super) const FAILURES: [Failure; 3] = [Failure::Error, Failure::Delay, Failure::Timeout];

/// What all flows together say of the calls of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// Flows it takes part in.
    pub flows: usize,
    /// Its core dependencies.
    pub core: usize,
    /// Its non-core dependencies: reference, whether a fallback is declared, the slug where it is no part of the
    /// reference.
    pub edges: Vec<(String, bool, String)>,
}

/// Where one kind of failure of a dependency stands.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// The last counted drill, and whether it passed.
    pub last: Option<(Drills, bool)>,
    /// The drill that passed last.
    pub passed: Option<Drills>,
}

/// Where the proof of a fallback stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The last drill of some failure failed.
    Failed,
    /// No drill has passed yet.
    Never,
    /// A drill passed, too long ago.
    Stale,
    /// A drill passed within 90 days, and none that was run last failed.
    Verified,
}

impl State {
    /// The word used in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Never => "never",
            Self::Stale => "stale",
            Self::Verified => "verified",
        }
    }
}

/// What drills say of one dependency of a service: one check for each of error, delay and timeout.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Error, delay, timeout.
    pub checks: [Check; 3],
    /// What they come to.
    pub state: State,
}

/// The drills of dependencies of one service, by what they hit.
pub(super) struct Targets<'a>(HashMap<String, Vec<&'a Drills>>);

impl<'a> Targets<'a> {
    pub(super) fn of(states: &'a [Drills]) -> Self {
        let mut by: HashMap<String, Vec<&Drills>> = HashMap::new();
        for state in states.iter().filter(|s| FAILURES.iter().any(|f| f.code() == s.failure)) {
            by.entry(state.target.trim().to_lowercase()).or_default().push(state);
        }
        Self(by)
    }

    /// What the drills say of a dependency, whatever name for it they were sent with, in whatever environment.
    pub(super) fn proof(&self, to_ref: &str, slug: &str, now: Timestamp) -> Proof {
        let names = spellings(to_ref, slug);
        let found: Vec<&Drills> = names.iter().filter_map(|n| self.0.get(n)).flatten().copied().collect();
        let checks = FAILURES.map(|failure| {
            let of = || found.iter().filter(|s| s.failure == failure.code());
            let last = of().max_by_key(|s| s.last_at).map(|s| {
                let passed = s.last_verdict == Outcome::Passed.code();
                ((*s).clone(), passed)
            });
            let passed = of().filter(|s| s.passed_at.is_some()).max_by_key(|s| s.passed_at);
            Check { last, passed: passed.map(|s| (*s).clone()) }
        });
        let newest = checks.iter().filter_map(|c| c.passed.as_ref()?.passed_at).max();
        let failed = checks.iter().any(|c| matches!(c.last, Some((_, false))));
        let state = match newest {
            _ if failed => State::Failed,
            None => State::Never,
            Some(at) if Timestamp(at).days_until(now) <= FRESH_DAYS => State::Verified,
            Some(_) => State::Stale,
        };
        Proof { checks, state }
    }
}

/// What the drills of one service say of one of its dependencies, given by reference and slug.
pub(in crate::app) fn proof_of(states: &[Drills], to_ref: &str, slug: &str, now: Timestamp) -> Proof {
    Targets::of(states).proof(to_ref, slug, now)
}

/// Every way in which a sender may name a dependency.
fn spellings(to_ref: &str, slug: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([to_ref.to_owned()]);
    if !slug.is_empty() {
        all.insert(slug.to_owned());
    }
    if let Some(name) = to_ref.strip_prefix(EXTERNAL) {
        all.insert(name.to_owned());
    } else if let Some((kind, rest)) = to_ref.split_once(':') {
        if kind == "component" {
            all.insert(rest.to_owned());
        }
        if let Some(name) = rest.strip_prefix("default/") {
            all.insert(name.to_owned());
            all.insert(format!("{kind}:{name}"));
        }
    }
    all
}

/// What the edges of a service come to at one instant.
#[derive(Debug)]
pub(in crate::app) struct Numbers {
    pub flows: i64,
    pub core: i64,
    pub noncore: i64,
    pub declared: i64,
    pub verified: i64,
    pub stale: i64,
    /// When somebody said so last, and who.
    pub said_at: i64,
    pub said_by: String,
    /// The drill that the newest proof rests on.
    pub proof: Option<Drills>,
    /// The weakest class of the proofs that count.
    pub class: i16,
}

/// The numbers of a service at `now`; none while no flow names it.
pub(in crate::app) fn numbers(evidence: &ServiceEvidence, now: Timestamp) -> Option<Numbers> {
    let row = evidence.posted_fact(FACT)?;
    let held: Option<Held> = serde_json::from_str(row.value.get()).ok()?;
    let held = held?;
    let targets = Targets::of(&evidence.states);
    let mut numbers = Numbers {
        flows: held.flows as i64,
        core: held.core as i64,
        noncore: held.edges.len() as i64,
        declared: held.edges.iter().filter(|e| e.1).count() as i64,
        verified: 0,
        stale: 0,
        said_at: row.as_of,
        said_by: row.sender.clone(),
        proof: None,
        class: row.class,
    };
    let mut weakest: Option<i16> = None;
    for (to, _, slug) in &held.edges {
        let proof = targets.proof(to, slug, now);
        match proof.state {
            State::Verified => numbers.verified += 1,
            State::Stale => numbers.stale += 1,
            State::Failed | State::Never => continue,
        }
        let newest = proof.checks.into_iter().filter_map(|c| c.passed).max_by_key(|d| d.passed_at);
        if proof.state == State::Verified {
            let class = newest.as_ref().and_then(|d| d.passed_class).unwrap_or(0);
            weakest = Some(weakest.map_or(class, |held| held.min(class)));
        }
        if newest.as_ref().map(|d| d.passed_at) > numbers.proof.as_ref().map(|d| d.passed_at) {
            numbers.proof = newest;
        }
    }
    numbers.class = weakest.unwrap_or(row.class);
    Some(numbers)
}

/// Whether a kept value says anything: a service that left its last flow has an empty one.
pub(in crate::app) fn says_nothing(fact: &str, value: &str) -> bool {
    fact == FACT && value == "null"
}

/// Slots of the facts.
#[derive(Debug)]
pub(in crate::app) struct FlowSlots {
    pub flows: Option<FactId>,
    pub noncore_edges: Option<FactId>,
    pub declared: Option<FactId>,
    pub verified: Option<FactId>,
    pub stale: Option<FactId>,
    pub core_edges: Option<FactId>,
    pub coverage_pct: Option<FactId>,
}

impl FlowSlots {
    pub(in crate::app) fn of(catalogue: &Catalogue) -> Self {
        let id = |name: &str| catalogue.id(&format!("fallbacks.{name}"));
        Self {
            flows: id("flows"),
            noncore_edges: id("noncore_edges"),
            declared: id("declared"),
            verified: id("verified"),
            stale: id("stale"),
            core_edges: id("core_edges"),
            coverage_pct: id("coverage_pct"),
        }
    }
}

/// Verified edges per hundred, cut to a tenth: what is shown is never more than what is.
pub(in crate::app) fn percent(verified: i64, noncore: i64) -> f64 {
    if noncore == 0 { 100.0 } else { (verified * 1_000 / noncore) as f64 / 10.0 }
}

/// Keeps with the evidence of these services (by reference) what the flows say of them now, and judges those of which
/// they say something else than before.
pub(in crate::app) fn refresh(tx: &mut Tx<'_>, refs: &BTreeSet<String>) -> Result<()> {
    let known = Known::whole(tx, refs)?;
    let services: Vec<_> = known.services().into_iter().cloned().collect();
    let ids: Vec<String> = services.iter().map(|s| s.id.clone()).collect();
    // Two flows that name one service are written in turn: the second sees the edges of the first.
    store::services::lock_all(tx.conn, &ids)?;
    let refs: Vec<String> = services.iter().map(|s| s.entity_ref.clone()).collect();
    let mut says = said(tx, &refs)?;
    let evidence = Evidence::of_services(tx.conn, &ids)?;
    let mut facts = Vec::new();
    for service in services {
        let value = says.remove(&service.entity_ref);
        let value = serde_json::to_string(&value).map_err(anyhow::Error::new)?;
        let held = evidence.of(&service.id).posted_fact(FACT);
        let before = held.map_or("null", |h| h.value.get());
        if before == value {
            continue;
        }
        let row = FactRow {
            id: tx.new_id(),
            service_id: service.id.clone(),
            fact: FACT.to_owned(),
            value,
            // A clock that runs behind must not make the newer word the older one.
            as_of: held.map_or(tx.now.0, |h| h.as_of.max(tx.now.0)),
            evidence_class: class_code(EvidenceClass::Declared),
            sender: tx.actor.name.clone(),
            received_at: tx.now.0,
        };
        facts.push((service, row));
    }
    // The flow's own event tells of it; a change of the score tells of itself.
    posted::record(tx, facts, &|_, _| {}).map(|_| ())
}

/// What the flows say of services, by reference; nothing of those that no flow names.
fn said(tx: &mut Tx<'_>, refs: &[String]) -> Result<HashMap<String, Held>> {
    let leaving = store::flows::leaving(tx.conn, refs)?;
    let leading = store::flows::leading_to(tx.conn, refs)?;
    let known = Known::whole(tx, leaving.iter().map(|e| &e.to_ref))?;
    let mut flows: HashMap<String, BTreeSet<String>> = HashMap::new();
    // By dependency: core in every flow so far, a fallback declared in some flow where it is non-core.
    let mut edges: HashMap<String, BTreeMap<String, (bool, bool)>> = HashMap::new();
    for edge in leaving {
        flows.entry(edge.from_ref.clone()).or_default().insert(edge.flow);
        let of = edges.entry(edge.from_ref).or_default().entry(edge.to_ref).or_insert((true, false));
        of.0 &= edge.core;
        of.1 |= !edge.core && edge.fallback;
    }
    for edge in leading {
        flows.entry(edge.to_ref).or_default().insert(edge.flow);
    }
    let held = |(service, flows): (String, BTreeSet<String>)| {
        let edges = edges.remove(&service).unwrap_or_default();
        let core = edges.values().filter(|(core, _)| *core).count();
        let slug = |to: &str| match known.shown(to) {
            slug if to.rsplit(['/', ':']).next() == Some(slug.as_str()) || slug == to => String::new(),
            slug => slug,
        };
        let edges = edges.into_iter().filter(|(_, (core, _))| !core);
        let edges = edges.map(|(to, (_, declared))| (to.clone(), declared, slug(&to))).collect();
        (service, Held { flows: flows.len(), core, edges })
    };
    Ok(flows.into_iter().map(held).collect())
}
