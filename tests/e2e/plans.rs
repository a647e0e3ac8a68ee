//! What is due and its plans: over the API, the command line, the pages and the calendar.

use harness::{SMALL_CATALOG, Server, Setup, Value, drill, json, passed, seconds_from_now};

const PLAN: &str = "/api/v1/services/checkout/drill-plan";
const WITH_ADS: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: shop-team, dependsOn: [\"component:ads\"]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ads, annotations: {\"waterbear.dev/tier\": \"3\"}}
spec: {type: service, lifecycle: production, owner: shop-team}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop-team}
spec: {type: team, children: []}
";

fn names(plans: &Value, field: &str) -> Vec<String> {
    plans["items"].as_array().unwrap().iter().map(|i| i[field].as_str().unwrap_or("").to_owned()).collect()
}

#[test]
fn what_is_due_comes_with_plans_and_goes_with_a_pass() {
    let server = Server::start();
    server.import(WITH_ADS);
    let plans = server.json(PLAN);
    let due = names(&plans, "failure");
    for expected in ["config", "code", "cpu", "dns", "rack", "data_centre", "error", "delay", "timeout"] {
        assert!(due.iter().any(|f| f == expected), "{expected} is not due: {due:?}");
    }
    assert_eq!(plans["due"], json!(due.len()));
    for item in plans["items"].as_array().unwrap() {
        assert_eq!(item["state"], "never_run");
        assert!(item["plan"]["files"][0]["text"].as_str().unwrap().contains("\"steady-state-hypothesis\""));
        let ads = item["kind"] == "dependency";
        assert_eq!(item["target"].as_str(), ads.then_some("ads"), "{item}");
    }
    // What earns most for least work stands before what earns nothing.
    assert!(due.iter().position(|f| f == "config") < due.iter().position(|f| f == "error"));
    let _ = server.post_drill(&passed("checkout", "config")).expect(201);
    let plans = server.json(PLAN);
    assert!(!names(&plans, "failure").contains(&"config".to_owned()));
    let _ = server.post_drill(&passed("checkout", "error")).expect(201);
    let plans = server.json(PLAN);
    assert!(!names(&plans, "failure").contains(&"error".to_owned()), "it is the same dependency");
    let mut broken = drill("checkout", "config", "failed");
    broken["ended_at"] = json!(seconds_from_now(-60));
    let _ = server.post_drill(&broken).expect(201);
    assert_eq!(server.json(PLAN)["items"][0]["state"], "regressed");
}

#[test]
fn the_non_core_edges_of_flows_are_due_and_their_proof_earns_points() {
    let server = Server::start();
    server.import(WITH_ADS);
    let flow = json!({"title": "Buy", "owner": "shop-team", "entry": "checkout", "edges": [
        {"from": "checkout", "to": "ads", "core": true},
        {"from": "checkout", "to": "external:recs", "core": false,
         "fallback": {"strategy": "trade_feature", "how": "Show the best sellers."}},
    ]});
    let _ = server.send(server.request("PUT", "/api/v1/flows/buy").json(&flow)).expect(201);
    let plans = server.json(PLAN);
    let due = plans["items"].as_array().unwrap().clone();
    let of = |target: &str| due.iter().filter(|item| item["target"] == target).count();
    assert_eq!((of("recs"), of("ads")), (3, 0), "a core dependency cannot be drilled away: {due:#?}");
    let place = |failure: &str| due.iter().position(|item| item["failure"] == failure);
    assert!(
        place("error") < place("cpu"),
        "the proof of the only fallback is worth more than one of many drills"
    );
    let mut proof = passed("checkout", "error");
    proof["target"] = json!("recs");
    let answer = server.post_drill(&proof).expect(201).json();
    assert!(answer["score"]["after"].as_i64() > answer["score"]["before"].as_i64(), "{answer:#}");
}

#[test]
fn a_plan_can_be_had_as_a_file_and_who_has_none_says_who_has() {
    let server = Server::with_checkout();
    let file = server.get(&format!("{PLAN}?failure=dns&download=true")).expect(200);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"checkout-dns.json\"");
    assert!(file.header("content-type").starts_with("application/json"));
    let again = server.request("GET", &format!("{PLAN}?failure=dns&download=true"));
    let _ = server.send(again.header("if-none-match", file.header("etag"))).expect(304);
    let script = server.get(&format!("{PLAN}?failure=dns&file=checkout-dns.sh")).expect(200);
    assert!(script.text().starts_with("#!/bin/sh"));
    let istio = server.json(&format!("{PLAN}?format=istio&failure=dns"));
    let none = &istio["items"][0]["unsupported"];
    assert!(istio["items"][0]["plan"].is_null());
    assert!(none["formats"].as_array().unwrap().contains(&json!("chaos-mesh")), "{none}");
    let refused = server.get(&format!("{PLAN}?format=istio&failure=dns&download=true")).expect(422).text();
    assert!(refused.contains("Take one of: chaostoolkit"), "{refused}");
    for (query, named) in [
        ("?format=chaos", "?format"),
        ("?failure=meteor", "?failure"),
        ("?failure=dns&file=other.sh", "checkout-dns.json"),
        ("?colour=red", "?colour"),
    ] {
        let reply = server.get(&format!("{PLAN}{query}")).expect(422).text();
        assert!(reply.contains(named), "{query}: {reply}");
    }
    let _ = server.get("/api/v1/services/chekout/drill-plan").expect(404);
}

