//! Overviews: a company with history, a team on a past day, the first day, nothing.

use std::collections::BTreeMap;

use super::super::overview;
use super::{HOSTILE, Sample, bands, chrome, days_ago, now, stranger, team};
use crate::app::overview::exposure::Exposed;
use crate::app::overview::risk::{RiskMap, RiskPoint};
use crate::app::overview::{Line, Overview, Stood};
use crate::app::standing::{Extra, Moved, Tally};

fn tally(services: i64, mean: i64, known: bool) -> Tally {
    let half = services / 2;
    Tally {
        services,
        graded: services,
        score_sum: mean * services,
        coverage_sum: 88 * services,
        grades: BTreeMap::from([("A".to_owned(), half), ("D".to_owned(), services - half)]),
        practices: BTreeMap::from([
            ("rollback".to_owned(), (mean * services, services)),
            ("drills".to_owned(), (31 * services, services)),
        ]),
        regressions: 2,
        extra: Extra {
            median: known.then_some(78),
            regressions: known.then_some(2),
            traffic: known.then(|| {
                BTreeMap::from([("A".to_owned(), (3, 9_000_000)), ("D".to_owned(), (2, 1_200_000))])
            }),
            moved: None,
        },
    }
}

fn line(slug: Option<&str>, name: &str, mean: i64) -> Line {
    Line {
        slug: slug.map(str::to_owned),
        name: name.to_owned(),
        now: tally(20, mean, true),
        before: Some(tally(20, mean - 5, false)),
        weeks: (0..12).map(|week| (week > 2).then_some(60 + week)).collect(),
    }
}

fn point(slug: &str, score: i16, grade: &str, calls: i64, hot: bool) -> RiskPoint {
    RiskPoint { slug: slug.to_owned(), score, grade: grade.to_owned(), calls_milli: calls, hot }
}

fn exposed(name: &str, known: bool) -> Exposed {
    Exposed {
        slug: "ingest-gw".to_owned(),
        name: name.to_owned(),
        tier: 1,
        team: known.then(|| team("data", "Data Ingest")),
        calls_milli: known.then_some(1_800_000),
        score: 41,
        grade: "F".to_owned(),
        why: "No result of `rollback.config` was sent yet.".to_owned(),
        step: known.then(|| ("Configuration rollback rehearsed".to_owned(), 8, "hours".to_owned())),
        path: known.then(|| ("D".to_owned(), 3)),
        due: known.then(|| ("host offline".to_owned(), "stale".to_owned(), Some(days_ago(12)))),
    }
}

fn full() -> Overview {
    let today = now().day();
    Overview {
        scope: None,
        above: Vec::new(),
        day: today,
        live: true,
        asked: None,
        period: 13,
        since: Some(today - 91),
        now: tally(124, 77, true),
        before: Some(tally(110, 73, false)),
        tier1: Some((tally(40, 80, true), Some(tally(38, 70, false)))),
        weeks: (0..14)
            .map(|week| (today - 7 * (13 - week), tally(110 + i64::from(week), 70, false)))
            .collect(),
        lines: vec![line(Some("commerce"), "Commerce", 81), line(Some("x"), HOSTILE, 31)],
        more_lines: 3,
        rest: Some(Line { slug: None, before: None, weeks: Vec::new(), ..line(None, "Of no division", 58) }),
        services: Vec::new(),
        risk: Some(RiskMap {
            points: vec![
                point("ingest-gw", 41, "F", 1_800_000, true),
                point(HOSTILE, 54, "D", 3_500_000, true),
                point("graph-read", 97, "A+", 9_000_000, false),
                point("idle", 80, "B", 0, false),
            ],
            more: 12,
            more_hot: 0,
            unknown: 40,
            busy_from: 1_500_000,
            weak_below: 70,
        }),
        exposed: vec![exposed("ingest-gw", true), exposed(HOSTILE, false)],
        causes: Moved::from([("evidence".to_owned(), (480, 60)), ("rulebook".to_owned(), (-90, 124))]),
        cause_days: 80,
        bands: bands(),
        practices: vec![
            ("rollback".to_owned(), "Rollback tested".to_owned()),
            ("drills".to_owned(), "Drills passed".to_owned()),
            ("none".to_owned(), "Never applied".to_owned()),
        ],
    }
}

fn of_a_team_then() -> Overview {
    let stood = |slug: &str, score: Option<i16>, grade: &str| Stood {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        tier: 2,
        score,
        grade: Some(grade.to_owned()),
    };
    Overview {
        scope: Some(team("commerce", "Commerce")),
        above: vec![team("meridian", "Meridian")],
        day: now().day() - 40,
        live: false,
        asked: Some(now().day() - 39),
        period: 26,
        tier1: None,
        services: vec![stood("order-writer", Some(-1), ""), stood("cart", Some(66), "D")],
        risk: None,
        exposed: Vec::new(),
        ..full()
    }
}

fn first_day() -> Overview {
    Overview {
        since: None,
        before: None,
        tier1: None,
        weeks: Vec::new(),
        lines: vec![Line { before: None, weeks: Vec::new(), ..line(Some("commerce"), "Commerce", 81) }],
        more_lines: 0,
        rest: None,
        risk: Some(RiskMap { unknown: 5, weak_below: 70, ..RiskMap::default() }),
        exposed: Vec::new(),
        causes: Moved::new(),
        cause_days: 0,
        ..full()
    }
}

pub(super) fn all() -> Vec<Sample> {
    let page =
        |name, found: &Overview| Sample::new("overview", name, overview::context(chrome("/overview"), found));
    let none = Overview { now: Tally::default(), lines: Vec::new(), practices: Vec::new(), ..first_day() };
    vec![
        page("company", &full()),
        page("team-then", &of_a_team_then()),
        page("first-day", &first_day()),
        Sample::new("overview", "empty", overview::context(stranger("/overview"), &none)),
    ]
}
