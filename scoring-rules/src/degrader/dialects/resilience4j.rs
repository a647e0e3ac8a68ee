//! Resilience4j: a circuit breaker, with the time limiter beside it.

use serde_json::Value;

use super::super::{
    Defence, FAILURE_SECONDS, Group, HealthyDay, Replay, Scenario, Slot, Traffic, high_error_rate,
};
use super::Context;
use super::blocks::{Block, find_blocks};
use super::calls::{Calls, Course, HICCUP_S, at_least, hiccups, over_numbers, volume};
use super::cycle::{Cycle, SPREAD, breakers_day};
use super::emit::{best_of, enough_calls, seconds, try_timeout_ms};
use super::layers::{DEFAULT, layers, place_limiter};
use super::reader::{Found, Reader, nothing};
use super::spelling::Spelling;
use super::spring::{Nested, one_name};
use super::table::{ANY_TIME, SOME, SOME_TIME, Unit, maybe, row, settings};

/// Words of `slidingWindowType`.
const WINDOW_TYPES: &[&str] = &["COUNT_BASED", "TIME_BASED"];
use super::text::Style;
use super::writer::{Node, map, quoted, rows, yaml};

settings! {
    /// A circuit breaker of Resilience4j. Durations in ms.
    Resilience4j, contradictions, {
        /// Percentage of failed calls from which the breaker opens.
        failure_rate_threshold: f64 = 50.0
            => row("failureRateThreshold", Unit::Number, Group::Errors, (f64::MIN_POSITIVE, 100.0));
        /// Percentage of slow calls from which the breaker opens.
        slow_call_rate_threshold: f64 = 100.0
            => row("slowCallRateThreshold", Unit::Number, Group::Latency, (f64::MIN_POSITIVE, 100.0));
        /// A call that takes longer is slow.
        slow_call_duration_threshold: u64 = 60_000
            => row("slowCallDurationThreshold", Unit::Ms, Group::Latency, SOME_TIME);
        /// Whether the window holds the calls of the last seconds and not the last calls.
        time_based: bool = false => row("slidingWindowType", Unit::Word(WINDOW_TYPES), Group::Interval, (0.0, 1.0));
        /// Length of the window, in calls or in seconds.
        sliding_window_size: u64 = 100 => row("slidingWindowSize", Unit::Count, Group::Interval, SOME);
        /// Calls from which the rates count.
        minimum_number_of_calls: u64 = 100 => row("minimumNumberOfCalls", Unit::Count, Group::Interval, SOME);
        /// Time that an open breaker refuses calls.
        wait_duration_in_open_state: u64 = 60_000
            => row("waitDurationInOpenState", Unit::Ms, Group::Steps, SOME_TIME);
        /// Calls that decide whether it closes again.
        permitted_number_of_calls_in_half_open_state: u64 = 10
            => row("permittedNumberOfCallsInHalfOpenState", Unit::Count, Group::Steps, SOME);
        /// Time for those calls; 0: as long as it takes.
        max_wait_duration_in_half_open_state: u64 = 0
            => row("maxWaitDurationInHalfOpenState", Unit::Ms, Group::Steps, ANY_TIME).rare();
        /// Whether it lets calls in again by itself, and not only when one comes.
        automatic_transition_from_open_to_half_open_enabled: bool = false
            => row("automaticTransitionFromOpenToHalfOpenEnabled", Unit::Flag, Group::Steps, (0.0, 1.0)).rare();
        /// The time limiter's timeout. Absent: the caller's own.
        timeout_duration: Option<u64> = None
            => maybe("timelimiter.timeoutDuration", Unit::Ms, Group::Timeout, SOME_TIME);
        /// Whether each host has a breaker of its own. Usually a breaker guards a whole dependency, and then it is not
        /// for single hosts. Not a key of the tool; documents say it as `x-keyed-per-host`.
        keyed_per_host: bool = false => row("x-keyed-per-host", Unit::Flag, Group::Interval, (0.0, 1.0)).within("document");
    }
}

