//! An organisation with a hidden team, a team below it, and one of everything about them.

use harness::{Reply, Server, Setup, Value, drill, json, passed};

const SECRET: &str = "a secret key of some length, for tests only";

/// `vault-guild` is hidden, and so is `cipher-crew` below it; `acme` stands above everybody.
const CATALOG: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: acme}
spec: {type: department, children: [shop-team, vault-guild]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop-team}
spec: {type: team, parent: acme, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: vault-guild}
spec: {type: team, parent: acme, profile: {displayName: Vaultkeepers}, children: [cipher-crew]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: cipher-crew}
spec: {type: team, parent: vault-guild, profile: {displayName: Cipherfolk}, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: shop-team, dependsOn: ['component:quartz-ledger', 'component:cart']}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cart}
spec: {type: service, lifecycle: production, owner: shop-team}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: recs}
spec: {type: service, lifecycle: production, owner: shop-team}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: quartz-ledger, title: Quartz Ledger, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: vault-guild, dependsOn: ['component:checkout']}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: onyx-keys, title: Onyx Keys}
spec: {type: service, lifecycle: production, owner: cipher-crew}
";

/// Names that only those near the hidden teams may read, in lower case.
pub(super) const SECRETS: &[&str] = &[
    "vault-guild",
    "vaultkeepers",
    "cipher-crew",
    "cipherfolk",
    "quartz-ledger",
    "quartz ledger",
    "onyx-keys",
    "onyx keys",
    "moon-vault",
    "moon vault",
];

/// An organisation with a hidden team, and something of every kind about it and about others.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) drill: String,
    pub(super) hidden_drill: String,
    pub(super) ticket: String,
    pub(super) hidden_ticket: String,
}

fn id(reply: &Reply) -> String {
    reply.json()["id"].as_str().unwrap_or_default().to_owned()
}

fn put(server: &Server, path: &str, body: &Value) {
    let reply = server.send(server.request("PUT", path).json(body));
    assert!(matches!(reply.status, 200 | 201), "{path}: {} {}", reply.status, reply.text());
}

fn ticket(server: &Server, from: &str, to: &str) -> String {
    let wish = json!({ "edges": [{"from": from, "to": to}], "failure": "error", "audience": {"holder": true},
                       "environment": "staging" });
    id(&server.post("/api/v1/drill-tickets", &wish).expect(201))
}

pub(super) fn world() -> World {
    let server = Setup::default()
        .env("WATERBEAR_HIDDEN_TEAMS", "vault-guild")
        .env("WATERBEAR_SECRET_KEY", SECRET)
        // No run of its own between two answers that are compared.
        .env("WATERBEAR_GRADING_SCHEDULE", "0 0 31 12 *")
        .start();
    server.import(CATALOG);
    let fallback = json!({"strategy": "trade_feature", "how": "Show the best sellers."});
    let edge = |from: &str, to: &str, core: bool| json!({"from": from, "to": to, "core": core});
    let mut spare = edge("checkout", "quartz-ledger", false);
    spare["fallback"] = fallback;
    let edges = json!([spare, edge("checkout", "cart", true), edge("quartz-ledger", "onyx-keys", false)]);
    put(&server, "/api/v1/flows/pay", &json!({"title": "Pay", "owner": "shop-team", "edges": edges}));
    let edges = json!([edge("onyx-keys", "checkout", false)]);
    let moon = json!({"title": "Moon Vault", "owner": "vault-guild", "edges": edges});
    put(&server, "/api/v1/flows/moon-vault", &moon);
    let challenge = |title: &str, goal: Value, teams: Value| {
        let wish = json!({"title": title, "goal": goal, "scope": {"teams": teams}, "starts_at": harness::seconds_from_now(-60),
                          "ends_at": harness::seconds_from_now(864_000)});
        server.post("/api/v1/challenges", &wish).expect(201).json();
    };
    let code = json!({"kind": "drills", "failures": ["code"], "fresh_days": 30});
    challenge("Way back", code.clone(), json!([]));
    challenge("All of us", code, json!(["shop-team", "vault-guild"]));
    challenge("Moon proofs", json!({"kind": "fallbacks", "flow": "moon-vault"}), json!([]));
    let mut drills = Vec::new();
    for service in ["checkout", "quartz-ledger", "onyx-keys"] {
        drills.push(id(&server.post_drill(&passed(service, "code")).expect(201)));
        server.post_drill(&drill(service, "dns", "failed")).expect(201).json();
        let deployed = json!({"service": service, "environment": "staging", "version": "1.2.3",
                              "deployed_at": harness::seconds_from_now(-4000)});
        server.post("/api/v1/deployments", &deployed).expect(201).json();
    }
    let calls = json!([{"from": "checkout", "to": "onyx-keys"}, {"from": "cart", "to": "quartz-ledger"},
                       {"from": "checkout", "to": "recs"}, {"from": "onyx-keys", "to": "recs"}]);
    server.post("/api/v1/dependencies", &calls).expect(200).json();
    let limited = json!({"name": "vault keys", "scopes": ["drills:write"], "services": ["quartz-ledger"]});
    server.post("/api/v1/tokens", &limited).expect(201).json();
    let trusted = json!({"provider": "github", "repository": "acme/ci", "workflow": "drills.yml",
                         "services": ["onyx-keys"]});
    let _ = server.post("/api/v1/trusted-publishers", &trusted);
    let ticket_id = ticket(&server, "checkout", "cart");
    let hidden_ticket = ticket(&server, "checkout", "quartz-ledger");
    let _ = server.cli(&["grade"]).ok();
    let (drill, hidden_drill) = (drills[0].clone(), drills[1].clone());
    World { server, drill, hidden_drill, ticket: ticket_id, hidden_ticket }
}
