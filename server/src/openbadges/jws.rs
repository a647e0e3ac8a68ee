//! Compact JWS (RFC 7515) with RS256: signing, and taking one apart.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Map, Value, json};

use super::PublicKey;

/// A private RSA key that signs; it never shows.
pub struct Signer {
    kid: String,
    pair: RsaKeyPair,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.kid)
    }
}

impl Signer {
    /// A key from PKCS #8; `kid` is the address under which its public half can be had.
    ///
    /// # Errors
    ///
    /// When it is no RSA key of 2,048 to 4,096 bits.
    pub fn from_pkcs8(kid: &str, document: &[u8]) -> Result<Self, String> {
        let pair = RsaKeyPair::from_pkcs8(document)
            .map_err(|error| format!("the signing key `{kid}` cannot sign RS256: {error}"))?;
        Ok(Self { kid: kid.to_owned(), pair })
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        PublicKey { n: URL_SAFE_NO_PAD.encode(n), e: URL_SAFE_NO_PAD.encode(e) }
    }

    /// Signs a payload. The same payload gives the same token.
    ///
    /// # Errors
    ///
    /// When the system has no randomness for blinding.
    pub fn sign(&self, payload: &Value) -> Result<String, String> {
        let header = json!({ "alg": "RS256", "kid": self.kid, "typ": "JWT" }).to_string();
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload.to_string()));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| "no randomness from the system".to_owned())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// A token taken apart; nothing of it is proven.
pub(super) struct Parts<'a> {
    pub(super) header: Map<String, Value>,
    pub(super) payload: Map<String, Value>,
    pub(super) signed: &'a str,
    pub(super) signature: Vec<u8>,
}

/// Takes a token apart.
pub(super) fn parts(token: &str) -> Result<Parts<'_>, String> {
    let (signed, signature) = token.rsplit_once('.').ok_or("expected three parts, separated by dots")?;
    let (header, payload) = signed.split_once('.').ok_or("expected three parts, separated by dots")?;
    if payload.contains('.') {
        return Err("expected three parts, separated by dots".to_owned());
    }
    let object = |part: &str, what: &str| -> Result<Map<String, Value>, String> {
        let bytes = URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| format!("its {what} is no base64url without padding"))?;
        serde_json::from_slice(&bytes).map_err(|_| format!("its {what} is no JSON object"))
    };
    Ok(Parts {
        header: object(header, "header")?,
        payload: object(payload, "payload")?,
        signed,
        signature: URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| "its signature is no base64url without padding".to_owned())?,
    })
}
