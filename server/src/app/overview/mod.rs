//! The overview for leadership: where a scope stands, whether it gets better, where it is exposed.
//!
//! Everything is read from the picture of all services in memory and from the standings that were kept, so that the cost
//! does not grow with services: a handful of statements, however many there are.

pub mod exposure;
pub mod lapsing;
pub mod risk;

use std::collections::HashMap;
use std::sync::Arc;

use scoring_rules::Rulebook;

use self::exposure::Exposed;
use self::lapsing::Lapsing;
use self::risk::RiskMap;
use super::owners;
use super::rollups::day::{Day, period_start};
use super::rollups::moved::{self, Moves};
use super::rollups::{children, divisions, rest_of};
use super::standing::{self, Tally};
use super::views::{BandView, TeamRef};
use super::{Tx, rulebook};
use crate::error::{Error, Result};
use crate::store;
use crate::store::services::TeamRow;
use crate::types::{DAY_MS, Timestamp};

/// Periods that can be asked for, in weeks.
pub const PERIODS: &[i32] = &[4, 13, 26, 52];
/// The period unless another is asked for: a quarter.
pub const PERIOD: i32 = 13;
/// Divisions or teams shown at most; the others are in the table for spreadsheets.
const MOST_LINES: usize = 60;
/// Services of a team shown at most.
const MOST_SERVICES: i64 = 200;
/// Weeks of the small trends.
const SPARK_WEEKS: i32 = 12;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct AskOverview {
    /// Slug of a team; none: everything.
    pub scope: Option<String>,
    /// A day; none: now.
    pub at: Option<i32>,
    /// How far to look back, in weeks: one of [`PERIODS`].
    pub weeks: i32,
}

/// A division or team, or what is of none.
#[derive(Clone, Debug)]
pub struct Line {
    /// Slug; none of what is of no division.
    pub slug: Option<String>,
    /// Name for people.
    pub name: String,
    /// Where it stands.
    pub now: Tally,
    /// Where it stood when the period began.
    pub before: Option<Tally>,
    /// Mean scores of the last 12 weeks, oldest first; empty while there is no history.
    pub weeks: Vec<Option<i16>>,
}

/// A service of the team itself, as it stood on the day.
#[derive(Clone, Debug)]
pub struct Stood {
    /// Slug.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// 1..4.
    pub tier: i16,
    /// Absent where it was not there yet; below 0 where no rule applied.
    pub score: Option<i16>,
    /// Letter; empty while not graded.
    pub grade: Option<String>,
}

/// The whole answer.
pub struct Overview {
    /// The team asked for.
    pub scope: Option<TeamRef>,
    /// Teams above it, from the root down.
    pub above: Vec<TeamRef>,
    /// The day whose standings these are.
    pub day: i32,
    /// It is today.
    pub live: bool,
    /// The day that was asked for.
    pub asked: Option<i32>,
    /// The period in weeks.
    pub period: i32,
    /// The day on which the period began, as far as days were kept; none while there are less than four weeks.
    pub since: Option<i32>,
    /// Where the scope stands.
    pub now: Tally,
    /// Where it stood.
    pub before: Option<Tally>,
    /// Tier 1 of everything, now and before; none of a team.
    pub tier1: Option<(Tally, Option<Tally>)>,
    /// Kept days, a week apart, and the day itself last; empty while there is no history.
    pub weeks: Vec<(i32, Tally)>,
    /// Divisions, or teams below.
    pub lines: Vec<Line>,
    /// How many of them are left out.
    pub more_lines: usize,
    /// Services of none of them.
    pub rest: Option<Line>,
    /// Services that the team owns itself, worst first.
    pub services: Vec<Stood>,
    /// Score against traffic; today only.
    pub risk: Option<RiskMap>,
    /// Where most is at stake; today only.
    pub exposed: Vec<Exposed>,
    /// Certificates that end next; today only.
    pub lapsing: Vec<Lapsing>,
    /// What moved scores since the period began, by cause and by rule.
    pub moves: Moves,
    /// Letters, best first.
    pub bands: Vec<BandView>,
    /// Ids and titles of practices.
    pub practices: Vec<(String, String)>,
    /// Points of the rules of each practice, in the same order.
    pub weights: Vec<i64>,
}

