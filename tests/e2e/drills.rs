//! Drill results by `POST /api/v1/drills`.

use harness::{Server, Setup, Value, drill, json, passed, seconds_from_now};

/// Failures of the shipped pack, and those of dependencies.
pub(crate) const FAILURES: [&str; 17] = [
    "code",
    "config",
    "schema",
    "cpu",
    "memory",
    "disk",
    "network",
    "dns",
    "clock",
    "disk_write",
    "latency",
    "host_offline",
    "rack",
    "data_centre",
    "error",
    "delay",
    "timeout",
];

#[test]
fn a_result_answers_with_the_grade_before_and_after() {
    let server = Server::with_checkout();
    let before = server.scorecard("checkout");
    let answer = server.post_drill(&passed("checkout", "config")).expect(201).json();
    assert_eq!(answer["service"], "checkout");
    assert_eq!(answer["outcome"], "passed");
    assert_eq!(answer["counted"], true);
    assert_eq!(answer["regression"], false);
    assert_eq!(answer["score"]["before"], before["score"], "{answer:#}");
    assert!(answer["score"]["after"].as_i64() > answer["score"]["before"].as_i64(), "{answer:#}");
    assert!(answer["awarded"].is_array());
    let url = answer["scorecard_url"].as_str().unwrap_or_default();
    assert_eq!(url, format!("{}/services/checkout", server.base()), "a link that can be followed");
    let after = server.scorecard("checkout");
    assert_eq!(after["score"], answer["score"]["after"]);
    assert_eq!(after["grade"], answer["grade"]["after"]);
}

#[test]
fn every_failure_class_is_taken_and_shown_as_evidence() {
    let server = Server::with_checkout();
    for failure in FAILURES {
        let answer = server.post_drill(&passed("checkout", failure)).expect(201).json();
        assert_eq!(answer["counted"], true, "{failure}: {answer:#}");
    }
    let list = server.json("/api/v1/services/checkout/drills");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(FAILURES.len()));
    let newest = &list["items"][0];
    assert_eq!(newest["failure"], "timeout", "newest first: {newest:#}");
    assert_eq!(newest["sender"], "tests");
    assert_eq!(newest["evidence_class"], "executed_token");
    assert_eq!(newest["rollback"]["outcome"], "succeeded");
    assert_eq!(newest["rollback"]["seconds"], 41.0);
}

#[test]
fn a_service_may_be_named_by_its_catalog_reference() {
    let server = Server::with_shop();
    let answer = server.post_drill(&passed("component:payments/gateway", "dns")).expect(201).json();
    let slug = answer["service"].as_str().unwrap_or_default().to_owned();
    assert_eq!(server.json(&format!("/api/v1/services/{slug}"))["ref"], "component:payments/gateway");
    let by_case = server.post_drill(&passed("Component:Default/Ads", "dns")).expect(201).json();
    assert_eq!(by_case["service"], "ads", "references compare without case");
}

#[test]
fn a_pass_then_a_fail_is_a_regression_and_a_pass_closes_it() {
    let server = Server::with_checkout();
    let at = |mut body: Value, minutes: i64| {
        body["started_at"] = json!(seconds_from_now(-minutes * 60 - 60));
        body["ended_at"] = json!(seconds_from_now(-minutes * 60));
        body
    };
    server.post_drill(&at(passed("checkout", "dns"), 300)).expect(201).json();
    let broke = server.post_drill(&at(drill("checkout", "dns", "failed"), 200)).expect(201).json();
    assert_eq!(broke["regression"], true, "{broke:#}");
    assert!(broke["score"]["after"].as_i64() < broke["score"]["before"].as_i64(), "{broke:#}");
    assert_eq!(kinds(&server), vec!["drill_regressed"]);
    assert_eq!(server.json("/api/v1/services")["items"][0]["regressions"], 1);
    let card = server.scorecard("checkout");
    let rules = card["rules"].as_array().cloned().unwrap_or_default();
    let rule = rules.iter().find(|r| r["id"] == "drill-no-regression").cloned().unwrap_or_default();
    assert_eq!((&rule["outcome"], &rule["caps"]), (&json!("fail"), &json!("B")), "{rule:#}");

    server.post_drill(&at(drill("checkout", "dns", "failed"), 100)).expect(201).json();
    assert_eq!(kinds(&server), vec!["drill_regressed"], "it was broken already: no second event");
    server.post_drill(&at(passed("checkout", "dns"), 10)).expect(201).json();
    assert_eq!(kinds(&server), vec!["drill_recovered", "drill_regressed"]);
    assert_eq!(server.json("/api/v1/services")["items"][0]["regressions"], 0);
}

