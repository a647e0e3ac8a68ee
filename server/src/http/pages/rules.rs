//! The rulebook in force, by practice, with how many services pass each rule.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::{Grade, When};
use super::words;
use crate::app::views::{BandView, RuleView, RulebookPractice, RulebookView};
use crate::http::charts::Bar;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    lead: String,
    bands: Vec<Band>,
    hash: String,
    source: String,
    since: When,
    refused: Vec<String>,
    practices: Vec<Practice>,
}

/// A letter and its least score.
#[derive(Serialize)]
pub struct Band {
    grade: Grade,
    min: u8,
}

/// A practice with its rules.
#[derive(Serialize)]
pub struct Practice {
    id: String,
    title: String,
    points: u32,
    rules: Vec<Rule>,
}

/// One rule in the list.
#[derive(Serialize)]
pub struct Rule {
    id: String,
    title: String,
    /// Null for a rule that only caps.
    points: Option<u16>,
    caps: Option<String>,
    overdue: bool,
    rate: Option<Rate>,
}

/// Share of services that pass.
#[derive(Serialize)]
pub struct Rate {
    bar: Bar,
    text: String,
}

impl Rate {
    /// The bar of a pass rate, in the colours of nothing in particular: it is no grade.
    pub fn new(percent: i16) -> Self {
        Self { bar: Bar { cls: "", ..Bar::new(i64::from(percent), None, None) }, text: format!("{percent}%") }
    }
}

/// The page.
pub fn context(chrome: Chrome, book: &RulebookView) -> Ctx {
    let now = chrome.now;
    let today = now.to_rfc3339();
    let rules: i64 = book.practices.iter().map(|p| p.rules.len() as i64).sum();
    let points: u32 = book.practices.iter().map(|p| p.points).sum();
    Ctx {
        lead: format!(
            "{} worth {points} points decide every grade. Those that do not apply to a service leave its sum.",
            words::count(rules, "rule")
        ),
        bands: book
            .bands
            .iter()
            .map(|b: &BandView| Band { grade: Grade::new(Some(&b.grade)), min: b.min })
            .collect(),
        hash: book.hash.clone(),
        source: book.source.clone(),
        since: When::on(book.since),
        refused: book.refused.clone(),
        practices: book.practices.iter().map(|p| practice(p, &today)).collect(),
        chrome: chrome.titled("Rules"),
    }
}

fn practice(view: &RulebookPractice, today: &str) -> Practice {
    Practice {
        id: view.id.clone(),
        title: view.title.clone(),
        points: view.points,
        rules: view.rules.iter().map(|r| Rule::new(r, today)).collect(),
    }
}

impl Rule {
    fn new(view: &RuleView, today: &str) -> Self {
        Self {
            id: view.id.clone(),
            title: view.title.clone(),
            points: Some(view.points).filter(|p| *p > 0),
            caps: view.caps.clone(),
            overdue: overdue(view, today),
            rate: view.pass_rate.map(Rate::new),
        }
    }
}

/// The review date has passed; both are dates in ISO form, so their texts compare.
pub(super) fn overdue(view: &RuleView, today: &str) -> bool {
    view.review_by.as_deref().is_some_and(|day| day < today)
}
