//! One failing host under Rest.li's strategy "degrader", in closed form: no request is drawn.

use super::super::reference::{Cluster, Member, Seen, Turn, full_points, lowered, raised};
use super::super::{D2, Degrader, Replay, Scenario, Traffic};
use super::calls::Calls;
use super::course::{Course, FAILURE_MS, SHORTEST_INTERVAL_MS, Sum};
use super::history::History;
use super::window::{Completed, InFlight, Marks, Statistics, percentile};

/// Drop rates below it are taken for none: the expected value never quite gets there.
const NOTHING: f64 = 1e-4;
/// Phases of the window that a failure is begun at, for reports.
const PHASES: u32 = 8;

/// Settings and traffic, prepared. Times in ms, rates a ms and client.
pub(super) struct D2Model<'a> {
    settings: &'a D2,
    /// Those of the host, without what only concerns new hosts.
    degrader: Degrader,
    traffic: &'a Traffic,
    timeout: f64,
    interval: f64,
    client_rate: f64,
    healthy: Calls,
    /// The statistic of a healthy window over its mean.
    usual_ratio: f64,
}

/// One failure under way.
struct Run<'a> {
    model: &'a D2Model<'a>,
    failing: Calls,
    marks: Marks<'a>,
    history: History,
    members: [Member; 2],
    cluster: Cluster,
    course: Course,
    /// Calls completed until the end of the last window, by kind.
    completed: Completed,
}

impl<'a> D2Model<'a> {
    pub(super) fn new(settings: &'a D2, traffic: &'a Traffic) -> Self {
        let timeout = timeout_ms(settings, traffic);
        let healthy = Calls::healthy(traffic, 1.0, timeout);
        let usual_ratio = percentile(settings.degrader.latency_to_use)
            .map_or(1.0, |p| healthy.quantile(p) / healthy.overall_mean());
        Self {
            settings,
            degrader: Degrader { initial_drop_rate: 0.0, ..settings.degrader.clone() },
            traffic,
            timeout,
            interval: (settings.balancer.update_interval_ms as f64).max(SHORTEST_INTERVAL_MS),
            client_rate: traffic.qps / traffic.clients / 1_000.0,
            healthy,
            usual_ratio,
        }
    }

    /// Replays a failure that begins in the middle of a window.
    pub(super) fn once(&self, scenario: Scenario) -> Replay {
        self.replay(scenario, &[0.5])
    }

    /// Replays a failure at several phases of a window, with the course of the one in the middle.
    pub(super) fn in_full(&self, scenario: Scenario) -> Replay {
        let phases: Vec<f64> = (0..PHASES).map(|i| (f64::from(i) + 0.5) / f64::from(PHASES)).collect();
        let mut replay = self.replay(scenario, &phases);
        let course = self.run(scenario, 0.5, true);
        replay.curve = course.into_curve(self.traffic.clients);
        replay
    }

    fn replay(&self, scenario: Scenario, phases: &[f64]) -> Replay {
        let mut sum = Sum::new();
        for phase in phases {
            sum.add(&self.run(scenario, *phase, false));
        }
        let failing = Calls::of(scenario, self.traffic, self.timeout);
        let undefended = failing.bad * self.client_rate / self.traffic.hosts * FAILURE_MS;
        let spoiled = (failing.bad - self.healthy.bad).max(0.0);
        sum.report(scenario, spoiled, undefended, self.traffic.clients)
    }

    fn run(&self, scenario: Scenario, phase: f64, curve: bool) -> Course {
        let failing = Calls::of(scenario, self.traffic, self.timeout);
        let first = -phase * self.interval;
        let usual = self.client_rate / self.traffic.hosts;
        let room = (2.0 * FAILURE_MS / self.interval) as usize + 2;
        let mut run = Run {
            model: self,
            marks: Marks::new(&self.degrader, &failing, &self.healthy, self.timeout),
            failing,
            history: History::new(first, self.interval, usual, room),
            members: self.members(),
            cluster: Cluster::default(),
            course: Course::new(curve),
            completed: Completed::default(),
        };
        run.cluster.update(&self.settings.balancer, &self.degrader, &mut run.members);
        // The first update cut the ring; after some quiet ones it is the ring's turn again.
        run.cluster.turn = Turn::LoadBalance;
        run.completed = run.completed_until(first);
        run.go(first);
        run.course
    }

    /// The host that fails, and all others as one.
    fn members(&self) -> [Member; 2] {
        let mut members = [Member::new(&self.degrader, 1.0); 2];
        members[1].alike = self.traffic.hosts - 1.0;
        members
    }
}

