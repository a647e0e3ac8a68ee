//! Alerts that prove detection, and deployments that explain a regression.

use harness::{Server, Setup, Value, json, sample_json};

/// A drill of `checkout` in staging that ran from `start` to `end`, times of one day.
fn drill(server: &Server, failure: &str, outcome: &str, (start, end): (&str, &str)) -> Value {
    let body = json!({
        "service": "checkout", "failure": failure, "environment": "staging", "outcome": outcome,
        "started_at": format!("2026-11-20T{start}Z"), "ended_at": format!("2026-11-20T{end}Z"),
    });
    server.post_drill(&body).expect(201).json()
}

/// The recorded message, about another service, instant and status.
fn alert(service: &str, at: &str, status: &str) -> Value {
    let mut message = sample_json("alertmanager/firing.json")["body"].clone();
    for labels in ["/alerts/0/labels", "/commonLabels", "/groupLabels"] {
        message.pointer_mut(labels).unwrap()["service"] = json!(service);
    }
    message["alerts"][0]["startsAt"] = json!(format!("2026-11-20T{at}Z"));
    message["alerts"][0]["status"] = json!(status);
    message
}

fn server() -> Server {
    let server = Setup::default().frozen("2026-11-20T12:00:00Z").start();
    server.import(&format!("{}{}", harness::SMALL_CATALOG, harness::many_services(1)));
    server
}

const ALERTS: &str = "/api/v1/ingest/alertmanager";

fn detected(server: &Server, drill: &Value) -> Value {
    let id = drill["id"].as_str().unwrap_or_default();
    server.json(&format!("/api/v1/drills/{id}"))["detected_after_seconds"].clone()
}

/// What the scorecard says of the rule that asks for detection, and all points earned.
fn standing(card: &Value) -> (Value, Value) {
    let rule = card["rules"].as_array().into_iter().flatten().find(|r| r["id"] == "drill-detected");
    (rule.map_or(Value::Null, |r| r["outcome"].clone()), card["earned"].clone())
}

#[test]
fn an_alert_tells_of_the_drill_that_ran_when_it_fired() {
    let mut server = server();
    let first = drill(&server, "dns", "passed", ("10:00:00", "10:10:00"));
    let _other = drill(&server, "cpu", "passed", ("08:00:00", "08:10:00"));
    let before = standing(&server.scorecard("checkout"));
    server.move_clock("2026-11-20T12:05:00Z");
    server.restart();
    let answer = server.post(ALERTS, &alert("checkout", "10:00:12.5", "firing")).expect(200).json();
    assert_eq!(answer["detected"][0]["drill"], first["id"], "{answer:#}");
    assert_eq!(detected(&server, &first), json!(12.5));
    let after = standing(&server.scorecard("checkout"));
    assert_eq!((&before.0, &after.0), (&json!("unknown"), &json!("partial")), "{before:?} {after:?}");
    assert_ne!(before.1, after.1, "points are earned by it");
    // A repeat, a later alert, and one that stops change nothing; an earlier one does.
    let again = server.post(ALERTS, &alert("checkout", "10:00:12.5", "firing")).expect(200).json();
    assert_eq!((&again["repeated"], &again["detected"]), (&json!(1), &json!([])));
    let _ = server.post(ALERTS, &alert("checkout", "10:05:00", "firing")).expect(200);
    let _ = server.post(ALERTS, &alert("checkout", "10:00:01", concat!("resol", "ved"))).expect(200);
    assert_eq!(detected(&server, &first), json!(12.5));
    let _ = server.post(ALERTS, &alert("checkout", "10:00:03", "firing")).expect(200);
    assert_eq!(detected(&server, &first), json!(3.0));
    let events = server.json("/api/v1/services/checkout/events");
    assert!(events.to_string().contains("fired 12.5 s into the dns drill in staging"), "{events:#}");
    // As it was known before the alert arrived.
    let then = server.json("/api/v1/services/checkout/scorecard?as_of=2026-11-20T12:01:00Z");
    assert_eq!(standing(&then), before);
    let _ = server.cli(&["verify"]).ok();
    let again = server.cli(&["ingest", "--replay", "--json"]).ok().json();
    assert_eq!(again["changed"], 0);
}

