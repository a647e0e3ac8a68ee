//! Drill tickets: issued, listed, taken back; and the results that were got under them.
//!
//! Nothing is injected here. A ticket tells services that verify it for which calls to fail, until when; its token is
//! in the answer to whoever asked for it, and is kept nowhere.

mod check;
mod tie;
mod veiled;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

pub use check::{MAX_EDGES, MAX_MEMBERS, MAX_MINUTES, MINUTES, STATUS, check};
pub use tie::{require_tied, tie};

use super::audit::Sides;
use super::feed::drill_view;
use super::views::{DrillView, Page};
use super::{Actor, App, Tx, flows, keys, owners};
use crate::error::{Error, Result};
use crate::store;
use crate::store::tickets::TicketRow;
use crate::tickets::texts::{self, Plan};
use crate::tickets::{AUDIENCE, Audience, Claims, Drill, Edge, LEEWAY_SECONDS, MAX_TOKEN_BYTES, TYPE};
use crate::types::Timestamp;

/// Tickets that hold at once: what verifiers have to hear of them stays small.
const MAX_LIVE: i64 = 1_000;
/// Results shown with a ticket.
const MAX_RESULTS: i64 = 100;

/// A ticket that is wished for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTicket {
    /// Slug of the flow it is for, if it is for one.
    #[serde(default)]
    pub flow: Option<String>,
    /// Which calls fail: 1 to 32 of `{"from": "storefront", "to": "ads"}`.
    #[schema(value_type = Vec<Object>)]
    pub edges: Vec<Edge>,
    /// error, delay or timeout.
    pub failure: String,
    /// HTTP status of an error, 400 to 599; 503 unless said otherwise.
    #[serde(default)]
    pub status: Option<i64>,
    /// Milliseconds of a delay, 1 to 60,000.
    #[serde(default)]
    pub delay_ms: Option<i64>,
    /// For whose calls: one of `{"header": {"name": "x-team", "value": "green"}}`, `{"members": ["m1"]}`,
    /// `{"percentage": 5}` and `{"holder": true}`.
    #[schema(value_type = Object)]
    #[serde(deserialize_with = "one_audience")]
    pub audience: Audience,
    /// Where; verifiers of other environments refuse it.
    pub environment: String,
    /// How long it holds, 1 to 480; 30 unless said otherwise.
    #[serde(default)]
    pub minutes: Option<i64>,
}

/// Read whole first, so that two audiences are told as such and not as a body that is no JSON.
fn one_audience<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Audience, D::Error> {
    let value = Value::deserialize(from)?;
    serde_json::from_value(value).map_err(|error| {
        let expected = "expected exactly one of `holder`, `header`, `members`, `percentage`";
        serde::de::Error::custom(format!("{expected}: {error}"))
    })
}

/// A ticket as it may be wished for.
pub const EXAMPLE: &str = r#"{
  "edges": [{"from": "storefront", "to": "ads"}],
  "failure": "error",
  "status": 503,
  "audience": {"holder": true},
  "environment": "staging",
  "minutes": 30
}"#;

/// A ticket, without its token.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketView {
    /// Id (`jti`).
    pub id: String,
    /// live, expired or revoked.
    pub state: String,
    /// Slug of its flow.
    pub flow: Option<String>,
    /// Which calls fail.
    #[schema(value_type = Vec<Object>)]
    pub edges: Vec<Edge>,
    /// error, delay or timeout.
    pub failure: String,
    /// HTTP status of an error.
    pub status: Option<u16>,
    /// Milliseconds of a delay.
    pub delay_ms: Option<u32>,
    /// For whose calls.
    #[schema(value_type = Object)]
    pub audience: Audience,
    /// Where.
    pub environment: String,
    /// Who asked for it.
    pub issued_by: String,
    /// Issued.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

/// A new ticket, with everything that is needed to use it; its token is in this answer and never again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IssuedTicket {
    /// The token: a JWT, ES256.
    pub ticket: String,
    /// What it allows.
    #[serde(flatten)]
    pub view: TicketView,
    /// Headers that a tester sends.
    pub headers: BTreeMap<String, String>,
    /// A `curl` line that sends them.
    pub curl: String,
    /// Headers for Envoy's fault filter, for a call straight to the failing service.
    pub envoy: BTreeMap<String, String>,
    /// `VirtualService` manifests for Istio.
    pub istio: String,
    /// A flag definition for OpenFeature's flagd.
    #[schema(value_type = Object)]
    pub flagd: Value,
    /// Where the public keys are.
    pub jwks_url: String,
    /// Where the ids of revoked tickets are.
    pub revoked_url: String,
}

/// A ticket and the results that were got under it, newest first, at most 100.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketDetail {
    /// The ticket.
    #[serde(flatten)]
    pub view: TicketView,
    /// Its results.
    pub results: Vec<DrillView>,
}

/// Ids of tickets that were taken back and have not ended by themselves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RevokedTickets {
    /// Ids (`jti`).
    pub revoked: Vec<String>,
}

