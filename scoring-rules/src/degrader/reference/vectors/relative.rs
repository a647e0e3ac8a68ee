//! Vectors of the strategy "relative".

use serde::Deserialize;

use super::Sink;
use super::config::RelativeConfig;
use super::number::{Real, Whole};
use crate::degrader::reference::{HostTraffic, RelativeCluster, RelativeHost};

/// A course of the strategy over some hosts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relative {
    pub(super) id: String,
    config: RelativeConfig,
    weights: Vec<Real>,
    initial_health_scores: Vec<Real>,
    intervals: Vec<Interval>,
}

#[derive(Clone, Debug, Deserialize)]
struct Interval {
    hosts: Vec<Fed>,
    expect: Expect,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fed {
    call_count: Whole,
    latencies: Vec<(Whole, Whole)>,
    avg_latency_ms: Real,
    server_errors: Whole,
    outstanding_count: Whole,
    outstanding_avg_ms: Whole,
}

impl Fed {
    fn traffic(&self) -> HostTraffic {
        let part = |(latency, count): &(Whole, Whole)| latency.0.saturating_mul(count.0);
        let sum = self.latencies.iter().map(part).fold(0_i64, i64::saturating_add);
        let calls = self.call_count.0 as f64;
        HostTraffic {
            calls,
            mean_ms: if calls > 0.0 { sum as f64 / calls } else { 0.0 },
            bad: self.server_errors.0 as f64,
            in_flight: self.outstanding_count.0 as f64,
            in_flight_age_ms: self.outstanding_avg_ms.0 as f64,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expect {
    health_score: Vec<Real>,
    points: Vec<Whole>,
    health_state: Vec<String>,
    avg_cluster_latency_ms: Real,
}

impl Relative {
    pub(super) fn run(&self, sink: &mut Sink) {
        if self.config.refused("/config", sink) {
            return;
        }
        let settings = self.config.settings();
        let scores = self.initial_health_scores.iter();
        let mut hosts: Vec<RelativeHost> = self
            .weights
            .iter()
            .zip(scores)
            .map(|(weight, score)| RelativeHost::new(&settings, weight.0, score.0))
            .collect();
        sink.list(
            "initialHealthScores",
            &self.initial_health_scores,
            hosts.iter().map(|h| h.score),
            Sink::real,
        );
        let mut cluster = RelativeCluster::default();
        for (i, interval) in self.intervals.iter().enumerate() {
            sink.at(format!("/intervals/{i}"));
            if interval.hosts.len() != hosts.len() {
                sink.add("hosts", format!("{} hosts", hosts.len()), interval.hosts.len());
                return;
            }
            for (h, (host, fed)) in hosts.iter_mut().zip(&interval.hosts).enumerate() {
                host.seen = fed.traffic();
                sink.real(&format!("hosts/{h}/avgLatencyMs"), fed.avg_latency_ms, host.seen.mean_ms);
            }
            cluster.update(&settings, &mut hosts);
            sink.at(format!("/intervals/{i}/expect"));
            let expect = &interval.expect;
            let states: Vec<&str> = expect.health_state.iter().map(String::as_str).collect();
            sink.list("healthScore", &expect.health_score, hosts.iter().map(|h| h.score), Sink::real);
            sink.list("points", &expect.points, hosts.iter().map(|h| h.points), Sink::whole);
            sink.list("healthState", &states, hosts.iter().map(|h| h.health.name()), Sink::same);
            sink.real("avgClusterLatencyMs", expect.avg_cluster_latency_ms, cluster.mean_latency_ms);
        }
    }
}
