//! Grading runs: all services judged once, in batches that any process claims, resumable after a crash.

mod batches;

use std::time::Duration;

use super::views::{GradingRunView, Page};
use super::{Actor, App, Tx, boards, reviews, rulebook};
use crate::error::{Error, Result};
use crate::store;
use crate::store::runs::{FINISHED, QUEUED, RUNNING, RunRow};
use crate::types::Timestamp;

/// How long [`finish`] waits before it looks again at a run that others work on.
const WAIT: Duration = Duration::from_millis(200);

/// Where the instant of the last complete run is kept: unchanged scores hold as of it.
const LAST_RUN: &str = "grading.last_run";

/// Asks for a run; the run loop (or [`work_off`]) does it.
pub fn request(app: &App, actor: &Actor, started_by: &str) -> Result<GradingRunView> {
    let view = app.write_now(actor, |tx| {
        let run = enqueue(tx, started_by)?;
        let data = serde_json::json!({ "run": run.id });
        tx.emit("grading_requested", None, None, "A grading of all services was asked for.".into(), &data);
        Ok(run)
    })?;
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
const LEASE: Duration = Duration::from_mins(10);

/// Takes a tick of the schedule and asks for its run; false when another process has taken it.
pub fn take_tick(tx: &mut Tx<'_>, job: &str, due: Timestamp) -> Result<bool> {
    if !store::runs::claim(tx.conn, job, due.0, &tx.actor.name, LEASE)? {
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

/// Does every wanted run, on all cores, beside other processes that do the same; gives the last one that ended.
///
/// While another process holds the last batch of a run there is nothing to do here: ask again later.
pub fn work_off(app: &App) -> Result<Option<GradingRunView>> {
    let mut last = None;
    while let Some(run) = app.read_now(|tx| Ok(store::runs::next_open(tx.conn)?))? {
        rulebook::keep_up(app)?;
        // Before the run: what it writes belongs to the season that has begun.
        boards::seasons::keep_up(app);
        batches::work(app, &run.id)?;
        match batches::end(app, &run.id)? {
            Some(ended) => {
                boards::seasons::keep_up(app);
                reviews::keep_up(app);
                last = Some(view(&ended));
            }
            None => break,
        }
    }
    Ok(last)
}

/// Does what is wanted until this run has ended, wherever it is worked on.
pub fn finish(app: &App, id: &str) -> Result<GradingRunView> {
    loop {
        work_off(app)?;
        let run = app.read_now(|tx| get(tx, id))?;
        if run.finished_at.is_some() {
            return Ok(run);
        }
        std::thread::sleep(WAIT);
    }
}

/// The instant of the last complete run; the epoch before the first.
pub fn last_grading(tx: &mut Tx<'_>) -> Result<Timestamp> {
    last_run(tx.conn)
}

/// The same on a connection.
pub(super) fn last_run(conn: &mut store::Conn) -> Result<Timestamp> {
    let text = store::books::get(conn, LAST_RUN)?;
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
