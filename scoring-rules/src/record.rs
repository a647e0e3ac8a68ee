//! What is remembered of a service's grades, for streaks and awards: since when, how good at best, and the last 90 days.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::book::Rulebook;
use crate::fact::{EvidenceClass, Fact, FactId, Facts, Value};
use crate::grade::{FULL, Grade};

const DAY_MS: i64 = 86_400_000;
/// Days that are looked back on.
const WINDOW_DAYS: i64 = 90;
/// The shorter look back.
const MONTH_DAYS: i64 = 30;

/// Where a service stood at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Day(i64, u8, String);

/// What is remembered of one service. Letters and not numbers of bands: another rulebook may have others.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Since when it has been at each grade or better, Unix milliseconds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    since: BTreeMap<String, i64>,
    /// The best grade ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<String>,
    /// Since when no drill stands regressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    steady: Option<i64>,
    /// Days on which score or grade changed within the window, and the last one before it, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    days: Vec<Day>,
    /// Since when what earns an award has been true, by [`crate::Award::since_key`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    met: BTreeMap<String, i64>,
    /// Whether anything of it moved since it was read. It is no part of what is remembered.
    #[serde(skip)]
    moved: bool,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        (&self.since, &self.best, &self.steady, &self.days, &self.met)
            == (&other.since, &other.best, &other.steady, &other.days, &other.met)
    }
}

impl Eq for Record {}

impl Record {
    /// Whether anything of it moved since it was read, so that it must be written.
    pub fn moved(&self) -> bool {
        self.moved
    }

    /// Takes in where a service stands at `now_ms`; `regressions` are open ones. `before_ms` says since when the grade has
    /// been what it is, for a service of which nothing was remembered yet.
    pub fn take(
        &mut self,
        book: &Rulebook,
        grade: &Grade,
        regressions: i32,
        before_ms: Option<i64>,
        now_ms: i64,
    ) {
        let from = if self.days.is_empty() { before_ms.unwrap_or(now_ms).min(now_ms) } else { now_ms };
        let steady = if regressions > 0 { None } else { self.steady.or(Some(from)) };
        self.moved |= self.steady != steady;
        self.steady = steady;
        let (Some(score), Some(band)) = (grade.score, grade.band) else {
            self.moved |= !self.since.is_empty();
            self.since.clear();
            return;
        };
        self.keep_since(book, band, from);
        let letter = book.bands().get(band).map_or("", |b| b.letter.as_str());
        let better = |best: &String| book.band_index(best).is_none_or(|known| known > band);
        if self.best.as_ref().is_none_or(better) && self.best.as_deref() != Some(letter) {
            self.best = Some(letter.to_owned());
            self.moved = true;
        }
        self.note(from.div_euclid(DAY_MS), now_ms.div_euclid(DAY_MS), score, letter);
    }

    /// Forgets grades that are better than `band`, and begins those that are not.
    fn keep_since(&mut self, book: &Rulebook, band: usize, from_ms: i64) {
        let held = self.since.len();
        self.since.retain(|letter, _| book.band_index(letter).is_some_and(|at| at >= band));
        self.moved |= self.since.len() != held;
        for at in book.bands().iter().skip(band) {
            if !self.since.contains_key(&at.letter) {
                self.since.insert(at.letter.clone(), from_ms);
                self.moved = true;
            }
        }
    }

    fn note(&mut self, day: i64, today: i64, score: u8, letter: &str) {
        let same = |last: &Day| last.1 == score && last.2 == letter;
        if !self.days.last().is_some_and(same) {
            let noted = Day(day, score, letter.to_owned());
            match self.days.last_mut() {
                Some(last) if last.0 >= day => *last = Day(last.0, noted.1, noted.2),
                _ => self.days.push(noted),
            }
            self.moved = true;
        }
        // Of what lies before the window, the last one says how it began.
        let begins = self.days.iter().rposition(|known| known.0 <= today - WINDOW_DAYS).unwrap_or(0);
        self.moved |= begins > 0;
        self.days.drain(..begins);
    }

    /// Notes whether what earns an award is true, and gives since when.
    pub fn met(&mut self, key: &str, met: bool, now_ms: i64) -> Option<i64> {
        match (met, self.met.get(key)) {
            (true, Some(since)) => Some(*since),
            (true, None) => {
                self.met.insert(key.to_owned(), now_ms);
                self.moved = true;
                Some(now_ms)
            }
            (false, Some(_)) => {
                self.met.remove(key);
                self.moved = true;
                None
            }
            (false, None) => None,
        }
    }

