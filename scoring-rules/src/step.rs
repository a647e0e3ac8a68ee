//! Next steps: what raises a score or a grade, the cheapest first, and the cheapest way to the next grade.
//!
//! Work is weighed in whole numbers: minutes 1, hours 4, days 16 ([`Effort::weight`]), of every rule that comes to pass,
//! also along with another. The path is the least work there
//! is: ways through each part of the book that touches no other are listed (`parts`), and of each part one is chosen. A
//! way of effort `e` adds `v = 100 x earned - least x possible`; a score reaches `least` exactly when all `v` together are
//! not negative, and a letter when no cap below it holds either. That is a knapsack over small whole numbers, solved
//! exactly by the most `v` for each effort (`knapsack`). Of equal effort the better score wins, then fewer steps.

use std::cmp::Reverse;

use serde::Serialize;

use crate::book::Rulebook;
use crate::fact::{FactId, Facts, Value};
use crate::grade::{Grade, Waivers, grade_supposing, score_of};
use crate::knapsack::{Item, cheapest};
use crate::parts::{Part, Parts, Sum, Way, work};
use crate::rule::Effort;
use crate::suppose::{State, World};

/// One rule to be passed, and what that gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Index of the rule in the book.
    pub rule: usize,
    /// Score points gained: alone, or in a path on top of the steps before.
    pub points: u8,
    /// The work it takes.
    pub effort: Effort,
    /// The weight of that work, and of the other rules that pass along with it.
    pub work: i64,
    /// The score then.
    pub score_after: u8,
    /// Index of the band then, after caps.
    pub band_after: usize,
    /// Thousandths of rule points gained.
    pub gain_milli: i64,
    /// What would be known then; empty where it cannot be told, and the rule is taken as passed.
    pub changes: Vec<(FactId, Value)>,
    /// What a broken source says, where one stands in the way.
    pub source_error: Option<String>,
}

/// The way to the next better band.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Path {
    /// Index of the band it reaches.
    pub target_band: usize,
    /// The least score of that band.
    pub target_min: u8,
    /// The steps, with the score after each on top of those before.
    pub steps: Vec<Step>,
    /// Their work together.
    pub effort: i64,
    /// No set of steps of less effort reaches the band. Not claimed where very many rules touch each other: there no step
    /// can be left out, and no more is known.
    pub cheapest: bool,
}

/// What can still be gained on a grade.
struct Outlook<'a> {
    world: World<'a>,
    grade: &'a Grade,
    score: u8,
    parts: Parts,
    /// What each part comes to now.
    still: Vec<Way>,
}

/// A step by itself, with what orders it.
struct Single {
    step: Step,
    /// Thousandths of points it is worth: its own, or those its cap makes worthless.
    worth_milli: i64,
    /// The band its rule holds the grade down to now.
    holds: Option<usize>,
}

impl<'a> Outlook<'a> {
    fn new(world: World<'a>, facts: &Facts, grade: &'a Grade) -> Option<Self> {
        let score = grade.score?;
        let parts = Parts::of(world.book, &grade.rules);
        let still = parts.parts.iter().map(|part| part.still(&world, facts)).collect();
        Some(Self { world, grade, score, parts, still })
    }

    /// The whole, with one part gone another way.
    fn with(&self, part: usize, sum: Sum) -> Sum {
        let others = self.still.iter().enumerate().filter(|(other, _)| *other != part);
        others.fold(self.parts.rest.and(sum), |all, (_, way)| all.and(way.sum))
    }

    fn band(&self, score: u8, held: Option<usize>) -> usize {
        self.world.book.band_for(score).max(held.unwrap_or(0))
    }

    /// The score that a band leaves useful: above it, points are worth nothing until the cap is gone.
    fn useful(&self, score: u8, band: usize) -> u8 {
        let above = band.checked_sub(1).and_then(|better| self.world.book.bands().get(better));
        above.map_or(score, |better| score.min(better.min.saturating_sub(1)))
    }

    /// Every single step there is.
    fn singles(&self, facts: &mut Facts) -> Vec<Single> {
        let held = self.still.iter().fold(self.parts.rest, |all, way| all.and(way.sum)).held;
        let mut singles = Vec::new();
        for (number, (part, still)) in self.parts.parts.iter().zip(&self.still).enumerate() {
            for way in part.onwards(&self.world, facts, still) {
                let sum = self.with(number, way.sum);
                singles.extend(self.single(facts, &way, sum, held));
            }
        }
        singles
    }

