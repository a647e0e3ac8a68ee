//! Engines' documents: the samples of the folder one by one, and further cases of each kind.

use serde_json::{Value, json};

use super::super::{Format, Hints, Read, Reading, parts, read};
use super::{at, drill_of, invalid, sample, sample_json};
use crate::types::{DrillKind, Outcome, RollbackOutcome};

fn composed(format: Format, name: &str, hints: &Hints) -> Reading {
    drill_of(format, &sample(&format!("composed/{name}")), hints)
}

fn of(format: Format, document: &Value) -> Reading {
    drill_of(format, document.to_string().as_bytes(), &Hints::default())
}

fn ignored(format: Format, body: &[u8]) -> String {
    match read(format, body, &Hints::default()) {
        Ok(Read::Ignored { reason }) => reason,
        other => panic!("expected Ignored, got {other:?}"),
    }
}

#[test]
fn every_sample_of_an_engine_has_its_two_verdicts() {
    use Outcome::{Failed, Inconclusive, Passed};
    use RollbackOutcome as R;
    let cases = [
        (Format::Litmus, "litmus-chaosresult-pass", Passed, R::Succeeded, "2 probes"),
        (Format::Litmus, "litmus-chaosresult-no-probes", Inconclusive, R::Succeeded, "no probe"),
        (Format::Litmus, "litmus-chaosresult-probe-failure", Failed, R::Succeeded, "p99-below-300ms"),
        (Format::Litmus, "litmus-chaosresult-error", Inconclusive, R::NotRun, "TARGET_SELECTION_ERROR"),
        (Format::Litmus, "litmus-chaosresult-stopped", Inconclusive, R::Failed, "stopped"),
        (
            Format::ChaosMesh,
            "chaosmesh-networkchaos-recovered",
            Inconclusive,
            R::Succeeded,
            "nothing of the service",
        ),
        (Format::ChaosMesh, "chaosmesh-networkchaos-recover-failed", Inconclusive, R::Failed, "nothing"),
        (Format::ChaosMesh, "chaosmesh-networkchaos-not-injected", Inconclusive, R::NotRun, "flush ip sets"),
        (Format::ChaosMesh, "chaosmesh-workflow-accomplished", Inconclusive, R::NotTested, "to its end"),
        (Format::AwsFis, "aws-fis-completed", Inconclusive, R::NotTested, "nothing of the service"),
        (Format::AwsFis, "aws-fis-stopped", Failed, R::NotTested, "stop condition"),
        (Format::AwsFis, "aws-fis-failed", Inconclusive, R::NotTested, "before its fault ran"),
        (
            Format::K6,
            "k6-summary-export-legacy",
            Failed,
            R::NotTested,
            "1 of 3 thresholds broke: http_req_duration p(95)<300",
        ),
        (Format::K6, "k6-handle-summary-legacy", Failed, R::NotTested, "1 of 2 thresholds broke"),
        (
            Format::K6,
            "k6-machine-readable-1.0.0",
            Failed,
            R::NotTested,
            "13 of 1200 checks failed: status is 200",
        ),
        (Format::Steadybit, "steadybit-event-completed", Passed, R::NotTested, "Every step"),
        (Format::Steadybit, "steadybit-event-failed", Failed, R::NotTested, "check"),
        (Format::Steadybit, "steadybit-event-errored", Inconclusive, R::NotTested, "technical error"),
        (Format::Steadybit, "steadybit-event-canceled", Inconclusive, R::NotTested, "canceled"),
        (Format::Gremlin, "gremlin-finished", Inconclusive, R::NotTested, "nothing of the service"),
        (Format::Gremlin, "gremlin-halted", Inconclusive, R::NotTested, "halted by a person"),
        (Format::CloudEvents, "testsuiterun-finished.cdevent", Failed, R::Failed, "rollback took 95 s"),
        (Format::CloudEvents, "testsuiterun-finished.cloudevent", Failed, R::Failed, "rollback took 95 s"),
    ];
    for (format, name, outcome, rollback, why) in cases {
        let reading = composed(format, &format!("{name}.json"), &Hints::default());
        assert_eq!(reading.outcome, outcome, "{name}: {}", reading.reason);
        assert_eq!(reading.rollback.outcome, rollback, "{name}: {}", reading.rollback.reason);
        assert!(reading.reason.contains(why), "{name}: {}", reading.reason);
        // What is kept reads as what was sent.
        let again = drill_of(format, reading.document.as_bytes(), &Hints::default());
        assert_eq!((again.outcome, &again.reason), (reading.outcome, &reading.reason), "{name}");
        assert_eq!(
            (again.service, again.failure, again.run_id),
            (reading.service, reading.failure, reading.run_id)
        );
    }
}

