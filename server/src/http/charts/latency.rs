//! How long calls take, on a log axis, with the marks that a degrader sets against it.

use serde::Serialize;

use super::{Scale, Table, Tick, num};

/// Bars of the plot.
const BARS: usize = 30;

/// A mark set against latency.
#[derive(Clone, Debug)]
pub struct Mark {
    /// What it is: `high`, `low`, `timeout`.
    pub label: String,
    /// Where, ms.
    pub ms: f64,
    /// In force now; else recommended.
    pub current: bool,
}

/// Everything the partial draws.
#[derive(Clone, Debug, Serialize)]
pub struct Latencies {
    /// Prefix of its ids.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// The finding in words.
    pub desc: String,
    bars: Vec<BarOf>,
    marks: Vec<MarkAt>,
    xticks: Vec<Tick>,
    table: Table,
}

#[derive(Clone, Debug, Serialize)]
struct BarOf {
    cls: &'static str,
    x: String,
    y: String,
    w: String,
    h: String,
}

#[derive(Clone, Debug, Serialize)]
struct MarkAt {
    cls: &'static str,
    x: String,
    label: String,
    anchor: &'static str,
    dx: &'static str,
    /// Em from the top, so that labels do not lie on each other.
    dy: String,
}

impl Latencies {
    /// The plot of a distribution: `within` tells the share of calls that take no longer than so many ms. Calls beyond
    /// `slo` are bad ones; those beyond `slow` are slow.
    pub fn new(
        within: impl Fn(f64) -> f64,
        (from, to): (f64, f64),
        (slow, slo): (f64, f64),
        marks: &[Mark],
        desc: String,
    ) -> Self {
        let (from, to) = (from.max(0.01), to.max(from * 2.0));
        let scale = Scale::new(from.ln(), to.ln());
        let edge = |i: usize| (from.ln() + (to.ln() - from.ln()) * i as f64 / BARS as f64).exp();
        let shares: Vec<(f64, f64, f64)> =
            (0..BARS).map(|i| (edge(i), edge(i + 1), within(edge(i + 1)) - within(edge(i)))).collect();
        let most = shares.iter().map(|(_, _, share)| *share).fold(1e-12, f64::max);
        let width = 100.0 / BARS as f64;
        let bar = |(i, (low, _, share)): (usize, &(f64, f64, f64))| {
            // A bar that is there can be seen.
            let h = if *share > 1e-6 { (share / most * 100.0).max(0.8) } else { 0.0 };
            let cls = if *low >= slo {
                "bad"
            } else if *low >= slow {
                "slow"
            } else {
                "ok"
            };
            BarOf {
                cls,
                x: num(i as f64 * width + width * 0.08),
                y: num(100.0 - h),
                w: num(width * 0.84),
                h: num(h),
            }
        };
        let mut rows: Vec<Vec<String>> = shares
            .iter()
            .map(|(low, high, share)| vec![format!("{} to {}", ms(*low), ms(*high)), percent(*share)])
            .collect();
        rows.extend(marks.iter().map(|mark| {
            let what = if mark.current { "now" } else { "recommended" };
            vec![format!("{} mark, {what}", mark.label), ms(mark.ms)]
        }));
        Self {
            id: "latency",
            title: "Latency of calls, log scale".to_owned(),
            desc,
            bars: shares.iter().enumerate().map(bar).collect(),
            marks: place(marks, scale),
            xticks: ticks(scale, from, to),
            table: Table { head: vec!["Latency".to_owned(), "Share of calls".to_owned()], rows },
        }
    }
}

fn place(marks: &[Mark], scale: Scale) -> Vec<MarkAt> {
    let mut sorted: Vec<&Mark> = marks.iter().collect();
    sorted.sort_by(|a, b| a.ms.total_cmp(&b.ms));
    let at = |(n, mark): (usize, &&Mark)| {
        let x = scale.x(mark.ms.max(1e-6).ln());
        let right = x > 62.0;
        MarkAt {
            cls: if mark.current { "cur" } else { "rec" },
            x: num(x),
            label: format!("{}{} {}", if mark.current { "now " } else { "" }, mark.label, ms(mark.ms)),
            anchor: if right { "end" } else { "start" },
            dx: if right { "-6" } else { "6" },
            dy: num(0.85 + 1.25 * n as f64),
        }
    };
    sorted.iter().enumerate().map(at).collect()
}

/// 1, 3, 10, 30 ... within the axis.
fn ticks(scale: Scale, from: f64, to: f64) -> Vec<Tick> {
    let mut found = Vec::new();
    let mut ten = 10_f64.powf(from.log10().floor());
    while ten <= to {
        for value in [ten, ten * 3.0] {
            if value >= from && value <= to {
                let x = scale.x(value.ln());
                let anchor = if x < 4.0 {
                    "start"
                } else if x > 96.0 {
                    "end"
                } else {
                    "middle"
                };
                found.push(Tick { at: num(x), label: ms(value), alt: value > ten * 2.0, anchor });
            }
        }
        ten *= 10.0;
    }
    found
}

/// `7.5 ms`, `340 ms`, `1.2 s`.
pub fn ms(value: f64) -> String {
    let digits = |value: f64| {
        let text = if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
        text.trim_end_matches(".0").to_owned()
    };
    if value >= 1_000.0 { format!("{} s", digits(value / 1_000.0)) } else { format!("{} ms", digits(value)) }
}

/// `0.05%`, `12%`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    let text = if value >= 9.95 || value == 0.0 {
        format!("{value:.0}")
    } else if value >= 0.1 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    };
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "0" && value > 0.0 { "under 0.01%".to_owned() } else { format!("{text}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_bars_and_marks_within_the_box() {
        let marks = [
            Mark { label: "high".to_owned(), ms: 30.0, current: false },
            Mark { label: "high".to_owned(), ms: 400.0, current: true },
        ];
        let plot = Latencies::new(|ms| ms / (ms + 10.0), (1.0, 1_000.0), (30.0, 50.0), &marks, String::new());
        assert_eq!(plot.bars.len(), BARS);
        assert_eq!(
            plot.marks.iter().map(|m| m.label.as_str()).collect::<Vec<_>>(),
            ["high 30 ms", "now high 400 ms"]
        );
        assert!(plot.bars.iter().all(|b| (0.0..=100.0).contains(&b.h.parse::<f64>().unwrap())));
        assert!(plot.xticks.len() >= 4, "{:?}", plot.xticks);
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([ms(7.5), ms(31.0), ms(1_200.0), ms(10_000.0)], ["7.5 ms", "31 ms", "1.2 s", "10 s"]);
        assert_eq!(
            [percent(0.0), percent(0.0005), percent(0.12), percent(1.0), percent(1e-7)],
            ["0%", "0.05%", "12%", "100%", "under 0.01%"]
        );
    }
}
