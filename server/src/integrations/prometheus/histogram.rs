//! Histograms of latency, classic and native, as cumulative counts; what they tell, and how exactly.

use scoring_rules::degrader::Bucket;

use super::answer::Native;

/// Cumulative counts by upper bound, in ms. Bounds rise and are above zero, counts never fall, the last bound is
/// infinite: its count is the number of calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Histogram {
    /// Upper bound in ms, and calls up to it.
    steps: Vec<(f64, f64)>,
}

/// A quantile with what its bucket leaves open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantile {
    /// Best guess, ms: linear within the bucket, as Prometheus does it.
    pub(super) ms: f64,
    /// It is not below this, ms.
    pub(super) low_ms: f64,
    /// It is not above this, ms; infinite in the last bucket.
    pub(super) high_ms: f64,
}

impl Histogram {
    /// A classic histogram: counts by the label `le`, of one instant, in any order. None without an infinite bucket,
    /// and where a count is no number.
    ///
    /// `ms` is how many milliseconds the unit of the bounds has. Bounds that are equal as numbers (`1` and `1.0`, during
    /// an upgrade) are two halves of one.
    pub(super) fn classic(counts: &[(f64, f64)], ms: f64) -> Option<Self> {
        let mut steps: Vec<(f64, f64)> = counts.iter().map(|(le, count)| (le * ms, *count)).collect();
        if steps.iter().any(|(le, count)| le.is_nan() || !count.is_finite()) {
            return None;
        }
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        steps.last().filter(|(le, _)| le.is_infinite())?;
        let mut merged: Vec<(f64, f64)> = Vec::with_capacity(steps.len());
        for (le, count) in steps {
            match merged.last_mut() {
                Some(last) if same(last.0, le) => last.1 += count,
                _ => merged.push((le, count)),
            }
        }
        Some(Self::lasting(merged))
    }

    /// A native histogram. None where a count is no number.
    pub(super) fn native(native: &Native, ms: f64) -> Option<Self> {
        let sound = |n: f64| n.is_finite() && n >= 0.0;
        if !sound(native.count) || native.buckets.iter().any(|b| !sound(b.count) || b.lower > b.upper) {
            return None;
        }
        let mut steps: Vec<(f64, f64)> = Vec::with_capacity(native.buckets.len() + 2);
        let mut count = 0.0;
        for bucket in &native.buckets {
            // Between two buckets there is nothing: said, or the upper one would seem to begin where the lower ends.
            let lower = bucket.lower.max(0.0) * ms;
            if lower > steps.last().map_or(0.0, |(le, _)| *le) && lower.is_finite() {
                steps.push((lower, count));
            }
            count += bucket.count;
            steps.push((bucket.upper * ms, count));
        }
        let all = native.count.max(count);
        match steps.last_mut() {
            Some(last) if last.0.is_infinite() => last.1 = all,
            _ => steps.push((f64::INFINITY, all)),
        }
        Some(Self::lasting(steps))
    }

    /// Bounds above zero only (what is below belongs to the first), and counts that never fall: buckets that were read
    /// at different moments can.
    fn lasting(steps: Vec<(f64, f64)>) -> Self {
        let mut most: f64 = 0.0;
        let mut kept = Vec::with_capacity(steps.len());
        for (le, count) in steps {
            most = most.max(count);
            if le > 0.0 {
                kept.push((le, most));
            }
        }
        Self { steps: kept }
    }

    /// Number of calls.
    pub(super) fn calls(&self) -> f64 {
        self.steps.last().map_or(0.0, |(_, count)| *count)
    }

    /// Finite bounds: 0 tells nothing of latency.
    pub(super) fn bounds(&self) -> usize {
        self.steps.iter().filter(|(le, _)| le.is_finite()).count()
    }

    /// Adds the calls of another, `times` over. Where only one has a bound, the other is read off between its own.
    pub(super) fn add(&mut self, other: &Self, times: f64) {
        if self.steps.is_empty() {
            self.steps = other.steps.iter().map(|(le, count)| (*le, count * times)).collect();
            return;
        }
        let same_bounds = self.steps.len() == other.steps.len()
            && self.steps.iter().zip(&other.steps).all(|(a, b)| same(a.0, b.0));
        if same_bounds {
            for (mine, (_, count)) in self.steps.iter_mut().zip(&other.steps) {
                mine.1 += count * times;
            }
            return;
        }
        let mut bounds: Vec<f64> = self.steps.iter().chain(&other.steps).map(|(le, _)| *le).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup_by(|b, a| same(*a, *b));
        let both = bounds.iter().map(|le| (*le, self.count_at(*le) + other.count_at(*le) * times));
        *self = Self::lasting(both.collect());
    }

    /// Calls that took `ms` or less, linear within a bucket.
    fn count_at(&self, ms: f64) -> f64 {
        let mut below = (0.0, 0.0);
        for &(le, count) in &self.steps {
            if same(le, ms) {
                return count;
            }
            if le > ms {
                // Of the last bucket nothing is known but its beginning.
                let part = if le.is_infinite() { 0.0 } else { (ms - below.0) / (le - below.0) };
                return below.1 + (count - below.1) * part;
            }
            below = (le, count);
        }
        self.calls()
    }

    /// Where a share `p` of the calls has ended; none without calls.
    pub(super) fn quantile(&self, p: f64) -> Option<Quantile> {
        let rank = p * self.calls();
        if rank <= 0.0 {
            return None;
        }
        let mut below = (0.0, 0.0);
        for &(le, count) in &self.steps {
            if count >= rank {
                let ms = if le.is_infinite() {
                    below.0
                } else {
                    below.0 + (le - below.0) * ((rank - below.1) / (count - below.1)).clamp(0.0, 1.0)
                };
                return Some(Quantile { ms, low_ms: below.0, high_ms: le });
            }
            below = (le, count);
        }
        None
    }

    /// Mean in ms, each call taken to be in the middle of its bucket; of the last one, at its beginning.
    pub(super) fn mean_ms(&self) -> Option<f64> {
        let (mut sum, mut below) = (0.0, (0.0, 0.0));
        for &(le, count) in &self.steps {
            let middle = if le.is_infinite() { below.0 } else { f64::midpoint(below.0, le) };
            sum += middle * (count - below.1);
            below = (le, count);
        }
        (self.calls() > 0.0).then(|| sum / self.calls())
    }

    /// As a profile holds it.
    pub(super) fn buckets(&self) -> Vec<Bucket> {
        let bucket = |&(le, count): &(f64, f64)| Bucket { le_ms: le.is_finite().then_some(le), count };
        self.steps.iter().map(bucket).collect()
    }
}

/// Bounds that differ by no more than the rounding of a conversion.
fn same(a: f64, b: f64) -> bool {
    let close = a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    close || a.total_cmp(&b).is_eq()
}
