//! The scorecard and two pages, word for word, with the clock standing still.

use harness::{SMALL_CATALOG, Server, Setup, Value, drill, json};

const NOW: &str = "2026-03-01T12:00:00Z";

/// One service with fresh, ageing, failed and missing evidence, always the same.
fn still() -> Server {
    let server = Setup::default().frozen(NOW).start();
    server.import(SMALL_CATALOG);
    for (failure, outcome, day) in [
        ("config", "passed", "2026-02-20"),
        ("code", "passed", "2025-12-20"),
        ("dns", "passed", "2026-01-10"),
        ("dns", "failed", "2026-02-10"),
        ("cpu", "passed", "2026-02-25"),
        ("error", "inconclusive", "2026-02-26"),
    ] {
        let mut body = drill("checkout", failure, outcome);
        body["started_at"] = json!(format!("{day}T09:00:00Z"));
        body["ended_at"] = json!(format!("{day}T09:05:00Z"));
        body["external_id"] = json!(format!("{failure}-{day}"));
        let _ = server.post_drill(&body).expect(201);
    }
    server
}

/// The content of a page, a line each, without what changes from run to run: the address and the rulebook's hash.
fn content(server: &Server, path: &str) -> String {
    let html = server.get(path).expect(200).text();
    let main = html.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>"));
    let main = main.map(|(inner, _)| format!("<main{inner}</main>")).unwrap_or_default();
    let book = server.json("/api/v1/rulebook")["hash"].as_str().unwrap_or_default().to_owned();
    let short: String = book.chars().take(7).collect();
    let main = main
        .replace(server.base(), "http://waterbear.example")
        .replace(&book, "HASH")
        .replace(&short, "HASH");
    let lines: Vec<&str> = main.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()).collect();
    lines.join("\n") + "\n"
}

/// The answer without the rulebook's hash, which any change of a rule's wording moves.
fn without_hash(mut card: Value) -> Value {
    card["rulebook"] = json!("HASH");
    for change in card["changes"].as_array_mut().into_iter().flatten() {
        change["rulebook"] = json!("HASH");
    }
    card
}

#[test]
fn the_scorecard_as_json() {
    let server = still();
    insta::assert_json_snapshot!("scorecard", without_hash(server.scorecard("checkout")));
}

#[test]
fn the_scorecard_as_a_page() {
    let server = still();
    insta::assert_snapshot!("scorecard-page", content(&server, "/services/checkout"));
}

#[test]
fn the_drills_as_a_page() {
    let server = still();
    insta::assert_snapshot!("drills-page", content(&server, "/services/checkout/drills"));
}
