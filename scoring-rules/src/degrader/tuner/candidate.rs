//! Settings of D2 derived from the traffic: everything follows from it but a few knobs, which the search turns.

use super::super::model::{Scatter, metric_share};
use super::super::{D2, LatencyMetric, Traffic, call_timeout_ms, error_marks};

/// A mark for the error rate that no rate reaches; the library's own default.
const ERRORS_UNSEEN: f64 = 1.1;

/// What a search turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Knobs {
    pub(super) metric: LatencyMetric,
    /// The high mark lies so many standard deviations above the usual statistic of a window, at peak latency and with
    /// the calls of the night.
    pub(super) high: f64,
    /// The low mark so many.
    pub(super) low: f64,
    /// The least number of calls, as a share of those of a window at night; 0: one call.
    pub(super) calls: f64,
    pub(super) up_step: f64,
    pub(super) down_step: f64,
}

/// What follows from the traffic for windows of one length.
pub(super) struct Derived<'a> {
    traffic: &'a Traffic,
    /// Calls of a window when traffic is least; at least one.
    calls_at_night: f64,
    timeout_ms: f64,
    base: D2,
}

impl<'a> Derived<'a> {
    /// `current` settings lend what is not tuned.
    pub(super) fn new(current: &D2, traffic: &'a Traffic, interval_ms: i64) -> Self {
        let calls_at_night =
            (traffic.calls_per_window(interval_ms as f64) * traffic.night_and_peak().0).max(1.0);
        let timeout = proposed_timeout_ms(current, traffic);
        let timeout_ms = timeout.map_or(traffic.timeout_ms, |ms| ms as f64);
        let peak_mean = traffic.peak_mean_ms().min(timeout_ms);
        let mut base = current.clone();
        base.request_timeout_ms = timeout;
        base.balancer.update_interval_ms = interval_ms;
        base.balancer.high_water_mark = (2.0 * (timeout_ms / traffic.hosts + peak_mean)).max(600.0).ceil();
        base.balancer.low_water_mark = (0.6 * base.balancer.high_water_mark).floor();
        let degrader = &mut base.degrader;
        (degrader.high_error_rate, degrader.low_error_rate) =
            error_marks(traffic, calls_at_night).unwrap_or((ERRORS_UNSEEN, ERRORS_UNSEEN));
        let age = peak_mean * (1.0 + traffic.cv * traffic.cv) / 2.0;
        let high_outstanding = (8.0 * age).max(5.0 * peak_mean).max(50.0).ceil();
        degrader.high_outstanding = high_outstanding as i64;
        degrader.low_outstanding = (high_outstanding / 2.0).floor() as i64;
        let in_flight = traffic.calls_per_window(peak_mean);
        degrader.min_outstanding_count = (in_flight + 4.0 * in_flight.sqrt() + 1.0).ceil().max(2.0) as i64;
        degrader.max_drop_rate = 1.0;
        Self { traffic, calls_at_night, timeout_ms, base }
    }

    /// The settings with the knobs turned like this.
    pub(super) fn settings(&self, knobs: &Knobs) -> D2 {
        let mut settings = self.base.clone();
        let (mu, sigma) = self.statistic(knobs.metric);
        let degrader = &mut settings.degrader;
        degrader.latency_to_use = knobs.metric;
        let least = 1.3 * mu.exp().max(self.traffic.peak_mean_ms()) + 1.0;
        let high =
            (mu + knobs.high * sigma).exp().max(least).ceil().min((0.8 * self.timeout_ms).floor()).max(2.0);
        let low = (mu + knobs.low * sigma).exp().round().clamp(1.0, high - 1.0);
        degrader.high_latency = high as i64;
        degrader.low_latency = low as i64;
        degrader.min_call_count = (knobs.calls * self.calls_at_night).round().max(1.0) as i64;
        degrader.up_step = knobs.up_step;
        degrader.down_step = knobs.down_step;
        settings
    }

    /// The settings with marks that only a mean near the timeout reaches, or none at all: where healthy latency is too wild
    /// for others.
    pub(super) fn without_latency(&self, knobs: &Knobs) -> [D2; 2] {
        [(0.9, 0.8), (1.002, 1.001)].map(|(high, low)| {
            let mut settings = self.settings(knobs);
            let mark = |share: f64| (share * self.timeout_ms).ceil() as i64;
            settings.degrader.latency_to_use = LatencyMetric::Average;
            settings.degrader.high_latency = mark(high).max(2);
            settings.degrader.low_latency = mark(low).min(settings.degrader.high_latency - 1);
            settings
        })
    }

    /// Mean and standard deviation of the logarithm of the statistic of a healthy window.
    fn statistic(&self, metric: LatencyMetric) -> (f64, f64) {
        let traffic = self.traffic;
        let scatter = Scatter::of(traffic).cv;
        let peak = traffic.peak_mean_ms();
        let Some(share) = metric_share(metric) else {
            let variance = (traffic.cv * traffic.cv / self.calls_at_night + scatter * scatter).ln_1p();
            return (peak.ln() - variance / 2.0, variance.sqrt());
        };
        // The sample quantile is normal around the true one, with deviation sqrt(p (1 - p) / n) over the density.
        let (_, sigma) = traffic.log_moments();
        let peak_factor = peak / traffic.mean_ms;
        let z = (traffic.quantile_ms(share).ln() - traffic.log_moments().0) / sigma.max(1e-9);
        let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let sampling = sigma * (share * (1.0 - share) / self.calls_at_night).sqrt() / density;
        let deviation = (sampling * sampling + scatter * scatter).sqrt();
        ((traffic.quantile_ms(share) * peak_factor).ln(), deviation)
    }
}

/// The request timeout to have: a long one ties up calls, and no mark on calls in flight is reached before half of it.
pub(super) fn proposed_timeout_ms(current: &D2, traffic: &Traffic) -> Option<i64> {
    let timeout = current.request_timeout_ms.map_or(traffic.timeout_ms, |ms| ms as f64);
    if timeout > (20.0 * traffic.quantile_ms(0.99)).max(1_000.0) {
        let ms = (call_timeout_ms(traffic) / 100.0).ceil() * 100.0;
        Some(ms.max(1_000.0) as i64)
    } else {
        current.request_timeout_ms
    }
}
