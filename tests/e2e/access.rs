//! Every documented call, tried by those who may not and by those who ask nonsense.

use harness::{Reply, SMALL_CATALOG, Server, json};

/// Method and path of every call in the OpenAPI document.
fn documented(server: &Server) -> Vec<(String, String)> {
    let document = server.json("/api/openapi.json");
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, _) in methods.as_object().into_iter().flatten() {
            if matches!(method.as_str(), "get" | "put" | "post" | "patch" | "delete") {
                calls.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    assert!(calls.len() > 25, "{calls:?}");
    calls
}

/// A path with every `{parameter}` filled in.
fn filled(path: &str, with: &str) -> String {
    let mut out = String::new();
    for (n, part) in path.split(['{', '}']).enumerate() {
        out.push_str(if n % 2 == 1 { with } else { part });
    }
    out
}

/// Whoever asks proves who they are in the body, not by a token.
const BY_BODY: &str = "/api/v1/oidc/exchange";

fn call(server: &Server, token: &str, method: &str, path: &str) -> Reply {
    let request = server.request_as(token, method, path);
    server.send(if method == "GET" { request } else { request.json(&json!({})) })
}

#[test]
fn no_documented_write_is_open_to_a_stranger() {
    let server = Server::with_checkout();
    let mut tried = 0;
    for (method, path) in documented(&server) {
        if method == "GET" || !path.starts_with("/api/") || path == BY_BODY {
            continue;
        }
        tried += 1;
        let reply = call(&server, "", &method, &filled(&path, "checkout"));
        reply.problem(401, "unauthenticated");
    }
    assert!(tried >= 8, "{tried}");
    assert_eq!(server.json("/api/v1/services/checkout")["removed"], false);
}

#[test]
fn a_reader_may_write_nothing_at_all() {
    let server = Server::with_checkout();
    let reader = server.new_token("reader", &["read"]);
    for (method, path) in documented(&server) {
        if method == "GET" || !path.starts_with("/api/") || path == BY_BODY {
            continue;
        }
        // What only judges and stores nothing may be open to a reader; it is told as invalid then.
        let reply = call(&server, &reader, &method, &filled(&path, "checkout"));
        assert!(
            matches!(reply.status, 403 | 404 | 422),
            "{method} {path}: {} {}",
            reply.status,
            reply.text()
        );
    }
    server.import(SMALL_CATALOG);
    assert_eq!(server.json("/api/v1/services/checkout")["removed"], false);
}

#[test]
fn no_nonsense_makes_a_documented_call_fail_on_our_side() {
    let server = Server::with_checkout();
    let strange = ["checkout", "%00", "..%2f..%2fetc%2fpasswd", "%F0%9F%90%BB", "-1", "'%22%3C"];
    for (method, path) in documented(&server) {
        for with in strange {
            if method == "DELETE" && with == "checkout" {
                continue;
            }
            let reply = call(&server, server.token(), &method, &filled(&path, with));
            assert!(
                reply.status < 500,
                "{method} {} answered {}: {}",
                filled(&path, with),
                reply.status,
                reply.text()
            );
            if !path.contains('{') {
                break;
            }
        }
    }
}
