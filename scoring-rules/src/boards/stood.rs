//! Where a service stood when the season began, and what has become of it.

use super::MILLI;

/// The least number of points that counts as possible: one point more at 99 is not all that was possible.
pub const LEAST_ROOM: i64 = 5;
const FULL: i64 = 100;
const WEEK_MS: i64 = 7 * 86_400_000;

/// The part of what was possible that was closed from `base` to `now` (scores, 0 to 100), in thousandths: what was gained
/// of the points missing then, or what was lost of the points held then. From -1000 to 1000, rounded towards 0.
pub fn closed(base: u8, now: u8) -> i64 {
    let (base, now) = (i64::from(base), i64::from(now));
    let room = if now >= base { FULL - base } else { base };
    MILLI * (now - base) / room.max(LEAST_ROOM)
}

/// Where a service stood when the season began, or when it first had a score in the season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stood {
    /// Its score then, 0 to 100.
    pub base: u8,
    /// It had no score when the season began.
    pub arrived: bool,
}

impl Stood {
    /// The score that it is measured from now.
    ///
    /// A service that came in the season starts where it came in. What it rises up to `peers` (where its team stood when
    /// the season began) is catching up and counts as nothing: to add an empty service, or to register an old one
    /// under a new name and send its results again, gains nobody a place. What it falls counts.
    pub fn start(self, now: u8, peers: Option<u8>) -> u8 {
        match peers {
            Some(peers) if self.arrived && now > self.base => self.base.max(peers).min(now),
            _ => self.base,
        }
    }

    /// Points gained since, and the part of what was possible in thousandths.
    pub fn gained(self, now: u8, peers: Option<u8>) -> (i64, i64) {
        let start = self.start(now, peers);
        (i64::from(now) - i64::from(start), closed(start, now))
    }
}

/// A part of a whole, in thousandths, rounded down; none of nothing.
pub fn part_milli(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| MILLI * part.clamp(0, whole) / whole)
}

/// Whole weeks from `since` to `now`, both in milliseconds.
pub fn streak_weeks(since_ms: i64, now_ms: i64) -> i64 {
    (now_ms - since_ms).max(0) / WEEK_MS
}
