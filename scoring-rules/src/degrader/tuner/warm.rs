//! The next night: only what moved is tuned again.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::super::Traffic;

/// Relative difference up to which a number counts as unmoved.
const UNMOVED: f64 = 0.05;
/// Difference up to which an error rate does.
const UNMOVED_ERRORS: f64 = 0.001;

/// A hash of everything a tuning depends on, in hexadecimal digits: as long as it is the same, so is the tuning.
/// None: the inputs cannot be written as JSON.
pub fn input_hash(settings: &impl Serialize, profile: &impl Serialize) -> Option<String> {
    let json = serde_json::to_vec(&(env!("CARGO_PKG_VERSION"), settings, profile)).ok()?;
    Some(format!("{:x}", Sha256::digest(&json)))
}

/// Whether traffic moved so far, in any respect, that its tuning is worth doing again: a number by more than 5 %, the
/// error rate by more than a thousandth of all calls. Of the day its least and its greatest traffic count.
pub fn has_moved(before: &Traffic, now: &Traffic) -> bool {
    let numbers = |t: &Traffic| {
        let (night, peak) = t.night_and_peak();
        [
            t.hosts,
            t.clients,
            t.qps,
            t.mean_ms,
            t.quantile_ms(0.99),
            t.timeout_ms,
            t.slo_ms,
            night,
            peak,
            1.0 + t.host_cv,
            1.0 + t.hiccup_rate,
            t.hiccup_factor,
            t.window_mean_p999_ms.unwrap_or(0.0),
        ]
    };
    let apart = |(a, b): (f64, f64)| (a - b).abs() > UNMOVED * a.abs().max(b.abs());
    before.fine != now.fine
        || before.clients_known != now.clients_known
        || (before.error_rate - now.error_rate).abs() > UNMOVED_ERRORS
        || numbers(before).into_iter().zip(numbers(now)).any(apart)
}
