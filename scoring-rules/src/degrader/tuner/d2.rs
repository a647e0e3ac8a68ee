//! The settings of D2 as a tuning changes them, by the keys of its library.

use super::super::model::judge_d2_below;
use super::super::{D2, Judged, LatencyMetric, Traffic};
use super::candidate::proposed_timeout_ms;
use super::{Field, GROUPS, Group, Remark, Tunable};

impl Tunable for D2 {
    fn fields(&self) -> Vec<Field> {
        let (degrader, balancer) = (&self.degrader, &self.balancer);
        let field = |key, value: String, group| Field { key, value, group };
        let whole = |x: i64| x.to_string();
        let real = |x: f64| format!("{x:?}");
        let metric = match degrader.latency_to_use {
            LatencyMetric::Average => "AVERAGE",
            LatencyMetric::Pct50 => "PCT50",
            LatencyMetric::Pct90 => "PCT90",
            LatencyMetric::Pct95 => "PCT95",
            LatencyMetric::Pct99 => "PCT99",
        };
        let timeout = self.request_timeout_ms.map_or_else(|| "not set".to_owned(), whole);
        vec![
            field("degrader.latencyToUse", metric.to_owned(), Group::Latency),
            field("degrader.highLatency", whole(degrader.high_latency), Group::Latency),
            field("degrader.lowLatency", whole(degrader.low_latency), Group::Latency),
            field("degrader.minCallCount", whole(degrader.min_call_count), Group::Latency),
            field("degrader.highErrorRate", real(degrader.high_error_rate), Group::Errors),
            field("degrader.lowErrorRate", real(degrader.low_error_rate), Group::Errors),
            field("degrader.highOutstanding", whole(degrader.high_outstanding), Group::Outstanding),
            field("degrader.lowOutstanding", whole(degrader.low_outstanding), Group::Outstanding),
            field("degrader.minOutstandingCount", whole(degrader.min_outstanding_count), Group::Outstanding),
            field("degrader.upStep", real(degrader.up_step), Group::Steps),
            field("degrader.downStep", real(degrader.down_step), Group::Steps),
            field("degrader.maxDropRate", real(degrader.max_drop_rate), Group::Steps),
            field("http.loadBalancer.highWaterMark", real(balancer.high_water_mark), Group::WaterMarks),
            field("http.loadBalancer.lowWaterMark", real(balancer.low_water_mark), Group::WaterMarks),
            field("http.loadBalancer.updateIntervalMs", whole(balancer.update_interval_ms), Group::Interval),
            field("http.requestTimeout", timeout, Group::Timeout),
        ]
    }

    fn take(&mut self, group: Group, other: &Self) {
        let (to, from) = (&mut self.degrader, &other.degrader);
        match group {
            Group::Latency => {
                to.latency_to_use = from.latency_to_use;
                to.high_latency = from.high_latency;
                to.low_latency = from.low_latency;
                to.min_call_count = from.min_call_count;
            }
            Group::Errors => {
                to.high_error_rate = from.high_error_rate;
                to.low_error_rate = from.low_error_rate;
            }
            Group::Outstanding => {
                to.high_outstanding = from.high_outstanding;
                to.low_outstanding = from.low_outstanding;
                to.min_outstanding_count = from.min_outstanding_count;
            }
            Group::Steps => {
                to.up_step = from.up_step;
                to.down_step = from.down_step;
                to.max_drop_rate = from.max_drop_rate;
            }
            Group::WaterMarks => {
                self.balancer.high_water_mark = other.balancer.high_water_mark;
                self.balancer.low_water_mark = other.balancer.low_water_mark;
            }
            Group::Interval => self.balancer.update_interval_ms = other.balancer.update_interval_ms,
            Group::Timeout => self.request_timeout_ms = other.request_timeout_ms,
        }
    }

    fn with_defaults(&self) -> Self {
        let mut settings = self.clone();
        for group in GROUPS.into_iter().filter(|group| *group != Group::Timeout) {
            settings.take(group, &Self::default());
        }
        settings
    }

    fn window_ms(&self) -> f64 {
        self.balancer.update_interval_ms as f64
    }

    fn judge_below(&self, traffic: &Traffic, limit: f64) -> Option<Judged> {
        judge_d2_below(self, traffic, limit)
    }

    fn always_change(&self, group: Group, traffic: &Traffic) -> bool {
        group == Group::Timeout && proposed_timeout_ms(self, traffic) != self.request_timeout_ms
    }

    fn notes(&self, traffic: &Traffic) -> Vec<Remark> {
        let proposed = proposed_timeout_ms(self, traffic).filter(|ms| Some(*ms) != self.request_timeout_ms);
        let note = |ms: i64| {
            let detail = format!(
                "The request timeout is far above what calls take: a call that hangs counts against its host only when \
                 it ends. Set `http.requestTimeout` to {ms} ms."
            );
            Remark::new("long_timeout", detail)
        };
        proposed.map(note).into_iter().collect()
    }
}
