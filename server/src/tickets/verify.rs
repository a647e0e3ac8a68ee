//! Whether a token is a ticket that holds now and here.

use std::collections::HashSet;
use std::fmt;

use super::claims::Claims;
use super::{AUDIENCE, Jwks, LEEWAY_SECONDS, TYPE, jws};

/// Ids of revoked tickets that are remembered at most; the server lists far fewer.
const MAX_REVOKED: usize = 10_000;

/// Why a token is no ticket that holds. For logs: whoever sent the token is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Longer than [`super::MAX_TOKEN_BYTES`].
    TooLong,
    /// Not of the form of a ticket.
    Malformed,
    /// Something else that somebody signed.
    Type,
    /// An algorithm that is not the key's.
    Algorithm,
    /// Signed with a key that is not in the set: fetch the set again, at most every few minutes.
    UnknownKey,
    /// The signature is not of this text.
    Signature,
    /// Signed, and yet no ticket that makes sense.
    Claims,
    /// Issued by somebody else.
    Issuer,
    /// For somebody else.
    Audience,
    /// Not valid yet.
    NotYet,
    /// Valid no more.
    Expired,
    /// Taken back.
    Revoked,
    /// For another environment.
    Environment,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "longer than any ticket",
            Self::Malformed => "not of the form of a ticket",
            Self::Type => "signed, but of another type",
            Self::Algorithm => "not signed with the key's algorithm",
            Self::UnknownKey => "signed with a key that is not in the set",
            Self::Signature => "the signature is not of this text",
            Self::Claims => "signed, but its claims make no sense",
            Self::Issuer => "of another issuer",
            Self::Audience => "for another audience",
            Self::NotYet => "not valid yet",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Environment => "for another environment",
        })
    }
}

/// Verifies tickets of one installation for one environment.
#[derive(Clone, Debug)]
pub struct Verifier {
    issuer: String,
    environment: String,
    keys: Jwks,
    revoked: HashSet<String>,
}

impl Verifier {
    /// Tickets that the installation at `issuer` signed for `environment` with one of `keys`.
    pub fn new(issuer: &str, environment: &str, keys: Jwks) -> Self {
        Self {
            issuer: issuer.trim_end_matches('/').to_owned(),
            environment: environment.to_owned(),
            keys,
            revoked: HashSet::new(),
        }
    }

    /// Replaces the keys: after `/.well-known/jwks.json` was read again.
    pub fn set_keys(&mut self, keys: Jwks) {
        self.keys = keys;
    }

    /// Replaces the ids of revoked tickets: after `/api/v1/drill-tickets/revoked` was read again.
    pub fn set_revoked(&mut self, ids: impl IntoIterator<Item = String>) {
        self.revoked = ids.into_iter().take(MAX_REVOKED).collect();
    }

    /// The ticket of a token, at `now` (Unix seconds).
    ///
    /// # Errors
    ///
    /// The first reason why it does not hold; then there must be no fault.
    pub fn verify(&self, token: &str, now: i64) -> Result<Claims, Refusal> {
        let payload = jws::payload(token.trim(), TYPE, &self.keys)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| Refusal::Claims)?;
        if claims.iss != self.issuer {
            return Err(Refusal::Issuer);
        }
        if claims.aud != AUDIENCE {
            return Err(Refusal::Audience);
        }
        if claims.nbf.max(claims.iat) > now.saturating_add(LEEWAY_SECONDS) {
            return Err(Refusal::NotYet);
        }
        if claims.exp <= now.saturating_sub(LEEWAY_SECONDS) {
            return Err(Refusal::Expired);
        }
        if self.revoked.contains(&claims.jti) {
            return Err(Refusal::Revoked);
        }
        if claims.drill.environment != self.environment {
            return Err(Refusal::Environment);
        }
        if claims.drill.fault().is_none() || claims.jti.is_empty() {
            return Err(Refusal::Claims);
        }
        Ok(claims)
    }
}