    fn single(&self, facts: &Facts, way: &Way, sum: Sum, held: Option<usize>) -> Option<Single> {
        let index = *way.steps.first()?;
        let rule = self.world.book.rules().get(index)?;
        let holds = self.grade.rules.get(index).and_then(|result| result.caps);
        let score_after = score_of(sum.earned_milli, sum.possible_milli)?;
        let errors = rule.facts().iter().filter_map(|id| facts.get(*id)?.source_error.clone());
        let step = Step {
            rule: index,
            points: score_after.saturating_sub(self.score),
            effort: rule.effort,
            work: way.effort,
            score_after,
            band_after: self.band(score_after, sum.held),
            gain_milli: sum.earned_milli - self.grade.earned_milli,
            changes: way.state.put.clone(),
            source_error: errors.into_iter().next(),
        };
        let now = self.useful(self.score, self.band(self.score, held));
        let then = self.useful(step.score_after, step.band_after);
        let freed = i64::from(then.saturating_sub(now)) * self.grade.possible_milli / 100;
        let worth_milli = step.gain_milli.max(freed);
        (rule.points > 0 || holds.is_some()).then_some(Single { step, worth_milli, holds })
    }

    /// All steps by points per effort.
    fn ordered(&self, facts: &mut Facts) -> Vec<Single> {
        let mut singles = self.singles(facts);
        let most = Effort::Days.weight();
        singles.sort_by_cached_key(|single| {
            let id = self.world.book.rules().get(single.step.rule).map(|rule| rule.id.clone());
            (Reverse(single.worth_milli * most / single.step.work.max(1)), Reverse(single.worth_milli), id)
        });
        singles
    }

    /// Whether a path of these steps, taken in this order, reaches the band.
    fn reaches(&self, facts: &Facts, steps: &[usize], target: usize) -> bool {
        let end = self.walk(facts, steps);
        end.last().map_or(self.grade.band, |step| Some(step.band_after)).is_some_and(|band| band <= target)
    }

    /// Takes steps one after the other, the first one that is open at each turn; those that never are are left out.
    fn walk(&self, facts: &Facts, steps: &[usize]) -> Vec<Step> {
        let World { book, waivers, now_ms } = self.world;
        let (mut facts, mut state) = (facts.clone(), State::default());
        let (mut score, mut earned, mut left) = (self.score, self.grade.earned_milli, steps.to_vec());
        let mut taken = Vec::new();
        let mut before = self.grade.rules.clone();
        while let Some(at) = left.iter().position(|rule| self.world.is_open(&facts, &state, *rule)) {
            let index = left.remove(at);
            let Some(rule) = book.rules().get(index) else { continue };
            let error = rule.facts().iter().find_map(|id| facts.get(*id)?.source_error.clone());
            let changes = self.world.take(&mut facts, &mut state, index);
            let then = grade_supposing(book, &facts, waivers, now_ms, &state.taken);
            let (Some(score_after), Some(band_after)) = (then.score, then.band) else { break };
            taken.push(Step {
                rule: index,
                points: score_after.saturating_sub(score),
                effort: rule.effort,
                work: work(book, &before, &then.rules),
                score_after,
                band_after,
                gain_milli: then.earned_milli - earned,
                changes,
                source_error: error,
            });
            (score, earned, before) = (score_after, then.earned_milli, then.rules);
        }
        taken
    }
}

/// All steps left, by points per effort; a step that only lifts a cap is worth the points it frees. What a step does to
/// other rules is counted with it.
///
/// `grade` is that of these facts. Rules waived or not begun by `now_ms` are left out.
pub fn next_steps(
    book: &Rulebook,
    facts: &Facts,
    waivers: &Waivers,
    now_ms: i64,
    grade: &Grade,
) -> Vec<Step> {
    let world = World { book, waivers, now_ms };
    let mut facts = facts.clone();
    let Some(outlook) = Outlook::new(world, &facts, grade) else { return Vec::new() };
    outlook.ordered(&mut facts).into_iter().map(|single| single.step).collect()
}

