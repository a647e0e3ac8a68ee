//! The calls to the failing host: sent at a known rate, they end or hang as the host did when they were sent.

use super::calls::Calls;
use super::course::FAILURE_MS;
use super::history::History;
use super::window::{Completed, InFlight};

/// Calls to the failing host over time. Times in ms since the failure began.
pub(super) struct Flow {
    pub(super) failing: Calls,
    pub(super) healthy: Calls,
    pub(super) history: History,
    timeout: f64,
    /// Calls sent in the first window before the failure.
    before: f64,
    /// Calls completed until the end of the last window, by kind.
    completed: Completed,
}

impl Flow {
    /// Calls sent at the `usual` rate until a failure that begins in `phase` of a window of `interval` ms.
    pub(super) fn new(
        failing: Calls,
        healthy: Calls,
        timeout: f64,
        interval: f64,
        phase: f64,
        usual: f64,
    ) -> Self {
        let first = -phase * interval;
        let room = (2.0 * FAILURE_MS / interval) as usize + 2;
        let history = History::new(first, interval, usual, room);
        let mut flow = Self {
            failing,
            healthy,
            history,
            timeout,
            before: usual * -first,
            completed: Completed::default(),
        };
        flow.completed = flow.completed_until(first);
        flow
    }

    /// What has completed in the window that ends then.
    pub(super) fn complete(&mut self, end: f64) -> Completed {
        let until = self.completed_until(end);
        let done = until.since(&self.completed);
        self.completed = until;
        done
    }

    /// Bad requests among those sent between the two times while the host fails.
    pub(super) fn leaked(&self, from: f64, to: f64) -> f64 {
        self.failing.bad * self.history.sent(from.max(0.0), to.min(FAILURE_MS))
    }

    /// What has completed until then, since the first window began. A call behaves as the host did when it was sent.
    fn completed_until(&self, time: f64) -> Completed {
        let (failing, healthy) = (&self.failing, &self.healthy);
        let timeout = self.timeout;
        let (mut ended, mut hung) = (0.0, 0.0);
        if failing.hung < 1.0 {
            ended = (1.0 - failing.hung) * self.failed_until(time - failing.mean);
        }
        if failing.hung > 0.0 {
            hung = failing.hung * self.failed_until(time - timeout);
        }
        let well = (1.0 - healthy.hung) * self.well_until(time - healthy.mean);
        let well_hung = if healthy.hung > 0.0 { healthy.hung * self.well_until(time - timeout) } else { 0.0 };
        Completed { ended, hung, healthy: well, healthy_hung: well_hung }
    }

    /// Calls sent until then while the host failed.
    fn failed_until(&self, time: f64) -> f64 {
        if time <= 0.0 { 0.0 } else { self.history.calls(time.min(FAILURE_MS)) - self.before }
    }

    /// Calls sent until then while it did not.
    fn well_until(&self, time: f64) -> f64 {
        if time <= 0.0 {
            self.history.calls(time)
        } else if time <= FAILURE_MS {
            self.before
        } else {
            self.before + self.history.sent(FAILURE_MS, time)
        }
    }

    /// What is in flight then; nothing where that are surely fewer calls than `least`.
    pub(super) fn in_flight(&self, time: f64, least: f64) -> InFlight {
        let timeout = self.timeout;
        let (failing, healthy) = (&self.failing, &self.healthy);
        let longest =
            if failing.hung > 0.0 || healthy.hung > 0.0 { timeout } else { failing.mean.max(healthy.mean) };
        if self.history.busiest(longest) * longest < least {
            return InFlight::default();
        }
        let (mut count, mut ages) = (0.0, 0.0);
        let mut add = |share: f64, from: f64, to: f64, longer: f64| {
            if share > 0.0 && to > from {
                count += share * self.history.sent(from, to);
                ages += share * self.history.ages(from, to, time) * longer;
            }
        };
        let end = time.min(FAILURE_MS);
        add(failing.hung, (time - timeout).max(0.0), end, 1.0);
        add(1.0 - failing.hung, (time - failing.mean).max(0.0), end, failing.age_ratio());
        for (share, latency, longer) in
            [(healthy.hung, timeout, 1.0), (1.0 - healthy.hung, healthy.mean, healthy.age_ratio())]
        {
            add(share, time - latency, time.min(0.0), longer);
            add(share, (time - latency).max(FAILURE_MS), time, longer);
        }
        InFlight { count, age: if count > 0.0 { ages / count } else { 0.0 } }
    }
}
