//! A rulebook, its facts, an OpenAPI document.

use serde_json::{Value, json};

use super::{HOSTILE, bands, days_ago};
use crate::app::views::{ExampleView, FactSpecView, RuleView, RulebookPractice, RulebookView};

pub(super) fn rule(id: &str, rate: Option<i16>) -> RuleView {
    RuleView {
        id: id.to_owned(),
        title: "Configuration rollback rehearsed".to_owned(),
        practice: "rollback".to_owned(),
        why: "Most long outages are made longer by a rollback that did not work when it was needed."
            .to_owned(),
        fix: "Roll the last configuration change back in staging and post the result: see /help/rollback."
            .to_owned(),
        effort: "hours".to_owned(),
        points: 10,
        when: Some("service.lifecycle == \"production\"".to_owned()),
        judge: "fresh(rollback.config_days_since_passed, 30, 90)".to_owned(),
        caps: Some("B".to_owned()),
        evidence: "executed".to_owned(),
        flaky: Some(scoring_rules::Flaky { passes: 2, of: 3 }),
        owner: Some("sre".to_owned()),
        review_by: Some("2026-06-30".to_owned()),
        facts: vec!["rollback.config_days_since_passed".to_owned(), "service.lifecycle".to_owned()],
        examples: vec![
            ExampleView {
                facts: json!({"service.lifecycle": "production", "rollback.config_days_since_passed": 12}),
                expect: "pass".to_owned(),
            },
            ExampleView {
                facts: json!({"rollback.config_days_since_passed": 60}),
                expect: "partial 0.5".to_owned(),
            },
            ExampleView { facts: json!({}), expect: "unknown".to_owned() },
        ],
        outcomes: [("pass", 71), ("partial", 12), ("fail", 8), ("unknown", 30)]
            .map(|(o, n)| (o.to_owned(), n))
            .into(),
        pass_rate: rate,
    }
}

pub(super) fn bare_rule() -> RuleView {
    RuleView {
        title: HOSTILE.to_owned(),
        when: None,
        caps: None,
        flaky: None,
        owner: None,
        review_by: None,
        examples: Vec::new(),
        outcomes: std::collections::BTreeMap::new(),
        ..rule("bare", None)
    }
}

pub(super) fn book(refused: Vec<String>) -> RulebookView {
    let practice = |id: &str, title: &str| RulebookPractice {
        id: id.to_owned(),
        title: title.to_owned(),
        points: 27,
        rules: vec![
            rule(&format!("{id}-one"), Some(59)),
            RuleView { caps: None, review_by: None, ..rule(&format!("{id}-two"), None) },
        ],
    };
    RulebookView {
        hash: "7f3a9c0d51e2aa0b7f3a9c0d51e2aa0b7f3a9c0d51e2aa0b7f3a9c0d51e2aa0b".to_owned(),
        source: "built-in pack".to_owned(),
        since: days_ago(180),
        refused,
        bands: bands(),
        practices: vec![practice("rollback", "Rollback tested"), practice("drills", "Drills passed")],
    }
}

pub(super) fn facts() -> Vec<FactSpecView> {
    let fact = |name: &str, unit: Option<&str>, posted: bool| FactSpecView {
        name: name.to_owned(),
        fact_type: "int".to_owned(),
        unit: unit.map(str::to_owned),
        source: "drill results".to_owned(),
        help: "Days since the rollback of a configuration last passed.".to_owned(),
        age_limit_days: posted.then_some(90),
        example: json!(12),
        posted,
        send: "Post a drill result of kind rollback, failure config: see /help/rollback.".to_owned(),
    };
    vec![
        fact("service.tier", None, false),
        fact("rollback.config_days_since_passed", Some("days"), false),
        fact("rollback.failed_in_incident_days", Some("days"), true),
    ]
}

pub(super) fn openapi() -> Value {
    json!({
        "paths": {
            "/api/v1/drills": {"post": {
                "tags": ["ingest"], "summary": "Records one drill result.", "description": "A repeat answers 200 with the first answer.",
                "parameters": [{"name": "Idempotency-Key", "in": "header", "required": false, "schema": {"type": "string"}, "description": "Unique per sender."}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/RecordDrill"}}}},
                "responses": {"201": {"description": "Recorded.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DrillAnswer"}}}}, "422": {"description": "Invalid."}}
            }},
            "/api/v1/services/{slug}": {"get": {"tags": ["read"], "description": "One service.", "parameters": [{"name": "slug", "in": "path", "required": true, "schema": {"type": "string"}}], "responses": {"200": {"description": "The service."}}}, "delete": {"tags": ["read"], "responses": {}}}
        },
        "components": {"schemas": {
            "RecordDrill": {"type": "object", "required": ["service"], "description": "A drill result.", "properties": {"service": {"type": "string", "description": "Slug."}, "ended_at": {"type": ["string", "null"], "format": "date-time"}}},
            "DrillAnswer": {"allOf": [{"$ref": "#/components/schemas/RecordDrill"}, {"type": "object", "properties": {"id": {"type": "string"}}}]},
            "Outcome": {"type": "string", "enum": ["passed", "failed"]}
        }}
    })
}
