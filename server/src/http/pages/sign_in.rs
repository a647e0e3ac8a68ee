//! Signing in with a password, and out.

use std::sync::LazyLock;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::choose::local;
use super::chrome::Chrome;
use super::frame::{self, Frame};
use super::parts::Link;
use super::words;
use crate::app;
use crate::app::limits::{self, Prover};
use crate::app::people::{self, passwords, sessions};
use crate::error::{Error, Result};
use crate::http::credentials::Credentials;
use crate::http::form::{Checked, Fields, field};
use crate::http::session::{self, Session};
use crate::http::{Shared, auth::Caller, origin, proxied};

/// Passwords checked at the same time at most: each takes 19 MiB and some tens of milliseconds of a core.
static CHECKS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));
/// How long somebody waits for their turn.
const TURN: Duration = Duration::from_secs(5);

/// `?next=`: where to go afterwards.
#[derive(Default, Deserialize)]
pub struct Next {
    #[serde(default)]
    pub(super) next: String,
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    /// The frame.
    pub chrome: Chrome,
    /// Where to go afterwards.
    pub next: String,
    /// What was typed before.
    pub login: String,
    /// Passwords may be used here.
    pub passwords: bool,
    /// Nobody could sign in yet.
    pub nobody: bool,
    /// Why it did not work.
    pub error: Option<String>,
    /// Where else one signs in.
    pub elsewhere: Option<Link>,
}

/// The address of the page that leads back to `path`.
pub fn address(path: &str) -> String {
    if path == "/" { "/sign-in".to_owned() } else { format!("/sign-in?next={}", words::encode(path)) }
}

/// `GET /sign-in?next=`
pub async fn page(
    app: Shared,
    req: HttpRequest,
    frame: Frame,
    ask: web::Query<Next>,
) -> Result<HttpResponse> {
    let next = local(&ask.next).to_owned();
    if let Some((rules, who)) = proxied::person(&app, &req)? {
        let text = proxied::sign_in(&app, &req, rules, who).await?;
        return Ok(go(&next, &session::given(&app, &text)));
    }
    show(&app, frame, StatusCode::OK, &next, "", None).await
}

/// `POST /sign-in`: `login`, `password`, `next`. What is wrong is not said: neither login nor password can be guessed
/// one by one.
pub async fn sent(app: Shared, req: HttpRequest, frame: Frame, form: Checked) -> Result<HttpResponse> {
    let Checked(form) = form;
    let next = local(field(&form, "next").unwrap_or_default()).to_owned();
    let login = field(&form, "login").unwrap_or_default().to_lowercase();
    let caller = Caller::of(&req).0;
    if !app.config.sign_in.passwords {
        return Err(Error::Forbidden { detail: "Passwords are switched off here.".to_owned() });
    }
    if let Err(error) = attempted(&app, &req, &login).await {
        let Error::TooMany { detail, retry_after_seconds } = error else { return Err(error) };
        let mut answer =
            show(&app, frame, StatusCode::TOO_MANY_REQUESTS, &next, &login, Some(detail)).await?;
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(retry_after_seconds));
        return Ok(answer);
    }
    let Some(user) = prove(&app, &login, password(&form)).await? else {
        let known = login.clone();
        app.write(caller, move |tx| {
            let account = people::secret_of(tx, &known)?.map(|(id, _)| id);
            people::note_refusal(tx, account.as_deref());
            Ok(())
        })
        .await?;
        let error = "Login or password is not right.".to_owned();
        return show(&app, frame, StatusCode::UNAUTHORIZED, &next, &login, Some(error)).await;
    };
    let agent = session::agent(&req);
    // Whoever signs in gets a session of their own: one that was there before is of no use to anybody.
    let before = session::held(&app, req.headers());
    let address = origin::address(&req).map(limits::address_key);
    let text = app
        .write(caller, move |tx| {
            if let Some(before) = &before {
                sessions::end(tx, before)?;
            }
            limits::succeeded(tx, Prover::Account(&login))?;
            if let Some(address) = &address {
                limits::succeeded(tx, Prover::Address(address))?;
            }
            sessions::begin(tx, &user, "password", agent.as_deref())
        })
        .await?;
    Ok(go(&next, &session::given(&app, &text)))
}

/// Counts an attempt to prove who one is, before it is looked at.
///
/// # Errors
///
/// [`Error::TooMany`] when the account, or the address, has to wait.
pub(super) async fn attempted(app: &Shared, req: &HttpRequest, login: &str) -> Result<()> {
    let login = login.to_owned();
    let address = origin::address(req).map(limits::address_key);
    app.write(Caller::of(req).0, move |tx| {
        if let Some(address) = &address {
            limits::attempt(tx, Prover::Address(address))?;
        }
        limits::attempt(tx, Prover::Account(&login))
    })
    .await
}

/// `POST /sign-out`
pub async fn out(
    app: Shared,
    req: HttpRequest,
    caller: Caller,
    known: web::Data<Credentials>,
    _: Checked,
) -> Result<HttpResponse> {
    if let Some(Session(text)) = Session::of(&req) {
        app.write(caller.0, move |tx| sessions::end(tx, &text)).await?;
        known.forget();
    }
    Ok(go("/", &session::taken(&app)))
}

/// A password is not trimmed: spaces are part of it.
fn password(form: &Fields) -> String {
    form.iter().find(|(name, _)| name == "password").map(|(_, value)| value.clone()).unwrap_or_default()
}

/// The id of the account that `login` and `password` belong to. Takes as long for an account that is not there.
pub async fn prove(app: &Shared, login: &str, password: String) -> Result<Option<String>> {
    let asked = login.to_owned();
    let found = app.read(move |tx| people::secret_of(tx, &asked)).await?;
    let turn = tokio::time::timeout(TURN, CHECKS.acquire()).await;
    let _turn = turn.map_err(|_| Error::Unavailable {
        detail: "Too many people are signing in. Try again in a moment.".to_owned(),
        retry_after_seconds: 5,
    })?;
    app::blocking(move || {
        let good = passwords::verify(&password, found.as_ref().map(|(_, hash)| hash.as_str()))?;
        Ok(found.filter(|_| good).map(|(id, _)| id))
    })
    .await
}

pub(super) async fn show(
    app: &Shared,
    frame: Frame,
    status: StatusCode,
    next: &str,
    login: &str,
    error: Option<String>,
) -> Result<HttpResponse> {
    let nobody = app.read(|tx| Ok(!people::has_admin(tx)?)).await?;
    let chrome = frame.bare(app.clock().now());
    let passwords = app.config.sign_in.passwords;
    let elsewhere = app.config.identity_provider.as_ref().map(|provider| {
        Link::to(&provider.title, format!("/sign-in/elsewhere?next={}", words::encode(next)))
    });
    let login = login.chars().take(100).collect();
    let next = next.to_owned();
    let context = Ctx { chrome: chrome.titled("Sign in"), next, login, passwords, nobody, error, elsewhere };
    frame::answer(status, "sign_in", &context)
}

/// On to a page of ours, with a cookie.
pub(super) fn go(next: &str, cookie: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::SET_COOKIE, cookie))
        .insert_header((header::LOCATION, local(next)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