fn contradictions(of: &Resilience4j) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if !of.time_based && of.minimum_number_of_calls > of.sliding_window_size {
        let detail = format!(
            "must be at most slidingWindowSize ({}): a window of so many calls never holds {}; the library silently \
             takes the window's size",
            of.sliding_window_size, of.minimum_number_of_calls
        );
        wrong.push(("minimumNumberOfCalls", detail));
    }
    wrong
}

/// Reads `resilience4j.circuitbreaker` of an `application.yml`: the first instance over the configurations that it is
/// based on, and the time limiter of its name; or a bare instance.
pub(super) fn read(document: &Value) -> Found<Resilience4j> {
    let nested = Nested::of(document);
    match read_nested(&nested.document) {
        Ok((of, mut notes)) => {
            notes = nested.told(notes);
            notes.extend(nested.twice);
            Ok((of, notes))
        }
        Err(wrong) => Err(nested.told(wrong)),
    }
}

fn read_nested(document: &Value) -> Found<Resilience4j> {
    let known = &["baseConfig", "resilience4j", "x-keyed-per-host"];
    let mut reader = Reader::new(Style::Spring, Spelling::Any, known);
    let mut of = Resilience4j::default();
    let Some(block) = reader.locate(document, &["circuitbreaker", "circuit-breaker", "circuitBreaker"], &of)
    else {
        return Err(nothing("`resilience4j.circuitbreaker`"));
    };
    let bare = block.is_bare(&of, Spelling::Any) && !block.has("instances") && !block.has("configs");
    let mut name = None;
    if bare {
        reader.place("", Some(block));
    } else {
        let instances = block.child(&["instances"]).map(|block| block.children()).unwrap_or_default();
        let instance = reader.first(instances);
        name = instance.as_ref().map(Block::name);
        let same_named = name.as_deref().map(|name| [name, DEFAULT]);
        let layers =
            layers(&mut reader, &block, instance, same_named.as_ref().map_or(&[DEFAULT], |names| names));
        if layers.is_empty() && reader.wrong.is_empty() {
            return Err(nothing(
                "instance in `resilience4j.circuitbreaker.instances`, and no `configs.default`",
            ));
        }
        for layer in layers {
            reader.place("", Some(layer));
        }
    }
    let limiters = find_blocks(document, &["timelimiter", "time-limiter", "timeLimiter"]);
    if let Some(limiter) = reader.first(limiters) {
        place_limiter(&mut reader, &limiter, name.as_deref(), bare);
    }
    reader.place_among_others("document", Block::of(document));
    reader.fill(&mut of);
    // What the library does with a default that does not fit.
    if !of.time_based && !reader.has("minimumNumberOfCalls") {
        of.minimum_number_of_calls = of.minimum_number_of_calls.min(of.sliding_window_size);
    }
    reader.finish(of)
}

/// The part of an `application.yml`.
pub(super) fn write(of: &Resilience4j, context: &Context) -> String {
    let instance =
        |node: Node| map([("instances", Node::Map(vec![(quoted(&one_name(&context.service)), node)]))]);
    let mut tool = vec![("circuitbreaker".to_owned(), instance(rows(of, Style::Spring, "")))];
    if of.timeout_duration.is_some() {
        tool.push(("timelimiter".into(), instance(rows(of, Style::Spring, "timelimiter"))));
    }
    let keyed = if of.keyed_per_host {
        "# One breaker for each host: name instances by host, and base them on this one.\n"
    } else {
        "# One breaker for the whole service: when it opens, all calls are refused. It cannot isolate a single host.\n"
    };
    let Node::Map(mut document) = rows(of, Style::Spring, "document") else { return String::new() };
    document.insert(0, ("resilience4j".into(), Node::Map(tool)));
    format!("{keyed}{}", yaml(&Node::Map(document)))
}

/// One threshold of a breaker, on given calls.
struct Rule {
    /// Share of calls that count against it.
    share: f64,
    /// Share from which the breaker opens.
    threshold: f64,
}

/// What the breaker's rules are held against.
struct Sight {
    /// Calls a second through the breaker.
    rate: f64,
    delay_s: f64,
    failures: Rule,
    slow: Rule,
}

