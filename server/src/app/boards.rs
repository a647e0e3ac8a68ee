//! Leaderboards of a season: points gained, and score; standard competition ranks, in pages by key.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Datelike, NaiveDate};

use super::Tx;
use super::fleet::Picture;
use super::ranking::{self, Place, rank};
use super::standing;
use super::views::{BoardRow, BoardView};
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
    /// From the page before.
    pub cursor: Option<String>,
    /// 1..500.
    pub limit: i64,
    /// Slug of the team whose own row is wanted too.
    pub own: Option<String>,
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

/// The first day of the season now.
pub fn season_start(now: Timestamp) -> Result<i32> {
    Ok(season_days(None, now)?.1)
}

/// Whose order a board shows: slug by place, and all places, best first.
struct Order<'a> {
    slugs: Vec<&'a str>,
    places: Arc<Vec<Place>>,
    improved: bool,
}

impl Order<'_> {
    fn slug(&self, place: Place) -> &str {
        self.slugs.get(place.at as usize).copied().unwrap_or_default()
    }

    /// The number of the first place after a cursor.
    fn after(&self, cursor: &Cursor) -> usize {
        let (key, slug) = ((cursor.0, cursor.1), cursor.2.as_str());
        self.places.partition_point(|p| {
            let own = p.key(self.improved);
            own > key || (own == key && self.slug(*p) <= slug)
        })
    }
}

/// Value, score and slug of the last row of a page.
struct Cursor(i16, i16, String);

impl Cursor {
    fn write(&self, ask: &AskBoard) -> String {
        let json = serde_json::json!([ask.board, ask.by, self.0, self.1, self.2]).to_string();
        URL_SAFE_NO_PAD.encode(json)
    }

    fn read(text: &str, ask: &AskBoard) -> Result<Self> {
        let bad = || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let (board, by, value, score, slug): (String, String, i16, i16, String) =
            serde_json::from_slice(&bytes).map_err(|_| bad())?;
        if board == ask.board && by == ask.by { Ok(Self(value, score, slug)) } else { Err(bad()) }
    }
}

/// A page of a leaderboard.
pub fn board(tx: &mut Tx<'_>, ask: &AskBoard) -> Result<BoardView> {
    if !["improved", "score"].contains(&ask.board.as_str()) {
        return Err(Error::not_found("leaderboard", ask.board.chars().take(60).collect::<String>()));
    }
    let improved = ask.board == "improved";
    let tier = match ask.league.as_str() {
        "all" | "" => 0,
        league => match league.strip_prefix("tier-").and_then(|t| t.parse::<i8>().ok()) {
            Some(tier) if (1..=4).contains(&tier) => tier,
            _ => return Err(Error::invalid("?league", "expected all, tier-1, tier-2, tier-3 or tier-4")),
        },
    };
    let (season, start, end) = season_days(ask.season.as_deref(), tx.now)?;
    let season_start = Timestamp(i64::from(start) * DAY_MS);
    let picture = tx.picture()?;
    let order = match ask.by.as_str() {
        "team" => teams(tx, &picture, improved, tier, start)?,
        "service" => services(tx, &picture, improved, tier, season_start.0)?,
        _ => return Err(Error::invalid("?by", "expected team or service")),
    };
    let from = match &ask.cursor {
        Some(text) => order.after(&Cursor::read(text, ask)?),
        None => 0,
    };
    let limit = usize::try_from(ask.limit.clamp(1, store::MAX_PAGE)).unwrap_or(0);
    let to = (from + limit).min(order.places.len());
    let page: Vec<usize> = (from..to).collect();
    let items = rows(tx, &picture, ask, &order, &page)?;
    let last = to.checked_sub(1).filter(|_| to < order.places.len()).and_then(|n| order.places.get(n));
    let next =
        last.map(|p| Cursor(p.key(improved).0, p.key(improved).1, order.slug(*p).to_owned()).write(ask));
    let own = ask.own.as_ref().filter(|_| ask.by == "team");
    let own = own.and_then(|slug| order.places.iter().position(|p| order.slug(*p) == slug));
    let own = match own {
        Some(at) => rows(tx, &picture, ask, &order, &[at])?.pop(),
        None => None,
    };
    Ok(BoardView {
        board: ask.board.clone(),
        by: ask.by.clone(),
        season,
        season_start,
        season_end: Timestamp(i64::from(end) * DAY_MS),
        league: if tier == 0 { "all".to_owned() } else { format!("tier-{tier}") },
        items,
        next,
        total: order.places.len() as i64,
        own,
    })
}

/// Services; those that the reader may not know of have no place, so that the ranks of the others have no gap.
fn services<'a>(
    tx: &mut Tx<'_>,
    picture: &'a Picture,
    improved: bool,
    tier: i8,
    start: i64,
) -> Result<Order<'a>> {
    let mut places = ranking::services(tx.conn, picture, improved, tier, start)?;
    let unseen = tx.unseen_services()?;
    if !unseen.is_empty() {
        let id = |place: &Place| picture.services.get(place.at as usize).map(|service| &*service.id);
        places = Arc::new(
            places.iter().filter(|p| id(p).is_some_and(|id| !unseen.contains(id))).copied().collect(),
        );
    }
    Ok(Order { slugs: picture.services.iter().map(|s| &*s.slug).collect(), places, improved })
}

