//! The overview and its rollups: a past day is told as it was shown, parts add up, nothing is made up.

use harness::{Reply, Server, Setup, Value, json, passed};

/// A company of two divisions, one with two teams, and a service of the company itself.
const COMPANY: &str = "\
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: acme, title: Acme}, spec: {type: organization, children: []}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: shop, title: '=Shop'}, spec: {type: division, parent: acme, children: []}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: bank, title: Bank}, spec: {type: division, parent: acme, children: []}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: carts, title: Carts}, spec: {type: team, parent: shop, children: []}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: search, title: Search}, spec: {type: team, parent: shop, children: []}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: cart, annotations: {waterbear.dev/tier: '1'}}, spec: {type: service, lifecycle: production, owner: carts}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: basket, annotations: {waterbear.dev/tier: '2'}}, spec: {type: service, lifecycle: production, owner: carts}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: finder, annotations: {waterbear.dev/tier: '3'}}, spec: {type: service, lifecycle: production, owner: search}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: ledger, annotations: {waterbear.dev/tier: '1'}}, spec: {type: service, lifecycle: production, owner: bank}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: stray, annotations: {waterbear.dev/tier: '4'}}, spec: {type: service, lifecycle: production, owner: acme}}
";

const BY: &[&str] = &["company", "division", "team", "tier", "practice"];

fn company() -> Server {
    let server = Setup::default().frozen("2026-09-01T12:00:00Z").start();
    server.import(COMPANY);
    server
}

/// Posts a drill that ran an hour before `at`.
fn drill(server: &Server, service: &str, failure: &str, day: &str) {
    let mut body = passed(service, failure);
    body["started_at"] = json!(format!("{day}T10:00:00Z"));
    body["ended_at"] = json!(format!("{day}T10:05:00Z"));
    let _ = server.post_drill(&body).expect(201);
}

fn lines(server: &Server, query: &str) -> Vec<Value> {
    server.json(&format!("/api/v1/rollups?{query}"))["items"].as_array().cloned().unwrap_or_default()
}

fn go_on(server: &mut Server, day: &str) {
    server.move_clock(&format!("{day}T12:00:00Z"));
    server.restart();
}

fn page(server: &Server, path: &str) -> Reply {
    server.send(server.request_as("", "GET", path))
}

#[test]
fn a_past_day_is_told_as_it_was_shown_on_that_day() {
    let mut server = company();
    for (service, failure) in [("cart", "dns"), ("cart", "config"), ("ledger", "code"), ("stray", "cpu")] {
        drill(&server, service, failure, "2026-09-01");
    }
    let _ = server.cli(&["grade"]).ok();
    let shown: Vec<Vec<Value>> = BY.iter().map(|by| lines(&server, &format!("by={by}"))).collect();
    assert_eq!(shown[0][0]["day"], "2026-09-01");
    assert_eq!(shown[0][0]["services"], 5);
    go_on(&mut server, "2026-09-03");
    for failure in ["dns", "config", "code", "memory", "network"] {
        drill(&server, "basket", failure, "2026-09-03");
    }
    let _ = server.cli(&["grade"]).ok();
    for (by, then) in BY.iter().zip(&shown) {
        assert_eq!(&lines(&server, &format!("by={by}&at=2026-09-01")), then, "{by}");
        assert_ne!(&lines(&server, &format!("by={by}")), then, "{by} has moved on");
        // A day on which nothing was kept is told by the day before it, which is named.
        assert_eq!(&lines(&server, &format!("by={by}&at=2026-09-02T23:00:00Z")), then, "{by}");
    }
    let today = lines(&server, "by=company&at=2026-09-03");
    assert_eq!(today, lines(&server, "by=company"));
    go_on(&mut server, "2026-10-03");
    let later = lines(&server, "by=company");
    let gained = later[0]["score"].as_i64().zip(today[0]["score"].as_i64()).map(|(now, then)| now - then);
    assert_eq!(later[0]["trend"].as_i64(), gained, "thirty days on: {later:#?}");
}

#[test]
fn parts_add_up_to_the_whole() {
    let server = company();
    for (service, failure) in [("cart", "dns"), ("finder", "config"), ("ledger", "code"), ("stray", "cpu")] {
        drill(&server, service, failure, "2026-09-01");
    }
    let all = &lines(&server, "by=company")[0];
    for by in ["division", "tier"] {
        let parts = lines(&server, &format!("by={by}"));
        for field in ["services", "graded", "regressions"] {
            let sum: i64 = parts.iter().filter_map(|part| part[field].as_i64()).sum();
            assert_eq!(Some(sum), all[field].as_i64(), "{field} by {by}: {parts:#?}");
        }
        let letters = all["grades"].as_array().map_or(0, Vec::len);
        for at in 0..letters {
            let sum: i64 = parts.iter().filter_map(|part| part["grades"][at]["services"].as_i64()).sum();
            assert_eq!(Some(sum), all["grades"][at]["services"].as_i64(), "letter {at} by {by}");
        }
    }
    let divisions = lines(&server, "by=division");
    let keys: Vec<&str> = divisions.iter().filter_map(|line| line["key"].as_str()).collect();
    assert_eq!(keys, ["bank", "shop", ""], "the first level below the company, and the rest");
    assert_eq!(divisions[1]["services"], 3);
    assert_eq!(divisions[1]["parent"], "acme");
    let mut scores: Vec<i64> = Vec::new();
    for service in ["cart", "basket", "finder", "ledger", "stray"] {
        scores.extend(server.scorecard(service)["score"].as_i64());
    }
    scores.sort_unstable();
    assert_eq!(all["median"].as_i64(), Some(scores[2]));
    assert_eq!(all["score"].as_i64(), Some(scores.iter().sum::<i64>() / 5));
}

