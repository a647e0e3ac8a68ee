//! Timeouts are those of the route to the service whose settings were read; whatever else there is, is told.

use scoring_rules::degrader::{Dialect, Reading, Settings};
use serde_json::{Value, json};

use crate::dialect_refusals::read;

/// The route's timeout and the try's, ms.
fn timeouts(reading: &Reading) -> (Option<u64>, Option<u64>) {
    match &reading.settings {
        Settings::Envoy(of) => (of.timeout, of.per_try_timeout),
        Settings::Istio(of) => (of.timeout, of.per_try_timeout),
        Settings::Grpc(of) => (of.timeout, None),
        other => panic!("{other:?}"),
    }
}

fn notes(reading: &Reading) -> Vec<&str> {
    reading.notes.iter().map(|note| note.pointer.as_str()).collect()
}

fn envoy(cluster: Value, routes: &Value) -> Value {
    json!({"clusters": [cluster], "virtual_hosts": [{"routes": routes}]})
}

#[test]
fn envoy_takes_the_route_to_the_cluster_that_was_read() {
    let named = json!({"name": "payments", "outlier_detection": {}});
    let search = json!({"route": {"cluster": "search", "timeout": "9s"}});
    let payments = json!({"route": {"cluster": "payments", "retry_policy": {"per_try_timeout": "0.077s"}}});
    let weighted = json!({"route": {"timeout": "2s",
        "weighted_clusters": {"clusters": [{"name": "search", "weight": 1}, {"name": "payments", "weight": 9}]}}});
    let bare = json!({"route": {"timeout": "3s"}});
    let unnamed = json!({"outlier_detection": {}});
    for (cluster, routes, expected, told) in [
        (&named, json!([search]), (None, None), vec![0]),
        (&named, json!([search, payments]), (None, Some(77)), vec![0]),
        (&named, json!([search, weighted]), (Some(2_000), None), vec![0]),
        (&named, json!([bare]), (Some(3_000), None), vec![]),
        (&named, json!([search, bare]), (None, None), vec![0, 1]),
        (&unnamed, json!([search]), (Some(9_000), None), vec![]),
        (&unnamed, json!([search, payments]), (None, None), vec![0, 1]),
    ] {
        let document = envoy(cluster.clone(), &routes);
        let reading = read(Dialect::Envoy, &document);
        assert_eq!(timeouts(&reading), expected, "{document}");
        let places: Vec<String> = told.iter().map(|i| format!("/virtual_hosts/0/routes/{i}/route")).collect();
        assert_eq!(notes(&reading), places, "{document}");
    }
}

#[test]
fn envoys_retry_policy_is_the_routes_own_or_else_its_virtual_hosts() {
    let of = |route: Value| {
        json!({"name": "payments", "outlier_detection": {}, "virtual_hosts": [
            {"retry_policy": {"per_try_timeout": "0.5s"}, "routes": [{"route": {"cluster": "search"}}]},
            {"retry_policy": {"per_try_timeout": "0.2s"}, "routes": [{"route": route}]},
        ]})
    };
    let inherited = json!({"cluster": "payments", "timeout": "1s"});
    assert_eq!(timeouts(&read(Dialect::Envoy, &of(inherited))), (Some(1_000), Some(200)));
    let nothing_of_its_own = json!({"cluster": "payments"});
    assert_eq!(timeouts(&read(Dialect::Envoy, &of(nothing_of_its_own))), (None, Some(200)));
    let own = json!({"cluster": "payments", "timeout": "1s", "retry_policy": {"per_try_timeout": "0.1s"}});
    assert_eq!(timeouts(&read(Dialect::Envoy, &of(own))), (Some(1_000), Some(100)));
    let without = json!({"cluster": "payments", "timeout": "1s", "retry_policy": {"retry_on": "5xx"}});
    assert_eq!(timeouts(&read(Dialect::Envoy, &of(without))), (Some(1_000), None));
}

#[test]
fn istio_takes_the_route_to_the_host_of_the_rule() {
    let of = |host: &str, routes: &Value| {
        json!([
            {"spec": {"host": host, "trafficPolicy": {"outlierDetection": {}}}},
            {"spec": {"http": routes}},
        ])
    };
    let to = |host: &str, timeout: &str| json!({"timeout": timeout, "retries": {"perTryTimeout": "50ms"}, "route": [{"destination": {"host": host}}]});
    let both = json!([to("search", "9s"), to("payments", "1s")]);
    for host in ["payments", "payments.default.svc.cluster.local"] {
        let reading = read(Dialect::Istio, &of(host, &both));
        assert_eq!(timeouts(&reading), (Some(1_000), Some(50)), "{host}");
        assert_eq!(notes(&reading), ["/1/spec/http/0"]);
    }
    let reading = read(Dialect::Istio, &of("billing", &both));
    assert_eq!(timeouts(&reading), (None, None));
    assert_eq!(notes(&reading), ["/1/spec/http/0", "/1/spec/http/1"]);
    let nowhere = read(Dialect::Istio, &of("payments", &json!([{"timeout": "1s"}])));
    assert_eq!(timeouts(&nowhere), (Some(1_000), None), "the only one there is");
}

#[test]
fn grpc_takes_the_default_entry_first_and_says_what_else_it_took() {
    let of = |methods: Value| json!({"loadBalancingConfig": [{"outlier_detection_experimental": {}}], "methodConfig": methods});
    let entry = |name: Value, timeout: &str| json!({"name": [name], "timeout": timeout});
    let pay = entry(json!({"service": "pay", "method": "Refund"}), "9s");
    let reading = read(Dialect::Grpc, &of(json!([pay, entry(json!({}), "1s")])));
    assert_eq!(timeouts(&reading), (Some(1_000), None));
    assert_eq!(notes(&reading), ["/methodConfig/0"]);
    let reading = read(Dialect::Grpc, &of(json!([{"name": [{}]}, pay])));
    assert_eq!(timeouts(&reading), (Some(9_000), None));
    assert_eq!(notes(&reading), ["/methodConfig/1/timeout"]);
    assert!(reading.notes[0].detail.contains("pay/Refund"), "{}", reading.notes[0].detail);
}

/// A long key over a long list, thousands of routes, deep nesting: none of it costs much.
#[test]
fn a_hostile_document_costs_little() {
    let deep = (0..100).fold(json!({"route": {"timeout": "1s"}}), |inner, _| json!({"a": inner}));
    let routes: Vec<Value> =
        (0..20_000).map(|i| json!({"route": {"cluster": format!("c{i}"), "timeout": "1s"}})).collect();
    let document = json!({
        "k".repeat(400_000): vec![json!([]); 200_000], "deep": deep, "routes": routes,
        "clusters": [{"name": "payments", "outlier_detection": {}}],
    });
    let begun = std::time::Instant::now();
    for dialect in Dialect::ALL {
        if let Ok(reading) = Settings::read(dialect, &document) {
            assert!(reading.notes.len() <= 200, "{}", reading.notes.len());
        }
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
