//! Sources of telemetry, and what they said of a service.

use actix_web::{HttpRequest, HttpResponse};

use super::whole;
use crate::app::sources;
use crate::error::Result;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// `GET /api/v1/sources`
pub async fn list(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let all = app.read(sources::list).await?;
    conditional::json(&req, &whole(all))
}

/// `GET /api/v1/services/{slug}/telemetry`
pub async fn of_service(app: Shared, req: HttpRequest, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    let all = app.read(move |tx| sources::of_service(tx, &slug)).await?;
    conditional::json(&req, &whole(all))
}
