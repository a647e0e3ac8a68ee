//! The next night: only what moved is tuned again, and from where the last night ended.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::super::{D2, Traffic};
use super::candidate::{Derived, Knobs};
use super::search::{START, Search};
use super::{Tuning, compare};

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

/// Tunes again from the best settings of the last time: only the latency marks are searched anew, the rest follows from
/// the traffic. About a third of the work of a full tune, which it does not replace for ever.
pub fn tune_again(current: &D2, traffic: &Traffic, last_best: &D2) -> Tuning {
    let mut search = Search::new(traffic);
    let derived = Derived::new(current, traffic, last_best.balancer.update_interval_ms);
    search.consider(last_best.clone());
    let of_last = &last_best.degrader;
    let (metric, up_step, down_step) = (of_last.latency_to_use, of_last.up_step, of_last.down_step);
    search.refit(&derived, Knobs { metric, up_step, down_step, ..START });
    compare(current, search.found(current), traffic)
}
