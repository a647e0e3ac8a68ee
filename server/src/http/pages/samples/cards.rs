//! Scorecards: half way with a regression, capped, nothing known, everything passed, not graded.

use std::collections::BTreeMap;

use super::{HOSTILE, bands, days_ago, letter, now, team};
use crate::app::views::{
    ChangeView, DependencyView, FactView, MissingFactView, NextStepView, Points, PracticeView, RuleMove,
    RuleOutcomeView, ScorecardView, ServiceDetail, ServiceRow,
};
use serde_json::json;

pub(super) fn row(slug: &str, score: Option<i16>) -> ServiceRow {
    ServiceRow {
        slug: slug.to_owned(),
        entity_ref: format!("component:default/{slug}"),
        name: slug.to_owned(),
        team: Some(team("checkout-platform", "Checkout Platform")),
        tier: 1,
        lifecycle: "production".to_owned(),
        score,
        grade: score.map(letter),
        coverage: if score.is_some() { 92 } else { 0 },
        trend: score.map(|s| s % 11 - 4),
        regressions: 0,
        changed_at: score.map(|_| days_ago(3)),
        removed: false,
    }
}

pub(super) fn hostile_row() -> ServiceRow {
    let mut row = row("hostile", Some(55));
    row.name = HOSTILE.to_owned();
    row.lifecycle = HOSTILE.to_owned();
    row.team = Some(team("hostile-team", HOSTILE));
    row.regressions = 3;
    row.removed = true;
    row
}

pub(super) fn detail(row: ServiceRow) -> ServiceDetail {
    let edge = |entity_ref: &str, slug: Option<&str>| DependencyView {
        entity_ref: entity_ref.to_owned(),
        slug: slug.map(str::to_owned),
        dangling: slug.is_none(),
    };
    ServiceDetail {
        row,
        description: Some("Takes orders and calls everything that has to agree to them.".to_owned()),
        service_type: Some("service".to_owned()),
        system: Some("system:default/shop".to_owned()),
        labels: vec!["lang=rust".to_owned()],
        dependencies: vec![
            edge("component:default/pricing", Some("pricing")),
            edge("component:default/inventory", Some("inventory")),
            edge("resource:default/orders-db", None),
        ],
        dependents: vec!["storefront".to_owned(), "mobile-gateway".to_owned()],
        source: "catalog-info.yaml".to_owned(),
        tier_from: "label waterbear.dev/tier".to_owned(),
        created_at: days_ago(400),
        removed_at: None,
    }
}

fn points(milli: i64) -> Points {
    Points(milli)
}

fn rule(id: &str, practice: &str, title: &str, outcome: &str, earned: i64, possible: i64) -> RuleOutcomeView {
    RuleOutcomeView {
        id: id.to_owned(),
        practice: practice.to_owned(),
        title: title.to_owned(),
        outcome: outcome.to_owned(),
        earned: points(earned),
        possible: points(possible * 1000),
        points: u16::try_from(possible).unwrap(),
        reason: "Last passed 74 days ago. A passed drill counts in full for 30 days, not at all after 90."
            .to_owned(),
        facts: BTreeMap::new(),
        missing: Vec::new(),
        why: "A rollback that was never rehearsed is a hope.".to_owned(),
        fix: "Roll the last configuration change back in staging and post the result: see /help/rollback."
            .to_owned(),
        effort: "hours".to_owned(),
        caps: None,
    }
}

fn fact(value: serde_json::Value, unit: Option<&str>, evidence: &str, days: i64) -> FactView {
    FactView {
        value,
        as_of: days_ago(days),
        evidence: evidence.to_owned(),
        unit: unit.map(str::to_owned),
        drill: evidence.starts_with("executed").then(|| "0192-drill".to_owned()),
        sender: Some("ci-checkout".to_owned()),
    }
}

