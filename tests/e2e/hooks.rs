//! Hooks: senders that prove themselves by a signature or a key, and what becomes of what nobody understands.

use harness::{Reply, Server, Setup, Value, json, sample, sample_json};

const SETTINGS: &str = "
[hooks.pagerduty]
format = \"pagerduty\"
secret_env = \"PD_SECRET\"

[hooks.steadybit]
format = \"steadybit\"
secret_env = \"SB_SECRET\"
service = \"storefront\"

[hooks.gremlin]
format = \"gremlin\"
secret_env = \"KEY\"
services = [\"storefront\"]

[hooks.incidents]
format = \"other\"
proof = \"standard-webhooks\"
secret_env = \"STANDARD\"
";
const KEY: &str = "a-key-of-the-hook-7f3a";

fn server() -> Server {
    let vectors = sample_json("webhooks/standard-webhooks.json");
    let secret = vectors["vectors"][0]["secret"].as_str().unwrap_or_default();
    let server = Setup::default()
        .file("waterbear.toml", SETTINGS)
        .env("PD_SECRET", "EXAMPLE-pd-secret")
        .env("SB_SECRET", "EXAMPLE-sb-secret")
        .env("KEY", KEY)
        .env("STANDARD", secret)
        .frozen("2026-11-20T22:03:00Z")
        .start();
    server.import(&String::from_utf8_lossy(&sample("backstage/catalog-a.yaml")));
    server
}

/// A sample as its sender posts it, signed; the body may be another one.
fn signed(server: &Server, path: &str, file: &str, body: Option<Vec<u8>>) -> Reply {
    let mut request = server.request_as("", "POST", path);
    let headers = sample_json(&format!("composed/{file}.headers.json"));
    for (name, value) in headers.as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap_or_default());
    }
    server.send(request.body(body.unwrap_or_else(|| sample(&format!("composed/{file}.json")))))
}

