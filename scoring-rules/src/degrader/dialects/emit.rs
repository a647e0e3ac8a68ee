//! What the recommended settings of several dialects have in common.

use super::super::{Defence, Traffic, call_timeout_ms, high_error_rate, judge};
use super::calls::{above, rate};

/// First ejections to try, ms.
pub(super) const BASES_MS: [u64; 3] = [10_000, 15_000, 30_000];
/// Calls that a sweep should have to judge by.
const CALLS_PER_SWEEP: f64 = 20.0;
/// False alarms a day, for each host and client, that failures in a row may make.
const ALARMS_A_DAY: f64 = 0.01;

/// Whole ms as seconds.
pub(super) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

/// The timeout of a single try, whole ms; never longer than what callers wait now.
pub(super) fn try_timeout_ms(traffic: &Traffic) -> u64 {
    call_timeout_ms(traffic).min(traffic.timeout_ms).ceil().max(1.0) as u64
}

/// The shortest of 1, 2, 5 and 10 s in which a host gets enough calls from a client, ms.
pub(super) fn interval_ms(traffic: &Traffic) -> u64 {
    let enough = |ms: &u64| rate(traffic) * seconds(*ms) >= CALLS_PER_SWEEP;
    [1_000, 2_000, 5_000].into_iter().find(enough).unwrap_or(10_000)
}

/// Calls in an interval from which a host is judged: three tenths of the mean, so that nights count too.
pub(super) fn enough_calls(traffic: &Traffic, interval_ms: u64) -> u64 {
    ((0.3 * rate(traffic) * seconds(interval_ms)).floor() as u64).clamp(5, 100_000)
}

/// Failure percentages to try: by formula, and such that one failure, or two, among so few calls are not enough.
pub(super) fn thresholds(traffic: &Traffic, volume: u64) -> [u64; 3] {
    let formula = (100.0 * high_error_rate(traffic, volume as f64)).ceil() as u64;
    [formula, formula.max(100 / volume + 1), formula.max(200 / volume + 1)]
}

/// The fewest failures in a row, from `least`, that chance makes less than once in a hundred days.
pub(super) fn failures_in_a_row(traffic: &Traffic, timeout_ms: f64, least: u64, most: u64) -> u64 {
    let late = above(traffic, timeout_ms);
    let failed = late + traffic.error_rate * (1.0 - late);
    let alarms = |k: &u64| 86_400.0 * rate(traffic) * failed.powf(*k as f64);
    (least..most).find(|k| alarms(k) < ALARMS_A_DAY).unwrap_or(most)
}

/// Share of hosts that may be ejected: a tenth, but always one, and never more than half.
pub(super) fn ejection_percent(traffic: &Traffic) -> u64 {
    ((100.0 / traffic.hosts).ceil().max(10.0) as u64).min(50)
}

/// The candidate with the least objective; of equals the first.
pub(super) fn best_of<S: Defence + Default>(candidates: impl IntoIterator<Item = S>, traffic: &Traffic) -> S {
    let judged = candidates.into_iter().map(|settings| (judge(&settings, traffic).objective, settings));
    let best = judged.reduce(|best, other| if other.0 < best.0 { other } else { best });
    best.map(|(_, settings)| settings).unwrap_or_default()
}