fn rules() -> Vec<RuleOutcomeView> {
    let mut tuned = rule(
        "degrader-acts-in-time",
        "degrader",
        "The degrader leaves out a failing host in time",
        "partial",
        11_250,
        15,
    );
    tuned.facts.insert("degrader.tuning_score".to_owned(), fact(json!(75), None, "observed", 6));
    let mut config =
        rule("rollback-config", "rollback", "Configuration rollback rehearsed", "partial", 2_666, 10);
    config.facts.insert(
        "rollback.config_days_since_passed".to_owned(),
        fact(json!(74), Some("days"), "executed_token", 74),
    );
    config
        .facts
        .insert("rollback.config_last_outcome".to_owned(), fact(json!("passed"), None, "executed_ci", 74));
    let mut code = rule("rollback-code", "rollback", "Code rollback rehearsed", "pass", 8_000, 8);
    code.reason = "Last passed 12 days ago.".to_owned();
    code.facts.insert(
        "rollback.code_days_since_passed".to_owned(),
        fact(json!(12), Some("days"), "executed_ci", 12),
    );
    let mut dns = rule("drill-dns", "drills", "The service stands wrong answers from DNS", "fail", 500, 2);
    dns.reason = "Last run failed; it had passed 41 days ago. Fix it and run it again.".to_owned();
    dns.facts.insert("drills.dns_last_outcome".to_owned(), fact(json!("failed"), None, "executed_ci", 2));
    dns.caps = Some("B".to_owned());
    let mut network = rule("drill-network", "drills", "The service stands a lost network", "unknown", 0, 6);
    network.reason = "No data for `drills.network_days_since_passed`.".to_owned();
    network.missing.push(MissingFactView {
        fact: "drills.network_days_since_passed".to_owned(),
        why: "no_data".to_owned(),
        detail: "No data for `drills.network_days_since_passed`. Post a drill result of kind infrastructure, failure network: see /help/drills.".to_owned(),
    });
    let mut actions =
        rule("learning-actions-dated", "learning", "Actions are owned and dated", "error", 4_000, 4);
    actions.missing.push(MissingFactView {
        fact: "learning.actions_undated".to_owned(),
        why: "stale".to_owned(),
        detail: "`learning.actions_undated` is 40 days old and counts for 30 days only.".to_owned(),
    });
    let waived = rule("fallback-declared", "fallbacks", "Every non-core edge has a fallback", "waived", 0, 0);
    let schema = rule("rollback-schema", "rollback", "Schema rollback rehearsed", "not_applicable", 0, 0);
    let flows = rule("fallback-verified", "fallbacks", "Fallbacks are verified by drill", "pass", 15_000, 15);
    vec![tuned, schema, config, code, dns, network, flows, waived, actions]
}

fn practice(id: &str, title: &str, score: Option<u8>, earned: i64, possible: i64) -> PracticeView {
    PracticeView {
        id: id.to_owned(),
        title: title.to_owned(),
        score,
        grade: score.map(|s| letter(i16::from(s))),
        earned: points(earned),
        possible: points(possible),
        coverage: 90,
        tier_mean: score.map(|s| s.saturating_sub(9)),
    }
}

fn step(rule: &str, title: &str, practice: &str, gain: u8, effort: &str, after: u8) -> NextStepView {
    NextStepView {
        rule: rule.to_owned(),
        title: title.to_owned(),
        practice: practice.to_owned(),
        points: gain,
        effort: effort.to_owned(),
        why: "Last passed 74 days ago. A passed drill counts in full for 30 days, not at all after 90."
            .to_owned(),
        score_after: after,
        grade_after: letter(i16::from(after)),
        fix: "Raise the thresholds to the recommended settings. See /help/facts.".to_owned(),
    }
}

pub(super) fn change(
    days: i64,
    before: Option<i16>,
    after: Option<i16>,
    cause: &str,
    sentence: &str,
) -> ChangeView {
    ChangeView {
        at: days_ago(days),
        score: after,
        grade: after.map(letter),
        score_before: before,
        grade_before: before.map(letter),
        coverage: 92,
        rulebook: "7f3a9c0d51e2".to_owned(),
        cause: cause.to_owned(),
        sentence: sentence.to_owned(),
        rules: vec![
            RuleMove {
                rule: "rollback-config".to_owned(),
                before: "fail".to_owned(),
                after: "pass".to_owned(),
            },
            RuleMove {
                rule: "gone-since".to_owned(),
                before: "unknown".to_owned(),
                after: "partial".to_owned(),
            },
        ],
    }
}

pub(super) fn history() -> Vec<ChangeView> {
    vec![
        change(
            3,
            Some(83),
            Some(81),
            "expiry",
            "Evidence aged. \u{201c}The service stands a lost network\u{201d} went from passed to unknown.",
        ),
        change(
            12,
            Some(76),
            Some(83),
            "evidence",
            "\u{201c}Code rollback rehearsed\u{201d} went from failed to passed.",
        ),
        change(
            40,
            Some(88),
            Some(76),
            "evidence",
            "\u{201c}The service stands wrong answers from DNS\u{201d} went from passed to failed. 2 more rules moved.",
        ),
        change(
            90,
            Some(74),
            Some(88),
            "evidence",
            "\u{201c}Configuration rollback rehearsed\u{201d} went from failed to passed.",
        ),
        change(120, Some(70), Some(74), "rulebook", "Judged by rulebook 7f3a9c0 from now on."),
        change(150, Some(61), Some(70), "ownership", "Its catalog entry changed."),
        change(300, None, Some(61), "evidence", "First graded."),
    ]
}

