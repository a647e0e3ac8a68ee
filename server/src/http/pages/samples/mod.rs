//! Made-up views in every state a page has to bear, and a test that renders them all.

mod audit;
mod awards;
mod cards;
mod challenges;
mod degraders;
mod drills;
mod fleet;
mod flows;
mod notifications;
mod overviews;
mod pages;
mod people;
mod publishers;
mod reviews;
mod rulebook;
mod sources;
mod tickets;
mod what_ifs;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::chrome::{Chrome, MyTeam};
use super::parts::When;
use crate::app::views::{BandView, TeamRef};
use crate::http::assets::Assets;
use crate::http::render::Templates;
use crate::types::Timestamp;

/// A page in one state.
pub(crate) struct Sample {
    /// Template.
    pub(crate) page: &'static str,
    /// State.
    pub(crate) name: &'static str,
    /// Context.
    pub(crate) context: Value,
}

impl Sample {
    fn new(page: &'static str, name: &'static str, context: impl Serialize) -> Self {
        Self { page, name, context: serde_json::to_value(context).unwrap() }
    }
}

/// A name that tries everything: markup, direction, length.
const HOSTILE: &str = "<script>alert(1)</script>\u{202e}evil\u{202c} \"quoted\" & aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn now() -> Timestamp {
    Timestamp::parse("2026-11-21T09:26:00Z").unwrap()
}

fn days_ago(days: i64) -> Timestamp {
    now().plus_days(-days)
}

/// The frame of a reader who has chosen a team.
fn chrome(path: &str) -> Chrome {
    let mut chrome = stranger(path);
    chrome.team = Some(MyTeam::new("checkout-platform", "Checkout Platform"));
    chrome
}

/// The frame of a reader who has not.
fn stranger(path: &str) -> Chrome {
    let mut chrome = Chrome::new(path, now());
    chrome.graded = Some(When::new(now(), Timestamp(now().0 - 360_000)));
    chrome
}

fn team(slug: &str, name: &str) -> TeamRef {
    TeamRef { slug: slug.to_owned(), name: name.to_owned() }
}

fn bands() -> Vec<BandView> {
    [("A+", 97), ("A", 90), ("B", 80), ("C", 70), ("D", 60), ("F", 0)]
        .map(|(grade, min)| BandView { grade: grade.to_owned(), min })
        .to_vec()
}

fn letter(score: i16) -> String {
    bands().iter().find(|b| i16::from(b.min) <= score).unwrap().grade.clone()
}

fn templates() -> Templates {
    Templates::load(Arc::new(Assets::load().unwrap())).unwrap()
}

#[test]
fn every_page_renders_every_state() {
    let templates = templates();
    let mut seen = BTreeSet::new();
    for sample in pages::all() {
        let html = templates
            .render(sample.page, &sample.context)
            .unwrap_or_else(|e| panic!("{} ({}): {e:?}", sample.page, sample.name));
        assert!(html.starts_with("<!doctype html>"), "{}", sample.page);
        assert!(!html.contains("<script>alert"), "{} ({}) lets markup through", sample.page, sample.name);
        assert!(!html.contains(" style="), "{} ({}) has an inline style", sample.page, sample.name);
        seen.insert(sample.page.to_owned());
    }
    let all: BTreeSet<String> = templates.pages().into_iter().collect();
    assert_eq!(seen, all, "each template has a sample, and each sample a template");
}

#[test]
fn ids_on_a_page_are_unique() {
    let templates = templates();
    for sample in pages::all() {
        let html = templates.render(sample.page, &sample.context).unwrap();
        let mut ids = BTreeSet::new();
        for id in html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.insert(id), "{} ({}) has two ids `{id}`", sample.page, sample.name);
        }
    }
}

#[test]
fn links_inside_the_product_lead_to_known_places() {
    const KNOWN: &[&str] = &[
        "",
        "services",
        "certificates",
        "certificates.ics",
        "flows",
        "teams",
        "leaderboards",
        "challenges",
        "overview",
        "rules",
        "help",
        "activity",
        "drills",
        "search",
        "sources",
        "admin",
        "api",
        "static",
        "theme",
        "team",
        "feed.atom",
        "sign-in",
        "account",
        "admin",
        "reviews",
    ];
    let templates = templates();
    for sample in pages::all() {
        let html = templates.render(sample.page, &sample.context).unwrap();
        for href in html.split(" href=\"/").skip(1).filter_map(|rest| rest.split('"').next()) {
            let section = href.split(['/', '?', '#']).next().unwrap();
            assert!(KNOWN.contains(&section), "{} links to /{href}", sample.page);
        }
    }
}
