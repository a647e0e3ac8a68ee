//! Signing in at an identity provider: where it is done, and what a code is worth.

use std::sync::Arc;

use reqwest::header::ACCEPT;
use serde::Deserialize;

use super::client::{Asker, Discovery, read_body};
use super::ready;
use crate::app::publishers::keys as kept;
use crate::app::{Actor, App, blocking};
use crate::config::IdentityProvider;
use crate::error::{Error, Result};

/// A discovery document older than that is read again, ms.
const OLD_MS: i64 = 60 * 60_000;
/// Largest answer to a code, bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Where people sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Where a browser is sent.
    pub authorization: String,
    /// Where a code becomes a token.
    pub token: String,
}

/// What a code is redeemed with.
pub struct Redeem<'a> {
    /// The code.
    pub code: &'a str,
    /// What its challenge was made of (PKCE).
    pub verifier: &'a str,
    /// Where the browser came back to.
    pub redirect_uri: &'a str,
}

/// The answer to a code, as far as it is used.
#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
}

fn away(detail: String) -> Error {
    Error::Unavailable { detail, retry_after_seconds: 60 }
}

/// Where people sign in, from the discovery document that all processes share.
///
/// # Errors
///
/// [`Error::Unavailable`] while there is none.
pub async fn endpoints(app: &Arc<App>, provider: &IdentityProvider) -> Result<Endpoints> {
    for last in [false, true] {
        let url = provider.issuer.url.clone();
        let (now, known) =
            app.read_for(Actor::schedule(), move |tx| Ok((tx.now, kept::published(tx, &url)?))).await?;
        let fresh = known.fetched_at.is_some_and(|at| now.0 - at.0 < OLD_MS);
        let document =
            known.document.as_deref().and_then(|text| serde_json::from_str::<Discovery>(text).ok());
        if let Some(found) = document.filter(|_| fresh || last) {
            let (Some(authorization), Some(token)) = (found.authorization_endpoint, found.token_endpoint)
            else {
                let detail = "The identity provider does not say where people sign in (authorization_endpoint, \
                              token_endpoint).";
                return Err(away(detail.to_owned()));
            };
            return Ok(Endpoints { authorization, token });
        }
        if last {
            let why = known.error.unwrap_or_else(|| "it was not read yet".to_owned());
            tracing::warn!(why, "the discovery document of the identity provider cannot be read");
            return Err(away(
                "The identity provider cannot be reached now. Try again in a minute.".to_owned(),
            ));
        }
        // No key has an empty id, so the set is read if it may be.
        ready(app, &provider.issuer, "").await?;
    }
    Err(away("The identity provider cannot be reached now. Try again in a minute.".to_owned()))
}

/// The identity token that a code is worth.
///
/// # Errors
///
/// [`Error::Unauthenticated`] when the provider refuses the code, [`Error::Unavailable`] when it does not answer.
pub async fn redeem(endpoints: &Endpoints, provider: &IdentityProvider, what: &Redeem<'_>) -> Result<String> {
    let issuer = provider.issuer.clone();
    let secret = provider.client_secret.clone();
    // Both read files.
    let made = blocking(move || {
        let secret = secret.map(|secret| secret.read()).transpose();
        Ok((Asker::new(&issuer), secret))
    });
    let (client, secret) = made.await?;
    let broken = |why: String| {
        tracing::error!(why, "asking the identity provider");
        away("The identity provider cannot be asked: see the log of this server.".to_owned())
    };
    let client = client.map_err(broken)?;
    let secret = secret.map_err(broken)?;
    let url = client.check(&endpoints.token).map_err(broken)?;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", what.code),
        ("redirect_uri", what.redirect_uri),
        ("code_verifier", what.verifier),
    ];
    let mut request = client.http.post(url).header(ACCEPT, "application/json");
    match &secret {
        // RFC 6749, 2.3.1: both are form-encoded before they are joined.
        Some(secret) => {
            request = request.basic_auth(encoded(&provider.client_id), Some(encoded(secret.trim())));
        }
        None => form.push(("client_id", provider.client_id.as_str())),
    }
    let answer = request.form(&form).send().await.map_err(|error| broken(error.without_url().to_string()))?;
    let status = answer.status();
    let body = read_body(answer, MAX_ANSWER).await.map_err(broken)?;
    if !status.is_success() {
        let said: String =
            String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(200).collect();
        tracing::warn!(%status, said, "the identity provider refused a code");
        let detail = "The identity provider did not confirm the sign-in. Sign in again.".to_owned();
        return Err(if status.is_server_error() { away(detail) } else { Error::Unauthenticated { detail } });
    }
    let tokens: Tokens = serde_json::from_slice(&body)
        .map_err(|error| broken(format!("its answer to a code is no JSON of tokens: {error}")))?;
    tokens.id_token.ok_or_else(|| broken("its answer to a code has no id_token".to_owned()))
}

/// As `application/x-www-form-urlencoded` writes it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let written = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(written).collect()
}
