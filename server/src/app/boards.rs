//! Leaderboards of a season: points gained, and score; standard competition ranks.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::owners::TeamTree;
use super::standing::{self, Tallies, Tally};
use super::views::{BoardRow, BoardView};
use super::{Tx, services};
use crate::error::{Error, Result};
use crate::store;
use crate::types::{DAY_MS, Timestamp};

/// What a board asks for.
#[derive(Clone, Debug)]
pub struct AskBoard {
    /// `improved` or `score`.
    pub board: String,
    /// `team` or `service`.
    pub by: String,
    /// `all`, `tier-1` .. `tier-4`.
    pub league: String,
    /// `2026-Q4`; none: the season now.
    pub season: Option<String>,
}

/// First day of a season and of the one after it.
fn season_days(season: Option<&str>, now: Timestamp) -> Result<(String, i32, i32)> {
    let today = now.to_datetime().date_naive();
    let (year, quarter) = match season {
        None => (today.year(), today.month0() / 3 + 1),
        Some(text) => {
            let parsed = text.split_once("-Q").and_then(|(y, q)| Some((y.parse().ok()?, q.parse().ok()?)));
            match parsed {
                Some((y, q)) if (1..=4).contains(&q) && (2000..3000).contains(&y) => (y, q),
                _ => return Err(Error::invalid("?season", "expected a quarter such as 2026-Q4")),
            }
        }
    };
    let (next_year, next_quarter) = if quarter == 4 { (year + 1, 1) } else { (year, quarter + 1) };
    let day = |y: i32, q: u32| {
        let date = NaiveDate::from_ymd_opt(y, (q - 1) * 3 + 1, 1).unwrap_or_default();
        i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).unwrap_or(0)
    };
    Ok((format!("{year}-Q{quarter}"), day(year, quarter), day(next_year, next_quarter)))
}

/// A leaderboard.
pub fn board(tx: &mut Tx<'_>, ask: &AskBoard) -> Result<BoardView> {
    if !["improved", "score"].contains(&ask.board.as_str()) {
        return Err(Error::not_found("leaderboard", ask.board.chars().take(60).collect::<String>()));
    }
    let tier = match ask.league.as_str() {
        "all" | "" => None,
        league => match league.strip_prefix("tier-").and_then(|t| t.parse::<i16>().ok()) {
            Some(tier) if (1..=4).contains(&tier) => Some(tier),
            _ => return Err(Error::invalid("?league", "expected all, tier-1, tier-2, tier-3 or tier-4")),
        },
    };
    let (season, start, end) = season_days(ask.season.as_deref(), tx.now)?;
    let mut items = match ask.by.as_str() {
        "team" => teams(tx, tier, start)?,
        "service" => of_services(tx, tier, start)?,
        _ => return Err(Error::invalid("?by", "expected team or service")),
    };
    rank(&mut items, &ask.board);
    Ok(BoardView {
        board: ask.board.clone(),
        by: ask.by.clone(),
        season,
        season_start: Timestamp(i64::from(start) * DAY_MS),
        season_end: Timestamp(i64::from(end) * DAY_MS),
        league: tier.map_or_else(|| "all".to_owned(), |t| format!("tier-{t}")),
        items,
    })
}

fn rank(items: &mut [BoardRow], board: &str) {
    let key = |r: &BoardRow| if board == "score" { r.score } else { r.gained };
    items.sort_by(|a, b| (key(b), b.score, &a.slug).cmp(&(key(a), a.score, &b.slug)));
    let half = items.len().div_ceil(2);
    let mut rank = 0;
    let mut last = None;
    for (i, row) in items.iter_mut().enumerate() {
        let value = key(row);
        if last != Some(value) {
            rank = i as i64 + 1;
            last = Some(value);
        }
        // Praise is public, the lower half is nobody's business: no rank there on the board of gains.
        row.rank = (board == "score" || rank <= half as i64).then_some(rank);
    }
}