/// Issues a ticket.
///
/// # Errors
///
/// [`Error::Invalid`] with every wrong field; [`Error::Forbidden`] where the actor may not write for a calling service;
/// [`Error::Conflict`] without a secret key, or with too many tickets that hold.
pub fn create(tx: &mut Tx<'_>, cmd: &CreateTicket) -> Result<IssuedTicket> {
    let (drill, minutes) = check(cmd)?;
    require_callers(tx, &drill)?;
    let flow = cmd.flow.as_deref().map(|slug| slug.trim().to_lowercase()).filter(|slug| !slug.is_empty());
    if let Some(slug) = &flow
        && flows::known(tx, slug)?.is_none()
    {
        let shown: String = slug.chars().filter(|c| !c.is_control()).take(60).collect();
        return Err(Error::invalid(
            "/flow",
            format!("there is no flow `{shown}`; leave it out, or declare it first"),
        ));
    }
    let live = store::tickets::ending_after(tx.conn, tx.now.0, false, MAX_LIVE)?;
    if live.len() as i64 >= MAX_LIVE {
        let detail = format!("{MAX_LIVE} tickets hold already. Revoke some, or wait until they end.");
        return Err(Error::Conflict { detail });
    }
    let key = keys::signer(tx)?;
    let (issued, expires) = (tx.now.0.div_euclid(1000), tx.now.0.div_euclid(1000) + 60 * minutes);
    let claims = Claims {
        iss: tx.base_url.clone(),
        aud: AUDIENCE.to_owned(),
        jti: tx.new_id(),
        iat: issued,
        nbf: issued,
        exp: expires,
        drill,
    };
    let token = key.sign(TYPE, &claims).map_err(anyhow::Error::msg)?;
    if token.len() > MAX_TOKEN_BYTES {
        let detail =
            format!("the ticket would be longer than {MAX_TOKEN_BYTES} bytes: name fewer members or edges");
        return Err(Error::invalid("/audience", detail));
    }
    let row = TicketRow {
        id: claims.jti.clone(),
        flow,
        drill: serde_json::to_string(&claims.drill).map_err(anyhow::Error::new)?,
        issued_by: tx.actor.name.clone(),
        created_at: tx.now.0,
        expires_at: expires * 1000,
        revoked_at: None,
    };
    store::tickets::insert(tx.conn, &row)?;
    let view = view(tx.now, &row)?;
    let sentence = format!(
        "A drill ticket was issued to {}: {} of {} in {} until {}.",
        tx.actor.name,
        view.failure,
        named(&view.edges),
        view.environment,
        view.expires_at.to_rfc3339()
    );
    let data = json!({ "ticket": view.id, "flow": view.flow, "edges": view.edges, "failure": view.failure });
    let sides = Sides::made(described(&view));
    tx.emit_change("drill_ticket_issued", None, None, sentence, &data, sides);
    Ok(issued_of(tx, view, &claims, token))
}

/// A ticket for the audit: never its token.
fn described(view: &TicketView) -> Value {
    json!({ "id": view.id, "flow": view.flow, "edges": view.edges, "failure": view.failure,
            "audience": view.audience, "environment": view.environment, "expires_at": view.expires_at })
}

fn issued_of(tx: &Tx<'_>, view: TicketView, claims: &Claims, token: String) -> IssuedTicket {
    let plan =
        Plan { drill: &claims.drill, until: claims.exp, id: Some(&claims.jti), token: Some(token.as_str()) };
    IssuedTicket {
        headers: texts::headers(&plan).into_iter().collect(),
        envoy: texts::envoy(&plan).into_iter().collect(),
        curl: texts::curl(&plan),
        istio: texts::istio(&plan),
        flagd: texts::flagd(&plan),
        jwks_url: format!("{}/.well-known/jwks.json", tx.base_url),
        revoked_url: format!("{}/api/v1/drill-tickets/revoked", tx.base_url),
        ticket: token,
        view,
    }
}

/// Who may not write for a service may not make its calls fail either.
fn require_callers(tx: &mut Tx<'_>, drill: &Drill) -> Result<()> {
    if !tx.actor.is_limited() {
        return Ok(());
    }
    let mut above = owners::Above::default();
    for edge in &drill.edges {
        let service = owners::service(tx, &edge.from)?;
        above.require_writer(tx, &service)?;
    }
    Ok(())
}

/// The first edges of a ticket, in words.
fn named(edges: &[Edge]) -> String {
    const SHOWN: usize = 3;
    let mut words: Vec<String> =
        edges.iter().take(SHOWN).map(|edge| format!("{} → {}", edge.from, edge.to)).collect();
    if edges.len() > SHOWN {
        words.push(format!("{} more", edges.len() - SHOWN));
    }
    words.join(", ")
}

