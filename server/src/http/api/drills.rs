//! Drill results in: one, many, or a tool's own document; and one drill out.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use utoipa::ToSchema;

use super::ingest;
use crate::app::drills::Recorded;
use crate::app::ingest as uses;
use crate::app::{blocking, feed};
use crate::error::{Error, Result};
use crate::formats::{Format, Hints};
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};
use crate::tickets;
use crate::types::{DrillKind, Failure, MAX_NAME_BYTES, Outcome, RollbackOutcome};

/// The example of the documentation.
pub const EXAMPLE: &str = r#"{
  "service": "checkout",
  "kind": "dependency",
  "failure": "error",
  "target": "ads",
  "environment": "staging",
  "outcome": "passed",
  "started_at": "2026-03-01T09:20:00.000Z",
  "ended_at": "2026-03-01T09:26:00.000Z",
  "rollback": {"outcome": "succeeded", "seconds": 41},
  "detected_after_seconds": 12.5,
  "recovered_after_seconds": 40,
  "hypothesis": "The page renders without ads",
  "evidence": [{"kind": "url", "href": "https://ci.example/runs/9001"}],
  "external_id": "run-9001",
  "source": {"tool": "toxiproxy", "version": "2.9.0", "run_id": "9001"}
}"#;

/// A drill result, as `POST /api/v1/drills` and each line of a batch take it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form for the documentation; `formats` reads it, with every error at once")]
pub struct DrillResult {
    /// Slug or catalog reference of the service.
    service: String,
    /// What was rehearsed; follows from `failure`.
    #[schema(value_type = Option<String>, example = "dependency")]
    kind: Option<DrillKind>,
    /// Failure class: code, config, schema; cpu, memory, disk, network, dns, clock, disk_write, latency,
    /// host_offline, rack, data_centre; error, delay, timeout.
    #[schema(value_type = String, example = "error")]
    failure: Failure,
    /// What was hit: a dependency, a host group.
    target: Option<String>,
    /// Where it ran.
    environment: String,
    /// passed, failed, inconclusive, rehearsal.
    #[schema(value_type = String, example = "passed")]
    outcome: Outcome,
    /// Start.
    #[schema(format = DateTime)]
    started_at: String,
    /// End.
    #[schema(format = DateTime)]
    ended_at: String,
    /// What became of the rollback.
    rollback: Option<RollbackResult>,
    /// Seconds until an alert fired.
    detected_after_seconds: Option<f64>,
    /// Seconds until the service was well again.
    recovered_after_seconds: Option<f64>,
    /// What should have stayed true.
    hypothesis: Option<String>,
    /// Recorded, never graded.
    exploratory: Option<bool>,
    /// Links that back it.
    evidence: Option<Vec<EvidenceResult>>,
    /// The sender's own id: a repeat answers as the first time.
    external_id: Option<String>,
    /// The tool that ran it.
    source: Option<SourceResult>,
    /// The drill ticket under which it was run, or its id: it says service, failure, target and environment where
    /// this result does not.
    ticket: Option<String>,
}

/// What became of the rollback.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form for the documentation")]
pub struct RollbackResult {
    /// succeeded, failed, suspect, not_run, none_declared, not_tested.
    #[schema(value_type = String, example = "succeeded")]
    outcome: RollbackOutcome,
    /// How long it took.
    seconds: Option<f64>,
}

/// A link that backs a drill.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form for the documentation")]
pub struct EvidenceResult {
    /// What it leads to.
    kind: String,
    /// An http or https address.
    href: String,
}

/// The tool that ran a drill.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form for the documentation")]
pub struct SourceResult {
    /// Its name.
    tool: String,
    /// Its version.
    version: Option<String>,
    /// Its id of the run.
    run_id: Option<String>,
}

/// The `Idempotency-Key` header.
pub struct IdempotencyKey(pub(super) Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = req.headers().get("idempotency-key") else { return ready(Ok(Self(None))) };
        let key = value.to_str().unwrap_or_default().trim();
        ready(if (1..=MAX_NAME_BYTES).contains(&key.len()) {
            Ok(Self(Some(key.to_owned())))
        } else {
            let detail = format!("expected 1 to {MAX_NAME_BYTES} visible ASCII characters");
            Err(Error::invalid("Idempotency-Key", detail))
        })
    }
}

/// The drill ticket of the `x-waterbear-drill` header: its id.
pub struct Ticket(pub(super) Option<String>);

impl FromRequest for Ticket {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(req))
    }
}

impl Ticket {
    /// What the head of a request says.
    pub(super) fn of(req: &HttpRequest) -> Result<Self> {
        let Some(value) = req.headers().get(tickets::HEADER) else { return Ok(Self(None)) };
        let id = tickets::id_of(value.to_str().unwrap_or_default());
        if (1..=MAX_NAME_BYTES).contains(&id.len()) {
            Ok(Self(Some(id)))
        } else {
            Err(Error::invalid(tickets::HEADER, "expected a drill ticket, or its id"))
        }
    }
}

/// `POST /api/v1/drills`
pub async fn record(
    app: Shared,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Ticket(ticket): Ticket,
    body: Body,
) -> Result<HttpResponse> {
    let hints = Hints { ticket, ..Hints::default() };
    ingest::take(&app, actor, Format::Drill, body.bytes.clone(), hints, key).await
}

/// `POST /api/v1/drills/batch`
pub async fn batch(
    app: Shared,
    Caller(actor): Caller,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<HttpResponse> {
    let (lines, results) = blocking(move || uses::read_batch(&body.bytes, key.as_deref())).await?;
    let answers = if results.is_empty() { Vec::new() } else { app.post(actor, results).await? };
    let mut out = Vec::new();
    for line in &uses::line_results(lines, answers) {
        serde_json::to_writer(&mut out, line).map_err(anyhow::Error::new)?;
        out.push(b'\n');
    }
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").body(out))
}

/// `GET /api/v1/drills/{id}`
pub async fn one(app: Shared, req: HttpRequest, Name(id): Name, _: Query) -> Result<HttpResponse> {
    let drill = app.read(move |tx| feed::drill(tx, &id)).await?;
    conditional::json(&req, &drill)
}

/// The answer to a recorded result.
pub(super) fn answer_of(done: Recorded) -> HttpResponse {
    if done.replayed {
        return HttpResponse::Ok().insert_header(("idempotency-replayed", "true")).json(done.answer);
    }
    let place = format!("/api/v1/drills/{}", done.answer.id);
    HttpResponse::Created().insert_header(("location", place)).json(done.answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Read, read};
    use serde_json::Value;
    use utoipa::PartialSchema;

    #[test]
    fn every_documented_field_is_taken() {
        let mut example: Value = serde_json::from_str(EXAMPLE).unwrap();
        example["exploratory"] = Value::Bool(false);
        example["ticket"] = Value::Null;
        let schema = serde_json::to_value(DrillResult::schema()).unwrap();
        for name in schema["properties"].as_object().unwrap().keys() {
            assert!(example.get(name).is_some(), "the example lacks `{name}`");
        }
        let body = example.to_string();
        assert!(matches!(read(Format::Drill, body.as_bytes(), &Hints::default()), Ok(Read::Drill(_))));
        for name in schema["required"].as_array().unwrap() {
            let mut less = example.clone();
            less.as_object_mut().unwrap().remove(name.as_str().unwrap());
            let read = read(Format::Drill, less.to_string().as_bytes(), &Hints::default());
            let missing_service = name == "service" && read.is_ok();
            assert!(missing_service || read.is_err(), "{name} is documented as required");
        }
    }
}
