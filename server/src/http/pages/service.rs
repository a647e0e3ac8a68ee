//! The scorecard of a service: grade, path to the next one, practices with their evidence, history.

mod history;
mod path;
pub(super) mod practices;

use serde::Serialize;

use self::history::{Changes, History};
use self::path::PathCard;
use self::practices::Practice;
use super::chrome::Chrome;
use super::degrader::Panel;
use super::flows::Panel as Calls;
use super::medals::Medal;
use super::parts::{self, Delta, Link};
use super::words;
use crate::app::degrader::Study;
use crate::app::views::{ChangeView, DependencyView, ScorecardView, ServiceDetail, ServiceFallbacks};
use crate::http::charts::Ring;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    ring: Ring,
    eyebrow: String,
    name: String,
    slug: String,
    description: Option<String>,
    pills: Vec<Pill>,
    notices: Vec<Notice>,
    details: Vec<Detail>,
    path: PathCard,
    practices: Vec<Practice>,
    tier: i16,
    history: History,
    changes: Changes,
    dependencies: Vec<Dependency>,
    dependents: Vec<Dependency>,
    why_title: String,
    degrader: Option<Panel>,
    calls: Option<Calls>,
    medals: Vec<Medal>,
    sharing: String,
}

/// A word beside the name.
#[derive(Serialize)]
pub struct Pill {
    cls: &'static str,
    delta: Option<Delta>,
    text: String,
}

/// A fact, its consequence, a link.
#[derive(Serialize)]
pub struct Notice {
    cls: &'static str,
    icon: &'static str,
    fact: String,
    text: String,
    link: Option<Link>,
}

/// A line of the catalog card.
#[derive(Serialize)]
pub struct Detail {
    label: &'static str,
    value: Link,
    /// Set in the typeface of code.
    code: bool,
}

/// A service this one depends on, or that depends on it.
#[derive(Serialize)]
pub struct Dependency {
    text: String,
    href: Option<String>,
    dangling: bool,
}

/// The page of `card`; `history` holds the changes of the last 26 weeks, in any order.
pub fn context(
    chrome: Chrome,
    card: &ScorecardView,
    history: &[ChangeView],
    study: &Study,
    calls: &ServiceFallbacks,
) -> Ctx {
    let row = &card.detail.row;
    let now = chrome.now;
    let grade = card.grade.as_deref();
    Ctx {
        crumbs: crumbs(&card.detail),
        here: row.slug.clone(),
        ring: Ring::new(grade, card.score.map(i64::from), i64::from(card.coverage)),
        eyebrow: format!("Service · Tier {} · {}", row.tier, row.lifecycle),
        name: row.name.clone(),
        slug: row.slug.clone(),
        description: card.detail.description.clone(),
        pills: pills(card),
        notices: notices(card),
        details: details(card, &chrome),
        path: PathCard::new(card, now),
        practices: practices::list(card, now),
        degrader: Panel::of(study),
        calls: Calls::of(calls, now),
        tier: row.tier,
        history: History::new(if history.is_empty() { &card.changes } else { history }, &card.bands, now),
        changes: Changes::new(card, now),
        dependencies: card.detail.dependencies.iter().map(Dependency::new).collect(),
        dependents: card.detail.dependents.iter().map(|slug| Dependency::on(slug)).collect(),
        medals: card.awards.iter().map(|award| Medal::new(award, now)).collect(),
        sharing: format!("/services/{}/sharing", words::encode(&row.slug)),
        why_title: grade.map_or_else(|| "Why no grade?".to_owned(), |g| format!("Why {g}?")),
        chrome: chrome.titled(&row.name).fed(format!("/services/{}/feed.atom", row.slug)),
    }
}

/// Services, then the owner.
pub(super) fn crumbs(detail: &ServiceDetail) -> Vec<Link> {
    let mut crumbs = vec![Link::to("Services", "/services")];
    crumbs.extend(detail.row.team.as_ref().map(|t| Link::to(&t.name, format!("/teams/{}", t.slug))));
    crumbs
}

