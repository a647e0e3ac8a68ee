//! Where settings help little or nothing: no score for it, no advice that does harm.

use proptest::prelude::*;
use scoring_rules::degrader::{Assessment, D2, Dialect, Profile, Settings, Tuning, assess, tune};
use serde_json::{Value, json};

use crate::tuner::ids;

fn profile(value: &Value) -> scoring_rules::degrader::Traffic {
    let profile: Profile = serde_json::from_value(value.clone()).unwrap();
    profile.check().unwrap()
}

/// 5,000 calls a second of 7.5 ms over 50 hosts.
fn usual(error_rate: f64) -> Value {
    json!({"hosts": 50, "clients": 20, "qps": 5000, "latency": {"mean_ms": 7.5, "cv": 0.9}, "error_rate": error_rate,
        "timeout_ms": 1000, "slo_ms": 50})
}

fn of(dialect: Dialect, traffic: &Value) -> Assessment {
    assess(&Settings::defaults(dialect), &profile(traffic))
}

/// What a reader may rely on, whatever the traffic.
fn sound<S>(tuning: &Tuning<S>) {
    let current = &tuning.current;
    if tuning.score > 0.0 {
        assert!(current.objective < 1.0, "no better than no defence, and scores {}", tuning.score);
    }
    assert!(tuning.best.objective <= current.objective || !tuning.hard_failures.is_empty());
    if let Some(better) = &tuning.recommended {
        assert!(better.judged.objective < 1.0 && better.score > 0.0, "{}", better.judged.objective);
        assert!(!better.judged.refuses_healthy());
        assert!(!tuning.hard_failures.is_empty() || better.judged.objective < current.objective);
    }
    // "Good as it is" is for settings that defend.
    assert!(
        tuning.recommended.is_some()
            || !tuning.refusals.is_empty()
            || tuning.score >= 90.0
            || current.objective - tuning.best.objective <= 0.03
    );
}

#[test]
fn errors_that_are_usual_do_not_make_poor_settings_good() {
    let score = |errors: f64| tune(&D2::default(), &profile(&usual(errors))).score;
    assert!(score(0.0) < 50.0);
    for errors in [0.2, 0.3, 0.4, 0.45] {
        assert!(score(errors) < 85.0, "{errors}: {}", score(errors));
    }
    for dialect in Dialect::ALL {
        for errors in [0.1, 0.3, 0.6, 0.9] {
            sound(&of(dialect, &usual(errors)).tuning);
        }
    }
    let many = json!({"hosts": 20, "clients": 2, "qps": 50000, "latency": {"mean_ms": 83.2, "cv": 0.3},
        "error_rate": 0.1, "timeout_ms": 1000, "slo_ms": 332.8});
    let tuning = tune(&D2::default(), &profile(&many));
    assert!(
        tuning.score < 90.0 && tuning.best.objective < 0.15,
        "{} {}",
        tuning.score,
        tuning.best.objective
    );
}

#[test]
fn where_nothing_helps_no_score_is_earned_and_nothing_recommended() {
    let slower_than_the_timeout = json!({"hosts": 2, "qps": 1405.7, "latency": {"mean_ms": 1442.2, "cv": 0.5},
        "error_rate": 0.05, "timeout_ms": 1000});
    let few = json!({"hosts": 10, "clients": 1, "qps": 2.049, "latency": {"mean_ms": 7.06, "cv": 0.2},
        "timeout_ms": 1000});
    let short = json!({"hosts": 50, "clients": 20, "qps": 5000, "latency": {"mean_ms": 7.5, "cv": 0.9},
        "timeout_ms": 1, "slo_ms": 50});
    let d2 = of(Dialect::D2, &short).tuning;
    assert_eq!((d2.score, ids(&d2.refusals)), (0.0, vec!["bad_already"]));
    for traffic in [&slower_than_the_timeout, &usual(1.0)] {
        // An unclassified error is none to Finagle.
        for dialect in Dialect::ALL.into_iter().filter(|dialect| *dialect != Dialect::Finagle) {
            let tuning = of(dialect, traffic).tuning;
            sound(&tuning);
            let refused = ids(&tuning.refusals);
            let said = refused.contains(&"nothing_helps") || refused.contains(&"bad_already");
            assert!(said && tuning.recommended.is_none(), "{dialect:?} {traffic}: {refused:?}");
        }
    }
    let grpc = of(Dialect::Grpc, &few).tuning;
    assert!(grpc.score < 1.0 && !grpc.refusals.is_empty() || grpc.recommended.is_some(), "{}", grpc.score);
}

#[test]
fn wild_latency_is_left_to_the_other_marks() {
    let wild = json!({"hosts": 2, "qps": 1.858, "latency": {"p50_ms": 153.748, "p99_ms": 1645.016}, "timeout_ms": 1000,
        "clients": 1, "slo_ms": 1229.98});
    let tuning = tune(&D2::default(), &profile(&wild));
    assert!(tuning.score < 50.0, "a quarter of healthy traffic is dropped, and that scores {}", tuning.score);
    assert!(
        tuning.best.objective < 0.9 && tuning.best.healthy.false_drop < 0.05,
        "{:#?} {:?}",
        tuning.best,
        tuning.best_settings
    );
    sound(&tuning);
}

#[test]
fn what_is_recommended_is_never_an_outage_itself() {
    let slow = json!({"hosts": 10, "qps": 509.2, "latency": {"p50_ms": 543.14, "p99_ms": 3359.952},
        "error_rate": 0.0005, "timeout_ms": 1000, "clients": 10, "slo_ms": 1000});
    let short = json!({"hosts": 4, "qps": 2.987, "latency": {"mean_ms": 1.097, "cv": 0.5}, "error_rate": 0,
        "timeout_ms": 5000, "slo_ms": 2.19});
    for traffic in [slow, short] {
        for dialect in Dialect::ALL {
            sound(&of(dialect, &traffic).tuning);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_the_traffic_the_advice_is_sound(
        hosts in 1_u32..40, clients in 1_u32..30, qps in -1.0_f64..4.5, mean in -0.3_f64..3.3, cv in 0.1_f64..3.0,
        errors in prop_oneof![Just(0.0), 0.0_f64..0.02, 0.0_f64..1.0], timeout in 0.5_f64..4.0,
        dialect in 0_usize..7,
    ) {
        let mean = 10_f64.powf(mean);
        let traffic = json!({"hosts": hosts, "clients": clients, "qps": 10_f64.powf(qps),
            "latency": {"mean_ms": mean, "cv": cv}, "error_rate": errors, "timeout_ms": 10_f64.powf(timeout).ceil(),
            "slo_ms": 3.0 * mean});
        sound(&of(Dialect::ALL[dialect], &traffic).tuning);
    }
}
