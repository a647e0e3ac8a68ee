//! Grading: facts and rules in, one grade out, in whole numbers that a person can redo by hand.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::book::Rulebook;
use crate::catalogue::Catalogue;
use crate::expr::{Expr, Note, Reader, Stop};
use crate::fact::{EvidenceClass, Facts};
use crate::outcome::{Missing, Outcome};
use crate::rule::{Judge, Rule};

/// A full share, in thousandths.
pub(crate) const FULL: u16 = 1_000;

/// Ids of the rules that are waived now.
pub type Waivers = BTreeSet<String>;

/// What one rule decided, and what that did to the sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleResult {
    /// Index of the rule in the book.
    pub rule: usize,
    /// What it decided.
    pub outcome: Outcome,
    /// The share of its points that was earned, in thousandths.
    pub share_milli: u16,
    /// Thousandths of points earned.
    pub earned_milli: i64,
    /// Thousandths of points it could earn; 0 when it leaves the sum.
    pub possible_milli: i64,
    /// The facts it lacked.
    pub missing: Vec<Missing>,
    /// The band it holds the grade down to right now.
    pub caps: Option<usize>,
    /// Set while the rule has not started: it will count later.
    pub previewed: bool,
}

impl RuleResult {
    /// Whether something is left to do for it: it counts, and some of it is not earned.
    pub(crate) fn is_open(&self) -> bool {
        self.outcome.counts() && self.share_milli < FULL
    }

    /// Whether it counts, and all of it is earned.
    pub(crate) fn passes(&self) -> bool {
        self.outcome.counts() && self.share_milli == FULL
    }

    /// The result as it were if the rule passed; where it does not count, passing changes nothing.
    pub(crate) fn taken_as_passed(self) -> Self {
        if !self.outcome.counts() {
            return self;
        }
        Self {
            outcome: Outcome::Pass,
            share_milli: FULL,
            earned_milli: self.possible_milli,
            missing: Vec::new(),
            caps: None,
            ..self
        }
    }
}

/// The score of one practice, by the formula of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeScore {
    /// The id of the practice.
    pub id: String,
    /// 0 to 100; absent when no rule of it applies.
    pub score: Option<u8>,
    /// Thousandths of points earned.
    pub earned_milli: i64,
    /// Thousandths of points possible.
    pub possible_milli: i64,
    /// Share of the possible points whose facts are known.
    pub coverage_pct: u8,
}

/// The grade of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grade {
    /// 0 to 100; absent when no rule applies.
    pub score: Option<u8>,
    /// Index of the band, after caps.
    pub band: Option<usize>,
    /// Index of the band the score alone would earn.
    pub uncapped_band: Option<usize>,
    /// Thousandths of points earned.
    pub earned_milli: i64,
    /// Thousandths of points possible.
    pub possible_milli: i64,
    /// Share of the possible points whose facts are known.
    pub coverage_pct: u8,
    /// Ids of the rules whose caps lower the grade, or `waiver`; the lowest cap first.
    pub capped_by: Vec<String>,
    /// Each practice of the book.
    pub practices: Vec<PracticeScore>,
    /// Each rule of the book.
    pub rules: Vec<RuleResult>,
}

/// Sums points.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    earned: i64,
    possible: i64,
    known: i64,
}

impl Tally {
    fn add(&mut self, result: &RuleResult) {
        self.earned += result.earned_milli;
        self.possible += result.possible_milli;
        if result.outcome != Outcome::Unknown {
            self.known += result.possible_milli;
        }
    }

    fn score(self) -> Option<u8> {
        score_of(self.earned, self.possible)
    }

    fn coverage_pct(self) -> u8 {
        score_of(self.known, self.possible).unwrap_or(0)
    }
}

/// `floor(100 x earned / possible)`; absent when nothing is possible.
pub(crate) fn score_of(earned_milli: i64, possible_milli: i64) -> Option<u8> {
    if possible_milli <= 0 {
        return None;
    }
    u8::try_from(100 * earned_milli / possible_milli).ok()
}

