//! The dialects as text: what each tool's documents say is read, what is written is read back, what is wrong is told.

use scoring_rules::degrader::{
    Context, D2, Dialect, Envoy, Finagle, Grpc, Istio, Problem, Reading, Resilience4j, Settings,
};
use serde_json::{Value, json};

use crate::dialects::traffic;

fn yaml(text: &str) -> Value {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    match <[Value; 1]>::try_from(documents) {
        Ok([one]) => one,
        Err(several) => Value::Array(several),
    }
}

/// Parses as the tool does, not as this crate.
pub(crate) fn parsed(settings: &Settings, service: &str) -> Value {
    let text = settings.write(&Context { service: service.to_owned() });
    match settings.dialect().format() {
        "json" => serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in\n{text}")),
        _ => yaml(&text),
    }
}

fn read(dialect: Dialect, document: &Value) -> Reading {
    Settings::read(dialect, document).unwrap_or_else(|wrong| panic!("{wrong:#?}"))
}

fn notes(reading: &Reading) -> Vec<&str> {
    reading.notes.iter().map(|note| note.pointer.as_str()).collect()
}

/// Where a document is refused.
fn refused(dialect: Dialect, document: &Value) -> Vec<String> {
    let wrong: Vec<Problem> = Settings::read(dialect, document).expect_err("it is accepted");
    assert!(wrong.iter().all(|problem| !problem.detail.is_empty()));
    wrong.into_iter().map(|problem| problem.pointer).collect()
}

#[test]
fn each_recommended_block_is_as_it_was() {
    for dialect in Dialect::ALL {
        let settings = Settings::recommend(dialect, &traffic());
        let text = settings.write(&Context { service: "payments".into() });
        insta::assert_snapshot!(format!("recommended-{}", dialect.id()), text);
        assert_eq!(settings.check(), [], "{}", dialect.id());
        let reading = read(dialect, &parsed(&settings, "payments"));
        assert_eq!((reading.settings, reading.notes), (settings, Vec::new()));
    }
}

#[test]
fn what_a_tool_leaves_out_is_at_its_defaults() {
    for (dialect, document) in [
        (Dialect::D2, json!({"degraderProperties": {}})),
        (Dialect::Relative, json!({"relativeStrategyProperties": {}})),
        (Dialect::Envoy, json!({"outlier_detection": {}})),
        (Dialect::Envoy, json!({})),
        (Dialect::Grpc, json!({"loadBalancingConfig": [{"outlier_detection_experimental": {}}]})),
        (Dialect::Istio, json!({"spec": {"trafficPolicy": {"outlierDetection": {}}}})),
        (Dialect::Resilience4j, json!({"resilience4j": {"circuitbreaker": {"instances": {"payments": {}}}}})),
        (Dialect::Finagle, json!({"failureAccrual": {}})),
    ] {
        let reading = read(dialect, &document);
        assert_eq!(reading.settings, Settings::defaults(dialect), "{document}");
        assert_eq!(reading.notes, [], "{document}");
    }
}

#[test]
fn d2_reads_property_maps_of_strings() {
    let reading = read(
        Dialect::D2,
        &json!({
            "path": "/payments", "serviceName": "payments",
            "degraderProperties": {"degrader.highLatency": "31", "degrader.lowLatency": "17",
                "degrader.latencyToUse": "PCT90", "degrader.upStep": "0.5", "degrader.logEnabled": "true"},
            "loadBalancerStrategyProperties": {"http.loadBalancer.updateIntervalMs": 2000},
            "transportClientProperties": {"http.requestTimeout": "1000", "http.poolSize": "200"},
        }),
    );
    let Settings::D2(d2) = &reading.settings else { panic!() };
    let mut expected = D2::default();
    expected.degrader.high_latency = 31;
    expected.degrader.low_latency = 17;
    expected.degrader.latency_to_use = scoring_rules::degrader::LatencyMetric::Pct90;
    expected.degrader.up_step = 0.5;
    expected.balancer.update_interval_ms = 2_000;
    expected.request_timeout_ms = Some(1_000);
    assert_eq!(*d2, expected);
    assert_eq!(notes(&reading), ["/degraderProperties/degrader.logEnabled"]);
}

