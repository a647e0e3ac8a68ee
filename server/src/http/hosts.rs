//! Under which names this server answers: what somebody's own domain was made to point here for is refused.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;

use super::Installed;
use super::problem::Problem;

/// Middleware: lets a request through whose `Host` is a name of this server.
pub async fn surround<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    // Whoever watches over the process calls it by whatever name the process has there.
    let watching = matches!(req.path(), "/healthz" | "/readyz");
    let app = req.app_data::<Installed>().filter(|app| !watching && !app.config.demo);
    if let Some(app) = app {
        let named = req.uri().host().or_else(|| req.headers().get(header::HOST)?.to_str().ok());
        // Only a browser can be led here by a foreign name, and a browser always says which.
        if named.is_some_and(|host| !app.config.answers_to(host)) {
            let detail = "This server does not go by the name in Host. Its names are server.public_url and \
                          server.hosts of its settings.";
            let refused = Problem::new(req.request(), 421, "wrong_host", "Wrong host", detail).response();
            return Ok(req.into_response(refused).map_into_right_body());
        }
    }
    next.call(req).await.map(ServiceResponse::map_into_left_body)
}