    /// Since when what earns an award has been true.
    pub fn met_since(&self, key: &str) -> Option<i64> {
        self.met.get(key).copied()
    }

    /// Forgets awards that are no longer in the book.
    pub fn forget_met(&mut self, known: impl Fn(&str) -> bool) {
        self.met.retain(|key, _| known(key));
    }

    /// Score and rank at the end of the last day that is at least `days` ago.
    fn at(&self, days: i64, now_ms: i64) -> Option<&Day> {
        let day = now_ms.div_euclid(DAY_MS) - days;
        self.days.iter().rev().find(|known| known.0 <= day)
    }

    /// The lowest rank of the last `days` days.
    fn lowest_rank(&self, book: &Rulebook, days: i64, now_ms: i64) -> Option<i64> {
        let first = now_ms.div_euclid(DAY_MS) - days;
        let within = self.days.iter().filter(|known| known.0 > first).chain(self.at(days, now_ms));
        within.filter_map(|known| Some(book.rank(book.band_index(&known.2)?))).min()
    }
}

impl Rulebook {
    /// Sets `grade.*`, which policies read. Of a service that is not graded, they stay unknown.
    pub fn set_grade_facts(&self, facts: &mut Facts, grade: &Grade, now_ms: i64) {
        let graded = grade.score.is_some();
        let int = |value: Option<i64>| value.map(Value::Int);
        let slots = self.result_slots();
        let values = [
            (slots.score, int(grade.score.map(i64::from))),
            (slots.rank, int(grade.band.map(|band| self.rank(band)))),
            (slots.rank_without_regression, int(self.rank_without_regression(grade, facts))),
            (slots.coverage_pct, int(graded.then(|| i64::from(grade.coverage_pct)))),
            (slots.capped, graded.then_some(Value::Bool(grade.band != grade.uncapped_band))),
            (slots.must_haves_open, int(graded.then(|| self.must_haves_open(grade)))),
        ];
        for (id, value) in values {
            set_result(facts, id, value, now_ms);
        }
    }

    /// Rules with a cap that apply and are not passed, waived ones too. Of a broken source, what it said last counts.
    fn must_haves_open(&self, grade: &Grade) -> i64 {
        let open = grade.rules.iter().filter(|result| {
            let capping = self.rules().get(result.rule).is_some_and(|rule| rule.caps.is_some());
            capping && result.outcome != crate::Outcome::NotApplicable && result.share_milli != FULL
        });
        open.count() as i64
    }

    /// Sets `streak.*` and `history.*`, which certificates and badges read. `fixed` counts drills that failed and passed
    /// since, within 90 days.
    pub fn set_record_facts(
        &self,
        facts: &mut Facts,
        record: &Record,
        grade: &Grade,
        fixed: i64,
        now_ms: i64,
    ) {
        let days = |since: i64| (now_ms - since).max(0) / DAY_MS;
        let slots = self.result_slots();
        for (band, id) in self.bands().iter().zip(&slots.at_band) {
            let at = record.since.get(&band.letter).map_or(0, |since| days(*since));
            let value = grade.score.map(|_| Value::Int(at));
            set_result(facts, *id, value, now_ms);
        }
        let gained = |back: i64| {
            let then = record.at(back, now_ms)?;
            Some(i64::from(grade.score?) - i64::from(then.1))
        };
        let best = record.best.as_ref().and_then(|letter| self.band_index(letter));
        let now = grade.band.map(|band| self.rank(band));
        let lowest = record.lowest_rank(self, MONTH_DAYS, now_ms);
        let values = [
            (slots.days_without_regression, record.steady.map(days)),
            (slots.best_rank, best.map(|band| self.rank(band))),
            (slots.gained_30d, gained(MONTH_DAYS)),
            (slots.gained_90d, gained(WINDOW_DAYS)),
            (slots.ranks_up_30d, now.zip(lowest).map(|(now, lowest)| (now - lowest).max(0))),
            (slots.drills_fixed_90d, Some(fixed)),
        ];
        for (id, value) in values {
            set_result(facts, id, value.map(Value::Int), now_ms);
        }
    }
}

fn set_result(facts: &mut Facts, id: Option<FactId>, value: Option<Value>, now_ms: i64) {
    let Some(id) = id else { return };
    match value {
        Some(value) => {
            let evidence = EvidenceClass::Observed;
            facts.set(id, Fact { value, as_of_ms: now_ms, evidence, source_error: None });
        }
        None => facts.remove(id),
    }
}
