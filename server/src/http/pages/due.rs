//! What is due over the services of a team, or of everybody.

use serde::Serialize;

use super::chrome::Chrome;
use super::drills::Row;
use super::parts::{Choice, Link};
use super::words;
use crate::app::views::{TeamDue, TeamRef};
use crate::plans::Engine;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    title: String,
    lead: String,
    teams: Vec<Choice>,
    rows: Vec<Of>,
    /// What is not shown.
    note: Option<String>,
    /// The calendar of the team.
    calendar: Option<String>,
}

/// A drill with its service.
#[derive(Serialize)]
struct Of {
    service: Link,
    drill: Row,
}

/// The page of what is due for `team`, or for all.
pub fn context(chrome: Chrome, team: Option<&TeamRef>, teams: &[TeamRef], due: &TeamDue) -> Ctx {
    let who = team.map_or("all teams", |t| t.name.as_str());
    let current = team.map(|t| t.slug.as_str());
    let mut choices = vec![Choice::new("", "All teams", Some(current.unwrap_or_default()))];
    choices.extend(teams.iter().map(|t| Choice::new(&t.slug, &t.name, current)));
    let shown = due.items.len();
    let mut notes = Vec::new();
    if due.total > shown {
        notes.push(format!("Shown are the {shown} most urgent of {}.", due.total));
    }
    if due.more_services {
        notes.push(format!(
            "Only the {} with the lowest scores were looked through.",
            words::count(due.services as i64, "service")
        ));
    }
    Ctx {
        title: match due.total {
            0 => "No drill is due".to_owned(),
            1 => "1 drill is due".to_owned(),
            n => format!("{n} drills are due"),
        },
        lead: format!(
            "What no fresh pass covers, over {} of {who}. The most urgent first, then what earns most for least work.",
            words::count(due.services as i64, "service")
        ),
        teams: choices,
        rows: due
            .items
            .iter()
            .map(|row| Of {
                service: Link::to(&row.service_name, format!("/services/{}", words::encode(&row.service))),
                drill: Row::new(row, Engine::ChaosToolkit, None),
            })
            .collect(),
        note: (!notes.is_empty()).then(|| notes.join(" ")),
        calendar: team.map(|t| format!("/teams/{}/drills.ics", words::encode(&t.slug))),
        chrome: chrome.titled("What is due"),
    }
}
