//! Texts made to hurt whoever reads them, in every field that takes a text; then everything that shows them is read:
//! pages, tables, feeds, calendars, JSON.

use std::fmt::Write as _;

use harness::{Server, Setup, Value, Visitor, json, seconds_from_now};
use waterbear::http::routes::{self, Route};

use crate::shown::{check_calendar, check_feed, check_page, check_table};

/// Each is a way out of another form; `zq` marks what must never run.
const HOSTILE: &[&str] = &[
    "<script>zq()</script>",
    "\"><img src=x onerror=zq()>",
    "' onmouseover='zq()' x='",
    "</title></pre></textarea><svg onload=zq()>",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*zq",
    "zq\r\nX-Injected: zq\r\n\r\n<script>zq()</script>",
    "zq\nEND:VEVENT\nBEGIN:VALARM",
    "]]><x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">zq()</x:script>",
    "javascript:zq()",
    "{{constructor}}zq${7*7}",
    "\u{202e}zq\u{2066}",
];

const CATALOG: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: shop-team, dependsOn: ['component:ads']}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ads}
spec: {type: service, lifecycle: production, owner: shop-team}
";

/// Method, path, and a body whose texts are replaced one after the other.
type Write = (&'static str, &'static str, Value);

fn writes() -> Vec<Write> {
    let mut all = of_the_catalog();
    all.extend(of_evidence());
    all.extend(of_credentials());
    all
}

fn of_the_catalog() -> Vec<Write> {
    let service = json!({
        "name": "text", "description": "text", "team": "shop-team", "lifecycle": "production", "type": "service",
        "system": "system:default/shop", "labels": {"note": "text"}, "depends_on": ["component:ads"], "tier": 1,
    });
    let fallback = json!({"strategy": "trade_feature", "how": "text"});
    let edge = json!({"from": "checkout", "to": "ads", "core": false, "step": "one", "fallback": fallback});
    let outside = json!({"from": "checkout", "to": "external:bank", "core": true});
    let flow = json!({
        "title": "text", "description": "text", "owner": "shop-team", "entry": "checkout", "steps": ["one"],
        "edges": [edge, outside],
    });
    let challenge = json!({
        "title": "text", "why": "text", "badge": "text", "starts_at": seconds_from_now(-60),
        "ends_at": seconds_from_now(86_400), "milestones": [{"at": 100, "title": "text"}],
        "goal": {"kind": "drills", "failures": ["dns"], "fresh_days": 9},
    });
    vec![
        ("POST", "/api/v1/challenges", challenge),
        ("PUT", "/api/v1/services/checkout", service),
        ("PUT", "/api/v1/teams/shop-team", json!({"name": "text", "type": "team"})),
        ("PUT", "/api/v1/flows/buy", flow),
        ("POST", "/api/v1/dependencies", json!([{"from": "checkout", "to": "external:bank"}])),
    ]
}

fn of_evidence() -> Vec<Write> {
    let degrader: Value = serde_json::from_str(waterbear::app::degrader::EXAMPLE).unwrap();
    let (ago, then) = (seconds_from_now(-3600), seconds_from_now(-3000));
    let drill = json!({
        "service": "checkout", "kind": "dependency", "failure": "error", "target": "ads", "environment": "staging",
        "outcome": "failed", "started_at": ago, "ended_at": then, "hypothesis": "text",
        "evidence": [{"kind": "url", "href": "https://ci.example/1"}], "external_id": "one",
        "rollback": {"outcome": "failed", "seconds": 41},
        "source": {"tool": "toxiproxy", "version": "2", "run_id": "9"},
    });
    let deployment = json!({
        "service": "checkout", "environment": "staging", "version": "7", "deployed_at": ago,
        "url": "https://ci.example/7", "external_id": "seven",
    });
    let fact = json!([{"service": "checkout", "fact": "learning.actions_overdue", "value": "text"}]);
    let journal = json!({
        "chaoslib-version": "1", "platform": "text", "node": "text", "status": "failed", "deviated": true,
        "start": "2026-03-01T09:20:00", "end": "2026-03-01T09:26:00", "duration": 1.0, "run": [], "rollbacks": [],
        "experiment": {"title": "text", "description": "text", "tags": ["text"], "method": []},
    });
    vec![
        ("POST", "/api/v1/drills", drill),
        ("POST", "/api/v1/deployments", deployment),
        ("POST", "/api/v1/facts", fact),
        ("PUT", "/api/v1/services/checkout/degrader", degrader),
        (
            "POST",
            "/api/v1/ingest/chaostoolkit?service=checkout&kind=dependency&failure=error&target=ads",
            journal,
        ),
        ("POST", "/api/v1/ingest/other", json!({"strange": "text"})),
    ]
}

