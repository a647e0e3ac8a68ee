//! For those who run it: health, readiness, metrics, the OpenAPI document.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::services::{self, ListServices};
use crate::app::{Tx, awards, counts, health as checks, outbox, teams};
use crate::error::Result;
use crate::http::auth::Caller;
use crate::http::metrics::{self as numbers, Metrics, Standings};
use crate::http::query::Query;
use crate::http::{Shared, conditional, openapi as document};

/// Services that get a series of their own at most.
const MOST_SERIES: usize = 20_000;

/// All is well.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always ok; what is not well is a problem.
    status: String,
    /// The running version.
    version: String,
}

fn well() -> HttpResponse {
    let answer = Health { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer)
}

/// `GET /healthz`
pub async fn health() -> HttpResponse {
    well()
}

/// `GET /readyz`
pub async fn ready(app: Shared) -> Result<HttpResponse> {
    app.read(checks::ready).await?;
    Ok(well())
}

/// `GET /metrics`
pub async fn metrics(
    app: Shared,
    counted: web::Data<Metrics>,
    Caller(actor): Caller,
    _: Query,
) -> Result<HttpResponse> {
    // Names of services are for those who show a token.
    let names = actor.has("read");
    let standings = app.read(move |tx| standings(tx, names)).await;
    if let Err(error) = &standings {
        tracing::warn!(%error, "metrics without the database");
    }
    let text = counted.text(standings.ok().as_ref())?;
    let no_store = (header::CACHE_CONTROL, "no-store");
    Ok(HttpResponse::Ok().content_type(numbers::MEDIA).insert_header(no_store).body(text))
}

fn standings(tx: &mut Tx<'_>, names: bool) -> Result<Standings> {
    let drills = counts::drills(tx)?;
    let drills = drills.into_iter().map(|(o, n)| (o.to_string(), u64::try_from(n).unwrap_or(0))).collect();
    let told = outbox::totals(tx)?;
    let certificates = awards::held(tx)?;
    let fleet = Some(teams::fleet(tx)?);
    let mut all = Standings { fleet, certificates, drills, services: Vec::new(), told };
    let mut ask = ListServices { sort: Some("name".to_owned()), limit: 500, ..ListServices::default() };
    while names && all.services.len() < MOST_SERIES {
        let mut page = services::list(tx, &ask)?;
        all.services.append(&mut page.items);
        match page.next {
            Some(next) => ask.cursor = Some(next),
            None => break,
        }
    }
    Ok(all)
}

/// `GET /api/openapi.json`
pub async fn openapi(req: HttpRequest) -> Result<HttpResponse> {
    conditional::json(&req, &document::document())
}
