//! Drills of a service, in every state.

use serde_json::json;

use super::{HOSTILE, days_ago};
use crate::app::deployments::BreakWindow;
use crate::app::views::{
    DrillCell, DrillMatrix, DrillPlan, DrillView, DuePlan, DueRow, PlanFileView, RollbackView, TeamDue,
    UnsupportedPlan, VariableView,
};
use crate::plans::{Engine, PlanRequest, plan};
use crate::types::{DrillKind, Failure};

pub(super) fn drill(id: &str, failure: Failure, outcome: &str, days: i64) -> DrillView {
    DrillView {
        id: id.to_owned(),
        service: "checkout-api".to_owned(),
        kind: Some(failure.kind().as_str().to_owned()),
        failure: Some(failure.as_str().to_owned()),
        target: (failure.kind() == DrillKind::Dependency).then(|| "pricing".to_owned()),
        environment: Some("staging".to_owned()),
        outcome: outcome.to_owned(),
        reason: "The hypothesis held before, during and after the fault.".to_owned(),
        counted: matches!(outcome, "passed" | "failed"),
        regression: outcome == "failed",
        exploratory: false,
        rollback: RollbackView {
            outcome: "succeeded".to_owned(),
            reason: "Every rollback ran.".to_owned(),
            seconds: Some(41.0),
        },
        started_at: days_ago(days),
        ended_at: days_ago(days),
        received_at: days_ago(days),
        detected_after_seconds: Some(12.5),
        recovered_after_seconds: Some(180.0),
        hypothesis: Some("Checkout answers within 300 ms.".to_owned()),
        evidence: json!([{"kind": "run", "href": "https://ci.example.com/runs/9001"}, {"kind": "trap", "href": "javascript:alert(1)"}]),
        evidence_class: "executed_ci".to_owned(),
        sender: "ci-checkout".to_owned(),
        tool: "chaostoolkit".to_owned(),
        run_id: Some("9001".to_owned()),
        external_id: None,
        ticket: None,
    }
}

pub(super) fn results() -> Vec<DrillView> {
    let mut hostile = drill("0192-hostile", Failure::Dns, "inconclusive", 9);
    hostile.reason = HOSTILE.to_owned();
    hostile.target = Some(HOSTILE.to_owned());
    hostile.sender = HOSTILE.to_owned();
    hostile.rollback.outcome = "suspect".to_owned();
    let mut exploratory = drill("0192-exploratory", Failure::Timeout, "passed", 11);
    exploratory.exploratory = true;
    exploratory.evidence_class = "declared".to_owned();
    vec![
        drill("0192-drill", Failure::Dns, "failed", 2),
        drill("0192-code", Failure::Code, "passed", 5),
        hostile,
        exploratory,
        drill("0192-rehearsal", Failure::Error, "rehearsal", 14),
    ]
}

fn cell(failure: Failure, state: &str, expected: bool) -> DrillCell {
    let tried = state != "never_run";
    DrillCell {
        kind: failure.kind().as_str().to_owned(),
        failure: failure.as_str().to_owned(),
        state: state.to_owned(),
        expected,
        rule: expected.then(|| format!("drill-{failure}")),
        points: expected.then_some(5),
        fresh_days: expected.then_some(60),
        expires_days: expected.then_some(120),
        days_since_passed: (tried && state != "failed").then_some(34),
        due_on: (tried && expected).then(|| days_ago(-26).day_text()),
        last: tried
            .then(|| drill("0192-drill", failure, if state == "fresh" { "passed" } else { "failed" }, 34)),
        identities: i64::from(tried),
        broke: (state == "regressed").then(|| BreakWindow {
            after: days_ago(34),
            before: days_ago(2),
            environment: Some("staging".to_owned()),
            deployments: Vec::new(),
            sentence: format!(
                "It broke between {} and {}, with 2 deployments in between: v41, {HOSTILE}.",
                days_ago(34),
                days_ago(2)
            ),
        }),
    }
}

