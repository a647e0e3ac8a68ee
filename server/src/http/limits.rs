//! Limits of requests over HTTP: who is counted under what, and what the answer says of it.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};

use super::{origin, routes};
use crate::app::App;
use crate::app::limits::{self, Counted, Kind, Standing};
use crate::error::Result;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Counts a request under a key, and keeps for the answer where that leaves its sender.
async fn count(req: &ServiceRequest, app: &Arc<App>, kind: Kind, key: &str) -> Result<()> {
    let Some(counted) = limits::count(app, kind, key).await else { return Ok(()) };
    let Counted { standing, .. } = counted;
    req.extensions_mut().insert(standing);
    counted.or_refuse().map(|_| ())
}

/// Counts a request with a credential, by the credential's owner.
///
/// # Errors
///
/// [`crate::error::Error::TooMany`] beyond the limit.
pub async fn count_owner(req: &ServiceRequest, app: &Arc<App>, owner: &str) -> Result<()> {
    count(req, app, Kind::Token, owner).await
}

/// Counts a request without a credential, by its address. Files of the pages and what watches over the process are
/// not counted; answers that are kept never come this far.
///
/// # Errors
///
/// [`crate::error::Error::TooMany`] beyond the limit.
pub async fn count_stranger(req: &ServiceRequest, app: &Arc<App>) -> Result<()> {
    let path = req.path();
    if path.starts_with("/static/") || matches!(path, "/healthz" | "/readyz" | "/metrics") {
        return Ok(());
    }
    match origin::address(req.request()) {
        Some(address) => count(req, app, Kind::Address, &limits::address_key(address)).await,
        None => Ok(()),
    }
}

/// Counts an exchange of a CI identity, by address.
///
/// # Errors
///
/// [`crate::error::Error::TooMany`] beyond the limit.
pub async fn count_exchange(app: &Arc<App>, req: &HttpRequest) -> Result<()> {
    count_address(app, req, Kind::Exchange).await
}

async fn count_address(app: &Arc<App>, req: &HttpRequest, kind: Kind) -> Result<()> {
    let Some(address) = origin::address(req) else { return Ok(()) };
    match limits::count(app, kind, &limits::address_key(address)).await {
        Some(counted) => counted.or_refuse().map(|_| ()),
        None => Ok(()),
    }
}

/// Refuses, before anything is looked up, an address that sent too many bad credentials in this minute.
///
/// # Errors
///
/// [`crate::error::Error::TooMany`] beyond the limit.
pub fn refuse_guesser(app: &Arc<App>, req: &HttpRequest) -> Result<()> {
    match origin::address(req) {
        Some(address) => limits::refuse_spent(app, Kind::Failed, &limits::address_key(address)),
        None => Ok(()),
    }
}

/// Counts a credential that was not good.
///
/// # Errors
///
/// [`crate::error::Error::TooMany`] beyond the limit.
pub async fn count_failure(app: &Arc<App>, req: &HttpRequest) -> Result<()> {
    count_address(app, req, Kind::Failed).await
}

/// Says in an API answer where its sender stands (draft-ietf-httpapi-ratelimit-headers).
pub fn tell(req: &HttpRequest, headers: &mut HeaderMap) {
    if !routes::speaks_json(req.path()) {
        return;
    }
    let Some(standing) = req.extensions().get::<Standing>().copied() else { return };
    let name = standing.kind.as_str();
    let policy = format!("\"{name}\";q={};w={}", standing.limit, Standing::WINDOW_SECONDS);
    let limit = format!("\"{name}\";r={};t={}", standing.left, standing.reset_seconds);
    for (header, text) in [(POLICY, policy), (LIMIT, limit)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(header, value);
        }
    }
}
