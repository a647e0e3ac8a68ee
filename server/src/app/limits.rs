//! How much somebody may ask for in a minute: by token or account, and by address; the same across processes.
//!
//! A process takes slices of a window from the database and counts them down in memory, so that a busy token costs a
//! statement a slice, and all processes together never give more than the limit. What anonymous readers ask for is
//! only counted in memory, by each process: an answer to them must not cost a write.

mod attempts;

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as Turn;

pub use attempts::{Prover, attempt, succeeded};

use super::{App, blocking};
use crate::error::{Error, Result};
use crate::store;
use crate::types::Timestamp;

/// Length of a window, ms. All windows begin at the same instants.
const WINDOW_MS: i64 = 60_000;
/// A window is given out in about so many slices.
const SLICES: i64 = 50;
/// Largest slice: what of it is not used in its window is lost.
const MAX_SLICE: i64 = 5_000;
/// Keys counted one by one in a window.
const MOST_KEYS: usize = 50_000;
/// Keys beyond these share so many counters: nobody is without a limit, and memory stays bounded.
const SHARED: u64 = 1_024;
/// Rows that nobody touched for so long are deleted, ms.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Requests with a credential, by its owner: a token or an account.
    Token,
    /// Requests without one, by address; counted by each process for itself.
    Address,
    /// Credentials that were not good, by address.
    Failed,
    /// Exchanges of a CI identity for a token, by address.
    Exchange,
}

impl Kind {
    /// The name in headers and keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Address => "address",
            Self::Failed => "failed",
            Self::Exchange => "exchange",
        }
    }

    fn limit(self, app: &App) -> i64 {
        let rates = &app.config.rates;
        i64::from(match self {
            Self::Token => rates.token,
            Self::Address => rates.address,
            Self::Failed => rates.failed,
            Self::Exchange => rates.exchange,
        })
    }
}

/// Where somebody stands with a limit; for the headers of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is limited.
    pub kind: Kind,
    /// Requests of a window.
    pub limit: i64,
    /// Requests left, as far as this process knows.
    pub left: i64,
    /// Seconds until the window ends, at least 1.
    pub reset_seconds: i64,
}

impl Standing {
    /// Length of a window, seconds.
    pub const WINDOW_SECONDS: i64 = WINDOW_MS / 1000;
}

/// What this process holds of one key in the running window.
#[derive(Debug, Default)]
struct Held {
    /// Requests in hand.
    left: i64,
    /// Requests that nobody has taken yet, as of the last look.
    free: i64,
    /// There is nothing more to be had.
    spent: bool,
}

#[derive(Default)]
struct Window {
    start: i64,
    held: HashMap<(Kind, String), Arc<Turn<Held>>>,
}

/// The counters of this process.
#[derive(Default)]
pub struct Counters(Mutex<Window>);

impl Counters {
    /// The counter of a key in the window that begins at `start`; a new one holds `first`.
    fn of(&self, start: i64, kind: Kind, key: &str, first: impl Fn() -> Held) -> Arc<Turn<Held>> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back goes on in the window that has begun.
        if window.start < start {
            *window = Window { start, held: HashMap::new() };
        }
        let known = (kind, key.to_owned());
        if let Some(held) = window.held.get(&known) {
            return Arc::clone(held);
        }
        let known = if window.held.len() < MOST_KEYS { known } else { (kind, shared(key)) };
        Arc::clone(window.held.entry(known).or_insert_with(|| Arc::new(Turn::new(first()))))
    }

    /// Whether a key is known to have nothing left in this window.
    fn is_spent(&self, start: i64, kind: Kind, key: &str) -> bool {
        let window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = window.held.get(&(kind, key.to_owned())).filter(|_| window.start >= start);
        // While somebody is taking, nobody knows.
        held.and_then(|held| held.try_lock().ok().map(|h| h.spent && h.left == 0)).unwrap_or(false)
    }
}

/// The counter that a key shares with others, once there are too many keys.
fn shared(key: &str) -> String {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    format!("~{}", hasher.finish() % SHARED)
}

/// The key of an address: of IPv6 the network of one customer, /64.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from(network))
        }
    }
}

fn standing(kind: Kind, limit: i64, left: i64, now: Timestamp) -> Standing {
    let reset_seconds = (WINDOW_MS - now.0.rem_euclid(WINDOW_MS)).div_euclid(1000).max(1);
    Standing { kind, limit, left: left.clamp(0, limit), reset_seconds }
}

