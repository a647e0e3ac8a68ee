//! Grading runs: asked for, listed, watched.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{blocking, runs as uses};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// A run has nothing to be set yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// `POST /api/v1/grading-runs`
pub async fn request(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    if !body.bytes.is_empty() {
        let Nothing {} = body.json()?;
    }
    let app = Arc::clone(&app);
    let run = blocking(move || uses::request(&app, &actor, "api")).await?;
    let place = format!("/api/v1/grading-runs/{}", run.id);
    Ok(HttpResponse::Accepted().insert_header(("location", place)).json(run))
}

/// `GET /api/v1/grading-runs`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let (before, limit) = (query.text("cursor"), query.limit());
    let page = app.read(move |tx| uses::list(tx, before.as_deref(), limit)).await?;
    conditional::json(&req, &page)
}

/// `GET /api/v1/grading-runs/{id}`
pub async fn one(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let run = app.read(move |tx| uses::get(tx, &id)).await?;
    conditional::json(&req, &run)
}
