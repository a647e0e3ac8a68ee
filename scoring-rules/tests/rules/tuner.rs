//! The tuner: examples of services, and what it refuses.

use scoring_rules::degrader::{
    Change, D2, Defence, Group, Level, Profile, Relative, Scenario, Slot, Traffic, Tuning, has_moved,
    input_hash, tune, tune_relative,
};
use serde_json::json;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) hosts: u32,
    pub(crate) clients: u32,
    pub(crate) qps: f64,
    pub(crate) mean_ms: f64,
    pub(crate) cv: f64,
    pub(crate) timeout_ms: f64,
    pub(crate) slo_ms: f64,
}

/// 5,000 calls a second of 7.5 ms over 50 hosts, from 20 clients.
const A: Service = Service {
    hosts: 50,
    clients: 20,
    qps: 5_000.0,
    mean_ms: 7.5,
    cv: 0.8,
    timeout_ms: 1_000.0,
    slo_ms: 50.0,
};

impl Service {
    fn profile(&self) -> Profile {
        let profile = json!({
            "hosts": self.hosts,
            "clients": self.clients,
            "qps": self.qps,
            "latency": { "mean_ms": self.mean_ms, "cv": self.cv },
            "error_rate": 0.0005,
            "timeout_ms": self.timeout_ms,
            "slo_ms": self.slo_ms,
        });
        serde_json::from_value(profile).unwrap()
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.profile().check().unwrap()
    }
}

fn between(what: &str, value: f64, least: f64, most: f64) {
    assert!((least..=most).contains(&value), "{what}: {value} is not between {least} and {most}");
}

/// The score after each group of changes, in order.
fn groups(changes: &[Change]) -> Vec<(Group, f64)> {
    let mut groups: Vec<(Group, f64)> = changes.iter().map(|change| (change.group, change.score)).collect();
    groups.dedup();
    groups
}

pub(crate) fn ids(remarks: &[scoring_rules::degrader::Remark]) -> Vec<&str> {
    remarks.iter().map(|remark| remark.id.as_str()).collect()
}

/// Graded again as the current ones, the best settings are left alone.
fn is_not_nagged(tuning: &Tuning, traffic: &Traffic) {
    let again = tune(&tuning.best_settings, traffic);
    between("score of the best", again.score, 99.999, 100.0);
    assert!(again.recommended.is_none());
    assert!(again.current.objective - again.best.objective < 1e-9);
}

#[test]
fn two_pairs_of_marks_are_enough_for_the_usual_service() {
    let traffic = A.traffic();
    let tuning = tune(&D2::default(), &traffic);
    between("defaults", tuning.score, 44.0, 48.0);
    assert_eq!(tuning.confidence.level, Level::Medium);
    assert!(tuning.hard_failures.is_empty() && tuning.refusals.is_empty());
    let recommended = tuning.recommended.as_ref().unwrap();
    let [(Group::Latency, first), (Group::Errors, second)] = groups(&recommended.changes)[..] else {
        panic!("{:?}", recommended.changes)
    };
    between("after the latency marks", first, 70.0, 76.0);
    between("after the error marks", second, 95.0, 98.0);
    let fields: Vec<&str> = recommended.changes.iter().map(|change| change.field.as_str()).collect();
    let marks =
        ["degrader.highLatency", "degrader.lowLatency", "degrader.highErrorRate", "degrader.lowErrorRate"];
    assert_eq!(fields, marks);
    is_not_nagged(&tuning, &traffic);
    // Bad requests without defence, and with the best settings.
    let undefended = [2_069.0, 17_674.0, 29_821.0, 30_000.0, 15_025.0, 30_000.0];
    let tuned = [1_762.0, 853.0, 1_470.0, 1_479.0, 1_247.0, 1_497.0];
    for ((replay, undefended), tuned) in tuning.best.replays.iter().zip(undefended).zip(tuned) {
        between(&replay.scenario.id(), replay.undefended, undefended - 2.0, undefended + 2.0);
        between(&replay.scenario.id(), replay.bad_requests, 0.0, 1.3 * tuned);
    }
    between("false drop", tuning.best.healthy.false_drop, 0.0003, 0.002);
}

#[test]
fn the_tuned_settings_of_the_study_are_found_good() {
    let mut settings = D2::default();
    let degrader = &mut settings.degrader;
    (degrader.high_latency, degrader.low_latency) = (31, 17);
    (degrader.high_error_rate, degrader.low_error_rate) = (0.15, 0.07);
    (degrader.high_outstanding, degrader.low_outstanding, degrader.min_outstanding_count) = (64, 32, 2);
    (degrader.up_step, degrader.down_step) = (0.5, 0.2);
    let tuning = tune(&settings, &A.traffic());
    between("score", tuning.score, 98.0, 100.0);
    assert!(tuning.recommended.is_none());
    for (scenario, seconds) in
        [(Scenario::Slow(10.0), 14.5), (Scenario::Hung, 13.0), (Scenario::Errors(0.5), 13.8)]
    {
        let replay = settings.replay(&A.traffic(), scenario, true);
        between(&scenario.id(), replay.isolated_after_s.unwrap(), seconds - 1.0, seconds + 1.0);
        assert!(replay.curve.last().unwrap().dropped < 0.1, "the curve ends when the host is back");
    }
}

