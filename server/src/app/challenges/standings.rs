//! Teams against their own goals. Whom the reader may not know of has no place, so that the ranks of the others have no gap.

use std::cmp::Reverse;
use std::collections::HashMap;

use scoring_rules::quest::{self, Count};

use super::progress::Progress;
use super::views::{StandingView, StandingsView};
use super::{ENDED, OPEN, cycle, kept, stored};
use crate::app::Tx;
use crate::error::{Error, Result};
use crate::store;
use crate::store::challenges::{ChallengeRow as Row, TeamRow};

/// Standings of a challenge, a page of them.
pub fn standings(tx: &mut Tx<'_>, slug: &str, cursor: Option<&str>, limit: i64) -> Result<StandingsView> {
    let row = stored(tx, slug)?;
    let all = of(tx, &row)?;
    let total = all.len() as i64;
    let from = match cursor {
        None => 0,
        Some(slug) => {
            let bad =
                || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
            all.iter().position(|team| team.team == slug).ok_or_else(bad)? + 1
        }
    };
    let limit = usize::try_from(limit.clamp(1, store::MAX_PAGE)).unwrap_or(1);
    let more = from + limit < all.len();
    let items: Vec<StandingView> = all.into_iter().skip(from).take(limit).collect();
    let next = items.last().filter(|_| more).map(|team| team.team.clone());
    Ok(StandingsView { challenge: row.slug, state: row.state, items, next, total })
}

/// Where each team would begin if a draft began now, and what its own goal would be.
pub(super) fn preview(tx: &mut Tx<'_>, row: &Row, progress: &Progress) -> Result<Vec<StandingView>> {
    let mut row = row.clone();
    (row.start_done, row.start_total) = (Some(progress.all.done), Some(progress.all.total));
    let teams = cycle::team_rows(&row, progress);
    ranked(tx, teams, Some(progress))
}

/// All standings, whoever came furthest first.
pub(super) fn of(tx: &mut Tx<'_>, row: &Row) -> Result<Vec<StandingView>> {
    let progress = if row.state == OPEN { Some(kept::progress(tx, row)?) } else { None };
    if progress.is_none() && row.state != ENDED {
        return Ok(Vec::new());
    }
    let teams = store::challenges::teams(tx.conn, &row.id)?;
    ranked(tx, teams, progress.as_deref())
}

fn ranked(
    tx: &mut Tx<'_>,
    mut teams: Vec<TeamRow>,
    progress: Option<&Progress>,
) -> Result<Vec<StandingView>> {
    let veil = tx.veil()?;
    teams.retain(|team| !veil.hides_team(&team.team_id));
    let ids: Vec<String> = teams.iter().map(|team| team.team_id.clone()).collect();
    let names: HashMap<String, (String, String)> = store::fleet::team_names(tx.conn, &ids)?
        .into_iter()
        .map(|(id, slug, name)| (id, (slug, name)))
        .collect();
    let mut all: Vec<(i64, StandingView)> = Vec::with_capacity(teams.len());
    for team in teams {
        let now = match progress {
            Some(progress) => progress.teams.get(&team.team_id).copied(),
            None => team.end_done.zip(team.end_total).map(|(done, total)| Count::new(done, total)),
        };
        let (Some(now), Some((slug, name))) = (now, names.get(&team.team_id)) else { continue };
        let (start, goal) = (Count::new(team.start_done, team.start_total), i64::from(team.goal));
        let view = StandingView {
            rank: None,
            team: slug.clone(),
            name: name.clone(),
            start_pct: start.pct(),
            pct: now.pct(),
            goal_pct: goal,
            done: now.done,
            total: now.total,
            to_go: now.to_go(goal),
            gained: now.pct() - start.pct(),
            reached: now.reaches(goal),
        };
        all.push((quest::toward(start, now, goal), view));
    }
    all.sort_by(|(a, left), (b, right)| {
        let key = |toward: i64, view: &StandingView| (Reverse(toward), Reverse(view.gained));
        key(*a, left).cmp(&key(*b, right)).then_with(|| left.team.cmp(&right.team))
    });
    let values: Vec<i64> = all.iter().map(|(toward, _)| *toward).collect();
    let ranked = all.into_iter().zip(quest::ranks(&values));
    Ok(ranked.map(|((_, view), rank)| StandingView { rank, ..view }).collect())
}
