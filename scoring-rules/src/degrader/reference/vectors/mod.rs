//! Reference vectors: a recorded course of one of the machines, to be run again and compared.
//!
//! A vector is one JSON object. Its `kind` says which machine it is for and which fields it has; fields that are not
//! known are passed over. Numbers are compared exactly.

mod cluster;
mod config;
mod host;
mod number;
mod relative;

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::degrader::Problem;
use number::{Real, Whole};

/// Calls that one vector may contain: it is run call by call.
const MOST_CALLS: i64 = 10_000_000;

/// A line of a file of vectors.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Vector {
    /// One host's degrader, fed with exact statistics.
    Interval(host::Interval),
    /// One host's call tracker and degrader, fed with calls.
    Trace(host::Trace),
    /// Decisions to drop single calls.
    Drop(host::Drops),
    /// The V3 balancer over some hosts.
    D2v3(Box<cluster::D2v3>),
    /// The strategy "relative" over some hosts.
    Relative(relative::Relative),
}

impl Vector {
    /// Its name.
    pub fn id(&self) -> &str {
        match self {
            Self::Interval(vector) => &vector.id,
            Self::Trace(vector) => &vector.id,
            Self::Drop(vector) => &vector.id,
            Self::D2v3(vector) => &vector.id,
            Self::Relative(vector) => &vector.id,
        }
    }
}

/// Where a machine and a vector part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where, as a JSON pointer into the vector.
    pub place: String,
    /// What stands there.
    pub expected: String,
    /// What the machine did.
    pub got: String,
}

/// Runs a vector and compares; nothing: it is reproduced to the last bit.
///
/// Settings with a number that is not finite are not run. They pass when the check of settings refuses each such
/// field, and a field that it lets through is a difference.
pub fn check(vector: &Vector) -> Vec<Difference> {
    let mut sink = Sink::default();
    match vector {
        Vector::Interval(vector) => vector.run(&mut sink),
        Vector::Trace(vector) => vector.run(&mut sink),
        Vector::Drop(vector) => vector.run(&mut sink),
        Vector::D2v3(vector) => vector.run(&mut sink),
        Vector::Relative(vector) => vector.run(&mut sink),
    }
    sink.found
}

/// Collects differences.
#[derive(Default)]
struct Sink {
    at: String,
    found: Vec<Difference>,
}

impl Sink {
    /// Where the next comparisons are.
    fn at(&mut self, place: String) {
        self.at = place;
    }

    fn add(&mut self, name: &str, expected: impl Display, got: impl Display) {
        let place = if name.is_empty() { self.at.clone() } else { format!("{}/{name}", self.at) };
        self.found.push(Difference { place, expected: expected.to_string(), got: got.to_string() });
    }

    fn same<T: PartialEq + Display>(&mut self, name: &str, expected: T, got: T) {
        if expected != got {
            self.add(name, expected, got);
        }
    }

    fn whole(&mut self, name: &str, expected: Whole, got: i64) {
        self.same(name, expected.0, got);
    }

    fn real(&mut self, name: &str, expected: Real, got: f64) {
        if !expected.is(got) {
            self.add(name, expected.0, got);
        }
    }

    /// Compares two lists item by item with `compare`, which gets the item's name.
    fn list<E: Copy, G>(
        &mut self,
        name: &str,
        expected: &[E],
        got: impl ExactSizeIterator<Item = G>,
        compare: impl Fn(&mut Self, &str, E, G),
    ) {
        if expected.len() != got.len() {
            self.add(name, format!("{} items", expected.len()), format!("{} items", got.len()));
            return;
        }
        for (i, (expected, got)) in expected.iter().zip(got).enumerate() {
            compare(self, &format!("{name}/{i}"), *expected, got);
        }
    }

    /// Whether settings with numbers that are not finite are refused as they should be; such settings are not run.
    fn refuses(&mut self, place: &str, reals: &[(&str, f64)], problems: &[Problem]) -> bool {
        let mut any = false;
        for (name, value) in reals.iter().filter(|(_, value)| !value.is_finite()) {
            any = true;
            if !problems.iter().any(|problem| problem.pointer.ends_with(&format!("/{name}"))) {
                self.at(place.to_owned());
                self.add(name, "refused", format!("{value} is accepted"));
            }
        }
        any
    }

    /// Whether there are no more calls than one vector may have.
    fn bounded(&mut self, counts: impl Iterator<Item = Whole>) -> bool {
        let mut sum = 0;
        for count in counts {
            if count.0 < 0 {
                self.add("intervals", "counts of calls", count.0);
                return false;
            }
            sum += count.0;
            if sum > MOST_CALLS {
                self.add("intervals", format!("at most {MOST_CALLS} calls"), "more");
                return false;
            }
        }
        true
    }
}
