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
    gained: String,
    dir: &'static str,
}

impl Board {
    /// At most `most` rows of `view`; league links lead to `href` with `league=` added.
    pub fn new(view: &BoardView, mine: Option<&str>, now: Timestamp, most: usize, href: &str) -> Self {
        let by_team = view.by == "team";
        let most = most.min(MOST_ROWS);
        let is_mine = |row: &BoardRow| by_team && mine == Some(row.slug.as_str());
        let mut rows: Vec<Row> =
            view.items.iter().take(most).map(|r| Row::new(r, by_team, is_mine(r))).collect();
        if let Some(own) = view.own.as_ref().filter(|own| !rows.iter().any(|r| r.you) && is_mine(own)) {
            rows.push(Row { gap: true, ..Row::new(own, by_team, true) });
        }
        let subject = if by_team { "Team" } else { "Service" };
        Self {
            season: season(&view.season),
            note: note(view, now),
            caption: format!("{subject}s ranked, {}", view.season),
            subject,
            teams: by_team,
            hidden: usize::try_from(view.total).unwrap_or(0).saturating_sub(rows.len()),
            rows,
            leagues: leagues(&view.league, href),
        }
    }
}

/// `2026-Q4` as `Q4 season`.
fn season(season: &str) -> String {
    season.rsplit('-').next().map_or_else(|| season.to_owned(), |quarter| format!("{quarter} season"))
}

fn note(view: &BoardView, now: Timestamp) -> String {
    let since = view.season_start.to_datetime().format("%-d %B");
    let left = now.days_until(view.season_end);
    let ends = match left {
        0 => "Ends today.".to_owned(),
        d if d < 14 => format!("Ends in {}.", words::count(d, "day")),
        d => format!("Ends in {}.", words::count(d / 7, "week")),
    };
    if view.board == "improved" {
        format!("Ranked by points gained since {since}. {ends}")
    } else {
        format!("Ranked by score today. Gained since {since}. {ends}")
    }
}

fn leagues(current: &str, href: &str) -> Vec<Tab> {
    let joint = if href.contains('?') { '&' } else { '?' };
    let tab = |slug: &str, text: &str| Tab {
        text: text.to_owned(),
        href: if slug == "all" { href.to_owned() } else { format!("{href}{joint}league={slug}") },
        current: slug == current,
    };
    std::iter::once(tab("all", "All"))
        .chain((1..=4).map(|tier| tab(&format!("tier-{tier}"), &format!("Tier {tier}"))))
        .collect()
}

impl Row {
    fn new(view: &BoardRow, by_team: bool, you: bool) -> Self {
        let path = if by_team { "teams" } else { "services" };
        Self {
            rank: view.rank,
            top: view.rank.is_some_and(|r| r <= TOP) && view.gained >= 0,
            you,
            gap: false,
            href: format!("/{path}/{}", view.slug),
            name: view.name.clone(),
            group: view.group.clone(),
            mix: parts::mix(&view.grades),
            spark: Spark::new(&view.weeks),
            score: view.score,
            grade: Grade::new(Some(&view.grade)),
            gained: words::signed(i64::from(view.gained)),
            dir: parts::direction(i64::from(view.gained)),
        }
    }
}
