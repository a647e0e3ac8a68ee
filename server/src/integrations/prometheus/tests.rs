//! Every recorded answer, read, and what a service's answers come to.

#![expect(clippy::float_cmp, reason = "numbers are read as they stand, and nothing is worked out")]

mod services;

use super::answer::{self, Answer, Data, Fault, Native, NativeBucket, Series};
use super::histogram::Histogram;
use super::reading;
use crate::formats::tests::sample;

fn read(name: &str) -> Result<Answer, Fault> {
    answer::read(200, &sample(&format!("prometheus/{name}")))
}

fn series(name: &str) -> Vec<Series> {
    match read(name).unwrap_or_else(|e| panic!("{name}: {e}")).data {
        Data::Series(all) => all,
        other => panic!("{name}: {other:?}"),
    }
}

fn json(text: &str) -> Result<Answer, Fault> {
    answer::read(200, text.as_bytes())
}

#[test]
fn every_recorded_query_is_read() {
    for (name, count, samples) in [
        ("instant-classic-buckets-increase.json", 70, 70),
        ("instant-native-raw.json", 1, 1),
        ("instant-r4j-state.json", 6, 6),
        ("range-classic-buckets.json", 70, 210),
        ("range-classic-p99-by-instance.json", 5, 35),
        ("range-classic-p99-fleet.json", 1, 13),
        ("range-empty.json", 0, 0),
        ("range-envoy-ms.json", 1, 5),
        ("range-error-ratio.json", 5, 35),
        ("range-gap.json", 3, 3),
        ("range-nan-and-inf.json", 3, 9),
        ("range-native-p99.json", 1, 7),
        ("range-qps.json", 5, 35),
    ] {
        let all = series(name);
        assert_eq!(all.len(), count, "{name}");
        let found: usize = all.iter().map(|s| s.values.len() + s.histograms.len()).sum();
        assert_eq!(found, samples, "{name}");
    }
    assert_eq!(read("instant-scalar.json").unwrap().data, Data::Scalar(1.0));
}

#[test]
fn numbers_that_are_none_are_read_and_then_left_out() {
    let all = series("range-nan-and-inf.json");
    let of = |k: &str| all.iter().find(|s| s.labels["k"] == k).unwrap().values[0].1;
    assert!(of("nan").is_nan());
    assert_eq!((of("+inf"), of("-inf")), (f64::INFINITY, f64::NEG_INFINITY));
    let numbers = reading::numbers(Data::Series(all), "k");
    assert!(numbers.values().all(std::collections::BTreeMap::is_empty), "{numbers:?}");
}

#[test]
fn a_gap_is_a_gap_and_no_zero() {
    let all = series("range-gap.json");
    assert!(all.iter().all(|s| s.values.len() == 1 && s.values[0].0 == 1_795_211_958.0));
}

#[test]
fn answers_of_other_calls_are_no_answers_of_a_query() {
    for name in ["alerts.json", "buildinfo.json", "metadata.json", "metric-names.json", "series.json"] {
        assert!(matches!(read(name), Err(Fault::Execution(_))), "{name}: {:?}", read(name));
    }
    let build = sample("prometheus/buildinfo.json");
    assert_eq!(answer::version(200, &build).unwrap(), "2.42.0+ds");
}

