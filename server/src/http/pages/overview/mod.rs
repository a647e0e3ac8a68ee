//! The overview: a sentence with the finding, four figures, and where the risk is; all of its state is in its address.

mod figures;
mod lapsing;
mod moves;
mod rows;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use self::figures::{Figure, figures, good, good_letter, percent};
use self::lapsing::Certificates;
use self::moves::MoveGroup;
use self::rows::{ExposedRow, LineRow, ServiceLine};
use super::chrome::Chrome;
use super::frame::{self, Frame};
use super::parts::{self, Choice, Link};
use super::words;
use crate::app::overview::{self as uses, AskOverview, Overview, PERIOD, PERIODS};
use crate::app::rollups::day::{day_text, read_day};
use crate::app::standing::Tally;
use crate::app::views::TeamRef;
use crate::error::Result;
use crate::http::Shared;
use crate::http::charts::{Risk, RiskDot, Stack, StackWeek};
use crate::types::{DAY_MS, Timestamp};

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    title: String,
    lead: String,
    /// `As it was kept on 18 May 2026`.
    past: Option<String>,
    back: String,
    empty: bool,
    scopes: Vec<Choice>,
    periods: Vec<Choice>,
    at: String,
    /// What is only known of today is shown.
    live: bool,
    csv: String,
    figures: Vec<Figure>,
    stack: Option<Stack>,
    stack_note: String,
    risk: Option<Risk>,
    risk_note: String,
    lines_title: &'static str,
    practices: Vec<String>,
    lines: Vec<LineRow>,
    more_lines: Option<String>,
    trends: bool,
    services: Vec<ServiceLine>,
    exposed: Vec<ExposedRow>,
    exposed_note: String,
    certificates: Certificates,
    moved: Vec<MoveGroup>,
    moved_note: String,
    moved_csv: Option<String>,
}

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    scope: Option<String>,
    at: Option<String>,
    weeks: Option<String>,
}

/// `GET /overview?scope=&at=&weeks=`
pub async fn page(app: Shared, frame: Frame, asked: web::Query<Asked>) -> Result<HttpResponse> {
    let given = |text: &Option<String>| text.as_ref().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let ask = AskOverview {
        scope: given(&asked.scope),
        at: given(&asked.at).map(|text| read_day("?at", &text)).transpose()?,
        weeks: uses::period(given(&asked.weeks).as_deref())?,
    };
    let context = app
        .read(move |tx| {
            let found = uses::overview(tx, &ask)?;
            Ok(context(frame.chrome(tx)?, &found))
        })
        .await?;
    frame::html("overview", &context)
}

/// What every link of the page carries along.
struct Here {
    /// The day, where it is not today.
    at: Option<String>,
    /// The day whose standings are shown.
    day: i32,
    period: i32,
}

impl Here {
    fn new(found: &Overview) -> Self {
        let at = (!found.live).then(|| day_text(found.asked.unwrap_or(found.day)));
        Self { at, day: found.day, period: found.period }
    }

    /// The overview of a scope, on the same day and over the same period.
    fn of(&self, scope: Option<&str>) -> String {
        let mut parts: Vec<String> =
            scope.iter().map(|slug| format!("scope={}", words::encode(slug))).collect();
        parts.extend(self.at.as_ref().map(|day| format!("at={day}")));
        if self.period != PERIOD {
            parts.push(format!("weeks={}", self.period));
        }
        if parts.is_empty() { "/overview".to_owned() } else { format!("/overview?{}", parts.join("&")) }
    }

    /// What moved, by rule, as a table for spreadsheets.
    fn moved_csv(&self, found: &Overview) -> String {
        let scope = found
            .scope
            .as_ref()
            .map_or_else(String::new, |team| format!("&scope={}", words::encode(&team.slug)));
        let at = self.at.as_ref().map_or_else(String::new, |day| format!("&at={day}"));
        format!("/api/v1/rollups/moved?weeks={}{scope}{at}&format=csv", self.period)
    }

