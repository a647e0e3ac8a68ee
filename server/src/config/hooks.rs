//! Hooks, each a section `[hooks.NAME]`: addresses for senders that cannot send a token, and how they prove themselves.

use toml::Value;

use super::sources::Fields;
use super::{Secret, Source};
use crate::formats::Format;

/// A sender that posts to `/hooks/NAME`.
#[derive(Clone, Debug)]
pub struct HookConfig {
    /// Its name, from the section's.
    pub name: String,
    /// The form of what it sends.
    pub format: Format,
    /// How it proves itself.
    pub proof: Proof,
    /// What it proves itself with.
    pub secret: Secret,
    /// Services it may write for; empty: all.
    pub services: Vec<String>,
    /// The service its messages are about, where they name none.
    pub service: Option<String>,
    /// The environment its messages are about.
    pub environment: Option<String>,
}

/// How a sender proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The secret itself: at the end of the address, as a bearer token, or in `X-Waterbear-Key`.
    Key,
    /// `X-SB-Signature: hmac-sha256 <hex>` over the body.
    Steadybit,
    /// `X-PagerDuty-Signature: v1=<hex>,v1=<hex>` over the body; any of them.
    PagerDuty,
    /// `webhook-id`, `-timestamp`, `-signature` (or `svix-*`).
    StandardWebhooks,
    /// `<header>: sha256=<hex>` over the body, the prefix being optional.
    HmacSha256 {
        /// Name of the header.
        header: String,
    },
}

const KEYS: &[&str] = &[
    "format",
    "proof",
    "secret_env",
    "secret_file",
    "signature_header",
    "services",
    "service",
    "environment",
];
/// Words of `proof`.
const PROOFS: &str = "key, steadybit, pagerduty, standard-webhooks or hmac-sha256";
/// A shorter secret can be guessed.
const MIN_SECRET: usize = 16;

/// Which labels of an alert say what it is about.
#[derive(Clone, Debug)]
pub struct AlertsConfig {
    /// Labels that may name the service; the first that names a known one wins.
    pub service_labels: Vec<String>,
    /// Labels that may name the environment.
    pub environment_labels: Vec<String>,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect();
        Self {
            service_labels: words(&["waterbear_service", "service", "app"]),
            environment_labels: words(&["waterbear_environment", "environment", "env"]),
        }
    }
}

impl AlertsConfig {
    pub(super) fn apply(&mut self, source: &mut Source) {
        let mut labels = |key: &str, slot: &mut Vec<String>| match source.value("alerts", key) {
            None => {}
            Some(Value::Array(list)) if !list.is_empty() && list.iter().all(Value::is_str) => {
                *slot = list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
            }
            Some(_) => source.errors.push(format!("alerts.{key}: expected a list of names of labels")),
        };
        labels("service_labels", &mut self.service_labels);
        labels("environment_labels", &mut self.environment_labels);
    }
}

/// Reads every `[hooks.NAME]`.
pub(super) fn read(source: &mut Source) -> Vec<HookConfig> {
    match source.table.get("hooks").cloned() {
        None => Vec::new(),
        Some(Value::Table(all)) => {
            all.into_iter().filter_map(|(name, value)| one(&name, &value, &mut source.errors)).collect()
        }
        Some(_) => {
            source.errors.push("hooks: expected sections such as [hooks.pagerduty]".into());
            Vec::new()
        }
    }
}

/// One section; nothing when it has an error, which is told.
fn one(name: &str, value: &Value, errors: &mut Vec<String>) -> Option<HookConfig> {
    let before = errors.len();
    let mut at = Fields::of(format!("hooks.{name}"), value, errors)?;
    at.only(KEYS);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
        at.wrong("", name, "a name of at most 40 small letters, digits and dashes");
    }
    let word = at.text("format").unwrap_or_default();
    let format = Format::parse(&word).unwrap_or(Format::Other);
    if word.is_empty() {
        at.missing("format", &format!("the form of what is sent, one of: {}", Format::words()));
    } else if Format::parse(&word).is_none() {
        at.wrong("format", &word, &format!("one of: {}", Format::words()));
    }
    let proof = proof(&mut at, format);
    let Some(secret) = at.secret("secret", false) else {
        at.missing("secret_env", "the variable that holds the secret (or secret_file)");
        return None;
    };
    let short = secret.read().is_ok_and(|text| !text.is_empty() && text.len() < MIN_SECRET);
    if short && proof == Proof::Key {
        at.missing(
            "secret_env",
            &format!("a secret of at least {MIN_SECRET} characters: it is all that is asked for"),
        );
    }
    let config = HookConfig {
        name: name.to_owned(),
        format,
        proof,
        secret,
        services: at.texts("services"),
        service: at.text("service"),
        environment: at.text("environment"),
    };
    (errors.len() == before).then_some(config)
}

fn proof(at: &mut Fields<'_>, format: Format) -> Proof {
    let header = at.text("signature_header");
    let usual = match format {
        Format::Steadybit => "steadybit",
        Format::PagerDuty => "pagerduty",
        _ => "key",
    };
    let word = at.text("proof").unwrap_or_else(|| usual.to_owned());
    match word.as_str() {
        "key" => Proof::Key,
        "steadybit" => Proof::Steadybit,
        "pagerduty" => Proof::PagerDuty,
        "standard-webhooks" => Proof::StandardWebhooks,
        "hmac-sha256" => Proof::HmacSha256 { header: header.unwrap_or_else(|| "x-signature-256".to_owned()) },
        other => {
            at.wrong("proof", other, PROOFS);
            Proof::Key
        }
    }
}
