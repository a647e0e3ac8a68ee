//! Many results in one request, one JSON object a line.

use harness::{Reply, Server, Value, json, passed};

fn post(server: &Server, lines: &str) -> Reply {
    server.post_bytes("/api/v1/drills/batch", "application/x-ndjson", lines)
}

fn answers(reply: &Reply) -> Vec<Value> {
    reply.text().lines().filter(|l| !l.is_empty()).map(value).collect()
}

fn value(line: &str) -> Value {
    line.parse().unwrap_or_else(|e| panic!("not one JSON value a line ({e}): {line}"))
}

fn line(n: usize) -> String {
    let mut body = passed("checkout", "dns");
    body["external_id"] = json!(format!("batch-{n}"));
    body.to_string()
}

#[test]
fn each_line_has_its_answer_in_order() {
    let server = Server::with_checkout();
    let lines = format!("{}\n{{\"service\": \"nobody\"}}\n{}\n", line(1), line(2));
    let answers = answers(&post(&server, &lines).expect(200));
    assert_eq!(answers.len(), 3);
    assert_eq!(
        answers.iter().map(|a| a["line"].as_u64()).collect::<Vec<_>>(),
        vec![Some(1), Some(2), Some(3)]
    );
    assert_eq!(answers[0]["status"], 201, "{}", answers[0]);
    assert!(answers[0]["id"].is_string());
    assert!(matches!(answers[1]["status"].as_u64(), Some(404 | 422)), "{}", answers[1]);
    assert!(answers[1]["problem"]["detail"].is_string(), "{}", answers[1]);
    assert_eq!(answers[2]["status"], 201);
}

#[test]
fn one_bad_line_among_ten_thousand_costs_only_itself() {
    let server = Server::with_checkout();
    let mut lines: Vec<String> = (1..=10_000).map(line).collect();
    lines[4_999] = "{\"service\": \"checkout\", oops".to_owned();
    let answers = answers(&post(&server, &lines.join("\n")).expect(200));
    assert_eq!(answers.len(), 10_000);
    let bad: Vec<&Value> = answers.iter().filter(|a| a["status"] != 201).collect();
    assert_eq!(bad.len(), 1, "{:#?}", bad.iter().take(3).collect::<Vec<_>>());
    assert_eq!((bad[0]["line"].as_u64(), bad[0]["status"].as_u64()), (Some(5_000), Some(400)));
    let mut stored = 0;
    let mut path = "/api/v1/services/checkout/drills?limit=500".to_owned();
    loop {
        let page = server.json(&path);
        stored += page["items"].as_array().map_or(0, Vec::len);
        match page["next"].as_str() {
            Some(cursor) => path = format!("/api/v1/services/checkout/drills?limit=500&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(stored, 9_999);
}

#[test]
fn a_repeated_batch_stores_nothing_twice() {
    let server = Server::with_checkout();
    let lines: Vec<String> = (1..=50).map(line).collect();
    let first = answers(&post(&server, &lines.join("\n")).expect(200));
    let second = answers(&post(&server, &lines.join("\n")).expect(200));
    for (a, b) in first.iter().zip(&second) {
        assert_eq!((&a["status"], &b["status"]), (&json!(201), &json!(200)), "{a} {b}");
        assert_eq!(a["id"], b["id"]);
    }
    assert_eq!(
        server.json("/api/v1/services/checkout/drills?limit=500")["items"].as_array().map(Vec::len),
        Some(50)
    );
}

#[test]
fn more_than_ten_thousand_lines_are_refused_whole() {
    let server = Server::with_checkout();
    let lines = "{}\n".repeat(10_001);
    let reply = post(&server, &lines);
    assert!(matches!(reply.status, 413 | 422), "{}: {}", reply.status, reply.text());
}

#[test]
fn eight_senders_of_the_same_batch_store_it_once() {
    let server = Server::with_checkout();
    let lines: Vec<String> = (1..=100).map(line).collect();
    let lines = lines.join("\n");
    let created: usize = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    answers(&post(&server, &lines).expect(200)).iter().filter(|a| a["status"] == 201).count()
                })
            })
            .collect();
        posts.into_iter().map(|p| p.join().unwrap_or(0)).sum()
    });
    assert_eq!(created, 100);
    assert_eq!(
        server.json("/api/v1/services/checkout/drills?limit=500")["items"].as_array().map(Vec::len),
        Some(100)
    );
}

#[test]
fn a_batch_moves_the_grade_as_single_results_do() {
    let one = Server::with_checkout();
    let many = Server::with_checkout();
    let bodies: Vec<Value> = ["dns", "config", "cpu"].iter().map(|f| passed("checkout", f)).collect();
    for body in &bodies {
        one.post_drill(body).expect(201).json();
    }
    let lines: Vec<String> = bodies.iter().map(Value::to_string).collect();
    let _ = post(&many, &lines.join("\n")).expect(200);
    assert_eq!(one.scorecard("checkout")["score"], many.scorecard("checkout")["score"]);
}
