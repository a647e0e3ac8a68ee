//! Instances side by side: which one stands out, and how the others behave.

use std::collections::{BTreeMap, BTreeSet};

use super::histogram::{Histogram, Quantile};
use super::reading::{ByInstance, Times};

/// Calls in a step from which an instance is compared with the others.
const COMPARED: f64 = 50.0;
/// How many times as long the slowest of a hundred calls must take as with the others.
const SLOWER: f64 = 2.0;
/// How many more of a hundred calls must fail than with the others.
const MORE_ERRORS: f64 = 0.01;
/// A step whose calls take this many times as long as usual is an incident, and no measure for settings.
const INCIDENT: f64 = 3.0;

/// One instance in one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Calls a second.
    pub(super) qps: f64,
    /// The slowest of a hundred calls; none without calls.
    pub(super) p99: Option<Quantile>,
    /// Share of calls that failed; none where that is not known.
    pub(super) error_rate: Option<f64>,
    /// How far it stands out; 0: it does not.
    pub(super) severity: f64,
}

/// All instances in one step.
pub(super) type Step = BTreeMap<String, Look>;

/// Looks at every step; `seconds` is its length.
pub(super) fn steps(
    histograms: &ByInstance<Histogram>,
    errors: Option<&ByInstance<f64>>,
    seconds: f64,
) -> Times<Step> {
    let mut found: Times<Step> = BTreeMap::new();
    for (name, times) in histograms {
        let failed = errors.map(|all| all.get(name));
        for (at, histogram) in times.iter().filter(|(_, h)| h.calls() > 0.0) {
            let qps = histogram.calls();
            // Who counts errors says nothing of an instance that has none.
            let failed = failed.map(|times| times.and_then(|t| t.get(at)).copied().unwrap_or(0.0));
            let look = Look {
                qps,
                p99: histogram.quantile(0.99),
                error_rate: failed.map(|rate| (rate / qps).clamp(0.0, 1.0)),
                severity: 0.0,
            };
            found.entry(*at).or_default().insert(name.clone(), look);
        }
    }
    for step in found.values_mut() {
        judge(step, seconds);
    }
    found
}

/// Says of each instance how far it stands out.
fn judge(step: &mut Step, seconds: f64) {
    let compared: Vec<(String, Look)> = step
        .iter()
        .filter(|(_, look)| look.qps * seconds >= COMPARED)
        .map(|(name, look)| (name.clone(), *look))
        .collect();
    let severe: Vec<(&String, f64)> = compared
        .iter()
        .map(|(name, look)| {
            let others: Vec<&Look> = compared.iter().filter(|(n, _)| n != name).map(|(_, l)| l).collect();
            (name, severity(look, &others, seconds))
        })
        .filter(|(_, severity)| *severity > 0.0)
        .collect();
    // Where half of them stand out, it is not they who are odd; of two it is the worse one.
    if severe.len() * 2 > compared.len().max(2) || (severe.len() * 2 == compared.len() && compared.len() > 2)
    {
        return;
    }
    for (name, severity) in severe {
        if let Some(look) = step.get_mut(name) {
            look.severity = severity;
        }
    }
}

fn severity(look: &Look, others: &[&Look], seconds: f64) -> f64 {
    if others.is_empty() {
        return 0.0;
    }
    let mut severity = 0.0;
    let usual =
        |of: fn(&Quantile) -> f64| median(others.iter().filter_map(|o| o.p99.as_ref().map(of)).collect());
    if let (Some(own), Some(ms), Some(high)) = (look.p99, usual(|q| q.ms), usual(|q| q.high_ms)) {
        // Beyond what the width of the buckets leaves open.
        if own.low_ms >= high && own.ms >= SLOWER * ms {
            severity += (own.ms / ms.max(0.001)).ln();
        }
    }
    if let (Some(own), Some(usual)) =
        (look.error_rate, median(others.iter().filter_map(|o| o.error_rate).collect()))
    {
        let calls = look.qps * seconds;
        let chance = 4.0 * (usual.max(1.0 / calls) / calls).sqrt();
        if own >= 2.0 * usual && own >= usual + chance.max(MORE_ERRORS) {
            severity += 10.0 * (own - usual);
        }
    }
    severity
}

