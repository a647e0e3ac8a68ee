//! Certificates: the calendar of renewals, one certificate, and what a team shows of its service elsewhere.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::admin::back;
use super::chrome::Chrome;
use super::frame::{self, Frame, html};
use super::parts::{Choice, Code, Grade, Link, When};
use super::{sign_in, words};
use crate::app::sharing::{self, PutSharing};
use crate::app::views::{CertificateView, Page, SharingView, TeamRef};
use crate::app::{awards, services};
use crate::error::{Error, Result};
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::form::{Checked, field};
use crate::http::query::Name;
use crate::types::Timestamp;

/// Certificates on a page.
const PAGE: i64 = 50;

/// `?team=&cursor=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
}

/// The calendar.
#[derive(Serialize)]
pub struct ListCtx {
    chrome: Chrome,
    title: String,
    teams: Vec<Choice>,
    rows: Vec<Row>,
    next: Option<String>,
    calendar: String,
}

/// A certificate in the calendar.
#[derive(Serialize)]
struct Row {
    service: Link,
    certificate: Link,
    team: Option<Link>,
    state: State,
    earned: When,
    until: Option<When>,
    then: String,
}

/// How a certificate stands, in a word and a colour.
#[derive(Serialize)]
struct State {
    cls: &'static str,
    text: &'static str,
}

impl State {
    fn new(state: &str) -> Self {
        let (cls, text) = match state {
            "certified" => ("gold", "certified"),
            "on_hold" => ("bad", "on hold"),
            "suspended" => ("bad", "suspended"),
            "revoked" => ("bad", "revoked"),
            _ => ("", "lapsed"),
        };
        Self { cls, text }
    }
}

/// `GET /certificates?team=`
pub async fn list(app: Shared, frame: Frame, query: web::Query<Query>) -> Result<HttpResponse> {
    let query = query.into_inner();
    let context = app
        .read(move |tx| {
            let team = query.team.as_deref().filter(|slug| !slug.is_empty());
            let page = awards::calendar(tx, team, None, query.cursor.as_deref(), PAGE)?;
            let mut teams = frame::offered_teams(tx)?;
            if let Some(slug) = team.filter(|slug| teams.iter().all(|t| t.slug != *slug)) {
                teams.extend(frame::find_team(tx, slug)?);
            }
            Ok(list_context(frame.chrome(tx)?, &teams, team, &page))
        })
        .await?;
    html("certificates", &context)
}

/// The calendar of these certificates.
pub fn list_context(
    chrome: Chrome,
    teams: &[TeamRef],
    team: Option<&str>,
    page: &Page<CertificateView>,
) -> ListCtx {
    let now = chrome.now;
    let mut choices = vec![Choice::new("", "All teams", Some(team.unwrap_or_default()))];
    choices.extend(teams.iter().map(|t| Choice::new(&t.slug, &t.name, team)));
    let good = page.items.iter().filter(|one| one.state == "certified").count() as i64;
    let of_team = team.map_or_else(String::new, |slug| format!("team={}&", words::encode(slug)));
    ListCtx {
        title: match (page.items.len(), good) {
            (0, _) => "Nobody is certified yet".to_owned(),
            (all, good) if page.next.is_none() && all as i64 > good => {
                format!("{} in force, {} not", words::count(good, "certificate"), all as i64 - good)
            }
            (_, good) if page.next.is_none() => format!("{} in force", words::count(good, "certificate")),
            _ => "Certificates by the day on which they end".to_owned(),
        },
        teams: choices,
        calendar: match team {
            Some(slug) => format!("/certificates.ics?team={}", words::encode(slug)),
            None => "/certificates.ics".to_owned(),
        },
        rows: page.items.iter().map(|one| Row::new(one, now)).collect(),
        next: page.next.as_ref().map(|next| format!("/certificates?{of_team}cursor={}", words::encode(next))),
        chrome: chrome.titled("Certificates"),
    }
}

impl Row {
    fn new(one: &CertificateView, now: Timestamp) -> Self {
        Self {
            service: Link::to(&one.service_name, format!("/services/{}", words::encode(&one.service))),
            certificate: Link::to(&one.title, format!("/certificates/{}", one.id)),
            team: team(one),
            state: State::new(&one.state),
            earned: When::on(one.earned_at),
            until: one.valid_until.map(When::on),
            then: next(one, now),
        }
    }
}

