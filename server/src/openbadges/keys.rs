//! Public RSA keys as a JWK set (RFC 7517) says them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

/// A larger set is refused unread, bytes.
const MAX_BYTES: usize = 256 * 1024;
/// Keys of a set that are looked at.
const MAX_KEYS: usize = 64;

/// Modulus and exponent, base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Modulus.
    pub n: String,
    /// Exponent.
    pub e: String,
}

impl PublicKey {
    /// As a JWK under this id.
    pub fn jwk(&self, kid: &str) -> Value {
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": self.n, "e": self.e })
    }
}

/// The keys of a set that verify RS256.
#[derive(Clone, Debug, Default)]
pub struct RsaJwks(Vec<(String, Vec<u8>, Vec<u8>)>);

impl RsaJwks {
    /// Reads a set, or a single key; keys of other kinds are passed over.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the document: its size, its form, too many keys, or none that can be used.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("the key set is larger than {MAX_BYTES} bytes"));
        }
        let document: Value =
            serde_json::from_str(text).map_err(|error| format!("the key set cannot be read: {error}"))?;
        let keys = match document.get("keys") {
            Some(Value::Array(keys)) => keys.clone(),
            Some(_) => return Err("`keys` of the key set is no list".to_owned()),
            None => vec![document],
        };
        if keys.len() > MAX_KEYS {
            return Err(format!("the key set holds more than {MAX_KEYS} keys"));
        }
        let found: Vec<_> = keys.iter().filter_map(key).collect();
        if found.is_empty() {
            return Err("the key set holds no RSA key that verifies RS256".to_owned());
        }
        Ok(Self(found))
    }

    /// The ids of the keys.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(kid, ..)| kid.as_str())
    }

    /// Whether a signature is of the key with this id; none where there is no such key.
    pub(super) fn is_good(&self, kid: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        let (_, n, e) = self.0.iter().find(|(known, ..)| known == kid)?;
        let key = RsaPublicKeyComponents { n, e };
        Some(key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok())
    }
}

/// A key that may verify RS256; every field that says otherwise rules it out.
fn key(jwk: &Value) -> Option<(String, Vec<u8>, Vec<u8>)> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let is = |name: &str, value: &str| text(name).is_none_or(|known| known == value);
    if text("kty") != Some("RSA") || !is("alg", "RS256") || !is("use", "sig") {
        return None;
    }
    let part = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok().filter(|part| part.len() <= 1_024);
    Some((text("kid")?.to_owned(), part("n")?, part("e")?))
}
