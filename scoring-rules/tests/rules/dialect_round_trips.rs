//! The dialects as text, for any settings: what is written is read back equal, and nothing spoilt breaks the reader.

use proptest::prelude::*;
use scoring_rules::degrader::{D2, Dialect, Grpc, Settings};
use serde_json::{Value, json};

use crate::dialect_texts::parsed;

/// Settings of a dialect with every value drawn, and made to fit together.
fn drawn(dialect: Dialect) -> impl Strategy<Value = Settings> {
    (proptest::collection::vec((1_u64..=100, any::<u32>(), 1e-9_f64..=1.0), 40), any::<bool>()).prop_map(
        move |(draws, extreme)| {
            let mut value = serde_json::to_value(Settings::defaults(dialect)).unwrap();
            let mut draws = draws.into_iter();
            draw(value.get_mut("settings").unwrap(), &mut draws, extreme);
            fitted(serde_json::from_value(value).unwrap())
        },
    )
}

fn draw(value: &mut Value, draws: &mut impl Iterator<Item = (u64, u32, f64)>, extreme: bool) {
    let Value::Object(map) = value else { return };
    for (key, value) in map.iter_mut() {
        let (small, large, share) = draws.next().unwrap();
        let duration =
            ["time", "interval", "window", "duration", "mark_dead"].iter().any(|word| key.contains(word))
                && !key.contains("size");
        let drawn = match value {
            Value::Object(_) => {
                draw(value, draws, extreme);
                continue;
            }
            Value::Bool(_) => json!(large % 2 == 0),
            Value::Null if large % 3 == 0 => Value::Null,
            Value::Null => json!(1 + large / 10_000),
            _ if key.starts_with("override") => continue,
            Value::Number(number) if number.is_f64() => {
                json!(if extreme { share } else { small as f64 / 100.0 })
            }
            Value::Number(_) if duration => json!(1 + u64::from(large) % 604_800_000),
            Value::Number(_) => json!(small),
            _ => continue,
        };
        *value = drawn;
    }
}

/// Puts right what two drawn values make wrong together.
fn fitted(mut settings: Settings) -> Settings {
    let order = |low: &mut i64, high: &mut i64| {
        if low > high {
            std::mem::swap(low, high);
        }
    };
    match &mut settings {
        Settings::D2(D2 { degrader, balancer, .. }) => {
            order(&mut degrader.low_latency, &mut degrader.high_latency);
            order(&mut degrader.low_outstanding, &mut degrader.high_outstanding);
            order(&mut balancer.cluster_min_calls_low, &mut balancer.cluster_min_calls_high);
            degrader.low_error_rate = degrader.low_error_rate.min(degrader.high_error_rate);
            balancer.low_water_mark = balancer.low_water_mark.min(balancer.high_water_mark);
            balancer.ring_ramp_factor += 1.0;
            degrader.load_balance_stream_exception = false;
        }
        Settings::Relative(of) => {
            of.relative_latency_high_threshold_factor += 1.0;
            of.low_error_rate = of.low_error_rate.min(of.high_error_rate);
            of.load_balance_stream_exception = false;
        }
        Settings::Envoy(of) => of.max_ejection_time = of.max_ejection_time.max(of.base_ejection_time),
        Settings::Grpc(of) => {
            of.max_ejection_time = of.max_ejection_time.max(of.base_ejection_time);
            // What is not there has no values.
            let rate = of.success_rate;
            let share = of.failure_percentage;
            let absent = Grpc::default();
            if !rate {
                of.success_rate_stdev_factor = absent.success_rate_stdev_factor;
                of.success_rate_enforcement = absent.success_rate_enforcement;
                of.success_rate_minimum_hosts = absent.success_rate_minimum_hosts;
                of.success_rate_request_volume = absent.success_rate_request_volume;
            }
            if !share {
                of.failure_percentage_threshold = absent.failure_percentage_threshold;
                of.failure_percentage_enforcement = absent.failure_percentage_enforcement;
                of.failure_percentage_minimum_hosts = absent.failure_percentage_minimum_hosts;
                of.failure_percentage_request_volume = absent.failure_percentage_request_volume;
            }
        }
        Settings::Resilience4j(of) if !of.time_based => {
            of.minimum_number_of_calls = of.minimum_number_of_calls.min(of.sliding_window_size);
        }
        Settings::Finagle(of) => {
            of.mark_dead_for_maximum = of.mark_dead_for_maximum.max(of.mark_dead_for_start);
        }
        Settings::Istio(_) | Settings::Resilience4j(_) => {}
    }
    settings
}

fn any_settings() -> impl Strategy<Value = Settings> {
    proptest::sample::select(Dialect::ALL.to_vec()).prop_flat_map(drawn)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(settings in any_settings(), service in "\\PC{1,12}|[a-z]{1,8}|[\\x00-\\x7f]{1,6}") {
        prop_assert_eq!(settings.check(), []);
        let document = parsed(&settings, &service);
        let reading = Settings::read(settings.dialect(), &document).unwrap();
        prop_assert_eq!((reading.settings, reading.notes), (settings, Vec::new()));
    }

    #[test]
    fn a_spoilt_document_is_refused_or_read_but_never_breaks(
        settings in any_settings(), at in any::<prop::sample::Index>(), junk in junk()
    ) {
        let mut document = parsed(&settings, "payments");
        let mut leaves = Vec::new();
        gather(&document, String::new(), &mut leaves);
        if let Some(place) = document.pointer_mut(&leaves[at.index(leaves.len())]) {
            *place = junk;
        }
        for dialect in Dialect::ALL {
            match Settings::read(dialect, &document) {
                Ok(reading) => prop_assert_eq!(reading.settings.check(), []),
                Err(wrong) => prop_assert!(!wrong.is_empty()),
            }
        }
    }
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}|-?[0-9.]{0,4}(ms|s|h|µs|e9|%)?|PT?[0-9]{0,3}[HMSD]?".prop_map(Value::from),
        Just(json!([{"route": 1}])),
        Just(json!({"value": {"value": 1}})),
    ]
}

fn gather(value: &Value, at: String, into: &mut Vec<String>) {
    into.push(at.clone());
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                gather(value, format!("{at}/{}", escaped(key)), into);
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                gather(value, format!("{at}/{i}"), into);
            }
        }
        _ => {}
    }
}