fn team(one: &CertificateView) -> Option<Link> {
    let slug = one.team.as_ref()?;
    let name = one.team_name.as_ref().unwrap_or(slug);
    Some(Link::to(name, format!("/teams/{}", words::encode(slug))))
}

/// What comes next, in a sentence.
pub(in crate::http) fn next(one: &CertificateView, now: Timestamp) -> String {
    match (one.state.as_str(), &one.reason, one.renews_from) {
        ("certified", _, Some(from)) if from <= now => {
            "Its renewal is due: it is renewed by itself as soon as what earns it is true.".to_owned()
        }
        ("certified", _, Some(from)) => format!("Renewed by itself from {} on.", from.day_text()),
        ("certified", _, None) => "Holds for as long as what earns it is true.".to_owned(),
        (_, Some(reason), _) => sentence(reason),
        _ => String::new(),
    }
}

/// A part of a sentence as one.
fn sentence(part: &str) -> String {
    let mut chars = part.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

/// One certificate.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    title: String,
    service: Link,
    team: Option<Link>,
    state: State,
    locked: bool,
    why: Option<String>,
    next: String,
    details: Vec<(&'static str, String)>,
    grade: Grade,
    rules: Vec<Rule>,
    digest: Option<String>,
    credential: Option<String>,
    json: String,
    sharing: String,
    public: bool,
    certificate: bool,
    verify: Option<Code>,
}

/// A rule that counted.
#[derive(Serialize)]
struct Rule {
    name: Link,
    outcome: super::parts::Outcome,
    facts: Vec<Fact>,
}

#[derive(Serialize)]
struct Fact {
    name: String,
    value: String,
    evidence: super::parts::Evidence,
    day: String,
    drill: Option<String>,
}

/// `GET /certificates/{id}`
pub async fn one(app: Shared, req: HttpRequest, frame: Frame, Name(id): Name) -> Result<HttpResponse> {
    let found = app
        .read(move |tx| {
            let view = awards::certificate(tx, &id)?;
            let base = tx.base_url.clone();
            Ok(context(frame.chrome(tx)?, &view, &base))
        })
        .await;
    match found {
        Ok(context) => html("certificate", &context),
        // Who may see it once signed in is sent to do so, whether there is such a certificate or not.
        Err(Error::Unauthenticated { .. }) => {
            let to = sign_in::address(req.uri().path());
            Ok(HttpResponse::SeeOther()
                .insert_header((header::LOCATION, to))
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .finish())
        }
        Err(other) => Err(other),
    }
}

/// The page of a certificate.
pub fn context(chrome: Chrome, one: &CertificateView, base: &str) -> Ctx {
    let now = chrome.now;
    let day = |at: Option<Timestamp>| at.map(Timestamp::day_text);
    let mut details = vec![("Awarded", one.earned_at.day_text())];
    details.extend(day(one.renewed_at).map(|day| ("Renewed", day)));
    details.extend(day(one.valid_until).map(|day| ("Valid until", day)));
    details.extend(day(one.not_in_force_since).map(|day| ("Not in force since", day)));
    details.extend(day(one.ended_at).map(|day| ("Ended", day)));
    if let Some(score) = one.score {
        details.push(("Score", score.to_string()));
        details.push(("Points known", format!("{} %", one.coverage)));
    }
    details
        .push(("Waived rules", if one.waivers.is_empty() { "none".into() } else { one.waivers.join(", ") }));
    Ctx {
        title: one.title.clone(),
        service: Link::to(&one.service_name, format!("/services/{}", words::encode(&one.service))),
        team: team(one),
        state: State::new(&one.state),
        locked: one.state != "certified",
        why: one.why.clone(),
        next: next(one, now),
        details,
        grade: Grade::new(Some(one.grade.as_str()).filter(|letter| !letter.is_empty())),
        rules: rules(one),
        digest: one.evidence_sha256.clone(),
        credential: one.credential_url.as_ref().map(|_| format!("/certificates/{}.jwt", one.id)),
        json: format!("/api/v1/certificates/{}", one.id),
        sharing: format!("/services/{}/sharing", words::encode(&one.service)),
        public: one.public,
        certificate: one.kind == "certificate",
        verify: one.credential_url.as_ref().map(|url| {
            let file = format!("{}.jwt", one.service);
            let text = format!(
                "curl -fsS {url} -o {file}\ncurl -fsS {base}/.well-known/jwks.json -o jwks.json\n\
                 waterbear certificate verify {file} --jwks jwks.json"
            );
            Code::new("how to verify it", text)
        }),
        chrome: chrome.titled(format!("{}: {}", one.title, one.service_name)),
    }
}

fn rules(one: &CertificateView) -> Vec<Rule> {
    let text = |value: &serde_json::Value, name: &str| {
        value.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
    };
    let list = one.evidence.as_ref().and_then(|proof| proof.get("rules")?.as_array()).cloned();
    list.unwrap_or_default()
        .iter()
        .map(|rule| {
            let facts = rule.get("facts").and_then(|facts| facts.as_object()).cloned().unwrap_or_default();
            Rule {
                name: Link::to(text(rule, "rule"), format!("/rules/{}", words::encode(&text(rule, "rule")))),
                outcome: super::parts::Outcome::new(&text(rule, "outcome")),
                facts: facts
                    .iter()
                    .map(|(name, fact)| Fact {
                        name: name.clone(),
                        value: fact.get("value").map_or_else(String::new, shown),
                        evidence: super::parts::Evidence::new(&text(fact, "evidence")),
                        day: text(fact, "as_of").chars().take(10).collect(),
                        drill: Some(text(fact, "drill")).filter(|id| !id.is_empty()),
                    })
                    .collect(),
            }
        })
        .collect()
}

fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Bool(true) => "yes".to_owned(),
        serde_json::Value::Bool(false) => "no".to_owned(),
        serde_json::Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What a team shows elsewhere.
#[derive(Serialize)]
pub struct SharingCtx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    name: String,
    action: String,
    certificates: bool,
    badge: bool,
    may: bool,
    previews: Vec<Preview>,
    closed: bool,
    saved: bool,
}

