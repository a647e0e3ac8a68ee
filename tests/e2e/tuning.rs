//! Settings and traffic in, a score out: what a team that tunes its degrader meets.

use harness::{Server, Setup};
use serde_json::{Value, json};

/// 5,000 calls a second of 7.5 ms to 50 hosts from 20 clients.
fn traffic() -> Value {
    json!({
        "hosts": 50, "clients": 20, "qps": 5000, "latency": {"mean_ms": 7.5, "cv": 0.8},
        "timeout_ms": 1000, "slo_ms": 50,
    })
}

fn defaults() -> Value {
    json!({"dialect": "d2", "settings": {"degraderProperties": {"degrader.highLatency": "400"}}, "profile": traffic()})
}

const PATH: &str = "/api/v1/services/checkout/degrader";

fn put(server: &Server, body: &Value) -> harness::Reply {
    server.send(server.request("PUT", PATH).json(body))
}

fn rule<'a>(card: &'a Value, id: &str) -> &'a Value {
    card["rules"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("no rule {id}"))
}

fn pointers(problem: &Value) -> Vec<String> {
    problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn settings_are_judged_by_what_they_do_and_the_practice_earns_points() {
    let server = Server::with_checkout();
    let before = server.scorecard("checkout");
    assert_eq!(rule(&before, "degrader-acts-in-time")["outcome"], "unknown");

    let view = put(&server, &defaults()).expect(200).json();
    let tuning = &view["assessment"]["tuning"];
    let score = tuning["score"].as_f64().unwrap();
    assert!((40.0..=52.0).contains(&score), "the defaults on this traffic are about 46: {score}");
    let recommended = &tuning["recommended"];
    assert!(recommended["score"].as_f64().unwrap() >= 95.0, "{recommended}");
    let changed: Vec<&str> =
        recommended["changes"].as_array().unwrap().iter().map(|c| c["field"].as_str().unwrap()).collect();
    assert!(changed.iter().any(|f| f.contains("highLatency")), "{changed:?}");
    assert!(changed.iter().any(|f| f.contains("ErrorRate")), "{changed:?}");
    assert_eq!(view, server.json(PATH), "what is answered is what is kept");

    let card = server.scorecard("checkout");
    assert_eq!(rule(&card, "degrader-settings-known")["outcome"], "pass");
    assert_eq!(rule(&card, "degrader-settings-fresh")["outcome"], "pass");
    assert_eq!(rule(&card, "degrader-no-false-alarms")["outcome"], "pass");
    let acts = rule(&card, "degrader-acts-in-time");
    assert_eq!(acts["outcome"], "partial");
    assert_eq!(acts["facts"]["degrader.tuning_score"]["evidence"], "declared");
    assert!(card["score"].as_i64() > before["score"].as_i64(), "{} {}", card["score"], before["score"]);

    // The block that is recommended, sent back as it is, is good and earns the rest.
    let tuned = json!({"dialect": "d2", "settings": view["paste"]});
    let again = put(&server, &tuned).expect(200).json();
    let tuning = &again["assessment"]["tuning"];
    assert!(tuning["score"].as_f64().unwrap() >= 95.0, "{}", tuning["score"]);
    assert_eq!(tuning["recommended"], Value::Null, "a tuned service is not nagged");
    assert_eq!(again["profile"], view["profile"], "what is left out stays");
    let last = server.scorecard("checkout");
    assert!(last["score"].as_i64() > card["score"].as_i64());
    let said = server.cli(&["verify"]).ok();
    assert!(said.out.ends_with("clean\n"), "{}", said.out);
}

#[test]
fn settings_of_any_tool_are_taken_as_its_file_has_them() {
    let server = Server::with_checkout();
    let yaml = "outlier_detection:\n  consecutive_5xx: 5\n  interval: 10s\n  base_ejection_time: 30s\n";
    let body = json!({"dialect": "envoy", "settings": yaml, "profile": traffic()});
    let view = put(&server, &body).expect(200).json();
    assert_eq!(view["dialect"], "envoy");
    let tuning = &view["assessment"]["tuning"];
    let slow = &tuning["current"]["replays"][1];
    assert_eq!(slow["isolated_after_s"], Value::Null, "without a timeout it cannot see a slow host: {slow}");
    assert!(tuning["score"].as_f64().unwrap() < 75.0, "{}", tuning["score"]);
    let paste = view["paste"].as_str().unwrap();
    assert!(paste.contains("outlier_detection") && paste.contains("per_try_timeout"), "{paste}");
    let again = put(&server, &json!({"dialect": "envoy", "settings": paste})).expect(200).json();
    assert!(again["assessment"]["tuning"]["score"].as_f64().unwrap() >= 90.0, "{}", again["assessment"]);
}

#[test]
fn settings_that_refuse_healthy_traffic_hold_the_grade() {
    let server = Server::with_checkout();
    let mut body = defaults();
    body["profile"]["latency"]["mean_ms"] = json!(650);
    body["profile"]["qps"] = json!(200);
    body["profile"]["slo_ms"] = json!(2000);
    body["profile"]["timeout_ms"] = json!(10000);
    let view = put(&server, &body).expect(200).json();
    let tuning = &view["assessment"]["tuning"];
    assert_eq!(tuning["hard_failures"][0]["id"], "refuses_healthy_traffic", "{}", tuning["hard_failures"]);
    assert_eq!(tuning["score"], 0.0);
    let card = server.scorecard("checkout");
    let refuses = rule(&card, "degrader-refuses-healthy");
    assert_eq!(refuses["outcome"], "fail", "{refuses}");
    let page = server.get("/services/checkout/degrader").expect(200).text();
    assert!(page.contains("An outage by itself."), "{page}");
}

#[test]
fn what_makes_no_sense_is_told_with_its_place_and_nothing_is_stored() {
    let server = Server::with_checkout();
    let changed = |at: &[&str], value: Value| {
        let mut body = defaults();
        let mut place = &mut body["profile"];
        for key in at {
            place = &mut place[*key];
        }
        *place = value;
        body
    };
    let falling = json!({"histogram": [{"le_ms": 5, "count": 9}, {"le_ms": 10, "count": 7}, {"le_ms": null, "count": 9}]});
    for (body, pointer) in [
        (changed(&["qps"], json!(-1)), "/profile/qps"),
        (changed(&["error_rate"], json!(-0.1)), "/profile/error_rate"),
        (changed(&["hosts"], json!(0)), "/profile/hosts"),
        (changed(&["clients"], json!(0)), "/profile/clients"),
        (changed(&["latency"], json!({"p50_ms": 30, "p99_ms": 10})), "/profile/latency/p99_ms"),
        (changed(&["latency"], json!({"p50_ms": 30})), "/profile/latency/p99_ms"),
        (changed(&["latency"], json!({})), "/profile/latency"),
        (changed(&["latency"], falling), "/profile/latency/histogram/1/count"),
        (changed(&["day"], json!([{"traffic": 0, "latency": 1}])), "/profile/day"),
        (changed(&["timeout_ms"], json!(0)), "/profile/timeout_ms"),
        (json!({"dialect": "hystrix", "settings": {}}), "/dialect"),
        (json!({"settings": {}}), "/dialect"),
        (json!({"dialect": "d2"}), "/settings"),
        (json!({}), ""),
    ] {
        let problem = put(&server, &body).problem(422, "invalid");
        assert_eq!(pointers(&problem), [pointer], "{body}\n{problem}");
    }
    let low_above_high = json!({"dialect": "d2", "settings": {"degraderProperties":
        {"degrader.highLatency": "100", "degrader.lowLatency": "200", "degrader.upStep": "0"}}});
    let problem = put(&server, &low_above_high).problem(422, "invalid");
    let places = pointers(&problem).join(" ");
    assert!(places.contains("/settings/degraderProperties/degrader.upStep"), "{problem}");
    put(&server, &changed(&["hosts"], json!("many"))).problem(422, "invalid");
    let view = server.json(PATH);
    assert_eq!((&view["dialect"], &view["profile"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_histogram_that_is_too_coarse_is_told_so_and_scores_nothing() {
    let server = Server::with_checkout();
    let mut body = defaults();
    body["profile"]["latency"] = json!({"histogram": [{"le_ms": 5, "count": 20}, {"le_ms": 500, "count": 9990}, {"le_ms": null, "count": 10000}]});
    let view = put(&server, &body).expect(200).json();
    assert_eq!(view["assessment"]["tuning"]["refusals"][0]["id"], "coarse_latency", "{}", view["assessment"]);
    assert_eq!(view["assessment"]["tuning"]["recommended"], Value::Null);
    let card = server.scorecard("checkout");
    assert_eq!(rule(&card, "degrader-acts-in-time")["outcome"], "unknown");
    assert_eq!(rule(&card, "degrader-settings-known")["outcome"], "pass");
}

#[test]
fn traffic_grows_old_and_newer_traffic_stands() {
    let server = Setup::default().frozen("2026-11-10T09:00:00Z").start();
    server.import(harness::SMALL_CATALOG);
    let mut body = defaults();
    body["profile_at"] = json!("2026-07-01T00:00:00Z");
    let _ = put(&server, &body).expect(200);
    let card = server.scorecard("checkout");
    assert_eq!(rule(&card, "degrader-settings-fresh")["outcome"], "fail");
    assert_eq!(rule(&card, "degrader-acts-in-time")["outcome"], "unknown", "older than its age limit");
    body["profile_at"] = json!("2026-11-09T00:00:00Z");
    let _ = put(&server, &body).expect(200);
    assert_eq!(rule(&server.scorecard("checkout"), "degrader-settings-fresh")["outcome"], "pass");
    body["profile_at"] = json!("2026-11-01T00:00:00Z");
    assert_eq!(pointers(&put(&server, &body).problem(422, "invalid")), ["/profile_at"]);
    body["profile_at"] = json!("2026-12-01T00:00:00Z");
    assert_eq!(pointers(&put(&server, &body).problem(422, "invalid")), ["/profile_at"]);
}

#[test]
fn what_is_simulated_here_cannot_be_posted_as_a_fact() {
    let server = Server::with_checkout();
    let fact = json!({"service": "checkout", "fact": "degrader.tuning_score", "value": 100});
    let problem = server.post("/api/v1/facts", &fact).problem(422, "invalid");
    assert_eq!(pointers(&problem), ["/fact"]);
    assert!(problem.to_string().contains("/api/v1/services/{slug}/degrader"), "{problem}");
}

#[test]
fn the_page_shows_the_replay_the_values_and_what_if() {
    let server = Server::with_checkout();
    let empty = server.get("/services/checkout/degrader").expect(200).text();
    assert!(empty.contains("Nothing is known of its degrader yet"), "{empty}");
    let _ = put(&server, &defaults()).expect(200);
    let page = server.get("/services/checkout/degrader?scenario=hung&dialect=envoy").expect(200).text();
    for words in ["What a bad host costs you", "Today the host is ", "per_try_timeout", "Not modelled"] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    let tried = server
        .get("/services/checkout/degrader?set.degrader.highLatency=31&set.degrader.lowLatency=17&set.degrader.highErrorRate=0.15&set.degrader.lowErrorRate=0.07")
        .expect(200)
        .text();
    assert!(tried.contains("kept away, tried"), "{tried}");
    assert_eq!(
        put(&server, &json!({"profile": traffic()})).expect(200).json()["settings"],
        server.json(PATH)["settings"]
    );
    let wrong = server.get("/services/checkout/degrader?set.degrader.upStep=fast").expect(200).text();
    assert!(wrong.contains("aria-invalid"), "{wrong}");
    let card = server.get("/services/checkout").expect(200).text();
    assert!(card.contains("id=\"dg-h\""), "the scorecard has the panel");
    let _ = server.get("/services/checkout/degrader?scenario=fire").expect(422);
    let _ = server.get("/services/nothing/degrader").expect(404);
}

#[test]
fn only_who_may_write_evidence_of_a_service_may_send_its_settings() {
    let server = Server::with_checkout();
    let drills = server.new_token("drills", &["drills:write"]);
    server.send(server.request_as(&drills, "PUT", PATH).json(&defaults())).problem(403, "forbidden");
    let own = server.new_limited_token("own", &["evidence:write"], &["checkout"]);
    let _ = server.send(server.request_as(&own, "PUT", PATH).json(&defaults())).expect(200);
}

#[test]
fn one_profile_is_tuned_without_a_server() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("traffic.json"), traffic().to_string()).unwrap();
    let said = harness::run(dir.path(), &[], &["degrader", "tune", "--profile", "traffic.json"]).ok();
    for words in [
        "score 4",
        "slow-x10",
        "degrader.highLatency: 400 ->",
        "\"degraderProperties\"",
        "does not see: Errors",
    ] {
        assert!(said.out.contains(words), "{words}\n{}", said.out);
    }
    let args = ["degrader", "tune", "--profile", "traffic.json", "--dialect", "resilience4j"];
    let said = harness::run(dir.path(), &[], &args).ok().out;
    assert!(
        said.contains("note: One breaker guards all") && said.contains("  at night a client sees"),
        "{said}"
    );
    let args = ["degrader", "tune", "--profile", "traffic.json", "--dialect", "istio", "--json"];
    let told = harness::run(dir.path(), &[], &args).ok().json();
    assert_eq!(told["dialect"], "istio");
    assert!(told["paste"].as_str().unwrap().contains("outlierDetection"), "{told}");
    std::fs::write(dir.path().join("bad.yaml"), "hosts: 0\nqps: -3\nlatency: {p50_ms: 9, p99_ms: 3}\n")
        .unwrap();
    let failed = harness::run(dir.path(), &[], &["degrader", "tune", "--profile", "bad.yaml"]);
    assert_ne!(failed.code, 0);
    for place in ["/hosts", "/qps", "/latency/p99_ms"] {
        assert!(failed.err.contains(place), "{place}\n{}", failed.err);
    }
}

#[test]
fn a_file_that_makes_no_sense_is_told_with_json_pointers() {
    let dir = tempfile::tempdir().unwrap();
    let latency = "latency: {p50_ms: 6, p99_ms: 30}\n";
    let good = format!("hosts: 50\nqps: 500\n{latency}");
    let two = format!("{good}---\n{good}");
    let histogram = "hosts: 50\nqps: 500\nlatency: {histogram: [{le_ms: [], count: 1}]}\n";
    let tune = |profile: &str, more: &[&str]| {
        std::fs::write(dir.path().join("traffic.yaml"), profile).unwrap();
        let args: Vec<&str> = [&["degrader", "tune", "--profile", "traffic.yaml"], more].concat();
        harness::run(dir.path(), &[], &args)
    };
    for (profile, told) in [
        (histogram, "traffic.yaml: /latency/histogram/0/le_ms: "),
        ("7", "traffic.yaml: /: "),
        (two.as_str(), "traffic.yaml: /: one profile is wanted"),
        (
            "hosts: 50\nqps: .nan\nlatency: {p50_ms: 6, p99_ms: 30}\n",
            "traffic.yaml: /qps: must be a finite number",
        ),
        (
            "hosts: 50\nqps: 1e400\nlatency: {p50_ms: 6, p99_ms: 30}\n",
            "traffic.yaml: /qps: must be a finite number",
        ),
        ("hosts: 50\nqps: 500\nlatency: [7.5, 0.9]\n", "traffic.yaml: /latency: "),
    ] {
        let said = tune(profile, &[]);
        assert_ne!(said.code, 0, "{profile}");
        assert!(said.err.contains(told), "{profile}\n{}", said.err);
    }
    std::fs::write(dir.path().join("own.yaml"), "hello: 1\n").unwrap();
    let said = tune(&good, &["--dialect", "envoy", "--settings", "own.yaml"]);
    assert!(said.err.contains("own.yaml: /: holds no `outlier_detection`"), "{}", said.err);
}

#[test]
fn a_profile_by_position_is_no_profile() {
    let server = Server::with_checkout();
    let by_position =
        json!([5, null, 5000, [7.5, 0.9, null, null, []], 0, 1000, null, [], 0.08, 0.001, 8, null]);
    let mut buckets = defaults();
    buckets["profile"]["latency"] = json!({"histogram": [[2, 5000]]});
    for (body, pointer) in
        [(json!({"profile": by_position}), "/profile"), (buckets, "/profile/latency/histogram/0")]
    {
        let problem = put(&server, &body).problem(422, "invalid");
        assert_eq!(pointers(&problem), [pointer], "{problem}");
    }
    assert_eq!(server.json(PATH)["profile"], Value::Null);
}
