//! The issuing side: a private key, and tickets signed with it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::Serialize;

use super::jws::{Header, join, signed_part};
use super::{Algorithm, Jwk};

/// A private key that can sign; it never shows.
pub struct KeyPair {
    kid: String,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.kid)
    }
}

impl KeyPair {
    /// A new private key, as PKCS #8.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub fn generate() -> Result<Vec<u8>, String> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|_| "no randomness from the system".to_owned())
    }

    /// A key from PKCS #8.
    ///
    /// # Errors
    ///
    /// When it is none of P-256.
    pub fn from_pkcs8(kid: &str, document: &[u8]) -> Result<Self, String> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, &random)
            .map_err(|_| format!("the signing key `{kid}` is no key of P-256"))?;
        Ok(Self { kid: kid.to_owned(), pair, random })
    }

    /// Its public half: the point, uncompressed.
    pub fn public_point(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs claims as a token of type `typ`.
    ///
    /// # Errors
    ///
    /// When the claims are no JSON or the system has no randomness.
    pub fn sign<T: Serialize>(&self, typ: &str, claims: &T) -> Result<String, String> {
        let header =
            Header { alg: Algorithm::Es256.as_str().to_owned(), kid: self.kid.clone(), typ: typ.to_owned() };
        let payload = serde_json::to_vec(claims).map_err(|error| error.to_string())?;
        let signed = signed_part(&header, &payload).ok_or("the header cannot be written")?;
        let signature = self
            .pair
            .sign(&self.random, signed.as_bytes())
            .map_err(|_| "no randomness from the system".to_owned())?;
        Ok(join(&signed, signature.as_ref()))
    }
}

/// A public point of P-256 as a JWK.
pub fn public_jwk(kid: &str, point: &[u8]) -> Option<Jwk> {
    let coordinates = point.strip_prefix(&[4]).filter(|rest| rest.len() == 64)?;
    let (x, y) = coordinates.split_at(32);
    Some(Jwk {
        kty: "EC".to_owned(),
        usage: Some("sig".to_owned()),
        alg: Some(Algorithm::Es256.as_str().to_owned()),
        kid: Some(kid.to_owned()),
        crv: Some("P-256".to_owned()),
        x: Some(URL_SAFE_NO_PAD.encode(x)),
        y: Some(URL_SAFE_NO_PAD.encode(y)),
    })
}
