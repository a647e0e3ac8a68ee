//! What if: nothing is written, and what is promised is what comes.

use harness::{Reply, Server, Value, json, passed};

const API: &str = "/api/v1/services/checkout/what-if";

fn with_drills() -> Server {
    let server = Server::with_checkout();
    for failure in ["code", "config", "cpu", "memory", "network", "dns"] {
        let _ = server.post_drill(&passed("checkout", failure)).expect(201);
    }
    server
}

fn asked(server: &Server, query: &str) -> Value {
    server.get(&format!("{API}?{query}")).expect(200).json()
}

fn page(server: &Server, query: &str) -> Reply {
    server.send(server.request_as("", "GET", &format!("/services/checkout/what-if?{query}")))
}

/// Pointers and details of a refusal.
fn wrong(server: &Server, query: &str) -> Vec<(String, String)> {
    let problem = server.get(&format!("{API}?{query}")).problem(422, "invalid");
    let text = |error: &Value, field: &str| error[field].as_str().unwrap_or_default().to_owned();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| (text(error, "pointer"), text(error, "detail"))).collect()
}

#[test]
fn nothing_tried_changes_nothing_and_nothing_is_ever_written() {
    let server = with_drills();
    // The nightly run may be due at the start, and says when it looked.
    let read = || {
        let mut card = server.scorecard("checkout");
        card["graded_at"] = Value::Null;
        card
    };
    let card = read();
    let events = server.json("/api/v1/events?limit=500");
    let still = asked(&server, "");
    assert_eq!(still["hypothetical"], true);
    assert_eq!(still["now"], still["then"]);
    assert_eq!((&still["now"]["score"], &still["now"]["grade"]), (&card["score"], &card["grade"]));
    assert_eq!((&still["rules"], &still["supposed"]), (&json!([]), &json!([])));
    let tried = asked(&server, "pass=drill-clock&rollback.schema_last_outcome=failed");
    assert_ne!(tried["now"], tried["then"]);
    assert!(page(&server, "pass=drill-clock").status == 200);
    assert_eq!(read(), card);
    assert_eq!(server.json("/api/v1/events?limit=500"), events);
}

#[test]
fn following_the_path_gives_the_grade_it_promises() {
    let server = with_drills();
    let card = server.scorecard("checkout");
    let path = &card["path"];
    assert!(path["steps"].as_array().is_some_and(|steps| !steps.is_empty()), "{path:#}");
    assert_eq!(path["cheapest"], true);
    let weight = |effort: &Value| match effort.as_str() {
        Some("minutes") => 1,
        Some("hours") => 4,
        _ => 16,
    };
    let steps = path["steps"].as_array().cloned().unwrap_or_default();
    let effort: i64 = steps.iter().map(|step| weight(&step["effort"])).sum();
    assert!(path["effort"].as_i64() >= Some(effort), "{path:#}");
    let mut taken = Vec::new();
    for step in &steps {
        taken.push(step["rule"].as_str().unwrap_or_default());
        let then = asked(&server, &format!("pass={}", taken.join(",")));
        assert_eq!(then["then"]["score"], step["score_after"], "after {taken:?}: {then:#}");
        assert_eq!(then["then"]["grade"], step["grade_after"], "after {taken:?}");
        assert!(step["why"].as_str().is_some_and(|why| why.len() > 10), "{step:#}");
    }
    assert_eq!(steps.last().map(|step| &step["grade_after"]), Some(&path["grade"]));
}

#[test]
fn a_fact_that_is_edited_does_what_the_evidence_then_does() {
    let server = with_drills();
    let query = "drills.clock_last_outcome=passed&drills.clock_days_since_passed=0";
    let supposed = asked(&server, query);
    let moved: Vec<&Value> =
        supposed["rules"].as_array().into_iter().flatten().map(|rule| &rule["id"]).collect();
    assert_eq!(moved, ["drill-clock"], "{supposed:#}");
    assert_eq!(supposed["rules"][0]["after"], "pass");
    assert_eq!(supposed["facts"][0]["before"], Value::Null);
    let answer = server.post_drill(&passed("checkout", "clock")).expect(201).json();
    assert_eq!(answer["score"]["after"], supposed["then"]["score"]);
    // And back: what is known now can be supposed away.
    let without = asked(&server, "drills.clock_last_outcome=unknown");
    assert_eq!(without["then"]["score"], supposed["now"]["score"]);
    // A tier decides which rules apply.
    let minor = asked(&server, "service.tier=4");
    assert_ne!(minor["then"]["possible"], minor["now"]["possible"]);
}

#[test]
fn what_is_wrong_is_told_by_field_with_what_was_meant() {
    let server = with_drills();
    let errors = wrong(
        &server,
        "pass=drill-dsn&rollback.config_days_since_pased=3&drills.regressed=perhaps&service.tier=x\
         &drills.dns_last_outcome=maybe&grade.score=100",
    );
    let of = |pointer: &str| {
        let found = errors.iter().find(|(known, _)| known == pointer);
        found.map_or_else(|| panic!("nothing of {pointer}: {errors:?}"), |(_, detail)| detail.clone())
    };
    assert!(of("?pass").contains("did you mean `drill-dns`?"));
    assert!(
        of("?rollback.config_days_since_pased").contains("did you mean `rollback.config_days_since_passed`?")
    );
    assert!(of("?drills.regressed").contains("yes or no"));
    assert!(of("?service.tier").contains("whole number"));
    assert!(of("?drills.dns_last_outcome").contains("one of passed"));
    assert!(of("?grade.score").contains("works out"));
    assert_eq!(wrong(&server, "drills.regressed=no&drills.regressed=yes")[0].1, "is given twice");
    let many: Vec<String> = (0..61).map(|n| format!("pass=r{n}")).collect();
    assert!(wrong(&server, &many.join("&"))[0].1.contains("at most 60"));
    let many: Vec<String> = (0..21).map(|n| format!("own.f{n}=1")).collect();
    assert!(wrong(&server, &many.join("&"))[0].1.contains("at most 20"));
    let _ = server.get("/api/v1/services/chekout/what-if").problem(404, "not_found");
    let _ = server.get(&format!("{API}?a=%00")).problem(422, "invalid");
}

#[test]
fn the_page_works_without_script_and_its_address_can_be_shared() {
    let server = with_drills();
    let card = server.send(server.request_as("", "GET", "/services/checkout")).expect(200).text();
    assert!(
        card.contains(">Try it</a>") && card.contains("/services/checkout/what-if?pass&#x3D;"),
        "no way there"
    );
    let html = page(&server, "pass=drill-clock&fact=service.tier&value=4").expect(200).text();
    for part in [
        "Hypothetical.",
        "name=\"pass\" value=\"drill-clock\" checked",
        "name=\"service.tier\" value=\"4\"",
        "href=\"/services/checkout/what-if?pass&#x3D;drill-clock&amp;service.tier&#x3D;4\"",
        "method=\"get\"",
    ] {
        assert!(html.contains(part), "{part} is not in the page:\n{html}");
    }
    let refused = page(&server, "service.teir=4&pass=nothing");
    assert_eq!(refused.status, 422);
    let html = refused.text();
    assert!(
        html.contains("aria-invalid=\"true\"")
            && html.contains("did you mean")
            && html.contains("service.tier"),
        "{html}"
    );
    assert_eq!(page(&server, "pass=drill-clock&fact=service.tier").status, 200, "a fact without a value yet");
}
