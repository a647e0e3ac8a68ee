//! The parts of a rulebook that do not touch each other: what a step of one does to a grade does not depend on the others.
//!
//! A rule touches the facts that its remedies may change. Rules that read what another touches stand in one part with
//! it, and so on. All other rules are sums that add up whatever else is done, which makes the search for the cheapest
//! path exact and quick: ways through each part are listed, and one way of each part is chosen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::book::Rulebook;
use crate::expr::Expr;
use crate::fact::{FactId, Facts};
use crate::grade::{RuleResult, waiver_cap};
use crate::remedy::within_reach;
use crate::rule::Rule;
use crate::suppose::{State, World, restore};

/// States of one part that are looked at. Ten rules that all touch each other have so many.
const MOST_STATES: usize = 1_024;

/// What some rules come to together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) earned_milli: i64,
    pub(crate) possible_milli: i64,
    /// The lowest cap that holds, as a band.
    pub(crate) held: Option<usize>,
}

impl Sum {
    pub(crate) fn of(book: &Rulebook, results: &[RuleResult]) -> Self {
        let caps = results.iter().filter_map(|result| result.caps);
        Self {
            earned_milli: results.iter().map(|result| result.earned_milli).sum(),
            possible_milli: results.iter().map(|result| result.possible_milli).sum(),
            held: caps.chain(waiver_cap(book, results)).max(),
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            earned_milli: self.earned_milli + other.earned_milli,
            possible_milli: self.possible_milli + other.possible_milli,
            held: self.held.max(other.held),
        }
    }
}

/// Some steps within a part, each taken while its rule is open, and what the part comes to then.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) steps: Vec<usize>,
    pub(crate) effort: i64,
    pub(crate) sum: Sum,
    pub(crate) state: State,
}

/// Rules that touch each other, by index; alone for most.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) rules: Vec<usize>,
}

/// All parts in which something is open, and what all other rules come to.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) parts: Vec<Part>,
    pub(crate) rest: Sum,
}

impl Parts {
    /// Takes a book apart, as far as it is open.
    pub(crate) fn of(book: &Rulebook, results: &[RuleResult]) -> Self {
        let reading = readers(book);
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut groups: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue: VecDeque<usize> =
            results.iter().filter(|result| result.is_open()).map(|result| result.rule).collect();
        while let Some(index) = queue.pop_front() {
            let Some(rule) = book.rules().get(index).filter(|_| seen.insert(index)) else { continue };
            let mut together: BTreeSet<usize> = BTreeSet::from([index]);
            for fact in within_reach(book, rule) {
                together.extend(reading.get(&fact).into_iter().flatten());
            }
            // Whatever reads what changes may open, and then touch what it is within reach of.
            queue.extend(together.iter().filter(|other| !seen.contains(other)));
            let met: BTreeSet<usize> =
                together.iter().filter_map(|other| group_of.get(other).copied()).collect();
            for group in met {
                together.extend(groups.remove(&group).unwrap_or_default());
            }
            group_of.extend(together.iter().map(|member| (*member, index)));
            groups.insert(index, together);
        }
        let mut parts: Vec<Part> =
            groups.into_values().map(|rules| Part { rules: rules.into_iter().collect() }).collect();
        parts.sort_by(|left, right| left.rules.cmp(&right.rules));
        let rest: Vec<RuleResult> =
            results.iter().filter(|result| !group_of.contains_key(&result.rule)).cloned().collect();
        Self { parts, rest: Sum::of(book, &rest) }
    }
}

/// By fact the rules that read it, anywhere.
fn readers(book: &Rulebook) -> BTreeMap<FactId, Vec<usize>> {
    let mut reading: BTreeMap<FactId, Vec<usize>> = BTreeMap::new();
    for (index, rule) in book.rules().iter().enumerate() {
        let facts: BTreeSet<FactId> = read_by(rule).collect();
        for fact in facts {
            reading.entry(fact).or_default().push(index);
        }
    }
    reading
}

fn read_by(rule: &Rule) -> impl Iterator<Item = FactId> + '_ {
    let cap = rule.caps.as_ref().and_then(|cap| cap.when.as_ref());
    let asides = rule.when.iter().chain(cap).flat_map(Expr::facts);
    rule.facts().iter().chain(asides).copied()
}

impl Part {
    /// What each rule comes to in a state that is entered already.
    fn results(&self, world: &World<'_>, facts: &Facts, state: &State) -> Vec<RuleResult> {
        self.rules.iter().filter_map(|rule| world.result(facts, state, *rule)).collect()
    }

    /// Nothing done.
    pub(crate) fn still(&self, world: &World<'_>, facts: &Facts) -> Way {
        let state = State::default();
        let sum = Sum::of(world.book, &self.results(world, facts, &state));
        Way { steps: Vec::new(), effort: 0, sum, state }
    }

    /// The ways that go on from one by one step.
    pub(crate) fn onwards(&self, world: &World<'_>, facts: &mut Facts, from: &Way) -> Vec<Way> {
        let mut ways = Vec::new();
        let before = world.enter(facts, &from.state);
        let now = self.results(world, facts, &from.state);
        let open = now.iter().filter(|result| result.is_open()).map(|result| result.rule);
        for rule in open.filter(|rule| !from.steps.contains(rule)) {
            let step = world.step(facts, rule);
            let changed = world.enter(facts, &step);
            let mut state = from.state.clone();
            state.add(step);
            let then = self.results(world, facts, &state);
            restore(facts, changed);
            let sum = Sum::of(world.book, &then);
            let effort = from.effort + work(world.book, &now, &then);
            let mut steps = from.steps.clone();
            steps.push(rule);
            ways.push(Way { steps, effort, sum, state });
        }
        restore(facts, before);
        ways
    }

    /// Every set of steps that can be taken within the part, each set once. None when there are too many.
    pub(crate) fn ways(&self, world: &World<'_>, facts: &mut Facts) -> Option<Vec<Way>> {
        let mut ways = vec![self.still(world, facts)];
        let mut known: BTreeSet<Vec<usize>> = BTreeSet::from([Vec::new()]);
        let mut at = 0;
        while let Some(from) = ways.get(at).cloned() {
            for way in self.onwards(world, facts, &from) {
                let mut set = way.steps.clone();
                set.sort_unstable();
                if known.insert(set) {
                    ways.push(way);
                }
            }
            if ways.len() > MOST_STATES {
                return None;
            }
            at += 1;
        }
        Some(ways)
    }
}

/// The work of all rules that came to pass, one after the other the same rules: to prove fallbacks takes flows that are
/// declared, so the work of both counts, whichever step was named.
pub(crate) fn work(book: &Rulebook, now: &[RuleResult], then: &[RuleResult]) -> i64 {
    let passed = now.iter().zip(then).filter(|(now, then)| now.is_open() && then.passes());
    passed.filter_map(|(now, _)| Some(book.rules().get(now.rule)?.effort.weight())).sum()
}
