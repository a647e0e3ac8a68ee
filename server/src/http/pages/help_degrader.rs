//! Help: how degrader settings are judged, and how to send them.

use scoring_rules::degrader::Dialect;
use serde::Serialize;

use super::chrome::Chrome;
use super::help::Filling;
use super::parts::{Choice, Code, Link};
use super::recipes;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    service: String,
    known: bool,
    services: Vec<Choice>,
    curl: Code,
    tune: Code,
    dialects: Vec<Tool>,
}

#[derive(Serialize)]
struct Tool {
    id: &'static str,
    name: &'static str,
    format: &'static str,
}

/// The page with the recipes filled in.
pub fn context(chrome: Chrome, filling: &Filling) -> Ctx {
    let service = filling.or_example();
    Ctx {
        crumbs: vec![Link::to("Help", "/help")],
        here: "Degrader",
        known: filling.service.is_some(),
        services: filling.choices(),
        curl: Code::new("the curl line", recipes::curl_degrader(service)),
        tune: Code::new(
            "the command",
            "waterbear degrader tune --profile traffic.yaml --dialect envoy --settings cluster.yaml",
        ),
        dialects: Dialect::ALL
            .iter()
            .map(|d| Tool { id: d.id(), name: d.name(), format: d.format() })
            .collect(),
        service: service.to_owned(),
        chrome: chrome.titled("Degrader tuning"),
    }
}
