//! Nothing secret survives.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Format, Hints, Reading, redact_text};
use super::{drill_of, sample, sample_json};

/// Long enough that no clean text holds it by chance.
const PLANTED: &str = "Zq7Planted9Secret3Value";

fn stored(document: &Value) -> String {
    drill_of(Format::ChaosToolkit, document.to_string().as_bytes(), &Hints::default()).document
}

fn pass() -> Value {
    sample_json("chaostoolkit/journals/pass.json")
}

#[test]
fn no_secret_of_a_text_survives() {
    let texts = [
        "password=@",
        "PASSWORD = @",
        "db_password: @",
        "\"api_key\": \"@\"",
        "{\\\"token\\\": \\\"@\\\"}",
        "'secret': '@'",
        "Authorization: Bearer @",
        "authorization: Basic @=",
        "Cookie: a=b; sid=@",
        "Set-Cookie: sid=@; Path=/",
        "X-Api-Key: @",
        "https://user:@@host/x",
        "https://@@host",
        "postgres://u:p/@@db:5432/x",
        "https://h/x?access_token=@&y=1",
        "https://h/?a=1&sig=@#f",
        "curl --token @ https://h",
        "mysql --password '@' -h x",
        "--client-secret=@",
        "ghp_@",
        "glpat-@",
        "xoxb-1-@",
        "wb_@",
        "eyJhbGciOiJIUzI1NiJ9.@.c2ln",
        "<token>@</token>",
        "bearer @",
        "password => \"@\"",
        "AWS_SECRET_ACCESS_KEY=@",
        "export PGPASSWORD='a b @'",
        "private_key: @",
        "session=@",
        "client_secret=\"@\"",
        "-----BEGIN RSA PRIVATE KEY-----\n@\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n@",
        "password: one two @",
        "{\"credentials\": {\"x\": \"@\"}}",
        "hvs.@12345",
        "https://hooks.slack.com/services/T0/B0/@",
        "curl -u admin:@ https://h",
        "redis://:@@h",
        "admin:@@db:5432",
        "sk-@",
    ];
    for text in texts {
        // `user:@@host` means the planted secret before the sign of the host.
        let text = text.replacen('@', PLANTED, 1);
        let clean = redact_text(&format!("before {text}\nafter"));
        assert!(!clean.contains(PLANTED), "{text} -> {clean}");
        assert!(clean.starts_with("before "), "{clean}");
    }
}

#[test]
fn what_is_not_secret_stays() {
    for text in [
        "rolled back 2.4.1 -> 2.4.0",
        "basic checks passed, token expired",
        "tests/test_token.py::test_login PASSED",
        "http://127.0.0.1:18080/home",
        "ratio: 0.5, name=value",
        "user@example.org",
        "https://h:8080/a@b",
        "repo/image:1.2@sha256:abc",
        "git@host:org/repo",
        "File \"y.py\", line 3",
        "AssertionError: assert 403 == 200",
    ] {
        assert_eq!(redact_text(text), text);
    }
}

#[test]
fn private_paths_lose_their_directories() {
    assert_eq!(redact_text("  File \"/home/x/y.py\", line 3"), "  File \"\u{2026}/y.py\", line 3");
    assert_eq!(redact_text("File \"C:\\Users\\x\\y.py\""), "File \"\u{2026}\\y.py\"");
    assert_eq!(redact_text("File \"C:\\\\Users\\\\x\\\\y.py\""), "File \"\u{2026}\\\\y.py\"");
    assert_eq!(redact_text("at (/home/alice/app.js:1:2)"), "at (/home/\u{2026}/app.js:1:2)");
    assert!(!redact_text("C:\\Users\\alice\\x").contains("alice"));
}

#[test]
fn the_recorded_secrets_go_and_their_sources_stay() {
    let body = sample("chaostoolkit/journals/secrets-config.json");
    let document = drill_of(Format::ChaosToolkit, &body, &Hints::default()).document;
    assert!(!document.contains("EXAMPLE-INLINE-SECRET"));
    let value: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(value["experiment"]["secrets"]["api"]["token"], json!({"key": "TOY_TOKEN", "type": "env"}));
    assert_eq!(value["experiment"]["secrets"]["api"]["inline"], "[redacted]");
    assert_eq!(value["experiment"]["configuration"]["base"]["key"], "TOY_BASE");
    assert_eq!(value["experiment"]["configuration"]["base"]["default"], "[redacted]");
    assert_eq!(value["experiment"]["configuration"]["inline"], "plain-value");
    assert_eq!(value["run"][0]["activity"]["provider"]["headers"]["Authorization"], "[redacted]");
    assert_eq!(value["run"][0]["activity"]["provider"]["headers"]["Content-Type"], "application/json");
    assert_eq!(value["platform"], "[redacted]");
}

