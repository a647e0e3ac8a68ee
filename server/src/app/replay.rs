//! Replay: kept documents read again by today's mapping, because mappings get corrected later.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::evidence::Evidence;
use super::grading::{Cause, regrade};
use super::identity::{Identity, verdict};
use super::state;
use super::{Actor, App, Tx};
use crate::error::{Error, Result};
use crate::formats::{self, Format, Hints, Read};
use crate::store;
use crate::store::drills::{DocumentRow, DrillRow};
use crate::types::{DrillKind, Failure, Outcome};

/// Documents read in one transaction.
const BATCH: i64 = 200;

/// What a replay did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReplayReport {
    /// Documents read.
    pub documents: usize,
    /// Drills whose reading changed.
    pub changed: usize,
    /// Documents that cannot be read any more: id and reason.
    pub problems: Vec<String>,
}

/// Reads every kept document again; with `dry_run` only says what would change.
pub fn replay(app: &App, actor: &Actor, dry_run: bool) -> Result<ReplayReport> {
    let mut report = ReplayReport::default();
    let mut after = String::new();
    loop {
        let from = after.clone();
        let step = app.write_now(actor, |tx| {
            let documents = store::drills::documents_after(tx.conn, &from, BATCH)?;
            let mut part = ReplayReport::default();
            let mut touched = BTreeSet::new();
            for document in &documents {
                part.documents += 1;
                match reread(tx, document, dry_run) {
                    Ok(Some(service_id)) => {
                        part.changed += 1;
                        touched.insert(service_id);
                    }
                    Ok(None) => {}
                    Err(error @ (Error::Internal(_) | Error::Unavailable { .. })) => return Err(error),
                    Err(error) => part.problems.push(format!("{}: {error}", document.id)),
                }
            }
            for id in touched.iter().filter(|_| !dry_run) {
                if let Some(service) = store::services::by_id(tx.conn, id)? {
                    regrade(tx, &service, Cause::Evidence)?;
                }
            }
            Ok((documents.last().map(|d| d.id.clone()), part))
        })?;
        report.documents += step.1.documents;
        report.changed += step.1.changed;
        report.problems.extend(step.1.problems);
        match step.0 {
            Some(last) => after = last,
            None => return Ok(report),
        }
    }
}

fn reread(tx: &mut Tx<'_>, document: &DocumentRow, dry_run: bool) -> Result<Option<String>> {
    let Some(held) = store::drills::by_document(tx.conn, &document.id)? else { return Ok(None) };
    let format = Format::parse(&document.format)
        .ok_or_else(|| Error::malformed(format!("the format `{}` is not known any more", document.format)))?;
    let hints = hints_of(&document.hints);
    let Read::Drill(reading) = formats::read(format, document.body.as_bytes(), &hints)? else {
        return Ok(None);
    };
    let identity = Identity::of(&reading)?;
    let (verdict, note) = verdict(&reading, identity.failure);
    let next = DrillRow {
        kind: identity.failure.map(Failure::kind).or(reading.kind).map(DrillKind::code),
        failure: identity.failure.map(Failure::code),
        target: identity.target.clone(),
        environment: identity.environment.clone(),
        outcome: reading.outcome.code(),
        reason: reading.reason.clone(),
        verdict: verdict.map(Outcome::code),
        note,
        rollback: reading.rollback.outcome.code(),
        rollback_reason: reading.rollback.reason.clone(),
        started_at: reading.started_at.map_or(held.started_at, |t| t.0),
        ended_at: reading.ended_at.map_or(held.ended_at, |t| t.0),
        ..held.clone()
    };
    let same = (held.failure, &held.target, &held.environment, held.outcome, &held.reason, held.verdict)
        == (next.failure, &next.target, &next.environment, next.outcome, &next.reason, next.verdict)
        && (held.rollback, held.started_at, held.ended_at) == (next.rollback, next.started_at, next.ended_at);
    if same {
        return Ok(None);
    }
    if !dry_run {
        store::services::lock(tx.conn, &held.service_id)?;
        store::drills::update_reading(tx.conn, &next)?;
        rebuild(tx, &held)?;
        rebuild(tx, &next)?;
    }
    Ok(Some(next.service_id))
}

/// Folds an identity's state again from its kept drills.
pub(super) fn rebuild(tx: &mut Tx<'_>, of: &DrillRow) -> Result<()> {
    let Some(failure) = of.failure else { return Ok(()) };
    let drills = store::drills::counted_of(tx.conn, &of.service_id, failure, &of.target, &of.environment)?;
    let mut evidence = Evidence::between(tx.conn, &of.service_id, &of.service_id)?;
    let evidence = evidence.of_mut(&of.service_id);
    match state::fold(&drills).pop() {
        Some(next) => evidence.put_state(next),
        None => evidence.remove_state((failure, &of.target, &of.environment)),
    }
    store::evidence::put(tx.conn, &[evidence.row(&of.service_id)?])?;
    Ok(())
}

fn hints_of(text: &str) -> Hints {
    let kept: BTreeMap<String, Option<String>> = serde_json::from_str(text).unwrap_or_default();
    let get = |key: &str| kept.get(key).cloned().flatten();
    Hints {
        service: get("service"),
        kind: get("kind"),
        failure: get("failure"),
        target: get("target"),
        environment: get("environment"),
        ticket: None,
        exit_code: get("exit_code"),
    }
}
