//! Reviews: read and answered by who looks after the programme.

use actix_web::{HttpRequest, HttpResponse};

use crate::app::reviews::{self as uses, AnswerReview, ReviewKind};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::{Kind, Name, Param, Query, param};
use crate::http::{Shared, conditional};

/// Parameter of the list.
pub const STATE: Param = param("state", Kind::Word(&uses::STATES), "open unless said otherwise");
/// Parameter of the list.
pub const KIND: Param = param("kind", Kind::Word(&ReviewKind::NAMES), "Only reviews of this kind");

/// `GET /api/v1/reviews`
pub async fn list(
    app: Shared,
    req: HttpRequest,
    Caller(actor): Caller,
    query: Query,
) -> Result<HttpResponse> {
    let (state, kind) = (query.text("state").unwrap_or_else(|| "open".to_owned()), query.text("kind"));
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let page = app
        .read_for(actor, move |tx| uses::list(tx, &state, kind.as_deref(), cursor.as_deref(), limit))
        .await?;
    conditional::json(&req, &page)
}

/// `GET /api/v1/reviews/{id}`
pub async fn one(
    app: Shared,
    req: HttpRequest,
    Caller(actor): Caller,
    Name(id): Name,
    _: Query,
) -> Result<HttpResponse> {
    let view = app.read_for(actor, move |tx| uses::one(tx, &id)).await?;
    conditional::json(&req, &view)
}

/// `PATCH /api/v1/reviews/{id}`
pub async fn answer(
    app: Shared,
    Caller(actor): Caller,
    Name(id): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: AnswerReview = body.json()?;
    let view = app.write(actor, move |tx| uses::answer(tx, &id, &cmd)).await?;
    Ok(HttpResponse::Ok().json(view))
}