#[test]
fn days_of_which_nothing_is_known_are_refused_and_cells_are_no_formulas() {
    let mut server = company();
    let refusal = |server: &Server, at: &str| {
        let problem = server.get(&format!("/api/v1/rollups?at={at}")).problem(422, "invalid");
        problem["errors"][0]["detail"].as_str().unwrap_or_default().to_owned()
    };
    assert!(refusal(&server, "2026-08-31").contains("from the first grading run on"));
    let _ = server.cli(&["grade"]).ok();
    go_on(&mut server, "2026-09-05");
    assert!(refusal(&server, "2026-08-31").contains("the first day that was kept is 2026-09-01"));
    assert!(refusal(&server, "2026-09-06").contains("yet to come"));
    assert!(refusal(&server, "soon").contains("2026-03-01"));
    assert_eq!(page(&server, "/overview?at=2026-08-31").status, 422);
    assert_eq!(page(&server, "/overview?weeks=5").status, 422);
    assert_eq!(page(&server, "/overview?scope=nobody").status, 404);
    let csv = server.get("/api/v1/rollups?by=division&at=2026-09-01&format=csv").expect(200).text();
    assert!(
        csv.starts_with("key,name,services,graded,score,grade,coverage,regressions,median,trend,parent,day")
    );
    assert!(csv.contains("shop,'=Shop,3"), "{csv}");
}

#[test]
fn the_table_for_spreadsheets_has_what_the_page_shows() {
    let server = company();
    drill(&server, "cart", "dns", "2026-09-01");
    let _ = server.cli(&["grade"]).ok();
    let keys = |query: &str| -> Vec<String> {
        lines(&server, query).iter().filter_map(|line| line["key"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(keys("by=team&scope=shop"), ["shop", "carts", "search"]);
    assert_eq!(keys("by=team&scope=carts"), ["carts"]);
    let problem = server.get("/api/v1/rollups?by=tier&scope=shop").problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "?scope");
    server.get("/api/v1/rollups?scope=nobody").problem(404, "not_found");
    let of = |path: &str| {
        let html = page(&server, path).expect(200).text();
        let link = html.split("<a class=\"btn\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        let link = link.unwrap_or_default().replace("&amp;", "&").replace("&#x3D;", "=");
        page(&server, &link).expect(200).text()
    };
    let division = of("/overview?scope=shop");
    assert!(division.contains("\ncarts,Carts,2,") && division.contains("\nsearch,Search,1,"), "{division}");
    assert!(!division.contains("ledger") && !division.contains("\nbank,"), "{division}");
    let head = division.lines().next().unwrap_or_default();
    assert!(head.ends_with(",A+,A,B,C,D,F,not graded"), "{head}");
    let team = of("/overview?scope=carts");
    assert!(team.contains("basket") && team.contains("cart") && !team.contains("finder"), "{team}");
}

#[test]
fn the_page_says_only_what_is_known_and_its_links_keep_the_day() {
    let mut server = company();
    drill(&server, "cart", "dns", "2026-09-01");
    let _ = server.cli(&["grade"]).ok();
    let html = page(&server, "/overview").expect(200).text();
    assert!(html.contains("A trend is drawn after four weeks."), "{html}");
    assert!(!html.contains("band-fill"), "no trend is drawn");
    assert!(html.contains("No traffic is known of 5 graded services."));
    assert!(html.contains("href=\"/overview?scope&#x3D;shop\"") && html.contains("Of no division"), "{html}");
    let traffic = json!({"profile": {"hosts": 4, "clients": 3, "qps": 1800.0, "latency": {"mean_ms": 20.0, "cv": 0.5},
        "timeout_ms": 1000}});
    let put = server.request("PUT", "/api/v1/services/cart/degrader").json(&traffic);
    assert!(server.send(put).status < 300);
    for day in ["2026-09-08", "2026-09-15", "2026-09-22", "2026-09-29"] {
        go_on(&mut server, day);
        drill(&server, "cart", "code", day);
        let _ = server.cli(&["grade"]).ok();
    }
    let html = page(&server, "/overview?weeks=4").expect(200).text();
    for part in [
        "class=\"band-fill",
        "class=\"hotzone\"",
        "1.8 k calls a second",
        "What moved the score",
        "New evidence",
    ] {
        assert!(html.contains(part), "{part} is not there:\n{html}");
    }
    assert!(html.contains("Of 4 services the traffic is unknown."), "unknown is not zero");
    // Company, division, team, service: three clicks, and the day goes along.
    let then = "at&#x3D;2026-09-15";
    let html = page(&server, "/overview?at=2026-09-15").expect(200).text();
    assert!(html.contains("As it stood at the last grading of 15 September 2026."));
    assert!(html.contains(&format!("/overview?scope&#x3D;shop&amp;{then}")), "{html}");
    let html = page(&server, "/overview?scope=shop&at=2026-09-15").expect(200).text();
    assert!(html.contains(&format!("/overview?scope&#x3D;carts&amp;{then}")), "{html}");
    let html = page(&server, "/overview?scope=carts&at=2026-09-15").expect(200).text();
    assert!(html.contains("/services/cart/why?as_of&#x3D;2026-09-15"), "{html}");
}
