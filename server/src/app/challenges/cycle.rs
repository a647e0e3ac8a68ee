//! The life of a challenge: it starts, reaches milestones, reminds, ends. Each step is one conditional update together with
//! its events, so that of several processes one takes it, once; and what was missed while nothing ran is made up for.

use std::sync::Arc;

use scoring_rules::quest::{self, Count};
use serde_json::{Value, json};

use super::progress::{Progress, evaluate};
use super::wish::Milestone;
use super::write::named;
use super::{DRAFT, ENDED, OPEN, kept};
use crate::app::{Actor, App, Tx};
use crate::error::Result;
use crate::store;
use crate::store::challenges::{ChallengeRow as Row, DayRow, RewardRow, TeamRow};
use crate::types::{DAY_MS, Timestamp};

/// Teams are reminded so long before the end.
const ENDING_DAYS: i64 = 3;
/// Challenges that are looked at; more than there may be at once.
const MOST: i64 = 200;
/// Open items that a reminder names.
const NAMED: usize = 20;

/// Takes every step that is due; gives how many were taken.
pub fn run_due(app: &App) -> Result<usize> {
    let live = app.read_now(|tx| Ok(store::challenges::page(tx.conn, &[DRAFT, OPEN], None, MOST)?))?;
    let mut taken = 0;
    for row in live {
        let now = app.clock().now().0;
        let mut row = Some(row);
        if let Some(draft) = row.as_ref().filter(|row| row.state == DRAFT) {
            if draft.starts_at > now {
                continue;
            }
            taken += usize::from(start(app, draft)?);
            let id = draft.id.clone();
            row = app.read_now(|tx| Ok(store::challenges::by_id(tx.conn, &id)?))?;
        }
        let Some(row) = row.filter(|row| row.state == OPEN) else { continue };
        taken += if row.ends_at <= now { usize::from(end(app, &row)?) } else { keep_up(app, &row)? };
    }
    Ok(taken)
}

/// When the next step is due, if one is known: a start or an end.
pub fn next_at(app: &App) -> Result<Option<Timestamp>> {
    let live = app.read_now(|tx| Ok(store::challenges::page(tx.conn, &[DRAFT, OPEN], None, MOST)?))?;
    let at = |row: &Row| if row.state == DRAFT { row.starts_at } else { row.ends_at };
    Ok(live.iter().map(at).min().map(Timestamp))
}

/// Milestones of a row.
pub(super) fn milestones(row: &Row) -> Vec<Milestone> {
    serde_json::from_str(&row.milestones).unwrap_or_default()
}

/// Where all began; nothing of a draft.
pub(super) fn start_of(row: &Row) -> Count {
    Count::new(row.start_done.unwrap_or(0), row.start_total.unwrap_or(0))
}

fn now_of(app: &App, row: &Row) -> Result<Arc<Progress>> {
    app.read_now(|tx| kept::renewed(tx, row))
}

/// Opens a draft: where every team stands is kept, and their own goals follow from it.
fn start(app: &App, draft: &Row) -> Result<bool> {
    let progress = now_of(app, draft)?;
    if let Some(problem) = &progress.problem {
        tracing::warn!(challenge = draft.slug, problem, "a challenge cannot start");
        return Ok(false);
    }
    app.write_now(&Actor::schedule(), |tx| {
        let all = progress.all;
        let mut row = draft.clone();
        OPEN.clone_into(&mut row.state);
        row.changed_at = tx.now.0.max(draft.changed_at + 1);
        (row.start_done, row.start_total) = (Some(all.done), Some(all.total));
        if !store::challenges::update(tx.conn, &row, DRAFT, draft.changed_at)? {
            return Ok(false);
        }
        store::challenges::put_teams(tx.conn, &team_rows(&row, &progress))?;
        put_day(tx, &row, all)?;
        let sentence = format!(
            "The challenge {} began: {} of {} done, the goal is {}%.",
            row.title, all.done, all.total, row.target
        );
        let mut data = named(&row);
        put(&mut data, "start", json!({ "done": all.done, "total": all.total }));
        put(&mut data, "ends_at", json!(Timestamp(row.ends_at)));
        let team = told_team(tx, &row)?;
        tx.emit("challenge_started", None, team.as_deref(), sentence, &data);
        Ok(true)
    })
}

