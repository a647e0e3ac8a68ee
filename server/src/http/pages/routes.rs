//! The pages' handlers: extract, one read, map, render.

mod helps;

use actix_web::{HttpResponse, web};
use serde::Deserialize;

pub use helps::{
    help_boards, help_catalog, help_certificates, help_degrader, help_drills, help_errors, help_facts,
    help_flows, help_index, help_rollback,
};

use super::frame::{self, Frame, html};
use super::{
    activity, api_docs, degrader, drills, due, home, leaderboard, rule, rules, search, service, services,
    team, teams, why,
};
use crate::app::boards::AskBoard;
use crate::app::degrader::Ask;
use crate::app::feed::AskEvents;
use crate::app::plans::AskPlans;
use crate::app::services::ListServices;
use crate::app::{self, Tx, boards, feed, plans, rulebook, scorecard};
use crate::error::{Error, Result};
use crate::http::{Shared, openapi};
use crate::types::Timestamp;

/// Services on a page.
const PAGE: i64 = 50;
/// Drill results on a page.
const RESULTS: i64 = 20;
/// Events on a page of the activity.
const EVENTS: i64 = 50;
/// Events shown beside something else.
const LATELY: i64 = 7;
/// Weeks a score is drawn over.
const WEEKS: i64 = 26;
/// Services a search shows.
const FOUND: i64 = 20;

/// Events that Home may have to read to find those worth telling.
const READ: i64 = 60;

/// `GET /?league=`
pub async fn home(app: Shared, frame: Frame, ask: web::Query<Board>) -> Result<HttpResponse> {
    let ask = ask.into_inner();
    let named = ask.league.as_ref().is_some_and(|league| !league.is_empty());
    let mut ask = ask.ask("improved");
    let context = app
        .read(move |tx| {
            let chrome = frame.chrome(tx)?;
            ask.own = chrome.my_team().map(str::to_owned);
            // Home begins with the league of one's own.
            if ask.own.is_some() && !named {
                boards::OWN.clone_into(&mut ask.league);
            }
            let team = chrome.my_team().map(|slug| app::teams::team(tx, slug)).transpose()?;
            let kinds = Some(super::feed::TOLD.iter().map(|kind| (*kind).to_owned()).collect());
            let events = feed::events_latest(tx, &AskEvents { kinds, ..AskEvents::default() }, None, READ)?;
            let bands = rulebook::bands(&tx.book.rulebook);
            let challenge = app::challenges::running(tx, chrome.my_team())?;
            let home = home::Home {
                fleet: &app::teams::fleet(tx)?,
                team: team.as_ref(),
                board: &boards::board(tx, &ask)?,
                events: &events.items,
                teams: &frame::offered_teams(tx)?,
                bands: &bands,
                challenge: challenge.as_ref(),
            };
            Ok(home::context(chrome, &home))
        })
        .await?;
    html("home", &context)
}

/// `GET /services`
pub async fn services(app: Shared, frame: Frame, query: web::Query<services::Query>) -> Result<HttpResponse> {
    let query = query.into_inner();
    let context = app
        .read(move |tx| {
            let mut teams = frame::offered_teams(tx)?;
            // The team of the list is offered however many there are.
            if let Some(slug) = query.team.as_deref().filter(|slug| teams.iter().all(|t| t.slug != *slug)) {
                teams.extend(frame::find_team(tx, slug)?);
            }
            let offers = services::Offers {
                teams,
                grades: rulebook::bands(&tx.book.rulebook).into_iter().map(|b| b.grade).collect(),
                practices: practices(tx),
            };
            let page = app::services::list(tx, &query.ask(PAGE)?)?;
            Ok(services::context(frame.chrome(tx)?, &query, &offers, &page))
        })
        .await?;
    html("services", &context)
}

fn practices(tx: &Tx<'_>) -> Vec<(String, String)> {
    tx.book.rulebook.practices().iter().map(|p| (p.id.clone(), p.title.clone())).collect()
}

/// `GET /services/{slug}`
pub async fn service(app: Shared, frame: Frame, slug: web::Path<String>) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let card = scorecard::scorecard(tx, &slug, None)?;
            let from = tx.now.plus_days(-7 * WEEKS);
            let history = scorecard::history(tx, &slug, Some(from), None)?;
            let study = app::degrader::study(tx, &slug, &Ask::default())?;
            let calls = app::flows::of_service(tx, &slug)?;
            Ok(service::context(frame.chrome(tx)?, &card, &history, &study, &calls))
        })
        .await?;
    html("service", &context)
}

