//! Somebody known, and up to no good: services of others, ids of others, fields that are not theirs, cookies that are over.

use std::collections::BTreeSet;

use harness::{Reply, Server, Setup, Value, Visitor, json, passed, seconds_from_now};
use reqwest::blocking::RequestBuilder;
use waterbear::http::routes::{self, Access};

use crate::audit::writes;

const TWO_TEAMS: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-a}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-b}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: alpha}
spec: {type: service, lifecycle: production, owner: team-a}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: beta}
spec: {type: service, lifecycle: production, owner: team-b}
";

fn two_teams() -> Server {
    let server =
        Setup::default().env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests").start();
    server.import(TWO_TEAMS);
    server
}

/// A write to `service`: its line of the route table, path, media type and body.
type Write = (&'static str, String, &'static str, String);

const JUNIT: &str =
    "<testsuite name='s' timestamp='2026-03-01T09:20:00'><testcase name='a' time='1'/></testsuite>";

fn json_of(route: &'static str, path: &str, body: Value) -> Write {
    (route, path.to_owned(), "application/json", body.to_string())
}

/// What is shown of a service, and what it plays in.
fn shown_and_played(service: &str) -> [Write; 5] {
    [
        json_of(
            "PATCH /api/v1/reviews/{id}",
            "/api/v1/reviews/theirs",
            json!({"state": "closed", "finding": "nothing_wrong"}),
        ),
        json_of(
            "PUT /api/v1/services/{slug}/sharing",
            &format!("/api/v1/services/{service}/sharing"),
            json!({"certificates": true, "badge": true}),
        ),
        json_of(
            "PUT /api/v1/teams/{slug}/boards",
            "/api/v1/teams/team-b/boards",
            json!({"on_boards": false}),
        ),
        json_of(
            "POST /api/v1/challenges",
            "/api/v1/challenges",
            serde_json::from_str(waterbear::app::challenges::EXAMPLE).unwrap(),
        ),
        json_of(
            "PATCH /api/v1/challenges/{slug}",
            "/api/v1/challenges/theirs",
            json!({"state": "cancelled"}),
        ),
    ]
}

/// Every way to write to one service, with a ticket that is about it.
fn writes_to(service: &str, ticket: &str) -> Vec<Write> {
    let deployment = json!({"service": service, "environment": "staging", "version": "7", "deployed_at": seconds_from_now(-60)});
    let fact = json!([{"service": service, "fact": "learning.actions_overdue", "value": 3}]);
    let degrader: Value = serde_json::from_str(waterbear::app::degrader::EXAMPLE).unwrap();
    let junit =
        format!("/api/v1/ingest/junit?service={service}&kind=rollback&failure=code&environment=staging");
    let of = format!("/api/v1/services/{service}");
    vec![
        json_of("POST /api/v1/drills", "/api/v1/drills", passed(service, "dns")),
        (
            "POST /api/v1/drills/batch",
            "/api/v1/drills/batch".into(),
            "application/x-ndjson",
            passed(service, "cpu").to_string(),
        ),
        ("POST /api/v1/ingest/{format}", junit, "application/xml", JUNIT.into()),
        json_of("POST /api/v1/deployments", "/api/v1/deployments", deployment),
        json_of("POST /api/v1/facts", "/api/v1/facts", fact),
        json_of("PUT /api/v1/services/{slug}/degrader", &format!("{of}/degrader"), degrader),
        json_of(
            "POST /api/v1/dependencies",
            "/api/v1/dependencies",
            json!([{"from": service, "to": "external:bank", "calls_per_second": 4}]),
        ),
        json_of("POST /api/v1/drill-tickets", "/api/v1/drill-tickets", wish(service)),
        json_of("DELETE /api/v1/drill-tickets/{id}", &format!("/api/v1/drill-tickets/{ticket}"), Value::Null),
        json_of("PUT /api/v1/services/{slug}", &of, json!({"name": "Taken over", "team": "team-a"})),
        json_of("DELETE /api/v1/services/{slug}", &of, Value::Null),
        json_of("PUT /api/v1/teams/{slug}", "/api/v1/teams/team-b", json!({"name": "Taken over"})),
        json_of("DELETE /api/v1/teams/{slug}", "/api/v1/teams/team-b", Value::Null),
        json_of(
            "PUT /api/v1/flows/{slug}",
            "/api/v1/flows/buy",
            json!({"title": "Buy", "edges": [{"from": service, "to": "external:bank", "core": true}]}),
        ),
        json_of("DELETE /api/v1/flows/{slug}", "/api/v1/flows/theirs", Value::Null),
        (
            "POST /api/v1/catalog/import",
            "/api/v1/catalog/import".into(),
            "application/yaml",
            TWO_TEAMS.replace("owner: team-b", "owner: team-a"),
        ),
    ]
}

