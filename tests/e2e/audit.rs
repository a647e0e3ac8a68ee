//! The audit: every write says who, through which credential, from where, and what it changed; nobody else reads it.

use std::collections::BTreeSet;

use harness::{SMALL_CATALOG, Server, Setup, Value, instant, json, now, passed};

const KEY: &str = "a-key-of-the-hook-7f3a";

pub(crate) fn server() -> Server {
    let hooks = "[hooks.gremlin]\nformat = \"gremlin\"\nsecret_env = \"KEY\"\n";
    let server = Setup::default()
        .file("waterbear.toml", hooks)
        .env("KEY", KEY)
        .env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests")
        .start();
    server.import(SMALL_CATALOG);
    server
}

/// A write: its line of the route table, the path, media type and body, and what the audit must show changed.
pub(crate) struct Write {
    pub(crate) route: &'static str,
    pub(crate) path: String,
    pub(crate) media: &'static str,
    pub(crate) body: String,
    sides: (bool, bool),
}

fn write(route: &'static str, path: &str, body: &Value, sides: (bool, bool)) -> Write {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Write { route, path: path.to_owned(), media: "application/json", body, sides }
}

/// Those of teams.
fn of_teams() -> Vec<Write> {
    vec![
        write("PUT /api/v1/teams/{slug}", "/api/v1/teams/empty", &json!({"name": "Empty"}), (false, true)),
        write("PUT /api/v1/teams/{slug}", "/api/v1/teams/empty", &json!({"name": "Emptier"}), (true, true)),
        write(
            "PUT /api/v1/teams/{slug}/boards",
            "/api/v1/teams/empty/boards",
            &json!({"on_boards": false}),
            (true, true),
        ),
        write("DELETE /api/v1/teams/{slug}", "/api/v1/teams/empty", &Value::Null, (true, false)),
    ]
}

/// One write of each line of the table that writes, in an order in which all succeed.
pub(crate) fn writes(server: &Server) -> Vec<Write> {
    let document = server.json("/api/openapi.json");
    let example = |path: &str, method: &str| {
        document["paths"][path][method]["requestBody"]["content"]["application/json"]["example"].clone()
    };
    let mut ticket = example("/api/v1/drill-tickets", "post");
    ticket["edges"] = json!([{"from": "checkout", "to": "external:bank"}]);
    let at = instant(now() - chrono::Duration::minutes(2));
    let edge = json!({"from": "checkout", "to": "external:bank", "core": true});
    let flow = json!({"title": "Buy", "owner": "shop-team", "edges": [edge]});
    let seen = json!([{"from": "checkout", "to": "cart", "calls_per_second": 4}]);
    let deployment =
        json!({"service": "checkout", "environment": "staging", "version": "7", "deployed_at": at});
    let fact = json!([{"service": "checkout", "fact": "learning.actions_overdue", "value": 3}]);
    let degrader = example("/api/v1/services/{slug}/degrader", "put");
    let token = json!({"name": "second", "scopes": ["read"]});
    let named = |name: &str| json!({"name": name, "tier": 2, "team": "shop-team"});
    let (none, made, both) = ((false, false), (false, true), (true, true));
    let mut all = vec![
        write("POST /api/v1/drills", "/api/v1/drills", &passed("checkout", "dns"), none),
        write("POST /api/v1/drills/batch", "/api/v1/drills/batch", &passed("checkout", "cpu"), none),
        write("POST /api/v1/ingest/{format}", "/api/v1/ingest/other", &json!({"strange": 1}), none),
        write("POST /hooks/{name}", "/hooks/gremlin", &json!({"strange": 2}), none),
        write("POST /hooks/{name}/{key}", &format!("/hooks/gremlin/{KEY}"), &json!({"strange": 3}), none),
        write("POST /api/v1/deployments", "/api/v1/deployments", &deployment, none),
        write("POST /api/v1/facts", "/api/v1/facts", &fact, none),
        write("PUT /api/v1/services/{slug}", "/api/v1/services/checkout", &named("Checkout"), both),
        write("PUT /api/v1/services/{slug}", "/api/v1/services/basket", &named("Basket"), made),
        write("DELETE /api/v1/services/{slug}", "/api/v1/services/basket", &Value::Null, (true, false)),
        write("PUT /api/v1/services/{slug}/degrader", "/api/v1/services/checkout/degrader", &degrader, both),
        write("PUT /api/v1/flows/{slug}", "/api/v1/flows/buy", &flow, made),
        write("POST /api/v1/dependencies", "/api/v1/dependencies", &seen, none),
        write("POST /api/v1/drill-tickets", "/api/v1/drill-tickets", &ticket, made),
        write("DELETE /api/v1/drill-tickets/{id}", "/api/v1/drill-tickets/LAST", &Value::Null, (true, false)),
        write("DELETE /api/v1/flows/{slug}", "/api/v1/flows/buy", &Value::Null, (true, false)),
        write("POST /api/v1/grading-runs", "/api/v1/grading-runs", &Value::Null, none),
        write("POST /api/v1/tokens", "/api/v1/tokens", &token, made),
        write("DELETE /api/v1/tokens/{id}", "/api/v1/tokens/LAST", &Value::Null, (true, false)),
    ];
    all.extend(of_teams());
    let sharing = json!({"certificates": true, "badge": true});
    let path = "/api/v1/services/checkout/sharing";
    all.push(write("PUT /api/v1/services/{slug}/sharing", path, &sharing, both));
    all.extend(accounts());
    all.extend(of_challenges().into_iter().chain([of_reviews()]));
    let mut publisher = example("/api/v1/trusted-publishers", "post");
    publisher["services"] = json!(["checkout"]);
    let path = "/api/v1/trusted-publishers";
    all.push(write("POST /api/v1/trusted-publishers", path, &publisher, made));
    let one = format!("{path}/LAST");
    all.push(write("DELETE /api/v1/trusted-publishers/{id}", &one, &Value::Null, (true, false)));
    all.extend(targets());
    let body = SMALL_CATALOG.replace("name: checkout,", "name: cart,");
    let (route, path) = ("POST /api/v1/catalog/import", "/api/v1/catalog/import?source=other".to_owned());
    all.push(Write { route, path, media: "application/yaml", body, sides: made });
    for one in &mut all {
        if one.route.ends_with("/batch") {
            one.media = "application/x-ndjson";
        }
    }
    all
}

