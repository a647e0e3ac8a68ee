//! Badges to embed: a picture, and what a badge service asks for.

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::app::awards::{Badge, Show, Tone, badge, unknown_badge};
use crate::error::Result;
use crate::http::badge::{Style, named, svg};
use crate::http::query::Name;
use crate::http::{Shared, conditional};

/// Proxies that show pictures of READMEs keep them for so long.
const AGE: &str = "max-age=300";
/// A picture that is opened by itself runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/// Seconds after which a badge service may ask again.
const CACHE_SECONDS: u32 = 300;

/// What a badge is asked for. A page that embeds it cannot mend its address, and a refusal would be a broken picture: what
/// is not known of it is passed over, and what cannot be shown is a grey badge.
pub struct Asked {
    /// The service; none for what no service can be called.
    name: Option<String>,
    /// None for what no badge shows.
    show: Option<Show>,
    style: Style,
}

impl FromRequest for Asked {
    type Error = actix_web::Error;
    type Future = Ready<std::result::Result<Self, Self::Error>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let name = Name::from_request(req, payload).into_inner().ok();
        let pairs = web::Query::<Vec<(String, String)>>::from_query(req.query_string());
        // Of a parameter that is given twice, the last one counts: caches are got around by adding one.
        let said: BTreeMap<String, String> =
            pairs.map_or_else(|_| BTreeMap::new(), |all| all.into_inner().into_iter().collect());
        let word = |name: &str| said.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        ready(Ok(Self {
            name: name.map(|name| name.0),
            show: show(word("show"), word("practice")),
            style: word("style").and_then(Style::parse).unwrap_or(Style::Flat),
        }))
    }
}

fn show(show: Option<&str>, practice: Option<&str>) -> Option<Show> {
    let fit = |id: &str| !id.chars().any(char::is_control);
    match (show, practice) {
        (None | Some("grade"), None) => Some(Show::Grade),
        (Some("certified"), None) => Some(Show::Certified),
        (None | Some("practice"), Some(id)) if fit(id) => Some(Show::Practice(id.to_owned())),
        _ => None,
    }
}

async fn found(app: &Shared, asked: Asked) -> Result<Badge> {
    let (Some(name), Some(show)) = (asked.name, asked.show) else { return Ok(unknown_badge()) };
    app.read(move |tx| badge(tx, &name, &show)).await
}

/// `GET /badges/{name}.svg?style=&show=&practice=`
pub async fn picture(app: Shared, req: HttpRequest, asked: Asked) -> Result<HttpResponse> {
    let style = asked.style;
    let found = found(&app, asked).await?;
    let answer = conditional::bytes(&req, "image/svg+xml; charset=utf-8", svg(&found, style).into_bytes());
    let mut answer = elsewhere(answer);
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(answer)
}

/// `GET /badges/{name}.json?show=&practice=`
pub async fn endpoint(app: Shared, req: HttpRequest, asked: Asked) -> Result<HttpResponse> {
    let found = found(&app, asked).await?;
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
