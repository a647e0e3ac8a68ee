//! What each tool itself refuses is refused with its place and words that help; what it takes is taken.

use scoring_rules::degrader::{Dialect, Envoy, Grpc, Istio, Problem, Reading, Settings};
use serde_json::{Value, json};

pub(crate) fn read(dialect: Dialect, document: &Value) -> Reading {
    Settings::read(dialect, document).unwrap_or_else(|wrong| panic!("{document}\n{wrong:#?}"))
}

/// The only problem of a document, which lies at this place in it.
pub(crate) fn refused(dialect: Dialect, document: &Value, pointer: &str) -> Problem {
    let wrong = Settings::read(dialect, document).expect_err(&format!("{document} is accepted"));
    let [problem] = wrong.as_slice() else { panic!("{document}\n{wrong:#?}") };
    assert_eq!(problem.pointer, pointer, "{document}\n{}", problem.detail);
    assert!(document.pointer(pointer).is_some(), "{pointer} is no place in {document}");
    assert!(problem.detail.chars().count() < 250, "{}", problem.detail);
    problem.clone()
}

/// Each problem at its place, and with these words in it.
fn told(dialect: Dialect, cases: &[(Value, &str, &str)]) {
    for (document, pointer, words) in cases {
        let problem = refused(dialect, document, pointer);
        assert!(problem.detail.contains(words), "{document}\n{}", problem.detail);
    }
}

#[test]
fn d2_takes_whole_numbers_only_where_the_library_parses_whole_numbers() {
    let host = |key: &str, value: Value| json!({"degraderProperties": {format!("degrader.{key}"): value}});
    let latency = "/degraderProperties/degrader.highLatency";
    for value in [json!("400.5"), json!("400.0"), json!("4e2"), json!(400.5), json!("400 "), json!("")] {
        let problem = refused(Dialect::D2, &host("highLatency", value), latency);
        assert!(problem.detail.contains("whole number"), "{}", problem.detail);
    }
    for value in [json!("400"), json!("+400"), json!(400)] {
        let Settings::D2(d2) = read(Dialect::D2, &host("highLatency", value)).settings else { panic!() };
        assert_eq!(d2.degrader.high_latency, 400);
    }
    let rate = read(Dialect::D2, &host("lowErrorRate", json!("5e-1")));
    let Settings::D2(d2) = rate.settings else { panic!() };
    assert!((d2.degrader.low_error_rate - 0.5).abs() < 1e-12, "doubles are parsed as doubles");
}

#[test]
fn a_refusal_shows_what_was_sent_and_the_bounds_of_a_person() {
    let host = |key: &str, value: &str| json!({"degraderProperties": {format!("degrader.{key}"): value}});
    let calls = |key: &str| format!("http.loadBalancer.clusterMinCallCount.{key}");
    let low = calls("lowWaterMark");
    told(
        Dialect::D2,
        &[
            (host("upStep", "NaN"), "/degraderProperties/degrader.upStep", "must be a finite number"),
            (
                host("highErrorRate", "Infinity"),
                "/degraderProperties/degrader.highErrorRate",
                "finite number",
            ),
            (
                host("highLatency", "99999999999999999999"),
                "/degraderProperties/degrader.highLatency",
                "99999999999999999999",
            ),
            (host("upStep", "1e300"), "/degraderProperties/degrader.upStep", "is 1e300"),
            (
                json!({"loadBalancerStrategyProperties": {&low: "20"}}),
                &format!("/loadBalancerStrategyProperties/{low}"),
                "clusterMinCallCount.highWaterMark",
            ),
        ],
    );
    let threshold = "must be above 0 and at most 100";
    told(
        Dialect::Resilience4j,
        &[
            (json!({"failureRateThreshold": 0}), "/failureRateThreshold", threshold),
            (json!({"failureRateThreshold": 101}), "/failureRateThreshold", threshold),
            (json!({"failureRateThreshold": "NaN"}), "/failureRateThreshold", "finite number"),
        ],
    );
}

#[test]
fn istio_takes_the_durations_that_its_proxies_take() {
    let rule = |value: &str| json!({"spec": {"trafficPolicy": {"outlierDetection": {"interval": value}}}});
    let at = "/spec/trafficPolicy/outlierDetection/interval";
    told(
        Dialect::Istio,
        &[
            (rule("500us"), at, "at least 1ms"),
            (rule("1ns"), at, "at least 1ms"),
            (rule("1500us"), at, "whole milliseconds"),
            (rule("1d"), at, "duration"),
            (rule("10 s"), at, "duration"),
        ],
    );
    for (text, ms) in [("1ms", 1), ("1000us", 1), ("1m30s", 90_000), ("1.5s", 1_500), ("0.077s", 77)] {
        let expected = Istio { interval: ms, ..Istio::default() };
        assert_eq!(read(Dialect::Istio, &rule(text)).settings, Settings::Istio(expected), "{text}");
    }
}