/// Teams that own services themselves, each with what is below it.
fn teams(tx: &mut Tx<'_>, tier: Option<i16>, start: i32) -> Result<Vec<BoardRow>> {
    let tree = TeamTree::load(tx)?;
    let rows = store::grades::fleet(tx.conn)?;
    let mut best: HashMap<&str, i16> = HashMap::new();
    for row in &rows {
        if let Some(team) = row.team_id.as_deref() {
            let tier = best.entry(team).or_insert(row.tier);
            *tier = (*tier).min(row.tier);
        }
    }
    let tallies = Tallies::of(&rows, &tree);
    let days = standing::week_days(tx.now, 12);
    let mut kept: HashMap<String, Vec<store::boards::DailyRow>> = HashMap::new();
    for row in store::boards::daily_of_kind(tx.conn, standing::TEAM, &days)? {
        kept.entry(row.scope_id.clone()).or_default().push(row);
    }
    let before = first_of_season(tx, start)?;
    let book = Arc::clone(&tx.book);
    let mut items = Vec::new();
    for team in tree.rows().iter().filter(|t| t.removed_at.is_none()) {
        let Some(own_tier) = best.get(team.id.as_str()) else { continue };
        if tier.is_some_and(|t| t != *own_tier) {
            continue;
        }
        let Some(tally) = tallies.teams.get(&team.id) else { continue };
        let Some(score) = tally.mean() else { continue };
        items.push(BoardRow {
            rank: None,
            slug: team.slug.clone(),
            name: team.name.clone(),
            group: tree.ancestors(team).last().map(|t| t.name.clone()),
            score,
            grade: standing::letter_of(&book.rulebook, Some(score)).unwrap_or_default(),
            gained: before.get(&team.id).map_or(0, |then| score - then),
            grades: standing::grade_counts(&book.rulebook, &tally.grades),
            weeks: standing::weeks_of(&days, kept.get(&team.id).map_or(&[][..], Vec::as_slice), tally),
        });
    }
    Ok(items)
}

/// Mean score of each team on the season's first kept day.
fn first_of_season(tx: &mut Tx<'_>, start: i32) -> Result<HashMap<String, i16>> {
    let days: Vec<i32> = (start - 1..=start + 92).filter(|d| *d <= tx.now.day()).collect();
    let mut first: HashMap<String, i16> = HashMap::new();
    for row in store::boards::daily_of_kind(tx.conn, standing::TEAM, &days)? {
        if let Some(mean) = Tally::of_day(&row).mean() {
            first.entry(row.scope_id).or_insert(mean);
        }
    }
    Ok(first)
}

fn of_services(tx: &mut Tx<'_>, tier: Option<i16>, start: i32) -> Result<Vec<BoardRow>> {
    let tree = TeamTree::load(tx)?;
    let book = Arc::clone(&tx.book);
    let rows = store::services::all(tx.conn)?;
    let scores: HashMap<String, store::grades::FleetRow> =
        store::grades::fleet(tx.conn)?.into_iter().map(|r| (r.service_id.clone(), r)).collect();
    let living: Vec<_> = rows
        .iter()
        .filter(|s| s.removed_at.is_none() && tier.is_none_or(|t| t == s.tier))
        .filter_map(|s| scores.get(&s.id).filter(|r| r.score >= 0).map(|r| (s, r)))
        .collect();
    let ids: Vec<String> = living.iter().map(|(s, _)| s.id.clone()).collect();
    let then = services::scores_at(tx, &ids, Timestamp(i64::from(start) * DAY_MS))?;
    Ok(living
        .into_iter()
        .map(|(service, row)| BoardRow {
            rank: None,
            slug: service.slug.clone(),
            name: service.name.clone(),
            group: service.team_id.as_deref().and_then(|id| tree.get(id)).map(|t| t.name.clone()),
            score: row.score,
            grade: row.grade.clone(),
            gained: then.get(&service.id).map_or(0, |t| row.score - t),
            grades: standing::grade_counts(&book.rulebook, &std::collections::BTreeMap::new()),
            weeks: Vec::new(),
        })
        .collect())
}
