//! Badges on pages elsewhere, and what a team shows of its service to everybody.

use harness::{Reply, Value, Visitor, json};

use crate::certificates::{on, send, started};

fn width(svg: &Reply) -> String {
    let text = svg.text();
    text.split("width=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[test]
fn a_badge_says_grade_certificate_or_practice_and_never_breaks() {
    let (mut server, _home) = started(|setup| setup);
    let svg = server.get("/badges/checkout.svg").expect(200);
    assert!(svg.header("content-type").starts_with("image/svg+xml"));
    assert_eq!(svg.header("cache-control"), "max-age=300");
    assert!(svg.text().contains("aria-label=\"waterbear: A+ 100\""), "{}", svg.text());
    let again = server.request("GET", "/badges/checkout.svg").header("if-none-match", svg.header("etag"));
    let _ = server.send(again).expect(304);
    let said = server.json("/badges/checkout.json?show=certified");
    let wanted = json!({ "schemaVersion": 1, "label": "waterbear", "message": "not certified", "color": "lightgrey", "cacheSeconds": 300 });
    assert_eq!(said, wanted);
    on(&mut server, "2026-03-15");
    let certified = server.get("/badges/checkout.svg?show=certified").expect(200);
    assert!(certified.text().contains("waterbear: certified"));
    assert_eq!(width(&certified), "120");
    assert_eq!(server.json("/badges/checkout.json?show=certified")["color"], "brightgreen");
    send(&server, "cpu", "failed", "2026-03-15T11:00:00Z");
    assert_eq!(server.json("/badges/checkout.json?show=certified")["message"], "on hold");
    let practice = server.json("/badges/checkout.json?practice=drills");
    assert_eq!((&practice["label"], &practice["message"]), (&json!("drills passed"), &json!("A+ 99")));
    let unknown = server.get("/badges/nobody.svg").expect(200);
    assert!(unknown.text().contains("waterbear: unknown"));
    assert_eq!(server.json("/badges/nobody.json")["isError"], true);
    // What a cache is got around by, and what is not known, breaks no picture.
    for odd in ["?v=2", "?style=round", "?colour=red&colour=blue", "?%zz", "?style=flat&style=round"] {
        let svg = server.get(&format!("/badges/checkout.svg{odd}")).expect(200);
        assert!(svg.header("content-type").starts_with("image/svg+xml"), "{odd}");
        assert!(svg.text().contains("waterbear: A+ 99"), "{odd}: {}", svg.text());
        assert_eq!(server.json(&format!("/badges/checkout.json{odd}"))["message"], "A+ 99", "{odd}");
    }
    let long = "x".repeat(2_000);
    let names = ["%00", "a%00b", "%FF", "a%2Fb", "%0A", &long].map(|name| (name.to_owned(), ""));
    let asked = ["?show=all", "?show=practice", "?practice=%00", "?practice=none"]
        .map(|q| ("checkout".to_owned(), q));
    for (name, query) in names.into_iter().chain(asked) {
        let svg = server.get(&format!("/badges/{name}.svg{query}")).expect(200);
        assert!(svg.header("content-type").starts_with("image/svg+xml"), "{name}{query}");
        assert!(svg.text().contains("waterbear: unknown"), "{name}{query}: {}", svg.text());
        let said = server.json(&format!("/badges/{name}.json{query}"));
        let wanted = json!({ "schemaVersion": 1, "label": "waterbear", "message": "unknown", "color": "lightgrey", "cacheSeconds": 300, "isError": true });
        assert_eq!(said, wanted, "{name}{query}");
    }
    assert!(
        server.get("/badges/checkout.svg?style=for-the-badge").expect(200).text().contains("height=\"28\"")
    );
}

#[test]
fn where_reading_takes_signing_in_only_what_a_team_shows_is_shown() {
    let (mut server, _home) = started(|setup| setup.env("WATERBEAR_READING", "signed_in"));
    let stranger = Visitor::of(&server);
    let says = |path: &str| stranger.get(path).expect(200).text();
    assert!(says("/badges/checkout.svg").contains("unknown"));
    server.move_clock("2026-03-15T13:00:00Z");
    server.restart();
    let _ = server.cli(&["grade"]).ok();
    let lead = server.signed_in("lou", &["--lead", "shop-team"]);
    let member = server.signed_in("mo", &["--team", "shop-team"]);
    let empty =
        server.send(server.request("PUT", "/api/v1/teams/other-team").json(&json!({"name": "Other"})));
    let _ = empty.expect(201);
    let other = server.signed_in("ora", &["--lead", "other-team"]);
    let card: Value = lead.get("/api/v1/services/checkout/scorecard").expect(200).json();
    let id = card["certificate"]["id"].as_str().unwrap().to_owned();
    let stranger = Visitor::of(&server);
    let _ = stranger.get(&format!("/api/v1/certificates/{id}/evidence")).expect(401);
    let _ = stranger.get(&format!("/api/v1/certificates/{id}")).expect(401);
    let sent = stranger.get(&format!("/certificates/{id}")).expect(303);
    assert!(sent.header("location").starts_with("/sign-in?next="));
    let nobody = stranger.get("/certificates/nobody").expect(303);
    assert!(nobody.header("location").starts_with("/sign-in?next="), "it is not told which there are");
    assert!(lead.get(&format!("/certificates/{id}")).expect(200).text().contains("Waterbear certified"));

    let path = "/services/checkout/sharing";
    assert!(lead.get(path).expect(200).text().contains("Show to everybody</h2>\n  <form"));
    for refused in [&member, &other] {
        let page = refused.get(path).expect(200).text().replace("&#x3D;", "=");
        assert!(!page.contains("name=\"certificates\""), "what ends in 403 is not offered: {page}");
        assert!(
            page.contains("/badges/checkout.svg?practice=drills") && page.contains("/badges/checkout.json"),
            "{page}"
        );
        let reply = refused.submit(path, &[("certificates", "yes"), ("badge", "yes")]);
        assert_eq!(reply.status, 403, "{}", reply.text());
    }
    let _ = lead.submit(path, &[("certificates", "yes"), ("badge", "yes")]).expect(303);
    let page = lead.get(path).expect(200).text();
    let key = page.split("src=\"/badges/").nth(1).unwrap().split(".svg").next().unwrap().to_owned();
    assert!(key.len() >= 32 && !key.contains("checkout"), "{key}");
    assert!(!member.get(path).expect(200).text().contains(&key), "only who may change it is told");
    let stranger = Visitor::of(&server);
    assert!(stranger.get(&format!("/badges/{key}.svg")).expect(200).text().contains("A+ 100"));
    assert!(stranger.get("/badges/checkout.svg").expect(200).text().contains("unknown"));
    let view = stranger.get(&format!("/api/v1/certificates/{id}")).expect(200).json();
    assert_eq!(view["public"], true);
    leads_a_stranger_to_nothing_closed(&stranger, &id);
    assert!(lead.get("/help/certificates").expect(200).text().contains("Bug Finder"));
    assert!(stranger.get(&format!("/certificates/{id}.jwt")).expect(200).text().starts_with("eyJ"));
    // Taken back, the address is gone, and another one comes.
    let _ = lead.submit(path, &[]).expect(303);
    assert!(stranger.get(&format!("/badges/{key}.svg")).expect(200).text().contains("unknown"));
    let _ = stranger.get(&format!("/certificates/{id}.jwt")).expect(401);
    let _ = lead.submit(path, &[("badge", "yes")]).expect(303);
    assert!(!lead.get(path).expect(200).text().contains(&key));
}

/// The page of a public certificate leads a stranger to nothing that is closed, nor does a cookie make it tell which teams
/// there are.
fn leads_a_stranger_to_nothing_closed(stranger: &Visitor<'_>, id: &str) {
    stranger.hold("team=shop-team");
    let page = stranger.get(&format!("/certificates/{id}")).expect(200).text();
    let main = page.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    assert!(main.contains("dns rehearsed"), "{main}");
    for closed in ["href=\"/rules/", "href=\"/services/", "href=\"/teams/"] {
        assert!(!main.contains(closed), "{closed}: {main}");
    }
    assert!(!page.contains("href=\"/teams/shop-team\""), "{page}");
    let links = main.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for link in links.filter(|link| link.starts_with('/')) {
        let _ = stranger.get(link).expect(200);
    }
    let help = stranger.get("/help/certificates").expect(200).text();
    assert!(
        help.contains("Waterbear certified")
            && !help.contains("Bug Finder")
            && !help.contains("<code>streak.days"),
        "{help}"
    );
}
