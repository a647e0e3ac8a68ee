//! "Why this grade?": the score as a tree, down to evidence, with arithmetic a person can redo.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::{self, Grade, Link, Outcome, Span, When};
use super::service;
use super::service::practices::{Fact, missing_tag};
use super::words;
use crate::app::views::{Points, PracticeView, RuleOutcomeView, ScorecardView};
use crate::types::Timestamp;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    title: String,
    slug: String,
    grade: Grade,
    /// The score, the letter, the caps: each a line of arithmetic.
    lines: Vec<Line>,
    practices: Vec<Practice>,
    rulebook: String,
    graded: When,
    /// The instant asked for; null for now.
    as_of: Option<String>,
    /// What the field of the form holds, `2026-05-18`.
    as_of_day: String,
    json: String,
}

/// One line of the arithmetic.
#[derive(Serialize)]
pub struct Line {
    n: usize,
    text: String,
    equation: Option<String>,
}

/// A practice with its rules.
#[derive(Serialize)]
pub struct Practice {
    title: String,
    grade: Grade,
    equation: Option<String>,
    score: String,
    rules: Vec<Rule>,
}

/// A rule with what it read.
#[derive(Serialize)]
pub struct Rule {
    id: String,
    title: String,
    outcome: Outcome,
    /// `7.5 of 10`, or why it leaves the sum.
    counted: String,
    /// Null where the missing facts say it already.
    reason: Option<Vec<Span>>,
    caps: Option<String>,
    facts: Vec<Fact>,
    missing: Vec<Missing>,
}

/// A fact it could not use.
#[derive(Serialize)]
pub struct Missing {
    tag: &'static str,
    detail: Vec<Span>,
}

/// The tree of `card`; `as_of` when the reader asked for another day.
pub fn context(chrome: Chrome, card: &ScorecardView, as_of: Option<Timestamp>) -> Ctx {
    let row = &card.detail.row;
    let now = chrome.now;
    let mut crumbs = service::crumbs(&card.detail);
    crumbs.push(Link::to(&row.slug, format!("/services/{}", row.slug)));
    let title = match &card.grade {
        Some(grade) => format!("Why {} is {}", row.name, words::a_letter(grade)),
        None => format!("Why {} is not graded", row.name),
    };
    let stamp = as_of.map(Timestamp::to_rfc3339);
    let query = stamp.as_ref().map_or_else(String::new, |s| format!("?as_of={}", words::encode(s)));
    Ctx {
        chrome: chrome.titled(&title),
        crumbs,
        here: "Why",
        title,
        slug: row.slug.clone(),
        grade: Grade::new(card.grade.as_deref()),
        lines: lines(card),
        practices: card.practices.iter().map(|p| practice(card, p, now)).collect(),
        rulebook: card.rulebook.clone(),
        graded: When::new(now, card.graded_at),
        as_of: as_of.map(words::minute),
        as_of_day: as_of.unwrap_or(now).to_rfc3339().chars().take(10).collect(),
        json: format!("/api/v1/services/{}/scorecard{query}", row.slug),
    }
}

/// `floor(100 × 81.5 / 100) = 81`.
fn equation(earned: Points, possible: Points, score: u8) -> String {
    format!("floor(100 × {} / {}) = {score}", words::points(earned), words::points(possible))
}

fn lines(card: &ScorecardView) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut push = |text: String, equation: Option<String>| {
        let n = lines.len() + 1;
        lines.push(Line { n, text, equation });
    };
    let Some(score) = card.score else {
        push(
            "No rule of the rulebook applies, so there is nothing to divide by and no grade.".to_owned(),
            None,
        );
        return lines;
    };
    let (earned, possible) = (words::points(card.earned), words::points(card.possible));
    push(
        format!("The rules below earn {earned} of {possible} points."),
        Some(equation(card.earned, card.possible, score)),
    );
    if let Some(letter) = &card.uncapped_grade {
        push(band_sentence(card, i64::from(score), letter), None);
    }
    for id in &card.capped_by {
        let rule = card.rules.iter().find(|r| r.id == *id);
        let title = rule.map_or(id.as_str(), |r| r.title.as_str());
        let cap = rule.and_then(|r| r.caps.as_deref()).or(card.grade.as_deref()).unwrap_or_default();
        push(
            format!("\u{201c}{title}\u{201d} is not passed. While that is so, it caps the grade at {cap}."),
            None,
        );
    }
    let unknown = 100 - card.coverage.min(100);
    push(
        if unknown == 0 {
            "Every fact behind these points is known.".to_owned()
        } else {
            format!("{unknown}% of the points hang on facts that are not known. Unknown earns nothing.")
        },
        None,
    );
    lines
}

/// `81 reaches B (from 80). A begins at 90, 9 points more.`
fn band_sentence(card: &ScorecardView, score: i64, letter: &str) -> String {
    let reached = card.bands.iter().position(|b| b.grade == letter);
    let min = reached.and_then(|i| card.bands.get(i)).map_or(0, |b| b.min);
    let next = reached.and_then(|i| i.checked_sub(1)).and_then(|i| card.bands.get(i));
    let next = next.map_or_else(String::new, |b| {
        let more = words::count(i64::from(b.min) - score, "point");
        format!(" {} begins at {}, {more} more.", b.grade, b.min)
    });
    format!("{score} reaches {letter} (from {min}).{next}")
}

fn practice(card: &ScorecardView, view: &PracticeView, now: Timestamp) -> Practice {
    let rules = card.rules.iter().filter(|r| r.practice == view.id);
    Practice {
        title: view.title.clone(),
        grade: Grade::new(view.grade.as_deref()),
        equation: view.score.map(|score| equation(view.earned, view.possible, score)),
        score: view.score.map_or_else(|| "no rule applies".to_owned(), |s| s.to_string()),
        rules: rules.map(|r| rule(card, r, now)).collect(),
    }
}

fn rule(card: &ScorecardView, view: &RuleOutcomeView, now: Timestamp) -> Rule {
    let slug = card.detail.row.slug.as_str();
    Rule {
        id: view.id.clone(),
        title: view.title.clone(),
        outcome: Outcome::new(&view.outcome),
        counted: if view.possible.0 > 0 {
            format!("{} of {}", words::points(view.earned), words::points(view.possible))
        } else {
            "leaves the sum".to_owned()
        },
        reason: view.missing.is_empty().then(|| parts::linked(&view.reason, Some(slug))),
        caps: view.caps.clone(),
        facts: view.facts.iter().map(|(name, fact)| Fact::new(slug, name, fact, now)).collect(),
        missing: view
            .missing
            .iter()
            .map(|m| Missing { tag: missing_tag(&m.why), detail: parts::linked(&m.detail, Some(slug)) })
            .collect(),
    }
}
