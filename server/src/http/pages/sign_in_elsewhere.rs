//! Signing in at the identity provider: authorization code with PKCE, state and nonce (OpenID Connect Core, RFC 7636).
//!
//! What an attempt is known by stands in a cookie of the browser that began it: another browser cannot end it, and any
//! process can. None of it is a secret from its own browser.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::choose::local;
use super::frame::Frame;
use super::sign_in::{Next, go, show};
use super::words;
use crate::app::openid::{self, Expect, ShownBy};
use crate::app::people::provider::Profile;
use crate::app::publishers::keys;
use crate::config::IdentityProvider;
use crate::error::{Error, Result};
use crate::http::{Shared, proxied, session};
use crate::integrations::openid::ready;
use crate::integrations::openid::sign_in::{Redeem, endpoints, redeem};
use crate::types::random_text;

/// An attempt that takes longer is begun again.
const MINUTES: i64 = 10;
/// Longest code that is passed on, bytes.
const MAX_CODE: usize = 4_096;

/// What a browser keeps of its attempt.
#[derive(Serialize, Deserialize)]
struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    /// Ends, ms.
    ends: i64,
}

/// What the provider sends back.
#[derive(Default, Deserialize)]
pub struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
    /// RFC 9207.
    iss: Option<String>,
}

/// `GET /sign-in/elsewhere?next=`: off to the provider.
pub async fn start(app: Shared, ask: web::Query<Next>) -> Result<HttpResponse> {
    let provider = of(&app)?;
    let places = endpoints(&app, provider).await?;
    let attempt = Attempt {
        state: random_text::<32>()?,
        nonce: random_text::<32>()?,
        verifier: random_text::<32>()?,
        next: local(&ask.next).to_owned(),
        ends: app.clock().now().0 + MINUTES * 60_000,
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(attempt.verifier.as_bytes()));
    let redirect_uri = redirect_uri(&app);
    let scopes = provider.scopes.join(" ");
    let pairs = [
        ("response_type", "code"),
        ("client_id", provider.client_id.as_str()),
        ("redirect_uri", redirect_uri.as_str()),
        ("scope", scopes.as_str()),
        ("state", attempt.state.as_str()),
        ("nonce", attempt.nonce.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let query: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", words::encode(value))).collect();
    let joint = if places.authorization.contains('?') { '&' } else { '?' };
    let to = format!("{}{joint}{}", places.authorization, query.join("&"));
    let text = serde_json::to_vec(&attempt).map_err(anyhow::Error::new)?;
    let cookie = session::attempt(&app, &URL_SAFE_NO_PAD.encode(text), MINUTES * 60);
    Ok(HttpResponse::SeeOther()
        .insert_header((header::SET_COOKIE, cookie))
        .insert_header((header::LOCATION, to))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// `GET /sign-in/back?code=&state=&error=&iss=`: back from the provider.
pub async fn back(
    app: Shared,
    req: HttpRequest,
    frame: Frame,
    asked: web::Query<Back>,
) -> Result<HttpResponse> {
    let provider = of(&app)?;
    let attempt = match held(&app, &req, &asked) {
        Ok(attempt) => attempt,
        Err(why) => return show(&app, frame, StatusCode::BAD_REQUEST, "/", "", Some(why.to_owned())).await,
    };
    if !asked.error.is_empty() || asked.code.is_empty() || asked.code.len() > MAX_CODE {
        let said: String =
            asked.error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
        let why = format!(
            "{} did not sign you in{}.",
            provider.title,
            if said.is_empty() { said } else { format!(" ({said})") }
        );
        return show(&app, frame, StatusCode::UNAUTHORIZED, &attempt.next, "", Some(why)).await;
    }
    let signed = finish(&app, provider, &attempt, &asked, &req).await;
    match signed {
        Ok(text) => {
            let mut answer = go(&attempt.next, &session::given(&app, &text));
            if let Ok(gone) = header::HeaderValue::from_str(&session::attempt(&app, "", 0)) {
                answer.headers_mut().append(header::SET_COOKIE, gone);
            }
            Ok(answer)
        }
        Err(error @ (Error::Unauthenticated { .. } | Error::Forbidden { .. })) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
            tracing::warn!(%error, "a sign-in by the identity provider was refused");
            show(&app, frame, status, &attempt.next, "", Some(error.to_string())).await
        }
        Err(other) => Err(other),
    }
}

/// Redeems the code, believes the identity token only if it holds, and begins a session.
async fn finish(
    app: &Shared,
    provider: &IdentityProvider,
    attempt: &Attempt,
    asked: &Back,
    req: &HttpRequest,
) -> Result<String> {
    let places = endpoints(app, provider).await?;
    let redirect_uri = redirect_uri(app);
    let what = Redeem { code: &asked.code, verifier: &attempt.verifier, redirect_uri: &redirect_uri };
    let token = redeem(&places, provider, &what).await?;
    let named = openid::named(&token, ShownBy::Person)?;
    if !named.kid.is_empty() {
        ready(app, &provider.issuer, &named.kid).await?;
    }
    let (issuer, audience) = (provider.issuer.url.clone(), provider.client_id.clone());
    let claims = app
        .read(move |tx| {
            let published = keys::published(tx, &issuer)?;
            let expect =
                Expect { issuer: &issuer, audience: &audience, now: tx.now, shown_by: ShownBy::Person };
            openid::verify(&token, &published.keys, &expect)
        })
        .await?;
    let nonce = claims.text("nonce").unwrap_or_default();
    if !session::same(nonce.as_bytes(), attempt.nonce.as_bytes()) {
        let detail = "The identity token is not of this attempt (nonce). Sign in again.".to_owned();
        return Err(Error::Unauthenticated { detail });
    }
    let who = Profile::of(provider, &claims)?;
    proxied::sign_in(app, req, provider.groups.clone(), who).await
}

/// The attempt of this browser, if the answer belongs to it.
fn held(app: &Shared, req: &HttpRequest, asked: &Back) -> std::result::Result<Attempt, &'static str> {
    const OVER: &str = "This sign-in was begun in another browser, or too long ago. Begin again.";
    let text = session::attempted(app, req.headers()).ok_or(OVER)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| OVER)?;
    let attempt: Attempt = serde_json::from_slice(&bytes).map_err(|_| OVER)?;
    let own = session::same(attempt.state.as_bytes(), asked.state.as_bytes()) && !attempt.state.is_empty();
    if !own || attempt.ends < app.clock().now().0 {
        return Err(OVER);
    }
    let issuer = app.config.identity_provider.as_ref().map(|provider| provider.issuer.url.as_str());
    if asked.iss.as_deref().is_some_and(|iss| Some(iss) != issuer) {
        return Err("The answer is of another identity provider. Begin again.");
    }
    Ok(Attempt { next: local(&attempt.next).to_owned(), ..attempt })
}

fn of(app: &Shared) -> Result<&IdentityProvider> {
    let none = || Error::not_found("address", "/sign-in/elsewhere");
    app.config.identity_provider.as_ref().ok_or_else(none)
}

fn redirect_uri(app: &Shared) -> String {
    format!("{}/sign-in/back", app.base_url())
}
