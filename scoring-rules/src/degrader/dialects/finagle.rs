//! Finagle: failure accrual of a client, and its request timeout.
//!
//! Finagle is set up in Scala; a document of ours names the parameters of `FailureAccrualPolicy` as its sources do:
//! `numFailures` of `consecutiveFailures`; `requiredSuccessRate`, `window` and `minRequestThreshold` of
//! `successRateWithinDuration`; `markDeadFor.start` and `markDeadFor.maximum` of `Backoff.equalJittered`.

use serde_json::Value;

use super::super::{Defence, Group, HealthyDay, Replay, Scenario, Slot, Traffic, high_error_rate};
use super::Context;
use super::blocks::Block;
use super::calls::{Calls, HICCUP_S, Run, at_least, hiccups, rate};
use super::cycle::{Cycle, SPREAD, breakers_day};
use super::emit::{best_of, seconds, try_timeout_ms};
use super::reader::{Found, Reader, nothing};
use super::spelling::Spelling;
use super::table::{ANY, MOST, SOME_TIME, Unit, maybe, row, settings};
use super::text::Style;
use super::writer::{Node, comment, rows, yaml};

settings! {
    /// The failure accrual of a Finagle client. Durations in ms.
    Finagle, contradictions, {
        /// Failures in a row that mark a host dead; 0: off.
        num_failures: u64 = 5 => row("numFailures", Unit::Count, Group::Errors, ANY);
        /// Moving average of the success rate below which a host is marked dead; 0: off.
        required_success_rate: f64 = 0.8 => row("requiredSuccessRate", Unit::Number, Group::Errors, (0.0, 1.0));
        /// Window of the moving average.
        window: u64 = 30_000 => row("window", Unit::Ms, Group::Interval, SOME_TIME);
        /// Calls in a window from which the average counts.
        min_request_threshold: u64 = 5 => row("minRequestThreshold", Unit::Count, Group::Interval, (0.0, MOST));
        /// How long a host is first marked dead.
        mark_dead_for_start: u64 = 5_000 => row("markDeadFor.start", Unit::Ms, Group::Steps, SOME_TIME);
        /// How long at most, after ever more failed probes.
        mark_dead_for_maximum: u64 = 300_000 => row("markDeadFor.maximum", Unit::Ms, Group::Steps, SOME_TIME);
        /// Whether a response classifier makes server errors failures. Without one, an HTTP 500 is a success.
        response_classifier: bool = false => row("client.responseClassifier", Unit::Flag, Group::Errors, (0.0, 1.0));
        /// The client's request timeout. Absent: the caller's own.
        request_timeout: Option<u64> = None => maybe("client.requestTimeout", Unit::Ms, Group::Timeout, SOME_TIME);
    }
}

fn contradictions(of: &Finagle) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if of.mark_dead_for_maximum < of.mark_dead_for_start {
        let detail = format!(
            "must be at least markDeadFor.start ({} ms), is {} ms",
            of.mark_dead_for_start, of.mark_dead_for_maximum
        );
        wrong.push(("markDeadFor.maximum", detail));
    }
    if of.num_failures == 0 && of.required_success_rate == 0.0 {
        wrong.push(("numFailures", "both rules are off (0), so no host is ever marked dead".to_owned()));
    }
    wrong
}

/// Reads `failureAccrual` with its parameters, and the client's `requestTimeout` and `responseClassifier` beside it.
pub(super) fn read(document: &Value) -> Found<Finagle> {
    let mut reader = Reader::new(
        Style::Lenient,
        Spelling::Exact,
        &["failureAccrual", "requestTimeout", "responseClassifier"],
    );
    let mut finagle = Finagle::default();
    let Some(block) = reader.locate(document, &["failureAccrual"], &finagle) else {
        return Err(nothing("`failureAccrual`"));
    };
    reader.place("markDeadFor", block.child(&["markDeadFor"]));
    reader.place_among_others("client", Block::of(document));
    reader.place("", Some(block));
    reader.fill(&mut finagle);
    if !reader.has("maximum") {
        finagle.mark_dead_for_maximum = finagle.mark_dead_for_maximum.max(finagle.mark_dead_for_start);
    }
    reader.finish(finagle)
}

/// The parameters, and as a comment the Scala that sets them.
pub(super) fn write(of: &Finagle, context: &Context) -> String {
    let Node::Map(mut accrual) = rows(of, Style::Lenient, "") else { return String::new() };
    accrual.push(("markDeadFor".into(), rows(of, Style::Lenient, "markDeadFor")));
    let Node::Map(mut client) = rows(of, Style::Lenient, "client") else { return String::new() };
    client.insert(0, ("failureAccrual".into(), Node::Map(accrual)));
    format!("{}{}", scala(of, context), yaml(&Node::Map(client)))
}

fn scala(of: &Finagle, context: &Context) -> String {
    let backoff = format!(
        "Backoff.equalJittered({}.milliseconds, {}.milliseconds)",
        of.mark_dead_for_start, of.mark_dead_for_maximum
    );
    let rate = format!(
        "FailureAccrualPolicy.successRateWithinDuration({}, {}.milliseconds, {backoff}, {})",
        of.required_success_rate, of.window, of.min_request_threshold
    );
    let run = format!("FailureAccrualPolicy.consecutiveFailures({}, {backoff})", of.num_failures);
    let policy = match (of.required_success_rate > 0.0, of.num_failures > 0) {
        (true, true) => format!("{rate}\n#     .orElse({run})"),
        (true, false) => rate,
        (false, _) => run,
    };
    let mut lines = vec![
        format!("# For the client of {}, in Scala:", comment(&context.service)),
        format!("#   .configured(FailureAccrualFactory.Param(() => {policy}))"),
    ];
    if let Some(ms) = of.request_timeout {
        lines.push(format!("#   .withRequestTimeout({ms}.milliseconds)"));
    }
    if of.response_classifier {
        lines.push("#   .withResponseClassifier(HttpResponseClassifier.ServerErrorsAsFailures)".to_owned());
    }
    lines.join("\n") + "\n"
}

