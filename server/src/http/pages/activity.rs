//! Everything that happened, newest first, by day; the reader's team first.

use serde::Serialize;

use super::chrome::Chrome;
use super::feed::FeedItem;
use super::parts::Tab;
use super::words;
use crate::app::views::{EventView, Page};

/// Whose events are shown.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Team slug and name.
    pub team: Option<(String, String)>,
    /// Service slug.
    pub service: Option<String>,
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    title: String,
    tabs: Vec<Tab>,
    days: Vec<Day>,
    next: Option<String>,
    atom: String,
}

/// The events of one day.
#[derive(Serialize)]
pub struct Day {
    label: String,
    /// One line an entry.
    wide: bool,
    feed: Vec<FeedItem>,
}

/// One page of events, newest first.
pub fn context(chrome: Chrome, scope: &Scope, page: &Page<EventView>) -> Ctx {
    let now = chrome.now;
    let mut days: Vec<Day> = Vec::new();
    for event in &page.items {
        let label = words::day(event.at);
        let item = FeedItem::new(event, now);
        match days.last_mut().filter(|day| day.label == label) {
            Some(day) => day.feed.push(item),
            None => days.push(Day { label, wide: true, feed: vec![item] }),
        }
    }
    let atom = scope
        .team
        .as_ref()
        .map_or_else(|| "/feed.atom".to_owned(), |(slug, _)| format!("/teams/{slug}/feed.atom"));
    let title = match (&scope.service, &scope.team) {
        (Some(service), _) => format!("What happened to {service}"),
        (None, Some((_, name))) => format!("What happened in {name}"),
        (None, None) => "What happened".to_owned(),
    };
    Ctx {
        tabs: tabs(&chrome, scope),
        days,
        next: page
            .next
            .as_ref()
            .map(|cursor| format!("/activity?{}cursor={}", scope.query(), words::encode(cursor))),
        chrome: chrome.titled("Activity").fed(&atom),
        atom,
        title,
    }
}

impl Scope {
    fn query(&self) -> String {
        match (&self.service, &self.team) {
            (Some(service), _) => format!("service={}&", words::encode(service)),
            (None, Some((slug, _))) => format!("team={}&", words::encode(slug)),
            (None, None) => String::new(),
        }
    }
}

fn tabs(chrome: &Chrome, scope: &Scope) -> Vec<Tab> {
    let Some(mine) = &chrome.team else { return Vec::new() };
    let shown = scope.team.as_ref().map(|t| t.0.as_str());
    vec![
        Tab {
            text: "Everything".to_owned(),
            href: "/activity".to_owned(),
            current: shown.is_none() && scope.service.is_none(),
        },
        Tab {
            text: mine.name.clone(),
            href: format!("/activity?team={}", words::encode(&mine.slug)),
            current: shown == Some(mine.slug.as_str()),
        },
    ]
}
