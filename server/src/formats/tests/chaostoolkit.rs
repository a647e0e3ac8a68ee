//! Chaos Toolkit journals and notifications, against the recorded ones.

use serde_json::{Value, json};

use super::super::{Format, Hints, Read, Reading, read};
use super::{at, drill_of, invalid, malformed, sample, sample_json};
use crate::types::{DrillKind, Outcome, RollbackOutcome};

fn journal(name: &str) -> Value {
    sample_json(&format!("chaostoolkit/journals/{name}.json"))
}

fn reading(document: &Value) -> Reading {
    drill_of(Format::ChaosToolkit, document.to_string().as_bytes(), &Hints::default())
}

fn verdicts(document: &Value) -> (Outcome, RollbackOutcome) {
    let reading = reading(document);
    assert!(!reading.reason.is_empty() && !reading.rollback.reason.is_empty());
    (reading.outcome, reading.rollback.outcome)
}

/// A passing journal with some parts replaced.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = journal("pass");
    change(&mut document);
    document
}

#[test]
fn every_recorded_journal_has_its_verdicts() {
    let expected = sample_json("chaostoolkit/expected.json");
    let journals = expected["journals"].as_object().unwrap();
    assert!(journals.len() >= 18);
    for (file, facts) in journals {
        let body = sample(&format!("chaostoolkit/journals/{file}"));
        let reading = drill_of(Format::ChaosToolkit, &body, &Hints::default());
        assert_eq!(json!(reading.outcome.as_str()), facts["drill_verdict"], "{file}: {}", reading.reason);
        let rollback =
            facts["rollback_verdict"].as_str().unwrap().split(':').next().unwrap().replace(' ', "_");
        assert_eq!(reading.rollback.outcome.as_str(), rollback, "{file}: {}", reading.rollback.reason);
        assert_eq!(reading.service.as_deref(), Some("component:default/storefront"), "{file}");
        assert_eq!(reading.failure.as_deref(), Some("dependency_error"), "{file}");
        assert_eq!(reading.kind, Some(DrillKind::Dependency), "{file}");
        assert_eq!(reading.environment.as_deref(), Some("staging"), "{file}");
        assert_eq!(reading.tool_version.as_deref(), Some("1.44.0"));
        assert!(reading.started_at.unwrap() <= reading.ended_at.unwrap());
        let document: Value = serde_json::from_str(&reading.document).unwrap();
        assert_eq!(document["node"], "[redacted]");
        assert_eq!(document["status"], facts["status"]);
    }
}

#[test]
fn times_and_durations_are_read() {
    let continuous = reading(&journal("continuous"));
    assert_eq!(continuous.recovered_after_seconds.map(|s| (s * 1000.0).round()), Some(2038.0));
    assert_eq!(continuous.started_at.unwrap().to_rfc3339(), "2026-11-20T21:47:54.763Z");
    assert_eq!(continuous.rollback.seconds, Some(0.010_617));
    assert_eq!(continuous.hypothesis.as_deref(), Some("Home page answers"));
    assert_eq!(reading(&journal("pass")).recovered_after_seconds, None);
    let old = changed(|j| j["start"] = json!("2026-11-20T21:47:54.763649"));
    assert_eq!(reading(&old).started_at.unwrap().to_rfc3339(), "2026-11-20T21:47:54.763Z");
    let offset = changed(|j| j["start"] = json!("2026-11-20T23:47:54+02:00"));
    assert_eq!(reading(&offset).started_at.unwrap().to_rfc3339(), "2026-11-20T21:47:54.000Z");
}

#[test]
fn a_dry_run_never_counts_however_it_is_written() {
    for dry in [json!("probes"), json!("actions"), json!("activities"), json!(true), json!("something-new")] {
        let document = changed(|j| j["experiment"]["dry"] = dry);
        assert_eq!(verdicts(&document), (Outcome::Rehearsal, RollbackOutcome::NotTested));
    }
    for dry in [json!(null), json!(false)] {
        let document = changed(|j| j["experiment"]["dry"] = dry);
        assert_eq!(verdicts(&document), (Outcome::Passed, RollbackOutcome::Succeeded));
    }
    let document = changed(|j| j["experiment"]["dry"] = json!("pause"));
    assert_eq!(verdicts(&document), (Outcome::Rehearsal, RollbackOutcome::Succeeded));
}

#[test]
fn a_failed_probe_only_observes_and_a_failed_action_injects_nothing() {
    let set = |kind: &'static str, status: &'static str| {
        changed(move |j| {
            for run in j["run"].as_array_mut().unwrap() {
                if run["activity"]["type"] == kind {
                    run["status"] = json!(status);
                }
            }
        })
    };
    assert_eq!(verdicts(&set("probe", "failed")).0, Outcome::Passed);
    assert_eq!(verdicts(&set("action", "failed")).0, Outcome::Inconclusive);
}

