//! Webhooks as Standard Webhooks has them: body, secret, signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::note::Note;
use crate::app::hooks;

/// How a secret begins.
const PREFIX: &str = "whsec_";
/// Largest body, bytes.
const MAX_BODY: usize = 20_000;

/// A new secret: 32 random bytes.
pub(super) fn new_secret() -> anyhow::Result<String> {
    Ok(format!("{PREFIX}{}", STANDARD.encode(crate::types::random::<32>()?)))
}

/// The body: what happened, when, and what is known of it. Never 20 KB: what is too long is left out, and said to be.
pub(super) fn body(note: &Note) -> String {
    let whole = |data: &Json| json!({ "type": note.kind, "timestamp": note.at, "data": data }).to_string();
    let text = whole(&note.data);
    if text.len() < MAX_BODY {
        return text;
    }
    let mut data = note.data.clone();
    if let Some(map) = data.as_object_mut() {
        map.remove("details");
        map.remove("sections");
        map.insert("cut".into(), json!(true));
    }
    let text = whole(&data);
    if text.len() < MAX_BODY { text } else { whole(&json!({ "cut": true, "url": note.url })) }
}

/// `webhook-signature`: one signature a secret, with spaces between them. None where a secret is no secret.
pub fn signatures(secrets: &[&str], id: &str, at_seconds: i64, body: &str) -> Option<String> {
    let message = format!("{id}.{at_seconds}.{body}");
    let sign = |secret: &&str| {
        let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
        Some(format!("v1,{}", STANDARD.encode(hooks::hmac_sha256(&key, message.as_bytes()))))
    };
    let all: Option<Vec<String>> = secrets.iter().map(sign).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Timestamp;

    #[test]
    fn a_secret_is_24_to_64_bytes_and_never_twice_the_same() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, other);
        let bytes = STANDARD.decode(one.strip_prefix(PREFIX).unwrap()).unwrap();
        assert!((24..=64).contains(&bytes.len()));
    }

    #[test]
    fn each_secret_signs() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        let both = signatures(&[&one, &other], "id", 1, "{}").unwrap();
        let single = signatures(&[&other], "id", 1, "{}").unwrap();
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.ends_with(&single));
        assert!(signatures(&[], "id", 1, "{}").is_none() && signatures(&["x"], "id", 1, "{}").is_none());
    }

    #[test]
    fn a_body_is_never_too_long() {
        let mut note = Note::skipped("https://w.example", Timestamp(0), 3);
        note.data = json!({ "sentence": "s", "details": "x".repeat(30_000), "url": "u" });
        let short = body(&note);
        assert!(short.len() < MAX_BODY && short.contains("\"cut\":true") && short.contains("\"sentence\""));
        note.data = json!({ "sentence": "x".repeat(30_000) });
        assert!(body(&note).len() < MAX_BODY);
    }
}
