//! Over real sockets: whoever holds a drill ticket meets its fault, nobody else does, and what is wrong with a ticket
//! means no fault.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::{Server, Value, json, seconds_from_now};

use crate::tickets::{drilling, wish};
use crate::toy::{Drills, Toy};

/// Waterbear, a storefront with its fallback, and the ads it shows.
struct Shop {
    waterbear: Server,
    drills: Arc<Drills>,
    ads: Toy,
    storefront: Toy,
    http: reqwest::blocking::Client,
}

/// What a visitor got.
#[derive(Debug)]
struct Page {
    text: String,
    fallback: String,
    took: Duration,
}

impl Shop {
    fn open() -> Self {
        let waterbear = drilling();
        // The first ticket makes the key that services read.
        let _ = waterbear.post("/api/v1/drill-tickets", &wish()).expect(201);
        let drills = Drills::of(&waterbear, "staging");
        let ads = Toy::ads(&drills, false);
        let storefront = Toy::storefront(&drills, &ads);
        let http = reqwest::blocking::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { waterbear, drills, ads, storefront, http }
    }

    fn issue(&self, change: &Value) -> Value {
        let mut body = wish();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        self.waterbear.post("/api/v1/drill-tickets", &body).expect(201).json()
    }

    fn visit(&self, headers: &[(&str, &str)]) -> Page {
        let started = Instant::now();
        let mut request = self.http.get(self.storefront.url());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().unwrap();
        assert_eq!(answer.status(), 200, "the page is always there");
        let fallback = answer.headers().get("x-fallback").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let fallback = fallback.to_owned();
        Page { text: answer.text().unwrap(), fallback, took: started.elapsed() }
    }

    /// Nothing happens to this visitor.
    #[track_caller]
    fn is_well(&self, headers: &[(&str, &str)]) {
        let page = self.visit(headers);
        assert_eq!((page.text.as_str(), page.fallback.as_str()), ("a page with 3 ads", ""), "{page:?}");
    }

    /// This visitor meets the fallback, for this reason.
    #[track_caller]
    fn falls_back(&self, headers: &[(&str, &str)], why: &str) -> Duration {
        let page = self.visit(headers);
        assert_eq!((page.text.as_str(), page.fallback.as_str()), ("a page without ads", why), "{page:?}");
        page.took
    }
}

fn token(issued: &Value) -> &str {
    issued["ticket"].as_str().unwrap()
}

const HEADER: &str = "x-waterbear-drill";

#[test]
fn the_holder_meets_the_fault_and_nobody_else() {
    let shop = Shop::open();
    let error = shop.issue(&json!({}));
    shop.is_well(&[]);
    assert_eq!(shop.ads.calls(), 1);
    shop.falls_back(&[(HEADER, token(&error))], "status");
    assert_eq!(shop.ads.calls(), 1, "ads is not even called");
    shop.is_well(&[]);

    let delay = shop.issue(&json!({"failure": "delay", "delay_ms": 150}));
    let page = shop.visit(&[(HEADER, token(&delay))]);
    assert_eq!(page.text, "a page with 3 ads");
    assert!(page.took >= Duration::from_millis(150), "{page:?}");
    assert_eq!(shop.ads.last_ticket().as_deref(), Some(token(&delay)), "the ticket travels on");
    let long = shop.issue(&json!({"failure": "delay", "delay_ms": 5_000}));
    assert!(shop.falls_back(&[(HEADER, token(&long))], "timeout") < Duration::from_secs(4));
    let timeout = shop.issue(&json!({"failure": "timeout"}));
    let took = shop.falls_back(&[(HEADER, token(&timeout))], "timeout");
    assert!((Duration::from_millis(400)..Duration::from_secs(10)).contains(&took), "{took:?}");

    let other_edge = shop.issue(&json!({"edges": [{"from": "storefront", "to": "cart"}]}));
    shop.is_well(&[(HEADER, token(&other_edge))]);
    assert_eq!(
        shop.ads.last_ticket().as_deref(),
        Some(token(&other_edge)),
        "it may be meant for someone further on"
    );
    shop.is_well(&[]);
    assert_eq!(shop.ads.last_ticket(), None);
}

