//! Home: your team and its next steps, the season, what happened lately, all services by grade.

use serde::Serialize;

use super::board::Board;
use super::challenges::Running;
use super::chrome::Chrome;
use super::feed::{self, FeedItem};
use super::hero::Hero;
use super::parts::{self, Choice, Code, PracticeBar};
use super::words;
use crate::app::challenges::{ChallengeRow, ToGo};
use crate::app::views::{
    BandView, BoardView, EventView, FleetView, FleetWeek, GradeCount, TeamRef, TeamView,
};
use crate::http::charts::{Stack, StackWeek};

/// Rows of the board shown on Home.
const ROWS: usize = 9;
/// Events shown on Home.
const LATELY: usize = 7;

/// What Home is made of.
pub struct Home<'a> {
    /// Everything.
    pub fleet: &'a FleetView,
    /// The reader's team, when one is chosen and exists.
    pub team: Option<&'a TeamView>,
    /// Points gained this season, by team, in the chosen league.
    pub board: &'a BoardView,
    /// The latest events; of them those are shown that everybody may be told.
    pub events: &'a [EventView],
    /// Teams to choose from.
    pub teams: &'a [TeamRef],
    /// Letters, best first.
    pub bands: &'a [BandView],
    /// The challenge that runs and ends first, with what the reader's team has to do.
    pub challenge: Option<&'a (ChallengeRow, Option<ToGo>)>,
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    /// Nothing is loaded: how to begin.
    empty: bool,
    import: Code,
    curl: Code,
    hero: Hero,
    chosen: bool,
    first: Vec<FirstStep>,
    choices: Vec<Choice>,
    board: Board,
    challenge: Option<Running>,
    board_league: String,
    wide: bool,
    feed: Vec<FeedItem>,
    grades_note: String,
    stack: Option<Stack>,
    practices: Vec<PracticeBar>,
    practices_note: Option<String>,
}

/// One of the four first steps.
#[derive(Serialize)]
pub struct FirstStep {
    n: usize,
    /// `done`, `next` or nothing.
    cls: &'static str,
    title: &'static str,
    text: String,
    /// The step is the form that picks a team.
    picks: bool,
    href: &'static str,
    /// The link is worth following.
    open: bool,
    action: &'static str,
}

/// The page.
pub fn context(chrome: Chrome, home: &Home<'_>) -> Ctx {
    let now = chrome.now;
    let (practices, practices_note) = parts::practice_bars(&home.fleet.practices, home.bands);
    let upper = upper_half(&home.fleet.standing.grades);
    let hero = home.team.map_or_else(
        || Hero::fleet(&home.fleet.standing, home.fleet.teams, upper.clone()),
        |team| Hero::team(team, eyebrow(team)),
    );
    Ctx {
        empty: home.fleet.standing.services == 0,
        import: Code::new("the import command", "waterbear import catalog-info.yaml"),
        curl: Code::new("the import by curl", super::recipes::curl_import()),
        hero,
        chosen: home.team.is_some(),
        first: first_steps(home),
        choices: std::iter::once(Choice::new("", "Choose a team", None))
            .chain(home.teams.iter().map(|t| Choice::new(&t.slug, &t.name, None)))
            .collect(),
        board_league: home.board.league.clone(),
        board: Board::new(home.board, chrome.my_team(), now, ROWS, "/"),
        challenge: home.challenge.map(|(row, mine)| Running::new(row, mine.as_ref(), now)),
        wide: false,
        feed: home
            .events
            .iter()
            .filter(|e| feed::is_told(e))
            .take(LATELY)
            .map(|e| FeedItem::new(e, now))
            .collect(),
        stack: stack(&home.fleet.weeks, &upper),
        grades_note: grades_note(&home.fleet.weeks, upper),
        practices,
        practices_note,
        chrome: chrome.titled("Home").fed("/feed.atom"),
    }
}

fn eyebrow(team: &TeamView) -> String {
    let path: Vec<&str> = team.ancestors.iter().map(|a| a.name.as_str()).collect();
    if path.is_empty() { "Your team".to_owned() } else { format!("Your team · {}", path.join(" · ")) }
}

/// The letter that closes the better half of the letters, and how many services reach it.
fn half(grades: &[GradeCount]) -> (Option<&str>, i64, i64) {
    let letters: Vec<&GradeCount> = grades.iter().filter(|g| g.grade.is_some()).collect();
    let better = letters.get(..letters.len().div_ceil(2)).unwrap_or_default();
    let reached = better.iter().map(|g| g.services).sum();
    (better.last().and_then(|g| g.grade.as_deref()), reached, grades.iter().map(|g| g.services).sum())
}

fn upper_half(grades: &[GradeCount]) -> String {
    match half(grades) {
        (Some(letter), reached, total) => {
            format!("{reached} of {} are at {letter} or better", words::count(total, "service"))
        }
        _ => "Nothing is graded yet".to_owned(),
    }
}

fn grades_note(weeks: &[FleetWeek], upper: String) -> String {
    let first = weeks.iter().find(|w| w.grades.iter().any(|g| g.services > 0));
    first.map_or_else(
        || format!("{upper}."),
        |week| {
            let (_, reached, _) = half(&week.grades);
            format!("{upper}, after {reached} on {}.", words::day(week.at))
        },
    )
}

fn stack(weeks: &[FleetWeek], desc: &str) -> Option<Stack> {
    let weeks: Vec<StackWeek> = weeks
        .iter()
        .map(|week| StackWeek {
            label: words::short_day(week.at),
            counts: week.grades.iter().map(|g| (g.grade.clone(), g.services)).collect(),
        })
        .collect();
    Stack::new(&weeks, format!("Stacked area. {desc}."))
}

fn first_steps(home: &Home<'_>) -> Vec<FirstStep> {
    let standing = &home.fleet.standing;
    let loaded = standing.services > 0;
    let steps = [
        (
            loaded,
            "Load your catalogue",
            "Teams, services and their tiers from files you have.",
            "/help/catalog",
            "How",
        ),
        (
            home.team.is_some(),
            "Pick your team",
            "Home then starts with its grade and its next steps.",
            "",
            "",
        ),
        (
            standing.graded > 0,
            "Post a drill",
            "One result from CI or by curl, and a grade appears.",
            "/help/drills",
            "How",
        ),
        (false, "Read a card", "Which rules, which facts, sent by whom.", "/services", "Services"),
    ];
    let next = steps.iter().position(|s| !s.0);
    steps
        .into_iter()
        .enumerate()
        .map(|(i, (done, title, text, href, action))| FirstStep {
            n: i + 1,
            cls: if done {
                "done"
            } else if next == Some(i) {
                "next"
            } else {
                ""
            },
            title,
            text: text.to_owned(),
            picks: href.is_empty() && !done,
            href,
            open: !done && !href.is_empty(),
            action,
        })
        .collect()
}
