//! Teams, boards, the fleet and its events.

use serde_json::json;

use super::cards::{hostile_row, row};
use super::{HOSTILE, days_ago, letter, now, team};
use crate::app::teams::TeamListRow;
use crate::app::views::{
    BoardRow, BoardView, EventView, FleetView, FleetWeek, GradeCount, LeagueView, NextGrade, PracticeMean,
    SeasonRecord, Standing, TeamStep, TeamView,
};
use crate::types::Timestamp;

pub(super) fn counts(counts: [i64; 7]) -> Vec<GradeCount> {
    [Some("A+"), Some("A"), Some("B"), Some("C"), Some("D"), Some("F"), None]
        .into_iter()
        .zip(counts)
        .map(|(grade, services)| GradeCount { grade: grade.map(str::to_owned), services })
        .collect()
}

fn weeks(from: i16, to: i16) -> Vec<Option<i16>> {
    (0..12)
        .map(|i| Some(from + (to - from) * i / 11 + [0, 1, -1, 0][usize::try_from(i % 4).unwrap()]))
        .collect()
}

pub(super) fn standing(score: i16) -> Standing {
    Standing {
        services: 9,
        graded: 9,
        score: Some(score),
        grade: Some(letter(score)),
        coverage: 92,
        grades: counts([0, 2, 5, 2, 0, 0, 0]),
        gained_30d: Some(6),
        regressions: 0,
        streak_weeks: Some(5),
        weeks: weeks(score - 9, score),
    }
}

pub(super) fn nothing() -> Standing {
    Standing {
        services: 0,
        graded: 0,
        score: None,
        grade: None,
        coverage: 0,
        grades: counts([0; 7]),
        gained_30d: None,
        regressions: 0,
        streak_weeks: None,
        weeks: vec![None; 12],
    }
}

pub(super) fn tree() -> Vec<TeamListRow> {
    let line = |slug: &str, parent: Option<&str>, depth: usize, score: Option<i16>| TeamListRow {
        slug: slug.to_owned(),
        name: if depth == 9 { HOSTILE.to_owned() } else { slug.to_owned() },
        parent: parent.map(str::to_owned),
        depth,
        services: 9,
        score,
        grade: score.map(letter),
        grades: counts([0, 2, 5, 2, 0, 0, 0]),
        regressions: i64::from(score.is_some()),
    };
    vec![
        line("acme", None, 0, Some(77)),
        line("commerce", Some("acme"), 1, Some(79)),
        line("checkout-platform", Some("commerce"), 2, Some(81)),
        line("deep", Some("commerce"), 9, None),
    ]
}

pub(super) fn my_team() -> TeamView {
    let step = |service: &str, title: &str, points| TeamStep {
        service: service.to_owned(),
        rule: "rollback-config".to_owned(),
        title: title.to_owned(),
        practice: "Rollback tested".to_owned(),
        points,
        effort: "hours".to_owned(),
    };
    TeamView {
        slug: "checkout-platform".to_owned(),
        name: "Checkout Platform".to_owned(),
        entity_ref: "group:default/checkout-platform".to_owned(),
        ancestors: vec![team("acme", "Acme"), team("commerce", "Commerce")],
        children: Vec::new(),
        standing: standing(81),
        services: vec![
            row("refund-worker", Some(58)),
            row("order-writer", None),
            row("checkout-api", Some(81)),
            row("receipt-pdf", Some(98)),
        ],
        next_steps: vec![
            step("checkout-api", "The degrader leaves out a failing host in time", 4),
            step("checkout-api", "Every non-core edge has a fallback", 3),
            step("order-writer", "Configuration rollback rehearsed", 2),
        ],
        next_grade: Some(NextGrade { grade: "A".to_owned(), points: 9 }),
        on_boards: true,
        seasons: record(),
    }
}

pub(super) fn hostile_team() -> TeamView {
    let mut view = my_team();
    view.slug = "hostile-team".to_owned();
    view.name = HOSTILE.to_owned();
    view.standing.regressions = 2;
    view.standing.gained_30d = Some(-4);
    view.services = vec![hostile_row()];
    view.children = vec![team("checkout-platform", HOSTILE)];
    for step in &mut view.next_steps {
        step.title = HOSTILE.to_owned();
        step.service = HOSTILE.to_owned();
    }
    view
}

pub(super) fn empty_team() -> TeamView {
    TeamView {
        slug: "new-team".to_owned(),
        name: "Brand New".to_owned(),
        entity_ref: "group:default/new-team".to_owned(),
        ancestors: Vec::new(),
        children: Vec::new(),
        standing: nothing(),
        services: Vec::new(),
        next_steps: Vec::new(),
        next_grade: None,
        on_boards: false,
        seasons: Vec::new(),
    }
}