fn wish(service: &str) -> Value {
    json!({"edges": [{"from": service, "to": "external:bank"}], "failure": "error", "audience": {"holder": true}, "environment": "staging"})
}

fn refused(reply: &Reply) -> bool {
    if reply.asked.ends_with("/batch") && reply.status == 200 {
        let line: Value = serde_json::from_str(reply.text().lines().next().unwrap_or_default()).unwrap();
        return matches!(line["status"].as_u64(), Some(403 | 404));
    }
    matches!(reply.status, 403 | 404)
}

/// All that is to be read of a service and of what else is not theirs.
fn known_of(server: &Server, ticket: &str) -> Vec<Value> {
    let of = [
        "",
        "/scorecard",
        "/drills",
        "/deployments",
        "/degrader",
        "/fallbacks",
        "/events",
        "/history",
        "/sharing",
    ];
    let mut all: Vec<Value> =
        of.iter().map(|part| server.json(&format!("/api/v1/services/beta{part}"))).collect();
    all.push(server.json("/api/v1/teams/team-b"));
    all.push(server.json("/api/v1/flows"));
    all.push(server.json(&format!("/api/v1/drill-tickets/{ticket}")));
    all
}

#[test]
fn nothing_of_one_team_writes_to_a_service_of_another() {
    let server = two_teams();
    let theirs = json!({"title": "Theirs", "edges": [{"from": "beta", "to": "external:bank", "core": true}]});
    let _ = server.send(server.request("PUT", "/api/v1/flows/theirs").json(&theirs)).expect(201);
    let made = server.post("/api/v1/drill-tickets", &wish("beta")).expect(201).json();
    let ticket = made["id"].as_str().unwrap().to_owned();
    let scopes = ["read", "drills:write", "evidence:write", "catalog:write"];
    let token = |limit: &str, to: &str| {
        let body = json!({"name": "a", "scopes": scopes, limit: [to]});
        server.post("/api/v1/tokens", &body).expect(201).json()["token"].as_str().unwrap().to_owned()
    };
    let (of_team, of_service) = (token("teams", "team-a"), token("services", "alpha"));
    let lead = server.signed_in("ada", &["--lead", "team-a"]);
    let member = server.signed_in("bo", &["--team", "team-a"]);
    let before = known_of(&server, &ticket);
    let mut driven = BTreeSet::new();
    for (route, path, media, body) in writes_to("beta", &ticket).into_iter().chain(shown_and_played("beta")) {
        let method = route.split(' ').next().unwrap_or_default();
        let dress = |request: RequestBuilder| request.header("content-type", media).body(body.clone());
        let replies = [
            ("a token of the team", server.send(dress(server.request_as(&of_team, method, &path)))),
            ("a token of a service", server.send(dress(server.request_as(&of_service, method, &path)))),
            ("the team's lead", lead.send(dress(lead.request(method, &path)))),
            ("a member of the team", member.send(dress(member.request(method, &path)))),
        ];
        for (who, reply) in replies {
            assert!(refused(&reply), "{route} by {who}: {} {}", reply.status, reply.text());
        }
        driven.insert(route);
    }
    assert_eq!(known_of(&server, &ticket), before, "nothing was changed");
    let about_services = |route: &&waterbear::http::routes::Route| {
        matches!(
            route.access,
            Access::Scope("drills:write" | "evidence:write") | Access::Whole("catalog:write")
        )
    };
    let writing = routes::api().filter(|route| route.method != "GET");
    let all: BTreeSet<String> =
        writing.filter(about_services).map(|r| format!("{} {}", r.method, r.path)).collect();
    assert_eq!(all, driven.iter().map(|r| (*r).to_owned()).collect(), "every write about services is driven");
    // The same hands may write to their own.
    let request = server.request_as(&of_team, "POST", "/api/v1/drills");
    let _ = server.send(request.json(&passed("alpha", "dns"))).expect(201);
    let _ = member.send(member.request("POST", "/api/v1/drills").json(&passed("alpha", "cpu"))).expect(201);
}

