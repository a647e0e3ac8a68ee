//! Drill tickets and the keys that sign them: issued, listed, taken back, rotated; results got under them.

use harness::{Server, Setup, Value, json, now, seconds_from_now};
use waterbear::tickets::{Jwks, Refusal, Verifier};

const SECRET: &str = "a secret key of some length, for tests only";

/// Three services, and a secret key: PostgreSQL has no place beside it for one.
pub(crate) fn drilling() -> Server {
    let server = Setup::default().env("WATERBEAR_SECRET_KEY", SECRET).start();
    server.import(CATALOG);
    server
}

const CATALOG: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: storefront, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: shop-team, dependsOn: ['component:ads']}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ads}
spec: {type: service, lifecycle: production, owner: shop-team}
";

/// What is wished for in most of these tests.
pub(crate) fn wish() -> Value {
    json!({
        "edges": [{"from": "storefront", "to": "ads"}],
        "failure": "error",
        "audience": {"holder": true},
        "environment": "staging",
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A verifier as a service would have it.
fn verifier(server: &Server) -> Verifier {
    let keys = Jwks::parse(&server.get("/.well-known/jwks.json").expect(200).text()).unwrap();
    Verifier::new(server.base(), "staging", keys)
}

#[test]
fn a_ticket_comes_with_everything_that_is_needed_to_use_it() {
    let server = drilling();
    let reply = server.post("/api/v1/drill-tickets", &wish()).expect(201);
    assert_eq!(reply.header("cache-control"), "no-store");
    let issued = reply.json();
    let (token, id) = (text(&issued["ticket"]), text(&issued["id"]));
    assert_eq!(reply.header("location"), format!("/api/v1/drill-tickets/{id}"));
    assert_eq!(issued["headers"]["x-waterbear-drill"], token);
    assert_eq!(issued["envoy"], json!({"x-envoy-fault-abort-request": "503"}));
    assert!(text(&issued["curl"]).contains(token));
    assert!(text(&issued["istio"]).contains("httpStatus: 503") && text(&issued["istio"]).contains(token));
    assert_eq!(issued["flagd"]["flags"]["waterbear-fault"]["variants"]["fault"]["ticket"], id);
    assert_eq!(issued["jwks_url"], format!("{}/.well-known/jwks.json", server.base()));
    let claims = verifier(&server).verify(token, now().timestamp()).unwrap();
    assert_eq!((claims.jti.as_str(), claims.exp - claims.iat), (id, 30 * 60));
    assert_eq!(claims.drill.status, Some(503), "the default");

    let one = server.json(&format!("/api/v1/drill-tickets/{id}"));
    assert_eq!(
        (&one["state"], &one["results"], &one["issued_by"]),
        (&json!("live"), &json!([]), &json!("tests"))
    );
    let list = server.json("/api/v1/drill-tickets");
    assert_eq!(list["items"][0]["id"], id);
    for body in [one.to_string(), list.to_string()] {
        assert!(!body.contains(token), "the token is told once");
    }
    let events = server.json("/api/v1/events?limit=500");
    let told =
        events["items"].as_array().unwrap().iter().find(|e| e["kind"] == "drill_ticket_issued").unwrap();
    assert!(text(&told["sentence"]).contains("error of storefront → ads in staging"), "{told}");
    assert!(!events.to_string().contains(token));
}

#[test]
fn every_wrong_field_of_a_wish_is_told_at_once() {
    let server = drilling();
    let wrong = json!({
        "edges": [{"from": "storefront", "to": "storefront"}, {"from": "", "to": "a\u{7}"}],
        "failure": "eror", "status": 200, "delay_ms": 5, "environment": " ", "minutes": 481,
        "audience": {"header": {"name": "Authorization", "value": "Bearer x"}},
    });
    let problem = server.post("/api/v1/drill-tickets", &wrong).problem(422, "invalid");
    let at: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| text(&e["pointer"])).collect();
    for pointer in [
        "/edges/0",
        "/edges/1/from",
        "/edges/1/to",
        "/failure",
        "/status",
        "/delay_ms",
        "/environment",
        "/minutes",
        "/audience/header/name",
    ] {
        assert!(at.contains(&pointer), "{pointer} is not among {at:?}");
    }
    let each = [
        ("/edges", json!({"edges": []})),
        ("/edges", json!({"edges": vec![json!({"from": "a", "to": "b"}); 33]})),
        ("/delay_ms", json!({"failure": "delay"})),
        ("/delay_ms", json!({"failure": "delay", "delay_ms": 60_001})),
        ("/audience/percentage", json!({"audience": {"percentage": 0}})),
        ("/audience/members", json!({"audience": {"members": []}})),
        ("/audience/holder", json!({"audience": {"holder": false}})),
        ("/audience", json!({"audience": {"members": ["m"], "holder": true}})),
        (
            "/audience",
            json!({"audience": {"members": (0..100).map(|n| format!("{n:0128}")).collect::<Vec<_>>()}}),
        ),
    ];
    for (pointer, change) in each {
        let mut body = wish();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = server.post("/api/v1/drill-tickets", &body);
        let problem = reply.problem(422, "invalid");
        assert!(text(&problem["errors"][0]["pointer"]).starts_with(pointer), "{problem:#}");
    }
    assert_eq!(server.json("/api/v1/drill-tickets")["items"], json!([]));
}

#[test]
fn a_limited_token_makes_only_its_own_calls_fail() {
    let server = drilling();
    let own = server.new_limited_token("own", &["drills:write"], &["storefront"]);
    let as_own =
        |body: &Value| server.send(server.request_as(&own, "POST", "/api/v1/drill-tickets").json(body));
    let issued = as_own(&wish()).expect(201).json();
    let mut others = wish();
    others["edges"] = json!([{"from": "ads", "to": "storefront"}]);
    as_own(&others).problem(403, "forbidden");
    let id = text(&server.post("/api/v1/drill-tickets", &others).expect(201).json()["id"]).to_owned();
    let end =
        |id: &str| server.send(server.request_as(&own, "DELETE", &format!("/api/v1/drill-tickets/{id}")));
    end(&id).problem(403, "forbidden");
    let _ = end(text(&issued["id"])).expect(204);
}

#[test]
fn a_revoked_ticket_is_told_to_verifiers() {
    let server = drilling();
    let issued = server.post("/api/v1/drill-tickets", &wish()).expect(201).json();
    let path = format!("/api/v1/drill-tickets/{}", text(&issued["id"]));
    assert_eq!(server.json("/api/v1/drill-tickets/revoked"), json!({"revoked": []}));
    for _ in 0..2 {
        let _ = server.send(server.request("DELETE", &path)).expect(204);
    }
    assert_eq!(server.json(&path)["state"], "revoked");
    let list = server.send(server.request_as("", "GET", "/api/v1/drill-tickets/revoked")).expect(200);
    assert_eq!(list.json(), json!({"revoked": [issued["id"]]}));
    assert!(list.header("cache-control").contains("max-age=30") && !list.header("etag").is_empty());
    let mut verifier = verifier(&server);
    verifier.set_revoked([text(&issued["id"]).to_owned()]);
    let found = verifier.verify(text(&issued["ticket"]), now().timestamp());
    assert_eq!(found.map(|_| ()), Err(Refusal::Revoked));
    server.send(server.request("DELETE", "/api/v1/drill-tickets/none")).problem(404, "not_found");
}

fn result() -> Value {
    json!({
        "outcome": "passed", "started_at": seconds_from_now(-120), "ended_at": seconds_from_now(-60),
        "rollback": {"outcome": "succeeded"},
    })
}

#[test]
fn a_result_under_a_ticket_says_the_rest_by_itself() {
    let server = drilling();
    let issued = server.post("/api/v1/drill-tickets", &wish()).expect(201).json();
    let id = text(&issued["id"]);
    let named = |key: &str, value: Value| {
        let mut body = result();
        body[key] = value;
        body["external_id"] = json!(key);
        body
    };
    let mut posts = vec![
        server.post_drill(&named("ticket", json!(id))),
        server.post_drill(&named("source", json!({"tool": "curl", "run_id": id}))),
    ];
    let mut whole = named("ticket", issued["ticket"].clone());
    whole["external_id"] = json!("whole");
    posts.push(server.post_drill(&whole));
    for (external, ticket) in [("header-id", id), ("header-whole", text(&issued["ticket"]))] {
        let mut body = result();
        body["external_id"] = json!(external);
        let request = server.request("POST", "/api/v1/drills").header("x-waterbear-drill", ticket);
        posts.push(server.send(request.json(&body)));
    }
    for post in posts {
        let answer = post.expect(201).json();
        assert_eq!(answer["counted"], true, "{answer}");
        let drill = server.json(&format!("/api/v1/drills/{}", text(&answer["id"])));
        let found =
            ["service", "kind", "failure", "target", "environment", "ticket"].map(|key| text(&drill[key]));
        assert_eq!(found, ["storefront", "dependency", "error", "ads", "staging", id]);
    }
    assert_eq!(server.json(&format!("/api/v1/drill-tickets/{id}"))["results"].as_array().unwrap().len(), 5);
    let drills = server.json("/api/v1/services/storefront/drills");
    assert_eq!(drills["items"][0]["ticket"], id);
    let matrix = server.json("/api/v1/services/storefront/drill-matrix");
    let cell = matrix["cells"].as_array().unwrap().iter().find(|cell| cell["failure"] == "error").unwrap();
    assert_eq!((&cell["state"], &cell["last"]["target"]), (&json!("fresh"), &json!("ads")));
    // What is kept of a document holds no ticket.
    let kept = server.dir().join("waterbear.db");
    if kept.exists() {
        let database = std::fs::read(&kept).unwrap_or_default();
        let log = std::fs::read(server.dir().join("waterbear.db-wal")).unwrap_or_default();
        let signature = text(&issued["ticket"]).rsplit('.').next().unwrap().as_bytes();
        for bytes in [database, log] {
            assert!(!bytes.windows(signature.len()).any(|part| part == signature));
        }
    }
    // Documents are read again as they were read first, and everything adds up.
    assert_eq!(server.cli(&["ingest", "--replay", "--json"]).ok().json()["changed"], 0);
    assert!(server.cli(&["verify"]).ok().out.contains("clean"));
}

#[test]
fn what_a_result_says_itself_stays_and_what_nobody_says_is_asked_for() {
    let server = drilling();
    let mut of_two = wish();
    of_two["edges"] = json!([{"from": "storefront", "to": "ads"}, {"from": "ads", "to": "storefront"}]);
    let id = text(&server.post("/api/v1/drill-tickets", &of_two).expect(201).json()["id"]).to_owned();
    let mut body = result();
    body["ticket"] = json!(id);
    let problem = server.post_drill(&body).problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/service");
    assert!(text(&problem["errors"][0]["detail"]).contains("names several"), "{problem}");
    body["service"] = json!("ads");
    body["environment"] = json!("canary");
    body["failure"] = json!("delay");
    let answer = server.post_drill(&body).expect(201).json();
    let drill = server.json(&format!("/api/v1/drills/{}", text(&answer["id"])));
    let found = ["service", "failure", "target", "environment"].map(|key| text(&drill[key]));
    assert_eq!(found, ["ads", "delay", "storefront", "canary"]);

    body["ticket"] = json!("0199aaaa-0000-7000-8000-000000000000");
    let problem = server.post_drill(&body).problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/ticket");
    // A run id that looks like one and is none is only a run id.
    let mut plain = result();
    plain["source"] = json!({"tool": "curl", "run_id": "0199aaaa-0000-7000-8000-000000000000"});
    let problem = server.post_drill(&plain).problem(422, "invalid");
    let at: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| text(&e["pointer"])).collect();
    assert_eq!(at, ["/service", "/environment", "/failure"]);
}

fn kid(token: &str) -> String {
    use base64::Engine;
    let head = token.split('.').next().unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(head).unwrap();
    let header: Value = serde_json::from_slice(&bytes).unwrap();
    text(&header["kid"]).to_owned()
}

#[test]
fn keys_are_published_cacheably_and_rotated_with_overlap() {
    let server = drilling();
    // Beside the key of certificates, which is there from the first start on.
    let of_tickets = |set: &Value| -> Vec<Value> {
        set["keys"].as_array().unwrap().iter().filter(|key| key["alg"] == "ES256").cloned().collect()
    };
    let none = of_tickets(&server.json("/.well-known/jwks.json"));
    assert!(none.is_empty(), "none before the first ticket: {none:?}");
    let issue =
        || text(&server.post("/api/v1/drill-tickets", &wish()).expect(201).json()["ticket"]).to_owned();
    let first = issue();
    let reply = server.send(server.request_as("", "GET", "/.well-known/jwks.json")).expect(200);
    assert!(reply.header("cache-control").contains("max-age=300"), "{}", reply.header("cache-control"));
    let again = server.request("GET", "/.well-known/jwks.json").header("if-none-match", reply.header("etag"));
    let _ = server.send(again).expect(304);
    let key = &of_tickets(&reply.json())[0];
    assert_eq!(
        (&key["kty"], &key["alg"], &key["crv"], &key["use"]),
        (&json!("EC"), &json!("ES256"), &json!("P-256"), &json!("sig"))
    );
    assert!(key.get("d").is_none());

    assert!(server.cli(&["keys", "rotate"]).ok().out.contains("signs from"));
    let keys = server.json("/.well-known/jwks.json");
    assert_eq!(of_tickets(&keys).len(), 2, "published before it signs");
    assert_eq!(kid(&issue()), kid(&first), "nobody can know the new one yet");
    assert!(verifier(&server).verify(&first, now().timestamp()).is_ok());

    let _ = server.cli(&["keys", "rotate", "--compromised"]).ok();
    let keys = server.json("/.well-known/jwks.json");
    assert_eq!(of_tickets(&keys).len(), 1);
    let found = verifier(&server).verify(&first, now().timestamp());
    assert_eq!(found.map(|_| ()), Err(Refusal::UnknownKey), "what it signed holds no more");
    assert!(verifier(&server).verify(&issue(), now().timestamp()).is_ok());
    assert_eq!(server.cli(&["keys", "list", "--json"]).ok().json().as_array().unwrap().len(), 4);
    assert!(!server.log().contains("PRIVATE") && !server.log().contains(SECRET));
}

#[test]
fn beside_a_sqlite_database_lies_its_secret_key_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let server = Setup::default().on_sqlite().start();
    let file = server.dir().join("waterbear.db.key");
    assert!(!file.exists(), "made when it is first needed");
    let first = server.post("/api/v1/drill-tickets", &wish()).expect(201).json();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    assert!(secret.trim().len() >= 43, "32 random bytes");
    // Without it the database is worth nothing to a thief, and nothing new is signed.
    std::fs::remove_file(&file).unwrap();
    let problem = server.post("/api/v1/drill-tickets", &wish()).problem(409, "conflict");
    assert!(text(&problem["detail"]).contains("waterbear.db.key"), "{problem}");
    std::fs::write(&file, "another secret key, not the one that sealed it").unwrap();
    let problem = server.post("/api/v1/drill-tickets", &wish()).problem(409, "conflict");
    assert!(text(&problem["detail"]).contains("waterbear keys rotate --compromised"), "{problem}");
    let _ = server.cli(&["keys", "rotate", "--compromised"]).ok();
    let second = server.post("/api/v1/drill-tickets", &wish()).expect(201).json();
    assert_ne!(kid(text(&first["ticket"])), kid(text(&second["ticket"])));
}

