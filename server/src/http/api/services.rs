//! Services: the list, one of them, its scorecard and the evidence behind it.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::whole;
use crate::app::feed::{self, AskEvents};
use crate::app::services::{self as uses, ListServices};
use crate::app::views::{ChangeView, DrillView, Page, ServiceRow};
use crate::app::{Tx, catalog, scorecard as cards};
use crate::error::{Error, Result};
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::csv::{cell, table};
use crate::http::problem::Problem;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// Rows of one query while a whole table is read.
const TABLE_PAGE: i64 = 500;
/// Rows of a table at most.
const TABLE_ROWS: usize = 100_000;

/// `GET /api/v1/services`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let ask = ListServices {
        team: query.text("team"),
        tier: query.whole("tier").and_then(|tier| i16::try_from(tier).ok()),
        grade: query.text("grade"),
        practice: query.text("practice"),
        q: query.text("q"),
        sort: query.text("sort"),
        removed: query.flag("removed"),
        cursor: query.text("cursor"),
        limit: query.limit(),
    };
    if !query.wants_csv() {
        let page = app.read(move |tx| uses::list(tx, &ask)).await?;
        return conditional::json(&req, &page);
    }
    let all = !query.names_a_page();
    let page = move |tx: &mut Tx<'_>, cursor: Option<String>| {
        let cursor = cursor.or_else(|| ask.cursor.clone());
        let limit = if all { TABLE_PAGE } else { ask.limit };
        uses::list(tx, &ListServices { cursor, limit, ..ask.clone() })
    };
    let rows = app.read(move |tx| collect(tx, all, page)).await?;
    table(&req, "services", SERVICE_COLUMNS, rows.iter().map(service_cells).collect())
}

/// One page, or all of them one after the other.
pub(super) fn collect<T>(
    tx: &mut Tx<'_>,
    all: bool,
    page: impl Fn(&mut Tx<'_>, Option<String>) -> Result<Page<T>>,
) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let mut next = page(tx, cursor)?;
        rows.append(&mut next.items);
        match next.next {
            Some(next) if all && rows.len() < TABLE_ROWS => cursor = Some(next),
            _ => return Ok(rows),
        }
    }
}

const SERVICE_COLUMNS: &[&str] = &[
    "slug",
    "ref",
    "name",
    "team",
    "tier",
    "lifecycle",
    "score",
    "grade",
    "coverage",
    "trend",
    "regressions",
    "changed_at",
    "removed",
];

fn service_cells(row: &ServiceRow) -> Vec<String> {
    vec![
        row.slug.clone(),
        row.entity_ref.clone(),
        row.name.clone(),
        cell(row.team.as_ref().map(|team| &team.slug)),
        row.tier.to_string(),
        row.lifecycle.clone(),
        cell(row.score),
        cell(row.grade.as_ref()),
        row.coverage.to_string(),
        cell(row.trend),
        row.regressions.to_string(),
        cell(row.changed_at),
        row.removed.to_string(),
    ]
}

/// `GET /api/v1/services/{slug}`
pub async fn one(app: Shared, req: HttpRequest, Name(name): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| uses::detail(tx, &name)).await?;
    conditional::json(&req, &view)
}

/// `PUT /api/v1/services/{slug}`
pub async fn put(
    app: Shared,
    Caller(actor): Caller,
    Name(name): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: catalog::PutService = body.json()?;
    let work = move |tx: &mut Tx<'_>| {
        let created = catalog::put_service(tx, &name, &cmd)?;
        Ok((created, uses::detail(tx, &name)?))
    };
    let (created, view) = app.write(actor, work).await?;
    Ok(if created { HttpResponse::Created().json(view) } else { HttpResponse::Ok().json(view) })
}

