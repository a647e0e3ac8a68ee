//! Envoy: `outlier_detection` of a cluster, and the timeouts of the route to it.

use super::super::{Group, Problem};
use super::table::{ANY, ANY_TIME, PERCENT, SOME, SOME_TIME, Unit, maybe, row, settings};

settings! {
    /// Envoy's passive health checking of a cluster, and the timeouts that let it see slow calls. Durations in ms.
    Envoy, contradictions, {
        /// Errors in a row that eject a host.
        consecutive_5xx: u64 = 5 => row("consecutive_5xx", Unit::Count, Group::Errors, SOME);
        /// Chance that such a host is ejected indeed.
        enforcing_consecutive_5xx: u64 = 100
            => row("enforcing_consecutive_5xx", Unit::Percent, Group::Errors, PERCENT);
        /// 502, 503 and 504 in a row that eject a host.
        consecutive_gateway_failure: u64 = 5 => row("consecutive_gateway_failure", Unit::Count, Group::Errors, SOME);
        /// Chance that such a host is ejected indeed.
        enforcing_consecutive_gateway_failure: u64 = 0
            => row("enforcing_consecutive_gateway_failure", Unit::Percent, Group::Errors, PERCENT);
        /// Whether timeouts, resets and refused connections are counted apart from answers.
        split_external_local_origin_errors: bool = false
            => row("split_external_local_origin_errors", Unit::Flag, Group::Errors, (0.0, 1.0));
        /// Those in a row that eject a host, where they are counted apart.
        consecutive_local_origin_failure: u64 = 5
            => row("consecutive_local_origin_failure", Unit::Count, Group::Errors, SOME);
        /// Chance that such a host is ejected indeed.
        enforcing_consecutive_local_origin_failure: u64 = 100
            => row("enforcing_consecutive_local_origin_failure", Unit::Percent, Group::Errors, PERCENT);
        /// Chance that a host is ejected whose success rate lies far below the others'.
        enforcing_success_rate: u64 = 100 => row("enforcing_success_rate", Unit::Percent, Group::Errors, PERCENT);
        /// The same by timeouts, resets and refused connections, where they are counted apart.
        enforcing_local_origin_success_rate: u64 = 100
            => row("enforcing_local_origin_success_rate", Unit::Percent, Group::Errors, PERCENT);
        /// Hosts with enough calls from which success rates are compared.
        success_rate_minimum_hosts: u64 = 5 => row("success_rate_minimum_hosts", Unit::Count, Group::Errors, ANY);
        /// Calls of a host between two sweeps from which its success rate counts.
        success_rate_request_volume: u64 = 100 => row("success_rate_request_volume", Unit::Count, Group::Errors, ANY);
        /// Standard deviations below the mean, times 1000, that are too far.
        success_rate_stdev_factor: u64 = 1_900
            => row("success_rate_stdev_factor", Unit::Thousandths, Group::Errors, ANY);
        /// Percentage of failed calls from which a host is ejected.
        failure_percentage_threshold: u64 = 85
            => row("failure_percentage_threshold", Unit::Percent, Group::Errors, PERCENT);
        /// Chance that such a host is ejected indeed.
        enforcing_failure_percentage: u64 = 0
            => row("enforcing_failure_percentage", Unit::Percent, Group::Errors, PERCENT);
        /// The same by timeouts, resets and refused connections, where they are counted apart.
        enforcing_failure_percentage_local_origin: u64 = 0
            => row("enforcing_failure_percentage_local_origin", Unit::Percent, Group::Errors, PERCENT);
        /// Hosts from which the failure percentage counts.
        failure_percentage_minimum_hosts: u64 = 5
            => row("failure_percentage_minimum_hosts", Unit::Count, Group::Errors, ANY);
        /// Calls of a host between two sweeps from which its failure percentage counts.
        failure_percentage_request_volume: u64 = 50
            => row("failure_percentage_request_volume", Unit::Count, Group::Errors, ANY);
        /// Time between two sweeps.
        interval: u64 = 10_000 => row("interval", Unit::Ms, Group::Interval, SOME_TIME);
        /// Time that the first ejection lasts; the second twice as long, and so on.
        base_ejection_time: u64 = 30_000 => row("base_ejection_time", Unit::Ms, Group::Steps, SOME_TIME);
        /// The longest ejection. Absent: 300 s, or the base where that is longer.
        max_ejection_time: u64 = 300_000 => row("max_ejection_time", Unit::Ms, Group::Steps, SOME_TIME);
        /// The most that chance adds to each ejection.
        max_ejection_time_jitter: u64 = 0 => row("max_ejection_time_jitter", Unit::Ms, Group::Steps, ANY_TIME);
        /// Share of hosts that may be ejected at the same time.
        max_ejection_percent: u64 = 10 => row("max_ejection_percent", Unit::Percent, Group::Steps, PERCENT);
        /// Whether one host may always be ejected.
        always_eject_one_host: bool = false => row("always_eject_one_host", Unit::Flag, Group::Steps, (0.0, 1.0));
        /// Whether a successful active health check ends an ejection.
        successful_active_health_check_uneject_host: bool = true
            => row("successful_active_health_check_uneject_host", Unit::Flag, Group::Steps, (0.0, 1.0));
        /// The route's timeout. Absent: 15 s.
        timeout: Option<u64> = None => maybe("route.timeout", Unit::Ms, Group::Timeout, ANY_TIME);
        /// The timeout of each try of the route. Absent: the route's.
        per_try_timeout: Option<u64> = None
            => maybe("route.retry_policy.per_try_timeout", Unit::Ms, Group::Timeout, ANY_TIME);
    }
}

fn contradictions(of: &Envoy) -> Vec<Problem> {
    let mut wrong = Vec::new();
    if of.max_ejection_time < of.base_ejection_time {
        wrong.push(Problem::new(
            "/max_ejection_time",
            format!(
                "must be at least base_ejection_time ({} ms), is {} ms",
                of.base_ejection_time, of.max_ejection_time
            ),
        ));
    }
    wrong
}
