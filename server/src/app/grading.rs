//! Grading: one function judges one service or a thousand, and writes only what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use scoring_rules::{Grade, Outcome, Rulebook, Waivers};
use serde_json::json;

use super::facts::{Evidence, FactSheet, Slots, sheet};
use super::views::RuleMove;
use super::{Tx, sentences};
use crate::error::Result;
use crate::store;
use crate::store::events::NewEvent;
use crate::store::grades::{HistoryRow, ScoreRow};
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

/// Why a score moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// New evidence arrived.
    Evidence,
    /// Evidence aged.
    Expiry,
    /// Another rulebook judges.
    Rulebook,
    /// Tier, lifecycle, owner or another fact of the catalog changed.
    Ownership,
}

impl Cause {
    /// The stored code.
    pub const fn code(self) -> i16 {
        match self {
            Self::Evidence => 1,
            Self::Expiry => 2,
            Self::Rulebook => 3,
            Self::Ownership => 4,
        }
    }

    /// The word of a stored code.
    pub const fn word(code: i16) -> &'static str {
        match code {
            1 => "evidence",
            3 => "rulebook",
            4 => "ownership",
            _ => "expiry",
        }
    }
}

/// The facts and the grade of one service.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Facts with their trail.
    pub sheet: FactSheet,
    /// What the rulebook makes of them.
    pub grade: Grade,
}

/// Judges one service on the given evidence, without writing anything.
pub fn judge(
    book: &Rulebook,
    slots: &Slots,
    service: &ServiceRow,
    evidence: &Evidence,
    now: Timestamp,
    with_trail: bool,
) -> Judged {
    let sheet = sheet(book, slots, service, evidence, now, with_trail);
    let grade = scoring_rules::grade(book, &sheet.facts, &Waivers::new(), now.0);
    Judged { sheet, grade }
}

/// Grades one service and writes what changed; gives the score before and after.
pub fn regrade(tx: &mut Tx<'_>, service: &ServiceRow, cause: Cause) -> Result<(Option<ScoreRow>, ScoreRow)> {
    let mut batch = Batch::run(tx, std::slice::from_ref(service), cause)?;
    batch.write(tx)?;
    let after = batch.after.pop().ok_or_else(|| anyhow::anyhow!("a batch of one gave no score"))?;
    Ok((batch.before.pop().flatten(), after))
}

/// Grades services given in id order, as a run does: as of the run's instant, leaving alone what was judged later.
/// Writes only what changed and gives how many changed.
pub fn regrade_all(tx: &mut Tx<'_>, services: &[ServiceRow]) -> Result<usize> {
    let batch = Batch::run(tx, services, Cause::Expiry)?;
    batch.write(tx)?;
    Ok(batch.changed.len())
}

/// Grades services whose catalog entry changed, given in id order.
pub fn regrade_changed(tx: &mut Tx<'_>, services: &[ServiceRow]) -> Result<()> {
    Batch::run(tx, services, Cause::Ownership)?.write(tx)
}

#[derive(Default)]
struct Batch {
    before: Vec<Option<ScoreRow>>,
    after: Vec<ScoreRow>,
    changed: Vec<ScoreRow>,
    history: Vec<HistoryRow>,
    events: Vec<NewEvent>,
}

impl Batch {
    fn run(tx: &mut Tx<'_>, services: &[ServiceRow], cause: Cause) -> Result<Self> {
        let (Some(first), Some(last)) = (services.first(), services.last()) else {
            return Ok(Self::default());
        };
        let evidence = Evidence::to_grade(tx.conn, &first.id, &last.id)?;
        let mut current: BTreeMap<String, ScoreRow> = store::grades::between(tx.conn, &first.id, &last.id)?
            .into_iter()
            .map(|row| (row.service_id.clone(), row))
            .collect();
        let book = Arc::clone(&tx.book);
        let mut batch = Self::default();
        let hash = book.rulebook.hash();
        for service in services {
            let held = current.remove(&service.id);
            // A result that arrived while the run was under way was judged later than the run's instant.
            let later = |row: &ScoreRow| row.graded_at > tx.now.0 && row.book_hash == hash;
            if cause == Cause::Expiry && held.as_ref().is_some_and(later) {
                continue;
            }
            let judged = judge(&book.rulebook, &book.slots, service, &evidence, tx.now, false);
            batch.compare(tx, service, held, &judged, cause);
        }
        Ok(batch)
    }

    fn compare(
        &mut self,
        tx: &Tx<'_>,
        service: &ServiceRow,
        before: Option<ScoreRow>,
        judged: &Judged,
        cause: Cause,
    ) {
        let book = Arc::clone(&tx.book);
        let mut after = score_row(&book.rulebook, service, judged, tx.now);
        let shown_same = before.as_ref().is_some_and(|b| same_on_scorecard(b, &after));
        if shown_same && let Some(b) = &before {
            after.changed_at = b.changed_at;
        }
        // New evidence is judged as of now even if it moves nothing: the row says as of when the grade holds.
        if cause == Cause::Evidence || before.as_ref().is_none_or(|b| !same_row(b, &after)) {
            self.changed.push(after.clone());
        }
        if !shown_same {
            let cause = match &before {
                Some(b) if b.book_hash != after.book_hash => Cause::Rulebook,
                _ => cause,
            };
            let moves = moves(&book.rulebook, before.as_ref(), &after);
            let sentence = sentences::change(&book.rulebook, before.as_ref(), &after, &moves, cause);
            self.note(tx, service, before.as_ref(), &after, &sentence);
            self.history.push(HistoryRow {
                id: tx.new_id(),
                service_id: service.id.clone(),
                at: tx.now.0,
                score: after.score,
                grade: after.grade.clone(),
                coverage: after.coverage,
                prev_score: before.as_ref().map(|b| b.score),
                prev_grade: before.as_ref().map(|b| b.grade.clone()),
                book_hash: after.book_hash.clone(),
                cause: cause.code(),
                moves: serde_json::to_string(&moves).unwrap_or_default(),
                sentence,
                attributes: attributes(service),
            });
        }
        self.before.push(before);
        self.after.push(after);
    }

