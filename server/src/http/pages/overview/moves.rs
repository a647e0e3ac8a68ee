//! What moved the score: bars of gains and losses, by practice, by division or team, by cause, by rule.

use serde::Serialize;

use super::Here;
use crate::app::overview::{Line, Overview};
use crate::app::standing::Tally;
use crate::app::views::RuleMoved;
use crate::http::pages::parts::Link;
use crate::http::pages::words;

/// What moved is told of so many teams and rules.
const MOVERS: usize = 6;

/// What the bars of practices say.
const OF_PRACTICES: &str = "In points of the mean: the change of each practice by its share of all points. Caps, and rules \
                            that do not apply, make up the rest.";

/// What moved, of one kind.
#[derive(Serialize)]
pub(super) struct MoveGroup {
    title: &'static str,
    note: Option<String>,
    rows: Vec<MoveRow>,
}

/// A bar to the right for a gain, to the left for a loss.
#[derive(Serialize)]
pub(super) struct MoveRow {
    name: Link,
    cls: &'static str,
    x: String,
    w: String,
    value: String,
}

/// What moved the score since the period began: practices, divisions or teams, causes, rules.
pub(super) fn moved(found: &Overview, here: &Here) -> Vec<MoveGroup> {
    let Some(before) = &found.before else { return Vec::new() };
    let tenths = |(sum, n): (i64, i64)| (n > 0).then(|| 10 * sum / n);
    let practice = |tally: &Tally, id: &str| tenths(tally.practices.get(id).copied().unwrap_or((0, 0)));
    // What a practice moved the score by: its own change, by its share of all points.
    let all: i64 = found.weights.iter().sum::<i64>().max(1);
    let practices = found.practices.iter().zip(&found.weights).filter_map(|((id, title), weight)| {
        let moved = practice(&found.now, id)? - practice(before, id)?;
        Some((Link::text(title), moved * weight / all))
    });
    let mean = |tally: &Tally| tenths((tally.score_sum, tally.graded));
    let line = |line: &Line| {
        let name = line
            .slug
            .as_ref()
            .map_or_else(|| Link::text(&line.name), |slug| Link::to(&line.name, here.of(Some(slug))));
        Some((name, mean(&line.now)? - mean(line.before.as_ref()?)?))
    };
    let mut lines: Vec<(Link, i64)> = found.lines.iter().filter_map(line).collect();
    lines.sort_by_cached_key(|(name, moved)| (std::cmp::Reverse(moved.abs()), name.text.clone()));
    lines.truncate(MOVERS);
    let graded = found.now.graded.max(1);
    let causes = found.moves.causes.iter().map(|(cause, (points, n))| {
        let name = format!("{} ({})", cause_words(cause), words::count(*n, "change"));
        (Link::text(name), 10 * points / graded)
    });
    let kept = |days: usize| format!("Kept of {}.", words::count(days as i64, "day"));
    let of_causes = format!("In points of the mean. {}", kept(found.moves.days));
    let of_rules = format!("In points of the rule; in part counts half. {}", kept(found.moves.rule_days));
    let children = if found.scope.is_some() { "By team" } else { "By division" };
    [
        group("By practice", Some(OF_PRACTICES.to_owned()), practices.collect()),
        group(children, None, lines),
        group("By cause", Some(of_causes), causes.collect()),
        group("By rule", Some(of_rules), found.moves.rules.iter().take(MOVERS).map(rule).collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn cause_words(cause: &str) -> &str {
    match cause {
        "evidence" => "New evidence",
        "expiry" => "Evidence aged",
        "rulebook" => "Rulebook changed",
        "ownership" => "Catalog changed",
        other => other,
    }
}

/// A rule with how many services won and lost by it, and what is left of its points, in tenths.
fn rule(one: &RuleMoved) -> (Link, i64) {
    let times = |n: i64, word: &str| (n > 0).then(|| format!("{n} {word}"));
    let both: Vec<String> = times(one.gained, "better").into_iter().chain(times(one.lost, "worse")).collect();
    let name = format!("{} ({})", one.title, both.join(", "));
    let left = (one.points_gained.0 - one.points_lost.0) / 100;
    // What the rulebook no longer has leads nowhere.
    let link = match one.practice {
        Some(_) => Link::to(name, format!("/rules/{}", words::encode(&one.rule))),
        None => Link::text(name),
    };
    (link, left)
}

/// Bars over the same scale; none where nothing is told.
fn group(title: &'static str, note: Option<String>, mut moves: Vec<(Link, i64)>) -> Option<MoveGroup> {
    moves.sort_by_cached_key(|(name, moved)| (std::cmp::Reverse(*moved), name.text.clone()));
    let most = moves.iter().map(|(_, moved)| moved.abs()).max()?.max(1);
    let rows = moves.into_iter().map(|(name, moved)| {
        let width = 48 * moved.abs() / most;
        let sign = if moved < 0 { "\u{2212}" } else { "+" };
        MoveRow {
            name,
            cls: if moved < 0 { "down" } else { "up" },
            x: if moved < 0 { (50 - width).to_string() } else { "50".to_owned() },
            w: width.to_string(),
            value: if moved == 0 {
                "0".to_owned()
            } else {
                format!("{sign}{}.{}", moved.abs() / 10, moved.abs() % 10)
            },
        }
    });
    Some(MoveGroup { title, note, rows: rows.collect() })
}
