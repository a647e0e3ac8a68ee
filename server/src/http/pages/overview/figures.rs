//! The four figures of the overview.

use serde::Serialize;

use super::rows::weak_from;
use crate::app::overview::Overview;
use crate::app::standing::Tally;
use crate::app::views::BandView;
use crate::http::charts::{Bar, Spark};
use crate::http::pages::parts::{self, Delta, Grade};
use crate::http::pages::words;

/// One of the four figures.
#[derive(Serialize)]
pub(super) struct Figure {
    label: String,
    value: String,
    unit: &'static str,
    grade: Option<Grade>,
    spark: Option<Spark>,
    bar: Option<Bar>,
    delta: Option<Delta>,
    note: String,
}

/// Mean, share of good services, traffic at risk, coverage: each with its change and a note.
pub(super) fn figures(found: &Overview) -> Vec<Figure> {
    let bar = |value: Option<i64>| value.map(|value| Bar::new(value, None, None));
    let shown = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    let change = |now: Option<i64>, then: Option<i64>| Some(Delta::new(now? - then?, " points"));
    let before = found.before.as_ref();
    let mean = found.now.mean().map(i64::from);
    let middle = found
        .now
        .extra
        .median
        .map_or_else(String::new, |median| format!("; the middle service has {median}"));
    let weeks: Vec<Option<i16>> = found.weeks.iter().map(|(_, tally)| tally.mean()).collect();
    let (what, now, then) = match &found.tier1 {
        Some((now, then)) => ("Tier 1", now, then.as_ref()),
        None => ("Services", &found.now, before),
    };
    let reached = |tally: &Tally| percent(good(&found.bands, tally), tally.services);
    let known = |tally: &Tally| (tally.graded > 0).then(|| tally.coverage_sum / tally.graded);
    let regressions = found
        .now
        .extra
        .regressions
        .map_or_else(String::new, |n| format!("; {} open", words::count(n, "regression")));
    vec![
        Figure {
            label: "Mean score".to_owned(),
            value: shown(mean),
            unit: "/ 100",
            grade: mean.map(|mean| Grade::new(parts::letter_of(&found.bands, mean))),
            spark: (weeks.len() > 3).then(|| Spark::new(&weeks)),
            bar: None,
            delta: change(mean, before.and_then(Tally::mean).map(i64::from)),
            note: format!("over {}{middle}", words::count(found.now.graded, "service")),
        },
        Figure {
            label: format!("{what} at {} or better", good_letter(&found.bands)),
            value: shown(reached(now)),
            unit: "%",
            grade: None,
            spark: None,
            bar: bar(reached(now)),
            delta: change(reached(now), then.and_then(reached)),
            note: format!("{} of {}", good(&found.bands, now), words::count(now.services, "service")),
        },
        traffic_figure(found),
        Figure {
            label: "Coverage: facts known".to_owned(),
            value: shown(known(&found.now)),
            unit: "%",
            grade: None,
            spark: None,
            bar: bar(known(&found.now)),
            delta: change(known(&found.now), before.and_then(known)),
            note: format!("of points, on average{regressions}"),
        },
    ]
}

/// Share of calls, of those that are known, that go through weak services.
fn traffic_figure(found: &Overview) -> Figure {
    let weak: Vec<&BandView> = found.bands.iter().skip(weak_from(found.bands.len())).collect();
    let share = |tally: &Tally| {
        let sums = tally.extra.traffic.as_ref()?;
        let through = |letter: &str| sums.get(letter).map_or(0, |(_, calls)| *calls);
        let all: i64 = sums.values().map(|(_, calls)| calls).sum();
        percent(weak.iter().map(|band| through(&band.grade)).sum(), all)
    };
    let (now, then) = (share(&found.now), found.before.as_ref().and_then(share));
    let known: i64 = found.now.extra.traffic.iter().flat_map(|sums| sums.values()).map(|(n, _)| n).sum();
    let letters: Vec<&str> = weak.iter().map(|band| band.grade.as_str()).collect();
    let unknown = found.now.services - known;
    let moved = now.zip(then).filter(|(now, then)| now != then).map_or_else(String::new, |(now, then)| {
        format!("{} {} points; ", if now > then { "up" } else { "down" }, (now - then).abs())
    });
    let note = match (&found.now.extra.traffic, known) {
        (None, _) => "was not kept that day".to_owned(),
        (_, 0) => "no service's traffic is known".to_owned(),
        _ if unknown == 0 => format!("{moved}the traffic of every service is known"),
        _ => format!("{moved}of {}, {unknown} unknown", words::count(known, "service")),
    };
    Figure {
        label: format!("Traffic through {} services", letters.join(" or ")),
        value: now.map_or_else(|| "–".to_owned(), |now| now.to_string()),
        unit: if now.is_some() { "%" } else { "" },
        grade: None,
        spark: None,
        bar: None,
        delta: None,
        note,
    }
}

/// The letter that closes the better half of the letters.
pub(super) fn good_letter(bands: &[BandView]) -> &str {
    bands.get(bands.len().div_ceil(2).saturating_sub(1)).map_or("", |band| band.grade.as_str())
}

/// Services that reach the better half of the letters.
pub(super) fn good(bands: &[BandView], tally: &Tally) -> i64 {
    let better = bands.iter().take(bands.len().div_ceil(2));
    better.map(|band| tally.grades.get(&band.grade).copied().unwrap_or(0)).sum()
}

/// Whole percent, rounded down; none of nothing.
pub(super) fn percent(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| 100 * part / whole)
}
