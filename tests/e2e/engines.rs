//! Documents of engines over the API: each kind of sample, lists, envelopes, and the command line.

use harness::{Reply, Server, Value, json, sample, sample_json, samples_dir};

fn post(server: &Server, format: &str, file: &str, more: &str) -> Reply {
    let path = format!("/api/v1/ingest/{format}?service=storefront&environment=staging{more}");
    server.post_bytes(&path, "application/json", sample(&format!("composed/{file}.json")))
}

#[test]
fn every_sample_of_an_engine_is_recorded_with_its_verdicts() {
    let server = Server::with_shop();
    let cases = [
        ("litmus", "litmus-chaosresult-pass", "passed", "succeeded"),
        ("litmus", "litmus-chaosresult-no-probes", "inconclusive", "succeeded"),
        ("litmus", "litmus-chaosresult-probe-failure", "failed", "succeeded"),
        ("litmus", "litmus-chaosresult-error", "inconclusive", "not_run"),
        ("litmus", "litmus-chaosresult-stopped", "inconclusive", "failed"),
        ("chaos-mesh", "chaosmesh-networkchaos-recovered", "inconclusive", "succeeded"),
        ("chaos-mesh", "chaosmesh-networkchaos-recover-failed", "inconclusive", "failed"),
        ("chaos-mesh", "chaosmesh-networkchaos-not-injected", "inconclusive", "not_run"),
        ("chaos-mesh", "chaosmesh-workflow-accomplished", "inconclusive", "not_tested"),
        ("aws-fis", "aws-fis-completed", "inconclusive", "not_tested"),
        ("aws-fis", "aws-fis-stopped", "failed", "not_tested"),
        ("aws-fis", "aws-fis-failed", "inconclusive", "not_tested"),
        ("k6", "k6-summary-export-legacy", "failed", "not_tested"),
        ("k6", "k6-handle-summary-legacy", "failed", "not_tested"),
        ("k6", "k6-machine-readable-1.0.0", "failed", "not_tested"),
        ("steadybit", "steadybit-event-completed", "passed", "not_tested"),
        ("steadybit", "steadybit-event-failed", "failed", "not_tested"),
        ("steadybit", "steadybit-event-errored", "inconclusive", "not_tested"),
        ("steadybit", "steadybit-event-canceled", "inconclusive", "not_tested"),
        ("gremlin", "gremlin-finished", "inconclusive", "not_tested"),
        ("gremlin", "gremlin-halted", "inconclusive", "not_tested"),
        ("cloudevents", "testsuiterun-finished.cdevent", "failed", "failed"),
    ];
    for (format, file, outcome, rollback) in cases {
        let answer = post(&server, format, file, "").expect(201).json();
        assert_eq!(answer["outcome"], outcome, "{file}: {answer:#}");
        let drill = server.json(&format!("/api/v1/drills/{}", answer["id"].as_str().unwrap_or_default()));
        assert_eq!(drill["rollback"]["outcome"], rollback, "{file}: {drill:#}");
        // The same again is the same result, whoever sends it.
        assert_eq!(post(&server, format, file, "").expect(200).json()["id"], answer["id"], "{file}");
    }
    for (format, file) in [("litmus", "litmus-chaosresult-running"), ("gremlin", "gremlin-running")] {
        let answer = post(&server, format, file, "").expect(202).json();
        assert!(answer["reason"].as_str().is_some_and(|why| why.contains("not ended")), "{answer:#}");
    }
    let again = server.cli(&["ingest", "--replay", "--json"]).ok().json();
    assert_eq!((&again["changed"], &again["problems"]), (&json!(0), &json!([])), "{again:#}");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn the_exit_code_of_k6_and_the_class_that_is_said_count() {
    let server = Server::with_shop();
    let mut summary = sample_json("composed/k6-machine-readable-1.0.0.json");
    summary["results"]["checks"]["results"][0]["fails"] = json!(0);
    let path = "/api/v1/ingest/k6?service=storefront&environment=staging&failure=latency";
    let passed = server.post(path, &summary).expect(201).json();
    assert_eq!((&passed["outcome"], &passed["counted"]), (&json!("passed"), &json!(true)), "{passed:#}");
    summary["metadata"]["generatedAt"] = json!("2026-11-18T10:06:00.123456Z");
    let broken = server.post(&format!("{path}&exit_code=99"), &summary).expect(201).json();
    assert_eq!((&broken["outcome"], &broken["regression"]), (&json!("failed"), &json!(true)), "{broken:#}");
    let _ = server.post(&format!("{path}&exit_code=999"), &summary).problem(422, "invalid");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn a_list_is_answered_line_by_line() {
    let server = Server::with_shop();
    let names = ["pass", "running", "error"];
    let items: Vec<Value> =
        names.iter().map(|n| sample_json(&format!("composed/litmus-chaosresult-{n}.json"))).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let path = "/api/v1/ingest/litmus?service=storefront&environment=staging";
    let lines = |reply: Reply| -> Vec<Value> {
        reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let answer = lines(server.post(path, &list).expect(200));
    let status: Vec<&Value> = answer.iter().map(|line| &line["status"]).collect();
    assert_eq!(status, [&json!(201), &json!(202), &json!(201)], "{answer:#?}");
    assert!(answer[1]["reason"].as_str().is_some_and(|why| why.contains("not ended")));
    let again = lines(server.post(path, &list).expect(200));
    assert_eq!((&again[0]["status"], &again[0]["id"]), (&json!(200), &answer[0]["id"]));
    let alone = json!({"kind": "ChaosResultList", "items": [items[0]]});
    assert_eq!(server.post(path, &alone).expect(200).json()["id"], answer[0]["id"]);
}

#[test]
fn one_event_is_one_result_in_every_envelope() {
    let server = Server::with_shop();
    let path = "/api/v1/ingest/cloudevents?service=storefront&failure=code";
    let plain =
        server.post(path, &sample_json("composed/testsuiterun-finished.cdevent.json")).expect(201).json();
    let event = sample("composed/testsuiterun-finished.cloudevent.json");
    let structured =
        server.post_bytes(path, "application/cloudevents+json", event.clone()).expect(200).json();
    assert_eq!(structured["id"], plain["id"]);
    let batch = [b"[".as_slice(), &event, b"]"].concat();
    let batch = server.post_bytes(path, "application/cloudevents-batch+json", batch).expect(200).json();
    assert_eq!(batch["id"], plain["id"]);
    let text = String::from_utf8(sample("composed/testsuiterun-finished.binary-mode.http")).unwrap();
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut request = server.request("POST", path).header("content-type", "application/json");
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        if name.starts_with("ce-") {
            request = request.header(name, value);
        }
    }
    let binary = server.send(request.body(body.trim().to_owned())).expect(200).json();
    assert_eq!(binary["id"], plain["id"]);
}

#[test]
fn the_command_line_reads_what_the_api_reads() {
    let server = Server::with_shop();
    let file = |name: &str| samples_dir().join("composed").join(name).display().to_string();
    let dry = |format: &str, name: &str, more: &[&str]| {
        let path = file(name);
        let args: Vec<&str> =
            ["ingest", format, &path, "--dry-run", "--json"].iter().chain(more).copied().collect();
        server.cli(&args).ok().json()
    };
    assert_eq!(dry("k6", "k6-summary-export-legacy.json", &[])["outcome"], "failed");
    assert_eq!(dry("k6", "k6-machine-readable-1.0.0.json", &["--exit-code", "99"])["outcome"], "failed");
    assert_eq!(dry("litmus", "litmus-chaosresult-no-probes.json", &[])["outcome"], "inconclusive");
    assert_eq!(dry("cloudevents", "service-rolledback.cdevent.json", &[])["kind"], "rolled_back");
    assert_eq!(dry("pagerduty", "pagerduty-incident-triggered.json", &[])["recorded"], false);
    let path = file("steadybit-event-completed.json");
    let told = server.cli(&["ingest", "steadybit", &path, "--service", "storefront", "--json"]).ok().json();
    assert_eq!(told["outcome"], "passed");
    let wrong = server.cli(&["ingest", "litmuss", &path]);
    assert!(wrong.code != 0 && wrong.err.contains("chaos-mesh"), "{}", wrong.err);
}
