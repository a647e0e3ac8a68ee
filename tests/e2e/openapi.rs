//! The API documents itself, and tells the truth.

use std::collections::BTreeSet;

use harness::{Server, Value};

#[test]
fn the_document_is_openapi_3_1_and_names_every_path() {
    let server = Server::start();
    let document = server.json("/api/openapi.json");
    assert!(document["openapi"].as_str().is_some_and(|v| v.starts_with("3.1")), "{}", document["openapi"]);
    let paths: BTreeSet<&str> =
        document["paths"].as_object().into_iter().flatten().map(|(k, _)| k.as_str()).collect();
    for path in [
        "/api/v1/drills",
        "/api/v1/drills/batch",
        "/api/v1/ingest/{format}",
        "/api/v1/facts",
        "/api/v1/catalog/import",
        "/api/v1/services",
        "/api/v1/services/{slug}",
        "/api/v1/services/{slug}/scorecard",
        "/api/v1/services/{slug}/history",
        "/api/v1/services/{slug}/drills",
        "/api/v1/services/{slug}/events",
        "/api/v1/teams/{slug}",
        "/api/v1/teams/{slug}/boards",
        "/api/v1/leaderboards/{board}",
        "/api/v1/rulebook",
        "/api/v1/sources",
        "/api/v1/services/{slug}/telemetry",
        "/api/v1/grading-runs",
        "/api/v1/grading-runs/{id}",
        "/api/v1/events",
        "/api/v1/tokens",
        "/api/v1/trusted-publishers",
        "/api/v1/oidc/exchange",
        "/feed.atom",
        "/teams/{slug}/feed.atom",
        "/healthz",
        "/readyz",
        "/metrics",
    ] {
        assert!(paths.contains(path), "{path} is not documented; there are {paths:?}");
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let server = Server::start();
    let document = server.json("/api/openapi.json");
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20, "{}", references.len());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(target) if key == "$ref" => into.push(target.clone()),
                    other => collect(other, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|i| collect(i, into)),
        _ => {}
    }
}

#[test]
fn answers_have_the_fields_their_schema_requires() {
    let server = Server::with_checkout();
    let document = server.json("/api/openapi.json");
    for (path, template) in [
        ("/api/v1/services/checkout/scorecard", "/api/v1/services/{slug}/scorecard"),
        ("/api/v1/services/checkout", "/api/v1/services/{slug}"),
        ("/api/v1/services", "/api/v1/services"),
        ("/api/v1/services/checkout/what-if?pass=drill-dns", "/api/v1/services/{slug}/what-if"),
        ("/api/v1/rollups?by=division", "/api/v1/rollups"),
        ("/api/v1/rulebook", "/api/v1/rulebook"),
        ("/api/v1/teams/shop-team", "/api/v1/teams/{slug}"),
    ] {
        let answer = server.json(path);
        let schema =
            &document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{template} documents no answer");
        conforms(&document, schema, &answer, path);
    }
}

/// Required fields present, types as said; enough to notice a document that drifted.
fn conforms(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        return conforms(document, target, value, at);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        conforms(document, part, value, at);
    }
    if value.is_null() {
        return;
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(value.get(name).is_some(), "{at}: `{name}` is required and absent");
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(found) = value.get(name) {
            conforms(document, inner, found, &format!("{at}/{name}"));
        }
    }
    if let (true, Some(items)) = (schema["items"].is_object(), value.as_array()) {
        for (n, item) in items.iter().enumerate() {
            conforms(document, &schema["items"], item, &format!("{at}/{n}"));
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let fits = types.iter().any(|t| match *t {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    });
    // A free-form JSON value is documented as an object.
    assert!(fits || (types == ["object"] && schema["properties"].is_null()), "{at}: {value} is no {types:?}");
}

#[test]
fn the_command_prints_the_same_document() {
    let server = Server::start();
    let printed = server.cli(&["openapi"]).ok().json();
    assert_eq!(printed["paths"], server.json("/api/openapi.json")["paths"]);
}

#[test]
fn the_docs_page_needs_no_network() {
    let server = Server::start();
    let page = server.get("/api/docs").expect(200).text();
    assert!(page.contains("/api/v1/drills"));
    for outside in ["src=\"http", "href=\"http", "@import"] {
        assert!(!page.contains(outside), "the page asks for something outside: {outside}");
    }
}
