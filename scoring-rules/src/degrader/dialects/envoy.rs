//! Envoy: `outlier_detection` of a cluster, and the timeouts of the route to it.

use serde_json::Value;

use super::super::{Defence, Group, HealthyDay, Replay, Scenario, Traffic};
use super::Context;
use super::blocks::{Block, find_blocks};
use super::calls::Calls;
use super::emit::{
    BASES_MS, best_of, ejection_percent, enough_calls, failures_in_a_row, interval_ms, seconds, thresholds,
    try_timeout_ms,
};
use super::reader::{Found, Reader, nothing};
use super::routes::Route;
use super::spelling::Spelling;
use super::sweeps::{self, Detector, Outlier, Share};
use super::table::{ANY, ANY_TIME, PERCENT, SOME, SOME_TIME, Unit, maybe, row, settings};
use super::text::Style;
use super::writer::{Node, comment, map, rows, yaml};

settings! {
    /// Envoy's passive health checking of a cluster, and the timeouts that let it see slow calls. Durations in ms.
    Envoy, contradictions, {
        /// Errors in a row that eject a host.
        consecutive_5xx: u64 = 5 => row("consecutive_5xx", Unit::Count, Group::Errors, SOME);
        /// Chance that such a host is ejected indeed.
        enforcing_consecutive_5xx: u64 = 100
            => row("enforcing_consecutive_5xx", Unit::Percent, Group::Errors, PERCENT);
        /// 502, 503 and 504 in a row that eject a host.
        consecutive_gateway_failure: u64 = 5 => row("consecutive_gateway_failure", Unit::Count, Group::Errors, SOME).rare();
        /// Chance that such a host is ejected indeed.
        enforcing_consecutive_gateway_failure: u64 = 0
            => row("enforcing_consecutive_gateway_failure", Unit::Percent, Group::Errors, PERCENT).rare();
        /// Whether timeouts, resets and refused connections are counted apart from answers.
        split_external_local_origin_errors: bool = false
            => row("split_external_local_origin_errors", Unit::Flag, Group::Errors, (0.0, 1.0)).rare();
        /// Those in a row that eject a host, where they are counted apart.
        consecutive_local_origin_failure: u64 = 5
            => row("consecutive_local_origin_failure", Unit::Count, Group::Errors, SOME).rare();
        /// Chance that such a host is ejected indeed.
        enforcing_consecutive_local_origin_failure: u64 = 100
            => row("enforcing_consecutive_local_origin_failure", Unit::Percent, Group::Errors, PERCENT).rare();
        /// Chance that a host is ejected whose success rate lies far below the others'.
        enforcing_success_rate: u64 = 100 => row("enforcing_success_rate", Unit::Percent, Group::Errors, PERCENT);
        /// The same by timeouts, resets and refused connections, where they are counted apart.
        enforcing_local_origin_success_rate: u64 = 100
            => row("enforcing_local_origin_success_rate", Unit::Percent, Group::Errors, PERCENT).rare();
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
            => row("enforcing_failure_percentage_local_origin", Unit::Percent, Group::Errors, PERCENT).rare();
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
        max_ejection_time_jitter: u64 = 0 => row("max_ejection_time_jitter", Unit::Ms, Group::Steps, ANY_TIME).rare();
        /// Share of hosts that may be ejected at the same time.
        max_ejection_percent: u64 = 10 => row("max_ejection_percent", Unit::Percent, Group::Steps, PERCENT);
        /// Whether one host may always be ejected.
        always_eject_one_host: bool = false => row("always_eject_one_host", Unit::Flag, Group::Steps, (0.0, 1.0)).rare();
        /// Whether a successful active health check ends an ejection.
        successful_active_health_check_uneject_host: bool = true
            => row("successful_active_health_check_uneject_host", Unit::Flag, Group::Steps, (0.0, 1.0)).rare();
        /// The route's timeout. Absent: 15 s.
        timeout: Option<u64> = None => maybe("route.timeout", Unit::Ms, Group::Timeout, ANY_TIME);
        /// The timeout of each try of the route. Absent: the route's.
        per_try_timeout: Option<u64> = None
            => maybe("route.retry_policy.per_try_timeout", Unit::Ms, Group::Timeout, ANY_TIME);
    }
}

fn contradictions(of: &Envoy) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if of.max_ejection_time < of.base_ejection_time {
        wrong.push((
            "max_ejection_time",
            format!(
                "must be at least base_ejection_time ({} ms), is {} ms",
                of.base_ejection_time, of.max_ejection_time
            ),
        ));
    }
    wrong
}

