//! Documents of tools in: with a token, or through a hook whose sender proves itself otherwise.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::drills::{IdempotencyKey, Ticket, answer_of};
use crate::app::hooks::{self, Shown};
use crate::app::ingest::{self as uses, Document, Ingested};
use crate::app::{Actor, blocking};
use crate::config::HookConfig;
use crate::error::{Error, Result};
use crate::formats::{Format, Hints, structured_event};
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::{Name, Query};
use crate::http::{Shared, origin};

/// A document larger than this is not read between other requests.
const LARGE_BODY: usize = 64 * 1024;
/// Webhooks are small; whoever sends more to a hook does not mean well.
const HOOK_BODY: usize = 1024 * 1024;

/// A sound message that carries no result.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotRecorded {
    /// Always false.
    recorded: bool,
    /// Why nothing is recorded.
    reason: String,
    /// Id under which the message is kept, where it may be understood one day.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
}

impl NotRecorded {
    fn answer(reason: String, kept: Option<String>) -> HttpResponse {
        HttpResponse::Accepted().json(Self { recorded: false, reason, kept })
    }
}

/// `POST /api/v1/ingest/{format}`
pub async fn ingest(
    app: Shared,
    req: HttpRequest,
    Caller(actor): Caller,
    Name(name): Name,
    query: Query,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<HttpResponse> {
    let format = Format::parse(&name).ok_or_else(|| unknown_format(&name))?;
    let Ticket(ticket) = Ticket::of(&req)?;
    let bytes = unwrapped(&req, format, &body);
    take(&app, actor, format, bytes, Hints { ticket, ..hints_of(&query) }, key).await
}

fn hints_of(query: &Query) -> Hints {
    Hints {
        service: query.text("service"),
        kind: query.text("kind"),
        failure: query.text("failure"),
        target: query.text("target"),
        environment: query.text("environment"),
        exit_code: query.text("exit_code"),
        ticket: None,
    }
}

/// The body; of a CloudEvent in the binary mode, whose attributes are headers, its structured form.
fn unwrapped(req: &HttpRequest, format: Format, body: &Body) -> web::Bytes {
    let headers = req.headers();
    if format != Format::CloudEvents
        || !headers.contains_key("ce-type")
        || body.media.starts_with("application/cloudevents")
    {
        return body.bytes.clone();
    }
    let mut attributes: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().strip_prefix("ce-")?, value.to_str().ok()?)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if !body.media.is_empty() {
        attributes.push(("datacontenttype".to_owned(), body.media.clone()));
    }
    structured_event(&attributes, &body.bytes).into()
}

/// Reads a body, on a thread of its own if it is large, and does what its documents ask for.
pub(super) async fn take(
    app: &Shared,
    actor: Actor,
    format: Format,
    bytes: web::Bytes,
    hints: Hints,
    key: Option<String>,
) -> Result<HttpResponse> {
    let large = bytes.len() > LARGE_BODY;
    let read = move || uses::read_all(format, &bytes, &hints, key.as_deref());
    let mut documents = if large { blocking(read).await } else { read() }?;
    if documents.len() == 1 {
        let document = documents.pop().ok_or_else(|| anyhow::anyhow!("no document of one"))??;
        return one(app, actor, document).await;
    }
    let mut results = Vec::new();
    for (at, document) in documents.into_iter().enumerate() {
        let done = match document {
            Ok(document) => apply(app, actor.clone(), document).await,
            Err(error) => Err(error),
        };
        // What no document of the body can help is everybody's error: the sender is to send it all again.
        match done {
            Err(error @ (Error::Internal(_) | Error::Unavailable { .. } | Error::Unauthenticated { .. })) => {
                return Err(error);
            }
            done => results.push(uses::line_of(at + 1, done)),
        }
    }
    let mut out = Vec::new();
    for line in &results {
        serde_json::to_writer(&mut out, line).map_err(anyhow::Error::new)?;
        out.push(b'\n');
    }
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").body(out))
}

async fn apply(app: &Shared, actor: Actor, document: Document) -> Result<Ingested> {
    match document {
        Document::Ignored(reason) => Ok(Ingested::Ignored(reason)),
        Document::Result(cmd) => {
            let answer = app.post(actor, vec![*cmd]).await?.pop();
            let done = answer.ok_or_else(|| anyhow::anyhow!("a post of one result gave no answer"))??;
            Ok(Ingested::Recorded(Box::new(done)))
        }
        other => app.write(actor, move |tx| uses::apply(tx, other)).await,
    }
}

async fn one(app: &Shared, actor: Actor, document: Document) -> Result<HttpResponse> {
    Ok(match apply(app, actor, document).await? {
        Ingested::Recorded(done) => answer_of(*done),
        Ingested::Ignored(reason) => NotRecorded::answer(reason, None),
        Ingested::Kept { id, reason } => NotRecorded::answer(reason, Some(id)),
        Ingested::Deployed(view, true) => HttpResponse::Ok().json(view),
        Ingested::Deployed(view, false) => HttpResponse::Created().json(view),
        Ingested::Alerts(answer) => HttpResponse::Ok().json(answer),
    })
}

/// `POST /hooks/{name}` and `POST /hooks/{name}/{key}`
pub async fn hook(
    app: Shared,
    req: HttpRequest,
    query: Query,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let part = |name: &str| req.match_info().get(name).map(str::to_owned);
    let name = part("name").unwrap_or_default();
    // Who guesses names learns nothing from the answer.
    let refuse = || Error::Unauthenticated {
        detail: "There is no such hook, or the message does not prove where it comes from.".into(),
    };
    let hook = app.config.hooks.iter().find(|hook| hook.name == name).cloned().ok_or_else(refuse)?;
    let key = part("key");
    let header =
        |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let early = Shown { header: &header, key: key.as_deref(), body: &[] };
    hooks::refused_early(&hook, &early, app.clock().now())?;
    let mut payload: Payload = payload.into_inner();
    let body = Body::from_request(&req, &mut payload).await?;
    if body.bytes.len() > HOOK_BODY {
        let detail = format!("A message to a hook has at most {HOOK_BODY} bytes.");
        return Err(Error::TooLarge { limit_bytes: HOOK_BODY as u64, detail });
    }
    hooks::verify(&hook, &Shown { body: &body.bytes, ..early }, app.clock().now())?;
    let bytes = unwrapped(&req, hook.format, &body);
    let actor = hooks::actor(&hook).calling_from(origin::of(&req));
    from_hook(&app, &hook, actor, bytes, &query).await
}

/// A message whose sender has proven itself. A sender of webhooks can mend nothing and is switched off by errors: what
/// cannot be taken is kept for the owner, and answered well.
async fn from_hook(
    app: &Shared,
    hook: &HookConfig,
    actor: Actor,
    bytes: web::Bytes,
    query: &Query,
) -> Result<HttpResponse> {
    let mut hints = hints_of(query);
    hints.service = hints.service.or_else(|| hook.service.clone());
    hints.environment = hints.environment.or_else(|| hook.environment.clone());
    let format = hook.format;
    let error = match take(app, actor.clone(), format, bytes.clone(), hints.clone(), None).await {
        Err(error) if (400..500).contains(&error.status()) => error,
        done => return done,
    };
    let reason = error.to_string();
    let message = Document::Keep(Box::new(uses::to_keep(format, &hints, &bytes, reason)));
    one(app, actor, message).await
}

fn unknown_format(name: &str) -> Error {
    let known = Format::words().replace(", ", "`, `");
    let shown: String = name.chars().take(60).collect();
    Error::NotFound { what: "format", key: format!("{shown}`; known are `{known}"), nearest: None }
}
