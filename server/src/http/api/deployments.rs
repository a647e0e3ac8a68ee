//! Deployments in and out, and messages that were kept.

use actix_web::{HttpRequest, HttpResponse};

use crate::app::deployments::{self, PostDeployment};
use crate::app::kept;
use crate::error::Result;
use crate::formats::DeploymentReading;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// The example of the documentation.
pub const EXAMPLE: &str = r#"{
  "service": "checkout",
  "environment": "production",
  "version": "v42",
  "kind": "deployed",
  "deployed_at": "2026-03-01T09:20:00Z",
  "url": "https://ci.example/deploys/42",
  "external_id": "deploy-42"
}"#;

/// `POST /api/v1/deployments`
pub async fn post(app: Shared, Caller(actor): Caller, _: Query, body: Body) -> Result<HttpResponse> {
    let posted: PostDeployment = body.json()?;
    let reading = DeploymentReading::from(posted);
    let (view, again) = app.write(actor, move |tx| deployments::record(tx, &reading)).await?;
    Ok(if again { HttpResponse::Ok().json(view) } else { HttpResponse::Created().json(view) })
}

/// `GET /api/v1/services/{slug}/deployments`
pub async fn of_service(
    app: Shared,
    req: HttpRequest,
    Name(slug): Name,
    query: Query,
) -> Result<HttpResponse> {
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let page = app.read(move |tx| deployments::list(tx, &slug, cursor.as_deref(), limit)).await?;
    conditional::json(&req, &page)
}

/// `GET /api/v1/kept-messages`
pub async fn kept(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let page = app.read(move |tx| kept::list(tx, cursor.as_deref(), limit)).await?;
    conditional::json(&req, &page)
}
