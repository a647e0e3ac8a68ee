//! Values that more than one dialect derives from the traffic in the same way.

use super::Traffic;

/// The timeout a single try should have: `max(1.5 p99.9, 2 p99)` of healthy latency, ms.
pub fn call_timeout_ms(traffic: &Traffic) -> f64 {
    (1.5 * traffic.quantile_ms(0.999)).max(2.0 * traffic.quantile_ms(0.99))
}

/// The error rate of a window of `calls` that a healthy host does not reach by chance:
/// `max(0.05, e0 + 6 sqrt(e0 (1 - e0) / n) + 1.5 / max(n, 20))`, rounded up to a hundredth, at most a half.
pub fn high_error_rate(traffic: &Traffic, calls: f64) -> f64 {
    let e0 = traffic.error_rate;
    let n = calls.max(1.0);
    let rate = e0 + 6.0 * (e0 * (1.0 - e0) / n).sqrt() + 1.5 / calls.max(20.0);
    // The small term keeps a rate that is a hundredth already from being rounded up to the next.
    ((rate.max(0.05) * 100.0 - 1e-9).ceil() / 100.0).min(0.5)
}
