//! Certificates in figures: rollups, the overview, the calendar for other programs, metrics.

use harness::{Reply, Server, Setup, Value, json};

use crate::certificates::{on, rules, send, started};
use crate::shown::check_calendar;

/// A team that nobody may know of, beside the one that everybody knows.
const VAULT: &str = "
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: vault-guild}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: keyring, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: vault-guild}
";

fn line(server: &Server, query: &str, key: &str) -> (Value, Value, Value) {
    let view = server.json(&format!("/api/v1/rollups?{query}"));
    let found = view["items"].as_array().unwrap().iter().find(|line| line["key"] == key).cloned();
    let found = found.unwrap_or_else(|| panic!("no {key} in {view:#}"));
    (found["certified"].clone(), found["certified_pct"].clone(), found["expiring"].clone())
}

fn figures(certified: i64, percent: i64, expiring: i64) -> (Value, Value, Value) {
    (json!(certified), json!(percent), json!(expiring))
}

fn page(server: &Server, path: &str) -> String {
    server.send(server.request_as("", "GET", path)).expect(200).text()
}

#[test]
fn rollups_and_the_overview_tell_who_is_certified_and_what_ends_next() {
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-14");
    assert_eq!(line(&server, "by=company", "all"), figures(0, 0, 0));
    on(&mut server, "2026-03-15");
    let certificate = server.scorecard("checkout")["certificate"]["id"].as_str().unwrap().to_owned();
    for (by, key) in [("company", "all"), ("division", "shop-team"), ("team", "shop-team"), ("tier", "1")] {
        assert_eq!(line(&server, &format!("by={by}"), key), figures(1, 100, 0), "{by}");
        assert_eq!(line(&server, &format!("by={by}&at=2026-03-14"), key), figures(0, 0, 0), "{by}");
    }
    let practice = &server.json("/api/v1/rollups?by=practice")["items"][0];
    assert!(practice["certified"].is_null() && practice["expiring"].is_null());
    let html = page(&server, "/overview");
    for part in [
        "1 of 1 service (100%) is certified.",
        "No certificate ends within 30 days.",
        "13 June 2026",
        "on track",
    ] {
        assert!(html.contains(part), "{part} is not there:\n{html}");
    }
    assert!(html.contains(&format!("/certificates/{certificate}")));
    // On hold just before it could be renewed: it ends.
    on(&mut server, "2026-05-13");
    assert_eq!(line(&server, "by=company", "all"), figures(1, 100, 0), "31 days before its end");
    send(&server, "cpu", "failed", "2026-05-13T11:00:00Z");
    on(&mut server, "2026-05-16");
    assert_eq!(line(&server, "by=company", "all"), figures(0, 0, 1));
    assert_eq!(line(&server, "by=team", "shop-team"), figures(0, 0, 1));
    assert_eq!(line(&server, "by=company&at=2026-05-15", "all"), figures(1, 100, 0), "as it was on the 13th");
    let csv = server.get("/api/v1/rollups?by=team&format=csv").expect(200).text();
    assert!(
        csv.contains(",certified,certified_pct,expiring,A+,A,B,F,not graded\n")
            && csv.contains(",2026-05-16,0,0,1,"),
        "{csv}"
    );
    let html = page(&server, "/overview");
    for part in
        ["One certificate ends within 30 days.", "on hold, 13 June 2026", "a drill that had passed fails"]
    {
        assert!(html.contains(part), "{part} is not there:\n{html}");
    }
    let html = page(&server, "/overview?at=2026-05-15");
    assert!(html.contains("Which end next is only known as it is now."), "{html}");
    assert!(!html.contains("on hold, 13 June 2026"));
}

#[test]
fn what_moved_the_score_is_told_by_rule() {
    let (mut server, _home) = started(|setup| setup);
    on(&mut server, "2026-03-01");
    let early = server.json("/api/v1/rollups/moved");
    assert_eq!((&early["since"], &early["items"]), (&Value::Null, &json!([])), "there is no history yet");
    for (day, failure, outcome) in [
        ("2026-04-01", "dns", "failed"),
        ("2026-04-02", "cpu", "failed"),
        ("2026-04-03", "dns", "passed"),
        ("2026-04-04", "dns", "failed"),
    ] {
        server.move_clock(&format!("{day}T12:30:00Z"));
        server.restart();
        send(&server, failure, outcome, &format!("{day}T12:00:00Z"));
        on(&mut server, day);
    }
    let moved = server.json("/api/v1/rollups/moved");
    assert_eq!((&moved["since"], &moved["day"]), (&json!("2026-03-01"), &json!("2026-04-04")));
    assert_eq!(moved["days"], 4);
    let rule = |id: &str, gained: i64, lost: i64, points: (i64, i64)| {
        json!({"rule": id, "title": format!("{id} rehearsed"), "practice": "drills", "gained": gained, "lost": lost,
            "points_gained": points.0, "points_lost": points.1})
    };
    assert_eq!(moved["items"], json!([rule("dns", 1, 2, (99, 198)), rule("cpu", 0, 1, (0, 1))]));
    let team = server.json("/api/v1/rollups/moved?scope=shop-team&weeks=4&at=2026-04-03");
    assert_eq!((&team["scope"], &team["items"][0]), (&json!("shop-team"), &rule("dns", 1, 1, (99, 99))));
    let csv = server.get("/api/v1/rollups/moved?format=csv").expect(200).text();
    assert!(csv.starts_with("rule,title,practice,gained,lost,points_gained,points_lost\n"), "{csv}");
    assert!(csv.contains("dns,dns rehearsed,drills,1,2,99,198\n"), "{csv}");
    server.get("/api/v1/rollups/moved?scope=nobody").problem(404, "not_found");
    server.get("/api/v1/rollups/moved?weeks=5").problem(422, "invalid");
    let html = page(&server, "/overview");
    for part in ["By rule", "dns rehearsed (1 better, 2 worse)", "href=\"/rules/dns\"", "Kept of 4 days."] {
        assert!(html.contains(part), "{part} is not there:\n{html}");
    }
}

