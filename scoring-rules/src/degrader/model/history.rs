//! How many calls were sent to the failing host, and when: enough to tell which of them complete when.

/// The rate of calls over time, constant within each interval. Times are ms since the failure began; the first interval
/// is the one in which it did, and before it the rate was that of this interval.
pub(super) struct History {
    first: f64,
    interval: f64,
    /// Of each interval its rate, and at its start the calls so far and the integral of those.
    intervals: Vec<Interval>,
    last: Interval,
    /// The end of the last interval, and the calls until then.
    end: f64,
    calls_at_end: f64,
}

#[derive(Clone, Copy, Default)]
struct Interval {
    rate: f64,
    calls: f64,
    area: f64,
}

impl History {
    /// The first interval begins at `first`, with calls sent at `rate` a ms.
    pub(super) fn new(first: f64, interval: f64, rate: f64, room: usize) -> Self {
        let last = Interval { rate, calls: 0.0, area: 0.0 };
        let mut intervals = Vec::with_capacity(room);
        intervals.push(last);
        Self { first, interval, intervals, last, end: first + interval, calls_at_end: rate * interval }
    }

    /// Starts the next interval, in which calls are sent at `rate` a ms.
    pub(super) fn push(&mut self, rate: f64) {
        let Interval { rate: before, calls, area } = self.last;
        self.last = Interval {
            rate,
            calls: self.calls_at_end,
            area: area + (calls + before * self.interval / 2.0) * self.interval,
        };
        self.intervals.push(self.last);
        self.end = self.first + self.interval * self.intervals.len() as f64;
        self.calls_at_end += rate * self.interval;
    }

    /// How many intervals there are.
    pub(super) fn len(&self) -> usize {
        self.intervals.len()
    }

    /// Whether the rates of the last `span` ms of the first `one` intervals are those of the first `other` ones.
    pub(super) fn repeats(&self, one: usize, other: usize, span: f64) -> bool {
        let intervals = (span / self.interval).ceil() as usize + 1;
        let (Some(from), Some(shifted)) = (one.checked_sub(intervals), other.checked_sub(intervals)) else {
            return false;
        };
        let (Some(a), Some(b)) = (self.intervals.get(from..one), self.intervals.get(shifted..other)) else {
            return false;
        };
        a.iter().zip(b).all(|(a, b)| same(a.rate, b.rate))
    }

    /// Moves everything to so many ms later: what lies before is of no further interest.
    pub(super) fn shift(&mut self, later: f64) {
        self.first += later;
        self.end += later;
    }

    /// When the last interval ends.
    pub(super) fn end(&self) -> f64 {
        self.end
    }

    /// The highest rate of the last `span` ms, or more.
    pub(super) fn busiest(&self, span: f64) -> f64 {
        let intervals = (span / self.interval) as usize + 2;
        self.intervals.iter().rev().take(intervals).fold(0.0, |most, interval| most.max(interval.rate))
    }

    /// Calls until `time`, from the start of the first interval on; negative before it.
    pub(super) fn calls(&self, time: f64) -> f64 {
        let back = self.end - time;
        if back <= self.interval {
            return self.calls_at_end - self.last.rate * back;
        }
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
        let last = self.intervals.len().saturating_sub(1);
        // Before the first interval its rate counts too, backwards.
        let index = ((since / self.interval) as usize).min(last);
        let interval = self.intervals.get(index).copied().unwrap_or_default();
        (interval, since - index as f64 * self.interval)
    }
}

/// Whether two numbers differ by no more than rounding does.
pub(super) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}
