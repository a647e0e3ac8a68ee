//! Handlers of the help.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::super::frame::{Frame, html};
use super::super::{
    help, help_boards, help_certificates, help_degrader, help_errors, help_facts, help_flows,
};
use crate::app::services::ListServices;
use crate::app::{self, Tx, rulebook};
use crate::error::{Error, Result};
use crate::http::Shared;
use crate::types::Failure;

/// Names offered in a field.
const OFFERED: i64 = 500;

/// `?service=&failure=` of the recipes.
#[derive(Deserialize)]
pub struct Recipes {
    service: Option<String>,
    failure: Option<String>,
}

impl Recipes {
    /// What the recipes are filled in with; a service that is not there leaves the example.
    fn filling(self, tx: &mut Tx<'_>) -> Result<help::Filling> {
        let ask = ListServices { sort: Some("name".to_owned()), limit: OFFERED, ..ListServices::default() };
        let services = app::services::list(tx, &ask)?.items.into_iter().map(|row| row.slug).collect();
        let service = match self.service.as_deref().filter(|name| !name.trim().is_empty()) {
            None => None,
            Some(name) => match app::services::detail(tx, name.trim()) {
                Ok(detail) => Some(detail.row.slug),
                Err(Error::NotFound { .. }) => None,
                Err(other) => return Err(other),
            },
        };
        Ok(help::Filling {
            service,
            failure: self.failure.as_deref().and_then(Failure::from_loose),
            services,
        })
    }
}

/// `GET /help`
pub async fn help_index(app: Shared, frame: Frame) -> Result<HttpResponse> {
    html("help", &app.read(move |tx| Ok(help::index(frame.chrome(tx)?))).await?)
}

/// `GET /help/drills?service=&failure=`
pub async fn help_drills(app: Shared, frame: Frame, ask: web::Query<Recipes>) -> Result<HttpResponse> {
    let ask = ask.into_inner();
    let context = app
        .read(move |tx| {
            let filling = ask.filling(tx)?;
            Ok(help::drills(frame.chrome(tx)?, &filling))
        })
        .await?;
    html("help_drills", &context)
}

/// `GET /help/rollback?service=`
pub async fn help_rollback(app: Shared, frame: Frame, ask: web::Query<Recipes>) -> Result<HttpResponse> {
    let ask = ask.into_inner();
    let context = app
        .read(move |tx| {
            let filling = ask.filling(tx)?;
            Ok(help::rollback(frame.chrome(tx)?, &filling))
        })
        .await?;
    html("help_rollback", &context)
}

/// `GET /help/degrader?service=`
pub async fn help_degrader(app: Shared, frame: Frame, ask: web::Query<Recipes>) -> Result<HttpResponse> {
    let ask = ask.into_inner();
    let context = app
        .read(move |tx| {
            let filling = ask.filling(tx)?;
            Ok(help_degrader::context(frame.chrome(tx)?, &filling))
        })
        .await?;
    html("help_degrader", &context)
}

/// `?service=&target=&failure=` of the recipes of flows.
#[derive(Deserialize)]
pub struct Calls {
    service: Option<String>,
    target: Option<String>,
    failure: Option<String>,
}

/// `GET /help/flows?service=&target=&failure=`
pub async fn help_flows(app: Shared, frame: Frame, ask: web::Query<Calls>) -> Result<HttpResponse> {
    let Calls { service, target, failure } = ask.into_inner();
    let context = app
        .read(move |tx| {
            let filling = Recipes { service, failure }.filling(tx)?;
            let target = target.filter(|t| !t.trim().is_empty());
            Ok(help_flows::context(frame.chrome(tx)?, &filling, target.as_deref()))
        })
        .await?;
    html("help_flows", &context)
}

/// `GET /help/boards`
pub async fn help_boards(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let book = std::sync::Arc::clone(&tx.book);
            Ok(help_boards::context(frame.chrome(tx)?, &book.rulebook))
        })
        .await?;
    html("help_boards", &context)
}

/// `GET /help/catalog`
pub async fn help_catalog(app: Shared, frame: Frame) -> Result<HttpResponse> {
    html("help_catalog", &app.read(move |tx| Ok(help::catalog(frame.chrome(tx)?))).await?)
}

/// `GET /help/facts?service=`
pub async fn help_facts(app: Shared, frame: Frame, ask: web::Query<Recipes>) -> Result<HttpResponse> {
    let service = ask.into_inner().service.filter(|s| !s.is_empty());
    let context = app
        .read(move |tx| {
            let facts = rulebook::facts(&tx.book);
            Ok(help_facts::context(frame.chrome(tx)?, &facts, service.as_deref()))
        })
        .await?;
    html("help_facts", &context)
}

/// `GET /help/errors`
pub async fn help_errors(app: Shared, frame: Frame) -> Result<HttpResponse> {
    html("help_errors", &app.read(move |tx| Ok(help_errors::context(frame.chrome(tx)?))).await?)
}

/// `GET /help/certificates`
pub async fn help_certificates(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let (book, base) = (std::sync::Arc::clone(&tx.book), tx.base_url.clone());
            let reads = tx.may_read();
            Ok(help_certificates::context(frame.chrome(tx)?, &book.rulebook, &base, reads))
        })
        .await?;
    html("help_certificates", &context)
}
