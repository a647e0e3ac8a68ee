//! The reference machines against everything the client library was recorded to do.

use proptest::prelude::*;
use scoring_rules::degrader::reference::{
    Action, Cluster, Difference, Host, HostTraffic, Member, RelativeCluster, RelativeHost, Seen, Tracker,
    Vector, Window, check, full_points,
};
use scoring_rules::degrader::{Balancer, D2, Degrader, LatencyMetric, Relative};
use serde_json::{Value, json};

use crate::support::vectors;

/// Runs every line of a file and tells what differs.
fn reproduced(file: &str, lines: usize) {
    let vectors = vectors(file);
    assert_eq!(vectors.len(), lines, "{file} is not whole");
    let mut wrong = Vec::new();
    for line in vectors {
        let vector = read(&line);
        let found = check(&vector);
        if let Some(first) = found.first() {
            wrong.push(format!("{}: {} differences, first {first:?}", vector.id(), found.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {lines} in {file}:\n{}", wrong.len(), wrong.join("\n"));
}

fn read(line: &Value) -> Vector {
    serde_json::from_value(line.clone()).unwrap_or_else(|e| panic!("{}: {e}", line["id"]))
}

#[test]
fn reference_host_and_tracker() {
    reproduced("degrader-public.jsonl", 192);
}

#[test]
fn reference_v3() {
    reproduced("d2v3-public.jsonl", 40);
}

#[test]
fn reference_relative() {
    reproduced("relative-public.jsonl", 30);
}

/// The first line of a kind or family.
fn line(file: &str, family: &str) -> Value {
    vectors(file).into_iter().find(|line| line["family"] == family).unwrap()
}

/// A line with one value changed, and what the check finds.
fn with(mut line: Value, pointer: &str, value: Value) -> Vec<Difference> {
    *line.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    check(&read(&line))
}

#[test]
fn a_changed_expectation_is_reported_with_its_place() {
    let host = line("degrader-public.jsonl", "defaults");
    let found = with(host, "/intervals/2/expect/computedDropRate", json!(0.6));
    let place = "/intervals/2/expect/computedDropRate".to_owned();
    let expected = Difference { place, expected: "0.6".into(), got: "0.6000000000000001".into() };
    assert_eq!(found, [expected], "a last bit counts");

    for (file, family, pointer, value) in [
        ("degrader-public.jsonl", "defaults", "/intervals/0/expect/action", json!("down")),
        ("degrader-public.jsonl", "defaults", "/intervals/0/expect/preemptiveTimeout", json!(false)),
        ("degrader-public.jsonl", "trace", "/rollovers/1/outstandingAvgMs", json!(1)),
        ("degrader-public.jsonl", "drop", "/checks/4/2", json!(true)),
        ("d2v3-public.jsonl", "v3-default", "/intervals/3/expect/state/points/1", json!(7)),
        ("d2v3-public.jsonl", "v3-default", "/intervals/3/expect/state/nextStrategy", json!("REST")),
        ("d2v3-public.jsonl", "v3-default", "/intervals/3/expect/seen/0/callCount", json!(99)),
        ("relative-public.jsonl", "rel-default", "/intervals/1/expect/healthScore/0", json!(0.5)),
        ("relative-public.jsonl", "rel-default", "/intervals/1/expect/healthState/0", json!("ILL")),
    ] {
        let found = with(line(file, family), pointer, value.clone());
        assert_eq!(found.len(), 1, "{pointer}: {found:?}");
        assert_eq!(found[0].place, pointer);
        assert_eq!(found[0].expected, value.as_str().map_or(value.to_string(), str::to_owned));
    }
    let missing = with(line("degrader-public.jsonl", "trace"), "/rollovers", json!([]));
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].place, "/rollovers");
}

#[test]
fn settings_that_are_not_numbers_are_refused_with_their_field() {
    for family in vectors("degrader-public.jsonl").iter().filter(|line| line["family"] == "nan") {
        let (field, _) =
            family["config"].as_object().unwrap().iter().find(|(_, value)| **value == json!("NaN")).unwrap();
        let mut degrader = Degrader::default();
        match field.as_str() {
            "upStep" => degrader.up_step = f64::NAN,
            "highErrorRate" => degrader.high_error_rate = f64::NAN,
            "maxDropRate" => degrader.max_drop_rate = f64::NAN,
            "slowStartThreshold" => degrader.slow_start_threshold = f64::NAN,
            other => panic!("{other} is new"),
        }
        let problems = D2 { degrader, ..D2::default() }.check();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].pointer, format!("/degrader/{field}"));
        assert_eq!(check(&read(family)), []);
    }
}

