//! Traffic profiles as they are sent: what is refused, and where.

use scoring_rules::degrader::{Problem, Profile};
use serde_json::{Value, json};

fn base() -> Value {
    json!({"hosts": 50, "clients": 20, "qps": 5000, "latency": {"mean_ms": 7.5, "cv": 0.9}, "timeout_ms": 1000, "slo_ms": 50})
}

/// The usual profile with another value at this place.
fn with(key: &str, value: Value) -> Value {
    let mut profile = base();
    profile[key] = value;
    profile
}

fn refused(document: Value) -> Vec<Problem> {
    let profile: Profile = serde_json::from_value(document).unwrap();
    let wrong = profile.check().expect_err("it is accepted");
    assert!(wrong.iter().all(|problem| problem.detail.chars().count() < 200), "{wrong:#?}");
    wrong
}

fn places(wrong: &[Problem]) -> Vec<&str> {
    wrong.iter().map(|problem| problem.pointer.as_str()).collect()
}

#[test]
fn positions_are_no_objects() {
    let bucket = json!([[2, 5000]]);
    let good: Profile = serde_json::from_value(base()).unwrap();
    assert_eq!(serde_json::from_value::<Profile>(serde_json::to_value(&good).unwrap()).unwrap(), good);
    for document in [
        json!([50, 20, 5000, {"mean_ms": 7.5, "cv": 0.9}, 0, 1000, 50, [], 0.08, 0.001, 8, null]),
        json!([5, null, 5000, [7.5, 0.9, null, null, []], 0, 1000, null, [], 0.08, 0.001, 8, null]),
        with("latency", json!([7.5, 0.9, null, null, []])),
        with("latency", json!({"histogram": bucket})),
        with("day", json!([[1, 1]])),
    ] {
        let text = document.to_string();
        let from_value = serde_json::from_value::<Profile>(document).map_err(|e| e.to_string());
        let from_text = serde_json::from_str::<Profile>(&text).map_err(|e| e.to_string());
        for found in [from_value, from_text] {
            let said = found.expect_err(&text);
            assert!(said.contains("an object"), "{said}");
        }
    }
}

#[test]
fn what_is_no_finite_number_is_told_so() {
    for (key, value) in [("qps", Value::Null), ("error_rate", Value::Null), ("timeout_ms", json!("many"))] {
        let said = serde_json::from_value::<Profile>(with(key, value)).unwrap_err().to_string();
        assert!(said.contains("a finite number"), "{said}");
    }
    let said = serde_json::from_value::<Profile>(with("latency", json!({"mean_ms": "NaN", "cv": 1})));
    assert!(said.unwrap_err().to_string().contains("a finite number"));
}

#[test]
fn a_window_mean_is_not_below_the_mean() {
    let wrong = refused(with("window_mean_p999_ms", json!(7.4)));
    assert_eq!(places(&wrong), ["/window_mean_p999_ms"]);
    assert!(wrong[0].detail.contains("7.5"), "{}", wrong[0].detail);
    for told in [json!(7.5), json!(20), Value::Null] {
        let profile: Profile = serde_json::from_value(with("window_mean_p999_ms", told)).unwrap();
        assert!(profile.check().is_ok());
    }
}

#[test]
fn histograms_are_bounded_as_all_else() {
    let of = |buckets: Value| with("latency", json!({"histogram": buckets}));
    let at = |i: usize, key: &str| format!("/latency/histogram/{i}/{key}");
    let fine = json!({"le_ms": 2, "count": 5_000_000_000_000_u64});
    let last = json!({"le_ms": 1e9, "count": 6e12});
    let profile: Profile = serde_json::from_value(of(json!([fine, last]))).unwrap();
    assert!(profile.check().is_ok(), "counters of a long time are large");
    for (buckets, place) in [
        (json!([fine, {"le_ms": 1e308, "count": 6e12}]), at(1, "le_ms")),
        (json!([fine, {"le_ms": 1.1e9, "count": 6e12}]), at(1, "le_ms")),
        (json!([fine, {"le_ms": null, "count": 1.7e308}]), at(1, "count")),
        (json!([{"le_ms": 2, "count": 1.1e15}]), at(0, "count")),
        (json!([{"le_ms": -1e308, "count": 1}]), at(0, "le_ms")),
    ] {
        assert_eq!(places(&refused(of(buckets))), [place]);
    }
}

#[test]
fn no_refusal_prints_hundreds_of_digits() {
    for key in ["qps", "timeout_ms", "slo_ms", "error_rate", "host_cv", "hiccup_factor"] {
        let wrong = refused(with(key, json!(-1e300)));
        assert!(wrong[0].detail.ends_with("is -1e300"), "{}", wrong[0].detail);
    }
}
