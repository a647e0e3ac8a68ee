//! A failure replayed: what is kept away from the bad host over time, under two or three settings, as steps.

use serde::Serialize;

use super::{Pt, Scale, Table, Tick, line, num, y_tick};

/// Instants of the table.
const ROWS: usize = 24;

/// The course of one failure under some settings.
#[derive(Clone, Debug)]
pub struct Course {
    /// Whose settings: `today`, `recommended`, `tried`.
    pub label: &'static str,
    /// Class of its line: `old`, empty, `try`.
    pub cls: &'static str,
    /// Seconds since the failure began, and the share of the host's traffic kept away, 0 to 1.
    pub points: Vec<(f64, f64)>,
}

/// Everything the partial draws.
#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    /// Prefix of its ids.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// The finding in words.
    pub desc: String,
    lines: Vec<LineOf>,
    /// The failure lasts from the left edge to here, percent.
    failing: String,
    yticks: Vec<Tick>,
    xticks: Vec<Tick>,
    table: Table,
}

#[derive(Clone, Debug, Serialize)]
struct LineOf {
    cls: &'static str,
    label: &'static str,
    d: String,
}

impl Replayed {
    /// The plot of some courses, of a failure that lasts `failing` seconds.
    pub fn new(title: String, desc: String, courses: &[Course], failing: f64) -> Self {
        let last = courses.iter().filter_map(|c| c.points.last()).map(|p| p.0).fold(failing, f64::max);
        let across = Scale::new(0.0, last);
        let up = Scale::new(0.0, 1.0);
        let lines = courses
            .iter()
            .map(|course| LineOf {
                cls: course.cls,
                label: course.label,
                d: line(&steps(&course.points, last, across, up)),
            })
            .collect();
        let mut head = vec!["Second".to_owned()];
        head.extend(courses.iter().map(|c| format!("Kept away, {}", c.label)));
        let rows = (0..=ROWS)
            .map(|i| {
                let at = (last * i as f64 / ROWS as f64).round();
                let mut row = vec![format!("{at:.0} s")];
                row.extend(courses.iter().map(|c| super::latency::percent(value_at(&c.points, at))));
                row
            })
            .collect();
        Self {
            id: "replay",
            title,
            desc,
            lines,
            failing: num(across.x(failing)),
            yticks: [0.0, 0.5, 1.0].iter().map(|v| y_tick(up, *v, format!("{:.0}%", v * 100.0))).collect(),
            xticks: seconds(last, across),
            table: Table { head, rows },
        }
    }
}

/// Each value holds until the next instant.
fn steps(points: &[(f64, f64)], last: f64, across: Scale, up: Scale) -> Vec<Pt> {
    let mut path: Vec<Pt> = Vec::new();
    let mut held: Option<f64> = None;
    for (at, value) in points {
        let (x, y) = (across.x(*at), up.y(*value));
        match held {
            Some(before) if (before - y).abs() < 1e-9 => continue,
            Some(before) => path.push((x, before)),
            None => {}
        }
        path.push((x, y));
        held = Some(y);
    }
    if let Some(y) = held {
        path.push((across.x(last), y));
    }
    path
}

fn value_at(points: &[(f64, f64)], at: f64) -> f64 {
    points.iter().take_while(|(t, _)| *t <= at).last().map_or(0.0, |(_, value)| *value)
}

fn seconds(last: f64, across: Scale) -> Vec<Tick> {
    let step =
        [10.0, 30.0, 60.0, 120.0, 300.0, 600.0].into_iter().find(|s| last / s <= 6.0).unwrap_or(1_200.0);
    let mut ticks = Vec::new();
    let mut at = 0.0;
    while at <= last {
        let x = across.x(at);
        let anchor = if x < 4.0 {
            "start"
        } else if x > 96.0 {
            "end"
        } else {
            "middle"
        };
        let label = if at < 60.0 {
            format!("{at:.0} s")
        } else {
            format!("{}:{:02}", at as i64 / 60, at as i64 % 60)
        };
        ticks.push(Tick { at: num(x), label, alt: ticks.len() % 2 == 1, anchor });
        at += step;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_drawn_as_steps_to_the_end() {
        let points = vec![(0.0, 0.0), (5.0, 0.0), (10.0, 0.5), (15.0, 0.5)];
        let courses = [Course { label: "today", cls: "old", points }];
        let plot = Replayed::new(String::new(), String::new(), &courses, 20.0);
        assert_eq!(plot.lines.first().unwrap().d, "M0 100L50 100L50 50L100 50");
        assert_eq!(plot.table.rows.last().unwrap(), &["20 s", "50%"]);
        assert_eq!(plot.failing, "100");
    }
}