/// Judges all rules and adds up. The same input gives the same grade, byte for byte.
pub fn grade(book: &Rulebook, facts: &Facts, waivers: &Waivers, now_ms: i64) -> Grade {
    grade_supposing(book, facts, waivers, now_ms, &BTreeSet::new())
}

/// [`grade`], with these rules (by their index in the book) taken as passed wherever they count.
pub(crate) fn grade_supposing(
    book: &Rulebook,
    facts: &Facts,
    waivers: &Waivers,
    now_ms: i64,
    passed: &BTreeSet<usize>,
) -> Grade {
    let mut all = Tally::default();
    let mut by_practice = vec![Tally::default(); book.practices().len()];
    let mut rules = Vec::with_capacity(book.rules().len());
    for (index, rule) in book.rules().iter().enumerate() {
        let result = result_of(index, rule, book.catalogue(), facts, waivers, now_ms);
        let result = if passed.contains(&index) { result.taken_as_passed() } else { result };
        all.add(&result);
        if let Some(tally) = by_practice.get_mut(rule.practice_index) {
            tally.add(&result);
        }
        rules.push(result);
    }
    let score = all.score();
    let uncapped_band = score.map(|score| book.band_for(score));
    let (band, capped_by) = capped(book, &rules, uncapped_band);
    let practices = book.practices().iter().zip(by_practice).map(|(practice, tally)| PracticeScore {
        id: practice.id.clone(),
        score: tally.score(),
        earned_milli: tally.earned,
        possible_milli: tally.possible,
        coverage_pct: tally.coverage_pct(),
    });
    Grade {
        score,
        band,
        uncapped_band,
        earned_milli: all.earned,
        possible_milli: all.possible,
        coverage_pct: all.coverage_pct(),
        capped_by,
        practices: practices.collect(),
        rules,
    }
}

/// The band after caps, and what lowered it.
fn capped(book: &Rulebook, rules: &[RuleResult], uncapped: Option<usize>) -> (Option<usize>, Vec<String>) {
    let Some(uncapped) = uncapped else { return (None, Vec::new()) };
    let mut caps: Vec<(usize, &str)> = Vec::new();
    for result in rules {
        if let Some(cap) = result.caps.filter(|cap| *cap > uncapped) {
            caps.extend(book.rules().get(result.rule).map(|rule| (cap, rule.id.as_str())));
        }
    }
    if let Some(cap) = waiver_cap(book, rules).filter(|cap| *cap > uncapped) {
        caps.push((cap, "waiver"));
    }
    caps.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(right.1)));
    let band = caps.first().map_or(uncapped, |(cap, _)| *cap);
    (Some(band), caps.into_iter().map(|(_, id)| id.to_owned()).collect())
}

/// The cap of waivers, if a waiver is in force on any rule that applies.
pub(crate) fn waiver_cap(book: &Rulebook, rules: &[RuleResult]) -> Option<usize> {
    book.waiver_cap().filter(|_| rules.iter().any(|result| result.outcome == Outcome::Waived))
}

pub(crate) fn result_of(
    index: usize,
    rule: &Rule,
    catalogue: &Catalogue,
    facts: &Facts,
    waivers: &Waivers,
    now_ms: i64,
) -> RuleResult {
    let previewed = rule.is_previewed(now_ms);
    let mut verdict =
        if previewed { Verdict::not_applicable() } else { judge_rule(rule, facts, catalogue, now_ms) };
    if verdict.outcome != Outcome::NotApplicable && !waivers.is_empty() && waivers.contains(&rule.id) {
        verdict = Verdict { outcome: Outcome::Waived, share_milli: 0, missing: Vec::new() };
    }
    let points = if verdict.outcome.counts() { i64::from(rule.points) } else { 0 };
    RuleResult {
        rule: index,
        outcome: verdict.outcome,
        share_milli: verdict.share_milli,
        earned_milli: points * i64::from(verdict.share_milli),
        possible_milli: points * i64::from(FULL),
        caps: cap_of(rule, &verdict, facts, catalogue, now_ms),
        missing: verdict.missing,
        previewed,
    }
}

