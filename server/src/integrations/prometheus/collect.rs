//! One service of one source: asked, put together, and what is lacking said.

use std::time::Duration;

use scoring_rules::degrader::{Latency, Profile, Slot, Traffic};

use super::answer::{Answer, Data, Fault};
use super::client::{Client, Range};
use super::histogram::{Histogram, Quantile};
use super::instances::{self, Healthy, Look, Step};
use super::queries::{self, Queries, Words};
use super::reading::{self, ByInstance, Times};
use crate::app::sources::{Collected, InstanceSeen, Lack, Shortfall, WorstInstance};
use crate::config::SourceConfig;
use crate::types::Timestamp;

/// Steps that the time looked back over is cut into, unless they would be finer than the limits allow.
const STEPS: f64 = 24.0;
/// Calls that a profile rests on at least: ten of them are slower than its 99th percentile.
const LEAST_CALLS: f64 = 1_000.0;
/// The part of the time looked back over that there must be data of.
const LEAST_PART: f64 = 1.0 / 8.0;
/// Instances that are kept of a service at most.
const MOST_INSTANCES: usize = 200;

/// Asks for one service; none: the source does not know it.
///
/// # Errors
///
/// Why there is no answer.
pub async fn collect(
    client: &Client,
    source: &SourceConfig,
    words: &Words<'_>,
    now: Timestamp,
) -> Result<Option<Collected>, Fault> {
    let range = Range::new(now, source.window, STEPS);
    // A rate needs several scrapes within its window.
    let window = range.step.max(4.0 * source.scrape.as_secs_f64());
    let Some(queries) = queries::for_service(source, words, window).map_err(Fault::NoQuery)? else {
        return Ok(None);
    };
    let mut remarks = Vec::new();
    let mut noted = |answer: Answer| {
        remarks.extend(answer.remarks);
        answer.data
    };
    let buckets = noted(client.range(&queries.buckets, range).await?);
    if matches!(&buckets, Data::Series(all) if all.is_empty()) {
        return Ok(None);
    }
    let errors = match &queries.errors {
        Some(query) => Some(noted(client.range(query, range).await?)),
        None => None,
    };
    let (mut hosts, mut clients) = (None, None);
    if let Some(query) = queries.hosts.as_ref().filter(|_| queries.by_caller) {
        hosts = reading::one_number(noted(client.instant(query, range.end).await?));
    }
    if let Some(query) = queries.clients.as_ref().filter(|_| !queries.by_caller) {
        clients = reading::one_number(noted(client.instant(query, range.end).await?));
    }
    let asked = Asked { source: &source.name, queries, range, window: source.window, now, hosts, clients };
    let mut found = asked.put_together(buckets, errors);
    found.problems.extend(remarks.into_iter().take(5).map(|text| Shortfall::new(Lack::Remark, text)));
    Ok(Some(found))
}

/// What was asked, beside the answers.
pub(super) struct Asked<'a> {
    pub(super) source: &'a str,
    pub(super) queries: Queries,
    pub(super) range: Range,
    pub(super) window: Duration,
    pub(super) now: Timestamp,
    pub(super) hosts: Option<f64>,
    pub(super) clients: Option<f64>,
}

