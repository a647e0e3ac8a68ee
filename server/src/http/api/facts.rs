//! Facts posted from outside, and the catalogue of those there are.

use actix_web::{HttpRequest, HttpResponse};

use super::whole;
use crate::app::posted::{self, PostFact};
use crate::app::rulebook;
use crate::error::{Error, FieldError, Result};
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::Query;
use crate::http::{Shared, conditional};

/// `POST /api/v1/facts`
pub async fn post(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    let single = body.begins_with() != Some(b'[');
    let facts: Vec<PostFact> = body.json_list()?;
    let done = app.write(actor, move |tx| posted::post(tx, &facts)).await;
    let answer = done.map_err(|error| if single { without_index(error) } else { error })?;
    Ok(HttpResponse::Ok().json(answer))
}

/// Places in a list of one are places in the one.
fn without_index(error: Error) -> Error {
    match error {
        Error::Invalid { fields } => {
            let place = |f: FieldError| {
                let pointer = f.pointer.strip_prefix("/0").unwrap_or(&f.pointer).to_owned();
                FieldError::new(pointer, f.detail)
            };
            Error::Invalid { fields: fields.into_iter().map(place).collect() }
        }
        other => other,
    }
}

/// `GET /api/v1/facts`
pub async fn catalogue(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    conditional::json(&req, &whole(rulebook::facts(&app.book())))
}
