//! The rulebook in force.

use actix_web::{HttpRequest, HttpResponse};

use crate::app::rulebook as uses;
use crate::error::Result;
use crate::http::query::Query;
use crate::http::{Shared, conditional};

/// `GET /api/v1/rulebook`
pub async fn view(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let view = app.read(uses::view).await?;
    conditional::json(&req, &view)
}
