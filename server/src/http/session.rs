//! What a browser holds of its session, and the proof that a form was sent from one of our own pages.
//!
//! Three things guard a write that rests on a cookie: the cookie is not sent from other sites (`SameSite=Lax`), the
//! browser says where the request came from (`Sec-Fetch-Site`, `Origin`), and forms carry a text that only our pages know.

use actix_web::http::{Method, header, header::HeaderMap};
use actix_web::{HttpMessage, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::error::{Error, Result};

/// Longest text of a session that is looked at, bytes.
const MAX_BYTES: usize = 64;
/// Longest attempt to sign in elsewhere, bytes.
const MAX_ATTEMPT: usize = 4_096;
/// The name of the cookie where nothing is encrypted; `__Host-` stands before it otherwise.
pub const NAME: &str = "waterbear";
/// The header in which a script of our pages sends the text of a form.
const TOKEN_HEADER: &str = "x-csrf-token";

/// The session a request came with; found good by the gate.
#[derive(Clone)]
pub struct Session(pub String);

impl Session {
    /// The session behind a request.
    pub fn of(req: &HttpRequest) -> Option<Self> {
        req.extensions().get::<Self>().cloned()
    }

    /// The text that forms of this session carry: known to whoever holds the session, and of no use to find it.
    pub fn form_token(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(b"waterbear form token\0");
        hasher.update(self.0.as_bytes());
        URL_SAFE_NO_PAD.encode(hasher.finalize())
    }

    /// Refuses a form that does not carry the text of this session.
    pub fn require_form_token(&self, given: Option<&str>) -> Result<()> {
        if given.is_some_and(|given| same(given.as_bytes(), self.form_token().as_bytes())) {
            return Ok(());
        }
        let detail = "This form is from an earlier session. Open the page again and send it once more.";
        Err(Error::Forbidden { detail: detail.to_owned() })
    }
}

/// Compares without telling by the time where two texts differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |odd, (x, y)| odd | (x ^ y)) == 0
}

/// A cookie of a request.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let headers = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    headers
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// What the browser calls itself.
pub fn agent(req: &HttpRequest) -> Option<String> {
    req.headers().get(header::USER_AGENT)?.to_str().ok().map(str::to_owned)
}

/// The name of the cookie: over TLS one that no other host and no plain connection can set.
fn name(app: &App) -> &'static str {
    if is_secure(app) { "__Host-waterbear" } else { NAME }
}

fn is_secure(app: &App) -> bool {
    app.config.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
}

/// The session text of a request, looked at by nobody yet.
pub fn held(app: &App, headers: &HeaderMap) -> Option<String> {
    cookie(headers, name(app)).filter(|text| !text.is_empty() && text.len() <= MAX_BYTES)
}

/// The `Set-Cookie` that gives a browser its session.
pub fn given(app: &App, text: &str) -> String {
    let seconds = app.config.sign_in.absolute_ms() / 1000;
    set(app, text, seconds)
}

/// The `Set-Cookie` that takes it away.
pub fn taken(app: &App) -> String {
    set(app, "", 0)
}

/// The `Set-Cookie` that keeps an attempt to sign in elsewhere; empty: that forgets it.
pub fn attempt(app: &App, text: &str, seconds: i64) -> String {
    named(app, attempt_name(app), text, seconds)
}

/// The attempt that a browser keeps.
pub fn attempted(app: &App, headers: &HeaderMap) -> Option<String> {
    cookie(headers, attempt_name(app)).filter(|text| text.len() <= MAX_ATTEMPT)
}

fn attempt_name(app: &App) -> &'static str {
    if is_secure(app) { "__Host-waterbear-attempt" } else { "waterbear-attempt" }
}

fn set(app: &App, text: &str, seconds: i64) -> String {
    named(app, name(app), text, seconds)
}

fn named(app: &App, name: &str, text: &str, seconds: i64) -> String {
    let secure = if is_secure(app) { "; Secure" } else { "" };
    format!("{name}={text}; Path=/; Max-Age={seconds}; SameSite=Lax; HttpOnly{secure}")
}

/// Refuses a write that another site made a browser send. `by_cookie`: the request rests on a session, so it has to
/// show where it comes from; without one, saying nothing is fine (a program).
pub fn require_own_site(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    by_cookie: Option<&Session>,
) -> Result<()> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let ours = match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin" | "none"), _) => Some(true),
        (Some(_), _) => Some(false),
        (None, Some(origin)) => Some(is_own(app, headers, origin)),
        (None, None) => None,
    };
    let shown = by_cookie.is_some_and(|session| session.require_form_token(text(TOKEN_HEADER)).is_ok());
    match (ours, by_cookie) {
        (Some(true), _) | (None, None) => Ok(()),
        (None, Some(_)) if shown => Ok(()),
        (None, Some(_)) => {
            let detail = "A write with a session cookie has to say where it comes from (Sec-Fetch-Site, Origin); \
                          programs send Authorization: Bearer wb_… instead.";
            Err(Error::Forbidden { detail: detail.to_owned() })
        }
        (Some(false), _) => {
            let detail = "This was sent from another site, and is not done.";
            Err(Error::Forbidden { detail: detail.to_owned() })
        }
    }
}

/// Whether an `Origin` is this server as its reader knows it.
fn is_own(app: &App, headers: &HeaderMap, origin: &str) -> bool {
    let Some((_, authority)) = origin.split_once("://") else { return false };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let public = app.config.public_url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
    let public = public.and_then(|rest| rest.split('/').next());
    let same = |own: Option<&str>| own.is_some_and(|own| own.eq_ignore_ascii_case(authority));
    // The host was checked against the settings before this.
    same(host) || same(public)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_token_belongs_to_one_session() {
        let (one, other) = (Session("a".into()), Session("b".into()));
        assert!(one.require_form_token(Some(&one.form_token())).is_ok());
        assert!(one.require_form_token(Some(&other.form_token())).is_err());
        assert!(one.require_form_token(Some("")).is_err() && one.require_form_token(None).is_err());
    }

    #[test]
    fn equal_is_equal_and_nothing_else_is() {
        assert!(same(b"abc", b"abc") && same(b"", b""));
        assert!(!same(b"abc", b"abd") && !same(b"abc", b"ab"));
    }
}