/// The band a rule that is not passed holds the grade down to. A broken source does not undo a pass.
fn cap_of(
    rule: &Rule,
    verdict: &Verdict,
    facts: &Facts,
    catalogue: &Catalogue,
    now_ms: i64,
) -> Option<usize> {
    let cap = rule.caps.as_ref()?;
    if !verdict.outcome.counts() || verdict.share_milli == FULL {
        return None;
    }
    let mut reader = Reader::new(facts, catalogue, now_ms, EvidenceClass::Declared);
    let holds = cap.when.as_ref().is_none_or(|when| when.holds(&mut reader) != Ok(false));
    holds.then_some(cap.band)
}

/// What a rule decides, before points and waivers.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) share_milli: u16,
    pub(crate) missing: Vec<Missing>,
}

impl Verdict {
    fn not_applicable() -> Self {
        Self { outcome: Outcome::NotApplicable, share_milli: 0, missing: Vec::new() }
    }

    fn stopped(stop: Stop, notes: &[Note]) -> Self {
        let outcome = if stop == Stop::Missing { Outcome::Unknown } else { Outcome::Error };
        let mut missing: Vec<Missing> = Vec::with_capacity(notes.len());
        for note in notes {
            if let Note::Missing(fact) = note
                && !missing.contains(fact)
            {
                missing.push(*fact);
            }
        }
        Self { outcome, share_milli: 0, missing }
    }
}

/// Whether the rule applies, and what it decides. A rule that may apply is judged: not to know must never pay.
pub(crate) fn judge_rule(rule: &Rule, facts: &Facts, catalogue: &Catalogue, now_ms: i64) -> Verdict {
    let mut reader = Reader::new(facts, catalogue, now_ms, EvidenceClass::Declared);
    match rule.when.as_ref().map_or(Ok(true), |when| when.holds(&mut reader)) {
        Ok(true) => {}
        Ok(false) => return Verdict::not_applicable(),
        Err(stop) => return Verdict::stopped(stop, &reader.notes),
    }
    reader.notes.clear();
    reader.least = rule.evidence;
    match share(&rule.judge, &mut reader) {
        Err(stop) => Verdict::stopped(stop, &reader.notes),
        Ok(share_milli) => {
            let broken = reader.notes.contains(&Note::Broken);
            let outcome = match share_milli {
                _ if broken => Outcome::Error,
                FULL => Outcome::Pass,
                0 => Outcome::Fail,
                _ => Outcome::Partial,
            };
            Verdict { outcome, share_milli, missing: Vec::new() }
        }
    }
}

fn share<'a>(judge: &'a Judge, reader: &mut Reader<'a>) -> Result<u16, Stop> {
    match judge {
        Judge::Pass(expr) => expr.holds(reader).map(|holds| if holds { FULL } else { 0 }),
        Judge::Score(expr) => expr.number(reader).map(cut),
    }
}

/// A share cut to thousandths. What binary fractions lose (0.29 x 1000 is just below 290) is given back.
fn cut(share: f64) -> u16 {
    (share.clamp(0.0, 1.0) * f64::from(FULL) + 1e-6).floor() as u16
}

/// Whether an expression holds, with what it lacked when that cannot be said.
pub(crate) fn holds(
    expr: &Expr,
    facts: &Facts,
    catalogue: &Catalogue,
    now_ms: i64,
) -> Result<bool, Vec<Missing>> {
    let mut reader = Reader::new(facts, catalogue, now_ms, EvidenceClass::Declared);
    expr.holds(&mut reader).map_err(|stop| Verdict::stopped(stop, &reader.notes).missing)
}
