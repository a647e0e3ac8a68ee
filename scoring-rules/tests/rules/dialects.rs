//! The dialects: how each tool's settings behave, against the figures of the specification (section 4.5).

use scoring_rules::degrader::{
    Defence, Envoy, Finagle, Grpc, Istio, Latency, Profile, Replay, Resilience4j, Scenario, Settings, Traffic,
};

/// 5,000 calls a second, mean 7.5 ms, 50 hosts, 20 clients: 5 calls a second for each host and client.
pub(crate) fn profile() -> Profile {
    Profile {
        hosts: 50,
        clients: Some(20),
        qps: 5_000.0,
        latency: Latency { mean_ms: Some(7.5), cv: Some(0.8), ..Latency::default() },
        error_rate: 0.0005,
        timeout_ms: 1_000.0,
        slo_ms: Some(50.0),
        day: Vec::new(),
        host_cv: 0.08,
        hiccup_rate: 0.001,
        hiccup_factor: 8.0,
        window_mean_p999_ms: None,
    }
}

pub(crate) fn traffic() -> Traffic {
    profile().check().unwrap()
}

/// Leak ratio and seconds until the host is first out, of four failures: slow x10, hung, 50 % and 100 % errors.
type Figures = [(f64, Option<f64>); 4];

const FAILURES: [Scenario; 4] =
    [Scenario::Slow(10.0), Scenario::Hung, Scenario::Errors(0.5), Scenario::Errors(1.0)];
const NEVER: (f64, Option<f64>) = (1.0, None);

const fn at(leak: f64, seconds: f64) -> (f64, Option<f64>) {
    (leak, Some(seconds))
}

/// What looks at hosts in sweeps.
fn sweeping() -> Vec<(&'static str, Settings, Figures)> {
    let envoy = Envoy {
        interval: 5_000,
        failure_percentage_threshold: 20,
        enforcing_failure_percentage: 100,
        failure_percentage_request_volume: 7,
        enforcing_success_rate: 0,
        base_ejection_time: 15_000,
        per_try_timeout: Some(77),
        ..Envoy::default()
    };
    let grpc = Grpc {
        interval: 5_000,
        failure_percentage: true,
        failure_percentage_threshold: 20,
        failure_percentage_request_volume: 7,
        base_ejection_time: 15_000,
        timeout: Some(77),
        ..Grpc::default()
    };
    let istio = Istio {
        interval: 5_000,
        consecutive_5xx_errors: 4,
        base_ejection_time: 15_000,
        per_try_timeout: Some(77),
        ..Istio::default()
    };
    let xds = Settings::Grpc(Grpc { success_rate: true, ..Grpc::default() });
    let plain_istio = Settings::Istio(Istio { timeout: Some(15_000), ..Istio::default() });
    let plain = [NEVER, at(0.33, 16.0), at(0.17, 13.0), at(0.01, 1.0)];
    vec![
        ("Envoy, defaults", Settings::Envoy(Envoy::default()), plain),
        (
            "Envoy, tuned",
            Settings::Envoy(envoy),
            [at(0.10, 5.0), at(0.02, 1.0), at(0.09, 4.0), at(0.02, 1.0)],
        ),
        ("gRPC, as xDS sets it up by default", xds, [NEVER; 4]),
        ("gRPC, tuned", Settings::Grpc(grpc), [at(0.11, 5.0), at(0.10, 4.0), at(0.10, 4.0), at(0.10, 4.0)]),
        ("Istio, defaults", plain_istio, plain),
        (
            "Istio, tuned",
            Settings::Istio(istio),
            [at(0.50, 13.0), at(0.02, 1.0), at(0.15, 6.0), at(0.02, 1.0)],
        ),
    ]
}

/// What opens, waits and tries.
fn breaking() -> Vec<(&'static str, Settings, Figures)> {
    let finagle = Finagle { response_classifier: true, ..Finagle::default() };
    let tuned_finagle = Finagle {
        required_success_rate: 0.85,
        window: 10_000,
        mark_dead_for_maximum: 60_000,
        request_timeout: Some(77),
        ..finagle.clone()
    };
    let breaker = Resilience4j { keyed_per_host: true, ..Resilience4j::default() };
    let tuned_breaker = Resilience4j {
        sliding_window_size: 25,
        minimum_number_of_calls: 8,
        failure_rate_threshold: 25.0,
        wait_duration_in_open_state: 10_000,
        timeout_duration: Some(77),
        ..breaker.clone()
    };
    let finagle = Settings::Finagle(finagle);
    let tuned_finagle = Settings::Finagle(tuned_finagle);
    let breaker = Settings::Resilience4j(breaker);
    let tuned_breaker = Settings::Resilience4j(tuned_breaker);
    vec![
        ("Finagle, defaults", finagle, [NEVER, at(0.01, 2.0), at(0.36, 10.0), at(0.01, 1.0)]),
        ("Finagle, tuned", tuned_finagle, [at(0.51, 5.0), at(0.01, 1.0), at(0.26, 4.0), at(0.01, 1.0)]),
        ("Resilience4j, defaults", breaker, [NEVER, at(0.06, 11.0), at(0.21, 26.0), at(0.06, 10.0)]),
        ("Resilience4j, tuned", tuned_breaker, [at(0.21, 4.0), at(0.17, 2.0), at(0.17, 3.0), at(0.17, 1.0)]),
    ]
}

/// Within a twentieth and a third of the leak, and 2 s and 60 % of the time: the figures are those of 20 drawn runs.
fn agrees(replay: &Replay, (leak, seconds): (f64, Option<f64>)) -> bool {
    let near = match (replay.isolated_after_s, seconds) {
        (None, None) => true,
        (Some(found), Some(expected)) => (found - expected).abs() <= 2.0_f64.max(0.6 * expected),
        _ => false,
    };
    near && (replay.leak_ratio - leak).abs() <= 0.05_f64.max(leak / 3.0)
}

#[test]
fn each_tool_behaves_as_its_simulation_did() {
    let traffic = traffic();
    let mut wrong = Vec::new();
    for (name, settings, figures) in sweeping().into_iter().chain(breaking()) {
        for (scenario, expected) in FAILURES.into_iter().zip(figures) {
            let replay = settings.replay(&traffic, scenario, false);
            let line = format!(
                "{name:36} {:10} expected {expected:?}, found ({:.3}, {:?}), back after {:?}",
                scenario.id(),
                replay.leak_ratio,
                replay.isolated_after_s,
                replay.recovered_after_s
            );
            println!("{line}");
            if !agrees(&replay, expected) {
                wrong.push(line);
            }
        }
        let day = settings.healthy_day(&traffic);
        println!("{name:36} {day:?}");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