/// `DELETE /api/v1/services/{slug}`
pub async fn remove(app: Shared, Caller(actor): Caller, Name(name): Name, _: Query) -> Result<HttpResponse> {
    app.write(actor, move |tx| catalog::remove_service(tx, &name)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /api/v1/services/{slug}/scorecard`
pub async fn scorecard(
    app: Shared,
    req: HttpRequest,
    Name(name): Name,
    query: Query,
) -> Result<HttpResponse> {
    let as_of = query.instant("as_of");
    let view = app.read(move |tx| cards::scorecard(tx, &name, as_of)).await?;
    conditional::json(&req, &view)
}

/// `GET /api/v1/services/{slug}/history`
pub async fn history(app: Shared, req: HttpRequest, Name(name): Name, query: Query) -> Result<HttpResponse> {
    let (from, to) = (query.instant("from"), query.instant("to"));
    let changes = app.read(move |tx| cards::history(tx, &name, from, to)).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &whole(changes));
    }
    let columns = &[
        "at",
        "score",
        "grade",
        "score_before",
        "grade_before",
        "coverage",
        "cause",
        "rulebook",
        "sentence",
    ];
    table(&req, "history", columns, changes.iter().map(change_cells).collect())
}

fn change_cells(change: &ChangeView) -> Vec<String> {
    vec![
        change.at.to_string(),
        cell(change.score),
        cell(change.grade.as_ref()),
        cell(change.score_before),
        cell(change.grade_before.as_ref()),
        change.coverage.to_string(),
        change.cause.clone(),
        change.rulebook.clone(),
        change.sentence.clone(),
    ]
}

/// `GET /api/v1/services/{slug}/drills`
pub async fn drills(app: Shared, req: HttpRequest, Name(name): Name, query: Query) -> Result<HttpResponse> {
    let (first, limit) = (query.text("cursor"), query.limit());
    if !query.wants_csv() {
        let page = app.read(move |tx| feed::drills(tx, &name, first.as_deref(), limit)).await?;
        return conditional::json(&req, &page);
    }
    let all = !query.names_a_page();
    let page = move |tx: &mut Tx<'_>, cursor: Option<String>| {
        let limit = if all { TABLE_PAGE } else { limit };
        feed::drills(tx, &name, cursor.as_deref().or(first.as_deref()), limit)
    };
    let rows = app.read(move |tx| collect(tx, all, page)).await?;
    table(&req, "drills", DRILL_COLUMNS, rows.iter().map(drill_cells).collect())
}

const DRILL_COLUMNS: &[&str] = &[
    "id",
    "service",
    "kind",
    "failure",
    "target",
    "environment",
    "outcome",
    "counted",
    "regression",
    "rollback",
    "rollback_seconds",
    "started_at",
    "ended_at",
    "detected_after_seconds",
    "recovered_after_seconds",
    "evidence_class",
    "sender",
    "tool",
    "run_id",
    "external_id",
    "reason",
];

fn drill_cells(drill: &DrillView) -> Vec<String> {
    vec![
        drill.id.clone(),
        drill.service.clone(),
        cell(drill.kind.as_ref()),
        cell(drill.failure.as_ref()),
        cell(drill.target.as_ref()),
        cell(drill.environment.as_ref()),
        drill.outcome.clone(),
        drill.counted.to_string(),
        drill.regression.to_string(),
        drill.rollback.outcome.clone(),
        cell(drill.rollback.seconds),
        drill.started_at.to_string(),
        drill.ended_at.to_string(),
        cell(drill.detected_after_seconds),
        cell(drill.recovered_after_seconds),
        drill.evidence_class.clone(),
        drill.sender.clone(),
        drill.tool.clone(),
        cell(drill.run_id.as_ref()),
        cell(drill.external_id.as_ref()),
        drill.reason.clone(),
    ]
}

/// `GET /api/v1/services/{slug}/drill-matrix`
pub async fn matrix(app: Shared, req: HttpRequest, Name(name): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| feed::matrix(tx, &name)).await?;
    conditional::json(&req, &view)
}

/// `GET /api/v1/services/{slug}/events`
pub async fn events(app: Shared, req: HttpRequest, Name(name): Name, query: Query) -> Result<HttpResponse> {
    let limit = query.limit();
    let before = super::events::position(&query)?;
    let ask = AskEvents { service: Some(name), ..AskEvents::default() };
    let page = app.read(move |tx| feed::events_latest(tx, &ask, before, limit)).await?;
    conditional::json(&req, &page)
}

/// Whether a service may pass.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateAnswer {
    /// It may.
    pub allow: bool,
    /// The policy asked.
    pub policy: String,
    /// What does not hold; empty when allowed.
    pub reasons: Vec<String>,
}

/// `GET /api/v1/services/{slug}/gate`
pub async fn gate(app: Shared, req: HttpRequest, Name(name): Name, query: Query) -> Result<HttpResponse> {
    let policy = query.text("policy").unwrap_or_else(|| "deploy".to_owned());
    let asked = name.clone();
    let answer = app.read(move |tx| ask_policy(tx, &name, policy)).await?;
    if answer.allow || !query.flag("strict") {
        return conditional::json(&req, &answer);
    }
    let detail = format!("The policy `{}` denies {asked}: {}.", answer.policy, answer.reasons.join("; "));
    let mut problem = Problem::new(&req, 403, "gate_denied", "Denied by policy", detail);
    for (name, value) in
        [("allow", json!(false)), ("policy", json!(answer.policy)), ("reasons", json!(answer.reasons))]
    {
        problem.more.insert(name.to_owned(), value);
    }
    Ok(problem.response())
}

fn ask_policy(tx: &mut Tx<'_>, name: &str, policy: String) -> Result<GateAnswer> {
    let explained = cards::explain(tx, name, None)?;
    let book = explained.book.rules();
    let mut facts = explained.judged.sheet.facts.clone();
    book.set_grade_facts(&mut facts, &explained.judged.grade, explained.at.0);
    let Some(result) = book.gate(&policy, &facts, explained.at.0) else {
        let known: Vec<&str> = book.policies().iter().map(|known| known.id.as_str()).collect();
        let key = format!("{policy}`; known are `{}", known.join("`, `"));
        return Err(Error::NotFound { what: "policy", key, nearest: None });
    };
    Ok(GateAnswer { allow: result.allow, policy, reasons: result.reasons })
}