#[test]
fn a_run_that_goes_on_is_no_result() {
    for (format, name) in
        [(Format::Litmus, "litmus-chaosresult-running"), (Format::Gremlin, "gremlin-running")]
    {
        assert!(ignored(format, &sample(&format!("composed/{name}.json"))).contains("not ended"));
    }
}

#[test]
fn no_sample_of_the_folder_is_left_out() {
    let known = [
        "aws-fis-",
        "chaosmesh-",
        "gremlin-",
        "incident-",
        "k6-",
        "litmus-",
        "pagerduty-",
        "service-rolledback.",
        "steadybit-",
        "testsuiterun-",
    ];
    // Catalog files and objectives are other readers' matter.
    let others = ["cortex", "datadog", "openslo", "opslevel"];
    for entry in std::fs::read_dir(super::samples_dir().join("composed")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let format = match name.split(['-', '.']).next().unwrap() {
            "aws" => Format::AwsFis,
            "chaosmesh" => Format::ChaosMesh,
            "gremlin" => Format::Gremlin,
            "k6" => Format::K6,
            "litmus" => Format::Litmus,
            "pagerduty" => Format::PagerDuty,
            "steadybit" => Format::Steadybit,
            _ => Format::CloudEvents,
        };
        if others.iter().any(|other| name.starts_with(other))
            || name.contains(".headers.")
            || name.contains(".binary-mode.")
        {
            continue;
        }
        assert!(known.iter().any(|known| name.starts_with(known)), "{name} is of no known kind");
        let read = read(format, &sample(&format!("composed/{name}")), &Hints::default());
        assert!(read.is_ok(), "{name}: {read:?}");
    }
}

#[test]
fn metadata_and_the_names_of_faults_tell_what_was_drilled() {
    let mesh = composed(Format::ChaosMesh, "chaosmesh-networkchaos-recovered.json", &Hints::default());
    assert_eq!(mesh.service.as_deref(), Some("component:default/storefront"));
    assert_eq!(mesh.failure.as_deref(), Some("latency"));
    assert_eq!(mesh.started_at.unwrap().to_rfc3339(), "2026-11-18T09:00:00.000Z");
    assert_eq!(mesh.ended_at.unwrap().to_rfc3339(), "2026-11-18T09:01:00.000Z");
    let litmus = composed(Format::Litmus, "litmus-chaosresult-pass.json", &Hints::default());
    assert_eq!((litmus.service, litmus.failure.as_deref()), (None, Some("latency")));
    let steadybit = composed(Format::Steadybit, "steadybit-event-completed.json", &Hints::default());
    assert_eq!(steadybit.environment.as_deref(), Some("staging"));
    assert_eq!(steadybit.started_at.unwrap().to_rfc3339(), "2026-11-18T09:00:00.329Z");
    let suite = composed(Format::CloudEvents, "testsuiterun-finished.cdevent.json", &Hints::default());
    assert_eq!((suite.kind, suite.environment.as_deref()), (Some(DrillKind::Rollback), Some("staging")));
    // A delay in front of a dependency is the dependency's.
    let hints = Hints { kind: Some("dependency".into()), target: Some("ads".into()), ..Hints::default() };
    let dependency = composed(Format::Litmus, "litmus-chaosresult-pass.json", &hints);
    assert_eq!(dependency.failure.as_deref(), Some("delay"));
    let hints = Hints { failure: Some("dns".into()), ..Hints::default() };
    let said = composed(Format::Litmus, "litmus-chaosresult-pass.json", &hints);
    assert_eq!(said.failure.as_deref(), Some("dns"));
}

