//! The degrader of a service: settings and traffic in, what the simulation makes of them out.

use actix_web::{HttpRequest, HttpResponse};

use crate::app::degrader::{self, PutDegrader};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// `PUT /api/v1/services/{slug}/degrader`
pub async fn put(
    app: Shared,
    Caller(actor): Caller,
    Name(name): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: PutDegrader = body.json()?;
    let (first, of) = (cmd.clone(), name.clone());
    let by = actor.clone();
    app.read(move |tx| tx.acting(&by, |tx| degrader::rehearse(tx, &of, &first))).await?;
    let view = app.write(actor, move |tx| degrader::put(tx, &name, &cmd)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// `GET /api/v1/services/{slug}/degrader`
pub async fn one(app: Shared, req: HttpRequest, Name(name): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| degrader::view(tx, &name)).await?;
    conditional::json(&req, &view)
}
