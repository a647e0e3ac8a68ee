//! How a challenge stands: every item of its goal, open or closed by evidence, worked out from what grading reads.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scoring_rules::quest::Count;
use scoring_rules::{FactId, Flaky};

use super::goal::{self, Goal, NONE_OVERDUE, Per};
use super::scope;
pub(super) use super::what::What;
use crate::app::evidence::{Evidence, ServiceEvidence, State};
use crate::app::facts::{class_code, sheet};
use crate::app::flows::{State as Proved, facts as flows};
use crate::app::rulebook::Book;
use crate::app::{Tx, facts};
use crate::error::Result;
use crate::store;
use crate::store::challenges::ChallengeRow as Row;
use crate::store::grades::ScoreRow;
use crate::store::services::ServiceRow;
use crate::types::{Failure, Timestamp};

/// A service that takes part.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub id: String,
    pub slug: String,
    pub name: String,
    pub entity_ref: String,
    pub team: Option<String>,
}

impl Member {
    fn of(service: &ServiceRow) -> Self {
        Self {
            id: service.id.clone(),
            slug: service.slug.clone(),
            name: service.name.clone(),
            entity_ref: service.entity_ref.clone(),
            team: service.team_id.clone(),
        }
    }
}

/// One item of a goal.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Number of the member.
    pub member: usize,
    pub what: What,
    pub closed: bool,
    /// When the evidence is from that closed it.
    pub at: Option<i64>,
    /// The drill that closed it.
    pub drill: Option<String>,
    /// What is known, in words.
    pub note: String,
}

/// How a challenge stands at one instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub at: Timestamp,
    pub members: Vec<Member>,
    /// Who is called in a flow.
    pub others: Vec<Member>,
    pub items: Vec<Item>,
    pub all: Count,
    /// By team id: what it owns itself.
    pub teams: BTreeMap<String, Count>,
    /// Why it cannot be judged now.
    pub problem: Option<String>,
}

/// Services judged after the end of a challenge are looked back at one by one, so many at most: normally those of the few
/// seconds until its end is noticed.
const LOOK_BACK: usize = 10_000;

/// How a challenge stands at `at`, which is not later than now. What arrived from `at` on does not count, whenever it ran.
pub(super) fn evaluate(tx: &mut Tx<'_>, row: &Row, at: Timestamp) -> Result<Progress> {
    let book = Arc::clone(&tx.book);
    let goal = match goal::read(row).compile(&book.rulebook) {
        Ok(goal) => goal,
        Err(wrong) => {
            let problem = wrong.first().map_or_else(String::new, |w| format!("{}: {}", w.pointer, w.detail));
            return Ok(Progress { at, problem: Some(problem), ..Progress::default() });
        }
    };
    let back = if at < tx.now { LOOK_BACK } else { 0 };
    let mut work = Work {
        book,
        goal,
        at,
        calls: HashMap::new(),
        fresh: HashMap::new(),
        done: Progress::default(),
        back,
    };
    work.done.at = at;
    if let Goal::Fallbacks { flow } = &work.goal {
        let flow = flow.clone();
        work.read_calls(tx, &flow)?;
    }
    let with_evidence = !matches!(work.goal, Goal::Grade { .. });
    scope::walk(tx, &scope::read(row), with_evidence, |tx, services, evidence| {
        work.part(tx, services, evidence)
    })?;
    Ok(work.finish())
}

/// An evaluation under way.
struct Work {
    book: Arc<Book>,
    goal: Goal,
    at: Timestamp,
    /// Of a flow: whom each caller calls without being lost without them.
    calls: HashMap<String, Vec<(String, Option<usize>)>>,
    /// Of a goal of so many drills in all: fresh drills by member.
    fresh: HashMap<usize, i64>,
    done: Progress,
    /// How many services may still be looked back at.
    back: usize,
}