/// Keys of `outlier_detection` that Envoy takes and the simulation does not know.
const UNREAD: &[&str] = &["monitors", "detect_degraded_hosts"];

/// Reads a cluster with its `outlier_detection`, or the bare block; and the timeouts of the route to it, or such as stand
/// beside it.
pub(super) fn read(document: &Value) -> Found<Envoy> {
    let known = &["route", "retry_policy", "timeout", "per_try_timeout"];
    let mut reader = Reader::new(Style::Proto, Spelling::Proto, known).strict("Envoy", UNREAD);
    let mut envoy = Envoy::default();
    let Some(block) = reader.locate(document, &["outlier_detection", "outlierDetection"], &envoy) else {
        return Err(nothing("`outlier_detection`: a cluster without it ejects nobody"));
    };
    let cluster = block.around(document).first().and_then(|cluster| cluster.text("name"));
    let route = route_of(&mut reader, document, cluster);
    // Beside the block, without a route, they are taken as well.
    if let Some(beside) = Block::of(document) {
        let retry = beside.child(&["retry_policy"]);
        reader.place_among_others("route", Some(beside.clone()));
        reader.place_among_others("route.retry_policy", Some(beside));
        reader.place_among_others("route.retry_policy", retry);
    }
    if let Some(route) = route {
        let retry = retry_policy(document, &route);
        reader.place_among_others("route", Some(route.clone()));
        reader.place_among_others("route.retry_policy", Some(route));
        reader.place_among_others("route.retry_policy", retry);
    }
    reader.place("", Some(block));
    reader.fill(&mut envoy);
    if !reader.has("max_ejection_time") {
        envoy.max_ejection_time = envoy.max_ejection_time.max(envoy.base_ejection_time);
    }
    reader.finish(envoy)
}

/// The route to a cluster: of those that set a timeout, or else of all, since its virtual host may set one.
fn route_of<'a>(reader: &mut Reader<'a>, document: &'a Value, cluster: Option<&str>) -> Option<Block<'a>> {
    let routes: Vec<Route<'a>> = find_blocks(document, &["route"]).into_iter().map(route).collect();
    let sets = |route: &Route<'a>| {
        let retry = route.block.child(&["retry_policy"]);
        [Some(&route.block), retry.as_ref()]
            .into_iter()
            .flatten()
            .any(|block| block.has("timeout") || block.has("per_try_timeout"))
    };
    let leads = |route: &Route<'a>| cluster.is_some_and(|cluster| route.to.contains(&cluster));
    let (set, others): (Vec<_>, Vec<_>) = routes.into_iter().partition(sets);
    let inheriting = if set.iter().any(leads) { None } else { others.into_iter().find(leads) };
    reader.route_to(cluster, set.into_iter().chain(inheriting).collect(), |to, cluster| to == cluster)
}

