//! Grading all services: on demand, on a schedule, twice.

use std::time::{Duration, Instant};

use harness::{Server, Setup, Value, json, passed};

fn finished_run(server: &Server, path: &str) -> Value {
    let started = Instant::now();
    loop {
        let run = server.json(path);
        if matches!(run["state"].as_str(), Some("finished" | "failed")) {
            return run;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{run:#}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn a_run_asked_for_over_the_api_answers_where_to_look() {
    let server = Server::with_shop();
    let reply = server.post("/api/v1/grading-runs", &json!({})).expect(202);
    let location = reply.header("location");
    assert!(location.contains("/api/v1/grading-runs/"), "{location}");
    let path = location.split_once("/api/").map(|(_, p)| format!("/api/{p}")).unwrap_or_default();
    let run = finished_run(&server, &path);
    assert_eq!(run["state"], "finished", "{run:#}");
    assert_eq!(run["services"], 5);
    assert_eq!(run["errors"], json!([]));
    let runs = server.json("/api/v1/grading-runs");
    assert!(runs["items"].as_array().is_some_and(|r| r.iter().any(|x| x["id"] == run["id"])), "{runs:#}");
}

#[test]
fn running_twice_changes_nothing() {
    let server = Server::with_shop();
    let _ = server.post_drill(&passed("storefront", "dns")).expect(201);
    let _ = server.cli(&["grade"]).ok();
    let before = server.get("/api/v1/services/storefront/scorecard").text();
    let events = server.json("/api/v1/events?limit=500")["items"].as_array().map(Vec::len);
    let history = server.get("/api/v1/services/storefront/history").text();
    let second = server.cli(&["grade", "--json"]).ok().json();
    assert_eq!(second["changed"], 0, "{second:#}");
    assert_eq!(second["services"], 5, "{second:#}");
    let after = server.json("/api/v1/services/storefront/scorecard");
    let before: Value = before.parse().unwrap_or_default();
    assert_eq!(after["score"], before["score"]);
    assert_eq!(after["changes"], before["changes"]);
    assert_eq!(server.json("/api/v1/events?limit=500")["items"].as_array().map(Vec::len), events);
    assert_eq!(server.get("/api/v1/services/storefront/history").text(), history);
}

#[test]
fn evidence_that_ages_lowers_the_score_and_says_expiry() {
    let mut server = Setup::default().frozen("2026-03-01T12:00:00Z").start();
    server.import(harness::SMALL_CATALOG);
    let mut body = passed("checkout", "config");
    body["started_at"] = json!("2026-03-01T10:00:00Z");
    body["ended_at"] = json!("2026-03-01T10:05:00Z");
    let fresh = server.post_drill(&body).expect(201).json()["score"]["after"].as_i64();
    assert!(fresh > Some(0));

    server.move_clock("2026-05-01T12:00:00Z");
    server.restart();
    let _ = server.cli(&["grade"]).ok();
    let card = server.scorecard("checkout");
    assert!(card["score"].as_i64() < fresh, "{card:#}");
    assert!(card["score"].as_i64() > Some(0), "half of it is left: {card:#}");
    assert_eq!(card["changes"][0]["cause"], "expiry", "{:#}", card["changes"][0]);

    server.move_clock("2026-12-01T12:00:00Z");
    server.restart();
    let _ = server.cli(&["grade"]).ok();
    assert_eq!(server.scorecard("checkout")["score"], 0, "stale green is not green");
}

#[test]
fn one_service_can_be_graded_alone() {
    let server = Server::with_shop();
    let one = server.cli(&["grade", "--service", "storefront", "--json"]).ok().json();
    let shown = server.scorecard("storefront");
    assert_eq!((&one["service"], &one["score"]), (&json!("storefront"), &shown["score"]), "{one:#}");
    assert!(shown["score"].as_i64() < Some(30), "nothing was sent but the catalog: {shown:#}");
    let unknown = server.cli(&["grade", "--service", "storefrnt"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("storefront"), "the nearest slug: {}", unknown.err);
}

#[test]
fn the_schedule_grades_by_itself() {
    let server = Setup::default().env("WATERBEAR_GRADING_SCHEDULE", "* * * * *").start();
    server.import(harness::SMALL_CATALOG);
    let started = Instant::now();
    loop {
        let runs = server.json("/api/v1/grading-runs");
        let done = runs["items"].as_array().into_iter().flatten();
        if done.clone().any(|r| r["trigger"] == "schedule" && r["state"] == "finished") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{runs:#}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_change_of_the_catalog_is_a_cause_of_its_own() {
    let server = Server::with_checkout();
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let before = server.scorecard("checkout");
    server.import(&harness::SMALL_CATALOG.replace("\"1\"", "\"4\""));
    let _ = server.cli(&["grade"]).ok();
    let card = server.scorecard("checkout");
    assert_ne!(card["score"], before["score"], "tier 4 has fewer rules: {card:#}");
    assert_eq!(card["changes"][0]["cause"], "ownership", "{:#}", card["changes"][0]);
}
