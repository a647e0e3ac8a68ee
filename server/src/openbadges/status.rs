//! Bitstring status lists (W3C, 1.0): which of many credentials hold no more, without saying which one is asked for.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::CONTEXTS;

/// Credentials in one list: the least the standard allows, so that being on one says little.
pub const LIST_BITS: usize = 131_072;
/// Longest list that is unpacked, bytes.
const MAX_LIST_BYTES: u64 = 4 * 1024 * 1024;

/// A list as it is published.
#[derive(Clone, Debug)]
pub struct StatusList {
    bits: Vec<u8>,
}

impl StatusList {
    /// The list in which these places are set; places beyond it are left out.
    pub fn of(places: impl IntoIterator<Item = usize>) -> Self {
        let mut bits = vec![0_u8; LIST_BITS / 8];
        for place in places {
            if let Some(byte) = bits.get_mut(place / 8) {
                *byte |= 0x80 >> (place % 8);
            }
        }
        Self { bits }
    }

    /// Whether a place is set; none beyond the list.
    pub fn is_set(&self, place: usize) -> Option<bool> {
        self.bits.get(place / 8).map(|byte| byte & (0x80 >> (place % 8)) != 0)
    }

    /// Packed as the standard says: gzip, base64url, `u` before it.
    ///
    /// # Errors
    ///
    /// Never in practice: it is written to memory.
    pub fn encoded(&self) -> Result<String, String> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&self.bits).map_err(|error| error.to_string())?;
        let packed = gzip.finish().map_err(|error| error.to_string())?;
        Ok(format!("u{}", URL_SAFE_NO_PAD.encode(packed)))
    }

    /// Reads what [`Self::encoded`] wrote.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn decode(text: &str) -> Result<Self, String> {
        let packed = text.strip_prefix('u').ok_or("the list is no multibase base64url")?;
        let packed = URL_SAFE_NO_PAD.decode(packed).map_err(|_| "the list is no base64url".to_owned())?;
        let mut bits = Vec::new();
        GzDecoder::new(packed.as_slice())
            .take(MAX_LIST_BYTES + 1)
            .read_to_end(&mut bits)
            .map_err(|_| "the list is no gzip".to_owned())?;
        if bits.len() as u64 > MAX_LIST_BYTES {
            return Err(format!("the list is longer than {MAX_LIST_BYTES} bytes"));
        }
        if bits.len() * 8 < LIST_BITS {
            return Err(format!("the list has fewer than {LIST_BITS} places"));
        }
        Ok(Self { bits })
    }
}

/// The credential of a status list, to be signed: `id` is its address, `issuer` who answers for it, `from` since when it
/// holds and `until` when it must be read again (both RFC 3339 and Unix seconds).
///
/// # Errors
///
/// Never in practice, see [`StatusList::encoded`].
pub fn status_list(
    id: &str,
    issuer: &Value,
    list: &StatusList,
    from: (&str, i64),
    until: (&str, i64),
) -> Result<Value, String> {
    let context = CONTEXTS.first().copied().unwrap_or_default();
    let subject = format!("{id}#list");
    Ok(json!({
        "@context": [context],
        "id": id,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": from.0,
        "validUntil": until.0,
        "credentialSubject": {
            "id": subject,
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": list.encoded()?,
        },
        "iss": issuer.get("id"),
        "jti": id,
        "sub": subject,
        "nbf": from.1,
        "exp": until.1,
    }))
}