impl Work {
    /// Reads the non-core calls of a flow, each once.
    fn read_calls(&mut self, tx: &mut Tx<'_>, flow: &str) -> Result<()> {
        let mut edges = store::flows::edges(tx.conn, flow)?;
        edges.retain(|edge| !edge.core);
        if edges.is_empty() {
            let what = format!("the flow {flow} is gone, or has no call that needs a fallback");
            self.done.problem = Some(what);
        }
        let refs: Vec<String> = edges.iter().map(|edge| edge.to_ref.clone()).collect();
        self.done.others = store::services::by_refs(tx.conn, &refs)?.iter().map(Member::of).collect();
        let known: HashMap<&str, usize> =
            self.done.others.iter().enumerate().map(|(n, other)| (other.entity_ref.as_str(), n)).collect();
        for edge in edges {
            let to = (edge.to_ref.clone(), known.get(edge.to_ref.as_str()).copied());
            let of = self.calls.entry(edge.from_ref).or_default();
            if !of.contains(&to) {
                of.push(to);
            }
        }
        Ok(())
    }

    fn part(&mut self, tx: &mut Tx<'_>, services: &[ServiceRow], evidence: &Evidence) -> Result<()> {
        let mut scores: HashMap<String, ScoreRow> = HashMap::new();
        if self.back > 0 || matches!(self.goal, Goal::Grade { .. }) {
            let ids: Vec<String> = services.iter().map(|service| service.id.clone()).collect();
            let rows = store::grades::of(tx.conn, &ids)?;
            scores.extend(rows.into_iter().map(|row| (row.service_id.clone(), row)));
        }
        for service in services {
            match scores.get(&service.id).filter(|score| self.back > 0 && score.graded_at >= self.at.0) {
                Some(score) => self.service_then(tx, service, score)?,
                None => self.service(service, evidence.of(&service.id), scores.get(&service.id)),
            }
        }
        Ok(())
    }

    /// A service of which something arrived since, as it was known the instant before.
    fn service_then(&mut self, tx: &mut Tx<'_>, service: &ServiceRow, score: &ScoreRow) -> Result<()> {
        self.back -= 1;
        let by = Timestamp(self.at.0 - 1);
        let evidence = Evidence::as_of(tx.conn, &service.id, by)?;
        let change = store::grades::change_at(tx.conn, &service.id, by.0)?;
        let then = change.map(|change| ScoreRow {
            score: change.score,
            grade: change.grade,
            changed_at: change.at,
            ..score.clone()
        });
        self.service(service, evidence.of(&service.id), then.as_ref());
        Ok(())
    }

    fn service(&mut self, service: &ServiceRow, evidence: &ServiceEvidence, score: Option<&ScoreRow>) {
        let member = self.done.members.len();
        let items = match &self.goal {
            Goal::Grade { band } => vec![self.grade(*band, score)],
            Goal::Drills { failures, fresh_days, per } => {
                self.drills(service, &evidence.states, failures, *fresh_days, *per)
            }
            Goal::Fallbacks { .. } => self.fallbacks(service, &evidence.states),
            Goal::Facts(_) => vec![self.facts(service, evidence)],
        };
        if items.is_empty() {
            return;
        }
        if let Goal::Drills { failures, fresh_days, per: Per::All(_) } = &self.goal {
            let fresh = self.fresh_drills(&evidence.states, failures, *fresh_days).len();
            self.fresh.insert(member, fresh as i64);
        }
        for item in items {
            self.done.all.add(item.closed);
            if let Some(team) = &service.team_id {
                match self.done.teams.get_mut(team) {
                    Some(count) => count.add(item.closed),
                    None => self.done.teams.entry(team.clone()).or_default().add(item.closed),
                }
            }
            self.done.items.push(Item { member, ..item });
        }
        self.done.members.push(Member::of(service));
    }

    /// The grade as it is stored: what pages and lists show.
    fn grade(&self, band: usize, score: Option<&ScoreRow>) -> Item {
        let held = score.and_then(|row| self.book.rulebook.band_index(&row.grade));
        let closed = held.is_some_and(|held| held <= band);
        let note = match score.filter(|row| !row.grade.is_empty()) {
            Some(row) => format!("grade {}", row.grade),
            None => "not graded".to_owned(),
        };
        Item { at: score.filter(|_| closed).map(|row| row.changed_at), note, ..item(What::Service, closed) }
    }

