//! A service's score over time, and what moved it.

use serde::Serialize;

use crate::app::views::{BandView, ChangeView, RuleMove, ScorecardView};
use crate::http::charts::{Trend, TrendPoint};
use crate::http::pages::parts::{self, Outcome, When};
use crate::http::pages::words;
use crate::types::{DAY_MS, Timestamp};

/// Weeks shown at most.
const WEEKS: i64 = 26;
/// A move of so many points is marked in the chart.
const MARKED: i16 = 5;
/// Most marks in one chart.
const MOST_MARKS: usize = 4;
/// Changes shown before the rest is folded.
const SHOWN: usize = 4;

/// The card "Score over time".
#[derive(Serialize)]
pub(super) struct History {
    note: String,
    trend: Option<Trend>,
}

/// The card "What changed and why".
#[derive(Serialize)]
pub(super) struct Changes {
    shown: Vec<Change>,
    more: Vec<Change>,
}

/// One change of the score.
#[derive(Serialize)]
pub(super) struct Change {
    dir: &'static str,
    delta: String,
    sentence: String,
    /// `B to A` where the letter moved.
    letters: Option<String>,
    at: When,
    moves: Vec<Move>,
    more_moves: Option<String>,
}

/// One rule that moved.
#[derive(Serialize)]
pub(super) struct Move {
    rule: String,
    title: String,
    before: String,
    after: Outcome,
}

impl History {
    /// The trend over `changes`, or a sentence that says why there is none yet.
    pub(super) fn new(changes: &[ChangeView], bands: &[BandView], now: Timestamp) -> Self {
        let mut moves: Vec<(Timestamp, i16)> =
            changes.iter().filter_map(|c| Some((c.at, c.score?))).collect();
        moves.sort_unstable();
        let earliest = changes.iter().min_by_key(|c| c.at);
        if let Some((at, before)) = earliest.and_then(|c| Some((c.at, c.score_before?))) {
            // What was before the first change that was read held until then.
            moves.insert(0, (at.min(now.plus_days(-7 * WEEKS)), before));
        }
        let (Some(first), Some(last)) = (moves.first().copied(), moves.last().copied()) else {
            return Self { note: "The first graded result starts the line.".to_owned(), trend: None };
        };
        let start = first.0.max(now.plus_days(-7 * WEEKS));
        let days = start.days_until(now);
        if days < 2 {
            let note =
                format!("First graded {}. The line starts with the second day.", words::ago(now, first.0));
            return Self { note, trend: None };
        }
        let points = samples(&moves, start, now);
        let from = points.first().map_or(last.1, |p| p.score);
        let span = if days < 21 { words::count(days, "day") } else { words::count(days / 7, "week") };
        let note = match points.iter().filter_map(|p| p.event).min().filter(|m| *m < 0) {
            _ if from == last.1 && points.iter().all(|p| p.score == from) => {
                format!("Steady at {from} for {span}.")
            }
            Some(drop) => format!(
                "From {from} to {} in {span}. Largest drop: {}.",
                last.1,
                words::signed(i64::from(drop))
            ),
            None => format!("From {from} to {} in {span}.", last.1),
        };
        Self { trend: Trend::new(&points, &parts::bands(bands), note.clone()), note }
    }
}

/// The score at up to 27 evenly spaced days, with the largest moves marked.
fn samples(moves: &[(Timestamp, i16)], start: Timestamp, now: Timestamp) -> Vec<TrendPoint> {
    let spans = start.days_until(now).clamp(2, WEEKS);
    let step = (now.0 - start.0) / spans;
    let mut points: Vec<TrendPoint> = (0..=spans)
        .map(|i| {
            let at = Timestamp(if i == spans { now.0 } else { start.0 + i * step });
            let score = moves.iter().rev().find(|m| m.0 <= at).or_else(|| moves.first()).map_or(0, |m| m.1);
            TrendPoint { label: words::short_day(at), score, event: None }
        })
        .collect();
    mark(&mut points);
    points
}

/// Marks the largest moves between samples, no two of them side by side.
fn mark(points: &mut [TrendPoint]) {
    let mut steps: Vec<(usize, i16)> = points
        .windows(2)
        .enumerate()
        .filter_map(|(i, w)| match w {
            [a, b] => Some((i + 1, b.score - a.score)),
            _ => None,
        })
        .filter(|s| s.1.abs() >= MARKED)
        .collect();
    steps.sort_by_key(|s| std::cmp::Reverse(s.1.abs()));
    let mut chosen: Vec<usize> = Vec::new();
    for (i, gain) in steps {
        if chosen.len() < MOST_MARKS && chosen.iter().all(|c| c.abs_diff(i) > 2) {
            chosen.push(i);
            if let Some(point) = points.get_mut(i) {
                point.event = Some(gain);
            }
        }
    }
}

impl Changes {
    /// The latest changes of `card`.
    pub(super) fn new(card: &ScorecardView, now: Timestamp) -> Self {
        let mut shown: Vec<Change> = card.changes.iter().map(|c| Change::new(card, c, now)).collect();
        let more = shown.split_off(SHOWN.min(shown.len()));
        Self { shown, more }
    }
}

impl Change {
    fn new(card: &ScorecardView, view: &ChangeView, now: Timestamp) -> Self {
        let gain = match (view.score_before, view.score) {
            (Some(before), Some(after)) => i64::from(after) - i64::from(before),
            (None, Some(after)) => i64::from(after),
            _ => 0,
        };
        let letters = match (&view.grade_before, &view.grade) {
            (Some(before), Some(after)) if before != after => Some(format!("{before} to {after}")),
            _ => None,
        };
        let rest = view.rules.len().saturating_sub(4);
        let age = now.0 - view.at.0;
        Self {
            dir: parts::direction(gain),
            delta: words::signed(gain),
            sentence: view.sentence.clone(),
            letters,
            at: if age < 60 * DAY_MS { When::new(now, view.at) } else { When::on(view.at) },
            // One move alone is what the sentence says already.
            moves: if view.rules.len() > 1 {
                view.rules.iter().take(4).map(|m| Move::new(card, m)).collect()
            } else {
                Vec::new()
            },
            more_moves: (rest > 0).then(|| format!("and {}", words::count(rest as i64, "more rule"))),
        }
    }
}

impl Move {
    fn new(card: &ScorecardView, view: &RuleMove) -> Self {
        let title = card
            .rules
            .iter()
            .find(|r| r.id == view.rule)
            .map_or_else(|| view.rule.clone(), |r| r.title.clone());
        Self {
            rule: view.rule.clone(),
            title,
            before: words::plain(&view.before),
            after: Outcome::new(&view.after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp(0).plus_days(20_000 + day)
    }

    #[test]
    fn the_line_starts_at_the_first_grade_and_ends_now() {
        let points = samples(&[(at(0), 60), (at(5), 80)], at(0), at(10));
        assert_eq!(points.len(), 11);
        assert_eq!(points.first().unwrap().score, 60);
        assert_eq!(points.last().unwrap().score, 80);
        assert_eq!(points.iter().filter_map(|p| p.event).collect::<Vec<_>>(), [20]);
    }

    #[test]
    fn neighbouring_moves_share_one_mark() {
        let points = samples(&[(at(0), 60), (at(4), 70), (at(5), 85), (at(9), 79)], at(0), at(10));
        assert_eq!(points.iter().filter_map(|p| p.event).collect::<Vec<_>>(), [15, -6]);
    }
}