fn route(block: Block<'_>) -> Route<'_> {
    let weighted = block.child(&["weighted_clusters"]).and_then(|block| block.entry("clusters"));
    let weighted = weighted.and_then(|(_, list)| list.as_array()).into_iter().flatten();
    let weighted = weighted.filter_map(|cluster| cluster.get("name")?.as_str());
    let to = block.text("cluster").into_iter().chain(weighted).collect();
    Route { block, to }
}

/// The retry policy of a route: its own, or else that of the virtual host around it.
fn retry_policy<'a>(document: &'a Value, route: &Block<'a>) -> Option<Block<'a>> {
    let names = &["retry_policy"];
    route.child(names).or_else(|| route.around(document).iter().find_map(|block| block.child(names)))
}

/// The cluster's block and the route's.
pub(super) fn write(of: &Envoy, context: &Context) -> String {
    let service = comment(&context.service);
    let block = map([("outlier_detection", rows(of, Style::Proto, ""))]);
    let text = format!("# In the cluster {service}:\n{}", yaml(&block));
    if of.timeout.is_none() && of.per_try_timeout.is_none() {
        return text;
    }
    let Node::Map(mut route) = rows(of, Style::Proto, "route") else { return text };
    let retry = rows(of, Style::Proto, "route.retry_policy");
    if of.per_try_timeout.is_some() {
        route.push(("retry_policy".into(), retry));
    }
    let route = yaml(&map([("route", Node::Map(route))]));
    format!(
        "{text}# In each route to {service}: slow calls count as errors only once they time out.\n{route}"
    )
}

/// What a call gets that no timeout is set for, ms.
const ROUTE_TIMEOUT_MS: f64 = 15_000.0;

impl Envoy {
    /// After how long a try is given up, ms; infinite: never. A timeout of 0 is none.
    pub(super) fn try_timeout_ms(&self) -> f64 {
        let timeout = |set: Option<u64>, absent: f64| match set {
            None => absent,
            Some(0) => f64::INFINITY,
            Some(ms) => ms as f64,
        };
        let route = timeout(self.timeout, ROUTE_TIMEOUT_MS);
        timeout(self.per_try_timeout.filter(|ms| *ms > 0), route).min(route)
    }

    /// What ejects a host with such calls. Timeouts are answers of 504, unless failures are counted apart.
    fn detector(&self, hosts: f64, calls: &Calls) -> Detector {
        let split = self.split_external_local_origin_errors;
        let (local, outer) = if split { (calls.timed_out, calls.refused) } else { (0.0, calls.failed()) };
        let percent = |value: u64| value as f64 / 100.0;
        let run = |k: u64, enforcing: u64, p: f64| (k as f64, percent(enforcing), p);
        let gateway = if split { 0.0 } else { calls.timed_out };
        let mut runs = vec![
            run(self.consecutive_5xx, self.enforcing_consecutive_5xx, outer),
            run(self.consecutive_gateway_failure, self.enforcing_consecutive_gateway_failure, gateway),
        ];
        let k = self.consecutive_local_origin_failure;
        runs.push(run(k, self.enforcing_consecutive_local_origin_failure, local));
        // Of two kinds of failures, each judged by itself, the greater decides.
        let pick = |outer_chance: u64, local_chance: u64| {
            if local > outer { (percent(local_chance), local) } else { (percent(outer_chance), outer) }
        };
        let (chance, p) =
            pick(self.enforcing_failure_percentage, self.enforcing_failure_percentage_local_origin);
        let share = Share {
            threshold: percent(self.failure_percentage_threshold),
            strictly: false,
            volume: self.failure_percentage_request_volume as f64,
            chance,
        };
        let share = (hosts >= self.failure_percentage_minimum_hosts as f64).then_some((share, p));
        let (chance, p) = pick(self.enforcing_success_rate, self.enforcing_local_origin_success_rate);
        let outlier = Outlier {
            factor: self.success_rate_stdev_factor as f64 / 1_000.0,
            volume: self.success_rate_request_volume as f64,
            chance,
        };
        let outlier = (hosts >= self.success_rate_minimum_hosts as f64).then_some((outlier, p));
        Detector {
            runs,
            share,
            outlier,
            interval_s: seconds(self.interval),
            base_s: seconds(self.base_ejection_time),
            max_s: seconds(self.max_ejection_time),
            jitter_s: seconds(self.max_ejection_time_jitter),
            most: percent(self.max_ejection_percent).max(1.0 / hosts),
            allowed: hosts >= 2.0
                && (self.always_eject_one_host || 100.0 / hosts <= self.max_ejection_percent as f64),
        }
    }

    /// The settings for some traffic, by formula.
    pub(super) fn recommend(traffic: &Traffic) -> Self {
        let interval = interval_ms(traffic);
        let per_try = try_timeout_ms(traffic);
        let volume = enough_calls(traffic, interval);
        let thresholds = thresholds(traffic, volume);
        let tried = BASES_MS.iter().flat_map(|base| thresholds.map(|threshold| (*base, threshold)));
        let candidates = tried.map(|(base, threshold)| Self {
            interval,
            failure_percentage_threshold: threshold,
            enforcing_failure_percentage: 100,
            failure_percentage_request_volume: volume,
            success_rate_request_volume: volume,
            failure_percentage_minimum_hosts: traffic.hosts.min(5.0) as u64,
            success_rate_minimum_hosts: traffic.hosts.min(5.0) as u64,
            enforcing_success_rate: 0,
            consecutive_5xx: failures_in_a_row(traffic, per_try as f64, 5, 50),
            base_ejection_time: base,
            max_ejection_time_jitter: base / 5,
            max_ejection_percent: ejection_percent(traffic),
            per_try_timeout: Some(per_try),
            ..Self::default()
        });
        best_of(candidates, traffic)
    }
}

impl Defence for Envoy {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        let timeout_ms = self.try_timeout_ms();
        let calls = Calls::failing(traffic, scenario, timeout_ms);
        let course = self.detector(traffic.hosts, &calls).course(traffic, &calls, timeout_ms, curve);
        course.replay(traffic, scenario, timeout_ms, curve)
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        sweeps::healthy_day(traffic, self.try_timeout_ms(), |calls| self.detector(traffic.hosts, calls))
    }
}
