//! Sources of telemetry in each of their states.

use super::super::sources::context;
use super::{HOSTILE, Sample, chrome, days_ago, now, stranger};
use crate::app::kept::KeptView;
use crate::app::sources::{
    InstanceSeen, Lack, Shortfall, SourceState, SourceView, TelemetryRow, TelemetryView, WorstInstance,
};
use crate::app::views::Page;
use crate::config::{HookConfig, Proof, Secret};
use crate::formats::Format;
use crate::types::Timestamp;

pub(super) fn all() -> Vec<Sample> {
    let path = "/sources";
    let rows = vec![
        row("checkout-api", Some(worst("10.0.0.3:8080")), &[], None),
        row(
            "pricing",
            None,
            &[Lack::CoarseBuckets, Lack::IncidentLeftOut, Lack::ByCaller, Lack::Errors],
            None,
        ),
        row(
            "ingest",
            None,
            &[
                Lack::TooLittleData,
                Lack::OneInstance,
                Lack::NoInstances,
                Lack::NoHistogram,
                Lack::HostsUnknown,
                Lack::Unusable,
            ],
            Some("no whole answer within 30 s"),
        ),
        row(HOSTILE, Some(worst(HOSTILE)), &[Lack::Remark], Some(HOSTILE)),
        row("order-writer", None, &[], None),
    ];
    let away = SourceView {
        state: SourceState::Away,
        away_since: Some(days_ago(1)),
        error: Some(HOSTILE.to_owned()),
        failures: 7,
        services: 1_200,
        ..source("prod")
    };
    let waiting = SourceView {
        state: SourceState::Waiting,
        version: None,
        last_try_at: None,
        last_success_at: None,
        next_try_at: None,
        services: 0,
        ..source("lab")
    };
    let some = [(source("eu"), rows.clone()), (away, rows), (waiting, Vec::new())];
    vec![
        Sample::new("sources", "some", context(chrome(path), &some, &hooks(), &kept())),
        Sample::new(
            "sources",
            "none",
            context(stranger(path), &[], &[], &Page { items: Vec::new(), next: None }),
        ),
    ]
}

fn hooks() -> Vec<HookConfig> {
    let hook = |name: &str, format, proof| HookConfig {
        name: name.to_owned(),
        format,
        proof,
        secret: Secret::of("an example of a secret".to_owned()),
        services: Vec::new(),
        service: None,
        environment: None,
    };
    vec![
        hook("pagerduty", Format::PagerDuty, Proof::PagerDuty),
        hook("gremlin", Format::Gremlin, Proof::Key),
        hook("steadybit", Format::Steadybit, Proof::Steadybit),
        hook("incidents", Format::Other, Proof::StandardWebhooks),
        hook("ours", Format::Drill, Proof::HmacSha256 { header: "x-signature-256".to_owned() }),
    ]
}

fn kept() -> Page<KeptView> {
    let one = |format: &str, sender: &str, reason: &str| KeptView {
        id: format!("kept-{sender}"),
        format: format.to_owned(),
        sender: sender.to_owned(),
        reason: reason.to_owned(),
        received_at: days_ago(1),
        bytes: 1_412,
        body: "{}".to_owned(),
    };
    let items = vec![
        one("pagerduty", "hook:pagerduty", "Incidents are not understood yet; the message is kept."),
        one("gremlin", HOSTILE, HOSTILE),
    ];
    Page { items, next: Some("kept-0".to_owned()) }
}

fn source(name: &str) -> SourceView {
    SourceView {
        name: name.to_owned(),
        kind: "prometheus".to_owned(),
        address: "https://prometheus.shop.example".to_owned(),
        metrics: "otel".to_owned(),
        state: SourceState::Healthy,
        version: Some("2.42.0".to_owned()),
        services: 5,
        last_try_at: Some(Timestamp(now().0 - 60_000)),
        last_success_at: Some(Timestamp(now().0 - 60_000)),
        away_since: None,
        error: None,
        failures: 0,
        next_try_at: Some(Timestamp(now().0 + 90_000)),
        interval_seconds: 3_600,
    }
}

fn worst(name: &str) -> WorstInstance {
    WorstInstance {
        name: name.to_owned(),
        p99_ms: Some(8_406.3),
        error_rate: Some(0.357),
        since: days_ago(0),
    }
}

fn row(name: &str, worst: Option<WorstInstance>, lacks: &[Lack], error: Option<&str>) -> TelemetryRow {
    let instance = |n: usize| InstanceSeen {
        name: format!("10.0.0.{n}:8080"),
        calls_per_second: 100.0,
        p99_ms: Some(18.0),
        p99_low_ms: Some(10.0),
        p99_high_ms: None,
        error_rate: None,
        stands_out: n == 3 && worst.is_some(),
    };
    TelemetryRow {
        slug: "checkout-api".to_owned(),
        name: name.to_owned(),
        telemetry: TelemetryView {
            source: "eu".to_owned(),
            collected_at: error.is_none().then(|| days_ago(0)),
            error: error.map(str::to_owned),
            window_seconds: Some(86_400),
            profile: None,
            instances: (1..=5).map(instance).collect(),
            worst_instance: worst,
            problems: lacks.iter().map(|lack| Shortfall::new(*lack, "12 calls; at least 1000")).collect(),
            refused: !lacks.is_empty(),
        },
    }
}