#[test]
fn every_error_form_is_told_as_what_it_is() {
    let fault =
        |status, name: &str| answer::read(status, &sample(&format!("prometheus/{name}"))).unwrap_err();
    for (status, name, said) in [
        (400, "error-bad-data.json", "unclosed left parenthesis"),
        (400, "error-end-before-start.json", "end timestamp"),
        (400, "error-too-many-points.json", "11,000 points"),
        (400, "error-zero-step.json", "zero or negative"),
    ] {
        let fault = fault(status, name);
        assert!(matches!(&fault, Fault::BadData(text) if text.contains(said)), "{name}: {fault:?}");
        assert!(!fault.of_the_source(), "{name}: another query may do better");
    }
    let execution = fault(422, "error-execution.json");
    assert!(matches!(&execution, Fault::Execution(text) if text.contains("many-to-many")), "{execution:?}");
    let path = fault(404, "error-404.txt");
    assert!(path.ends_all() && path.to_string().contains("/api/v1/query"), "{path}");

    let said = |status, body: &str| answer::read(status, body.as_bytes()).unwrap_err();
    let told = |kind: &str| format!(r#"{{"status":"error","errorType":"{kind}","error":"x"}}"#);
    assert!(matches!(said(503, &told("timeout")), Fault::Timeout(_)));
    assert!(matches!(said(503, &told("canceled")), Fault::Timeout(_)));
    assert!(matches!(said(503, &told("unavailable")), Fault::Busy(_)));
    assert!(matches!(said(500, &told("internal")), Fault::Busy(_)));
    assert!(matches!(said(200, &told("bad_data")), Fault::BadData(_)));
    for (status, body) in [
        (401, "no"),
        (403, r#"{"message":"forbidden"}"#),
        (302, ""),
        (200, "<html>sign in</html>"),
        (200, "{}"),
        (200, ""),
        (200, r#"{"status":"success"}"#),
        (418, "teapot"),
    ] {
        assert!(said(status, body).ends_all(), "{status} {body}: {:?}", said(status, body));
    }
    assert!(matches!(said(502, "<html>Bad Gateway</html>"), Fault::Busy(_)));
    let long = said(502, &"\u{1b}[31m<b>x ".repeat(500)).to_string();
    assert!(long.len() < 500 && !long.contains('\u{1b}'), "{long}");
}

#[test]
fn warnings_values_beside_histograms_and_odd_orders_are_read() {
    let answer = json(
        r#"{"warnings":["w"],"infos":["i"],"data":{"result":[{"values":[[1,"2"],[2.5,"NaN"]],
            "histograms":[[3,{"count":"4","sum":"5","buckets":[[1,"0.5","+Inf","1"],[3,"-0.1","0.1","3"]]}]],
            "metric":{"a":"b"}}],"resultType":"matrix"},"status":"success","more":1}"#,
    )
    .unwrap();
    assert_eq!(answer.remarks, ["w", "i"]);
    let Data::Series(all) = answer.data else { panic!() };
    assert_eq!((all[0].values.len(), all[0].histograms.len()), (2, 1));
    let native = &all[0].histograms[0].1;
    assert_eq!(native.buckets[0].upper, 0.1, "lowest first");
    let histogram = Histogram::native(native, 1_000.0).unwrap();
    assert_eq!(histogram.calls(), 4.0);
    assert_eq!(histogram.quantile(0.5).unwrap().high_ms, 100.0);
    assert_eq!(histogram.quantile(0.99).unwrap().high_ms, f64::INFINITY);
    let text = json(r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#).unwrap();
    assert_eq!(text.data, Data::Text("x".into()));
    for wrong in [
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"two"]]}]}}"#,
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,2]]}]}}"#,
        r#"{"status":"success","data":{"resultType":"cube","result":[]}}"#,
        r#"{"status":"success","data":{"resultType":"scalar","result":[1,"x"]}}"#,
    ] {
        assert!(matches!(json(wrong), Err(Fault::Execution(_))), "{wrong}: {:?}", json(wrong));
    }
}

#[test]
fn quantiles_of_classic_buckets_are_those_of_prometheus_itself() {
    let all =
        reading::histograms(read("range-classic-buckets.json").unwrap().data, "service_instance_id", 1_000.0);
    assert_eq!(all.len(), 5);
    for told in series("range-classic-p99-by-instance.json") {
        let times = &all[&told.labels["service_instance_id"]];
        assert_eq!(times.len(), 3);
        for (at, histogram) in times {
            let (_, expected) = told.values.iter().find(|(t, _)| (t * 1_000.0) as i64 == *at).unwrap();
            let found = histogram.quantile(0.99).unwrap();
            assert!((found.ms - expected * 1_000.0).abs() < 1e-6 * found.ms, "{found:?} against {expected}");
            assert!(found.low_ms < found.ms && found.ms <= found.high_ms);
        }
    }
    let mut fleet = Histogram::default();
    for times in all.values() {
        fleet.add(&times[&1_795_211_958_000], 1.0);
    }
    let expected = series("range-classic-p99-fleet.json")[0].values.last().unwrap().1;
    assert!((fleet.quantile(0.99).unwrap().ms - expected * 1_000.0).abs() < 1e-3, "{expected}");
}