/// The middle of some numbers.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let (low, high) = (numbers.len().checked_sub(1)? / 2, numbers.len() / 2);
    Some(f64::midpoint(*numbers.get(low)?, *numbers.get(high)?))
}

/// The instance that stands out most in the last step, and the begin of the first step since which it does without a
/// break, in ms since the epoch.
pub(super) fn worst(steps: &Times<Step>, seconds: f64) -> Option<(&String, &Look, i64)> {
    let (_, last) = steps.last_key_value()?;
    let (name, look) = last.iter().max_by(|a, b| a.1.severity.total_cmp(&b.1.severity))?;
    if look.severity <= 0.0 {
        return None;
    }
    let so = |step: &Step| step.get(name).is_some_and(|l| l.severity > 0.0);
    let (first, _) = steps.iter().rev().take_while(|(_, step)| so(step)).last()?;
    Some((name, look, first - (seconds * 1_000.0) as i64))
}

/// How the instances behave that are well.
#[derive(Clone, Debug, Default)]
pub(super) struct Healthy {
    /// Their calls, over all steps that were no incident.
    pub(super) histogram: Histogram,
    /// Share of their calls that failed; none where that is not known.
    pub(super) error_rate: Option<f64>,
    /// Of each step: calls a second of all instances, and the mean latency against the usual one.
    pub(super) day: Vec<(f64, f64)>,
    /// Instances at once, usually.
    pub(super) instances: u32,
    /// Steps that were left out as incidents.
    pub(super) incidents: usize,
}

/// Puts together what the healthy instances did.
pub(super) fn healthy(histograms: &ByInstance<Histogram>, steps: &Times<Step>, seconds: f64) -> Healthy {
    let pools: Vec<Pool> = steps.iter().map(|(at, step)| Pool::of(histograms, *at, step, seconds)).collect();
    let usual = median(pools.iter().filter_map(|p| p.mean_ms).collect()).unwrap_or(0.0);
    // Few steps say nothing of what is usual.
    let odd = |pool: &Pool| pools.len() >= 5 && pool.mean_ms.is_some_and(|ms| ms > INCIDENT * usual);
    let mut all = Healthy::default();
    let (mut failed, mut counted) = (0.0, 0.0);
    for pool in &pools {
        let incident = odd(pool);
        let latency = pool.mean_ms.filter(|_| !incident && usual > 0.0).map_or(1.0, |ms| ms / usual);
        all.day.push((pool.qps, latency));
        if incident {
            all.incidents += 1;
            continue;
        }
        all.histogram.add(&pool.histogram, 1.0);
        failed += pool.failed;
        counted += pool.counted;
    }
    all.error_rate = (counted > 0.0).then(|| (failed / counted).clamp(0.0, 1.0));
    all.instances = median(steps.values().map(|s| s.len() as f64).collect()).map_or(0, |n| n.round() as u32);
    all
}

/// The healthy instances of one step together.
struct Pool {
    histogram: Histogram,
    mean_ms: Option<f64>,
    qps: f64,
    failed: f64,
    counted: f64,
}

impl Pool {
    fn of(histograms: &ByInstance<Histogram>, at: i64, step: &Step, seconds: f64) -> Self {
        let well: BTreeSet<&String> =
            step.iter().filter(|(_, l)| l.severity <= 0.0).map(|(n, _)| n).collect();
        let mut pool = Self {
            histogram: Histogram::default(),
            mean_ms: None,
            qps: step.values().map(|l| l.qps).sum(),
            failed: 0.0,
            counted: 0.0,
        };
        for name in well {
            if let Some(histogram) = histograms.get(name).and_then(|times| times.get(&at)) {
                pool.histogram.add(histogram, seconds);
            }
            if let Some((look, rate)) = step.get(name).and_then(|l| l.error_rate.map(|rate| (l, rate))) {
                pool.failed += rate * look.qps * seconds;
                pool.counted += look.qps * seconds;
            }
        }
        pool.mean_ms = pool.histogram.mean_ms();
        pool
    }
}
