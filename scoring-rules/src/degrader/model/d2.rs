//! One failing host under Rest.li's strategy "degrader", in closed form: no request is drawn.

use super::super::reference::{Cluster, Member, Seen, Turn, full_points, lowered, raised};
use super::super::{D2, Degrader, Replay, Scenario, Traffic};
use super::calls::Calls;
use super::course::{Course, FAILURE_MS, SHORTEST_INTERVAL_MS, Sum};
use super::dice::{Dice, courses};
use super::flow::Flow;
use super::history::same;
use super::window::{InFlight, Marks, Statistics, percentile};

/// Drop rates below it are taken for none: the expected value never quite gets there.
const NOTHING: f64 = 1e-4;

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

/// How far the drop rate may move over all rounds that are left out: too little to move a ring point.
const DRIFT: f64 = 1e-3;
/// Windows after which rounds are looked for.
const FIRST_MARK: usize = 5;

/// One failure under way.
struct Run<'a> {
    model: &'a D2Model<'a>,
    flow: Flow,
    /// What befalls this course, where it is not followed by expected values.
    dice: Option<Dice>,
    /// Calls of the last window.
    calls: f64,
    /// Whether nothing speaks against the host in the last window.
    quiet: bool,
    marks: Marks<'a>,
    members: [Member; 2],
    cluster: Cluster,
    course: Course,
    /// What to compare with, to find rounds, and from how many windows on to take another.
    mark: Option<Mark>,
    next_mark: usize,
}

/// A moment of a run.
#[derive(Clone, Copy)]
struct Mark {
    index: usize,
    sick: Member,
    cluster: Cluster,
    leaked: f64,
    refused: f64,
}

