//! What a search found: services and teams.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::Link;
use super::services::Row;
use super::words;
use crate::app::views::{ServiceRow, TeamRef};

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    title: String,
    asked: bool,
    found: bool,
    caption: &'static str,
    rows: Vec<Row>,
    teams: Vec<Link>,
    /// All matches in the list of services, when there may be more.
    more: Option<String>,
}

/// The page for `q`; `more` when the services are cut.
pub fn context(chrome: Chrome, q: &str, services: &[ServiceRow], teams: &[TeamRef], more: bool) -> Ctx {
    let now = chrome.now;
    let asked = !q.trim().is_empty();
    let found = !services.is_empty() || !teams.is_empty();
    let title = match (asked, found) {
        (false, _) => "Find a service or team".to_owned(),
        (true, true) => format!(
            "{}{} and {} for \u{201c}{q}\u{201d}",
            if more { "More than " } else { "" },
            words::count(services.len() as i64, "service"),
            words::count(teams.len() as i64, "team")
        ),
        (true, false) => format!("Nothing found for \u{201c}{q}\u{201d}"),
    };
    Ctx {
        asked,
        found,
        caption: "Services found",
        rows: services.iter().map(|row| Row::new(row, now)).collect(),
        teams: teams.iter().map(|t| Link::to(&t.name, format!("/teams/{}", t.slug))).collect(),
        more: more.then(|| format!("/services?q={}", words::encode(q))),
        chrome: chrome.titled("Search").searching(q),
        title,
    }
}
