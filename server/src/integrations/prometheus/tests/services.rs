//! What the answers about a service come to: its profile, the instance that stands out, what is refused.

use std::time::Duration;

use super::super::answer::{Data, Series};
use super::super::client::Range;
use super::super::collect::Asked;
use super::super::queries::{Words, for_service};
use super::{read, series};
use crate::app::sources::{Collected, Lack};
use crate::config::{Auth, Family, OwnQueries, SourceConfig};
use crate::types::Timestamp;

/// When the samples were recorded.
const RECORDED: f64 = 1_795_211_958.0;

fn source(metrics: Family) -> SourceConfig {
    SourceConfig {
        name: "prod".into(),
        url: "http://127.0.0.1:9090".into(),
        auth: Auth::None,
        header: None,
        ca_file: None,
        private_networks: Vec::new(),
        metrics,
        matcher: None,
        instance: None,
        queries: OwnQueries::default(),
        interval: Duration::from_hours(1),
        timeout: Duration::from_secs(10),
        concurrency: 4,
        window: Duration::from_hours(24),
        scrape: Duration::from_secs(15),
        max_answer_bytes: 1 << 20,
    }
}

fn words(slug: &str) -> Words<'_> {
    Words { slug, ..Words::default() }
}

fn asked(label: &str, step: f64, window: u64) -> Asked<'static> {
    let config = SourceConfig { instance: Some(label.to_owned()), ..source(Family::Otel) };
    let window = Duration::from_secs(window);
    Asked {
        source: "prod",
        queries: for_service(&config, &words("storefront"), step).unwrap().unwrap(),
        range: Range { start: RECORDED - window.as_secs_f64() + step, end: RECORDED, step },
        window,
        now: Timestamp(RECORDED as i64 * 1_000),
        hosts: None,
        clients: None,
    }
}

/// Errors by instance, as `rate` gives them, out of the recorded ratios.
fn failed() -> Data {
    let rates = series("range-qps.json");
    let mut all = series("range-error-ratio.json");
    for one in &mut all {
        let calls = rates.iter().find(|s| s.labels == one.labels).unwrap();
        for (ratio, calls) in one.values.iter_mut().zip(&calls.values) {
            ratio.1 *= calls.1;
        }
        let name = one.labels.remove("pod").unwrap();
        one.labels.insert("service_instance_id".into(), name);
    }
    Data::Series(all)
}

fn codes(collected: &Collected) -> Vec<Lack> {
    collected.problems.iter().map(|p| p.code).collect()
}

#[test]
fn the_bad_instance_of_five_is_found_in_classic_buckets() {
    let asked = asked("service_instance_id", 30.0, 90);
    let found = asked.put_together(read("range-classic-buckets.json").unwrap().data, Some(failed()));
    let worst = found.worst_instance.as_ref().unwrap();
    assert_eq!(worst.name, "s-3");
    assert!((worst.p99_ms.unwrap() - 8_406.349).abs() < 0.01, "{worst:?}");
    assert!((worst.error_rate.unwrap() - 0.357).abs() < 0.01, "{worst:?}");
    assert_eq!(worst.since, Timestamp((RECORDED as i64 - 90) * 1_000), "since the first step");
    assert_eq!(found.instances.len(), 5);
    let odd: Vec<&str> = found.instances.iter().filter(|i| i.stands_out).map(|i| i.name.as_str()).collect();
    assert_eq!(odd, ["s-3"]);
    let profile = found.profile.as_ref().unwrap();
    assert_eq!((profile.hosts, profile.clients), (5, None));
    assert!((profile.qps - 1_806.0).abs() < 1.0, "{}", profile.qps);
    assert!(profile.error_rate < 0.001, "of the healthy: {}", profile.error_rate);
    let last = profile.latency.histogram.iter().find(|b| b.le_ms == Some(100.0)).unwrap();
    let all = profile.latency.histogram.last().unwrap();
    assert!(last.count > 0.999 * all.count, "the slow calls of the bad one are not in it");
    assert!(!codes(&found).contains(&Lack::CoarseBuckets), "{:?}", found.problems);
    assert_eq!(found.refusals().count(), 0, "{:?}", found.problems);
}

#[test]
fn the_bad_instance_is_found_in_native_histograms() {
    let mut all = match read("range-native-raw.json").unwrap().data {
        Data::Series(all) => all,
        other => panic!("{other:?}"),
    };
    // Only two were recorded; three more are as the first.
    for name in ["s-2", "s-4", "s-5"] {
        let mut copy = all[0].clone();
        copy.labels.insert("pod".into(), name.into());
        all.push(copy);
    }
    let found = asked("pod", 30.0, 90).put_together(Data::Series(all), None);
    let worst = found.worst_instance.as_ref().unwrap();
    assert_eq!((worst.name.as_str(), worst.error_rate), ("s-3", None));
    assert!(worst.p99_ms.unwrap() > 5_000.0);
    assert_eq!(codes(&found), [Lack::Errors]);
    assert_eq!(found.profile.unwrap().hosts, 5);
}

