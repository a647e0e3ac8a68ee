//! Resilience4j as Spring reads it: relaxed words, flattened keys, durations, and configurations over configurations.

use scoring_rules::degrader::{Context, Dialect, Reading, Resilience4j, Settings};
use serde_json::{Value, json};

use crate::dialect_refusals::{read, refused};

fn breaker(document: &Value) -> (Resilience4j, Reading) {
    let reading = read(Dialect::Resilience4j, document);
    let Settings::Resilience4j(of) = reading.settings.clone() else { panic!() };
    (of, reading)
}

fn instances(of: Value) -> Value {
    json!({"resilience4j": {"circuitbreaker": {"instances": of}}})
}

#[test]
fn words_are_relaxed() {
    for (word, time_based) in [
        ("time-based", true),
        ("TIME_BASED", true),
        ("timeBased", true),
        ("count-based", false),
        ("Count_Based", false),
    ] {
        let (of, _) = breaker(&json!({"sliding-window-type": word}));
        assert_eq!(of.time_based, time_based, "{word}");
    }
    refused(Dialect::Resilience4j, &json!({"sliding-window-type": "call-based"}), "/sliding-window-type");
}

#[test]
fn durations_are_those_of_spring() {
    for (value, ms) in [
        (json!("10S"), 10_000),
        (json!("+10s"), 10_000),
        (json!("500"), 500),
        (json!(500), 500),
        (json!("2M"), 120_000),
        (json!("1500us"), 2),
        (json!("1d"), 86_400_000),
        (json!("PT1M30S"), 90_000),
        (json!("pt1.5s"), 1_500),
        (json!("P1DT-1H"), 82_800_000),
    ] {
        let (of, _) = breaker(&json!({"waitDurationInOpenState": value}));
        assert_eq!(of.wait_duration_in_open_state, ms, "{value}");
    }
    for value in [
        json!("1m30s"),
        json!("1.5s"),
        json!("10.5"),
        json!(10.5),
        json!("10 s"),
        json!("-10s"),
        json!("10µs"),
        json!("PT1S2M"),
        json!("PT"),
        json!("P1.5D"),
        json!("s"),
        json!(""),
    ] {
        let document = json!({"waitDurationInOpenState": value});
        refused(Dialect::Resilience4j, &document, "/waitDurationInOpenState");
    }
}

#[test]
fn flattened_keys_are_as_good_as_nested_ones() {
    let expected = Resilience4j {
        sliding_window_size: 10,
        minimum_number_of_calls: 10,
        timeout_duration: Some(77),
        ..Resilience4j::default()
    };
    let limiter = json!({"instances": {"backendA": {"timeoutDuration": "77ms"}}});
    for document in [
        json!({"resilience4j.circuitbreaker.instances.backendA.sliding-window-size": 10,
            "resilience4j.timelimiter.instances.backendA.timeout-duration": "77ms"}),
        json!({"resilience4j.circuitbreaker.instances": {"backendA": {"slidingWindowSize": 10}},
            "resilience4j.timelimiter": limiter}),
        json!({"resilience4j": {"circuitbreaker": {"instances.backendA": {"slidingWindowSize": 10}},
            "timelimiter": limiter}}),
        json!({"resilience4j.circuitbreaker.instances[backendA].slidingWindowSize": 10,
            "resilience4j": {"timelimiter": limiter}}),
    ] {
        let (of, reading) = breaker(&document);
        assert_eq!((of, reading.notes), (expected.clone(), vec![]), "{document}");
    }
    // Several keys of one instance come together, and each place is the one in the document.
    let key = |leaf: &str| format!("resilience4j.circuitbreaker.instances.a.{leaf}");
    let window = key("sliding-window-size");
    let (of, _) = breaker(&json!({&window: 20, key("minimum-number-of-calls"): 5}));
    assert_eq!((of.sliding_window_size, of.minimum_number_of_calls), (20, 5));
    refused(Dialect::Resilience4j, &json!({&window: 0}), &format!("/{window}"));
    let mixed = json!({"resilience4j.circuitbreaker": {"instances.a": {"slidingWindowSize": 0}}});
    refused(Dialect::Resilience4j, &mixed, "/resilience4j.circuitbreaker/instances.a/slidingWindowSize");
    let nested_too = json!({"resilience4j.circuitbreaker.configs.default.slidingWindowSize": 20,
        "resilience4j": {"circuitbreaker": {"instances": {"a": {"slidingWindowSize": 0}}}}});
    refused(Dialect::Resilience4j, &nested_too, "/resilience4j/circuitbreaker/instances/a/slidingWindowSize");
}

