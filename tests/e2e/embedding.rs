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
    for wrong in ["?style=round", "?show=all", "?show=practice", "?colour=red"] {
        let _ = server.get(&format!("/badges/checkout.svg{wrong}")).expect(422);
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
    let _ = stranger.get(&format!("/api/v1/certificates/{id}")).expect(401);
    let sent = stranger.get(&format!("/certificates/{id}")).expect(303);
    assert!(sent.header("location").starts_with("/sign-in?next="));
    let nobody = stranger.get("/certificates/nobody").expect(303);
    assert!(nobody.header("location").starts_with("/sign-in?next="), "it is not told which there are");
    assert!(lead.get(&format!("/certificates/{id}")).expect(200).text().contains("Waterbear certified"));

    let path = "/services/checkout/sharing";
    for refused in [&member, &other] {
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
    assert!(stranger.get(&format!("/certificates/{id}.jwt")).expect(200).text().starts_with("eyJ"));
    // Taken back, the address is gone, and another one comes.
    let _ = lead.submit(path, &[]).expect(303);
    assert!(stranger.get(&format!("/badges/{key}.svg")).expect(200).text().contains("unknown"));
    let _ = stranger.get(&format!("/certificates/{id}.jwt")).expect(401);
    let _ = lead.submit(path, &[("badge", "yes")]).expect(303);
    assert!(!lead.get(path).expect(200).text().contains(&key));
}
