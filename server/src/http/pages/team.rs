//! A team: the same head as Home, its services as rows, what happened.

use serde::Serialize;

use super::chrome::Chrome;
use super::feed::FeedItem;
use super::hero::Hero;
use super::parts::{Link, When};
use super::services::Row;
use super::words;
use crate::app::challenges::RewardView;
use crate::app::views::{EventView, TeamView};
use crate::http::charts::{Mix, Spark};

/// Services shown on the page.
const ROWS: usize = 50;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    slug: String,
    entity_ref: String,
    mine: bool,
    hero: Hero,
    children: Vec<Link>,
    mix: Mix,
    spark: Spark,
    services_note: String,
    caption: String,
    rows: Vec<Row>,
    /// `All 120 services`, when not all are shown.
    more: Option<String>,
    wide: bool,
    feed: Vec<FeedItem>,
    rewards: Vec<Reward>,
}

/// A badge that was earned in a challenge.
#[derive(Serialize)]
pub struct Reward {
    badge: String,
    title: String,
    href: String,
    at: When,
}

/// The page of `team`.
pub fn context(chrome: Chrome, team: &TeamView, events: &[EventView], rewards: &[RewardView]) -> Ctx {
    let now = chrome.now;
    let mine = chrome.my_team() == Some(team.slug.as_str());
    let mut crumbs = vec![Link::to("Teams", "/teams")];
    crumbs.extend(team.ancestors.iter().map(|a| Link::to(&a.name, format!("/teams/{}", a.slug))));
    let parents = team.ancestors.last().map_or_else(String::new, |a| format!(" · {}", a.name));
    Ctx {
        crumbs,
        here: team.name.clone(),
        slug: team.slug.clone(),
        entity_ref: team.entity_ref.clone(),
        mine,
        hero: Hero::team(team, format!("{}{parents}", if mine { "Your team" } else { "Team" })),
        children: team.children.iter().map(|c| Link::to(&c.name, format!("/teams/{}", c.slug))).collect(),
        mix: super::parts::mix(&team.standing.grades),
        spark: Spark::new(&team.standing.weeks),
        services_note: services_note(team),
        caption: format!("Services of {}", team.name),
        rows: team.services.iter().take(ROWS).map(|row| Row::new(row, now)).collect(),
        more: (team.services.len() > ROWS)
            .then(|| format!("All {}", words::count(team.standing.services, "service"))),
        wide: false,
        feed: events.iter().map(|e| FeedItem::new(e, now)).collect(),
        rewards: rewards
            .iter()
            .map(|one| Reward {
                badge: one.badge.clone(),
                title: one.title.clone(),
                href: format!("/challenges/{}", one.challenge),
                at: When::on(one.at),
            })
            .collect(),
        chrome: chrome.titled(&team.name).fed(format!("/teams/{}/feed.atom", team.slug)),
    }
}

fn services_note(team: &TeamView) -> String {
    let standing = &team.standing;
    let below = if team.children.is_empty() { "" } else { ", those of its teams included" };
    format!(
        "{} of {} graded{below}. Lowest score first.",
        standing.graded,
        words::count(standing.services, "service")
    )
}
