//! Errors as RFC 9457 problems for programs, as pages for people; what went wrong inside is logged and never sent.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::headers::{logged_path, request_id};
use super::{answers, pages, routes};
use crate::error::{Error, FieldError};

/// Media type of a problem.
pub const MEDIA: &str = "application/problem+json";

/// Field errors sent at most; a body can be made to have a hundred thousand.
const MOST_ERRORS: usize = 100;
/// Of them repeated in the sentence.
const TOLD_ERRORS: usize = 3;

/// What went wrong, for a program and its owner.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Where the kind of problem is explained.
    #[serde(rename = "type")]
    #[schema(example = "/help/errors#invalid")]
    pub kind: String,
    /// The kind in a few words.
    #[schema(example = "Invalid")]
    pub title: String,
    /// HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable, machine-readable name of the kind.
    #[schema(example = "invalid")]
    pub code: String,
    /// What was wrong, what was expected, where.
    pub detail: String,
    /// Names this request in the server's log.
    pub request_id: String,
    /// Everything wrong with the request, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(inline, value_type = Vec<FieldProblem>, required = false)]
    pub errors: Vec<FieldError>,
    /// What this kind of problem says beyond that.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

/// One thing wrong with a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer into the body, or `?name` for a query parameter.
    #[schema(example = "/started_at")]
    pub pointer: String,
    /// What is wrong and what was expected.
    pub detail: String,
}

impl Problem {
    /// A problem of this status and code.
    pub fn new(req: &HttpRequest, status: u16, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/help/errors#{code}"),
            title: title.to_owned(),
            status,
            code: code.to_owned(),
            detail: detail.into(),
            request_id: request_id(req),
            errors: Vec::new(),
            more: serde_json::Map::new(),
        }
    }

    /// The problem an error is.
    pub fn of(req: &HttpRequest, error: &Error) -> Self {
        let title = match error {
            Error::Malformed { .. } => "Cannot be read",
            Error::NotFound { .. } => "Not found",
            Error::Invalid { .. } => "Invalid",
            Error::Unauthenticated { .. } => "Not authenticated",
            Error::Forbidden { .. } => "Not allowed",
            Error::Conflict { .. } => "Conflict",
            Error::TooMany { .. } => "Too many requests",
            Error::TooLarge { .. } => "Too large",
            Error::UnsupportedMedia { .. } => "Unsupported media type",
            Error::Unavailable { .. } => "Unavailable",
            Error::Internal(_) => "Internal error",
        };
        let (detail, errors) = match error {
            Error::Invalid { fields } => (sentence(fields), cut(fields)),
            other => (other.to_string(), Vec::new()),
        };
        Self { errors, ..Self::new(req, error.status(), error.code(), title, detail) }
    }

    /// The problem as an answer.
    pub fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponseBuilder::new(status)
            .insert_header((header::CONTENT_TYPE, MEDIA))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(serde_json::to_string(self).unwrap_or_default())
    }
}

fn cut(fields: &[FieldError]) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = fields.iter().take(MOST_ERRORS).cloned().collect();
    if fields.len() > MOST_ERRORS {
        errors.push(FieldError::new("", format!("and {} more", fields.len() - MOST_ERRORS)));
    }
    errors
}

fn sentence(fields: &[FieldError]) -> String {
    let told: Vec<String> = fields
        .iter()
        .take(TOLD_ERRORS)
        .map(|f| if f.pointer.is_empty() { f.detail.clone() } else { format!("{}: {}", f.pointer, f.detail) })
        .collect();
    let more = match fields.len().saturating_sub(TOLD_ERRORS) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    format!("{}{more}", told.join("; "))
}

/// The status only: [`render`] writes the body, when it knows who asks.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

/// Middleware: gives every error that a handler, an extractor or the gate returned its body.
pub async fn render<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let res = next.call(req).await?;
    let answer = match res.response().error() {
        None => {
            answers::note_size(res.request(), res.response().body().size());
            return Ok(res.map_into_boxed_body());
        }
        Some(error) => match error.as_error::<Error>() {
            Some(ours) => response(res.request(), ours),
            None => response(res.request(), &foreign(res.status(), &error.to_string())),
        },
    };
    Ok(res.into_response(answer))
}

/// The answer to an error: a problem or a page, by where it happened.
pub fn response(req: &HttpRequest, error: &Error) -> HttpResponse {
    if let Error::Internal(inside) = error {
        tracing::error!(
            request_id = request_id(req),
            path = logged_path(req.path()),
            error = format!("{inside:#}"),
            "internal error"
        );
    }
    let mut answer = if routes::speaks_json(req.path()) {
        Problem::of(req, error).response()
    } else {
        pages::error_page(req, error, &request_id(req))
    };
    let headers = answer.headers_mut();
    match error {
        Error::Unauthenticated { .. } => {
            headers.insert(
                header::WWW_AUTHENTICATE,
                header::HeaderValue::from_static("Bearer realm=\"waterbear\""),
            );
        }
        Error::Unavailable { retry_after_seconds, .. } | Error::TooMany { retry_after_seconds, .. } => {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from(*retry_after_seconds));
        }
        _ => {}
    }
    answer
}

/// An error of the web framework in our words.
fn foreign(status: StatusCode, detail: &str) -> Error {
    match status.as_u16() {
        404 => Error::not_found("such address", detail),
        413 => Error::TooLarge { limit_bytes: 0, detail: detail.to_owned() },
        415 => Error::UnsupportedMedia { detail: detail.to_owned() },
        400..=499 => Error::malformed(detail),
        _ => Error::Internal(anyhow::anyhow!("{status}: {detail}")),
    }
}

/// What is served nowhere.
pub async fn no_such_path(req: HttpRequest) -> Result<HttpResponse, Error> {
    let path: String = req.path().chars().take(200).collect();
    Err(Error::not_found("address", path))
}

/// A path that is there, asked with a method that is not.
pub fn method_not_allowed(req: &HttpRequest, allow: &str) -> HttpResponse {
    let detail = format!("{} is not taken here; this path takes {allow}.", req.method());
    let mut answer = Problem::new(req, 405, "method_not_allowed", "Method not allowed", detail).response();
    if let Ok(value) = header::HeaderValue::from_str(allow) {
        answer.headers_mut().insert(header::ALLOW, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_field_errors_is_cut_and_counted() {
        let fields: Vec<FieldError> = (0..250).map(|n| FieldError::new(format!("/{n}"), "wrong")).collect();
        let errors = cut(&fields);
        assert_eq!(errors.len(), MOST_ERRORS + 1);
        assert_eq!(errors.last().unwrap().detail, "and 150 more");
        assert_eq!(sentence(&fields), "/0: wrong; /1: wrong; /2: wrong; and 247 more");
    }

    #[test]
    fn what_went_wrong_inside_is_never_sent() {
        let req = actix_web::test::TestRequest::with_uri("/api/v1/services").to_http_request();
        let problem = Problem::of(&req, &Error::Internal(anyhow::anyhow!("SELECT secret")));
        assert!(!serde_json::to_string(&problem).unwrap().contains("SELECT"));
        assert_eq!((problem.status, problem.code.as_str()), (500, "internal"));
    }
}