#[test]
fn what_cannot_be_run_is_told_and_harms_nothing() {
    let host = || line("degrader-public.jsonl", "defaults");
    let trace = || line("degrader-public.jsonl", "trace");
    let v3 = || line("d2v3-public.jsonl", "v3-default");
    let relative = || line("relative-public.jsonl", "rel-default");
    for (name, line, pointer, value) in [
        ("too many calls", host(), "/intervals/0/latencies", json!([[5, 900_000_000_000_i64]])),
        ("fewer than none", host(), "/intervals/0/latencies", json!([[5, -4]])),
        ("back in time", trace(), "/events/3", json!([1, "poll"])),
        ("a call that never began", trace(), "/events/0", json!([0, "end", 9])),
        ("a window of no length", trace(), "/config/intervalMs", json!(0)),
        ("a host too many", v3(), "/intervals/0/hosts", json!([[], [], []])),
        ("a call in another interval", v3(), "/intervals/0/hosts/0/0", json!([7000, 5, 1, false])),
        ("a call that ends before it starts", v3(), "/intervals/0/hosts/0/0", json!([7, -5, 1, false])),
        ("too many calls", v3(), "/intervals/0/hosts/0/0", json!([7, 5, 900_000_000_000_i64, false])),
        ("a weight too many", v3(), "/weights", json!([1, 1, 1])),
        ("a ring without points", v3(), "/loadBalancer/pointsPerWeight", json!(0)),
        ("a score too few", relative(), "/initialHealthScores", json!([1.0])),
        ("no hosts", relative(), "/intervals/2/hosts", json!([])),
    ] {
        assert!(!with(line, pointer, value).is_empty(), "{name} passes");
    }
}

