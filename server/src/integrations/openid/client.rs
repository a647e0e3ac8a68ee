//! One issuer, asked.

use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Client, Response, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::openid::{Keys, MAX_SET_BYTES};
use crate::config::IssuerConfig;
use crate::integrations::net::{self, Door};

/// The longest an answer may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest discovery document, bytes.
const MAX_DOCUMENT: usize = 64 * 1024;
/// Longest address in one.
const MAX_URL: usize = 2_048;

/// What of a discovery document is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovery {
    /// The issuer, to the byte the one that was asked.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where people sign in; none where only programs do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where a code becomes tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// Where people sign out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<String>,
}

/// A client for one issuer; to be made where one may wait, since it reads the CAs of the system.
pub(super) struct Asker {
    pub(super) http: Client,
    issuer: IssuerConfig,
}

/// How far requests to an issuer may go.
fn door(issuer: &IssuerConfig) -> Door<'_> {
    Door {
        section: issuer.section(),
        networks: &issuer.private_networks,
        ca_file: issuer.ca_file.as_deref(),
        timeout: TIMEOUT,
    }
}

/// The discovery document of an issuer.
///
/// # Errors
///
/// Why there is none that can be used.
pub async fn discovery(http: &Client, issuer: &IssuerConfig) -> Result<Discovery, String> {
    let usual = || format!("{}/.well-known/openid-configuration", issuer.url.trim_end_matches('/'));
    let url = issuer.discovery.clone().unwrap_or_else(usual);
    let body = get(http, issuer, &url, MAX_DOCUMENT).await?;
    let found: Discovery =
        serde_json::from_slice(&body).map_err(|error| format!("{url}: no discovery document: {error}"))?;
    if found.issuer != issuer.url {
        let other: String = found.issuer.chars().filter(|c| !c.is_control()).take(160).collect();
        return Err(format!("{url}: it is the document of the issuer `{other}`, not of `{}`", issuer.url));
    }
    let clear = issuer.private_networks.is_empty();
    let places =
        [Some(&found.jwks_uri), found.authorization_endpoint.as_ref(), found.token_endpoint.as_ref()];
    for place in places.into_iter().flatten() {
        let open = place.strip_prefix("http://").is_some() && !clear;
        if place.len() > MAX_URL || !(place.starts_with("https://") || open) {
            return Err(format!("{url}: it names an address that does not begin with https://"));
        }
    }
    Ok(found)
}

/// The keys at `url`.
///
/// # Errors
///
/// Why there are none that can be used.
pub async fn keys(http: &Client, issuer: &IssuerConfig, url: &str) -> Result<Keys, String> {
    let body = get(http, issuer, url, MAX_SET_BYTES).await?;
    Keys::parse(&body).map_err(|why| format!("{url}: {why}"))
}

/// The body of a good answer, as long as it is not too large.
async fn get(http: &Client, issuer: &IssuerConfig, url: &str, most: usize) -> Result<Vec<u8>, String> {
    let place = |why: String| format!("{url}: {why}");
    let checked = door(issuer).check(url).map_err(place)?;
    let fault = |error: reqwest::Error| {
        let error = error.without_url();
        let timeout = error.is_timeout();
        let why = if timeout {
            format!("no whole answer within {} s", TIMEOUT.as_secs())
        } else {
            net::cause(&error)
        };
        format!("{url}: {why}")
    };
    let answer = http.get(checked).header(ACCEPT, "application/json").send().await.map_err(fault)?;
    let status = answer.status();
    if status.is_redirection() {
        return Err(place(format!("it answered {status}, and redirects are not followed")));
    }
    if !status.is_success() {
        return Err(place(format!("it answered {status}")));
    }
    read_body(answer, most).await.map_err(place)
}

/// A body, as long as it is not larger than `most` bytes.
pub(super) async fn read_body(mut answer: Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| net::cause(&error.without_url()))? {
        if body.len() + chunk.len() > most {
            return Err(format!("the answer is larger than {most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Asker {
    pub(super) fn new(issuer: &IssuerConfig) -> Result<Self, String> {
        Ok(Self { http: door(issuer).client()?, issuer: issuer.clone() })
    }

    /// The address, if requests may go there.
    pub(super) fn check(&self, url: &str) -> Result<Url, String> {
        door(&self.issuer).check(url).map_err(|why| format!("{url}: {why}"))
    }

    /// The keys, by way of the discovery document unless the settings say where they are.
    pub(super) async fn read(&self) -> Result<(Option<Value>, Keys), String> {
        if let Some(url) = &self.issuer.jwks_url {
            return Ok((None, keys(&self.http, &self.issuer, url).await?));
        }
        let found = discovery(&self.http, &self.issuer).await?;
        let keys = keys(&self.http, &self.issuer, &found.jwks_uri).await?;
        let document = serde_json::to_value(&found).map_err(|error| error.to_string())?;
        Ok((Some(document), keys))
    }
}