    fn note(
        &mut self,
        tx: &Tx<'_>,
        service: &ServiceRow,
        before: Option<&ScoreRow>,
        after: &ScoreRow,
        sentence: &str,
    ) {
        let Some(before) = before else { return };
        if before.score == after.score && before.grade == after.grade {
            return;
        }
        let kind = if before.grade == after.grade { "score_changed" } else { "grade_changed" };
        let data = json!({
            "score": { "before": before.score, "after": after.score },
            "grade": { "before": before.grade, "after": after.grade },
        });
        let text = sentences::score_event(&service.name, before, after, sentence);
        self.events.push(tx.event(kind, Some(&service.id), service.team_id.as_deref(), text, &data));
    }

    fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        store::grades::upsert(tx.conn, &self.changed)?;
        store::grades::append_history(tx.conn, &self.history)?;
        store::events::append(tx.conn, &self.events)?;
        Ok(())
    }
}

/// The stored form of a grade.
pub fn score_row(book: &Rulebook, service: &ServiceRow, judged: &Judged, now: Timestamp) -> ScoreRow {
    let grade = &judged.grade;
    let practices: BTreeMap<&str, u8> =
        grade.practices.iter().filter_map(|p| p.score.map(|s| (p.id.as_str(), s))).collect();
    ScoreRow {
        service_id: service.id.clone(),
        book_hash: book.hash().to_owned(),
        score: grade.score.map_or(-1, i16::from),
        grade: letter(book, grade.band),
        coverage: i16::from(grade.coverage_pct),
        earned: grade.earned_milli,
        possible: grade.possible_milli,
        capped_by: grade.capped_by.join(","),
        outcomes: grade.rules.iter().map(|r| r.outcome.code()).collect(),
        practices: serde_json::to_string(&practices).unwrap_or_default(),
        regressions: judged.sheet.regressions,
        graded_at: now.0,
        changed_at: now.0,
    }
}

/// The letter of a band index; empty for "not graded".
pub fn letter(book: &Rulebook, band: Option<usize>) -> String {
    band.and_then(|b| book.bands().get(b)).map_or_else(String::new, |b| b.letter.clone())
}

fn same_on_scorecard(a: &ScoreRow, b: &ScoreRow) -> bool {
    a.book_hash == b.book_hash
        && a.score == b.score
        && a.grade == b.grade
        && a.coverage == b.coverage
        && a.capped_by == b.capped_by
        && a.outcomes == b.outcomes
}

fn same_row(a: &ScoreRow, b: &ScoreRow) -> bool {
    same_on_scorecard(a, b)
        && a.earned == b.earned
        && a.possible == b.possible
        && a.practices == b.practices
        && a.regressions == b.regressions
}

/// Rules whose outcome moved; empty when another rulebook judged before, since rules cannot be compared then.
fn moves(book: &Rulebook, before: Option<&ScoreRow>, after: &ScoreRow) -> Vec<RuleMove> {
    let Some(before) = before.filter(|b| b.book_hash == after.book_hash) else { return Vec::new() };
    let word = |code| Outcome::from_code(code).map_or("unknown", Outcome::as_str).to_owned();
    book.rules()
        .iter()
        .zip(before.outcomes.chars().zip(after.outcomes.chars()))
        .filter(|(_, (a, b))| a != b)
        .map(|(rule, (a, b))| RuleMove { rule: rule.id.clone(), before: word(a), after: word(b) })
        .collect()
}

/// What of the service a later look back needs, as JSON.
fn attributes(service: &ServiceRow) -> String {
    json!({
        "tier": service.tier,
        "lifecycle": service.lifecycle,
        "type": service.service_type,
        "labels": service.labels,
        "team_id": service.team_id,
        "has_database": service.has_database,
    })
    .to_string()
}

/// The service as it was when `attributes` were kept.
pub fn with_attributes(mut service: ServiceRow, attributes: &str) -> ServiceRow {
    let Ok(kept) = serde_json::from_str::<serde_json::Value>(attributes) else { return service };
    let text = |key: &str| kept.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    if let Some(tier) = kept.get("tier").and_then(serde_json::Value::as_i64) {
        service.tier = i16::try_from(tier).unwrap_or(service.tier);
    }
    if let Some(lifecycle) = text("lifecycle") {
        service.lifecycle = lifecycle;
    }
    if let Some(labels) = text("labels") {
        service.labels = labels;
    }
    service.service_type = text("type");
    service.team_id = text("team_id");
    if let Some(has) = kept.get("has_database").and_then(serde_json::Value::as_bool) {
        service.has_database = has;
    }
    service
}
