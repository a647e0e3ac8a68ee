//! Rows of the overview: divisions with their practices, services, what is exposed.

use serde::Serialize;

use super::Here;
use crate::app::overview::exposure::Exposed;
use crate::app::overview::risk::{RiskMap, RiskPoint};
use crate::app::overview::{Line, Overview, Stood};
use crate::app::standing::Tally;
use crate::app::views::BandView;
use crate::http::charts::{Mix, RiskDot, Spark, calls};
use crate::http::pages::parts::{self, Delta, Grade, Link, Span};
use crate::http::pages::words;
use crate::types::Timestamp;

/// A division or team.
#[derive(Serialize)]
pub(super) struct LineRow {
    name: Link,
    sub: String,
    score: String,
    grade: Grade,
    delta: Option<Delta>,
    spark: Option<Spark>,
    mix: Mix,
    cells: Vec<Cell>,
}

/// A practice of it.
#[derive(Serialize)]
pub(super) struct Cell {
    cls: &'static str,
    text: String,
    label: String,
    href: Option<String>,
}

/// A service of the team itself.
#[derive(Serialize)]
pub(super) struct ServiceLine {
    name: Link,
    tier: i16,
    score: String,
    grade: Grade,
}

/// A weak service with its plan.
#[derive(Serialize)]
pub(super) struct ExposedRow {
    name: Link,
    tier: i16,
    grade: Grade,
    sub: String,
    why: Vec<Span>,
    next: Option<String>,
    due: Option<String>,
    plan: Link,
    plan_cls: &'static str,
}

/// The number of the first letter that counts as weak: the last third of them.
pub(super) fn weak_from(letters: usize) -> usize {
    (letters * 2).div_ceil(3).min(letters.saturating_sub(1))
}

/// Services by letter, best first, then those without a grade.
pub(super) fn counts(bands: &[BandView], tally: &Tally) -> Vec<(Option<String>, i64)> {
    let of = |letter: &str| tally.grades.get(letter).copied().unwrap_or(0);
    let graded = bands.iter().map(|band| (Some(band.grade.clone()), of(&band.grade)));
    graded.chain([(None, of(""))]).collect()
}

/// Divisions or teams, then what is of none of them.
pub(super) fn lines(found: &Overview, here: &Here) -> Vec<LineRow> {
    found.lines.iter().chain(&found.rest).map(|line| row(found, here, line)).collect()
}

fn row(found: &Overview, here: &Here, line: &Line) -> LineRow {
    let mean = line.now.mean().map(i64::from);
    let counts = counts(&found.bands, &line.now);
    let open = line.now.extra.regressions.filter(|n| *n > 0);
    let more = open.map_or_else(String::new, |n| format!(", {}", words::count(n, "regression")));
    LineRow {
        name: match &line.slug {
            Some(slug) => Link::to(&line.name, here.of(Some(slug))),
            None => Link::text(&line.name),
        },
        sub: format!("{}{more}", words::count(line.now.services, "service")),
        score: mean.map_or_else(|| "–".to_owned(), |mean| mean.to_string()),
        grade: Grade::new(mean.and_then(|mean| parts::letter_of(&found.bands, mean))),
        delta: mean
            .zip(line.before.as_ref().and_then(Tally::mean))
            .map(|(now, then)| Delta::new(now - i64::from(then), "")),
        spark: (line.weeks.len() > 3).then(|| Spark::new(&line.weeks)),
        mix: Mix::new(counts.iter().map(|(letter, n)| (letter.as_deref(), *n))),
        cells: found.practices.iter().map(|(id, title)| cell(found, here, line, id, title)).collect(),
    }
}

/// A cell leads to the services that have points left in the practice; on a past day to the scope as it was.
fn cell(found: &Overview, here: &Here, line: &Line, id: &str, title: &str) -> Cell {
    let (sum, n) = line.now.practices.get(id).copied().unwrap_or((0, 0));
    let mean = sum.checked_div(n);
    let href = line.slug.as_ref().filter(|_| mean.is_some()).map(|slug| match here.at {
        Some(_) => here.of(Some(slug)),
        None => format!("/services?team={}&practice={}&sort=score", words::encode(slug), words::encode(id)),
    });
    Cell {
        cls: Grade::new(mean.and_then(|mean| parts::letter_of(&found.bands, mean))).cls,
        text: mean.map_or_else(|| "–".to_owned(), |mean| mean.to_string()),
        label: format!("{}, {title}", line.name),
        href,
    }
}

