//! Passwords: Argon2id, checked in the same time whether or not there is such an account.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::{Error, Result};
use crate::types;

/// Shortest password, characters. NIST SP 800-63B-4 asks for 15 where a password is all there is.
pub const MIN_CHARS: usize = 15;
/// Longest password, bytes: hashing must not be a lever.
pub const MAX_BYTES: usize = 256;

/// 19 MiB, two passes, one lane: what OWASP's password storage guide names first for Argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

/// Hash of no password: what is compared when there is no such account.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$d2F0ZXJiZWFyLW5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes compared by this process.
static COMPARED: AtomicU64 = AtomicU64::new(0);

/// How many hashes this process compared; one for each attempt to sign in, whether or not there is such an account.
pub fn compared() -> u64 {
    COMPARED.load(Ordering::Relaxed)
}

fn argon() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|e| anyhow::anyhow!("argon2: {e}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// What is wrong with a new password; none if nothing is.
pub fn weakness(password: &str, login: &str) -> Option<String> {
    let chars = password.chars().count();
    if chars < MIN_CHARS || password.len() > MAX_BYTES {
        return Some(format!("expected {MIN_CHARS} characters or more, and at most {MAX_BYTES} bytes"));
    }
    let lower = password.to_lowercase();
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 || (login.len() >= 4 && lower.contains(&login.to_lowercase())) {
        return Some("too easy to guess: it repeats itself or holds the login".to_owned());
    }
    None
}

/// A password that nobody has to think of: 24 characters, 144 bits.
pub fn random() -> Result<String> {
    Ok(types::random_text::<18>()?)
}

/// The hash to store, as a PHC string. Slow on purpose: not inside a transaction.
pub fn hash(password: &str) -> Result<String> {
    let salt = types::random::<16>()?;
    let salt = SaltString::encode_b64(&salt).map_err(|e| anyhow::anyhow!("argon2: {e}"))?;
    let hash = argon()?.hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(|e| anyhow::anyhow!("argon2: {e}"))?.to_string())
}

/// Whether `password` is the one behind `stored`; without a stored one it takes as long and says no.
pub fn verify(password: &str, stored: Option<&str>) -> Result<bool> {
    // A longer one was never accepted, so it cannot be right; it must not cost more either.
    let given = if password.len() > MAX_BYTES { "" } else { password };
    let hash = PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(|e| anyhow::anyhow!("argon2: {e}"))?;
    let same = argon()?.verify_password(given.as_bytes(), &hash);
    COMPARED.fetch_add(1, Ordering::Relaxed);
    match same {
        Ok(()) => Ok(stored.is_some() && !given.is_empty()),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(error) => Err(Error::Internal(anyhow::anyhow!("argon2: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(stored, hash("correct horse battery").unwrap(), "each has a salt of its own");
        assert!(verify("correct horse battery", Some(&stored)).unwrap());
        assert!(!verify("correct horse batterx", Some(&stored)).unwrap());
        assert!(!verify("", Some(&stored)).unwrap());
        assert!(!verify(&"x".repeat(MAX_BYTES + 1), Some(&stored)).unwrap());
    }

    #[test]
    fn nobody_has_a_password() {
        assert!(!verify("correct horse battery", None).unwrap());
        assert!(!verify("", None).unwrap());
    }

    #[test]
    fn what_is_easily_guessed_is_refused() {
        assert!(weakness("short", "ada").is_some());
        assert!(weakness("aaaaaaaaaaaaaaaaaaaaaa", "ada").is_some());
        assert!(weakness("lovelace-lovelace-1", "lovelace").is_some());
        assert!(weakness(&"abcdefgh".repeat(40), "ada").is_some());
        assert_eq!(weakness("correct horse battery", "ada"), None);
        assert_eq!(weakness(&random().unwrap(), "ada"), None);
    }
}