impl Resilience4j {
    /// How much time the window spans, ms; of a window of calls that depends on traffic, and 5 s are taken.
    pub(super) fn window_ms(&self) -> f64 {
        if self.time_based { self.sliding_window_size as f64 * 1_000.0 } else { 5_000.0 }
    }

    pub(super) fn timeout_ms(&self, traffic: &Traffic) -> f64 {
        self.timeout_duration.map_or(traffic.timeout_ms, |ms| ms as f64)
    }

    /// What a breaker sees where one host has such calls: all of it, or its part among all hosts.
    fn sight(&self, traffic: &Traffic, calls: &Calls, healthy: &Calls) -> Sight {
        let timeout_ms = self.timeout_ms(traffic);
        let slow_ms = self.slow_call_duration_threshold as f64;
        let mixed = |one: f64, others: f64| {
            if self.keyed_per_host { one } else { one / traffic.hosts + others * (1.0 - 1.0 / traffic.hosts) }
        };
        let slow = |calls: &Calls| calls.slower_than(traffic, slow_ms, timeout_ms);
        Sight {
            rate: if self.keyed_per_host { calls.rate } else { calls.rate * traffic.hosts },
            delay_s: calls.delay_s,
            failures: Rule {
                share: mixed(calls.failed(), healthy.failed()),
                threshold: self.failure_rate_threshold / 100.0,
            },
            slow: Rule {
                share: mixed(slow(calls), slow(healthy)),
                threshold: self.slow_call_rate_threshold / 100.0,
            },
        }
    }

    /// Calls in a full window, and the chance that they are enough to judge by.
    fn window(&self, rate: f64) -> (f64, f64) {
        let size = self.sliding_window_size as f64;
        let least = self.minimum_number_of_calls as f64;
        if self.time_based { ((rate * size).max(1.0), volume(rate * size, least)) } else { (size, 1.0) }
    }