    fn drills(
        &self,
        service: &ServiceRow,
        states: &[State],
        failures: &[Failure],
        fresh_days: i64,
        per: Per,
    ) -> Vec<Item> {
        // Who keeps no database has no schema to go back to.
        let wanted = failures.iter().filter(|f| **f != Failure::Schema || service.has_database);
        let needed = match per {
            Per::Failure => return wanted.map(|failure| self.drill(states, *failure, fresh_days)).collect(),
            Per::Service(count) => count,
            Per::All(_) => 1,
        };
        let fresh = self.fresh_drills(states, failures, fresh_days);
        let closed = fresh.len() as i64 >= needed;
        let last = fresh.iter().max_by_key(|state| state.passed_at).filter(|_| closed);
        vec![Item {
            at: last.and_then(|state| state.passed_at),
            drill: last.and_then(|state| state.passed_drill_id.clone()),
            note: format!("{} of {needed} fresh", fresh.len()),
            ..item(What::Service, closed)
        }]
    }

    /// A failure class of one service: passed within so many days, its last run not failed, and executed: what somebody
    /// typed in closes nothing.
    fn drill(&self, states: &[State], failure: Failure, fresh_days: i64) -> Item {
        let flaky = self.book.slots.flaky(&self.book.rulebook, failure.code());
        let of = || states.iter().filter(move |state| state.failure == failure.code());
        let last = of().max_by_key(|state| state.last_at);
        let passed = of().filter(|state| state.passed_at.is_some()).max_by_key(|state| state.passed_at);
        let closed = last.is_some_and(|state| state.holds(flaky))
            && passed.is_some_and(|state| self.is_fresh(state, Flaky::NONE, fresh_days, false));
        let passed_at = passed.and_then(|state| state.passed_at).map(Timestamp);
        let ago = |at: Timestamp| match at.days_until(self.at) {
            0 => "today".to_owned(),
            1 => "yesterday".to_owned(),
            days => format!("{days} days ago"),
        };
        let note = match (last, passed_at) {
            (None, _) => "never run".to_owned(),
            (Some(state), _) if !state.holds(flaky) => format!("failed {}", ago(Timestamp(state.last_at))),
            (_, Some(at)) if !closed && at.days_until(self.at) <= fresh_days => "only typed in".to_owned(),
            (_, Some(at)) => format!("passed {}", ago(at)),
            (_, None) => "never passed".to_owned(),
        };
        Item {
            at: passed_at.filter(|_| closed).map(|at| at.0),
            drill: passed.filter(|_| closed).and_then(|state| state.passed_drill_id.clone()),
            note,
            ..item(What::Drill(failure), closed)
        }
    }

