//! Istio: `outlierDetection` of a DestinationRule, and the timeouts of a VirtualService.

use super::super::{Group, Problem};
use super::table::{ANY, ANY_TIME, PERCENT, SOME_TIME, Unit, maybe, row, settings};

settings! {
    /// The outlier detection that Istio sets up in its proxies, and the timeouts that let it see slow calls.
    /// Durations in ms.
    Istio, contradictions, {
        /// Errors in a row that eject a host; 0: off.
        consecutive_5xx_errors: u64 = 5 => row("consecutive5xxErrors", Unit::Count, Group::Errors, ANY);
        /// 502, 503 and 504 in a row that eject a host; 0: off.
        consecutive_gateway_errors: u64 = 0 => row("consecutiveGatewayErrors", Unit::Count, Group::Errors, ANY);
        /// Whether timeouts, resets and refused connections are counted apart from answers.
        split_external_local_origin_errors: bool = false
            => row("splitExternalLocalOriginErrors", Unit::Flag, Group::Errors, (0.0, 1.0));
        /// Those in a row that eject a host, where they are counted apart.
        consecutive_local_origin_failures: u64 = 5
            => row("consecutiveLocalOriginFailures", Unit::Count, Group::Errors, ANY);
        /// Time between two sweeps.
        interval: u64 = 10_000 => row("interval", Unit::Ms, Group::Interval, SOME_TIME);
        /// Time that the first ejection lasts; the second twice as long, and so on.
        base_ejection_time: u64 = 30_000 => row("baseEjectionTime", Unit::Ms, Group::Steps, SOME_TIME);
        /// Share of hosts that may be ejected at the same time.
        max_ejection_percent: u64 = 10 => row("maxEjectionPercent", Unit::Percent, Group::Steps, PERCENT);
        /// Share of healthy hosts below which ejected hosts are used all the same.
        min_health_percent: u64 = 0 => row("minHealthPercent", Unit::Percent, Group::Steps, PERCENT);
        /// The route's timeout. Absent: none but the caller's own.
        timeout: Option<u64> = None => maybe("http.timeout", Unit::Ms, Group::Timeout, ANY_TIME);
        /// The timeout of each try of the route. Absent: the route's.
        per_try_timeout: Option<u64> = None
            => maybe("http.retries.perTryTimeout", Unit::Ms, Group::Timeout, ANY_TIME);
    }
}

fn contradictions(of: &Istio) -> Vec<Problem> {
    let mut wrong = Vec::new();
    let counts = [of.consecutive_5xx_errors, of.consecutive_gateway_errors];
    let apart = of.split_external_local_origin_errors && of.consecutive_local_origin_failures > 0;
    if counts == [0, 0] && !apart {
        let detail = "every rule is off (0), so no host is ever ejected; set 3 to 5";
        wrong.push(Problem::new("/consecutive5xxErrors", detail));
    }
    wrong
}
