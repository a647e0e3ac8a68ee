//! Leaderboards: what a season's boards rank, in leagues, in pages by key.
//!
//! A board that is under way is worked out from the picture of all services and from who takes part in the season; one
//! that is over is read from its final standings. Both are ranked by the same code.

pub mod archive;
mod board;
pub mod cohort;
pub mod finals;
pub mod kept;
pub mod left;
pub mod record;
mod rows;
mod season;
pub mod seasons;
pub mod table;
mod worth;

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scoring_rules::boards::League;

pub use board::Board;
pub use season::Season;

use super::Tx;
use super::fleet::Picture;
use super::views::{BoardView, LeagueView};
use crate::error::{Error, Result};
use crate::store;
use archive::Archive;
use table::{Entry, Filter, Order, Table};

/// Past seasons that are listed.
const SEASONS: i64 = 40;
/// The league of the reader's own team.
pub const OWN: &str = "own";

/// What a board asks for.
#[derive(Clone, Debug)]
pub struct AskBoard {
    /// `improved`, `score`, `streak`, `drills` or `fallbacks`.
    pub board: String,
    /// `team` or `service`.
    pub by: String,
    /// `all`, `tier-1` .. `tier-4`, a league of teams such as `critical-small`, or `own`.
    pub league: String,
    /// `2026-Q4`; none: the season now.
    pub season: Option<String>,
    /// From the page before.
    pub cursor: Option<String>,
    /// 1..500.
    pub limit: i64,
    /// Slug of the team whose own row is wanted too.
    pub own: Option<String>,
}

/// Where a board is read from.
pub(super) enum Source {
    /// A season under way.
    Live(Arc<Picture>, Arc<Table>, Vec<League>),
    /// One that is over.
    Frozen(Arc<Archive>),
}

impl Source {
    /// The source of a season.
    pub(super) fn of(tx: &mut Tx<'_>, season: Season, by_team: bool) -> Result<Self> {
        if season != Season::at(tx.now) {
            return Ok(Self::Frozen(archive::of(tx, season, by_team)?));
        }
        let picture = tx.picture()?;
        let book = Arc::clone(&tx.book);
        let leagues = book.rulebook.leagues();
        let table = kept::table(tx.conn, &picture, season, leagues, tx.now)?;
        Ok(Self::Live(picture, table, leagues.all()))
    }

    fn table(&self) -> &Table {
        match self {
            Self::Live(_, table, _) => table,
            Self::Frozen(archive) => &archive.table,
        }
    }

    fn leagues(&self) -> &[League] {
        match self {
            Self::Live(_, _, leagues) => leagues,
            Self::Frozen(archive) => &archive.leagues,
        }
    }

    fn slug(&self, by_team: bool, at: u32) -> &str {
        match self {
            Self::Live(picture, ..) if by_team => picture.team_slug(at),
            Self::Live(picture, ..) => picture.service_slug(at),
            Self::Frozen(archive) => archive.slug(at),
        }
    }

    fn id(&self, by_team: bool, at: u32) -> &str {
        let at = at as usize;
        match self {
            Self::Live(picture, ..) if by_team => picture.tree.rows().get(at).map_or("", |t| t.id.as_str()),
            Self::Live(picture, ..) => picture.services.get(at).map_or("", |s| &*s.id),
            Self::Frozen(archive) => archive.rows.get(at).map_or("", |row| row.id.as_str()),
        }
    }
}

/// A board as one reader sees it.
pub(super) struct Shown {
    pub(super) source: Source,
    pub(super) by_team: bool,
    pub(super) board: Board,
    pub(super) order: Order,
}

impl Shown {
    pub(super) fn entry(&self, at: usize) -> Option<&Entry> {
        let place = self.order.get(at)?;
        self.source.table().entries(self.by_team).get(place.entry as usize)
    }

    pub(super) fn slug(&self, at: usize) -> &str {
        self.entry(at).map_or("", |entry| self.source.slug(self.by_team, entry.at))
    }

