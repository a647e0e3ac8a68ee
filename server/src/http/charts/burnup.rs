//! How a challenge came along day by day: what is done, the pace that the goal needs, and where it ends at this pace.

use serde::Serialize;

use super::{Pt, Scale, Table, Tick, line, num, smooth, y_tick};

/// What the chart shows. Days are numbered from the start, 0; percents are of all items.
#[derive(Clone, Debug)]
pub struct BurnupData {
    /// Day and percent done, oldest first.
    pub days: Vec<(i64, f64)>,
    /// The last day.
    pub last: i64,
    /// The goal in percent.
    pub goal: i64,
    /// Day and percent at which the forecast ends, with its words; none where there is none.
    pub forecast: Option<(i64, f64, String)>,
    /// Words for a day, by its number.
    pub labels: Vec<String>,
    /// `68% today`.
    pub now: String,
    /// The finding in words.
    pub desc: String,
}

/// Everything the partial draws.
#[derive(Clone, Debug, Serialize)]
pub struct Burnup {
    /// Prefix of its ids.
    pub id: &'static str,
    /// What is shown.
    pub title: &'static str,
    /// The finding in words.
    pub desc: String,
    area: String,
    line: String,
    pace: String,
    goal: String,
    goal_label: String,
    proj: Option<Projection>,
    ex: String,
    ey: String,
    now: String,
    now_anchor: &'static str,
    now_dx: &'static str,
    yticks: Vec<Tick>,
    xticks: Vec<Tick>,
    table: Table,
}

#[derive(Clone, Debug, Serialize)]
struct Projection {
    d: String,
    x: String,
    y: String,
    label: String,
    anchor: &'static str,
}

impl Burnup {
    /// A chart; null without a day.
    pub fn new(data: BurnupData) -> Option<Self> {
        let (&(first_day, from), &(today, now)) = (data.days.first()?, data.days.last()?);
        let goal = data.goal as f64;
        let least = data.days.iter().map(|d| d.1).fold(from.min(goal), f64::min);
        let most = data.days.iter().map(|d| d.1).fold(goal, f64::max);
        let low = ((least - 5.0) / 10.0).floor().clamp(0.0, 9.0) * 10.0;
        let high = if most > 97.0 { 104.0 } else { most + 3.0 };
        let (y, x) = (Scale::new(low, high), Scale::new(0.0, data.last.max(1) as f64));
        let place = |day: i64, pct: f64| -> Pt { (x.x(day as f64), y.y(pct)) };
        let curve: Vec<Pt> = data.days.iter().map(|(day, pct)| place(*day, *pct)).collect();
        let drawn = smooth(&curve);
        let (end_x, end_y) = place(today, now);
        let start_x = place(first_day, from).0;
        let proj = data.forecast.map(|(day, pct, label)| {
            let to = place(day, pct);
            Projection {
                d: line(&[(end_x, end_y), to]),
                x: num(to.0),
                y: num(to.1),
                label,
                anchor: anchor(to.0),
            }
        });
        let step = if high - low > 60.0 { 20 } else { 10 };
        let ticks = (0..=100).step_by(step).filter(|v| f64::from(*v) >= low && f64::from(*v) <= high);
        let need = |day: i64| from + (goal - from) * day as f64 / data.last.max(1) as f64;
        let label = |day: i64| {
            let at = usize::try_from(day).ok();
            at.and_then(|at| data.labels.get(at)).cloned().unwrap_or_default()
        };
        let rows = data
            .days
            .iter()
            .map(|(day, pct)| vec![label(*day), format!("{pct:.0}%"), format!("{:.0}%", need(*day))]);
        Some(Self {
            id: "burnup",
            title: "Done, day by day",
            desc: data.desc,
            area: format!("{drawn}L{} 100L{} 100Z", num(end_x), num(start_x)),
            line: drawn,
            pace: line(&[place(0, from), place(data.last, goal.max(from))]),
            goal: num(y.y(goal)),
            goal_label: format!("Goal {}%", data.goal),
            proj,
            ex: num(end_x),
            ey: num(end_y),
            now: data.now,
            now_anchor: if end_x > 80.0 { "end" } else { "start" },
            now_dx: if end_x > 80.0 { "-10" } else { "10" },
            yticks: ticks.map(|v| y_tick(y, f64::from(v), format!("{v}%"))).collect(),
            xticks: super::x_ticks(&data.labels),
            table: Table {
                head: ["Day", "Done", "Pace needed"].map(str::to_owned).to_vec(),
                rows: rows.collect(),
            },
        })
    }
}

fn anchor(x: f64) -> &'static str {
    if x > 90.0 {
        "end"
    } else if x < 10.0 {
        "start"
    } else {
        "middle"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(days: Vec<(i64, f64)>) -> BurnupData {
        let labels = (0..=30).map(|n| format!("{n} May")).collect();
        let forecast = Some((25, 80.0, "25 May at this pace".to_owned()));
        BurnupData {
            days,
            last: 30,
            goal: 80,
            forecast,
            labels,
            now: "68% today".into(),
            desc: String::new(),
        }
    }

    #[test]
    fn a_chart_holds_its_data_its_goal_and_its_forecast() {
        let drawn = Burnup::new(data(vec![(0, 41.0), (10, 50.0), (18, 68.0)])).unwrap();
        assert_eq!((drawn.ex.as_str(), drawn.xticks.len()), ("60", 6));
        let of = |text: &str| text.parse::<f64>().unwrap();
        assert!(of(&drawn.goal) < of(&drawn.ey), "the goal lies above");
        assert_eq!(drawn.proj.unwrap().y, drawn.goal);
        assert_eq!(drawn.table.rows[2], ["18 May", "68%", "64%"]);
        assert!(Burnup::new(data(Vec::new())).is_none());
        assert!(Burnup::new(data(vec![(0, 100.0)])).is_some(), "one day is a dot");
    }
}
