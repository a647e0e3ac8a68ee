//! A traffic profile as it is sent, and what can be wrong with it.

mod objects;

use serde::{Deserialize, Serialize};

use super::Traffic;
use super::problems::short;
use objects::objects_only;

/// What is known of the calls to one service, over all its hosts and callers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Profile {
    /// Hosts that serve the calls (N).
    pub hosts: u32,
    /// Client processes that call it (M), each with a degrader of its own. Unknown: assumed, with low confidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<u32>,
    /// Calls a second, of all clients to all hosts (Q), mean over the day.
    #[serde(deserialize_with = "objects::finite")]
    pub qps: f64,
    /// How long healthy calls take.
    pub latency: Latency,
    /// Share of calls that fail on healthy hosts (e0), 0 to 1.
    #[serde(default, deserialize_with = "objects::finite")]
    pub error_rate: f64,
    /// The clients' request timeout (T), ms.
    #[serde(default = "default_timeout", deserialize_with = "objects::finite")]
    pub timeout_ms: f64,
    /// A call that takes longer is bad (S), ms. Not given: the timeout.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "objects::maybe_finite")]
    pub slo_ms: Option<f64>,
    /// The day in equal slots; none: a usual day is assumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub day: Vec<Slot>,
    /// Coefficient of variation of the window means of healthy hosts beyond sampling noise (cb).
    #[serde(default = "default_host_cv", deserialize_with = "objects::finite")]
    pub host_cv: f64,
    /// Share of windows of a host with a hiccup, such as a garbage collection (hr).
    #[serde(default = "default_hiccup_rate", deserialize_with = "objects::finite")]
    pub hiccup_rate: f64,
    /// How many times as long calls take in a hiccup (hf).
    #[serde(default = "default_hiccup_factor", deserialize_with = "objects::finite")]
    pub hiccup_factor: f64,
    /// The 99.9th percentile of recorded window means of single hosts, ms; replaces `host_cv` and the hiccups.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "objects::maybe_finite")]
    pub window_mean_p999_ms: Option<f64>,
}

impl Default for Profile {
    /// One host and one client with one call a second, of which nothing else is known.
    fn default() -> Self {
        Self {
            hosts: 1,
            clients: None,
            qps: 1.0,
            latency: Latency::default(),
            error_rate: 0.0,
            timeout_ms: default_timeout(),
            slo_ms: None,
            day: Vec::new(),
            host_cv: default_host_cv(),
            hiccup_rate: default_hiccup_rate(),
            hiccup_factor: default_hiccup_factor(),
            window_mean_p999_ms: None,
        }
    }
}

/// How long calls take: as mean and cv, as two percentiles, or as a histogram.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Latency {
    /// Mean, ms.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "objects::maybe_finite")]
    pub mean_ms: Option<f64>,
    /// Standard deviation over mean.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "objects::maybe_finite")]
    pub cv: Option<f64>,
    /// Median, ms.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "objects::maybe_finite")]
    pub p50_ms: Option<f64>,
    /// 99th percentile, ms.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "objects::maybe_finite")]
    pub p99_ms: Option<f64>,
    /// Cumulative counts, as Prometheus keeps them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<Bucket>,
}

/// Calls that took `le_ms` or less.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Bucket {
    /// Upper bound, ms; none: without bound.
    pub le_ms: Option<f64>,
    /// Calls up to it, those of lower buckets included.
    #[serde(deserialize_with = "objects::finite")]
    pub count: f64,
}

/// A part of the day against its mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Slot {
    /// Traffic, as a multiple of the mean.
    #[serde(deserialize_with = "objects::finite")]
    pub traffic: f64,
    /// Latency, as a multiple of the mean.
    #[serde(deserialize_with = "objects::finite")]
    pub latency: f64,
}

objects_only!(Profile, Latency, Bucket, Slot);

