//! The scorecard: one service's grade with everything behind it, now or at an earlier instant.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scoring_rules::{DrillWindow, RuleResult, Rulebook, Step, Waivers, next_steps, path_to_next_band};

use super::evidence::Evidence;
use super::facts::Slots;
use super::grading::{Cause, Judged, judge, letter, with_attributes};
use super::rulebook::{bands, by_hash};
use super::views::{
    AwardView, ChangeView, FactView, MissingFactView, NextStepView, PathView, Points, PracticeView,
    RuleOutcomeView, ScorecardView,
};
use super::{Tx, awards, owners, retention, runs, sentences, services, standing};
use crate::error::Result;
use crate::store;
use crate::store::grades::HistoryRow;
use crate::store::retention::ScoreDay;
use crate::store::services::ServiceRow;
use crate::types::{DAY_MS, Timestamp};

/// How many changes a scorecard lists.
const CHANGES: i64 = 8;
/// How many changes a history has at most.
const MOST_CHANGES: i64 = 5_000;

/// A grade with the rulebook that judged it and the instant it holds for.
pub struct Explained {
    /// The service as it was then.
    pub service: ServiceRow,
    /// The rulebook.
    pub book: BookHold,
    /// Facts and grade.
    pub judged: Judged,
    /// The instant.
    pub at: Timestamp,
    /// Drills that failed and passed since, of late.
    pub fixed: i64,
}

/// The rulebook in force, or one of the past.
pub enum BookHold {
    /// In force.
    Current(Arc<super::Book>),
    /// Of the past, with its slots.
    Past(Box<(Rulebook, Slots)>),
}

impl BookHold {
    /// The rules.
    pub fn rules(&self) -> &Rulebook {
        match self {
            Self::Current(book) => &book.rulebook,
            Self::Past(past) => &past.0,
        }
    }

    fn slots(&self) -> &Slots {
        match self {
            Self::Current(book) => &book.slots,
            Self::Past(past) => &past.1,
        }
    }
}

/// Judges a service again as of its last grading, or as of an earlier instant under the rulebook of that time.
pub fn explain(tx: &mut Tx<'_>, name: &str, as_of: Option<Timestamp>) -> Result<Explained> {
    let service = owners::service(tx, name)?;
    let current = BookHold::Current(Arc::clone(&tx.book));
    let (service, book, evidence, at) = match as_of.filter(|t| *t < tx.now) {
        None => {
            let graded = store::grades::one(tx.conn, &service.id)?.map_or(0, |s| s.graded_at);
            let at = runs::last_grading(tx)?.max(Timestamp(graded)).min(tx.now);
            let evidence = Evidence::between(tx.conn, &service.id, &service.id)?;
            (service, current, evidence, at)
        }
        Some(at) => {
            retention::require_kept(tx, at)?;
            let change = store::grades::change_at(tx.conn, &service.id, at.0)?;
            let book = match &change {
                Some(row) if row.book_hash != tx.book.rulebook.hash() => match by_hash(tx, &row.book_hash)? {
                    Some(rules) => BookHold::Past(Box::new((rules.clone(), Slots::of(rules.catalogue())))),
                    None => current,
                },
                _ => current,
            };
            let evidence = Evidence::as_of(tx.conn, &service.id, at)?;
            let service = match &change {
                Some(row) => with_attributes(service, &row.attributes),
                None => service,
            };
            (service, book, evidence, at)
        }
    };
    let evidence = evidence.of(&service.id);
    let judged = judge(book.rules(), book.slots(), &service, evidence, at, true);
    Ok(Explained { fixed: evidence.drills_fixed(at), service, book, judged, at })
}

/// The scorecard of a service.
pub fn scorecard(tx: &mut Tx<'_>, name: &str, as_of: Option<Timestamp>) -> Result<ScorecardView> {
    let explained = explain(tx, name, as_of)?;
    let book = explained.book.rules();
    let grade = &explained.judged.grade;
    let detail = services::detail_of(tx, &explained.service)?;
    let awards = awards::of_scorecard(tx, &explained, as_of.is_none_or(|at| at >= tx.now))?;
    let badge = |award: &&AwardView| award.kind == "badge" && award.state.is_some();
    let tier_means = tier_means(tx, &explained)?;
    let until = as_of.unwrap_or(tx.now);
    let changes = store::grades::history(tx.conn, &explained.service.id, 0, until.0, CHANGES)?;
    let windows = book.windows(&explained.judged.sheet.facts, explained.at.0);
    let view = Build { book, explained: &explained, windows: &windows };
    Ok(ScorecardView {
        service: explained.service.slug.clone(),
        detail,
        score: grade.score,
        grade: grade.band.map(|_| letter(book, grade.band)),
        uncapped_grade: grade.uncapped_band.map(|_| letter(book, grade.uncapped_band)),
        coverage: grade.coverage_pct,
        earned: Points(grade.earned_milli),
        possible: Points(grade.possible_milli),
        rulebook: book.hash().to_owned(),
        graded_at: explained.at,
        capped_by: grade.capped_by.clone(),
        practices: view.practices(&tier_means),
        rules: grade.rules.iter().filter_map(|r| view.rule(r)).collect(),
        next_steps: view.next_steps(),
        path: view.path(),
        changes: changes.iter().map(change_view).collect(),
        certificate: awards.iter().find(|a| a.kind == "certificate" && a.state.is_some()).cloned(),
        badges: awards.iter().filter(badge).map(|award| award.award.clone()).collect(),
        awards,
        bands: bands(book),
    })
}

