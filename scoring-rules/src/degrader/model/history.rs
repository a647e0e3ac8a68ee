//! How many calls were sent to the failing host, and when: enough to tell which of them complete when.

/// The rate of calls over time, constant within each interval. Times are ms since the failure began; the first interval
/// is the one in which it did, and before it the rate was constant.
pub(super) struct History {
    first: f64,
    interval: f64,
    before: f64,
    /// Of each interval its rate, and at its start the calls so far and the integral of those.
    intervals: Vec<Interval>,
}

#[derive(Clone, Copy, Default)]
struct Interval {
    rate: f64,
    calls: f64,
    area: f64,
}

impl History {
    pub(super) fn new(first: f64, interval: f64, before: f64, room: usize) -> Self {
        Self { first, interval, before, intervals: Vec::with_capacity(room) }
    }

    /// Starts an interval in which calls are sent at `rate` a ms.
    pub(super) fn push(&mut self, rate: f64) {
        let next = self.intervals.last().map_or_else(Interval::default, |last| Interval {
            rate,
            calls: last.calls + last.rate * self.interval,
            area: last.area + (last.calls + last.rate * self.interval / 2.0) * self.interval,
        });
        self.intervals.push(Interval { rate, ..next });
    }

    /// Calls until `time`, from the start of the first interval on; negative before it.
    pub(super) fn calls(&self, time: f64) -> f64 {
        let (interval, since) = self.at(time);
        interval.calls + interval.rate * since
    }

    /// Calls sent between the two times.
    pub(super) fn sent(&self, from: f64, to: f64) -> f64 {
        if to > from { self.calls(to) - self.calls(from) } else { 0.0 }
    }

    /// Sum of the ages, at `now`, of the calls sent between the two times, ms.
    pub(super) fn ages(&self, from: f64, to: f64, now: f64) -> f64 {
        if to <= from {
            return 0.0;
        }
        let (start, end) = (self.calls(from), self.calls(to));
        self.area(to) - self.area(from) - start * (to - from) + (now - to) * (end - start)
    }

    fn area(&self, time: f64) -> f64 {
        let (interval, since) = self.at(time);
        interval.area + (interval.calls + interval.rate * since / 2.0) * since
    }

    fn at(&self, time: f64) -> (Interval, f64) {
        let since = time - self.first;
        if since < 0.0 {
            return (Interval { rate: self.before, ..Interval::default() }, since);
        }
        let last = self.intervals.len().saturating_sub(1);
        let index = ((since / self.interval) as usize).min(last);
        let interval = self.intervals.get(index).copied().unwrap_or_default();
        (interval, since - index as f64 * self.interval)
    }
}
