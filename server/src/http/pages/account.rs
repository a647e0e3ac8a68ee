//! A person's own account: what they may do, their password, where they are signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::admin::back;
use super::chrome::Chrome;
use super::frame::{self, Frame};
use super::parts::{Link, When};
use crate::app::actor::Credential;
use crate::app::limits::{self, Prover};
use crate::app::people::sessions::{self, SessionView};
use crate::app::people::{self, ChangeUser, UserView, passwords};
use crate::app::{self, Actor};
use crate::error::{Error, Result};
use crate::http::auth::Caller;
use crate::http::credentials::Credentials;
use crate::http::form::{Checked, field};
use crate::http::session::{self, Session};
use crate::http::{Shared, pages};

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    user: UserView,
    teams: Vec<Link>,
    /// The account has a password here.
    has_password: bool,
    least: usize,
    sessions: Vec<Row>,
    error: Option<String>,
}

/// One session.
#[derive(Serialize)]
struct Row {
    id: String,
    agent: String,
    address: String,
    began: When,
    used: When,
    /// It is this one.
    here: bool,
}

/// `GET /account`
pub async fn page(app: Shared, frame: Frame, caller: Caller) -> Result<HttpResponse> {
    show(&app, frame, caller.0, StatusCode::OK, None).await
}

async fn show(
    app: &Shared,
    frame: Frame,
    caller: Actor,
    status: StatusCode,
    error: Option<String>,
) -> Result<HttpResponse> {
    let (id, here) = whose(&caller)?;
    let context = app
        .read(move |tx| {
            let user = people::one(tx, &id)?;
            let sessions = sessions::list(tx, &id)?;
            Ok(context(frame.chrome(tx)?, user, sessions, &here, error))
        })
        .await?;
    frame::answer(status, "account", &context)
}

/// The account and the session of whoever asks.
fn whose(caller: &Actor) -> Result<(String, String)> {
    let nobody = || Error::Forbidden { detail: "A token has no account.".to_owned() };
    let person = caller.person.as_ref().ok_or_else(nobody)?;
    let session = match &caller.credential {
        Credential::Session(id) => id.clone(),
        _ => String::new(),
    };
    Ok((person.id.clone(), session))
}

/// The page.
pub fn context(
    chrome: Chrome,
    user: UserView,
    sessions: Vec<SessionView>,
    here: &str,
    error: Option<String>,
) -> Ctx {
    let now = chrome.now;
    Ctx {
        chrome: chrome.titled("Your account"),
        teams: user
            .teams
            .iter()
            .map(|of| Link::to(format!("{} ({})", of.name, of.is.word()), format!("/teams/{}", of.team)))
            .collect(),
        has_password: user.signs_in == "password",
        least: passwords::MIN_CHARS,
        sessions: sessions
            .into_iter()
            .map(|s| Row {
                here: s.id == here,
                id: s.id,
                agent: s.agent.unwrap_or_else(|| "an unnamed browser".to_owned()),
                address: s.address.unwrap_or_else(|| "an unknown address".to_owned()),
                began: When::new(now, s.created_at),
                used: When::new(now, s.used_at),
            })
            .collect(),
        user,
        error,
    }
}

/// `POST /account/password`: `old`, `new`. All sessions end, and this browser gets a new one.
pub async fn password(
    app: Shared,
    req: HttpRequest,
    frame: Frame,
    caller: Caller,
    known: web::Data<Credentials>,
    form: Checked,
) -> Result<HttpResponse> {
    let Checked(form) = form;
    let (id, _) = whose(&caller.0)?;
    let text =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone()).unwrap_or_default();
    let (old, new) = (text("old"), text("new"));
    let login = caller.0.person.as_ref().map(|p| p.login.clone()).unwrap_or_default();
    pages::sign_in::attempted(&app, &req, &login).await?;
    if pages::sign_in::prove(&app, &login, old).await?.is_none() {
        let error = Some("The old password is not right.".to_owned());
        return show(&app, frame, caller.0, StatusCode::UNPROCESSABLE_ENTITY, error).await;
    }
    if let Some(weak) = passwords::weakness(&new, &login) {
        let error = Some(format!("The new password: {weak}."));
        return show(&app, frame, caller.0, StatusCode::UNPROCESSABLE_ENTITY, error).await;
    }
    let hash = app::blocking(move || passwords::hash(&new)).await?;
    let agent = session::agent(&req);
    let text = app
        .write(caller.0, move |tx| {
            limits::succeeded(tx, Prover::Account(&login))?;
            people::change(tx, &id, &ChangeUser::default(), Some(hash))?;
            sessions::begin(tx, &id, "a new password", agent.as_deref())
        })
        .await?;
    known.forget();
    Ok(back("/account", Some(session::given(&app, &text))))
}

/// `POST /account/sessions`: `id` of the session to end, or nothing for all.
pub async fn end(
    app: Shared,
    req: HttpRequest,
    caller: Caller,
    known: web::Data<Credentials>,
    form: Checked,
) -> Result<HttpResponse> {
    let (user, here) = whose(&caller.0)?;
    let id = field(&form.0, "id").map(str::to_owned);
    let own = id.as_deref().is_none_or(|id| id == here);
    app.write(caller.0, move |tx| {
        let row = people::found(tx, &user)?;
        sessions::end_of(tx, &row, id.as_deref())
    })
    .await?;
    known.forget();
    let gone = (own && Session::of(&req).is_some()).then(|| session::taken(&app));
    Ok(back(if own { "/" } else { "/account" }, gone))
}
