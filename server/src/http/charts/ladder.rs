//! The ladder: score today, the steps, and the letter they lead to.

use serde::Serialize;

use super::{Band, num};

/// Where the ladder starts and what lies on it.
#[derive(Clone, Debug)]
pub struct LadderSteps<'a> {
    /// Score now.
    pub now: u8,
    /// Class of the grade now.
    pub now_cls: &'static str,
    /// BandMark and score aimed at.
    pub goal: (&'a str, u8),
    /// Points of each step, in order.
    pub steps: Vec<u8>,
    /// All bands, best first.
    pub bands: &'a [Band],
}

/// Everything the partial draws.
#[derive(Clone, Debug, Serialize)]
pub struct Ladder {
    /// In words.
    pub label: String,
    now: String,
    to: String,
    rest: String,
    now_cls: &'static str,
    goal_cls: &'static str,
    segs: Vec<Segment>,
    ticks: Vec<LadderTick>,
    bands: Vec<BandMark>,
    labels: Vec<Mark>,
}

#[derive(Clone, Debug, Serialize)]
struct Segment {
    x: String,
    w: String,
    mx: String,
    /// Points; null where the segment is too thin for them.
    v: Option<u8>,
    /// Too thin for its number on a small screen.
    thin: bool,
}

#[derive(Clone, Debug, Serialize)]
struct LadderTick {
    x: String,
    v: u8,
}

#[derive(Clone, Debug, Serialize)]
struct BandMark {
    x: String,
    letter: String,
    cls: &'static str,
    anchor: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Mark {
    x: String,
    text: String,
    anchor: &'static str,
    goal: bool,
}

impl Ladder {
    /// Lays out a ladder that shows at least the upper half, more when the score is low.
    pub fn new(input: &LadderSteps<'_>) -> Self {
        let low = f64::from((input.now.saturating_sub(10) / 10 * 10).min(50));
        let at = |score: f64| ((score - low) / (100.0 - low) * 100.0).clamp(0.0, 100.0);
        let (now, to) = (at(f64::from(input.now)), at(f64::from(input.goal.1)));
        let goal_cls = input.bands.iter().find(|b| b.letter == input.goal.0).map_or("g-own", |b| b.cls);
        Self {
            label: words(input),
            now: num(now),
            to: num(to),
            rest: num(100.0 - to),
            now_cls: input.now_cls,
            goal_cls,
            segs: segments(input, at),
            ticks: ticks(input.bands, low, at),
            bands: letters(input.bands, low, at),
            labels: marks(input, now, to),
        }
    }
}

fn words(input: &LadderSteps<'_>) -> String {
    let mut score = input.now;
    let mut parts = vec![format!("Score {score} now")];
    for (i, step) in input.steps.iter().enumerate() {
        score = score.saturating_add(*step).min(100);
        parts.push(format!("step {} brings {score}", i + 1));
    }
    format!("{}. {} begins at {}.", parts.join(", "), input.goal.0, input.goal.1)
}

fn segments(input: &LadderSteps<'_>, at: impl Fn(f64) -> f64) -> Vec<Segment> {
    let mut from = input.now;
    let mut segments = Vec::new();
    for &step in input.steps.iter().filter(|s| **s > 0) {
        let to = from.saturating_add(step).min(100);
        let (x, end) = (at(f64::from(from)), at(f64::from(to)));
        segments.push(Segment {
            x: num(x),
            w: num(end - x),
            mx: num(f64::midpoint(x, end)),
            v: (end - x >= 3.5).then_some(step),
            thin: end - x < 7.0,
        });
        from = to;
    }
    segments
}

/// Numbers at the lower edges, where the band is wide enough for its letter beside them.
fn ticks(bands: &[Band], low: f64, at: impl Fn(f64) -> f64) -> Vec<LadderTick> {
    let mut upper = 100.0;
    let mut ticks = Vec::new();
    for band in bands {
        let min = f64::from(band.min);
        if min > low && at(upper) - at(min) >= 9.0 {
            ticks.push(LadderTick { x: num(at(min)), v: band.min });
        }
        upper = min;
    }
    ticks
}

fn letters(bands: &[Band], low: f64, at: impl Fn(f64) -> f64) -> Vec<BandMark> {
    let (mut upper, mut last) = (100.0, f64::MAX);
    let mut letters = Vec::new();
    for (i, band) in bands.iter().enumerate() {
        let min = f64::from(band.min).max(low);
        if upper > min {
            let x = at(f64::midpoint(min, upper));
            // The best band is narrow and stands at the edge: its letter ends there.
            let (x, anchor) = if i == 0 { (100.0, "end") } else { (x, "middle") };
            // Two letters side by side take so much of the narrowest screen.
            if last - x < 8.0 {
                upper = min;
                continue;
            }
            last = x;
            letters.push(BandMark { x: num(x), letter: band.letter.clone(), cls: band.cls, anchor });
        }
        upper = min;
    }
    letters
}

/// The two labels above the bar; one label for both where they would collide.
fn marks(input: &LadderSteps<'_>, now: f64, to: f64) -> Vec<Mark> {
    let today = format!("{} today", input.now);
    let goal = format!("{} at {}", input.goal.0, input.goal.1);
    let goal_at_edge = to > 80.0;
    // Percent of the width one label takes on the narrowest screen.
    let room = 19.0;
    let free = if goal_at_edge { 100.0 - room } else { to };
    if now > free - 1.0 || now < room && to - now < room {
        return vec![Mark { x: num(100.0), text: format!("{today}, {goal}"), anchor: "end", goal: false }];
    }
    let (x, anchor) = if now < room { (now, "start") } else { (now, "end") };
    let today = Mark { x: num(x), text: today, anchor, goal: false };
    let (x, anchor) = if goal_at_edge { (100.0, "end") } else { (to, "start") };
    vec![today, Mark { x: num(x), text: goal, anchor, goal: true }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bands() -> Vec<Band> {
        [("A+", "g-A+", 97), ("A", "g-A", 90), ("B", "g-B", 80), ("C", "g-C", 70), ("F", "g-F", 0)]
            .map(|(letter, cls, min)| Band { letter: letter.to_owned(), cls, min })
            .to_vec()
    }

    fn ladder(now: u8, goal: (&str, u8), steps: Vec<u8>) -> Ladder {
        Ladder::new(&LadderSteps { now, now_cls: "g-B", goal, steps, bands: &bands() })
    }

    #[test]
    fn a_ladder_says_where_each_step_leads() {
        let it = ladder(81, ("A", 90), vec![4, 2, 3]);
        assert_eq!(
            it.label,
            "Score 81 now, step 1 brings 85, step 2 brings 87, step 3 brings 90. A begins at 90."
        );
        assert_eq!((it.now.as_str(), it.to.as_str()), ("62", "80"));
        assert_eq!(it.segs.len(), 3);
    }

    #[test]
    fn labels_never_collide() {
        assert_eq!(ladder(95, ("A+", 97), vec![2]).labels.len(), 1);
        assert_eq!(ladder(62, ("C", 70), vec![8]).labels.len(), 2);
        assert_eq!(ladder(0, ("F", 10), vec![]).labels.len(), 1);
    }
}
