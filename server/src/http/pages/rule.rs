//! One rule: why, how to fix, what it reads, its examples, how many pass.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::{self, Code, Link, Outcome, Span};
use super::rules::{self, Rate};
use super::words;
use crate::app::views::{ExampleView, RuleView};

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    title: String,
    lead: String,
    why: Vec<Span>,
    fix: Vec<Span>,
    effort: String,
    judge: Code,
    when: Option<Code>,
    caps: Option<String>,
    evidence: String,
    flaky: Option<String>,
    owner: Option<String>,
    review_by: Option<String>,
    overdue: bool,
    rate: Option<Rate>,
    outcomes: Vec<Count>,
    facts: Vec<Link>,
    examples: Vec<Example>,
    id: String,
}

/// Services with one outcome.
#[derive(Serialize)]
pub struct Count {
    outcome: Outcome,
    services: i64,
}

/// An example of the rule.
#[derive(Serialize)]
pub struct Example {
    facts: Vec<ExampleFact>,
    expect: Outcome,
}

/// One fact of an example.
#[derive(Serialize)]
pub struct ExampleFact {
    name: String,
    value: String,
}

/// The page; `practice` is the title of the rule's practice.
pub fn context(chrome: Chrome, rule: &RuleView, practice: &str) -> Ctx {
    let today = chrome.now.to_rfc3339();
    Ctx {
        crumbs: vec![Link::to("Rules", "/rules"), Link::to(practice, format!("/rules#{}", rule.practice))],
        here: rule.id.clone(),
        title: rule.title.clone(),
        lead: format!("{practice} · {}", words::count(i64::from(rule.points), "point")),
        why: parts::linked(&rule.why, None),
        fix: parts::linked(&rule.fix, None),
        effort: words::effort(&rule.effort),
        judge: Code::new("the judgement", &rule.judge),
        when: rule.when.as_ref().map(|when| Code::new("when it applies", when)),
        caps: rule.caps.clone(),
        evidence: parts::Evidence::new(&rule.evidence).text,
        flaky: rule.flaky.map(|f| format!("{} of the last {} runs must pass", f.passes, f.of)),
        owner: rule.owner.clone(),
        review_by: rule.review_by.clone(),
        overdue: rules::overdue(rule, &today),
        rate: rule.pass_rate.map(Rate::new),
        outcomes: rule
            .outcomes
            .iter()
            .map(|(word, n)| Count { outcome: Outcome::new(word), services: *n })
            .collect(),
        facts: rule.facts.iter().map(|f| Link::to(f, format!("/help/facts#{f}"))).collect(),
        examples: rule.examples.iter().map(Example::new).collect(),
        id: rule.id.clone(),
        chrome: chrome.titled(&rule.title),
    }
}

impl Example {
    fn new(view: &ExampleView) -> Self {
        let facts = view.facts.as_object().into_iter().flatten();
        let facts =
            facts.map(|(name, value)| ExampleFact { name: name.clone(), value: words::value(value, None) });
        // `partial 0.5` keeps its share in the word and takes the shape of `partial`.
        let kind = view.expect.split(' ').next().unwrap_or_default();
        Self {
            facts: facts.collect(),
            expect: Outcome { word: words::plain(&view.expect), ..Outcome::new(kind) },
        }
    }
}