#[test]
fn a_declared_secret_goes_wherever_it_stands() {
    let mut document = pass();
    document["experiment"]["secrets"] = json!({"api": {"inline": PLANTED, "pin": 73915, "short": "k9"}});
    document["experiment"]["description"] = json!(format!("uses {PLANTED} twice {PLANTED}"));
    document["experiment"]["title"] = json!(format!("with {PLANTED}"));
    document["run"][0]["output"]["body"] = json!({"echo": [PLANTED], "pin": 73915, PLANTED: 1, "k": "k9"});
    document["run"][0]["activity"]["name"] = json!(format!("fail-{PLANTED}"));
    document["run"][0]["status"] = json!("failed");
    let reading = drill_of(Format::ChaosToolkit, document.to_string().as_bytes(), &Hints::default());
    let all = format!("{reading:?}");
    assert!(!all.contains(PLANTED) && !all.contains("73915") && !all.contains("k9"), "{all}");
}

#[test]
fn secrets_under_telling_names_go_everywhere() {
    let places = [
        json!({"headers": {"X-Custom": PLANTED}}),
        json!({"headers": {"Set-Cookie": [PLANTED]}}),
        json!({"arguments": {"password": PLANTED}}),
        json!({"arguments": ["--password", PLANTED]}),
        json!({"env": [{"name": "DB_PASSWORD", "value": PLANTED}]}),
        json!({"auth": ["user", PLANTED]}),
        json!({"arguments": ["-u", format!("admin:{PLANTED}")]}),
        json!({"token": PLANTED, "body": format!("echo {PLANTED}")}),
        json!({"stdout": format!("{{\"access_token\": \"{PLANTED}\"}}")}),
        json!({"nested": {"credentials": {"deep": [{"x": PLANTED}]}}}),
        json!({"pairs": [["Authorization", PLANTED]]}),
        json!({"url": format!("https://a:{PLANTED}@h/?x=1")}),
    ];
    for place in places {
        let mut document = pass();
        document["run"][0]["output"] = place.clone();
        let clean = stored(&document);
        assert!(!clean.contains(PLANTED), "{place} -> {clean}");
    }
}

/// A stored document is read again when the mappings change: it must say what the original said.
fn reads_the_same_again(format: Format, body: &[u8]) {
    let first = drill_of(format, body, &Hints::default());
    let second = drill_of(format, first.document.as_bytes(), &Hints::default());
    assert_eq!((&second.service, &second.environment), (&first.service, &first.environment));
    assert_eq!((&second.reason, &second.rollback.reason), (&first.reason, &first.rollback.reason));
    let again =
        Reading { document: first.document.clone(), content_sha256: first.content_sha256, ..second.clone() };
    assert_eq!(again, first);
    assert!(second.document == first.document, "redacting twice changes {}", first.document);
}

#[test]
fn a_stored_document_reads_as_its_original() {
    let expected = sample_json("chaostoolkit/expected.json");
    for file in expected["journals"].as_object().unwrap().keys() {
        reads_the_same_again(Format::ChaosToolkit, &sample(&format!("chaostoolkit/journals/{file}")));
    }
    for name in ["pytest-pass", "pytest-mixed", "pytest-empty", "pytest-collection-error", "node-test"] {
        reads_the_same_again(Format::Junit, &sample(&format!("junit/{name}.xml")));
    }
}

#[test]
fn secrets_that_are_everyday_words_do_not_change_what_a_stored_document_says() {
    let mut document = pass();
    document["experiment"]["secrets"] = json!({"k8s": {
        "context": "staging", "a": "succeeded", "b": "steady_states", "c": "2026", "d": "http", "e": "dependency_error",
        "f": "component:default/storefront", "g": "status", "h": "completed",
    }});
    reads_the_same_again(Format::ChaosToolkit, document.to_string().as_bytes());
    document["experiment"]["extensions"] = json!([]);
    document["experiment"]["tags"] =
        json!(["service:wb_checkout_api", "failure-class:timeout", "environment:staging"]);
    reads_the_same_again(Format::ChaosToolkit, document.to_string().as_bytes());
    let own = json!({"service": "wb_checkout_api", "failure": "dns", "environment": "token:a", "outcome": "passed",
        "started_at": "2026-11-20T10:00:00Z", "ended_at": "2026-11-20T10:05:00Z", "hypothesis": "password=x y"});
    reads_the_same_again(Format::Drill, own.to_string().as_bytes());
    let report = "<testsuite><properties><property name='waterbear.service' value='wb_checkout_api'/><property name='waterbear.target'>ghp_abcdefghij</property></properties><testcase/></testsuite>";
    reads_the_same_again(Format::Junit, report.as_bytes());
}

