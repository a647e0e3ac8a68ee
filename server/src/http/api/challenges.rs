//! Challenges: written by who looks after the programme, read by everybody.

use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::drills::IdempotencyKey;
use crate::app::challenges::{
    self as uses, ChallengeRow, ChangeChallenge, CreateChallenge, ItemView, Sent, StandingView, cycle,
};
use crate::app::{Actor, Tx, blocking};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::csv::{cell, table};
use crate::http::query::{Kind, Name, Param, Query, param};
use crate::http::{Shared, conditional};
use crate::types::hex;

/// Parameters of the list.
pub const STATE: Param =
    param("state", Kind::Word(&["draft", "open", "ended", "cancelled"]), "Only challenges in this state");
/// Parameters of the items.
pub const ITEM_STATE: Param = param("state", Kind::Word(&["open", "closed"]), "Only items in this state");

/// Runs a write, then what is due of challenges: one that starts now is open when its sender reads the answer.
pub async fn written<T: Send + 'static>(
    app: &Shared,
    actor: Actor,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = app.write(actor, work).await?;
    let inner = std::sync::Arc::clone(app);
    // What cannot be done now is done by the schedule.
    if let Err(error) = blocking(move || cycle::run_due(&inner)).await {
        tracing::warn!(%error, "challenges");
    }
    Ok(done)
}

/// `GET /api/v1/challenges`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let (state, cursor, limit) = (query.text("state"), query.text("cursor"), query.limit());
    let read = move |tx: &mut Tx<'_>| uses::list(tx, state.as_deref(), cursor.as_deref(), limit);
    let page = app.read(read).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &page);
    }
    let columns = &[
        "slug",
        "title",
        "state",
        "starts_at",
        "ends_at",
        "done",
        "total",
        "pct",
        "target_pct",
        "teams_reached",
    ];
    table(&req, "challenges", columns, page.items.iter().map(row_cells).collect())
}

fn row_cells(row: &ChallengeRow) -> Vec<String> {
    let progress = row.progress.as_ref();
    vec![
        row.slug.clone(),
        row.title.clone(),
        row.state.clone(),
        row.starts_at.to_string(),
        row.ends_at.to_string(),
        cell(progress.map(|p| p.done)),
        cell(progress.map(|p| p.total)),
        cell(progress.map(|p| p.pct)),
        row.target_pct.to_string(),
        row.teams_reached.to_string(),
    ]
}

/// `POST /api/v1/challenges`
pub async fn create(
    app: Shared,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: CreateChallenge = body.json()?;
    let sent = key.map(|key| Sent { key, sha256: hex(&Sha256::digest(&body.bytes)) });
    let reader = actor.clone();
    let done = written(&app, actor, move |tx| uses::create(tx, &cmd, sent.as_ref())).await?;
    let view = app.read_for(reader, move |tx| uses::one(tx, &done.slug)).await?;
    if done.replayed {
        return Ok(HttpResponse::Ok().insert_header(("idempotency-replayed", "true")).json(view));
    }
    Ok(HttpResponse::Created().json(view))
}

/// `GET /api/v1/challenges/{slug}`
pub async fn one(app: Shared, req: HttpRequest, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| uses::one(tx, &slug)).await?;
    conditional::json(&req, &view)
}

/// `PATCH /api/v1/challenges/{slug}`
pub async fn change(
    app: Shared,
    Caller(actor): Caller,
    Name(slug): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: ChangeChallenge = body.json()?;
    let reader = actor.clone();
    let slug = written(&app, actor, move |tx| uses::change(tx, &slug, &cmd)).await?;
    let view = app.read_for(reader, move |tx| uses::one(tx, &slug)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// `GET /api/v1/challenges/{slug}/standings`
pub async fn standings(
    app: Shared,
    req: HttpRequest,
    Name(slug): Name,
    query: Query,
) -> Result<HttpResponse> {
    let (cursor, limit) = (query.text("cursor"), query.whole("limit").unwrap_or(500));
    let view = app.read(move |tx| uses::standings(tx, &slug, cursor.as_deref(), limit)).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &view);
    }
    let columns = &[
        "rank",
        "team",
        "name",
        "start_pct",
        "pct",
        "goal_pct",
        "done",
        "total",
        "to_go",
        "gained",
        "reached",
    ];
    table(&req, "standings", columns, view.items.iter().map(standing_cells).collect())
}

fn standing_cells(team: &StandingView) -> Vec<String> {
    vec![
        cell(team.rank),
        team.team.clone(),
        team.name.clone(),
        team.start_pct.to_string(),
        team.pct.to_string(),
        team.goal_pct.to_string(),
        team.done.to_string(),
        team.total.to_string(),
        team.to_go.to_string(),
        team.gained.to_string(),
        team.reached.to_string(),
    ]
}

/// `GET /api/v1/challenges/{slug}/items`
pub async fn items(app: Shared, req: HttpRequest, Name(slug): Name, query: Query) -> Result<HttpResponse> {
    let (team, state) = (query.text("team"), query.text("state"));
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let read = move |tx: &mut Tx<'_>| {
        uses::items(tx, &slug, (team.as_deref(), state.as_deref()), cursor.as_deref(), limit)
    };
    let page = app.read(read).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &page);
    }
    let columns = &["service", "name", "what", "closed", "at", "drill", "note"];
    table(&req, "items", columns, page.items.iter().map(item_cells).collect())
}

fn item_cells(item: &ItemView) -> Vec<String> {
    vec![
        item.service.clone(),
        item.name.clone(),
        cell(item.what.as_ref()),
        item.closed.to_string(),
        cell(item.at),
        cell(item.drill.as_ref()),
        item.note.clone(),
    ]
}

/// `GET /api/v1/challenges/{slug}/rule`
pub async fn rule(app: Shared, req: HttpRequest, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    let draft = app.read(move |tx| uses::rule_draft(tx, &slug)).await?;
    conditional::json(&req, &draft)
}