/// `GET /services/{slug}/degrader?scenario=&dialect=&set.KEY=`
pub async fn degrader(
    app: Shared,
    frame: Frame,
    slug: web::Path<String>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse> {
    let mut ask = Ask { search: true, ..Ask::default() };
    for (name, value) in query.into_inner() {
        let value = value.trim().to_owned();
        match name.as_str() {
            "scenario" => ask.scenario = Some(value).filter(|v| !v.is_empty()),
            "dialect" => ask.dialect = Some(value).filter(|v| !v.is_empty()),
            _ => {
                if let Some(key) = name.strip_prefix("set.") {
                    ask.tried.push((key.to_owned(), value));
                }
            }
        }
    }
    let context = app
        .read(move |tx| {
            let study = app::degrader::study(tx, &slug, &ask)?;
            Ok(degrader::context(frame.chrome(tx)?, &study, &ask.tried))
        })
        .await?;
    html("degrader", &context)
}

/// `?as_of=` of a tree: an instant, or a day, which means its end.
#[derive(Deserialize)]
pub struct AsOf {
    as_of: Option<String>,
}

/// `GET /services/{slug}/why?as_of=`
pub async fn why(
    app: Shared,
    frame: Frame,
    slug: web::Path<String>,
    ask: web::Query<AsOf>,
) -> Result<HttpResponse> {
    let as_of = ask.as_of.as_deref().filter(|t| !t.trim().is_empty()).map(end_of).transpose()?;
    let context = app
        .read(move |tx| {
            let as_of = as_of.filter(|at| *at < tx.now);
            let card = scorecard::scorecard(tx, &slug, as_of)?;
            Ok(why::context(frame.chrome(tx)?, &card, as_of))
        })
        .await?;
    html("why", &context)
}

fn end_of(text: &str) -> Result<Timestamp> {
    Timestamp::parse(&format!("{}T23:59:59.999Z", text.trim()))
        .or_else(|_| Timestamp::parse(&text.replace(' ', "+")))
        .map_err(|_| Error::invalid("?as_of", "expected a day such as 2026-03-01 or an RFC 3339 instant"))
}

/// Where the list of results goes on, and which plan is shown.
#[derive(Deserialize)]
pub struct DrillsQuery {
    cursor: Option<String>,
    format: Option<String>,
    failure: Option<String>,
    target: Option<String>,
    environment: Option<String>,
}

/// `GET /services/{slug}/drills?cursor=&format=&failure=&target=&environment=`
pub async fn drills(
    app: Shared,
    frame: Frame,
    slug: web::Path<String>,
    at: web::Query<DrillsQuery>,
) -> Result<HttpResponse> {
    let DrillsQuery { cursor, format, failure, target, environment } = at.into_inner();
    let given = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let cursor = given(cursor);
    let (format, failure) = (given(format), given(failure));
    let ask = AskPlans::read(format.as_deref(), failure.as_deref(), given(target), given(environment))?;
    let context = app
        .read(move |tx| {
            let detail = app::services::detail(tx, &slug)?;
            let matrix = feed::matrix(tx, &slug)?;
            let results = feed::drills(tx, &slug, cursor.as_deref(), RESULTS)?;
            let (rows, chosen) = plans::next(tx, &slug, &ask)?;
            let next = drills::Next { rows: &rows, chosen: chosen.as_ref(), engine: ask.engine };
            Ok(drills::context(frame.chrome(tx)?, &detail, &matrix, &results, &next))
        })
        .await?;
    html("drills", &context)
}

/// `?team=` of what is due.
#[derive(Deserialize)]
pub struct OfTeam {
    team: Option<String>,
}

/// `GET /drills?team=`
pub async fn due(app: Shared, frame: Frame, of: web::Query<OfTeam>) -> Result<HttpResponse> {
    let slug = of.into_inner().team.filter(|slug| !slug.is_empty());
    let context = app
        .read(move |tx| {
            let found = plans::team_due(tx, slug.as_deref(), false)?;
            let team = slug.as_deref().map(|slug| frame::find_team(tx, slug)).transpose()?.flatten();
            let mut teams = frame::offered_teams(tx)?;
            // The team that is shown is offered however many there are.
            teams.extend(team.clone().filter(|t| teams.iter().all(|o| o.slug != t.slug)));
            Ok(due::context(frame.chrome(tx)?, team.as_ref(), &teams, &found))
        })
        .await?;
    html("due", &context)
}

/// `GET /teams?after=`
pub async fn teams(app: Shared, frame: Frame, at: web::Query<After>) -> Result<HttpResponse> {
    let after = at.into_inner().after.filter(|slug| !slug.is_empty());
    let work = move |tx: &mut Tx<'_>| {
        Ok(teams::context(frame.chrome(tx)?, &app::teams::list(tx)?, after.as_deref()))
    };
    html("teams", &app.read(work).await?)
}

/// The last team of the page before.
#[derive(Deserialize)]
pub struct After {
    after: Option<String>,
}

/// `GET /teams/{slug}`
pub async fn team(app: Shared, frame: Frame, slug: web::Path<String>) -> Result<HttpResponse> {
    let slug = slug.into_inner();
    let context = app
        .read(move |tx| {
            let view = app::teams::team(tx, &slug)?;
            let may = boards::left::may(tx, &slug)?;
            let ask = AskEvents { team: Some(slug), ..AskEvents::default() };
            let events = feed::events_latest(tx, &ask, None, LATELY)?;
            let rewards = app::challenges::rewards_of(tx, &view.slug)?;
            Ok(team::context(frame.chrome(tx)?, &view, &events.items, &rewards, may))
        })
        .await?;
    html("team", &context)
}