#[test]
fn envoy_reads_clusters_and_routes() {
    let document = yaml(
        "static_resources:
  clusters:
  - name: payments
    connect_timeout: 0.25s
    outlier_detection:
      consecutive_5xx: {value: 7}
      interval: 0.5s
      baseEjectionTime: 15s
      max_ejection_percent: 50
      monitors: []
  listeners:
  - filter_chains:
    - routes:
      - match: {prefix: /}
        route: {cluster: payments, timeout: 1s, retry_policy: {retry_on: 5xx, per_try_timeout: 0.077s}}
",
    );
    let reading = read(Dialect::Envoy, &document);
    let expected = Envoy {
        consecutive_5xx: 7,
        interval: 500,
        base_ejection_time: 15_000,
        max_ejection_percent: 50,
        timeout: Some(1_000),
        per_try_timeout: Some(77),
        ..Envoy::default()
    };
    assert_eq!(reading.settings, Settings::Envoy(expected));
    assert_eq!(notes(&reading), ["/static_resources/clusters/0/outlier_detection/monitors"]);
    // A base beyond the usual maximum moves the maximum, as in Envoy itself.
    let reading = read(Dialect::Envoy, &json!({"base_ejection_time": "600s", "per_try_timeout": "2s"}));
    let Settings::Envoy(envoy) = reading.settings else { panic!() };
    assert_eq!((envoy.max_ejection_time, envoy.per_try_timeout), (600_000, Some(2_000)));
}

#[test]
fn grpc_reads_service_configs() {
    let document = json!({
        "loadBalancingConfig": [{"outlier_detection_experimental": {
            "interval": "5s", "base_ejection_time": "1s", "childPolicy": [{"round_robin": {}}],
            "failurePercentageEjection": {"threshold": 20, "requestVolume": 7},
        }}],
        "methodConfig": [{"name": [{}], "waitForReady": true}, {"name": [{"service": "p"}], "timeout": "0.077s"}],
    });
    let reading = read(Dialect::Grpc, &document);
    let expected = Grpc {
        interval: 5_000,
        failure_percentage: true,
        failure_percentage_threshold: 20,
        failure_percentage_request_volume: 7,
        timeout: Some(77),
        ..Grpc::default()
    };
    assert_eq!(reading.settings, Settings::Grpc(expected));
    // gRPC takes no other spelling, so it is told and not read.
    let [of_one_service, note] = reading.notes.as_slice() else { panic!("{:?}", reading.notes) };
    assert_eq!(of_one_service.pointer, "/methodConfig/1/timeout");
    assert_eq!(note.pointer, "/loadBalancingConfig/0/outlier_detection_experimental/base_ejection_time");
    assert!(note.detail.contains("`baseEjectionTime`"), "{}", note.detail);
}

#[test]
fn istio_reads_two_documents() {
    let document = yaml(
        "apiVersion: networking.istio.io/v1
kind: DestinationRule
spec:
  host: payments
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 100}}
    outlierDetection: {consecutive5xxErrors: 4, interval: 1m30s, baseEjectionTime: 15s, consecutiveErrors: 3}
---
kind: VirtualService
spec:
  http:
  - timeout: 500ms
    retries: {attempts: 2, perTryTimeout: 77ms}
",
    );
    let reading = read(Dialect::Istio, &document);
    let expected = Istio {
        consecutive_5xx_errors: 4,
        interval: 90_000,
        base_ejection_time: 15_000,
        timeout: Some(500),
        per_try_timeout: Some(77),
        ..Istio::default()
    };
    assert_eq!(reading.settings, Settings::Istio(expected));
    assert_eq!(notes(&reading), ["/0/spec/trafficPolicy/outlierDetection/consecutiveErrors"]);
}

#[test]
fn resilience4j_reads_an_instance_over_its_base() {
    let document = yaml(
        "resilience4j.circuitbreaker:
  configs:
    default: {sliding-window-size: 10, wait-duration-in-open-state: PT20S}
    shared: {failureRateThreshold: 30, slow-call-duration-threshold: 2000, sliding-window-size: 50}
  instances:
    payments:
      base-config: shared
      sliding-window-type: time_based
      minimumNumberOfCalls: 8
      waitDurationInOpenState: 10000ms
      registerHealthIndicator: true
resilience4j.timelimiter:
  instances:
    payments: {timeout-duration: 77ms, cancelRunningFuture: true}
x-keyed-per-host: true
",
    );
    let reading = read(Dialect::Resilience4j, &document);
    let expected = Resilience4j {
        failure_rate_threshold: 30.0,
        slow_call_duration_threshold: 2_000,
        time_based: true,
        sliding_window_size: 50,
        minimum_number_of_calls: 8,
        wait_duration_in_open_state: 10_000,
        timeout_duration: Some(77),
        keyed_per_host: true,
        ..Resilience4j::default()
    };
    assert_eq!(reading.settings, Settings::Resilience4j(expected));
    assert_eq!(notes(&reading), ["/resilience4j.circuitbreaker/instances/payments/registerHealthIndicator"]);
    // A small window with no minimum of its own: the library caps the default, and nobody is blamed.
    let reading = read(Dialect::Resilience4j, &json!({"slidingWindowSize": 10, "x-keyed-per-host": true}));
    assert_eq!(reading.notes, []);
    let Settings::Resilience4j(breaker) = reading.settings else { panic!() };
    assert_eq!((breaker.sliding_window_size, breaker.minimum_number_of_calls), (10, 10));
    assert!(breaker.keyed_per_host);
}

