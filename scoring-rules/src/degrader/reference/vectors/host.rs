//! Vectors of one host: windows, calls, and decisions to drop.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::Sink;
use super::config::HostConfig;
use super::number::{Real, Whole};
use crate::degrader::Degrader;
use crate::degrader::reference::tracker::Samples;
use crate::degrader::reference::{Closed, Gate, Host, Outcome, Tracker, Window};

/// Exact statistics, window by window.
#[derive(Clone, Debug, Deserialize)]
pub struct Interval {
    pub(super) id: String,
    config: HostConfig,
    initial: Rates,
    intervals: Vec<Fed>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rates {
    computed_drop_rate: Real,
    drop_rate: Real,
}

impl Rates {
    fn compare(self, sink: &mut Sink, host: &Host) {
        sink.real("computedDropRate", self.computed_drop_rate, host.drop_rate);
        sink.real("dropRate", self.drop_rate, host.effective_drop_rate());
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fed {
    set_override_drop_rate: Option<Real>,
    call_count: Whole,
    latencies: Vec<(Whole, Whole)>,
    avg_latency_ms: Real,
    #[serde(default)]
    errors: Errors,
    outstanding_count: Whole,
    outstanding_avg_ms: Whole,
    expect: Stepped,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Errors {
    connect: Whole,
    closed_channel: Whole,
    server_error: Whole,
    timeout: Whole,
    stream: Whole,
}

impl Errors {
    /// Those that count against the host.
    fn degrading(self, settings: &Degrader) -> i64 {
        let always = self.connect.0 + self.closed_channel.0 + self.server_error.0 + self.timeout.0;
        always + if settings.load_balance_stream_exception { self.stream.0 } else { 0 }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stepped {
    adjusted_min_call_count: Whole,
    latency_ms: Whole,
    error_rate: Real,
    action: String,
    preemptive_timeout: bool,
    #[serde(flatten)]
    rates: Rates,
}

impl Interval {
    pub(super) fn run(&self, sink: &mut Sink) {
        let counts = self.intervals.iter().flat_map(|fed| fed.latencies.iter().map(|(_, count)| *count));
        if self.config.refused("/config", sink) || !sink.bounded(counts) {
            return;
        }
        let settings = self.config.settings();
        let mut samples = Samples::new(settings.latency_to_use);
        let mut host = Host::new(&settings);
        sink.at("/initial".into());
        self.initial.compare(sink, &host);
        for (i, fed) in self.intervals.iter().enumerate() {
            sink.at(format!("/intervals/{i}"));
            if let Some(rate) = fed.set_override_drop_rate {
                host.override_drop_rate = rate.0;
            }
            samples.clear();
            for (latency, count) in &fed.latencies {
                (0..count.0).for_each(|_| samples.add(latency.0));
            }
            sink.real("avgLatencyMs", fed.avg_latency_ms, samples.mean());
            let calls = fed.call_count.0;
            let bad = fed.errors.degrading(&settings) as f64;
            let window = Window {
                calls,
                latency_ms: samples.statistic(settings.latency_to_use),
                error_rate: if calls == 0 { 0.0 } else { bad / calls as f64 },
                in_flight: fed.outstanding_count.0,
                in_flight_age_ms: fed.outstanding_avg_ms.0,
            };
            let min_calls = host.min_calls(&settings);
            let action = host.step(&settings, &window);
            sink.at(format!("/intervals/{i}/expect"));
            let expect = &fed.expect;
            sink.whole("adjustedMinCallCount", expect.adjusted_min_call_count, min_calls);
            sink.whole("latencyMs", expect.latency_ms, window.latency_ms);
            sink.real("errorRate", expect.error_rate, window.error_rate);
            sink.same("action", expect.action.as_str(), action.name());
            sink.same("preemptiveTimeout", expect.preemptive_timeout, host.preemptive_timeout);
            expect.rates.compare(sink, &host);
        }
    }
}

/// Calls, through tracker and degrader.
#[derive(Clone, Debug, Deserialize)]
pub struct Trace {
    pub(super) id: String,
    config: HostConfig,
    events: Vec<Event>,
    rollovers: Vec<Rollover>,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    at_ms: i64,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Start(i64),
    End(i64, Outcome),
    Poll,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rollover {
    fired_at_ms: Whole,
    interval_start_ms: Whole,
    interval_end_ms: Whole,
    call_count: Whole,
    avg_latency_ms: Real,
    latency_ms: Whole,
    error_rate: Real,
    outstanding_count: Whole,
    outstanding_avg_ms: Whole,
    #[serde(flatten)]
    rates: Rates,
}

impl Rollover {
    fn compare(self, sink: &mut Sink, fired_at_ms: i64, closed: &Closed, host: &Host) {
        let window = &closed.window;
        sink.whole("firedAtMs", self.fired_at_ms, fired_at_ms);
        sink.whole("intervalStartMs", self.interval_start_ms, closed.start_ms);
        sink.whole("intervalEndMs", self.interval_end_ms, closed.end_ms);
        sink.whole("callCount", self.call_count, window.calls);
        sink.real("avgLatencyMs", self.avg_latency_ms, closed.mean_ms);
        sink.whole("latencyMs", self.latency_ms, window.latency_ms);
        sink.real("errorRate", self.error_rate, window.error_rate);
        sink.whole("outstandingCount", self.outstanding_count, window.in_flight);
        sink.whole("outstandingAvgMs", self.outstanding_avg_ms, window.in_flight_age_ms);
        self.rates.compare(sink, host);
    }
}

impl Trace {
    pub(super) fn run(&self, sink: &mut Sink) {
        if self.config.refused("/config", sink) {
            return;
        }
        let settings = self.config.settings();
        let mut tracker = Tracker::new(self.config.interval_ms.0, &settings);
        let mut host = Host::new(&settings);
        let mut started = BTreeMap::new();
        let (mut now, mut fired) = (0, 0_usize);
        for (i, Event { at_ms, what }) in self.events.iter().copied().enumerate() {
            sink.at(format!("/events/{i}"));
            if at_ms < now {
                sink.add("0", format!("{now} or later"), at_ms);
                return;
            }
            now = at_ms;
            let mut rolled = |closed: &Closed| {
                host.step(&settings, &closed.window);
                if let Some(expected) = self.rollovers.get(fired) {
                    sink.at(format!("/rollovers/{fired}"));
                    expected.compare(sink, now, closed, &host);
                }
                fired += 1;
            };
            match what {
                What::Poll => tracker.poll(now, &mut rolled),
                What::Start(call) => {
                    tracker.start(now, &mut rolled);
                    started.insert(call, now);
                }
                What::End(call, outcome) => {
                    let Some(start) = started.remove(&call) else {
                        sink.add("2", "a call in flight", call);
                        return;
                    };
                    tracker.end(now, start, outcome.degrades(&settings), &mut rolled);
                }
            }
        }
        if fired != self.rollovers.len() {
            sink.at(String::new());
            sink.same("rollovers", format!("{} windows", self.rollovers.len()), format!("{fired} windows"));
        }
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EventVisitor)
    }
}

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "an event: [t, \"start\", call], [t, \"end\", call], [t, \"end\", call, error] or [t, \"poll\"]",
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Event, A::Error> {
        let missing = |at| A::Error::invalid_length(at, &EventVisitor);
        let at_ms = seq.next_element::<Whole>()?.ok_or_else(|| missing(0))?.0;
        let word = seq.next_element::<String>()?.ok_or_else(|| missing(1))?;
        let what = match word.as_str() {
            "poll" => What::Poll,
            "start" => What::Start(seq.next_element::<Whole>()?.ok_or_else(|| missing(2))?.0),
            "end" => {
                let call = seq.next_element::<Whole>()?.ok_or_else(|| missing(2))?.0;
                let class = seq.next_element::<ErrorClass>()?;
                What::End(call, class.map_or(Outcome::Success, ErrorClass::outcome))
            }
            other => return Err(A::Error::unknown_variant(other, &["start", "end", "poll"])),
        };
        Ok(Event { at_ms, what })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum ErrorClass {
    Connect,
    ClosedChannel,
    ServerError,
    Timeout,
    Stream,
    RemoteInvocation,
    Unclassified,
}

impl ErrorClass {
    fn outcome(self) -> Outcome {
        match self {
            Self::Connect => Outcome::Connect,
            Self::ClosedChannel => Outcome::ClosedChannel,
            Self::ServerError => Outcome::ServerError,
            Self::Timeout => Outcome::Timeout,
            Self::Stream => Outcome::Stream,
            Self::RemoteInvocation => Outcome::RemoteInvocation,
            Self::Unclassified => Outcome::Unclassified,
        }
    }
}

/// Decisions to drop single calls at the drop rate a host begins with.
#[derive(Clone, Debug, Deserialize)]
pub struct Drops {
    pub(super) id: String,
    config: HostConfig,
    checks: Vec<(Whole, Real, bool)>,
}

impl Drops {
    pub(super) fn run(&self, sink: &mut Sink) {
        if self.config.refused("/config", sink) {
            return;
        }
        let settings = self.config.settings();
        let rate = Host::new(&settings).effective_drop_rate();
        let mut gate = Gate::default();
        for (i, (at, code, dropped)) in self.checks.iter().enumerate() {
            sink.at(format!("/checks/{i}"));
            sink.same("2", *dropped, gate.drops(&settings, rate, at.0, code.0));
        }
    }
}
