//! What a tool that counts failures sees of a host's calls: how many fail, how late it learns of it, how many of its
//! users' calls are bad.

use super::super::model::{above_normal, binomial_at_least, poisson_at_least};
use super::super::{CurvePoint, FAILURE_SECONDS, Replay, Scenario, Traffic};

/// The calls to one host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calls {
    /// Calls a second, of one client.
    pub rate: f64,
    /// Share that runs into the timeout.
    pub timed_out: f64,
    /// Share that ends in a server error.
    pub refused: f64,
    /// Seconds from the start of a failing call until the tool knows.
    pub delay_s: f64,
    /// How many times as long as in a healthy host calls take.
    pub factor: f64,
}

impl Calls {
    /// Share that fails, whatever the way.
    pub(super) fn failed(&self) -> f64 {
        (self.timed_out + self.refused).min(1.0)
    }

    /// Calls to a healthy host at so many times the mean traffic and the mean latency.
    pub(super) fn healthy(traffic: &Traffic, load: f64, latency: f64, timeout_ms: f64) -> Self {
        let timed_out = above(traffic, timeout_ms / latency);
        Self {
            rate: rate(traffic) * load,
            timed_out,
            refused: traffic.error_rate * (1.0 - timed_out),
            delay_s: 0.0,
            factor: latency,
        }
    }

    /// Calls to the failing host.
    pub(super) fn failing(traffic: &Traffic, scenario: Scenario, timeout_ms: f64) -> Self {
        let healthy = Self::healthy(traffic, 1.0, 1.0, timeout_ms);
        match scenario {
            Scenario::Slow(factor) => {
                let slow = Self::healthy(traffic, 1.0, factor, timeout_ms);
                Self { delay_s: timeout_ms / 1_000.0, ..slow }
            }
            Scenario::Hung => Self {
                timed_out: 1.0,
                refused: 0.0,
                delay_s: timeout_ms / 1_000.0,
                factor: f64::INFINITY,
                ..healthy
            },
            Scenario::Errors(share) => Self {
                timed_out: healthy.timed_out * (1.0 - share),
                refused: share + healthy.refused * (1.0 - share),
                delay_s: traffic.mean_ms / 1_000.0,
                ..healthy
            },
        }
    }

    /// Share of calls that take longer than `ms`, as far as the timeout lets them.
    pub(super) fn slower_than(&self, traffic: &Traffic, ms: f64, timeout_ms: f64) -> f64 {
        if ms > timeout_ms { 0.0 } else { above(traffic, ms / self.factor) }
    }
}

/// Calls a second of one client to one host.
pub(super) fn rate(traffic: &Traffic) -> f64 {
    traffic.calls_per_window(1_000.0)
}

/// Share of healthy calls that take longer.
pub(super) fn above(traffic: &Traffic, ms: f64) -> f64 {
    if ms <= 0.0 {
        return 1.0;
    }
    let (mu, s) = traffic.log_moments();
    if s <= 0.0 {
        return if traffic.mean_ms > ms { 1.0 } else { 0.0 };
    }
    above_normal((ms.ln() - mu) / s)
}

/// How many seconds a hiccup lasts: a window of the usual length.
pub(super) const HICCUP_S: f64 = 5.0;

/// The hiccups of a host: how large a share of its windows has one, and how many times as long calls take then.
pub(super) fn hiccups(traffic: &Traffic) -> (f64, f64) {
    match traffic.window_mean_p999_ms {
        Some(ms) => (0.001, (ms / traffic.mean_ms).max(1.0)),
        None => (traffic.hiccup_rate, traffic.hiccup_factor),
    }
}

/// Share of healthy calls that only these settings' timeout makes bad, where latency is so many times the mean.
pub(super) fn cut_short(traffic: &Traffic, latency: f64, timeout_ms: f64) -> f64 {
    let bound = traffic.slo_ms.min(traffic.timeout_ms);
    (above(traffic, timeout_ms / latency) - above(traffic, bound / latency)).max(0.0)
}

/// How the failure of a host went for one client, as an expectation.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// Seconds of the failure in which the host got traffic; at most [`FAILURE_SECONDS`].
    pub exposed_s: f64,
    /// Seconds until it was first taken out; none: in most cases it was not.
    pub isolated_after_s: Option<f64>,
    /// Seconds from healing until it was back.
    pub recovered_after_s: Option<f64>,
    /// Seconds in which calls to all hosts were refused.
    pub refused_s: f64,
    /// Time, share dropped, seconds exposed until then.
    pub curve: Vec<(f64, f64, f64)>,
}

impl Course {
    /// Nothing ever reacts.
    pub(super) fn undefended() -> Self {
        Self {
            exposed_s: FAILURE_SECONDS,
            recovered_after_s: Some(0.0),
            curve: vec![(0.0, 0.0, 0.0), (FAILURE_SECONDS, 0.0, FAILURE_SECONDS)],
            ..Self::default()
        }
    }

