//! The batches of a grading run: planned once, claimed by whoever is free, written only by who holds the claim.

use std::time::Duration;

use serde_json::json;

use super::LAST_RUN;
use crate::app::grading::{judge_again, judge_all};
use crate::app::{Actor, App, Tx, standing};
use crate::error::{Error, Result};
use crate::store;
use crate::store::runs::{BatchRow, DONE, FAILED, FINISHED, OPEN, QUEUED, RUNNING, RunRow};
use crate::types::Timestamp;

/// Services judged in one transaction.
const SERVICES: i64 = 1_000;
/// How long a batch is held before another process may take it over; judging one takes a small part of that.
const LEASE: Duration = Duration::from_secs(30);
/// A batch that fails so often fails its run.
const ATTEMPTS: i64 = 3;
/// Threads of one process that judge: others shall find a free connection too.
const MOST_THREADS: usize = 4;
/// After every id.
const END: &str = "~";

/// Works on the batches of a run, on every core, until none is free.
pub(super) fn work(app: &App, run_id: &str) -> Result<()> {
    let Some(run) = plan(app, run_id)? else { return Ok(()) };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(|| work_alone(app, &run))).collect();
        let mut done = work_alone(app, &run);
        for helper in helpers {
            let of_helper = helper.join();
            done = done.and(of_helper.unwrap_or_else(|_| Err(anyhow::anyhow!("grading panicked").into())));
        }
        done
    })
}

/// Begins a queued run: cuts it into batches and fixes its instant. None when it has ended meanwhile.
fn plan(app: &App, run_id: &str) -> Result<Option<RunRow>> {
    app.write_now(&Actor::schedule(), |tx| {
        let Some(run) = store::runs::by_id(tx.conn, run_id)? else { return Ok(None) };
        if run.state == QUEUED {
            let mut ends = store::runs::bounds(tx.conn, SERVICES)?;
            ends.push(END.to_owned());
            let starts = std::iter::once(String::new()).chain(ends.iter().cloned());
            let batches: Vec<BatchRow> = (0..)
                .zip(starts.zip(&ends))
                .map(|(seq, (after_id, to_id))| BatchRow {
                    run_id: run_id.to_owned(),
                    seq,
                    after_id,
                    to_id: to_id.clone(),
                    state: OPEN,
                    owner: String::new(),
                    lease_until: 0,
                    attempt: 0,
                })
                .collect();
            store::runs::begin(tx.conn, run_id, tx.now.0, &batches)?;
        }
        Ok(store::runs::by_id(tx.conn, run_id)?.filter(|r| r.state == RUNNING))
    })
}

fn work_alone(app: &App, run: &RunRow) -> Result<()> {
    let actor = Actor::schedule();
    let mut next = app.write_now(&actor, |tx| claim(tx, app, run))?;
    while let Some(batch) = next {
        next = match judge(app, &actor, run, &batch) {
            Ok(next) => next,
            // The claim ends by itself, here or elsewhere somebody takes the batch over.
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(run = %run.id, batch = batch.seq, ?error, "a batch failed");
                app.write_now(&actor, |tx| give_up(tx, app, run, &batch, &error))?
            }
        };
    }
    Ok(())
}

fn claim(tx: &mut Tx<'_>, app: &App, run: &RunRow) -> Result<Option<BatchRow>> {
    Ok(store::runs::claim_batch(tx.conn, &run.id, app.instance(), LEASE)?)
}

/// Reads and judges a batch without a lock, then writes what changed and claims the next one.
fn judge(app: &App, actor: &Actor, run: &RunRow, batch: &BatchRow) -> Result<Option<BatchRow>> {
    let as_of = Timestamp(run.as_of.unwrap_or(0));
    let (services, mut verdicts) = app.read_as(actor, |tx| {
        tx.now = as_of;
        let services = store::services::within(tx.conn, &batch.after_id, &batch.to_id)?;
        let verdicts = judge_all(tx, &services)?;
        Ok((services.len() as i64, verdicts))
    })?;
    app.write_now(actor, |tx| {
        // First of all: whoever lost the batch writes nothing.
        if store::runs::leave_batch(tx.conn, batch, DONE)? {
            let clock_now = std::mem::replace(&mut tx.now, as_of);
            let overtaken = verdicts.drop_overtaken(tx)?;
            let mut changed = verdicts.len() as i64;
            verdicts.write(tx)?;
            for id in &overtaken {
                changed += i64::from(judge_again(tx, id)?);
            }
            tx.now = clock_now;
            store::runs::count(tx.conn, &run.id, services, changed)?;
        }
        claim(tx, app, run)
    })
}

/// Leaves a batch that failed to another try, or ends the run.
fn give_up(
    tx: &mut Tx<'_>,
    app: &App,
    run: &RunRow,
    batch: &BatchRow,
    error: &Error,
) -> Result<Option<BatchRow>> {
    if batch.attempt >= ATTEMPTS {
        let errors = json!([error.to_string()]).to_string();
        store::runs::end(tx.conn, &run.id, FAILED, tx.now.0, &errors)?;
        return Ok(None);
    }
    store::runs::leave_batch(tx.conn, batch, OPEN)?;
    claim(tx, app, run)
}

/// Ends a run whose batches are all done, and keeps the standings of the day. None while others work on it.
pub(super) fn end(app: &App, run_id: &str) -> Result<Option<RunRow>> {
    let standings = app.read_now(|tx| {
        let run = store::runs::by_id(tx.conn, run_id)?.filter(|r| r.state == RUNNING);
        let Some(run) = run else { return Ok(None) };
        if store::runs::batches_left(tx.conn, run_id)? > 0 {
            return Ok(None);
        }
        let as_of = Timestamp(run.as_of.unwrap_or(0));
        Ok(Some((as_of, standing::rows_of(tx, as_of.day())?)))
    })?;
    app.write_now(&Actor::schedule(), |tx| {
        if let Some((as_of, rows)) = &standings {
            let ended = tx.now.0.max(as_of.0);
            if store::runs::end(tx.conn, run_id, FINISHED, ended, "[]")? {
                let last = super::last_grading(tx)?.max(*as_of);
                store::books::set(tx.conn, LAST_RUN, &last.0.to_string())?;
                store::boards::put_daily(tx.conn, rows)?;
            }
        }
        Ok(store::runs::by_id(tx.conn, run_id)?.filter(|r| r.finished_at.is_some()))
    })
}