#[test]
fn envoy_takes_both_spellings_of_protobuf_and_no_other() {
    let cluster = |block: Value| json!({"name": "payments", "http_filters": 1, "outlier_detection": block});
    let at = |key: &str| format!("/outlier_detection/{key}");
    for (key, meant) in [
        ("consecutive-5xx", "`consecutive_5xx`"),
        ("CONSECUTIVE_5XX", "`consecutive_5xx`"),
        ("Consecutive5xx", "`consecutive_5xx`"),
        ("failure_percentage_treshold", "`failure_percentage_threshold`"),
        ("consecutive_5xxx", "`consecutive_5xx`"),
        ("colour", "Envoy"),
    ] {
        let problem = refused(Dialect::Envoy, &cluster(json!({key: 7})), &at(key));
        assert!(problem.detail.contains(meant), "{key}: {}", problem.detail);
    }
    let twice = json!({"consecutive_5xx": 7, "consecutive5xx": 8});
    told(Dialect::Envoy, &[(cluster(twice), &at("consecutive_5xx"), "consecutive5xx")]);
    let long = "x".repeat(100_000);
    let problem = Settings::read(Dialect::Envoy, &cluster(json!({&long: 1}))).unwrap_err();
    assert!(problem[0].detail.len() < 250);
    for key in ["consecutive_5xx", "consecutive5xx"] {
        let reading = read(Dialect::Envoy, &cluster(json!({key: 7})));
        assert_eq!(reading.settings, Settings::Envoy(Envoy { consecutive_5xx: 7, ..Envoy::default() }));
        assert_eq!(reading.notes, []);
    }
    // Envoy knows it, and the simulation does not.
    let reading = read(Dialect::Envoy, &cluster(json!({"monitors": [], "detect_degraded_hosts": true})));
    assert_eq!(reading.notes.len(), 2, "{:?}", reading.notes);
}

#[test]
fn grpc_wants_objects_and_its_own_form() {
    let policy = |block: Value| json!({"loadBalancingConfig": [{"outlier_detection_experimental": block}]});
    let below = |key: &str| format!("/loadBalancingConfig/0/outlier_detection_experimental/{key}");
    for junk in [json!(true), json!([]), json!(1), json!("yes")] {
        for key in ["failurePercentageEjection", "successRateEjection"] {
            let problem = refused(Dialect::Grpc, &policy(json!({key: junk})), &below(key));
            assert!(problem.detail.contains("must be an object"), "{}", problem.detail);
        }
    }
    for key in ["enforcing_failure_percentage", "failure_percentage_threshold", "enforcingConsecutive5xx"] {
        let problem = refused(Dialect::Grpc, &policy(json!({key: 100})), &below(key));
        assert!(problem.detail.contains("dialect envoy"), "{}", problem.detail);
    }
    let xds = json!({"outlier_detection": {"interval": "5s", "enforcing_failure_percentage": 100}});
    let problem = refused(Dialect::Grpc, &xds, "/outlier_detection/enforcing_failure_percentage");
    assert!(problem.detail.contains("dialect envoy"), "{}", problem.detail);
}

#[test]
fn of_several_policies_the_first_that_grpc_knows_wins() {
    let ejecting = json!({"outlier_detection_experimental": {"failurePercentageEjection": {}}});
    let of = |list: Value| json!({"loadBalancingConfig": list});
    for (list, pointer) in [
        (json!([{"round_robin": {}}, ejecting]), "/loadBalancingConfig/0/round_robin"),
        (json!([{"their_own": {}}, {"pick_first": {}}, ejecting]), "/loadBalancingConfig/1/pick_first"),
    ] {
        let problem = refused(Dialect::Grpc, &of(list), pointer);
        assert!(problem.detail.contains("nobody"), "{}", problem.detail);
    }
    let expected = Settings::Grpc(Grpc { failure_percentage: true, ..Grpc::default() });
    for list in [json!([ejecting, {"round_robin": {}}]), json!([{"their_own": {}}, ejecting])] {
        assert_eq!(read(Dialect::Grpc, &of(list)).settings, expected);
    }
    let inner = json!([{"priority_experimental": {"children": {"a": {"config": [ejecting]}}}}]);
    assert_eq!(read(Dialect::Grpc, &of(inner)).settings, expected, "a policy of policies is looked into");
}