impl Asked<'_> {
    /// Everything that the answers say of a service.
    pub(super) fn put_together(&self, buckets: Data, errors: Option<Data>) -> Collected {
        let label = &self.queries.instance;
        let histograms = reading::histograms(buckets, label, self.queries.ms);
        let errors = errors.map(|data| reading::numbers(data, label));
        let step = self.range.step;
        let mut steps = instances::steps(&histograms, errors.as_ref(), step);
        self.leave_out_a_begun_step(&mut steps);
        let healthy = instances::healthy(&histograms, &steps, step);
        let mut problems = Vec::new();
        self.weigh(&histograms, &steps, &healthy, &mut problems);
        if errors.is_none() {
            problems.push(Shortfall::new(
                Lack::Errors,
                "no query of errors: healthy calls are taken to fail never",
            ));
        }
        let profile = self.profile(&healthy, &mut problems);
        let worst = instances::worst(&steps, step).filter(|_| !self.queries.by_caller);
        Collected {
            source: self.source.to_owned(),
            at: self.now,
            window_seconds: self.window.as_secs(),
            profile,
            worst_instance: worst.map(|(name, look, since)| WorstInstance {
                name: name.clone(),
                p99_ms: look.p99.map(|q| q.ms),
                error_rate: look.error_rate,
                since: Timestamp(since),
            }),
            instances: seen(&steps),
            problems,
        }
    }

    /// Where data begins in the midst of the time looked back over, its first step is not whole.
    fn leave_out_a_begun_step(&self, steps: &mut Times<Step>) {
        let whole = (self.range.start + self.range.step / 2.0) * 1_000.0;
        if let Some(first) = steps.first_key_value().map(|(at, _)| *at).filter(|at| *at as f64 > whole) {
            steps.remove(&first);
        }
    }

    /// What the data cannot carry.
    fn weigh(
        &self,
        histograms: &ByInstance<Histogram>,
        steps: &Times<Step>,
        healthy: &Healthy,
        problems: &mut Vec<Shortfall>,
    ) {
        let mut lacks = |lack, text: String| problems.push(Shortfall::new(lack, text));
        let label = &self.queries.instance;
        if histograms.contains_key(reading::NAMELESS) {
            lacks(
                Lack::NoInstances,
                format!("its series have no label `{label}`: instances cannot be told apart"),
            );
        } else if self.queries.by_caller {
            lacks(
                Lack::ByCaller,
                "these metrics are counted by callers: a single bad host cannot be seen".into(),
            );
        } else if healthy.instances == 1 {
            lacks(Lack::OneInstance, "there is one instance only: no other could take over its calls".into());
        }
        if healthy.histogram.bounds() == 0 && !steps.is_empty() {
            lacks(Lack::NoHistogram, "it counts calls and no latencies: publish a histogram".into());
        }
        let whole = (self.window.as_secs_f64() / self.range.step).floor().max(1.0);
        let part = steps.len() as f64 / whole;
        let calls = healthy.histogram.calls();
        if calls < LEAST_CALLS {
            let text = format!(
                "{calls:.0} calls of healthy instances in {}; at least {LEAST_CALLS}",
                self.span(1.0)
            );
            lacks(Lack::TooLittleData, text);
        } else if part < LEAST_PART {
            let text = format!("data of {} of the last {} only", self.span(part), self.span(1.0));
            lacks(Lack::TooLittleData, text);
        }
        if healthy.incidents > 0 {
            let text = format!(
                "{} of {} steps left out: all instances were slow alike",
                healthy.incidents,
                steps.len()
            );
            lacks(Lack::IncidentLeftOut, text);
        }
    }

    /// A part of the time looked back over, in words.
    fn span(&self, part: f64) -> String {
        let minutes = self.window.as_secs_f64() / 60.0 * part;
        if minutes < 120.0 { format!("{minutes:.0} min") } else { format!("{:.0} h", minutes / 60.0) }
    }

    fn profile(&self, healthy: &Healthy, problems: &mut Vec<Shortfall>) -> Option<Profile> {
        if healthy.histogram.bounds() == 0 || healthy.day.is_empty() {
            return None;
        }
        let count = |n: f64| if n >= 1.0 && n <= f64::from(u32::MAX) { Some(n.round() as u32) } else { None };
        let (hosts, clients) = if self.queries.by_caller {
            let Some(hosts) = self.hosts.and_then(count) else {
                let text = "how many hosts serve is not known: give a query `hosts`".to_owned();
                problems.push(Shortfall::new(Lack::HostsUnknown, text));
                return None;
            };
            (hosts, Some(healthy.instances.max(1)))
        } else {
            (healthy.instances.max(1), self.clients.and_then(count))
        };
        let qps = healthy.day.iter().map(|(qps, _)| qps).sum::<f64>() / healthy.day.len() as f64;
        let latency = Latency { histogram: healthy.histogram.buckets(), ..Latency::default() };
        let bare = serde_json::json!({ "hosts": hosts, "clients": clients, "qps": qps, "latency": latency });
        // Read as if it had been sent, so that what is not known has the usual value.
        let mut profile: Profile = serde_json::from_value(bare).ok()?;
        profile.error_rate = healthy.error_rate.unwrap_or(0.0);
        profile.day = self.day(healthy, qps);
        match profile.check() {
            Ok(traffic) => {
                if !traffic.fine {
                    problems.push(Shortfall::new(Lack::CoarseBuckets, coarse(&healthy.histogram, &traffic)));
                }
                Some(profile)
            }
            Err(wrong) => {
                let text: Vec<String> =
                    wrong.iter().take(3).map(|p| format!("{}: {}", p.pointer, p.detail)).collect();
                problems.push(Shortfall::new(Lack::Unusable, text.join("; ")));
                None
            }
        }
    }

    /// The day by steps, if nearly a whole one was seen.
    fn day(&self, healthy: &Healthy, qps: f64) -> Vec<Slot> {
        let seen = healthy.day.len() as f64 * self.range.step;
        let whole = (20.0 * 3_600.0..=30.0 * 3_600.0).contains(&seen);
        if !whole || qps <= 0.0 {
            return Vec::new();
        }
        healthy.day.iter().map(|(q, latency)| Slot { traffic: q / qps, latency: *latency }).collect()
    }
}