/// Something wrong with a profile or with settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, as a JSON pointer into the document.
    pub pointer: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl Problem {
    /// A problem at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

fn default_timeout() -> f64 {
    1_000.0
}

fn default_host_cv() -> f64 {
    0.08
}

fn default_hiccup_rate() -> f64 {
    0.001
}

fn default_hiccup_factor() -> f64 {
    8.0
}

/// Buckets that a histogram may have.
const MAX_BUCKETS: usize = 10_000;
/// Slots that a day may have: one a minute.
const MAX_SLOTS: usize = 1_440;
/// The ratio of its bounds from which a bucket is too wide to tell a median or a 99th percentile.
const COARSE: f64 = 5.0;

impl Profile {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place.
    pub fn check(&self) -> Result<Traffic, Vec<Problem>> {
        let mut wrong = Wrong::default();
        wrong.at_least("/hosts", f64::from(self.hosts), 1.0);
        if let Some(clients) = self.clients {
            wrong.at_least("/clients", f64::from(clients), 1.0);
        }
        wrong.above_zero("/qps", self.qps);
        wrong.above_zero("/timeout_ms", self.timeout_ms);
        wrong.above_zero("/slo_ms", self.slo_ms.unwrap_or(self.timeout_ms));
        wrong.share("/error_rate", self.error_rate);
        wrong.share("/hiccup_rate", self.hiccup_rate);
        wrong.at_least("/hiccup_factor", self.hiccup_factor, 1.0);
        wrong.at_least("/host_cv", self.host_cv, 0.0);
        self.check_day(&mut wrong);
        let latency = self.latency.check(&mut wrong);
        if let Some(ms) = self.window_mean_p999_ms {
            wrong.above_zero("/window_mean_p999_ms", ms);
            // Nearly all windows would be slower than nearly none.
            if let Some((mean_ms, ..)) = latency.filter(|(mean_ms, ..)| ms < *mean_ms) {
                let mean_ms = short((mean_ms * 1_000.0).round() / 1_000.0);
                let detail = format!("must be at least the mean, which is {mean_ms} ms, is {}", short(ms));
                wrong.add("/window_mean_p999_ms", detail);
            }
        }
        let (Some((mean_ms, cv, fine)), []) = (latency, wrong.0.as_slice()) else { return Err(wrong.0) };
        Ok(Traffic {
            hosts: f64::from(self.hosts),
            clients: f64::from(self.clients.unwrap_or(self.hosts)),
            clients_known: self.clients.is_some(),
            qps: self.qps,
            mean_ms,
            cv,
            fine,
            error_rate: self.error_rate,
            timeout_ms: self.timeout_ms,
            slo_ms: self.slo_ms.unwrap_or(self.timeout_ms),
            day: if self.day.is_empty() { usual_day() } else { self.day.clone() },
            host_cv: self.host_cv,
            hiccup_rate: self.hiccup_rate,
            hiccup_factor: self.hiccup_factor,
            window_mean_p999_ms: self.window_mean_p999_ms,
            histogram: self.latency.histogram.clone(),
        })
    }

    fn check_day(&self, wrong: &mut Wrong) {
        if self.day.len() > MAX_SLOTS {
            wrong.add("/day", format!("{} slots; at most {MAX_SLOTS}", self.day.len()));
            return;
        }
        for (i, slot) in self.day.iter().enumerate() {
            wrong.at_least(&format!("/day/{i}/traffic"), slot.traffic, 0.0);
            wrong.above_zero(&format!("/day/{i}/latency"), slot.latency);
        }
        if !self.day.is_empty() && self.day.iter().all(|slot| slot.traffic == 0.0) {
            wrong.add("/day", "no slot has any traffic");
        }
    }
}

/// A day as most services have it: least at four in the morning, most at four in the afternoon, and slower under load.
fn usual_day() -> Vec<Slot> {
    let slot = |hour: i32| {
        let wave = (std::f64::consts::TAU * f64::from(hour - 10) / 24.0).sin();
        Slot { traffic: 1.0 + 0.6 * wave, latency: 1.15 + 0.15 * wave }
    };
    (0..24).map(slot).collect()
}

impl Latency {
    /// Mean in ms, cv, and whether that is known finely.
    fn check(&self, wrong: &mut Wrong) -> Option<(f64, f64, bool)> {
        let moments = self.mean_ms.is_some() || self.cv.is_some();
        let percentiles = self.p50_ms.is_some() || self.p99_ms.is_some();
        let forms = usize::from(moments) + usize::from(percentiles) + usize::from(!self.histogram.is_empty());
        let before = wrong.0.len();
        if forms != 1 {
            wrong.add(
                "/latency",
                "give `mean_ms` and `cv`, or `p50_ms` and `p99_ms`, or `histogram`: one of them",
            );
            return None;
        }
        let found = match (self.mean_ms, self.cv, self.p50_ms, self.p99_ms) {
            (Some(mean), Some(cv), _, _) => {
                wrong.above_zero("/latency/mean_ms", mean);
                wrong.between("/latency/cv", cv, 0.0, 20.0);
                Some((mean, cv, true))
            }
            (_, _, Some(p50), Some(p99)) => {
                wrong.above_zero("/latency/p50_ms", p50);
                wrong.at_least("/latency/p99_ms", p99, p50);
                Some(from_percentiles(p50, p99, true))
            }
            (Some(_), None, ..) => wrong.none("/latency/cv", "is missing beside `mean_ms`"),
            (None, Some(_), ..) => wrong.none("/latency/mean_ms", "is missing beside `cv`"),
            (_, _, Some(_), None) => wrong.none("/latency/p99_ms", "is missing beside `p50_ms`"),
            (_, _, None, Some(_)) => wrong.none("/latency/p50_ms", "is missing beside `p99_ms`"),
            (None, None, None, None) => self.read_histogram(wrong),
        };
        found.filter(|_| wrong.0.len() == before)
    }

    fn read_histogram(&self, wrong: &mut Wrong) -> Option<(f64, f64, bool)> {
        let n = self.histogram.len();
        if n > MAX_BUCKETS {
            return wrong.none("/latency/histogram", &format!("{n} buckets; at most {MAX_BUCKETS}"));
        }
        let before = wrong.0.len();
        let (mut bound, mut count) = (0.0, 0.0);
        for (i, bucket) in self.histogram.iter().enumerate() {
            let at = format!("/latency/histogram/{i}");
            let le = bucket.le_ms.unwrap_or(f64::INFINITY);
            if le.is_nan() || le <= bound {
                let bound = short(bound);
                wrong.add(format!("{at}/le_ms"), format!("must be above {bound}, the bound before it"));
            } else if bucket.le_ms.is_some_and(|le| le > MOST) {
                let detail = format!(
                    "must be at most {MOST}, is {}; the last one may be null, without bound",
                    short(le)
                );
                wrong.add(format!("{at}/le_ms"), detail);
            }
            if !bucket.count.is_finite() || bucket.count < count {
                let count = short(count);
                let detail = format!("must be at least {count}: counts include those of lower buckets");
                wrong.add(format!("{at}/count"), detail);
            } else if bucket.count > MOST_CALLS {
                let detail = format!("must be at most {MOST_CALLS}, is {}", short(bucket.count));
                wrong.add(format!("{at}/count"), detail);
            }
            if wrong.0.len() > before {
                return None;
            }
            (bound, count) = (le, bucket.count);
        }
        if count <= 0.0 {
            return wrong.none("/latency/histogram", "no call was counted");
        }
        let (p50, fine50) = self.percentile(0.5 * count)?;
        let (p99, fine99) = self.percentile(0.99 * count)?;
        Some(from_percentiles(p50, p99.max(p50), fine50 && fine99))
    }

    /// Where `rank` of the calls are reached, interpolated on a log axis, and whether the bucket is narrow enough.
    fn percentile(&self, rank: f64) -> Option<(f64, bool)> {
        let at = self.histogram.iter().position(|bucket| bucket.count >= rank)?;
        let bucket = self.histogram.get(at)?;
        let below = at.checked_sub(1).and_then(|i| self.histogram.get(i));
        let low = below.and_then(|b| b.le_ms);
        match (low, bucket.le_ms) {
            // Beyond the last bound nothing is known but that.
            (low, None) => Some((low.unwrap_or(1.0), false)),
            // Of the first bucket only the upper bound is known.
            (None, Some(high)) => Some((high / 2.0, false)),
            (Some(low), Some(high)) => {
                let start = below.map_or(0.0, |b| b.count);
                let part = ((rank - start) / (bucket.count - start)).clamp(0.0, 1.0);
                Some((low * (high / low).powf(part), high / low < COARSE))
            }
        }
    }
}

/// `s = (ln p99 - ln p50) / 2.326`, `mean = p50 exp(s^2/2)`, `cv^2 = exp(s^2) - 1`.
fn from_percentiles(p50: f64, p99: f64, fine: bool) -> (f64, f64, bool) {
    let s = (p99.ln() - p50.ln()) / 2.326;
    (p50 * (s * s / 2.0).exp(), (s * s).exp_m1().sqrt(), fine)
}

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct Wrong(pub(super) Vec<Problem>);

impl Wrong {
    pub(super) fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Problem::new(pointer, detail));
    }

    fn none<T>(&mut self, pointer: &str, detail: &str) -> Option<T> {
        self.add(pointer, detail);
        None
    }

    pub(super) fn above_zero(&mut self, pointer: &str, value: f64) {
        if !(value.is_finite() && value > 0.0 && value <= MOST) {
            self.add(pointer, format!("must be above 0 and at most {MOST}, is {}", short(value)));
        }
    }

    pub(super) fn at_least(&mut self, pointer: &str, value: f64, least: f64) {
        if !(value.is_finite() && value >= least && value <= MOST) {
            let (least, is) = (short(least), short(value));
            self.add(pointer, format!("must be at least {least} and at most {MOST}, is {is}"));
        }
    }

    fn between(&mut self, pointer: &str, value: f64, least: f64, most: f64) {
        if !(least..=most).contains(&value) {
            self.add(pointer, format!("must be between {least} and {most}, is {}", short(value)));
        }
    }

    pub(super) fn share(&mut self, pointer: &str, value: f64) {
        self.between(pointer, value, 0.0, 1.0);
    }
}

/// Nothing in a profile but a count of calls is greater: beyond it a number is a mistake, and sums stay finite.
pub(super) const MOST: f64 = 1e9;
/// Calls that a bucket may have counted: counters that ran for years stay below it, and each is a whole number.
const MOST_CALLS: f64 = 1e15;
