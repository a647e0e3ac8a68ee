//! What a mistake gets: a status, a place, a sentence that helps.

use harness::{Server, Value, drill, json, passed, seconds_from_now};

/// The problem's field errors as `pointer: detail` lines.
fn errors(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().into_iter().flatten();
    errors.map(|e| format!("{}: {}", e["pointer"].as_str().unwrap_or_default(), e["detail"])).collect()
}

#[test]
fn an_unknown_service_is_named_with_the_nearest_slug() {
    let server = Server::with_checkout();
    let problem = server.post_drill(&passed("chekout", "dns")).problem(404, "not_found");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("chekout") && detail.contains("checkout`"), "{detail}");
    for path in ["scorecard", "drills", "history", "events"] {
        server.get(&format!("/api/v1/services/chekout/{path}")).problem(404, "not_found");
    }
}

#[test]
fn malformed_json_names_line_and_column() {
    let server = Server::with_checkout();
    let body = "{\n  \"service\": \"checkout\",\n  \"kind\": oops\n}";
    let reply = server.post_bytes("/api/v1/drills", "application/json", body);
    let problem = reply.problem(400, "malformed");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("line 3") && detail.contains("column"), "{detail}");
}

#[test]
fn malformed_xml_names_line_and_column() {
    let server = Server::with_checkout();
    let path = "/api/v1/ingest/junit?service=checkout&kind=rollback&failure=code&environment=staging";
    let body = "<testsuite>\n  <testcase name='a'>\n</testsuite>";
    let problem = server.post_bytes(path, "application/xml", body).problem(400, "malformed");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("line 3") && detail.contains("column"), "{detail}");
}

#[test]
fn malformed_yaml_names_line_and_column() {
    let server = Server::start();
    let body = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: [\n";
    let reply = server.post_bytes("/api/v1/catalog/import", "application/yaml", body);
    let text = reply.text();
    if reply.status == 400 {
        let problem = reply.problem(400, "malformed");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("line") && detail.contains("column"), "{detail}");
    } else {
        // The only document is bad: reported with its line, as any bad document.
        let answer = reply.expect(200).json();
        assert!(answer["problems"][0]["line"].as_u64() > Some(0), "{text}");
        assert!(answer["problems"][0]["detail"].as_str().is_some_and(|d| d.contains("column")), "{text}");
    }
}

#[test]
fn an_unknown_field_is_named() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns");
    body["outcom"] = json!("passed");
    let problem = server.post_drill(&body).problem(422, "invalid");
    assert!(errors(&problem).iter().any(|e| e.contains("outcom")), "{problem:#}");
    let mut body = passed("checkout", "dns");
    body["rollback"]["second"] = json!(3);
    let problem = server.post_drill(&body).problem(422, "invalid");
    assert!(errors(&problem).iter().any(|e| e.contains("second")), "{problem:#}");
}

#[test]
fn all_wrong_fields_are_told_at_once() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns");
    body["outcome"] = json!("great");
    body["failure"] = json!("gremlins");
    body["started_at"] = json!("yesterday");
    body["surprise"] = json!(1);
    let problem = server.post_drill(&body).problem(422, "invalid");
    let all = errors(&problem).join("\n");
    for field in ["/outcome", "/failure", "/started_at", "surprise"] {
        assert!(all.contains(field), "`{field}` is missing in:\n{all}");
    }
    assert!(all.contains("inconclusive"), "the words that would do: {all}");
}

#[test]
fn missing_fields_are_named() {
    let server = Server::with_checkout();
    let problem = server.post_drill(&json!({"service": "checkout"})).problem(422, "invalid");
    let all = errors(&problem).join("\n");
    for field in ["failure", "outcome", "environment", "started_at", "ended_at"] {
        assert!(all.contains(field), "`{field}` is missing in:\n{all}");
    }
}

#[test]
fn impossible_instants_are_refused() {
    let server = Server::with_checkout();
    let ago = seconds_from_now(-3600);
    let cases = [
        ("/started_at", "1970-01-01T00:00:00Z".to_owned(), ago.clone()),
        ("/ended_at", seconds_from_now(-60), seconds_from_now(600)),
        ("/ended_at", seconds_from_now(-3600), seconds_from_now(-7200)),
        ("/started_at", "2026-03-01T09:26:00".to_owned(), ago.clone()),
        ("/started_at", "2026-13-01T09:26:00Z".to_owned(), ago),
    ];
    for (pointer, started, ended) in cases {
        let mut body = passed("checkout", "dns");
        body["started_at"] = json!(started);
        body["ended_at"] = json!(ended);
        let problem = server.post_drill(&body).problem(422, "invalid");
        assert!(errors(&problem).iter().any(|e| e.starts_with(pointer)), "{pointer}: {problem:#}");
    }
    let mut slightly_ahead = passed("checkout", "dns");
    slightly_ahead["ended_at"] = json!(seconds_from_now(200));
    let _ = server.post_drill(&slightly_ahead).expect(201);
}

