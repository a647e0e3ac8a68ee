//! Help: how certificates and badges come and go, how to verify one, how to write one.

use scoring_rules::{Award, AwardKind, Rulebook};
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
    reads: bool,
    verify: Code,
    own: Code,
}

#[derive(Serialize)]
struct Row {
    title: String,
    kind: &'static str,
    why: String,
    fix: Option<String>,
    earn: Option<String>,
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

/// The page for the rulebook in force. Who may not read here (`reads` is false) is a verifier from outside: told what every
/// credential says of its certificate, and nothing else of the rulebook.
pub fn context(chrome: Chrome, book: &Rulebook, base: &str, reads: bool) -> Ctx {
    let shown = |award: &&Award| reads || award.kind == AwardKind::Certificate;
    Ctx {
        crumbs: if reads { vec![Link::to("Help", "/help")] } else { Vec::new() },
        here: "Certificates and badges",
        awards: book.awards().iter().filter(shown).map(|award| Row::new(award, reads)).collect(),
        reads,
        verify: Code::new(
            "how to verify a certificate",
            format!(
                "curl -fsS {base}/certificates/ID.jwt -o certificate.jwt\n\
                 curl -fsS {base}/.well-known/jwks.json -o jwks.json\n\
                 curl -fsS {base}/status/N -o status.jwt\n\
                 waterbear certificate verify certificate.jwt --jwks jwks.json --status status.jwt"
            ),
        ),
        own: Code::new("a badge of your own", OWN),
        chrome: chrome.titled("Certificates and badges"),
    }
}

impl Row {
    fn new(award: &Award, reads: bool) -> Self {
        Self {
            title: award.title.clone(),
            kind: award.kind.as_str(),
            why: award.why.clone(),
            fix: (!reads).then(|| award.fix.clone()),
            earn: reads.then(|| award.earn.text().to_owned()),
            days: Some(award.for_days).filter(|days| *days > 0),
            term: award
                .valid_days
                .map_or_else(|| "while it is true".to_owned(), |days| words::count(i64::from(days), "day")),
        }
    }
}