#[test]
fn other_spellings_of_a_declared_secret_go_too() {
    let secret = "pa ss/wörd\"9";
    let mut document = pass();
    document["experiment"]["secrets"] = json!({"api": {"x": secret}});
    document["run"][0]["output"]["body"] =
        json!(["pa%20ss%2Fw%C3%B6rd%229", "cGEgc3Mvd8O2cmQiOQ==", "{\"a\": \"pa ss/wörd\\\"9\"}", secret]);
    let clean: Value = serde_json::from_str(&stored(&document)).unwrap();
    for item in clean["run"][0]["output"]["body"].as_array().unwrap() {
        assert!(item.as_str().unwrap().contains("[redacted]"), "{item}");
    }
}

#[test]
fn own_results_and_errors_tell_no_secret() {
    let body = json!({"service": "a", "failure": "dns", "environment": "e", "outcome": "passed",
        "started_at": "2026-11-20T10:00:00Z", "ended_at": "2026-11-20T10:05:00Z",
        "hypothesis": format!("token={PLANTED}"),
        "evidence": [{"kind": "url", "href": format!("https://x:{PLANTED}@ci.example/?token={PLANTED}")}]});
    let reading = drill_of(Format::Drill, body.to_string().as_bytes(), &Hints::default());
    assert!(!format!("{reading:?}").contains(PLANTED), "{reading:?}");
    let bad = json!({"outcome": format!("password={PLANTED}"), format!("ghp_{PLANTED}"): 1});
    let fields = super::invalid(Format::Drill, bad.to_string().as_bytes(), &Hints::default());
    assert!(!format!("{fields:?}").contains(PLANTED), "{fields:?}");
}

#[test]
fn reports_lose_their_secrets() {
    let xml = format!(
        "<testsuite name='s' token='{PLANTED}'><properties><property name='API_TOKEN' value='{PLANTED}'/><property name='password'>{PLANTED}</property></properties>\
         <testcase><failure message='Authorization: Bearer {PLANTED}'>password=&quot;{PLANTED}&quot; File \"/home/alice/x.py\"</failure>\
         <system-out><![CDATA[api_key: {PLANTED} ]]></system-out><!-- secret={PLANTED} --></testcase>\
         <testcase><system-err>echo {PLANTED}</system-err></testcase></testsuite>"
    );
    let reading = drill_of(Format::Junit, xml.as_bytes(), &Hints::default());
    assert!(!format!("{reading:?}").contains(PLANTED), "{}", reading.document);
    assert!(!reading.document.contains("alice"));
    assert!(reading.document.contains("<failure"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_planted_secret_survives_anywhere(
        secret in "[A-Za-z0-9!$%*+./:;<>?@^_|~-]{8,40}",
        before in "[a-z \"'{}=:\\\\\n]{0,20}",
        after in "[a-z \"'{}=:\\\\\n]{0,20}",
        key in "[a-z]{0,4}(password|Token|API_KEY|client-secret|sessionId)[a-z]{0,3}",
    ) {
        // A value that begins or ends in a mark may lose that mark to the text around it.
        let secret = format!("Q{secret}Q");
        let mut document = pass();
        document["experiment"]["secrets"] = json!({"a": {"b": secret}});
        document["run"][0]["output"] = json!({"body": format!("{before}{secret}{after}"), key.clone(): secret});
        document["steady_states"]["during"] = json!([{"probes": [{"output": [[format!("{before} {secret}")]]}]}]);
        prop_assert!(!stored(&document).contains(&secret));

        let mut undeclared = pass();
        undeclared["run"][0]["output"] = json!({key.clone(): {"x": secret}, "copy": format!("{before}{secret}{after}")});
        let clean = stored(&undeclared);
        prop_assert!(!clean.contains(&secret), "{}", clean);
    }

    #[test]
    fn redaction_is_total_and_settles(text in any::<String>()) {
        let once = redact_text(&text);
        let _ = redact_text(&once);
    }
}
