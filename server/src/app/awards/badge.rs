//! What a badge to embed says of a service: its grade, its certificate or one practice.

use super::state_word;
use crate::app::{Tx, owners};
use crate::error::{Error, Result};
use crate::store;
use crate::store::grades::ScoreRow;
use crate::store::services::ServiceRow;

/// What a badge is asked to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Show {
    /// Letter and score.
    Grade,
    /// Whether it is certified.
    Certified,
    /// Letter and score of a practice, by its id.
    Practice(String),
}

/// What a badge says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// Left half.
    pub label: String,
    /// Right half; never empty.
    pub message: String,
    /// What the colour stands for.
    pub tone: Tone,
}

/// What the colour of a badge stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The band of a grade, best first: 0 is the best, and how many there are.
    Band(usize, usize),
    /// In force.
    Good,
    /// On hold or suspended.
    Held,
    /// Nothing to say.
    Grey,
    /// There is no such service, or nobody may know.
    Unknown,
}

/// The left half of most badges.
const LABEL: &str = "waterbear";

/// The grey badge of what is not there, or cannot be shown.
pub fn unknown_badge() -> Badge {
    Badge { label: LABEL.to_owned(), message: "unknown".to_owned(), tone: Tone::Unknown }
}

/// The badge of a service, by its slug or by the name under which its team shows it to everybody. Of a service that is not
/// there, or that the reader may not know of, it says so: a page that embeds it shall not break.
///
/// # Errors
///
/// Only those of the database.
pub fn badge(tx: &mut Tx<'_>, name: &str, show: &Show) -> Result<Badge> {
    let Some(service) = service(tx, name)? else { return Ok(unknown_badge()) };
    let score = store::grades::one(tx.conn, &service.id)?;
    match show {
        Show::Grade => Ok(grade(tx, score.as_ref())),
        Show::Certified => certified(tx, &service),
        Show::Practice(id) => Ok(practice(tx, score.as_ref(), id)),
    }
}

fn service(tx: &mut Tx<'_>, name: &str) -> Result<Option<ServiceRow>> {
    if let Some(service) = store::sharing::by_badge_key(tx.conn, name)? {
        return Ok(Some(service));
    }
    if !tx.may_read() {
        return Ok(None);
    }
    match owners::service(tx, name) {
        Ok(service) => Ok(Some(service).filter(|service| service.removed_at.is_none())),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn grade(tx: &Tx<'_>, score: Option<&ScoreRow>) -> Badge {
    let graded = score.filter(|row| row.score >= 0);
    let (message, tone) = match graded {
        None => ("not assessed".to_owned(), Tone::Grey),
        Some(row) => (format!("{} {}", row.grade, row.score), band(tx, &row.grade)),
    };
    Badge { label: LABEL.to_owned(), message, tone }
}

fn band(tx: &Tx<'_>, letter: &str) -> Tone {
    let book = &tx.book.rulebook;
    book.band_index(letter).map_or(Tone::Grey, |at| Tone::Band(at, book.bands().len()))
}

fn certified(tx: &mut Tx<'_>, service: &ServiceRow) -> Result<Badge> {
    let held = store::awards::held_by(tx.conn, std::slice::from_ref(&service.id))?;
    let best = held
        .iter()
        .filter(|row| row.kind == store::awards::CERTIFICATE && row.valid_until > Some(tx.now.0))
        .min_by_key(|row| row.state);
    let (message, tone) = match best {
        None => ("not certified".to_owned(), Tone::Grey),
        Some(row) if row.state == super::IN_FORCE => ("certified".to_owned(), Tone::Good),
        Some(row) => (state_word(row.state).replace('_', " "), Tone::Held),
    };
    Ok(Badge { label: LABEL.to_owned(), message, tone })
}

fn practice(tx: &Tx<'_>, score: Option<&ScoreRow>, id: &str) -> Badge {
    let book = &tx.book.rulebook;
    let Some(practice) = book.practices().iter().find(|practice| practice.id == id) else {
        return unknown_badge();
    };
    let scores: std::collections::BTreeMap<String, u8> =
        score.and_then(|row| serde_json::from_str(&row.practices).ok()).unwrap_or_default();
    let label = practice.title.to_lowercase();
    let Some(score) = scores.get(id) else {
        return Badge { label, message: "not assessed".to_owned(), tone: Tone::Grey };
    };
    let at = book.band_for(*score);
    let letter = book.bands().get(at).map_or("", |band| band.letter.as_str());
    Badge { label, message: format!("{letter} {score}"), tone: Tone::Band(at, book.bands().len()) }
}
