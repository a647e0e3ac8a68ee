//! The score of one service over time, on the ground of its grade bands.

use serde::Serialize;

use super::{Band, Pt, Scale, Table, Tick, num, smooth, x_ticks, y_tick};

/// The score at one of the evenly spaced sample days.
#[derive(Clone, Debug)]
pub struct TrendPoint {
    /// Day in words.
    pub label: String,
    /// Score as of that day.
    pub score: i16,
    /// The largest move within the span that ends here, if it is worth a mark.
    pub event: Option<i16>,
}

/// Everything the partial draws.
#[derive(Clone, Debug, Serialize)]
pub struct Trend {
    /// Prefix of its ids.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// The finding in words.
    pub desc: String,
    line: String,
    ey: String,
    bands: Vec<Ground>,
    events: Vec<Event>,
    yticks: Vec<Tick>,
    xticks: Vec<Tick>,
    table: Table,
}

#[derive(Clone, Debug, Serialize)]
struct Ground {
    cls: &'static str,
    letter: String,
    y: String,
    h: String,
    ly: String,
    /// There is room for its letter.
    named: bool,
    #[serde(skip)]
    middle: f64,
}

#[derive(Clone, Debug, Serialize)]
struct Event {
    x: String,
    y: String,
    dy: &'static str,
    anchor: &'static str,
    dir: &'static str,
    label: String,
}

impl Trend {
    /// A trend over samples, oldest first; null with fewer than two.
    pub fn new(points: &[TrendPoint], bands: &[Band], desc: String) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        if points.len() < 2 {
            return None;
        }
        let least = points.iter().map(|p| p.score).min().unwrap_or(0);
        let low = f64::from((least - 8).clamp(0, 60) / 10 * 10);
        let scale = Scale::new(low, 100.0);
        let span = (points.len() - 1) as f64;
        let place = |i: usize, score: i16| (i as f64 / span * 100.0, scale.y(f64::from(score)));
        let curve: Vec<Pt> = points.iter().enumerate().map(|(i, p)| place(i, p.score)).collect();
        let events = points
            .iter()
            .enumerate()
            .filter_map(|(i, p)| p.event.map(|gain| Event::new(place(i, p.score), gain)))
            .collect();
        let labels: Vec<String> = points.iter().map(|p| p.label.clone()).collect();
        Some(Self {
            id: "trend",
            title: format!("Score, {} to {}", first.label, last.label),
            desc,
            line: smooth(&curve),
            ey: num(scale.y(f64::from(last.score))),
            bands: grounds(bands, scale, low),
            events,
            yticks: y_ticks(scale, low),
            xticks: x_ticks(&labels),
            table: table(points, bands),
        })
    }
}

impl Event {
    fn new((x, y): Pt, gain: i16) -> Self {
        let up = gain > 0;
        // The label stands on the side the line came from, away from the plot's edges.
        let low = !up && y > 80.0;
        let dy = if (up && y > 12.0) || low { "-12" } else { "22" };
        // A fall to the ground comes from the left, so its label stands to the right.
        let anchor = if x < 8.0 || low && x < 80.0 {
            "start"
        } else if x > 92.0 {
            "end"
        } else {
            "middle"
        };
        let label = if up { format!("+{gain}") } else { format!("\u{2212}{}", -gain) };
        Self { x: num(x), y: num(y), dy, anchor, dir: if up { "up" } else { "down" }, label }
    }
}

fn grounds(bands: &[Band], scale: Scale, low: f64) -> Vec<Ground> {
    let mut upper = 100.0;
    let mut grounds = Vec::new();
    for band in bands {
        let min = f64::from(band.min).max(low);
        if upper > min {
            let (top, bottom) = (scale.y(upper), scale.y(min));
            grounds.push(Ground {
                cls: band.cls,
                letter: band.letter.clone(),
                y: num(top),
                h: num(bottom - top),
                ly: num(f64::midpoint(top, bottom)),
                named: false,
                middle: f64::midpoint(upper, min),
            });
        }
        upper = min;
    }
    name_apart(&mut grounds, scale);
    grounds
}

/// Names the grounds from the best down, leaving out letters that would touch the one above.
fn name_apart(grounds: &mut [Ground], scale: Scale) {
    const LETTER: f64 = 6.5;
    let mut last = -LETTER;
    for ground in grounds {
        let middle = scale.y(ground.middle);
        if middle - last >= LETTER {
            ground.named = true;
            last = middle;
        }
    }
}

fn y_ticks(scale: Scale, low: f64) -> Vec<Tick> {
    let step = if low < 40.0 { 20 } else { 10 };
    (0..100)
        .step_by(step)
        .filter(|v| f64::from(*v) >= low)
        .map(|v| y_tick(scale, f64::from(v), v.to_string()))
        .collect()
}

fn table(points: &[TrendPoint], bands: &[Band]) -> Table {
    let letter = |score: i16| {
        bands.iter().find(|b| score >= i16::from(b.min)).map_or_else(String::new, |b| b.letter.clone())
    };
    Table {
        head: ["Day", "Score", "Letter of that score"].map(str::to_owned).to_vec(),
        rows: points.iter().map(|p| vec![p.label.clone(), p.score.to_string(), letter(p.score)]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_covers_its_data_and_names_its_events() {
        let point = |score, event| TrendPoint { label: "1 May".to_owned(), score, event };
        let bands = [Band { letter: "F".to_owned(), cls: "g-F", min: 0 }];
        let trend =
            Trend::new(&[point(20, None), point(80, Some(60)), point(75, Some(-5))], &bands, String::new())
                .unwrap();
        assert_eq!(trend.events.iter().map(|e| e.label.as_str()).collect::<Vec<_>>(), ["+60", "\u{2212}5"]);
        assert_eq!(trend.yticks.first().unwrap().label, "20");
        assert!(Trend::new(&[point(20, None)], &bands, String::new()).is_none());
    }
}
