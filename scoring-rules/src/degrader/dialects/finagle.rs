//! Finagle: failure accrual of a client, and its request timeout.
//!
//! Finagle is set up in Scala; a document of ours names the parameters of `FailureAccrualPolicy` as its sources do:
//! `numFailures` of `consecutiveFailures`; `requiredSuccessRate`, `window` and `minRequestThreshold` of
//! `successRateWithinDuration`; `markDeadFor.start` and `markDeadFor.maximum` of `Backoff.equalJittered`.

use super::super::{Group, Problem};
use super::table::{ANY, MOST, SOME_TIME, Unit, maybe, row, settings};

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
        response_classifier: bool = false => row("responseClassifier", Unit::Flag, Group::Errors, (0.0, 1.0));
        /// The client's request timeout. Absent: the caller's own.
        request_timeout: Option<u64> = None => maybe("requestTimeout", Unit::Ms, Group::Timeout, SOME_TIME);
    }
}

fn contradictions(of: &Finagle) -> Vec<Problem> {
    let mut wrong = Vec::new();
    if of.mark_dead_for_maximum < of.mark_dead_for_start {
        let detail = format!(
            "must be at least markDeadFor.start ({} ms), is {} ms",
            of.mark_dead_for_start, of.mark_dead_for_maximum
        );
        wrong.push(Problem::new("/markDeadFor/maximum", detail));
    }
    if of.num_failures == 0 && of.required_success_rate == 0.0 {
        wrong.push(Problem::new("/numFailures", "both rules are off (0), so no host is ever marked dead"));
    }
    wrong
}
