//! One call judges the settings of any dialect: scores, what to change, what is told, and what always holds.

use proptest::prelude::*;
use scoring_rules::degrader::{
    Assessment, Defence, Dialect, Envoy, Grpc, Istio, Profile, Resilience4j, Scenario, Settings, Traffic,
    assess, call_timeout_ms,
};

use crate::dialects::{profile, traffic};

fn told(assessment: &Assessment, id: &str) -> bool {
    assessment.tuning.notes.iter().any(|note| note.id == id)
}

#[test]
fn defaults_are_poor_and_what_is_recommended_is_left_alone() {
    let traffic = traffic();
    for dialect in Dialect::ALL {
        let name = dialect.id();
        let found = assess(&Settings::defaults(dialect), &traffic).tuning;
        println!("{name:14} {:5.1} {:?}", found.score, found.recommended.as_ref().map(|r| r.score));
        assert!(found.score < 90.0, "{name}: {}", found.score);
        let recommended = found.recommended.unwrap_or_else(|| panic!("{name}: nothing is recommended"));
        assert!(
            recommended.score >= 90.0 && !recommended.changes.is_empty(),
            "{name}: {}",
            recommended.score
        );
        assert_eq!(recommended.settings.check(), [], "{name}");
        let again = assess(&found.best_settings, &traffic).tuning;
        assert_eq!((again.score, again.recommended), (100.0, None), "{name}");
        let again = assess(&recommended.settings, &traffic).tuning;
        assert!(again.score >= 90.0 && again.recommended.is_none(), "{name}: {}", again.score);
    }
}

#[test]
fn a_tool_that_counts_errors_is_given_a_timeout() {
    let traffic = traffic();
    let needed = call_timeout_ms(&traffic).ceil();
    for (dialect, key) in [
        (Dialect::Envoy, "route.retry_policy.per_try_timeout"),
        (Dialect::Grpc, "methodConfig.timeout"),
        (Dialect::Istio, "http.retries.perTryTimeout"),
        (Dialect::Resilience4j, "timelimiter.timeoutDuration"),
        (Dialect::Finagle, "client.requestTimeout"),
    ] {
        let settings = Settings::recommend(dialect, &traffic);
        let row = settings.rows().into_iter().find(|row| row.key == key).unwrap();
        let expected = if matches!(dialect, Dialect::Envoy | Dialect::Grpc) {
            format!("{}s", needed / 1_000.0)
        } else {
            format!("{needed}ms")
        };
        assert_eq!(row.value, expected, "{}", dialect.id());
        assert!(!dialect.sight().paired_with.is_empty());
        // Without it a slow host stays.
        let blind = assess(&Settings::defaults(dialect), &traffic);
        let slow = blind.tuning.current.replays.iter().find(|r| r.scenario == Scenario::Slow(10.0)).unwrap();
        assert!(slow.leak_ratio > 0.95 && slow.isolated_after_s.is_none(), "{}", dialect.id());
        assert!(told(&blind, "slow_goes_unseen"), "{}: {:?}", dialect.id(), blind.tuning.notes);
    }
}

#[test]
fn with_few_hosts_a_tenth_of_them_is_nobody() {
    let few = Profile { hosts: 5, qps: 500.0, ..profile() }.check().unwrap();
    let settings = Settings::Envoy(Envoy { per_try_timeout: Some(77), ..Envoy::default() });
    let found = assess(&settings, &few);
    assert!(told(&found, "ejects_nobody"));
    assert!(found.tuning.current.replays.iter().all(|replay| replay.isolated_after_s.is_none()));
    let Settings::Envoy(best) = &found.tuning.best_settings else { panic!() };
    assert_eq!(best.max_ejection_percent, 20);
    // Older releases always let one host go, and gRPC does.
    let older = Envoy { always_eject_one_host: true, per_try_timeout: Some(77), ..Envoy::default() };
    assert!(older.replay(&few, Scenario::Hung, false).isolated_after_s.is_some());
    let Settings::Grpc(grpc) = Settings::recommend(Dialect::Grpc, &few) else { panic!() };
    let grpc = Grpc { max_ejection_percent: 10, ..grpc };
    assert!(grpc.replay(&few, Scenario::Hung, false).isolated_after_s.is_some());
    // Istio's panic threshold brings a host back that was ejected.
    let istio = Istio { max_ejection_percent: 50, per_try_timeout: Some(77), ..Istio::default() };
    assert!(istio.replay(&few, Scenario::Hung, false).isolated_after_s.is_some());
    let panics = Istio { min_health_percent: 90, ..istio };
    assert!(panics.replay(&few, Scenario::Hung, false).isolated_after_s.is_none());
}

