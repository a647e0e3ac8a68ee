//! Reads of challenges: the list, one with everything about it, its items, the badges of a team.

use std::collections::HashSet;
use std::sync::Arc;

use scoring_rules::quest::{self, Count, Pace};

use super::items::to_go;
use super::progress::Progress;
use super::views::{
    ChallengeRow, ChallengeView, DayView, MilestoneView, PaceView, ProgressView, StandingView, ToGo,
};
use super::{CANCELLED, DRAFT, ENDED, OPEN, cycle, goal, kept, knows, scope, standings, stored};
use crate::app::views::{EventView, Page};
use crate::app::{Tx, owners};
use crate::error::Result;
use crate::store;
use crate::store::challenges::ChallengeRow as Row;
use crate::types::{DAY_MS, Timestamp};

/// Challenges, newest first; drafts for who plans them.
pub fn list(
    tx: &mut Tx<'_>,
    state: Option<&str>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<ChallengeRow>> {
    let states: Vec<&str> = match state {
        Some(state) => vec![state],
        None if tx.plans_challenges() => vec![DRAFT, OPEN, ENDED, CANCELLED],
        None => vec![OPEN, ENDED, CANCELLED],
    };
    let limit = limit.clamp(1, store::MAX_PAGE);
    let (mut items, mut before) = (Vec::new(), cursor.map(str::to_owned));
    loop {
        let rows = store::challenges::page(tx.conn, &states, before.as_deref(), limit + 1)?;
        let whole = rows.len() as i64 > limit;
        for row in rows {
            if !knows(tx, &row)? {
                before = Some(row.id);
                continue;
            }
            if items.len() as i64 == limit {
                return Ok(Page { items, next: before });
            }
            items.push(row_view(tx, &row, None)?);
            before = Some(row.id);
        }
        if !whole {
            return Ok(Page { items, next: None });
        }
    }
}

/// The challenge that runs and ends first, for Home.
pub fn running(tx: &mut Tx<'_>, team: Option<&str>) -> Result<Option<(ChallengeRow, Option<ToGo>)>> {
    let mut open = store::challenges::page(tx.conn, &[OPEN], None, store::MAX_PAGE)?;
    open.sort_by_key(|row| row.ends_at);
    for row in open {
        if !knows(tx, &row)? {
            continue;
        }
        let progress = kept::progress(tx, &row)?;
        let view = row_view(tx, &row, Some(&progress))?;
        let mine = match team {
            Some(slug) => to_go(tx, &progress, slug)?,
            None => None,
        };
        return Ok(Some((view, mine)));
    }
    Ok(None)
}

/// A challenge with everything about it.
pub fn one(tx: &mut Tx<'_>, slug: &str) -> Result<ChallengeView> {
    let row = stored(tx, slug)?;
    let progress = live(tx, &row)?;
    view(tx, &row, progress.as_deref())
}

/// What the page of a challenge shows.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The challenge.
    pub view: ChallengeView,
    /// Teams against their own goals.
    pub standings: Vec<StandingView>,
    /// What the reader's team has to do.
    pub mine: Option<ToGo>,
    /// What happened in it.
    pub events: Vec<EventView>,
}

/// [`one`] with standings, what the team of this slug has to do, and what happened.
pub fn opened(tx: &mut Tx<'_>, slug: &str, team: Option<&str>) -> Result<Opened> {
    let row = stored(tx, slug)?;
    let progress = live(tx, &row)?;
    let view = view(tx, &row, progress.as_deref())?;
    let standings = match &progress {
        Some(progress) if row.state == DRAFT => standings::preview(tx, &row, progress)?,
        _ => standings::of(tx, &row)?,
    };
    let mine = match (&progress, team.filter(|_| row.state == OPEN)) {
        (Some(progress), Some(team)) => to_go(tx, progress, team)?,
        _ => None,
    };
    let kinds = ["challenge_started", "challenge_milestone", "challenge_reward_earned", "challenge_ended"];
    let ask = crate::app::feed::AskEvents {
        kinds: Some(kinds.map(str::to_owned).to_vec()),
        ..crate::app::feed::AskEvents::default()
    };
    let mut events = crate::app::feed::events_latest(tx, &ask, None, 60)?.items;
    events.retain(|event| event.data.get("challenge").and_then(|c| c.as_str()) == Some(row.slug.as_str()));
    Ok(Opened { view, standings, mine, events })
}

