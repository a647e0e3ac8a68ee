//! The fact catalogue: every name a rule can read, where it comes from, how to send it.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::{self, Link, Span};
use super::words;
use crate::app::views::FactSpecView;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    groups: Vec<Group>,
}

/// Facts with the same first word.
#[derive(Serialize)]
pub struct Group {
    name: String,
    facts: Vec<Fact>,
}

/// One fact.
#[derive(Serialize)]
pub struct Fact {
    name: String,
    kind: String,
    help: String,
    source: String,
    age: String,
    example: String,
    posted: bool,
    send: Vec<Span>,
}

/// The page; recipes know `service` when the reader came from one.
pub fn context(chrome: Chrome, facts: &[FactSpecView], service: Option<&str>) -> Ctx {
    let mut groups: Vec<Group> = Vec::new();
    for view in facts {
        let name = view.name.split('.').next().unwrap_or_default();
        let fact = Fact::new(view, service);
        match groups.iter_mut().find(|g| g.name == name) {
            Some(group) => group.facts.push(fact),
            None => groups.push(Group { name: name.to_owned(), facts: vec![fact] }),
        }
    }
    Ctx { crumbs: vec![Link::to("Help", "/help")], here: "Facts", groups, chrome: chrome.titled("Facts") }
}

impl Fact {
    fn new(view: &FactSpecView, service: Option<&str>) -> Self {
        let unit = view.unit.as_ref().map_or_else(String::new, |u| format!(", {u}"));
        Self {
            name: view.name.clone(),
            kind: format!("{}{unit}", view.fact_type),
            help: view.help.clone(),
            source: view.source.clone(),
            age: view.age_limit_days.map_or_else(
                || "never stale: its age is its value".to_owned(),
                |days| format!("stale after {}", words::count(i64::from(days), "day")),
            ),
            example: words::value(&view.example, view.unit.as_deref()),
            posted: view.posted,
            send: parts::linked(&view.send, service),
        }
    }
}
