//! Small pieces that several pages are made of, ready for their partials.

use serde::Serialize;

use super::words;
use crate::app::views::{BandView, GradeCount, NextGrade, PracticeMean};
use crate::http::charts::{Band, Bar, Mix};
use crate::types::{Failure, Timestamp};

/// A letter with the class that carries its colours.
#[derive(Clone, Debug, Serialize)]
pub struct Grade {
    /// Letter, or a dash.
    pub letter: String,
    /// Class.
    pub cls: &'static str,
    /// There is a grade.
    pub graded: bool,
}

impl Grade {
    /// The letters of the shipped pack have colours; an organisation's own are neutral.
    pub fn new(letter: Option<&str>) -> Self {
        let cls = match letter {
            Some("A+") => "g-A+",
            Some("A") => "g-A",
            Some("B") => "g-B",
            Some("C") => "g-C",
            Some("D") => "g-D",
            Some("F") => "g-F",
            Some(_) => "g-own",
            None => "g-none",
        };
        Self { letter: letter.unwrap_or("–").to_owned(), cls, graded: letter.is_some() }
    }
}

/// Bands as charts want them, best first.
pub fn bands(views: &[BandView]) -> Vec<Band> {
    views
        .iter()
        .map(|b| Band { letter: b.grade.clone(), cls: Grade::new(Some(&b.grade)).cls, min: b.min })
        .collect()
}

/// The letter that a score takes.
pub fn letter_of(bands: &[BandView], score: i64) -> Option<&str> {
    bands.iter().find(|b| score >= i64::from(b.min)).map(|b| b.grade.as_str())
}

/// An instant: machine form, short form, full form.
#[derive(Clone, Debug, Serialize)]
pub struct When {
    /// RFC 3339.
    pub iso: String,
    /// `6 minutes ago`.
    pub text: String,
    /// `18 May 2026, 09:26 UTC`.
    pub full: String,
}

impl When {
    /// `at`, told from `now`.
    pub fn new(now: Timestamp, at: Timestamp) -> Self {
        Self { iso: at.to_rfc3339(), text: words::ago(now, at), full: words::minute(at) }
    }

    /// `at` as a date.
    pub fn on(at: Timestamp) -> Self {
        Self { iso: at.to_rfc3339(), text: words::day(at), full: words::minute(at) }
    }
}

/// A change with its direction.
#[derive(Clone, Debug, Serialize)]
pub struct Delta {
    /// `up`, `down`, `same`.
    pub dir: &'static str,
    /// The amount and what it is of.
    pub text: String,
}

impl Delta {
    /// A change by `n`, followed by `suffix`.
    pub fn new(n: i64, suffix: &str) -> Self {
        Self { dir: direction(n), text: format!("{}{suffix}", n.abs()) }
    }
}

/// `up`, `down` or `same`.
pub fn direction(n: i64) -> &'static str {
    match n {
        0 => "same",
        n if n > 0 => "up",
        _ => "down",
    }
}

/// An outcome: shape, colour and word.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Class.
    pub cls: &'static str,
    /// Icon.
    pub icon: &'static str,
    /// Word.
    pub word: String,
}

impl Outcome {
    /// The outcome of a rule or of a drill, or the state of a drill class, by its word.
    pub fn new(word: &str) -> Self {
        let (cls, icon) = match word {
            "pass" | "passed" | "fresh" | "succeeded" => ("pass", "check"),
            "partial" => ("partial", "half"),
            "stale" => ("stale", "clock"),
            "suspect" => ("partial", "warn"),
            "fail" | "failed" | "regressed" => ("fail", "x"),
            "error" => ("error", "warn"),
            "waived" => ("waived", "lock"),
            "not_applicable" | "none_declared" | "rehearsal" => ("na", "minus"),
            _ => ("unknown", "ask"),
        };
        let word = if word == "error" { "source error".to_owned() } else { words::plain(word) };
        Self { cls, icon, word }
    }
}

/// How strong a piece of evidence is.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    /// Class of the tag.
    pub cls: &'static str,
    /// Words.
    pub text: String,
}

impl Evidence {
    /// The tag of an evidence class.
    pub fn new(class: &str) -> Self {
        match class {
            "executed_ci" => Self { cls: "executed", text: "executed, CI".to_owned() },
            "executed_token" => Self { cls: "executed", text: "executed, token".to_owned() },
            "declared" => Self { cls: "declared", text: "declared".to_owned() },
            other => Self { cls: "other", text: words::plain(other) },
        }
    }
}

/// Text or, with an address, a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What is read.
    pub text: String,
    /// Where it leads; null for plain text.
    pub href: Option<String>,
}

impl Link {
    /// A link.
    pub fn to(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: Some(href.into()) }
    }

    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None }
    }
}

/// One `<option>`.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub text: String,
    /// It is the one in force.
    pub on: bool,
}

impl Choice {
    /// An option, chosen when `value` is `current`.
    pub fn new(value: impl Into<String>, text: impl Into<String>, current: Option<&str>) -> Self {
        let value = value.into();
        Self { on: current.unwrap_or_default() == value, value, text: text.into() }
    }
}

/// A tab or a link in a row of links of which one is current.
#[derive(Clone, Debug, Serialize)]
pub struct Tab {
    /// What is read.
    pub text: String,
    /// Where it leads.
    pub href: String,
    /// It is the one that is shown.
    pub current: bool,
}