/// The overview of a scope on a day.
///
/// # Errors
///
/// Not found for a team that the reader may not know of, invalid for a day of which nothing is kept.
pub fn overview(tx: &mut Tx<'_>, ask: &AskOverview) -> Result<Overview> {
    let day = Day::of(tx, ask.at)?;
    let team = match &ask.scope {
        None => None,
        Some(slug) => Some(owners::team(tx, slug)?),
    };
    let (kind, id) = team.as_ref().map_or((standing::ALL, ""), |team| (standing::TEAM, team.id.as_str()));
    let since = period_start(tx, day.day, ask.weeks)?;
    let now = day.tally(tx, kind, id)?;
    let kept = Kept::of(tx, kind, id, &day, since)?;
    let tier1 = match team {
        None => {
            let before = Kept::of(tx, standing::TIER, "1", &day, since)?.before;
            Some((day.tally(tx, standing::TIER, "1")?, before)).filter(|(now, _)| now.graded > 0)
        }
        Some(_) => None,
    };
    let (lines, more_lines, rest) = lines(tx, &day, team.as_ref(), &now, since)?;
    let moves = moved::between(tx, kind, id, since, day.day)?;
    let book = Arc::clone(&tx.book);
    let place = team.as_ref().map(|team| day.picture.tree.places_below(&team.path));
    let risk = if day.live { Some(risk::map(tx, &day.picture, place.clone())?) } else { None };
    let lapsing = if day.live { lapsing::of(tx, &day.picture, place.as_ref())? } else { Vec::new() };
    let exposed = if day.live { exposure::of(tx, &day.picture, place)? } else { Vec::new() };
    let refs = |team: &TeamRow| TeamRef { slug: team.slug.clone(), name: team.name.clone() };
    let tree = &day.picture.tree;
    let mut weeks = kept.weeks;
    if since.is_some() {
        weeks.push((day.day, now.clone()));
    }
    Ok(Overview {
        above: team
            .as_ref()
            .map_or_else(Vec::new, |team| tree.ancestors(team).into_iter().map(refs).collect()),
        scope: team.as_ref().map(refs),
        day: day.day,
        live: day.live,
        asked: ask.at,
        period: ask.weeks,
        since,
        services: services(tx, team.as_ref(), &day)?,
        now,
        before: kept.before,
        tier1,
        weeks,
        lines,
        more_lines,
        rest,
        risk,
        exposed,
        lapsing,
        moves,
        bands: rulebook::bands(&book.rulebook),
        weights: weights(&book.rulebook),
        practices: book.rulebook.practices().iter().map(|p| (p.id.clone(), p.title.clone())).collect(),
    })
}

/// What was kept of one scope over a period.
struct Kept {
    before: Option<Tally>,
    weeks: Vec<(i32, Tally)>,
}

impl Kept {
    fn of(tx: &mut Tx<'_>, kind: i16, id: &str, day: &Day, since: Option<i32>) -> Result<Self> {
        let Some(since) = since else { return Ok(Self { before: None, weeks: Vec::new() }) };
        let back = (day.day - since) / 7;
        let mut days: Vec<i32> = (1..=back).rev().map(|week| day.day - 7 * week).collect();
        days.push(since);
        let rows = store::boards::daily(tx.conn, kind, id, &days)?;
        let before = rows.iter().find(|row| row.day == since).map(Tally::of_day);
        let weekly = rows.iter().filter(|row| (day.day - row.day) % 7 == 0);
        Ok(Self { before, weeks: weekly.map(|row| (row.day, Tally::of_day(row))).collect() })
    }
}

/// Divisions or teams below with their past, how many more there are, and what is of none of them.
type Lines = (Vec<Line>, usize, Option<Line>);

