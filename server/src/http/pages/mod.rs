//! Pages: each module turns a view into what its template shows; `routes` reads the views and answers.

pub mod activity;
pub mod api_docs;
pub mod audit;
pub mod board;
pub mod choose;
pub mod chrome;
pub mod degrader;
pub mod drills;
pub mod due;
pub mod error;
pub mod feed;
pub mod flow_drill;
pub mod flows;
pub mod frame;
pub mod help;
pub mod help_degrader;
pub mod help_errors;
pub mod help_facts;
pub mod help_flows;
pub mod hero;
pub mod home;
pub mod leaderboard;
pub mod parts;
pub mod recipes;
pub mod routes;
pub mod rule;
pub mod rules;
pub mod search;
pub mod service;
pub mod services;
pub mod sources;
pub mod team;
pub mod teams;
pub mod why;
pub mod words;

#[cfg(test)]
mod samples;

use actix_web::http::StatusCode;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, web};

use self::frame::Frame;
use super::{Shared, assets};
use crate::error::Error;
use crate::types::Timestamp;

/// Every page, the two forms, the static files.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(page("/", routes::home))
        .service(page("/services", routes::services))
        .service(page("/services/{slug}", routes::service))
        .service(page("/services/{slug}/why", routes::why))
        .service(page("/services/{slug}/drills", routes::drills))
        .service(page("/services/{slug}/degrader", routes::degrader))
        .service(page("/drills", routes::due))
        .service(page("/flows", flows::list))
        .service(form("/flows/new", flows::create, flows::preview))
        .service(page("/flows/{slug}", flows::one))
        .service(page("/flows/{slug}/drill", flow_drill::page))
        .service(form("/flows/{slug}/edit", flows::edit, flows::preview_of))
        .service(page("/teams", routes::teams))
        .service(page("/teams/{slug}", routes::team))
        .service(page("/leaderboards/{board}", routes::leaderboard))
        .service(page("/rules", routes::rules))
        .service(page("/rules/{id}", routes::rule))
        .service(page("/activity", routes::activity))
        .service(page("/search", routes::search))
        .service(page("/sources", sources::page))
        .service(page("/help", routes::help_index))
        .service(page("/help/drills", routes::help_drills))
        .service(page("/help/rollback", routes::help_rollback))
        .service(page("/help/degrader", routes::help_degrader))
        .service(page("/help/flows", routes::help_flows))
        .service(page("/help/catalog", routes::help_catalog))
        .service(page("/help/facts", routes::help_facts))
        .service(page("/help/errors", routes::help_errors))
        .service(page("/api/docs", routes::api_docs))
        .service(page("/static/{file}", assets::serve))
        .route("/theme", web::post().to(choose::theme))
        .route("/team", web::post().to(choose::team));
}

/// A page is read by GET, and asked about by HEAD.
fn page<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// A page with a form whose answer is the page again; it stores nothing.
fn form<F, Args, G, Sent>(path: &str, show: F, sent: G) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
    G: Handler<Sent>,
    Sent: FromRequest + 'static,
    G::Output: Responder + 'static,
{
    page(path, show)
        .app_data(web::FormConfig::default().limit(flows::MAX_FORM).error_handler(bad_form))
        .route(web::post().to(sent))
}

fn bad_form(error: actix_web::error::UrlencodedError, _: &HttpRequest) -> actix_web::Error {
    Error::malformed(format!("the form cannot be read: {error}")).into()
}

/// An error as a page. It reads nothing, so that it can also say that the database is away.
pub fn error_page(req: &HttpRequest, error: &Error, request_id: &str) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let now = req.app_data::<Shared>().map_or(Timestamp(0), |app| app.clock().now());
    let id = (!request_id.is_empty()).then(|| request_id.to_owned());
    let context = error::context(Frame::of(req).bare(now), error, status.as_u16(), id);
    frame::answer(status, "error", &context).unwrap_or_else(|failed| {
        tracing::error!(request_id, error = %failed, "the error page itself failed");
        HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(error.to_string())
    })
}