/// What makes an account, changes and ends it.
fn accounts() -> Vec<Write> {
    let (made, both) = ((false, true), (true, true));
    let user = json!({"login": "ada", "role": "owner", "password": "a long enough pass phrase"});
    vec![
        write("POST /api/v1/users", "/api/v1/users", &user, made),
        write("PATCH /api/v1/users/{id}", "/api/v1/users/LAST", &json!({"role": "viewer"}), both),
        write("DELETE /api/v1/users/{id}", "/api/v1/users/LAST", &Value::Null, both),
    ]
}

/// What adds somebody to tell, and ends it; its address is refused when it is asked, so nothing leaves this machine.
fn targets() -> Vec<Write> {
    let (none, made, both) = ((false, false), (false, true), (true, true));
    let path = "/api/v1/webhooks";
    let target = json!({"name": "On call", "url": "https://localhost:9/"});
    let paused = |paused: bool| json!({ "paused": paused });
    let one = "/api/v1/webhooks/LAST";
    vec![
        write("POST /api/v1/webhooks", path, &target, made),
        write("PATCH /api/v1/webhooks/{id}", one, &paused(true), both),
        write("PATCH /api/v1/webhooks/{id}", one, &paused(false), both),
        write("POST /api/v1/webhooks/{id}/test", &format!("{one}/test"), &Value::Null, none),
        write("POST /api/v1/webhooks/{id}/rotate", &format!("{one}/rotate"), &Value::Null, both),
        write("DELETE /api/v1/webhooks/{id}", one, &Value::Null, (true, false)),
    ]
}

/// A challenge is drafted and changed.
fn of_challenges() -> [Write; 2] {
    let challenge = json!({"title": "Way back", "starts_at": instant(now() + chrono::Duration::days(1)),
        "ends_at": instant(now() + chrono::Duration::days(9)),
        "goal": {"kind": "drills", "failures": ["config"], "fresh_days": 30}});
    let path = "/api/v1/challenges";
    let one = "/api/v1/challenges/way-back";
    [
        write("POST /api/v1/challenges", path, &challenge, (false, true)),
        write("PATCH /api/v1/challenges/{slug}", one, &json!({"target_pct": 80}), (true, true)),
    ]
}

/// A review is answered; `REVIEW` stands for one that is open.
fn of_reviews() -> Write {
    let answer = json!({"state": "closed", "finding": "corrected"});
    write("PATCH /api/v1/reviews/{id}", "/api/v1/reviews/REVIEW", &answer, (true, true))
}

/// The records of one request, by its id.
fn records(server: &Server, request: &str) -> Vec<Value> {
    let page = server.json("/api/v1/audit?limit=100");
    let all = page["items"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|item| item["request_id"] == request).collect()
}