fn kept(server: &Server) -> Vec<Value> {
    server.json("/api/v1/kept-messages")["items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_signed_message_is_taken_and_a_forged_one_is_not() {
    let server = server();
    let taken = signed(&server, "/hooks/steadybit", "steadybit-event-completed", None).expect(201).json();
    assert_eq!((&taken["outcome"], &taken["service"]), (&json!("passed"), &json!("storefront")));
    let drill = server.json(&format!("/api/v1/drills/{}", taken["id"].as_str().unwrap_or_default()));
    assert_eq!(drill["sender"], "hook:steadybit");
    let _ = signed(&server, "/hooks/steadybit", "steadybit-event-completed", None).expect(200);
    let forged = sample("composed/steadybit-event-failed.json");
    let _ = signed(&server, "/hooks/steadybit", "steadybit-event-completed", Some(forged))
        .problem(401, "unauthenticated");
    let bare = server
        .request_as("", "POST", "/hooks/steadybit")
        .body(sample("composed/steadybit-event-failed.json"));
    let _ = server.send(bare).problem(401, "unauthenticated");
    let wrong_sender = server.request_as(server.token(), "POST", "/hooks/steadybit").body("{}");
    let _ = server.send(wrong_sender).problem(401, "unauthenticated");
    let _ = server
        .send(server.request_as("", "POST", "/hooks/nothing").body("{}"))
        .problem(401, "unauthenticated");
    assert_eq!(server.json("/api/v1/services/storefront/drills")["items"].as_array().map(Vec::len), Some(1));
    assert!(kept(&server).is_empty(), "what is forged is kept nowhere");
}

#[test]
fn what_is_not_understood_is_answered_well_and_kept_without_secrets() {
    let server = server();
    for file in ["pagerduty-incident-triggered", "pagerduty-incident-resolved"] {
        let answer = signed(&server, "/hooks/pagerduty", file, None).expect(202).json();
        assert_eq!(answer["recorded"], false);
        assert!(answer["kept"].is_string(), "{answer:#}");
        let again = signed(&server, "/hooks/pagerduty", file, None).expect(202).json();
        assert_eq!(again["kept"], answer["kept"], "a retry is kept once");
    }
    let post = |body: &str| {
        let path = format!("/hooks/gremlin/{KEY}");
        server.send(server.request_as("", "POST", &path).body(body.to_owned())).expect(202).json()
    };
    let _ = post("this is no JSON, password=hunter22-hunter22");
    let mut attack = sample_json("composed/gremlin-finished.json");
    attack["service"] = json!("no-such-service");
    let unknown = post(&attack.to_string());
    assert!(unknown["reason"].as_str().is_some_and(|why| why.contains("no-such-service")), "{unknown:#}");
    attack["service"] = json!("checkout");
    let _ = post(&attack.to_string());
    let messages = kept(&server);
    assert_eq!(messages.len(), 5, "{messages:#?}");
    assert!(!format!("{messages:?}").contains("hunter22"));
    assert!(messages[4]["body"].as_str().is_some_and(|body| body.contains("PEXMPL7")));
    let _ =
        server.send(server.request_as("", "GET", "/api/v1/kept-messages")).problem(401, "unauthenticated");
    let page = server.get("/sources").expect(200).text();
    assert!(
        page.contains("not understood") && page.contains("hook:pagerduty") && page.contains("/hooks/gremlin")
    );
    assert!(!page.contains(KEY) && !page.contains("hunter22"));
    // With a token it is the same.
    let posted =
        server.post("/api/v1/ingest/pagerduty", &sample_json("composed/pagerduty-incident-triggered.json"));
    assert!(posted.expect(202).json()["kept"].is_string());
    let incident =
        server.post("/api/v1/ingest/cloudevents", &sample_json("composed/incident-detected.cloudevent.json"));
    assert!(incident.expect(202).json()["kept"].is_string());
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn a_key_may_stand_in_the_address_or_in_a_header() {
    let server = server();
    let mut attack = sample_json("composed/gremlin-finished.json");
    attack["service"] = json!("storefront");
    let body = attack.to_string();
    let to = |path: String| server.request_as("", "POST", &path).body(body.clone());
    let first = server.send(to(format!("/hooks/gremlin/{KEY}"))).expect(201).json();
    for request in [
        to("/hooks/gremlin".into()).header("x-waterbear-key", KEY),
        to("/hooks/gremlin".into()).bearer_auth(KEY),
    ] {
        assert_eq!(server.send(request).expect(200).json()["id"], first["id"]);
    }
    for request in [
        to("/hooks/gremlin".into()),
        to(format!("/hooks/gremlin/{KEY}x")),
        to(format!("/hooks/steadybit/{KEY}")),
        to("/hooks/gremlin".into()).header("x-waterbear-key", ""),
    ] {
        let _ = server.send(request).problem(401, "unauthenticated");
    }
    let large =
        server.request_as("", "POST", &format!("/hooks/gremlin/{KEY}")).body(vec![b' '; 1024 * 1024 + 1]);
    let _ = server.send(large).problem(413, "too_large");
    assert!(!server.log().contains(KEY), "the key is in the log");
}

#[test]
fn standard_webhooks_are_believed_for_five_minutes() {
    let server = server();
    let vectors = sample_json("webhooks/standard-webhooks.json");
    let post = |vector: &Value, prefix: &str, at: i64, body: &str| {
        let text = |key: &str| vector[key].as_str().unwrap_or_default().to_owned();
        let request = server
            .request_as("", "POST", "/hooks/incidents")
            .header(format!("{prefix}-id"), text("webhook-id"))
            .header(format!("{prefix}-timestamp"), at.to_string())
            .header(format!("{prefix}-signature"), format!("v1,bm90IGl0 {}", text("webhook-signature")));
        server.send(request.body(body.to_owned()))
    };
    for vector in vectors["vectors"].as_array().into_iter().flatten() {
        let (at, body) =
            (vector["webhook-timestamp"].as_i64().unwrap_or(0), vector["body"].as_str().unwrap_or(""));
        let _ = post(vector, "webhook", at, body).expect(202);
        let _ = post(vector, "svix", at, body).expect(202);
        let _ = post(vector, "webhook", at, &format!("{body} ")).problem(401, "unauthenticated");
        let _ = post(vector, "webhook", at + 1, body).problem(401, "unauthenticated");
    }
    let mut server = server;
    server.move_clock("2026-11-20T22:20:00Z");
    server.restart();
    let vector = &vectors["vectors"][0];
    let request = server
        .request_as("", "POST", "/hooks/incidents")
        .header("webhook-id", vector["webhook-id"].as_str().unwrap_or_default())
        .header("webhook-timestamp", vector["webhook-timestamp"].to_string())
        .header("webhook-signature", vector["webhook-signature"].as_str().unwrap_or_default());
    let late = server.send(request.body(vector["body"].as_str().unwrap_or_default().to_owned()));
    let _ = late.problem(401, "unauthenticated");
}

#[test]
fn bad_settings_of_hooks_are_all_told() {
    let dir = Setup::default().start();
    let file = dir.dir().join("bad.toml");
    let text = "[hooks.Bad]\nformat = \"pagerdutty\"\nproof = \"trust\"\nsecret_env = \"NOT_SET_ANYWHERE\"\nfoo = 1\n\
                [hooks.none]\nformat = \"gremlin\"\n[alerts]\nservice_labels = 7\n";
    std::fs::write(&file, text).unwrap();
    let done = dir.cli(&["--config", &file.display().to_string(), "grade"]);
    assert_ne!(done.code, 0, "{}", done.out);
    let told = done.err;
    for part in [
        "hooks.Bad.format",
        "hooks.Bad.proof",
        "NOT_SET_ANYWHERE",
        "hooks.Bad.foo",
        "hooks.none.secret_env",
        "alerts.service_labels",
    ] {
        assert!(told.contains(part), "{part} is not told:\n{told}");
    }
}