fn lines(
    tx: &mut Tx<'_>,
    day: &Day,
    team: Option<&TeamRow>,
    all: &Tally,
    since: Option<i32>,
) -> Result<Lines> {
    let tree = &day.picture.tree;
    let teams = team.map_or_else(|| divisions(tree), |team| children(tree, team));
    let ids: Vec<String> = teams.iter().map(|team| team.id.clone()).collect();
    let tallies = day.tallies(tx, standing::TEAM, &ids)?;
    let rest = rest_of(all, tallies.values());
    let veil = tx.veil()?;
    let mut shown: Vec<&TeamRow> = teams.into_iter().filter(|team| !veil.hides_team(&team.id)).collect();
    shown.sort_by_key(|team| std::cmp::Reverse(tallies.get(&team.id).map_or(0, |tally| tally.services)));
    let more = shown.len().saturating_sub(MOST_LINES);
    shown.truncate(MOST_LINES);
    shown.sort_by_cached_key(|team| (team.name.to_lowercase(), team.slug.clone()));
    let mut days: Vec<i32> = (1..SPARK_WEEKS).rev().map(|week| day.day - 7 * week).collect();
    let mut kept: HashMap<String, Vec<store::boards::DailyRow>> = HashMap::new();
    if let Some(since) = since {
        days.push(since);
        let ids: Vec<String> = shown.iter().map(|team| team.id.clone()).collect();
        for row in store::boards::daily_of(tx.conn, standing::TEAM, &ids, &days)? {
            kept.entry(row.scope_id.clone()).or_default().push(row);
        }
        days.pop();
    }
    let lines = shown.into_iter().map(|team| {
        let rows = kept.get(&team.id).map_or(&[][..], Vec::as_slice);
        let now = tallies.get(&team.id).cloned().unwrap_or_default();
        let at = |day: i32| rows.iter().find(|row| row.day == day).map(Tally::of_day);
        let mut weeks: Vec<Option<i16>> = days.iter().map(|day| at(*day).and_then(|t| t.mean())).collect();
        weeks.push(now.mean());
        Line {
            slug: Some(team.slug.clone()),
            name: team.name.clone(),
            before: since.and_then(at),
            weeks: if since.is_some() { weeks } else { Vec::new() },
            now,
        }
    });
    let name = if team.is_some() { "Of the team itself" } else { "Of no division" };
    let of_none = Line { slug: None, name: name.to_owned(), now: rest, before: None, weeks: Vec::new() };
    let lines: Vec<Line> = lines.collect();
    // Alone it would say the same as the whole.
    let rest = (of_none.now.services > 0 && !lines.is_empty()).then_some(of_none);
    Ok((lines, more, rest))
}

fn services(tx: &mut Tx<'_>, team: Option<&TeamRow>, day: &Day) -> Result<Vec<Stood>> {
    let Some(team) = team else { return Ok(Vec::new()) };
    let end = Timestamp((i64::from(day.day) + 1) * DAY_MS - 1).min(tx.now);
    let rows = store::rollups::services_of(tx.conn, &team.id, end.0, MOST_SERVICES)?;
    let shown = rows.into_iter().filter(|row| day.live || row.score.is_some());
    let mut stood: Vec<Stood> = shown
        .map(|row| Stood {
            slug: row.slug,
            name: row.name,
            tier: row.tier,
            score: row.score,
            grade: row.grade,
        })
        .collect();
    stood.sort_by(|a, b| (a.score, &a.slug).cmp(&(b.score, &b.slug)));
    Ok(stood)
}

/// Points of the rules of each practice.
fn weights(book: &Rulebook) -> Vec<i64> {
    let of = |id: &str| {
        book.rules().iter().filter(|rule| rule.practice == id).map(|rule| i64::from(rule.points)).sum()
    };
    book.practices().iter().map(|practice| of(&practice.id)).collect()
}

/// Reads a period.
///
/// # Errors
///
/// [`Error::Invalid`] for any that is not offered.
pub fn period(text: Option<&str>) -> Result<i32> {
    let weeks = text.map_or(Some(PERIOD), |text| text.trim().parse().ok());
    weeks.filter(|weeks| PERIODS.contains(weeks)).ok_or_else(|| {
        let offered: Vec<String> = PERIODS.iter().map(ToString::to_string).collect();
        Error::invalid("?weeks", format!("expected one of: {}", offered.join(", ")))
    })
}
