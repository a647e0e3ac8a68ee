//! Evidence that was typed in: over what a tool had said, or instead of it.

use std::collections::{BTreeSet, HashMap};

use scoring_rules::EvidenceClass;

use super::finding::{Finding, Window, day};
use super::kind::ReviewKind;
use super::no_op::title;
use crate::app::facts::class_code;
use crate::app::{App, Tx};
use crate::error::Result;
use crate::store;
use crate::store::facts::FactRow;
use crate::store::reviews::SeenDrill;
use crate::types::{Outcome, Timestamp};

/// Typed results and values of one look that are gone into; nobody types more.
const MOST: usize = 500;
/// Days over which typed and reported passes are compared.
const DAYS: i64 = 30;
/// Typed passes within them, at least.
const TYPED: i64 = 3;

/// What was typed in during the window and is worth a question.
pub(super) fn find(app: &App, window: &Window) -> Result<Vec<Finding>> {
    let typed = class_code(EvidenceClass::Declared);
    let passed = Some(Outcome::Passed.code());
    let mut passes: Vec<SeenDrill> = Vec::new();
    window.each_part(app, 0, |rows| {
        let by_hand = |row: &SeenDrill| row.evidence_class == typed && row.verdict == passed;
        passes.extend(rows.into_iter().filter(by_hand).take(MOST));
        Ok(())
    })?;
    passes.truncate(MOST);
    let mut found = Vec::new();
    for row in &passes {
        found.extend(app.read_now(|tx| over_a_tool(tx, row))?);
    }
    found.extend(app.read_now(|tx| instead_of_tools(tx, &passes))?);
    let (after, to) = window.ids();
    let values =
        app.read_now(|tx| Ok(store::reviews::facts_between(tx.conn, (&after, &to), typed, MOST as i64)?))?;
    found.extend(app.read_now(|tx| over_proof(tx, &values))?);
    Ok(found)
}

/// A pass that was typed in although a tool had last seen the same drill fail.
fn over_a_tool(tx: &mut Tx<'_>, row: &SeenDrill) -> Result<Option<Finding>> {
    let Some(failure) = row.failure else { return Ok(None) };
    let all = store::drills::counted_of(tx.conn, &row.service_id, failure, &row.target, &row.environment)?;
    let typed = class_code(EvidenceClass::Declared);
    let before = |d: &&store::drills::DrillRow| {
        d.evidence_class > typed && (d.ended_at, &d.id) < (row.ended_at, &row.id)
    };
    let Some(last) = all.iter().rev().find(before) else { return Ok(None) };
    if last.verdict != Some(Outcome::Failed.code()) {
        return Ok(None);
    }
    let Some(service) = store::services::by_id(tx.conn, &row.service_id)? else { return Ok(None) };
    let at = Timestamp(row.ended_at);
    let said = format!(
        "{} of {}: {} had reported a failure on {}; the pass of {} was typed in.",
        title(row),
        service.name,
        last.tool,
        day(Timestamp(last.ended_at)),
        day(at)
    );
    Ok(Some(Finding::of_service(ReviewKind::SelfDeclared, &service, &row.id, (at, said)).by_drill(&row.id)))
}

/// Services of which more passes are typed in than reported; told once a month.
fn instead_of_tools(tx: &mut Tx<'_>, passes: &[SeenDrill]) -> Result<Vec<Finding>> {
    let ids: BTreeSet<String> = passes.iter().map(|row| row.service_id.clone()).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let within = (tx.now.0 - DAYS * crate::types::DAY_MS, tx.now.0 + 1);
    let typed_class = class_code(EvidenceClass::Declared);
    let mut counts: HashMap<String, (i64, i64)> = HashMap::new();
    for (service, class, n) in store::reviews::passes(tx.conn, &ids, Outcome::Passed.code(), within)? {
        let count = counts.entry(service).or_default();
        if class == typed_class {
            count.0 += n;
        } else {
            count.1 += n;
        }
    }
    let mut found = Vec::new();
    for service in store::services::by_ids(tx.conn, &ids)? {
        let (typed, reported) = counts.get(&service.id).copied().unwrap_or_default();
        if !mostly_typed(typed, reported) {
            continue;
        }
        let said = format!(
            "{}: of the passed drills of the last {DAYS} days {typed} were typed in and {reported} reported by tools.",
            service.name
        );
        let mark = format!("{}:{}", service.id, tx.now.to_datetime().format("%Y-%m"));
        found.push(Finding::of_service(ReviewKind::SelfDeclared, &service, mark, (tx.now, said)));
    }
    Ok(found)
}

/// Whether the typed passes outweigh those that tools reported.
const fn mostly_typed(typed: i64, reported: i64) -> bool {
    typed >= TYPED && typed > reported
}

/// Values that were typed in over another one that CI had proven, where the score rose by it.
fn over_proof(tx: &mut Tx<'_>, values: &[FactRow]) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let mut histories: HashMap<&str, Vec<FactRow>> = HashMap::new();
    for value in values {
        if !histories.contains_key(value.service_id.as_str()) {
            let all = store::facts::history(tx.conn, &value.service_id, tx.now.0)?;
            histories.insert(&value.service_id, all);
        }
        let of_fact = histories.get(value.service_id.as_str()).into_iter().flatten();
        let before = of_fact
            .filter(|row| {
                row.fact == value.fact && (row.received_at, &row.id) < (value.received_at, &value.id)
            })
            .max_by_key(|row| (row.received_at, &row.id));
        let proven = class_code(EvidenceClass::ExecutedCi);
        let Some(before) = before.filter(|row| row.evidence_class == proven && row.value != value.value)
        else {
            continue;
        };
        let rose =
            store::grades::history(tx.conn, &value.service_id, value.received_at, value.received_at, 10)?
                .into_iter()
                .find_map(|row| Some((row.prev_score?, row.score)).filter(|(was, is)| was < is));
        let Some((was, is)) = rose else { continue };
        let Some(service) = store::services::by_id(tx.conn, &value.service_id)? else { continue };
        let at = Timestamp(value.received_at);
        let said = format!(
            "{}: `{}` was {} by proof of CI and was typed in as {} on {}; the score rose from {was} to {is}.",
            service.name,
            value.fact,
            before.value,
            value.value,
            day(at)
        );
        found.push(Finding::of_service(ReviewKind::SelfDeclared, &service, &value.id, (at, said)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_typed_passes_among_many_are_nothing() {
        assert!(mostly_typed(3, 2) && mostly_typed(9, 0));
        assert!(!mostly_typed(2, 0) && !mostly_typed(3, 3) && !mostly_typed(0, 9));
    }
}
