//! One challenge: the bear on its way, the pace, teams against their own goals, what the reader's team has to do.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::super::chrome::Chrome;
use super::super::feed::FeedItem;
use super::super::frame::{Frame, html};
use super::super::parts::{Link, Tab};
use super::super::words;
use super::card::{Bar, last_day, when};
use super::markdown::{self, Block};
use crate::app::challenges as uses;
use crate::app::challenges::{ItemView, MilestoneView, Opened, StandingView, ToGo};
use crate::error::Result;
use crate::http::Shared;
use crate::http::charts::{Burnup, BurnupData};
use crate::http::query::Name;
use crate::types::{DAY_MS, Timestamp};

/// Teams shown unless all are asked for.
const TEAMS: usize = 12;
/// Teams shown at most.
const MOST_TEAMS: usize = 500;
/// Events shown.
const LATELY: usize = 6;

/// `?order=&teams=`
#[derive(Default, Deserialize)]
pub struct Ask {
    order: Option<String>,
    teams: Option<String>,
}

/// What is asked of the page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// Teams by name, not by how far they came.
    pub by_name: bool,
    /// All teams.
    pub all: bool,
    /// The reader may change it.
    pub may: bool,
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    slug: String,
    may: bool,
    state: String,
    open: bool,
    eyebrow: String,
    title: String,
    why: String,
    asks: String,
    trail: Option<Trail>,
    problem: Option<String>,
    badge: String,
    badge_note: String,
    mine: Option<Mine>,
    pace: Option<Pace>,
    teams: Vec<Team>,
    tabs: Vec<Tab>,
    more_teams: Option<Link>,
    miles: Vec<Mile>,
    wide: bool,
    feed: Vec<FeedItem>,
    retrospective: Vec<Block>,
    over: bool,
}