fn pills(card: &ScorecardView) -> Vec<Pill> {
    let row = &card.detail.row;
    let mut pills = Vec::new();
    if let Some(trend) = row.trend.map(i64::from) {
        let cls = match parts::direction(trend) {
            "same" => "",
            dir => dir,
        };
        pills.push(Pill { cls, delta: Some(Delta::new(trend, " in 30 days")), text: String::new() });
    }
    pills.push(Pill { cls: "", delta: None, text: format!("{}% of points known", card.coverage) });
    if let Some(held) = &card.certificate {
        let (cls, text) = match held.state.as_deref() {
            Some("certified") => ("gold", held.title.clone()),
            Some("on_hold") => ("bad", "Certificate on hold".to_owned()),
            _ => ("bad", "Certificate suspended".to_owned()),
        };
        pills.push(Pill { cls, delta: None, text });
    }
    pills
}

fn notices(card: &ScorecardView) -> Vec<Notice> {
    let row = &card.detail.row;
    let mut notices = Vec::new();
    if row.regressions > 0 {
        let n = i64::from(row.regressions);
        notices.push(Notice {
            cls: "bad",
            icon: "bolt",
            fact: format!("{} regressed.", words::count(n, "drill")),
            text: format!(
                "{} passed before and {} now.",
                if n == 1 { "It" } else { "They" },
                if n == 1 { "fails" } else { "fail" }
            ),
            link: Some(Link::to("See the drill", format!("/services/{}/drills#results", row.slug))),
        });
    }
    if let (Some(held), Some(free)) = (&card.grade, &card.uncapped_grade)
        && !card.capped_by.is_empty()
    {
        notices.push(cap_notice(card, held, free));
    }
    if row.removed {
        notices.push(Notice {
            cls: "info",
            icon: "book",
            fact: "No longer in its catalog.".to_owned(),
            text: "Its history stays; it counts on no board.".to_owned(),
            link: None,
        });
    }
    notices
}

fn cap_notice(card: &ScorecardView, held: &str, free: &str) -> Notice {
    let titles: Vec<String> = card
        .capped_by
        .iter()
        .map(|id| card.rules.iter().find(|r| r.id == *id).map_or_else(|| id.clone(), |r| r.title.clone()))
        .collect();
    let score = card
        .score
        .map_or_else(String::new, |s| format!("The score {s} would be {}, but ", words::a_letter(free)));
    Notice {
        cls: "warn",
        icon: "lock",
        fact: format!("Held at {held}."),
        text: format!("{score}this is not passed: {}.", titles.join("; ")),
        link: card.capped_by.first().map(|id| Link::to("Lift the cap", format!("#rule-{id}"))),
    }
}

fn details(card: &ScorecardView, chrome: &Chrome) -> Vec<Detail> {
    let detail = &card.detail;
    let row = &detail.row;
    let owner = row
        .team
        .as_ref()
        .map_or_else(|| Link::text("nobody yet"), |t| Link::to(&t.name, format!("/teams/{}", t.slug)));
    let mut details = vec![
        Detail { label: "Owner", value: owner, code: false },
        Detail {
            label: "Tier",
            value: Link::text(format!("{} (from {})", row.tier, detail.tier_from)),
            code: false,
        },
        Detail {
            label: "Drills",
            value: Link::to("What is expected", format!("/services/{}/drills", row.slug)),
            code: false,
        },
        Detail {
            label: "Rulebook",
            value: Link::to(words::short_hash(&card.rulebook), "/rules"),
            code: true,
        },
        Detail { label: "Graded", value: Link::text(words::ago(chrome.now, card.graded_at)), code: false },
        Detail { label: "Source", value: Link::text(&detail.source), code: false },
    ];
    if let Some(kind) = &detail.service_type {
        details.push(Detail { label: "Type", value: Link::text(kind), code: false });
    }
    if let Some(system) = &detail.system {
        details.push(Detail { label: "System", value: Link::text(system), code: false });
    }
    details
}

impl Dependency {
    fn new(view: &DependencyView) -> Self {
        Self {
            text: view.slug.clone().unwrap_or_else(|| view.entity_ref.clone()),
            href: view.slug.as_ref().map(|slug| format!("/services/{slug}")),
            dangling: view.dangling,
        }
    }

    fn on(slug: &str) -> Self {
        Self { text: slug.to_owned(), href: Some(format!("/services/{slug}")), dangling: false }
    }
}