/// Changes of a service's score, newest first.
pub fn history(
    tx: &mut Tx<'_>,
    name: &str,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Vec<ChangeView>> {
    let service = owners::service(tx, name)?;
    let (from, to) = (from.map_or(0, |t| t.0), to.map_or(i64::MAX, |t| t.0));
    let rows = store::grades::history(tx.conn, &service.id, from, to, MOST_CHANGES)?;
    let mut views: Vec<ChangeView> = rows.iter().map(change_view).collect();
    if let Some(floor) = retention::kept_since(tx)?.filter(|floor| from < floor.0) {
        let (first, last) = (Timestamp(from).day(), Timestamp(to.min(floor.0)).day());
        let room = MOST_CHANGES - rows.len() as i64;
        let days = store::retention::score_days(tx.conn, &service.id, first, last, room)?;
        // The last change of a day may still be there, being what held at the floor.
        let raw: Vec<i32> = views.iter().map(|v| v.at.day()).collect();
        views.extend(days.iter().filter(|d| !raw.contains(&d.day)).map(day_view));
        views.sort_by_key(|view| std::cmp::Reverse(view.at));
    }
    Ok(views)
}

/// A pruned day as a change: where the service stood at its end.
fn day_view(row: &ScoreDay) -> ChangeView {
    ChangeView {
        at: Timestamp((i64::from(row.day) + 1) * DAY_MS - 1),
        score: (row.score >= 0).then_some(row.score),
        grade: (!row.grade.is_empty()).then(|| row.grade.clone()),
        score_before: None,
        grade_before: None,
        coverage: row.coverage,
        rulebook: String::new(),
        cause: "daily".to_owned(),
        sentence: "Where it stood at the end of the day; single changes of that time are no longer kept."
            .to_owned(),
        rules: Vec::new(),
    }
}

fn change_view(row: &HistoryRow) -> ChangeView {
    let shown = |score: i16| (score >= 0).then_some(score);
    let word = |grade: &String| (!grade.is_empty()).then(|| grade.clone());
    ChangeView {
        at: Timestamp(row.at),
        score: shown(row.score),
        grade: word(&row.grade),
        score_before: row.prev_score.and_then(shown),
        grade_before: row.prev_grade.as_ref().and_then(word),
        coverage: row.coverage,
        rulebook: row.book_hash.clone(),
        cause: Cause::word(row.cause).to_owned(),
        sentence: row.sentence.clone(),
        rules: serde_json::from_str(&row.moves).unwrap_or_default(),
    }
}

/// Mean score of each practice over the service's tier, as of the last kept day.
fn tier_means(tx: &mut Tx<'_>, explained: &Explained) -> Result<HashMap<String, u8>> {
    let tier = explained.service.tier.to_string();
    let days: Vec<i32> = (0..3).map(|back| explained.at.day() - back).collect();
    let kept = store::boards::daily(tx.conn, standing::TIER, &tier, &days)?;
    let Some(day) = kept.last() else { return Ok(HashMap::new()) };
    let tally = standing::Tally::of_day(day);
    Ok(tally
        .practices
        .into_iter()
        .filter(|(_, (_, n))| *n > 0)
        .map(|(id, (sum, n))| (id, u8::try_from(sum / n).unwrap_or(0)))
        .collect())
}

struct Build<'a> {
    book: &'a Rulebook,
    explained: &'a Explained,
    windows: &'a [DrillWindow],
}