/// Series of classic buckets over `steps` steps: for each instance its latencies in ms, one call a second each.
fn buckets(instances: &[(&str, &[f64])], bounds: &[f64], steps: usize, step: f64) -> Data {
    let mut all = Vec::new();
    for (name, latencies) in instances {
        for le in bounds.iter().chain([&f64::INFINITY]) {
            let count = latencies.iter().filter(|ms| **ms <= *le * 1_000.0).count() as f64;
            let at = |n: usize| RECORDED - step * (steps - 1 - n) as f64;
            all.push(Series {
                labels: [("le".to_owned(), le.to_string()), ("instance".to_owned(), (*name).to_owned())]
                    .into(),
                values: (0..steps).map(|n| (at(n), count)).collect(),
                histograms: Vec::new(),
            });
        }
    }
    Data::Series(all)
}

/// Latencies as those of a service that answers in about 10 ms.
fn usual() -> Vec<f64> {
    (0..200).map(|n| 5.0 + f64::from(n) * 0.1).collect()
}

const FINE: &[f64] = &[0.004, 0.006, 0.008, 0.011, 0.015, 0.02, 0.03, 0.1, 1.0];

#[test]
fn what_cannot_carry_a_recommendation_is_refused_and_named() {
    let usual = usual();
    let hour =
        |data: Data| asked("instance", 3_600.0, 86_400).put_together(data, Some(Data::Series(Vec::new())));
    let good = hour(buckets(&[("a", &usual), ("b", &usual), ("c", &usual)], FINE, 24, 3_600.0));
    assert_eq!(codes(&good), [], "{:?}", good.problems);
    assert_eq!(good.worst_instance, None);
    assert_eq!(good.profile.as_ref().unwrap().day.len(), 24);

    let one = hour(buckets(&[("a", &usual)], FINE, 24, 3_600.0));
    assert_eq!(codes(&one), [Lack::OneInstance]);
    let coarse = hour(buckets(&[("a", &usual), ("b", &usual)], &[0.1, 1.0], 24, 3_600.0));
    assert_eq!(codes(&coarse), [Lack::CoarseBuckets]);
    assert!(coarse.problems[0].detail.contains("between 0 ms and 100 ms"), "{:?}", coarse.problems);
    let short = hour(buckets(&[("a", &usual), ("b", &usual)], FINE, 3, 3_600.0));
    assert_eq!(codes(&short), [Lack::TooLittleData]);
    assert!(short.problems[0].detail.contains("of 2 h of the last 24 h"), "{:?}", short.problems);
    let few = asked("instance", 15.0, 360)
        .put_together(buckets(&[("a", &usual[..1]), ("b", &usual[..1])], FINE, 24, 15.0), None);
    assert!(codes(&few).contains(&Lack::TooLittleData), "{:?}", few.problems);
    let counts = hour(buckets(&[("a", &usual), ("b", &usual)], &[], 24, 3_600.0));
    assert_eq!(codes(&counts), [Lack::NoHistogram]);
    let nameless = asked("pod", 3_600.0, 86_400)
        .put_together(buckets(&[("a", &usual), ("b", &usual)], FINE, 24, 3_600.0), None);
    assert!(codes(&nameless).contains(&Lack::NoInstances), "{:?}", nameless.problems);
    for refused in [one, coarse, short, few, counts, nameless] {
        assert!(refused.refusals().next().is_some(), "{:?}", refused.problems);
    }
}

#[test]
fn instances_that_are_alike_or_odd_by_halves_do_not_stand_out() {
    let (usual, slow) = (usual(), vec![300.0; 200]);
    let worst = |instances: &[(&str, &[f64])]| {
        let data = buckets(instances, FINE, 24, 3_600.0);
        asked("instance", 3_600.0, 86_400).put_together(data, None).worst_instance.map(|w| w.name)
    };
    let (u, s): (&[f64], &[f64]) = (&usual, &slow);
    assert_eq!(worst(&[("a", u), ("b", u)]), None);
    assert_eq!(worst(&[("a", u), ("b", s), ("c", u)]).as_deref(), Some("b"));
    assert_eq!(worst(&[("a", u), ("b", s)]).as_deref(), Some("b"), "of two the slower one");
    assert_eq!(worst(&[("a", u), ("b", s), ("c", s), ("d", u)]), None, "two kinds of hosts");
    assert_eq!(worst(&[("a", s), ("b", s), ("c", s)]), None, "all are slow: that is no single host");
    let little = vec![300.0; 1];
    let quiet = asked("instance", 15.0, 360)
        .put_together(buckets(&[("a", u), ("b", u), ("c", &little)], FINE, 24, 15.0), None);
    assert_eq!(quiet.worst_instance, None, "fifteen calls prove nothing");
}

