//! All accounts, and the form that makes one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::super::chrome::Chrome;
use super::super::frame::{self, Frame};
use super::super::parts::{Choice, Link, Tab, When};
use super::super::words;
use super::tabs;
use crate::app::people::{self, CreateUser, InTeam, UserView};
use crate::error::{Error, Result};
use crate::http::Shared;
use crate::http::api::users as api;
use crate::http::auth::Caller;
use crate::http::form::{Checked, Fields, field, listed};

/// Accounts on a page.
const PAGE: i64 = 100;

/// The roles that are of the whole installation, and what they are called.
pub(super) const ROLES: &[(&str, &str)] =
    &[("viewer", "Viewer: reads"), ("owner", "Programme owner"), ("admin", "Administrator")];

/// `?after=`: the last login of the page before.
#[derive(Default, Deserialize)]
pub struct After {
    after: Option<String>,
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    next: Option<String>,
    roles: Vec<Choice>,
    form: Sent,
    errors: Vec<String>,
    made: Option<Made>,
}

/// One account.
#[derive(Serialize)]
struct Row {
    link: Link,
    name: String,
    role: String,
    teams: String,
    signs_in: String,
    disabled: bool,
    last: Option<When>,
}

/// What was typed.
#[derive(Clone, Default, Serialize)]
pub struct Sent {
    login: String,
    name: String,
    teams: String,
}

/// An account that was made just now.
#[derive(Clone, Serialize)]
pub struct Made {
    /// Its login.
    pub login: String,
    /// The password that was made up for it.
    pub password: Option<String>,
}

/// `GET /admin/users?after=`
pub async fn page(app: Shared, frame: Frame, at: web::Query<After>) -> Result<HttpResponse> {
    let after = at.into_inner().after.filter(|login| !login.is_empty());
    show(&app, frame, StatusCode::OK, after, Sent::default(), Vec::new(), None).await
}

/// `POST /admin/users`: `login`, `name`, `role`, `teams` (slugs with commas; `slug:lead`). The password is made up and
/// shown this once.
pub async fn create(app: Shared, frame: Frame, caller: Caller, form: Checked) -> Result<HttpResponse> {
    let Checked(form) = form;
    let text = |name: &str| field(&form, name).unwrap_or_default().to_owned();
    let sent = Sent { login: text("login"), name: text("name"), teams: text("teams") };
    let cmd = CreateUser {
        login: sent.login.clone(),
        name: field(&form, "name").map(str::to_owned),
        email: field(&form, "email").map(str::to_owned),
        role: field(&form, "role").map(str::to_owned),
        teams: in_teams(&form),
        password: None,
    };
    match api::make(&app, caller.0, cmd).await {
        Ok((user, password)) => {
            let made = Made { login: user.login, password };
            show(&app, frame, StatusCode::CREATED, None, Sent::default(), Vec::new(), Some(made)).await
        }
        Err(error) => {
            let (status, errors) = told(error)?;
            show(&app, frame, status, None, sent, errors, None).await
        }
    }
}

/// The teams of a form: slugs with commas between them, each with `:lead` where it is led.
pub(super) fn in_teams(form: &Fields) -> Vec<InTeam> {
    listed(form, "teams")
        .map(|word| match word.strip_suffix(":lead") {
            Some(team) => InTeam { team: team.to_owned(), is: people::MayBe::Lead },
            None => InTeam { team: word.to_owned(), is: people::MayBe::Member },
        })
        .collect()
}

/// What a form did wrong, in sentences; other errors are pages of their own.
pub(in crate::http::pages) fn told(error: Error) -> Result<(StatusCode, Vec<String>)> {
    match error {
        Error::Invalid { fields } => {
            let lines = fields.into_iter().map(|f| format!("{}: {}", f.pointer.trim_matches('/'), f.detail));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, lines.collect()))
        }
        Error::Conflict { detail } => Ok((StatusCode::CONFLICT, vec![detail])),
        other => Err(other),
    }
}

async fn show(
    app: &Shared,
    frame: Frame,
    status: StatusCode,
    after: Option<String>,
    sent: Sent,
    errors: Vec<String>,
    made: Option<Made>,
) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let users = people::list(tx, after.as_deref(), PAGE)?;
            Ok(context(frame.chrome(tx)?, users, sent, errors, made))
        })
        .await?;
    frame::answer(status, "admin_users", &context)
}

/// The page.
pub fn context(
    chrome: Chrome,
    users: Vec<UserView>,
    form: Sent,
    errors: Vec<String>,
    made: Option<Made>,
) -> Ctx {
    let now = chrome.now;
    let next = users.last().filter(|_| users.len() as i64 == PAGE).map(|user| words::encode(&user.login));
    Ctx {
        chrome: chrome.titled("Accounts"),
        tabs: tabs("/admin/users"),
        next: next.map(|login| format!("/admin/users?after={login}")),
        rows: users
            .into_iter()
            .map(|user| Row {
                link: Link::to(&user.login, format!("/admin/users/{}", words::encode(&user.id))),
                name: user.name,
                role: user.role,
                teams: user.teams.iter().map(people::MemberOf::word).collect::<Vec<_>>().join(", "),
                signs_in: user.signs_in,
                disabled: user.disabled,
                last: user.signed_in_at.map(|at| When::new(now, at)),
            })
            .collect(),
        roles: ROLES.iter().map(|(value, text)| Choice::new(*value, *text, Some("viewer"))).collect(),
        form,
        errors,
        made,
    }
}