#[test]
fn what_is_no_vector_is_refused_with_a_reason() {
    for (text, reason) in [
        ("[1, 2]", "expected variant identifier"),
        ("{}", "missing field `kind`"),
        (r#"{"kind": "scenario"}"#, "unknown variant `scenario`"),
        (r#"{"kind": "drop", "id": "x"}"#, "missing field `config`"),
        (r#"{"kind": "interval", "id": "x", "config": {}, "initial": {}, "intervals": []}"#, "missing field"),
    ] {
        let error = serde_json::from_str::<Vector>(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
    let mut line = line("degrader-public.jsonl", "trace");
    for (event, reason) in [
        (json!([1]), "an event"),
        (json!([1, "stop", 2]), "unknown variant `stop`"),
        (json!([1, "end", 2, "sad"]), "unknown variant `sad`"),
        (json!([9_000_000_000_000_000_i64, "poll"]), "beyond"),
    ] {
        line["events"][0] = event.clone();
        let error = serde_json::from_value::<Vector>(line.clone()).unwrap_err().to_string();
        assert!(error.contains(reason), "{event}: {error}");
    }
}

#[test]
fn percentiles_are_thinned_and_means_are_not() {
    let settings = Degrader { latency_to_use: LatencyMetric::Pct99, ..Degrader::default() };
    let mut tracker = Tracker::new(100_000, &settings);
    for latency in 0..=4_000 {
        tracker.start(0, |_| panic!("closed"));
        tracker.end(latency, 0, false, |_| panic!("closed"));
    }
    let mut windows = Vec::new();
    tracker.poll(100_000, |closed| windows.push(*closed));
    // 4,000 calls fill the store; for one more, every other goes: 0, 2, ... 3998, and then 4000.
    assert_eq!(windows.len(), 1);
    assert_eq!(windows[0].window.calls, 4_001);
    assert_eq!(windows[0].window.latency_ms, 2 * 1_980);
    assert!((windows[0].mean_ms - 2_000.0).abs() < f64::EPSILON);
}

#[test]
fn a_settings_check_names_what_makes_no_sense() {
    assert_eq!(D2::default().check(), []);
    assert_eq!(D2::before_2018().check(), []);
    assert_eq!(Relative::default().check(), []);
    let problem = |change: &dyn Fn(&mut D2)| {
        let mut settings = D2::default();
        change(&mut settings);
        let found: Vec<String> = settings.check().into_iter().map(|p| p.pointer).collect();
        found.join(" ")
    };
    assert_eq!(problem(&|d| d.degrader.low_latency = 401), "/degrader/lowLatency");
    assert_eq!(problem(&|d| d.degrader.low_error_rate = 1.2), "/degrader/lowErrorRate");
    assert_eq!(problem(&|d| d.degrader.low_outstanding = 10_001), "/degrader/lowOutstanding");
    assert_eq!(problem(&|d| d.degrader.low_error_rate = -0.1), "/degrader/lowErrorRate");
    assert_eq!(problem(&|d| d.degrader.up_step = 0.0), "/degrader/upStep");
    assert_eq!(problem(&|d| d.degrader.down_step = -0.1), "/degrader/downStep");
    assert_eq!(problem(&|d| d.degrader.min_call_count = 0), "/degrader/minCallCount");
    assert_eq!(problem(&|d| d.degrader.min_outstanding_count = 0), "/degrader/minOutstandingCount");
    assert_eq!(problem(&|d| d.degrader.max_drop_rate = 1.5), "/degrader/maxDropRate");
    assert_eq!(problem(&|d| d.degrader.override_drop_rate = f64::NAN), "/degrader/overrideDropRate");
    assert_eq!(problem(&|d| d.balancer.low_water_mark = 601.0), "/balancer/lowWaterMark");
    assert_eq!(problem(&|d| d.balancer.global_step_up = f64::INFINITY), "/balancer/globalStepUp");
    assert_eq!(problem(&|d| d.balancer.ring_ramp_factor = 0.5), "/balancer/ringRampFactor");
    assert_eq!(problem(&|d| d.balancer.points_per_weight = 0), "/balancer/pointsPerWeight");
    assert_eq!(problem(&|d| d.balancer.cluster_min_calls_low = 11), "/balancer/clusterMinCallsLow");
    assert_eq!(problem(&|d| d.request_timeout_ms = Some(0)), "/requestTimeoutMs");
    let relative = Relative { relative_latency_high_threshold_factor: 1.0, ..Relative::default() };
    let found: Vec<String> = relative.check().into_iter().map(|p| p.pointer).collect();
    let (high, low) =
        ("/relative/relativeLatencyHighThresholdFactor", "/relative/relativeLatencyLowThresholdFactor");
    assert_eq!(found, [high, low]);
}

#[test]
fn settings_of_the_vectors_are_complained_about_only_where_they_are_wrong() {
    let mut wrong = std::collections::BTreeMap::new();
    for line in vectors("degrader-public.jsonl") {
        let family = line["family"].as_str().unwrap();
        if family == "nan" {
            continue;
        }
        let config = line["config"].as_object().unwrap();
        let renamed = config.iter().map(|(k, v)| (k.trim_end_matches("Ms").to_owned(), v.clone()));
        let degrader: Degrader = serde_json::from_value(Value::Object(renamed.collect())).unwrap();
        let problems = D2 { degrader: degrader.clone(), ..D2::default() }.check();
        for problem in problems.iter().filter(|_| family != "edge") {
            // What is left are low marks that stayed at their default when the high ones were lowered.
            match problem.pointer.as_str() {
                "/degrader/lowErrorRate" => assert!(degrader.low_error_rate > degrader.high_error_rate),
                "/degrader/lowOutstanding" => assert!(degrader.low_outstanding > degrader.high_outstanding),
                "/degrader/upStep" => assert!(degrader.up_step <= 0.0 || degrader.up_step > 1.0),
                other => panic!("{}: {other}: {}", line["id"], problem.detail),
            }
        }
        *wrong.entry(family.to_owned()).or_insert(0) += problems.len();
    }
    assert!(wrong["edge"] >= 10 && wrong["defaults"] == 0 && wrong["slowstart"] == 0, "{wrong:?}");
}

/// Any window, bad or good.
fn window() -> impl Strategy<Value = Window> {
    (0..50_i64, 0..2_000_i64, 0.0..=1.0_f64, 0..20_i64, 0..20_000_i64).prop_map(
        |(calls, latency_ms, error_rate, in_flight, in_flight_age_ms)| Window {
            calls,
            latency_ms,
            error_rate,
            in_flight,
            in_flight_age_ms,
        },
    )
}

prop_compose! {
    /// Settings that make sense.
    fn settings()(
        (up, down) in (0.01..=1.0_f64, 0.01..=1.0_f64),
        (max, initial, slow) in (0.0..=1.0_f64, 0.0..=1.0_f64, 0.0..=1.0_f64),
        (high, low) in (100..1_000_i64, 1..100_i64),
        min_call_count in 1..30_i64,
        errors in 0.05..1.0_f64,
    ) -> Degrader {
        Degrader {
            up_step: up, down_step: down, max_drop_rate: max, initial_drop_rate: initial, slow_start_threshold: slow,
            high_latency: high, low_latency: low, min_call_count, high_error_rate: errors,
            low_error_rate: errors / 2.0, ..Degrader::default()
        }
    }
}

proptest! {
    #[test]
    fn a_drop_rate_stays_within_its_bounds(
        settings in settings(),
        windows in prop::collection::vec(window(), 1..80),
    ) {
        let mut host = Host::new(&settings);
        let most = settings.max_drop_rate.max(settings.initial_drop_rate);
        for window in &windows {
            let before = host.drop_rate;
            let action = host.step(&settings, window);
            prop_assert!((0.0..=most).contains(&host.drop_rate), "{}", host.drop_rate);
            prop_assert_eq!(action == Action::Up, host.drop_rate > before);
            prop_assert!(host.preemptive_timeout || before >= host.drop_rate, "up without a short timeout");
            prop_assert!(!(host.is_high(&settings, window) && host.is_low(&settings, window)));
        }
    }

    #[test]
    fn a_ring_stays_within_its_bounds(
        settings in settings(),
        ramp in 1.0..4.0_f64,
        weights in prop::collection::vec(0.0..3.0_f64, 1..6),
        windows in prop::collection::vec(prop::collection::vec(window(), 6), 1..60),
    ) {
        let balancer = Balancer { ring_ramp_factor: ramp, ..Balancer::default() };
        let mut cluster = Cluster::default();
        let mut members: Vec<Member> = weights.iter().map(|weight| Member::new(&settings, *weight)).collect();
        cluster.update(&balancer, &settings, &mut members);
        for interval in &windows {
            for (member, window) in members.iter_mut().zip(interval) {
                member.host.step(&settings, window);
                member.seen = Seen {
                    calls: window.calls as f64,
                    latency_ms: window.latency_ms as f64,
                    high: member.host.is_high(&settings, window),
                };
            }
            cluster.update(&balancer, &settings, &mut members);
            prop_assert!((0.0..=1.0).contains(&cluster.drop_level));
            for member in &members {
                let full = full_points(&balancer, member.weight);
                prop_assert!((0..=full.max(1)).contains(&member.points), "{} of {full}", member.points);
                prop_assert!((0.0..=1.0).contains(&member.host.drop_rate));
                prop_assert!((0.0..=1.0).contains(&member.host.max_drop_rate));
                prop_assert!(member.host.override_min_calls >= 1);
            }
        }
    }

    #[test]
    fn a_health_score_stays_within_its_bounds(
        (up, down, slow) in (0.01..=1.0_f64, 0.01..=1.0_f64, 0.0..=1.0_f64),
        fast in any::<bool>(),
        windows in prop::collection::vec(prop::collection::vec(window(), 4), 1..60),
    ) {
        let settings = Relative {
            up_step: up, down_step: down, slow_start_threshold: slow, enable_fast_recovery: fast, high_error_rate: 0.5,
            ..Relative::default()
        };
        let mut cluster = RelativeCluster::default();
        let mut hosts = [RelativeHost::new(&settings, 1.0, 1.0); 4];
        for interval in &windows {
            for (host, window) in hosts.iter_mut().zip(interval) {
                host.seen = HostTraffic {
                    calls: window.calls as f64,
                    mean_ms: if window.calls > 0 { window.latency_ms as f64 } else { 0.0 },
                    bad: (window.calls as f64 * window.error_rate).floor(),
                    in_flight: window.in_flight as f64,
                    in_flight_age_ms: if window.in_flight > 0 { window.in_flight_age_ms as f64 } else { 0.0 },
                };
            }
            cluster.update(&settings, &mut hosts);
            prop_assert!(cluster.mean_latency_ms >= 0.0);
            for host in &hosts {
                prop_assert!((0.001..=1.0).contains(&host.score), "{}", host.score);
                prop_assert!((0..=100).contains(&host.points));
            }
        }
    }
}