#[test]
fn each_audience_is_chosen_over_the_wire() {
    let shop = Shop::open();
    let team = shop.issue(&json!({"audience": {"header": {"name": "X-Team", "value": "green"}}}));
    shop.falls_back(&[(HEADER, token(&team)), ("x-team", "green")], "status");
    shop.is_well(&[(HEADER, token(&team)), ("x-team", "blue")]);
    shop.is_well(&[(HEADER, token(&team))]);
    shop.is_well(&[("x-team", "green")]);
    let members = shop.issue(&json!({"audience": {"members": ["m1", "m2"]}}));
    shop.falls_back(&[(HEADER, token(&members)), ("x-member-id", "m2")], "status");
    shop.is_well(&[(HEADER, token(&members)), ("x-member-id", "m3")]);
    let half = shop.issue(&json!({"audience": {"percentage": 50}}));
    let met: Vec<bool> = (0..40)
        .map(|n| {
            !shop.visit(&[(HEADER, token(&half)), ("x-member-id", &format!("m{n}"))]).fallback.is_empty()
        })
        .collect();
    let hit = met.iter().filter(|met| **met).count();
    // One in a million fair draws lies outside.
    assert!((5..=35).contains(&hit), "{hit} of 40");
    for (n, met) in met.iter().enumerate().take(10) {
        let page = shop.visit(&[(HEADER, token(&half)), ("x-member-id", &format!("m{n}"))]);
        assert_eq!(!page.fallback.is_empty(), *met, "member {n} is met each time or never");
    }
}

#[test]
fn what_is_wrong_with_a_ticket_means_no_fault() {
    let shop = Shop::open();
    let issued = shop.issue(&json!({"minutes": 5}));
    let good = token(&issued).to_owned();
    shop.falls_back(&[(HEADER, &good)], "status");
    let parts: Vec<&str> = good.split('.').collect();
    let other = shop.issue(&json!({"failure": "timeout"}));
    let others: Vec<&str> = token(&other).split('.').collect();
    for bad in [
        format!("{}.{}.{}", parts[0], others[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], others[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{good}A"),
        good.to_uppercase(),
        "rubbish".to_owned(),
        "x".repeat(9_000),
        issued["id"].as_str().unwrap().to_owned(),
    ] {
        shop.is_well(&[(HEADER, &bad)]);
    }
    let elsewhere = shop.issue(&json!({"environment": "production"}));
    shop.is_well(&[(HEADER, token(&elsewhere))]);

    shop.drills.move_ahead(5 * 60 + 61);
    shop.is_well(&[(HEADER, &good)]);
    shop.drills.move_ahead(0);
    shop.falls_back(&[(HEADER, &good)], "status");

    let path = format!("/api/v1/drill-tickets/{}", issued["id"].as_str().unwrap());
    let _ = shop.waterbear.send(shop.waterbear.request("DELETE", &path)).expect(204);
    shop.drills.refresh(&shop.waterbear);
    shop.is_well(&[(HEADER, &good)]);

    let kept = shop.issue(&json!({}));
    let _ = shop.waterbear.cli(&["keys", "rotate", "--compromised"]).ok();
    shop.falls_back(&[(HEADER, token(&kept))], "status");
    shop.drills.refresh(&shop.waterbear);
    shop.is_well(&[(HEADER, token(&kept))]);
}

#[test]
fn a_service_that_is_called_can_fail_by_itself() {
    let shop = Shop::open();
    let guarded = Toy::ads(&shop.drills, true);
    let ask = |ticket: &str, patience: u64| {
        let request = shop.http.get(guarded.url()).timeout(Duration::from_millis(patience));
        if ticket.is_empty() { request.send() } else { request.header(HEADER, ticket).send() }
    };
    assert_eq!(ask("", 9_000).unwrap().status(), 200);
    let error = shop.issue(&json!({"status": 429}));
    assert_eq!(ask(token(&error), 9_000).unwrap().status(), 429);
    let delay = shop.issue(&json!({"failure": "delay", "delay_ms": 300}));
    let started = Instant::now();
    assert_eq!(ask(token(&delay), 9_000).unwrap().status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(300));
    let timeout = shop.issue(&json!({"failure": "timeout"}));
    assert!(ask(token(&timeout), 500).unwrap_err().is_timeout());
    assert_eq!(guarded.calls(), 2, "the ones that failed never reached it");
    assert_eq!(ask("", 9_000).unwrap().status(), 200);
}

#[test]
fn a_drill_of_the_fallback_is_run_and_its_result_tied_to_the_ticket() {
    let shop = Shop::open();
    let issued = shop.issue(&json!({}));
    let started = seconds_from_now(-1);
    let took = shop.falls_back(&[(HEADER, token(&issued))], "status");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let body = json!({"outcome": "passed", "started_at": started, "ended_at": seconds_from_now(0)});
    let request = shop.waterbear.request("POST", "/api/v1/drills").header(HEADER, token(&issued)).json(&body);
    let answer = shop.waterbear.send(request).expect(201).json();
    assert_eq!((&answer["service"], &answer["counted"]), (&json!("storefront"), &json!(true)));
    let ticket = shop.waterbear.json(&format!("/api/v1/drill-tickets/{}", issued["id"].as_str().unwrap()));
    assert_eq!(ticket["results"][0]["id"], answer["id"]);
    assert_eq!(ticket["results"][0]["target"], "ads");
}