#[test]
fn each_run_of_an_object_that_is_used_again_is_a_result_of_its_own() {
    let one = composed(Format::Litmus, "litmus-chaosresult-pass.json", &Hints::default());
    let mut next = sample_json("composed/litmus-chaosresult-pass.json");
    next["metadata"]["resourceVersion"] = json!("77");
    let noise = of(Format::Litmus, &next);
    assert_eq!((&noise.run_id, noise.content_sha256), (&one.run_id, one.content_sha256));
    next["status"]["history"]["passedRuns"] = json!(4);
    assert_ne!(of(Format::Litmus, &next).run_id, one.run_id);
    let error = composed(Format::Litmus, "litmus-chaosresult-error.json", &Hints::default());
    assert_ne!(error.run_id, one.run_id, "an error is not counted by the engine, and yet a run of its own");
}

#[test]
fn litmus_probes_decide() {
    let with = |verdict: &str, phase: &str, probes: Value| {
        let mut result = sample_json("composed/litmus-chaosresult-pass.json");
        result["status"]["experimentStatus"]["verdict"] = json!(verdict);
        result["status"]["experimentStatus"]["phase"] = json!(phase);
        result["status"]["probeStatuses"] = probes;
        of(Format::Litmus, &result).outcome
    };
    let probe =
        |mode: &str, verdict: &str| json!({"name": "p", "mode": mode, "status": {"verdict": verdict}});
    let good = probe("Continuous", "Passed");
    assert_eq!(with("Pass", "Completed", json!([good, probe("EOT", "Failed")])), Outcome::Failed);
    assert_eq!(with("Pass", "Completed", json!([good, probe("EOT", "N/A")])), Outcome::Inconclusive);
    assert_eq!(with("Pass", "Completed", json!(null)), Outcome::Inconclusive);
    assert_eq!(with("Fail", "Completed_With_Error", json!([good])), Outcome::Inconclusive);
    assert_eq!(
        with("Fail", "Completed_With_Probe_Failure", json!([probe("SOT", "Failed")])),
        Outcome::Inconclusive
    );
    assert_eq!(with("Stopped", "Stopped", json!([probe("Continuous", "Failed")])), Outcome::Failed);
    assert_eq!(
        with("Pass", "Completed", json!([{"name": "old", "status": {"Continuous": "Passed 👍"}}])),
        Outcome::Passed
    );
    let mut labelled = sample_json("composed/litmus-chaosresult-pass.json");
    labelled["metadata"]["labels"]["waterbear.dev/service"] = json!("storefront");
    labelled["metadata"]["annotations"] =
        json!({"waterbear.dev/environment": "prod", "waterbear.dev/failure-class": "timeout"});
    let reading = of(Format::Litmus, &labelled);
    assert_eq!(
        (reading.service.as_deref(), reading.environment.as_deref()),
        (Some("storefront"), Some("prod"))
    );
    assert_eq!(reading.failure.as_deref(), Some("timeout"));
    labelled["metadata"]["annotations"]["waterbear.dev/failure-class"] = json!("dnss");
    let fields = invalid(Format::Litmus, labelled.to_string().as_bytes(), &Hints::default());
    assert!(
        at(&fields, "/metadata/annotations/waterbear.dev~1failure-class").contains("Did you mean `dns`?")
    );
}

