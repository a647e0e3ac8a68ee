//! Reads of the event log and of drills: the feed, the evidence behind a service, the drill matrix.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::deployments::BreakWindow;
use super::evidence::{Evidence, State};
use super::facts::class_of;
use super::grading::judge;
use super::owners;
use super::views::{DrillCell, DrillMatrix, DrillView, EventView, Page, RollbackView};
use super::{Tx, deployments, runs};
use crate::error::{Error, Result};
use crate::store;
use crate::store::drills::DrillRow;
use crate::store::events::EventRow;
use crate::store::log::Part;
use crate::store::services::ServiceRow;
use crate::types::{Failure, Outcome, RollbackOutcome, Timestamp};

/// Which events to show.
#[derive(Clone, Debug, Default)]
pub struct AskEvents {
    /// Service slug or reference.
    pub service: Option<String>,
    /// Team slug; its whole subtree counts.
    pub team: Option<String>,
    /// Only these kinds, where neither service nor team is named.
    pub kinds: Option<Vec<String>>,
}

/// Teams whose parts of the log are read one by one and merged; of more, the log is walked.
const MERGED: usize = 40;

/// Which parts of the log an ask means.
enum Scope {
    All,
    Service(String),
    Teams(Vec<String>),
    Kinds(Vec<String>),
}

impl Scope {
    fn of(tx: &mut Tx<'_>, ask: &AskEvents) -> Result<Self> {
        if let Some(name) = &ask.service {
            return Ok(Self::Service(owners::service(tx, name)?.id));
        }
        if let Some(slug) = &ask.team {
            let team = owners::team(tx, slug)?;
            return Ok(Self::Teams(store::fleet::team_ids_below(tx.conn, &team.path)?));
        }
        Ok(ask.kinds.clone().map_or(Self::All, Self::Kinds))
    }

    fn parts(&self) -> Vec<Part<'_>> {
        match self {
            Self::All => vec![Part::All],
            Self::Service(id) => vec![Part::Service(id)],
            Self::Teams(ids) if ids.len() > MERGED => vec![Part::Teams(ids)],
            Self::Teams(ids) => ids.iter().map(|id| Part::Team(id)).collect(),
            Self::Kinds(kinds) => kinds.iter().map(|kind| Part::Kind(kind)).collect(),
        }
    }
}

