//! Istio: `outlierDetection` of a DestinationRule, and the timeouts of a VirtualService.

use serde_json::Value;

use super::super::{Defence, Group, HealthyDay, Replay, Scenario, Traffic};
use super::Context;
use super::blocks::{Block, blocks_of, find};
use super::calls::Calls;
use super::emit::{
    BASES_MS, best_of, ejection_percent, failures_in_a_row, interval_ms, seconds, try_timeout_ms,
};
use super::reader::{Found, Reader, nothing};
use super::routes::Route;
use super::spelling::Spelling;
use super::sweeps::{self, Detector};
use super::table::{ANY, ANY_TIME, PERCENT, SOME_TIME, Unit, maybe, row, settings};
use super::text::Style;
use super::writer::{Node, comment, map, rows, text, yaml};

settings! {
    /// The outlier detection that Istio sets up in its proxies, and the timeouts that let it see slow calls.
    /// Durations in ms.
    Istio, contradictions, {
        /// Errors in a row that eject a host; 0: off.
        consecutive_5xx_errors: u64 = 5 => row("consecutive5xxErrors", Unit::Count, Group::Errors, ANY);
        /// 502, 503 and 504 in a row that eject a host; 0: off.
        consecutive_gateway_errors: u64 = 0 => row("consecutiveGatewayErrors", Unit::Count, Group::Errors, ANY).rare();
        /// Whether timeouts, resets and refused connections are counted apart from answers.
        split_external_local_origin_errors: bool = false
            => row("splitExternalLocalOriginErrors", Unit::Flag, Group::Errors, (0.0, 1.0)).rare();
        /// Those in a row that eject a host, where they are counted apart.
        consecutive_local_origin_failures: u64 = 5
            => row("consecutiveLocalOriginFailures", Unit::Count, Group::Errors, ANY).rare();
        /// Time between two sweeps.
        interval: u64 = 10_000 => row("interval", Unit::Ms, Group::Interval, SOME_TIME);
        /// Time that the first ejection lasts; the second twice as long, and so on.
        base_ejection_time: u64 = 30_000 => row("baseEjectionTime", Unit::Ms, Group::Steps, SOME_TIME);
        /// Share of hosts that may be ejected at the same time.
        max_ejection_percent: u64 = 10 => row("maxEjectionPercent", Unit::Percent, Group::Steps, PERCENT);
        /// Share of healthy hosts below which ejected hosts are used all the same.
        min_health_percent: u64 = 0 => row("minHealthPercent", Unit::Percent, Group::Steps, PERCENT).rare();
        /// The route's timeout. Absent: none but the caller's own.
        timeout: Option<u64> = None => maybe("http.timeout", Unit::Ms, Group::Timeout, ANY_TIME);
        /// The timeout of each try of the route. Absent: the route's.
        per_try_timeout: Option<u64> = None
            => maybe("http.retries.perTryTimeout", Unit::Ms, Group::Timeout, ANY_TIME);
    }
}

fn contradictions(of: &Istio) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let counts = [of.consecutive_5xx_errors, of.consecutive_gateway_errors];
    let apart = of.split_external_local_origin_errors && of.consecutive_local_origin_failures > 0;
    if counts == [0, 0] && !apart {
        let detail = "every rule is off (0), so no host is ever ejected; set 3 to 5".to_owned();
        wrong.push(("consecutive5xxErrors", detail));
    }
    wrong
}

/// Reads a DestinationRule or its bare block, and a VirtualService beside it: a list of documents, or one of them.
pub(super) fn read(document: &Value) -> Found<Istio> {
    let mut reader = Reader::new(Style::Units, Spelling::Exact, &[]);
    let mut istio = Istio::default();
    let Some(block) = reader.locate(document, &["outlierDetection"], &istio) else {
        return Err(nothing("`outlierDetection` in a `trafficPolicy`: without it nobody is ejected"));
    };
    let host = block.around(document).iter().find_map(|block| block.text("host"));
    let routes = find(document, &["http"]).into_iter().flat_map(|(at, list)| blocks_of(&at, list));
    let routes = routes.map(route).filter(|route| {
        let retries = route.block.child(&["retries"]);
        route.block.map.contains_key("timeout")
            || retries.is_some_and(|r| r.map.contains_key("perTryTimeout"))
    });
    let route = reader.route_to(host, routes.collect(), same_host);
    reader.place_among_others("http.retries", route.as_ref().and_then(|route| route.child(&["retries"])));
    reader.place_among_others("http", route);
    reader.place("", Some(block));
    reader.fill(&mut istio);
    reader.finish(istio)
}