#[test]
fn an_alert_may_come_before_the_result() {
    let server = server();
    let _ = server.post(ALERTS, &alert("checkout", "10:00:07", "firing")).expect(200);
    let _ = server.post(ALERTS, &alert("checkout", "10:00:30", "firing")).expect(200);
    let first = drill(&server, "dns", "failed", ("10:00:00", "10:10:00"));
    assert_eq!(detected(&server, &first), json!(7.0));
    let outside = drill(&server, "cpu", "passed", ("10:20:00", "10:30:00"));
    assert_eq!(detected(&server, &outside), Value::Null);
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn alerts_of_other_places_and_of_nobody_tell_nothing() {
    let server = server();
    let first = drill(&server, "dns", "passed", ("10:00:00", "10:10:00"));
    let mut elsewhere = alert("checkout", "10:01:00", "firing");
    elsewhere["alerts"][0]["labels"]["env"] = json!("Production");
    let answer = server.post(ALERTS, &elsewhere).expect(200).json();
    assert_eq!((&answer["taken"], &answer["detected"]), (&json!(1), &json!([])));
    let nobody = server.post(ALERTS, &alert("no-such-service", "10:01:00", "firing")).expect(200).json();
    assert_eq!(nobody["ignored"], 1);
    assert_eq!(detected(&server, &first), Value::Null);
    let limited = server.new_limited_token("other", &["drills:write"], &["svc-0"]);
    let request = server.request_as(&limited, "POST", ALERTS).json(&alert("checkout", "10:01:00", "firing"));
    let _ = server.send(request).problem(403, "forbidden");
    let mut many = alert("checkout", "10:02:00", "firing");
    let one = many["alerts"][0].clone();
    many["alerts"] = json!([one, elsewhere["alerts"][0]]);
    let answer = server.post(ALERTS, &many).expect(200).json();
    assert_eq!((&answer["taken"], &answer["repeated"]), (&json!(1), &json!(1)), "{answer:#}");
    assert_eq!(detected(&server, &first), json!(120.0));
}

fn deploy(server: &Server, version: &str, environment: &str, at: &str) -> Value {
    let body = json!({
        "service": "checkout", "environment": environment, "version": version,
        "deployed_at": format!("2026-11-20T{at}Z"), "external_id": format!("deploy-{version}"),
    });
    server.post("/api/v1/deployments", &body).expect(201).json()
}

#[test]
fn a_regression_names_what_was_deployed_since_the_last_pass() {
    let server = server();
    let _ = deploy(&server, "v40", "staging", "08:00:00");
    let _ = drill(&server, "dns", "passed", ("08:30:00", "08:40:00"));
    let _ = deploy(&server, "v41", "staging", "09:00:00");
    let _ = deploy(&server, "v41p", "production", "09:10:00");
    let mut event = sample_json("composed/service-rolledback.cdevent.json");
    event["context"]["timestamp"] = json!("2026-11-20T09:20:00Z");
    event["subject"]["id"] = json!("checkout");
    event["subject"]["content"]["artifactId"] = json!("pkg:oci/checkout@v39");
    let moved = server.post("/api/v1/ingest/cloudevents", &event).expect(201).json();
    assert_eq!((&moved["kind"], &moved["version"]), (&json!("rolled_back"), &json!("v39")));
    let _ = server.post("/api/v1/ingest/cloudevents", &event).expect(200);
    let failed = drill(&server, "dns", "failed", ("10:00:00", "10:10:00"));
    assert_eq!(failed["regression"], true);
    let events = server.json("/api/v1/services/checkout/events?limit=500");
    let told =
        events["items"].as_array().into_iter().flatten().find(|e| e["kind"] == "drill_regressed").cloned();
    let told = told.unwrap_or_default();
    let sentence = told["sentence"].as_str().unwrap_or_default();
    let window = "It broke between 08:40 and 10:10 UTC on 20 November 2026, \
                  with 2 deployments in between: v41, v39 (rolled back).";
    assert!(sentence.contains(window), "{sentence}");
    assert_eq!(told["data"]["deployments"].as_array().map(Vec::len), Some(2), "{told:#}");
    // One that is told late is named where the regression is shown.
    let _ = deploy(&server, "v42", "staging", "09:30:00");
    let matrix = server.json("/api/v1/services/checkout/drill-matrix");
    let cell = matrix["cells"].as_array().into_iter().flatten().find(|c| c["failure"] == "dns").cloned();
    let cell = cell.unwrap_or_default();
    assert!(cell["broke"]["sentence"].as_str().is_some_and(|s| s.contains("3 deployments")), "{cell:#}");
    assert!(
        server.get("/services/checkout/drills").expect(200).text().contains("with 3 deployments in between")
    );
    let list = server.json("/api/v1/services/checkout/deployments?limit=2");
    assert_eq!(list["items"][0]["version"], "v42");
    let next = list["next"].as_str().unwrap_or_default();
    let rest = server.json(&format!("/api/v1/services/checkout/deployments?cursor={next}"));
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(3), "{rest:#}");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn deployments_are_checked_and_known_by_their_id() {
    let server = server();
    let first = deploy(&server, "v1", "staging", "08:00:00");
    let same = json!({"service": "checkout", "environment": "Staging", "version": "v1",
        "deployed_at": "2026-11-20T08:00:00Z", "external_id": "deploy-v1"});
    assert_eq!(server.post("/api/v1/deployments", &same).expect(200).json()["id"], first["id"]);
    let mut other = same.clone();
    other["version"] = json!("v2");
    let _ = server.post("/api/v1/deployments", &other).problem(409, "conflict");
    let bad = json!({"service": "checkout", "environment": " ", "deployed_at": "2036-11-20T08:00:00Z", "url": "javascript:x"});
    let problem = server.post("/api/v1/deployments", &bad).problem(422, "invalid");
    for place in ["/environment", "/deployed_at", "/url"] {
        assert!(problem["errors"].to_string().contains(place), "{place}: {problem:#}");
    }
    let unknown = json!({"service": "chekout", "environment": "x", "deployed_at": "2026-11-20T08:00:00Z"});
    let _ = server.post("/api/v1/deployments", &unknown).problem(404, "not_found");
    let limited = server.new_limited_token("other", &["drills:write"], &["svc-0"]);
    let request = server.request_as(&limited, "POST", "/api/v1/deployments").json(&same);
    let _ = server.send(request).problem(403, "forbidden");
}