impl ServiceLine {
    pub(super) fn new(row: &Stood, here: &Here) -> Self {
        let score = row.score.filter(|score| *score >= 0);
        Self {
            name: Link::to(&row.name, here.service(&row.slug)),
            tier: row.tier,
            score: score.map_or_else(|| "–".to_owned(), |score| score.to_string()),
            grade: Grade::new(row.grade.as_deref().filter(|letter| !letter.is_empty())),
        }
    }
}

impl ExposedRow {
    pub(super) fn new(one: &Exposed, now: Timestamp) -> Self {
        let traffic = one.calls_milli.map_or_else(
            || "traffic unknown".to_owned(),
            |milli| format!("{} calls a second", calls(milli as f64 / 1_000.0)),
        );
        let team = one.team.as_ref().map_or_else(|| "no owner".to_owned(), |team| team.name.clone());
        let (plan, plan_cls) = match &one.path {
            Some((letter, steps)) => {
                let steps = words::count(i64::try_from(*steps).unwrap_or(0), "step");
                (format!("{steps} to {}", words::a_letter(letter)), "doing")
            }
            None => ("No plan yet".to_owned(), "none"),
        };
        Self {
            name: Link::to(&one.name, format!("/services/{}", one.slug)),
            tier: one.tier,
            grade: Grade::new(Some(&one.grade)),
            sub: format!("{team} · {traffic}"),
            why: parts::linked(&one.why, Some(&one.slug)),
            next: one.step.as_ref().map(|(title, points, effort)| {
                let points = if *points > 0 { format!("+{points}, ") } else { String::new() };
                format!("Next: {title} ({points}{})", words::effort(effort))
            }),
            due: one.due.as_ref().map(|(drill, state, at)| {
                let since = at
                    .filter(|at| *at <= now)
                    .map_or_else(String::new, |at| format!(", due since {}", words::day(at)));
                format!("Drill due: {drill} ({}{since})", words::plain(state))
            }),
            plan: Link::to(plan, format!("/services/{}#svc-h", one.slug)),
            plan_cls,
        }
    }
}

/// A service as a dot.
pub(super) fn dot(point: &RiskPoint) -> RiskDot {
    RiskDot {
        name: point.slug.clone(),
        cls: Grade::new(Some(&point.grade)).cls,
        grade: point.grade.clone(),
        score: point.score,
        calls: point.calls_milli as f64 / 1_000.0,
        hot: point.hot,
    }
}

/// What the map does not show, as rows of its table.
pub(super) fn beyond(map: &RiskMap) -> Vec<Vec<String>> {
    let row = |name: String| vec![name, String::new(), String::new(), String::new()];
    let more = (map.more > 0)
        .then(|| row(format!("and {} with less traffic", words::count(map.more as i64, "service"))));
    let unknown = (map.unknown > 0)
        .then(|| row(format!("and {} of unknown traffic", words::count(map.unknown as i64, "service"))));
    more.into_iter().chain(unknown).collect()
}

/// The finding of the map.
pub(super) fn risk_words(map: &RiskMap) -> String {
    if map.points.is_empty() {
        return format!(
            "No traffic is known of {}. Send it with the degrader's settings, or let a source measure it.",
            words::count(map.unknown as i64, "graded service")
        );
    }
    let hot = map.points.iter().filter(|point| point.hot).count() + map.more_hot;
    let known = map.points.len() + map.more;
    let more =
        if map.more > 0 { format!(" The {} busiest are drawn.", map.points.len()) } else { String::new() };
    let unknown = if map.unknown > 0 {
        format!(" Of {} the traffic is unknown.", words::count(map.unknown as i64, "service"))
    } else {
        String::new()
    };
    format!(
        "{hot} of {} busy ({} calls a second or more) and weak.{more}{unknown}",
        words::count(known as i64, "service"),
        calls(map.busy_from as f64 / 1_000.0)
    )
}