/// The lines of a calendar, unfolded.
fn lines(reply: &Reply) -> Vec<String> {
    let text = reply.text();
    check_calendar("/certificates.ics", &text);
    assert!(text.ends_with("\r\n") && text.lines().all(|line| line.len() <= 75), "{text}");
    text.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn the_calendar_of_renewals_can_be_subscribed_to() {
    let (mut server, _home) = started(|setup| setup);
    let none = server.get("/certificates.ics").expect(200);
    assert!(!none.text().contains("BEGIN:VEVENT"));
    on(&mut server, "2026-03-15");
    let id = server.scorecard("checkout")["certificate"]["id"].as_str().unwrap().to_owned();
    let reply = server.send(server.request_as("", "GET", "/certificates.ics")).expect(200);
    assert!(reply.header("content-type").starts_with("text/calendar"));
    let first = lines(&reply);
    let has = |lines: &[String], line: &str| lines.iter().any(|known| known == line);
    let uid = format!("UID:{id}@waterbear");
    for line in [
        uid.as_str(),
        "DTSTART;VALUE=DATE:20260613",
        "DTEND;VALUE=DATE:20260614",
        "SUMMARY:Certificate ends: checkout\\, Waterbear certified",
        "X-WR-CALNAME:Certificates",
    ] {
        assert!(has(&first, line), "{line} is not there: {first:#?}");
    }
    assert!(has(&first, &format!("URL:{}/certificates/{id}", server.base())), "{first:#?}");
    let again = server.request_as("", "GET", "/certificates.ics");
    let _ = server.send(again.header("if-none-match", reply.header("etag"))).expect(304);
    // Renewed: the same event on another day. On hold: it says so.
    on(&mut server, "2026-05-20");
    let later = lines(&server.get("/certificates.ics?team=shop-team").expect(200));
    assert!(has(&later, &uid) && has(&later, "DTSTART;VALUE=DATE:20260818"), "{later:#?}");
    assert!(has(&later, "X-WR-CALNAME:Certificates of shop-team"));
    send(&server, "cpu", "failed", "2026-05-20T11:00:00Z");
    let held = lines(&server.get("/certificates.ics").expect(200));
    assert!(has(&held, "SUMMARY:Certificate ends (on hold): checkout\\, Waterbear certified"), "{held:#?}");
    let _ = server.get("/certificates.ics?team=nobody").expect(404);
    let html = page(&server, "/certificates?team=shop-team");
    assert!(html.contains("href=\"/certificates.ics?team&#x3D;shop-team\""), "{html}");
}

#[test]
fn metrics_count_certificates_by_how_they_stand() {
    let (mut server, _home) = started(|setup| setup);
    let count = |server: &Server, state: &str| {
        let text = server.get("/metrics").expect(200).text();
        let name =
            format!("waterbear_certificates{{certificate=\"waterbear-certified\",state=\"{state}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name).map(str::to_owned)).unwrap_or(text)
    };
    assert_eq!(count(&server, "certified"), "0", "a gauge that is there from the start");
    on(&mut server, "2026-03-15");
    assert_eq!(count(&server, "certified"), "1");
    send(&server, "cpu", "failed", "2026-03-15T11:00:00Z");
    assert_eq!((count(&server, "certified"), count(&server, "on_hold")), ("0".to_owned(), "1".to_owned()));
    let text = server.get("/metrics").expect(200).text();
    let series = text.lines().filter(|line| line.starts_with("waterbear_certificates{")).count();
    assert_eq!(series, 6, "one certificate and the others, three states each: {text}");
}

#[test]
fn a_hidden_service_is_in_sums_and_on_no_list() {
    let home = tempfile::TempDir::new().unwrap();
    rules(home.path());
    let mut server = Setup::default()
        .frozen("2026-03-01T12:00:00Z")
        .env("WATERBEAR_RULES_DIR", &home.path().display().to_string())
        .env("WATERBEAR_HIDDEN_TEAMS", "vault-guild")
        .start();
    server.import(&format!("{}{VAULT}", harness::SMALL_CATALOG));
    for failure in ["cpu", "dns"] {
        let mut body = harness::passed("keyring", failure);
        (body["started_at"], body["ended_at"]) =
            (json!("2026-03-01T10:00:00Z"), json!("2026-03-01T10:00:00Z"));
        let _ = server.post_drill(&body).expect(201);
    }
    on(&mut server, "2026-03-15");
    let read = |path: &str| server.send(server.request_as("", "GET", path)).expect(200).text();
    for path in ["/overview", "/certificates", "/certificates.ics", "/metrics", "/api/v1/rollups?by=team"] {
        assert!(!read(path).contains("keyring") && !read(path).contains("vault-guild"), "{path}");
    }
    assert!(read("/overview").contains("1 of 2 services (50%) is certified."));
    // Who may know of it sees it.
    assert!(server.get("/certificates.ics").expect(200).text().contains("keyring"));
    assert!(server.get("/overview").expect(200).text().contains("keyring"));
}