#[test]
fn every_write_of_the_table_leaves_a_record_that_says_who_how_where_and_what() {
    let server = server();
    let me = server.json("/api/v1/tokens")["items"][0]["id"].clone();
    let documented: BTreeSet<String> = server.json("/api/openapi.json")["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(path, methods)| {
            let names = methods.as_object().into_iter().flatten().map(|(name, _)| name.to_uppercase());
            names.filter(|n| !matches!(n.as_str(), "GET" | "PARAMETERS")).map(move |n| format!("{n} {path}"))
        })
        .collect();
    let mut driven = BTreeSet::new();
    let mut last = String::new();
    for one in writes(&server) {
        let method = one.route.split(' ').next().unwrap_or_default();
        let hook = one.route.contains("/hooks/");
        let mut path = one.path.replace("LAST", &last);
        if path.contains("REVIEW") {
            path = path.replace("REVIEW", &crate::reviews::opened(&server));
        }
        let token = if hook { KEY } else { server.token() };
        let request =
            server.request_as(token, method, &path).header("content-type", one.media).body(one.body);
        let reply = server.send(request);
        assert!(matches!(reply.status, 200..=299), "{}: {} {}", one.route, reply.status, reply.text());
        if reply.status == 201 {
            last = reply.json()["id"].as_str().unwrap_or_default().to_owned();
        }
        let found = records(&server, &reply.header("x-request-id"));
        assert!(!found.is_empty(), "{} left no record", one.route);
        for record in &found {
            assert_eq!(record["action"], one.route, "{record:#}");
            assert_eq!(record["address"], "127.0.0.1", "{record:#}");
            let (kind, id) = if hook { ("hook", json!("gremlin")) } else { ("token", me.clone()) };
            assert_eq!((&record["credential"]["kind"], &record["credential"]["id"]), (&json!(kind), &id));
            assert_eq!((&record["actor"]["kind"], &record["actor"]["id"]), (&json!(kind), &id));
        }
        let shows = |side: &str| found.iter().any(|record| record[side].is_object());
        let (before, after) = one.sides;
        assert!(!before || shows("before"), "{} shows nothing before: {found:#?}", one.route);
        assert!(!after || shows("after"), "{} shows nothing after: {found:#?}", one.route);
        driven.insert(one.route.to_owned());
    }
    // These take the identity of a CI job, not a token: tests/e2e/publishers.rs looks at their records.
    driven.extend(["POST /api/v1/oidc/exchange", "DELETE /api/v1/oidc/token"].map(str::to_owned));
    // And this one the key of a mail: tests/e2e/outbox_mail.rs.
    driven.insert("POST /unsubscribe/{key}".to_owned());
    assert_eq!(documented, driven, "each line of the table that writes is driven here");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn before_and_after_name_what_changed_and_no_secret() {
    let server = server();
    let put = |body: &Value| server.send(server.request("PUT", "/api/v1/services/checkout").json(body));
    let _ = put(&json!({"name": "Checkout", "tier": 1, "team": "shop-team"})).expect(200);
    let reply = put(&json!({"name": "Checkout", "tier": 3, "team": "shop-team"})).expect(200);
    let found = records(&server, &reply.header("x-request-id"));
    let change =
        found.iter().find(|r| r["kind"] == "service_changed").unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!((&change["before"]["tier"], &change["after"]["tier"]), (&json!(1), &json!(3)));
    assert!(change["after"]["name"].is_null(), "what did not change is left out: {change:#}");
    let made = server.post("/api/v1/tokens", &json!({"name": "x", "scopes": ["read"]})).expect(201).json();
    let text = server.get("/api/v1/audit?limit=500").text();
    let secret = made["token"].as_str().unwrap_or("none");
    assert!(!text.contains(secret) && text.contains("token_created"));
}

#[test]
fn only_an_admin_reads_the_audit_and_nothing_of_it_is_public() {
    let server = server();
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let _ = server.post("/api/v1/grading-runs", &Value::Null);
    let sender = server.new_token("sender", &["catalog:write"]);
    let refused = server.send(server.request_as(&sender, "POST", "/api/v1/drills").json(&json!({})));
    refused.problem(403, "forbidden");
    for path in ["/api/v1/audit", "/admin/audit"] {
        // A person is sent to sign in.
        let stranger = if path.starts_with("/api/") { 401 } else { 303 };
        assert_eq!(server.send(server.request_as("", "GET", path)).status, stranger, "{path}");
        assert_eq!(server.send(server.request_as(&sender, "GET", path)).status, 403, "{path}");
        let _ = server.get(path).expect(200);
    }
    for path in [
        "/api/v1/events",
        "/feed.atom",
        "/activity",
        "/api/v1/services/checkout/events",
        "/services/checkout",
    ] {
        let text = server.send(server.request_as("", "GET", path)).expect(200).text();
        for private in ["127.0.0.1\"", "write_refused", "grading_requested", "request_id", "credential\""] {
            assert!(!text.contains(private), "{path} shows {private}");
        }
    }
}

