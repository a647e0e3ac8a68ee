//! `grades.toml`: bands, practices, the cap of a waiver and the worth of a failed try.

use serde::Serialize;

use crate::boards::{Leagues, read_leagues};
use crate::error::nearest;
use crate::form::{Doc, Form, int_of, milli_of, named};

/// What a failed try is worth when the pack does not say, in thousandths.
const DEFAULT_TRIED_MILLI: u16 = 250;

/// A grade and the least score it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Band {
    /// What the grade is called.
    pub letter: String,
    /// The least score that earns it.
    pub min: u8,
}

/// A group of rules with its own score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Practice {
    /// The name rules use.
    pub id: String,
    /// The title shown to people.
    pub title: String,
    /// Why it is graded, in a sentence.
    pub why: String,
}

/// All that `grades.toml` says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grades {
    pub(crate) bands: Vec<Band>,
    pub(crate) practices: Vec<Practice>,
    pub(crate) waiver_cap: Option<usize>,
    pub(crate) tried_milli: u16,
    pub(crate) leagues: Leagues,
}

impl Grades {
    pub(crate) fn letters(&self) -> Vec<String> {
        self.bands.iter().map(|band| band.letter.clone()).collect()
    }
}

pub(crate) fn read(doc: &Doc<'_>) -> Grades {
    let mut grades = Grades { tried_milli: DEFAULT_TRIED_MILLI, ..Grades::default() };
    let Some(table) = doc.parse() else { return grades };
    let form = Form::new(doc, &table, 0);
    match form.value("bands") {
        Some(value) => grades.bands = bands(doc, value),
        None => form.wrong(0, "`bands` is missing: a table such as { \"A+\" = 97, A = 90, F = 0 }"),
    }
    match form.value("practices") {
        Some(value) => grades.practices = practices(doc, value),
        None => form.wrong(0, "`practices` is missing: one table [practices.<id>] each"),
    }
    if let Some(value) = form.value("tried") {
        match milli_of(value.get_ref()) {
            Some(milli) => grades.tried_milli = milli,
            None => form.wrong(value.span().start, "`tried` must be a number from 0 to 1"),
        }
    }
    if let Some(value) = form.value("leagues") {
        grades.leagues = read_leagues(doc, value);
    }
    let letters = grades.letters();
    grades.waiver_cap = match form.text("waiver_cap") {
        Some((at, letter)) => band_index(doc, at, "waiver_cap", letter, &letters),
        None => letters.iter().position(|known| known == "A"),
    };
    form.finish();
    grades
}

/// The band of a letter, or a report that there is none.
pub(crate) fn band_index(
    doc: &Doc<'_>,
    at: usize,
    key: &str,
    letter: &str,
    letters: &[String],
) -> Option<usize> {
    let found = letters.iter().position(|known| known == letter);
    if found.is_none() && !letters.is_empty() {
        let message = format!("`{key}` names no band: \"{letter}\" is not one of {}", letters.join(", "));
        doc.report_meant(at, message, nearest(letter, letters.iter().map(String::as_str)));
    }
    found
}

fn bands(doc: &Doc<'_>, value: &toml::Spanned<toml::de::DeValue<'_>>) -> Vec<Band> {
    let Some(form) = Form::of(doc, "bands", value) else { return Vec::new() };
    let mut bands: Vec<Band> = Vec::new();
    let mut last_at = form.at;
    for (letter, at, value) in form.entries() {
        last_at = at;
        let short = (1..=8).contains(&letter.chars().count());
        if !short || letter.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            doc.report(at, format!("a grade is 1 to 8 characters with no blanks, not \"{letter}\""));
            continue;
        }
        let min = match int_of(value.get_ref()) {
            Some(min @ 0..=100) => min as u8,
            Some(min) => {
                doc.report(value.span().start, format!("band {letter} begins at {min}; it must be 0 to 100"));
                continue;
            }
            None => {
                let given = named(value.get_ref());
                doc.report(
                    value.span().start,
                    format!("band {letter} must begin at a whole number, not {given}"),
                );
                continue;
            }
        };
        match bands.last() {
            Some(above) if above.min == min => doc.report(
                value.span().start,
                format!("bands overlap: {} and {letter} both begin at {min}", above.letter),
            ),
            Some(above) if above.min < min => doc.report(
                value.span().start,
                format!(
                    "bands must descend: {letter} begins at {min}, above {} at {}",
                    above.letter, above.min
                ),
            ),
            _ => {}
        }
        bands.push(Band { letter: letter.to_owned(), min });
    }
    match bands.last() {
        None => doc.report(form.at, "there must be at least one band"),
        Some(lowest) if lowest.min > 0 => doc.report(
            last_at,
            format!(
                "bands leave a gap: no grade for scores below {}; let the last band begin at 0",
                lowest.min
            ),
        ),
        Some(_) => {}
    }
    bands
}

fn practices(doc: &Doc<'_>, value: &toml::Spanned<toml::de::DeValue<'_>>) -> Vec<Practice> {
    let Some(form) = Form::of(doc, "practices", value) else { return Vec::new() };
    let mut practices = Vec::new();
    for (id, at, value) in form.entries() {
        if !is_id(id) {
            doc.report(at, format!("a practice id is lower-case letters, digits and dashes, not `{id}`"));
        }
        let Some(practice) = Form::of(doc, id, value) else { continue };
        let title = practice.required_text("title");
        let why = practice.text("why");
        practice.finish();
        if let Some((_, title)) = title {
            let why = why.map(|(_, why)| why).unwrap_or_default().to_owned();
            practices.push(Practice { id: id.to_owned(), title: title.to_owned(), why });
        }
    }
    if practices.is_empty() {
        doc.report(form.at, "there must be at least one practice");
    }
    practices
}

/// Whether a text may name a rule, a practice or a policy.
pub(crate) fn is_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.len() <= 64
        && bytes.iter().all(|&byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
