//! Settings of how much the server takes on at once; what is beyond is refused before memory grows.

use super::Source;

const MIB: usize = 1024 * 1024;

/// How much the server takes on at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Answers kept to be given again, in bytes; 0 keeps none.
    pub cache_bytes: usize,
    /// Connections open at once.
    pub max_connections: usize,
    /// Requests that wait for a read of the database, and as many for a write.
    pub max_waiting: usize,
    /// Bytes of request bodies held at once, and as many of large answers.
    pub max_in_flight_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cache_bytes: 16 * MIB,
            max_connections: 16_384,
            max_waiting: 1_024,
            max_in_flight_bytes: 256 * MIB,
        }
    }
}

impl Limits {
    pub(super) fn apply(&mut self, source: &mut Source, max_body_bytes: usize) {
        let whole = |n: i64| usize::try_from(n).unwrap_or_default();
        if let Some(mib) = source.number("server", "cache_mib", 0, 4_096) {
            self.cache_bytes = whole(mib) * MIB;
        }
        if let Some(n) = source.number("server", "max_connections", 16, 1_000_000) {
            self.max_connections = whole(n);
        }
        if let Some(n) = source.number("server", "max_waiting", 1, 1_000_000) {
            self.max_waiting = whole(n);
        }
        match source.number("server", "max_in_flight_mib", 1, 4_095) {
            Some(mib) if whole(mib) * MIB < max_body_bytes => source.error(
                "server.max_in_flight_mib",
                &mib.to_string(),
                &format!("no less than server.max_body_mib, {}", max_body_bytes / MIB),
            ),
            Some(mib) => self.max_in_flight_bytes = whole(mib) * MIB,
            // Whoever takes larger bodies than that takes at least one of them.
            None => self.max_in_flight_bytes = self.max_in_flight_bytes.max(max_body_bytes),
        }
    }
}
