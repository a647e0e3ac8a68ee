//! Whom is told: webhooks, Slack channels, mail addresses; and what ends mail.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};

use super::whole;
use crate::app::Actor;
use crate::app::outbox::{self as uses, AddTarget, ChangeTarget, Made};
use crate::error::{Error, Result};
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::pages::frame::Frame;
use crate::http::pages::unsubscribe as shown;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};
use crate::integrations::outbox as post;

/// Adds a target, unless its URL holds an address that the settings do not allow.
pub async fn make(app: &Shared, actor: Actor, cmd: AddTarget) -> Result<Made> {
    let url = cmd.url.as_deref().unwrap_or_default().trim().to_owned();
    if url.starts_with("http://") || url.starts_with("https://") {
        post::check(&app.config.notifications, &url).map_err(|why| Error::invalid("/url", why))?;
    }
    app.write(actor, move |tx| uses::create(tx, &cmd)).await
}

/// `POST /api/v1/webhooks`
pub async fn create(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    let made = make(&app, actor, body.json()?).await?;
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(made))
}

/// `GET /api/v1/webhooks`
pub async fn list(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let all = app.read(uses::list).await?;
    conditional::json(&req, &whole(all))
}

/// `GET /api/v1/webhooks/{id}`
pub async fn one(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| uses::one(tx, &id)).await?;
    conditional::json(&req, &view)
}

/// `PATCH /api/v1/webhooks/{id}`
pub async fn change(
    app: Shared,
    Caller(actor): Caller,
    Name(id): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: ChangeTarget = body.json()?;
    let view = app.write(actor, move |tx| uses::change(tx, &id, &cmd)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// `DELETE /api/v1/webhooks/{id}`
pub async fn remove(app: Shared, Caller(actor): Caller, Name(id): Name, _: Query) -> Result<HttpResponse> {
    app.write(actor, move |tx| uses::remove(tx, &id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /api/v1/webhooks/{id}/test`
pub async fn test(app: Shared, Caller(actor): Caller, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let queued = app.write(actor, move |tx| uses::test(tx, &id)).await?;
    Ok(HttpResponse::Accepted().json(queued))
}

/// `POST /api/v1/webhooks/{id}/rotate`
pub async fn rotate(app: Shared, Caller(actor): Caller, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let made = app.write(actor, move |tx| uses::rotate(tx, &id)).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(made))
}

/// `GET /api/v1/webhooks/{id}/deliveries`
pub async fn deliveries(app: Shared, req: HttpRequest, Name(id): Name, query: Query) -> Result<HttpResponse> {
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let page = app.read(move |tx| uses::deliveries(tx, &id, cursor.as_deref(), limit)).await?;
    conditional::json(&req, &page)
}

/// `POST /unsubscribe/{key}`: by the button of the page, or by a mail program (RFC 8058).
pub async fn unsubscribe(
    app: Shared,
    frame: Frame,
    Caller(actor): Caller,
    Name(key): Name,
    _: Query,
    _: Body,
) -> Result<HttpResponse> {
    let asked = key.clone();
    app.write(actor, move |tx| uses::leave(tx, &asked)).await?;
    shown::show(&app, frame, StatusCode::OK, key).await
}
