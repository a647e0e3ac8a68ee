//! A middleware for actix-web: verifies the ticket of a request and keeps it for the calls that follow; on the side of
//! the one who is called it may also make the request fail.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage, HttpResponse};
use waterbear::tickets::{Call, Claims, Decision, HEADER, HOLD_MS, decide};

use super::Drills;

/// A verified ticket on its way through a service.
#[derive(Clone)]
pub struct Carried {
    /// As it came, to be sent on.
    pub token: String,
    /// What it says.
    pub claims: Claims,
}

/// What a service does with tickets.
#[derive(Clone)]
pub struct Guard {
    drills: Arc<Drills>,
    own: Option<&'static str>,
}

impl Guard {
    /// Carries tickets on; the callers' filters make calls fail.
    pub fn carrying(drills: Arc<Drills>) -> Self {
        Self { drills, own: None }
    }

    /// Also makes requests to this service fail. Use this or the callers' filters for a call, never both.
    pub fn of_called(drills: Arc<Drills>, own: &'static str) -> Self {
        Self { drills, own: Some(own) }
    }

    /// As a layer.
    pub fn layer(self) -> Layer {
        Layer(self)
    }

    /// Looks at the ticket and says what to do with the request.
    fn look(&self, req: &ServiceRequest) -> Decision {
        let header = |name: &str| req.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let Some(carried) = header(HEADER).and_then(|token| self.drills.verify(&token)) else {
            return Decision::None;
        };
        let (member, request_id) = (header("x-member-id"), header("x-request-id"));
        let decision = self.own.map_or(Decision::None, |own| {
            let call = Call {
                from: None,
                to: own,
                member: member.as_deref(),
                request_id: request_id.as_deref(),
                header: &header,
            };
            decide(&carried.claims, &call)
        });
        req.extensions_mut().insert(carried);
        decision
    }
}

/// [`Guard`] as actix-web takes it.
pub struct Layer(Guard);

impl<S, B> Transform<S, ServiceRequest> for Layer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Transform = Guarded<S>;
    type InitError = ();
    type Future = std::future::Ready<Result<Guarded<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        std::future::ready(Ok(Guarded { service: Rc::new(service), guard: self.0.clone() }))
    }
}

/// A service behind a [`Guard`].
pub struct Guarded<S> {
    service: Rc<S>,
    guard: Guard,
}

impl<S, B> Service<ServiceRequest> for Guarded<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, req: ServiceRequest) -> Self::Future {
        let decision = self.guard.look(&req);
        let service = Rc::clone(&self.service);
        let wait = |ms: u32| actix_web::rt::time::sleep(Duration::from_millis(u64::from(ms)));
        Box::pin(async move {
            let status = match decision {
                Decision::None => None,
                Decision::Delay(ms) => {
                    wait(ms).await;
                    None
                }
                Decision::Abort(status) => Some(status),
                Decision::Timeout => {
                    wait(HOLD_MS).await;
                    Some(504)
                }
            };
            match status.map(|status| StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE))
            {
                Some(status) => Ok(req.into_response(HttpResponse::new(status)).map_into_right_body()),
                None => Ok(service.call(req).await?.map_into_left_body()),
            }
        })
    }
}
