//! Our own drill results.

use serde_json::{Value, json};

use super::super::{BatchLine, Format, Hints, Reading, batch_lines, check_times};
use super::{at, drill_of, invalid, malformed};
use crate::types::{DrillKind, Outcome, RollbackOutcome, Timestamp};

fn smallest() -> Value {
    json!({
        "service": "storefront", "failure": "dns", "environment": "staging", "outcome": "passed",
        "started_at": "2026-11-20T10:00:00Z", "ended_at": "2026-11-20T10:05:00+00:00",
    })
}

fn with(extra: Value) -> Value {
    let mut body = smallest();
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn read(body: &Value) -> Reading {
    drill_of(Format::Drill, body.to_string().as_bytes(), &Hints::default())
}

fn refused(body: &Value) -> Vec<crate::error::FieldError> {
    invalid(Format::Drill, body.to_string().as_bytes(), &Hints::default())
}

#[test]
fn the_smallest_result_is_enough() {
    let reading = read(&smallest());
    assert_eq!(reading.kind, Some(DrillKind::Infrastructure));
    assert_eq!(reading.outcome, Outcome::Passed);
    assert_eq!(reading.rollback.outcome, RollbackOutcome::NotTested);
    assert_eq!(reading.tool, "waterbear");
    assert!(!reading.reason.is_empty());
}

#[test]
fn the_object_of_the_integration_guide_is_read() {
    let body = json!({"service":"component:default/storefront","drill":"ads-outage","failure_class":"dependency_error",
        "environment":"staging","started_at":"2026-11-20T10:00:00Z","ended_at":"2026-11-20T10:05:00Z","outcome":"passed",
        "rollback":{"outcome":"succeeded","seconds":41},"evidence":[{"kind":"url","href":"https://ci.example/1"}],
        "source":{"run_id":"9001"}});
    let reading = read(&body);
    assert_eq!(reading.title.as_deref(), Some("ads-outage"));
    assert_eq!(reading.failure.as_deref(), Some("dependency_error"));
    assert_eq!(reading.kind, Some(DrillKind::Dependency));
    assert_eq!(reading.rollback.seconds, Some(41.0));
    assert_eq!(reading.evidence[0].href, "https://ci.example/1");
    assert_eq!(reading.run_id.as_deref(), Some("9001"));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let body = json!({"servce": "x", "failure": "latencyy", "outcome": "pased", "started_at": "yesterday",
        "ended_at": 5, "exploratory": "yes", "detected_after_seconds": -1, "evidence": [{"kind": "url", "href": "javascript:alert(1)"}, 7],
        "rollback": {"outcome": "fine", "secs": 3}, "source": {"tol": "x"}, "kind": "infra"});
    let fields = refused(&body);
    assert!(at(&fields, "/servce").contains("did you mean `service`"));
    assert!(at(&fields, "/service").contains("required"));
    assert!(at(&fields, "/environment").contains("required"));
    assert!(at(&fields, "/failure").contains("Did you mean `latency`?"));
    assert!(at(&fields, "/outcome").contains("Did you mean `passed`?"));
    assert!(at(&fields, "/started_at").contains("RFC 3339"));
    assert!(at(&fields, "/ended_at").contains("found a number"));
    assert!(at(&fields, "/exploratory").contains("true or false"));
    assert!(at(&fields, "/detected_after_seconds").contains("from 0"));
    assert!(at(&fields, "/evidence/0/href").contains("http"));
    assert!(at(&fields, "/evidence/1").contains("an object"));
    assert!(at(&fields, "/rollback/outcome").contains("succeeded"));
    assert!(at(&fields, "/rollback/secs").contains("unknown field"));
    assert!(at(&fields, "/source/tol").contains("did you mean `tool`"));
    assert!(at(&fields, "/kind").contains("infrastructure"));
}

#[test]
fn kind_and_failure_must_agree() {
    assert!(at(&refused(&with(json!({"kind": "rollback"}))), "/kind").contains("contradicts"));
    assert_eq!(read(&with(json!({"kind": "infrastructure"}))).kind, Some(DrillKind::Infrastructure));
    let both = with(json!({"failure_class": "latency"}));
    assert!(at(&refused(&both), "/failure_class").contains("one of the two"));
}

#[test]
fn hints_fill_and_win() {
    let hints = Hints {
        service: Some("other".into()),
        environment: Some(" prod ".into()),
        target: Some(String::new()),
        ..Hints::default()
    };
    let reading = drill_of(Format::Drill, smallest().to_string().as_bytes(), &hints);
    assert_eq!(reading.service.as_deref(), Some("other"));
    assert_eq!(reading.environment.as_deref(), Some("prod"));
    assert_eq!(reading.target, None);
}

#[test]
fn a_rollback_drill_is_its_own_rollback_verdict() {
    for (outcome, verdict) in [
        ("passed", RollbackOutcome::Succeeded),
        ("failed", RollbackOutcome::Failed),
        ("inconclusive", RollbackOutcome::NotTested),
        ("rehearsal", RollbackOutcome::NotTested),
    ] {
        let body = with(json!({"failure": "config", "outcome": outcome}));
        assert_eq!(read(&body).rollback.outcome, verdict);
    }
    let said = with(json!({"failure": "config", "rollback": {"outcome": "suspect"}}));
    assert_eq!(read(&said).rollback.outcome, RollbackOutcome::Suspect);
}

#[test]
fn strings_are_bounded_and_clean() {
    let long = "x".repeat(256);
    let fields = refused(&with(
        json!({"service": long, "target": "a\u{0}b", "environment": "  ", "hypothesis": "x".repeat(5000), "external_id": "\u{1b}[31m"}),
    ));
    assert!(at(&fields, "/service").contains("256 bytes"));
    assert!(at(&fields, "/target").contains("control"));
    assert!(at(&fields, "/environment").contains("empty"));
    assert!(at(&fields, "/hypothesis").contains("4096"));
    assert!(at(&fields, "/external_id").contains("control"));
    let many = vec![json!({"kind": "url", "href": "https://a.example"}); 21];
    assert!(at(&refused(&with(json!({"evidence": many}))), "/evidence").contains("at most 20"));
    for href in
        ["https://", "http:///x", "ftp://a", "https://a b", "https://a\n", "//a", "https://:80", "data:x"]
    {
        let body = with(json!({"evidence": [{"kind": "url", "href": href}]}));
        assert!(!at(&refused(&body), "/evidence/0/href").is_empty(), "{href}");
    }
}

#[test]
fn seconds_are_sane() {
    for (seconds, good) in [
        (json!(0), true),
        (json!(1.5), true),
        (json!(-0.1), false),
        (json!(1e12), false),
        (json!("3"), false),
    ] {
        let body = with(json!({"recovered_after_seconds": seconds}));
        let read = super::super::read(Format::Drill, body.to_string().as_bytes(), &Hints::default());
        assert_eq!(read.is_ok(), good, "{body}");
    }
}

#[test]
fn bodies_that_cannot_be_read_say_where() {
    assert!(malformed(Format::Drill, b"{\n \"a\": 1,\n}").contains("line 3, column 1"));
    assert!(malformed(Format::Drill, b"").contains("line 1"));
    assert!(malformed(Format::Drill, b"{\"a\xff\": 1}").contains("byte 4 is not UTF-8; send UTF-8"));
    assert!(malformed(Format::Drill, b"\xff\xfe{\0}\0").contains("send UTF-8"));
    assert!(malformed(Format::Drill, b"{\0}\0").contains("UTF-16"));
    assert!(malformed(Format::Drill, b"{\"a\": 1, \"a\": 2}").contains("`a` appears twice"));
    assert!(malformed(Format::Drill, b"{} {}").contains("line 1, column 4"));
    let deep = "[".repeat(10_000);
    assert!(malformed(Format::Drill, deep.as_bytes()).contains("recursion"));
    let wide = format!("[{}0]", "0,".repeat(1_100_000));
    assert!(malformed(Format::Drill, wide.as_bytes()).contains("more values"));
    let fields = invalid(Format::Drill, b"[1]", &Hints::default());
    assert!(at(&fields, "").contains("an array"));
}

#[test]
fn a_byte_order_mark_is_fine_and_key_order_does_not_change_the_hash() {
    let body = smallest().to_string();
    let marked = format!("\u{feff}{body}");
    let one = drill_of(Format::Drill, body.as_bytes(), &Hints::default());
    let other = drill_of(Format::Drill, marked.as_bytes(), &Hints::default());
    assert_eq!(one.content_sha256, other.content_sha256);
    let turned = "{\"b\": {\"y\": 1, \"x\": 2}, \"a\": [1.0, null]}";
    let value = super::super::json::parse(turned).unwrap();
    assert_eq!(super::super::json::canonical(&value), "{\"a\":[1.0,null],\"b\":{\"x\":2,\"y\":1}}");
}

#[test]
fn pointers_are_escaped() {
    let fields = refused(&with(json!({"a/b~c": 1})));
    assert!(at(&fields, "/a~1b~0c").contains("unknown"));
}

#[test]
fn times_are_checked_against_now() {
    let now = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
    let time = |text: &str| Timestamp::parse(text).unwrap();
    assert!(check_times(time("2026-11-20T09:00:00Z"), time("2026-11-20T10:04:59Z"), now).is_empty());
    let late = check_times(time("2026-11-20T09:00:00Z"), time("2026-11-20T10:05:01Z"), now);
    assert!(at(&late, "/ended_at").contains("future"));
    let old = check_times(time("1970-01-01T00:00:00Z"), time("1970-01-01T00:00:01Z"), now);
    assert!(at(&old, "/started_at").contains("2000"));
    let turned = check_times(time("2026-11-20T09:00:00Z"), time("2026-11-20T08:00:00Z"), now);
    assert!(at(&turned, "/ended_at").contains("before started_at"));
}

#[test]
fn batch_lines_keep_their_numbers() {
    let lines: Vec<_> = batch_lines(b"\xEF\xBB\xBF{\"a\":1}\r\n\r\n  \n{}\n{").collect();
    assert_eq!(
        lines,
        [
            BatchLine { number: 1, body: b"{\"a\":1}" },
            BatchLine { number: 4, body: b"{}" },
            BatchLine { number: 5, body: b"{" },
        ]
    );
}
