//! The next night: only what moved is tuned again, and from where the last night ended.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::super::{D2, Traffic};
use super::candidate::Derived;
use super::search::Search;
use super::{Tuning, compare};

/// Relative difference up to which a number counts as unmoved.
const UNMOVED: f64 = 0.05;

/// A hash of everything a tuning depends on, in hexadecimal digits: as long as it is the same, so is the tuning.
/// None: the inputs cannot be written as JSON.
pub fn input_hash(settings: &impl Serialize, profile: &impl Serialize) -> Option<String> {
    let json = serde_json::to_vec(&(env!("CARGO_PKG_VERSION"), settings, profile)).ok()?;
    Some(format!("{:x}", Sha256::digest(&json)))
}

/// Whether traffic moved by more than 5 % in any respect, so that its tuning is worth doing again.
pub fn has_moved(before: &Traffic, now: &Traffic) -> bool {
    let numbers = |t: &Traffic| {
        let of_day = t.day.iter().flat_map(|slot| [slot.traffic, slot.latency]);
        let fixed = [
            t.hosts,
            t.clients,
            t.qps,
            t.mean_ms,
            1.0 + t.cv,
            // A rate of errors is compared by what is left: 0.1 % against 0.2 % moves no mark.
            1.0 - t.error_rate,
            t.timeout_ms,
            t.slo_ms,
            1.0 + t.host_cv,
            1.0 + t.hiccup_rate,
            t.hiccup_factor,
            t.window_mean_p999_ms.unwrap_or(0.0),
        ];
        fixed.into_iter().chain(of_day).collect::<Vec<f64>>()
    };
    let apart = |(a, b): (&f64, &f64)| (a - b).abs() > UNMOVED * a.abs().max(b.abs());
    let (before_numbers, now_numbers) = (numbers(before), numbers(now));
    before.fine != now.fine
        || before.clients_known != now.clients_known
        || before.day.len() != now.day.len()
        || before_numbers.iter().zip(&now_numbers).any(apart)
}

/// Tunes again from the best settings of the last time: only the latency marks are searched anew, the rest follows from
/// the traffic. About a third of the work of a full tune, which it does not replace for ever.
pub fn tune_again(current: &D2, traffic: &Traffic, last_best: &D2) -> Tuning {
    let mut search = Search::new(traffic);
    let derived = Derived::new(current, traffic, last_best.balancer.update_interval_ms);
    search.consider(last_best.clone());
    search.refit(&derived, last_best);
    compare(current, search.found(current), traffic)
}
