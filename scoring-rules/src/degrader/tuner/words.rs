//! What is said about a tuning, in words.

use super::super::{Judged, Traffic};
use super::{Confidence, Level, Remark};

/// What the replay leaves out.
pub(super) const NOT_MODELLED: [&str; 5] = [
    "Retries and backup requests: they hide bad calls from users, and add load.",
    "The other hosts' capacity: without the bad host each of them gets a little more traffic.",
    "Failures of several hosts at once, or of what all of them depend on.",
    "Sticky routing by URI: there a ring that moves also moves keys from host to host.",
    "Quarantine, which would keep the last few calls from a host that is out.",
];

/// The confidence that the calls seen by one client allow, lowered by what is not known.
pub(super) fn confidence(traffic: &Traffic, by_calls: Level, calls_at_night: f64) -> Confidence {
    let calls =
        format!("at night a client sees about {} calls to a host in a window", number(calls_at_night));
    let mut level = by_calls;
    let mut why = vec![match by_calls {
        Level::High => format!("{calls}: enough to tell a bad host from chance."),
        Level::Medium => format!("{calls}: some bad hosts will be told later than said here."),
        Level::Low => {
            format!(
                "{calls}: chance decides a lot. A longer interval, or fewer clients for each host, would help."
            )
        }
    }];
    if !traffic.clients_known {
        level = lower(level);
        why.push(format!(
            "The number of client processes is not known; {} are assumed, as many as hosts. Each client judges by its \
             own calls only.",
            number(traffic.clients)
        ));
    }
    if !traffic.fine {
        level = Level::Low;
        why.push("The latency is known too coarsely to set marks by it.".into());
    }
    Confidence { level, why }
}

fn lower(level: Level) -> Level {
    if level == Level::High { Level::Medium } else { Level::Low }
}

/// What is worth knowing whatever the settings.
pub(super) fn notes(traffic: &Traffic) -> Vec<Remark> {
    let mut notes = Vec::new();
    if traffic.slo_ms >= traffic.timeout_ms {
        let detail = "No latency goal below the timeout is known, so only calls that fail count as bad. Give `slo_ms` \
                      to count slow ones too.";
        notes.push(Remark::new("no_latency_goal", detail));
    }
    if traffic.quantile_ms(0.99) >= traffic.timeout_ms {
        let detail = "Even of healthy calls more than 1 % run into the timeout.";
        notes.push(Remark::new("timeout_too_short", detail));
    }
    if traffic.cv > 2.0 {
        let detail = "Latency has a heavy tail (standard deviation over twice the mean): a percentile tells a bad host \
                      better than the mean.";
        notes.push(Remark::new("heavy_tail", detail));
    }
    notes
}

pub(super) fn refuses_healthy(judged: &Judged) -> Remark {
    let detail = format!(
        "These settings refuse healthy traffic: {} of all calls at the worst time of day, although nothing fails, because \
         the mean latency of the cluster reaches the high water mark. Raise the water marks first.",
        percent(judged.healthy.refused)
    );
    Remark::new("refuses_healthy_traffic", detail)
}

pub(super) fn drops_healthy(judged: &Judged) -> Remark {
    let detail = format!(
        "These settings take healthy hosts for bad ones: at the worst time of day a healthy host lacks {} of its traffic. \
         Raise the latency marks first.",
        percent(judged.healthy.worst_slot)
    );
    Remark::new("drops_healthy_hosts", detail)
}

pub(super) fn one_host() -> Remark {
    let detail = "There is one host only: there is nowhere to send its calls to, so no settings help.";
    Remark::new("one_host", detail)
}

pub(super) fn all_bad_already(traffic: &Traffic) -> Remark {
    let detail = format!(
        "Nearly every call is bad while nothing fails: {} end in errors, and half take longer than {} ms, of {} ms until the \
         timeout. A failing host makes little difference. Mend that, or the numbers, first.",
        percent(traffic.error_rate),
        number(traffic.quantile_ms(0.5)),
        number(traffic.timeout_ms)
    );
    Remark::new("bad_already", detail)
}

pub(super) fn nothing_helps(traffic: &Traffic) -> Remark {
    let why = if 2.0 * traffic.quantile_ms(0.99) >= traffic.timeout_ms {
        "The slowest healthy calls come near the timeout: raise that first."
    } else if traffic.error_rate >= 0.1 {
        "Errors are too usual to tell a bad host by: mend those first."
    } else {
        "There are too few calls, or too few hosts, to tell a bad host from chance."
    };
    let detail = format!("No settings of this tool that were tried help more than they harm. {why}");
    Remark::new("nothing_helps", detail)
}

pub(super) fn coarse_latency() -> Remark {
    let detail = "The latency histogram is too coarse to tell the median and the 99th percentile. Buckets whose bounds \
                  grow by a factor of at most 2 around both would do.";
    Remark::new("coarse_latency", detail)
}

pub(super) fn too_few_counted(count: f64) -> Remark {
    let detail =
        format!("The latency histogram counts {} calls only; at least 1000 are needed.", number(count));
    Remark::new("too_little_data", detail)
}

pub(super) fn too_few_calls(calls: f64, window_ms: f64) -> Remark {
    let detail = format!(
        "A client sees {} calls to a host in {} s on average: too few to tell a bad host from chance. Fewer clients for \
         each host, or a health check, would help.",
        number(calls),
        number(window_ms / 1_000.0)
    );
    Remark::new("too_little_data", detail)
}

/// A number as people say it: whole when large, two digits when small.
fn number(x: f64) -> String {
    if x >= 10.0 || x.fract() == 0.0 {
        format!("{x:.0}")
    } else if x >= 1.0 {
        format!("{x:.1}")
    } else {
        format!("{x:.2}")
    }
}

fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}
