//! A profile that has been checked: what the simulation reads.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{Bucket, Slot};

/// Traffic to a service. All numbers are finite and within their ranges; only [`super::Profile::check`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// Hosts (N).
    pub hosts: f64,
    /// Client processes (M).
    pub clients: f64,
    /// Whether the number of clients was told, not assumed.
    pub clients_known: bool,
    /// Calls a second over all hosts and clients (Q), mean over the day.
    pub qps: f64,
    /// Mean latency of healthy calls, ms.
    pub mean_ms: f64,
    /// Standard deviation over mean.
    pub cv: f64,
    /// Whether the latency was told finely enough to set marks by it.
    pub fine: bool,
    /// Share of calls that fail on healthy hosts (e0).
    pub error_rate: f64,
    /// The clients' request timeout (T), ms.
    pub timeout_ms: f64,
    /// A call that takes longer is bad (S), ms.
    pub slo_ms: f64,
    /// The day in equal slots; at least one.
    pub day: Vec<Slot>,
    /// Coefficient of variation of window means of healthy hosts beyond sampling noise (cb).
    pub host_cv: f64,
    /// Share of windows of a host with a hiccup (hr).
    pub hiccup_rate: f64,
    /// How many times as long calls take in a hiccup (hf).
    pub hiccup_factor: f64,
    /// The 99.9th percentile of recorded window means of single hosts, ms.
    pub window_mean_p999_ms: Option<f64>,
    /// The latencies as they were told, cumulative; empty when only moments or percentiles were.
    pub histogram: Vec<Bucket>,
}

impl Traffic {
    /// Mean and standard deviation of the logarithm of latency: it is taken to be lognormal, `s^2 = ln(1 + cv^2)`,
    /// `mu = ln(mean) - s^2/2`.
    pub fn log_moments(&self) -> (f64, f64) {
        let variance = (self.cv * self.cv).ln_1p();
        (self.mean_ms.ln() - variance / 2.0, variance.sqrt())
    }

    /// The latency, ms, that a share `p` of healthy calls does not exceed; `p` between 0 and 1, both excluded.
    pub fn quantile_ms(&self, p: f64) -> f64 {
        let (mu, s) = self.log_moments();
        (mu + s * Normal::standard().inverse_cdf(p)).exp()
    }

    /// Share of healthy calls that take no longer than `ms`, 0 to 1: as it was counted where there is a histogram,
    /// with a straight line on the log axis within a bucket.
    pub fn share_within(&self, ms: f64) -> f64 {
        if self.histogram.is_empty() {
            let (mu, s) = self.log_moments();
            return if s > 0.0 {
                Normal::standard().cdf((ms.ln() - mu) / s)
            } else {
                f64::from(u8::from(ms >= self.mean_ms))
            };
        }
        let all = self.histogram.last().map_or(0.0, |bucket| bucket.count);
        let mut below = (0.0, 0.0);
        for bucket in &self.histogram {
            let le = bucket.le_ms.unwrap_or(f64::INFINITY);
            if ms < le {
                // Of the first bucket only the upper bound is known, of the last only the lower.
                let low = if below.0 > 0.0 { below.0 } else { le / 4.0 };
                let high = if le.is_finite() { le } else { low * 4.0 };
                let part = ((ms / low).ln() / (high / low).ln()).clamp(0.0, 1.0);
                return (below.1 + (bucket.count - below.1) * part) / all;
            }
            below = (le, bucket.count);
        }
        1.0
    }

    /// Calls for each host, client and window of `interval_ms` (lambda), mean over the day: what one degrader sees.
    pub fn calls_per_window(&self, interval_ms: f64) -> f64 {
        self.qps * interval_ms / 1_000.0 / (self.hosts * self.clients)
    }

    /// The least and the greatest traffic of the day, as multiples of its mean.
    pub fn night_and_peak(&self) -> (f64, f64) {
        self.day.iter().fold((f64::INFINITY, 0.0), |(least, most), slot| {
            (least.min(slot.traffic), most.max(slot.traffic))
        })
    }

    /// Mean latency in the slot where it is greatest, ms.
    pub fn peak_mean_ms(&self) -> f64 {
        self.mean_ms * self.day.iter().map(|slot| slot.latency).fold(0.0, f64::max)
    }
}
