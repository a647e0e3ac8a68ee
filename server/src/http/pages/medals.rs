//! Certificates and badges as seals on a scorecard: held, out of force, or still to be earned with what is lacking.

use serde::Serialize;

use super::parts::Link;
use super::service::practices;
use super::words;
use crate::app::views::AwardView;
use crate::types::Timestamp;

/// One seal.
#[derive(Serialize)]
pub struct Medal {
    /// Its colour.
    g: &'static str,
    /// What is drawn in it.
    glyph: &'static str,
    /// It is not held, or not in force.
    locked: bool,
    name: Link,
    /// How it stands, in words.
    sub: String,
    /// What is lacking.
    lacking: Vec<String>,
    /// What it is for, or how to come by it.
    about: String,
}

impl Medal {
    /// The seal of an award.
    pub fn new(award: &AwardView, now: Timestamp) -> Self {
        let state = award.state.as_deref();
        let sub = match state {
            Some("certified") => award
                .valid_until
                .map_or_else(|| "held".to_owned(), |until| format!("until {}", until.day_text())),
            Some("on_hold") => reason("On hold", award),
            Some(_) => reason("Suspended", award),
            None => "not yet".to_owned(),
        };
        let earned = award.earned_at.map(|at| format!("Earned {}.", words::ago(now, at)));
        Self {
            g: match award.medal.as_str() {
                "recognition" => "m-gold",
                "upkeep" => "m-blue",
                _ => "m-teal",
            },
            glyph: glyph(award),
            locked: state != Some("certified"),
            name: match &award.id {
                Some(id) => Link::to(&award.title, format!("/certificates/{id}")),
                None => Link::text(&award.title),
            },
            sub,
            lacking: award.lacking.clone(),
            about: match (state, earned) {
                (Some(_), Some(earned)) => format!("{} {earned}", award.why),
                _ => award.fix.clone(),
            },
        }
    }
}

fn reason(word: &str, award: &AwardView) -> String {
    award.reason.as_ref().map_or_else(|| word.to_owned(), |reason| format!("{word}: {reason}"))
}

/// What is drawn: the practice, or the kind.
fn glyph(award: &AwardView) -> &'static str {
    match (award.kind.as_str(), award.practice.as_deref()) {
        ("certificate", _) => "trophy",
        (_, Some(practice)) => practices::icon(practice),
        (_, None) => "flame",
    }
}
