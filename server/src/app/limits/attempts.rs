//! Attempts to prove who one is: some are free, then each must wait longer; the same across processes.

use sha2::{Digest, Sha256};

use crate::app::Tx;
use crate::error::{Error, Result};
use crate::store;
use crate::store::limits::AttemptRow;
use crate::types::{Timestamp, hex};

/// Longest pause, seconds.
const MAX_PAUSE_SECONDS: i64 = 15 * 60;
/// After so long without an attempt all is forgotten, ms.
const FORGOTTEN_MS: i64 = 60 * 60 * 1000;

/// Under what attempts are counted.
#[derive(Clone, Copy, Debug)]
pub enum Prover<'a> {
    /// The name of an account as it was typed, whether there is one of that name or not.
    Account(&'a str),
    /// The address they come from; behind one there may be many people.
    Address(&'a str),
}

impl Prover<'_> {
    /// Attempts without a pause.
    const fn free(self) -> i32 {
        match self {
            Self::Account(_) => 5,
            Self::Address(_) => 30,
        }
    }

    /// A hash: people type passwords where names belong, and those must not be stored.
    fn key(self) -> String {
        let (kind, text) = match self {
            Self::Account(name) => ("account", name.trim().to_lowercase()),
            Self::Address(address) => ("address", address.to_owned()),
        };
        hex(&Sha256::digest(format!("{kind}:{text}")))
    }
}

/// How long to wait after so many attempts, seconds: none while they are free, then 1, 2, 4 … up to 15 minutes.
fn pause_seconds(failed: i32, free: i32) -> i64 {
    match failed - free {
        beyond if beyond < 0 => 0,
        beyond => 1_i64.checked_shl(beyond.min(20).unsigned_abs()).unwrap_or(i64::MAX).min(MAX_PAUSE_SECONDS),
    }
}

/// Counts an attempt before it is looked at, so that many at once are no way around the pause.
///
/// To be committed before the password is compared: an error in the same transaction would take the count back. It
/// neither knows nor tells whether there is such an account.
///
/// # Errors
///
/// [`Error::TooMany`] during a pause; such an attempt is not counted.
pub fn attempt(tx: &mut Tx<'_>, prover: Prover<'_>) -> Result<()> {
    let (key, now) = (prover.key(), tx.now.0);
    let held = store::limits::attempts(tx.conn, &key)?;
    if let Some(held) = held.as_ref().filter(|held| held.paused_until > now) {
        return Err(paused(Timestamp(held.paused_until), tx.now));
    }
    let recent = held.filter(|held| held.last_at.max(held.paused_until) + FORGOTTEN_MS > now);
    let failed = recent.map_or(0, |held| held.failed).saturating_add(1);
    let paused_until = now + 1000 * pause_seconds(failed, prover.free());
    store::limits::put_attempts(tx.conn, &AttemptRow { key, failed, last_at: now, paused_until })?;
    Ok(())
}

fn paused(until: Timestamp, now: Timestamp) -> Error {
    let seconds = (until.0 - now.0 + 999).div_euclid(1000).max(1);
    Error::TooMany {
        detail: format!("Too many attempts to sign in. Try again in {seconds} s."),
        retry_after_seconds: u32::try_from(seconds).unwrap_or(900),
    }
}

/// The attempt was good: an account's count begins anew; an address gets this one attempt back, so that nobody clears
/// the way for guesses at others by signing in as themselves.
pub fn succeeded(tx: &mut Tx<'_>, prover: Prover<'_>) -> Result<()> {
    let key = prover.key();
    match prover {
        Prover::Account(_) => store::limits::forget_attempts(tx.conn, &key)?,
        Prover::Address(_) => {
            if let Some(held) = store::limits::attempts(tx.conn, &key)? {
                let failed = (held.failed - 1).max(0);
                let paused_until = if failed < prover.free() { 0 } else { held.paused_until };
                store::limits::put_attempts(tx.conn, &AttemptRow { failed, paused_until, ..held })?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::{Actor, App};
    use crate::clock::{Clock, FrozenClock};
    use crate::config::Config;
    use crate::store::DatabaseUrl;

    fn tried(app: &App, prover: Prover<'_>) -> Option<u32> {
        match app.write_now(&Actor::anonymous(), |tx| attempt(tx, prover)) {
            Ok(()) => None,
            Err(Error::TooMany { retry_after_seconds, .. }) => Some(retry_after_seconds),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn attempts_are_free_at_first_then_pauses_double_and_success_clears_an_account() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FrozenClock::at(Timestamp::parse("2026-11-26T10:00:00Z").unwrap()));
        let path = folder.path().join("a.db");
        let config = Config { database: DatabaseUrl::Sqlite { path, durable: false }, ..Config::default() };
        let app = App::build(config, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let ada = Prover::Account("ada");
        assert!((0..5).all(|_| tried(&app, ada).is_none()));
        assert_eq!(tried(&app, Prover::Account(" ADA ")), Some(1));
        // Another account and the address are not touched.
        assert_eq!(tried(&app, Prover::Account("nobody")), None);
        assert_eq!(tried(&app, Prover::Address("192.0.2.1")), None);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let pause = tried(&app, ada).unwrap();
            pauses.push(pause);
            clock.advance_ms(i64::from(pause) * 1000);
            assert_eq!(tried(&app, ada), None);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        app.write_now(&Actor::anonymous(), |tx| succeeded(tx, ada)).unwrap();
        assert!((0..5).all(|_| tried(&app, ada).is_none()));
        clock.advance_ms(FORGOTTEN_MS + 2_000);
        assert!((0..5).all(|_| tried(&app, ada).is_none()), "forgotten after an hour");
        for _ in 0..29 {
            app.write_now(&Actor::anonymous(), |tx| attempt(tx, Prover::Address("192.0.2.1"))).unwrap();
            app.write_now(&Actor::anonymous(), |tx| succeeded(tx, Prover::Address("192.0.2.1"))).unwrap();
        }
        assert_eq!(tried(&app, Prover::Address("192.0.2.1")), None);
    }
}
