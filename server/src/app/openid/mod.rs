//! Tokens that somebody else signed (OpenID Connect): what they name, whether they hold, with which keys. Pure: a text,
//! keys and an instant in, claims or a refusal out.
//!
//! Whoever refuses says which part did not match, what was found and what was expected; never the token itself.

mod crypto;
mod jwks;
mod jwt;

pub use jwks::{Key, Keys, MAX_SET_BYTES};
pub use jwt::{Claims, Expect, Named, ShownBy, named, verify};

use crate::error::Error;

/// How far clocks may differ, seconds.
pub const LEEWAY_SECONDS: i64 = 60;
/// Longer tokens are refused unread, bytes. Those of CI systems have 1 to 3 KiB.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Longest issuer, key id or token id, bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// Characters of something found that a refusal repeats.
const SHOWN: usize = 160;

/// Something found in a token, cut and without what a terminal or a log would act on.
pub fn shown(text: &str) -> String {
    let plain =
        |c: &char| !c.is_control() && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '`');
    let mut out: String = text.chars().filter(plain).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        out.push('…');
    }
    out
}

/// A part of a token that is not as it must be.
pub fn mismatch(part: &str, found: Option<&str>, expected: &str) -> String {
    let found = found.map_or_else(|| "nothing".to_owned(), |text| format!("`{}`", shown(text)));
    format!("{part}: found {found}, expected {expected}")
}

/// A token that does not prove what it says.
pub fn unproven(detail: &str) -> Error {
    Error::Unauthenticated { detail: format!("The identity token was refused. {detail}.") }
}
