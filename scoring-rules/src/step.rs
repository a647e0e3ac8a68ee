//! Next steps: what raises a score or a grade, the cheapest first, and the way to the next grade.

use std::cmp::Reverse;

use serde::Serialize;

use crate::book::Rulebook;
use crate::fact::Facts;
use crate::grade::{FULL, Grade, RuleResult, Waivers, score_of, waiver_cap};
use crate::rule::{Effort, Rule};

/// One rule to be passed, and what that gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Index of the rule in the book.
    pub rule: usize,
    /// Score points gained: alone, or in a path on top of the steps before.
    pub points: u8,
    /// The work it takes.
    pub effort: Effort,
    /// The score then.
    pub score_after: u8,
    /// Index of the band then, after caps.
    pub band_after: usize,
    /// Thousandths of rule points gained.
    pub gain_milli: i64,
    /// What a broken source says, where one stands in the way.
    pub source_error: Option<String>,
}

/// The way to the next better band.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// Index of the band it reaches.
    pub target_band: usize,
    /// The least score of that band.
    pub target_min: u8,
    /// The steps, with the score after each on top of those before.
    pub steps: Vec<Step>,
}

/// What can still be gained on a grade.
struct Outlook<'a> {
    book: &'a Rulebook,
    grade: &'a Grade,
    score: u8,
    waiver_cap: Option<usize>,
}

impl<'a> Outlook<'a> {
    fn new(book: &'a Rulebook, grade: &'a Grade) -> Option<Self> {
        let score = grade.score?;
        Some(Self { book, grade, score, waiver_cap: waiver_cap(book, &grade.rules) })
    }

    fn score_with(&self, gain_milli: i64) -> u8 {
        score_of(self.grade.earned_milli + gain_milli, self.grade.possible_milli).unwrap_or(self.score)
    }

    /// The band of a score once these rules are passed: their caps are gone, all others hold.
    fn band_with(&self, score: u8, passed: &[usize]) -> usize {
        let held = self.grade.rules.iter().filter(|result| !passed.contains(&result.rule));
        let caps = held.filter_map(|result| result.caps).chain(self.waiver_cap);
        caps.fold(self.book.band_for(score), usize::max)
    }

    /// The score that a band leaves useful: above it, points are worth nothing until the cap is gone.
    fn useful(&self, score: u8, band: usize) -> u8 {
        let above = band.checked_sub(1).and_then(|better| self.book.bands().get(better));
        above.map_or(score, |better| score.min(better.min.saturating_sub(1)))
    }

    fn step(&self, facts: &Facts, rule: &Rule, result: &RuleResult) -> Step {
        let gain_milli = i64::from(rule.points) * i64::from(FULL - result.share_milli);
        let score_after = self.score_with(gain_milli);
        let errors = rule.facts().iter().filter_map(|id| facts.get(*id)?.source_error.clone());
        Step {
            rule: result.rule,
            points: score_after.saturating_sub(self.score),
            effort: rule.effort,
            score_after,
            band_after: self.band_with(score_after, &[result.rule]),
            gain_milli,
            source_error: errors.into_iter().next(),
        }
    }

    /// What a step is worth in thousandths of points: its own, or those its cap makes worthless.
    fn worth_milli(&self, step: &Step) -> i64 {
        let now = self.useful(self.score, self.band_with(self.score, &[]));
        let then = self.useful(step.score_after, step.band_after);
        let freed = i64::from(then.saturating_sub(now)) * self.grade.possible_milli / 100;
        step.gain_milli.max(freed)
    }
}

/// All steps left, by points per effort; a step that only lifts a cap is worth the points it frees.
///
/// The grade may be one kept from earlier: rules waived or not begun by `now_ms` are left out.
pub fn next_steps(
    book: &Rulebook,
    facts: &Facts,
    waivers: &Waivers,
    now_ms: i64,
    grade: &Grade,
) -> Vec<Step> {
    let Some(outlook) = Outlook::new(book, grade) else { return Vec::new() };
    let mut steps = Vec::new();
    for result in grade.rules.iter().filter(|result| result.outcome.counts() && result.share_milli < FULL) {
        let Some(rule) = book.rules().get(result.rule) else { continue };
        let worthwhile = rule.points > 0 || result.caps.is_some();
        if worthwhile && !rule.is_previewed(now_ms) && !waivers.contains(&rule.id) {
            let step = outlook.step(facts, rule, result);
            steps.push((outlook.worth_milli(&step), rule.id.as_str(), step));
        }
    }
    let most = Effort::Days.weight();
    steps.sort_by_key(|(worth, id, step)| {
        (Reverse(worth * most / step.effort.weight()), Reverse(*worth), *id)
    });
    steps.into_iter().map(|(_, _, step)| step).collect()
}

/// The least work found that reaches the next better band; absent at the top, and where a waiver bars the way.
pub fn path_to_next_band(
    book: &Rulebook,
    facts: &Facts,
    waivers: &Waivers,
    now_ms: i64,
    grade: &Grade,
) -> Option<Path> {
    let outlook = Outlook::new(book, grade)?;
    let target_band = grade.band?.checked_sub(1)?;
    let target_min = book.bands().get(target_band)?.min;
    let mut chosen = next_steps(book, facts, waivers, now_ms, grade);
    if !reaches(&outlook, &chosen, target_band) {
        return None;
    }
    // Drop what is not needed: the dearest work first, and of equal work what stands last.
    let mut dearest: Vec<(Effort, usize)> =
        chosen.iter().map(|step| (step.effort, step.rule)).rev().collect();
    dearest.sort_by_key(|(effort, _)| Reverse(*effort));
    for (_, rule) in dearest {
        let without: Vec<Step> = chosen.iter().filter(|step| step.rule != rule).cloned().collect();
        if reaches(&outlook, &without, target_band) {
            chosen = without;
        }
    }
    Some(Path { target_band, target_min, steps: cumulative(&outlook, chosen) })
}

fn reaches(outlook: &Outlook<'_>, steps: &[Step], target_band: usize) -> bool {
    let passed: Vec<usize> = steps.iter().map(|step| step.rule).collect();
    let score = outlook.score_with(steps.iter().map(|step| step.gain_milli).sum());
    outlook.band_with(score, &passed) <= target_band
}

fn cumulative(outlook: &Outlook<'_>, mut steps: Vec<Step>) -> Vec<Step> {
    let (mut gained, mut score, mut passed) = (0, outlook.score, Vec::new());
    for step in &mut steps {
        gained += step.gain_milli;
        passed.push(step.rule);
        step.score_after = outlook.score_with(gained);
        step.points = step.score_after.saturating_sub(score);
        step.band_after = outlook.band_with(step.score_after, &passed);
        score = step.score_after;
    }
    steps
}
