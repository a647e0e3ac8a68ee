//! The call tracker: calls of one client to one host, in windows of equal length.

use super::{Window, round_half_up};
use crate::degrader::{Degrader, LatencyMetric};

/// Samples that are kept for percentiles.
const MOST_SAMPLES: usize = 4_000;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Success,
    /// No connection.
    Connect,
    /// The connection was closed.
    ClosedChannel,
    /// The server answered with an error of its own.
    ServerError,
    /// No answer in time.
    Timeout,
    /// The stream broke; counts only where the settings say so.
    Stream,
    /// Another error that the server reported; does not count against it.
    RemoteInvocation,
    /// An error without a class; does not count.
    Unclassified,
}

impl Outcome {
    /// Whether it counts against the host.
    pub fn degrades(self, settings: &Degrader) -> bool {
        match self {
            Self::Connect | Self::ClosedChannel | Self::ServerError | Self::Timeout => true,
            Self::Stream => settings.load_balance_stream_exception,
            Self::Success | Self::RemoteInvocation | Self::Unclassified => false,
        }
    }
}

/// A window that has closed; times in ms since the tracker was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closed {
    /// Its start.
    pub start_ms: i64,
    /// Its end.
    pub end_ms: i64,
    /// Exact mean latency of its calls, ms; 0 without calls.
    pub mean_ms: f64,
    /// What the degrader reads.
    pub window: Window,
}

/// Tracks calls. Windows close lazily: at the first start, end or poll at or after their end. After a gap two are
/// delivered, the one with the data and the last full one, which is empty; those between are not.
#[derive(Clone, Debug)]
pub struct Tracker {
    interval_ms: i64,
    metric: LatencyMetric,
    start_ms: i64,
    closed_ms: i64,
    samples: Samples,
    bad: i64,
    in_flight: i64,
    sum_of_starts: i64,
}

impl Tracker {
    /// A tracker with windows of `interval_ms`, the first of which begins at 0.
    pub fn new(interval_ms: i64, settings: &Degrader) -> Self {
        Self {
            interval_ms: interval_ms.max(1),
            metric: settings.latency_to_use,
            start_ms: 0,
            closed_ms: 0,
            samples: Samples::new(settings.latency_to_use),
            bad: 0,
            in_flight: 0,
            sum_of_starts: 0,
        }
    }

    /// A call starts.
    pub fn start(&mut self, now_ms: i64, closed: impl FnMut(&Closed)) {
        self.poll(now_ms, closed);
        self.in_flight += 1;
        self.sum_of_starts += now_ms;
    }

    /// A call that started at `started_ms` ends; `bad`: it counts against the host ([`Outcome::degrades`]).
    pub fn end(&mut self, now_ms: i64, started_ms: i64, bad: bool, closed: impl FnMut(&Closed)) {
        self.poll(now_ms, closed);
        self.samples.add(now_ms - started_ms);
        self.bad += i64::from(bad);
        self.in_flight = (self.in_flight - 1).max(0);
        self.sum_of_starts -= started_ms;
    }

    /// Closes what is over at `now_ms`, at most two windows, and hands them to `closed` in order.
    pub fn poll(&mut self, now_ms: i64, mut closed: impl FnMut(&Closed)) {
        if now_ms - self.closed_ms < self.interval_ms {
            return;
        }
        let last_end = now_ms / self.interval_ms * self.interval_ms;
        let last_start = last_end - self.interval_ms;
        if self.start_ms < last_start {
            closed(&self.close(self.start_ms + self.interval_ms));
            self.start_ms = last_start;
        }
        closed(&self.close(last_end));
    }

    fn close(&mut self, end_ms: i64) -> Closed {
        let calls = self.samples.count;
        let error_rate = if calls == 0 { 0.0 } else { self.bad as f64 / calls as f64 };
        let age = match self.in_flight {
            0 => 0,
            n => end_ms - self.sum_of_starts.div_euclid(n),
        };
        let window = Window {
            calls,
            latency_ms: self.samples.statistic(self.metric),
            error_rate,
            in_flight: self.in_flight,
            in_flight_age_ms: age,
        };
        let closed = Closed { start_ms: self.start_ms, end_ms, mean_ms: self.samples.mean(), window };
        self.samples.clear();
        self.bad = 0;
        self.start_ms = end_ms;
        self.closed_ms = end_ms;
        closed
    }
}

/// Latencies of a window: count and sum of all, and enough single ones for a percentile.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    count: i64,
    sum: i64,
    kept: Vec<i64>,
    stride: i64,
    keeps: bool,
}

impl Samples {
    pub(super) fn new(metric: LatencyMetric) -> Self {
        let keeps = metric != LatencyMetric::Average;
        let kept = if keeps { Vec::with_capacity(MOST_SAMPLES) } else { Vec::new() };
        Self { count: 0, sum: 0, kept, stride: 1, keeps }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.sum = 0;
        self.kept.clear();
        self.stride = 1;
    }

    pub(super) fn add(&mut self, latency_ms: i64) {
        self.count += 1;
        self.sum = self.sum.saturating_add(latency_ms);
        if !self.keeps || (self.stride > 1 && self.count % self.stride != 0) {
            return;
        }
        if self.kept.len() >= MOST_SAMPLES {
            // Every other one stays, and from now on every other call is passed over.
            for i in 1..MOST_SAMPLES / 2 {
                self.kept.swap(i, 2 * i);
            }
            self.kept.truncate(MOST_SAMPLES / 2);
            self.stride *= 2;
        }
        self.kept.push(latency_ms);
    }

    pub(super) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// The statistic held against the latency marks, ms; 0 without calls.
    pub(super) fn statistic(&mut self, metric: LatencyMetric) -> i64 {
        let share = match metric {
            LatencyMetric::Average => return round_half_up(self.mean()),
            LatencyMetric::Pct50 => 0.50,
            LatencyMetric::Pct90 => 0.90,
            LatencyMetric::Pct95 => 0.95,
            LatencyMetric::Pct99 => 0.99,
        };
        self.kept.sort_unstable();
        let last = self.kept.len().saturating_sub(1);
        let at = round_half_up(share * last as f64);
        usize::try_from(at).ok().and_then(|at| self.kept.get(at)).copied().unwrap_or(0)
    }
}
