//! The only source of time and ids, so that tests can hold both still.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::types::Timestamp;

/// Where `now` and new ids come from.
pub trait Clock: Send + Sync {
    /// The current instant, cut to milliseconds.
    fn now(&self) -> Timestamp;
    /// A fresh UUIDv7 as text: unique, and in the order of time.
    fn new_id(&self) -> String;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn new_id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }
}

/// A clock that stands still until it is moved; its ids count up.
#[derive(Debug)]
pub struct FrozenClock {
    now_ms: AtomicI64,
    next_id: AtomicU64,
}

impl FrozenClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { now_ms: AtomicI64::new(now.0), next_id: AtomicU64::new(1) }
    }

    /// The same, with ids that begin elsewhere: for several processes that stand at one instant over one database.
    pub fn with_ids_from(now: Timestamp, first_id: u64) -> Self {
        Self { now_ms: AtomicI64::new(now.0), next_id: AtomicU64::new(first_id) }
    }

    /// Moves the clock to `now`.
    pub fn set(&self, now: Timestamp) {
        self.now_ms.store(now.0, Ordering::SeqCst);
    }

    /// Moves the clock on by `ms` milliseconds.
    pub fn advance_ms(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> String {
        let millis = u64::try_from(self.now().0).unwrap_or(0);
        let count = self.next_id.fetch_add(1, Ordering::SeqCst);
        let mut random = [0_u8; 10];
        let (_, low) = random.split_at_mut(2);
        low.copy_from_slice(&count.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
    }
}
