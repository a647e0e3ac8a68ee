//! One token: what it names before anything is believed, and what it proves once its signature is good.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde_json::{Map, Value};

use super::{Keys, LEEWAY_SECONDS, MAX_NAME_BYTES, MAX_TOKEN_BYTES, crypto, mismatch, shown, unproven};
use crate::error::{Error, Result};
use crate::types::Timestamp;

/// Longest header, encoded, bytes.
const MAX_HEADER: usize = 2 * 1024;

/// What a token names. Nothing of it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Who says to have issued it.
    pub issuer: String,
    /// Id of the key it says to be signed with; empty where a person's provider has one key and does not name it.
    pub kid: String,
    algorithm: Algorithm,
}

/// What must hold of a token.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// Its issuer, to the byte.
    pub issuer: &'a str,
    /// Its one audience.
    pub audience: &'a str,
    /// The present.
    pub now: Timestamp,
    /// Who shows it.
    pub shown_by: ShownBy,
}

/// Who shows a token: what it is for decides what it must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownBy {
    /// A program: its audience is one text, and it has an id, so that it is used only once.
    Job,
    /// The browser of a person, by way of the provider: its audience may be a list of one (OpenID Connect Core, 2), and
    /// a nonce binds it to one attempt.
    Person,
}

/// The claims of a token that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Id of the token; no issuer gives one twice. Empty where none is asked for.
    pub jti: String,
    /// Until when it holds, Unix seconds.
    pub exp: i64,
    all: Map<String, Value>,
}

impl Claims {
    /// A claim as text; numbers too, since issuers differ in how they write ids. None if absent, null or empty.
    pub fn text(&self, name: &str) -> Option<String> {
        text(&self.all, name)
    }