/// The team whose matter a challenge is: the owner of the flow it is about. Where that team is hidden, so is what is told.
fn told_team(tx: &mut Tx<'_>, row: &Row) -> Result<Option<String>> {
    let Some(flow) = super::goal::read(row).flow else { return Ok(None) };
    let owner = store::flows::by_slug(tx.conn, &flow)?.and_then(|flow| flow.owner_ref);
    let Some(owner) = owner else { return Ok(None) };
    Ok(store::services::team_by_ref(tx.conn, &owner)?.map(|team| team.id))
}

fn put(data: &mut Value, key: &str, value: Value) {
    if let Some(map) = data.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// The teams that take part, as they stand now.
pub(super) fn team_rows(row: &Row, progress: &Progress) -> Vec<TeamRow> {
    let one = |(team, count): (&String, &Count)| TeamRow {
        challenge_id: row.id.clone(),
        team_id: team.clone(),
        start_done: count.done,
        start_total: count.total,
        goal: i16::try_from(quest::own_goal(*count, start_of(row), i64::from(row.target))).unwrap_or(100),
        end_done: None,
        end_total: None,
    };
    progress.teams.iter().map(one).collect()
}

fn put_day(tx: &mut Tx<'_>, row: &Row, all: Count) -> Result<()> {
    let day = Timestamp(tx.now.0.min(row.ends_at - 1)).day();
    let day = DayRow { challenge_id: row.id.clone(), day, done: all.done, total: all.total };
    Ok(store::challenges::put_day(tx.conn, &day)?)
}

/// What is due of a challenge that runs.
struct Due {
    day: bool,
    /// Teams that came later.
    late: Vec<TeamRow>,
    milestones: Vec<(Milestone, i64)>,
    half_time: bool,
    ending: bool,
}

impl Due {
    fn of(tx: &mut Tx<'_>, row: &Row, progress: &Progress) -> Result<Self> {
        let now = tx.now.0;
        let known = store::challenges::teams(tx.conn, &row.id)?;
        let mut late = team_rows(row, progress);
        late.retain(|team| known.iter().all(|known| known.team_id != team.team_id));
        let today = tx.now.day();
        let days = store::challenges::days(tx.conn, &row.id)?;
        let same = |d: &DayRow| (d.day, d.done, d.total) == (today, progress.all.done, progress.all.total);
        let start = start_of(row);
        let place = |one: Milestone| {
            let pct = quest::milestone(start, i64::from(row.target), one.at);
            (one, pct)
        };
        let reached = milestones(row).into_iter().map(place).filter(|(one, pct)| {
            // What had been reached at the start is no news.
            one.at > i64::from(row.milestone) && progress.all.reaches(*pct) && !start.reaches(*pct)
        });
        let length = row.ends_at - row.starts_at;
        let soon = row.ends_at - ENDING_DAYS * DAY_MS;
        let ending = row.ending_at.is_none() && soon > row.starts_at && now >= soon;
        Ok(Self {
            day: !days.last().is_some_and(same),
            late,
            milestones: reached.collect(),
            half_time: row.half_time_at.is_none() && now >= row.starts_at + length / 2,
            ending,
        })
    }

    fn is_nothing(&self) -> bool {
        !self.day && self.late.is_empty() && self.milestones.is_empty() && !self.half_time && !self.ending
    }
}

/// Keeps the day, tells of milestones, reminds.
fn keep_up(app: &App, row: &Row) -> Result<usize> {
    let progress = now_of(app, row)?;
    if progress.problem.is_some() {
        return Ok(0);
    }
    let due = app.read_now(|tx| Due::of(tx, row, &progress))?;
    if due.is_nothing() {
        return Ok(0);
    }
    app.write_now(&Actor::schedule(), |tx| {
        // It may have been cancelled, or ended, a moment ago.
        if store::challenges::by_id(tx.conn, &row.id)?.is_none_or(|now| now.state != OPEN) {
            return Ok(0);
        }
        store::challenges::put_teams(tx.conn, &due.late)?;
        if due.day {
            put_day(tx, row, progress.all)?;
        }
        let mut taken = 0;
        let team = told_team(tx, row)?;
        for (one, pct) in &due.milestones {
            if store::challenges::reach(tx.conn, &row.id, i16::try_from(one.at).unwrap_or(100))? {
                tell_milestone(tx, row, (one, *pct), progress.all, team.as_deref());
                taken += 1;
            }
        }
        let ending = due.ending && store::challenges::remind_end(tx.conn, &row.id, tx.now.0)?;
        // Of two reminders that are due at once, the later one says it all.
        let half_time = due.half_time && store::challenges::remind_half_time(tx.conn, &row.id, tx.now.0)?;
        if ending || half_time {
            let (kind, when) = if ending {
                ("challenge_ending", "ends in three days")
            } else {
                ("challenge_half_time", "is at half-time")
            };
            remind(tx, row, &progress, kind, when)?;
            taken += 1;
        }
        Ok(taken)
    })
}

fn tell_milestone(tx: &mut Tx<'_>, row: &Row, (one, pct): (&Milestone, i64), all: Count, team: Option<&str>) {
    let title = if one.title.is_empty() { String::new() } else { format!(" {}", one.title) };
    let sentence =
        format!("The challenge {} reached {pct}%: {} of {}.{title}", row.title, all.done, all.total);
    let mut data = named(row);
    put(&mut data, "milestone", json!({ "at": one.at, "pct": pct, "title": one.title }));
    tx.emit("challenge_milestone", None, team, sentence, &data);
}

/// One event for each team that has items open and is short of its own goal.
fn remind(tx: &mut Tx<'_>, row: &Row, progress: &Progress, kind: &str, when: &str) -> Result<()> {
    let teams = store::challenges::teams(tx.conn, &row.id)?;
    let ids: Vec<String> = teams.iter().map(|team| team.team_id.clone()).collect();
    let mut names = std::collections::HashMap::new();
    names.extend(store::fleet::team_names(tx.conn, &ids)?.into_iter().map(|(id, _, name)| (id, name)));
    let mut open: std::collections::HashMap<&str, Vec<Value>> = std::collections::HashMap::new();
    for item in progress.items.iter().filter(|item| !item.closed) {
        let Some(member) = progress.members.get(item.member) else { continue };
        let Some(team) = member.team.as_deref() else { continue };
        let named = open.entry(team).or_default();
        if named.len() < NAMED {
            // Whom the service calls may be hidden from its team: the word for it is left to the page.
            let what = item.what.short();
            named.push(json!({ "service": member.slug, "what": what, "note": item.note }));
        }
    }
    for team in teams {
        let Some(count) = progress.teams.get(&team.team_id) else { continue };
        let to_go = count.to_go(i64::from(team.goal));
        if to_go == 0 {
            continue;
        }
        let name = names.get(&team.team_id).map_or("", String::as_str);
        let sentence = format!("The challenge {} {when}: {to_go} to go for {name}.", row.title);
        let mut data = named(row);
        put(&mut data, "remaining", json!(to_go));
        put(&mut data, "done", json!(count.done));
        put(&mut data, "total", json!(count.total));
        put(&mut data, "goal_pct", json!(team.goal));
        put(&mut data, "ends_at", json!(Timestamp(row.ends_at)));
        put(&mut data, "items", json!(open.remove(team.team_id.as_str()).unwrap_or_default()));
        tx.emit(kind, None, Some(&team.team_id), sentence, &data);
    }
    Ok(())
}

/// Freezes the result, and gives the badge to teams that reached their own goal.
fn end(app: &App, row: &Row) -> Result<bool> {
    // Ages count up to the end, also where the end is noticed later.
    let progress = app.read_now(|tx| evaluate(tx, row, Timestamp(tx.now.0.min(row.ends_at))))?;
    app.write_now(&Actor::schedule(), |tx| {
        let all = match &progress.problem {
            None => progress.all,
            // What can no longer be judged ends as it stood last.
            Some(_) => store::challenges::days(tx.conn, &row.id)?
                .last()
                .map_or_else(|| start_of(row), |day| Count::new(day.done, day.total)),
        };
        let mut over = row.clone();
        ENDED.clone_into(&mut over.state);
        over.changed_at = tx.now.0.max(row.changed_at + 1);
        (over.end_done, over.end_total) = (Some(all.done), Some(all.total));
        if !store::challenges::update(tx.conn, &over, OPEN, row.changed_at)? {
            return Ok(false);
        }
        put_day(tx, row, all)?;
        let reached = all.reaches(i64::from(row.target));
        let earned = freeze_teams(tx, row, &progress)?;
        let verdict = if reached { "The goal is reached" } else { "The goal was not reached" };
        let sentence = format!(
            "The challenge {} is over at {}% of {}%. {verdict}; teams that reached their own goal: {}.",
            row.title,
            all.pct(),
            row.target,
            earned.len()
        );
        let mut data = named(row);
        put(
            &mut data,
            "result",
            json!({ "done": all.done, "total": all.total, "pct": all.pct(), "reached": reached,
                                          "target_pct": row.target, "teams_reached": earned.len() }),
        );
        let team = told_team(tx, row)?;
        tx.emit("challenge_ended", None, team.as_deref(), sentence, &data);
        for (id, name) in earned {
            let sentence = format!("{name} earned the badge {} in the challenge {}.", row.badge, row.title);
            let mut data = named(row);
            put(&mut data, "badge", json!(row.badge));
            tx.emit("challenge_reward_earned", None, Some(&id), sentence, &data);
        }
        Ok(true)
    })
}

/// Writes where each team ended; gives id and name of those that reached their goal.
fn freeze_teams(tx: &mut Tx<'_>, row: &Row, progress: &Progress) -> Result<Vec<(String, String)>> {
    let mut teams = store::challenges::teams(tx.conn, &row.id)?;
    let mut late = team_rows(row, progress);
    late.retain(|team| teams.iter().all(|known| known.team_id != team.team_id));
    teams.extend(late);
    // A team whose services are all gone has no end, and earns nothing.
    for team in &mut teams {
        let count = progress.teams.get(&team.team_id);
        (team.end_done, team.end_total) = (count.map(|c| c.done), count.map(|c| c.total));
    }
    store::challenges::put_teams(tx.conn, &teams)?;
    let met = |team: &&TeamRow| {
        let end = Count::new(team.end_done.unwrap_or(0), team.end_total.unwrap_or(0));
        end.reaches(i64::from(team.goal))
    };
    let earned: Vec<&TeamRow> = teams.iter().filter(met).collect();
    let rewards: Vec<RewardRow> = earned
        .iter()
        .map(|team| RewardRow {
            challenge_id: row.id.clone(),
            team_id: team.team_id.clone(),
            at: row.ends_at.min(tx.now.0),
        })
        .collect();
    if !rewards.is_empty() {
        store::challenges::reward(tx.conn, &rewards)?;
    }
    let ids: Vec<String> = earned.iter().map(|team| team.team_id.clone()).collect();
    Ok(store::fleet::team_names(tx.conn, &ids)?.into_iter().map(|(id, _, name)| (id, name)).collect())
}
