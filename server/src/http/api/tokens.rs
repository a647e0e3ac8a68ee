//! API tokens, for administrators.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::whole;
use crate::app::tokens::{self as uses, CreateToken, TokenView};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::credentials::Credentials;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// A new token, with the text that is shown this once.
#[derive(Serialize, ToSchema)]
pub struct CreatedToken {
    /// The token itself: wb_…
    token: String,
    /// What it may do.
    #[serde(flatten)]
    view: TokenView,
}

/// `POST /api/v1/tokens`
pub async fn create(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    let cmd: CreateToken = body.json()?;
    let (view, token) = app.write(actor, move |tx| uses::create(tx, &cmd)).await?;
    let answer = CreatedToken { token, view };
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

/// `GET /api/v1/tokens`
pub async fn list(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let tokens = app.read(uses::list).await?;
    conditional::json(&req, &whole(tokens))
}

/// `DELETE /api/v1/tokens/{id}`
pub async fn revoke(
    app: Shared,
    known: web::Data<Credentials>,
    Caller(actor): Caller,
    Name(id): Name,
    _: Query,
) -> Result<HttpResponse> {
    let done = app.write(actor, move |tx| uses::revoke(tx, &id)).await;
    // Also after an error, which may hide a commit.
    known.forget();
    done?;
    Ok(HttpResponse::NoContent().finish())
}
