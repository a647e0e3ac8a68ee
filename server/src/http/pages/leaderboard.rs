//! Leaderboards: points gained first, then score; by team or service, in leagues.

use serde::Serialize;

use super::board::Board;
use super::chrome::Chrome;
use super::parts::Tab;
use crate::app::views::BoardView;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    title: &'static str,
    lead: &'static str,
    boards: Vec<Tab>,
    subjects: Vec<Tab>,
    board: Board,
    hidden: Option<String>,
    footnote: &'static str,
    csv: String,
}

/// The page of one board.
pub fn context(chrome: Chrome, view: &BoardView) -> Ctx {
    let improved = view.board == "improved";
    let href = |board: &str, by: &str| format!("/leaderboards/{board}?by={by}");
    let with_league =
        |href: String| if view.league == "all" { href } else { format!("{href}&league={}", view.league) };
    let tab = |text: &str, board: &str, by: &str| Tab {
        text: text.to_owned(),
        href: with_league(href(board, by)),
        current: board == view.board && by == view.by,
    };
    let board = Board::new(view, chrome.my_team(), chrome.now, usize::MAX, &href(&view.board, &view.by));
    let title = if improved { "Who gained most" } else { "Highest scores" };
    Ctx {
        title,
        lead: "Compared inside a league, against a start of one's own. Ties share a rank.",
        boards: vec![tab("Points gained", "improved", &view.by), tab("Score", "score", &view.by)],
        subjects: vec![tab("Teams", &view.board, "team"), tab("Services", &view.board, "service")],
        hidden: (board.hidden > 0).then(|| format!("{} more are in the CSV.", board.hidden)),
        board,
        footnote: if improved {
            "Below the top half, rows are listed without a rank."
        } else {
            "A score says where one stands today, not how hard the way was."
        },
        csv: with_league(format!("/api/v1{}&format=csv", href(&view.board, &view.by))),
        chrome: chrome.titled(title),
    }
}
