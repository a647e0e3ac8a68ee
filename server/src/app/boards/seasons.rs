//! Seasons begin and end: who takes part is noted, final standings are frozen. By any one process, at most once each.

use std::time::Duration;

use serde_json::json;

use super::archive::titles;
use super::cohort::each_missing;
use super::finals;
use super::season::Season;
use crate::app::{Actor, App, runs};
use crate::error::Result;
use crate::store;
use crate::store::seasons::SeasonRow;

/// Name of the job.
const JOB: &str = "season_end";
/// How long a season's end is held before another process may take it over; each part that is written extends it.
const LEASE: Duration = Duration::from_mins(10);
/// Rows that one transaction writes: others shall not wait long.
const PART: usize = 2_000;
/// Where it is kept up to which run the roster of the season is complete.
const ENROLLED: &str = "season.enrolled";

/// Does what is due, and tells what went wrong to the log alone: whoever grades shall not be held up by a board.
pub fn keep_up(app: &App) {
    if let Err(error) = tick(app) {
        tracing::warn!(?error, "seasons");
    }
}

/// Freezes seasons that are over, and notes who takes part in the one that is not. True if anything was frozen.
///
/// # Errors
///
/// Those of the database; the next tick tries again.
pub fn tick(app: &App) -> Result<bool> {
    let current = Season::at(app.clock().now());
    let mut frozen = false;
    for season in over(app, current)? {
        frozen |= freeze(app, season)?;
    }
    enrol(app, current)?;
    Ok(frozen)
}

/// Seasons that are over and not frozen, oldest first: those that were opened, and the last one.
fn over(app: &App, current: Season) -> Result<Vec<Season>> {
    app.read_now(|tx| {
        let mut found: Vec<Season> = store::seasons::unfrozen(tx.conn, &current.to_string())?
            .iter()
            .filter_map(|name| Season::parse(name).ok())
            .collect();
        let last = current.before();
        if store::seasons::one(tx.conn, &last.to_string())?.is_none()
            && store::seasons::began(tx.conn)?.is_some_and(|at| at < last.end().0)
        {
            found.push(last);
        }
        found.sort_unstable();
        Ok(found)
    })
}

fn row(season: Season, now: i64) -> SeasonRow {
    SeasonRow {
        season: season.to_string(),
        starts_at: season.start().0,
        ends_at: season.end().0,
        opened_at: now,
        frozen_at: None,
        leagues: "[]".to_owned(),
    }
}

/// Writes the final standings of a season; false where another process does or did.
fn freeze(app: &App, season: Season) -> Result<bool> {
    let (actor, due, name) = (Actor::schedule(), season.end().0, season.to_string());
    let claimed = app.write_now(&actor, |tx| {
        if !store::runs::claim(tx.conn, JOB, due, app.instance(), LEASE)? {
            return Ok(false);
        }
        store::seasons::open(tx.conn, &row(season, tx.now.0))?;
        // What a process began that ended before it was done.
        store::seasons::forget_finals(tx.conn, &name)?;
        Ok(true)
    })?;
    if !claimed {
        return Ok(false);
    }
    let book = app.book();
    let leagues = book.rulebook.leagues();
    let rows = app.read_now(|tx| finals::compute(tx, season, leagues))?;
    for part in rows.chunks(PART) {
        let held = app.write_now(&actor, |tx| {
            let held = store::runs::extend(tx.conn, JOB, due, app.instance(), LEASE)?;
            if held {
                store::seasons::put_finals(tx.conn, part)?;
            }
            Ok(held)
        })?;
        if !held {
            return Ok(false);
        }
    }
    app.write_now(&actor, |tx| {
        let held = store::runs::extend(tx.conn, JOB, due, app.instance(), LEASE)?;
        if !held || !store::seasons::freeze(tx.conn, &name, tx.now.0, &titles(&leagues.all()))? {
            return Ok(false);
        }
        store::runs::finish_job(tx.conn, JOB, due)?;
        if !rows.is_empty() {
            let sentence = format!("The season {name} has ended. Its boards are final and stay readable.");
            tx.emit("season_ended", None, None, sentence, &json!({ "season": name }));
        }
        Ok(true)
    })
}

/// Notes who takes part in the season, once it has begun and after each run: services that came since.
fn enrol(app: &App, season: Season) -> Result<()> {
    let state = app.read_now(|tx| {
        let state = format!("{season} {}", runs::last_grading(tx)?.0);
        Ok((store::books::get(tx.conn, ENROLLED)?.as_ref() != Some(&state)).then_some(state))
    })?;
    let Some(state) = state else { return Ok(()) };
    let rows = app.read_now(|tx| {
        let mut all = Vec::new();
        each_missing(tx.conn, season, |_, mut rows| {
            all.append(&mut rows);
            Ok(())
        })?;
        Ok(all)
    })?;
    let actor = Actor::schedule();
    for part in rows.chunks(PART) {
        app.write_now(&actor, |tx| Ok(store::seasons::enrol(tx.conn, part)?))?;
    }
    app.write_now(&actor, |tx| {
        store::seasons::open(tx.conn, &row(season, tx.now.0))?;
        // Nobody asks any more where services stood at the start of a season that is frozen.
        store::seasons::forget_roster(tx.conn, &season.before().before().to_string())?;
        Ok(store::books::set(tx.conn, ENROLLED, &state)?)
    })
}
