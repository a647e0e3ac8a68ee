//! Public keys, as a JWK set (RFC 7517) says them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// Keys of a set that are looked at.
const MAX_KEYS: usize = 64;
/// A larger document is refused unread, bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Bytes of one coordinate of a point on P-256.
const COORDINATE: usize = 32;

/// How something is signed. A key has exactly one, so that nobody can choose another for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518, 3.4).
    Es256,
}

impl Algorithm {
    /// Its name in a JWS header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
        }
    }

    /// The algorithm of that name.
    pub fn parse(name: &str) -> Option<Self> {
        (name == Self::Es256.as_str()).then_some(Self::Es256)
    }
}

/// One public key as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Kind of key: `EC`.
    pub kty: String,
    /// What it is for: `sig`.
    #[serde(rename = "use", default)]
    pub usage: Option<String>,
    /// Algorithm: `ES256`.
    #[serde(default)]
    pub alg: Option<String>,
    /// Its id.
    #[serde(default)]
    pub kid: Option<String>,
    /// Curve: `P-256`.
    #[serde(default)]
    pub crv: Option<String>,
    /// First coordinate, base64url.
    #[serde(default)]
    pub x: Option<String>,
    /// Second coordinate, base64url.
    #[serde(default)]
    pub y: Option<String>,
}

/// The keys of a set that can verify something here.
#[derive(Clone, Debug, Default)]
pub struct Jwks(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    kid: String,
    algorithm: Algorithm,
    point: Vec<u8>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl Jwks {
    /// Reads a document; keys of kinds that are not known here are passed over, as RFC 7517, 5 asks.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the document: its size, its form, or too many keys.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("the key set is {} bytes long; at most {MAX_BYTES} are read", text.len()));
        }
        let document: Document =
            serde_json::from_str(text).map_err(|error| format!("the key set cannot be read: {error}"))?;
        if document.keys.len() > MAX_KEYS {
            return Err(format!("the key set holds more than {MAX_KEYS} keys"));
        }
        let known = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Ok(Self(known.filter_map(|jwk| Key::of(&jwk)).collect()))
    }

    /// The keys of these documents.
    pub fn of(keys: &[Jwk]) -> Self {
        Self(keys.iter().filter_map(Key::of).collect())
    }

    /// How many keys can be used.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The algorithm of the key with this id.
    pub(super) fn algorithm(&self, kid: &str) -> Option<Algorithm> {
        self.find(kid).map(|key| key.algorithm)
    }

    /// Whether `signature` over `message` is of the key with this id.
    pub(super) fn is_good(&self, kid: &str, message: &[u8], signature: &[u8]) -> bool {
        self.find(kid).is_some_and(|key| match key.algorithm {
            Algorithm::Es256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.point)
                .verify(message, signature)
                .is_ok(),
        })
    }

    fn find(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

impl Key {
    /// A key that may verify signatures, of a kind that is known; every field that says otherwise rules it out.
    fn of(jwk: &Jwk) -> Option<Self> {
        let algorithm = Algorithm::parse(jwk.alg.as_deref()?)?;
        let signs = jwk.usage.as_deref().is_none_or(|usage| usage == "sig");
        let kid = jwk.kid.clone().filter(|kid| !kid.is_empty())?;
        if jwk.kty != "EC" || jwk.crv.as_deref() != Some("P-256") || !signs {
            return None;
        }
        let mut point = vec![4];
        for coordinate in [&jwk.x, &jwk.y] {
            let bytes = URL_SAFE_NO_PAD.decode(coordinate.as_deref()?).ok()?;
            if bytes.len() != COORDINATE {
                return None;
            }
            point.extend(bytes);
        }
        Some(Self { kid, algorithm, point })
    }
}
