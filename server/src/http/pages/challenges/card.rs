//! A challenge in a few lines: on the list of challenges, and on Home.

use serde::Serialize;

use super::super::parts::When;
use super::super::words;
use crate::app::challenges::{ChallengeRow, ToGo};
use crate::types::{DAY_MS, Timestamp};

/// A challenge in the list.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Card {
    slug: String,
    title: String,
    eyebrow: String,
    why: String,
    asks: String,
    bar: Option<Bar>,
    /// What came of it.
    outcome: Option<String>,
    when: When,
}

/// A bar with where all began and the goal, in percent.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Bar {
    /// Now.
    pub now: i64,
    /// At the start.
    pub from: i64,
    /// The goal.
    pub goal: i64,
    /// What it shows, for those who cannot see it.
    pub label: String,
    /// `224 of 330 rollbacks`.
    pub text: String,
    /// The goal is reached.
    pub done: bool,
}

impl Bar {
    /// The bar of a challenge; none of a draft in a list.
    pub(super) fn of(row: &ChallengeRow) -> Option<Self> {
        let p = row.progress.as_ref()?;
        Some(Self {
            now: p.pct,
            from: p.start_pct.min(p.pct),
            goal: row.target_pct,
            label: format!(
                "{} percent done, goal {} percent, started at {} percent",
                p.pct, row.target_pct, p.start_pct
            ),
            text: format!("{} of {}", p.done, words::count(p.total, &row.noun)),
            done: p.reached,
        })
    }
}

/// The day that is the last one of a challenge.
pub(super) fn last_day(row: &ChallengeRow) -> Timestamp {
    Timestamp(row.ends_at.0 - 1)
}

/// `day 18 of 31`, `13 days left`, `ended 31 May 2026`.
pub(super) fn when(row: &ChallengeRow, now: Timestamp) -> String {
    match row.state.as_str() {
        "draft" if row.starts_at > now => format!("starts {}", words::day(row.starts_at)),
        "draft" => "cannot start yet".to_owned(),
        "open" => {
            let days = i64::from(last_day(row).day() - row.starts_at.day()) + 1;
            let today = i64::from(now.day() - row.starts_at.day()) + 1;
            format!("day {} of {days}", today.clamp(1, days.max(1)))
        }
        "cancelled" => "cancelled".to_owned(),
        _ => format!("ended {}", words::day(last_day(row))),
    }
}

/// With a capital, unless it begins with the name of a fact: `degrader.tuning_score` is written small.
fn sentence(asks: &str) -> String {
    let first = asks.split_whitespace().next().unwrap_or_default();
    if first.contains(['.', '_', '(']) { asks.to_owned() } else { words::capital(asks) }
}

impl Card {
    /// The card of a challenge.
    pub(super) fn new(row: &ChallengeRow, now: Timestamp) -> Self {
        let outcome = row.progress.as_ref().filter(|_| row.state == "ended").map(|p| {
            let verdict = if p.reached { "Goal reached" } else { "Goal not reached" };
            format!(
                "{verdict}: {}% of {}%. {} earned the badge.",
                p.pct,
                row.target_pct,
                words::count(row.teams_reached, "team")
            )
        });
        Self {
            slug: row.slug.clone(),
            title: row.title.clone(),
            eyebrow: words::capital(&when(row, now)),
            why: row.why.clone(),
            asks: sentence(&row.asks),
            bar: Bar::of(row).filter(|_| row.state != "draft"),
            outcome,
            when: When::on(row.starts_at),
        }
    }
}

/// The challenge that runs, on Home.
#[derive(Clone, Debug, Serialize)]
pub struct Running {
    slug: String,
    title: String,
    eyebrow: String,
    bar: Option<Bar>,
    noun: String,
    mine: Option<String>,
}

impl Running {
    /// The card of the challenge that ends first.
    pub fn new(row: &ChallengeRow, mine: Option<&ToGo>, now: Timestamp) -> Self {
        let left = ((row.ends_at.0 - now.0).max(0) + DAY_MS - 1) / DAY_MS;
        let noun = words::count(0, &row.noun).trim_start_matches("0 ").to_owned();
        Self {
            slug: row.slug.clone(),
            title: row.title.clone(),
            eyebrow: format!("Challenge · {} left", words::count(left, "day")),
            bar: Bar::of(row),
            noun,
            mine: mine.map(|m| match m.total - m.done {
                0 => "Your team: all done.".to_owned(),
                open => format!("Your team: {open} of {} open.", words::count(m.total, &row.noun)),
            }),
        }
    }
}
