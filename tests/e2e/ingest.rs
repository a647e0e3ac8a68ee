//! Documents of tools, unchanged: Chaos Toolkit journals and JUnit reports.

use harness::{Reply, Server, Value, json, sample, sample_json, samples_dir};

const CHAOS: &str = "/api/v1/ingest/chaostoolkit";

fn post(server: &Server, path: &str, file: &str) -> Reply {
    let media = if file.starts_with("junit/") { "application/xml" } else { "application/json" };
    server.post_bytes(path, media, sample(file))
}

/// The expectation's words as ours.
fn rollback_word(expected: &str) -> &str {
    match expected {
        "not run" => "not_run",
        "not tested" => "not_tested",
        "none declared" => "none_declared",
        other if other.starts_with("suspect") => "suspect",
        other => other,
    }
}

fn journals() -> Vec<(String, Value)> {
    let expected = sample_json("chaostoolkit/expected.json");
    expected["journals"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[test]
fn every_journal_reads_as_expected_over_the_api() {
    let server = Server::with_shop();
    let journals = journals();
    assert_eq!(journals.len(), 18);
    for (name, expected) in journals {
        let reply = post(&server, CHAOS, &format!("chaostoolkit/journals/{name}"));
        let answer = reply.expect(201).json();
        assert_eq!(answer["outcome"], expected["drill_verdict"], "{name}: {answer:#}");
        let counts = matches!(expected["drill_verdict"].as_str(), Some("passed" | "failed"));
        assert_eq!(answer["counted"], counts, "{name}: {answer:#}");
        if expected["drill_verdict"] != "passed" {
            assert!(answer["reason"].is_string(), "{name} says no reason: {answer:#}");
        }
        let drills = server.json("/api/v1/services/storefront/drills?limit=500");
        let drill = drills["items"].as_array().into_iter().flatten().find(|d| d["id"] == answer["id"]);
        let drill = drill.cloned().unwrap_or_else(|| panic!("{name} is not in the list"));
        let wanted = rollback_word(expected["rollback_verdict"].as_str().unwrap_or_default());
        assert_eq!(drill["rollback"]["outcome"], wanted, "{name}: {drill:#}");
        assert_eq!(
            (&drill["environment"], &drill["tool"]),
            (&json!("staging"), &json!("chaostoolkit")),
            "{name}"
        );
    }
}

#[test]
fn every_journal_reads_as_expected_on_the_command_line() {
    let server = Server::with_shop();
    for (name, expected) in journals() {
        let file = samples_dir().join("chaostoolkit/journals").join(&name).display().to_string();
        let args = ["ingest", "chaostoolkit", &file, "--service", "storefront", "--dry-run", "--json"];
        let read = server.cli(&args).ok().json();
        assert_eq!(read["service"], "storefront", "{name}: {read:#}");
        assert_eq!(read["outcome"], expected["drill_verdict"], "{name}: {read:#}");
        let wanted = rollback_word(expected["rollback_verdict"].as_str().unwrap_or_default());
        assert_eq!(read["rollback"]["outcome"], wanted, "{name}: {read:#}");
        for field in ["kind", "failure", "target", "environment", "reason", "started_at", "ended_at"] {
            assert!(read.get(field).is_some(), "{name} has no `{field}`: {read:#}");
        }
        assert_eq!(
            (&read["kind"], &read["failure"]),
            (&json!("dependency"), &json!("error")),
            "{name}: {read:#}"
        );
    }
    let none = server.json("/api/v1/services/storefront/drills");
    assert_eq!(none["items"], json!([]), "a dry run stores nothing");
}

#[test]
fn every_junit_report_reads_as_expected() {
    let server = Server::with_shop();
    let cases = [
        ("pytest-pass.xml", &["passed"][..]),
        ("pytest-mixed.xml", &["failed"]),
        ("pytest-empty.xml", &["inconclusive"]),
        ("pytest-collection-error.xml", &["failed", "inconclusive"]),
        ("node-test.xml", &["failed"]),
    ];
    for (name, outcomes) in cases {
        let path = "/api/v1/ingest/junit?service=storefront&kind=rollback&failure=code&environment=staging";
        let answer = post(&server, path, &format!("junit/{name}")).expect(201).json();
        assert!(outcomes.contains(&answer["outcome"].as_str().unwrap_or_default()), "{name}: {answer:#}");
        assert_eq!(answer["service"], "storefront");
    }
}

#[test]
fn a_junit_report_may_name_its_service_itself() {
    let server = Server::with_shop();
    let path = "/api/v1/ingest/junit?kind=rollback&failure=code&environment=staging";
    let answer = post(&server, path, "junit/pytest-pass.xml").expect(201).json();
    assert_eq!((&answer["service"], &answer["outcome"]), (&json!("storefront"), &json!("passed")));
}

#[test]
fn all_skipped_is_inconclusive() {
    let server = Server::with_checkout();
    let xml = "<testsuite name='r' tests='2' skipped='2'><testcase name='a'><skipped/></testcase>\
               <testcase name='b'><skipped/></testcase></testsuite>";
    let path = "/api/v1/ingest/junit?service=checkout&kind=rollback&failure=config&environment=staging";
    let answer = server.post_bytes(path, "application/xml", xml).expect(201).json();
    assert_eq!(answer["outcome"], "inconclusive", "{answer:#}");
}

#[test]
fn the_request_fills_what_the_document_does_not_say() {
    let server = Server::with_checkout();
    let path =
        "/api/v1/ingest/junit?service=checkout&kind=rollback&failure=schema&environment=canary&target=orders";
    let answer =
        server.post_bytes(path, "text/xml", "<testsuite><testcase name='a'/></testsuite>").expect(201);
    let drill = &server.json("/api/v1/services/checkout/drills")["items"][0];
    assert_eq!(drill["id"], answer.json()["id"]);
    assert_eq!((&drill["failure"], &drill["environment"]), (&json!("schema"), &json!("canary")));
    assert_eq!(drill["target"], "orders");
}

#[test]
fn notifications_are_accepted_and_their_double_events_counted_once() {
    let server = Server::with_shop();
    let lines = String::from_utf8_lossy(&sample("chaostoolkit/notifications.jsonl")).into_owned();
    let mut statuses = Vec::new();
    for line in lines.lines() {
        let record: Value = line.parse().unwrap_or_default();
        let reply = server.post(CHAOS, &record["body"]);
        assert!(matches!(reply.status, 200..=204), "{}: {}", record["body"]["name"], reply.text());
        statuses.push(reply.status);
    }
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 3, "{statuses:?}");
    let drills = server.json("/api/v1/services/storefront/drills");
    assert_eq!(
        drills["items"].as_array().map(Vec::len),
        Some(3),
        "run-started is no result; a deviation comes twice"
    );
}

#[test]
fn secrets_headers_and_paths_never_reach_the_database() {
    let server = Server::with_shop();
    let mut journal = sample_json("chaostoolkit/journals/secrets-config.json");
    journal["run"][0]["output"] = json!({
        "status": 200, "headers": {"Set-Cookie": "sid=EXAMPLE-COOKIE", "Authorization": "Bearer EXAMPLE-HEADER"},
        "body": "password=EXAMPLE-BODY-SECRET"
    });
    server.post(CHAOS, &journal).expect(201).json();
    let _ = post(&server, CHAOS, "chaostoolkit/journals/action-error.json").expect(201);
    let dump = server.database().dump();
    for secret in ["EXAMPLE-INLINE-SECRET", "EXAMPLE-COOKIE", "EXAMPLE-HEADER", "site-packages/urllib3"] {
        assert!(!dump.contains(secret), "{secret} was stored");
        assert!(!server.log().contains(secret), "{secret} was logged");
    }
    assert!(dump.contains("Config and secrets substituted"), "the redacted document itself is kept");
}

#[test]
fn kept_documents_can_be_read_again() {
    let server = Server::with_shop();
    let before = post(&server, CHAOS, "chaostoolkit/journals/pass.json").expect(201).json();
    let _ = post(&server, CHAOS, "chaostoolkit/journals/gate-not-met.json").expect(201);
    let replay = server.cli(&["ingest", "--replay"]).ok();
    assert!(!replay.out.is_empty() || !replay.err.is_empty(), "it says what it did");
    let drills = server.json("/api/v1/services/storefront/drills");
    assert_eq!(drills["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.scorecard("storefront")["score"], before["score"]["after"]);
}

#[test]
fn an_unknown_format_is_named_with_the_known_ones() {
    let server = Server::with_checkout();
    let reply = server.post_bytes("/api/v1/ingest/chaosblade?service=checkout", "application/json", "{}");
    assert!(matches!(reply.status, 404 | 422), "{}", reply.text());
    assert!(reply.text().contains("chaostoolkit"), "{}", reply.text());
}

#[test]
fn a_journal_can_be_sent_from_the_command_line() {
    let server = Server::with_shop();
    let file = samples_dir().join("chaostoolkit/journals/pass.json").display().to_string();
    let read =
        server.cli(&["ingest", "chaostoolkit", &file, "--service", "storefront", "--json"]).ok().json();
    assert_eq!(read["outcome"], "passed", "{read:#}");
    assert_eq!(server.json("/api/v1/services/storefront/drills")["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_journal_that_names_no_service_says_how_to_name_one() {
    let server = Server::with_shop();
    let mut journal = sample_json("chaostoolkit/journals/pass.json");
    journal["experiment"]["extensions"] = json!([]);
    journal["experiment"]["tags"] = json!([]);
    let reply = server.post(CHAOS, &journal);
    let problem = reply.problem(422, "invalid");
    assert!(problem.to_string().contains("service"), "{problem:#}");
}

#[test]
fn a_tag_names_the_service_when_nothing_else_does() {
    let server = Server::with_shop();
    let mut journal = sample_json("chaostoolkit/journals/pass.json");
    journal["experiment"]["extensions"] = json!([]);
    let path = format!("{CHAOS}?kind=dependency&failure=error&environment=staging");
    assert_eq!(server.post(&path, &journal).expect(201).json()["service"], "storefront");
}
