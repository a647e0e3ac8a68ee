//! Rest.li D2: the property maps of a service, strategies "degrader" and "relative".

use serde_json::Value;

use super::super::{D2, Group, Relative};
use super::blocks::{Block, find_blocks};
use super::reader::{Found, Reader, nothing};
use super::spelling::Spelling;
use super::table::{Spec, Unit, maybe, row, table};
use super::text::Style;
use super::writer::{Node, json, map, rows};

/// Words of `degrader.latencyToUse`.
const METRICS: &[&str] = &["AVERAGE", "PCT50", "PCT90", "PCT95", "PCT99"];
/// The library takes any number; what it should not take, `check` of the settings says.
const FREE: (f64, f64) = (f64::MIN, f64::MAX);

const fn host(key: &'static str, unit: Unit, group: Group) -> Spec {
    row(key, unit, group, FREE).within("degraderProperties")
}

const fn ring(key: &'static str, unit: Unit, group: Group) -> Spec {
    row(key, unit, group, FREE).within("loadBalancerStrategyProperties")
}

const fn relative(key: &'static str, unit: Unit, group: Group) -> Spec {
    row(key, unit, group, FREE).within("relativeStrategyProperties")
}

table! {
    D2, d2_contradictions, {
        degrader.latency_to_use => host("degrader.latencyToUse", Unit::Word(METRICS), Group::Latency);
        degrader.high_latency => host("degrader.highLatency", Unit::Ms, Group::Latency);
        degrader.low_latency => host("degrader.lowLatency", Unit::Ms, Group::Latency);
        degrader.min_call_count => host("degrader.minCallCount", Unit::Count, Group::Latency);
        degrader.high_error_rate => host("degrader.highErrorRate", Unit::Number, Group::Errors);
        degrader.low_error_rate => host("degrader.lowErrorRate", Unit::Number, Group::Errors);
        degrader.high_outstanding => host("degrader.highOutstanding", Unit::Ms, Group::Outstanding);
        degrader.low_outstanding => host("degrader.lowOutstanding", Unit::Ms, Group::Outstanding);
        degrader.min_outstanding_count => host("degrader.minOutstandingCount", Unit::Count, Group::Outstanding);
        degrader.up_step => host("degrader.upStep", Unit::Number, Group::Steps);
        degrader.down_step => host("degrader.downStep", Unit::Number, Group::Steps);
        degrader.max_drop_rate => host("degrader.maxDropRate", Unit::Number, Group::Steps);
        degrader.max_drop_duration => host("degrader.maxDropDuration", Unit::Ms, Group::Steps).rare();
        degrader.initial_drop_rate => host("degrader.initialDropRate", Unit::Number, Group::Steps).rare();
        degrader.slow_start_threshold => host("degrader.slowStartThreshold", Unit::Number, Group::Steps).rare();
        balancer.update_interval_ms => ring("http.loadBalancer.updateIntervalMs", Unit::Ms, Group::Interval);
        balancer.points_per_weight => ring("http.loadBalancer.pointsPerWeight", Unit::Count, Group::Steps).rare();
        balancer.initial_recovery_level
            => ring("http.loadBalancer.initialRecoveryLevel", Unit::Number, Group::Steps).rare();
        balancer.ring_ramp_factor => ring("http.loadBalancer.ringRampFactor", Unit::Number, Group::Steps);
        balancer.high_water_mark => ring("http.loadBalancer.highWaterMark", Unit::Number, Group::WaterMarks);
        balancer.low_water_mark => ring("http.loadBalancer.lowWaterMark", Unit::Number, Group::WaterMarks);
        balancer.global_step_up => ring("http.loadBalancer.globalStepUp", Unit::Number, Group::WaterMarks).rare();
        balancer.global_step_down => ring("http.loadBalancer.globalStepDown", Unit::Number, Group::WaterMarks).rare();
        balancer.cluster_min_calls_high
            => ring("http.loadBalancer.clusterMinCallCount.highWaterMark", Unit::Count, Group::WaterMarks).rare();
        balancer.cluster_min_calls_low
            => ring("http.loadBalancer.clusterMinCallCount.lowWaterMark", Unit::Count, Group::WaterMarks).rare();
        request_timeout_ms => maybe("http.requestTimeout", Unit::Ms, Group::Timeout, FREE)
            .within("transportClientProperties");
    }
}

