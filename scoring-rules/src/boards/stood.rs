//! Where a service stood when the season began, and what has become of it.

use super::{MILLI, Member, own_mean};

/// The least number of points that counts as possible: one point more at 99 is not all that was possible.
pub const LEAST_ROOM: i64 = 10;
const FULL: i64 = 100;
const WEEK_MS: i64 = 7 * 86_400_000;

/// The part of what was possible that was closed from `base` to `now` (scores in thousandths of a point), in thousandths:
/// the change against the points that were missing then. From -1000 to 1000, rounded towards 0.
///
/// A fall is measured by the same room as a rise: otherwise a score that goes up and down by itself would gain, and the
/// more the higher it stands.
pub fn closed(base_milli: i64, now_milli: i64) -> i64 {
    let room = (FULL * MILLI - base_milli).max(LEAST_ROOM * MILLI);
    (MILLI * (now_milli - base_milli) / room).clamp(-MILLI, MILLI)
}

/// A service of a team's season.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved<S> {
    /// Its tier when the season began.
    pub tier: u8,
    /// Its system then.
    pub system: Option<S>,
    /// Where it stood.
    pub stood: Stood,
    /// Its score now, 0 to 100.
    pub now: u8,
}

/// What a team has gained: points (the change of its own mean, rounded towards 0), and the part of what was possible in
/// thousandths; none of nothing. `peers` as for [`Stood::start`].
pub fn improvement<S: Ord + Copy>(services: &[Moved<S>], peers: Option<u8>) -> Option<(i64, i64)> {
    let mean = |score: &dyn Fn(&Moved<S>) -> u8| {
        let member =
            |s: &Moved<S>| Member { tier: s.tier, system: s.system, milli: i64::from(score(s)) * MILLI };
        own_mean(&services.iter().map(member).collect::<Vec<_>>())
    };
    let (start, now) = (mean(&|s| s.stood.start(s.now, peers))?, mean(&|s| s.now)?);
    Some(((now - start) / MILLI, closed(start, now)))
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
        let milli = |score: u8| i64::from(score) * MILLI;
        (i64::from(now) - i64::from(start), closed(milli(start), milli(now)))
    }
}

/// A part of a whole, in thousandths, rounded down; none of nothing.
pub fn part_milli(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| MILLI * part.clamp(0, whole) / whole)
}

/// A streak counts so many weeks at most in that of its team: half a year. Whoever has been there longest would else be
/// first for ever.
pub const MOST_WEEKS: i64 = 26;

/// What a service counts in the streak of its team, in whole weeks: its own streak, at most [`MOST_WEEKS`]. Where drills
/// are expected and there is no streak, because none was run or none is fresh, it counts 0, so that no team gains by
/// rehearsing nothing. Where none is expected it does not count.
pub fn counted_weeks(own: Option<i64>, expects_drills: bool) -> Option<i64> {
    match own {
        Some(weeks) => Some(weeks.clamp(0, MOST_WEEKS)),
        None => expects_drills.then_some(0),
    }
}

/// Whole weeks from `since` to `now`, both in milliseconds.
pub fn streak_weeks(since_ms: i64, now_ms: i64) -> i64 {
    (now_ms - since_ms).max(0) / WEEK_MS
}