/// The way of the bear.
#[derive(Serialize)]
struct Trail {
    bar: Bar,
    /// Where the bear stands so that all of it is seen, in percent.
    bear: i64,
    goal_anchor: &'static str,
    /// Where the goal is named: above the bar, or below it where the bear stands in the way.
    goal_y: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Pace {
    title: String,
    sentence: String,
    chart: Option<Burnup>,
}

#[derive(Serialize)]
struct Mine {
    title: String,
    note: String,
    button: String,
    open: bool,
    items: Vec<Todo>,
    more: Option<String>,
}

#[derive(Serialize)]
struct Todo {
    what: String,
    sub: String,
    href: String,
}

#[derive(Serialize)]
struct Team {
    rank: Option<i64>,
    name: String,
    href: String,
    you: bool,
    note: String,
    now: i64,
    from: i64,
    goal: i64,
    gained: String,
    dir: &'static str,
    done: bool,
}

#[derive(Serialize)]
struct Mile {
    cls: &'static str,
    icon: &'static str,
    name: String,
    what: String,
    said: &'static str,
}

/// `GET /challenges/{slug}?order=&teams=`
pub async fn page(app: Shared, frame: Frame, Name(slug): Name, ask: web::Query<Ask>) -> Result<HttpResponse> {
    let ask = ask.into_inner();
    let context = app
        .read(move |tx| {
            let shown = Shown {
                by_name: ask.order.as_deref() == Some("name"),
                all: ask.teams.as_deref() == Some("all"),
                may: tx.plans_challenges(),
            };
            let chrome = frame.chrome(tx)?;
            let opened = uses::opened(tx, &slug, chrome.my_team())?;
            Ok(context(chrome, shown, &opened))
        })
        .await?;
    html("challenge", &context)
}

/// The page.
pub fn context(chrome: Chrome, shown: Shown, opened: &Opened) -> Ctx {
    let (row, now) = (&opened.view.row, chrome.now);
    let over = row.state == "ended" || row.state == "cancelled";
    let address = format!("/challenges/{}", row.slug);
    let my_team = chrome.my_team().map(str::to_owned);
    let (mut teams, left) = teams(shown, &opened.standings, my_team.as_deref(), &row.noun);
    if row.state == "draft" {
        // Nothing can be gained yet, and nobody is first.
        for team in &mut teams {
            team.gained.clear();
            team.rank = None;
        }
    }
    let tab = |text: &str, href: String, current: bool| Tab { text: text.to_owned(), href, current };
    Ctx {
        crumbs: vec![Link::to("Challenges", "/challenges")],
        here: row.title.clone(),
        slug: row.slug.clone(),
        may: shown.may,
        state: row.state.clone(),
        open: row.state == "open",
        eyebrow: format!("Challenge · {}", when(row, now)),
        title: row.title.clone(),
        why: row.why.clone(),
        asks: format!("{}% of all: {}.", row.target_pct, row.asks),
        trail: trail(opened),
        problem: opened.view.problem.clone(),
        badge: row.badge.clone(),
        badge_note: badge_note(opened),
        mine: opened.mine.as_ref().map(|mine| todo(mine, row.noun.as_str())),
        pace: pace(opened),
        teams,
        tabs: vec![
            tab("Closest to its goal", address.clone(), !shown.by_name),
            tab("A to Z", format!("{address}?order=name"), shown.by_name),
        ],
        more_teams: (left > 0).then(|| {
            let order = if shown.by_name { "order=name&" } else { "" };
            let text = format!("{} more take part.", words::count(left as i64, "team"));
            if shown.all {
                Link::text(text)
            } else {
                Link::to(text, format!("{address}?{order}teams=all#teams"))
            }
        }),
        miles: miles(&opened.view.milestones),
        wide: false,
        feed: opened.events.iter().take(LATELY).map(|event| FeedItem::new(event, now)).collect(),
        retrospective: markdown::blocks(&opened.view.retrospective),
        over,
        chrome: chrome.titled(&row.title),
    }
}

fn trail(opened: &Opened) -> Option<Trail> {
    let row = &opened.view.row;
    let p = row.progress.as_ref()?;
    let bar = Bar::of(row)?;
    let to_go = if p.reached { "goal reached".to_owned() } else { format!("{} to go", p.to_go) };
    let text = match row.state.as_str() {
        "draft" => format!("{}, as it stands today", bar.text),
        _ => format!("{} · {}% at the start · {to_go}", bar.text, p.start_pct),
    };
    Some(Trail {
        bear: bar.now.max(8),
        goal_anchor: if row.target_pct > 92 { "end" } else { "middle" },
        // The bear is some 60 px wide, and stands to the left of where it has come to.
        goal_y: if (-15..=25).contains(&(bar.now.max(8) - row.target_pct)) { "82" } else { "26" },
        text,
        bar,
    })
}

fn badge_note(opened: &Opened) -> String {
    let row = &opened.view.row;
    let teams = words::count(row.teams_reached, "team");
    match row.state.as_str() {
        "open" => format!("For every team that reaches its own goal. {} so far.", words::capital(&teams)),
        "ended" => format!("For every team that reached its own goal: {teams}."),
        _ => "For every team that reaches its own goal.".to_owned(),
    }
}

fn pace(opened: &Opened) -> Option<Pace> {
    let view = &opened.view;
    let row = &view.row;
    let p = row.progress.as_ref()?;
    let first = row.starts_at.day();
    let last = i64::from(last_day(row).day() - first);
    let days: Vec<(i64, f64)> = view
        .days
        .iter()
        .filter(|day| day.number >= first && day.total > 0)
        .map(|day| (i64::from(day.number - first), day.done as f64 * 100.0 / day.total as f64))
        .collect();
    if row.state == "draft" || days.is_empty() {
        return None;
    }
    let (title, sentence) = match &view.pace {
        Some(pace) => (pace.title.clone(), pace.sentence.clone()),
        None if row.state == "ended" => {
            let verdict = if p.reached { "Goal reached" } else { "Goal not reached" };
            (
                verdict.to_owned(),
                format!("{}% at the end, the goal was {}%. The result is frozen.", p.pct, row.target_pct),
            )
        }
        None => ("Day by day".to_owned(), String::new()),
    };
    let forecast = view.pace.as_ref().and_then(|pace| {
        let number = |day: &str| Timestamp::parse(&format!("{day}T00:00:00Z")).ok().map(Timestamp::day);
        if let Some(at) = pace.goal_on.as_deref().and_then(number) {
            let label = format!("{} at this pace", words::short_day(Timestamp(i64::from(at) * DAY_MS)));
            return Some((i64::from(at - first), row.target_pct as f64, label));
        }
        pace.end_pct.map(|pct| (last, pct as f64, format!("{pct}% at this pace")))
    });
    let label = |n: i64| words::short_day(Timestamp((i64::from(first) + n) * DAY_MS));
    let desc = format!("Started at {}%, now {}%. {title}. {sentence}", p.start_pct, p.pct);
    let now =
        if row.state == "ended" { format!("{}% at the end", p.pct) } else { format!("{}% today", p.pct) };
    let chart = Burnup::new(BurnupData {
        days,
        last: last.max(1),
        goal: row.target_pct,
        forecast,
        labels: (0..=last.max(1)).map(label).collect(),
        now,
        desc,
    });
    Some(Pace { title, sentence, chart })
}

fn teams(shown: Shown, all: &[StandingView], mine: Option<&str>, noun: &str) -> (Vec<Team>, usize) {
    let mut sorted: Vec<&StandingView> = all.iter().collect();
    if shown.by_name {
        sorted.sort_by_cached_key(|team| (team.name.to_lowercase(), team.team.clone()));
    }
    let most = if shown.all { MOST_TEAMS } else { TEAMS };
    let is_mine = |team: &StandingView| Some(team.team.as_str()) == mine;
    let kept = sorted.iter().enumerate().filter(|(n, team)| *n < most || is_mine(team));
    let rows: Vec<Team> = kept
        .map(|(_, team)| Team {
            rank: team.rank,
            name: team.name.clone(),
            href: format!("/teams/{}", team.team),
            you: is_mine(team),
            note: if team.reached {
                "Goal reached".to_owned()
            } else {
                format!("{} to go", words::count(team.to_go, noun))
            },
            now: team.pct,
            from: team.start_pct.min(team.pct),
            goal: team.goal_pct,
            gained: words::signed(team.gained),
            // Nobody is shown in red: the evidence of a team may have aged.
            dir: if team.gained > 0 { "up" } else { "same" },
            done: team.reached,
        })
        .collect();
    let left = all.len() - rows.len();
    (rows, left)
}

fn todo(mine: &ToGo, noun: &str) -> Mine {
    let open = mine.total - mine.done;
    let more = open - mine.items.len() as i64;
    Mine {
        title: if open == 0 {
            format!("{}: all done", mine.name)
        } else {
            format!("{}: {open} open", mine.name)
        },
        note: format!("{} of {} done, with all teams below.", mine.done, words::count(mine.total, noun)),
        button: format!("Your {}", words::count(open, noun)),
        open: open > 0,
        items: mine.items.iter().map(item).collect(),
        more: (more > 0).then(|| format!("And {more} more.")),
    }
}

fn item(item: &ItemView) -> Todo {
    let (what, sub) = match &item.what {
        Some(what) => (what.clone(), format!("{} · {}", item.service, item.note)),
        None => (item.name.clone(), item.note.clone()),
    };
    Todo { what, sub, href: format!("/services/{}/drills", item.service) }
}

fn miles(all: &[MilestoneView]) -> Vec<Mile> {
    let next = all.iter().position(|one| !one.reached);
    all.iter()
        .enumerate()
        .map(|(n, one)| Mile {
            cls: if one.reached {
                "done"
            } else if next == Some(n) {
                "next"
            } else {
                ""
            },
            icon: if one.reached { "check" } else { "flag" },
            said: if one.reached { "reached" } else { "not reached yet" },
            name: one.pct.map_or_else(|| format!("{}%", one.at), |pct| format!("{pct}%")),
            what: match (one.title.is_empty(), one.at) {
                (false, _) => one.title.clone(),
                (true, 100) => "The goal".to_owned(),
                (true, at) => format!("{at}% of the way"),
            },
        })
        .collect()
}
