//! The gate before every route of the table: who asks, and whether they may.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use std::future::{Ready, ready};
use std::sync::Arc;

use super::credentials::Credentials;
use super::routes::{self, Access, Route};
use super::{Shared, limits, origin, problem};
use crate::app::actor::{Credential, Origin};
use crate::app::{Actor, audit, blocking, tokens};
use crate::error::{Error, Result};

/// Who asks; `Actor::anonymous` without a credential.
pub struct Caller(pub Actor);

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let actor = req.extensions().get::<Actor>().cloned();
        ready(Ok(Self(actor.unwrap_or_else(Actor::anonymous))))
    }
}

/// Middleware: lets a request through to its route, or answers 401, 403 or 429 before a byte of its body is read.
pub async fn gate<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let route = routes::find(&req);
    let actor = match route {
        Some(route) => {
            req.extensions_mut().insert(route);
            let asked = recognise(&req, route).await;
            let known = asked.as_ref().ok().filter(|actor| actor.credential != Credential::None).cloned();
            match asked.and_then(|actor| admit(route, actor)) {
                Ok(actor) => Ok(Some(actor)),
                Err(error) => {
                    if let Some(actor) = known {
                        note(&req, route, actor, &error);
                    }
                    Err(error)
                }
            }
        }
        None => strangers(&req).await.map(|()| None),
    };
    match actor {
        Ok(Some(actor)) => {
            req.extensions_mut().insert(actor);
        }
        Ok(None) => {}
        Err(error) => {
            let refused = problem::response(req.request(), &error);
            return Ok(req.into_response(refused).map_into_right_body());
        }
    }
    let res = next.call(req).await?;
    if let Some(route) = route {
        after(&res, route).await;
    }
    Ok(res.map_into_left_body())
}

/// Counts who asks for what is not in the table: pages, and what is served nowhere.
async fn strangers(req: &ServiceRequest) -> Result<()> {
    match req.app_data::<Shared>().cloned() {
        Some(app) => limits::count_stranger(req, &app).await,
        None => Ok(()),
    }
}

/// Who asks, counted; an error where a credential is not good, or where it is too much.
async fn recognise(req: &ServiceRequest, route: &Route) -> Result<Actor> {
    let credential = match route.access {
        Access::Public | Access::Signed => None,
        Access::Open | Access::Scope(_) | Access::Whole(_) => bearer(req)?,
    };
    let app = req.app_data::<Shared>().cloned();
    let (Some(token), Some(app)) = (credential, app.clone()) else {
        if let Some(app) = &app {
            if route.access == Access::Signed {
                limits::refuse_guesser(app, req.request())?;
            }
            limits::count_stranger(req, app).await?;
        }
        return Ok(Actor::anonymous().calling_from(origin_of(req, route)));
    };
    let found = holder(req, &app, &token).await;
    if let Err(Error::Unauthenticated { .. }) = &found {
        if route.method != "GET" {
            note_ended(req, route, token);
        }
        limits::count_failure(&app, req.request()).await?;
    }
    let actor = found?;
    limits::count_owner(req, &app, &actor.owner).await?;
    Ok(actor.calling_from(origin_of(req, route)))
}

/// Where a request comes from; of one that only reads nobody will ask.
fn origin_of(req: &ServiceRequest, route: &Route) -> Arc<Origin> {
    if route.method == "GET" { Arc::default() } else { origin::of(req.request()) }
}

/// Whether somebody may call a route.
fn admit(route: &Route, actor: Actor) -> Result<Actor> {
    match route.access {
        Access::Public | Access::Open | Access::Signed => Ok(actor),
        Access::Scope(scope) | Access::Whole(scope) if actor.credential == Credential::None => {
            Err(Error::Unauthenticated {
                detail: format!("This needs a token with the scope `{scope}`: Authorization: Bearer wb_…"),
            })
        }
        Access::Scope(scope) => actor.acting_under(scope),
        Access::Whole(scope) => {
            let actor = actor.acting_under(scope)?;
            if actor.is_limited() {
                let detail =
                    "This token is limited to some services or teams; this call concerns all of them.";
                return Err(Error::Forbidden { detail: detail.to_owned() });
            }
            Ok(actor)
        }
    }
}