    fn service(&self, slug: &str) -> String {
        match self.at {
            Some(_) => format!("/services/{slug}/why?as_of={}", day_text(self.day)),
            None => format!("/services/{slug}"),
        }
    }
}

/// The page of an answer.
pub fn context(chrome: Chrome, found: &Overview) -> Ctx {
    let here = Here::new(found);
    let bands = parts::bands(&found.bands);
    let name = found.scope.as_ref().map_or("All services", |team| team.name.as_str());
    let risk = found.risk.as_ref().and_then(|map| {
        let dots: Vec<RiskDot> = map.points.iter().map(rows::dot).collect();
        let more = rows::beyond(map);
        Risk::new(&dots, map.busy_from as f64 / 1_000.0, map.weak_below, &bands, rows::risk_words(map), &more)
    });
    let at = here.at.as_ref().map_or_else(String::new, |day| format!("&at={day}"));
    Ctx {
        crumbs: crumbs(found, &here),
        here: name.to_owned(),
        title: found
            .scope
            .as_ref()
            .map_or_else(|| "Resilience overview".to_owned(), |team| team.name.clone()),
        lead: lead(found),
        past: (!found.live).then(|| {
            let day = words::day(instant(found.day));
            format!("As it stood at the last grading of {day}. Risk and exposure are told of today only.")
        }),
        back: Here { at: None, ..Here::new(found) }.of(found.scope.as_ref().map(|team| team.slug.as_str())),
        empty: found.now.services == 0 && found.lines.is_empty(),
        scopes: scopes(found),
        periods: PERIODS
            .iter()
            .map(|weeks| {
                Choice::new(weeks.to_string(), format!("{weeks} weeks"), Some(&found.period.to_string()))
            })
            .collect(),
        at: here.at.clone().unwrap_or_default(),
        live: found.live,
        csv: csv(found, &at),
        figures: figures(found),
        stack_note: half_words(found, found.weeks.first()),
        stack: stack(found),
        risk_note: match &found.risk {
            Some(map) => rows::risk_words(map),
            None => "Traffic is only known as it is now, so there is no map of a past day.".to_owned(),
        },
        risk,
        lines_title: if found.scope.is_some() { "By team" } else { "By division" },
        practices: found.practices.iter().map(|(_, title)| title.clone()).collect(),
        lines: rows::lines(found, &here),
        more_lines: (found.more_lines > 0)
            .then(|| format!("{} more in the table for spreadsheets.", found.more_lines)),
        trends: found.since.is_some(),
        services: found.services.iter().map(|row| ServiceLine::new(row, &here)).collect(),
        exposed: found.exposed.iter().map(|one| ExposedRow::new(one, chrome.now)).collect(),
        exposed_note: exposed_note(found),
        certificates: lapsing::certificates(found, chrome.now),
        moved: moves::moved(found, &here),
        moved_note: moved_note(found),
        moved_csv: found.since.map(|_| here.moved_csv(found)),
        chrome: chrome.titled(format!("Overview: {name}")),
    }
}

/// The lines of the page as a table for spreadsheets; of a team with none below it, its services.
fn csv(found: &Overview, at: &str) -> String {
    match &found.scope {
        None => format!("/api/v1/rollups?by=division&format=csv{at}"),
        Some(team) if found.lines.is_empty() && found.live => {
            format!("/api/v1/services?team={}&format=csv", words::encode(&team.slug))
        }
        Some(team) => format!("/api/v1/rollups?by=team&scope={}&format=csv{at}", words::encode(&team.slug)),
    }
}

fn instant(day: i32) -> Timestamp {
    Timestamp(i64::from(day) * DAY_MS)
}

fn crumbs(found: &Overview, here: &Here) -> Vec<Link> {
    if found.scope.is_none() {
        return Vec::new();
    }
    let above = found.above.iter().map(|team| Link::to(&team.name, here.of(Some(&team.slug))));
    std::iter::once(Link::to("Overview", here.of(None))).chain(above).collect()
}

