//! Rows of a leaderboard, as Home and the boards' own page show them.

use serde::Serialize;

use super::parts::{self, Grade, Tab};
use super::words;
use crate::app::views::{BoardRow, BoardView};
use crate::http::charts::{Mix, Spark};
use crate::types::Timestamp;

/// Rows shown before the board is cut.
const MOST_ROWS: usize = 50;
/// Ranks with a gold disc.
const TOP: i64 = 3;
/// What stands in the column of what teams are worth.
const EXPLAINED: &str = "What is ranked: the mean of the services that the team had when the season began, weighed by tier, \
                         beside three that stand at the mean of its league";

/// A board, ready for its partial.
#[derive(Serialize)]
pub struct Board {
    /// `Q4 season`.
    pub season: String,
    /// How it is ranked and when it ends.
    pub note: String,
    /// For screen readers.
    pub caption: String,
    /// Team or service.
    pub subject: &'static str,
    /// Columns that only teams have.
    pub teams: bool,
    /// There are weeks to draw.
    pub weeks: bool,
    /// There is a column of points gained.
    pub gains: bool,
    /// Head of the last column, where what is ranked has one of its own.
    pub last: Option<&'static str>,
    /// What a team's value is, for its head; none of services, whose values need no explanation.
    pub explained: Option<&'static str>,
    /// Columns that there are.
    pub columns: usize,
    /// Best first, the reader's own always among them.
    pub rows: Vec<Row>,
    /// Leagues to choose from.
    pub leagues: Vec<Tab>,
    /// Rows left out.
    pub hidden: usize,
}

/// One row.
#[derive(Serialize)]
pub struct Row {
    rank: Option<i64>,
    top: bool,
    you: bool,
    /// Rows were left out before this one.
    gap: bool,
    href: String,
    name: String,
    group: Option<String>,
    mix: Mix,
    spark: Spark,
    score: i16,
    grade: Grade,
    /// Points gained, and what part of what was possible they are.
    gained: Option<String>,
    sub: Option<String>,
    dir: &'static str,
    /// What is ranked, where it has a column of its own.
    value: Option<String>,
}

impl Board {
    /// At most `most` rows of `view`; league links lead to `href` with `league=` added.
    pub fn new(view: &BoardView, mine: Option<&str>, now: Timestamp, most: usize, href: &str) -> Self {
        let by_team = view.by == "team";
        let most = most.min(MOST_ROWS);
        let is_mine = |row: &BoardRow| by_team && mine == Some(row.slug.as_str());
        let mut rows: Vec<Row> =
            view.items.iter().take(most).map(|r| Row::new(r, view, is_mine(r))).collect();
        if let Some(own) = view.own.as_ref().filter(|own| !rows.iter().any(|r| r.you) && is_mine(own)) {
            rows.push(Row { gap: true, ..Row::new(own, view, true) });
        }
        let (gains, last) = (gains(&view.board), last(&view.board, by_team));
        let weeks = by_team && !view.ended;
        let subject = if by_team { "Team" } else { "Service" };
        Self {
            season: season(&view.season),
            note: note(view, now),
            caption: format!("{subject}s ranked, {}", view.season),
            subject,
            teams: by_team,
            weeks,
            gains,
            last,
            explained: by_team.then_some(EXPLAINED),
            columns: 3 + [by_team, weeks, gains, last.is_some()].iter().filter(|is| **is).count(),
            hidden: usize::try_from(view.total).unwrap_or(0).saturating_sub(rows.len()),
            rows,
            leagues: leagues(view, href),
        }
    }
}

/// `2026-Q4` as `Q4 season`.
fn season(season: &str) -> String {
    season.rsplit('-').next().map_or_else(|| season.to_owned(), |quarter| format!("{quarter} season"))
}

/// Boards that say what was gained.
fn gains(board: &str) -> bool {
    matches!(board, "improved" | "score")
}

/// The head of what is ranked. A service's score and gains stand for themselves.
fn last(board: &str, by_team: bool) -> Option<&'static str> {
    match board {
        "streak" => Some("Streak"),
        "drills" => Some("Fresh"),
        "fallbacks" => Some("Verified"),
        _ => by_team.then_some("Worth"),
    }
}

fn note(view: &BoardView, now: Timestamp) -> String {
    let day = |at: Timestamp| at.to_datetime().format("%-d %B").to_string();
    let since = day(view.season_start);
    let ranked = match view.board.as_str() {
        "improved" => format!("Ranked by the part of what was possible that was gained since {since}."),
        "streak" => "Ranked by whole weeks without a drill regression.".to_owned(),
        "drills" => "Ranked by the share of expected drills that are fresh.".to_owned(),
        "fallbacks" => "Ranked by the share of verified fallbacks.".to_owned(),
        _ if view.by == "team" => {
            format!("Ranked by worth: the score, beside the mean of the league. Gained since {since}.")
        }
        _ => format!("Ranked by score. Gained since {since}."),
    };
    let league = view.leagues.iter().find(|l| l.id == view.league && l.id != "all");
    let league = league.map_or_else(String::new, |league| format!(" {}.", league.title));
    if view.ended {
        let last = day(Timestamp(view.season_end.0 - 1));
        return format!("{ranked}{league} Final standings of {last}.");
    }
    let ends = match now.days_until(view.season_end) {
        0 => "Ends today.".to_owned(),
        d if d < 14 => format!("Ends in {}.", words::count(d, "day")),
        d => format!("Ends in {}.", words::count(d / 7, "week")),
    };
    format!("{ranked}{league} {ends}")
}

fn leagues(view: &BoardView, href: &str) -> Vec<Tab> {
    let joint = if href.contains('?') { '&' } else { '?' };
    let text = |id: &str| words::capital(&id.replace('-', " "));
    let tab = |id: &String| Tab {
        text: text(id),
        href: format!("{href}{joint}league={id}"),
        current: *id == view.league,
    };
    let mut tabs: Vec<Tab> = view.leagues.iter().map(|league| tab(&league.id)).collect();
    if !tabs.iter().any(|tab| tab.current) {
        tabs.push(tab(&view.league));
    }
    tabs
}

/// Thousandths as a percentage with one decimal.
pub fn percent(milli: i32) -> String {
    let sign = if milli < 0 { "−" } else { "" };
    format!("{sign}{}.{}%", milli.abs() / 10, milli.abs() % 10)
}

impl Row {
    fn new(row: &BoardRow, view: &BoardView, you: bool) -> Self {
        let path = if view.by == "team" { "teams" } else { "services" };
        let gained = || words::signed(i64::from(row.gained));
        let by_team = view.by == "team";
        let value = match view.board.as_str() {
            "streak" => words::count(i64::from(row.value), "week"),
            "score" => row.value.to_string(),
            _ => percent(row.value),
        };
        // Of a service the ranked part of what was possible stands below its points.
        let sub = (view.board == "improved" && !by_team).then(|| value.clone());
        Self {
            rank: row.rank,
            top: row.rank.is_some_and(|r| r <= TOP) && row.gained >= 0,
            you,
            gap: false,
            href: format!("/{path}/{}", row.slug),
            name: row.name.clone(),
            group: row.group.clone(),
            mix: parts::mix(&row.grades),
            spark: Spark::new(&row.weeks),
            score: row.score,
            grade: Grade::new(Some(&row.grade)),
            gained: gains(&view.board).then(gained),
            sub,
            dir: parts::direction(i64::from(row.gained)),
            value: last(&view.board, by_team).map(|_| value),
        }
    }
}
