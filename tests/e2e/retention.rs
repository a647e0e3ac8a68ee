//! Retention: what goes, what stays, and that nobody's grade notices.

use harness::{Server, Setup, Value, json};

const THEN: &str = "2025-01-10T09:00:00Z";
const LATER: &str = "2025-03-20T09:00:00Z";
const NOW: &str = "2026-05-20T09:00:00Z";

/// A result of `failure` that ended on that day at eight.
fn result(server: &Server, day: &str, failure: &str, outcome: &str, seconds: i64) {
    let kind = if failure == "config" { "rollback" } else { "infrastructure" };
    let body = json!({
        "service": "checkout", "kind": kind, "failure": failure, "environment": "staging",
        "outcome": outcome,
        "started_at": format!("{day}T07:59:00Z"), "ended_at": format!("{day}T08:00:00Z"),
        "rollback": {"outcome": "succeeded", "seconds": seconds},
        "external_id": format!("{day}-{failure}"),
    });
    let _ = server.post_drill(&body).expect(201);
}

/// A server that ran drills sixteen and fourteen months ago, and now.
fn aged() -> Server {
    let mut server = Setup::default().frozen(THEN).start();
    server.import(harness::SMALL_CATALOG);
    for (n, day) in ["01", "02", "03", "04", "05", "06", "07", "08"].iter().enumerate() {
        result(&server, &format!("2025-01-{day}"), "config", "passed", 30 + n as i64);
    }
    result(&server, "2025-01-09", "dns", "passed", 10);
    server.move_clock(LATER);
    server.restart();
    result(&server, "2025-03-19", "dns", "failed", 10);
    server.move_clock(NOW);
    server.restart();
    result(&server, "2026-05-19", "cpu", "passed", 10);
    let _ = server.cli(&["grade"]).ok();
    server
}

fn pruned(server: &Server, args: &[&str]) -> Value {
    let all: Vec<&str> = ["prune", "--json"].iter().chain(args).copied().collect();
    server.cli(&all).ok().json()
}

fn drills(server: &Server) -> usize {
    server.json("/api/v1/services/checkout/drills?limit=500")["items"].as_array().map_or(0, Vec::len)
}

#[test]
fn pruning_moves_no_grade_and_keeps_what_the_grade_rests_on() {
    let server = aged();
    let look = |path: &str| server.json(path);
    let at_floor = "/api/v1/services/checkout/scorecard?as_of=2025-04-20T00:00:00Z";
    // What is said of the catalog is that of today, and of the changes the old ones are gone.
    let grade = |card: &Value| {
        let mut card = card.clone();
        card["detail"] = Value::Null;
        card["changes"] = Value::Null;
        card
    };
    let (card, then) = (look("/api/v1/services/checkout/scorecard"), look(at_floor));
    let matrix = look("/api/v1/services/checkout/drill-matrix");
    assert_eq!(drills(&server), 11);

    let would = pruned(&server, &["--dry-run"]);
    assert_eq!(drills(&server), 11, "a dry run deletes nothing");
    let done = pruned(&server, &[]);
    assert_eq!(done, would);
    // Three of the eight rehearsals of one rollback are not needed for the median of the last five.
    assert_eq!(done["drills"], 3, "{done:#}");
    assert_eq!(done["documents"], 3, "{done:#}");
    assert!(done["keys"].as_i64() >= Some(10), "{done:#}");
    assert_eq!(done["floor"], "2025-04-20T00:00:00.000Z");
    assert_eq!(drills(&server), 8);

    assert_eq!(grade(&look("/api/v1/services/checkout/scorecard")), grade(&card));
    assert_eq!(look("/api/v1/services/checkout/drill-matrix"), matrix);
    assert_eq!(grade(&look(at_floor)), grade(&then));
    let again = pruned(&server, &[]);
    let sum: i64 =
        ["drills", "documents", "keys", "scores", "facts"].iter().filter_map(|k| again[k].as_i64()).sum();
    assert_eq!(sum, 0, "the second time there is nothing to do: {again:#}");
    let _ = server.cli(&["verify"]).ok();
    let metrics = server.get("/metrics").expect(200).text();
    assert!(metrics.contains("waterbear_drills_total{outcome=\"passed\"} 10"), "ever recorded: {metrics}");
}

#[test]
fn the_history_goes_on_by_days_and_a_look_back_says_what_is_kept() {
    let server = aged();
    let history = |server: &Server| {
        let page = server.json("/api/v1/services/checkout/history");
        page["items"].as_array().cloned().unwrap_or_default()
    };
    let before = history(&server);
    let done = pruned(&server, &[]);
    assert!(done["scores"].as_i64() > Some(0), "{done:#}");
    let after = history(&server);
    assert!(after.len() < before.len(), "{after:#?}");
    let daily: Vec<&Value> = after.iter().filter(|c| c["cause"] == "daily").collect();
    assert!(!daily.is_empty(), "{after:#?}");
    let at = |c: &Value| c["at"].as_str().unwrap_or_default().to_owned();
    assert!(after.windows(2).all(|w| at(&w[0]) >= at(&w[1])), "newest first: {after:#?}");
    for day in daily {
        let date = &at(day)[..10];
        let last = before.iter().find(|c| at(c).starts_with(date));
        assert_eq!(Some(&day["score"]), last.map(|c| &c["score"]), "{date}");
    }
    let reply = server.get("/api/v1/services/checkout/scorecard?as_of=2025-02-01T00:00:00Z");
    let problem = reply.problem(422, "invalid");
    let text = problem.to_string();
    assert!(text.contains("since 2025-04-20") && text.contains("retention.raw_months"), "{text}");
    let _ = server.get("/services/checkout/why?as_of=2025-02-01").expect(422);
}

#[test]
fn nothing_goes_where_everything_is_kept() {
    let mut server = Setup::default().frozen(THEN).env("WATERBEAR_RETENTION_MONTHS", "0").start();
    server.import(harness::SMALL_CATALOG);
    result(&server, "2025-01-09", "dns", "passed", 10);
    server.move_clock(NOW);
    server.restart();
    assert_eq!(pruned(&server, &[])["floor"], Value::Null);
    assert_eq!(drills(&server), 1);
    let out = harness::run(
        server.dir(),
        &[("WATERBEAR_RETENTION_MONTHS".into(), "2".into())],
        &["prune", "--database", server.database().url()],
    );
    assert_eq!(out.code, 1);
    assert!(out.err.contains("retention.raw_months") && out.err.contains("at least 3"), "{}", out.err);
}