    /// Chance that a rule has not opened the breaker after so many calls that could count against it.
    fn survival<'a>(
        &'a self,
        sight: &'a Sight,
        rule: &'a Rule,
        healthy_past: bool,
    ) -> impl Fn(f64) -> f64 + 'a {
        let (window, enough) = self.window(sight.rate);
        let least = (self.minimum_number_of_calls as f64).min(window);
        let start = if healthy_past { window } else { least };
        let over =
            move |n: f64, of: f64| enough * at_least(n, rule.share, (rule.threshold * of.round()).max(1.0));
        let (at_start, each) = (1.0 - over(start, start), over(window, window));
        move |age_s: f64| {
            let n = ((age_s - sight.delay_s) * sight.rate).max(0.0);
            if n >= start {
                // Windows that overlap by half are about as good as independent.
                at_start * (1.0 - each).powf((n - start) / (window / 2.0).max(1.0))
            } else if healthy_past {
                1.0 - over(n, window)
            } else {
                1.0
            }
        }
    }

    /// Chance that the calls that decide let the breaker close.
    fn passes(&self, sight: &Sight) -> f64 {
        let n = self.permitted_number_of_calls_in_half_open_state as f64;
        let over = |rule: &Rule| at_least(n, rule.share, (rule.threshold * n).max(1.0));
        (1.0 - over(&sight.failures)) * (1.0 - over(&sight.slow))
    }

    fn course(&self, sight: &Sight) -> Course {
        let survival = |past: bool| {
            let failures = self.survival(sight, &sight.failures, past);
            let slow = self.survival(sight, &sight.slow, past);
            // A slow call is often a failed one too, so the stronger rule decides.
            move |age_s: f64| failures(age_s).min(slow(age_s))
        };
        let permitted = self.permitted_number_of_calls_in_half_open_state as f64;
        let (wait_s, at_most_s) =
            (seconds(self.wait_duration_in_open_state), seconds(self.max_wait_duration_in_half_open_state));
        let needed_s = permitted / sight.rate;
        let unbounded = at_most_s <= 0.0 || needed_s + sight.delay_s <= at_most_s;
        let course = Cycle {
            first: &survival(true),
            again: &survival(false),
            wait: &|_| [wait_s; SPREAD],
            probe_exposed_s: if unbounded { needed_s } else { needed_s.min(at_most_s) },
            probe_s: if unbounded { needed_s + sight.delay_s } else { at_most_s },
            probe_passes: if unbounded { self.passes(sight) } else { 0.0 },
            probe_healthy_s: needed_s,
        }
        .course();
        if self.keyed_per_host {
            return course;
        }
        // A breaker that opens for one host of a service refuses the calls to all of them.
        Course { isolated_after_s: None, refused_s: (FAILURE_SECONDS - course.exposed_s).max(0.0), ..course }
    }

    /// Share of time that a breaker is open for no reason.
    fn false_alarms(&self, traffic: &Traffic, slot: &Slot) -> f64 {
        let timeout_ms = self.timeout_ms(traffic);
        let (hiccup_rate, hiccup_factor) = hiccups(traffic);
        let healthy = Calls::healthy(traffic, slot.traffic, slot.latency, timeout_ms);
        let shaken = Calls::healthy(traffic, slot.traffic, slot.latency * hiccup_factor, timeout_ms);
        let usual = self.sight(traffic, &healthy, &healthy);
        let hiccup = self.sight(traffic, &shaken, &healthy);
        if usual.rate <= 0.0 {
            return 0.0;
        }
        let (window, _) = self.window(usual.rate);
        let over = |rule: &Rule| {
            let judged = |n: f64| {
                let enough = !self.time_based || n >= self.minimum_number_of_calls as f64;
                if enough { at_least(n, rule.share, (rule.threshold * n).max(1.0)) } else { 0.0 }
            };
            if self.time_based { over_numbers(window, judged) } else { judged(window) }
        };
        let looks = usual.rate / (window / 2.0).max(1.0);
        let tripped = |rule: &Rule| 1.0 - self.survival(&hiccup, rule, true)(HICCUP_S);
        let alarms = (over(&usual.failures) + over(&usual.slow)).min(1.0) * looks
            + hiccup_rate / HICCUP_S * tripped(&hiccup.failures).max(tripped(&hiccup.slow));
        let open_s = seconds(self.wait_duration_in_open_state);
        alarms * open_s / (1.0 + alarms * open_s)
    }

    /// The settings for some traffic, by formula: a breaker for each host.
    pub(super) fn recommend(traffic: &Traffic) -> Self {
        let timeout = try_timeout_ms(traffic);
        let peak = traffic.peak_mean_ms() / traffic.mean_ms;
        let slow = (traffic.quantile_ms(0.99) * peak).min(0.8 * timeout as f64).ceil().max(1.0) as u64;
        let candidates = [5, 10].into_iter().flat_map(|window| {
            let least = enough_calls(traffic, window * 1_000);
            [5_000, 10_000].into_iter().map(move |wait| Self {
                failure_rate_threshold: (100.0 * high_error_rate(traffic, least as f64)).round(),
                slow_call_rate_threshold: 50.0,
                slow_call_duration_threshold: slow,
                time_based: true,
                sliding_window_size: window,
                minimum_number_of_calls: least,
                wait_duration_in_open_state: wait,
                permitted_number_of_calls_in_half_open_state: 3,
                timeout_duration: Some(timeout),
                keyed_per_host: true,
                ..Self::default()
            })
        });
        best_of(candidates, traffic)
    }
}

impl Defence for Resilience4j {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        let timeout_ms = self.timeout_ms(traffic);
        let calls = Calls::failing(traffic, scenario, timeout_ms);
        let healthy = Calls::healthy(traffic, 1.0, 1.0, timeout_ms);
        let course = self.course(&self.sight(traffic, &calls, &healthy));
        course.replay(traffic, scenario, timeout_ms, curve)
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        breakers_day(traffic, self.timeout_ms(traffic), !self.keyed_per_host, |slot| {
            self.false_alarms(traffic, slot)
        })
    }
}
