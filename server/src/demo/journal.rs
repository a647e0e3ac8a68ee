//! Chaos Toolkit journals as the made-up teams' CI would post them.

use serde_json::json;

use super::catalog::Made;
use crate::types::{Failure, Timestamp};

/// A journal of one experiment.
pub(super) fn journal(
    service: &Made,
    failure: Failure,
    passed: bool,
    dry: bool,
    start: Timestamp,
    end: Timestamp,
    number: u64,
) -> String {
    let met = |ok: bool| {
        json!({
            "steady_state_met": ok,
            "probes": [{
                "activity": { "type": "probe", "name": "answers", "tolerance": 200 },
                "output": { "status": if ok { 200 } else { 503 } },
                "status": "succeeded", "start": start, "end": end, "duration": 0.1, "tolerance_met": ok,
            }],
        })
    };
    let activity = |kind: &str, name: &str| {
        json!({
            "activity": { "type": kind, "name": name, "provider": { "type": "process", "path": "fault" } },
            "output": { "status": 0, "stdout": "", "stderr": "" },
            "status": "succeeded", "start": start, "end": end, "duration": 1.0,
        })
    };
    let title = format!("{} withstands {}", service.name, failure.label());
    json!({
        "chaoslib-version": "1.44.0",
        "node": format!("runner-{}", number % 7),
        "experiment": {
            "version": "1.0.0",
            "title": title,
            "description": "Nightly drill",
            "tags": [],
            "extensions": [{
                "name": "waterbear",
                "service": format!("component:default/{}", service.name),
                "drill": format!("{}-{failure}", service.name),
                "failure_class": failure.as_str(),
                "environment": "staging",
            }],
            "steady-state-hypothesis": {
                "title": "The service answers",
                "probes": [{ "type": "probe", "name": "answers", "tolerance": 200 }],
            },
            "method": [{ "type": "action", "name": "fail" }],
            "rollbacks": [{ "type": "action", "name": "heal" }],
            "dry": if dry { json!("activities") } else { json!(null) },
        },
        "start": start,
        "end": end,
        "duration": (end.0 - start.0) as f64 / 1000.0,
        "status": "completed",
        "deviated": !passed,
        "steady_states": { "before": met(true), "after": met(passed), "during": [] },
        "run": [activity("action", "fail")],
        "rollbacks": [activity("action", "heal")],
    })
    .to_string()
}
