//! Challenges: each kind of goal is closed by evidence and by nothing else; results freeze; who may do what.

use harness::{Reply, SMALL_CATALOG, Server, Value, drill, instant, json, now, passed, seconds_from_now};

pub(crate) const MORE: &str = "\
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: pay-team}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: cart, annotations: {\"waterbear.dev/tier\": \"2\"}}
spec: {type: service, lifecycle: production, owner: shop-team}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ledger, annotations: {\"waterbear.dev/tier\": \"1\"}}
spec: {type: service, lifecycle: production, owner: pay-team}
";

pub(crate) fn shop() -> Server {
    let server = Server::start();
    server.import(&format!("{SMALL_CATALOG}{MORE}"));
    server
}

/// A challenge that started a minute ago and ends in ten days.
pub(crate) fn wish(title: &str, goal: &Value) -> Value {
    json!({
        "title": title, "why": "To be sure.", "goal": goal,
        "starts_at": seconds_from_now(-60), "ends_at": seconds_from_now(10 * 86_400),
    })
}

#[track_caller]
pub(crate) fn make(server: &Server, wish: &Value) -> Value {
    server.post("/api/v1/challenges", wish).expect(201).json()
}

fn count(view: &Value) -> (i64, i64) {
    let of = |key: &str| view["progress"][key].as_i64().unwrap_or(-1);
    (of("done"), of("total"))
}

pub(crate) fn stands(server: &Server, slug: &str) -> (i64, i64) {
    count(&server.json(&format!("/api/v1/challenges/{slug}")))
}

pub(crate) fn items(server: &Server, slug: &str, query: &str) -> Vec<Value> {
    let page = server.json(&format!("/api/v1/challenges/{slug}/items?limit=500{query}"));
    page["items"].as_array().unwrap().clone()
}

fn patch(server: &Server, slug: &str, body: &Value) -> Reply {
    server.send(server.request("PATCH", &format!("/api/v1/challenges/{slug}")).json(body))
}

fn told(server: &Server, kind: &str) -> Vec<Value> {
    let page = server.json("/api/v1/events?limit=500");
    page["items"].as_array().unwrap().iter().filter(|event| event["kind"] == kind).cloned().collect()
}

pub(crate) fn config_goal() -> Value {
    json!({"kind": "drills", "failures": ["config"], "fresh_days": 30})
}

#[test]
fn drills_close_items_and_a_later_failure_opens_them_again() {
    let server = shop();
    let made = make(&server, &wish("Way back", &config_goal()));
    assert_eq!((made["state"].as_str(), count(&made)), (Some("open"), (0, 3)), "{made:#}");
    let fresh = server.json("/api/v1/challenges/way-back/standings");
    assert!(fresh["items"].as_array().unwrap().iter().all(|team| team["rank"].is_null()), "{fresh:#}");
    assert_eq!(told(&server, "challenge_started").len(), 1);
    let posted = server.post_drill(&passed("checkout", "config")).expect(201).json();
    assert_eq!(stands(&server, "way-back"), (1, 3));
    let closed = items(&server, "way-back", "&state=closed");
    assert_eq!(closed.len(), 1);
    assert_eq!((&closed[0]["service"], &closed[0]["drill"]), (&json!("checkout"), &posted["id"]));
    assert_eq!(closed[0]["what"], "Config rollback");
    assert!(closed[0]["at"].is_string());
    assert_eq!(items(&server, "way-back", "&state=open&team=shop-team").len(), 1);
    // Another failure class, a drill that is too old, and a dry run close nothing.
    let _ = server.post_drill(&passed("cart", "code")).expect(201);
    let _ = server.post_drill(&drill("cart", "config", "rehearsal")).expect(201);
    let mut old = passed("ledger", "config");
    old["started_at"] = json!(seconds_from_now(-31 * 86_400 - 60));
    old["ended_at"] = json!(seconds_from_now(-31 * 86_400));
    let _ = server.post_drill(&old).expect(201);
    assert_eq!(stands(&server, "way-back"), (1, 3));
    let mut again = drill("checkout", "config", "failed");
    again["ended_at"] = json!(seconds_from_now(-5));
    let _ = server.post_drill(&again).expect(201);
    assert_eq!(stands(&server, "way-back"), (0, 3), "the evidence is gone");
    let open = items(&server, "way-back", "&team=shop-team&state=open");
    assert!(open.iter().any(|item| item["note"] == "failed today"), "{open:#?}");
    let page = server.get("/challenges/way-back").expect(200).text();
    assert!(page.contains("0 of 3 rollbacks") && page.contains("Too early to say"), "{page}");
    assert!(
        page.contains("open again when it is gone")
            || server.get("/challenges").text().contains("opens again")
    );
    let home = server.get("/").expect(200).text();
    assert!(home.contains("/challenges/way-back"), "home shows what runs");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn so_many_drills_are_counted_in_each_service_or_in_all() {
    let server = shop();
    let infra = |count: i64, per: &str| json!({"kind": "drills", "failures": ["infrastructure"], "fresh_days": 90, "count": count, "per": per});
    make(&server, &wish("Each", &infra(2, "service")));
    make(&server, &wish("All", &infra(4, "all")));
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    assert_eq!((stands(&server, "each"), stands(&server, "all")), ((0, 3), (1, 4)));
    let _ = server.post_drill(&passed("checkout", "cpu")).expect(201);
    assert_eq!((stands(&server, "each"), stands(&server, "all")), ((1, 3), (2, 4)));
    // The same drill once more is still the same drill.
    let mut again = passed("checkout", "cpu");
    again["ended_at"] = json!(seconds_from_now(-9));
    let _ = server.post_drill(&again).expect(201);
    assert_eq!(stands(&server, "all"), (2, 4));
    let teams = server.json("/api/v1/challenges/all/standings");
    let shares: Vec<(&str, i64)> = teams["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["team"].as_str().unwrap(), t["total"].as_i64().unwrap()))
        .collect();
    assert_eq!(
        shares,
        [("shop-team", 3), ("pay-team", 2)],
        "two of three services, one of three, rounded up"
    );
}

#[test]
fn grades_actions_and_expressions_are_read_from_the_same_facts_as_scorecards() {
    let server = shop();
    make(&server, &wish("Grade", &json!({"kind": "grade", "grade": "F"})));
    make(&server, &wish("Top", &json!({"kind": "grade", "grade": "A"})));
    make(&server, &wish("Actions", &json!({"kind": "actions"})));
    let custom = json!({"kind": "custom", "pass": "service.tier == 1 && drills.regressed == false"});
    make(&server, &wish("Custom", &custom));
    let letter = server.scorecard("checkout")["grade"].clone();
    assert!(letter.is_string(), "{letter}");
    assert_eq!((stands(&server, "grade"), stands(&server, "top").0), ((3, 3), 0));
    assert_eq!(stands(&server, "custom"), (2, 3), "two services of tier 1");
    assert_eq!(stands(&server, "actions"), (0, 3), "what is not known is open");
    let open = items(&server, "actions", "&state=open");
    assert!(open[0]["note"].as_str().unwrap().contains("is not known: no data"), "{open:#?}");
    let say = |service: &str, value: i64| {
        let fact = json!([{"service": service, "fact": "learning.actions_overdue", "value": value}]);
        let _ = server.post("/api/v1/facts", &fact).expect(200);
    };
    say("checkout", 2);
    assert_eq!(stands(&server, "actions"), (0, 3));
    say("checkout", 0);
    say("ledger", 0);
    assert_eq!(stands(&server, "actions"), (2, 3));
    let closed = items(&server, "actions", "&state=closed");
    assert!(
        closed.iter().all(|item| item["at"].is_string() && item["note"] == "none overdue"),
        "{closed:#?}"
    );
    say("ledger", 1);
    assert_eq!(stands(&server, "actions"), (1, 3), "it is overdue again");
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let mut again = drill("checkout", "dns", "failed");
    again["ended_at"] = json!(seconds_from_now(-5));
    let _ = server.post_drill(&again).expect(201);
    assert_eq!(stands(&server, "custom"), (1, 3), "a regression opens it");
}

#[test]
fn fallbacks_of_a_flow_are_closed_by_their_drills() {
    let server = shop();
    let edge = |to: &str, core: bool| json!({"from": "checkout", "to": to, "core": core});
    let flow = json!({"title": "Buy", "owner": "shop-team", "edges": [edge("cart", true), edge("ledger", false), edge("external:bank", false)]});
    let _ = server.send(server.request("PUT", "/api/v1/flows/buy").json(&flow)).expect(201);
    make(&server, &wish("Fallbacks", &json!({"kind": "fallbacks", "flow": "buy"})));
    assert_eq!(stands(&server, "fallbacks"), (0, 2), "core calls need none");
    let mut hit = passed("checkout", "timeout");
    hit["target"] = json!("BANK");
    let _ = server.post_drill(&hit).expect(201);
    assert_eq!(stands(&server, "fallbacks"), (1, 2));
    let open = items(&server, "fallbacks", "&state=open");
    assert_eq!((&open[0]["what"], &open[0]["note"]), (&json!("Fallback for ledger"), &json!("never proved")));
    hit["outcome"] = json!("failed");
    hit["ended_at"] = json!(seconds_from_now(-5));
    let _ = server.post_drill(&hit).expect(201);
    assert_eq!(stands(&server, "fallbacks"), (0, 2));
    let draft = server.json("/api/v1/challenges/fallbacks/rule");
    assert!(draft["notes"][0].as_str().unwrap().contains("of all flows"), "{draft:#}");
}

#[test]
fn the_scope_is_a_filter_and_says_what_is_wrong_with_it() {
    let server = shop();
    let with = |title: &str, scope: Value| {
        let mut wish = wish(title, &config_goal());
        wish["scope"] = scope;
        wish
    };
    for (title, scope, total) in [
        ("Tier", json!({"tiers": [1]}), 2),
        ("Team", json!({"teams": ["shop-team"]}), 2),
        ("Both", json!({"teams": ["shop-team"], "tiers": [2], "lifecycles": ["production"]}), 1),
        ("Named", json!({"services": ["ledger"]}), 1),
        ("Any", json!({}), 3),
    ] {
        assert_eq!(count(&make(&server, &with(title, scope))), (0, total), "{title}");
    }
    // What the scope holds is worked out, not stored.
    server.import(&format!("{SMALL_CATALOG}{MORE}").replace(
        "name: ledger, annotations: {\"waterbear.dev/tier\": \"1\"}",
        "name: ledger, annotations: {\"waterbear.dev/tier\": \"3\"}",
    ));
    assert_eq!(stands(&server, "tier"), (0, 1));
}

/// What is wrong with a wish: places, and what is said of each.
fn bad(server: &Server, body: &Value) -> Vec<(String, String)> {
    let problem = server.post("/api/v1/challenges", body).expect(422).json();
    let text = |e: &Value, key: &str| e[key].as_str().unwrap().to_owned();
    let all = problem["errors"].as_array().unwrap();
    all.iter().map(|e| (text(e, "pointer"), text(e, "detail"))).collect()
}

#[test]
fn what_is_wrong_with_a_wish_is_told_with_its_place_and_the_cure() {
    let server = shop();
    let with = |title: &str, scope: Value| {
        let mut wish = wish(title, &config_goal());
        wish["scope"] = scope;
        wish
    };
    let bad = |body: &Value| bad(&server, body);
    let wrong = bad(&with(
        "X",
        json!({"teams": ["shop-taem"], "tiers": [7], "lifecycles": ["prodution"], "services": ["chekout"]}),
    ));
    for (place, said) in [
        ("/scope/teams/0", "Did you mean `shop-team`?"),
        ("/scope/tiers/0", "expected 1, 2, 3 or 4"),
        ("/scope/lifecycles/0", "did you mean `production`?"),
        ("/scope/services/0", "Did you mean `checkout`?"),
        ("/scope/services", "no other condition"),
    ] {
        assert!(wrong.iter().any(|(p, d)| p == place && d.contains(said)), "{place}: {wrong:#?}");
    }
    assert_eq!(bad(&with("X", json!({"labels": ["nothing-like-it"]})))[0].0, "/scope");
}

#[test]
fn a_goal_that_cannot_be_judged_is_refused_with_its_place_and_the_cure() {
    let server = shop();
    let bad = |body: &Value| bad(&server, body);
    for (goal, place, said) in [
        (json!({"kind": "drils"}), "/goal/kind", "did you mean `drills`?"),
        (json!({"kind": "grade", "grade": "G"}), "/goal/grade", "A+, A, B"),
        (
            json!({"kind": "drills", "failures": ["confg"], "fresh_days": 30}),
            "/goal/failures/0",
            "did you mean `config`?",
        ),
        (json!({"kind": "drills", "failures": ["config"], "fresh_days": 0}), "/goal/fresh_days", "1 to 400"),
        (
            json!({"kind": "drills", "failures": ["config"], "fresh_days": 9, "count": 2}),
            "/goal/per",
            "service",
        ),
        (json!({"kind": "fallbacks", "flow": "nothing"}), "/goal/flow", "There is no flow"),
        (
            json!({"kind": "custom", "pass": "drills.fresh > 1 && drills.regresed"}),
            "/goal/pass",
            "column 21: ",
        ),
        (
            json!({"kind": "custom", "pass": "drills.regresed"}),
            "/goal/pass",
            "did you mean `drills.regressed`?",
        ),
        (json!({"kind": "actions", "flow": "buy"}), "/goal/flow", "belongs to the kind `fallbacks`"),
    ] {
        let wrong = bad(&wish("X", &goal));
        assert!(wrong.iter().any(|(p, d)| p == place && d.contains(said)), "{goal}: {wrong:#?}");
    }
}

#[test]
fn times_texts_and_milestones_are_checked_and_slugs_are_free() {
    let server = shop();
    let bad = |body: &Value| bad(&server, body);
    make(&server, &wish("Tier", &config_goal()));
    let mut late = wish("X", &config_goal());
    late["ends_at"] = json!(seconds_from_now(-5));
    assert_eq!(bad(&late)[0].0, "/ends_at");
    let mut odd = wish(" ", &config_goal());
    odd["target_pct"] = json!(0);
    odd["milestones"] = json!([{"at": 0}, {"at": 50}, {"at": 50}]);
    odd["slug"] = json!("No Slug");
    let places: Vec<String> = bad(&odd).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/slug", "/target_pct", "/milestones/0/at", "/milestones/2/at", "/title", "/badge"]);
    let mut taken = wish("Tier", &config_goal());
    taken["slug"] = json!("tier");
    server.post("/api/v1/challenges", &taken).problem(409, "conflict");
    assert_eq!(make(&server, &wish("Tier", &config_goal()))["slug"], "tier-2", "a challenge may come again");
}

#[test]
fn a_result_is_frozen_at_the_end_and_teams_that_met_their_own_goal_earn_the_badge() {
    let server = shop();
    let _ = server.post_drill(&passed("ledger", "config")).expect(201);
    let mut wish = wish("Short", &config_goal());
    wish["ends_at"] = json!(seconds_from_now(12));
    wish["target_pct"] = json!(60);
    wish["badge"] = json!("Way back");
    let made = make(&server, &wish);
    assert_eq!((count(&made), made["progress"]["start_pct"].as_i64()), ((1, 3), Some(33)));
    let _ = server.post_drill(&passed("cart", "config")).expect(201);
    let began = std::time::Instant::now();
    while server.json("/api/v1/challenges/short")["state"] != "ended" {
        assert!(began.elapsed().as_secs() < 120, "it never ended");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let frozen = server.json("/api/v1/challenges/short");
    assert_eq!((count(&frozen), frozen["progress"]["reached"].as_bool()), ((2, 3), Some(true)));
    let standings = server.json("/api/v1/challenges/short/standings");
    // All together went from 33 % to 60 %: 27 of 67 open hundredths. shop-team began with nothing: 41 %; pay-team keeps 100 %.
    let goals: Vec<(&str, i64, i64, bool)> = standings["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| {
            (
                t["team"].as_str().unwrap(),
                t["goal_pct"].as_i64().unwrap(),
                t["pct"].as_i64().unwrap(),
                t["reached"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(goals, [("shop-team", 41, 50, true), ("pay-team", 100, 100, true)]);
    assert!(standings["items"].as_array().unwrap().iter().all(|t| t["rank"] == 1), "a tie shares a rank");
    // Later evidence moves nothing.
    let _ = server.post_drill(&passed("checkout", "config")).expect(201);
    let mut again = drill("ledger", "config", "failed");
    again["ended_at"] = json!(instant(now()));
    let _ = server.post_drill(&again).expect(201);
    assert_eq!(server.json("/api/v1/challenges/short")["progress"], frozen["progress"]);
    assert_eq!(server.json("/api/v1/challenges/short/standings"), standings);
    assert_eq!(
        (told(&server, "challenge_ended").len(), told(&server, "challenge_reward_earned").len()),
        (1, 2)
    );
    let team = server.get("/teams/shop-team").expect(200).text();
    assert!(team.contains("Way back") && team.contains("/challenges/short"), "{team}");
    is_fixed(&server);
    let _ = server.cli(&["verify"]).ok();
    let rewarded = told(&server, "challenge_reward_earned");
    assert_eq!(rewarded.iter().filter(|e| e["team"] == "pay-team").count(), 1);
}

/// Of a challenge that is over only what was learned may still be written.
fn is_fixed(server: &Server) {
    let said = json!({"retrospective": "# Learned\nIt is `short`. [Drills](/help/drills) <script>alert(1)</script> [x](javascript:alert(1))"});
    let _ = patch(server, "short", &said).expect(200);
    let page = server.get("/challenges/short").expect(200).text();
    assert!(page.contains("<h3>Learned</h3>") && page.contains("<code>short</code>"), "{page}");
    assert!(
        page.contains("href=\"/help/drills\"")
            && !page.contains("<script>alert")
            && !page.contains("href=\"javascript")
    );
    for fixed in ["goal", "scope", "starts_at", "target_pct", "ends_at", "title", "why", "badge"] {
        let value = match fixed {
            "title" | "why" | "badge" => json!("Another one"),
            "goal" => config_goal(),
            "scope" => json!({}),
            "target_pct" => json!(1),
            _ => json!(seconds_from_now(99_999)),
        };
        let problem = patch(server, "short", &json!({ fixed: value })).expect(422).json();
        assert_eq!(problem["errors"][0]["pointer"], format!("/{fixed}"), "{problem}");
    }
}
