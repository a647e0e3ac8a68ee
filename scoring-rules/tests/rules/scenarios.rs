//! Whole failures against those that were run through the client library request by request.

use std::fmt::Write as _;

use scoring_rules::degrader::{Balancer, D2, Defence, Degrader, Profile, Scenario, Traffic};
use serde_json::{Value, json};

use crate::support::vectors;

/// One line: what was measured, and what the replay says.
struct Case {
    id: String,
    /// Calls for each host, client and window.
    calls: f64,
    /// Share of the runs in which the host was isolated.
    isolated: f64,
    /// Measured and replayed; none where it does not apply.
    seconds: Option<(f64, f64)>,
    leak: (f64, f64),
    recovery: Option<(f64, f64)>,
    refused: (f64, f64),
    replayed: bool,
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn traffic(line: &Value) -> Traffic {
    let cluster = &line["cluster"];
    let profile = json!({
        "hosts": cluster["hosts"],
        "clients": 1,
        "qps": cluster["clientQps"],
        "latency": { "mean_ms": cluster["latency"]["meanMs"], "cv": cluster["latency"]["cv"] },
        "error_rate": cluster["healthyErrorRate"],
        "timeout_ms": cluster["clientTimeoutMs"],
        "slo_ms": cluster["sloMs"],
        "day": [{ "traffic": 1.0, "latency": 1.0 }],
        "host_cv": 0.0,
        "hiccup_rate": 0.0,
    });
    let profile: Profile = serde_json::from_value(profile).unwrap();
    profile.check().unwrap()
}

fn settings(line: &Value) -> D2 {
    let config = line["config"].as_object().unwrap();
    // Vectors name the unit of what the library names without.
    let named = |key: &str| match key {
        "updateIntervalMs" => key.to_owned(),
        _ => key.trim_end_matches("Ms").to_owned(),
    };
    let config: Value = config
        .iter()
        .map(|(key, value)| (named(key), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let balancer = Balancer::default();
    let value = |key: &str, default: f64| config.get(key).map_or(default, number);
    D2 {
        degrader: serde_json::from_value::<Degrader>(config.clone()).unwrap(),
        balancer: Balancer {
            update_interval_ms: value("updateIntervalMs", 5_000.0) as i64,
            points_per_weight: value("pointsPerWeight", 100.0) as i64,
            high_water_mark: value("highWaterMark", balancer.high_water_mark),
            low_water_mark: value("lowWaterMark", balancer.low_water_mark),
            global_step_up: value("globalStepUp", balancer.global_step_up),
            global_step_down: value("globalStepDown", balancer.global_step_down),
            initial_recovery_level: value("initialRecoveryLevel", balancer.initial_recovery_level),
            ring_ramp_factor: value("ringRampFactor", balancer.ring_ramp_factor),
            ..balancer
        },
        request_timeout_ms: None,
    }
}

fn scenario(line: &Value) -> Scenario {
    let scenario = &line["scenario"];
    match scenario["kind"].as_str().unwrap() {
        "slow" => Scenario::Slow(number(&scenario["factor"])),
        "hung" => Scenario::Hung,
        "errors" => Scenario::Errors(number(&scenario["probability"])),
        other => panic!("{other} is no scenario"),
    }
}

/// Nothing fails: only false alarms are looked at.
fn is_healthy(line: &Value) -> bool {
    line["scenario"]["factor"].as_f64().is_some_and(|factor| (factor - 1.0).abs() < 1e-9)
}

fn case(line: &Value) -> Case {
    let (traffic, settings) = (traffic(line), settings(line));
    let replay = settings.replay(&traffic, scenario(line), true);
    let measured = &line["measured"];
    let runs = number(&measured["runs"]);
    let recovered = number(&measured["recoveredRuns"]) >= runs;
    let seconds = measured["meanTimeToIsolateS"].as_f64();
    Case {
        id: line["id"].as_str().unwrap().to_owned(),
        calls: traffic.calls_per_window(settings.balancer.update_interval_ms as f64),
        isolated: number(&measured["isolatedRuns"]) / runs,
        seconds: seconds.zip(replay.isolated_after_s),
        leak: (number(&measured["leakRatio"]), replay.leak_ratio),
        recovery: measured["meanRecoveryS"].as_f64().filter(|_| recovered).zip(replay.recovered_after_s),
        refused: (number(&measured["clusterDroppedPerRun"]), replay.refused),
        replayed: replay.isolated_after_s.is_some(),
    }
}

fn cases() -> Vec<Case> {
    let failing: Vec<Case> =
        vectors("scenario-public.jsonl").iter().filter(|line| !is_healthy(line)).map(case).collect();
    assert!(failing.len() >= 25, "the file is not whole");
    failing
}

fn table(cases: &[Case]) -> String {
    let mut table =
        format!("{:32} {:>16} {:>16} {:>16} {:>16}\n", "", "seconds", "leak", "recovery", "refused");
    let pair = |of: Option<(f64, f64)>, digits: usize| {
        of.map_or_else(|| "-".to_owned(), |(a, b)| format!("{a:.digits$}/{b:.digits$}"))
    };
    for case in cases {
        let (seconds, recovery) = (pair(case.seconds, 1), pair(case.recovery, 1));
        let (leak, refused) = (pair(Some(case.leak), 4), pair(Some(case.refused), 0));
        writeln!(table, "{:32} {seconds:>16} {leak:>16} {recovery:>16} {refused:>16}", case.id).unwrap();
    }
    table
}

/// Nine in ten differ by no more than `most`, and none by more than `worst`.
fn close(differences: &[f64], most: f64, worst: f64) -> bool {
    let near = differences.iter().filter(|difference| difference.abs() <= most).count();
    near * 10 >= differences.len() * 9 && differences.iter().all(|difference| difference.abs() <= worst)
}

fn differences(pairs: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    pairs.map(|(measured, replayed)| replayed - measured).collect()
}

#[test]
fn failures_end_as_they_did_request_by_request() {
    let cases = cases();
    let table = table(&cases);
    let enough = || cases.iter().filter(|case| case.calls >= 5.0);
    for case in enough() {
        // Where it was isolated in all runs or in none, there is no doubt.
        if case.isolated >= 1.0 || case.isolated <= 0.0 {
            assert_eq!(case.replayed, case.isolated > 0.0, "{}\n{table}", case.id);
        }
    }
    let surely = enough().filter(|case| case.isolated >= 1.0);
    let seconds = differences(surely.filter_map(|case| case.seconds));
    assert!(close(&seconds, 2.0, 9.0), "measured/replayed\n{table}");
    let leaks = differences(enough().map(|case| case.leak));
    assert!(close(&leaks, 0.04, 0.07), "measured/replayed\n{table}");
}

#[test]
fn hosts_come_back_as_they_did_request_by_request() {
    let cases = cases();
    let table = table(&cases);
    for case in cases.iter().filter(|case| case.calls >= 5.0) {
        let Some((measured, replayed)) = case.recovery else { continue };
        let near = (replayed - measured).abs() <= (0.35 * measured).max(5.0);
        assert!(near, "{}: {measured} {replayed}\n{table}", case.id);
    }
}

#[test]
fn refusals_are_those_of_the_cluster_drop() {
    let cases = cases();
    let table = table(&cases);
    for Case { id, refused: (measured, replayed), .. } in &cases {
        let near = (replayed - measured).abs() <= (0.1 * measured).max(1.0);
        assert!(near, "{id}: {measured} {replayed}\n{table}");
    }
}

#[test]
fn a_healthy_day_costs_what_it_did_request_by_request() {
    let lines: Vec<Value> = vectors("scenario-public.jsonl").into_iter().filter(is_healthy).collect();
    assert!(!lines.is_empty(), "the file is not whole");
    for line in lines {
        let measured = &line["measured"];
        let day = settings(&line).healthy_day(&traffic(&line));
        let drop = number(&measured["healthyMeanDrop"]);
        let near = day.false_drop <= 2.0 * drop && day.false_drop >= drop / 2.0
            || (day.false_drop - drop).abs() <= 0.0005;
        assert!(near, "{}: measured {drop}, expected {}", line["id"], day.false_drop);
        let refuses = number(&measured["clusterDroppedPerRun"]) > 1.0;
        assert_eq!(refuses, day.refused >= 0.01, "{}: {}", line["id"], day.refused);
    }
}