#[test]
fn the_command_lists_prints_and_writes() {
    let server = Server::with_checkout();
    let list = server.cli(&["drill-plan", "--service", "checkout"]).ok();
    assert!(list.out.lines().any(|l| l.contains("config: It was never run.")), "{}", list.out);
    let one = server.cli(&["drill-plan", "--service", "checkout", "--failure", "clock"]).ok();
    assert_eq!(one.json()["extensions"][0]["failure_class"], "clock");
    let all = server.cli(&["drill-plan", "--service", "checkout", "--out", "plans"]).ok();
    let written: Vec<&str> = all.out.lines().collect();
    assert!(written.contains(&"plans/checkout-config.json") && written.len() >= 30, "{written:?}");
    assert!(written.iter().all(|file| server.dir().join(file).is_file()));
    let istio =
        server.cli(&["drill-plan", "--service", "checkout", "--format", "istio", "--failure", "clock"]);
    assert_eq!(istio.code, 1);
    assert!(istio.err.contains("Take one of: chaostoolkit"), "{}", istio.err);
    let wrong = server.cli(&["drill-plan", "--service", "checkout", "--format", "gremlins"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("chaos-mesh"), "{}", wrong.err);
}

#[test]
fn the_page_shows_what_is_due_and_a_plan_for_each_engine() {
    let server = Server::start();
    server.import(WITH_ADS);
    let html = server.get("/services/checkout/drills").expect(200).text();
    assert!(html.contains("What is due next") && html.contains("sh checkout-"));
    let path = "/services/checkout/drills?format=chaos-mesh&failure=error&target=ads&environment=dev";
    let html = server.get(path).expect(200).text();
    assert!(html.contains("HTTPChaos") && html.contains("checkout-error-ads.yaml"), "{html}");
    assert!(html.contains("checkout-error-ads.sh\"") && html.contains("Download"));
    let html = server.get("/services/checkout/drills?format=istio&failure=dns").expect(200).text();
    assert!(html.contains("Istio has no plan for this.") && html.contains(">Salt</a>"));
    let _ = server.get("/services/checkout/drills?format=none").expect(422);
    let all = server.get("/drills").expect(200).text();
    assert!(all.contains("drills are due") && all.contains("/services/ads/drills?"), "{all}");
    let team = server.get("/drills?team=shop-team").expect(200).text();
    assert!(team.contains("/teams/shop-team/drills.ics"));
    let _ = server.get("/drills?team=nobody").expect(404);
    let due = server.json("/api/v1/teams/shop-team/drills-due");
    assert!(due["total"].as_u64().unwrap() > 20 && due["services"] == 2, "{due}");
}

/// The lines of a calendar, unfolded.
fn lines(text: &str) -> Vec<String> {
    assert!(text.ends_with("\r\n") && text.lines().all(|line| line.len() <= 75), "{text}");
    text.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn the_calendar_has_a_day_for_each_drill_and_keeps_its_events() {
    let server = Setup::default().frozen("2026-03-01T12:00:00Z").start();
    server.import(SMALL_CATALOG);
    let mut body = passed("checkout", "config");
    body["started_at"] = json!("2026-02-20T09:00:00Z");
    body["ended_at"] = json!("2026-02-20T09:05:00Z");
    let _ = server.post_drill(&body).expect(201);
    let reply = server.send(server.request_as("", "GET", "/services/checkout/drills.ics")).expect(200);
    assert!(reply.header("content-type").starts_with("text/calendar"));
    let text = reply.text();
    let all = lines(&text);
    let events = all.iter().filter(|l| *l == "BEGIN:VEVENT").count();
    assert!(events >= 12, "{text}");
    let at = all.iter().position(|l| l == "SUMMARY:Drill runs out: checkout\\, config").unwrap();
    let start = &all[at - 2];
    let matrix = server.json("/api/v1/services/checkout/drill-matrix");
    let cell = matrix["cells"].as_array().unwrap().iter().find(|c| c["failure"] == "config").unwrap().clone();
    let day = cell["due_on"].as_str().unwrap().replace('-', "");
    assert_eq!(*start, format!("DTSTART;VALUE=DATE:{day}"));
    assert!(day.as_str() > "20260301");
    assert!(all.contains(&"DTSTART;VALUE=DATE:20260301".to_owned()), "what was never run is due today");
    let uids: std::collections::BTreeSet<_> = all.iter().filter(|l| l.starts_with("UID:")).collect();
    assert_eq!(uids.len(), events);
    let again = server.request_as("", "GET", "/services/checkout/drills.ics");
    let _ = server.send(again.header("if-none-match", reply.header("etag"))).expect(304);
    let team = server.get("/teams/shop-team/drills.ics").expect(200).text();
    assert!(uids.iter().all(|uid| lines(&team).contains(uid)), "the same events");
    let _ = server.get("/services/nobody/drills.ics").expect(404);
}

#[test]
fn one_plan_of_each_engine_word_for_word() {
    let server = Setup::default().frozen("2026-03-01T12:00:00Z").start();
    server.import(WITH_ADS);
    for (format, failure, target) in [
        ("chaostoolkit", "error", "ads"),
        ("istio", "delay", "ads"),
        ("chaos-mesh", "latency", ""),
        ("litmus", "network", ""),
        ("toxiproxy", "timeout", "ads"),
        ("aws-fis", "cpu", ""),
        ("salt", "dns", ""),
    ] {
        let path = format!("{PLAN}?format={format}&failure={failure}&target={target}");
        let mut text = String::new();
        for file in server.json(&path)["items"][0]["plan"]["files"].as_array().unwrap() {
            text.push_str("==== ");
            text.push_str(file["name"].as_str().unwrap());
            text.push('\n');
            text.push_str(&file["text"].as_str().unwrap().replace(server.base(), "http://waterbear.example"));
        }
        insta::assert_snapshot!(format!("plan-{format}"), text);
    }
}
