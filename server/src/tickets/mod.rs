//! Drill tickets: who holds a signed, expiring ticket meets a fault on the edges that it names; nobody else does.
//!
//! This is the verifying side, for services and proxies: parse a token, verify it against a JWKS, decide for a call.
//! It needs no HTTP library, no database and no clock; `tests/e2e/toy` shows a middleware and a client filter on it.
//! Whatever is wrong with a ticket, the answer is "no fault": a drill must fail safe.

mod claims;
mod decide;
mod jwks;
mod jws;
mod sign;
pub mod texts;
mod verify;

pub use claims::{Audience, Claims, Drill, Edge, FailureMode, Fault};
pub use decide::{Call, Decision, decide};
pub use jwks::{Algorithm, Jwk, Jwks};
pub use jws::{id_of, may_be_id};
pub use sign::{KeyPair, public_jwk};
pub use verify::{Refusal, Verifier};

/// The header that carries a ticket from service to service.
pub const HEADER: &str = "x-waterbear-drill";
/// Whom a ticket is for (`aud`): nothing else that we sign is one.
pub const AUDIENCE: &str = "waterbear-drill";
/// The header's `typ`: nothing else that we sign has it (RFC 8725, 3.11).
pub const TYPE: &str = "waterbear-drill+jwt";
/// The name of our claim, a URL so that it never meets another's (RFC 7519, 4.2).
pub const CLAIM: &str = "https://waterbear.dev/drill";
/// Longer tokens are refused unread, bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How far clocks may differ, seconds.
pub const LEEWAY_SECONDS: i64 = 60;
/// How long a call is held that is to run into its caller's timeout, milliseconds.
pub const HOLD_MS: u32 = 60_000;

#[cfg(test)]
mod tests;