#[test]
fn a_refused_write_of_somebody_known_is_noted_and_a_flood_of_them_is_bounded() {
    let server = server();
    let reader = server.new_token("reader", &["read"]);
    for _ in 0..40 {
        let reply = server.send(server.request_as(&reader, "DELETE", "/api/v1/services/checkout"));
        reply.problem(403, "forbidden");
    }
    let noted = || server.json("/api/v1/audit?kind=write_refused&limit=100")["items"].as_array().cloned();
    let noted = || noted().unwrap_or_default();
    let began = std::time::Instant::now();
    while noted().is_empty() && began.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    let found = noted();
    // Two minutes at most were met.
    assert!((1..=20).contains(&found.len()), "{} notes", found.len());
    assert_eq!(found[0]["actor"]["name"], "reader");
    assert_eq!(found[0]["action"], "DELETE /api/v1/services/{slug}");
}

#[test]
fn the_audit_is_filtered_paged_and_exported() {
    let server = server();
    let other = server.new_token("other", &["drills:write"]);
    for failure in ["dns", "cpu", "memory"] {
        let post = server.request_as(&other, "POST", "/api/v1/drills").json(&passed("checkout", failure));
        let _ = server.send(post).expect(201);
    }
    let count = |query: &str| {
        server.json(&format!("/api/v1/audit?limit=100&{query}"))["items"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count("actor=other"), 3);
    let id = server.json("/api/v1/audit?actor=other")["items"][0]["credential"]["id"].clone();
    let id = id.as_str().unwrap_or_default();
    assert_eq!((count(&format!("credential={id}")), count(&format!("actor={id}"))), (3, 3));
    assert_eq!(count("kind=drill_recorded&service=checkout&address=127.0.0.1"), 3);
    assert_eq!(count("address=192.0.2.1") + count("actor=nobody") + count("to=2020-01-01"), 0);
    assert!(count("team=shop-team") >= 3 && count("from=2020-01-01&to=2999-12-31") > 5);
    let tomorrow = instant(now() + chrono::Duration::days(2));
    assert_eq!(count(&format!("from={}", tomorrow.replace('+', "%2B"))), 0);
    let first = server.json("/api/v1/audit?actor=other&limit=2");
    let next = first["next"].as_str().unwrap_or_default();
    let second = server.json(&format!("/api/v1/audit?actor=other&limit=2&cursor={next}"));
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1), "{second:#}");
    let export = server.get("/api/v1/audit?format=ndjson&actor=other&limit=2").expect(200);
    assert_eq!(export.text().lines().count(), 2);
    assert!(export.header("link").contains(&format!("cursor={next}")), "{}", export.header("link"));
    let csv = server.get("/api/v1/audit?format=csv&actor=other").expect(200).text();
    assert!(csv.starts_with("seq,at,kind,actor") && csv.lines().count() == 4, "{csv}");
    let cli = server.cli(&["audit", "--json", "--actor", "other", "--from", "2020-01-01"]).ok().out;
    let lines: Vec<Value> = cli.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    assert!(lines.len() == 3 && lines.iter().all(|l| l["actor"]["name"] == "other"), "{cli}");
    let page = server.get("/admin/audit?actor=other&from=2020-01-01").expect(200).text();
    assert_eq!(page.matches("through <bdi>token").count(), 3);
    server.get("/api/v1/audit?from=soon").problem(422, "invalid");
}

#[test]
fn verify_finds_an_audit_that_was_changed_or_taken_away() {
    let server = server();
    server.kill();
    let _ = server.cli(&["verify"]).ok();
    let victim = "(SELECT max(seq) FROM events WHERE audit IS NOT NULL)";
    let database = server.database();
    database.execute("CREATE TABLE held AS SELECT seq, audit FROM events");
    for change in ["NULL", "replace(audit, '127.0.0.1', '192.0.2.9')"] {
        database.execute(&format!("UPDATE events SET audit = {change} WHERE seq = {victim}"));
        let out = server.cli(&["verify"]);
        assert!(out.code == 1 && out.out.contains("broken link"), "{}", out.out);
        database.execute("UPDATE events SET audit = (SELECT h.audit FROM held h WHERE h.seq = events.seq)");
    }
    let _ = server.cli(&["verify"]).ok();
}