pub(super) fn live(tx: &mut Tx<'_>, row: &Row) -> Result<Option<Arc<Progress>>> {
    if row.state == OPEN || row.state == DRAFT { kept::progress(tx, row).map(Some) } else { Ok(None) }
}

/// Where a challenge stands, began and ended.
fn count_of(row: &Row, progress: Option<&Progress>) -> Option<(Count, Timestamp)> {
    if let Some(progress) = progress {
        return Some((progress.all, progress.at));
    }
    let (done, total) = row.end_done.zip(row.end_total)?;
    Some((Count::new(done, total), Timestamp(row.ends_at)))
}

fn row_view(tx: &mut Tx<'_>, row: &Row, progress: Option<&Progress>) -> Result<ChallengeRow> {
    let held = if progress.is_none() && row.state == OPEN { Some(kept::progress(tx, row)?) } else { None };
    let progress = progress.or(held.as_deref());
    let target = i64::from(row.target);
    let now = count_of(row, progress);
    let start = if row.state == DRAFT { now.map_or(Count::default(), |n| n.0) } else { cycle::start_of(row) };
    let teams_reached = match (row.state.as_str(), progress) {
        (OPEN, Some(progress)) => {
            let teams = store::challenges::teams(tx.conn, &row.id)?;
            let met = |t: &&store::challenges::TeamRow| {
                progress.teams.get(&t.team_id).is_some_and(|count| count.reaches(i64::from(t.goal)))
            };
            teams.iter().filter(met).count() as i64
        }
        (ENDED, _) => store::challenges::count_rewards(tx.conn, &row.id)?,
        _ => 0,
    };
    let goal = goal::read(row);
    let scope = seen_scope(tx, row)?;
    let names = team_names(tx, &scope.teams)?;
    Ok(ChallengeRow {
        slug: row.slug.clone(),
        title: row.title.clone(),
        why: row.why.clone(),
        state: row.state.clone(),
        starts_at: Timestamp(row.starts_at),
        ends_at: Timestamp(row.ends_at),
        target_pct: target,
        asks: format!("{}: {}", goal.words(), scope_words(row, &scope, &names)),
        noun: goal.noun().to_owned(),
        badge: row.badge.clone(),
        progress: now.map(|(now, at)| ProgressView {
            done: now.done,
            total: now.total,
            pct: now.pct(),
            start_pct: start.pct(),
            to_go: now.to_go(target),
            reached: now.reaches(target),
            at,
        }),
        teams_reached,
    })
}

/// A scope in words; what is hidden from the reader is not named, and does not make it look wider than it is.
fn scope_words(row: &Row, seen: &scope::ChallengeScope, names: &[String]) -> String {
    let whole = scope::read(row);
    if *seen == whole {
        return whole.words(names);
    }
    if !whole.services.is_empty() {
        return whole.words(&[]);
    }
    let mut names = names.to_vec();
    names.push("others".to_owned());
    whole.words(&names)
}

fn seen_scope(tx: &mut Tx<'_>, row: &Row) -> Result<scope::ChallengeScope> {
    let mut scope = scope::read(row);
    let veil = tx.veil()?;
    if !veil.is_empty() {
        let mut seen = Vec::new();
        for slug in scope.teams.drain(..) {
            if owners::known_team(tx, &slug)?.is_some() {
                seen.push(slug);
            }
        }
        scope.teams = seen;
        let rows = store::services::by_slugs(tx.conn, &scope.services)?;
        let hidden: HashSet<&String> = rows.iter().filter(|s| veil.hides(s)).map(|s| &s.slug).collect();
        scope.services.retain(|slug| !hidden.contains(slug));
    }
    Ok(scope)
}

fn team_names(tx: &mut Tx<'_>, slugs: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(slugs.len());
    for slug in slugs {
        names.push(store::services::team_by_slug(tx.conn, slug)?.map_or_else(|| slug.clone(), |t| t.name));
    }
    Ok(names)
}

