//! What ifs: nothing tried, steps and facts tried, everything wrong.

use scoring_rules::Catalogue;
use serde_json::json;

use super::super::what_if;
use super::{HOSTILE, Sample, cards, chrome, now};
use crate::app::views::{
    NextStepView, PathView, Points, WhatIfFact, WhatIfGrade, WhatIfMove, WhatIfPractice, WhatIfStep,
    WhatIfView,
};
use crate::app::what_if::{AskWhatIf, WhatIf};
use crate::error::FieldError;

fn grade(score: u8, letter: &str, capped_by: &[&str]) -> WhatIfGrade {
    WhatIfGrade {
        score: Some(score),
        grade: Some(letter.to_owned()),
        uncapped_grade: Some(letter.to_owned()),
        coverage: 92,
        earned: Points(81_500),
        possible: Points(100_000),
        capped_by: capped_by.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn step(rule: &str, title: &str, ticked: bool) -> WhatIfStep {
    WhatIfStep {
        rule: rule.to_owned(),
        title: title.to_owned(),
        practice: "Rollback tested".to_owned(),
        outcome: "partial".to_owned(),
        points: 4,
        lifts: ticked.then(|| "B".to_owned()),
        effort: "hours".to_owned(),
        ticked,
    }
}

fn still() -> WhatIf {
    WhatIf {
        detail: cards::half_way().detail,
        view: WhatIfView {
            service: "checkout-api".to_owned(),
            hypothetical: true,
            graded_at: now(),
            rulebook: "sha256:0123456789abcdef".to_owned(),
            now: grade(81, "B", &["rollback-config"]),
            then: grade(81, "B", &["rollback-config"]),
            pass: Vec::new(),
            facts: Vec::new(),
            supposed: Vec::new(),
            taken: Vec::new(),
            rules: Vec::new(),
            practices: vec![WhatIfPractice {
                id: "rollback".to_owned(),
                title: "Rollback tested".to_owned(),
                before: Some(70),
                after: Some(70),
            }],
        },
        errors: Vec::new(),
        steps: vec![
            step("rollback-config", "Configuration rollback rehearsed", false),
            step("x", HOSTILE, false),
        ],
        path: Some(("A".to_owned(), vec!["rollback-config".to_owned()])),
        offered: Catalogue::standard().iter().map(|(_, spec)| spec.clone()).take(12).collect(),
    }
}

fn tried() -> (AskWhatIf, WhatIf) {
    let fact = |name: &str, value: serde_json::Value| WhatIfFact {
        fact: name.to_owned(),
        unit: Some("days".to_owned()),
        before: None,
        after: Some(value),
    };
    let mut found = still();
    found.view.then = grade(92, "A", &[]);
    found.view.pass = vec!["rollback-config".to_owned()];
    found.view.facts = vec![fact("rollback.code_days_since_passed", json!(3))];
    found.view.supposed = vec![fact("rollback.config_days_since_passed", json!(12))];
    found.view.taken = vec!["x".to_owned()];
    found.view.rules = vec![WhatIfMove {
        id: "rollback-config".to_owned(),
        title: "Configuration rollback rehearsed".to_owned(),
        practice: "rollback".to_owned(),
        before: "partial".to_owned(),
        after: "pass".to_owned(),
        earned_before: Points(2_500),
        earned_after: Points(10_000),
        possible_before: Points(10_000),
        possible_after: Points(10_000),
        caps_before: Some("B".to_owned()),
        caps_after: None,
    }];
    found.steps = vec![step("rollback-config", "Configuration rollback rehearsed", true)];
    let ask = AskWhatIf {
        pass: found.view.pass.clone(),
        facts: vec![("rollback.code_days_since_passed".to_owned(), "3".to_owned())],
    };
    (ask, found)
}

fn wrong() -> (AskWhatIf, WhatIf) {
    let mut found = still();
    found.errors = vec![
        FieldError::new("?pass", format!("no rule `{HOSTILE}` in the rulebook")),
        FieldError::new("?rolback.x", "no such parameter; did you mean `rollback.code_days_since_passed`?"),
    ];
    found.steps.clear();
    found.path = None;
    let facts = vec![("rolback.x".to_owned(), HOSTILE.to_owned())];
    (AskWhatIf { pass: vec![HOSTILE.to_owned()], facts }, found)
}

pub(super) fn all() -> Vec<Sample> {
    let page = |name, ask: &AskWhatIf, found: &WhatIf| {
        let chrome = chrome("/services/checkout-api/what-if");
        Sample::new("what_if", name, what_if::context(chrome, ask, found))
    };
    let ((ask, found), (asked, errors)) = (tried(), wrong());
    vec![
        page("still", &AskWhatIf::default(), &still()),
        page("tried", &ask, &found),
        page("wrong", &asked, &errors),
    ]
}

/// A path to a letter.
pub(super) fn way(grade: &str, score: u8, points: u8, steps: Vec<NextStepView>) -> PathView {
    PathView { grade: grade.to_owned(), score, points, steps, reaches: true, effort: 24, cheapest: true }
}
