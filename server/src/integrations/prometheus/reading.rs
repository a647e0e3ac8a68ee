//! Answers turned into what they are about: a histogram for each instance and instant, a number for each.

use std::collections::BTreeMap;

use super::answer::{Data, Labels, Series, number};
use super::histogram::Histogram;

/// Instants in milliseconds since the epoch, each with something.
pub(super) type Times<T> = BTreeMap<i64, T>;
/// Something over time, by instance.
pub(super) type ByInstance<T> = BTreeMap<String, Times<T>>;

/// What stands for the instance of series that name none.
pub(super) const NAMELESS: &str = "(no instance)";

/// Histograms by instance. What is no number is a gap; where an instance has both kinds, the native one is finer.
pub(super) fn histograms(data: Data, instance: &str, ms: f64) -> ByInstance<Histogram> {
    let mut classic: ByInstance<Vec<(f64, f64)>> = BTreeMap::new();
    let mut found: ByInstance<Histogram> = BTreeMap::new();
    for series in all(data) {
        let name = name_of(&series.labels, instance);
        if let Some(le) = series.labels.get("le").and_then(|le| number(le)) {
            let times = classic.entry(name.clone()).or_default();
            for (at, count) in series.values {
                times.entry(millis(at)).or_default().push((le, count));
            }
        }
        for (at, native) in series.histograms {
            if let Some(histogram) = Histogram::native(&native, ms) {
                found.entry(name.clone()).or_default().insert(millis(at), histogram);
            }
        }
    }
    for (name, times) in classic {
        let slots = found.entry(name).or_default();
        for (at, counts) in times {
            if let (false, Some(histogram)) = (slots.contains_key(&at), Histogram::classic(&counts, ms)) {
                slots.insert(at, histogram);
            }
        }
    }
    found.retain(|_, times| !times.is_empty());
    found
}

/// Numbers by instance. What is no number is a gap.
pub(super) fn numbers(data: Data, instance: &str) -> ByInstance<f64> {
    let mut found: ByInstance<f64> = BTreeMap::new();
    for series in all(data) {
        let times = found.entry(name_of(&series.labels, instance)).or_default();
        for (at, n) in series.values.into_iter().filter(|(_, n)| n.is_finite()) {
            *times.entry(millis(at)).or_default() += n;
        }
    }
    found
}

/// The one number of an answer: a scalar, or the greatest of a vector.
pub(super) fn one_number(data: Data) -> Option<f64> {
    let numbers: Vec<f64> = match data {
        Data::Scalar(n) => vec![n],
        Data::Text(_) => Vec::new(),
        Data::Series(all) => all.into_iter().flat_map(|s| s.values).map(|(_, n)| n).collect(),
    };
    numbers.into_iter().filter(|n| n.is_finite()).max_by(f64::total_cmp)
}

fn all(data: Data) -> Vec<Series> {
    match data {
        Data::Series(all) => all,
        Data::Scalar(_) | Data::Text(_) => Vec::new(),
    }
}

fn name_of(labels: &Labels, instance: &str) -> String {
    let name = labels.get(instance).map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect());
    name.filter(|name: &String| !name.is_empty()).unwrap_or_else(|| NAMELESS.to_owned())
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}
