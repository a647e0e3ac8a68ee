//! Certificates that others can verify: Open Badges 3.0 as VC-JWT, RS256, with a status list.
//!
//! A credential is written, signed and read here, with no HTTP library, no database and no clock. What a verifier must
//! check is one function, [`verify`]; the command line and our own tests use it, and it reads others' credentials too.
//! Sources: 1EdTech Open Badges 3.0 (final), W3C VC Data Model 2.0, W3C Bitstring Status List 1.0, RFC 7515 to 7519.

mod credential;
mod jws;
mod keys;
mod status;
mod verify;

pub use credential::{Achievement, Evidence, Holding, Status, credential, instant};
pub use jws::Signer;
pub use keys::{PublicKey, RsaJwks};
pub use status::{LIST_BITS, StatusList, status_list};
pub use verify::{Refusal, Revocation, Verified, issuer_address, status_address, verify};

/// The contexts of a credential, in their order.
pub const CONTEXTS: [&str; 2] =
    ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"];
/// Longer tokens are refused unread, bytes.
pub const MAX_TOKEN_BYTES: usize = 512 * 1024;

#[cfg(test)]
mod tests;
