//! A team: the same head as Home, its services as rows, what happened.

use serde::Serialize;

use super::chrome::Chrome;
use super::feed::FeedItem;
use super::hero::Hero;
use super::parts::{self, Grade, Link, When};
use super::services::Row;
use super::words;
use crate::app::challenges::RewardView;
use crate::app::views::{EventView, SeasonRecord, TeamView};
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
    on_boards: bool,
    /// The reader may take the team off the boards.
    may: bool,
    seasons: Vec<Season>,
}

/// A season that is over.
#[derive(Serialize)]
pub struct Season {
    name: String,
    href: String,
    league: String,
    gained: String,
    dir: &'static str,
    score: i16,
    grade: Grade,
    /// `2nd by points gained`; nothing below the top half.
    places: Option<String>,
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
pub fn context(
    chrome: Chrome,
    team: &TeamView,
    events: &[EventView],
    rewards: &[RewardView],
    may: bool,
) -> Ctx {
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
        on_boards: team.on_boards,
        may,
        seasons: team.seasons.iter().map(season).collect(),
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

fn season(record: &SeasonRecord) -> Season {
    let place = |rank: Option<i64>, by: &str| rank.map(|rank| format!("{} by {by}", words::ordinal(rank)));
    let places = [place(record.rank_improved, "points gained"), place(record.rank_score, "score")];
    let places: Vec<String> = places.into_iter().flatten().collect();
    Season {
        name: record.season.clone(),
        href: format!("/leaderboards/improved?by=team&season={}&league={}", record.season, record.league),
        league: record.league_title.clone(),
        gained: words::signed(i64::from(record.gained)),
        dir: parts::direction(i64::from(record.gained)),
        score: record.score,
        grade: Grade::new(Some(&record.grade)),
        places: (!places.is_empty()).then(|| words::capital(&places.join(", "))),
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