    /// A list of texts at a path with dots; a text is split at spaces and commas. Empty if there is none.
    pub fn list(&self, path: &str) -> Vec<String> {
        let whole = self.all.get(path);
        let mut parts = path.split('.');
        let mut at = whole.or_else(|| self.all.get(parts.next().unwrap_or_default()));
        if whole.is_none() {
            for part in parts {
                at = at.and_then(|value| value.get(part));
            }
        }
        match at {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(text)) => {
                text.split([' ', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A claim that is true, or the text "true".
    pub fn is_true(&self, name: &str) -> bool {
        self.all.get(name).is_some_and(|value| value == &Value::Bool(true) || value == "true")
    }
}

fn text(all: &Map<String, Value>, name: &str) -> Option<String> {
    match all.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads what a token names: its form, its header, its issuer.
///
/// # Errors
///
/// [`Error::Malformed`] for what is no token; [`Error::Unauthenticated`] for a token that cannot prove anything.
pub fn named(token: &str, shown_by: ShownBy) -> Result<Named> {
    let malformed = |detail: &str| Err(Error::malformed(format!("the token is no JSON Web Token: {detail}")));
    if token.len() > MAX_TOKEN_BYTES {
        return malformed(&format!("it is longer than {MAX_TOKEN_BYTES} bytes"));
    }
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return malformed("expected three parts, separated by dots");
    };
    if head.len() > MAX_HEADER {
        return malformed(&format!("its header is longer than {MAX_HEADER} bytes"));
    }
    let Some(header) = object(head) else { return malformed("its header is no JSON object in base64url") };
    let Some(claims) = object(body) else { return malformed("its claims are no JSON object in base64url") };
    if header.contains_key("crit") {
        return Err(unproven(&mismatch("crit", Some("crit"), "no critical extension in the header")));
    }
    let expected = "RS256 or ES256, whichever the key is for";
    let algorithm = match text(&header, "alg").as_deref() {
        Some("RS256") => Algorithm::RS256,
        Some("ES256") => Algorithm::ES256,
        other => return Err(unproven(&mismatch("alg", other, expected))),
    };
    let name = |claims: &Map<String, Value>, key: &str, expected: &str| {
        let found = text(claims, key);
        found.filter(|t| t.len() <= MAX_NAME_BYTES).ok_or_else(|| unproven(&mismatch(key, None, expected)))
    };
    let kid = match shown_by {
        ShownBy::Person if !header.contains_key("kid") => String::new(),
        _ => name(&header, "kid", "the id of the key, at most 255 bytes")?,
    };
    Ok(Named { kid, issuer: name(&claims, "iss", "the issuer, at most 255 bytes")?, algorithm })
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The claims of a token whose signature is good and that holds now, here.
///
/// # Errors
///
/// [`Error::Unauthenticated`] names the part that does not match.
pub fn verify(token: &str, keys: &Keys, expect: &Expect<'_>) -> Result<Claims> {
    let named = named(token, expect.shown_by)?;
    if named.issuer != expect.issuer {
        return Err(unproven(&mismatch("iss", Some(&named.issuer), &format!("`{}`", expect.issuer))));
    }
    // The algorithm is the key's, never the token's choice.
    let Some((algorithm, key)) = keys.meant(&named.kid).and_then(super::Key::decoding) else {
        let expected = format!("one of the keys of {}: {}", expect.issuer, keys.ids());
        return Err(unproven(&mismatch("kid", Some(&named.kid), &expected)));
    };
    if algorithm != named.algorithm {
        let (found, expected) =
            (format!("{:?}", named.algorithm), format!("`{algorithm:?}`, which the key is for"));
        return Err(unproven(&mismatch("alg", Some(&found), &expected)));
    }
    crypto::install();
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[expect.issuer]);
    // Instants are compared below, with our own clock; the audience too, more strictly than the crate does.
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    validation.required_spec_claims = ["iss".to_owned()].into();
    let all = match decode::<Map<String, Value>>(token, &key, &validation) {
        Ok(token) => token.claims,
        Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => {
            let kid = shown(&named.kid);
            return Err(unproven(&format!("signature: it is not of this text and the key `{kid}`")));
        }
        Err(error) => return Err(unproven(&format!("{error:?}"))),
    };
    check(all, expect)
}

/// What must hold besides the signature.
fn check(all: Map<String, Value>, expect: &Expect<'_>) -> Result<Claims> {
    let ours = format!("`{}` and nothing else", expect.audience);
    match all.get("aud") {
        Some(Value::String(audience)) if audience == expect.audience => {}
        Some(Value::Array(list))
            if expect.shown_by == ShownBy::Person
                && matches!(list.as_slice(), [Value::String(only)] if only == expect.audience) => {}
        Some(Value::String(other)) => return Err(unproven(&mismatch("aud", Some(other), &ours))),
        other => {
            let found = other.map(Value::to_string);
            return Err(unproven(&mismatch("aud", found.as_deref(), &ours)));
        }
    }
    let now = expect.now.0.div_euclid(1_000);
    let instant = |name: &str| {
        let value = all.get(name)?;
        value.as_i64().or_else(|| value.as_f64().filter(|n| n.abs() < 1e12).map(|n| n as i64))
    };
    let said = |at: i64| Timestamp(at.saturating_mul(1_000).clamp(0, FAR)).to_rfc3339();
    let Some(exp) = instant("exp") else {
        return Err(unproven(&mismatch("exp", None, "when the token ends")));
    };
    if exp <= now.saturating_sub(LEEWAY_SECONDS) {
        let detail =
            mismatch("exp", Some(&said(exp)), &format!("an end after {}: it has expired", said(now)));
        return Err(unproven(&detail));
    }
    let Some(iat) = instant("iat") else {
        return Err(unproven(&mismatch("iat", None, "when it was issued")));
    };
    let begins = all.contains_key("nbf").then(|| instant("nbf").unwrap_or(i64::MAX));
    for (name, at) in [("iat", Some(iat)), ("nbf", begins)] {
        if let Some(at) = at.filter(|at| *at > now.saturating_add(LEEWAY_SECONDS)) {
            let expected = format!("an instant up to {}: it does not hold yet", said(now));
            return Err(unproven(&mismatch(name, Some(&said(at)), &expected)));
        }
    }
    let jti = text(&all, "jti").filter(|jti| jti.len() <= MAX_NAME_BYTES);
    let jti = jti.or_else(|| (expect.shown_by == ShownBy::Person).then(String::new));
    let Some(jti) = jti else {
        return Err(unproven(&mismatch(
            "jti",
            None,
            "an id of at most 255 bytes, so that it is used only once",
        )));
    };
    Ok(Claims { jti, exp, all })
}

/// The last instant that is written out, ms: the year 9999.
const FAR: i64 = 253_402_300_799_000;