/// Looks at what a handler refused: a write of somebody known is noted, a hook that proves nothing is counted.
async fn after<B>(res: &ServiceResponse<B>, route: &'static Route) {
    let status = res.status().as_u16();
    if !matches!(status, 401 | 403) || route.method == "GET" {
        return;
    }
    let req = res.request();
    let Some(app) = req.app_data::<Shared>().cloned() else { return };
    if route.access == Access::Signed && status == 401 {
        // The answer is made; what is too much is refused the next time.
        let _ = limits::count_failure(&app, req).await;
        return;
    }
    let actor = req.extensions().get::<Actor>().cloned();
    let reason = res.response().error().map(ToString::to_string).unwrap_or_default();
    if let Some(actor) = actor.filter(|actor| actor.credential != Credential::None) {
        note_later(app, actor, status, reason);
    }
}

/// Notes a write that the gate refused to somebody known.
fn note(req: &ServiceRequest, route: &Route, actor: Actor, error: &Error) {
    if let Some(app) = req.app_data::<Shared>().cloned().filter(|_| route.method != "GET") {
        note_later(app, actor, error.status(), error.to_string());
    }
}

/// Notes a write with a token that has ended; of a text that never was a token there is nothing to note.
fn note_ended(req: &ServiceRequest, route: &Route, token: String) {
    let Some(app) = req.app_data::<Shared>().cloned() else { return };
    let origin = origin_of(req, route);
    actix_web::rt::spawn(async move {
        match app.read(move |tx| tokens::holder(tx, &token)).await {
            Ok(Some(actor)) => {
                let reason = "The token was revoked or has expired.".to_owned();
                note_later(app, actor.calling_from(origin), 401, reason);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "looking for a token that has ended"),
        }
    });
}

/// Notes a refusal; nobody waits for it.
fn note_later(app: Shared, actor: Actor, status: u16, reason: String) {
    actix_web::rt::spawn(async move {
        let app = Arc::clone(&app);
        let done = blocking(move || {
            audit::note_refused(&app, &actor, status, &reason);
            Ok(())
        });
        if let Err(error) = done.await {
            tracing::warn!(%error, "noting a write that was refused");
        }
    });
}

/// The holder of a token: known from a moment ago, or looked up.
async fn holder(req: &ServiceRequest, app: &Shared, token: &str) -> Result<Actor> {
    let known = req.app_data::<web::Data<Credentials>>();
    if let Some(actor) = known.and_then(|known| known.holder(token, app.clock().now())) {
        return Ok(actor);
    }
    limits::refuse_guesser(app, req.request())?;
    let token = token.to_owned();
    let revoked = known.map(|known| known.revoked());
    let (token, verified) = app
        .read(move |tx| {
            let verified = tokens::authenticate(tx, &token)?;
            Ok((token, verified))
        })
        .await?;
    if let (Some(known), Some(revoked)) = (known, revoked) {
        known.keep(&token, &verified, revoked);
    }
    if let Some(id) = verified.worth_noting {
        note_use(Shared::clone(app), id);
    }
    Ok(verified.actor)
}

/// The token of `Authorization: Bearer`, if there is such a header.
fn bearer(req: &ServiceRequest) -> Result<Option<String>> {
    let Some(value) = req.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let refuse = || Error::Unauthenticated { detail: "Expected Authorization: Bearer wb_…".to_owned() };
    let text = value.to_str().map_err(|_| refuse())?;
    let (scheme, token) = text.trim().split_once(' ').ok_or_else(refuse)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(refuse());
    }
    Ok(Some(token.trim().to_owned()))
}

/// Notes that a token was used; nobody waits for it.
fn note_use(app: Shared, id: String) {
    actix_web::rt::spawn(async move {
        if let Err(error) = app.write(Actor::anonymous(), move |tx| tokens::touch(tx, &id)).await {
            tracing::warn!(%error, "noting the use of a token");
        }
    });
}
