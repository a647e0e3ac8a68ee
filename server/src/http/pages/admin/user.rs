//! One account: what it is, and the form that changes it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::super::chrome::Chrome;
use super::super::frame::{self, Frame};
use super::super::parts::{Choice, Link, When};
use super::back;
use super::users::{ROLES, in_teams, told};
use crate::app::people::sessions::{self, SessionView};
use crate::app::people::{self, ChangeUser, MemberOf, UserView};
use crate::error::{Error, Result};
use crate::http::Shared;
use crate::http::api::users as api;
use crate::http::auth::Caller;
use crate::http::credentials::Credentials;
use crate::http::form::{Checked, field};
use crate::http::query::Name;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    user: UserView,
    roles: Vec<Choice>,
    teams: String,
    created: When,
    signed_in: Option<When>,
    sessions: usize,
    has_password: bool,
    errors: Vec<String>,
    /// A password that was made up just now.
    password: Option<String>,
}

/// `GET /admin/users/{id}`
pub async fn page(app: Shared, frame: Frame, Name(id): Name) -> Result<HttpResponse> {
    show(&app, frame, StatusCode::OK, id, Vec::new(), None).await
}

/// `POST /admin/users/{id}`: `do` is change, disable, enable, password or sign_out.
pub async fn change(
    app: Shared,
    frame: Frame,
    caller: Caller,
    Name(id): Name,
    known: web::Data<Credentials>,
    form: Checked,
) -> Result<HttpResponse> {
    let Checked(form) = form;
    let to = format!("/admin/users/{id}");
    let mut cmd = ChangeUser::default();
    match field(&form, "do").unwrap_or("change") {
        "change" => {
            cmd.name = field(&form, "name").map(str::to_owned);
            cmd.role = field(&form, "role").map(str::to_owned);
            cmd.email = Some(field(&form, "email").unwrap_or_default().to_owned());
            cmd.teams = Some(in_teams(&form));
        }
        "disable" => cmd.disabled = Some(true),
        "enable" => cmd.disabled = Some(false),
        "password" => {
            let password = people::passwords::random()?;
            cmd.password = Some(password.clone());
            let done = api::alter(&app, caller.0, &known, id.clone(), cmd).await;
            return match done.map_err(told) {
                Ok(_) => show(&app, frame, StatusCode::OK, id, Vec::new(), Some(password)).await,
                Err(error) => {
                    let (status, errors) = error?;
                    show(&app, frame, status, id, errors, None).await
                }
            };
        }
        "sign_out" => {
            app.write(caller.0, move |tx| {
                let row = people::found(tx, &id)?;
                sessions::end_of(tx, &row, None)
            })
            .await?;
            known.forget();
            return Ok(back(&to, None));
        }
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(Error::invalid("/do", format!("`{other}` is nothing that can be done")));
        }
    }
    match api::alter(&app, caller.0, &known, id.clone(), cmd).await {
        Ok(_) => Ok(back(&to, None)),
        Err(error) => {
            let (status, errors) = told(error)?;
            show(&app, frame, status, id, errors, None).await
        }
    }
}

async fn show(
    app: &Shared,
    frame: Frame,
    status: StatusCode,
    id: String,
    errors: Vec<String>,
    password: Option<String>,
) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let user = people::one(tx, &id)?;
            let sessions = sessions::list(tx, &id)?;
            Ok(context(frame.chrome(tx)?, user, &sessions, errors, password))
        })
        .await?;
    frame::answer(status, "admin_user", &context)
}

/// The page.
pub fn context(
    chrome: Chrome,
    user: UserView,
    sessions: &[SessionView],
    errors: Vec<String>,
    password: Option<String>,
) -> Ctx {
    let now = chrome.now;
    Ctx {
        crumbs: vec![Link::to("Accounts", "/admin/users")],
        here: user.login.clone(),
        roles: ROLES.iter().map(|(value, text)| Choice::new(*value, *text, Some(&user.role))).collect(),
        teams: user.teams.iter().map(MemberOf::word).collect::<Vec<_>>().join(", "),
        created: When::new(now, user.created_at),
        signed_in: user.signed_in_at.map(|at| When::new(now, at)),
        sessions: sessions.len(),
        has_password: user.signs_in == "password",
        errors,
        password,
        chrome: chrome.titled(format!("Account {}", user.login)),
        user,
    }
}