/// `?by=&league=&season=&cursor=` of a board.
#[derive(Default, Deserialize)]
pub struct Board {
    by: Option<String>,
    league: Option<String>,
    season: Option<String>,
    cursor: Option<String>,
}

impl Board {
    fn ask(self, board: &str) -> AskBoard {
        let given =
            |text: Option<String>, or: &str| text.filter(|t| !t.is_empty()).unwrap_or_else(|| or.to_owned());
        AskBoard {
            board: board.to_owned(),
            by: given(self.by, "team"),
            league: given(self.league, "all"),
            season: self.season.filter(|s| !s.is_empty()),
            cursor: self.cursor.filter(|s| !s.is_empty()),
            limit: PAGE,
            own: None,
        }
    }
}

/// `GET /leaderboards/{board}?by=&league=&season=&cursor=`
pub async fn leaderboard(
    app: Shared,
    frame: Frame,
    board: web::Path<String>,
    ask: web::Query<Board>,
) -> Result<HttpResponse> {
    let mut ask = ask.into_inner().ask(&board);
    let context = app
        .read(move |tx| {
            let chrome = frame.chrome(tx)?;
            ask.own = chrome.my_team().map(str::to_owned);
            let view = boards::board(tx, &ask)?;
            Ok(leaderboard::context(chrome, &view, ask.cursor.is_some()))
        })
        .await?;
    html("leaderboard", &context)
}

/// `GET /rules`
pub async fn rules(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let context = app.read(move |tx| Ok(rules::context(frame.chrome(tx)?, &rulebook::view(tx)?))).await?;
    html("rules", &context)
}

/// `GET /rules/{id}`
pub async fn rule(app: Shared, frame: Frame, id: web::Path<String>) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let book = rulebook::view(tx)?;
            let mut rules =
                book.practices.iter().flat_map(|p| p.rules.iter().map(move |rule| (rule, &p.title)));
            let found = rules.find(|(rule, _)| rule.id == *id);
            let (rule, practice) =
                found.ok_or_else(|| Error::not_found("rule", id.chars().take(120).collect::<String>()))?;
            Ok(rule::context(frame.chrome(tx)?, rule, practice))
        })
        .await?;
    html("rule", &context)
}

/// `?cursor=&team=&service=` of the activity.
#[derive(Deserialize)]
pub struct Events {
    cursor: Option<String>,
    team: Option<String>,
    service: Option<String>,
}

/// `GET /activity`
pub async fn activity(app: Shared, frame: Frame, ask: web::Query<Events>) -> Result<HttpResponse> {
    let Events { cursor, team, service } = ask.into_inner();
    let bad = |_| Error::invalid("?cursor", "not a cursor of this list");
    let before = cursor.filter(|c| !c.is_empty()).map(|c| c.parse().map_err(bad)).transpose()?;
    let context = app
        .read(move |tx| {
            let given = |text: Option<String>| text.filter(|t| !t.is_empty());
            let ask = AskEvents { service: given(service), team: given(team), kinds: None };
            let page = feed::events_latest(tx, &ask, before, EVENTS)?;
            let team = ask.team.as_deref().map(|slug| frame::find_team(tx, slug)).transpose()?.flatten();
            let scope = activity::Scope { team: team.map(|t| (t.slug, t.name)), service: ask.service };
            Ok(activity::context(frame.chrome(tx)?, &scope, &page))
        })
        .await?;
    html("activity", &context)
}

/// `?q=`
#[derive(Deserialize)]
pub struct Find {
    q: Option<String>,
}

/// `GET /search?q=`
pub async fn search(app: Shared, frame: Frame, ask: web::Query<Find>) -> Result<HttpResponse> {
    let q: String = ask.into_inner().q.unwrap_or_default().trim().chars().take(200).collect();
    let context = app
        .read(move |tx| {
            if q.is_empty() {
                return Ok(search::context(frame.chrome(tx)?, "", &[], &[], false));
            }
            let ask = ListServices {
                q: Some(q.clone()),
                sort: Some("name".to_owned()),
                limit: FOUND,
                ..ListServices::default()
            };
            let services = app::services::list(tx, &ask)?;
            let wanted = q.to_lowercase();
            let is_wanted = |text: &str| text.to_lowercase().contains(&wanted);
            let mut teams = frame::teams(tx)?;
            teams.retain(|t| is_wanted(&t.name) || is_wanted(&t.slug));
            Ok(search::context(frame.chrome(tx)?, &q, &services.items, &teams, services.next.is_some()))
        })
        .await?;
    html("search", &context)
}

/// `GET /api/docs`
pub async fn api_docs(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let chrome = app.read(move |tx| frame.chrome(tx)).await?;
    html("api_docs", &api_docs::context(chrome, &openapi::document()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_means_its_end() {
        assert_eq!(end_of("2026-03-01").unwrap(), Timestamp::parse("2026-03-01T23:59:59.999Z").unwrap());
        assert_eq!(
            end_of("2026-03-01T09:26:00Z").unwrap(),
            Timestamp::parse("2026-03-01T09:26:00Z").unwrap()
        );
        assert!(end_of("yesterday").is_err());
    }
}
