//! Core flows: declared, imported, judged by drills, drawn.

use harness::{SMALL_CATALOG, Server, Setup, Value, drill, instant, json, now};

const CATALOG: &str = "\
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
";

fn shop() -> Server {
    let server = Server::start();
    server.import(&format!("{SMALL_CATALOG}{CATALOG}"));
    server
}

fn put(server: &Server, slug: &str, body: &Value) -> harness::Reply {
    server.send(server.request("PUT", &format!("/api/v1/flows/{slug}")).json(body))
}

/// checkout calls cart (core), recs (with a fallback) and a bank (without one).
fn buy() -> Value {
    json!({
        "title": "Buy something", "owner": "shop-team", "entry": "checkout", "steps": ["pay"],
        "edges": [
            {"from": "checkout", "to": "cart", "core": true, "deadline_ms": 300},
            {"from": "checkout", "to": "recs", "core": false, "deadline_ms": 80, "traffic": 5,
             "fallback": {"strategy": "trade_feature", "how": "Show the best sellers."}},
            {"from": "checkout", "to": "external:Bank", "core": false, "deadline_ms": 900, "traffic": 50},
        ],
    })
}

fn facts(server: &Server, service: &str) -> Value {
    let card = server.scorecard(service);
    let mut all = json!({});
    for rule in card["rules"].as_array().unwrap() {
        for (name, fact) in rule["facts"].as_object().into_iter().flatten() {
            all[name.as_str()] = fact["value"].clone();
        }
    }
    all
}

fn points(server: &Server, rule: &str) -> (String, Value) {
    let card = server.scorecard("checkout");
    let found = card["rules"].as_array().unwrap().iter().find(|r| r["id"] == rule).unwrap().clone();
    (found["outcome"].as_str().unwrap().to_owned(), found["earned"].clone())
}

/// A drill of a dependency that ended so many days ago.
fn hit(target: &str, failure: &str, outcome: &str, days: i64) -> Value {
    let mut body = drill("checkout", failure, outcome);
    body["target"] = json!(target);
    body["started_at"] = json!(instant(now() - chrono::Duration::days(days) - chrono::Duration::minutes(9)));
    body["ended_at"] = json!(instant(now() - chrono::Duration::days(days)));
    body
}