#[test]
fn a_fault_that_is_still_on_is_no_result() {
    let mut mesh = sample_json("composed/chaosmesh-networkchaos-recovered.json");
    mesh["status"]["experiment"]["desiredPhase"] = json!("Run");
    assert!(ignored(Format::ChaosMesh, mesh.to_string().as_bytes()).contains("still on"));
    let mut recovering = sample_json("composed/chaosmesh-networkchaos-recover-failed.json");
    recovering["status"]["experiment"]["containerRecords"][0]["events"] = json!([]);
    assert!(ignored(Format::ChaosMesh, recovering.to_string().as_bytes()).contains("being taken back"));
    let mut workflow = sample_json("composed/chaosmesh-workflow-accomplished.json");
    workflow["status"]["conditions"] = json!([{"type": "Scheduled", "status": "True"}]);
    assert!(ignored(Format::ChaosMesh, workflow.to_string().as_bytes()).contains("not ended"));
    workflow["status"]["conditions"] = json!([{"type": "Aborted", "status": "True"}]);
    let aborted = of(Format::ChaosMesh, &workflow);
    assert_eq!(aborted.outcome, Outcome::Failed);
    assert!(aborted.reason.contains("`check`"), "{}", aborted.reason);
    workflow["spec"]["templates"] = json!([]);
    assert_eq!(of(Format::ChaosMesh, &workflow).outcome, Outcome::Inconclusive, "a person aborted it");
    for status in ["initiating", "pending", "running", "stopping"] {
        let mut event = sample_json("composed/aws-fis-completed.json");
        event["detail"]["new-state"]["status"] = json!(status);
        assert!(ignored(Format::AwsFis, event.to_string().as_bytes()).contains("not ended"));
    }
    let mut stopped = sample_json("composed/aws-fis-stopped.json");
    stopped["detail"]["new-state"]["reason"] = json!("Experiment stopped by user.");
    assert_eq!(of(Format::AwsFis, &stopped).outcome, Outcome::Inconclusive);
    let wrapped =
        json!({"Type": "Notification", "Message": sample_json("composed/aws-fis-stopped.json").to_string()});
    assert_eq!(of(Format::AwsFis, &wrapped).outcome, Outcome::Failed);
    let told = json!({"experiment": {"id": "EXP1", "state": {"status": "completed"}, "startTime": 1_795_000_000.25,
        "endTime": "2026-11-18T09:05:00+00:00", "tags": {"waterbear:service": "storefront"},
        "actions": {"stop": {"actionId": "aws:ec2:stop-instances"}, "wait": {"actionId": "aws:fis:wait"}}}});
    let reading = of(Format::AwsFis, &told);
    assert_eq!(
        (reading.service.as_deref(), reading.failure.as_deref()),
        (Some("storefront"), Some("host_offline"))
    );
}

#[test]
fn thresholds_of_k6_are_read_the_right_way_round() {
    let export = |broken: bool| json!({"metrics": {"m": {"thresholds": {"p(95)<300": broken}}}});
    assert_eq!(of(Format::K6, &export(true)).outcome, Outcome::Failed);
    assert_eq!(of(Format::K6, &export(false)).outcome, Outcome::Passed);
    let handled =
        |ok: bool| json!({"metrics": {"m": {"values": {}, "thresholds": {"p(95)<300": {"ok": ok}}}}});
    assert_eq!(of(Format::K6, &handled(true)).outcome, Outcome::Passed);
    assert_eq!(of(Format::K6, &handled(false)).outcome, Outcome::Failed);
    assert_eq!(of(Format::K6, &json!({"metrics": {}})).outcome, Outcome::Inconclusive);
    let mut machine = sample_json("composed/k6-machine-readable-1.0.0.json");
    machine["results"]["checks"]["results"][0]["fails"] = json!(0);
    let pass = of(Format::K6, &machine);
    assert_eq!(pass.outcome, Outcome::Passed);
    assert_eq!(pass.started_at.unwrap().to_rfc3339(), "2026-11-18T09:05:00.062Z");
    let with = |code: &str| Hints { exit_code: Some(code.into()), ..Hints::default() };
    let body = machine.to_string();
    assert_eq!(drill_of(Format::K6, body.as_bytes(), &with("99")).outcome, Outcome::Failed);
    assert_eq!(drill_of(Format::K6, body.as_bytes(), &with("107")).outcome, Outcome::Inconclusive);
    assert_eq!(drill_of(Format::K6, body.as_bytes(), &with("0")).outcome, Outcome::Passed);
    assert!(at(&invalid(Format::K6, body.as_bytes(), &with("-1")), "?exit_code").contains("0 to 255"));
    let nested = json!({"metrics": {}, "root_group": {"groups": [{"checks": [{"name": "deep", "passes": 1, "fails": 2}]}]}});
    assert!(of(Format::K6, &nested).reason.contains("2 of 3 checks failed: deep"));
    let mut tagged = sample_json("composed/k6-handle-summary-legacy.json");
    tagged["options"]["tags"] =
        json!({"service": "storefront", "failure": "latency", "environment": "staging"});
    let reading = of(Format::K6, &tagged);
    assert_eq!(
        (reading.service.as_deref(), reading.failure.as_deref()),
        (Some("storefront"), Some("latency"))
    );
}