fn scopes(found: &Overview) -> Vec<Choice> {
    let current = found.scope.as_ref().map(|team| team.slug.as_str());
    let mut known: Vec<TeamRef> = found.above.clone();
    known.extend(found.scope.clone());
    known.extend(
        found
            .lines
            .iter()
            .filter_map(|line| Some(TeamRef { slug: line.slug.clone()?, name: line.name.clone() })),
    );
    let all = Choice::new("", "All services", current);
    std::iter::once(all)
        .chain(known.iter().map(|team| Choice::new(&team.slug, &team.name, current)))
        .collect()
}

/// The finding in a few sentences.
fn lead(found: &Overview) -> String {
    let (what, now, before) = match &found.tier1 {
        Some((now, before)) => ("Tier 1 services", now, before.as_ref()),
        None => ("Services", &found.now, found.before.as_ref()),
    };
    let letter = good_letter(&found.bands);
    let share = |tally: &Tally| percent(good(&found.bands, tally), tally.services);
    let first = match (share(now), before.and_then(share), found.since) {
        (None, ..) => "Nothing is graded yet.".to_owned(),
        (Some(now), Some(then), Some(since)) if now != then => format!(
            "{what} at {letter} or better {} from {then}% to {now}% since {}.",
            if now > then { "rose" } else { "fell" },
            words::day(instant(since))
        ),
        (Some(now), Some(_), Some(since)) => {
            format!("{what} at {letter} or better stay at {now}%, as on {}.", words::day(instant(since)))
        }
        (Some(now), ..) => format!("{now}% of {} are at {letter} or better.", what.to_lowercase()),
    };
    let ending = match found.now.extra.expiring {
        None | Some(0) => String::new(),
        Some(_) => format!(" {}", lapsing::soon(&found.now)),
    };
    let Some(map) = &found.risk else { return format!("{first}{ending}") };
    let hot = map.points.iter().filter(|point| point.hot).count() + map.more_hot;
    let second = match (hot, map.points.is_empty()) {
        (_, true) => "How much traffic they carry is not known.".to_owned(),
        (0, _) => "No busy service is weak.".to_owned(),
        (1, _) => "One busy service is weak.".to_owned(),
        (n, _) => format!("{n} busy services are weak."),
    };
    format!("{first} {second}{ending}")
}

fn stack(found: &Overview) -> Option<Stack> {
    let weeks: Vec<StackWeek> = found
        .weeks
        .iter()
        .map(|(day, tally)| StackWeek {
            label: words::short_day(instant(*day)),
            counts: rows::counts(&found.bands, tally),
        })
        .collect();
    Stack::new(&weeks, format!("Stacked area. {}", half_words(found, found.weeks.first())))
}

/// `69 of 124 at B or better, after 28 on 24 November 2026.`
fn half_words(found: &Overview, first: Option<&(i32, Tally)>) -> String {
    let now = format!(
        "{} of {} at {} or better",
        good(&found.bands, &found.now),
        words::count(found.now.services, "service"),
        good_letter(&found.bands)
    );
    match first.filter(|_| found.since.is_some()) {
        Some((day, then)) => {
            format!("{now}, after {} on {}.", good(&found.bands, then), words::day(instant(*day)))
        }
        None => format!("{now}. A trend is drawn after four weeks."),
    }
}

fn exposed_note(found: &Overview) -> String {
    if !found.live {
        return "Traffic and plans are only known as they are now.".to_owned();
    }
    if found.exposed.is_empty() {
        "No service is weak.".to_owned()
    } else {
        "Weak services by traffic and points missing, each with its cheapest path.".to_owned()
    }
}

fn moved_note(found: &Overview) -> String {
    let now = found.now.mean().map(i64::from);
    let then = found.before.as_ref().and_then(Tally::mean).map(i64::from);
    match (now.zip(then), found.since) {
        (Some((now, then)), Some(since)) => {
            format!("The mean went from {then} to {now} since {}.", words::day(instant(since)))
        }
        _ => "A trend is told after four weeks of history.".to_owned(),
    }
}