fn of_credentials() -> Vec<Write> {
    let ticket = json!({
        "flow": "buy", "edges": [{"from": "checkout", "to": "ads"}], "failure": "error", "environment": "staging",
        "audience": {"header": {"name": "x-team", "value": "green"}},
    });
    let publisher = json!({
        "provider": "github", "repository": "a/b", "owner_id": "1", "workflow": "d.yml", "environment": "staging",
        "ref": "refs/heads/main", "services": ["checkout"],
    });
    let user = json!({"login": "LOGIN", "name": "text", "email": "ada@shop.example"});
    vec![
        ("POST", "/api/v1/drill-tickets", ticket),
        ("POST", "/api/v1/tokens", json!({"name": "text", "scopes": ["read"], "services": ["checkout"]})),
        ("POST", "/api/v1/users", user),
        ("POST", "/api/v1/trusted-publishers", publisher),
    ]
}

/// The pointers of all texts in a value.
fn texts(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::String(_) => into.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, v)| texts(v, &format!("{at}/{n}"), into));
        }
        Value::Object(map) => {
            map.iter().for_each(|(k, v)| {
                texts(v, &format!("{at}/{}", k.replace('~', "~0").replace('/', "~1")), into);
            });
        }
        _ => {}
    }
}

/// Sends each hostile text in each field; gives how many were taken.
fn send_all(server: &Server) -> usize {
    let mut taken = 0;
    for (round, (method, path, body)) in writes().into_iter().enumerate() {
        let mut places = Vec::new();
        texts(&body, "", &mut places);
        for (n, place) in places.iter().enumerate() {
            for (m, text) in HOSTILE.iter().enumerate() {
                let mut one = body.clone();
                if one["login"] == "LOGIN" {
                    one["login"] = json!(format!("ada-{n}-{m}"));
                }
                if one["external_id"].is_string() {
                    one["external_id"] = json!(format!("id-{round}-{n}-{m}"));
                }
                *one.pointer_mut(place).unwrap() = json!(text);
                let reply = server.send(server.request(method, path).json(&one));
                assert!(
                    reply.status < 500,
                    "{method} {path} {place} {text}: {} {}",
                    reply.status,
                    reply.text()
                );
                assert_eq!(reply.header("x-injected"), "", "{path} {place}");
                taken += usize::from((200..300).contains(&reply.status));
            }
        }
    }
    taken
}

