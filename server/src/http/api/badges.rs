//! Badges to embed: a picture, and what a badge service asks for.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::app::awards::{Show, Tone, badge};
use crate::error::{Error, Result};
use crate::http::badge::{Style, named, svg};
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// Proxies that show pictures of READMEs keep them for so long.
const AGE: &str = "max-age=300";
/// A picture that is opened by itself runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/// Seconds after which a badge service may ask again.
const CACHE_SECONDS: u32 = 300;

fn show(query: &Query) -> Result<Show> {
    match (query.text("show").as_deref(), query.text("practice")) {
        (None | Some("grade"), None) => Ok(Show::Grade),
        (Some("certified"), None) => Ok(Show::Certified),
        (None | Some("practice"), Some(id)) => Ok(Show::Practice(id)),
        (Some("practice"), None) => Err(Error::invalid("?practice", "expected the id of a practice")),
        _ => Err(Error::invalid("?show", "expected grade, certified, or practice with ?practice=ID")),
    }
}

/// `GET /badges/{name}.svg?style=&show=&practice=`
pub async fn picture(app: Shared, req: HttpRequest, Name(name): Name, query: Query) -> Result<HttpResponse> {
    let style = match query.text("style") {
        None => Style::Flat,
        Some(name) => Style::parse(&name)
            .ok_or_else(|| Error::invalid("?style", "expected flat, flat-square or for-the-badge"))?,
    };
    let show = show(&query)?;
    let found = app.read(move |tx| badge(tx, &name, &show)).await?;
    let answer = conditional::bytes(&req, "image/svg+xml; charset=utf-8", svg(&found, style).into_bytes());
    let mut answer = elsewhere(answer);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(answer)
}

/// `GET /badges/{name}.json?show=&practice=`
pub async fn endpoint(app: Shared, req: HttpRequest, Name(name): Name, query: Query) -> Result<HttpResponse> {
    let show = show(&query)?;
    let found = app.read(move |tx| badge(tx, &name, &show)).await?;
    let mut body = json!({
        "schemaVersion": 1,
        "label": found.label,
        "message": found.message,
        "color": named(found.tone),
        "cacheSeconds": CACHE_SECONDS,
    });
    if let (Tone::Unknown, Some(all)) = (found.tone, body.as_object_mut()) {
        all.insert("isError".to_owned(), json!(true));
    }
    Ok(elsewhere(conditional::json(&req, &body)?))
}

/// Pages elsewhere may embed it.
fn elsewhere(mut answer: HttpResponse) -> HttpResponse {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(AGE));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
    answer
}
