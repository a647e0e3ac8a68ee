//! Around every request: its id, its line in the log, its time in the metrics, the headers that keep browsers safe.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};

use super::metrics::Metrics;
use super::{Installed, limits};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken from a proxy.
const MAX_ID_BYTES: usize = 128;
/// As much of a path as is worth a line in the log.
const MAX_LOGGED_PATH: usize = 300;

/// Nothing may be loaded from elsewhere, nothing inline runs, nobody may frame a page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Headers of every answer, unless it brings its own.
const STANDING: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The id of a request.
#[derive(Clone)]
struct RequestId(String);

/// The id under which a request stands in the log.
pub fn request_id(req: &HttpRequest) -> String {
    req.extensions().get::<RequestId>().map_or_else(String::new, |id| id.0.clone())
}

/// Middleware: names, times, logs and counts a request, and adds the standing headers to its answer.
pub async fn surround<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let began = Instant::now();
    let id = given_id(req.headers()).unwrap_or_else(|| fresh_id(&req));
    req.extensions_mut().insert(RequestId(id.clone()));
    let method = req.method().clone();
    let path = logged_path(req.path());
    let metrics = req.app_data::<web::Data<Metrics>>().cloned();
    // TLS ends in front of us when we are said to be reached by https.
    let encrypted = req.app_data::<Installed>().is_some_and(|app| app.base_url().starts_with("https://"));
    let mut res = next.call(req).await?;
    let took = began.elapsed();
    let status = res.status().as_u16();
    let pattern = res.request().match_pattern();
    if let Some(metrics) = metrics {
        metrics.observe(method.as_str(), pattern.as_deref(), status, took);
    }
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    // Whoever watches over the process asks every few seconds: that is no news.
    if matches!(path.as_str(), "/healthz" | "/readyz" | "/metrics") && status < 400 {
        tracing::debug!(%method, path, status, ms, request_id = id, "request");
    } else {
        tracing::info!(%method, path, status, ms, request_id = id, "request");
    }
    let asked = res.request().clone();
    limits::tell(&asked, res.headers_mut());
    add_headers(res.headers_mut(), &id);
    if encrypted {
        res.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    Ok(res)
}

/// A path as the log shows it: cut, and without the key at the end of a hook's address or of a link that ends mail.
pub fn logged_path(path: &str) -> String {
    let hook = path.strip_prefix("/hooks/").and_then(|rest| rest.split_once('/'));
    if path.starts_with("/unsubscribe/") {
        return "/unsubscribe/[key]".to_owned();
    }
    match hook {
        Some((name, _)) => format!("/hooks/{}/[key]", name.chars().take(MAX_LOGGED_PATH).collect::<String>()),
        None => path.chars().take(MAX_LOGGED_PATH).collect(),
    }
}

fn add_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in STANDING {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

fn fresh_id(req: &ServiceRequest) -> String {
    req.app_data::<Installed>().map_or_else(String::new, |app| app.clock().new_id())
}

/// The id a proxy gave, if it is fit for a log line.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fit = (1..=MAX_ID_BYTES).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/+=@".contains(c));
    fit.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(id).unwrap());
        given_id(&headers)
    }

    #[test]
    fn only_a_sane_foreign_id_is_kept() {
        assert_eq!(given("from-my-proxy-17").as_deref(), Some("from-my-proxy-17"));
        assert_eq!(given("two words"), None);
        assert_eq!(given(&"x".repeat(129)), None);
        assert_eq!(given(""), None);
    }

    #[test]
    fn an_answer_may_bring_its_own_policy() {
        let mut headers = HeaderMap::new();
        let own = HeaderValue::from_static("default-src 'none'; sandbox");
        headers.insert(HeaderName::from_static("content-security-policy"), own.clone());
        add_headers(&mut headers, "id");
        assert_eq!(headers.get("content-security-policy"), Some(&own));
        assert_eq!(headers.get("x-content-type-options").unwrap(), "nosniff");
    }
}