    /// Value, score and slug of a place: what orders it.
    fn key(&self, at: usize) -> (i32, i16, &str) {
        let value = self.order.get(at).map_or(0, |place| place.value);
        (value, self.entry(at).map_or(0, |entry| entry.score), self.slug(at))
    }

    /// The first place after a cursor; places are best first, slugs ascend among equals.
    fn after(&self, cursor: &Cursor) -> usize {
        let (mut low, mut high) = (0, self.order.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let (value, score, slug) = self.key(middle);
            let before = (value, score) > (cursor.0, cursor.1)
                || ((value, score) == (cursor.0, cursor.1) && slug <= cursor.2.as_str());
            if before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Leaves out what the reader may not know of, so that the ranks of the others have no gap.
    fn veiled(mut self, tx: &mut Tx<'_>) -> Result<Self> {
        let veil = tx.veil()?;
        if veil.is_empty() {
            return Ok(self);
        }
        let unseen = if self.by_team { HashSet::new() } else { tx.unseen_services()? };
        let entries = self.source.table().entries(self.by_team);
        let sees = |entry: &Entry| {
            let id = self.source.id(self.by_team, entry.at);
            if self.by_team { !veil.hides_team(id) } else { !unseen.contains(id) }
        };
        let kept = self.order.iter().filter(|p| entries.get(p.entry as usize).is_some_and(sees));
        self.order = Arc::new(kept.copied().collect());
        Ok(self)
    }
}

/// Value, score and slug of the last row of a page.
struct Cursor(i32, i16, String);

impl Cursor {
    fn write(&self, ask: &AskBoard) -> String {
        let json = serde_json::json!([ask.board, ask.by, self.0, self.1, self.2]).to_string();
        URL_SAFE_NO_PAD.encode(json)
    }

    fn read(text: &str, ask: &AskBoard) -> Result<Self> {
        let bad = || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let (board, by, value, score, slug): (String, String, i32, i16, String) =
            serde_json::from_slice(&bytes).map_err(|_| bad())?;
        if board == ask.board && by == ask.by { Ok(Self(value, score, slug)) } else { Err(bad()) }
    }
}

/// The part of a board that is asked for, and its name.
fn filter(ask: &AskBoard, source: &Source, by_team: bool) -> Result<(Filter, String)> {
    let leagues = source.leagues();
    let name = |n: u8| leagues.get(usize::from(n)).map_or_else(String::new, |l| l.id.clone());
    let all = (Filter::All, "all".to_owned());
    let text = ask.league.as_str();
    if text.is_empty() || text == "all" {
        return Ok(all);
    }
    if text == OWN {
        let own = ask.own.as_deref().filter(|_| by_team);
        let entry = source.table().teams.iter().find(|e| Some(source.slug(true, e.at)) == own);
        return Ok(entry.map_or(all, |entry| (Filter::League(entry.league), name(entry.league))));
    }
    let tier = text.strip_prefix("tier-").and_then(|tier| tier.parse::<i8>().ok());
    if let Some(tier) = tier.filter(|tier| (1..=4).contains(tier)) {
        return Ok((Filter::Tier(tier), format!("tier-{tier}")));
    }
    let league = leagues.iter().position(|l| l.id == text).filter(|_| by_team);
    if let Some(league) = league.and_then(|n| u8::try_from(n).ok()) {
        return Ok((Filter::League(league), name(league)));
    }
    let mut known = vec!["all", "tier-1", "tier-2", "tier-3", "tier-4"];
    if by_team {
        known.extend(leagues.iter().map(|l| l.id.as_str()));
    }
    Err(Error::invalid("?league", format!("expected one of {}", known.join(", "))))
}

/// The leagues to choose from: of teams those with anybody in them, of services the tiers.
fn leagues(shown: &Shown, chosen: Filter) -> Vec<LeagueView> {
    let view = |id: &str, title: &str| LeagueView { id: id.to_owned(), title: title.to_owned() };
    let mut found = vec![view("all", "All")];
    if !shown.by_team {
        found.extend((1..=4).map(|tier| view(&format!("tier-{tier}"), &format!("Tier {tier}"))));
        return found;
    }
    let mut there = vec![false; shown.source.leagues().len()];
    let entries = (0..shown.order.len()).filter_map(|at| shown.entry(at));
    for entry in entries {
        if let Some(slot) = there.get_mut(usize::from(entry.league)) {
            *slot = true;
        }
    }
    let taken = |(n, _): &(usize, &League)| {
        there.get(*n) == Some(&true) || chosen == Filter::League(u8::try_from(*n).unwrap_or(u8::MAX))
    };
    let leagues = shown.source.leagues().iter().enumerate().filter(taken);
    found.extend(leagues.map(|(_, league)| view(&league.id, &league.title)));
    found
}

/// Whole weeks of the streak of a team, by id, or of all services: what the board of streaks ranks.
pub fn streak_weeks(tx: &mut Tx<'_>, team: Option<&str>) -> Result<Option<i64>> {
    let Source::Live(picture, table, _) = Source::of(tx, Season::at(tx.now), true)? else { return Ok(None) };
    let number = |id: &str| picture.tree.rows().iter().position(|team| team.id == id);
    Ok(match team {
        None => table.streak(None),
        Some(id) => number(id).and_then(|number| table.streak(Some(number))),
    })
}

/// A page of a leaderboard.
pub fn board(tx: &mut Tx<'_>, ask: &AskBoard) -> Result<BoardView> {
    let Some(board) = Board::from_name(&ask.board) else {
        return Err(Error::not_found("leaderboard", ask.board.chars().take(60).collect::<String>()));
    };
    let by_team = match ask.by.as_str() {
        "team" => true,
        "service" => false,
        _ => return Err(Error::invalid("?by", "expected team or service")),
    };
    let current = Season::at(tx.now);
    let season = ask.season.as_deref().map_or(Ok(current), Season::parse)?;
    if season > current {
        let detail = format!("the season {season} has not begun; this one is {current}");
        return Err(Error::invalid("?season", detail));
    }
    let source = Source::of(tx, season, by_team)?;
    let (part, league) = filter(ask, &source, by_team)?;
    let of = |source: Source, part: Filter| {
        let order = source.table().order(board, by_team, part, |at| source.slug(by_team, at));
        Shown { source, by_team, board, order }
    };
    let all = of(source, Filter::All).veiled(tx)?;
    let choices = leagues(&all, part);
    let shown = if part == Filter::All { all } else { of(all.source, part).veiled(tx)? };
    let from = match &ask.cursor {
        Some(text) => shown.after(&Cursor::read(text, ask)?),
        None => 0,
    };
    let limit = usize::try_from(ask.limit.clamp(1, store::MAX_PAGE)).unwrap_or(0);
    let to = (from + limit).min(shown.order.len());
    let items = rows::rows(tx, &shown, &(from..to).collect::<Vec<_>>())?;
    let last = to.checked_sub(1).filter(|_| to < shown.order.len()).map(|at| shown.key(at));
    let next = last.map(|(value, score, slug)| Cursor(value, score, slug.to_owned()).write(ask));
    let own = ask.own.as_ref().filter(|_| by_team);
    let own = own.and_then(|slug| (0..shown.order.len()).find(|at| shown.slug(*at) == slug));
    let own = match own {
        Some(at) => rows::rows(tx, &shown, &[at])?.pop(),
        None => None,
    };
    let past = store::seasons::frozen(tx.conn, SEASONS)?;
    Ok(BoardView {
        board: ask.board.clone(),
        by: ask.by.clone(),
        unit: board.unit().to_owned(),
        season: season.to_string(),
        season_start: season.start(),
        season_end: season.end(),
        ended: season < current,
        seasons: std::iter::once(current.to_string()).chain(past.into_iter().map(|row| row.season)).collect(),
        league,
        leagues: choices,
        total: shown.order.len() as i64,
        items,
        next,
        own,
    })
}
