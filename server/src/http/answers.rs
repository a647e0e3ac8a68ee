//! Around everything that makes an answer: gives a kept one where it holds, keeps a new one, bounds large ones.

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, web};

use super::cache::{Answer, Cache};
use super::metrics::Metrics;
use super::weight::{self, InFlight, Weighed};
use super::{Installed, conditional, problem};
use crate::app::{App, blocking};

/// How often it is looked whether another process wrote, while there are answers to lose.
const LOOK: Duration = Duration::from_millis(250);
/// Longer addresses are not worth keeping.
const MAX_KEY_BYTES: usize = 2_048;

/// An answer that may be a kept one, or a large one that is counted.
type Body<B> = EitherBody<BoxBody, Weighed<B>>;

/// Middleware: answers from what is kept, keeps what may be kept.
pub async fn surround<B: MessageBody + 'static>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Body<B>>, actix_web::Error> {
    let Some((app, cache)) = parts(&req) else { return Ok(weighed(next.call(req).await?)) };
    let Some(key) = key(&req, &cache) else { return Ok(weighed(next.call(req).await?)) };
    // Before anything is read: what a write changes meanwhile is then kept under a generation that is over.
    let generation = app.db().generation();
    let hit = cache.get(&key, generation);
    if let Some(metrics) = req.app_data::<web::Data<Metrics>>() {
        metrics.looked_up(hit.is_some());
    }
    let known = known(req.headers());
    if let Some(answer) = hit {
        let res = give(&answer, &known);
        return Ok(req.into_response(res).map_into_left_body());
    }
    // Asked for whole, so that there is something to keep; who has it already is told so below.
    req.headers_mut().remove(header::IF_NONE_MATCH);
    let res = next.call(req).await?;
    if !may_be_kept(&res, cache.largest()) {
        return Ok(weighed(res));
    }
    let (req, res) = res.into_parts();
    let (head, body) = res.into_parts();
    let body = to_bytes(body).await.map_err(|error| anyhow::anyhow!("{}", error.into()));
    let body = body.map_err(crate::error::Error::Internal)?;
    let answer = Arc::new(Answer { headers: head.headers().clone(), body });
    cache.put(key, generation, Arc::clone(&answer));
    Ok(ServiceResponse::new(req, give(&answer, &known)).map_into_left_body())
}

fn parts(req: &ServiceRequest) -> Option<(Installed, web::Data<Cache>)> {
    let cache = req.app_data::<web::Data<Cache>>().filter(|cache| !cache.is_off())?;
    Some((Installed::clone(req.app_data::<Installed>()?), web::Data::clone(cache)))
}

/// Under what the answer to a request is kept; none where it depends on who asks.
fn key(req: &ServiceRequest, cache: &Cache) -> Option<String> {
    let path = req.uri().path_and_query()?.as_str();
    let headers = req.headers();
    let personal = headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE);
    let watching = matches!(req.path(), "/healthz" | "/readyz" | "/metrics");
    if req.method() != Method::GET || personal || watching || path.len() > MAX_KEY_BYTES {
        return None;
    }
    let mut key = String::with_capacity(path.len() + 64);
    key.push_str(path);
    for name in [header::ACCEPT, header::ACCEPT_ENCODING] {
        key.push('\n');
        for value in headers.get_all(name) {
            key.push_str(value.to_str().ok()?);
            key.push(',');
        }
    }
    (key.len() <= MAX_KEY_BYTES.min(cache.largest())).then_some(key)
}

fn may_be_kept<B>(res: &ServiceResponse<B>, largest: usize) -> bool {
    let headers = res.headers();
    let secret = headers
        .get(header::CACHE_CONTROL)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("no-store"));
    let small = weight::of(res.request()).is_some_and(|bytes| bytes <= largest as u64);
    res.status() == StatusCode::OK && !secret && small && !headers.contains_key(header::SET_COOKIE)
}

fn known(headers: &HeaderMap) -> Vec<HeaderValue> {
    headers.get_all(header::IF_NONE_MATCH).cloned().collect()
}

/// A kept answer, or 304 for whoever has it.
fn give(answer: &Answer, known: &[HeaderValue]) -> HttpResponse {
    let tag = answer.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let has_it = tag.is_some_and(|tag| conditional::names(known.iter(), tag));
    let mut res = if has_it {
        HttpResponse::NotModified().finish()
    } else {
        HttpResponse::Ok().body(answer.body.clone())
    };
    for (name, value) in &answer.headers {
        if !has_it || [header::ETAG, header::CACHE_CONTROL, header::VARY].contains(name) {
            res.headers_mut().append(name.clone(), value.clone());
        }
    }
    res
}

/// Counts a large answer until it is sent; 503 when too much is under way.
fn weighed<B: MessageBody>(res: ServiceResponse<B>) -> ServiceResponse<Body<B>> {
    let bytes = weight::of(res.request()).unwrap_or(match res.response().body().size() {
        BodySize::Sized(bytes) => bytes,
        _ => 0,
    });
    let in_flight = res.request().app_data::<web::Data<InFlight>>().cloned();
    match in_flight.map(|all| all.answer(bytes)).transpose() {
        Ok(held) => res.map_body(|_, body| EitherBody::right(Weighed::new(body, held.flatten()))),
        Err(error) => {
            let refused = problem::response(res.request(), &error);
            res.into_response(refused).map_into_left_body()
        }
    }
}

/// Looks for writes of other processes while answers are kept; ends with the process.
pub async fn watch(app: Arc<App>, cache: web::Data<Cache>) {
    if cache.is_off() {
        return;
    }
    let mut watch = app.db().watch();
    loop {
        tokio::time::sleep(LOOK).await;
        if !cache.tidy() {
            continue;
        }
        let looked = blocking(move || {
            let changed = watch.changed();
            Ok((watch, changed))
        });
        match looked.await {
            Ok((same, changed)) => {
                watch = same;
                if changed {
                    app.db().end_generation();
                }
            }
            Err(error) => {
                tracing::warn!(%error, "looking for writes of others");
                app.db().end_generation();
                watch = app.db().watch();
            }
        }
    }
}

/// Notes the size of an answer before it is compressed.
pub fn note_size(req: &actix_web::HttpRequest, size: BodySize) {
    if let BodySize::Sized(bytes) = size {
        req.extensions_mut().insert(weight::Size(bytes));
    }
}
