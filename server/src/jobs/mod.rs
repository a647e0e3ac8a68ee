//! What runs by itself: the nightly grading on its schedule, the ends of seasons, wanted grading runs, collection from
//! sources, hourly tidying.

mod challenges;
mod collect;
mod outbox;
mod prune;
pub mod schedule;

use std::sync::Arc;
use std::time::Duration;

use schedule::Schedule;

use crate::app::{Actor, App, blocking, boards, rulebook, runs};
use crate::error::{Error, Result};
use crate::types::{DAY_MS, Timestamp};

/// Name of the nightly job.
const GRADE_ALL: &str = "grade_all";
/// Longest sleep before the clock is looked at again (it may have been set).
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How often SQLite's log is copied into the database: a page that is written again and again is copied once.
const COPY_EVERY: Duration = Duration::from_secs(1);

/// How often runs are looked for that another process wanted, or left undone.
const OTHERS_WANT: Duration = Duration::from_secs(2);

/// Starts the loops; they end with the process.
pub fn start(app: &Arc<App>) {
    tokio::spawn(schedule_loop(Arc::clone(app)));
    tokio::spawn(run_loop(Arc::clone(app)));
    tokio::spawn(tidy_loop(Arc::clone(app)));
    tokio::spawn(copy_loop(Arc::clone(app)));
    tokio::spawn(challenges::run_loop(Arc::clone(app)));
    tokio::spawn(prune::prune_loop(Arc::clone(app)));
    tokio::spawn(prune::count_loop(Arc::clone(app)));
    collect::start(app);
    outbox::start(app);
    // The first reader of a large organisation need not wait for the sums.
    let fleet = Arc::clone(app.fleet());
    tokio::spawn(blocking(move || fleet.refresh().inspect_err(|error| tracing::warn!(%error, "fleet"))));
}

async fn schedule_loop(app: Arc<App>) {
    loop {
        let worker = Arc::clone(&app);
        // A season that is over is frozen before anything is judged in the next one.
        let work = move || {
            boards::seasons::keep_up(&worker);
            tick(&worker)
        };
        if let Err(error) = blocking(work).await {
            tracing::warn!(?error, "schedule");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Asks for the nightly run if it is due. After an outage only the latest missed tick runs: grading looks at the
/// state, not at the hour.
pub fn tick(app: &App) -> Result<bool> {
    let Some(due) = due(app)? else { return Ok(false) };
    let claimed = app.write_now(&Actor::schedule(), |tx| runs::take_tick(tx, GRADE_ALL, due))?;
    if claimed {
        app.wake_runs();
    }
    Ok(claimed)
}

/// The latest tick that has come and was not taken.
fn due(app: &App) -> Result<Option<Timestamp>> {
    let parsed = Schedule::parse(&app.config.grading_schedule);
    let schedule = parsed.map_err(|e| Error::Internal(anyhow::anyhow!("grading.schedule: {e}")))?;
    let now = app.clock().now();
    let last = app.read_now(runs::last_tick)?.unwrap_or(now.plus_days(-1));
    // Looked for in growing windows: a schedule of every minute has thousands of ticks in a week.
    for window_ms in [2 * 60_000, DAY_MS / 12, DAY_MS, 7 * DAY_MS] {
        let from = last.max(Timestamp(now.0 - window_ms));
        let latest = latest_tick(&schedule, app.config.time_zone, from, now);
        if latest.is_some() || from == last {
            return Ok(latest);
        }
    }
    Ok(None)
}

fn latest_tick(
    schedule: &Schedule,
    zone: chrono_tz::Tz,
    from: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut latest = None;
    let mut at = from.to_datetime();
    while let Some(next) = schedule.next_after(zone, at) {
        if next.timestamp_millis() > now.0 {
            break;
        }
        latest = Some(Timestamp(next.timestamp_millis()));
        at = next;
    }
    latest
}

async fn run_loop(app: Arc<App>) {
    loop {
        let worker = Arc::clone(&app);
        let work = move || rulebook::keep_up(&worker).and_then(|()| runs::work_off(&worker));
        match blocking(work).await {
            Ok(Some(run)) => {
                tracing::info!(run = %run.id, services = run.services, changed = run.changed, "graded");
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(?error, "grading"),
        }
        // Woken when a run is wanted; the time-out finds runs that another process wanted.
        let _ = tokio::time::timeout(OTHERS_WANT, app.run_wanted()).await;
    }
}

/// Keeps the log of SQLite short while there is anything new in it.
async fn copy_loop(app: Arc<App>) {
    let (mut copier, mut seen) = (app.db().copier(), 0);
    loop {
        tokio::time::sleep(COPY_EVERY).await;
        let generation = app.db().generation();
        if generation == seen {
            continue;
        }
        let work = blocking(move || {
            let done = copier.copy();
            Ok((copier, done))
        });
        match work.await {
            Ok((back, done)) => {
                copier = back;
                match done {
                    Ok(()) => seen = generation,
                    Err(error) => tracing::debug!(error = format!("{error:#}"), "copying the log"),
                }
            }
            Err(error) => {
                tracing::warn!(?error, "copying the log");
                copier = app.db().copier();
            }
        }
    }
}

async fn tidy_loop(app: Arc<App>) {
    loop {
        tokio::time::sleep(Duration::from_hours(1)).await;
        let worker = Arc::clone(&app);
        let done = blocking(move || {
            worker.db().checkpoint();
            Ok(())
        });
        if let Err(error) = done.await {
            tracing::warn!(?error, "tidying");
        }
    }
}

/// A number from -1 to 1, so that what failed together is not tried together again.
fn jitter() -> f64 {
    let mut random = [0_u8; 2];
    let _ = getrandom::fill(&mut random);
    f64::from(u16::from_le_bytes(random)) / 32_767.5 - 1.0
}
