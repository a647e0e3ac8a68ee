//! Numbers as vectors write them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Times and counts are within it on either side, so that sums of them cannot overflow.
const MOST: i64 = 1_000_000_000_000;

/// A double; `"NaN"`, `"Infinity"` and `"-Infinity"` are written as strings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Real(pub(super) f64);

impl Real {
    /// Whether it is the same number; one that is not a number is the same as any other of that sort.
    pub(super) fn is(self, other: f64) -> bool {
        self.0.to_bits() == other.to_bits() || (self.0.is_nan() && other.is_nan()) || self.both_zero(other)
    }

    // A zero's sign is never told in a vector.
    fn both_zero(self, other: f64) -> bool {
        self.0.abs().to_bits() == 0 && other.abs().to_bits() == 0
    }
}

/// A whole number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Whole(pub(super) i64);

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RealVisitor)
    }
}

struct RealVisitor;

impl Visitor<'_> for RealVisitor {
    type Value = Real;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Real, E> {
        Ok(Real(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Real, E> {
        Ok(Real(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Real, E> {
        Ok(Real(value as f64))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Real, E> {
        match value {
            "NaN" => Ok(Real(f64::NAN)),
            "Infinity" => Ok(Real(f64::INFINITY)),
            "-Infinity" => Ok(Real(f64::NEG_INFINITY)),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(value), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = i64::deserialize(deserializer)?;
        if value.abs_diff(0) > MOST.unsigned_abs() {
            return Err(D::Error::custom(format!("{value} is beyond {MOST}")));
        }
        Ok(Self(value))
    }
}
