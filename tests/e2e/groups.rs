//! Many senders at once: their results share transactions, and none of them notices.

use std::sync::Mutex;

use harness::{Reply, Server, Value, drill, json, many_services, passed};

/// Failure classes with the points of their own that the shipped rulebook gives.
const FAILURES: [&str; 10] =
    ["dns", "cpu", "memory", "disk", "network", "latency", "clock", "code", "config", "host_offline"];

/// Sends all bodies at the same time; the answers in the order of the bodies.
fn all_at_once(server: &Server, bodies: &[Value]) -> Vec<Reply> {
    let replies = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for (n, body) in bodies.iter().enumerate() {
            let replies = &replies;
            scope.spawn(move || {
                let reply = server.post_drill(body);
                replies.lock().unwrap().push((n, reply));
            });
        }
    });
    let mut replies = replies.into_inner().unwrap();
    replies.sort_by_key(|(n, _)| *n);
    replies.into_iter().map(|(_, reply)| reply).collect()
}

#[test]
fn a_bad_result_leaves_its_neighbours_alone() {
    let server = Server::with_checkout();
    server.import(&many_services(24));
    let mut bodies = Vec::new();
    for n in 0..24 {
        bodies.push(passed(&format!("svc-{n}"), "dns"));
        bodies.push(match n % 4 {
            0 => passed("no-such-service", "dns"),
            1 => json!({"service": "checkout", "outcome": "maybe"}),
            2 => {
                let mut body = passed(&format!("svc-{n}"), "cpu");
                body["ended_at"] = json!("2001-01-01T00:00:00Z");
                body
            }
            // PostgreSQL takes no such text: found out only when the group is written.
            _ => {
                let mut body = passed(&format!("svc-{n}"), "cpu");
                body["external_id"] = json!("a\u{0}b");
                body
            }
        });
    }
    let replies = all_at_once(&server, &bodies);
    for (n, pair) in replies.chunks(2).enumerate() {
        assert_eq!(pair[0].status, 201, "svc-{n}: {}", pair[0].text());
        let bad = pair[1].status;
        assert!((400..500).contains(&bad) || n % 4 == 3, "svc-{n}: {bad} {}", pair[1].text());
        assert_ne!(bad, 500, "svc-{n}: {}", pair[1].text());
        let stored = server.json(&format!("/api/v1/services/svc-{n}/drills"));
        let wanted = if bad == 201 { 2 } else { 1 };
        assert_eq!(stored["items"].as_array().map_or(0, Vec::len), wanted, "svc-{n}");
    }
}

#[test]
fn results_of_one_service_at_the_same_time_are_judged_one_after_the_other() {
    let server = Server::with_checkout();
    let bodies: Vec<Value> = FAILURES.iter().map(|failure| passed("checkout", failure)).collect();
    let replies = all_at_once(&server, &bodies);
    let mut moves: Vec<(i64, i64)> = Vec::new();
    for reply in &replies {
        assert_eq!(reply.status, 201, "{}", reply.text());
        let answer = reply.json();
        let score = |when: &str| answer["score"][when].as_i64().unwrap_or(-1);
        moves.push((score("before"), score("after")));
    }
    moves.sort_unstable();
    for pair in moves.windows(2) {
        assert_eq!(pair[0].1, pair[1].0, "each begins where another ended: {moves:?}");
    }
    let end = moves.last().map(|m| m.1);
    assert_eq!(server.scorecard("checkout")["score"].as_i64(), end, "{moves:?}");
}

#[test]
fn the_same_result_from_many_senders_is_stored_once_and_answered_alike() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns");
    body["external_id"] = json!("run-1");
    let replies = all_at_once(&server, &vec![body.clone(); 24]);
    let new = replies.iter().filter(|r| r.status == 201).count();
    let again =
        replies.iter().filter(|r| r.status == 200 && r.header("idempotency-replayed") == "true").count();
    assert_eq!((new, again), (1, 23));
    let first = replies[0].json();
    assert!(replies.iter().all(|r| r.json() == first));
    body["outcome"] = json!("failed");
    let _ = server.post_drill(&body).problem(409, "conflict");
}

#[test]
fn the_same_key_for_two_services_at_once_is_one_result_and_one_conflict() {
    let server = Server::with_checkout();
    server.import(&many_services(16));
    for round in 0..8 {
        let of = |n: usize| {
            let mut body = drill(&format!("svc-{n}"), "dns", "passed");
            body["external_id"] = json!(format!("shared-{round}"));
            body
        };
        let replies = all_at_once(&server, &[of(round * 2), of(round * 2 + 1)]);
        let mut statuses: Vec<u16> = replies.iter().map(|r| r.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "round {round}");
    }
}