#[test]
fn defaults_of_2017_isolate_a_hung_host_only_and_late() {
    let tuning = tune(&D2::before_2018(), &A.traffic());
    between("with a timeout of 1 s", tuning.score, 0.0, 1.0);
    assert!(tuning.current.replays.iter().all(|replay| replay.isolated_after_s.is_none()));
    let patient = Service { timeout_ms: 10_000.0, ..A }.traffic();
    let tuning = tune(&D2::before_2018(), &patient);
    between("with a timeout of 10 s", tuning.score, 31.0, 37.0);
    let isolated: Vec<Scenario> =
        tuning.current.replays.iter().filter(|r| r.isolated_after_s.is_some()).map(|r| r.scenario).collect();
    assert_eq!(isolated, [Scenario::Hung]);
    assert_eq!(
        tuning.best_settings.request_timeout_ms,
        Some(1_000),
        "a timeout so long is always to be changed"
    );
    let changes = tuning.recommended.unwrap().changes;
    assert_eq!(
        changes.last().map(|change| (change.field.as_str(), change.to.as_str())),
        Some(("http.requestTimeout", "1000"))
    );
    assert_eq!(ids(&tuning.notes), ["long_timeout"]);
}

#[test]
fn services_of_every_kind_score_as_in_the_study() {
    let b = Service { hosts: 10, clients: 5, qps: 400.0, mean_ms: 120.0, cv: 0.6, slo_ms: 600.0, ..A };
    let d = Service { hosts: 30, clients: 10, qps: 2_000.0, mean_ms: 40.0, cv: 2.5, slo_ms: 500.0, ..A };
    let many_clients = Service { clients: 200, ..A };
    for (name, service, least, most) in
        [("B", &b, 72.0, 78.0), ("D", &d, 53.0, 61.0), ("A of 200 clients", &many_clients, 45.0, 51.0)]
    {
        let traffic = service.traffic();
        let tuning = tune(&D2::default(), &traffic);
        between(name, tuning.score, least, most);
        assert!(tuning.recommended.is_some(), "{name}");
        is_not_nagged(&tuning, &traffic);
    }
    let mut with_errors = D2::default();
    (with_errors.degrader.high_error_rate, with_errors.degrader.low_error_rate) = (0.10, 0.05);
    let tuning = tune(&with_errors, &b.traffic());
    between("B with error marks", tuning.score, 95.0, 99.0);
    assert!(tuning.recommended.is_none());
    assert_eq!(tune(&D2::default(), &many_clients.traffic()).confidence.level, Level::Low);
}

#[test]
fn defaults_can_be_an_outage_and_that_comes_first() {
    let slow = |mean_ms| Service {
        hosts: 20,
        clients: 10,
        qps: 200.0,
        mean_ms,
        cv: 0.5,
        timeout_ms: 5_000.0,
        slo_ms: 2_000.0,
    };
    let traffic = slow(650.0).traffic();
    let tuning = tune(&D2::default(), &traffic);
    assert_eq!(ids(&tuning.hard_failures)[0], "refuses_healthy_traffic");
    between("score", tuning.score, 0.0, 0.0);
    between("refused", tuning.current.healthy.refused, 0.8, 1.0);
    let recommended = tuning.recommended.as_ref().unwrap();
    assert_eq!(groups(&recommended.changes)[0].0, Group::WaterMarks);
    assert!(recommended.judged.healthy.refused < 1e-6 && recommended.score >= 90.0);
    is_not_nagged(&tuning, &traffic);
    let traffic = slow(500.0).traffic();
    let tuning = tune(&D2::default(), &traffic);
    assert!(ids(&tuning.hard_failures).contains(&"drops_healthy_hosts"));
    between("score", tuning.score, 0.0, 0.0);
    is_not_nagged(&tuning, &traffic);
}

#[test]
fn marks_a_little_looser_do_as_well_and_far_tighter_ones_do_harm() {
    let traffic = A.traffic();
    let mut settings = tune(&D2::default(), &traffic).best_settings;
    let degrader = &mut settings.degrader;
    degrader.high_latency = degrader.high_latency * 115 / 100;
    degrader.low_latency = degrader.low_latency * 110 / 100;
    between("looser", tune(&settings, &traffic).score, 97.0, 100.0);
    (settings.degrader.high_latency, settings.degrader.low_latency) = (8, 7);
    between("tight", tune(&settings, &traffic).score, 0.0, 5.0);
}