/// Tickets, newest first; `cursor` is the last id of the page before.
pub fn list(tx: &mut Tx<'_>, cursor: Option<&str>, limit: i64) -> Result<Page<TicketView>> {
    let mut rows: Vec<TicketRow> = Vec::new();
    let mut after = cursor.map(str::to_owned);
    loop {
        let read = store::tickets::page(tx.conn, after.as_deref(), limit + 1)?;
        let last = (read.len() as i64) <= limit;
        after = read.last().map(|row| row.id.clone());
        rows.extend(veiled::seen(tx, read)?);
        if last || rows.len() as i64 > limit {
            break;
        }
    }
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Page { items: rows.iter().map(|row| view(tx.now, row)).collect::<Result<_>>()?, next })
}

/// The newest tickets of a flow, with their results.
pub fn of_flow(tx: &mut Tx<'_>, flow: &str, limit: i64) -> Result<Vec<TicketDetail>> {
    let rows = store::tickets::of_flow(tx.conn, flow, limit)?;
    let rows = veiled::seen(tx, rows)?;
    rows.iter().map(|row| detail(tx, row)).collect()
}

/// One ticket with its results.
pub fn one(tx: &mut Tx<'_>, id: &str) -> Result<TicketDetail> {
    let row = row(tx, id)?;
    detail(tx, &row)
}

fn detail(tx: &mut Tx<'_>, row: &TicketRow) -> Result<TicketDetail> {
    let drills = store::tickets::drills_of(tx.conn, &row.id, MAX_RESULTS)?;
    let mut ids: Vec<String> = drills.iter().map(|drill| drill.service_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let veil = tx.veil()?;
    let mut services = store::services::by_ids(tx.conn, &ids)?;
    services.retain(|service| !veil.hides(service));
    let mut results = Vec::with_capacity(drills.len());
    for drill in &drills {
        if let Some(service) = services.iter().find(|service| service.id == drill.service_id) {
            results.push(DrillView { ticket: Some(row.id.clone()), ..drill_view(service, drill) });
        }
    }
    Ok(TicketDetail { view: view(tx.now, row)?, results })
}

/// Ids of tickets that were taken back and that verifiers would still take.
pub fn revoked(tx: &mut Tx<'_>) -> Result<RevokedTickets> {
    let after = tx.now.0 - LEEWAY_SECONDS * 1000;
    Ok(RevokedTickets { revoked: store::tickets::ending_after(tx.conn, after, true, 10 * MAX_LIVE)? })
}

/// Takes a ticket back; once more is no error.
pub fn revoke(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let row = row(tx, id)?;
    require_callers(tx, &drill_of(&row)?)?;
    if row.revoked_at.is_none() {
        store::tickets::revoke(tx.conn, id, tx.now.0)?;
        let sentence = format!("A drill ticket of {} was revoked by {}.", row.issued_by, tx.actor.name);
        let sides = Sides::gone(described(&view(tx.now, &row)?));
        tx.emit_change("drill_ticket_revoked", None, None, sentence, &json!({ "ticket": id }), sides);
    }
    Ok(())
}

/// Deletes tickets that ended before `floor` and have no result left, in small bites; with `dry_run` only counts.
pub fn prune(app: &App, floor: Timestamp, bite: usize, dry_run: bool) -> Result<usize> {
    let limit = i64::try_from(bite).unwrap_or(500);
    if dry_run {
        return app.read_now(|tx| Ok(store::tickets::old(tx.conn, floor.0, i64::MAX)?.len()));
    }
    let mut gone = 0;
    loop {
        let done = app.write_now(&Actor::schedule(), |tx| {
            let ids = store::tickets::old(tx.conn, floor.0, limit)?;
            Ok(store::tickets::delete(tx.conn, &ids)?)
        })?;
        gone += done;
        if (done as i64) < limit {
            return Ok(gone);
        }
    }
}

fn row(tx: &mut Tx<'_>, id: &str) -> Result<TicketRow> {
    let found = store::tickets::by_id(tx.conn, id)?;
    veiled::seen(tx, found.into_iter().collect())?
        .pop()
        .ok_or_else(|| Error::not_found("drill ticket", id.chars().take(60).collect::<String>()))
}

fn drill_of(row: &TicketRow) -> Result<Drill> {
    Ok(serde_json::from_str(&row.drill).map_err(anyhow::Error::new)?)
}

fn view(now: Timestamp, row: &TicketRow) -> Result<TicketView> {
    let drill = drill_of(row)?;
    let state = match row.revoked_at {
        Some(_) => "revoked",
        None if row.expires_at <= now.0 => "expired",
        None => "live",
    };
    Ok(TicketView {
        id: row.id.clone(),
        state: state.to_owned(),
        flow: row.flow.clone(),
        edges: drill.edges,
        failure: drill.failure.as_str().to_owned(),
        status: drill.status,
        delay_ms: drill.delay_ms,
        audience: drill.audience,
        environment: drill.environment,
        issued_by: row.issued_by.clone(),
        created_at: Timestamp(row.created_at),
        expires_at: Timestamp(row.expires_at),
        revoked_at: row.revoked_at.map(Timestamp),
    })
}
