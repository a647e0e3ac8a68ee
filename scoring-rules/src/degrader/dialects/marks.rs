//! The values of settings that are set against the latency of a call.

use super::super::Group;
use super::Settings;
use super::settings::each;
use super::table::{Table, Unit};

impl Settings {
    /// Each with a word for it and its place in ms: `high` and `low` marks, a `slow call`, a `timeout`.
    pub fn latency_marks(&self) -> Vec<(&'static str, f64)> {
        each!(self, of => marks(of))
    }
}

fn marks(table: &impl Table) -> Vec<(&'static str, f64)> {
    let mut found: Vec<(&'static str, f64)> = Vec::new();
    for (row, spec) in table.specs().iter().enumerate() {
        let word = match spec.group {
            Group::Latency if spec.key.contains("high") => "high",
            Group::Latency if spec.key.contains("low") => "low",
            Group::Latency => "slow call",
            Group::Timeout => "timeout",
            _ => continue,
        };
        let value = table.get(row).filter(|value| spec.unit == Unit::Ms && *value > 0.0);
        // Of two timeouts the shorter one decides.
        match (value, found.iter_mut().find(|(held, _)| *held == word)) {
            (Some(value), Some((_, held))) => *held = held.min(value),
            (Some(value), None) => found.push((word, value)),
            (None, _) => {}
        }
    }
    found
}
