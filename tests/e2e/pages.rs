//! Pages: all there, strict policy, no inline script or style, no dead link.

use std::collections::{BTreeSet, VecDeque};

use harness::{Reply, Server, passed};

const PAGES: &[&str] = &[
    "/",
    "/services",
    "/services?q=check&sort=-score&tier=1",
    "/services/checkout",
    "/services/checkout/why",
    "/services/checkout/drills",
    "/services/checkout/drills?format=istio&failure=error&target=ads",
    "/drills",
    "/drills?team=shop-team",
    "/teams",
    "/teams/shop-team",
    "/search?q=check",
    "/leaderboards/improved",
    "/challenges",
    "/help/challenges",
    "/leaderboards/score",
    "/overview",
    "/overview?scope=shop-team&weeks=4",
    "/services/checkout/what-if",
    "/services/checkout/what-if?pass=drill-clock&drills.regressed=yes",
    "/rules",
    "/help",
    "/help/facts",
    "/help/catalog",
    "/help/rollback",
    "/help/drills",
    "/activity",
    "/sources",
    "/api/docs",
];

fn page(server: &Server, path: &str) -> Reply {
    server.send(server.request_as("", "GET", path).header("accept", "text/html"))
}

fn with_evidence() -> Server {
    let server = Server::with_checkout();
    for failure in ["dns", "config", "cpu"] {
        let _ = server.post_drill(&passed("checkout", failure)).expect(201);
    }
    server
}

/// What the content security policy forbids must not be in the page at all.
fn assert_no_inline(path: &str, html: &str) {
    assert!(!html.contains("<style"), "{path}: inline style sheet");
    assert!(!html.contains(" style="), "{path}: inline style");
    assert!(!html.contains("javascript:"), "{path}: script in a link");
    for tag in html.split('<').filter(|t| t.starts_with("script")) {
        assert!(tag.contains(" src=\"/"), "{path}: inline script: <{tag}");
    }
    for handler in [" onclick=", " onload=", " onerror=", " onchange=", " onsubmit="] {
        assert!(!html.contains(handler), "{path}:{handler}");
    }
}