#[test]
fn an_id_of_somebody_else_opens_nothing() {
    let server = two_teams();
    let ada = server.signed_in("ada", &[]);
    let bo = server.signed_in("bo", &["--team", "team-a"]);
    let page = ada.get("/account").expect(200).text();
    let session =
        page.split("name=\"id\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let reply = bo.submit("/account/sessions", &[("id", &session)]);
    assert!(matches!(reply.status, 303 | 404), "{}: {}", reply.status, reply.text());
    let _ = ada.get("/account").expect(200);
    let accounts = server.json("/api/v1/users");
    let ids: Vec<&str> =
        accounts["items"].as_array().unwrap().iter().filter_map(|u| u["id"].as_str()).collect();
    let token = server.json("/api/v1/tokens")["items"][0]["id"].as_str().unwrap().to_owned();
    for id in ids {
        // Not even one's own: these are for those who administer.
        for (method, path) in
            [("GET", "/api/v1/users"), ("PATCH", "/api/v1/users"), ("DELETE", "/api/v1/users")]
        {
            let path = format!("{path}/{id}");
            let reply = bo.send(bo.request(method, &path).json(&json!({"role": "admin"})));
            reply.problem(403, "forbidden");
        }
        let _ = bo.get(&format!("/admin/users/{id}")).expect(403);
        let _ = bo.submit(&format!("/admin/users/{id}"), &[("do", "change"), ("role", "admin")]).expect(403);
    }
    bo.send(bo.request("DELETE", &format!("/api/v1/tokens/{token}"))).problem(403, "forbidden");
    let _ = bo.submit(&format!("/admin/tokens/{token}/revoke"), &[]).expect(403);
    for path in ["/api/v1/kept-messages", "/api/v1/audit", "/api/v1/tokens", "/api/v1/trusted-publishers"] {
        bo.get(path).problem(403, "forbidden");
    }
    let _ = server.get("/api/v1/tokens").expect(200);
    for user in server.json("/api/v1/users")["items"].as_array().unwrap() {
        assert_eq!((&user["role"], &user["disabled"]), (&json!("viewer"), &json!(false)), "{user:#}");
    }
}

/// Fields that the server fills in, or that only some may.
const NOT_THEIRS: &[&str] = &[
    "id",
    "admin",
    "is_admin",
    "role",
    "scopes",
    "evidence_class",
    "class",
    "sender",
    "received_at",
    "created_at",
    "password_hash",
    "issuer",
    "subject",
    "revoked_at",
    "verdict",
    "score",
    "actor",
    "__proto__",
];

#[test]
fn a_field_that_is_not_the_senders_is_refused_in_every_body() {
    let server = crate::audit::server();
    let document = server.json("/api/openapi.json");
    let mut tried = 0;
    for one in writes(&server) {
        // A tool's own document may say what it likes, and is read for what its form knows.
        if one.body.is_empty()
            || one.media.contains("yaml")
            || one.path.contains("/ingest/")
            || one.path.contains("/hooks/")
        {
            continue;
        }
        let (method, template) = one.route.split_once(' ').unwrap();
        let known = &document["paths"][template][method.to_lowercase()]["requestBody"]["content"];
        let schema = known.as_object().unwrap().values().next().unwrap()["schema"].clone();
        let schema = if schema["items"].is_object() { schema["items"].clone() } else { schema };
        let place = schema["$ref"].as_str().unwrap().trim_start_matches('#').to_owned();
        let fields = document.pointer(&place).unwrap()["properties"].clone();
        for name in NOT_THEIRS.iter().filter(|name| fields.get(**name).is_none()) {
            let mut body: Value = serde_json::from_str(&one.body).unwrap();
            let target = if body.is_array() { &mut body[0] } else { &mut body };
            target[*name] = json!("admin");
            let request = server.request(method, &one.path).header("content-type", one.media);
            let reply = server.send(request.body(body.to_string()));
            let line = reply.text().lines().next().unwrap_or_default().to_owned();
            let batch = one.path.ends_with("/batch") && line.contains("422");
            // An id of a path that is not there yet: nothing to change, and nothing changed.
            let nowhere = (one.path.ends_with("LAST") || one.path.ends_with("REVIEW")) && reply.status == 404;
            assert!(
                reply.status == 422 || batch || nowhere,
                "{} took `{name}`: {} {line}",
                one.route,
                reply.status
            );
            tried += 1;
        }
    }
    assert!(tried > 120, "{tried}");
    assert_eq!(server.json("/api/v1/services/checkout/drills")["items"], json!([]));
    assert_eq!(server.json("/api/v1/users")["items"], json!([]));
}

#[test]
fn a_field_that_is_not_in_a_form_has_no_effect() {
    let server = two_teams();
    let old = server.new_person("bo", &[]);
    let bo = Visitor::of(&server);
    let extra = [
        ("role", "admin"),
        ("id", "planted"),
        ("admin", "true"),
        ("disabled", "false"),
        ("teams", "team-a:lead"),
    ];
    let mut form = vec![("login", "bo"), ("password", old.as_str()), ("next", "/")];
    form.extend(extra);
    let _ = bo.send(bo.request("POST", "/sign-in").form(&form)).expect(303);
    let mut fields = vec![("old", old.as_str()), ("new", "a staple of correct horses"), ("login", "ada")];
    fields.extend(extra);
    let _ = bo.submit("/account/password", &fields).expect(303);
    let account = server.json("/api/v1/users")["items"][0].clone();
    assert_eq!(
        (&account["login"], &account["role"], &account["teams"]),
        (&json!("bo"), &json!("viewer"), &json!([]))
    );
    let root = server.signed_in("root", &["--admin"]);
    let fields = [
        ("login", "cy"),
        ("id", "planted"),
        ("password", "known to the sender"),
        ("issuer", "https://evil.example"),
    ];
    let _ = root.submit("/admin/users", &fields).expect(201);
    let users = server.json("/api/v1/users");
    let cy = users["items"].as_array().unwrap().iter().find(|u| u["login"] == "cy").cloned().unwrap();
    assert!(cy["id"] != "planted" && cy["signs_in"] == "password" && cy["role"] == "viewer", "{cy:#}");
    let _ = Visitor::of(&server).sign_in("cy", "known to the sender").expect(401);
    let fields =
        [("name", "ci"), ("scope", "read"), ("id", "planted"), ("token", "wb_planted"), ("admin", "true")];
    let _ = root.submit("/admin/tokens", &fields).expect(201);
    let tokens = server.json("/api/v1/tokens");
    let ci = &tokens["items"][0];
    assert!(ci["name"] == "ci" && ci["id"] != "planted" && ci["scopes"] == json!(["read"]), "{ci:#}");
}