#[test]
fn quantiles_of_native_histograms_are_those_of_prometheus_itself() {
    let all = reading::histograms(read("range-native-raw.json").unwrap().data, "pod", 1_000.0);
    let mut fleet = Histogram::default();
    // All but these two were not recorded; they are as the first.
    let (well, bad) = (&all["s-1"][&1_795_211_958_000], &all["s-3"][&1_795_211_958_000]);
    fleet.add(well, 4.0);
    fleet.add(bad, 1.0);
    let expected = series("range-native-p99.json")[0].values.last().unwrap().1 * 1_000.0;
    let found = fleet.quantile(0.99).unwrap();
    assert!((found.ms - expected).abs() < 0.02 * expected, "{found:?} against {expected}");
    assert!(found.high_ms / found.low_ms < 1.1, "native buckets are narrow: {found:?}");
    let instant = reading::histograms(read("instant-native-raw.json").unwrap().data, "pod", 1_000.0);
    assert_eq!(instant["s-3"].values().next().unwrap().calls(), 34_240.0);
}

#[test]
fn bounds_are_compared_as_numbers_and_counts_never_fall() {
    let le = |text: &str| reading_le(text);
    let counts = [(le("+Inf"), 10.0), (le("1.0"), 3.0), (le("0.5"), 4.0), (le("1"), 2.0), (le("1e1"), 9.5)];
    let histogram = Histogram::classic(&counts, 1_000.0).unwrap();
    let steps: Vec<(Option<f64>, f64)> = histogram.buckets().iter().map(|b| (b.le_ms, b.count)).collect();
    assert_eq!(steps, [(Some(500.0), 4.0), (Some(1_000.0), 5.0), (Some(10_000.0), 9.5), (None, 10.0)]);
    assert!(
        Histogram::classic(&[(1.0, 3.0)], 1.0).is_none(),
        "without an infinite bucket nobody knows how many"
    );
    assert!(Histogram::classic(&[(1.0, f64::NAN), (f64::INFINITY, 2.0)], 1.0).is_none());
    let fallen = Histogram::classic(&[(1.0, 5.0), (2.0, 4.0), (f64::INFINITY, 6.0)], 1.0).unwrap();
    assert_eq!(fallen.buckets()[1].count, 5.0);
}

fn reading_le(text: &str) -> f64 {
    answer::number(text).unwrap()
}

#[test]
fn histograms_of_other_bounds_are_added_between_them() {
    let mut all = Histogram::classic(&[(10.0, 10.0), (20.0, 20.0), (f64::INFINITY, 20.0)], 1.0).unwrap();
    all.add(&Histogram::classic(&[(15.0, 30.0), (f64::INFINITY, 30.0)], 1.0).unwrap(), 2.0);
    let steps: Vec<(Option<f64>, f64)> = all.buckets().iter().map(|b| (b.le_ms, b.count)).collect();
    assert_eq!(steps, [(Some(10.0), 50.0), (Some(15.0), 75.0), (Some(20.0), 80.0), (None, 80.0)]);
}

#[test]
fn a_native_histogram_says_where_there_is_nothing() {
    let bucket = |lower, upper, count| NativeBucket { lower, upper, count };
    let native =
        Native { count: 10.0, sum: 1.0, buckets: vec![bucket(-0.001, 0.001, 4.0), bucket(0.5, 0.6, 6.0)] };
    let histogram = Histogram::native(&native, 1_000.0).unwrap();
    assert_eq!(histogram.quantile(0.41).unwrap().low_ms, 500.0);
    let nonsense = Native { count: f64::NAN, ..native };
    assert!(Histogram::native(&nonsense, 1.0).is_none());
}