    /// The replay for all clients together.
    pub(super) fn replay(
        self,
        traffic: &Traffic,
        scenario: Scenario,
        timeout_ms: f64,
        curve: bool,
    ) -> Replay {
        let bad = |timeout_ms: f64| {
            let bound = traffic.slo_ms.min(traffic.timeout_ms).min(timeout_ms);
            Calls::failing(traffic, scenario, bound).failed()
        };
        let per_second = traffic.qps / traffic.hosts;
        let (spoiled, defended) = (bad(traffic.timeout_ms), bad(timeout_ms));
        let undefended = per_second * FAILURE_SECONDS * spoiled;
        let leaked = per_second * self.exposed_s * defended;
        let refused = traffic.qps * self.refused_s;
        let points = self.curve.into_iter().filter(|_| curve).map(|(at_s, dropped, exposed)| CurvePoint {
            at_s,
            dropped,
            bad: per_second * exposed * defended + refused * at_s / FAILURE_SECONDS,
        });
        Replay {
            scenario,
            isolated_after_s: self.isolated_after_s,
            leak_ratio: if undefended > 0.0 { (leaked / undefended).min(1.0) } else { 0.0 },
            bad_requests: leaked + refused,
            undefended,
            refused,
            recovered_after_s: self.recovered_after_s,
            spoiled,
            curve: points.collect(),
        }
    }
}

/// Chance that at least `least` of `n` calls do what a share `p` of all does.
pub(super) fn at_least(n: f64, p: f64, least: f64) -> f64 {
    binomial_at_least(least.ceil(), n.round(), p)
}

/// Chance of at least `least` calls where `mean` are expected.
pub(super) fn volume(mean: f64, least: f64) -> f64 {
    poisson_at_least(least.ceil(), mean)
}

/// Mean numbers of calls up to which every number is gone through; beyond, a few stand for all.
const FEW: f64 = 12.0;
/// Numbers that stand for all, in standard deviations off the mean, with their weights (Gauss and Hermite).
const NODES: [(f64, f64); 5] = [
    (-2.856_970_013_872_806, 0.011_257_411_327_720_7),
    (-1.355_626_179_974_266, 0.222_075_922_005_613),
    (0.0, 0.533_333_333_333_333),
    (1.355_626_179_974_266, 0.222_075_922_005_613),
    (2.856_970_013_872_806, 0.011_257_411_327_720_7),
];

/// The mean of a chance over the numbers of calls that come where `mean` are expected.
pub(super) fn over_numbers(mean: f64, chance: impl Fn(f64) -> f64) -> f64 {
    if mean > FEW {
        return NODES
            .iter()
            .map(|(z, weight)| weight * chance((mean + z * mean.sqrt()).round().max(0.0)))
            .sum();
    }
    let most = (mean + 5.0 * mean.sqrt() + 4.0) as u32;
    let (mut number, mut sum) = ((-mean).exp(), 0.0);
    for n in 0..=most {
        if number > 1e-12 {
            sum += number * chance(f64::from(n));
        }
        number *= mean / f64::from(n + 1);
    }
    sum
}

/// Calls expected until `k` in a row fail, at failure share `p`: `(1 - p^k) / (p^k (1 - p))`, `k` at 1.
pub(super) fn calls_to_trip(k: f64, p: f64) -> f64 {
    if p >= 1.0 {
        return k;
    }
    let run = p.powf(k);
    if run <= 0.0 { f64::INFINITY } else { (1.0 - run) / (run * (1.0 - p)) }
}

/// A rule that trips after `k` failures in a row: never before it can, then with a steady chance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Seconds before which it cannot trip.
    pub least_s: f64,
    /// Mean seconds after that; infinite: never.
    pub mean_s: f64,
}

impl Run {
    /// Never.
    pub(super) const NEVER: Self = Self { least_s: f64::INFINITY, mean_s: f64::INFINITY };

    /// Of `k` failures in a row, which trip by this chance each time, where a share `p` of calls fails.
    pub(super) fn new(k: f64, chance: f64, p: f64, calls: &Calls) -> Self {
        if k <= 0.0 || chance <= 0.0 || p <= 0.0 || calls.rate <= 0.0 {
            return Self::NEVER;
        }
        let least = k / calls.rate;
        let mean = calls_to_trip(k, p) / chance / calls.rate;
        // Rounding leaves a speck where every call fails.
        let rest = if mean - least < 1e-9 { 0.0 } else { mean - least };
        Self { least_s: least + calls.delay_s, mean_s: rest }
    }

    /// Whichever of two acts sooner on average.
    pub(super) fn or(self, other: Self) -> Self {
        if other.least_s + other.mean_s < self.least_s + self.mean_s { other } else { self }
    }

    /// Chance that it has not tripped so long after the calls began.
    pub(super) fn survives(&self, age_s: f64) -> f64 {
        if age_s < self.least_s || self.mean_s.is_infinite() {
            1.0
        } else if self.mean_s <= 0.0 {
            0.0
        } else {
            (-(age_s - self.least_s) / self.mean_s).exp()
        }
    }

    /// Seconds survived between two ages, on average, by one that had survived until the first.
    pub(super) fn lived(&self, from_s: f64, to_s: f64) -> f64 {
        let before = (self.least_s.min(to_s) - from_s).max(0.0);
        let start = from_s.max(self.least_s);
        if start >= to_s || self.mean_s.is_infinite() {
            return to_s - from_s;
        }
        // Not 1 - exp: of a rule that trips once in an age, that would be nothing at all.
        before - self.mean_s * (-(to_s - start) / self.mean_s.max(1e-12)).exp_m1()
    }

    /// Trips a second in the long run.
    pub(super) fn per_second(&self) -> f64 {
        1.0 / (self.least_s + self.mean_s)
    }
}
