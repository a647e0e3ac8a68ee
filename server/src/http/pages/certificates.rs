//! Certificates: the calendar of renewals, and one certificate.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::chrome::Chrome;
use super::frame::{self, Frame, html};
use super::parts::{Choice, Code, Grade, Link, When};
use super::{sign_in, words};
use crate::app::views::{CertificateView, Page, TeamRef};
use crate::app::{Tx, awards, rulebook};
use crate::error::{Error, Result};
use crate::http::Shared;
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
        ("certified", _, Some(from)) => format!("Renewed by itself from {} on.", words::day(from)),
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
    /// Of which day grade, points and evidence are.
    as_of: String,
    grade: Grade,
    points: Option<String>,
    rulebook: String,
    rules: Vec<Rule>,
    digest: Option<String>,
    recompute: Code,
    credential: Option<String>,
    json: String,
    sharing: Option<String>,
    public: bool,
    certificate: bool,
    verify: Option<Code>,
}

/// What else the page of a certificate takes.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// The address of this installation.
    pub base: String,
    /// Titles of the rules of the rulebook by which it was earned, by id.
    pub titles: BTreeMap<String, String>,
    /// The reader may follow links into the product.
    pub reads: bool,
}

impl Around {
    fn of(tx: &mut Tx<'_>, one: &CertificateView) -> Result<Self> {
        let book = rulebook::by_hash(tx, &one.rulebook)?;
        let rules = book.as_ref().map_or(&[][..], |book| book.rules());
        Ok(Self {
            base: tx.base_url.clone(),
            titles: rules.iter().map(|rule| (rule.id.clone(), rule.title.clone())).collect(),
            reads: tx.may_read(),
        })
    }

    /// A link for whoever may follow it, else its text.
    fn link(&self, link: Link) -> Link {
        if self.reads { link } else { Link::text(link.text) }
    }
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
            let around = Around::of(tx, &view)?;
            Ok(context(frame.chrome(tx)?, &view, &around))
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
pub fn context(chrome: Chrome, one: &CertificateView, around: &Around) -> Ctx {
    let now = chrome.now;
    let service = Link::to(&one.service_name, format!("/services/{}", words::encode(&one.service)));
    let (json, base) = (format!("/api/v1/certificates/{}", one.id), &around.base);
    let renewed = one.renewed_at.map_or_else(
        || format!("As of the award, {}", words::day(one.earned_at)),
        |at| format!("As of the renewal, {}", words::day(at)),
    );
    Ctx {
        title: one.title.clone(),
        service: around.link(service),
        team: team(one).map(|team| around.link(team)),
        state: State::new(&one.state),
        locked: one.state != "certified",
        why: one.why.clone(),
        next: next(one, now),
        details: details(one),
        as_of: renewed,
        grade: Grade::new(Some(one.grade.as_str()).filter(|letter| !letter.is_empty())),
        points: one.score.map(|score| format!("score {score}, {} % of the points known", one.coverage)),
        rulebook: one.rulebook.clone(),
        rules: rules(one, around),
        digest: one.evidence_sha256.clone(),
        recompute: Code::new(
            "how to recompute the digest",
            format!("curl -fsS {base}{json}/evidence | sha256sum"),
        ),
        credential: one.credential_url.as_ref().map(|_| format!("/certificates/{}.jwt", one.id)),
        json,
        sharing: around.reads.then(|| format!("/services/{}/sharing", words::encode(&one.service))),
        public: one.public,
        certificate: one.kind == "certificate",
        verify: one.credential_url.as_ref().zip(one.status_list_url.as_ref()).map(|(url, list)| {
            let file = format!("{}.jwt", one.service);
            let text = format!(
                "curl -fsS {url} -o {file}\ncurl -fsS {base}/.well-known/jwks.json -o jwks.json\n\
                 curl -fsS {list} -o status.jwt\n\
                 waterbear certificate verify {file} --jwks jwks.json --status status.jwt"
            );
            Code::new("how to verify it", text)
        }),
        chrome: chrome.titled(format!("{}: {}", one.title, one.service_name)),
    }
}

fn details(one: &CertificateView) -> Vec<(&'static str, String)> {
    let days = [
        ("Awarded", Some(one.earned_at)),
        ("Renewed", one.renewed_at),
        ("Valid until", one.valid_until),
        ("Not in force since", one.not_in_force_since),
        ("Ended", one.ended_at),
    ];
    let mut details: Vec<_> =
        days.into_iter().filter_map(|(name, at)| Some((name, words::day(at?)))).collect();
    let waived = if one.waivers.is_empty() { "none".to_owned() } else { one.waivers.join(", ") };
    details.push(("Waived rules", waived));
    details
}

fn rules(one: &CertificateView, around: &Around) -> Vec<Rule> {
    let text = |value: &serde_json::Value, name: &str| {
        value.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
    };
    let proof = one.evidence.as_ref().and_then(|kept| serde_json::from_str(kept.get()).ok());
    let list = proof.as_ref().and_then(|proof: &serde_json::Value| proof.get("rules")?.as_array());
    list.into_iter()
        .flatten()
        .map(|rule| {
            let facts = rule.get("facts").and_then(|facts| facts.as_object()).cloned().unwrap_or_default();
            let id = text(rule, "rule");
            let title = around.titles.get(&id).cloned().unwrap_or_else(|| id.clone());
            Rule {
                name: around.link(Link::to(title, format!("/rules/{}", words::encode(&id)))),
                outcome: super::parts::Outcome::new(&text(rule, "outcome")),
                facts: facts
                    .iter()
                    .map(|(name, fact)| Fact {
                        name: name.clone(),
                        value: fact.get("value").map_or_else(String::new, shown),
                        evidence: super::parts::Evidence::new(&text(fact, "evidence")),
                        day: Timestamp::parse(&text(fact, "as_of"))
                            .map_or_else(|_| String::new(), words::day),
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