impl Mark {
    /// Whether all is as it was at the other moment, but for the drop rate.
    fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (&self.sick, &other.sick);
        a.points == b.points
            && same(a.host.max_drop_rate, b.host.max_drop_rate)
            && a.host.override_min_calls == b.host.override_min_calls
            && a.saved_max == b.saved_max
            && self.cluster.turn == other.cluster.turn
            && same(self.cluster.drop_level, other.cluster.drop_level)
    }
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

    /// The share of calls that each failure spoils.
    pub(super) fn spoiled(&self) -> [f64; 6] {
        Scenario::ALL.map(|(scenario, _)| {
            let failing = Calls::of(scenario, self.traffic, &self.healthy);
            (failing.bad - self.healthy.bad).max(0.0)
        })
    }

    /// Replays a failure that begins in the middle of a window, by expected values.
    pub(super) fn once(&self, scenario: Scenario) -> Replay {
        let failing = Calls::of(scenario, self.traffic, &self.healthy);
        let mut sum = Sum::new();
        sum.add(&self.run(failing, 0.5, false, None));
        self.report(scenario, &failing, &sum)
    }

    /// Replays a failure that begins at every phase of a window, each in a course of its own; with the curve of the
    /// expected course of the one in the middle.
    pub(super) fn in_full(&self, scenario: Scenario) -> Replay {
        let failing = Calls::of(scenario, self.traffic, &self.healthy);
        let mut sum = Sum::new();
        let courses = courses(self.interval);
        for course in 0..courses {
            let phase = (f64::from(course) + 0.5) / f64::from(courses);
            sum.add(&self.run(failing, phase, false, Some(Dice::new(course, courses))));
        }
        let mut replay = self.report(scenario, &failing, &sum);
        replay.curve = self.run(failing, 0.5, true, None).into_curve(self.traffic.clients);
        replay
    }

    fn report(&self, scenario: Scenario, failing: &Calls, sum: &Sum) -> Replay {
        let undefended = failing.bad * self.client_rate / self.traffic.hosts * FAILURE_MS;
        let spoiled = (failing.bad - self.healthy.bad).max(0.0);
        sum.report(scenario, spoiled, undefended, self.traffic.clients)
    }

    fn run(&self, failing: Calls, phase: f64, curve: bool, dice: Option<Dice>) -> Course {
        let usual = self.client_rate / self.traffic.hosts;
        let thrown = dice.is_some();
        let mut run = Run {
            model: self,
            dice,
            calls: 0.0,
            quiet: true,
            marks: Marks::new(&self.degrader, &failing, &self.healthy, self.timeout),
            flow: Flow::new(failing, self.healthy, self.timeout, self.interval, phase, usual),
            members: self.members(),
            cluster: Cluster::default(),
            course: Course::new(curve),
            mark: None,
            // A curve shows every round.
            next_mark: if curve || thrown { usize::MAX } else { FIRST_MARK },
        };
        run.cluster.update(&self.settings.balancer, &self.degrader, &mut run.members);
        // The first update cut the ring; after some quiet ones it is the ring's turn again.
        run.cluster.turn = Turn::LoadBalance;
        run.go();
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
    fn go(&mut self) {
        let model = self.model;
        let usual = model.client_rate / model.traffic.hosts;
        let full = full_points(&model.settings.balancer, 1.0).max(1) as f64;
        let (mut share, mut rate) = (1.0, usual);
        loop {
            let end = self.flow.history.end();
            let start = (end - model.interval).max(0.0);
            if start < FAILURE_MS {
                self.course.leaked += self.flow.leaked(start, end);
                if end >= FAILURE_MS {
                    self.course.healed(share);
                }
            }
            self.course.refused += self.cluster.drop_level * model.client_rate * (end - start);
            let still = self.window(end, rate);
            let [sick, others] = &self.members;
            share = sick.points as f64 / full;
            let sum = sick.points as f64 + others.points as f64 * others.alike;
            let passed = model.client_rate * (1.0 - self.cluster.drop_level);
            rate = if sum > 0.0 { passed * sick.points as f64 / sum } else { 0.0 };
            if self.course.is_over(end, share, 1.0 - rate / usual) {
                return;
            }
            let settled = end > model.timeout + 2.0 * model.interval && end < FAILURE_MS;
            if settled && still && share >= 1.0 {
                let leak = self.flow.failing.bad * usual * (FAILURE_MS - end);
                return self.course.nothing_reacts(leak);
            }
            self.flow.history.push(rate);
            self.skip_rounds();
        }
    }

    /// A host that is out is probed in rounds, each like the one before: leaves out all that fit into the failure.
    fn skip_rounds(&mut self) {
        let index = self.flow.history.len();
        let [sick, _] = self.members;
        let now = Mark {
            index,
            sick,
            cluster: self.cluster,
            leaked: self.course.leaked,
            refused: self.course.refused,
        };
        if let Some(mark) = self.mark.filter(|mark| now.is_like(mark)) {
            let model = self.model;
            let longest = model.timeout.max(self.flow.failing.mean) + model.interval;
            let round = model.interval * (index - mark.index) as f64;
            let rounds = ((FAILURE_MS - self.flow.history.end()) / round).floor();
            let drift = (sick.host.drop_rate - mark.sick.host.drop_rate).abs();
            if rounds >= 1.0
                && drift * rounds < DRIFT
                && self.flow.history.repeats(mark.index, index, longest)
            {
                self.course.leaked += rounds * (now.leaked - mark.leaked);
                self.course.refused += rounds * (now.refused - mark.refused);
                self.flow.history.shift(rounds * round);
                self.next_mark = usize::MAX;
                self.mark = None;
                return;
            }
        }
        if index >= self.next_mark {
            self.mark = Some(now);
            self.next_mark = 2 * index;
        }
    }

    /// Closes the window that ends then, in which calls were sent at `rate`. Answers whether nothing moves.
    fn window(&mut self, end: f64, rate: f64) -> bool {
        let model = self.model;
        let done = self.flow.complete(end);
        let window = self.marks.statistics(&done, &self.flow.failing, &model.healthy);
        let in_flight = self.flow.in_flight(end, model.degrader.min_outstanding_count as f64);
        let bad = self.step(&window, in_flight);
        let passed = 1.0 - self.cluster.drop_level;
        let others = &mut self.members[1];
        if others.alike > 0.0 {
            let calls = (model.client_rate * passed - rate).max(0.0) * model.interval / others.alike;
            let latency_ms = model.healthy.overall_mean() * model.usual_ratio;
            others.seen = Seen { calls, latency_ms, high: false };
        }
        let latency_ms = (window.mean * model.usual_ratio).min(model.timeout.max(window.mean));
        self.members[0].seen = Seen { calls: self.calls, latency_ms, high: bad >= 0.5 };
        self.cluster.update(&model.settings.balancer, &model.degrader, &mut self.members);
        self.quiet && self.members[0].host.drop_rate <= 0.0 && self.cluster.drop_level <= 0.0
    }

    /// The step of the failing host's degrader; answers how likely its window is bad, as far as it matters.
    fn step(&mut self, window: &Statistics, in_flight: InFlight) -> f64 {
        if self.dice.is_some() {
            self.thrown_step(window, in_flight)
        } else {
            self.expected_step(window, in_flight)
        }
    }

    fn thrown_step(&mut self, window: &Statistics, in_flight: InFlight) -> f64 {
        let settings = &self.model.degrader;
        let Some(dice) = &mut self.dice else { return 0.0 };
        let calls = dice.calls(window.calls);
        let place = dice.throw();
        self.calls = calls;
        let host = &mut self.members[0].host;
        let enough = calls >= host.min_calls(settings) as f64;
        let (bad, good) = self.marks.judged(window, in_flight, calls, enough);
        let before = host.drop_rate;
        self.quiet = bad < NOTHING;
        if place < bad {
            if before < host.max_drop_rate {
                host.drop_rate = raised(settings, host.max_drop_rate, before);
            }
            return 1.0;
        }
        if before > 0.0 && place >= 1.0 - good {
            host.drop_rate = lowered(settings, before);
        }
        0.0
    }

    /// The step by expected value.
    fn expected_step(&mut self, window: &Statistics, in_flight: InFlight) -> f64 {
        let settings = &self.model.degrader;
        self.calls = window.calls;
        let min_calls = settings.min_call_count as f64;
        let Member { host, saved_max, .. } = &mut self.members[0];
        let enough = host.min_calls(settings) as f64;
        let before = host.drop_rate;
        let mut after = before;
        let mut bad = 0.0;
        // On the recovery list a bad window matters even to a host that cannot get any less.
        if before < host.max_drop_rate || (saved_max.is_some() && window.calls >= min_calls) {
            bad = self.marks.bad(window, in_flight, enough);
        }
        if before < host.max_drop_rate {
            after += bad * (raised(settings, host.max_drop_rate, before) - before);
        }
        if before > 0.0 && bad < 1.0 {
            let good = self.marks.good(window, in_flight, enough).min(1.0 - bad);
            after += good * (lowered(settings, before) - before);
        }
        host.drop_rate = if after < NOTHING { 0.0 } else { after };
        self.quiet = host.drop_rate <= 0.0;
        bad
    }
}

/// The timeout in force, ms.
pub(super) fn timeout_ms(settings: &D2, traffic: &Traffic) -> f64 {
    settings.request_timeout_ms.map_or(traffic.timeout_ms, |ms| (ms as f64).max(1.0))
}