pub(super) fn board(board: &str, by: &str) -> BoardView {
    let names = [
        ("search-relevance", "Search Relevance", "Discovery", 86, 13),
        ("messaging-core", "Messaging Core", "Messaging", 79, 11),
        ("cart-pricing", "Cart & Pricing", "Commerce", 74, 11),
        ("media-delivery", "Media Delivery", "Platform", 88, 8),
        ("profile-graph", "Profile Graph", "Identity", 97, 4),
        ("notifications", "Notifications", "Messaging", 72, 2),
        ("feed-mixer", "Feed Mixer", "Discovery", 76, 0),
        ("data-ingest", HOSTILE, HOSTILE, 62, -3),
    ];
    let ranks = [Some(1), Some(2), Some(2), Some(4), Some(5)];
    let line = |i: usize, (slug, name, group, score, gained): (&str, &str, &str, i16, i16)| BoardRow {
        rank: ranks.get(i).copied().flatten(),
        slug: slug.to_owned(),
        name: name.to_owned(),
        group: Some(group.to_owned()),
        score,
        grade: letter(score),
        gained,
        value: i32::from(gained) * 9,
        league: (by == "team").then(|| "critical-small".to_owned()),
        services: 7,
        grades: if by == "team" { counts([1, 3, 3, 1, 0, 0, 1]) } else { Vec::new() },
        weeks: if by == "team" { weeks(score - gained - 1, score) } else { Vec::new() },
    };
    let mut items: Vec<BoardRow> = names.into_iter().enumerate().map(|(i, n)| line(i, n)).collect();
    for i in 8..60 {
        items.push(line(i, ("other", "Another Team", "Platform", 60, -4)));
    }
    items.push(line(60, ("checkout-platform", "Checkout Platform", "Commerce", 81, -5)));
    BoardView {
        board: board.to_owned(),
        by: by.to_owned(),
        unit: "permille".to_owned(),
        season: "2026-Q4".to_owned(),
        season_start: Timestamp::parse("2026-10-01T00:00:00Z").unwrap(),
        season_end: Timestamp::parse("2027-01-01T00:00:00Z").unwrap(),
        ended: false,
        seasons: vec!["2026-Q4".to_owned(), "2026-Q3".to_owned()],
        league: "all".to_owned(),
        leagues: [("all", "All"), ("critical-small", "Tier 1-2, up to 7 services")]
            .map(|(id, title)| LeagueView { id: id.to_owned(), title: title.to_owned() })
            .to_vec(),
        next: None,
        total: items.len() as i64,
        own: items.last().filter(|_| by == "team").cloned(),
        items,
    }
}

/// A season that is over, of which the reader's team took part.
pub(super) fn past_board() -> BoardView {
    let league = "critical-small".to_owned();
    BoardView { season: "2026-Q3".to_owned(), ended: true, league, ..board("improved", "team") }
}

/// What past seasons of a team came to.
pub(super) fn record() -> Vec<SeasonRecord> {
    let season = |name: &str, rank| SeasonRecord {
        season: name.to_owned(),
        league: "critical-small".to_owned(),
        league_title: HOSTILE.to_owned(),
        score: 74,
        grade: letter(74),
        gained: 5,
        improved: Some(161),
        rank_improved: rank,
        rank_score: rank.map(|n| n + 10),
    };
    vec![season("2026-Q3", Some(1)), season("2026-Q2", None)]
}

pub(super) fn empty_board() -> BoardView {
    BoardView { items: Vec::new(), league: "tier-1".to_owned(), ..board("improved", "team") }
}

pub(super) fn fleet() -> FleetView {
    let weeks = (0..26).map(|i| FleetWeek {
        at: days_ago(7 * (25 - i)),
        grades: if i < 3 {
            counts([0; 7])
        } else {
            counts([i / 4, 4 + i, 10 + i, 40 - i / 2, 33 - i, 28 - i, 9 - i / 4])
        },
    });
    let practice =
        |title: &str, score| PracticeMean { id: title.to_lowercase(), title: title.to_owned(), score };
    FleetView {
        standing: Standing {
            services: 124,
            graded: 121,
            grades: counts([6, 29, 35, 28, 8, 3, 3]),
            ..standing(77)
        },
        weeks: weeks.collect(),
        practices: vec![
            practice("Degrader tuning", Some(66)),
            practice("Rollback tested", Some(74)),
            practice("Drills passed", Some(58)),
            practice("Fallback coverage", None),
            practice("Incident follow-through", Some(84)),
        ],
        teams: 22,
    }
}

pub(super) fn empty_fleet() -> FleetView {
    FleetView { standing: nothing(), weeks: Vec::new(), practices: Vec::new(), teams: 0 }
}

fn event(seq: i64, kind: &str, hours: i64, service: Option<&str>, sentence: &str) -> EventView {
    EventView {
        seq,
        id: format!("0192-{seq}"),
        at: Timestamp(now().0 - hours * 3_600_000),
        kind: kind.to_owned(),
        service: service.map(str::to_owned),
        team: Some("checkout-platform".to_owned()),
        actor: "ci-checkout".to_owned(),
        sentence: sentence.to_owned(),
        data: json!({}),
    }
}

pub(super) fn events() -> Vec<EventView> {
    vec![
        event(
            9,
            "grade_changed",
            2,
            Some("search-api"),
            "search-api reached grade A. \u{201c}Code rollback rehearsed\u{201d} went from failed to passed.",
        ),
        event(
            8,
            "drill_regressed",
            5,
            Some("checkout-api"),
            "checkout-api: the dns drill in staging passed before and fails now.",
        ),
        event(7, "drill_recorded", 26, Some("cart"), "cart passed a latency drill in staging."),
        event(6, "service_added", 30, Some("hostile"), HOSTILE),
        event(5, "rulebook_published", 50, None, "Rulebook 7f3a9c0 is in force."),
        event(4, "catalog_imported", 90, None, "Imported catalog-info.yaml: 12 created, 3 updated."),
    ]
}
