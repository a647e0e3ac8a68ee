//! gRPC: the `outlier_detection_experimental` policy of a service config (proposal A50), and the method's timeout.

use serde_json::Value;

use super::super::{Defence, Group, HealthyDay, Problem, Replay, Scenario, Traffic};
use super::Envoy;
use super::blocks::{Block, blocks_of, find};
use super::calls::Calls;
use super::emit::{
    BASES_MS, best_of, ejection_percent, enough_calls, interval_ms, seconds, thresholds, try_timeout_ms,
};
use super::reader::{Found, Reader, nothing};
use super::routes::cut;
use super::spelling::Spelling;
use super::sweeps::{self, Detector, Outlier, Share};
use super::table::{ANY, MOST, PERCENT, SOME_TIME, Spec, Table as _, Unit, maybe, row, settings};
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

/// The policy, as gRPC calls it.
const POLICY: &str = "outlier_detection_experimental";
/// Policies that send calls to hosts and eject nobody.
const LEAVES: &[&str] = &[
    "round_robin",
    "pick_first",
    "grpclb",
    "weighted_round_robin",
    "ring_hash_experimental",
    "least_request_experimental",
];

/// Reads a service config, or the bare policy.
pub(super) fn read(document: &Value) -> Found<Grpc> {
    let known = &["childPolicy", "loadBalancingConfig", "methodConfig"];
    let mut reader = Reader::new(Style::Proto, Spelling::Exact, known);
    let mut grpc = Grpc::default();
    if let Some((at, leaf)) = first_leaf(document) {
        let detail = format!(
            "gRPC takes the first policy of the list that it knows, and `{leaf}` ejects nobody: put `{POLICY}` first, \
             with `{leaf}` as its `childPolicy`"
        );
        return Err(vec![Problem::new(at, detail)]);
    }
    let Some(block) = reader.locate(document, &[POLICY, "outlier_detection"], &grpc) else {
        return Err(nothing(
            "`outlier_detection_experimental` in its `loadBalancingConfig`: nobody is ejected without it",
        ));
    };
    if block.name() == "outlier_detection" {
        let detail = format!("gRPC knows the policy as `{POLICY}` only, and passes this name over");
        reader.note(block.at.clone(), detail);
    }
    let foreign = of_xds(&block);
    if !foreign.is_empty() {
        return Err(foreign);
    }
    for name in ["successRateEjection", "failurePercentageEjection"] {
        reader.place(name, block.exactly(name));
    }
    let methods = methods(&mut reader, document);
    reader.place_among_others("methodConfig", methods);
    reader.place("", Some(block));
    reader.fill(&mut grpc);
    if !reader.has("maxEjectionTime") {
        grpc.max_ejection_time = grpc.max_ejection_time.max(grpc.base_ejection_time);
    }
    reader.finish(grpc)
}

/// The policy of the first `loadBalancingConfig` that gRPC takes, if that ejects nobody while another one would.
fn first_leaf(document: &Value) -> Option<(String, &'static str)> {
    let (at, list) = find(document, &["loadBalancingConfig"]).into_iter().next()?;
    let policies = blocks_of(&at, list);
    let (at, leaf) = policies.iter().find_map(|policy| {
        let key = policy.map.keys().next()?;
        let leaf = LEAVES.iter().find(|leaf| *leaf == key);
        // Any other that gRPC knows has policies within, and those are looked into.
        let nested = key == POLICY || key.ends_with("_experimental");
        (leaf.is_some() || nested).then(|| (policy.pointer(key), leaf))
    })?;
    let ejects = policies.iter().any(|policy| policy.map.contains_key(POLICY));
    leaf.filter(|_| ejects).map(|leaf| (at, *leaf))
}

/// Keys that only Envoy's form has.
fn of_xds(block: &Block<'_>) -> Vec<Problem> {
    let (own, theirs) = (Grpc::default(), Envoy::default());
    let keys = block.map.keys().filter(|key| {
        let has = |specs: &[Spec], spelling: Spelling| {
            specs.iter().any(|spec| spec.split().0.is_empty() && spelling.takes(spec.split().1, key))
        };
        has(theirs.specs(), Spelling::Proto) && !has(own.specs(), Spelling::Any)
    });
    let detail = "is a key of Envoy's form, which gRPC passes over: send the block with dialect envoy, or write it as \
                  gRPC does, with `successRateEjection` and `failurePercentageEjection`";
    keys.map(|key| Problem::new(block.pointer(key), detail)).collect()
}

/// The entry of `methodConfig` whose timeout is taken: that of all methods, or else the first one, which is told.
fn methods<'a>(reader: &mut Reader<'a>, document: &'a Value) -> Option<Block<'a>> {
    let entries = find(document, &["methodConfig"]).into_iter().flat_map(|(at, list)| blocks_of(&at, list));
    let timed = entries.filter(|entry| entry.map.contains_key("timeout"));
    let (every, some): (Vec<_>, Vec<_>) =
        timed.partition(|entry| names(entry).any(|name| name == "every method"));
    if every.is_empty()
        && let Some(first) = some.first()
    {
        let name = names(first).next().unwrap_or_else(|| "no method".to_owned());
        let detail =
            format!("was taken for all methods, but is that of {}: other methods have none", cut(&name));
        reader.note(first.pointer("timeout"), detail);
    }
    reader.first(every.into_iter().chain(some).collect())
}

/// The methods of an entry, each by its name: an empty service is every method.
fn names<'a>(entry: &Block<'a>) -> impl Iterator<Item = String> + use<'a> {
    let list = entry.map.get("name").and_then(Value::as_array).into_iter().flatten();
    list.map(|name| {
        let part = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default();
        match (part("service"), part("method")) {
            ("", _) => "every method".to_owned(),
            (service, "") => service.to_owned(),
            (service, method) => format!("{service}/{method}"),
        }
    })
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