/// The error of who has nothing left.
fn too_many(standing: &Standing) -> Error {
    let what = match standing.kind {
        Kind::Token => "requests a minute with this credential",
        Kind::Address => "requests a minute from your address without a credential",
        Kind::Failed => "credentials a minute from your address that are not good",
        Kind::Exchange => "exchanges a minute from your address",
    };
    let (limit, seconds) = (standing.limit, standing.reset_seconds);
    Error::TooMany {
        detail: format!("More than {limit} {what}. Come back in {seconds} s."),
        retry_after_seconds: u32::try_from(seconds).unwrap_or(60),
    }
}

/// What counting came to: where the caller stands now, and whether this request is one too many.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Where the caller stands.
    pub standing: Standing,
    /// Within the limit.
    pub within: bool,
}

impl Counted {
    /// Refuses a request that is one too many.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] says when to come back.
    pub fn or_refuse(self) -> Result<Standing> {
        if self.within { Ok(self.standing) } else { Err(too_many(&self.standing)) }
    }
}

/// Counts one request; none where there is no limit, or where the database cannot say: then it refuses nobody.
pub async fn count(app: &Arc<App>, kind: Kind, key: &str) -> Option<Counted> {
    let limit = kind.limit(app);
    if limit <= 0 {
        return None;
    }
    let now = app.clock().now();
    let start = now.0 - now.0.rem_euclid(WINDOW_MS);
    let alone = kind == Kind::Address;
    let first =
        || Held { left: if alone { limit } else { 0 }, free: if alone { 0 } else { limit }, spent: alone };
    let counter = app.counters().of(start, kind, key, first);
    let mut held = counter.lock().await;
    if held.left == 0 && !held.spent {
        let key = format!("{}:{key}", kind.as_str());
        match slice(app, key, start, limit).await {
            Ok((left, free)) => *held = Held { left, free, spent: free == 0 },
            Err(error) => {
                tracing::warn!(%error, "a limit cannot be looked up; the request is let through");
                return None;
            }
        }
    }
    let within = held.left > 0;
    held.left -= i64::from(within);
    Some(Counted { standing: standing(kind, limit, held.left + held.free, now), within })
}

/// Refuses a key that has nothing left, by what this process knows; counts nothing.
///
/// # Errors
///
/// [`Error::TooMany`] says when to come back.
pub fn refuse_spent(app: &App, kind: Kind, key: &str) -> Result<()> {
    let limit = kind.limit(app);
    let now = app.clock().now();
    let start = now.0 - now.0.rem_euclid(WINDOW_MS);
    if limit > 0 && app.counters().is_spent(start, kind, key) {
        return Err(too_many(&standing(kind, limit, 0, now)));
    }
    Ok(())
}

/// Takes a slice of a window: how many are in hand now, and how many others may still take.
async fn slice(app: &Arc<App>, key: String, start: i64, limit: i64) -> Result<(i64, i64)> {
    let db = app.db().clone();
    let turn = db.turn_to_write().await?;
    blocking(move || {
        let _turn = turn;
        db.write_aside(|conn| {
            let mut wanted = (limit / SLICES).clamp(1, MAX_SLICE);
            loop {
                if let Some(taken) = store::limits::take(conn, &key, start, wanted, limit)? {
                    return Ok((wanted, (limit - taken).max(0)));
                }
                if wanted == 1 {
                    return Ok((0, 0));
                }
                // What is left at the end of a window may be less than a slice.
                wanted = (wanted / 4).max(1);
            }
        })
    })
    .await
}

/// Deletes what was counted long ago.
pub fn sweep(app: &App) -> Result<usize> {
    let before = app.clock().now().0 - KEPT_MS;
    app.db().write_aside(|conn| Ok(store::limits::sweep(conn, before)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_customer_count_together() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::7"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2:ffff::1"), key("2001:db8:1:2::7"));
        assert_ne!(key("2001:db8:1:3::7"), key("2001:db8:1:2::7"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn many_keys_share_counters_and_a_new_window_forgets_them() {
        let counters = Counters::default();
        for n in 0..MOST_KEYS + 5_000 {
            let _ = counters.of(0, Kind::Address, &n.to_string(), Held::default);
        }
        assert!(counters.0.lock().unwrap().held.len() <= MOST_KEYS + SHARED as usize);
        let _ = counters.of(WINDOW_MS, Kind::Address, "a", Held::default);
        assert_eq!(counters.0.lock().unwrap().held.len(), 1);
    }
}