fn view(tx: &mut Tx<'_>, row: &Row, progress: Option<&Progress>) -> Result<ChallengeView> {
    let listed = row_view(tx, row, progress)?;
    let target = i64::from(row.target);
    let (start, now) = (cycle::start_of(row), count_of(row, progress).map(|n| n.0));
    // A draft has not begun: where its milestones would stand if it began now.
    let begins = if row.state == DRAFT { now } else { row.start_total.map(|_| start) };
    let milestones = cycle::milestones(row).into_iter().map(|one| {
        let pct = begins.map(|begins| quest::milestone(begins, target, one.at));
        // Once told it stays reached: a celebration is not taken back because evidence has aged.
        let told = one.at <= i64::from(row.milestone);
        let reached = row.state != DRAFT && (told || pct.zip(now).is_some_and(|(pct, now)| now.reaches(pct)));
        MilestoneView { at: one.at, pct, title: one.title, reached }
    });
    let mut days: Vec<DayView> = store::challenges::days(tx.conn, &row.id)?.iter().map(day_view).collect();
    if let (OPEN, Some(now)) = (row.state.as_str(), now) {
        // The day that is not over stands as it stands now.
        days.retain(|day| day.number < tx.now.day());
        days.push(day_of(tx.now.day(), now));
    }
    let mut shown = goal::read(row);
    if shown.kind == "actions" {
        shown.pass = None;
    }
    let problem = progress.and_then(|p| p.problem.clone());
    Ok(ChallengeView {
        scope: seen_scope(tx, row)?,
        goal: shown,
        milestones: milestones.collect(),
        pace: (row.state == OPEN && problem.is_none()).then(|| pace(row, &days)),
        days,
        services: progress.map(|p| p.members.len() as i64),
        retrospective: row.retrospective.clone(),
        problem,
        row: listed,
    })
}

fn day_view(day: &store::challenges::DayRow) -> DayView {
    day_of(day.day, Count::new(day.done, day.total))
}

fn day_of(number: i32, count: Count) -> DayView {
    let day = Timestamp(i64::from(number) * DAY_MS).day_text();
    DayView { day, done: count.done, total: count.total, pct: count.pct(), number }
}

fn pace(row: &Row, days: &[DayView]) -> PaceView {
    let counts: Vec<(i64, Count)> =
        days.iter().map(|day| (i64::from(day.number), Count::new(day.done, day.total))).collect();
    let (first, last) = (Timestamp(row.starts_at).day(), Timestamp(row.ends_at - 1).day());
    let (first, last) = (i64::from(first), i64::from(last));
    let date = |day: i64| Timestamp(day * DAY_MS).to_datetime().format("%-d %B").to_string();
    let days = |n: i64| if n == 1 { "one day".to_owned() } else { format!("{n} days") };
    let said = |state: &str, title: &str, sentence: String| PaceView {
        state: state.to_owned(),
        title: title.to_owned(),
        sentence,
        goal_on: None,
        end_pct: None,
    };
    match quest::pace(&counts, first, last, i64::from(row.target)) {
        Pace::TooEarly => {
            let sentence = "A pace takes three days to measure.";
            said("too_early", "Too early to say", sentence.to_owned())
        }
        Pace::Reached => {
            let sentence = "The goal is reached. It holds as long as the evidence stays fresh.";
            said("reached", "Goal reached", sentence.to_owned())
        }
        Pace::Ahead { day } => PaceView {
            goal_on: Some(Timestamp(day * DAY_MS).day_text()),
            ..said(
                "ahead",
                "Ahead of pace",
                format!("At this pace the goal falls on {}, {} early.", date(day), days(last - day)),
            )
        },
        Pace::OnPace => PaceView {
            goal_on: Some(Timestamp(last * DAY_MS).day_text()),
            ..said("on_pace", "On pace", "At this pace the goal falls on the last day.".to_owned())
        },
        Pace::Behind { pct } => PaceView {
            end_pct: Some(pct),
            ..said(
                "behind",
                "Behind pace",
                format!("At this pace it ends at {pct}%, and the goal is {}%.", row.target),
            )
        },
    }
}