#[test]
fn postgresql_and_a_short_secret_say_which_setting_is_missing() {
    let server = Server::start();
    if server.database().is_postgres() {
        let problem = server.post("/api/v1/drill-tickets", &wish()).problem(409, "conflict");
        assert!(text(&problem["detail"]).contains("WATERBEAR_SECRET_KEY"), "{problem}");
    }
    let short = Setup::default().file("waterbear.toml", "[server]\nsecret_key_file = \"short.key\"\n");
    let server = short.file("short.key", "too short").start();
    let problem = server.post("/api/v1/drill-tickets", &wish()).problem(409, "conflict");
    assert!(text(&problem["detail"]).contains("secret_key_file"), "{problem}");
    assert!(!problem.to_string().contains("too short\""), "{problem}");
}

#[test]
fn the_command_line_prints_a_ticket_alone() {
    let server = Setup::default()
        .env("WATERBEAR_SECRET_KEY", SECRET)
        .env("WATERBEAR_PUBLIC_URL", "https://waterbear.example/")
        .start();
    let create = [
        "drill-ticket",
        "create",
        "--edge",
        "storefront->ads",
        "--failure",
        "delay",
        "--delay-ms",
        "250",
        "--environment",
        "staging",
        "--percentage",
        "5",
        "--minutes",
        "5",
    ];
    let out = server.cli(&create).ok().out;
    let keys = Jwks::parse(&server.get("/.well-known/jwks.json").expect(200).text()).unwrap();
    let verifier = Verifier::new("https://waterbear.example", "staging", keys);
    let ticket = verifier.verify(out.trim(), now().timestamp()).unwrap();
    assert_eq!((ticket.drill.delay_ms, ticket.exp - ticket.iat), (Some(250), 300));
    let list = server.cli(&["drill-ticket", "list", "--json"]).ok().json();
    let id = text(&list[0]["id"]);
    let _ = server.cli(&["drill-ticket", "revoke", id]).ok();
    assert!(server.cli(&["drill-ticket", "list"]).ok().out.contains("revoked"));
    let wrong =
        server.cli(&["drill-ticket", "create", "--edge", "a>b", "--failure", "error", "--environment", "x"]);
    assert!(wrong.code != 0 && wrong.err.contains("CALLER->CALLED"), "{}", wrong.err);
}