/// The same by way of a catalog file, where more fields are known.
fn import_all(server: &Server) {
    let mut yaml = String::new();
    for (n, text) in HOSTILE.iter().enumerate() {
        let quoted = json!(text);
        let _ = write!(
            yaml,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: odd-{n}\n  title: {quoted}\n  \
             description: {quoted}\n  labels: {{note: {quoted}}}\n  tags: [{quoted}]\n  annotations: {{note: {quoted}}}\n  \
             links: [{{url: {quoted}, title: {quoted}}}, {{url: \"javascript:zq()\", title: x}}]\n\
             spec: {{type: {quoted}, lifecycle: production, owner: shop-team, system: {quoted}}}\n"
        );
    }
    let request = server.request("POST", "/api/v1/catalog/import?source=odd");
    let _ = server.send(request.header("content-type", "application/yaml").body(yaml)).expect(200);
}

/// The paths that a route stands for here.
fn paths(server: &Server, route: &Route) -> Vec<String> {
    let names = |path: &str, key: &str| -> Vec<String> {
        let list = server.json(path);
        let all =
            list["items"].as_array().into_iter().flatten().filter_map(|i| i[key].as_str().map(str::to_owned));
        all.collect()
    };
    let fill = |name: &str| {
        let parts = route.path.split(['{', '}']).enumerate();
        parts.map(|(n, part)| if n % 2 == 1 { name } else { part }).collect::<String>()
    };
    let of = |names: Vec<String>| names.iter().take(40).map(|name| fill(name)).collect::<Vec<_>>();
    match route.path {
        path if !path.contains('{') => vec![path.to_owned()],
        path if path.contains("/services/") => of(names("/api/v1/services?limit=500", "slug")),
        path if path.contains("/teams/") => of(names("/api/v1/teams", "slug")),
        path if path.contains("/flows/") => of(names("/api/v1/flows?limit=100", "slug")),
        path if path.contains("/challenges/") => of(names("/api/v1/challenges?limit=100", "slug")),
        path if path.contains("/drills/") => of(names("/api/v1/services/checkout/drills?limit=100", "id")),
        path if path.contains("/drill-tickets/") => of(names("/api/v1/drill-tickets?limit=100", "id")),
        path if path.contains("/users/") => of(names("/api/v1/users?limit=100", "id")),
        path if path.contains("/grading-runs/") => of(names("/api/v1/grading-runs?limit=5", "id")),
        path if path.contains("/leaderboards/") => of(vec!["improved".into(), "score".into()]),
        path if path.starts_with("/rules/") => of(vec!["rollback-code".into()]),
        _ => of(vec!["app.js".into()]),
    }
}

#[test]
fn no_text_that_anybody_sends_breaks_out_of_what_shows_it() {
    let setup = Setup::default().env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests");
    let server = setup.env("WATERBEAR_TOKEN_PER_MINUTE", "0").start();
    server.import(CATALOG);
    let taken = send_all(&server);
    assert!(taken > 200, "only {taken} were taken: nothing would be shown");
    import_all(&server);
    let root = server.signed_in("root", &["--admin", "--name", HOSTILE[1]]);
    let mut met = Met::default();
    for route in routes::all().filter(|route| route.method == "GET") {
        let formats = route.query.iter().find(|param| param.name == "format");
        for path in paths(&server, route) {
            met.read(&root, &path);
            if let (Some(_), false) = (formats, path.contains("drill-plan")) {
                met.read(&root, &format!("{path}?format=csv"));
            }
        }
    }
    for text in HOSTILE {
        let asked: String = text.bytes().fold(String::new(), |mut all, byte| {
            let _ = write!(all, "%{byte:02x}");
            all
        });
        for path in [
            "/search?q=",
            "/services?q=",
            "/sign-in?next=",
            "/activity?team=",
            "/drills?team=",
            "/admin/audit?actor=",
        ] {
            met.read(&root, &format!("{path}{asked}"));
        }
    }
    assert!(
        met.pages > 60 && met.tables > 5 && met.feeds > 1 && met.calendars > 1 && met.json > 60,
        "{met:?}"
    );
    assert!(met.marked > 100, "the texts are hardly shown: {met:?}");
}

/// What was read, by its form, and how many answers showed a hostile text.
#[derive(Debug, Default)]
struct Met {
    pages: usize,
    tables: usize,
    feeds: usize,
    calendars: usize,
    json: usize,
    marked: usize,
}

impl Met {
    fn read(&mut self, reader: &Visitor<'_>, path: &str) {
        let reply = reader.get(path);
        assert!(reply.status < 500, "{path}: {} {}", reply.status, reply.text());
        assert_eq!(reply.header("x-injected"), "", "{path}");
        self.marked += usize::from(reply.text().contains("zq"));
        match reply.header("content-type").split(';').next().unwrap_or_default() {
            "text/html" => {
                self.pages += 1;
                check_page(path, &reply.text());
            }
            "text/csv" => {
                self.tables += 1;
                check_table(path, &reply.text());
            }
            "application/atom+xml" => {
                self.feeds += 1;
                check_feed(path, &reply);
            }
            "text/calendar" => {
                self.calendars += 1;
                check_calendar(path, &reply.text());
            }
            "application/json" | "application/problem+json" => {
                self.json += 1;
                let _ = reply.json();
            }
            _ => {}
        }
    }
}