#[test]
fn a_breaker_of_a_whole_dependency_isolates_no_host() {
    let found = assess(&Settings::defaults(Dialect::Resilience4j), &traffic());
    assert!(!found.applicable && told(&found, "breaker_of_all_hosts"));
    assert!(found.tuning.current.replays.iter().all(|replay| replay.isolated_after_s.is_none()));
    // Where it does open, every call is refused: worse than the bad host.
    let two = Profile { hosts: 2, qps: 200.0, ..profile() }.check().unwrap();
    let touchy = Resilience4j { failure_rate_threshold: 20.0, ..Resilience4j::default() };
    let replay = touchy.replay(&two, Scenario::Errors(1.0), false);
    assert!(replay.refused > replay.undefended && replay.bad_requests > replay.undefended, "{replay:?}");
    let keyed = Resilience4j { keyed_per_host: true, ..touchy };
    let replay = keyed.replay(&two, Scenario::Errors(1.0), false);
    assert!(replay.refused == 0.0 && replay.isolated_after_s.is_some());
    assert!(assess(&Settings::Resilience4j(keyed), &two).applicable);
}

#[test]
fn a_timeout_that_cuts_healthy_calls_short_is_an_outage() {
    let settings = Settings::Envoy(Envoy { per_try_timeout: Some(8), ..Envoy::default() });
    let found = assess(&settings, &traffic()).tuning;
    assert!(found.current.healthy.refused > 0.3, "{:?}", found.current.healthy);
    assert!(found.score < 1e-9, "{}", found.score);
    assert!(found.hard_failures.iter().any(|failure| failure.id == "refuses_healthy_traffic"));
}

#[test]
fn curves_end_where_replays_do() {
    let traffic = traffic();
    for dialect in Dialect::ALL.into_iter().skip(2) {
        let settings = Settings::recommend(dialect, &traffic);
        for (scenario, _) in Scenario::ALL {
            let replay = settings.replay(&traffic, scenario, true);
            let name = format!("{} {}", dialect.id(), scenario.id());
            let (first, last) = (replay.curve.first().unwrap(), replay.curve.last().unwrap());
            assert!(replay.curve.len() >= 2 && first.at_s.abs() < 1e-9 && last.at_s >= 299.0, "{name}");
            let share = (last.bad - replay.bad_requests).abs() / replay.undefended.max(1.0);
            assert!(share < 0.01, "{name}: {} and {}", last.bad, replay.bad_requests);
            assert!(replay.curve.windows(2).all(|two| two[0].bad <= two[1].bad + 1e-6), "{name}");
            assert!(replay.curve.iter().all(|point| (0.0..=1.0).contains(&point.dropped)), "{name}");
            let plain = settings.replay(&traffic, scenario, false);
            assert_eq!((plain.curve.len(), plain.leak_ratio), (0, replay.leak_ratio), "{name}");
        }
    }
}

#[test]
fn a_rule_that_trips_once_in_an_age_protects_nobody() {
    for error_rate in [0.0, 1e-12, 1e-6, 1e-5, 1e-4] {
        let traffic = Profile { error_rate, ..profile() }.check().unwrap();
        for dialect in [Dialect::Envoy, Dialect::Grpc, Dialect::Istio] {
            let slow = Settings::defaults(dialect).replay(&traffic, Scenario::Slow(10.0), false);
            assert!(slow.leak_ratio > 0.95, "{} at {error_rate}: {slow:?}", dialect.id());
        }
    }
}

