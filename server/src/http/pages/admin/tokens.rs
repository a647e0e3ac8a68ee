//! All API tokens, the form that makes one, and the button that ends one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::super::chrome::Chrome;
use super::super::frame::{self, Frame};
use super::super::parts::{Code, Tab, When};
use super::users::told;
use super::{back, tabs};
use crate::app::actor::SCOPES;
use crate::app::tokens::{self, CreateToken, TokenView};
use crate::error::{FieldError, Result};
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::credentials::Credentials;
use crate::http::form::{Checked, field, listed, values};
use crate::http::query::Name;
use crate::types::{DAY_MS, Timestamp};

/// Tokens on the page, the newest first.
const SHOWN: usize = 200;
/// Days after which a token ends, as offered.
const DAYS: &[(&str, &str)] = &[("90", "90 days"), ("365", "a year"), ("30", "30 days"), ("0", "never")];

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    more: bool,
    scopes: Vec<Scope>,
    days: &'static [(&'static str, &'static str)],
    name: String,
    errors: Vec<String>,
    made: Option<Code>,
}

/// One scope to tick.
#[derive(Serialize)]
struct Scope {
    word: &'static str,
    about: &'static str,
}

/// One token.
#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    scopes: String,
    limits: String,
    state: &'static str,
    alive: bool,
    created: When,
    ends: Option<When>,
    used: Option<When>,
}

/// `GET /admin/tokens`
pub async fn page(app: Shared, frame: Frame) -> Result<HttpResponse> {
    show(&app, frame, StatusCode::OK, String::new(), Vec::new(), None).await
}

/// `POST /admin/tokens`: `name`, `scope` (several), `services`, `teams` (with commas), `days`.
pub async fn create(app: Shared, frame: Frame, caller: Caller, form: Checked) -> Result<HttpResponse> {
    let Checked(form) = form;
    let list = |name: &str| -> Vec<String> { listed(&form, name).map(str::to_owned).collect() };
    let name = field(&form, "name").unwrap_or_default().to_owned();
    let days: Option<i64> = field(&form, "days").map(|text| text.parse().unwrap_or(-1));
    let now = app.clock().now();
    let cmd = CreateToken {
        name: name.clone(),
        scopes: values(&form, "scope").map(str::to_owned).collect(),
        services: list("services"),
        teams: list("teams"),
        expires_at: days.filter(|d| *d > 0).map(|d| Timestamp(now.0 + d.min(3_650) * DAY_MS)),
    };
    let made = if days.is_some_and(|d| d < 0) {
        let fields = vec![FieldError::new("/days", "expected a number of days")];
        Err(crate::error::Error::Invalid { fields })
    } else {
        app.write(caller.0, move |tx| tokens::create(tx, &cmd)).await
    };
    match made {
        Ok((token, text)) => {
            let code = Code::new(format!("the token {}", token.name), text);
            show(&app, frame, StatusCode::CREATED, String::new(), Vec::new(), Some(code)).await
        }
        Err(error) => {
            let (status, errors) = told(error)?;
            show(&app, frame, status, name, errors, None).await
        }
    }
}

/// `POST /admin/tokens/{id}/revoke`
pub async fn revoke(
    app: Shared,
    caller: Caller,
    Name(id): Name,
    known: web::Data<Credentials>,
    _: Checked,
) -> Result<HttpResponse> {
    app.write(caller.0, move |tx| tokens::revoke(tx, &id)).await?;
    known.forget();
    Ok(back("/admin/tokens", None))
}

async fn show(
    app: &Shared,
    frame: Frame,
    status: StatusCode,
    name: String,
    errors: Vec<String>,
    made: Option<Code>,
) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let tokens = tokens::list(tx)?;
            Ok(context(frame.chrome(tx)?, &tokens, name, errors, made))
        })
        .await?;
    frame::answer(status, "admin_tokens", &context)
}

/// The page.
pub fn context(
    chrome: Chrome,
    tokens: &[TokenView],
    name: String,
    errors: Vec<String>,
    made: Option<Code>,
) -> Ctx {
    let now = chrome.now;
    Ctx {
        chrome: chrome.titled("API tokens"),
        tabs: tabs("/admin/tokens"),
        more: tokens.len() > SHOWN,
        rows: tokens.iter().take(SHOWN).map(|token| Row::new(token, now)).collect(),
        scopes: SCOPES.iter().map(|word| Scope { word, about: about(word) }).collect(),
        days: DAYS,
        name,
        errors,
        made,
    }
}

impl Row {
    fn new(token: &TokenView, now: Timestamp) -> Self {
        let over = token.expires_at.is_some_and(|end| end <= now);
        let limits = token.services.iter().chain(&token.teams).flatten().cloned().collect::<Vec<_>>();
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            scopes: token.scopes.join(", "),
            limits: if limits.is_empty() { "all services".to_owned() } else { limits.join(", ") },
            state: match (token.revoked_at.is_some(), over) {
                (true, _) => "revoked",
                (false, true) => "expired",
                (false, false) => "in force",
            },
            alive: token.revoked_at.is_none() && !over,
            created: When::new(now, token.created_at),
            ends: token.expires_at.map(|at| When::new(now, at)),
            used: token.last_used_at.map(|at| When::new(now, at)),
        }
    }
}

fn about(scope: &str) -> &'static str {
    match scope {
        "read" => "reads",
        "drills:write" => "sends drill results and deployments, issues drill tickets",
        "evidence:write" => "sends facts, degrader settings, calls that traces show",
        "catalog:write" => "writes services, teams and core flows",
        _ => "everything",
    }
}