#[test]
fn an_action_that_was_answered_with_an_error_injects_nothing() {
    let document = changed(|j| j["run"][0]["output"]["status"] = json!(503));
    let reading = reading(&document);
    assert_eq!(reading.outcome, Outcome::Inconclusive);
    assert!(reading.reason.contains("HTTP 503"), "{}", reading.reason);
}

#[test]
fn a_deviation_counts_even_when_one_of_several_actions_failed_but_not_without_any_fault() {
    let one_failed = changed(|j| {
        let mut second = j["run"][0].clone();
        second["status"] = json!("failed");
        j["run"].as_array_mut().unwrap().push(second);
        j["deviated"] = json!(true);
    });
    assert_eq!(verdicts(&one_failed).0, Outcome::Failed);
    let all_failed = changed(|j| {
        j["run"][0]["status"] = json!("failed");
        j["deviated"] = json!(true);
    });
    assert_eq!(verdicts(&all_failed).0, Outcome::Inconclusive);
}

#[test]
fn a_background_action_killed_in_flight_was_injected() {
    let document = changed(|j| {
        let run = j["run"][0].as_object_mut().unwrap();
        run.remove("status");
        run.remove("end");
    });
    assert_eq!(verdicts(&document).0, Outcome::Passed);
    let signalled = changed(|j| {
        j["run"][0]["activity"]["background"] = json!(true);
        j["run"][0]["activity"]["provider"]["type"] = json!("process");
        j["run"][0]["output"] = json!({"status": -15, "stdout": "", "stderr": ""});
    });
    assert_eq!(verdicts(&signalled).0, Outcome::Passed);
}

#[test]
fn a_tolerance_not_met_during_the_fault_is_a_failure_whatever_the_summary_says() {
    let document = changed(|j| {
        j["steady_states"]["during"] = json!([
            {"steady_state_met": true, "probes": [{"tolerance_met": true, "status": "succeeded"}]},
            {"probes": [{"tolerance_met": false, "status": "succeeded"}]},
        ]);
    });
    assert_eq!(verdicts(&document).0, Outcome::Failed);
}

#[test]
fn the_worst_rollback_speaks_for_all() {
    let with = |runs: Value, declared: usize| {
        changed(move |j| {
            let one = j["experiment"]["rollbacks"][0].clone();
            j["experiment"]["rollbacks"] = vec![one; declared].into();
            j["rollbacks"] = runs;
        })
    };
    let ok = json!({"status": "succeeded", "output": {"status": 200, "headers": {}}});
    let http =
        json!({"status": "succeeded", "activity": {"provider": {"type": "http"}}, "output": {"status": 404}});
    let exit = json!({"status": "succeeded", "activity": {"provider": {"type": "process"}}, "output": {"status": 1, "stdout": ""}});
    let zero = json!({"status": "succeeded", "activity": {"provider": {"type": "process"}}, "output": {"status": 0, "stdout": ""}});
    let failed = json!({"status": "failed"});
    let unfinished = json!({"activity": {"background": true}});
    let cases = [
        (json!([ok, ok]), 2, RollbackOutcome::Succeeded),
        (json!([ok, zero]), 2, RollbackOutcome::Succeeded),
        (json!([ok, http]), 2, RollbackOutcome::Suspect),
        (json!([exit, ok]), 2, RollbackOutcome::Suspect),
        (json!([http, failed]), 2, RollbackOutcome::Failed),
        (json!([ok]), 2, RollbackOutcome::NotRun),
        (json!([failed]), 2, RollbackOutcome::Failed),
        (json!([unfinished]), 1, RollbackOutcome::Suspect),
        (json!([]), 2, RollbackOutcome::NotRun),
        (json!([]), 0, RollbackOutcome::NoneDeclared),
        (json!(null), 1, RollbackOutcome::NotRun),
    ];
    for (runs, declared, expected) in cases {
        assert_eq!(verdicts(&with(runs.clone(), declared)).1, expected, "{runs}");
    }
}

#[test]
fn journals_that_lack_parts_are_inconclusive_and_never_crash() {
    for key in ["steady_states", "run", "status", "start", "end"] {
        let document = changed(|j| {
            j.as_object_mut().unwrap().remove(key);
        });
        let reading = reading(&document);
        if !matches!(key, "start" | "end") {
            assert_eq!(reading.outcome, Outcome::Inconclusive, "without {key}: {}", reading.reason);
        }
    }
    let no_during = changed(|j| {
        j["steady_states"].as_object_mut().unwrap().remove("during");
        j.as_object_mut().unwrap().remove("platform");
    });
    assert_eq!(verdicts(&no_during).0, Outcome::Passed);
    let no_rollbacks = changed(|j| {
        j.as_object_mut().unwrap().remove("rollbacks");
    });
    assert_eq!(verdicts(&no_rollbacks).1, RollbackOutcome::NotRun);
    for part in ["steady_states", "run", "rollbacks", "status", "deviated"] {
        for odd in [json!(7), json!("x"), json!([1, "y", null]), json!({"before": 3, "during": [4]})] {
            reading(&changed(|j| j[part] = odd));
        }
    }
}

