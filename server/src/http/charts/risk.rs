//! Score against traffic: one dot a service, traffic by decades.

use serde::Serialize;

use super::{Band, Scale, Table, Tick, num, y_tick};

/// One service.
#[derive(Clone, Debug)]
pub struct RiskDot {
    /// What it is called.
    pub name: String,
    /// Class of its grade.
    pub cls: &'static str,
    /// Letter.
    pub grade: String,
    /// 0..100.
    pub score: i16,
    /// Calls a second.
    pub calls: f64,
    /// Busy and weak.
    pub hot: bool,
}

/// Everything the partial draws.
#[derive(Clone, Debug, Serialize)]
pub struct Risk {
    title: String,
    desc: String,
    /// Left edge and top of the corner of the busy and weak.
    qx: String,
    qy: String,
    qw: String,
    qh: String,
    dots: Vec<Dot>,
    labels: Vec<Label>,
    yticks: Vec<Tick>,
    xticks: Vec<Tick>,
    table: Table,
}

#[derive(Clone, Debug, Serialize)]
struct Dot {
    cls: &'static str,
    x: String,
    y: String,
}

#[derive(Clone, Debug, Serialize)]
struct Label {
    cls: &'static str,
    x: String,
    y: String,
    dx: &'static str,
    anchor: &'static str,
    name: String,
    score: i16,
}

/// Names written beside their dots at most.
const LABELS: usize = 5;
/// Room of a name in percent of the plot: width, height.
const ROOM: (f64, f64) = (30.0, 6.5);

impl Risk {
    /// Lays out dots, the riskiest first; `busy` is in calls a second, `weak` a score. None without dots.
    pub fn new(
        dots: &[RiskDot],
        busy: f64,
        weak: u8,
        bands: &[Band],
        desc: String,
        more: &[Vec<String>],
    ) -> Option<Self> {
        let least = dots.iter().map(|dot| dot.calls.max(0.01)).reduce(f64::min)?;
        let most = dots.iter().map(|dot| dot.calls.max(0.01)).reduce(f64::max)?;
        let from = least.log10().floor();
        let to = most.log10().ceil().max(from + 1.0);
        let (across, low) = (Scale::new(from, to), dots.iter().map(|dot| dot.score).min()? / 10 * 10);
        let up = Scale::new(f64::from(low.min(50)), 100.0);
        let x = |calls: f64| across.x(calls.max(0.01).log10());
        let (qx, qy) = (x(busy), up.y(f64::from(weak)));
        let place = |dot: &RiskDot| (x(dot.calls), up.y(f64::from(dot.score)));
        let mut yticks: Vec<Tick> = bands
            .iter()
            .filter(|band| band.min > 0 && f64::from(band.min) >= up.min && band.min < 97)
            .map(|band| y_tick(up, f64::from(band.min), band.min.to_string()))
            .collect();
        yticks.push(y_tick(up, up.min, num(up.min)));
        Some(Self {
            title: "Score against traffic".to_owned(),
            desc,
            qw: num(100.0 - qx),
            qh: num(100.0 - qy),
            qx: num(qx),
            qy: num(qy),
            labels: labels(dots, place),
            dots: dots
                .iter()
                .map(|dot| Dot { cls: dot.cls, x: num(place(dot).0), y: num(place(dot).1) })
                .collect(),
            yticks,
            xticks: decades(across, from, to),
            table: table(dots, more),
        })
    }
}

/// The names of the first dots that matter, where they have room.
fn labels(dots: &[RiskDot], place: impl Fn(&RiskDot) -> (f64, f64)) -> Vec<Label> {
    let mut taken: Vec<(f64, f64)> = Vec::new();
    let mut labels = Vec::new();
    for dot in dots.iter().filter(|dot| dot.hot) {
        let (x, y) = place(dot);
        let (dx, anchor, left) = if x < ROOM.0 { ("10", "start", x) } else { ("-10", "end", x - ROOM.0) };
        let free =
            |(other, height): &(f64, f64)| (other - left).abs() > ROOM.0 || (height - y).abs() > ROOM.1;
        if labels.len() < LABELS && taken.iter().all(free) {
            taken.push((left, y));
            let (x, y) = (num(x), num(y));
            labels.push(Label { cls: dot.cls, x, y, dx, anchor, name: dot.name.clone(), score: dot.score });
        }
    }
    labels
}

fn decades(across: Scale, from: f64, to: f64) -> Vec<Tick> {
    let last = (to - from) as i32;
    (0..=last)
        .map(|step| {
            let power = from + f64::from(step);
            let anchor = match step {
                0 => "start",
                s if s == last => "end",
                _ => "middle",
            };
            let unit = if step == 0 { "/s" } else { "" };
            let label = format!("{}{unit}", calls(10_f64.powf(power)));
            Tick { at: num(across.x(power)), label, alt: last > 3 && step % 2 == 1 && step != last, anchor }
        })
        .collect()
}

/// Calls a second, short: `0.5`, `12`, `1.8 k`, `2 M`.
pub fn calls(value: f64) -> String {
    let short =
        |value: f64| if value < 9.95 { num((value * 10.0).round() / 10.0) } else { num(value.round()) };
    match value {
        v if v >= 999_500.0 => format!("{} M", short(v / 1e6)),
        v if v >= 999.5 => format!("{} k", short(v / 1e3)),
        v if v >= 0.095 || v <= 0.0 => short(v),
        v => num(v),
    }
}

fn table(dots: &[RiskDot], more: &[Vec<String>]) -> Table {
    let head = ["Service", "Calls a second", "Score", "Grade"].map(str::to_owned).to_vec();
    let rows = dots.iter().map(|dot| {
        let name = if dot.hot { format!("{} (busy and weak)", dot.name) } else { dot.name.clone() };
        vec![name, calls(dot.calls), dot.score.to_string(), dot.grade.clone()]
    });
    Table { head, rows: rows.chain(more.iter().cloned()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(name: &str, score: i16, calls: f64, hot: bool) -> RiskDot {
        RiskDot { name: name.to_owned(), cls: "g-D", grade: "D".to_owned(), score, calls, hot }
    }

    #[test]
    fn calls_are_short() {
        let read = [0.0, 0.02, 0.5, 12.4, 940.0, 1_800.0, 25_000.0, 2e6].map(calls);
        assert_eq!(read, ["0", "0.02", "0.5", "12", "940", "1.8 k", "25 k", "2 M"]);
    }

    #[test]
    fn dots_stay_in_the_plot_and_names_do_not_touch() {
        let dots = [dot("a", 31, 1_800.0, true), dot("b", 32, 1_700.0, true), dot("c", 98, 0.0, false)];
        let risk = Risk::new(&dots, 1_000.0, 70, &[], String::new(), &[]).unwrap();
        assert_eq!(risk.labels.len(), 1);
        for dot in &risk.dots {
            let (x, y): (f64, f64) = (dot.x.parse().unwrap(), dot.y.parse().unwrap());
            assert!((0.0..=100.0).contains(&x) && (0.0..=100.0).contains(&y), "{x} {y}");
        }
        assert!(Risk::new(&[], 0.0, 70, &[], String::new(), &[]).is_none());
    }
}