#[test]
fn finagle_reads_its_parameters() {
    let document = yaml(
        "failureAccrual:
  requiredSuccessRate: 0.85
  window: 10s
  markDeadFor: {start: 5s, maximum: PT1M}
requestTimeout: 77ms
responseClassifier: true
",
    );
    let expected = Finagle {
        required_success_rate: 0.85,
        window: 10_000,
        mark_dead_for_maximum: 60_000,
        request_timeout: Some(77),
        response_classifier: true,
        ..Finagle::default()
    };
    assert_eq!(read(Dialect::Finagle, &document).settings, Settings::Finagle(expected));
}

/// What each tool refuses, or takes silently and should not.
fn mistakes() -> Vec<(Dialect, &'static str, Value)> {
    use Dialect::{D2, Envoy, Finagle, Grpc, Istio, Relative, Resilience4j};
    vec![
        (D2, "/degraderProperties/degrader.lowLatency", json!("500")),
        (D2, "/degraderProperties/degrader.upStep", json!("0")),
        (D2, "/degraderProperties/degrader.upStep", json!("NaN")),
        (D2, "/degraderProperties/degrader.latencyToUse", json!("P90")),
        (D2, "/degraderProperties/degrader.minCallCount", json!("0")),
        (
            D2,
            "/loadBalancerStrategyProperties/http.loadBalancer.clusterMinCallCount.lowWaterMark",
            json!("11"),
        ),
        (Relative, "/relativeStrategyProperties/downStep", json!(-0.1)),
        (Envoy, "/max_ejection_percent", json!(101)),
        (Envoy, "/interval", json!("0s")),
        (Envoy, "/interval", json!("-1s")),
        (Envoy, "/interval", json!("10000ms")),
        (Envoy, "/interval", json!(10)),
        (Envoy, "/consecutive_5xx", json!(1.5)),
        (Envoy, "/consecutive_5xx", json!(5_000_000_000_u64)),
        (Envoy, "/clusters/0/outlier_detection/max_ejection_time", json!("10s")),
        (Grpc, "/failurePercentageEjection/threshold", json!(120)),
        (Grpc, "/interval", json!("1m")),
        (Istio, "/consecutive5xxErrors", json!(0)),
        (Istio, "/minHealthPercent", json!(-1)),
        (Istio, "/spec/trafficPolicy/outlierDetection/baseEjectionTime", json!("soon")),
        (Resilience4j, "/minimumNumberOfCalls", json!(200)),
        (Resilience4j, "/failure-rate-threshold", json!(0)),
        (Resilience4j, "/slidingWindowType", json!("CALL_BASED")),
        (Finagle, "/failureAccrual/markDeadFor/maximum", json!("1s")),
        (Finagle, "/requiredSuccessRate", json!(80)),
    ]
}

/// A document with this value at this place, and nothing else.
fn with_only(pointer: &str, value: Value) -> Value {
    pointer.rsplit('/').filter(|key| !key.is_empty()).fold(value, |inner, key| match key {
        "0" => json!([inner]),
        key => json!({ key: inner }),
    })
}

#[test]
fn what_no_tool_accepts_or_should_accept_is_refused_with_its_place() {
    for (dialect, pointer, value) in mistakes() {
        let document = with_only(pointer, value);
        assert_eq!(refused(dialect, &document), [pointer], "{document}");
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn a_document_with_nothing_of_the_tool_is_refused() {
    for dialect in Dialect::ALL {
        for document in [json!({"hello": 1}), json!([1, 2]), json!("text"), Value::Null] {
            assert_eq!(refused(dialect, &document), [""], "{} {document}", dialect.id());
        }
    }
}