/// Whoever may send settings may not keep a core busy with them.
#[test]
fn extreme_settings_cost_no_more() {
    let busy = Profile { qps: 1e6, clients: Some(1), error_rate: 0.3, ..profile() }.check().unwrap();
    let envoy = Envoy {
        interval: 1,
        base_ejection_time: 1,
        consecutive_5xx: 60,
        failure_percentage_threshold: 31,
        enforcing_failure_percentage: 1,
        failure_percentage_request_volume: 0,
        ..Envoy::default()
    };
    let breaker = Resilience4j {
        sliding_window_size: 4_000_000_000,
        minimum_number_of_calls: 1,
        wait_duration_in_open_state: 1,
        keyed_per_host: true,
        ..Resilience4j::default()
    };
    for settings in [Settings::Envoy(envoy), Settings::Resilience4j(breaker)] {
        assert_eq!(settings.check(), []);
        for traffic in [&busy, &traffic()] {
            // It would go on for hours.
            assert!(settings.judge(traffic).objective.is_finite(), "{}", settings.dialect().id());
        }
    }
}

fn any_traffic() -> impl Strategy<Value = Traffic> {
    let counts = (1_u32..300, proptest::option::of(1_u32..500), 0.01_f64..1e5);
    (
        counts,
        0.2_f64..2_000.0,
        0.05_f64..4.0,
        0.0_f64..0.3,
        1.0_f64..30_000.0,
        proptest::option::of(1.0_f64..5_000.0),
    )
        .prop_map(|((hosts, clients, qps), mean, cv, error_rate, timeout_ms, slo_ms)| {
            let mut profile = Profile { hosts, clients, qps, error_rate, timeout_ms, slo_ms, ..profile() };
            profile.latency.mean_ms = Some(mean);
            profile.latency.cv = Some(cv);
            profile.check().unwrap()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_traffic_all_is_finite_and_the_best_is_no_worse(
        traffic in any_traffic(), dialect in prop::sample::select(Dialect::ALL[2..].to_vec())
    ) {
        let current = Settings::defaults(dialect);
        let found = assess(&current, &traffic).tuning;
        prop_assert!((0.0..=100.0).contains(&found.score));
        prop_assert!(found.best.objective <= found.current.objective || found.current.healthy.refused > 0.0);
        prop_assert_eq!(found.best_settings.check(), []);
        for judged in [&found.current, &found.best] {
            prop_assert!(judged.objective.is_finite());
            prop_assert!((0.0..=1.0).contains(&judged.healthy.false_drop), "{:?}", judged.healthy);
            prop_assert!((0.0..=1.0).contains(&judged.healthy.worst_slot), "{:?}", judged.healthy);
            for replay in &judged.replays {
                prop_assert!((0.0..=1.0).contains(&replay.leak_ratio), "{:?}", replay);
                prop_assert!(replay.bad_requests.is_finite() && replay.bad_requests >= 0.0, "{:?}", replay);
                prop_assert!(replay.isolated_after_s.is_none_or(|s| (0.0..=300.0).contains(&s)), "{:?}", replay);
                prop_assert!(replay.recovered_after_s.is_none_or(|s| s.is_finite() && s >= 0.0), "{:?}", replay);
            }
        }
        if let Some(recommended) = found.recommended {
            prop_assert!(recommended.score >= found.score);
            prop_assert!(recommended.judged.objective <= found.current.objective);
        }
        let again = assess(&current, &traffic).tuning;
        prop_assert_eq!((again.current, again.best), (found.current, found.best));
    }

    #[test]
    fn more_hosts_with_as_many_more_calls_change_nothing(
        hosts in 40_u32..80, dialect in prop::sample::select(Dialect::ALL[2..].to_vec())
    ) {
        let of = |times: u32| {
            let scaled = Profile { hosts: hosts * times, qps: 100.0 * f64::from(hosts * times), ..profile() };
            // Comparison with the other hosts depends on their number, so a rule without it is asked.
            let settings = match Settings::recommend(dialect, &traffic()) {
                Settings::Envoy(of) => Settings::Envoy(Envoy { enforcing_success_rate: 0, ..of }),
                other => other,
            };
            settings.judge(&scaled.check().unwrap())
        };
        let (one, three) = (of(1), of(3));
        prop_assert!((one.objective - three.objective).abs() < 1e-9);
        for (a, b) in one.replays.iter().zip(&three.replays) {
            prop_assert!((a.leak_ratio - b.leak_ratio).abs() < 1e-9);
        }
    }
}
