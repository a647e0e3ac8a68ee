//! Resilience4j: a circuit breaker, with the time limiter beside it.

use super::super::{Group, Problem};
use super::table::{ANY_TIME, SOME, SOME_TIME, Unit, maybe, row, settings};

/// Words of `slidingWindowType`.
const WINDOW_TYPES: &[&str] = &["COUNT_BASED", "TIME_BASED"];

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
            => row("maxWaitDurationInHalfOpenState", Unit::Ms, Group::Steps, ANY_TIME);
        /// Whether it lets calls in again by itself, and not only when one comes.
        automatic_transition_from_open_to_half_open_enabled: bool = false
            => row("automaticTransitionFromOpenToHalfOpenEnabled", Unit::Flag, Group::Steps, (0.0, 1.0));
        /// The time limiter's timeout. Absent: the caller's own.
        timeout_duration: Option<u64> = None
            => maybe("timelimiter.timeoutDuration", Unit::Ms, Group::Timeout, SOME_TIME);
        /// Whether each host has a breaker of its own. Usually a breaker guards a whole dependency, and then it is not
        /// for single hosts. Not a key of the tool; documents say it as `x-keyed-per-host`.
        keyed_per_host: bool = false => row("x-keyed-per-host", Unit::Flag, Group::Interval, (0.0, 1.0));
    }
}

fn contradictions(of: &Resilience4j) -> Vec<Problem> {
    let mut wrong = Vec::new();
    if !of.time_based && of.minimum_number_of_calls > of.sliding_window_size {
        let detail = format!(
            "must be at most slidingWindowSize ({}): a window of so many calls never holds {}; the library silently \
             takes the window's size",
            of.sliding_window_size, of.minimum_number_of_calls
        );
        wrong.push(Problem::new("/minimumNumberOfCalls", detail));
    }
    wrong
}
