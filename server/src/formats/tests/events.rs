//! Events that are no drills, or come in envelopes: CloudEvents, CDEvents, Alertmanager, PagerDuty.

use base64::Engine as _;
use serde_json::{Value, json};

use super::super::{DeploymentReading, Format, Hints, Read, read, redacted, structured_event};
use super::{at, drill_of, invalid, sample, sample_json};
use crate::types::{DeploymentKind, Outcome};

fn read_json(format: Format, document: &Value) -> Read {
    read(format, document.to_string().as_bytes(), &Hints::default()).unwrap()
}

/// The headers `ce-*` and the body of a recorded request.
fn binary(name: &str) -> Vec<u8> {
    let text = String::from_utf8(sample(&format!("composed/{name}.binary-mode.http")))
        .unwrap()
        .replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap();
    let attributes: Vec<(String, String)> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter_map(|(name, value)| Some((name.strip_prefix("ce-")?.to_owned(), value.to_owned())))
        .collect();
    assert!(attributes.len() > 4);
    structured_event(&attributes, body.trim().as_bytes())
}

fn deployment(read: Read) -> DeploymentReading {
    match read {
        Read::Deployment(deployment) => *deployment,
        other => panic!("no deployment: {other:?}"),
    }
}

#[test]
fn one_event_is_the_same_in_every_envelope() {
    let plain = drill_of(
        Format::CloudEvents,
        &sample("composed/testsuiterun-finished.cdevent.json"),
        &Hints::default(),
    );
    let structured = drill_of(
        Format::CloudEvents,
        &sample("composed/testsuiterun-finished.cloudevent.json"),
        &Hints::default(),
    );
    let binary = drill_of(Format::CloudEvents, &binary("testsuiterun-finished"), &Hints::default());
    for other in [structured, binary] {
        assert_eq!((other.run_id, other.content_sha256), (plain.run_id.clone(), plain.content_sha256));
        assert_eq!((other.outcome, other.environment), (Outcome::Failed, plain.environment.clone()));
    }
    let event = sample_json("composed/testsuiterun-finished.cdevent.json");
    let coded = base64::engine::general_purpose::STANDARD.encode(event.to_string());
    let envelope = json!({"specversion": "1.0", "id": "1", "source": "/ci", "type": "dev.cdevents.testsuiterun.finished.0.3.0",
        "data_base64": coded});
    let inside = drill_of(Format::CloudEvents, envelope.to_string().as_bytes(), &Hints::default());
    assert_eq!(inside.content_sha256, plain.content_sha256);
}

#[test]
fn older_and_newer_cdevents_read_alike() {
    let mut event = sample_json("composed/testsuiterun-finished.cdevent.json");
    for (key, kind) in [("version", "0.1.1"), ("specversion", "0.9.0-draft")] {
        let context = event["context"].as_object_mut().unwrap();
        context.remove("specversion");
        context.remove("version");
        context.insert(key.into(), json!("0.4.1"));
        context.insert("type".into(), json!(format!("dev.cdevents.testsuiterun.finished.{kind}")));
        for (word, outcome) in [
            ("success", Outcome::Passed),
            ("pass", Outcome::Passed),
            ("failure", Outcome::Failed),
            ("fail", Outcome::Failed),
            ("cancel", Outcome::Inconclusive),
            ("error", Outcome::Inconclusive),
        ] {
            event["subject"]["content"]["outcome"] = json!(word);
            let reading = drill_of(Format::CloudEvents, event.to_string().as_bytes(), &Hints::default());
            assert_eq!(reading.outcome, outcome, "{word}");
        }
    }
    event["customData"] = json!({"waterbear": {"service": "storefront", "failure": "code"}});
    let reading = drill_of(Format::CloudEvents, event.to_string().as_bytes(), &Hints::default());
    assert_eq!((reading.service.as_deref(), reading.failure.as_deref()), (Some("storefront"), Some("code")));
    event["subject"]["content"]["outcome"] = json!("great");
    let fields = invalid(Format::CloudEvents, event.to_string().as_bytes(), &Hints::default());
    assert!(at(&fields, "/subject/content/outcome").contains("success, failure"));
}

