//! The gate before every route of the tables: who asks, and whether they may.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};

use super::credentials::Credentials;
use super::routes::{self, Access, Route};
use super::session::{self, Session};
use super::{Installed, limits, origin, pages, problem, proxied, refusals};
use crate::app::{Actor, App, people, tokens};
use crate::error::{Error, Result};

/// Who asks; `Actor::anonymous` without a credential.
pub struct Caller(pub Actor);

impl Caller {
    /// Who asks.
    pub fn of(req: &HttpRequest) -> Self {
        Self(req.extensions().get::<Actor>().cloned().unwrap_or_else(Actor::anonymous))
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

/// Middleware: lets a request through to its route, or answers 401, 403 or 429 before a byte of its body is read.
pub async fn gate<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let route = routes::find(&req);
    if let Some(route) = route {
        req.extensions_mut().insert(route);
        match admit(&req, route).await {
            Ok(actor) => {
                req.extensions_mut().insert(actor);
            }
            Err(Error::Unauthenticated { .. }) if asks_a_page(&req, route) => {
                let to = pages::sign_in::address(req.uri().path_and_query().map_or("/", |p| p.as_str()));
                let sent = HttpResponse::SeeOther()
                    .insert_header((header::LOCATION, to))
                    .insert_header((header::CACHE_CONTROL, "no-store"))
                    .finish();
                return Ok(req.into_response(sent).map_into_right_body());
            }
            Err(error) => {
                let refused = problem::response(req.request(), &error);
                return Ok(req.into_response(refused).map_into_right_body());
            }
        }
    } else if let Some(app) = req.app_data::<Installed>().cloned()
        && let Err(error) = limits::count_stranger(&req, &app).await
    {
        let refused = problem::response(req.request(), &error);
        return Ok(req.into_response(refused).map_into_right_body());
    }
    let res = next.call(req).await?;
    if let Some(route) = route {
        refusals::after(&res, route).await;
    }
    Ok(res.map_into_left_body())
}

/// Whether it is a person who asks for a page, who can be sent to sign in.
fn asks_a_page(req: &ServiceRequest, route: &Route) -> bool {
    matches!(*req.method(), Method::GET | Method::HEAD) && !routes::speaks_json(route.path)
}

/// Who asks, counted, and from where, if they may.
async fn admit(req: &ServiceRequest, route: &Route) -> Result<Actor> {
    let Some(app) = req.app_data::<Installed>() else { return Ok(Actor::anonymous()) };
    if !route.takes_programs() {
        refuse_nul(req)?;
        session::require_own_site(app, req.method(), req.headers(), None)?;
    }
    let actor = match route.access {
        Access::Public | Access::Signed => None,
        Access::Open | Access::Anyone | Access::Scope(_) | Access::Whole(_) | Access::Person => {
            asking(req, app).await?
        }
    };
    if let Some(actor) = &actor {
        limits::count_owner(req, app, &actor.owner).await?;
    } else {
        if route.access == Access::Signed {
            limits::refuse_guesser(app, req.request())?;
        }
        limits::count_stranger(req, app).await?;
    }
    if route.method == "GET" {
        // Where a read comes from nobody will ask.
        return allow(app, route, actor);
    }
    let origin = origin::of(req.request());
    let known = actor.clone();
    match allow(app, route, actor) {
        Ok(actor) => Ok(actor.calling_from(origin)),
        Err(error) => {
            if let Some(actor) = known {
                let actor = actor.calling_from(origin);
                refusals::note(Arc::clone(app), actor, error.status(), error.to_string());
            }
            Err(error)
        }
    }
}

/// Refuses an address of a page with a character that no database can look for. Calls of the API check each name.
fn refuse_nul(req: &ServiceRequest) -> Result<()> {
    if req.uri().path_and_query().is_some_and(|whole| whole.as_str().contains("%00")) {
        return Err(Error::not_found("address", "with a NUL character in it"));
    }
    Ok(())
}

/// Whether somebody may call a route.
fn allow(app: &Arc<App>, route: &Route, actor: Option<Actor>) -> Result<Actor> {
    let needs_sign_in = app.config.reading_takes_sign_in();
    match (route.access, actor) {
        (Access::Public | Access::Signed, _) | (Access::Anyone, None) => Ok(Actor::anonymous()),
        (Access::Open | Access::Anyone, Some(actor)) => Ok(actor),
        (Access::Open, None) if !needs_sign_in => Ok(Actor::anonymous()),
        (Access::Open | Access::Person, None) => Err(unauthenticated("read")),
        (Access::Person, Some(actor)) if actor.person.is_some() => Ok(actor),
        (Access::Person, Some(_)) => {
            let detail = "This is for people who are signed in; a token is nobody.".to_owned();
            Err(Error::Forbidden { detail })
        }
        (Access::Scope(scope) | Access::Whole(scope), None) => Err(unauthenticated(scope)),
        (Access::Scope(scope), Some(actor)) => actor.acting_under(scope),
        (Access::Whole(scope), Some(actor)) => {
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

fn unauthenticated(scope: &str) -> Error {
    let detail = format!("This needs a token with the scope `{scope}`: Authorization: Bearer wb_…");
    Error::Unauthenticated { detail }
}

/// Who asks, by what they show: a token, or else a session. A session that is over is as good as none.
async fn asking(req: &ServiceRequest, app: &Arc<App>) -> Result<Option<Actor>> {
    if let Some(token) = bearer(req)? {
        let found = holder(req, app, Held::Token(token.clone())).await;
        if let Err(Error::Unauthenticated { .. }) = &found {
            if req.method() != Method::GET && req.method() != Method::HEAD {
                refusals::note_ended(req, app, token);
            }
            limits::count_failure(app, req.request()).await?;
        }
        return found.map(Some);
    }
    let Some(text) = session::held(app, req.headers()) else { return Ok(None) };
    let actor = match holder(req, app, Held::Session(text.clone())).await {
        Ok(actor) => actor,
        Err(Error::Unauthenticated { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    if proxied::is_somebody_else(app, req.request(), &actor) {
        return Ok(None);
    }
    let session = Session(text);
    session::require_own_site(app, req.method(), req.headers(), Some(&session))?;
    req.extensions_mut().insert(session);
    Ok(Some(actor))
}

/// What was shown.
#[derive(Clone)]
enum Held {
    Token(String),
    Session(String),
}

impl Held {
    /// Under which it is remembered: no token is ever taken for a session.
    fn key(&self) -> String {
        match self {
            Self::Token(text) => format!("token {text}"),
            Self::Session(text) => format!("session {text}"),
        }
    }
}

/// The holder of a credential: known from a moment ago, or looked up.
async fn holder(req: &ServiceRequest, app: &Arc<App>, held: Held) -> Result<Actor> {
    let key = held.key();
    let known = req.app_data::<web::Data<Credentials>>();
    if let Some(actor) = known.and_then(|known| known.holder(&key, app.clock().now())) {
        return Ok(actor);
    }
    if matches!(held, Held::Token(_)) {
        limits::refuse_guesser(app, req.request())?;
    }
    let revoked = known.map(|known| known.revoked());
    let asked = held.clone();
    let verified = app
        .read_for(Actor::anonymous(), move |tx| match &asked {
            Held::Token(text) => tokens::authenticate(tx, text),
            Held::Session(text) => people::sessions::authenticate(tx, text),
        })
        .await?;
    if let (Some(known), Some(revoked)) = (known, revoked) {
        known.keep(&key, &verified, revoked);
    }
    if let Some(id) = verified.worth_noting {
        note_use(Arc::clone(app), held, id);
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

/// Notes that a credential was used; nobody waits for it.
fn note_use(app: Arc<App>, held: Held, id: String) {
    actix_web::rt::spawn(async move {
        let noted = app.write(Actor::anonymous(), move |tx| match held {
            Held::Token(_) => tokens::touch(tx, &id),
            Held::Session(_) => people::sessions::touch(tx, &id),
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "noting the use of a credential");
        }
    });
}
