//! Hooks: whether a sender that has no token is who it says, by its signature or its key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use sha2::{Digest, Sha256};

use super::Actor;
use super::actor::Credential;
use crate::config::{HookConfig, Proof};
use crate::error::{Error, Result};
use crate::types::Timestamp;

/// A signature that is older or newer than this is not believed.
const SKEW_SECONDS: i64 = 300;
/// Signatures of one header that are tried.
const TRIED: usize = 10;

/// What a sender shows.
pub struct Shown<'a> {
    /// A header by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The last part of the address.
    pub key: Option<&'a str>,
    /// The body, to the byte.
    pub body: &'a [u8],
}

/// Who the hook's messages come from.
pub fn actor(hook: &HookConfig) -> Actor {
    let name = format!("hook:{}", hook.name);
    let services = (!hook.services.is_empty()).then(|| hook.services.clone());
    Actor::new(&name, &name, vec!["drills:write".to_owned()], services, None)
        .known_by(Credential::Hook(hook.name.clone()))
}

/// Refuses what does not prove itself; says which proof is expected, never the secret.
pub fn verify(hook: &HookConfig, shown: &Shown<'_>, now: Timestamp) -> Result<()> {
    let secret = hook.secret.read().map_err(|problem| anyhow::anyhow!("the secret of a hook: {problem}"))?;
    if secret.is_empty() {
        return Err(Error::Internal(anyhow::anyhow!("the secret of the hook {} is empty", hook.name)));
    }
    let header = |name: &str| (shown.header)(name).unwrap_or_default();
    let (good, expected) = match &hook.proof {
        Proof::Key => (
            key_of(shown).is_some_and(|key| same(key.as_bytes(), secret.as_bytes())),
            "the key of this hook, at the end of the address, in X-Waterbear-Key or as a bearer token"
                .to_owned(),
        ),
        Proof::Steadybit => {
            let text = header("x-sb-signature");
            let hex = text.trim().strip_prefix("hmac-sha256").map(str::trim);
            (
                hex.is_some_and(|hex| signed(secret.as_bytes(), shown.body, hex)),
                "X-SB-Signature: hmac-sha256 and the HMAC of the body".to_owned(),
            )
        }
        Proof::PagerDuty => {
            let text = header("x-pagerduty-signature");
            let mut all = text.split(',').filter_map(|part| part.trim().strip_prefix("v1=")).take(TRIED);
            (
                all.any(|hex| signed(secret.as_bytes(), shown.body, hex)),
                "X-PagerDuty-Signature: v1= and the HMAC of the body".to_owned(),
            )
        }
        Proof::StandardWebhooks => (
            standard(&secret, shown, now),
            "webhook-id, webhook-timestamp (within 5 minutes) and webhook-signature, or the same as svix-*"
                .to_owned(),
        ),
        Proof::HmacSha256 { header: name } => {
            let text = header(&name.to_lowercase());
            let hex = text.trim().strip_prefix("sha256=").unwrap_or(text.trim());
            (signed(secret.as_bytes(), shown.body, hex), format!("{name}: sha256= and the HMAC of the body"))
        }
    };
    if good {
        return Ok(());
    }
    Err(Error::Unauthenticated {
        detail: format!("This message does not prove where it comes from: expected {expected}."),
    })
}

/// Whether a hook of this kind can be refused before its body is read.
pub fn refused_early(hook: &HookConfig, shown: &Shown<'_>, now: Timestamp) -> Result<()> {
    if hook.proof == Proof::Key { verify(hook, shown, now) } else { Ok(()) }
}

fn key_of(shown: &Shown<'_>) -> Option<String> {
    let bearer = || {
        let text = (shown.header)("authorization")?;
        let (scheme, token) = text.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    };
    shown.key.map(str::to_owned).or_else(|| (shown.header)("x-waterbear-key")).or_else(bearer)
}

/// Whether two texts are equal, in a time that tells nothing of where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (Sha256::digest(one), Sha256::digest(other));
    one.iter().zip(other.iter()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

/// HMAC-SHA-256 of `message`, for what we sign ourselves.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// Whether `hex` is the HMAC-SHA-256 of `body`.
fn signed(secret: &[u8], body: &[u8], hex: &str) -> bool {
    let Some(tag) = unhex(hex.trim()) else { return false };
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), body, &tag).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    Some(digits?.chunks_exact(2).filter_map(|pair| Some(pair.first()? * 16 + pair.last()?)).collect())
}

/// Standard Webhooks: `v1,<base64>` of `id.timestamp.body`, one of several while a secret changes.
fn standard(secret: &str, shown: &Shown<'_>, now: Timestamp) -> bool {
    let header = |name: &str| {
        (shown.header)(&format!("webhook-{name}")).or_else(|| (shown.header)(&format!("svix-{name}")))
    };
    let (Some(id), Some(at), Some(signatures)) = (header("id"), header("timestamp"), header("signature"))
    else {
        return false;
    };
    let near =
        at.trim().parse::<i64>().is_ok_and(|at| (now.0 / 1000).saturating_sub(at).abs() <= SKEW_SECONDS);
    let coded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let Ok(key) = STANDARD.decode(coded) else { return false };
    let mut message = format!("{id}.{at}.").into_bytes();
    message.extend_from_slice(shown.body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let mut all = signatures.split(' ').filter_map(|part| part.strip_prefix("v1,")).take(TRIED);
    near && all.any(|tag| STANDARD.decode(tag).is_ok_and(|tag| hmac::verify(&key, &message, &tag).is_ok()))
}
