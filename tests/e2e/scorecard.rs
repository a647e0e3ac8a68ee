//! A grade that explains itself.

use harness::{Server, Value, drill, json, passed};

fn rules(card: &Value) -> Vec<&Value> {
    card["rules"].as_array().into_iter().flatten().collect()
}

/// A number of points in thousandths, exact.
fn thousandths(points: &Value) -> i64 {
    (points.as_f64().unwrap_or(f64::NAN) * 1000.0).round() as i64
}

#[test]
fn the_score_can_be_redone_by_hand() {
    let server = Server::with_checkout();
    for (failure, outcome) in [("dns", "passed"), ("config", "failed"), ("cpu", "passed"), ("code", "passed")]
    {
        let _ = server.post_drill(&drill("checkout", failure, outcome)).expect(201);
    }
    let card = server.scorecard("checkout");
    let earned: i64 = rules(&card).iter().map(|r| thousandths(&r["earned"])).sum();
    let possible: i64 = rules(&card).iter().map(|r| thousandths(&r["possible"])).sum();
    assert_eq!(earned, thousandths(&card["earned"]), "{card:#}");
    assert_eq!(possible, thousandths(&card["possible"]));
    assert_eq!(card["score"].as_i64(), Some(100 * earned / possible), "floor(100 x {earned} / {possible})");
    for practice in card["practices"].as_array().into_iter().flatten() {
        let of: Vec<&Value> = rules(&card).into_iter().filter(|r| r["practice"] == practice["id"]).collect();
        let earned: i64 = of.iter().map(|r| thousandths(&r["earned"])).sum();
        let possible: i64 = of.iter().map(|r| thousandths(&r["possible"])).sum();
        let expected = if possible == 0 { Value::Null } else { json!(100 * earned / possible) };
        assert_eq!(practice["score"], expected, "{practice:#}");
    }
}

#[test]
fn the_letter_is_the_highest_band_reached_then_the_lowest_cap() {
    let server = Server::with_checkout();
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let card = server.scorecard("checkout");
    let score = card["score"].as_i64().unwrap_or(-1);
    let bands = card["bands"].as_array().cloned().unwrap_or_default();
    let letters: Vec<&str> = bands.iter().filter_map(|b| b["grade"].as_str()).collect();
    assert_eq!(letters, ["A+", "A", "B", "C", "D", "F"]);
    let minimums: Vec<i64> = bands.iter().filter_map(|b| b["min"].as_i64()).collect();
    assert_eq!(minimums, [97, 90, 80, 70, 60, 0]);
    let reached = bands.iter().find(|b| score >= b["min"].as_i64().unwrap_or(101));
    assert_eq!(Some(&card["uncapped_grade"]), reached.map(|b| &b["grade"]), "{card:#}");
}

#[test]
fn a_fresh_service_is_unknown_not_fine() {
    let server = Server::with_checkout();
    let card = server.scorecard("checkout");
    assert_eq!(card["score"], 0, "{card:#}");
    assert_eq!(card["grade"], "F");
    assert!(card["coverage"].as_i64() < Some(20), "{card:#}");
    let unknown: Vec<&Value> = rules(&card).into_iter().filter(|r| r["outcome"] == "unknown").collect();
    assert!(unknown.len() > 10, "{card:#}");
    for rule in unknown {
        let missing = rule["missing"].as_array().cloned().unwrap_or_default();
        assert!(!missing.is_empty(), "{rule:#}");
        for fact in missing {
            assert!(
                fact["detail"].as_str().is_some_and(|d| d.len() > 20),
                "which evidence, and how to send it: {fact}"
            );
        }
        assert_eq!(rule["earned"], 0);
    }
}

#[test]
fn every_practice_of_the_pack_is_there_even_without_evidence() {
    let server = Server::with_checkout();
    let card = server.scorecard("checkout");
    assert_eq!(card["practices"].as_array().map(Vec::len), Some(5), "{card:#}");
    for rule in rules(&card) {
        for field in ["id", "practice", "title", "outcome", "why", "fix", "effort", "reason"] {
            assert!(rule[field].as_str().is_some_and(|t| !t.is_empty()), "`{field}` of {rule:#}");
        }
    }
}

#[test]
fn a_passed_rule_names_its_facts_and_who_sent_them() {
    let server = Server::with_checkout();
    let answer = server.post_drill(&passed("checkout", "config")).expect(201).json();
    let card = server.scorecard("checkout");
    let fact = rules(&card)
        .into_iter()
        .find_map(|r| r["facts"].get("rollback.config_days_since_passed"))
        .cloned()
        .unwrap_or_else(|| panic!("no rule read the fact: {card:#}"));
    assert_eq!(fact["value"], 0, "{fact:#}");
    assert_eq!(fact["evidence"], "executed_token");
    assert_eq!(fact["drill"], answer["id"]);
    assert_eq!(fact["sender"], "tests");
    assert!(fact["as_of"].is_string());
}

