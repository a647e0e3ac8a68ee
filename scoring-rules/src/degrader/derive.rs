//! Values that more than one dialect derives from the traffic in the same way.

use super::Traffic;

/// A mark above this would not see a host that fails every second call.
const HIGHEST_ERROR_RATE: f64 = 0.5;

/// The timeout a single try should have: `max(1.5 p99.9, 2 p99)` of healthy latency, ms.
pub fn call_timeout_ms(traffic: &Traffic) -> f64 {
    (1.5 * traffic.quantile_ms(0.999)).max(2.0 * traffic.quantile_ms(0.99))
}

/// The error rate of a window of `calls` that a healthy host does not reach by chance:
/// `max(0.05, e0 + 6 sqrt(e0 (1 - e0) / n) + 1.5 / max(n, 20))`, rounded up to a hundredth, at most a half. Calls that run
/// into the timeout count as errors.
pub fn high_error_rate(traffic: &Traffic, calls: f64) -> f64 {
    unlikely_error_rate(traffic, calls).min(HIGHEST_ERROR_RATE)
}

/// The high and the low error mark for windows of `calls`: [`high_error_rate`], and half of it, but never so low that a
/// healthy host seldom gets below it (`e0 + 3 sqrt(e0 (1 - e0) / n)`). Where errors are so usual that no mark up to a
/// half can tell a bad host: none, and errors should not be looked at.
pub fn error_marks(traffic: &Traffic, calls: f64) -> Option<(f64, f64)> {
    let high = unlikely_error_rate(traffic, calls);
    let e0 = usual_error_rate(traffic);
    let usual = e0 + 3.0 * (e0 * (1.0 - e0) / calls.max(1.0)).sqrt();
    let half = (high * 50.0 + 1e-9).floor() / 100.0;
    let low = half.max((usual * 100.0 - 1e-9).ceil() / 100.0).min(high - 0.01);
    // Sums of hundredths are not hundredths.
    (high <= HIGHEST_ERROR_RATE).then(|| (high, (low * 100.0).round() / 100.0))
}

/// The share of healthy calls that fail, those that run into the timeout included.
fn usual_error_rate(traffic: &Traffic) -> f64 {
    let late = (1.0 - traffic.share_within(traffic.timeout_ms)).clamp(0.0, 1.0);
    // A tail as thin as this is an extrapolation, not an observation.
    let late = if late < 1e-3 { 0.0 } else { late };
    traffic.error_rate + (1.0 - traffic.error_rate) * late
}

fn unlikely_error_rate(traffic: &Traffic, calls: f64) -> f64 {
    let e0 = usual_error_rate(traffic);
    let n = calls.max(1.0);
    let rate = e0 + 6.0 * (e0 * (1.0 - e0) / n).sqrt() + 1.5 / calls.max(20.0);
    // The small term keeps a rate that is a hundredth already from being rounded up to the next.
    (rate.max(0.05) * 100.0 - 1e-9).ceil() / 100.0
}
