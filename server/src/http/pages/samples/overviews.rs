//! Overviews: a company with history, a team on a past day, the first day, nothing.

use std::collections::BTreeMap;

use super::super::overview;
use super::{HOSTILE, Sample, bands, chrome, days_ago, now, stranger, team};
use crate::app::overview::exposure::Exposed;
use crate::app::overview::lapsing::Lapsing;
use crate::app::overview::risk::{RiskMap, RiskPoint};
use crate::app::overview::{Line, Overview, Stood};
use crate::app::rollups::moved::Moves;
use crate::app::standing::{Extra, Moved, Tally};
use crate::app::views::{Points, RuleMoved};

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
            certified: known.then_some(services / 8),
            expiring: known.then_some(2),
            ..Extra::default()
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

fn lapsing(name: &str, state: &str, days: i64) -> Lapsing {
    Lapsing {
        id: "0198f2b4-7c1a-7000-8000-00000000c001".to_owned(),
        title: "Waterbear certified".to_owned(),
        service: "profile-graph".to_owned(),
        name: name.to_owned(),
        team: (days != 61).then(|| team("profile-graph", "Profile Graph")),
        state: state.to_owned(),
        reason: if state == "certified" { String::new() } else { "a drill that had passed fails".to_owned() },
        until: days_ago(-days),
    }
}

fn rule(id: &str, gained: i64, lost: i64) -> RuleMoved {
    RuleMoved {
        rule: id.to_owned(),
        title: if id == "drill-dns" { HOSTILE.to_owned() } else { format!("The rule {id}") },
        practice: (id != "gone").then(|| "drills".to_owned()),
        gained,
        lost,
        points_gained: Points(gained * 4_000),
        points_lost: Points(lost * 2_500),
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
        lapsing: vec![
            lapsing("profile-graph", "certified", 2),
            lapsing(HOSTILE, "on_hold", 20),
            lapsing("media-edge", "certified", 61),
        ],
        moves: Moves {
            causes: Moved::from([("evidence".to_owned(), (480, 60)), ("rulebook".to_owned(), (-90, 124))]),
            days: 80,
            rules: vec![rule("rollback-config", 12, 1), rule("drill-dns", 2, 9), rule("gone", 0, 1)],
            rule_days: 60,
        },
        bands: bands(),
        weights: vec![40, 30, 20, 10, 5],
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
        lapsing: Vec::new(),
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
        lapsing: Vec::new(),
        moves: Moves::default(),
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
