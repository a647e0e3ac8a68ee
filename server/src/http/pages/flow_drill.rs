//! The drill console of a flow: tick calls, choose a fault and for whom, and take along what makes it happen.
//!
//! The address holds the choice; nothing is stored, and no ticket is issued here: the page shows the line that does it.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::json;

use super::chrome::Chrome;
use super::frame::{Frame, html};
use super::parts::{Choice, Code, Link, Outcome, When};
use crate::app::drill_tickets::{
    self as uses, CreateTicket, MAX_EDGES, MAX_MINUTES, MINUTES, STATUS, TicketDetail,
};
use crate::app::flows;
use crate::error::{Error, FieldError, Result};
use crate::http::Shared;
use crate::tickets::texts::{self, Plan};
use crate::tickets::{Audience, Edge, HEADER};

/// Tickets shown of a flow.
const TICKETS: i64 = 10;
/// Results shown of a ticket.
const RESULTS: usize = 5;

/// `GET /flows/{slug}/drill?edge=FROM->TO&failure=&who=&…`
pub async fn page(
    app: Shared,
    frame: Frame,
    slug: web::Path<String>,
    query: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse> {
    let ask = Ask::read(query.into_inner());
    let context = app
        .read(move |tx| {
            let view = flows::detail(tx, &slug)?.view;
            let flow = Flow {
                edges: view
                    .edges
                    .into_iter()
                    .map(|edge| Line { id: edge.id, from: edge.from, to: edge.to, state: edge.state })
                    .collect(),
                slug: view.slug,
                title: view.title,
            };
            let tickets = uses::of_flow(tx, &flow.slug, TICKETS)?;
            let base_url = tx.base_url.clone();
            Ok(context(frame.chrome(tx)?, &flow, &ask, &tickets, &base_url))
        })
        .await?;
    html("flow_drill", &context)
}

/// A flow, as far as this page shows it.
pub struct Flow {
    /// Its address.
    pub slug: String,
    /// Its name.
    pub title: String,
    /// Its calls.
    pub edges: Vec<Line>,
}

/// One call of a flow.
pub struct Line {
    /// `from->to`.
    pub id: String,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// `core`, or how its fallback is proved.
    pub state: String,
}

/// What the reader chose, as typed.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Ids of calls.
    pub edges: Vec<String>,
    fields: Vec<(String, String)>,
}

impl Ask {
    /// Reads a query; names that mean nothing here are passed over.
    pub fn read(query: Vec<(String, String)>) -> Self {
        let (edges, fields): (Vec<_>, Vec<_>) = query.into_iter().partition(|(name, _)| name == "edge");
        let mut edges: Vec<String> = edges.into_iter().map(|(_, id)| id).collect();
        edges.dedup();
        Self { edges, fields }
    }

    fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    fn or<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        Some(self.text(name)).filter(|text| !text.is_empty()).unwrap_or(default)
    }

    /// A whole number; what is none is told as such.
    fn whole(&self, name: &str, default: Option<i64>, wrong: &mut Vec<FieldError>) -> Option<i64> {
        let text = self.text(name);
        if text.is_empty() {
            return default;
        }
        let number = text.parse().ok();
        if number.is_none() {
            wrong.push(FieldError::new(format!("/{name}"), "expected a whole number"));
        }
        number.or(default)
    }

    /// The wish that is meant.
    fn wish(&self, flow: &Flow, wrong: &mut Vec<FieldError>) -> CreateTicket {
        let failure = self.or("failure", "error").to_owned();
        let mut edges = Vec::new();
        for id in &self.edges {
            match flow.edges.iter().find(|line| line.id == *id) {
                Some(line) => edges.push(Edge { from: line.from.clone(), to: line.to.clone() }),
                None => {
                    wrong.push(FieldError::new("/edges", "the flow has no such call any more; tick another"));
                }
            }
        }
        let audience = match self.or("who", "holder") {
            "header" => Audience::Header {
                name: self.text("header_name").to_owned(),
                value: self.text("header_value").to_owned(),
            },
            "members" => Audience::Members(
                self.text("members")
                    .split([',', ' '])
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            "percentage" => {
                let share = self.whole("percentage", Some(5), wrong).unwrap_or(0);
                Audience::Percentage(u8::try_from(share).unwrap_or(0))
            }
            _ => Audience::Holder(true),
        };
        // A status does not go with a delay: what stays in the form from before is not sent along.
        let status = self.whole("status", Some(STATUS), wrong).filter(|_| failure == "error");
        let delay_ms = self.whole("delay_ms", Some(1_000), wrong).filter(|_| failure == "delay");
        CreateTicket {
            flow: Some(flow.slug.clone()),
            edges,
            status,
            delay_ms,
            failure,
            audience,
            environment: self.or("environment", "staging").to_owned(),
            minutes: self.whole("minutes", Some(MINUTES), wrong),
        }
    }
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    slug: String,
    title: String,
    edges: Vec<Tick>,
    failures: Vec<Choice>,
    audiences: Vec<Choice>,
    typed: Typed,
    most_edges: usize,
    most_minutes: i64,
    wrong: Vec<String>,
    /// What makes it happen, once the choice makes sense.
    take: Option<Take>,
    tickets: Vec<TicketRow>,
    jwks_url: String,
    revoked_url: String,
    header: &'static str,
}

