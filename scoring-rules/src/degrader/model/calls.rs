//! How the calls of one host behave: how long they take, how many run into the timeout, how many are bad for users.

use super::super::{Scenario, Traffic};
use super::tails::{above_normal, normal_quantile};

/// Calls that all behave alike. Latencies in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calls {
    /// Share that ends at the timeout.
    pub(super) hung: f64,
    /// Share of the others that ends in an error.
    pub(super) failing: f64,
    /// Mean of the others.
    pub(super) mean: f64,
    /// Mean square of the others.
    pub(super) square: f64,
    /// Share of all that fails or takes longer than the SLO.
    pub(super) bad: f64,
    /// Mean of the logarithm of latency, the timeout aside.
    mu: f64,
    /// Its standard deviation.
    sigma: f64,
    timeout: f64,
}

impl Calls {
    /// Calls of healthy hosts, latency scaled by `factor`, given up after `timeout` ms.
    pub(super) fn healthy(traffic: &Traffic, factor: f64, timeout: f64) -> Self {
        let (mu, sigma) = traffic.log_moments();
        Self::scaled(mu + factor.ln(), sigma, timeout, traffic.error_rate, traffic.slo_ms)
    }

    /// Calls of a host that fails in this way, and whose calls are `healthy` otherwise.
    pub(super) fn of(scenario: Scenario, traffic: &Traffic, healthy: &Self) -> Self {
        match scenario {
            Scenario::Slow(factor) => Self::healthy(traffic, factor, healthy.timeout),
            Scenario::Hung => Self { hung: 1.0, bad: 1.0, ..*healthy },
            Scenario::Errors(share) => {
                let fine = 1.0 - share;
                let failing = 1.0 - (1.0 - healthy.failing) * fine;
                Self { failing, bad: 1.0 - (1.0 - healthy.bad) * fine, ..*healthy }
            }
        }
    }

    fn scaled(mu: f64, sigma: f64, timeout: f64, error_rate: f64, slo: f64) -> Self {
        let ln_timeout = timeout.ln();
        let hung = lognormal_tail(ln_timeout, mu, sigma);
        let variance = sigma * sigma;
        let untruncated = (mu + variance / 2.0).exp();
        let (mean, square) = if hung < 1.0 - 1e-9 {
            let part = |moment: f64| 1.0 - lognormal_tail(ln_timeout, mu + moment * variance, sigma);
            let rest = 1.0 - hung;
            (untruncated * part(1.0) / rest, untruncated * untruncated * variance.exp() * part(2.0) / rest)
        } else {
            (timeout, timeout * timeout)
        };
        let late = lognormal_tail(slo.min(timeout).ln(), mu, sigma);
        let bad = 1.0 - (1.0 - error_rate) * (1.0 - late);
        Self { hung, failing: error_rate, mean, square, bad, mu, sigma, timeout }
    }

    /// Share of the calls that are not hung which take at least `mark` ms.
    pub(super) fn above(&self, mark: f64) -> f64 {
        if mark <= 0.0 {
            1.0
        } else if mark >= self.timeout || self.hung >= 1.0 {
            0.0
        } else {
            let tail = lognormal_tail(mark.ln(), self.mu, self.sigma);
            ((tail - self.hung) / (1.0 - self.hung)).clamp(0.0, 1.0)
        }
    }

    /// The latency that this share of all calls does not exceed, ms; the share is that of a percentile D2 knows.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        (self.mu + self.sigma * normal_quantile(share)).exp().min(self.timeout)
    }

    /// Mean latency of all, ms.
    pub(super) fn overall_mean(&self) -> f64 {
        self.hung * self.timeout + (1.0 - self.hung) * self.mean
    }

    /// Mean square of all, ms squared.
    pub(super) fn overall_square(&self) -> f64 {
        self.hung * self.timeout * self.timeout + (1.0 - self.hung) * self.square
    }

    /// Share of all calls that counts as an error of the host.
    pub(super) fn errors(&self) -> f64 {
        self.hung + (1.0 - self.hung) * self.failing
    }

    /// Mean age of a call in flight, ms: longer calls are met more often.
    pub(super) fn age(&self) -> f64 {
        self.overall_square() / (2.0 * self.overall_mean())
    }

    /// The same for calls that are not hung, over what it would be if all took equally long.
    pub(super) fn age_ratio(&self) -> f64 {
        self.square / (self.mean * self.mean)
    }
}

/// P(X >= mark) of a lognormal X.
fn lognormal_tail(ln_mark: f64, mu: f64, sigma: f64) -> f64 {
    if sigma > 1e-9 {
        above_normal((ln_mark - mu) / sigma)
    } else if mu >= ln_mark {
        1.0
    } else {
        0.0
    }
}
