//! Entries of the feed, as Home, Team and Activity show them.

use serde::Serialize;

use super::parts::When;
use crate::app::views::EventView;
use crate::types::Timestamp;

/// The kinds of events among which those are that everybody may be told.
pub const TOLD: &[&str] = &[
    "grade_changed",
    "drill_recovered",
    "rulebook_published",
    "catalog_imported",
    "team_added",
    "challenge_started",
    "challenge_milestone",
    "challenge_ended",
    "season_ended",
    "certificate_earned",
];

/// One entry.
#[derive(Serialize)]
pub struct FeedItem {
    cls: &'static str,
    icon: &'static str,
    /// The service or team the sentence begins with.
    who: Option<String>,
    what: String,
    sub: Option<String>,
    href: Option<String>,
    at: When,
}

impl FeedItem {
    /// An entry of an event.
    pub fn new(view: &EventView, now: Timestamp) -> Self {
        let (cls, icon) = look(view);
        let subject = view.service.as_deref().or(view.team.as_deref());
        let rest =
            subject.and_then(|s| view.sentence.strip_prefix(s)).filter(|r| r.starts_with([' ', ':', ',']));
        let href = match (&view.service, &view.team) {
            (Some(service), _) => Some(format!("/services/{service}")),
            (None, Some(team)) => Some(format!("/teams/{team}")),
            (None, None) if view.kind == "rulebook_published" => Some("/rules".to_owned()),
            (None, None) if view.kind.starts_with("challenge_") => challenge(view),
            (None, None) if view.kind == "season_ended" => {
                let season = view.data.get("season").and_then(serde_json::Value::as_str).unwrap_or_default();
                Some(format!("/leaderboards/improved?by=team&season={season}"))
            }
            (None, None) => None,
        };
        Self {
            cls,
            icon,
            who: rest.and(subject).map(str::to_owned),
            what: rest.unwrap_or(&view.sentence).to_owned(),
            sub: Some(view.actor.clone()).filter(|actor| !actor.is_empty()),
            href,
            at: When::new(now, view.at),
        }
    }
}

/// The page of the challenge that an event tells of.
fn challenge(view: &EventView) -> Option<String> {
    let slug = view.data.get("challenge")?.as_str()?;
    Some(format!("/challenges/{slug}"))
}

/// A letter that rose, a regression closed, a new rulebook: what everybody may be told. What failed is its owner's.
pub fn is_told(view: &EventView) -> bool {
    match view.kind.as_str() {
        "grade_changed" => gained(view) > 0,
        "drill_recovered"
        | "rulebook_published"
        | "catalog_imported"
        | "team_added"
        | "season_ended"
        | "certificate_earned"
        | "challenge_started"
        | "challenge_milestone"
        | "challenge_ended" => true,
        _ => false,
    }
}

/// Points that an event brought; 0 when it says nothing of points.
fn gained(view: &EventView) -> i64 {
    let score = |when: &str| view.data.pointer(&format!("/score/{when}")).and_then(serde_json::Value::as_i64);
    score("after").unwrap_or(0) - score("before").unwrap_or(0)
}

/// Colour and icon of an event. Red only where something regressed.
fn look(view: &EventView) -> (&'static str, &'static str) {
    match view.kind.as_str() {
        "drill_regressed" => ("g-F", "bolt"),
        "drill_recovered" => ("g-A", "check"),
        "drill_recorded" => ("accent", "bolt"),
        "grade_changed" if gained(view) > 0 => ("g-A", "star"),
        "grade_changed" => ("g-none", "arrow-down"),
        "score_changed" => ("accent", "dial"),
        "rulebook_published" => ("accent", "book"),
        "service_added" | "team_added" | "service_returned" => ("accent", "plus"),
        "service_removed" => ("g-none", "minus"),
        "catalog_imported" | "service_changed" => ("accent", "stack"),
        "challenge_milestone" | "challenge_ended" => ("gold", "flag"),
        "challenge_started" | "challenge_half_time" | "challenge_ending" => ("accent", "flag"),
        "season_ended" | "certificate_earned" | "certificate_renewed" => ("gold", "trophy"),
        "badge_earned" | "challenge_reward_earned" => ("gold", "medal"),
        "token_created" | "token_revoked" => ("g-none", "key"),
        _ => ("accent", "clock"),
    }
}
