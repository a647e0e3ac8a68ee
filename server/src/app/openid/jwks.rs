//! Keys as an issuer publishes them (RFC 7517), of those only what can verify something here.

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};

use super::MAX_NAME_BYTES;

/// A larger set is refused unread, bytes.
pub const MAX_SET_BYTES: usize = 256 * 1024;
/// Keys of a set that are looked at.
const MAX_KEYS: usize = 64;
/// Longest part of a key, base64url: the modulus of 8,192 bits.
const MAX_PART: usize = 1_400;

/// One public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id.
    pub kid: String,
    /// Kind: RSA or EC.
    kty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

/// The keys of an issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    /// Reads a set; keys that can verify nothing here are passed over.
    ///
    /// # Errors
    ///
    /// Says why it is no set that can be used: its size, its form, no key in it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        if text.len() > MAX_SET_BYTES {
            return Err(format!("the key set is larger than {MAX_SET_BYTES} bytes"));
        }
        let set: Set = serde_json::from_slice(text).map_err(|error| format!("no key set: {error}"))?;
        if set.keys.len() > MAX_KEYS {
            return Err(format!("the key set holds more than {MAX_KEYS} keys"));
        }
        let known = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Key>(key).ok());
        let keys: Vec<Key> = known.filter(|key| key.decoding().is_some()).collect();
        if keys.is_empty() {
            return Err("the key set holds no key that verifies RS256 or ES256".to_owned());
        }
        Ok(Self { keys })
    }

    /// The key with this id.
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The key that a token means: the one it names, or, where it names none, the only one there is.
    pub fn meant(&self, kid: &str) -> Option<&Key> {
        match self.keys.as_slice() {
            [only] if kid.is_empty() => Some(only),
            _ => self.find(kid),
        }
    }

    /// The ids, for a refusal.
    pub fn ids(&self) -> String {
        let ids: Vec<String> =
            self.keys.iter().take(8).map(|key| format!("`{}`", super::shown(&key.kid))).collect();
        ids.join(", ")
    }
}

impl Key {
    /// The one algorithm it is for, and its material; none for keys of other kinds, or of another use.
    pub(super) fn decoding(&self) -> Option<(Algorithm, DecodingKey)> {
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let is = |name: &str| self.alg.as_deref().is_none_or(|alg| alg == name);
        let named = !self.kid.is_empty() && self.kid.len() <= MAX_NAME_BYTES;
        let part = |text: &'_ Option<String>| text.clone().filter(|t| t.len() <= MAX_PART);
        if !signs || !named {
            return None;
        }
        match self.kty.as_str() {
            "RSA" if is("RS256") => {
                let key = DecodingKey::from_rsa_components(&part(&self.n)?, &part(&self.e)?).ok()?;
                Some((Algorithm::RS256, key))
            }
            "EC" if is("ES256") && self.crv.as_deref() == Some("P-256") => {
                let key = DecodingKey::from_ec_components(&part(&self.x)?, &part(&self.y)?).ok()?;
                Some((Algorithm::ES256, key))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_verify_something_here_are_kept() {
        let rsa = r#"{"kty":"RSA","kid":"a","alg":"RS256","use":"sig","n":"05W_","e":"AQAB","x5c":["MII"]}"#;
        let others = [
            r#"{"kty":"oct","kid":"b","alg":"HS256","k":"AAAA"}"#,
            r#"{"kty":"RSA","kid":"c","alg":"RS256","use":"enc","n":"05W_","e":"AQAB"}"#,
            r#"{"kty":"RSA","kid":"d","alg":"HS256","n":"05W_","e":"AQAB"}"#,
            r#"{"kty":"RSA","alg":"RS256","n":"05W_","e":"AQAB"}"#,
            r#"{"kty":"EC","kid":"e","crv":"P-384","x":"AA","y":"AA"}"#,
            r#"{"kty":"RSA","kid":"f","n":"***","e":"AQAB"}"#,
            r"7",
        ];
        let set = format!(r#"{{"keys":[{},{rsa}]}}"#, others.join(","));
        let keys = Keys::parse(set.as_bytes()).unwrap();
        assert_eq!(keys.ids(), "`a`");
        // What is kept reads back as the same.
        assert_eq!(Keys::parse(serde_json::to_string(&keys).unwrap().as_bytes()).unwrap(), keys);
        for other in others {
            assert!(Keys::parse(format!(r#"{{"keys":[{other}]}}"#).as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn a_set_that_is_empty_unreadable_or_too_large_is_none() {
        let many = vec![r#"{"kty":"RSA","kid":"a","n":"05W_","e":"AQAB"}"#; MAX_KEYS + 1].join(",");
        for (text, why) in [
            (r#"{"keys":[]}"#.to_owned(), "no key"),
            ("<html>".to_owned(), "no key set"),
            ("{}".to_owned(), "no key set"),
            (format!(r#"{{"keys":[{many}]}}"#), "more than"),
            (" ".repeat(MAX_SET_BYTES + 1), "larger"),
            ("[".repeat(100_000), "no key set"),
        ] {
            let error = Keys::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
