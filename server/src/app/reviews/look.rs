//! The look itself: what arrived since the last one, each detector over it, and what it found written once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::finding::{Finding, Window};
use super::kind::ReviewKind;
use super::{bulk, declared, edits, no_op, retried, split};
use crate::app::audit::Sides;
use crate::app::{Actor, App, Tx};
use crate::error::Result;
use crate::store;
use crate::store::reviews::{EvidenceRow, OPEN, ReviewRow};
use crate::types::{DAY_MS, Timestamp};

/// Name of the job.
const JOB: &str = "reviews";
/// How long a look is held before another process may take it over.
const LEASE: Duration = Duration::from_mins(30);
/// Where it is kept up to where was looked.
const SEEN: &str = "reviews.seen";
/// The first look of an installation goes back so far.
const FIRST_DAYS: i64 = 7;
/// Each look begins so much earlier than the last one ended, in ms: a transaction may end after its ids were made.
const OVERLAP_MS: i64 = 10 * 60_000;
/// Findings that one transaction writes.
const PART: usize = 200;
/// Evidence of one review at most; more of the same says nothing new.
const MOST_EVIDENCE: i64 = 50;

/// Up to where was looked.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Seen {
    at: i64,
    seq: i64,
}

/// Looks, and tells what went wrong to the log alone: whoever grades shall not be held up by it.
pub fn keep_up(app: &App) {
    if let Err(error) = look(app) {
        tracing::warn!(?error, "reviews");
    }
}

/// Goes through what arrived since the last look; gives how much was noticed that was not known. Nothing where another
/// process is at it.
///
/// # Errors
///
/// Those of the database; the next look begins where this one did.
pub fn look(app: &App) -> Result<usize> {
    let actor = Actor::schedule();
    let now = app.clock().now();
    let seen = app.read_now(seen)?;
    if seen.at >= now.0 {
        return Ok(0);
    }
    if !app.write_now(&actor, |tx| Ok(store::runs::claim(tx.conn, JOB, seen.at, app.instance(), LEASE)?))? {
        return Ok(0);
    }
    let from = if seen.at == 0 { now.0 - FIRST_DAYS * DAY_MS } else { seen.at - OVERLAP_MS };
    let window = Window { from: Timestamp(from), to: now, seq: seen.seq };
    let upto = app.read_now(|tx| Ok(store::events::newest_seq(tx.conn)?))?;
    let found = gather(app, &window)?;
    let mut written = 0;
    for part in found.chunks(PART) {
        written += app.write_now(&actor, |tx| {
            if !store::runs::extend(tx.conn, JOB, seen.at, app.instance(), LEASE)? {
                return Ok(0);
            }
            write(tx, part)
        })?;
    }
    app.write_now(&actor, |tx| {
        if store::runs::extend(tx.conn, JOB, seen.at, app.instance(), LEASE)? {
            let upto = serde_json::to_string(&Seen { at: now.0, seq: upto }).map_err(anyhow::Error::new)?;
            store::books::set(tx.conn, SEEN, &upto)?;
            bulk::looked(tx)?;
            store::runs::finish_job(tx.conn, JOB, seen.at)?;
            store::runs::forget_before(tx.conn, JOB, seen.at)?;
        }
        Ok(())
    })?;
    Ok(written)
}

fn seen(tx: &mut Tx<'_>) -> Result<Seen> {
    let text = store::books::get(tx.conn, SEEN)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Every detector, each in reads of its own: none holds the database for long.
fn gather(app: &App, window: &Window) -> Result<Vec<Finding>> {
    let mut found = no_op::find(app, window)?;
    found.extend(retried::find(app, window)?);
    found.extend(declared::find(app, window)?);
    found.extend(app.read_now(|tx| edits::find(tx, window))?);
    found.extend(app.read_now(|tx| split::find(tx, window))?);
    found.extend(app.read_now(bulk::find)?);
    Ok(found)
}

/// Adds what is new to the open review of its kind and subject, or opens one.
fn write(tx: &mut Tx<'_>, found: &[Finding]) -> Result<usize> {
    let mut written = 0;
    for kind in ReviewKind::ALL {
        let of_kind: Vec<&Finding> = found.iter().filter(|f| f.kind == kind).collect();
        if !of_kind.is_empty() {
            written += write_kind(tx, kind, &of_kind)?;
        }
    }
    Ok(written)
}

fn write_kind(tx: &mut Tx<'_>, kind: ReviewKind, found: &[&Finding]) -> Result<usize> {
    let name = kind.as_str();
    let marks: Vec<String> = found.iter().map(|f| f.mark.clone()).collect();
    let mut known: HashSet<String> = store::reviews::known(tx.conn, name, &marks)?.into_iter().collect();
    let mut by_subject: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in found {
        if let Some(subject) = finding.subject()
            && known.insert(finding.mark.clone())
        {
            by_subject.entry(subject).or_default().push(finding);
        }
    }
    let subjects: Vec<String> = by_subject.keys().map(|id| (*id).to_owned()).collect();
    let open = store::reviews::open_about(tx.conn, name, &subjects)?;
    let open: HashMap<String, String> = open.into_iter().map(|row| (row.subject, row.id)).collect();
    let ids: Vec<String> = open.values().cloned().collect();
    let sizes: HashMap<String, i64> = store::reviews::sizes(tx.conn, &ids)?.into_iter().collect();
    let (mut reviews, mut evidence) = (Vec::new(), Vec::new());
    for (subject, findings) in by_subject {
        let id = open.get(subject).cloned().unwrap_or_else(|| {
            let row = opened(tx, kind, subject, &findings);
            let id = row.id.clone();
            reviews.push(row);
            id
        });
        let room = MOST_EVIDENCE - sizes.get(&id).copied().unwrap_or(0);
        let room = usize::try_from(room).unwrap_or(0);
        evidence.extend(findings.into_iter().take(room).map(|finding| row(&id, finding)));
    }
    for row in &reviews {
        let data = json!({ "review": row.id, "kind": row.kind });
        let of = (row.service_id.as_deref(), row.team_id.as_deref());
        let sides = Sides::made(data.clone());
        tx.emit_change(
            "review_opened",
            of.0,
            of.1,
            format!("A review was opened: {}.", kind.title()),
            &data,
            sides,
        );
    }
    store::reviews::insert(tx.conn, &reviews)?;
    store::reviews::insert_evidence(tx.conn, &evidence)?;
    store::reviews::touch(tx.conn, &ids, tx.now.0)?;
    Ok(evidence.len())
}

fn opened(tx: &Tx<'_>, kind: ReviewKind, subject: &str, findings: &[&Finding]) -> ReviewRow {
    let first = findings.first();
    ReviewRow {
        id: tx.new_id(),
        kind: kind.as_str().to_owned(),
        subject: subject.to_owned(),
        service_id: first.and_then(|f| f.service_id.clone()),
        team_id: first.and_then(|f| f.team_id.clone()),
        state: OPEN.to_owned(),
        opened_at: tx.now.0,
        changed_at: tx.now.0,
        finding: None,
        note: String::new(),
        closed_at: None,
        closed_by: None,
    }
}

fn row(review: &str, finding: &Finding) -> EvidenceRow {
    EvidenceRow {
        kind: finding.kind.as_str().to_owned(),
        mark: finding.mark.clone(),
        review_id: review.to_owned(),
        at: finding.at.0,
        sentence: finding.sentence.clone(),
        drill_id: finding.drill_id.clone(),
        seq: finding.seq,
    }
}