/// Grade B, a regression, three steps to an A.
pub(super) fn half_way() -> ScorecardView {
    let mut row = row("checkout-api", Some(81));
    row.trend = Some(6);
    row.regressions = 1;
    let steps = vec![
        step(
            "degrader-acts-in-time",
            "The degrader leaves out a failing host in time",
            "Degrader tuning",
            4,
            "hours",
            85,
        ),
        step("drill-network", "The service stands a lost network", "Drills passed", 2, "hours", 87),
        step("rollback-config", "Configuration rollback rehearsed", "Rollback tested", 3, "minutes", 90),
    ];
    ScorecardView {
        service: "checkout-api".to_owned(),
        detail: detail(row),
        score: Some(81),
        grade: Some("B".to_owned()),
        uncapped_grade: Some("B".to_owned()),
        coverage: 92,
        earned: points(81_416),
        possible: points(100_000),
        rulebook: "7f3a9c0d51e2aa0b".to_owned(),
        graded_at: now(),
        capped_by: Vec::new(),
        practices: vec![
            practice("degrader", "Degrader tuning", Some(75), 11_250, 15_000),
            practice("rollback", "Rollback tested", Some(59), 10_666, 18_000),
            practice("drills", "Drills passed", Some(64), 500, 8_000),
            practice("fallbacks", "Fallback coverage", Some(100), 15_000, 15_000),
            practice("learning", "Incident follow-through", Some(92), 4_000, 4_000),
            practice("own", "Deadlines", None, 0, 0),
        ],
        rules: rules(),
        next_steps: steps.clone(),
        path: Some(super::what_ifs::way("A", 90, 9, steps)),
        changes: history(),
        certificate: None,
        badges: Vec::new(),
        awards: super::awards::on_card(),
        bands: bands(),
    }
}

/// The score would be an A, a regression caps it; hostile names.
pub(super) fn capped() -> ScorecardView {
    let mut card = half_way();
    card.detail.row.name = HOSTILE.to_owned();
    card.detail.description = Some(HOSTILE.to_owned());
    card.detail.row.team = Some(team("hostile-team", HOSTILE));
    card.detail.row.removed = true;
    card.detail.row.trend = Some(-3);
    card.score = Some(93);
    card.uncapped_grade = Some("A".to_owned());
    card.capped_by = vec!["drill-dns".to_owned()];
    if let Some(path) = &mut card.path {
        path.points = 0;
        path.reaches = false;
    }
    for step in card.path.iter_mut().flat_map(|p| &mut p.steps) {
        step.title = HOSTILE.to_owned();
    }
    for rule in &mut card.rules {
        rule.reason = HOSTILE.to_owned();
        for fact in rule.facts.values_mut() {
            fact.value = json!([HOSTILE]);
            fact.sender = Some(HOSTILE.to_owned());
        }
    }
    card.changes = vec![change(1, Some(95), Some(93), "evidence", HOSTILE)];
    card
}

/// Rules apply, nothing is known.
pub(super) fn new() -> ScorecardView {
    let mut card = half_way();
    card.detail = detail(row("order-writer", Some(0)));
    card.detail.row.coverage = 0;
    card.detail.row.trend = None;
    card.detail.row.team = None;
    card.detail.description = None;
    card.detail.dependencies.clear();
    card.detail.dependents.clear();
    card.score = Some(0);
    card.grade = Some("F".to_owned());
    card.uncapped_grade = Some("F".to_owned());
    card.coverage = 0;
    card.earned = points(0);
    card.changes.clear();
    for rule in &mut card.rules {
        rule.outcome = "unknown".to_owned();
        rule.earned = points(0);
        rule.facts.clear();
        rule.caps = None;
    }
    card
}

/// Nothing is open.
pub(super) fn top() -> ScorecardView {
    let mut card = half_way();
    card.detail.row = row("profile-graph", Some(100));
    card.score = Some(100);
    card.grade = Some("A+".to_owned());
    card.uncapped_grade = Some("A+".to_owned());
    card.coverage = 100;
    card.earned = points(100_000);
    card.next_steps.clear();
    card.path = None;
    for rule in &mut card.rules {
        rule.outcome = "pass".to_owned();
        rule.caps = None;
    }
    card
}

/// No rule applies.
pub(super) fn not_graded() -> ScorecardView {
    let mut card = new();
    card.score = None;
    card.grade = None;
    card.uncapped_grade = None;
    card.practices.clear();
    card.rules.clear();
    card.path = None;
    card.next_steps.clear();
    card
}

/// A low score, far from the next letter.
pub(super) fn low() -> ScorecardView {
    let mut card = half_way();
    card.detail.row = row("ingest-gw", Some(31));
    card.score = Some(31);
    card.grade = Some("F".to_owned());
    card.uncapped_grade = Some("F".to_owned());
    let steps: Vec<NextStepView> = (0..8)
        .map(|i| {
            step(
                "drill-dns",
                "The service stands wrong answers from DNS",
                "Drills passed",
                4,
                "days",
                35 + i * 4,
            )
        })
        .collect();
    card.path = Some(super::what_ifs::way("D", 60, 29, steps));
    card
}
