//! The gate before every route of the table: who asks, and whether they may.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use std::future::{Ready, ready};

use super::credentials::Credentials;
use super::routes::{self, Access, Route};
use super::{Shared, problem};
use crate::app::{Actor, tokens};
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

/// Middleware: lets a request through to its route, or answers 401 or 403 before a byte of its body is read.
pub async fn gate<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    if let Some(route) = routes::find(&req) {
        req.extensions_mut().insert(route);
        match admit(&req, route).await {
            Ok(actor) => {
                req.extensions_mut().insert(actor);
            }
            Err(error) => {
                let refused = problem::response(req.request(), &error);
                return Ok(req.into_response(refused).map_into_right_body());
            }
        }
    }
    next.call(req).await.map(ServiceResponse::map_into_left_body)
}

async fn admit(req: &ServiceRequest, route: &Route) -> Result<Actor> {
    let credential = match route.access {
        Access::Public | Access::Signed => None,
        Access::Open | Access::Scope(_) | Access::Whole(_) => bearer(req)?,
    };
    let (Some(token), Some(app)) = (credential, req.app_data::<Shared>()) else {
        return match route.access {
            Access::Public | Access::Open | Access::Signed => Ok(Actor::anonymous()),
            Access::Scope(scope) | Access::Whole(scope) => Err(Error::Unauthenticated {
                detail: format!("This needs a token with the scope `{scope}`: Authorization: Bearer wb_…"),
            }),
        };
    };
    let actor = holder(req, app, token).await?;
    match route.access {
        Access::Public | Access::Open | Access::Signed => Ok(actor),
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

/// The holder of a token: known from a moment ago, or looked up.
async fn holder(req: &ServiceRequest, app: &Shared, token: String) -> Result<Actor> {
    let known = req.app_data::<web::Data<Credentials>>();
    if let Some(actor) = known.and_then(|known| known.holder(&token, app.clock().now())) {
        return Ok(actor);
    }
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
