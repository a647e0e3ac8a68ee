//! What is secret at rest: AES-256-GCM under a key derived from the installation's secret key (HKDF-SHA256, RFC 5869).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

/// What is sealed; each use of the secret key is set apart from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Private halves of signing keys.
    SigningKeys,
    /// Addresses and secrets of notification targets.
    Targets,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::SigningKeys => b"waterbear signing keys 1",
            Self::Targets => b"waterbear notification targets 1",
        }
    }
}

fn key(secret: &str, purpose: Purpose) -> Result<LessSafeKey, ring::error::Unspecified> {
    let extracted = Salt::new(HKDF_SHA256, b"").extract(secret.as_bytes());
    let info = [purpose.info()];
    let derived = extracted.expand(&info, &AES_256_GCM)?;
    Ok(LessSafeKey::new(UnboundKey::from(derived)))
}

/// Seals `plain`; it opens only under the same secret, for the same purpose and the same `name`.
pub(super) fn seal(secret: &str, purpose: Purpose, name: &str, plain: &[u8]) -> anyhow::Result<String> {
    let nonce = crate::types::random::<NONCE_LEN>()?;
    let mut sealed = plain.to_vec();
    key(secret, purpose)
        .and_then(|key| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            key.seal_in_place_append_tag(nonce, Aad::from(name.as_bytes()), &mut sealed)
        })
        .map_err(|_| anyhow::anyhow!("a secret cannot be sealed"))?;
    let mut all = nonce.to_vec();
    all.extend(sealed);
    Ok(URL_SAFE_NO_PAD.encode(all))
}

/// Opens what was sealed; none under another secret, purpose or name, or when a bit of it changed.
pub(super) fn open(secret: &str, purpose: Purpose, name: &str, sealed: &str) -> Option<Vec<u8>> {
    let all = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, rest) = all.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut rest = rest.to_vec();
    let opened =
        key(secret, purpose).ok()?.open_in_place(nonce, Aad::from(name.as_bytes()), &mut rest).ok()?;
    Some(opened.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Purpose = Purpose::SigningKeys;

    #[test]
    fn what_is_sealed_opens_under_its_secret_and_name_only() {
        let sealed = seal("secret", HERE, "k1", b"private").unwrap();
        assert!(!sealed.contains("private"));
        assert_ne!(sealed, seal("secret", HERE, "k1", b"private").unwrap(), "each time another nonce");
        assert_eq!(open("secret", HERE, "k1", &sealed).unwrap(), b"private");
        assert!(
            open("Secret", HERE, "k1", &sealed).is_none() && open("secret", HERE, "k2", &sealed).is_none()
        );
        assert!(open("secret", Purpose::Targets, "k1", &sealed).is_none(), "another purpose, another key");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(open("secret", HERE, "k1", &String::from_utf8(changed).unwrap()).is_none(), "{at}");
        }
        assert!(open("secret", HERE, "k1", "").is_none() && open("secret", HERE, "k1", "AAAA").is_none());
    }
}
