//! Core flows: declared, read, removed; calls that traces showed; the fallbacks of a service.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::app::Tx;
use crate::app::flows::{self, SeenCall};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// `PUT /api/v1/flows/{slug}`
pub async fn put(
    app: Shared,
    Caller(actor): Caller,
    Name(slug): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let document: Value = body.json()?;
    let work = move |tx: &mut Tx<'_>| {
        let created = flows::put(tx, &slug, &document)?;
        Ok((created, flows::detail(tx, &slug)?.view))
    };
    let (created, view) = app.write(actor, work).await?;
    Ok(if created { HttpResponse::Created().json(view) } else { HttpResponse::Ok().json(view) })
}

/// `GET /api/v1/flows/{slug}`
pub async fn one(app: Shared, req: HttpRequest, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| Ok(flows::detail(tx, &slug)?.view)).await?;
    conditional::json(&req, &view)
}

/// `DELETE /api/v1/flows/{slug}`
pub async fn remove(app: Shared, Caller(actor): Caller, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    app.write(actor, move |tx| flows::remove(tx, &slug)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /api/v1/flows`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let page = app.read(move |tx| flows::list(tx, cursor.as_deref(), limit)).await?;
    conditional::json(&req, &page)
}

/// `GET /api/v1/services/{slug}/fallbacks`
pub async fn of_service(app: Shared, req: HttpRequest, Name(name): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| flows::of_service(tx, &name)).await?;
    conditional::json(&req, &view)
}

/// `POST /api/v1/dependencies`
pub async fn seen(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    let calls: Vec<SeenCall> = body.json_list()?;
    let answer = app.write(actor, move |tx| flows::record_seen(tx, &calls)).await?;
    Ok(HttpResponse::Ok().json(answer))
}