#[test]
fn nothing_is_recommended_where_too_little_is_known() {
    let d2 = D2::default();
    let one = tune(&d2, &Service { hosts: 1, ..A }.traffic());
    assert_eq!((ids(&one.refusals), one.recommended.is_some()), (vec!["one_host"], false));
    let rare = tune(&d2, &Service { qps: 1.0, ..A }.traffic());
    assert_eq!((ids(&rare.refusals), rare.recommended.is_some()), (vec!["too_little_data"], false));
    let coarse = |counts: [f64; 3]| -> Traffic {
        let mut profile = A.profile();
        let bounds = [Some(1.0), Some(100.0), None];
        let buckets =
            bounds.iter().zip(counts).map(|(le_ms, count)| json!({ "le_ms": le_ms, "count": count }));
        let latency = json!({ "histogram": buckets.collect::<Vec<_>>() });
        profile.latency = serde_json::from_value(latency).unwrap();
        profile.check().unwrap()
    };
    let unclear = tune(&d2, &coarse([10.0, 99_000.0, 100_000.0]));
    assert_eq!((ids(&unclear.refusals), unclear.recommended.is_some()), (vec!["coarse_latency"], false));
    assert_eq!(unclear.confidence.level, Level::Low);
    let few = tune(&d2, &coarse([1.0, 99.0, 100.0]));
    assert_eq!(ids(&few.refusals), ["coarse_latency", "too_little_data"]);
}

#[test]
fn unknown_clients_lower_the_confidence_and_are_named() {
    let mut profile = Service { clients: 2, ..A }.profile();
    let known = tune(&D2::default(), &profile.check().unwrap());
    assert_eq!(known.confidence.level, Level::High);
    profile.clients = None;
    let unknown = tune(&D2::default(), &profile.check().unwrap());
    assert!(unknown.confidence.level < Level::High);
    assert!(
        unknown.confidence.why.iter().any(|why| why.contains("50 are assumed")),
        "{:?}",
        unknown.confidence
    );
}

#[test]
fn hosts_compared_with_their_cluster_act_as_in_the_study() {
    let day = |calls: f64| {
        let mut profile = Service { clients: 1, qps: calls * 10.0, ..A }.profile();
        (profile.day, profile.hiccup_rate, profile.error_rate) =
            (vec![Slot { traffic: 1.0, latency: 1.0 }], 0.0, 0.0);
        profile.check().unwrap()
    };
    // Calls a window, factors; healthy drop, intervals until isolated, intervals until recovered.
    let table = [
        (25.0, 1.3, 1.2, (0.004, 0.02), 5.0, Some((30.0, 50.0))),
        (25.0, 2.0, 1.5, (0.0, 0.0005), 5.0, Some((18.0, 24.0))),
        (250.0, 1.3, 1.2, (0.0, 0.0005), 5.0, Some((16.0, 22.0))),
        (2.5, 1.3, 1.2, (0.1, 0.7), 5.0, None),
        (2.5, 4.0, 2.5, (0.0002, 0.004), 10.0, Some((36.0, 60.0))),
    ];
    for (calls, high, low, (least, most), intervals, back) in table {
        let settings = Relative {
            relative_latency_high_threshold_factor: high,
            relative_latency_low_threshold_factor: low,
            ..Relative::default()
        };
        let what = format!("{calls} calls, {high}/{low}");
        let traffic = day(calls);
        between(&what, settings.healthy_day(&traffic).false_drop, least, most);
        let replay = settings.replay(&traffic, Scenario::Slow(10.0), true);
        between(&what, replay.isolated_after_s.unwrap() / 5.0, intervals - 2.0, intervals + 2.0);
        match back {
            Some((least, most)) => between(&what, replay.recovered_after_s.unwrap() / 5.0, least, most),
            None => assert_eq!(replay.recovered_after_s, None, "{what}"),
        }
    }
}

#[test]
fn comparison_with_the_cluster_is_tuned_too() {
    let traffic = A.traffic();
    let tuning = tune_relative(&Relative::default(), &traffic);
    let recommended = tuning.recommended.as_ref().unwrap();
    assert!(recommended.score >= 90.0 && recommended.score > tuning.score);
    assert!(recommended.changes.iter().any(|change| change.field == "highErrorRate"));
    let again = tune_relative(&tuning.best_settings, &traffic);
    assert_eq!((again.score, again.recommended), (100.0, None));
    let short = tune_relative(&Relative::default(), &Service { mean_ms: 0.5, ..A }.traffic());
    assert_eq!((ids(&short.refusals), short.recommended), (vec!["latency_below_resolution"], None));
}

#[test]
fn the_next_night_tunes_what_moved() {
    let (traffic, d2) = (A.traffic(), D2::default());
    let little = Service { qps: 5_150.0, mean_ms: 7.7, ..A };
    let much = Service { mean_ms: 9.0, ..A };
    assert!(!has_moved(&traffic, &little.traffic()));
    assert!(has_moved(&traffic, &much.traffic()));
    assert_eq!(input_hash(&d2, &A.profile()), input_hash(&d2, &A.profile()));
    assert_ne!(input_hash(&d2, &A.profile()), input_hash(&d2, &little.profile()));
}
