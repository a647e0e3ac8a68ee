//! Help: how certificates and badges come and go, how to verify one, how to write one.

use scoring_rules::{Award, Rulebook};
use serde::Serialize;

use super::chrome::Chrome;
use super::parts::{Code, Link};
use super::words;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    awards: Vec<Row>,
    verify: Code,
    own: Code,
}

#[derive(Serialize)]
struct Row {
    title: String,
    kind: &'static str,
    why: String,
    earn: String,
    days: Option<u16>,
    term: String,
}

const OWN: &str = r#"# badges/on-call-ready.toml
title = "On-call Ready"
why = "Every expected drill is fresh, and nothing regressed for a month."
fix = "Keep the expected drills fresh: see /help/drills."
earn = 'drills.fresh == drills.expected && streak.days_without_regression >= 30'
for_days = 7
medal = "upkeep"

[[example]]
facts = { "drills.fresh" = 5, "drills.expected" = 5, "streak.days_without_regression" = 30 }
expect = "earned""#;

/// The page for the rulebook in force.
pub fn context(chrome: Chrome, book: &Rulebook, base: &str) -> Ctx {
    Ctx {
        crumbs: vec![Link::to("Help", "/help")],
        here: "Certificates and badges",
        awards: book.awards().iter().map(Row::new).collect(),
        verify: Code::new(
            "how to verify a certificate",
            format!(
                "curl -fsS {base}/certificates/ID.jwt -o certificate.jwt\n\
                 curl -fsS {base}/.well-known/jwks.json -o jwks.json\n\
                 curl -fsS {base}/status/0 -o status.jwt\n\
                 waterbear certificate verify certificate.jwt --jwks jwks.json --status status.jwt"
            ),
        ),
        own: Code::new("a badge of your own", OWN),
        chrome: chrome.titled("Certificates and badges"),
    }
}

impl Row {
    fn new(award: &Award) -> Self {
        Self {
            title: award.title.clone(),
            kind: award.kind.as_str(),
            why: award.why.clone(),
            earn: award.earn.text().to_owned(),
            days: Some(award.for_days).filter(|days| *days > 0),
            term: award
                .valid_days
                .map_or_else(|| "while it is true".to_owned(), |days| words::count(i64::from(days), "day")),
        }
    }
}
