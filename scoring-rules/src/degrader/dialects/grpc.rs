//! gRPC: the `outlier_detection_experimental` policy of a service config (proposal A50), and the method's timeout.

use super::super::{Group, Problem};
use super::table::{ANY, MOST, PERCENT, SOME_TIME, Unit, maybe, row, settings};

settings! {
    /// The outlier detection of a gRPC client, and the deadline that lets it see slow calls. Durations in ms.
    Grpc, contradictions, {
        /// Time between two sweeps.
        interval: u64 = 10_000 => row("interval", Unit::Ms, Group::Interval, SOME_TIME);
        /// Time that the first ejection lasts; the second twice as long, and so on.
        base_ejection_time: u64 = 30_000 => row("baseEjectionTime", Unit::Ms, Group::Steps, SOME_TIME);
        /// The longest ejection; never shorter than the base.
        max_ejection_time: u64 = 300_000 => row("maxEjectionTime", Unit::Ms, Group::Steps, SOME_TIME);
        /// Share of hosts from which no further one is ejected.
        max_ejection_percent: u64 = 10 => row("maxEjectionPercent", Unit::Percent, Group::Steps, PERCENT);
        /// Whether success rates of hosts are compared: whether the block is there.
        success_rate: bool = false => row("successRateEjection", Unit::Flag, Group::Errors, (0.0, 1.0));
        /// Standard deviations below the mean, times 1000, that are too far.
        success_rate_stdev_factor: u64 = 1_900
            => row("successRateEjection.stdevFactor", Unit::Thousandths, Group::Errors, ANY);
        /// Chance that such a host is ejected indeed.
        success_rate_enforcement: u64 = 100
            => row("successRateEjection.enforcementPercentage", Unit::Percent, Group::Errors, PERCENT);
        /// Hosts with enough calls from which success rates are compared.
        success_rate_minimum_hosts: u64 = 5
            => row("successRateEjection.minimumHosts", Unit::Count, Group::Errors, ANY);
        /// Calls of a host between two sweeps from which its success rate counts.
        success_rate_request_volume: u64 = 100
            => row("successRateEjection.requestVolume", Unit::Count, Group::Errors, ANY);
        /// Whether hosts are ejected by their failure percentage: whether the block is there.
        failure_percentage: bool = false
            => row("failurePercentageEjection", Unit::Flag, Group::Errors, (0.0, 1.0));
        /// Percentage of failed calls above which a host is ejected.
        failure_percentage_threshold: u64 = 85
            => row("failurePercentageEjection.threshold", Unit::Percent, Group::Errors, PERCENT);
        /// Chance that such a host is ejected indeed.
        failure_percentage_enforcement: u64 = 100
            => row("failurePercentageEjection.enforcementPercentage", Unit::Percent, Group::Errors, PERCENT);
        /// Hosts from which the failure percentage counts.
        failure_percentage_minimum_hosts: u64 = 5
            => row("failurePercentageEjection.minimumHosts", Unit::Count, Group::Errors, ANY);
        /// Calls of a host between two sweeps from which its failure percentage counts.
        failure_percentage_request_volume: u64 = 50
            => row("failurePercentageEjection.requestVolume", Unit::Count, Group::Errors, ANY);
        /// The deadline of the service's methods. Absent: the caller's own.
        timeout: Option<u64> = None => maybe("methodConfig.timeout", Unit::Ms, Group::Timeout, (1.0, MOST));
    }
}

fn contradictions(of: &Grpc) -> Vec<Problem> {
    let mut wrong = Vec::new();
    if of.max_ejection_time < of.base_ejection_time {
        wrong.push(Problem::new(
            "/maxEjectionTime",
            format!(
                "must be at least baseEjectionTime ({} ms), is {} ms",
                of.base_ejection_time, of.max_ejection_time
            ),
        ));
    }
    wrong
}
