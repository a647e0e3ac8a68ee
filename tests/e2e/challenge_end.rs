//! The end of a challenge: what is frozen is what was known at that instant, however late the end is noticed.

use harness::{Server, Value, json, passed};

use crate::certificates::started;
use crate::challenges::{MORE, config_goal, make};

const ENDS_AT: &str = "2026-03-03T12:00:00.000Z";

fn wish(title: &str, goal: &Value) -> Value {
    json!({ "title": title, "why": "To be sure.", "goal": goal, "starts_at": "2026-03-01T11:00:00Z", "ends_at": ENDS_AT })
}

fn send(server: &Server, service: &str, outcome: &str, at: &str) {
    let mut body = passed(service, "config");
    body["outcome"] = json!(outcome);
    (body["started_at"], body["ended_at"]) = (json!(at), json!(at));
    let _ = server.post_drill(&body).expect(201);
}

/// A result that a command brings in while no server runs.
fn bring(server: &Server, service: &str, failure: &str, outcome: &str, at: &str) {
    let line = json!({
        "service": service, "kind": passed(service, failure)["kind"], "failure": failure, "environment": "staging",
        "outcome": outcome, "started_at": at, "ended_at": at,
    });
    let _ = server.cli_with_input(&["ingest", "drill", "-"], line.to_string().as_bytes()).ok();
}

fn counts(server: &Server, slug: &str) -> (String, Value, Value) {
    let view = server.json(&format!("/api/v1/challenges/{slug}"));
    let progress = &view["progress"];
    (
        view["state"].as_str().unwrap_or_default().to_owned(),
        progress["done"].clone(),
        progress["total"].clone(),
    )
}

#[test]
fn what_arrives_between_the_end_and_its_notice_does_not_count() {
    let (mut server, _home) = started(|setup| setup);
    server.import(&format!("{}{MORE}", harness::SMALL_CATALOG));
    let _ = make(&server, &wish("Drills", &config_goal()));
    let _ = make(&server, &wish("Grades", &json!({"kind": "grade", "grade": "A"})));
    let _ = make(&server, &wish("Facts", &json!({"kind": "custom", "pass": "drills.regressed == false"})));
    send(&server, "checkout", "passed", "2026-03-01T11:30:00Z");
    let open = |done: i64, total: i64| ("open".to_owned(), json!(done), json!(total));
    let slugs = ["drills", "grades", "facts"];
    let before: Vec<_> = slugs.iter().map(|slug| counts(&server, slug)).collect();
    assert_eq!(before[..2], [open(1, 3), open(1, 3)]);
    // The process is away over the end; meanwhile one passes that ran before it, one that ran after it, and two fail.
    server.kill();
    server.move_clock("2026-03-03T12:30:00Z");
    bring(&server, "ledger", "config", "passed", "2026-03-03T11:00:00Z");
    bring(&server, "cart", "config", "passed", "2026-03-03T12:10:00Z");
    bring(&server, "checkout", "config", "failed", "2026-03-03T12:11:00Z");
    bring(&server, "checkout", "dns", "failed", "2026-03-03T12:12:00Z");
    server.restart();
    let began = std::time::Instant::now();
    while slugs.iter().any(|slug| counts(&server, slug).0 != "ended") {
        assert!(began.elapsed().as_secs() < 120, "they never ended");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert_eq!(server.scorecard("checkout")["grade"], "F", "by now it stands elsewhere");
    for (slug, (_, done, total)) in slugs.iter().zip(&before) {
        assert_eq!(counts(&server, slug), ("ended".to_owned(), done.clone(), total.clone()), "{slug}");
    }
    let standings = server.json("/api/v1/challenges/drills/standings");
    let shop =
        standings["items"].as_array().unwrap().iter().find(|team| team["team"] == "shop-team").unwrap();
    assert_eq!(shop["pct"], 50, "{standings:#}");
}