/// Which bucket is too wide, and how wide it should be.
fn coarse(histogram: &Histogram, traffic: &Traffic) -> String {
    let place = |p: f64| histogram.quantile(p);
    let told = |what: &str, q: &Quantile| {
        let high = if q.high_ms.is_finite() { format!("{} ms", short(q.high_ms)) } else { "more".to_owned() };
        format!("{what} lies between {} ms and {high}", short(q.low_ms))
    };
    let wide = |q: &Quantile| q.low_ms <= 0.0 || q.high_ms / q.low_ms >= 5.0;
    let found = [("the median", place(0.5)), ("the 99th percentile", place(0.99))];
    let parts: Vec<String> =
        found.iter().filter_map(|(what, q)| q.as_ref().filter(|q| wide(q)).map(|q| told(what, q))).collect();
    let parts = if parts.is_empty() { "its buckets are too wide".to_owned() } else { parts.join(" and ") };
    format!("{parts}: use finer buckets around {} ms, or native histograms", short(traffic.mean_ms))
}

fn short(ms: f64) -> String {
    if ms >= 10.0 { format!("{ms:.0}") } else { format!("{}", (ms * 100.0).round() / 100.0) }
}

/// The instances of the last step, the odd ones first.
fn seen(steps: &Times<Step>) -> Vec<InstanceSeen> {
    let Some((_, last)) = steps.last_key_value() else { return Vec::new() };
    let mut all: Vec<(&String, &Look)> = last.iter().collect();
    all.sort_by(|a, b| b.1.severity.total_cmp(&a.1.severity).then_with(|| a.0.cmp(b.0)));
    let one = |(name, look): &(&String, &Look)| InstanceSeen {
        name: (*name).clone(),
        calls_per_second: look.qps,
        p99_ms: look.p99.map(|q| q.ms),
        p99_low_ms: look.p99.map(|q| q.low_ms),
        p99_high_ms: look.p99.map(|q| q.high_ms).filter(|ms| ms.is_finite()),
        error_rate: look.error_rate,
        stands_out: look.severity > 0.0,
    };
    all.iter().take(MOST_INSTANCES).map(one).collect()
}