pub(super) fn matrix() -> DrillMatrix {
    let states = ["fresh", "stale", "failed", "regressed", "never_run"];
    let cells: Vec<DrillCell> = Failure::ALL
        .iter()
        .enumerate()
        .map(|(i, f)| cell(*f, states[i % states.len()], f.kind() != DrillKind::Dependency))
        .collect();
    DrillMatrix { service: "checkout-api".to_owned(), cells, expected: 14, fresh: 3, never_run: 3 }
}

pub(super) fn untouched() -> DrillMatrix {
    let cells: Vec<DrillCell> = Failure::ALL.iter().map(|f| cell(*f, "never_run", true)).collect();
    DrillMatrix { service: "order-writer".to_owned(), cells, expected: 17, fresh: 0, never_run: 17 }
}

fn due_row(failure: Failure, state: &str, target: Option<&str>) -> DueRow {
    DueRow {
        service: "checkout-api".to_owned(),
        service_name: "Checkout API".to_owned(),
        kind: failure.kind().as_str().to_owned(),
        failure: failure.as_str().to_owned(),
        target: target.map(str::to_owned),
        environment: "staging".to_owned(),
        state: state.to_owned(),
        why: "It last passed 70 days ago; that counted in full for 60 days.".to_owned(),
        rule: Some(format!("drill-{failure}")),
        points: (failure.kind() != DrillKind::Dependency).then_some(5),
        effort: Some("hours".to_owned()),
        due_on: days_ago(0).day_text(),
        due: state != "fresh",
    }
}

/// What is due: more than is shown, with a name that tries everything.
pub(super) fn due_rows() -> Vec<DueRow> {
    let mut rows = vec![
        due_row(Failure::Dns, "regressed", None),
        due_row(Failure::Error, "failed", Some(HOSTILE)),
        due_row(Failure::Clock, "stale", None),
    ];
    rows.extend(Failure::ALL.iter().take(6).map(|failure| due_row(*failure, "never_run", None)));
    rows.push(due_row(Failure::Latency, "fresh", None));
    rows
}

/// A plan of the first engine, for a dependency with such a name.
pub(super) fn due_plan() -> DuePlan {
    let request = PlanRequest {
        service: "checkout-api".to_owned(),
        service_name: "Checkout API".to_owned(),
        failure: Failure::Error,
        target: Some(HOSTILE.to_owned()),
        environment: HOSTILE.to_owned(),
        why: "It failed 3 days ago.".to_owned(),
        waterbear: "https://waterbear.example.com".to_owned(),
    };
    let made = plan(Engine::ChaosToolkit, &request).unwrap();
    let variables = made.variables.into_iter();
    DuePlan {
        drill: due_row(Failure::Error, "failed", Some(HOSTILE)),
        plan: Some(DrillPlan {
            title: made.title,
            hypothesis: made.hypothesis,
            blast_radius: made.blast_radius,
            duration_seconds: made.duration_seconds,
            stop_condition: made.stop_condition,
            rollback: made.rollback,
            variables: variables
                .map(|v| VariableView { name: v.name.to_owned(), about: v.about, default: v.default })
                .collect(),
            run: made.run,
            files: made
                .files
                .into_iter()
                .map(|f| PlanFileView { name: f.name, media: f.media.to_owned(), text: f.text })
                .collect(),
        }),
        unsupported: None,
    }
}

/// A drill for which the engine has no plan.
pub(super) fn no_plan() -> DuePlan {
    let unsupported = UnsupportedPlan {
        reason: "A VirtualService acts on requests; it cannot reach the host.".to_owned(),
        formats: vec!["chaostoolkit".to_owned(), "chaos-mesh".to_owned()],
    };
    DuePlan { drill: due_row(Failure::Dns, "regressed", None), plan: None, unsupported: Some(unsupported) }
}

/// What is due in a team.
pub(super) fn team_due(rows: Vec<DueRow>) -> TeamDue {
    TeamDue { total: rows.len() * 2, items: rows, services: 200, more_services: true }
}