impl Finagle {
    pub(super) fn timeout_ms(&self, traffic: &Traffic) -> f64 {
        self.request_timeout.map_or(traffic.timeout_ms, |ms| ms as f64)
    }

    /// Share of calls that count: server errors only do where a classifier says so.
    fn counted(&self, calls: &Calls) -> f64 {
        if self.response_classifier { calls.failed() } else { calls.timed_out }
    }

    /// Seconds of such calls until the moving average falls below the mark, if it comes to that; and the chance a
    /// second that it does so by accident.
    fn average(&self, p: f64, rate: f64) -> (Option<f64>, f64) {
        let window = seconds(self.window);
        let room = 1.0 - self.required_success_rate;
        if self.required_success_rate <= 0.0 || rate * window < self.min_request_threshold as f64 {
            return (None, 0.0);
        }
        if p > room {
            return (Some(-window * (-room / p).ln_1p()), 0.0);
        }
        // By accident: so many failures within a window as move it that far. Each weighs the more, the fewer calls.
        let each = -(-1.0 / (rate * window)).exp_m1();
        (None, at_least(rate * window, p, (room / each).max(1.0)) / window)
    }

    /// Chance that a host has not been marked dead so long after its calls became such.
    fn survival(&self, calls: &Calls, healthy_past: bool) -> impl Fn(f64) -> f64 {
        let p = self.counted(calls);
        let run = Run::new(self.num_failures as f64, 1.0, p, calls);
        let (falls_s, hazard) = self.average(p, calls.rate);
        // A window of history must be there first.
        let from_s = if healthy_past { 0.0 } else { seconds(self.window) };
        let falls_s = falls_s.map(|s| s.max(from_s) + calls.delay_s);
        move |age_s: f64| {
            if falls_s.is_some_and(|falls_s| age_s >= falls_s) {
                return 0.0;
            }
            run.survives(age_s) * (-hazard * (age_s - from_s).max(0.0)).exp()
        }
    }

    /// Seconds that a host is marked dead: doubling, and jittered over the upper half.
    fn dead_s(&self, attempt: usize) -> [f64; SPREAD] {
        let (start, most) = (seconds(self.mark_dead_for_start), seconds(self.mark_dead_for_maximum));
        if attempt == 0 {
            return [start; SPREAD];
        }
        let full = start * 2.0_f64.powi(attempt.min(40) as i32);
        [0.5625, 0.6875, 0.8125, 0.9375].map(|part| (part * full).min(most))
    }

    fn false_alarms(&self, traffic: &Traffic, slot: &Slot) -> f64 {
        let (hiccup_rate, hiccup_factor) = hiccups(traffic);
        let timeout_ms = self.timeout_ms(traffic);
        let healthy = Calls::healthy(traffic, slot.traffic, slot.latency, timeout_ms);
        let shaken = Calls::healthy(traffic, slot.traffic, slot.latency * hiccup_factor, timeout_ms);
        if healthy.rate <= 0.0 {
            return 0.0;
        }
        let p = self.counted(&healthy);
        let run = Run::new(self.num_failures as f64, 1.0, p, &healthy);
        let (falls_s, hazard) = self.average(p, healthy.rate);
        let tripped = 1.0 - self.survival(&shaken, true)(HICCUP_S);
        let alarms = run.per_second()
            + falls_s.map_or(hazard, |s| 1.0 / s.max(seconds(self.window)))
            + hiccup_rate * tripped / HICCUP_S;
        let dead_s = seconds(self.mark_dead_for_start);
        alarms * dead_s / (1.0 + alarms * dead_s)
    }

    /// The settings for some traffic, by formula.
    pub(super) fn recommend(traffic: &Traffic) -> Self {
        let candidates = [10_000, 20_000, 30_000].into_iter().map(|window| {
            let required = 1.0 - high_error_rate(traffic, rate(traffic) * seconds(window));
            Self {
                num_failures: 5,
                required_success_rate: (required * 100.0).round() / 100.0,
                window,
                min_request_threshold: 5,
                mark_dead_for_start: 5_000,
                mark_dead_for_maximum: 60_000,
                response_classifier: true,
                request_timeout: Some(try_timeout_ms(traffic)),
            }
        });
        best_of(candidates, traffic)
    }
}

impl Defence for Finagle {
    fn replay(&self, traffic: &Traffic, scenario: Scenario, curve: bool) -> Replay {
        let timeout_ms = self.timeout_ms(traffic);
        let calls = Calls::failing(traffic, scenario, timeout_ms);
        let p = self.counted(&calls);
        let course = Cycle {
            first: &self.survival(&calls, true),
            again: &self.survival(&calls, false),
            wait: &|attempt| self.dead_s(attempt),
            probe_exposed_s: 1.0 / calls.rate,
            probe_s: 1.0 / calls.rate + p * calls.delay_s,
            probe_passes: 1.0 - p,
            probe_healthy_s: 1.0 / calls.rate,
        }
        .course();
        course.replay(traffic, scenario, timeout_ms, curve)
    }

    fn healthy_day(&self, traffic: &Traffic) -> HealthyDay {
        breakers_day(traffic, self.timeout_ms(traffic), false, |slot| self.false_alarms(traffic, slot))
    }
}
