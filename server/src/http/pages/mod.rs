//! Pages: each module turns a view into what its template shows; `routes` reads the views and answers.

pub mod account;
pub mod activity;
pub mod admin;
pub mod api_docs;
pub mod audit;
pub mod board;
pub mod certificates;
pub mod challenges;
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
pub mod help_boards;
pub mod help_certificates;
pub mod help_degrader;
pub mod help_errors;
pub mod help_facts;
pub mod help_flows;
pub mod help_roles;
pub mod hero;
pub mod home;
pub mod leaderboard;
pub mod medals;
pub mod overview;
pub mod parts;
pub mod publishers;
pub mod recipes;
pub mod reviews;
pub mod routes;
pub mod rule;
pub mod rules;
pub mod search;
pub mod service;
pub mod services;
pub mod sharing;
pub mod sign_in;
pub mod sign_in_elsewhere;
pub mod sources;
pub mod team;
pub mod teams;
pub mod unsubscribe;
pub mod what_if;
pub mod why;
pub mod words;

#[cfg(test)]
mod samples;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use self::frame::Frame;
use super::Installed;
use crate::error::Error;
use crate::types::Timestamp;

/// What all pages share: how large a form may be.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(web::FormConfig::default().limit(flows::MAX_FORM).error_handler(bad_form));
}

fn bad_form(error: actix_web::error::UrlencodedError, _: &HttpRequest) -> actix_web::Error {
    Error::malformed(format!("the form cannot be read: {error}")).into()
}

/// An error as a page. It reads nothing, so that it can also say that the database is away.
pub fn error_page(req: &HttpRequest, error: &Error, request_id: &str) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let now = req.app_data::<Installed>().map_or(Timestamp(0), |app| app.clock().now());
    let id = (!request_id.is_empty()).then(|| request_id.to_owned());
    let context = error::context(Frame::of(req).bare(now), error, status.as_u16(), id);
    frame::answer(status, "error", &context).unwrap_or_else(|failed| {
        tracing::error!(request_id, error = %failed, "the error page itself failed");
        HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(error.to_string())
    })
}