#[test]
fn a_flow_is_declared_judged_changed_and_removed() {
    let server = shop();
    assert_eq!(points(&server, "fallback-flows-declared").0, "unknown", "no flow: nothing is known");
    let view = put(&server, "buy", &buy()).expect(201).json();
    assert_eq!(view["core_dependencies"], json!(["cart"]));
    assert_eq!(view["single_points"], json!(["checkout", "cart", "external:bank"]));
    let codes: Vec<&str> =
        view["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["no_fallback"]);
    assert_eq!(view["findings"][0]["edge"], "checkout->external:bank");
    assert_eq!(points(&server, "fallback-flows-declared").0, "pass");
    assert_eq!(points(&server, "fallback-declared").0, "partial", "one of two has a fallback");
    assert_eq!(points(&server, "fallback-verified").1, json!(0));
    let events = server.json("/api/v1/events?limit=500");
    let told = |kind: &str| events["items"].as_array().unwrap().iter().filter(|e| e["kind"] == kind).count();
    assert_eq!(told("flow_changed"), 1);
    let _ = put(&server, "buy", &buy()).expect(200);
    let again = server.json("/api/v1/events?limit=500");
    assert_eq!(
        again["items"].as_array().unwrap().len(),
        events["items"].as_array().unwrap().len(),
        "nothing new"
    );

    let _ = server.post_drill(&hit("recs", "timeout", "passed", 2)).expect(201);
    assert_eq!(points(&server, "fallback-verified").0, "partial");
    assert_eq!(facts(&server, "checkout")["fallbacks.verified"], json!(1));
    let calls = server.json("/api/v1/services/checkout/fallbacks");
    assert_eq!(calls["coverage"]["coverage_pct"], json!(50.0));
    let states: Vec<(&str, &str)> = calls["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["to"].as_str().unwrap(), e["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("external:bank", "never"), ("recs", "verified"), ("cart", "core")], "the gap first");
    let listed = server.json("/api/v1/flows");
    assert_eq!(listed["items"][0]["coverage"]["verified"], json!(1));

    let gone = server.send(server.request("DELETE", "/api/v1/flows/buy"));
    assert_eq!(gone.status, 204);
    assert_eq!(points(&server, "fallback-flows-declared").0, "unknown");
    assert_eq!(server.get("/api/v1/flows/buy").status, 404);
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn a_proof_ages_a_failure_undoes_it_and_any_name_of_the_target_counts() {
    let server = shop();
    let _ = put(&server, "buy", &buy()).expect(201);
    let state = |n: usize| server.json("/api/v1/services/checkout/fallbacks")["edges"][n]["state"].clone();
    for (name, expected) in [("nobody", 0), ("BANK", 1), ("component:default/recs", 2)] {
        let _ = server.post_drill(&hit(name, "error", "passed", 5)).expect(201);
        assert_eq!(facts(&server, "checkout")["fallbacks.verified"], json!(expected), "{name}");
    }
    assert_eq!(points(&server, "fallback-verified").0, "pass");
    let _ = server.post_drill(&hit("recs", "delay", "failed", 1)).expect(201);
    assert_eq!(facts(&server, "checkout")["fallbacks.verified"], json!(1), "the last delay failed");
    assert_eq!(state(0), "failed");
    let _ = server.post_drill(&hit("default/recs", "delay", "passed", 0)).expect(201);
    assert_eq!(
        facts(&server, "checkout")["fallbacks.verified"],
        json!(2),
        "another name of the same dependency"
    );
    let old = shop();
    let _ = put(&old, "buy", &buy()).expect(201);
    let _ = old.post_drill(&hit("recs", "error", "passed", 91)).expect(201);
    let calls = old.json("/api/v1/services/checkout/fallbacks");
    assert_eq!(
        (calls["coverage"]["verified"].clone(), calls["coverage"]["stale"].clone()),
        (json!(0), json!(1))
    );
    assert_eq!(points(&old, "fallback-verified").1, json!(0), "stale green is not green");
}

#[test]
fn a_look_back_sees_the_flows_of_that_day() {
    let server = shop();
    let before = instant(now());
    std::thread::sleep(std::time::Duration::from_millis(5));
    let _ = put(&server, "buy", &buy()).expect(201);
    std::thread::sleep(std::time::Duration::from_millis(5));
    let between = instant(now());
    std::thread::sleep(std::time::Duration::from_millis(5));
    let _ = server.send(server.request("DELETE", "/api/v1/flows/buy"));
    let outcome = |at: &str| {
        let card = server.json(&format!("/api/v1/services/checkout/scorecard?as_of={at}"));
        let rules = card["rules"].as_array().unwrap().clone();
        rules.iter().find(|r| r["id"] == "fallback-flows-declared").unwrap()["outcome"].clone()
    };
    assert_eq!((outcome(&before), outcome(&between)), (json!("unknown"), json!("pass")));
    assert_eq!(points(&server, "fallback-flows-declared").0, "unknown");
}

#[test]
fn what_cannot_be_read_is_refused_whole_and_numbers_cannot_be_posted() {
    let server = shop();
    let bad = json!({"titel": "T", "edges": [{"from": "checkout", "to": "x", "core": 1}, {}]});
    let problem = put(&server, "buy", &bad).expect(422).json();
    let places: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(
        places,
        ["/titel", "/title", "/edges/0/core", "/edges/1/from", "/edges/1/to", "/edges/1/core"]
    );
    let _ = put(&server, "No-Slug!", &buy()).expect(422);
    let _ = put(&server, "buy", &json!([])).expect(422);
    let fact = json!([{"service": "checkout", "fact": "fallbacks.verified", "value": 9}]);
    let told = server.post("/api/v1/facts", &fact).expect(422).text();
    assert!(told.contains("/help/flows"), "{told}");
    let weak = server.new_token("weak", &["evidence:write"]);
    let refused = server.send(server.request_as(&weak, "PUT", "/api/v1/flows/buy").json(&buy()));
    assert_eq!(refused.status, 403);
}

#[test]
fn calls_that_traces_show_are_told_where_no_flow_declares_them() {
    let server = shop();
    let _ = put(&server, "buy", &buy()).expect(201);
    let seen = json!([
        {"from": "checkout", "to": "ads", "calls_per_second": 3.5},
        {"from": "component:default/checkout", "to": "cart", "calls_per_second": 40},
    ]);
    let answer = server.post("/api/v1/dependencies", &seen).expect(200).json();
    assert_eq!(answer, json!({"stored": 2, "undeclared": 1}));
    let flow = server.json("/api/v1/flows/buy");
    assert_eq!(flow["undeclared"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&flow["undeclared"][0]["to"], &flow["undeclared"][0]["named_by"]),
        (&json!("ads"), &json!("trace"))
    );
    assert_eq!(flow["edges"][0]["traffic"], json!(40.0), "what was seen fills in what was not declared");
    let bad = json!([{"from": "nobody", "to": "x"}, {"from": "checkout", "to": " ", "calls_per_second": -1}]);
    let problem = server.post("/api/v1/dependencies", &bad).expect(422).json();
    let places: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/1/to", "/1/calls_per_second", "/0/from"]);
    let other = server.new_limited_token("other", &["evidence:write"], &["recs"]);
    let one = json!([{"from": "checkout", "to": "x"}]);
    let refused = server.send(server.request_as(&other, "POST", "/api/v1/dependencies").json(&one));
    assert_eq!(refused.status, 403);
}

const FLOWS: &str = "\
---
apiVersion: waterbear.dev/v1
kind: Flow
metadata: {name: buy, title: Buy something}
spec:
  owner: shop-team
  entry: checkout
  edges:
    - {from: checkout, to: cart, core: true, deadline_ms: 300}
    - {from: checkout, to: recs, core: false, fallback: {strategy: trade_time, how: Ask the other site.}}
---
apiVersion: waterbear.dev/v1
kind: Flow
metadata: {name: broken}
spec: {edges: [{from: checkout}]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: basket
  annotations: {waterbear.dev/core-dependencies: 'component:cart, component:gone'}
spec: {type: service, lifecycle: production, owner: shop-team, dependsOn: [component:cart, component:recs]}
";

#[test]
fn an_import_takes_flows_over_and_a_later_one_takes_them_away() {
    let server = Server::start();
    let file = format!("{SMALL_CATALOG}{CATALOG}{FLOWS}");
    let report = server.import(&file);
    let told = report["problems"].to_string();
    assert!(told.contains("/spec/edges/0/to") && told.contains("component:default/gone is not in"), "{told}");
    assert_eq!(report["created"], json!(7), "{report}");
    let listed = server.json("/api/v1/flows");
    let slugs: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|f| f["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["basket-dependencies", "buy"]);
    let derived = server.json("/api/v1/flows/basket-dependencies");
    assert_eq!(derived["coverage"]["core"], json!(1));
    assert_eq!(derived["coverage"]["noncore"], json!(1));
    assert_eq!(derived["entry"], "basket");
    assert_eq!(points(&server, "fallback-declared").0, "pass");
    let again = server.import(&file);
    assert_eq!(
        (again["created"].clone(), again["updated"].clone(), again["removed"].clone()),
        (json!(0), json!(0), json!(0))
    );
    assert_eq!(again["unchanged"], json!(7));
    // The broken document may have been any: flows stay until the file can be read.
    let without = format!("{SMALL_CATALOG}{CATALOG}");
    let gone = server.import(&without);
    assert_eq!(gone["removed"], json!(3), "two flows and a component");
    assert_eq!(server.json("/api/v1/flows")["items"], json!([]));
    assert_eq!(points(&server, "fallback-declared").0, "unknown");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn a_flow_that_names_a_service_before_the_catalog_has_it_counts_once_it_has() {
    let server = Server::start();
    let _ = put(&server, "buy", &buy()).expect(201);
    let codes = server.json("/api/v1/flows/buy")["findings"].to_string();
    assert!(codes.contains("unknown_service") && codes.contains("unknown_owner"), "{codes}");
    server.import(&format!("{SMALL_CATALOG}{CATALOG}"));
    assert_eq!(points(&server, "fallback-flows-declared").0, "pass");
    assert!(!server.json("/api/v1/flows/buy")["findings"].to_string().contains("unknown"));
}

#[test]
fn pages_draw_a_flow_say_what_breaks_and_lead_to_the_drill() {
    let server = shop();
    assert!(server.get("/flows").expect(200).text().contains("Nothing declared yet"));
    let _ = put(&server, "buy", &buy()).expect(201);
    let passed = server.post_drill(&hit("recs", "error", "passed", 1)).expect(201).json();
    let list = server.get("/flows").expect(200).text();
    assert!(list.contains("Buy something") && list.contains("Single points of failure"), "{list}");
    let page = server.get("/flows/buy").expect(200).text().replace("&#x3D;", "=");
    let drill = format!("/services/checkout/drills#drill-{}", passed["id"].as_str().unwrap());
    for part in
        ["<svg class=\"fm\"", &drill, "never run", "Show the best sellers.", "/flows/buy?down=cart#map"]
    {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(server.get("/flows/buy?down=cart").expect(200).text().contains("Without cart the flow breaks."));
    let held = server.get("/flows/buy?down=recs").expect(200).text();
    assert!(held.contains("lives on without recs") && held.contains("Show the best sellers."), "{held}");
    let card = server.get("/services/checkout").expect(200).text();
    assert!(card.contains("Core flows") && card.contains("1 of 2 non-core calls are proved"), "{card}");
    assert!(
        server
            .get("/help/flows?service=checkout&target=recs&failure=delay")
            .expect(200)
            .text()
            .contains("recs")
    );
    assert_eq!(server.get("/flows/bye").status, 404);
}

#[test]
fn the_editor_checks_a_file_adds_an_edge_and_stores_nothing() {
    let server = shop();
    let _ = put(&server, "buy", &buy()).expect(201);
    let begun = server.get("/flows/new").expect(200).text();
    assert!(begun.contains("kind: Flow") && begun.contains("/api/v1/flows/buy"), "{begun}");
    assert!(server.get("/flows/buy/edit").expect(200).text().contains("external:bank"));
    let doc = "apiVersion: waterbear.dev/v1\nkind: Flow\nmetadata: {name: pay}\nspec: {edges: []}\n";
    let fields =
        [("doc", doc), ("from", "checkout"), ("to", "ghost"), ("kind", "non-core"), ("deadline_ms", "50")];
    let sent = server.send(server.request("POST", "/flows/new").form(&fields)).expect(200).text();
    assert!(sent.contains("from: checkout") && sent.contains("catalog has no service ghost"), "{sent}");
    let wrong = [("doc", "kind: [")];
    assert!(
        server
            .send(server.request("POST", "/flows/new").form(&wrong))
            .expect(200)
            .text()
            .contains("cannot be read")
    );
    let odd = [("doc", doc), ("from", "a"), ("to", "b"), ("deadline_ms", "soon")];
    let told = server.send(server.request("POST", "/flows/buy/edit").form(&odd)).expect(200).text();
    assert!(told.contains("/spec/edges/0/deadline_ms") && told.contains("value=\"soon\""), "{told}");
    assert_eq!(server.json("/api/v1/flows")["items"].as_array().unwrap().len(), 1, "nothing was stored");
}

#[test]
fn a_tree_of_550_endpoints_is_stored_and_drawn() {
    let server = Setup::default().start();
    let edges: Vec<Value> = (1..550)
        .map(
            |n| json!({"from": format!("svc-{}", (n - 1) / 9), "to": format!("svc-{n}"), "core": n % 3 == 0}),
        )
        .collect();
    server.import(&format!("{SMALL_CATALOG}{}", harness::many_services(550)));
    let _ = put(&server, "all", &json!({"title": "All", "edges": edges})).expect(201);
    let page = server.get("/flows/all").expect(200).text();
    assert!(page.contains("510 of 550 nodes are not drawn"), "{page}");
    assert!(page.contains("Show all 549 edges") && page.matches("class=\"fn").count() <= 60);
    let near = server.get("/flows/all?focus=svc-40").expect(200).text();
    assert!(near.contains("shown with its neighbours"), "{near}");
    assert!(server.get("/flows/all?all=yes").expect(200).text().matches("<th scope=\"row\"").count() >= 549);
}
