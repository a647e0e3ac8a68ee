//! Events as an Atom feed.

use atom_syndication::{Category, Entry, Feed, FixedDateTime, Generator, Link, Person, Text};

use crate::app::views::EventView;
use crate::types::Timestamp;

/// Media type of a feed.
pub const MEDIA: &str = "application/atom+xml; charset=utf-8";

/// Which feed it is.
#[derive(Clone, Debug)]
pub struct About {
    /// Address under which others reach this installation, without trailing slash.
    pub base: String,
    /// Path of the feed.
    pub path: String,
    /// Path of the page that shows the same.
    pub page: String,
    /// Title.
    pub title: String,
    /// When a feed without entries was last changed.
    pub since: Timestamp,
}

/// The feed of these events, newest first. Ids are the events' own: they stay when the address changes.
pub fn atom(about: &About, events: &[EventView]) -> String {
    let link = |path: &str, rel: &str| Link {
        href: format!("{}{path}", about.base),
        rel: rel.to_owned(),
        ..Link::default()
    };
    let updated = events.iter().map(|event| event.at).max().unwrap_or(about.since);
    let feed = Feed {
        title: Text::plain(fit(&about.title)),
        id: format!("tag:waterbear.dev,2026:{}", about.path),
        updated: instant(updated),
        authors: vec![Person { name: "Waterbear".to_owned(), ..Person::default() }],
        generator: Some(Generator { value: "Waterbear".to_owned(), ..Generator::default() }),
        links: vec![link(&about.path, "self"), link(&about.page, "alternate")],
        entries: events.iter().map(|event| entry(about, event)).collect(),
        ..Feed::default()
    };
    feed.to_string()
}

fn entry(about: &About, event: &EventView) -> Entry {
    let path = match (&event.service, &event.team) {
        (Some(service), _) => format!("/services/{service}"),
        (None, Some(team)) => format!("/teams/{team}"),
        (None, None) if event.kind == "rulebook_published" => "/rules".to_owned(),
        (None, None) => "/activity".to_owned(),
    };
    let actor = if event.actor.is_empty() { "Waterbear" } else { &event.actor };
    Entry {
        title: Text::plain(fit(&event.sentence)),
        id: format!("urn:uuid:{}", event.id),
        updated: instant(event.at),
        published: Some(instant(event.at)),
        authors: vec![Person { name: fit(actor), ..Person::default() }],
        categories: vec![Category { term: event.kind.clone(), ..Category::default() }],
        links: vec![Link {
            href: format!("{}{path}", about.base),
            rel: "alternate".to_owned(),
            ..Link::default()
        }],
        summary: Some(Text::plain(fit(&event.sentence))),
        ..Entry::default()
    }
}

fn instant(at: Timestamp) -> FixedDateTime {
    at.to_datetime().into()
}

/// XML has no place for most control characters, not even escaped.
fn fit(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_markup_is_text() {
        let event = EventView {
            seq: 1,
            id: "0195d3a0-0000-7000-8000-000000000001".into(),
            at: Timestamp(1_772_361_600_000),
            kind: "drill_recorded".into(),
            service: Some("checkout".into()),
            team: None,
            actor: "ci".into(),
            sentence: "<script>\u{0} passed & held".into(),
            data: serde_json::Value::Null,
        };
        let about = About {
            base: "https://w.example".into(),
            path: "/feed.atom".into(),
            page: "/activity".into(),
            title: "Waterbear".into(),
            since: Timestamp(0),
        };
        let text = atom(&about, &[event]);
        for part in [
            "<id>urn:uuid:0195d3a0-0000-7000-8000-000000000001</id>",
            "<updated>2026-03-01T10:40:00",
            "&lt;script&gt; passed &amp; held",
            "https://w.example/services/checkout",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
