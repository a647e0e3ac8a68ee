//! Services by grade over time, as stacked areas.

use serde::Serialize;

use super::{Pt, Scale, Table, Tick, between, num, smooth, x_ticks, y_tick};
use crate::http::pages::parts::Grade;

/// One week: a label and the number of services by grade, best first.
#[derive(Clone, Debug)]
pub struct StackWeek {
    /// Day the week ends on, in words.
    pub label: String,
    /// Letter (null: not graded) and count.
    pub counts: Vec<(Option<String>, i64)>,
}

/// Everything the partial draws.
#[derive(Clone, Debug, Serialize)]
pub struct Stack {
    /// Prefix of its ids.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// The finding in words.
    pub desc: String,
    series: Vec<Series>,
    yticks: Vec<Tick>,
    xticks: Vec<Tick>,
    table: Table,
}

#[derive(Clone, Debug, Serialize)]
struct Series {
    cls: &'static str,
    letter: String,
    d: String,
    edge: String,
    ly: String,
    /// Count of the last week; null where there is no room or nothing to say.
    n: Option<String>,
    #[serde(skip)]
    middle: f64,
}

impl Stack {
    /// A stack over weeks, oldest first. Null when fewer than two weeks have services.
    pub fn new(weeks: &[StackWeek], desc: String) -> Option<Self> {
        let weeks: Vec<&StackWeek> = weeks.iter().skip_while(|w| total(w) == 0).collect();
        let (first, last) = (weeks.first()?, weeks.last()?);
        if weeks.len() < 2 {
            return None;
        }
        let most = weeks.iter().map(|w| total(w)).max().filter(|m| *m > 0)?;
        let scale = Scale::new(0.0, most as f64);
        let letters: Vec<Option<String>> = last.counts.iter().map(|c| c.0.clone()).collect();
        let mut floor = vec![0_i64; weeks.len()];
        let mut series = Vec::new();
        // The worst letter lies at the bottom, the best on top.
        for letter in letters.iter().rev() {
            let bottom = points(&floor, scale);
            for (sum, week) in floor.iter_mut().zip(&weeks) {
                *sum += count(week, letter.as_deref());
            }
            series.push(Series::new(
                letter.as_deref(),
                &bottom,
                &points(&floor, scale),
                count(last, letter.as_deref()),
            ));
        }
        series.reverse();
        thin_out(&mut series);
        let labels: Vec<String> = weeks.iter().map(|w| w.label.clone()).collect();
        Some(Self {
            id: "grades",
            title: format!("Services by grade, {} to {}", first.label, last.label),
            desc,
            series,
            yticks: y_ticks(scale, most),
            xticks: x_ticks(&labels),
            table: table(&weeks, &letters),
        })
    }
}

impl Series {
    fn new(letter: Option<&str>, bottom: &[Pt], top: &[Pt], count: i64) -> Self {
        let middle = f64::midpoint(top.last().map_or(0.0, |p| p.1), bottom.last().map_or(0.0, |p| p.1));
        let grade = Grade::new(letter);
        Self {
            cls: grade.cls,
            letter: grade.letter,
            d: between(top, bottom),
            edge: smooth(top),
            ly: num(middle),
            n: (count > 0).then(|| count.to_string()),
            middle,
        }
    }
}

/// Percent of the height one label takes.
const LABEL: f64 = 5.6;

/// Takes away labels that would touch the one above them.
fn thin_out(series: &mut [Series]) {
    let mut last = -LABEL;
    for one in series.iter_mut().filter(|s| s.n.is_some()) {
        if one.middle - last < LABEL {
            one.n = None;
        } else {
            last = one.middle;
        }
    }
}

/// Round numbers of services, at most five steps.
fn y_ticks(scale: Scale, most: i64) -> Vec<Tick> {
    let rough = (most / 4).max(1);
    let magnitude = 10_i64.pow(rough.ilog10());
    let step = [1, 2, 5, 10].map(|m| m * magnitude).into_iter().find(|s| *s >= rough).unwrap_or(rough);
    (0..=most / step).map(|i| y_tick(scale, (i * step) as f64, (i * step).to_string())).collect()
}

fn total(week: &StackWeek) -> i64 {
    week.counts.iter().map(|c| c.1).sum()
}

fn count(week: &StackWeek, letter: Option<&str>) -> i64 {
    week.counts.iter().find(|c| c.0.as_deref() == letter).map_or(0, |c| c.1)
}

fn points(sums: &[i64], scale: Scale) -> Vec<Pt> {
    let last = (sums.len() - 1) as f64;
    sums.iter().enumerate().map(|(i, sum)| (i as f64 / last * 100.0, scale.y(*sum as f64))).collect()
}

fn table(weeks: &[&StackWeek], letters: &[Option<String>]) -> Table {
    let head = std::iter::once("Week".to_owned())
        .chain(letters.iter().map(|l| l.clone().unwrap_or_else(|| "Not graded".to_owned())))
        .collect();
    let rows = weeks
        .iter()
        .map(|week| {
            std::iter::once(week.label.clone())
                .chain(letters.iter().map(|l| count(week, l.as_deref()).to_string()))
                .collect()
        })
        .collect();
    Table { head, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(label: &str, a: i64, none: i64) -> StackWeek {
        StackWeek { label: label.to_owned(), counts: vec![(Some("A".to_owned()), a), (None, none)] }
    }

    #[test]
    fn weeks_before_the_first_service_are_not_drawn() {
        let stack =
            Stack::new(&[week("1 May", 0, 0), week("8 May", 0, 4), week("15 May", 3, 1)], String::new())
                .unwrap();
        assert_eq!(stack.table.rows.len(), 2);
        assert_eq!(stack.title, "Services by grade, 8 May to 15 May");
        assert_eq!(stack.series.first().unwrap().n.as_deref(), Some("3"));
    }

    #[test]
    fn the_axis_has_round_numbers() {
        let labels = |most| -> Vec<String> {
            y_ticks(Scale::new(0.0, most as f64), most).into_iter().map(|t| t.label).collect()
        };
        assert_eq!(labels(3), ["0", "1", "2", "3"]);
        assert_eq!(labels(123), ["0", "50", "100"]);
    }

    #[test]
    fn one_week_is_no_history() {
        assert!(Stack::new(&[week("1 May", 3, 0)], String::new()).is_none());
        assert!(Stack::new(&[], String::new()).is_none());
    }
}