    /// Drill identities of some failure classes that are fresh.
    fn fresh_drills<'a>(&self, states: &'a [State], failures: &[Failure], fresh_days: i64) -> Vec<&'a State> {
        let wanted = |state: &&State| failures.iter().any(|failure| failure.code() == state.failure);
        let fresh = |state: &&State| {
            let flaky = self.book.slots.flaky(&self.book.rulebook, state.failure);
            self.is_fresh(state, flaky, fresh_days, true)
        };
        states.iter().filter(wanted).filter(fresh).collect()
    }

    fn is_fresh(&self, state: &State, flaky: Flaky, fresh_days: i64, holds: bool) -> bool {
        let executed = class_code(scoring_rules::EvidenceClass::ExecutedToken);
        state.passed_at.is_some_and(|at| Timestamp(at).days_until(self.at) <= fresh_days)
            && state.passed_class.is_some_and(|class| class >= executed)
            && (!holds || state.holds(flaky))
    }

    /// The fallbacks of what the service calls in the flow.
    fn fallbacks(&self, service: &ServiceRow, states: &[State]) -> Vec<Item> {
        let Some(calls) = self.calls.get(&service.entity_ref) else { return Vec::new() };
        let one = |(to, number): &(String, Option<usize>)| {
            let slug = number.and_then(|n| self.done.others.get(n)).map_or("", |other| other.slug.as_str());
            let proof = flows::proof_of(states, to, slug, self.at);
            let passed = proof.checks.iter().filter_map(|check| check.passed.as_ref());
            let newest = passed.max_by_key(|state| state.passed_at);
            let executed = newest
                .and_then(|state| state.passed_class)
                .is_some_and(|class| class >= class_code(scoring_rules::EvidenceClass::ExecutedToken));
            let closed = proof.state == Proved::Verified && executed;
            let note = match proof.state {
                Proved::Failed => "the last drill failed",
                Proved::Never => "never proved",
                Proved::Stale => "proved too long ago",
                Proved::Verified if !executed => "only typed in",
                Proved::Verified => "proved",
            };
            let newest = newest.filter(|_| closed);
            Item {
                at: newest.and_then(|state| state.passed_at),
                drill: newest.and_then(|state| state.passed_drill_id.clone()),
                note: note.to_owned(),
                ..item(What::Edge(to.clone(), *number), closed)
            }
        };
        calls.iter().map(one).collect()
    }

    /// An expression over the facts that rules read; what is not known leaves the item open.
    fn facts(&self, service: &ServiceRow, evidence: &ServiceEvidence) -> Item {
        let Goal::Facts(goal) = &self.goal else { return item(What::Service, false) };
        let book = &self.book.rulebook;
        let known = sheet(book, &self.book.slots, service, evidence, self.at, true);
        let met = book.meets(goal, &known.facts, self.at.0);
        let name = |id: FactId| book.catalogue().spec(id).name.clone();
        let note = match &met {
            Err(missing) if !missing.is_empty() => {
                let one = |m: &scoring_rules::Missing| format!("{} is not known: {}", name(m.fact), m.why);
                missing.iter().take(2).map(one).collect::<Vec<_>>().join("; ")
            }
            Err(_) => "cannot be computed".to_owned(),
            Ok(_) if goal.text() == NONE_OVERDUE => overdue(&known, goal.facts()),
            Ok(_) => {
                let value = |id: &FactId| Some(format!("{} is {}", name(*id), known.facts.get(*id)?.value));
                goal.facts().iter().filter_map(value).take(3).collect::<Vec<_>>().join(", ")
            }
        };
        let closed = met == Ok(true);
        let read = goal.facts().iter().filter_map(|id| Some((known.facts.get(*id)?.as_of_ms, *id)));
        // What the product computes about its own records is of this very instant; what somebody sent tells more.
        let told = |(at, _): &(i64, FactId)| *at < self.at.0;
        let newest = read.clone().filter(told).max().or_else(|| read.max()).filter(|_| closed);
        Item {
            at: newest.map(|(at, _)| at),
            drill: newest.and_then(|(_, id)| known.trail.get(&id)?.drill.clone()),
            note,
            ..item(What::Service, closed)
        }
    }

    /// A goal of so many drills in all counts drills; each team's part follows from how many of the services it owns.
    fn finish(mut self) -> Progress {
        if let Goal::Drills { per: Per::All(count), .. } = self.goal {
            let (members, fresh) = (self.done.members.len() as i64, &self.fresh);
            let mut teams: BTreeMap<String, (i64, i64)> = BTreeMap::new();
            for (n, member) in self.done.members.iter().enumerate() {
                if let Some(team) = &member.team {
                    let sums = teams.entry(team.clone()).or_default();
                    sums.0 += fresh.get(&n).copied().unwrap_or(0);
                    sums.1 += 1;
                }
            }
            let all: i64 = fresh.values().sum();
            self.done.all = if members == 0 { Count::default() } else { Count::new(all.min(count), count) };
            let part = |(fresh, own): (i64, i64)| {
                let total = (count * own + members - 1).div_euclid(members.max(1));
                Count::new(fresh.min(total), total)
            };
            self.done.teams = teams.into_iter().map(|(team, sums)| (team, part(sums))).collect();
        }
        self.done
    }
}

/// How many actions are overdue.
fn overdue(known: &facts::FactSheet, ids: &[FactId]) -> String {
    match ids.first().and_then(|id| known.facts.get(*id)).map(|fact| fact.value.to_string()) {
        Some(n) if n == "0" => "none overdue".to_owned(),
        Some(n) => format!("{n} overdue"),
        None => "not known".to_owned(),
    }
}

fn item(what: What, closed: bool) -> Item {
    Item { member: 0, what, closed, at: None, drill: None, note: String::new() }
}