#[test]
fn a_flaky_drill_may_fail_as_often_as_its_rule_lets_it() {
    let dir = tempfile::tempdir().unwrap();
    crate::rules::copy_pack(dir.path());
    let rule = dir.path().join("rules/drill-dns.toml");
    let text = std::fs::read_to_string(&rule).unwrap();
    std::fs::write(&rule, text.replace("owner = ", "flaky = { passes = 2, of = 3 }\nowner = ")).unwrap();
    let server = Setup::default().env("WATERBEAR_RULES_DIR", &dir.path().display().to_string()).start();
    server.import(harness::SMALL_CATALOG);
    let mut minutes = 600;
    let mut run = |outcome: &str| {
        let mut body = drill("checkout", "dns", outcome);
        minutes -= 60;
        body["started_at"] = json!(seconds_from_now(-minutes * 60 - 60));
        body["ended_at"] = json!(seconds_from_now(-minutes * 60));
        server.post_drill(&body).expect(201).json()
    };
    let score = run("passed")["score"]["after"].clone();
    let flaked = run("failed");
    assert_eq!((&flaked["regression"], &flaked["score"]["after"]), (&json!(false), &score), "{flaked:#}");
    let cell = |server: &Server| {
        let matrix = server.json("/api/v1/services/checkout/drill-matrix");
        let cells = matrix["cells"].as_array().cloned().unwrap_or_default();
        cells.iter().find(|c| c["failure"] == "dns").unwrap()["state"].clone()
    };
    assert_eq!(cell(&server), "fresh");
    let events = server.json("/api/v1/services/checkout/events")["items"].clone();
    let told = events.as_array().unwrap().iter().find(|e| e["kind"] == "drill_flaked").unwrap();
    assert!(told["sentence"].as_str().unwrap().contains("2 of the last 3 runs"), "{told:#}");
    let broke = run("failed");
    assert_eq!(broke["regression"], true, "two of three failed: {broke:#}");
    assert_eq!((cell(&server), kinds(&server)), (json!("regressed"), vec!["drill_regressed".to_owned()]));
    // One pass ends the regression; the drill counts as passed when two of the last three did.
    assert_eq!(run("passed")["regression"], false);
    assert_eq!((cell(&server), kinds(&server).len()), (json!("failed"), 2));
    assert_eq!(run("passed")["score"]["after"], score);
    assert_eq!(cell(&server), "fresh");
    let verified = server.json("/api/v1/rulebook");
    assert!(verified.to_string().contains("\"flaky\":{\"of\":3,\"passes\":2}"));
}

/// Kinds of the regression events, newest first.
fn kinds(server: &Server) -> Vec<String> {
    let events = server.json("/api/v1/services/checkout/events");
    let kinds = events["items"].as_array().cloned().unwrap_or_default();
    let kinds = kinds.iter().filter_map(|e| e["kind"].as_str()).filter(|k| k.starts_with("drill_re"));
    let mut kinds: Vec<String> = kinds.filter(|k| *k != "drill_recorded").map(str::to_owned).collect();
    kinds.sort();
    kinds
}

#[test]
fn the_same_failure_against_another_target_is_another_drill() {
    let server = Server::with_checkout();
    let mut ads = passed("checkout", "error");
    ads["target"] = json!("ads");
    server.post_drill(&ads).expect(201).json();
    let mut payments = drill("checkout", "error", "failed");
    payments["target"] = json!("payments");
    let answer = server.post_drill(&payments).expect(201).json();
    assert_eq!(answer["regression"], false, "payments never passed: {answer:#}");
}

#[test]
fn a_result_that_arrives_late_changes_no_newer_verdict() {
    let server = Server::with_checkout();
    server.post_drill(&passed("checkout", "dns")).expect(201).json();
    let mut old = drill("checkout", "dns", "failed");
    old["started_at"] = json!(seconds_from_now(-90_000));
    old["ended_at"] = json!(seconds_from_now(-89_000));
    let answer = server.post_drill(&old).expect(201).json();
    assert_eq!(answer["score"]["after"], answer["score"]["before"], "{answer:#}");
    assert_eq!(answer["regression"], false, "{answer:#}");
}

#[test]
fn inconclusive_and_rehearsed_drills_are_recorded_and_never_count() {
    let server = Server::with_checkout();
    for outcome in ["inconclusive", "rehearsal"] {
        let answer = server.post_drill(&drill("checkout", "dns", outcome)).expect(201).json();
        assert_eq!(answer["counted"], false, "{answer:#}");
        assert_eq!(answer["score"]["after"], answer["score"]["before"], "{answer:#}");
        assert!(answer["reason"].is_string(), "why it does not count: {answer:#}");
    }
    assert_eq!(server.json("/api/v1/services/checkout/drills")["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn exploratory_drills_are_recorded_and_never_graded() {
    let server = Server::with_checkout();
    let mut body = drill("checkout", "dns", "failed");
    body["exploratory"] = json!(true);
    let answer = server.post_drill(&body).expect(201).json();
    assert_eq!(answer["counted"], false, "{answer:#}");
    assert_eq!(answer["score"]["after"], answer["score"]["before"]);
}

#[test]
fn a_failed_drill_counts_more_than_one_never_run() {
    let server = Server::with_checkout();
    let answer = server.post_drill(&drill("checkout", "config", "failed")).expect(201).json();
    assert!(answer["score"]["after"].as_i64() > answer["score"]["before"].as_i64(), "{answer:#}");
}

#[test]
fn a_failure_must_belong_to_its_kind() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns");
    body["kind"] = json!("rollback");
    let problem = server.post_drill(&body).problem(422, "invalid");
    let detail = problem["errors"].to_string();
    assert!(detail.contains("dns"), "{problem:#}");
}

#[test]
fn everything_a_sender_says_comes_back_as_evidence() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "error");
    body["detected_after_seconds"] = json!(12.5);
    body["recovered_after_seconds"] = json!(40);
    body["hypothesis"] = json!("The page renders without ads");
    body["evidence"] = json!([{"kind": "url", "href": "https://ci.shop.example/runs/9001"}]);
    body["external_id"] = json!("run-9001");
    body["source"] = json!({"tool": "toxiproxy", "version": "2.9.0", "run_id": "9001"});
    server.post_drill(&body).expect(201).json();
    let shown = &server.json("/api/v1/services/checkout/drills")["items"][0];
    for field in ["detected_after_seconds", "hypothesis", "external_id", "target", "environment"] {
        assert_eq!(shown[field], body[field], "{field}: {shown:#}");
    }
    assert_eq!(shown["recovered_after_seconds"], 40.0);
    assert_eq!((&shown["tool"], &shown["run_id"]), (&json!("toxiproxy"), &json!("9001")));
    assert_eq!(shown["evidence"][0]["href"], "https://ci.shop.example/runs/9001");
}