#[test]
fn a_method_without_an_action_proves_nothing() {
    let document = changed(|j| {
        let runs = j["run"].as_array().unwrap().iter().filter(|r| r["activity"]["type"] == "probe").cloned();
        j["run"] = runs.collect::<Vec<_>>().into();
    });
    assert_eq!(verdicts(&document).0, Outcome::Inconclusive);
}

#[test]
fn notifications_are_read_or_ignored() {
    let text = String::from_utf8(sample("chaostoolkit/notifications.jsonl")).unwrap();
    let bodies: Vec<Value> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["body"].clone()).collect();
    assert!(matches!(
        read(Format::ChaosToolkit, bodies[0].to_string().as_bytes(), &Hints::default()),
        Ok(Read::Ignored { .. })
    ));
    let outcomes: Vec<_> = bodies[1..].iter().map(|body| reading(body).outcome).collect();
    assert_eq!(outcomes, [Outcome::Passed, Outcome::Failed, Outcome::Failed, Outcome::Failed]);
    let (completed, deviated) = (reading(&bodies[2]), reading(&bodies[3]));
    assert_eq!(completed.content_sha256, deviated.content_sha256);
    assert_ne!(completed.content_sha256, reading(&bodies[1]).content_sha256);
    let bare = serde_json::to_string_pretty(&bodies[2]["payload"]).unwrap();
    let file = drill_of(Format::ChaosToolkit, bare.as_bytes(), &Hints::default());
    assert_eq!(file.content_sha256, completed.content_sha256);
    for name in ["discover-completed", "validate-failed", "init-started"] {
        let body = json!({"name": name, "payload": {}, "phase": "validate", "ts": 1.0}).to_string();
        assert!(matches!(
            read(Format::ChaosToolkit, body.as_bytes(), &Hints::default()),
            Ok(Read::Ignored { .. })
        ));
    }
}

#[test]
fn an_experiment_is_told_from_a_journal() {
    let body = sample("chaostoolkit/experiments/pass.json");
    let fields = invalid(Format::ChaosToolkit, &body, &Hints::default());
    assert!(fields[0].detail.contains("this is an experiment"), "{fields:?}");
    for body in ["{}", "[]", "3", "{\"experiment\": 3, \"status\": \"completed\"}"] {
        invalid(Format::ChaosToolkit, body.as_bytes(), &Hints::default());
    }
    assert!(malformed(Format::ChaosToolkit, b"{\n  \"a\": }").contains("line 2, column"));
}

#[test]
fn the_sender_wins_over_the_extension_and_the_extension_over_tags() {
    let tagged = changed(|j| {
        j["experiment"]["extensions"] = json!([{"name": "other", "service": "no"}]);
        j["experiment"]["tags"] = json!([
            "service:ads",
            "failure-class:dependency-delay",
            "environment:prod",
            "target:payments",
            7
        ]);
    });
    let from_tags = reading(&tagged);
    assert_eq!(from_tags.service.as_deref(), Some("ads"));
    assert_eq!(from_tags.failure.as_deref(), Some("dependency_delay"));
    assert_eq!(from_tags.environment.as_deref(), Some("prod"));
    assert_eq!(from_tags.target.as_deref(), Some("payments"));
    let hints = Hints { service: Some("mine".into()), failure: Some("Timeout".into()), ..Hints::default() };
    let hinted = drill_of(Format::ChaosToolkit, journal("pass").to_string().as_bytes(), &hints);
    assert_eq!(hinted.service.as_deref(), Some("mine"));
    assert_eq!(hinted.failure.as_deref(), Some("timeout"));
    let fields = invalid(
        Format::ChaosToolkit,
        journal("pass").to_string().as_bytes(),
        &Hints { kind: Some("rollback".into()), ..Hints::default() },
    );
    assert!(at(&fields, "?kind").contains("contradicts"));
}

#[test]
fn unknown_words_in_the_metadata_are_refused_where_they_stand() {
    let bad = |extension: Value| {
        let document = changed(|j| j["experiment"]["extensions"] = json!([{"name": "x"}, extension]));
        invalid(Format::ChaosToolkit, document.to_string().as_bytes(), &Hints::default())
    };
    let fields =
        bad(json!({"name": "waterbear", "failure_class": "latencyy", "environment": 7, "kind": "depndency"}));
    assert!(at(&fields, "/experiment/extensions/1/failure_class").contains("Did you mean `latency`?"));
    assert!(at(&fields, "/experiment/extensions/1/environment").contains("expected a string"));
    assert!(at(&fields, "/experiment/extensions/1/kind").contains("Did you mean `dependency`?"));
    let document = changed(|j| {
        j["experiment"]["extensions"] = json!([]);
        j["experiment"]["tags"] = json!(["service:a", "failure-class:nonsense"]);
    });
    let body = json!({"name": "run-completed", "payload": document}).to_string();
    let fields = invalid(Format::ChaosToolkit, body.as_bytes(), &Hints::default());
    assert!(at(&fields, "/payload/experiment/tags/1").contains("nonsense"));
}