/// The least work that reaches the next better band: caps that stand in the way first, then points per effort. Absent at
/// the top, and where nothing reaches it, as under a waiver.
pub fn path_to_next_band(
    book: &Rulebook,
    facts: &Facts,
    waivers: &Waivers,
    now_ms: i64,
    grade: &Grade,
) -> Option<Path> {
    let world = World { book, waivers, now_ms };
    let mut facts = facts.clone();
    let outlook = Outlook::new(world, &facts, grade)?;
    let target_band = grade.band?.checked_sub(1)?;
    let target_min = book.bands().get(target_band)?.min;
    let order: Vec<Single> = outlook.ordered(&mut facts);
    let chosen = choose(&outlook, &mut facts, &order, target_band, i64::from(target_min))?;
    let in_way = |rule: usize| {
        let single = order.iter().position(|single| single.step.rule == rule);
        let lifts = single.and_then(|at| order.get(at)?.holds).is_some_and(|cap| cap > target_band);
        (!lifts, single.unwrap_or(usize::MAX), rule)
    };
    let mut best = chosen.steps.clone();
    best.sort_by_key(|rule| in_way(*rule));
    // Rules that touch each other may lead elsewhere in another order: then they are taken as they were found.
    let mut steps = if outlook.reaches(&facts, &best, target_band) { best } else { chosen.steps };
    if !outlook.reaches(&facts, &steps, target_band) {
        return None;
    }
    if !chosen.cheapest {
        spare(&outlook, &facts, &mut steps, target_band);
    }
    let steps = outlook.walk(&facts, &steps);
    let effort = steps.iter().map(|step| step.work).sum();
    Some(Path { target_band, target_min, steps, effort, cheapest: chosen.cheapest })
}

/// Steps that reach a band.
struct Chosen {
    steps: Vec<usize>,
    cheapest: bool,
}

/// One way through each part, so that all together reach the band with the least effort.
fn choose(
    outlook: &Outlook<'_>,
    facts: &mut Facts,
    order: &[Single],
    target: usize,
    least: i64,
) -> Option<Chosen> {
    let fits = |sum: &Sum| sum.held.is_none_or(|cap| cap <= target);
    let value = |sum: &Sum| 100 * sum.earned_milli - least * sum.possible_milli;
    if !fits(&outlook.parts.rest) {
        return None;
    }
    let mut all: Vec<Vec<Way>> = Vec::with_capacity(outlook.parts.parts.len());
    let mut exact = true;
    for part in &outlook.parts.parts {
        let ways = part.ways(&outlook.world, facts).unwrap_or_else(|| {
            exact = false;
            one_after_the_other(outlook, facts, part, order)
        });
        all.push(ways.into_iter().filter(|way| fits(&way.sum)).collect());
    }
    let items: Vec<Vec<Item>> = all
        .iter()
        .map(|ways| {
            let item =
                |way: &Way| Item { effort: way.effort, value: value(&way.sum), steps: way.steps.len() };
            ways.iter().map(item).collect()
        })
        .collect();
    let picked = cheapest(&items, -value(&outlook.parts.rest))?;
    let ways = all.iter().zip(picked).filter_map(|(ways, at)| ways.get(at));
    Some(Chosen { steps: ways.flat_map(|way| way.steps.iter().copied()).collect(), cheapest: exact })
}

/// Ways through a part that has too many: its steps in their order, and each beginning of that.
fn one_after_the_other(outlook: &Outlook<'_>, facts: &mut Facts, part: &Part, order: &[Single]) -> Vec<Way> {
    let place =
        |rule: &usize| order.iter().position(|single| single.step.rule == *rule).unwrap_or(usize::MAX);
    let mut ways = vec![part.still(&outlook.world, facts)];
    while let Some(from) = ways.last() {
        let onwards = part.onwards(&outlook.world, facts, from);
        let next = onwards.into_iter().min_by_key(|way| way.steps.last().map(|rule| (place(rule), *rule)));
        match next {
            Some(next) => ways.push(next),
            None => break,
        }
    }
    ways
}

/// Leaves out what is not needed: the dearest work first, and of equal work what stands last.
fn spare(outlook: &Outlook<'_>, facts: &Facts, steps: &mut Vec<usize>, target: usize) {
    let effort = |rule: usize| outlook.world.book.rules().get(rule).map(|rule| rule.effort);
    let mut dearest: Vec<usize> = steps.iter().rev().copied().collect();
    dearest.sort_by_key(|rule| Reverse(effort(*rule)));
    for rule in dearest {
        let without: Vec<usize> = steps.iter().copied().filter(|step| *step != rule).collect();
        if outlook.reaches(facts, &without, target) {
            *steps = without;
        }
    }
}
