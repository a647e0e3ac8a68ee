//! Trusted publishers, and the exchange of a CI job's identity token for a token of ours.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::whole;
use crate::app::publishers::{self as uses, CreatePublisher};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::credentials::Credentials;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional, limits};
use crate::integrations::openid;

/// An identity token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The JSON Web Token that the CI system signed for the job.
    token: String,
}

/// `POST /api/v1/oidc/exchange`
pub async fn exchange(
    app: Shared,
    req: HttpRequest,
    Caller(actor): Caller,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    limits::count_exchange(&app, &req).await?;
    let token = body.json::<Exchange>()?.token.trim().to_owned();
    let (issuer, named) = uses::issuer_of(&app.config.ci, &token)?;
    openid::ready(&app, issuer, &named.kid).await?;
    // Whatever is refused is refused by a read: a stranger cannot make anybody wait for the writer.
    let proven = app.read(move |tx| uses::prove(tx, &token)).await?;
    let done = app.write(actor, move |tx| uses::exchange(tx, &proven)).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(done))
}

/// `DELETE /api/v1/oidc/token`
pub async fn end(
    app: Shared,
    known: web::Data<Credentials>,
    Caller(actor): Caller,
    _: Query,
) -> Result<HttpResponse> {
    let done = app.write(actor, uses::end_own).await;
    // Also after an error, which may hide a commit.
    known.forget();
    done?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /api/v1/trusted-publishers`
pub async fn create(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    let cmd: CreatePublisher = body.json()?;
    let view = app.write(actor, move |tx| uses::create(tx, &cmd)).await?;
    Ok(HttpResponse::Created().json(view))
}

/// `GET /api/v1/trusted-publishers`
pub async fn list(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let all = app.read(uses::list).await?;
    conditional::json(&req, &whole(all))
}

/// `DELETE /api/v1/trusted-publishers/{id}`
pub async fn remove(
    app: Shared,
    known: web::Data<Credentials>,
    Caller(actor): Caller,
    Name(id): Name,
    _: Query,
) -> Result<HttpResponse> {
    let done = app.write(actor, move |tx| uses::remove(tx, &id)).await;
    // Its tokens ended with it.
    known.forget();
    done?;
    Ok(HttpResponse::NoContent().finish())
}