#[test]
fn next_steps_are_what_they_promise() {
    let server = Server::with_checkout();
    let card = server.scorecard("checkout");
    let steps = card["next_steps"].as_array().cloned().unwrap_or_default();
    assert!(steps.len() >= 3, "{card:#}");
    for step in &steps {
        let lifts = step["points"].as_i64() > Some(0) || step["grade_after"] != card["grade"];
        assert!(lifts, "a step that brings nothing is no step: {step:#}");
        let promised = card["score"].as_i64().unwrap_or(0) + step["points"].as_i64().unwrap_or(0);
        assert_eq!(step["score_after"].as_i64(), Some(promised), "{step:#}");
        for field in ["rule", "title", "practice", "effort", "why", "grade_after", "fix"] {
            assert!(step[field].as_str().is_some_and(|t| !t.is_empty()), "`{field}` of {step:#}");
        }
    }
    // Take the step about configuration rollback: the promise holds to the point.
    let step = steps.iter().find(|s| s["rule"].as_str().is_some_and(|r| r.contains("config")));
    let step = step.unwrap_or_else(|| panic!("no step about config: {steps:#?}"));
    let mut body = passed("checkout", "config");
    // Without its seconds, which would earn the points of another rule.
    body["rollback"] = json!({"outcome": "succeeded"});
    let answer = server.post_drill(&body).expect(201).json();
    assert_eq!(answer["score"]["after"], step["score_after"], "{step:#}\n{answer:#}");
}

#[test]
fn the_path_adds_up_to_the_next_letter() {
    let server = Server::with_checkout();
    for failure in ["code", "config", "schema", "cpu", "memory", "disk", "network", "dns", "clock", "latency"]
    {
        let _ = server.post_drill(&passed("checkout", failure)).expect(201);
    }
    let card = server.scorecard("checkout");
    let path = &card["path"];
    assert!(path.is_object(), "{card:#}");
    let score = card["score"].as_i64().unwrap_or(0);
    assert_eq!(path["points"].as_i64(), path["score"].as_i64().map(|s| s - score), "{path:#}");
    let mut at = score;
    for step in path["steps"].as_array().into_iter().flatten() {
        at += step["points"].as_i64().unwrap_or(0);
        assert_eq!(step["score_after"].as_i64(), Some(at), "{path:#}");
    }
    if path["reaches"] == true {
        assert!(at >= path["score"].as_i64().unwrap_or(101), "{path:#}");
    }
}

#[test]
fn changes_say_what_moved_and_why() {
    let server = Server::with_checkout();
    let _ = server.post_drill(&passed("checkout", "config")).expect(201);
    let card = server.scorecard("checkout");
    let change = &card["changes"][0];
    assert_eq!(change["cause"], "evidence", "{change:#}");
    assert_eq!(change["score"], card["score"]);
    assert!(change["sentence"].as_str().is_some_and(|s| s.len() > 20), "{change:#}");
    let moved: Vec<&Value> = change["rules"].as_array().into_iter().flatten().collect();
    assert!(moved.iter().any(|m| m["before"] == "unknown" && m["after"] == "pass"), "{change:#}");
    let history = server.json("/api/v1/services/checkout/history");
    let items = history["items"].as_array().or_else(|| history.as_array()).cloned().unwrap_or_default();
    assert!(items.iter().any(|h| h["score"] == card["score"] && h["cause"] == "evidence"), "{history:#}");
}

#[test]
fn the_past_can_be_asked_for() {
    let server = Server::with_checkout();
    let before = harness::seconds_from_now(0);
    std::thread::sleep(std::time::Duration::from_millis(20));
    let _ = server.post_drill(&passed("checkout", "config")).expect(201);
    let then = server.json(&format!("/api/v1/services/checkout/scorecard?as_of={before}"));
    assert_eq!(then["score"], 0, "{then:#}");
    assert!(server.scorecard("checkout")["score"].as_i64() > Some(0));
}

#[test]
fn two_servers_with_the_same_evidence_agree_to_the_byte() {
    let at = "2026-03-01T12:00:00Z";
    let cards: Vec<String> = (0..2)
        .map(|_| {
            let server = harness::Setup::default().frozen(at).start();
            server.import(harness::SMALL_CATALOG);
            for failure in ["dns", "config"] {
                let mut body = passed("checkout", failure);
                body["started_at"] = json!("2026-02-20T08:00:00Z");
                body["ended_at"] = json!("2026-02-20T08:10:00Z");
                let _ = server.post_drill(&body).expect(201);
            }
            server.get("/api/v1/services/checkout/scorecard").expect(200).text()
        })
        .collect();
    assert_eq!(cards[0], cards[1]);
}

#[test]
fn a_rule_that_does_not_apply_leaves_the_sum() {
    let server = Server::start();
    server.import(&harness::SMALL_CATALOG.replace("\"1\"", "\"4\""));
    let card = server.scorecard("checkout");
    let out: Vec<&Value> = rules(&card).into_iter().filter(|r| r["outcome"] == "not_applicable").collect();
    assert!(!out.is_empty(), "tier 4 needs no rack drill: {card:#}");
    for rule in out {
        assert_eq!(rule["possible"], 0, "{rule:#}");
    }
}
