//! Lists: pages by key, filters, sorting, CSV, ETags.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use harness::{Server, Value, passed};

/// A server with services s-00 .. s-(n-1), tiers 1 to 4 in turn, in two teams.
fn fleet(n: usize) -> Server {
    let server = Server::start();
    let mut yaml = String::new();
    for team in ["red", "blue"] {
        let _ = write!(
            yaml,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: {team}}}\nspec: {{type: team, children: []}}\n"
        );
    }
    for i in 0..n {
        let team = if i % 2 == 0 { "red" } else { "blue" };
        let _ = write!(
            yaml,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n\
             metadata: {{name: s-{i:02}, annotations: {{\"waterbear.dev/tier\": \"{}\"}}}}\n\
             spec: {{type: service, lifecycle: production, owner: {team}}}\n",
            i % 4 + 1
        );
    }
    server.import(&yaml);
    server
}

fn slugs(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|i| i["slug"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_list_walks_all_its_pages_without_gap_or_repeat() {
    let server = fleet(60);
    assert_eq!(slugs(&server.json("/api/v1/services")).len(), 50, "50 a page by default");
    for sort in ["", "&sort=name", "&sort=score", "&sort=-score", "&sort=tier"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = server.json(&format!("/api/v1/services?limit=7{sort}{cursor}"));
            seen.extend(slugs(&page));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
            assert!(seen.len() <= 60, "sort {sort}: {seen:?}");
        }
        let unique: BTreeSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), unique.len()), (60, 60), "sort {sort}");
    }
}

#[test]
fn a_service_that_comes_between_two_pages_disturbs_neither() {
    let server = fleet(20);
    let first = server.json("/api/v1/services?limit=10&sort=name");
    let other = harness::SMALL_CATALOG.replace("checkout", "a-first");
    let reply = server.post_bytes("/api/v1/catalog/import?source=other", "application/yaml", other);
    assert_eq!(reply.expect(200).json()["removed"], 0, "another source takes nothing away");
    let next = first["next"].as_str().unwrap_or_default();
    let second = server.json(&format!("/api/v1/services?limit=10&sort=name&cursor={next}"));
    let wanted: Vec<String> = (10..20).map(|i| format!("s-{i:02}")).collect();
    assert_eq!(slugs(&second), wanted);
}

#[test]
fn filters_narrow_the_list() {
    let server = fleet(20);
    let _ = server.post_drill(&passed("s-03", "dns")).expect(201);
    assert_eq!(slugs(&server.json("/api/v1/services?tier=1")).len(), 5);
    assert_eq!(slugs(&server.json("/api/v1/services?team=red")).len(), 10);
    assert_eq!(slugs(&server.json("/api/v1/services?team=red&tier=2")).len(), 0);
    assert_eq!(slugs(&server.json("/api/v1/services?q=s-07")), ["s-07"]);
    assert_eq!(slugs(&server.json("/api/v1/services?grade=F")).len(), 20);
    assert_eq!(slugs(&server.json("/api/v1/services?grade=A%2B")).len(), 0);
    assert_eq!(slugs(&server.json("/api/v1/services?sort=-score&limit=1")), ["s-03"]);
    assert_eq!(slugs(&server.json("/api/v1/services?q=%25")).len(), 0, "a percent sign is no wildcard");
}

#[test]
fn csv_is_safe_in_a_spreadsheet() {
    let server = Server::start();
    let catalog =
        harness::SMALL_CATALOG.replace("{name: checkout,", "{name: checkout, title: \"=HYPERLINK(1)\",");
    server.import(&catalog);
    let reply = server.get("/api/v1/services?format=csv").expect(200);
    assert!(reply.header("content-type").starts_with("text/csv"), "{}", reply.header("content-type"));
    let text = reply.text();
    assert!(text.lines().next().is_some_and(|h| h.contains("slug") && h.contains("score")), "{text}");
    assert!(!text.contains(",=HYPERLINK") && !text.contains(",\"=HYPERLINK"), "{text}");
    assert!(text.contains("HYPERLINK"), "{text}");
}

#[test]
fn a_read_that_did_not_change_is_not_sent_again() {
    let server = Server::with_checkout();
    for path in ["/api/v1/services/checkout/scorecard", "/api/v1/services", "/api/v1/rulebook"] {
        // The run that a new server begins with may end between two reads: it is waited for.
        let mut again = server.get(path).expect(200);
        for _ in 0..50 {
            let etag = again.header("etag");
            assert!(!etag.is_empty(), "{path} has no ETag");
            again = server.send(server.request("GET", path).header("if-none-match", &etag));
            if again.status == 304 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(again.status, 304, "{path}");
        assert!(again.bytes().is_empty());
    }
    let path = "/api/v1/services/checkout/scorecard";
    let etag = server.get(path).header("etag");
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let _ = server.send(server.request("GET", path).header("if-none-match", etag)).expect(200);
}

#[test]
fn events_are_read_on_from_where_one_stopped() {
    let server = Server::with_checkout();
    let all = server.json("/api/v1/events");
    let last =
        all["items"].as_array().into_iter().flatten().filter_map(|e| e["seq"].as_i64()).max().unwrap_or(0);
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let new = server.json(&format!("/api/v1/events?after={last}"));
    let items = new["items"].as_array().cloned().unwrap_or_default();
    assert!(items.iter().any(|e| e["kind"] == "drill_recorded" && e["service"] == "checkout"), "{new:#}");
    assert!(items.iter().all(|e| e["seq"].as_i64() > Some(last)), "{new:#}");
    for event in items {
        assert!(event["sentence"].as_str().is_some_and(|s| !s.is_empty()), "{event:#}");
        assert_eq!(event["actor"], "tests");
    }
}

#[test]
fn the_feed_is_well_formed_atom() {
    let server = Server::with_checkout();
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    for path in ["/feed.atom", "/teams/shop-team/feed.atom"] {
        let reply = server.get(path).expect(200);
        assert!(reply.header("content-type").starts_with("application/atom+xml"), "{path}");
        let text = reply.text();
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut entries = 0;
        loop {
            match reader.read_event().unwrap_or_else(|e| panic!("{path}: {e}\n{text}")) {
                quick_xml::events::Event::Start(tag) if tag.name().as_ref() == "entry" => entries += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert!(entries > 0, "{path}: {text}");
        for needed in ["<id>", "<updated>", "<title"] {
            assert!(text.contains(needed), "{path} has no {needed}");
        }
    }
}

#[test]
fn leaderboards_rank_as_in_a_competition() {
    let server = fleet(8);
    for (service, failures) in [("s-00", 3), ("s-01", 2), ("s-05", 2)] {
        for failure in ["dns", "cpu", "config"].iter().take(failures) {
            let _ = server.post_drill(&passed(service, failure)).expect(201);
        }
    }
    let board = server.json("/api/v1/leaderboards/score?by=service");
    let items = board["items"].as_array().cloned().unwrap_or_default();
    assert!(!items.is_empty(), "{board:#}");
    let mut expected = 1;
    for (n, row) in items.iter().enumerate() {
        if n > 0 && row["score"] != items[n - 1]["score"] {
            expected = n as i64 + 1;
        }
        if let Some(rank) = row["rank"].as_i64() {
            assert_eq!(rank, expected, "{board:#}");
        }
    }
    let teams = server.json("/api/v1/leaderboards/improved?by=team");
    assert!(teams["season"].as_str().is_some_and(|s| s.contains("-Q")), "{teams:#}");
    server.get("/api/v1/leaderboards/colour").problem(404, "not_found");
}

#[test]
fn a_board_is_read_in_pages_and_its_ranks_go_on() {
    let server = fleet(12);
    for (service, failures) in [("s-03", 2), ("s-07", 1), ("s-08", 1)] {
        for failure in ["dns", "cpu"].iter().take(failures) {
            let _ = server.post_drill(&passed(service, failure)).expect(201);
        }
    }
    for board in ["score", "improved"] {
        let whole = server.json(&format!("/api/v1/leaderboards/{board}?by=service"));
        assert_eq!((&whole["total"], &whole["next"]), (&Value::from(12), &Value::Null), "{whole:#}");
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = server.json(&format!("/api/v1/leaderboards/{board}?by=service&limit=5{cursor}"));
            assert_eq!(page["total"], 12);
            rows.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
            assert!(rows.len() < 12, "{rows:#?}");
        }
        assert_eq!(Value::from(rows), whole["items"], "{board}");
        let reply = server.get(&format!("/api/v1/leaderboards/{board}?by=team{cursor}"));
        reply.problem(422, "invalid");
    }
    let csv = server.get("/api/v1/leaderboards/score?by=service&format=csv").expect(200).text();
    assert_eq!(csv.lines().count(), 13, "the table is whole: {csv}");
}

#[test]
fn sums_show_a_write_at_once() {
    let server = fleet(4);
    let services = |key: &str| -> (Value, Value) {
        let rollup = server.json("/api/v1/rollups?by=team");
        let line = rollup["items"].as_array().into_iter().flatten().find(|l| l["key"] == key).cloned();
        line.map(|l| (l["services"].clone(), l["score"].clone())).unwrap_or_default()
    };
    let (count, before) = services("blue");
    assert_eq!(count, 2);
    let _ = server.post_drill(&passed("s-01", "dns")).expect(201);
    let _ = server.post_drill(&passed("s-01", "cpu")).expect(201);
    let (_, after) = services("blue");
    assert!(after.as_i64() > before.as_i64(), "{before} then {after}");
    let gone = server.send(server.request("DELETE", "/api/v1/services/s-03"));
    assert_eq!(gone.status, 204);
    assert_eq!(services("blue").0, 1);
    let rules = server.json("/api/v1/rulebook");
    let practices = rules["practices"].as_array().cloned().unwrap_or_default();
    let all = practices.iter().filter_map(|p| p["rules"].as_array()).flatten();
    let dns = all.into_iter().find(|r| r["id"] == "drill-dns").cloned().unwrap_or_default();
    assert_eq!(dns["outcomes"]["pass"], 1, "{dns:#}");
}

#[test]
fn the_log_of_a_team_is_that_of_everything_below_it() {
    let server = Server::with_shop();
    let teams = server.json("/api/v1/teams");
    let all = server.json("/api/v1/events?limit=500");
    let all = all["items"].as_array().cloned().unwrap_or_default();
    let parent = |slug: &str| {
        let team = teams["items"].as_array().into_iter().flatten().find(|t| t["slug"] == slug).cloned();
        team.and_then(|t| t["parent"].as_str().map(str::to_owned))
    };
    let below = |slug: &str, top: &str| {
        let mut at = Some(slug.to_owned());
        while let Some(here) = at {
            if here == top {
                return true;
            }
            at = parent(&here);
        }
        false
    };
    for team in teams["items"].as_array().into_iter().flatten() {
        let slug = team["slug"].as_str().unwrap_or_default();
        let wanted = all.iter().filter(|e| e["team"].as_str().is_some_and(|t| below(t, slug))).count();
        let feed = server.get(&format!("/teams/{slug}/feed.atom")).expect(200).text();
        assert_eq!(feed.matches("<entry>").count(), wanted.min(50), "{slug}");
    }
}
