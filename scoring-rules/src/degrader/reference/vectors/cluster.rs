//! Vectors of the V3 balancer: calls to some hosts, one update at each boundary.

use serde::Deserialize;

use super::Sink;
use super::config::{BalancerConfig, HostConfig};
use super::number::{Real, Whole};
use crate::degrader::reference::{Cluster, Member, Seen, Tracker, Window};
use crate::degrader::{Balancer, Degrader};

/// A course of the balancer over some hosts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct D2v3 {
    pub(super) id: String,
    load_balancer: BalancerConfig,
    degrader: HostConfig,
    weights: Vec<Real>,
    initial: State,
    intervals: Vec<Traffic>,
}

/// Calls of an interval: offset, duration, how many, whether each ends in a server error.
type Group = (Whole, Whole, Whole, bool);

#[derive(Clone, Debug, Deserialize)]
struct Traffic {
    hosts: Vec<Vec<Group>>,
    expect: Expect,
}

#[derive(Clone, Debug, Deserialize)]
struct Expect {
    seen: Vec<Statistics>,
    state: State,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    call_count: Whole,
    latency_ms: Whole,
    error_rate: Real,
    outstanding_count: Whole,
    outstanding_avg_ms: Whole,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    points: Vec<Whole>,
    computed_drop_rate: Vec<Real>,
    max_drop_rate: Vec<Real>,
    override_min_call_count: Vec<Whole>,
    in_recovery: Vec<bool>,
    cluster_drop_rate: Real,
    next_strategy: String,
    avg_cluster_latency_ms: Real,
}

impl State {
    fn compare(&self, sink: &mut Sink, cluster: &Cluster, hosts: &[Line]) {
        let members = || hosts.iter().map(|line| &line.member);
        sink.list("points", &self.points, members().map(|m| m.points), Sink::whole);
        sink.list(
            "computedDropRate",
            &self.computed_drop_rate,
            members().map(|m| m.host.drop_rate),
            Sink::real,
        );
        sink.list("maxDropRate", &self.max_drop_rate, members().map(|m| m.host.max_drop_rate), Sink::real);
        let minimums = members().map(|m| m.host.override_min_calls);
        sink.list("overrideMinCallCount", &self.override_min_call_count, minimums, Sink::whole);
        sink.list("inRecovery", &self.in_recovery, members().map(|m| m.saved_max.is_some()), Sink::same);
        sink.real("clusterDropRate", self.cluster_drop_rate, cluster.drop_level);
        sink.same("nextStrategy", self.next_strategy.as_str(), cluster.turn.name());
        sink.real("avgClusterLatencyMs", self.avg_cluster_latency_ms, cluster.mean_latency_ms);
    }
}

/// Calls in flight that started together and end together.
#[derive(Clone, Copy)]
struct Flight {
    start_ms: i64,
    end_ms: i64,
    count: i64,
    bad: bool,
}

/// A host with its tracker and its calls in flight.
struct Line {
    member: Member,
    tracker: Tracker,
    flights: Vec<Flight>,
    window: Window,
}

impl Line {
    /// Runs the interval that begins at `from_ms`. The order of calls within a window changes nothing in it.
    fn run(&mut self, settings: &Degrader, interval_ms: i64, from_ms: i64, groups: &[Group]) {
        let to_ms = from_ms + interval_ms;
        for (offset, duration, count, bad) in groups {
            let start_ms = from_ms + offset.0;
            (0..count.0).for_each(|_| self.tracker.start(start_ms, |_| ()));
            self.flights.push(Flight { start_ms, end_ms: start_ms + duration.0, count: count.0, bad: *bad });
        }
        let tracker = &mut self.tracker;
        self.flights.retain(|flight| {
            let stays = flight.end_ms >= to_ms;
            if !stays {
                (0..flight.count)
                    .for_each(|_| tracker.end(flight.end_ms, flight.start_ms, flight.bad, |_| ()));
            }
            stays
        });
        let (host, window) = (&mut self.member.host, &mut self.window);
        tracker.poll(to_ms, |closed| {
            *window = closed.window;
            host.step(settings, window);
        });
        self.member.seen = Seen {
            calls: window.calls as f64,
            latency_ms: window.latency_ms as f64,
            high: host.is_high(settings, window),
        };
    }
}

impl D2v3 {
    pub(super) fn run(&self, sink: &mut Sink) {
        let refused = self.load_balancer.refused("/loadBalancer", sink);
        if self.degrader.refused("/degrader", sink) || refused || !self.is_sound(sink) {
            return;
        }
        let (balancer, settings) = (self.load_balancer.settings(), self.degrader.settings());
        let mut cluster = Cluster::default();
        let mut hosts: Vec<Line> = self
            .weights
            .iter()
            .map(|weight| Line {
                member: Member::new(&settings, weight.0),
                tracker: Tracker::new(balancer.update_interval_ms, &settings),
                flights: Vec::new(),
                window: Window::default(),
            })
            .collect();
        update(&mut cluster, &balancer, &settings, &mut hosts);
        sink.at("/initial".into());
        self.initial.compare(sink, &cluster, &hosts);
        let mut from_ms = 0;
        for (i, interval) in self.intervals.iter().enumerate() {
            for (line, groups) in hosts.iter_mut().zip(&interval.hosts) {
                line.run(&settings, balancer.update_interval_ms, from_ms, groups);
            }
            from_ms += balancer.update_interval_ms;
            sink.at(format!("/intervals/{i}/expect"));
            sink.list("seen", &interval.expect.seen, hosts.iter().map(|line| line.window), compare_seen);
            update(&mut cluster, &balancer, &settings, &mut hosts);
            sink.at(format!("/intervals/{i}/expect/state"));
            interval.expect.state.compare(sink, &cluster, &hosts);
        }
    }

    /// Whether it can be run: calls for each host, within their interval.
    fn is_sound(&self, sink: &mut Sink) -> bool {
        let interval_ms = self.load_balancer.settings().update_interval_ms;
        let groups = || self.intervals.iter().flat_map(|interval| interval.hosts.iter().flatten());
        for (i, interval) in self.intervals.iter().enumerate() {
            sink.at(format!("/intervals/{i}"));
            if interval.hosts.len() != self.weights.len() {
                sink.add("hosts", format!("{} hosts", self.weights.len()), interval.hosts.len());
                return false;
            }
        }
        sink.at(String::new());
        if groups().any(|(offset, duration, ..)| !(0..interval_ms).contains(&offset.0) || duration.0 < 0) {
            sink.add("intervals", "calls that start in their interval and end no sooner", "others");
            return false;
        }
        sink.bounded(groups().map(|(_, _, count, _)| *count))
    }
}

fn update(cluster: &mut Cluster, balancer: &Balancer, settings: &Degrader, hosts: &mut [Line]) {
    let mut members: Vec<Member> = hosts.iter().map(|line| line.member).collect();
    cluster.update(balancer, settings, &mut members);
    for (line, member) in hosts.iter_mut().zip(members) {
        line.member = member;
    }
}

fn compare_seen(sink: &mut Sink, name: &str, expected: Statistics, got: Window) {
    let field = |field: &str| format!("{name}/{field}");
    sink.whole(&field("callCount"), expected.call_count, got.calls);
    sink.whole(&field("latencyMs"), expected.latency_ms, got.latency_ms);
    sink.real(&field("errorRate"), expected.error_rate, got.error_rate);
    sink.whole(&field("outstandingCount"), expected.outstanding_count, got.in_flight);
    sink.whole(&field("outstandingAvgMs"), expected.outstanding_avg_ms, got.in_flight_age_ms);
}