/// A block of code with a button that copies it.
#[derive(Clone, Debug, Serialize)]
pub struct Code {
    /// What it is, for screen readers.
    pub label: String,
    /// The code.
    pub text: String,
}

impl Code {
    /// A block of code.
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { label: label.into(), text: text.into() }
    }
}

/// A piece of running text: plain, a link, or a name in the typeface of code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// What is read.
    pub text: String,
    /// Where it leads; null for plain text.
    pub href: Option<String>,
    /// A name of the machine's.
    pub code: bool,
}

impl Span {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None, code: false }
    }

    /// A link.
    pub fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..Self::text(text) }
    }
}

/// Text of a rule: what stands in backticks as code, the product's own paths (`/help/rollback`) as links that
/// know the service.
pub fn linked(text: &str, service: Option<&str>) -> Vec<Span> {
    let mut spans = Vec::new();
    for (i, piece) in text.split('`').enumerate() {
        if i % 2 == 1 {
            spans.push(Span { code: true, ..Span::text(piece) });
        } else {
            link_paths(piece, service, &mut spans);
        }
    }
    spans.retain(|span| !span.text.is_empty());
    spans
}

fn link_paths(text: &str, service: Option<&str>, spans: &mut Vec<Span>) {
    let mut plain = String::new();
    for word in text.split_inclusive(' ') {
        let trimmed = word.trim_start_matches('(');
        let path = trimmed.trim_end_matches([' ', '.', ',', ';', ':', ')']);
        if !["/help", "/rules", "/api/docs"].iter().any(|p| path == *p || path.starts_with(&format!("{p}/")))
        {
            plain.push_str(word);
            continue;
        }
        plain.push_str(word.strip_suffix(trimmed).unwrap_or_default());
        spans.push(Span::text(std::mem::take(&mut plain)));
        let query = service.filter(|_| path.starts_with("/help/") && !path.contains(['?', '#']));
        let query = query.map_or_else(String::new, |slug| format!("?service={}", words::encode(slug)));
        spans.push(Span::link(path, format!("{path}{query}")));
        plain.push_str(trimmed.strip_prefix(path).unwrap_or_default());
    }
    spans.push(Span::text(plain));
}

/// The failure class a fact tells of: `drills.dns_days_since_passed` is about `dns`.
pub fn failure_of_fact(fact: &str) -> Option<Failure> {
    let (group, name) = fact.split_once('.')?;
    let class = ["_days_since_passed", "_last_outcome", "_median_seconds"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))?;
    if !matches!(group, "drills" | "rollback") {
        return None;
    }
    Failure::parse(class.strip_prefix("dependency_").unwrap_or(class))
}

/// Services by grade as one bar.
pub fn mix(counts: &[GradeCount]) -> Mix {
    Mix::new(counts.iter().map(|c| (c.grade.as_deref(), c.services)))
}

/// `9 points from an A`.
pub fn distance(next: &NextGrade) -> String {
    format!("{} from {}", words::count(i64::from(next.points), "point"), words::a_letter(&next.grade))
}

/// A practice's mean with its bar.
#[derive(Clone, Debug, Serialize)]
pub struct PracticeBar {
    /// Practice title.
    pub title: String,
    /// Score, or a dash.
    pub score: String,
    /// Bar.
    pub bar: Bar,
}

/// Practices, best first, and the sentence that names the weakest.
pub fn practice_bars(practices: &[PracticeMean], bands: &[BandView]) -> (Vec<PracticeBar>, Option<String>) {
    let mut sorted: Vec<&PracticeMean> = practices.iter().collect();
    sorted.sort_by_key(|p| std::cmp::Reverse(p.score));
    let weakest = sorted.iter().rev().find(|p| p.score.is_some_and(|s| s < 100));
    let finding = weakest.map(|p| format!("{} has the most to win.", p.title));
    let bars = sorted
        .iter()
        .map(|p| {
            let score = p.score.map(i64::from);
            PracticeBar {
                title: p.title.clone(),
                score: score.map_or_else(|| "–".to_owned(), |s| s.to_string()),
                bar: Bar::new(score.unwrap_or(0), score.and_then(|s| letter_of(bands, s)), None),
            }
        })
        .collect();
    (bars, finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_a_text_become_links_that_know_the_service() {
        let spans = linked("Roll `it` back, see /help/rollback. Or (/rules/x) at /etc/passwd", Some("shop"));
        let read: Vec<(&str, Option<&str>)> =
            spans.iter().map(|s| (s.text.as_str(), s.href.as_deref())).collect();
        assert_eq!(
            read,
            [
                ("Roll ", None),
                ("it", None),
                (" back, see ", None),
                ("/help/rollback", Some("/help/rollback?service=shop")),
                (". Or (", None),
                ("/rules/x", Some("/rules/x")),
                (") at /etc/passwd", None),
            ]
        );
    }

    #[test]
    fn facts_tell_of_their_failure_class() {
        assert_eq!(failure_of_fact("drills.dns_days_since_passed"), Some(Failure::Dns));
        assert_eq!(failure_of_fact("drills.dependency_error_last_outcome"), Some(Failure::Error));
        assert_eq!(failure_of_fact("rollback.config_days_since_passed"), Some(Failure::Config));
        assert_eq!(failure_of_fact("drills.expected"), None);
        assert_eq!(failure_of_fact("learning.dns_days_since_passed"), None);
    }
}
