//! Grading: one function judges one service or a thousand, and writes only what changed.

mod pass;
mod verdicts;

use std::collections::{BTreeMap, HashMap};

use scoring_rules::{Grade, Outcome, Rulebook, Waivers};
use serde_json::json;

pub(in crate::app) use pass::{Pass, Passed};
pub use verdicts::Verdicts;

use super::Tx;
use super::awards::Held;
use super::evidence::{Evidence, ServiceEvidence};
use super::facts::{FactSheet, Slots, sheet};
use super::views::RuleMove;
use crate::error::Result;
use crate::store;
use crate::store::grades::ScoreRow;
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
    evidence: &ServiceEvidence,
    now: Timestamp,
    with_trail: bool,
) -> Judged {
    let sheet = sheet(book, slots, service, evidence, now, with_trail);
    let grade = scoring_rules::grade(book, &sheet.facts, &Waivers::new(), now.0);
    Judged { sheet, grade }
}

/// Grades one service and writes what changed; gives the score before and after.
pub fn regrade(tx: &mut Tx<'_>, service: &ServiceRow, cause: Cause) -> Result<(Option<ScoreRow>, ScoreRow)> {
    store::services::lock(tx.conn, &service.id)?;
    let evidence = Evidence::between(tx.conn, &service.id, &service.id)?;
    let before = store::grades::one(tx.conn, &service.id)?;
    let held = Held::between(tx.conn, &service.id, &service.id)?;
    let mut pass = Pass::new(tx, cause, held);
    let after = pass.judge(service, evidence.of(&service.id), before.as_ref()).row;
    pass.finish().0.write(tx)?;
    Ok((before, after))
}

/// Grades services whose catalog entry changed, given in id order.
pub fn regrade_changed(tx: &mut Tx<'_>, services: &[ServiceRow]) -> Result<()> {
    read_and_judge(tx, services, Cause::Ownership)?.write(tx)
}

/// Judges services given in id order, without writing: for a run, as of `tx.now`.
///
/// What was judged later than `tx.now` (a result that arrived while the run was under way) is left alone.
pub fn judge_all(tx: &mut Tx<'_>, services: &[ServiceRow]) -> Result<Verdicts> {
    read_and_judge(tx, services, Cause::Expiry)
}

/// Judges one service for a run inside the transaction that writes it; true if its score changed.
pub fn judge_again(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    let Some(service) = store::services::by_id(tx.conn, id)?.filter(|s| s.removed_at.is_none()) else {
        return Ok(false);
    };
    let verdicts = read_and_judge(tx, &[service], Cause::Expiry)?;
    let changed = !verdicts.is_empty();
    verdicts.write(tx)?;
    Ok(changed)
}

fn read_and_judge(tx: &mut Tx<'_>, services: &[ServiceRow], cause: Cause) -> Result<Verdicts> {
    let (Some(first), Some(last)) = (services.first(), services.last()) else {
        return Ok(Verdicts::default());
    };
    let evidence = Evidence::between(tx.conn, &first.id, &last.id)?;
    let held: HashMap<String, ScoreRow> = store::grades::between(tx.conn, &first.id, &last.id)?
        .into_iter()
        .map(|row| (row.service_id.clone(), row))
        .collect();
    let (now, hash) = (tx.now.0, tx.book.rulebook.hash().to_owned());
    let later = |row: &ScoreRow| row.graded_at > now && row.book_hash == hash;
    let awards = Held::between(tx.conn, &first.id, &last.id)?;
    let mut pass = Pass::new(tx, cause, awards);
    for service in services {
        let before = held.get(&service.id);
        if cause != Cause::Expiry || !before.is_some_and(later) {
            pass.judge(service, evidence.of(&service.id), before);
        }
    }
    Ok(pass.finish().0)
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
        record: "{}".into(),
        drills_expected: judged.sheet.counts.expected,
        drills_fresh: judged.sheet.counts.fresh,
        calls: judged.sheet.counts.calls,
        calls_verified: judged.sheet.counts.verified,
        steady_since: None,
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

/// The stored form is the same but for its instants.
pub(super) fn same_row(a: &ScoreRow, b: &ScoreRow) -> bool {
    same_on_scorecard(a, b)
        && a.earned == b.earned
        && a.possible == b.possible
        && a.practices == b.practices
        && a.regressions == b.regressions
        && counts(a) == counts(b)
}

/// What boards count.
fn counts(row: &ScoreRow) -> [i16; 4] {
    [row.drills_expected, row.drills_fresh, row.calls, row.calls_verified]
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
