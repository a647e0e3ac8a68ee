//! Leaderboards: what was gained first, then score, streak, drills, fallbacks; by team or service, in leagues, of this
//! season or one that is over.

use serde::Serialize;

use super::board::Board;
use super::chrome::Chrome;
use super::parts::Tab;
use super::words;
use crate::app::views::BoardView;

/// Seasons to choose from.
const SEASONS: usize = 9;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    title: &'static str,
    lead: &'static str,
    boards: Vec<Tab>,
    subjects: Vec<Tab>,
    /// This season and past ones; empty while there is none to choose.
    seasons: Vec<Tab>,
    board: Board,
    /// How many there are in all, where not all are shown.
    hidden: Option<String>,
    /// The page after this one, and the first one.
    next: Option<String>,
    first: Option<String>,
    footnote: &'static str,
    /// Head and text where nobody is on the board.
    empty: (&'static str, &'static str),
    csv: String,
}

/// Name of a board, its tab, its title, what is said below it, and what is said when nobody is on it.
const BOARDS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "improved",
        "Points gained",
        "Who gained most",
        "Gained against what was possible: the last points are harder.",
        "Send a drill result and it begins.",
    ),
    (
        "score",
        "Score",
        "Highest scores",
        "A score says where one stands today, not how hard the way was.",
        "Send a drill result and it begins.",
    ),
    (
        "streak",
        "Streak",
        "Longest without a regression",
        "Only a drill that passed and then failed ends a streak. Incidents and pages never do.",
        "A streak begins with the first drill result, and rests while no drill is fresh.",
    ),
    (
        "drills",
        "Drills",
        "Freshest drills",
        "Expected drills count once each: to run one again and again gains nothing.",
        "Expected drills that are fresh count. Send the first result.",
    ),
    (
        "fallbacks",
        "Fallbacks",
        "Proven fallbacks",
        "Of the calls that users can do without, those whose fallback a drill has proved.",
        "Declare a core flow, and prove its fallbacks by drills.",
    ),
];

/// The page of one board.
///
/// `later`: a page after the first one.
pub fn context(chrome: Chrome, view: &BoardView, later: bool) -> Ctx {
    let of = |board: &str, by: &str, season: Option<&str>| {
        let season = season.map_or_else(String::new, |season| format!("&season={season}"));
        format!("/leaderboards/{board}?by={by}{season}")
    };
    let this = view.ended.then_some(view.season.as_str());
    let in_league =
        |href: String| if view.league == "all" { href } else { format!("{href}&league={}", view.league) };
    let tab = |text: &str, href: String, current: bool| Tab { text: text.to_owned(), href, current };
    let here = of(&view.board, &view.by, this);
    let board = Board::new(view, chrome.my_team(), chrome.now, usize::MAX, &here);
    let boards = BOARDS
        .iter()
        .map(|(name, text, ..)| tab(text, in_league(of(name, &view.by, this)), *name == view.board));
    // A tier is one of teams and of services alike; other leagues are of teams alone.
    let subject = |text: &str, by: &str| {
        let href = of(&view.board, by, this);
        let href = if view.league.starts_with("tier-") { in_league(href) } else { href };
        tab(text, href, by == view.by)
    };
    let season = |(n, season): (usize, &String)| {
        let href = of(&view.board, &view.by, (n > 0).then_some(season.as_str()));
        tab(season, href, *season == view.season)
    };
    let seasons: Vec<Tab> = view.seasons.iter().take(SEASONS).enumerate().map(season).collect();
    let noun = if view.by == "team" { "team" } else { "service" };
    let texts = BOARDS.iter().find(|(name, ..)| *name == view.board);
    let (title, footnote, empty) = texts.map_or(("Board", "", ""), |t| (t.2, t.3, t.4));
    Ctx {
        title,
        lead: "Compared inside a league, against a start of one's own. Ties share a rank; below the top half none is shown.",
        boards: boards.collect(),
        subjects: vec![subject("Teams", "team"), subject("Services", "service")],
        seasons: if seasons.len() > 1 { seasons } else { Vec::new() },
        hidden: (view.next.is_some() || later).then(|| format!("{} in all.", words::count(view.total, noun))),
        next: view
            .next
            .as_ref()
            .map(|at| format!("{}&cursor={}", in_league(here.clone()), words::encode(at))),
        first: later.then(|| in_league(here.clone())),
        board,
        footnote,
        empty: if view.ended {
            ("Nobody was on this board", "Final standings are kept of seasons that began here.")
        } else if ["improved", "score"].contains(&view.board.as_str()) {
            ("The season starts with the first grading run", empty)
        } else {
            ("Nobody is on this board yet", empty)
        },
        csv: in_league(format!("/api/v1{here}&format=csv")),
        chrome: chrome.titled(title),
    }
}
