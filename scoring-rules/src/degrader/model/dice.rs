//! Chances of windows, spread evenly over many courses of the same failure: nothing is random, every run is the same.

use super::tails::normal_quantile;

/// Courses that are followed together, and how many of them where windows are so short that chance evens out within
/// each; powers of two.
const COURSES: (u32, u32) = (64, 16);
/// Shorter windows, ms, are short in that sense.
const SHORT_MS: f64 = 1_000.0;

/// How many courses to follow together where windows are so long, ms.
pub(super) fn courses(interval_ms: f64) -> u32 {
    if interval_ms < SHORT_MS { COURSES.1 } else { COURSES.0 }
}

/// What befalls one of the courses.
pub(super) struct Dice {
    course: u64,
    courses: u64,
    throw: u64,
}

impl Dice {
    /// Those of this course, counted from 0, among so many.
    pub(super) fn new(course: u32, courses: u32) -> Self {
        Self { course: u64::from(course), courses: u64::from(courses), throw: 0 }
    }

    /// A number from 0 to 1. Of each throw, every course gets a part of that range of its own (a Latin hypercube).
    pub(super) fn throw(&mut self) -> f64 {
        self.throw += 1;
        let order = scramble(self.throw);
        // An odd factor makes a permutation of a power of two.
        let place = ((order | 1).wrapping_mul(self.course).wrapping_add(order >> 32)) % self.courses;
        let within = scramble(order ^ self.course.wrapping_mul(0x9e37_79b9_7f4a_7c15)) >> 11;
        (place as f64 + within as f64 / (1_u64 << 53) as f64) / self.courses as f64
    }

    /// How many calls there are, where there are so many on average.
    pub(super) fn calls(&mut self, mean: f64) -> f64 {
        let place = self.throw();
        if mean > 50.0 {
            // The square root of a Poisson number is nearly normal, with a deviation of a half.
            return (mean.sqrt() + normal_quantile(place) / 2.0).powi(2).round();
        }
        let mut calls = 0.0;
        let mut chance = (-mean).exp();
        let mut sum = chance;
        while sum < place && calls < 200.0 {
            calls += 1.0;
            chance *= mean / calls;
            sum += chance;
        }
        calls
    }
}

/// Mixes the bits of a number (SplitMix64).
fn scramble(x: u64) -> u64 {
    let x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