#[test]
fn an_incident_of_all_does_not_loosen_the_profile() {
    let usual = usual();
    let Data::Series(mut all) = buckets(&[("a", &usual), ("b", &usual)], FINE, 24, 3_600.0) else { panic!() };
    for one in &mut all {
        // In the fifth hour everything took more than a tenth of a second.
        let le: f64 = one.labels["le"].parse().unwrap();
        one.values[4].1 = if le >= 1.0 { 200.0 } else { 0.0 };
    }
    let found = asked("instance", 3_600.0, 86_400).put_together(Data::Series(all), None);
    assert!(codes(&found).contains(&Lack::IncidentLeftOut), "{:?}", found.problems);
    let profile = found.profile.unwrap();
    let slow = profile.latency.histogram.iter().find(|b| b.le_ms == Some(100.0)).unwrap().count;
    assert_eq!(slow, profile.latency.histogram.last().unwrap().count);
    assert_eq!(profile.day[4].latency, 1.0);
}

#[test]
fn metrics_of_callers_need_to_know_the_hosts_and_accuse_nobody() {
    let (usual, slow) = (usual(), vec![300.0; 200]);
    let data = || buckets(&[("a", &usual), ("b", &slow), ("c", &usual)], FINE, 24, 3_600.0);
    let mut asked = asked("instance", 3_600.0, 86_400);
    asked.queries.by_caller = true;
    let blind = asked.put_together(data(), None);
    assert!(codes(&blind).contains(&Lack::HostsUnknown) && blind.profile.is_none(), "{:?}", blind.problems);
    asked.hosts = Some(12.0);
    let found = asked.put_together(data(), None);
    assert!(codes(&found).contains(&Lack::ByCaller) && found.worst_instance.is_none());
    let profile = found.profile.unwrap();
    assert_eq!((profile.hosts, profile.clients), (12, Some(3)));
}

#[test]
fn steps_keep_within_the_limits_of_prometheus() {
    let now = Timestamp(RECORDED as i64 * 1_000);
    for (window, points, step) in
        [(86_400, 24.0, 3_600.0), (86_400, 5_000.0, 87.0), (120, 24.0, 15.0), (604_800, 1e9, 605.0)]
    {
        let range = Range::new(now, Duration::from_secs(window), points);
        assert_eq!(range.step, step, "{window} s in {points}");
        assert!((range.end - range.start) / range.step < 11_000.0 && range.start < range.end);
    }
}

#[test]
fn queries_are_filled_in_and_only_with_harmless_words() {
    let filled = |metrics, slug: &str| for_service(&source(metrics), &words(slug), 60.0).unwrap().unwrap();
    let otel = filled(Family::Otel, "checkout");
    assert_eq!(
        otel.buckets,
        "sum by (le, instance) (rate(http_server_request_duration_seconds_bucket{job=\"checkout\"}[60s])) or \
         sum by (instance) (rate(http_server_request_duration_seconds{job=\"checkout\"}[60s]))"
    );
    assert!(
        otel.errors.unwrap().contains("_count{job=\"checkout\",http_response_status_code=~\"5..\"}[60s]")
    );
    let istio = filled(Family::Istio, "checkout");
    assert_eq!(
        istio.errors.unwrap(),
        "sum by (pod) (rate(istio_requests_total{response_code=~\"5..\",reporter=\"destination\",\
         destination_canonical_service=\"checkout\"}[60s]))"
    );
    assert_eq!((istio.ms, otel.ms), (1.0, 1_000.0));
    let envoy = filled(Family::Envoy, "checkout");
    assert_eq!(envoy.hosts.unwrap(), "max(envoy_cluster_membership_total{envoy_cluster_name=\"checkout\"})");

    let mut own = source(Family::Own);
    own.matcher = Some("ns=\"{annotation:shop.example/ns}\",app=\"{label:app}\"".into());
    own.queries.buckets =
        Some("sum by (le,{instance}) (rate(x_bucket{{match},env=\"prod\"}[{window}]))".into());
    own.queries.in_ms = Some(true);
    let mut known = words("checkout");
    assert_eq!(
        for_service(&own, &known, 60.0),
        Ok(None),
        "a service without the annotation is not asked for"
    );
    known.annotations.insert("shop.example/ns".into(), "shop".into());
    known.labels.insert("app".into(), "check-out".into());
    let queries = for_service(&own, &known, 60.0).unwrap().unwrap();
    assert_eq!(
        queries.buckets,
        "sum by (le,instance) (rate(x_bucket{ns=\"shop\",app=\"check-out\",env=\"prod\"}[60s]))"
    );
    assert_eq!(queries.errors, None, "the errors of another metric would be others'");
    for evil in ["a\"} or up{b=\"", "a b", "a\\", "{service}", "a`b", "a,b", "ä"] {
        known.labels.insert("app".into(), evil.into());
        assert!(for_service(&own, &known, 60.0).is_err(), "{evil}");
    }
}
