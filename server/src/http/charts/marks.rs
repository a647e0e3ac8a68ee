//! Small marks beside a number: ring, bar, mix of grades, spark line.

use serde::Serialize;

use super::{Pt, num, smooth};
use crate::http::pages::parts::Grade;

/// A grade as a ring: the arc is the score, the letter is the grade after caps.
#[derive(Clone, Debug, Serialize)]
pub struct Ring {
    /// Letter and colours.
    pub grade: Grade,
    /// Arc of 100; null when not graded.
    pub dash: Option<String>,
    /// Score, or an empty text.
    pub score: String,
    /// The letter needs a smaller size.
    pub long: bool,
    /// What the ring says, for those who cannot see it.
    pub label: String,
}

impl Ring {
    /// A ring for a grade, its score and its coverage in percent.
    pub fn new(grade: Option<&str>, score: Option<i64>, coverage: i64) -> Self {
        let label = match (grade, score) {
            (Some(grade), Some(score)) => {
                format!("Grade {grade}, score {score} of 100, {coverage} percent of points known")
            }
            _ => "Not graded".to_owned(),
        };
        let grade = Grade::new(grade);
        Self {
            dash: score.filter(|s| *s > 0).map(|s| num(s.clamp(0, 100) as f64)),
            score: score.map_or_else(String::new, |s| s.to_string()),
            long: grade.letter.chars().count() > 2,
            grade,
            label,
        }
    }
}

/// A bar of 100. It never stands without its number.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    /// Class that carries its colour.
    pub cls: &'static str,
    /// Length in percent.
    pub v: String,
    /// Where the mark for the mean stands; null for none.
    pub avg: Option<String>,
}

impl Bar {
    /// A bar in the colours of `grade`.
    pub fn new(value: i64, grade: Option<&str>, mean: Option<i64>) -> Self {
        Self {
            cls: Grade::new(grade).cls,
            v: num(value.clamp(0, 100) as f64),
            avg: mean.map(|m| num(m.clamp(0, 100) as f64)),
        }
    }
}

/// Services by grade as one bar.
#[derive(Clone, Debug, Serialize)]
pub struct Mix {
    /// Pieces, best grade first.
    pub parts: Vec<MixPart>,
    /// The counts in words.
    pub label: String,
}

/// One piece of a mix.
#[derive(Clone, Debug, Serialize)]
pub struct MixPart {
    /// Class that carries its colour.
    pub cls: &'static str,
    /// Start and width in percent.
    pub x: String,
    /// Width in percent.
    pub w: String,
    /// Count and letter.
    pub label: String,
}

impl Mix {
    /// A mix of counts by grade; `None` is "not graded".
    pub fn new<'a>(counts: impl Iterator<Item = (Option<&'a str>, i64)> + Clone) -> Self {
        let total: i64 = counts.clone().map(|c| c.1).sum();
        let mut parts = Vec::new();
        let mut x = 0.0;
        for (grade, count) in counts.filter(|c| c.1 > 0) {
            let w = count as f64 / total as f64 * 100.0;
            let label = format!("{count} {}", grade.unwrap_or("not graded"));
            parts.push(MixPart { cls: Grade::new(grade).cls, x: num(x), w: num(w), label });
            x += w;
        }
        let words: Vec<&str> = parts.iter().map(|p| p.label.as_str()).collect();
        let label = if words.is_empty() { "No services".to_owned() } else { words.join(", ") };
        Self { parts, label }
    }
}

/// A line of weeks without axes.
#[derive(Clone, Debug, Serialize)]
pub struct Spark {
    /// Curve; empty with fewer than two values.
    pub line: String,
    /// The ground below it.
    pub area: String,
    /// There is a last value.
    pub dot: bool,
    /// Last point.
    pub ex: String,
    /// Last point.
    pub ey: String,
    /// First and last value in words.
    pub label: String,
}

/// Range a spark line shows at least, so that noise does not look like drama.
const SPARK_RANGE: f64 = 8.0;

impl Spark {
    /// A spark line over weeks, oldest first; weeks without a value are left out.
    pub fn new(weeks: &[Option<i16>]) -> Self {
        let known: Vec<(usize, f64)> =
            weeks.iter().enumerate().filter_map(|(i, v)| v.map(|v| (i, f64::from(v)))).collect();
        let low = known.iter().map(|k| k.1).fold(f64::MAX, f64::min);
        let high = known.iter().map(|k| k.1).fold(f64::MIN, f64::max);
        let (low, range) = if high - low < SPARK_RANGE {
            (f64::midpoint(low, high) - SPARK_RANGE / 2.0, SPARK_RANGE)
        } else {
            (low, high - low)
        };
        // A box of 96 by 28 with air for the line's width and the last dot.
        let step = 88.0 / (weeks.len().max(2) - 1) as f64;
        let points: Vec<Pt> =
            known.iter().map(|(i, v)| (3.0 + *i as f64 * step, 24.0 - (v - low) / range * 20.0)).collect();
        let label = match (known.first(), known.last()) {
            (Some(first), Some(last)) if known.len() > 1 => {
                format!("{} weeks: from {} to {}", weeks.len(), first.1, last.1)
            }
            (Some(only), _) => format!("first graded this week: {}", only.1),
            _ => "no history yet".to_owned(),
        };
        let (ex, ey) = points.last().copied().unwrap_or_default();
        let line = if points.len() > 1 { smooth(&points) } else { String::new() };
        let start = points.first().copied().unwrap_or_default().0;
        let area =
            if line.is_empty() { String::new() } else { format!("{line}L{} 28L{} 28Z", num(ex), num(start)) };
        Self { line, area, dot: !points.is_empty(), ex: num(ex), ey: num(ey), label }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_names_its_counts_and_fills_the_bar() {
        let mix = Mix::new([(Some("A"), 1), (Some("B"), 0), (None, 3)].into_iter());
        assert_eq!(mix.label, "1 A, 3 not graded");
        assert_eq!(mix.parts.last().unwrap().w, "75");
        assert_eq!(Mix::new([].into_iter()).label, "No services");
    }

    #[test]
    fn sparks_survive_gaps_one_value_and_none() {
        assert!(!Spark::new(&[None, None]).dot);
        assert!(Spark::new(&[None, Some(70)]).line.is_empty());
        assert!(Spark::new(&[Some(60), None, Some(70)]).line.starts_with('M'));
    }
}