#[test]
fn numbers_out_of_range_are_refused() {
    let server = Server::with_checkout();
    for (field, value) in [
        ("detected_after_seconds", json!(-1)),
        ("recovered_after_seconds", json!(-0.5)),
        ("recovered_after_seconds", json!("soon")),
    ] {
        let mut body = passed("checkout", "dns");
        body[field] = value;
        let problem = server.post_drill(&body).problem(422, "invalid");
        assert!(errors(&problem).iter().any(|e| e.contains(field)), "{field}: {problem:#}");
    }
}

#[test]
fn overlong_and_control_characters_are_refused_not_cut() {
    let server = Server::with_checkout();
    for value in ["x".repeat(300), "a\u{0}b".to_owned()] {
        let mut body = passed("checkout", "dns");
        body["environment"] = json!(value);
        let problem = server.post_drill(&body).problem(422, "invalid");
        assert!(errors(&problem).iter().any(|e| e.starts_with("/environment")), "{problem:#}");
    }
}

#[test]
fn markup_in_a_result_is_text_on_every_page() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "error");
    body["target"] = json!("<script>alert(1)</script>");
    body["hypothesis"] = json!("<img src=x onerror=alert(1)>");
    let reply = server.post_drill(&body);
    assert!(matches!(reply.status, 201 | 422), "{}", reply.text());
    for page in [
        "/services/checkout",
        "/services/checkout/drills",
        "/services/checkout/why",
        "/activity",
        "/feed.atom",
    ] {
        let html = server.get(page).expect(200).text();
        assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{page}");
    }
}

#[test]
fn a_link_that_is_no_web_address_is_refused() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns");
    body["evidence"] = json!([{"kind": "url", "href": "javascript:alert(1)"}]);
    let problem = server.post_drill(&body).problem(422, "invalid");
    assert!(errors(&problem).iter().any(|e| e.contains("/evidence/0/href")), "{problem:#}");
}

#[test]
fn another_encoding_is_malformed() {
    let server = Server::with_checkout();
    let latin = b"{\"service\": \"caf\xe9\"}".to_vec();
    server.post_bytes("/api/v1/drills", "application/json", latin).problem(400, "malformed");
    let utf16: Vec<u8> =
        drill("checkout", "dns", "passed").to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
    server.post_bytes("/api/v1/drills", "application/json", utf16).problem(400, "malformed");
    let request = server.request("POST", "/api/v1/drills");
    let request = request.header("content-type", "application/json; charset=iso-8859-1");
    let reply = server.send(request.body(passed("checkout", "dns").to_string()));
    assert!(matches!(reply.status, 201 | 400 | 415), "{}: {}", reply.status, reply.text());
}

#[test]
fn another_media_type_is_unsupported() {
    let server = Server::with_checkout();
    let reply = server.post_bytes("/api/v1/drills", "application/x-www-form-urlencoded", "service=checkout");
    reply.problem(415, "unsupported_media_type");
}

#[test]
fn json_that_is_no_object_is_told_so() {
    let server = Server::with_checkout();
    for body in [json!([]), json!("text"), json!(7), json!(null)] {
        let reply = server.post_drill(&body);
        assert!(matches!(reply.status, 400 | 422), "{body}: {} {}", reply.status, reply.text());
    }
    server.post_bytes("/api/v1/drills", "application/json", "").problem(400, "malformed");
}

#[test]
fn bad_query_parameters_are_named() {
    let server = Server::with_checkout();
    for (path, name) in [
        ("/api/v1/services?limit=0", "limit"),
        ("/api/v1/services?limit=501", "limit"),
        ("/api/v1/services?limit=many", "limit"),
        ("/api/v1/services?cursor=%00", "cursor"),
        ("/api/v1/services?sort=colour", "sort"),
        ("/api/v1/services?tier=9", "tier"),
        ("/api/v1/services?colour=red", "colour"),
        ("/api/v1/services/checkout/scorecard?as_of=soon", "as_of"),
    ] {
        let reply = server.get(path);
        assert!(matches!(reply.status, 400 | 422), "{path} answered {}: {}", reply.status, reply.text());
        assert!(reply.text().contains(name), "{path}: {}", reply.text());
    }
}

#[test]
fn unknown_paths_and_methods_are_problems_under_api() {
    let server = Server::with_checkout();
    server.get("/api/v1/nothing").problem(404, "not_found");
    let reply = server.send(server.request("DELETE", "/api/v1/drills"));
    assert!(matches!(reply.status, 404 | 405), "{}", reply.status);
    assert!(reply.header("content-type").starts_with("application/problem+json"), "{}", reply.text());
}