#[derive(Serialize)]
struct Tick {
    id: String,
    from: String,
    to: String,
    says: &'static str,
    on: bool,
}

/// The fields as they stand.
#[derive(Serialize)]
struct Typed {
    status: String,
    delay_ms: String,
    header_name: String,
    header_value: String,
    members: String,
    percentage: String,
    environment: String,
    minutes: String,
}

#[derive(Serialize)]
struct Take {
    says: String,
    issue: Code,
    command: Code,
    headers: Code,
    curl: Code,
    envoy: Code,
    flagd: Code,
    istio: Code,
    result: Code,
}

#[derive(Serialize)]
struct TicketRow {
    id: String,
    href: String,
    says: String,
    state: &'static str,
    issued: When,
    by: String,
    results: Vec<ResultRow>,
}

#[derive(Serialize)]
struct ResultRow {
    outcome: Outcome,
    service: Link,
    ended: When,
}

/// The page.
pub fn context(chrome: Chrome, flow: &Flow, ask: &Ask, tickets: &[TicketDetail], base_url: &str) -> Ctx {
    let mut wrong = Vec::new();
    let wish = ask.wish(flow, &mut wrong);
    let take = if ask.edges.is_empty() { None } else { taken(&chrome, &wish, &mut wrong, base_url) };
    let failure = Some(wish.failure.as_str());
    let who = Some(ask.or("who", "holder"));
    let typed = |name: &str, default: &str| ask.or(name, default).to_owned();
    Ctx {
        crumbs: vec![
            Link::to("Core flows", "/flows"),
            Link::to(&flow.title, format!("/flows/{}", flow.slug)),
        ],
        here: "Drill console",
        slug: flow.slug.clone(),
        title: flow.title.clone(),
        edges: flow.edges.iter().map(|line| Tick::new(line, ask)).collect(),
        failures: [("error", "an error"), ("delay", "a delay"), ("timeout", "a timeout")]
            .map(|(value, text)| Choice::new(value, text, failure))
            .to_vec(),
        audiences: [
            ("holder", "whoever holds the ticket"),
            ("header", "requests with a header"),
            ("members", "these members"),
            ("percentage", "a share of members"),
        ]
        .map(|(value, text)| Choice::new(value, text, who))
        .to_vec(),
        typed: Typed {
            status: typed("status", &STATUS.to_string()),
            delay_ms: typed("delay_ms", "1000"),
            header_name: typed("header_name", ""),
            header_value: typed("header_value", ""),
            members: typed("members", ""),
            percentage: typed("percentage", "5"),
            environment: typed("environment", "staging"),
            minutes: typed("minutes", &MINUTES.to_string()),
        },
        most_edges: MAX_EDGES,
        most_minutes: MAX_MINUTES,
        wrong: wrong.iter().map(|field| format!("{}: {}", place(&field.pointer), field.detail)).collect(),
        take: take.filter(|_| wrong.is_empty()),
        tickets: tickets.iter().map(|ticket| TicketRow::new(&chrome, ticket)).collect(),
        jwks_url: format!("{base_url}/.well-known/jwks.json"),
        revoked_url: format!("{base_url}/api/v1/drill-tickets/revoked"),
        header: HEADER,
        chrome: chrome.titled(format!("Drill console: {}", flow.title)),
    }
}