table! {
    Relative, relative_contradictions, {
        relative_latency_high_threshold_factor
            => relative("relativeLatencyHighThresholdFactor", Unit::Number, Group::Latency);
        relative_latency_low_threshold_factor
            => relative("relativeLatencyLowThresholdFactor", Unit::Number, Group::Latency);
        min_call_count => relative("minCallCount", Unit::Count, Group::Latency);
        high_error_rate => relative("highErrorRate", Unit::Number, Group::Errors);
        low_error_rate => relative("lowErrorRate", Unit::Number, Group::Errors);
        up_step => relative("upStep", Unit::Number, Group::Steps);
        down_step => relative("downStep", Unit::Number, Group::Steps);
        initial_health_score => relative("initialHealthScore", Unit::Number, Group::Steps).rare();
        slow_start_threshold => relative("slowStartThreshold", Unit::Number, Group::Steps).rare();
        enable_fast_recovery => relative("enableFastRecovery", Unit::Flag, Group::Steps).rare();
        update_interval_ms => relative("updateIntervalMs", Unit::Ms, Group::Interval);
        points_per_weight => row("pointsPerWeight", Unit::Count, Group::Steps, FREE).rare()
            .within("relativeStrategyProperties.ringProperties");
    }
}

/// Keys of [`D2::check`] that the library calls otherwise.
const RENAMED: [(&str, &str); 3] = [
    ("clusterMinCallsHigh", "http.loadBalancer.clusterMinCallCount.highWaterMark"),
    ("clusterMinCallsLow", "http.loadBalancer.clusterMinCallCount.lowWaterMark"),
    ("requestTimeoutMs", "http.requestTimeout"),
];

fn d2_contradictions(of: &D2) -> Vec<(&'static str, String)> {
    use super::table::Table;
    by_key(of.specs(), of.check())
}

fn relative_contradictions(of: &Relative) -> Vec<(&'static str, String)> {
    use super::table::Table;
    by_key(of.specs(), of.check())
}

/// Problems of the settings, whose pointers end in the field's name, by the library's keys.
fn by_key(specs: &[Spec], problems: Vec<super::super::Problem>) -> Vec<(&'static str, String)> {
    let keyed = problems.into_iter().map(|problem| {
        let field = problem.pointer.rsplit('/').next().unwrap_or_default();
        let renamed = RENAMED.iter().find(|(from, _)| *from == field).map(|(_, to)| *to);
        let spec = specs.iter().map(|spec| spec.key).find(|key| match renamed {
            Some(renamed) => *key == renamed,
            None => key.rsplit('.').next() == Some(field),
        });
        (spec.unwrap_or(""), problem.detail)
    });
    keyed.collect()
}

/// Reads the property maps of a service.
pub(super) fn read(document: &Value) -> Found<D2> {
    let mut reader = Reader::new(Style::Strings, Spelling::Exact, &[]);
    let mut found = false;
    for (name, block) in
        named(document, &["degraderProperties", "loadBalancerStrategyProperties"], &mut reader)
    {
        found = true;
        reader.place(name, Some(block));
    }
    for (name, block) in named(document, &["transportClientProperties"], &mut reader) {
        found = true;
        reader.place_among_others(name, Some(block));
    }
    if !found {
        return Err(nothing(
            "`degraderProperties`, `loadBalancerStrategyProperties` or `transportClientProperties`",
        ));
    }
    let mut d2 = D2::default();
    reader.fill(&mut d2);
    reader.finish(d2)
}

/// Reads the properties of the strategy "relative".
pub(super) fn read_relative(document: &Value) -> Found<Relative> {
    let mut reader = Reader::new(Style::Bare, Spelling::Exact, &["ringProperties"]);
    let Some((name, block)) = named(document, &["relativeStrategyProperties"], &mut reader).pop() else {
        return Err(nothing("`relativeStrategyProperties`"));
    };
    let ring = block.child(&["ringProperties"]);
    reader.place_among_others("relativeStrategyProperties.ringProperties", ring);
    reader.place(name, Some(block));
    let mut relative = Relative::default();
    reader.fill(&mut relative);
    reader.finish(relative)
}

fn named<'a>(
    document: &'a Value,
    names: &[&'static str],
    reader: &mut Reader<'a>,
) -> Vec<(&'static str, Block<'a>)> {
    let found = names.iter().filter_map(|name| Some((*name, reader.first(find_blocks(document, &[name]))?)));
    found.collect()
}

/// The property maps, all values as strings.
pub(super) fn write(of: &D2) -> String {
    let block = |name: &'static str| (name.to_owned(), rows(of, Style::Strings, name));
    let mut maps = vec![block("degraderProperties"), block("loadBalancerStrategyProperties")];
    if of.request_timeout_ms.is_some() {
        maps.push(block("transportClientProperties"));
    }
    json(&Node::Map(maps))
}

/// The property map of the strategy "relative".
pub(super) fn write_relative(of: &Relative) -> String {
    let Node::Map(mut block) = rows(of, Style::Bare, "relativeStrategyProperties") else {
        return String::new();
    };
    let ring = rows(of, Style::Bare, "relativeStrategyProperties.ringProperties");
    if !matches!(&ring, Node::Map(entries) if entries.is_empty()) {
        block.push(("ringProperties".into(), ring));
    }
    json(&map([("relativeStrategyProperties", Node::Map(block))]))
}