/// A badge, with what embeds it.
#[derive(Serialize)]
struct Preview {
    label: &'static str,
    src: String,
    code: Code,
}

/// `GET /services/{slug}/sharing`
pub async fn sharing(app: Shared, frame: Frame, Name(slug): Name) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let view = sharing::get(tx, &slug)?;
            let name = services::detail(tx, &slug)?.row.name;
            let closed = tx.config.reading_takes_sign_in();
            let base = tx.base_url.clone();
            Ok(sharing_context(frame.chrome(tx)?, &view, &name, &base, closed))
        })
        .await?;
    frame::answer(StatusCode::OK, "sharing", &context)
}

/// The page of what is shown.
pub fn sharing_context(
    chrome: Chrome,
    view: &SharingView,
    name: &str,
    base: &str,
    closed: bool,
) -> SharingCtx {
    let slug = words::encode(&view.service);
    // The name under which everybody can have it, where there is one and the reader may know it.
    let key = view.badge_url.as_ref().and_then(|url| url.rsplit('/').next()?.strip_suffix(".svg"));
    let file = key.map_or_else(|| slug.clone(), str::to_owned);
    let preview = |label: &'static str, query: &str| {
        let picture = format!("/badges/{file}.svg{query}");
        let text = format!("[![{name}]({base}{picture})]({base}/services/{slug})");
        Preview { label, src: picture, code: Code::new(format!("Markdown: {label}"), text) }
    };
    SharingCtx {
        crumbs: vec![Link::to("Services", "/services"), Link::to(name, format!("/services/{slug}"))],
        here: "Shown elsewhere",
        name: name.to_owned(),
        action: format!("/services/{slug}/sharing"),
        certificates: view.certificates,
        badge: view.badge,
        may: chrome.me.is_some(),
        previews: vec![
            preview("Grade", ""),
            preview("Certified", "?show=certified"),
            preview("Large", "?style=for-the-badge"),
        ],
        closed,
        saved: false,
        chrome: chrome.titled(format!("{name} elsewhere")),
    }
}

/// `POST /services/{slug}/sharing`: `certificates`, `badge`
pub async fn share(
    app: Shared,
    caller: Caller,
    Name(slug): Name,
    Checked(form): Checked,
) -> Result<HttpResponse> {
    let on = |name: &str| field(&form, name).is_some();
    let cmd = PutSharing { certificates: on("certificates"), badge: on("badge") };
    let to = format!("/services/{}/sharing", words::encode(&slug));
    app.write(caller.0, move |tx| sharing::put(tx, &slug, &cmd)).await?;
    Ok(back(&to, None))
}
