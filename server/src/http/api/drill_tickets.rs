//! Drill tickets, and the public keys that verify them.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use super::certificates::for_verifiers;
use crate::app::drill_tickets::{self as uses, CreateTicket};
use crate::app::keys;
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// How long verifiers may keep the list of revoked tickets.
const REVOKED_AGE: &str = "public, max-age=30";

/// `POST /api/v1/drill-tickets`
pub async fn create(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    let cmd: CreateTicket = body.json()?;
    let issued = app.write(actor, move |tx| uses::create(tx, &cmd)).await?;
    let place = format!("/api/v1/drill-tickets/{}", issued.view.id);
    Ok(HttpResponse::Created()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::LOCATION, place))
        .json(issued))
}

/// `GET /api/v1/drill-tickets`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let page = app.read(move |tx| uses::list(tx, cursor.as_deref(), limit)).await?;
    conditional::json(&req, &page)
}

/// `GET /api/v1/drill-tickets/{id}`
pub async fn one(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let ticket = app.read(move |tx| uses::one(tx, &id)).await?;
    conditional::json(&req, &ticket)
}

/// `DELETE /api/v1/drill-tickets/{id}`
pub async fn revoke(app: Shared, Caller(actor): Caller, Name(id): Name, _: Query) -> Result<HttpResponse> {
    app.write(actor, move |tx| uses::revoke(tx, &id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /api/v1/drill-tickets/revoked`
pub async fn revoked(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let list = app.read(uses::revoked).await?;
    Ok(kept_for(conditional::json(&req, &list)?, REVOKED_AGE))
}

/// `GET /.well-known/jwks.json`
pub async fn jwks(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let set = app.read(keys::published).await?;
    // An empty set is not to be kept: the first key comes with the first ticket.
    let age = if set.keys.is_empty() { 0 } else { keys::SET_AGE_SECONDS };
    // Verifiers of certificates run in pages of browsers elsewhere too.
    let answer = for_verifiers(conditional::json(&req, &set)?, "public");
    Ok(kept_for(answer, &format!("public, max-age={age}")))
}

fn kept_for(mut answer: HttpResponse, age: &str) -> HttpResponse {
    if let Ok(value) = HeaderValue::from_str(age) {
        answer.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    answer
}
