//! Degraders: nothing known, half of it, the defaults, a try, an outage, too little to go by.

use scoring_rules::degrader::{
    Bucket, Context, Defence, Dialect, Latency, Problem, Profile, Scenario, Settings, Traffic, assess, judge,
    score,
};

use super::{HOSTILE, cards, days_ago};
use crate::app::degrader::{Instance, Study, Told, Tried};

fn profile() -> Profile {
    Profile {
        hosts: 50,
        clients: Some(20),
        qps: 5_000.0,
        latency: Latency { mean_ms: Some(7.5), cv: Some(0.8), ..Latency::default() },
        slo_ms: Some(50.0),
        ..Profile::default()
    }
}

/// A study of these settings on this traffic.
fn of(settings: Option<Settings>, profile: Option<Profile>) -> Study {
    let traffic: Option<Traffic> = profile.as_ref().map(|p| p.check().unwrap());
    let assessment = settings.as_ref().zip(traffic.as_ref()).map(|(s, t)| assess(s, t));
    let scenario = Scenario::Slow(10.0);
    let replay = |s: &Settings| traffic.as_ref().map(|t| s.replay(t, scenario, true));
    let better = assessment.as_ref().and_then(|a| a.tuning.recommended.as_ref()).map(|r| r.settings.clone());
    let copied = better.or_else(|| settings.clone());
    let detail = cards::half_way().detail;
    Study {
        today: settings.as_ref().and_then(replay),
        recommended: copied.as_ref().and_then(replay),
        dialect: Dialect::D2,
        paste: copied.map(|s| s.write(&Context { service: "checkout-api".to_owned() })),
        told: Told {
            settings_from: settings.as_ref().map(|_| "deploy".to_owned()),
            settings_at: settings.as_ref().map(|_| days_ago(12)),
            profile_from: traffic.as_ref().map(|_| "prometheus".to_owned()),
            profile_at: traffic.as_ref().map(|_| days_ago(1)),
            observed: traffic.is_some(),
        },
        instances: Vec::new(),
        detail,
        settings,
        traffic,
        assessment,
        scenario,
        tried: None,
        problems: Vec::new(),
    }
}

pub(super) fn nothing() -> Study {
    of(None, None)
}

pub(super) fn traffic_only() -> Study {
    of(None, Some(profile()))
}

pub(super) fn settings_only() -> Study {
    of(Some(Settings::defaults(Dialect::Envoy)), None)
}

/// The defaults, with hosts one by one.
pub(super) fn defaults() -> Study {
    let mut study = of(Some(Settings::defaults(Dialect::D2)), Some(profile()));
    let host = |name: &str, p99_ms, error_rate, bad| Instance {
        name: name.to_owned(),
        qps: 100.0,
        p99_ms,
        error_rate,
        bad,
    };
    study.instances = vec![
        host("s-1", Some(18.0), 0.0005, false),
        host(HOSTILE, Some(8_406.0), 0.36, true),
        host("s-3", None, 0.0, false),
    ];
    study
}

pub(super) const ASKED: &[(&str, &str)] = &[("degrader.highLatency", "31"), ("degrader.upStep", HOSTILE)];

/// A reader tries values, one of which is none.
pub(super) fn tried() -> Study {
    let mut study = defaults();
    let (settings, traffic) = (study.settings.clone().unwrap(), study.traffic.clone().unwrap());
    let settings = settings.with("degrader.highLatency", "31").unwrap();
    let judged = judge(&settings, &traffic);
    let reached = score(&judged, &study.assessment.as_ref().unwrap().tuning.best);
    let replay = settings.replay(&traffic, study.scenario, true);
    study.tried = Some(Tried { settings, judged, score: reached, replay });
    study.problems = vec![Problem::new("/degrader.upStep", HOSTILE)];
    study
}

/// Settings that are an outage by themselves.
pub(super) fn outage() -> Study {
    let latency = Latency { mean_ms: Some(650.0), cv: Some(0.8), ..Latency::default() };
    let slow = Profile { latency, qps: 200.0, timeout_ms: 10_000.0, slo_ms: Some(2_000.0), ..profile() };
    of(Some(Settings::defaults(Dialect::D2)), Some(slow))
}

/// Buckets that tell too little.
pub(super) fn coarse() -> Study {
    let bucket = |le_ms, count| Bucket { le_ms, count };
    let histogram = vec![bucket(Some(5.0), 20.0), bucket(Some(500.0), 9_990.0), bucket(None, 10_000.0)];
    let latency = Latency { histogram, ..Latency::default() };
    of(Some(Settings::defaults(Dialect::Grpc)), Some(Profile { latency, ..profile() }))
}