#[test]
fn every_page_is_there_with_a_strict_policy_and_nothing_inline() {
    let server = with_evidence();
    for path in PAGES {
        let reply = page(&server, path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert!(reply.header("content-type").starts_with("text/html; charset=utf-8"), "{path}");
        let policy = reply.header("content-security-policy");
        for needed in ["default-src", "object-src 'none'", "base-uri", "frame-ancestors 'none'"] {
            assert!(
                policy.contains(needed)
                    || policy.contains("default-src 'none'") && needed.starts_with("object"),
                "{path}: {policy}"
            );
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("http:") && !policy.contains('*'),
            "{path}: {policy}"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!reply.header("referrer-policy").is_empty(), "{path}");
        let html = reply.text();
        assert_no_inline(path, &html);
        for needed in ["<!doctype html>", "<html lang=\"en\"", "<title>", "<main", "<h1"] {
            assert!(html.contains(needed), "{path} has no {needed}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{path}: one headline");
    }
}

#[test]
fn every_rule_has_a_page_or_a_place() {
    let server = with_evidence();
    let book = server.json("/api/v1/rulebook");
    let html = page(&server, "/rules").text();
    for practice in book["practices"].as_array().into_iter().flatten() {
        for rule in practice["rules"].as_array().into_iter().flatten() {
            let title = rule["title"].as_str().unwrap_or_default();
            assert!(html.contains(&title.replace('\'', "&#x27;")) || html.contains(title), "{title}");
        }
    }
}

#[test]
fn no_link_on_any_page_is_dead() {
    let server = with_evidence();
    let mut queue: VecDeque<String> = PAGES.iter().map(|p| (*p).to_owned()).collect();
    let mut seen: BTreeSet<String> = queue.iter().cloned().collect();
    let mut visited = 0;
    while let Some(path) = queue.pop_front() {
        visited += 1;
        assert!(visited < 400, "the pages never end: {path}");
        let reply = page(&server, &path);
        assert_eq!(reply.status, 200, "{path}");
        if !reply.header("content-type").starts_with("text/html") {
            continue;
        }
        let html = reply.text();
        for link in links(&html) {
            let (base, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let here = anchor.is_empty() || !(base.is_empty() || base == path);
            let there = html.contains(&format!("id=\"{anchor}\""));
            assert!(here || there, "{path} links to #{anchor}, which is not on it");
            let target = base.to_owned();
            if target.starts_with('/') && seen.insert(target.clone()) {
                queue.push_back(target);
            }
        }
    }
    assert!(visited > PAGES.len() + 5, "{visited}");
}

/// Internal targets of `href` and `src`, `&amp;` resolved.
fn links(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["href=\"", "src=\""] {
        for part in html.split(attribute).skip(1) {
            let target =
                part.split('"').next().unwrap_or_default().replace("&amp;", "&").replace("&#x3D;", "=");
            if target.starts_with('/') || target.starts_with('#') {
                found.push(target);
            }
        }
    }
    found
}

#[test]
fn assets_are_embedded_and_may_be_cached() {
    let server = Server::start();
    let html = page(&server, "/").text();
    let assets: Vec<String> =
        links(&html).into_iter().filter(|l| l.contains(".css") || l.contains(".js")).collect();
    assert!(assets.len() >= 2, "{assets:?}");
    for asset in assets {
        let reply = server.send(server.request_as("", "GET", &asset));
        assert_eq!(reply.status, 200, "{asset}");
        let caching = !reply.header("cache-control").is_empty() || !reply.header("etag").is_empty();
        assert!(caching, "{asset} cannot be cached");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{asset}");
    }
    for path in ["/static/../Cargo.toml", "/static/%2e%2e/%2e%2e/etc/passwd", "/static/none.css"] {
        let status = server.send(server.request_as("", "GET", path)).status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
}

#[test]
fn an_unknown_page_is_a_page_too() {
    let server = Server::with_checkout();
    for path in ["/nothing-here", "/services/chekout", "/teams/nobody", "/rules/none"] {
        let reply = page(&server, path);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.header("content-type").starts_with("text/html"), "{path}");
        let html = reply.text();
        assert!(html.contains("<main") && html.contains("href=\"/\""), "{path}");
        assert_no_inline(path, &html);
    }
    assert!(
        page(&server, "/services/chekout").text().contains("/services/checkout"),
        "the nearest service is offered"
    );
}

#[test]
fn an_empty_installation_says_the_one_thing_to_do_next() {
    let server = Server::start();
    for path in ["/", "/services", "/activity", "/leaderboards/improved", "/leaderboards/score"] {
        let reply = page(&server, path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert_no_inline(path, &reply.text());
    }
    assert!(page(&server, "/").text().contains("waterbear import"), "how to load a catalog");
    server.import(harness::SMALL_CATALOG);
    let fresh = page(&server, "/services/checkout").text();
    assert!(
        fresh.contains("curl") && fresh.contains("&quot;checkout&quot;") || fresh.contains("\"checkout\""),
        "{fresh}"
    );
}

#[test]
fn what_the_scorecard_page_says_is_what_the_api_says() {
    let server = with_evidence();
    let card = server.scorecard("checkout");
    let html = page(&server, "/services/checkout").text();
    let score = card["score"].as_i64().unwrap_or(-1);
    assert!(html.contains(&score.to_string()), "the score {score}");
    for step in card["next_steps"].as_array().into_iter().flatten().take(3) {
        let title = step["title"].as_str().unwrap_or_default().replace('\'', "&#x27;");
        assert!(html.contains(&title), "the step {title}");
    }
    for rule in card["rules"].as_array().into_iter().flatten() {
        let title = rule["title"].as_str().unwrap_or_default().replace('\'', "&#x27;");
        assert!(html.contains(&title) || rule["outcome"] == "not_applicable", "the rule {title}");
    }
}

#[test]
fn the_theme_cookie_sets_the_theme_and_nothing_else() {
    let server = Server::start();
    let themed = |value: &str| {
        let request = server.request_as("", "GET", "/").header("cookie", format!("theme={value}"));
        server.send(request).text()
    };
    assert!(themed("dark").contains("data-theme=\"dark\""));
    assert!(themed("light").contains("data-theme=\"light\""));
    assert!(!themed("%22onload=x").contains("onload"));
}

#[test]
fn pages_are_compressed_when_asked() {
    let server = with_evidence();
    let request = server.request_as("", "GET", "/services/checkout").header("accept-encoding", "gzip");
    let reply = server.send(request);
    assert_eq!(reply.header("content-encoding"), "gzip");
}
