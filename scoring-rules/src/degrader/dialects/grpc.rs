//! gRPC: the `outlier_detection_experimental` policy of a service config (proposal A50), and the method's timeout.

use serde_json::Value;

use super::super::{Defence, Group, HealthyDay, Replay, Scenario, Traffic};
use super::calls::Calls;
use super::emit::{
    BASES_MS, best_of, ejection_percent, enough_calls, interval_ms, seconds, thresholds, try_timeout_ms,
};
use super::reader::{Found, Reader, blocks_of, find, nothing};
use super::sweeps::{self, Detector, Outlier, Share};
use super::table::{ANY, MOST, PERCENT, SOME_TIME, Unit, maybe, row, settings};
use super::text::Style;
use super::writer::{Node, json, map, rows};

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
        success_rate: bool = false => row("successRateEjection", Unit::Present, Group::Errors, (0.0, 1.0));
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
            => row("failurePercentageEjection", Unit::Present, Group::Errors, (0.0, 1.0));
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

fn contradictions(of: &Grpc) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if of.max_ejection_time < of.base_ejection_time {
        wrong.push((
            "maxEjectionTime",
            format!(
                "must be at least baseEjectionTime ({} ms), is {} ms",
                of.base_ejection_time, of.max_ejection_time
            ),
        ));
    }
    wrong
}

/// Reads a service config, or the bare policy.
pub(super) fn read(document: &Value) -> Found<Grpc> {
    let mut reader =
        Reader::new(Style::Proto, false, &["childPolicy", "loadBalancingConfig", "methodConfig"]);
    let mut grpc = Grpc::default();
    let names = ["outlier_detection_experimental", "outlier_detection"];
    let Some(block) = reader.locate(document, &names, &grpc) else {
        return Err(nothing(
            "`outlier_detection_experimental` in its `loadBalancingConfig`: nobody is ejected without it",
        ));
    };
    for name in ["successRateEjection", "failurePercentageEjection"] {
        reader.place(name, block.child(&[name]));
    }
    let methods = find(document, &["methodConfig"]).into_iter().flat_map(|(at, list)| blocks_of(&at, list));
    let methods = methods.filter(|method| method.map.contains_key("timeout")).collect();
    let methods = reader.first(methods);
    reader.place_among_others("methodConfig", methods);
    reader.place("", Some(block));
    reader.fill(&mut grpc);
    if !reader.has("maxEjectionTime") {
        grpc.max_ejection_time = grpc.max_ejection_time.max(grpc.base_ejection_time);
    }
    reader.finish(grpc)
}

/// A service config for all methods of a channel.
pub(super) fn write(of: &Grpc) -> String {
    let Node::Map(mut policy) = rows(of, Style::Proto, "") else { return String::new() };
    policy.push(("childPolicy".into(), Node::List(vec![map([("round_robin", Node::Map(Vec::new()))])])));
    let policy = map([("outlier_detection_experimental", Node::Map(policy))]);
    let mut config = vec![("loadBalancingConfig".to_owned(), Node::List(vec![policy]))];
    if of.timeout.is_some() {
        let Node::Map(method) = rows(of, Style::Proto, "methodConfig") else { return String::new() };
        // An empty name stands for every method of the channel.
        let every = Node::List(vec![Node::Map(Vec::new())]);
        let mut entries = vec![("name".to_owned(), every)];
        entries.extend(method);
        config.insert(0, ("methodConfig".into(), Node::List(vec![Node::Map(entries)])));
    }
    json(&Node::Map(config))
}

impl Grpc {
    /// After how long a call is given up, ms.
    pub(super) fn timeout_ms(&self, traffic: &Traffic) -> f64 {
        self.timeout.map_or(traffic.timeout_ms, |ms| ms as f64)
    }

    /// What ejects a host with such calls: any status but OK is a failure.
    fn detector(&self, hosts: f64, calls: &Calls) -> Detector {
        let percent = |value: u64| value as f64 / 100.0;
        let share = Share {
            threshold: percent(self.failure_percentage_threshold),
            strictly: true,
            volume: self.failure_percentage_request_volume as f64,
            chance: percent(self.failure_percentage_enforcement),
        };
        let outlier = Outlier {
            factor: self.success_rate_stdev_factor as f64 / 1_000.0,
            volume: self.success_rate_request_volume as f64,
            chance: percent(self.success_rate_enforcement),
        };
        let by_share = self.failure_percentage && hosts >= self.failure_percentage_minimum_hosts as f64;
        let by_rate = self.success_rate && hosts >= self.success_rate_minimum_hosts as f64;
        Detector {
            runs: Vec::new(),
            share: by_share.then_some((share, calls.failed())),
            outlier: by_rate.then_some((outlier, calls.failed())),
            interval_s: seconds(self.interval),
            base_s: seconds(self.base_ejection_time),
            max_s: seconds(self.max_ejection_time),
            jitter_s: 0.0,
            most: percent(self.max_ejection_percent) + 1.0 / hosts,
            // The share is looked at before an ejection: the first one is always let through.
            allowed: hosts >= 2.0 && self.max_ejection_percent > 0,
        }
    }

    /// The settings for some traffic, by formula.
    pub(super) fn recommend(traffic: &Traffic) -> Self {
        let interval = interval_ms(traffic);
        let volume = enough_calls(traffic, interval);
        let thresholds = thresholds(traffic, volume);
        let tried = BASES_MS.iter().flat_map(|base| thresholds.map(|threshold| (*base, threshold)));
        let candidates = tried.map(|(base_ejection_time, threshold)| Self {
            interval,
            base_ejection_time,
            max_ejection_percent: ejection_percent(traffic),
            failure_percentage: true,
            failure_percentage_threshold: threshold,
            failure_percentage_enforcement: 100,
            failure_percentage_minimum_hosts: traffic.hosts.min(5.0) as u64,
            failure_percentage_request_volume: volume,
            timeout: Some(try_timeout_ms(traffic)),
            ..Self::default()
        });
        best_of(candidates, traffic)
    }
}

impl Defence for Grpc {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        let timeout_ms = self.timeout_ms(traffic);
        let calls = Calls::failing(traffic, scenario, timeout_ms);
        let course = self.detector(traffic.hosts, &calls).course(traffic, &calls, timeout_ms, curve);
        course.replay(traffic, scenario, timeout_ms, curve)
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        sweeps::healthy_day(traffic, self.timeout_ms(traffic), |calls| self.detector(traffic.hosts, calls))
    }
}