impl Build<'_> {
    fn practices(&self, tier_means: &HashMap<String, u8>) -> Vec<PracticeView> {
        let titles: BTreeMap<&str, &str> =
            self.book.practices().iter().map(|p| (p.id.as_str(), p.title.as_str())).collect();
        self.explained
            .judged
            .grade
            .practices
            .iter()
            .map(|p| PracticeView {
                id: p.id.clone(),
                title: titles.get(p.id.as_str()).map_or_else(|| p.id.clone(), |t| (*t).to_owned()),
                score: p.score,
                grade: p.score.map(|s| letter(self.book, Some(self.book.band_for(s)))),
                earned: Points(p.earned_milli),
                possible: Points(p.possible_milli),
                coverage: p.coverage_pct,
                tier_mean: tier_means.get(&p.id).copied(),
            })
            .collect()
    }

    fn rule(&self, result: &RuleResult) -> Option<RuleOutcomeView> {
        let rule = self.book.rules().get(result.rule)?;
        let facts = &self.explained.judged.sheet.facts;
        let missing = result.missing.iter().map(|m| MissingFactView {
            fact: self.book.catalogue().spec(m.fact).name.clone(),
            why: sentences::missing_code(m.why).to_owned(),
            detail: sentences::missing_detail(self.book, m),
        });
        Some(RuleOutcomeView {
            id: rule.id.clone(),
            practice: rule.practice.clone(),
            title: rule.title.clone(),
            outcome: result.outcome.as_str().to_owned(),
            earned: Points(result.earned_milli),
            possible: Points(result.possible_milli),
            points: rule.points,
            reason: sentences::reason(self.book, rule, result, facts, self.windows),
            facts: self.facts_of(result),
            missing: missing.collect(),
            why: rule.why.clone(),
            fix: rule.fix.clone(),
            effort: rule.effort.as_str().to_owned(),
            caps: result.caps.map(|b| letter(self.book, Some(b))),
        })
    }

    fn facts_of(&self, result: &RuleResult) -> BTreeMap<String, FactView> {
        let sheet = &self.explained.judged.sheet;
        let ids = self.book.rules().get(result.rule).map_or(&[] as &[_], scoring_rules::Rule::facts);
        ids.iter()
            .filter_map(|id| {
                let fact = sheet.facts.get(*id)?;
                let spec = self.book.catalogue().spec(*id);
                let trail = sheet.trail.get(id);
                let view = FactView {
                    value: serde_json::to_value(&fact.value).unwrap_or_default(),
                    as_of: Timestamp(fact.as_of_ms),
                    evidence: fact.evidence.as_str().to_owned(),
                    unit: spec.unit.clone(),
                    drill: trail.and_then(|t| t.drill.clone()),
                    sender: trail.and_then(|t| t.sender.clone()),
                };
                Some((spec.name.clone(), view))
            })
            .collect()
    }

    fn next_steps(&self) -> Vec<NextStepView> {
        let judged = &self.explained.judged;
        let steps =
            next_steps(self.book, &judged.sheet.facts, &Waivers::new(), self.explained.at.0, &judged.grade);
        // A step that moves neither score nor letter by itself is none; the path still counts it with the others.
        let band = judged.grade.band.unwrap_or(usize::MAX);
        steps.iter().filter(|s| s.points > 0 || s.band_after < band).filter_map(|s| self.step(s)).collect()
    }

    fn path(&self) -> Option<PathView> {
        let judged = &self.explained.judged;
        let path = path_to_next_band(
            self.book,
            &judged.sheet.facts,
            &Waivers::new(),
            self.explained.at.0,
            &judged.grade,
        )?;
        let score = judged.grade.score.unwrap_or(0);
        let reaches = path.steps.last().is_some_and(|s| s.band_after <= path.target_band);
        Some(PathView {
            grade: letter(self.book, Some(path.target_band)),
            score: path.target_min,
            points: path.target_min.saturating_sub(score),
            steps: path.steps.iter().filter_map(|s| self.step(s)).collect(),
            reaches,
            effort: path.effort,
            cheapest: path.cheapest,
        })
    }

    fn step(&self, step: &Step) -> Option<NextStepView> {
        let rule = self.book.rules().get(step.rule)?;
        let judged = &self.explained.judged;
        let result = judged.grade.rules.get(step.rule)?;
        let practice = self.book.practices().iter().find(|p| p.id == rule.practice);
        Some(NextStepView {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            practice: practice.map_or_else(|| rule.practice.clone(), |p| p.title.clone()),
            points: step.points,
            effort: step.effort.as_str().to_owned(),
            why: sentences::reason(self.book, rule, result, &judged.sheet.facts, self.windows),
            score_after: step.score_after,
            grade_after: letter(self.book, Some(step.band_after)),
            fix: rule.fix.clone(),
        })
    }
}
