//! What to tell about settings on some traffic, beyond what the replay shows.

use super::super::{Remark, Traffic, call_timeout_ms};
use super::calls::rate;
use super::emit::seconds;
use super::{Envoy, Grpc, Resilience4j, Settings};

/// Everything worth telling.
pub(super) fn remarks(settings: &Settings, traffic: &Traffic) -> Vec<Remark> {
    let found = match settings {
        Settings::Envoy(of) => envoy(of, traffic).to_vec(),
        Settings::Grpc(of) => grpc(of, traffic).to_vec(),
        Settings::Istio(of) => vec![
            ejects_nobody(traffic.hosts, of.max_ejection_percent, "maxEjectionPercent"),
            long_timeout(traffic, of.try_timeout_ms(traffic), "perTryTimeout"),
        ],
        Settings::Resilience4j(of) => vec![
            breaker_of_all_hosts(of, traffic.hosts),
            long_timeout(traffic, of.timeout_ms(traffic), "timelimiter.timeoutDuration")
                .filter(|_| of.slow_call_duration_threshold as f64 > 3.0 * call_timeout_ms(traffic)),
        ],
        Settings::Finagle(of) => vec![
            (!of.response_classifier).then(|| {
                let detail =
                    "Without a response classifier an HTTP 5xx is a success, and errors never mark a host dead.";
                Remark::new("errors_are_successes", detail)
            }),
            long_timeout(traffic, of.timeout_ms(traffic), "client.requestTimeout"),
        ],
        Settings::D2(_) | Settings::Relative(_) => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

fn envoy(of: &Envoy, traffic: &Traffic) -> [Option<Remark>; 5] {
    let hosts = traffic.hosts;
    let (by_share, by_rate) = (of.enforcing_failure_percentage > 0, of.enforcing_success_rate > 0);
    let (share_key, rate_key) = ("failure_percentage_request_volume", "success_rate_request_volume");
    [
        ejects_nobody(hosts, of.max_ejection_percent, "max_ejection_percent")
            .filter(|_| !of.always_eject_one_host),
        volume(traffic, of.interval, of.failure_percentage_request_volume, share_key).filter(|_| by_share),
        volume(traffic, of.interval, of.success_rate_request_volume, rate_key).filter(|_| by_rate),
        lone_outlier(hosts, of.success_rate_stdev_factor, of.success_rate_minimum_hosts).filter(|_| by_rate),
        long_timeout(traffic, of.try_timeout_ms(), "per_try_timeout"),
    ]
}

fn grpc(of: &Grpc, traffic: &Traffic) -> [Option<Remark>; 5] {
    let (by_share, by_rate) = (of.failure_percentage, of.success_rate);
    let (share_key, rate_key) =
        ("failurePercentageEjection.requestVolume", "successRateEjection.requestVolume");
    let nothing = (!by_share && !by_rate).then(|| {
        let detail =
            "Neither failurePercentageEjection nor successRateEjection is there, so nobody is ever ejected.";
        Remark::new("ejects_nobody", detail)
    });
    [
        nothing,
        volume(traffic, of.interval, of.failure_percentage_request_volume, share_key).filter(|_| by_share),
        volume(traffic, of.interval, of.success_rate_request_volume, rate_key).filter(|_| by_rate),
        lone_outlier(traffic.hosts, of.success_rate_stdev_factor, of.success_rate_minimum_hosts)
            .filter(|_| by_rate),
        long_timeout(traffic, of.timeout_ms(traffic), "methodConfig.timeout"),
    ]
}

/// A breaker that is named for a dependency guards all its hosts at once.
fn breaker_of_all_hosts(of: &Resilience4j, hosts: f64) -> Option<Remark> {
    (!of.keyed_per_host).then(|| {
        let detail = format!(
            "One breaker guards all {hosts} hosts. A bad one among them moves its failure rate by {:.0} %; if the \
             breaker opens all the same, every call is refused. Key breakers by host to isolate hosts.",
            100.0 / hosts
        );
        Remark::new("breaker_of_all_hosts", detail)
    })
}

/// With few hosts, the share that may be ejected is less than one host.
fn ejects_nobody(hosts: f64, percent: u64, key: &str) -> Option<Remark> {
    (hosts >= 2.0 && 100.0 / hosts > percent as f64).then(|| {
        let needed = (100.0 / hosts).ceil();
        let detail = format!(
            "One of {hosts} hosts is more than {percent} % of them, so {key} keeps any from being ejected (before \
             always_eject_one_host, proxies let one go). It must be {needed} at least."
        );
        Remark::new("ejects_nobody", detail)
    })
}

/// A rule that asks for more calls than there are.
fn volume(traffic: &Traffic, interval: u64, least: u64, key: &str) -> Option<Remark> {
    let calls = rate(traffic) * seconds(interval);
    (calls < least as f64).then(|| {
        let detail = format!(
            "{key} asks for {least} calls in an interval of {} s, but a client sends about {calls:.1} to a host: the \
             rule is asleep.",
            seconds(interval)
        );
        Remark::new("rule_asleep", detail)
    })
}

/// A lone outlier among equal hosts lies `sqrt(N - 1)` standard deviations off, however small its fault.
fn lone_outlier(hosts: f64, factor: u64, least_hosts: u64) -> Option<Remark> {
    let factor = factor as f64 / 1_000.0;
    (hosts >= least_hosts as f64 && (hosts - 1.0).sqrt() > factor).then(|| {
        let detail = format!(
            "By success rate, one host with a single failed call among {hosts} perfect ones lies {:.1} standard \
             deviations off whatever its rate, beyond the factor of {factor}: it is ejected for nothing. Judge by \
             failure percentage where errors are rare.",
            (hosts - 1.0).sqrt()
        );
        Remark::new("lone_outlier", detail)
    })
}

/// A timeout that slow calls hardly ever reach.
fn long_timeout(traffic: &Traffic, timeout_ms: f64, key: &str) -> Option<Remark> {
    let needed = call_timeout_ms(traffic);
    (timeout_ms > 3.0 * needed).then(|| {
        let given = if timeout_ms.is_finite() {
            format!("calls may take {timeout_ms} ms")
        } else {
            "calls may take for ever".to_owned()
        };
        let detail = format!(
            "Latency is not looked at, and {given} before they fail: a slow host goes unseen. Set {key} to about \
             {needed:.0} ms, beyond the slowest healthy calls."
        );
        Remark::new("slow_goes_unseen", detail)
    })
}