#[test]
fn a_template_of_gremlin_may_name_the_service() {
    let mut attack = sample_json("composed/gremlin-finished.json");
    attack["service"] = json!("storefront");
    attack["environment"] = json!("staging");
    let reading = of(Format::Gremlin, &attack);
    assert_eq!(
        (reading.service.as_deref(), reading.environment.as_deref()),
        (Some("storefront"), Some("staging"))
    );
    assert_eq!(reading.failure.as_deref(), Some("latency"));
    attack["stage"] = json!("HaltedByHealthCheck");
    assert_eq!(of(Format::Gremlin, &attack).outcome, Outcome::Failed);
    attack["stage"] = json!("LostCommunication");
    assert_eq!(of(Format::Gremlin, &attack).rollback.outcome, RollbackOutcome::Suspect);
}

#[test]
fn lists_are_taken_apart_and_single_documents_are_not() {
    let pass = sample_json("composed/litmus-chaosresult-pass.json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [pass, pass]}).to_string();
    assert_eq!(parts(Format::Litmus, list.as_bytes()).unwrap().len(), 2);
    let several = format!("{pass}\n{pass}\n{pass}");
    assert_eq!(parts(Format::Litmus, several.as_bytes()).unwrap().len(), 3);
    let batch = json!([sample_json("composed/testsuiterun-finished.cloudevent.json")]).to_string();
    assert_eq!(parts(Format::CloudEvents, batch.as_bytes()).unwrap().len(), 1);
    assert!(parts(Format::Litmus, b"{\"kind\": \"List\", \"items\": []}").is_err());
    let many = format!("[{}]", vec!["{}"; 1_001].join(","));
    assert!(parts(Format::CloudEvents, many.as_bytes()).is_err());
    let raw = pass.to_string();
    assert_eq!(parts(Format::Litmus, raw.as_bytes()).unwrap()[0].as_ref(), raw.as_bytes());
}

#[test]
fn names_of_faults_have_their_classes() {
    use super::super::engine::faults::of_name;
    use crate::types::Failure as F;
    for (name, class) in [
        ("pod-cpu-hog", Some(F::Cpu)),
        ("node-memory-hog", Some(F::Memory)),
        ("pod-network-loss", Some(F::Network)),
        ("pod-dns-spoof", Some(F::Dns)),
        ("pod-http-latency", Some(F::Delay)),
        ("pod-http-status-code", Some(F::Error)),
        ("ec2-stop-by-id", Some(F::HostOffline)),
        ("aws-az-chaos", Some(F::DataCentre)),
        ("DNSChaos-error", Some(F::Dns)),
        ("NetworkChaos-partition", Some(F::Network)),
        ("IOChaos-fault", Some(F::DiskWrite)),
        ("TimeChaos-", Some(F::Clock)),
        ("PodChaos-pod-failure", Some(F::HostOffline)),
        ("PhysicalMachineChaos-network-delay", Some(F::Latency)),
        ("aws:eks:pod-network-latency", Some(F::Latency)),
        ("aws:ebs:pause-volume-io", Some(F::DiskWrite)),
        ("aws:network:disrupt-connectivity", Some(F::Network)),
        ("aws:ssm:send-command arn:aws:ssm:eu-west-1::document/AWSFIS-Run-CPU-Stress", Some(F::Cpu)),
        ("blackhole", Some(F::Network)),
        ("time_travel", Some(F::Clock)),
        ("pod-delete", None),
        ("process_killer", None),
    ] {
        assert_eq!(of_name(name), class, "{name}");
    }
}
