//! Tokens that were found good a moment ago, so that not every request asks the database again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::app::Actor;
use crate::app::tokens::Verified;
use crate::types::Timestamp;

/// How long a check holds: what another process revokes is refused here after that at the latest.
const HOLDS: Duration = Duration::from_secs(1);
/// Tokens remembered at most.
const MOST: usize = 4_096;

type Hash = [u8; 32];

struct Known {
    actor: Actor,
    expires_at: Option<Timestamp>,
    since: Instant,
}

/// The tokens known to be good.
#[derive(Default)]
pub struct Credentials {
    /// Counts what was revoked here: a check that began before holds no more.
    revoked: AtomicU64,
    known: Mutex<HashMap<Hash, Known>>,
}

impl Credentials {
    /// The holder of `token`, if it was found good just now.
    pub fn holder(&self, token: &str, now: Timestamp) -> Option<Actor> {
        let known = self.known();
        let found = known.get(&hash(token)).filter(|known| known.since.elapsed() < HOLDS)?;
        let expired = found.expires_at.is_some_and(|end| end <= now);
        (!expired).then(|| found.actor.clone())
    }

    /// To be asked before a check begins, and handed to [`Credentials::keep`].
    pub fn revoked(&self) -> u64 {
        self.revoked.load(Ordering::Acquire)
    }

    /// Remembers a token that was found good, unless one was revoked since the check began.
    pub fn keep(&self, token: &str, verified: &Verified, revoked: u64) {
        let mut known = self.known();
        if self.revoked() != revoked {
            return;
        }
        if known.len() >= MOST {
            known.retain(|_, known| known.since.elapsed() < HOLDS);
        }
        if known.len() < MOST {
            let actor = verified.actor.clone();
            let entry = Known { actor, expires_at: verified.expires_at, since: Instant::now() };
            known.insert(hash(token), entry);
        }
    }

    /// A token was revoked: all are checked anew.
    pub fn forget(&self) {
        let mut known = self.known();
        self.revoked.fetch_add(1, Ordering::AcqRel);
        known.clear();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Hash, Known>> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn hash(token: &str) -> Hash {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(expires_at: Option<Timestamp>) -> Verified {
        Verified { actor: Actor::command_line(), expires_at, worth_noting: None }
    }

    #[test]
    fn a_good_token_is_known_until_its_end() {
        let all = Credentials::default();
        all.keep("wb_a", &good(Some(Timestamp(100))), all.revoked());
        assert!(all.holder("wb_a", Timestamp(99)).is_some());
        assert!(all.holder("wb_a", Timestamp(100)).is_none());
        assert!(all.holder("wb_b", Timestamp(99)).is_none());
    }

    #[test]
    fn a_check_that_began_before_a_revocation_is_not_kept() {
        let all = Credentials::default();
        all.keep("wb_a", &good(None), all.revoked());
        let before = all.revoked();
        all.forget();
        assert!(all.holder("wb_a", Timestamp(0)).is_none());
        all.keep("wb_a", &good(None), before);
        assert!(all.holder("wb_a", Timestamp(0)).is_none());
    }
}
