//! The compact form of a signed text (RFC 7515): header, payload, signature; strict about each.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Algorithm, Jwks, MAX_TOKEN_BYTES, Refusal};

/// No header of ours is longer, bytes.
const MAX_HEADER: usize = 512;

/// The protected header. A header with anything else in it (`jwk`, `jku`, `x5u`, `crit`, `b64`) is not ours.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: String,
    pub(super) typ: String,
}

/// What is signed: header and payload, encoded.
pub(super) fn signed_part(header: &Header, payload: &[u8]) -> Option<String> {
    let header = serde_json::to_vec(header).ok()?;
    Some(format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload)))
}

/// A whole token.
pub(super) fn join(signed: &str, signature: &[u8]) -> String {
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The payload of a token whose signature is good. Nothing of the payload is read before.
///
/// Rubbish costs no more than looking at 8 KiB: the length comes first, then the form, the header and its key, and only
/// a token that names a key of ours costs one verification.
pub(super) fn payload(token: &str, typ: &str, keys: &Jwks) -> Result<Vec<u8>, Refusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::TooLong);
    }
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Malformed);
    };
    if head.len() > MAX_HEADER {
        return Err(Refusal::Malformed);
    }
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed);
    let header: Header = serde_json::from_slice(&decode(head)?).map_err(|_| Refusal::Malformed)?;
    if header.typ != typ {
        return Err(Refusal::Type);
    }
    // The algorithm is the key's, never the token's choice: `none`, or HS256 over a public key, is no match.
    let algorithm = Algorithm::parse(&header.alg).ok_or(Refusal::Algorithm)?;
    match keys.algorithm(&header.kid) {
        None => return Err(Refusal::UnknownKey),
        Some(of_key) if of_key != algorithm => return Err(Refusal::Algorithm),
        Some(_) => {}
    }
    let signature = decode(signature)?;
    let signed = head.len() + 1 + body.len();
    let message = token.as_bytes().get(..signed).ok_or(Refusal::Malformed)?;
    if !keys.is_good(&header.kid, message, &signature) {
        return Err(Refusal::Signature);
    }
    decode(body)
}

/// The id that a ticket bears, of a whole ticket or of its id alone. Nothing is verified: an id allows nothing.
pub fn id_of(text: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        jti: String,
    }
    let text = text.trim();
    let payload = text.split('.').nth(1).filter(|_| text.len() <= MAX_TOKEN_BYTES);
    let named = payload
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())
        .and_then(|bytes| serde_json::from_slice::<Named>(&bytes).ok());
    named.map_or_else(|| text.to_owned(), |named| named.jti)
}

/// Whether a text has the form of a ticket's id, a UUID: of other texts nobody asks the store.
pub fn may_be_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}