/// Events after position `after`, oldest first; `next` is the position to go on from.
pub fn events_after(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Page<EventView>> {
    let veil = tx.veil()?;
    let rows = store::log::after(tx.conn, after, limit, veil.unseen())?;
    page_of(tx, rows, limit)
}

/// The newest events, newest first; `next` is the position to go on from.
pub fn events_latest(
    tx: &mut Tx<'_>,
    ask: &AskEvents,
    before: Option<i64>,
    limit: i64,
) -> Result<Page<EventView>> {
    let scope = Scope::of(tx, ask)?;
    let veil = tx.veil()?;
    let mut rows = Vec::new();
    for part in scope.parts() {
        rows.extend(store::log::latest(tx.conn, part, before, limit, veil.unseen())?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.seq));
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    page_of(tx, rows, limit)
}

fn page_of(tx: &mut Tx<'_>, rows: Vec<EventRow>, limit: i64) -> Result<Page<EventView>> {
    let more = rows.len() as i64 == limit;
    let next = rows.last().filter(|_| more).map(|r| r.seq.to_string());
    Ok(Page { items: event_views(tx, &rows)?, next })
}

pub(super) fn event_views(tx: &mut Tx<'_>, rows: &[EventRow]) -> Result<Vec<EventView>> {
    let distinct = |ids: Vec<&String>| -> Vec<String> {
        ids.into_iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    let ids = distinct(rows.iter().filter_map(|r| r.service_id.as_ref()).collect());
    let slugs: HashMap<String, String> =
        store::services::by_ids(tx.conn, &ids)?.into_iter().map(|s| (s.id, s.slug)).collect();
    let ids = distinct(rows.iter().filter_map(|r| r.team_id.as_ref()).collect());
    let teams: HashMap<String, String> =
        store::fleet::team_names(tx.conn, &ids)?.into_iter().map(|(id, slug, _)| (id, slug)).collect();
    Ok(rows
        .iter()
        .map(|row| EventView {
            seq: row.seq,
            id: row.id.clone(),
            at: Timestamp(row.at),
            kind: row.kind.clone(),
            service: row.service_id.as_ref().and_then(|id| slugs.get(id)).cloned(),
            team: row.team_id.as_ref().and_then(|id| teams.get(id)).cloned(),
            actor: row.actor.clone(),
            sentence: row.sentence.clone(),
            data: serde_json::from_str(&row.data).unwrap_or_default(),
        })
        .collect())
}

/// Drills of a service, newest first.
pub fn drills(tx: &mut Tx<'_>, name: &str, cursor: Option<&str>, limit: i64) -> Result<Page<DrillView>> {
    let service = owners::service(tx, name)?;
    let before = match cursor {
        None => None,
        Some(text) => {
            let bad =
                || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
            let (at, id) = text.split_once('.').ok_or_else(bad)?;
            Some((at.parse().map_err(|_| bad())?, id.to_owned()))
        }
    };
    let mut rows = store::drills::page(tx.conn, &service.id, before, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|r| format!("{}.{}", r.ended_at, r.id));
    let mut items: Vec<DrillView> = rows.iter().map(|r| drill_view(&service, r)).collect();
    name_tickets(tx, &mut items)?;
    Ok(Page { items, next })
}

/// One drill.
pub fn drill(tx: &mut Tx<'_>, id: &str) -> Result<DrillView> {
    let unknown = || Error::not_found("drill", id.chars().take(60).collect::<String>());
    let row = store::drills::by_id(tx.conn, id)?.ok_or_else(unknown)?;
    let service = store::services::by_id(tx.conn, &row.service_id)?
        .ok_or_else(|| anyhow::anyhow!("drill {id} without its service"))?;
    if !tx.sees(&service)? {
        return Err(unknown());
    }
    let mut view = drill_view(&service, &row);
    name_tickets(tx, std::slice::from_mut(&mut view))?;
    Ok(view)
}

/// Tells of drills under which tickets they were run.
fn name_tickets(tx: &mut Tx<'_>, drills: &mut [DrillView]) -> Result<()> {
    let ids: Vec<String> = drills.iter().map(|drill| drill.id.clone()).collect();
    let rows = store::tickets::of_drills(tx.conn, &ids)?;
    let mut tickets: HashMap<String, String> = rows.into_iter().map(|r| (r.drill_id, r.ticket_id)).collect();
    for drill in drills {
        drill.ticket = tickets.remove(&drill.id);
    }
    Ok(())
}

pub(super) fn drill_view(service: &ServiceRow, row: &DrillRow) -> DrillView {
    let seconds = |ms: Option<i64>| ms.map(|m| m as f64 / 1000.0);
    let failure = row.failure.and_then(Failure::from_code);
    let kind = row.kind.and_then(crate::types::DrillKind::from_code);
    DrillView {
        id: row.id.clone(),
        service: service.slug.clone(),
        kind: kind.map(|k| k.as_str().to_owned()),
        failure: failure.map(|f| f.as_str().to_owned()),
        target: (!row.target.is_empty()).then(|| row.target.clone()),
        environment: (!row.environment.is_empty()).then(|| row.environment.clone()),
        outcome: Outcome::from_code(row.outcome).map_or("", Outcome::as_str).to_owned(),
        reason: row.note.clone().unwrap_or_else(|| row.reason.clone()),
        counted: row.verdict.is_some(),
        regression: row.regression,
        exploratory: row.exploratory,
        rollback: RollbackView {
            outcome: RollbackOutcome::from_code(row.rollback).map_or("", RollbackOutcome::as_str).to_owned(),
            reason: row.rollback_reason.clone(),
            seconds: seconds(row.rollback_ms),
        },
        started_at: Timestamp(row.started_at),
        ended_at: Timestamp(row.ended_at),
        received_at: Timestamp(row.received_at),
        detected_after_seconds: seconds(row.detected_ms),
        recovered_after_seconds: seconds(row.recovered_ms),
        hypothesis: row.hypothesis.clone().or_else(|| row.title.clone()),
        evidence: serde_json::from_str(&row.evidence).unwrap_or_default(),
        evidence_class: class_of(row.evidence_class).as_str().to_owned(),
        sender: row.sender.clone(),
        tool: row.tool.clone(),
        run_id: row.run_id.clone(),
        external_id: row.external_id.clone(),
        ticket: None,
    }
}

/// When the latest of these regressions broke, and what was deployed in between.
fn broke(tx: &mut Tx<'_>, service: &ServiceRow, states: &[&State]) -> Result<Option<BreakWindow>> {
    let broken = states.iter().filter_map(|s| Some((s.regressed_at?, s.passed_at?, &s.environment))).max();
    let Some((regressed_at, passed_at, environment)) = broken else { return Ok(None) };
    let of = (service.id.as_str(), service.slug.as_str());
    deployments::window(tx, of, environment, (passed_at, regressed_at)).map(Some)
}

/// What the rulebook expects of a service's drills, and where each failure class stands.
pub fn matrix(tx: &mut Tx<'_>, name: &str) -> Result<DrillMatrix> {
    let service = owners::service(tx, name)?;
    let graded = store::grades::one(tx.conn, &service.id)?.map_or(0, |s| s.graded_at);
    let at = runs::last_grading(tx)?.max(Timestamp(graded)).min(tx.now);
    let evidence = Evidence::between(tx.conn, &service.id, &service.id)?;
    let book = Arc::clone(&tx.book);
    let rules = &book.rulebook;
    let judged = judge(rules, &book.slots, &service, evidence.of(&service.id), at, false);
    let windows = rules.windows(&judged.sheet.facts, at.0);
    let states = evidence.states(&service.id);
    let ids: Vec<String> = states.iter().map(|s| s.last_drill_id.clone()).collect();
    let rows: HashMap<String, DrillRow> =
        store::drills::by_ids(tx.conn, &ids)?.into_iter().map(|r| (r.id.clone(), r)).collect();
    let mut cells = Vec::new();
    for failure in Failure::ALL {
        let fact = rules.catalogue().id(&format!("{}_days_since_passed", failure.fact_prefix()));
        let window = windows.iter().find(|w| Some(w.fact) == fact);
        let rule = window.and_then(|w| rules.rules().get(w.rule));
        let of_class: Vec<_> = states.iter().filter(|s| s.failure == failure.code()).collect();
        let last = of_class.iter().max_by_key(|s| s.last_at);
        let passed = of_class.iter().filter_map(|s| s.passed_at).max();
        let days = passed.map(|p| Timestamp(p).days_until(at));
        let fresh_days = window.map_or(i64::MAX, |w| i64::from(w.fresh_days));
        let flaky = book.slots.flaky(rules, failure.code());
        let state = match last {
            None => "never_run",
            Some(_) if of_class.iter().any(|s| s.regressed(flaky)) => "regressed",
            Some(s) if !s.holds(flaky) => "failed",
            Some(_) if days.is_some_and(|d| d <= fresh_days) => "fresh",
            Some(_) => "stale",
        };
        cells.push(DrillCell {
            broke: broke(tx, &service, &of_class)?,
            kind: failure.kind().as_str().to_owned(),
            failure: failure.as_str().to_owned(),
            state: state.to_owned(),
            expected: window.is_some(),
            rule: rule.map(|r| r.id.clone()),
            points: rule.map(|r| r.points),
            fresh_days: window.map(|w| i64::from(w.fresh_days)),
            expires_days: window.map(|w| i64::from(w.expires_days)),
            days_since_passed: days,
            due_on: passed
                .zip(window)
                .map(|(at, w)| Timestamp(at).plus_days(i64::from(w.fresh_days) + 1).day_text()),
            last: last.and_then(|s| rows.get(&s.last_drill_id)).map(|r| drill_view(&service, r)),
            identities: of_class.len() as i64,
        });
    }
    cells.sort_by_key(|c| !c.expected);
    let expected = cells.iter().filter(|c| c.expected).count() as i64;
    let count = |state: &str| cells.iter().filter(|c| c.expected && c.state == state).count() as i64;
    Ok(DrillMatrix {
        service: service.slug,
        expected,
        fresh: count("fresh"),
        never_run: count("never_run"),
        cells,
    })
}
