//! Chart geometry in percent of the plot box: no colours, no styles, so that text keeps its size at every width.

mod burnup;
mod flow;
mod ladder;
mod latency;
mod marks;
mod replay;
mod risk;
mod stack;
mod trend;

pub use burnup::{Burnup, BurnupData};
pub use flow::{Drawn, FlowMap};
pub use ladder::{Ladder, LadderSteps};
pub use latency::{Latencies, Mark, ms, percent};
pub use marks::{Bar, Mix, Ring, Spark};
pub use replay::{Course, Replayed};
pub use risk::{Risk, RiskDot, calls};
pub use stack::{Stack, StackWeek};
pub use trend::{Trend, TrendPoint};

use std::fmt::Write;

use serde::Serialize;

/// A point of the plot box: x to the right, y down, both 0..100.
type Pt = (f64, f64);

/// A number as an SVG attribute wants it: at most two decimals, no trailing zeros.
fn num(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Maps values onto 0..100.
#[derive(Clone, Copy, Debug)]
struct Scale {
    min: f64,
    max: f64,
}

impl Scale {
    const fn new(min: f64, max: f64) -> Self {
        Self { min, max }
    }

    /// Left to right; values outside land on the edge.
    fn x(self, value: f64) -> f64 {
        if self.max <= self.min {
            return 0.0;
        }
        ((value - self.min) / (self.max - self.min) * 100.0).clamp(0.0, 100.0)
    }

    /// Top to bottom.
    fn y(self, value: f64) -> f64 {
        100.0 - self.x(value)
    }
}

/// The letter of a score, for grounds and tables. Best band first.
#[derive(Clone, Debug)]
pub struct Band {
    /// Letter.
    pub letter: String,
    /// Class that carries its colours.
    pub cls: &'static str,
    /// Least score.
    pub min: u8,
}

/// Straight lines through `points`.
fn line(points: &[Pt]) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(path, "{}{} {}", if i == 0 { "M" } else { "L" }, num(*x), num(*y));
    }
    path
}

/// A monotone cubic (Fritsch and Carlson) through `points`: smooth, and never above or below the data.
fn smooth(points: &[Pt]) -> String {
    if points.len() < 3 {
        return line(points);
    }
    let secants: Vec<(f64, f64)> = points
        .windows(2)
        .map(|w| match w {
            [a, b] => (b.0 - a.0, (b.1 - a.1) / (b.0 - a.0)),
            _ => (1.0, 0.0),
        })
        .collect();
    let tangents = tangents(&secants);
    let mut path = String::new();
    for (i, ((from, to), (dx, _))) in points.iter().zip(points.iter().skip(1)).zip(&secants).enumerate() {
        if i == 0 {
            let _ = write!(path, "M{} {}", num(from.0), num(from.1));
        }
        let h = dx / 3.0;
        let (t0, t1) = (tangents.get(i).copied().unwrap_or(0.0), tangents.get(i + 1).copied().unwrap_or(0.0));
        let _ = write!(
            path,
            "C{} {} {} {} {} {}",
            num(from.0 + h),
            num(from.1 + t0 * h),
            num(to.0 - h),
            num(to.1 - t1 * h),
            num(to.0),
            num(to.1)
        );
    }
    path
}

/// Slopes at the points: the weighted harmonic mean of both sides, flat where the direction turns.
fn tangents(secants: &[(f64, f64)]) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(secants.len() + 1);
    slopes.push(secants.first().map_or(0.0, |s| s.1));
    for pair in secants.windows(2) {
        if let [(dx0, m0), (dx1, m1)] = *pair {
            slopes.push(if m0 * m1 <= 0.0 {
                0.0
            } else {
                let (w1, w2) = (2.0 * dx1 + dx0, dx1 + 2.0 * dx0);
                (w1 + w2) / (w1 / m0 + w2 / m1)
            });
        }
    }
    slopes.push(secants.last().map_or(0.0, |s| s.1));
    slopes
}

/// The band between two curves; the lower edge is drawn backwards.
fn between(top: &[Pt], bottom: &[Pt]) -> String {
    let back: Vec<Pt> = bottom.iter().rev().copied().collect();
    format!("{}L{}Z", smooth(top), smooth(&back).trim_start_matches('M'))
}

/// A label on an axis.
#[derive(Clone, Debug, Serialize)]
pub struct Tick {
    /// Where, in percent.
    pub at: String,
    /// Text.
    pub label: String,
    /// Left out on small screens.
    pub alt: bool,
    /// `start`, `middle` or `end`.
    pub anchor: &'static str,
}

fn y_tick(scale: Scale, value: f64, label: impl Into<String>) -> Tick {
    Tick { at: num(scale.y(value)), label: label.into(), alt: false, anchor: "end" }
}

/// Up to six labels along x, the first and last always among them.
fn x_ticks(labels: &[String]) -> Vec<Tick> {
    let last = labels.len().saturating_sub(1);
    let shown = last.min(5);
    let ticks: Vec<usize> = if last == 0 { vec![0] } else { (0..=shown).map(|i| i * last / shown).collect() };
    let many = ticks.len() > 4;
    ticks
        .iter()
        .enumerate()
        .filter_map(|(i, &at)| {
            let x = if last == 0 { 100.0 } else { at as f64 / last as f64 * 100.0 };
            let anchor = if x < 4.0 {
                "start"
            } else if x > 96.0 {
                "end"
            } else {
                "middle"
            };
            Some(Tick { at: num(x), label: labels.get(at)?.clone(), alt: many && i % 2 == 1, anchor })
        })
        .collect()
}

/// The numbers of a chart, shown below it on demand and read by the pointer.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// Column heads.
    pub head: Vec<String>,
    /// Rows; the first cell is the row's head.
    pub rows: Vec<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_line_stays_within_its_data() {
        let path = smooth(&[(0.0, 10.0), (50.0, 10.0), (100.0, 90.0)]);
        for y in path.split(['M', 'C', ' ']).filter(|t| !t.is_empty()).skip(1).step_by(2) {
            let y: f64 = y.parse().unwrap();
            assert!((10.0..=90.0).contains(&y), "{y} in {path}");
        }
    }

    #[test]
    fn numbers_carry_no_trailing_zeros() {
        assert_eq!(num(12.50), "12.5");
        assert_eq!(num(-0.001), "0");
        assert_eq!(num(100.0), "100");
    }

    #[test]
    fn axis_labels_keep_both_ends() {
        let labels: Vec<String> = (0..26).map(|i| i.to_string()).collect();
        let ticks = x_ticks(&labels);
        assert_eq!(ticks.first().unwrap().label, "0");
        assert_eq!(ticks.last().unwrap().label, "25");
        assert_eq!(x_ticks(&labels[..1]).len(), 1);
        assert!(x_ticks(&[]).is_empty());
    }
}