fn route(block: Block<'_>) -> Route<'_> {
    let legs = block.entry("route").and_then(|(_, list)| list.as_array()).into_iter().flatten();
    let to = legs.filter_map(|leg| leg.pointer("/destination/host")?.as_str()).collect();
    Route { block, to }
}

/// Whether two names of a host mean the same one: a short name stands for the long one of its namespace.
fn same_host(a: &str, b: &str) -> bool {
    let stands_for = |short: &str, long: &str| {
        !short.contains('.') && long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'))
    };
    a == b || stands_for(a, b) || stands_for(b, a)
}

/// A DestinationRule, and a VirtualService where there are timeouts.
pub(super) fn write(of: &Istio, context: &Context) -> String {
    let host = &context.service;
    let policy = map([("outlierDetection", rows(of, Style::Units, ""))]);
    let spec = map([("host", text(host)), ("trafficPolicy", policy)]);
    let out = yaml(&resource("DestinationRule", host, spec));
    if of.timeout.is_none() && of.per_try_timeout.is_none() {
        return out;
    }
    let Node::Map(mut route) = rows(of, Style::Units, "http") else { return out };
    if let Some(Node::Map(mut retries)) = of.per_try_timeout.map(|_| rows(of, Style::Units, "http.retries")) {
        // Istio's own default; with 0 the timeout of a try is lost.
        retries.insert(0, ("attempts".into(), Node::Value("2".into())));
        route.push(("retries".into(), Node::Map(retries)));
    }
    let destination = map([("destination", map([("host", text(host))]))]);
    route.push(("route".into(), Node::List(vec![destination])));
    let spec = map([("hosts", Node::List(vec![text(host)])), ("http", Node::List(vec![Node::Map(route)]))]);
    let service = resource("VirtualService", host, spec);
    let why = format!("---\n# Slow calls to {} count as errors only once they time out.\n", comment(host));
    out + &why + &yaml(&service)
}

fn resource(kind: &str, name: &str, spec: Node) -> Node {
    map([
        ("apiVersion", Node::Value("networking.istio.io/v1".into())),
        ("kind", Node::Value(kind.into())),
        ("metadata", map([("name", text(name))])),
        ("spec", spec),
    ])
}

impl Istio {
    /// After how long a try is given up, ms: where nothing is set, the caller gives up.
    pub(super) fn try_timeout_ms(&self, traffic: &Traffic) -> f64 {
        let set = |timeout: Option<u64>| timeout.filter(|ms| *ms > 0).map(|ms| ms as f64);
        let route = set(self.timeout).unwrap_or(traffic.timeout_ms);
        set(self.per_try_timeout).map_or(route, |ms| ms.min(route))
    }

    /// What ejects a host with such calls: only failures in a row.
    fn detector(&self, hosts: f64, calls: &Calls) -> Detector {
        let split = self.split_external_local_origin_errors;
        let (local, outer) = if split { (calls.timed_out, calls.refused) } else { (0.0, calls.failed()) };
        let gateway = if split { 0.0 } else { calls.timed_out };
        let left = 100.0 * (hosts - 1.0) / hosts;
        Detector {
            runs: vec![
                (self.consecutive_5xx_errors as f64, 1.0, outer),
                (self.consecutive_gateway_errors as f64, 1.0, gateway),
                (self.consecutive_local_origin_failures as f64, 1.0, local),
            ],
            share: None,
            outlier: None,
            interval_s: seconds(self.interval),
            base_s: seconds(self.base_ejection_time),
            max_s: LONGEST_EJECTION_S.max(seconds(self.base_ejection_time)),
            jitter_s: 0.0,
            most: self.max_ejection_percent as f64 / 100.0,
            allowed: hosts >= 2.0
                && 100.0 / hosts <= self.max_ejection_percent as f64
                && left >= self.min_health_percent as f64,
        }
    }

    /// The settings for some traffic, by formula: as few failures in a row as chance does not make.
    pub(super) fn recommend(traffic: &Traffic) -> Self {
        let per_try = try_timeout_ms(traffic);
        let least = failures_in_a_row(traffic, per_try as f64, 3, 50);
        let candidates = BASES_MS.into_iter().flat_map(|base_ejection_time| {
            (least..=least.max(5)).map(move |consecutive_5xx_errors| Self {
                consecutive_5xx_errors,
                interval: interval_ms(traffic),
                base_ejection_time,
                max_ejection_percent: ejection_percent(traffic),
                per_try_timeout: Some(per_try),
                ..Self::default()
            })
        });
        best_of(candidates, traffic)
    }
}

/// Istio has no key for it and Envoy's default holds, s.
const LONGEST_EJECTION_S: f64 = 300.0;

impl Defence for Istio {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        let timeout_ms = self.try_timeout_ms(traffic);
        let calls = Calls::failing(traffic, scenario, timeout_ms);
        let course = self.detector(traffic.hosts, &calls).course(traffic, &calls, timeout_ms, curve);
        course.replay(traffic, scenario, timeout_ms, curve)
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        sweeps::healthy_day(traffic, self.try_timeout_ms(traffic), |calls| {
            self.detector(traffic.hosts, calls)
        })
    }
}