#[test]
fn services_that_move_are_deployments() {
    for name in ["service-rolledback.cdevent.json", "service-rolledback.cloudevent.json"] {
        let body = sample(&format!("composed/{name}"));
        let found = deployment(read(Format::CloudEvents, &body, &Hints::default()).unwrap());
        assert_eq!(found.kind, DeploymentKind::RolledBack);
        assert_eq!(
            (found.service.as_deref(), found.environment.as_deref()),
            (Some("storefront"), Some("staging"))
        );
        assert_eq!(
            found.version.as_deref(),
            Some("sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427")
        );
        assert_eq!(found.deployed_at.to_rfc3339(), "2026-11-18T09:07:00.000Z");
    }
    let event = binary("service-rolledback");
    assert_eq!(
        deployment(read(Format::CloudEvents, &event, &Hints::default()).unwrap()).kind,
        DeploymentKind::RolledBack
    );
    let mut event = sample_json("composed/service-rolledback.cdevent.json");
    event["context"]["type"] = json!("dev.cdevents.service.deployed.0.1.0");
    event["subject"]["content"]["artifactId"] = json!("pkg:oci/storefront@v42?repository_url=x");
    let found = deployment(read_json(Format::CloudEvents, &event));
    assert_eq!((found.kind, found.version.as_deref()), (DeploymentKind::Deployed, Some("v42")));
}

#[test]
fn incidents_are_kept_for_later_and_starts_are_no_results() {
    let kept = [
        (Format::CloudEvents, sample("composed/incident-detected.cdevent.json")),
        (Format::CloudEvents, sample("composed/incident-detected.cloudevent.json")),
        (Format::CloudEvents, binary("incident-detected")),
        (Format::PagerDuty, sample("composed/pagerduty-incident-triggered.json")),
        (Format::PagerDuty, sample("composed/pagerduty-incident-resolved.json")),
    ];
    for (format, body) in kept {
        match read(format, &body, &Hints::default()).unwrap() {
            Read::Unknown { reason } => assert!(reason.contains("kept"), "{reason}"),
            other => panic!("{other:?}"),
        }
        let text = redacted(&body);
        assert!(text.contains("storefront"), "what is kept can be read later: {text}");
    }
    let mut event = sample_json("composed/testsuiterun-finished.cdevent.json");
    event["context"]["type"] = json!("dev.cdevents.testsuiterun.started.0.3.0");
    assert!(matches!(read_json(Format::CloudEvents, &event), Read::Ignored { .. }));
    let strange = json!({"specversion": "1.0", "id": "1", "source": "/x", "type": "com.example.thing", "data": {"password": "hunter22-hunter22"}});
    assert!(matches!(read_json(Format::CloudEvents, &strange), Read::Unknown { .. }));
    assert!(!redacted(strange.to_string().as_bytes()).contains("hunter22"));
    assert!(!redacted(b"no json, password=hunter22-hunter22").contains("hunter22"));
}

#[test]
fn alerts_have_their_begin_and_their_labels() {
    let recorded = |name: &str| sample_json(&format!("alertmanager/{name}.json"))["body"].clone();
    let alerts = |document: &Value| match read_json(Format::Alertmanager, document) {
        Read::Alerts(alerts) => alerts,
        other => panic!("{other:?}"),
    };
    let firing = alerts(&recorded("firing"));
    assert_eq!(firing.len(), 1);
    assert!(firing[0].firing && firing[0].ends_at.is_none(), "the year 1 is no end");
    assert_eq!(firing[0].labels.get("service").map(String::as_str), Some("storefront"));
    assert_eq!(firing[0].starts_at.to_rfc3339(), "2026-11-20T22:20:57.829Z");
    let resolved = alerts(&recorded(concat!("resol", "ved")));
    assert!(!resolved[0].firing && resolved[0].ends_at.is_some());
    assert_eq!(resolved[0].fingerprint, firing[0].fingerprint);
    let mut bare = recorded("firing");
    bare["alerts"][0].as_object_mut().unwrap().remove("fingerprint");
    let print = alerts(&bare)[0].fingerprint.clone();
    assert_eq!((print.len(), &alerts(&bare)[0].fingerprint), (16, &print));
    bare["alerts"][0]["startsAt"] = json!("yesterday");
    let fields = invalid(Format::Alertmanager, bare.to_string().as_bytes(), &Hints::default());
    assert!(at(&fields, "/alerts/0/startsAt").contains("RFC 3339"));
    bare["alerts"] = json!(vec![json!({"startsAt": "2026-11-20T22:20:57Z"}); 1_001]);
    assert!(read(Format::Alertmanager, bare.to_string().as_bytes(), &Hints::default()).is_err());
}