/// `audience header name` of `/audience/header/name`.
fn place(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace(['/', '_'], " ")
}

/// Every text for a wish that makes sense; else why it makes none.
fn taken(chrome: &Chrome, wish: &CreateTicket, wrong: &mut Vec<FieldError>, base_url: &str) -> Option<Take> {
    let (drill, minutes) = match uses::check(wish) {
        Ok(checked) => checked,
        Err(Error::Invalid { fields }) => {
            wrong.extend(fields);
            return None;
        }
        Err(other) => {
            wrong.push(FieldError::new("/drill", other.to_string()));
            return None;
        }
    };
    let until = chrome.now.0.div_euclid(1000) + 60 * minutes;
    let plan = Plan { drill: &drill, until, id: None, token: None };
    let body = json!({
        "flow": wish.flow, "edges": drill.edges, "failure": drill.failure, "status": drill.status,
        "delay_ms": drill.delay_ms, "audience": drill.audience, "environment": drill.environment,
        "minutes": minutes,
    });
    let lines = |list: Vec<(String, String)>| {
        list.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
    };
    let flag = serde_json::to_string_pretty(&texts::flagd(&plan)).unwrap_or_default();
    let calls = if drill.edges.len() == 1 { "One call fails" } else { "These calls fail" };
    Some(Take {
        says: format!("{calls} in {}, for {minutes} min.", drill.environment),
        issue: Code::new("the line that issues the ticket", texts::issue(base_url, &body.to_string())),
        command: Code::new(
            "the command that issues the ticket",
            texts::command(&drill, minutes, wish.flow.as_deref()),
        ),
        headers: Code::new("the headers to send", lines(texts::headers(&plan))),
        curl: Code::new("a request with the ticket", texts::curl(&plan)),
        envoy: Code::new("the headers for Envoy", lines(texts::envoy(&plan))),
        flagd: Code::new("the flag definition", flag),
        istio: Code::new("the manifests for Istio", texts::istio(&plan)),
        result: Code::new("the line that sends the result", texts::result(base_url)),
    })
}

impl Tick {
    fn new(line: &Line, ask: &Ask) -> Self {
        Self {
            id: line.id.clone(),
            from: line.from.clone(),
            to: line.to.clone(),
            says: match line.state.as_str() {
                "core" => "core: no fallback",
                "verified" => "fallback proved",
                "stale" => "proved too long ago",
                "failed" => "fallback failed",
                _ => "fallback never tried",
            },
            on: ask.edges.contains(&line.id),
        }
    }
}

impl TicketRow {
    fn new(chrome: &Chrome, ticket: &TicketDetail) -> Self {
        let view = &ticket.view;
        let first = view.edges.first().map_or_else(String::new, |e| format!("{} → {}", e.from, e.to));
        let more = match view.edges.len() {
            0 | 1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        Self {
            href: format!("/api/v1/drill-tickets/{}", view.id),
            id: view.id.clone(),
            says: format!("{} of {first}{more} in {}", view.failure, view.environment),
            state: match view.state.as_str() {
                "live" => "holds",
                "revoked" => "revoked",
                _ => "ended",
            },
            issued: When::new(chrome.now, view.created_at),
            by: view.issued_by.clone(),
            results: ticket
                .results
                .iter()
                .take(RESULTS)
                .map(|drill| ResultRow {
                    outcome: Outcome::new(&drill.outcome),
                    service: Link::to(&drill.service, format!("/services/{}/drills", drill.service)),
                    ended: When::new(chrome.now, drill.ended_at),
                })
                .collect(),
        }
    }
}