/// Teams that own services themselves, each with what is below it; as with [`services`], hidden ones have no place.
fn teams<'a>(
    tx: &mut Tx<'_>,
    picture: &'a Picture,
    improved: bool,
    tier: i8,
    start: i32,
) -> Result<Order<'a>> {
    let before = ranking::firsts(tx.conn, picture, start, tx.now.day())?;
    let teams = picture.tree.rows();
    let veil = tx.veil()?;
    let mut places = Vec::new();
    for (at, team) in
        teams.iter().enumerate().filter(|(_, t)| t.removed_at.is_none() && !veil.hides_team(&t.id))
    {
        let Some(own_tier) = picture.best_tier.get(&team.id) else { continue };
        if tier != 0 && i16::from(tier) != *own_tier {
            continue;
        }
        let Some(score) = picture.teams.get(&team.id).and_then(standing::Tally::mean) else { continue };
        let gained = before.get(&team.id).map_or(0, |then| score - then);
        places.push(Place { at: u32::try_from(at).unwrap_or(u32::MAX), score, gained });
    }
    let slugs: Vec<&str> = teams.iter().map(|t| t.slug.as_str()).collect();
    let slug = |place: &Place| slugs.get(place.at as usize);
    places.sort_unstable_by(|a, b| (b.key(improved), slug(a)).cmp(&(a.key(improved), slug(b))));
    Ok(Order { slugs, places: Arc::new(places), improved })
}

/// The rows at these places, with what only shown rows need.
fn rows(
    tx: &mut Tx<'_>,
    picture: &Picture,
    ask: &AskBoard,
    order: &Order<'_>,
    at: &[usize],
) -> Result<Vec<BoardRow>> {
    let places: Vec<(usize, Place)> = at.iter().filter_map(|n| Some((*n, *order.places.get(*n)?))).collect();
    if ask.by == "team" {
        return team_rows(tx, picture, order, &places);
    }
    let slugs: Vec<String> = places.iter().map(|(_, p)| order.slug(*p).to_owned()).collect();
    let names: HashMap<String, (String, Option<String>)> =
        store::fleet::names_of(tx.conn, &slugs)?.into_iter().map(|(slug, n, t)| (slug, (n, t))).collect();
    let book = Arc::clone(&tx.book);
    let none = standing::grade_counts(&book.rulebook, &BTreeMap::new());
    let row = |(n, place): &(usize, Place)| {
        let slug = order.slug(*place);
        let (name, group) = names.get(slug).cloned().unwrap_or_else(|| (slug.to_owned(), None));
        let held = picture.services.get(place.at as usize);
        BoardRow {
            rank: rank(&order.places, *n, order.improved),
            slug: slug.to_owned(),
            name,
            group,
            score: place.score,
            grade: held.map_or_else(String::new, |s| picture.letter(s.grade)),
            gained: place.gained,
            grades: none.clone(),
            weeks: Vec::new(),
        }
    };
    Ok(places.iter().map(row).collect())
}

fn team_rows(
    tx: &mut Tx<'_>,
    picture: &Picture,
    order: &Order<'_>,
    places: &[(usize, Place)],
) -> Result<Vec<BoardRow>> {
    let team = |place: &Place| picture.tree.rows().get(place.at as usize);
    let ids: Vec<String> = places.iter().filter_map(|(_, p)| Some(team(p)?.id.clone())).collect();
    let days = standing::week_days(tx.now, 12);
    let mut kept: HashMap<String, Vec<store::boards::DailyRow>> = HashMap::new();
    for row in store::boards::daily_of(tx.conn, standing::TEAM, &ids, &days)? {
        kept.entry(row.scope_id.clone()).or_default().push(row);
    }
    let book = Arc::clone(&tx.book);
    let none = standing::Tally::default();
    let row = |(n, place): &(usize, Place)| {
        let team = team(place)?;
        let tally = picture.teams.get(&team.id).unwrap_or(&none);
        let weeks = kept.get(&team.id).map_or(&[][..], Vec::as_slice);
        Some(BoardRow {
            rank: rank(&order.places, *n, order.improved),
            slug: team.slug.clone(),
            name: team.name.clone(),
            group: picture.tree.ancestors(team).last().map(|t| t.name.clone()),
            score: place.score,
            grade: standing::letter_of(&book.rulebook, Some(place.score)).unwrap_or_default(),
            gained: place.gained,
            grades: standing::grade_counts(&book.rulebook, &tally.grades),
            weeks: standing::weeks_of(&days, weeks, tally),
        })
    };
    Ok(places.iter().filter_map(row).collect())
}