#[test]
fn a_name_that_spring_would_take_apart_is_written_in_brackets() {
    let settings = Settings::Resilience4j(Resilience4j::default());
    let text = settings.write(&Context { service: "payments.api".into() });
    assert!(text.contains("\"[payments.api]\":"), "{text}");
    let text = settings.write(&Context { service: "payments-api2".into() });
    assert!(text.contains("\"payments-api2\":"), "{text}");
}

#[test]
fn many_dotted_keys_cost_little() {
    let key = |i: usize| format!("{}x{i}", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.".repeat(20));
    let mut map: serde_json::Map<String, Value> = (0..20_000).map(|i| (key(i), json!(i))).collect();
    map.insert("resilience4j.circuitbreaker.instances.a.slidingWindowSize".into(), json!(10));
    map.insert("k".repeat(300_000), json!({"a.b": {"c.d": vec![json!({"e.f": 1}); 20_000]}}));
    let begun = std::time::Instant::now();
    let _ = Settings::read(Dialect::Resilience4j, &Value::Object(map));
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn a_chain_of_configurations_is_followed() {
    let of = |root: Value| {
        json!({"resilience4j": {"circuitbreaker": {
            "configs": {
                "default": {"slidingWindowSize": 7},
                "mid": {"baseConfig": "ground", "failureRateThreshold": 30, "waitDurationInOpenState": "20s"},
                "ground": root,
            },
            "instances": {"a": {"base-config": "mid", "failureRateThreshold": 20}},
        }}})
    };
    let (breaker, _) = breaker(&of(json!({"waitDurationInOpenState": "30s", "slowCallRateThreshold": 40})));
    let expected = Resilience4j {
        failure_rate_threshold: 20.0,
        slow_call_rate_threshold: 40.0,
        wait_duration_in_open_state: 20_000,
        ..Resilience4j::default()
    };
    assert_eq!(breaker, expected);
    let cycle = of(json!({"baseConfig": "mid"}));
    let at = "/resilience4j/circuitbreaker/configs/ground/baseConfig";
    let problem = refused(Dialect::Resilience4j, &cycle, at);
    assert!(problem.detail.contains("itself"), "{}", problem.detail);
    let unknown = of(json!({"baseConfig": "defualt"}));
    let problem = refused(Dialect::Resilience4j, &unknown, at);
    assert!(problem.detail.contains("`default`"), "{}", problem.detail);
    let nope = instances(json!({"a": {"baseConfig": "nope"}}));
    refused(Dialect::Resilience4j, &nope, "/resilience4j/circuitbreaker/instances/a/baseConfig");
    let number = instances(json!({"a": {"baseConfig": 1}}));
    refused(Dialect::Resilience4j, &number, "/resilience4j/circuitbreaker/instances/a/baseConfig");
}

#[test]
fn a_breaker_without_a_name_takes_no_limiter_of_another_name() {
    let limiter = json!({"instances": {"zzz": {"timeoutDuration": "9s"}}});
    let by_default =
        json!({"resilience4j": {"circuitbreaker": {"configs": {"default": {}}}, "timelimiter": limiter}});
    let (of, reading) = breaker(&by_default);
    assert_eq!((of.timeout_duration, reading.notes.len()), (None, 1), "{:?}", reading.notes);
    let bare = json!({"slidingWindowSize": 10, "timelimiter": limiter});
    assert_eq!(
        breaker(&bare).0.timeout_duration,
        Some(9_000),
        "there is no other breaker that it could belong to"
    );
}

#[test]
fn the_time_limiter_is_that_of_the_instance_that_was_read() {
    let of = |limiter: Value| json!({"resilience4j": {"circuitbreaker": {"instances": {"a": {}}}, "timelimiter": limiter}});
    let slow = json!({"timeoutDuration": "9s"});
    let own = json!({"timeoutDuration": "1s"});
    let at = "/resilience4j/timelimiter";
    for (limiter, expected, told) in [
        (json!({"instances": {"a": own, "zzz": slow}}), Some(1_000), vec![]),
        (json!({"instances": {"0": slow, "a": own}}), Some(1_000), vec![]),
        (json!({"instances": {"zzz": slow}}), None, vec![format!("{at}/instances")]),
        (
            json!({"instances": {"zzz": slow}, "configs": {"default": own}}),
            Some(1_000),
            vec![format!("{at}/instances")],
        ),
        (json!({"configs": {"default": own}}), Some(1_000), vec![]),
        (json!({"configs": {"default": slow}, "instances": {"a": own}}), Some(1_000), vec![]),
    ] {
        let document = of(limiter);
        let (breaker, reading) = breaker(&document);
        assert_eq!(breaker.timeout_duration, expected, "{document}");
        let notes: Vec<&str> = reading.notes.iter().map(|note| note.pointer.as_str()).collect();
        assert_eq!(notes, told, "{document}");
        assert!(reading.notes.iter().all(|note| note.detail.contains("`a`")), "{:?}", reading.notes);
    }
}
