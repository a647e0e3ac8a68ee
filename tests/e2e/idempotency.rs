//! The same result sent twice: stored once, answered the same.

use harness::{Reply, Server, Value, drill, json, passed, sample};

fn with_key(server: &Server, token: &str, key: &str, body: &Value) -> Reply {
    server.send(server.request_as(token, "POST", "/api/v1/drills").header("idempotency-key", key).json(body))
}

fn stored(server: &Server, service: &str) -> usize {
    server.json(&format!("/api/v1/services/{service}/drills?limit=500"))["items"]
        .as_array()
        .map_or(0, Vec::len)
}

#[test]
fn the_same_key_and_content_answers_the_first_answer() {
    let server = Server::with_checkout();
    let body = passed("checkout", "dns");
    let first = with_key(&server, server.token(), "k1", &body).expect(201);
    let second = with_key(&server, server.token(), "k1", &body).expect(200);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(first.json(), second.json());
    assert_eq!(stored(&server, "checkout"), 1);
}

#[test]
fn the_order_of_fields_is_not_other_content() {
    let server = Server::with_checkout();
    let body = passed("checkout", "dns");
    let _ = with_key(&server, server.token(), "k1", &body).expect(201);
    let mut fields: Vec<String> =
        body.as_object().into_iter().flatten().map(|(k, v)| format!("\"{k}\": {v}")).collect();
    fields.reverse();
    let text = format!("{{ {} }}", fields.join(" ,\n"));
    let request = server.request("POST", "/api/v1/drills").header("idempotency-key", "k1");
    let _ = server.send(request.header("content-type", "application/json").body(text)).expect(200);
}

#[test]
fn other_content_under_the_same_key_is_a_conflict() {
    let server = Server::with_checkout();
    let _ = with_key(&server, server.token(), "k1", &passed("checkout", "dns")).expect(201);
    with_key(&server, server.token(), "k1", &drill("checkout", "dns", "failed")).problem(409, "conflict");
    assert_eq!(stored(&server, "checkout"), 1);
}

#[test]
fn an_external_id_is_a_key_too() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns");
    body["external_id"] = json!("run-1");
    let first = server.post_drill(&body).expect(201);
    let second = server.post_drill(&body).expect(200);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(first.json(), second.json());
    body["outcome"] = json!("failed");
    server.post_drill(&body).problem(409, "conflict");
    assert_eq!(stored(&server, "checkout"), 1);
}

#[test]
fn keys_belong_to_their_credential() {
    let server = Server::with_checkout();
    let other = server.new_token("other", &["drills:write"]);
    let _ = with_key(&server, server.token(), "k1", &passed("checkout", "dns")).expect(201);
    let _ = with_key(&server, &other, "k1", &drill("checkout", "cpu", "failed")).expect(201);
    assert_eq!(stored(&server, "checkout"), 2);
}

#[test]
fn a_tool_and_its_run_id_are_a_key() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns");
    body["source"] = json!({"tool": "toxiproxy", "run_id": "77"});
    let _ = server.post_drill(&body).expect(201);
    let _ = server.post_drill(&body).expect(200);
    assert_eq!(stored(&server, "checkout"), 1);
}

#[test]
fn the_same_document_of_a_tool_is_the_same_result() {
    let server = Server::with_shop();
    let journal = sample("chaostoolkit/journals/pass.json");
    let path = "/api/v1/ingest/chaostoolkit";
    let first = server.post_bytes(path, "application/json", journal.clone()).expect(201);
    let second = server.post_bytes(path, "application/json", journal).expect(200);
    assert_eq!(first.json(), second.json());
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(stored(&server, "storefront"), 1);
}

#[test]
fn eight_senders_of_one_result_store_it_once() {
    let server = Server::with_checkout();
    let body = passed("checkout", "dns");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let posts: Vec<_> =
            (0..8).map(|_| scope.spawn(|| with_key(&server, server.token(), "race", &body).status)).collect();
        posts.into_iter().map(|p| p.join().unwrap_or(0)).collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 7, "{statuses:?}");
    assert_eq!(stored(&server, "checkout"), 1);
}

#[test]
fn a_refused_result_does_not_burn_its_key() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns");
    body["outcome"] = json!("great");
    with_key(&server, server.token(), "k1", &body).problem(422, "invalid");
    body["outcome"] = json!("passed");
    let _ = with_key(&server, server.token(), "k1", &body).expect(201);
}
