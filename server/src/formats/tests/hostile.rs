//! Senders who mean harm: nothing panics, nothing is slow.

use std::time::Instant;

use proptest::prelude::*;

use super::super::{
    Format, Hints, RefContext, batch_lines, parse_entity_ref, parts, read, read_backstage, read_csv,
    redact_text, redacted,
};
use super::sample;

fn read_all(body: &[u8]) {
    for format in Format::ALL {
        let _ = read(*format, body, &Hints::default());
        let _ = parts(*format, body);
    }
    let _ = redacted(body);
    let _ = read_backstage(body);
    let _ = read_csv(body);
    assert!(batch_lines(body).count() <= body.len());
}

#[test]
fn formats_have_their_names() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.as_str()), Some(*format));
    }
    assert_eq!(Format::parse("litmuss"), None);
}

#[test]
fn hostile_text_does_not_cost_its_length_squared() {
    let size = if cfg!(debug_assertions) { 200_000 } else { 4_000_000 };
    for unit in [
        "token:",
        "token=",
        "token=\"",
        "<token>",
        "://",
        "a://b:c/",
        "-----BEGIN PRIVATE KEY-----",
        "--token ",
        "bearer ",
        "File \"",
        "/home/",
        "eyJ.",
        "ghp_",
        "\\\"",
        "token:'\\",
        "password \\\\\"",
        "=:",
        "wb_",
        "\u{e9}token:",
    ] {
        let text = unit.repeat(size / unit.len());
        let start = Instant::now();
        let _ = redact_text(&text);
        assert!(start.elapsed().as_secs() < 8, "{unit}: {:?}", start.elapsed());
    }
}

#[test]
fn a_large_journal_is_read_quickly() {
    let mut journal: serde_json::Value =
        serde_json::from_slice(&sample("chaostoolkit/journals/continuous.json")).unwrap();
    let round = journal["steady_states"]["during"][0].clone();
    journal["steady_states"]["during"] = vec![round; if cfg!(debug_assertions) { 900 } else { 9_000 }].into();
    let body = serde_json::to_vec(&journal).unwrap();
    let start = Instant::now();
    assert!(read(Format::ChaosToolkit, &body, &Hints::default()).is_ok());
    assert!(start.elapsed().as_secs() < 20, "{} bytes: {:?}", body.len(), start.elapsed());
}

/// One of the samples with a few bytes changed, cut or doubled.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let files = prop_oneof![
        Just("chaostoolkit/journals/pass.json"),
        Just("chaostoolkit/journals/continuous.json"),
        Just("junit/pytest-mixed.xml"),
        Just("junit/node-test.xml"),
        Just("backstage/catalog-a.yaml"),
        Just("backstage/catalog-bad.yaml"),
        Just("composed/litmus-chaosresult-probe-failure.json"),
        Just("composed/chaosmesh-networkchaos-recover-failed.json"),
        Just("composed/k6-handle-summary-legacy.json"),
        Just("composed/testsuiterun-finished.cloudevent.json"),
        Just("composed/steadybit-event-failed.json"),
    ];
    (files, proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6)).prop_map(
        |(file, edits)| {
            let mut bytes = sample(file);
            for (at, byte, how) in edits {
                if bytes.is_empty() {
                    break;
                }
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] = byte,
                    1 => bytes.truncate(at),
                    2 => bytes.insert(at, b"{}[]<>\"':-&*#\n"[usize::from(byte) % 14]),
                    _ => bytes.extend_from_within(at..),
                }
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&body);
    }

    #[test]
    fn arbitrary_text_never_panics(body in "[\\PC\n]{0,300}") {
        read_all(body.as_bytes());
    }

    #[test]
    fn markup_like_text_never_panics(body in "[-a-c0-2{}\\[\\]:,\"'<>/&#;=*%|! \n]{0,200}") {
        read_all(body.as_bytes());
    }

    #[test]
    fn mangled_samples_never_panic(body in mangled()) {
        read_all(&body);
    }

    #[test]
    fn a_canonical_reference_reads_as_itself(text in "[A-Za-z0-9:/._-]{0,30}") {
        if let Ok(reference) = parse_entity_ref(&text, RefContext { default_kind: Some("Component"), default_namespace: None }) {
            let canonical = reference.canonical();
            let again = parse_entity_ref(&canonical, RefContext::default());
            prop_assert_eq!(again.map(|r| r.canonical()), Ok(canonical));
        }
    }
}
