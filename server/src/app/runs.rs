//! Grading runs: all services judged once, in batches of short transactions, resumable after a crash.

use serde_json::json;

use super::grading::judge_all;
use super::standing;
use super::views::{GradingRunView, Page};
use super::{Actor, App, Tx};
use crate::error::{Error, Result};
use crate::store;
use crate::store::runs::{FAILED, FINISHED, QUEUED, RUNNING, RunRow};
use crate::types::Timestamp;

/// Services judged in one transaction.
const BATCH: i64 = 1_000;

/// Where the instant of the last complete run is kept: unchanged scores hold as of it.
pub const LAST_RUN: &str = "grading.last_run";

/// Asks for a run; the run loop (or [`work_off`]) does it.
pub fn request(app: &App, actor: &Actor, started_by: &str) -> Result<GradingRunView> {
    let view = app.write_now(actor, |tx| enqueue(tx, started_by))?;
    app.wake_runs();
    Ok(view)
}

/// Stores a wanted run.
pub fn enqueue(tx: &mut Tx<'_>, started_by: &str) -> Result<GradingRunView> {
    let row = RunRow {
        id: tx.new_id(),
        state: QUEUED,
        started_by: started_by.to_owned(),
        requested_at: tx.now.0,
        started_at: None,
        finished_at: None,
        as_of: None,
        cursor_id: None,
        services: 0,
        changed: 0,
        errors: "[]".into(),
    };
    store::runs::insert(tx.conn, &row)?;
    Ok(view(&row))
}

/// Where the last tick of the schedule is kept.
const LAST_TICK: &str = "grading.last_tick";
/// How long a claimed tick is held before another process may take it.
const LEASE_MS: i64 = 10 * 60 * 1000;

/// Takes a tick of the schedule and asks for its run; false when another process has taken it.
pub fn take_tick(tx: &mut Tx<'_>, job: &str, due: Timestamp) -> Result<bool> {
    if !store::runs::claim(tx.conn, job, due.0, "serve", tx.now.0 + LEASE_MS)? {
        return Ok(false);
    }
    enqueue(tx, "schedule")?;
    store::books::set(tx.conn, LAST_TICK, &due.0.to_string())?;
    store::runs::finish_job(tx.conn, job, due.0)?;
    Ok(true)
}

/// The last tick that was taken.
pub fn last_tick(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let text = store::books::get(tx.conn, LAST_TICK)?;
    Ok(text.and_then(|t| t.parse().ok()).map(Timestamp))
}

/// Does every wanted run; gives the last one.
pub fn work_off(app: &App) -> Result<Option<GradingRunView>> {
    let actor = Actor::schedule();
    let mut last = None;
    while let Some(run) = app.read_now(|tx| Ok(store::runs::next_open(tx.conn)?))? {
        last = Some(finish_run(app, &actor, run)?);
    }
    Ok(last)
}

fn finish_run(app: &App, actor: &Actor, mut run: RunRow) -> Result<GradingRunView> {
    loop {
        match app.write_now(actor, |tx| step(tx, &run)) {
            Ok((next, done)) => {
                run = next;
                if done {
                    return Ok(view(&run));
                }
            }
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(run = %run.id, ?error, "grading run failed");
                run.state = FAILED;
                run.errors = json!([error.to_string()]).to_string();
                let failed = run.clone();
                app.write_now(actor, move |tx| {
                    let row = RunRow { finished_at: Some(tx.now.0), ..failed };
                    Ok(store::runs::update(tx.conn, &row)?)
                })?;
                return Ok(view(&run));
            }
        }
    }
}

/// Judges the next batch; the instant of the whole run is that of its first batch.
fn step(tx: &mut Tx<'_>, run: &RunRow) -> Result<(RunRow, bool)> {
    let mut next = run.clone();
    let as_of = Timestamp(run.as_of.unwrap_or(tx.now.0));
    next.state = RUNNING;
    next.as_of = Some(as_of.0);
    next.started_at = run.started_at.or(Some(tx.now.0));
    let clock_now = tx.now;
    tx.now = as_of;
    let services = store::services::batch_after(tx.conn, run.cursor_id.as_deref().unwrap_or(""), BATCH)?;
    let verdicts = judge_all(tx, &services)?;
    next.changed += verdicts.len() as i64;
    verdicts.write(tx)?;
    next.services += services.len() as i64;
    let done = (services.len() as i64) < BATCH;
    if let Some(last) = services.last() {
        next.cursor_id = Some(last.id.clone());
    }
    if done {
        store::books::set(tx.conn, LAST_RUN, &tx.now.0.to_string())?;
        standing::keep_day(tx)?;
        next.state = FINISHED;
        next.finished_at = Some(clock_now.0.max(tx.now.0));
    }
    tx.now = clock_now;
    store::runs::update(tx.conn, &next)?;
    Ok((next, done))
}

/// The instant of the last complete run; the epoch before the first.
pub fn last_grading(tx: &mut Tx<'_>) -> Result<Timestamp> {
    let text = store::books::get(tx.conn, LAST_RUN)?;
    Ok(Timestamp(text.and_then(|t| t.parse().ok()).unwrap_or(0)))
}

/// One run.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<GradingRunView> {
    let row = store::runs::by_id(tx.conn, id)?.ok_or_else(|| Error::not_found("grading run", id))?;
    Ok(view(&row))
}

/// Runs, newest first.
pub fn list(tx: &mut Tx<'_>, before: Option<&str>, limit: i64) -> Result<Page<GradingRunView>> {
    let mut rows = store::runs::page(tx.conn, before, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|r| r.id.clone());
    Ok(Page { items: rows.iter().map(view).collect(), next })
}

fn view(row: &RunRow) -> GradingRunView {
    let state = match row.state {
        QUEUED => "queued",
        RUNNING => "running",
        FINISHED => "finished",
        _ => "failed",
    };
    GradingRunView {
        id: row.id.clone(),
        state: state.to_owned(),
        trigger: row.started_by.clone(),
        services: row.services,
        changed: row.changed,
        requested_at: Timestamp(row.requested_at),
        started_at: row.started_at.map(Timestamp),
        finished_at: row.finished_at.map(Timestamp),
        errors: serde_json::from_str(&row.errors).unwrap_or_default(),
    }
}
