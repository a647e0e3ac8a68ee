//! Certificates on the overview: how many services hold one, and which end next.

use serde::Serialize;

use crate::app::overview::Overview;
use crate::app::overview::lapsing::Lapsing;
use crate::app::standing::Tally;
use crate::http::pages::parts::Link;
use crate::http::pages::words;
use crate::types::Timestamp;

/// A certificate is told in a warning colour for so many days before its end.
const SOON_DAYS: i64 = 30;

/// The card.
#[derive(Serialize)]
pub(super) struct Certificates {
    note: String,
    rows: Vec<LapsingRow>,
    all: String,
}

/// A certificate that ends unless it is renewed.
#[derive(Serialize)]
struct LapsingRow {
    name: Link,
    sub: String,
    cls: &'static str,
    plan: Link,
}

/// The card of an answer.
pub(super) fn certificates(found: &Overview, now: Timestamp) -> Certificates {
    let of_team = found.scope.as_ref().map(|team| format!("?team={}", words::encode(&team.slug)));
    Certificates {
        note: note(found),
        rows: found.lapsing.iter().map(|one| row(one, now)).collect(),
        all: format!("/certificates{}", of_team.unwrap_or_default()),
    }
}

/// `14 of 124 services (11%) are certified, after 4% on 24 November 2026. 2 certificates end within 30 days.`
fn note(found: &Overview) -> String {
    let (Some(certified), Some(percent)) = (found.now.extra.certified, found.now.certified_pct()) else {
        return "Who was certified was not kept that day.".to_owned();
    };
    let verb = if certified == 1 { "is" } else { "are" };
    let services = words::count(found.now.services, "service");
    let then = found.before.as_ref().and_then(Tally::certified_pct).zip(found.since);
    let before = then.map_or_else(String::new, |(percent, since)| {
        format!(", after {percent}% on {}", words::day(super::instant(since)))
    });
    let past = if found.live { "" } else { " Which end next is only known as it is now." };
    format!("{certified} of {services} ({percent}%) {verb} certified{before}. {}{past}", soon(&found.now))
}

/// How many end soon, in a sentence.
pub(super) fn soon(tally: &Tally) -> String {
    match tally.extra.expiring {
        None => String::new(),
        Some(0) => "No certificate ends within 30 days.".to_owned(),
        Some(1) => "One certificate ends within 30 days.".to_owned(),
        Some(n) => format!("{n} certificates end within 30 days."),
    }
}

fn row(one: &Lapsing, now: Timestamp) -> LapsingRow {
    let team = one.team.as_ref().map_or_else(|| "no owner".to_owned(), |team| team.name.clone());
    let state = words::plain(&one.state);
    let (cls, how) = match one.state.as_str() {
        "certified" if one.until <= now.plus_days(SOON_DAYS) => ("due", "not renewed yet"),
        "certified" => ("ok", "on track"),
        _ => ("hold", one.reason.as_str()),
    };
    let day = words::day(one.until);
    LapsingRow {
        name: Link::to(&one.name, format!("/services/{}", words::encode(&one.service))),
        sub: if how.is_empty() { team } else { format!("{team}, {how}") },
        cls,
        plan: Link::to(
            if cls == "hold" { format!("{state}, {day}") } else { day },
            format!("/certificates/{}", one.id),
        ),
    }
}