impl Run<'_> {
    fn go(&mut self, first: f64) {
        let model = self.model;
        let usual = model.client_rate / model.traffic.hosts;
        let (mut start, mut share, mut rate, mut windows) = (first, 1.0, usual, 1.0);
        loop {
            self.history.push(rate);
            let end = first + windows * model.interval;
            if start < FAILURE_MS && FAILURE_MS <= end {
                self.course.healed(share);
            }
            let refused = self.cluster.drop_level * model.client_rate * (end - start.max(0.0));
            self.course.refused += refused;
            self.course.leaked += self.failing.bad * self.history.sent(start.max(0.0), end.min(FAILURE_MS));
            let still = self.window(end, rate);
            let [sick, others] = &self.members;
            let full = full_points(&model.settings.balancer, 1.0).max(1) as f64;
            share = sick.points as f64 / full;
            let sum = sick.points as f64 + others.points as f64 * others.alike;
            let passed = 1.0 - self.cluster.drop_level;
            rate = if sum > 0.0 { model.client_rate * passed * sick.points as f64 / sum } else { 0.0 };
            if !self.course.goes_on(end, share, 1.0 - rate / usual) {
                return;
            }
            let settled = end > model.timeout + 2.0 * model.interval && end < FAILURE_MS;
            if settled && still && share >= 1.0 {
                let leak = self.failing.bad * usual * (FAILURE_MS - end);
                return self.course.nothing_reacts(leak);
            }
            start = end;
            windows += 1.0;
        }
    }

    /// Closes the window that ends then, in which calls were sent at `rate`. Answers whether nothing moves.
    fn window(&mut self, end: f64, rate: f64) -> bool {
        let model = self.model;
        let until = self.completed_until(end);
        let done = until.since(&self.completed);
        self.completed = until;
        let window = self.marks.statistics(&done, &self.failing, &model.healthy);
        let in_flight = self.in_flight(end);
        let bad = self.step(&window, in_flight);
        let passed = 1.0 - self.cluster.drop_level;
        let others = &mut self.members[1];
        if others.alike > 0.0 {
            let calls = (model.client_rate * passed - rate).max(0.0) * model.interval / others.alike;
            let latency_ms = model.healthy.overall_mean() * model.usual_ratio;
            others.seen = Seen { calls, latency_ms, high: false };
        }
        let latency_ms = (window.mean * model.usual_ratio).min(model.timeout.max(window.mean));
        self.members[0].seen = Seen { calls: window.calls, latency_ms, high: bad >= 0.5 };
        self.cluster.update(&model.settings.balancer, &model.degrader, &mut self.members);
        self.members[0].host.drop_rate <= 0.0 && self.cluster.drop_level <= 0.0
    }

    /// The expected step of the failing host's degrader; answers how likely its window is bad.
    fn step(&mut self, window: &Statistics, in_flight: InFlight) -> f64 {
        let settings = &self.model.degrader;
        let host = &mut self.members[0].host;
        let min_calls = host.min_calls(settings) as f64;
        let bad = self.marks.bad(window, in_flight, min_calls);
        let before = host.drop_rate;
        let mut after = before;
        if before < host.max_drop_rate {
            after += bad * (raised(settings, host.max_drop_rate, before) - before);
        }
        if before > 0.0 {
            let good = self.marks.good(window, in_flight, min_calls).min(1.0 - bad);
            after += good * (lowered(settings, before) - before);
        }
        host.drop_rate = if after < NOTHING { 0.0 } else { after };
        bad
    }

    /// What has completed until then, since the first window began. A call behaves as the host did when it was sent.
    fn completed_until(&self, time: f64) -> Completed {
        let timeout = self.model.timeout;
        let (failing, healthy) = (&self.failing, &self.model.healthy);
        let failed = |sent_until: f64| self.history.sent(0.0, sent_until.min(FAILURE_MS));
        let well = |sent_until: f64| self.history.calls(sent_until) - failed(sent_until);
        let some = |share: f64, calls: &dyn Fn(f64) -> f64, latency: f64| {
            if share > 0.0 { share * calls(time - latency) } else { 0.0 }
        };
        Completed {
            ended: some(1.0 - failing.hung, &failed, failing.mean),
            hung: some(failing.hung, &failed, timeout),
            healthy: some(1.0 - healthy.hung, &well, healthy.mean),
            healthy_hung: some(healthy.hung, &well, timeout),
        }
    }

    /// What is in flight then.
    fn in_flight(&self, time: f64) -> InFlight {
        let timeout = self.model.timeout;
        let (mut count, mut ages) = (0.0, 0.0);
        let mut add = |share: f64, from: f64, to: f64, longer: f64| {
            if share > 0.0 && to > from {
                count += share * self.history.sent(from, to);
                ages += share * self.history.ages(from, to, time) * longer;
            }
        };
        let (failing, healthy) = (&self.failing, &self.model.healthy);
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

/// The timeout in force, ms.
pub(super) fn timeout_ms(settings: &D2, traffic: &Traffic) -> f64 {
    settings.request_timeout_ms.map_or(traffic.timeout_ms, |ms| (ms as f64).max(1.0))
}
