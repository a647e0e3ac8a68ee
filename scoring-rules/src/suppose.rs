//! Supposing: rules taken as passed, in order, with the facts that would make it so.

use std::collections::BTreeSet;

use crate::book::Rulebook;
use crate::fact::{Fact, FactId, Facts, Value};
use crate::grade::{Grade, RuleResult, Waivers, grade_supposing, result_of};
use crate::remedy::{Changes, proven, remedy};

/// A service as it would be once some rules are passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Supposed {
    /// The grade then.
    pub grade: Grade,
    /// The facts then.
    pub facts: Facts,
    /// What would be known in the end, in the order in which it was supposed. Each fact as if proven now.
    pub changes: Vec<(FactId, Value)>,
    /// Rules for which no change of facts was found: they are taken as passed as they are.
    pub taken: BTreeSet<usize>,
}

/// A grade as it would be once these rules (by their index in the book) are passed, one after the other.
///
/// A rule that counts and is not passed yet is made to pass by the smallest change of facts found; whatever that change
/// does to other rules, for better or worse, is part of the answer: rules that come to apply, caps that appear. A rule
/// that does not count when its turn comes is left as it is, but tried again after the others.
pub fn suppose(book: &Rulebook, facts: &Facts, waivers: &Waivers, now_ms: i64, rules: &[usize]) -> Supposed {
    let world = World { book, waivers, now_ms };
    let mut facts = facts.clone();
    let mut state = State::default();
    let mut left: Vec<usize> = rules.to_vec();
    // Each round takes one rule at least, or is the last.
    while let Some(at) = left.iter().position(|rule| world.is_open(&facts, &state, *rule)) {
        let rule = left.remove(at);
        world.take(&mut facts, &mut state, rule);
    }
    let grade = grade_supposing(book, &facts, waivers, now_ms, &state.taken);
    Supposed { grade, facts, changes: state.changes(), taken: state.taken }
}

/// What a grade is made under.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) book: &'a Rulebook,
    pub(crate) waivers: &'a Waivers,
    pub(crate) now_ms: i64,
}

/// What is supposed on top of the facts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    /// Facts changed, in order; of a fact changed twice the later holds.
    pub(crate) put: Changes,
    /// Rules taken as passed without a change of facts.
    pub(crate) taken: BTreeSet<usize>,
}

impl State {
    /// Supposes more on top.
    pub(crate) fn add(&mut self, step: Self) {
        self.put.extend(step.put);
        self.taken.extend(step.taken);
    }

    /// Each changed fact once, with its last value.
    fn changes(&self) -> Changes {
        let last = |at: usize, id: FactId| self.put.iter().skip(at + 1).all(|(later, _)| *later != id);
        self.put
            .iter()
            .enumerate()
            .filter(|(at, (id, _))| last(*at, *id))
            .map(|(_, change)| change.clone())
            .collect()
    }
}

impl World<'_> {
    /// What a rule comes to.
    pub(crate) fn result(&self, facts: &Facts, state: &State, rule: usize) -> Option<RuleResult> {
        let the_rule = self.book.rules().get(rule)?;
        let result = result_of(rule, the_rule, self.book.catalogue(), facts, self.waivers, self.now_ms);
        Some(if state.taken.contains(&rule) { result.taken_as_passed() } else { result })
    }

    /// Whether a rule counts and is not passed.
    pub(crate) fn is_open(&self, facts: &Facts, state: &State, rule: usize) -> bool {
        self.result(facts, state, rule).is_some_and(|result| result.is_open())
    }

    /// What makes an open rule pass; the facts stay as they are.
    pub(crate) fn step(&self, facts: &mut Facts, rule: usize) -> State {
        let found = self.book.rules().get(rule).and_then(|rule| remedy(self.book, rule, facts, self.now_ms));
        match found {
            Some(put) => State { put, taken: BTreeSet::new() },
            None => State { put: Vec::new(), taken: BTreeSet::from([rule]) },
        }
    }

    /// Takes a step; answers what it changed.
    pub(crate) fn take(&self, facts: &mut Facts, state: &mut State, rule: usize) -> Changes {
        let step = self.step(facts, rule);
        self.enter(facts, &step);
        let changes = step.put.clone();
        state.add(step);
        changes
    }

    /// Puts what a state supposes into the facts; answers what was there, for [`restore`].
    pub(crate) fn enter(&self, facts: &mut Facts, state: &State) -> Vec<(FactId, Option<Fact>)> {
        let mut put = |(id, value): &(FactId, Value)| {
            (*id, facts.replace(*id, Some(proven(value.clone(), self.now_ms))))
        };
        state.put.iter().map(&mut put).collect()
    }
}

/// Undoes [`World::enter`].
pub(crate) fn restore(facts: &mut Facts, before: Vec<(FactId, Option<Fact>)>) {
    for (id, fact) in before.into_iter().rev() {
        facts.replace(id, fact);
    }
}
