//! Certificates: one by one, the calendar of renewals, what verifiers outside read, and what teams show.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::app::awards as uses;
use crate::app::sharing::{self, PutSharing};
use crate::app::views::CertificateView;
use crate::app::{Actor, Tx, keys, owners};
use crate::error::{Error, Result};
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::csv::{cell, table};
use crate::http::ical::{self, About};
use crate::http::pages::certificates::next;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};
use crate::types::Timestamp;

/// Certificates of a calendar at most, the first to end.
const MOST_EVENTS: i64 = 1_000;
/// How long verifiers may keep what they read.
const AGE: &str = "public, max-age=300";
/// Pages of browsers elsewhere may read what is for verifiers.
const ANY_ORIGIN: HeaderName = header::ACCESS_CONTROL_ALLOW_ORIGIN;

/// `GET /api/v1/certificates?team=&until=`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let (team, until) = (query.text("team"), query.instant("until"));
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let page =
        app.read(move |tx| uses::calendar(tx, team.as_deref(), until, cursor.as_deref(), limit)).await?;
    if !query.wants_csv() {
        return conditional::json(&req, &page);
    }
    let columns = &["id", "title", "service", "team", "state", "earned_at", "valid_until", "reason"];
    table(&req, "certificates", columns, page.items.iter().map(cells).collect())
}

fn cells(one: &CertificateView) -> Vec<String> {
    vec![
        one.id.clone(),
        one.title.clone(),
        one.service.clone(),
        cell(one.team.as_ref()),
        one.state.clone(),
        one.earned_at.to_rfc3339(),
        cell(one.valid_until.map(Timestamp::to_rfc3339)),
        cell(one.reason.as_ref()),
    ]
}

/// `GET /certificates.ics?team=`
pub async fn renewals(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let team = query.text("team");
    let work = move |tx: &mut Tx<'_>| {
        let of = match &team {
            Some(slug) => format!(" of {}", owners::team(tx, slug)?.name),
            None => String::new(),
        };
        let page = uses::calendar(tx, team.as_deref(), None, None, MOST_EVENTS)?;
        Ok((format!("Certificates{of}"), tx.now, page.items))
    };
    let (name, now, rows) = app.read(work).await?;
    let about = About { base: app.base_url(), name, now };
    let text = ical::certificates(&about, &rows, |one| next(one, now));
    Ok(conditional::bytes(&req, ical::MEDIA, text.into_bytes()))
}

/// `GET /api/v1/certificates/{id}`
pub async fn one(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| uses::certificate(tx, &id)).await?;
    conditional::json(&req, &view)
}

/// `GET /api/v1/certificates/{id}/evidence`
pub async fn evidence(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let kept = app.read(move |tx| uses::evidence(tx, &id)).await?;
    Ok(conditional::bytes(&req, "application/json", kept.into_bytes()))
}

/// `GET /certificates/{id}.jwt`
pub async fn credential(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let token = signed(&app, move |tx| uses::credential(tx, &id)).await?;
    Ok(for_verifiers(conditional::bytes(&req, "text/plain; charset=utf-8", token.into_bytes()), "no-cache"))
}

/// `GET /status/{number}`
pub async fn status(app: Shared, req: HttpRequest, Name(number): Name, _: Query) -> Result<HttpResponse> {
    let number: usize = number.parse().map_err(|_| Error::not_found("status list", number))?;
    let token = signed(&app, move |tx| uses::status_list(tx, number)).await?;
    Ok(for_verifiers(conditional::bytes(&req, "text/plain; charset=utf-8", token.into_bytes()), AGE))
}

/// What `work` signs; the first time there is no key yet, and it is made.
async fn signed(
    app: &Shared,
    work: impl Fn(&mut Tx<'_>) -> Result<Option<String>> + Clone + Send + 'static,
) -> Result<String> {
    if let Some(token) = app.read(work.clone()).await? {
        return Ok(token);
    }
    app.write(Actor::schedule(), keys::ensure_certificate_key).await?;
    let token = app.read(work).await?;
    token.ok_or_else(|| Error::Internal(anyhow::anyhow!("a key was made and is not there")))
}

/// `GET /issuer`
pub async fn issuer(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let mut profile = app.read(|tx| Ok(uses::issuer(tx))).await?;
    if let Some(all) = profile.as_object_mut() {
        all.insert("@context".to_owned(), serde_json::json!(crate::openbadges::CONTEXTS));
    }
    Ok(for_verifiers(conditional::json(&req, &profile)?, AGE))
}

/// `GET /achievements/{id}`
pub async fn achievement(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let found: Value = app.read(move |tx| uses::achievement(tx, &id)).await?;
    Ok(for_verifiers(conditional::json(&req, &found)?, AGE))
}

/// `GET /keys/{id}`
pub async fn key(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let found: Value = app.read(move |tx| keys::one(tx, &id)).await?;
    Ok(for_verifiers(conditional::json(&req, &found)?, AGE))
}

/// What pages of browsers elsewhere may read too.
pub(super) fn for_verifiers(mut answer: HttpResponse, age: &'static str) -> HttpResponse {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(age));
    headers.insert(ANY_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    answer
}

/// `GET /api/v1/services/{slug}/sharing`
pub async fn sharing(app: Shared, req: HttpRequest, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    let view = app.read(move |tx| sharing::get(tx, &slug)).await?;
    conditional::json(&req, &view)
}

/// `PUT /api/v1/services/{slug}/sharing`
pub async fn share(
    app: Shared,
    Caller(actor): Caller,
    Name(slug): Name,
    _: Query,
    body: Body,
) -> Result<HttpResponse> {
    let cmd: PutSharing = body.json()?;
    let view = app.write(actor, move |tx| sharing::put(tx, &slug, &cmd)).await?;
    Ok(HttpResponse::Ok().json(view))
}
