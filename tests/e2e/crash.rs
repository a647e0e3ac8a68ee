//! The server killed while eight senders post: what was acknowledged is there, and nothing is there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use harness::{Server, Value, json, passed};

const SENDERS: u32 = 8;

/// How often the server is killed; `WATERBEAR_CRASH_ROUNDS` takes another number.
fn rounds() -> u32 {
    std::env::var("WATERBEAR_CRASH_ROUNDS").ok().and_then(|t| t.parse().ok()).unwrap_or(8)
}

fn result(sender: u32, n: u32) -> Value {
    let failures = ["dns", "cpu", "config", "memory", "code"];
    let mut body = passed("checkout", failures[(n as usize) % failures.len()]);
    body["started_at"] = json!("2026-01-05T10:00:00Z");
    body["ended_at"] = json!("2026-01-05T10:01:00Z");
    body["external_id"] = json!(format!("s{sender}-{n}"));
    body
}

/// How often each external id is stored.
fn stored(server: &Server) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for id in server.database().lines("SELECT external_id AS text FROM drills") {
        *counts.entry(id).or_insert(0) += 1;
    }
    counts
}

#[test]
fn every_acknowledged_result_survives_a_kill_and_none_is_there_twice() {
    let mut server = Server::with_checkout();
    let acknowledged = Mutex::new(BTreeSet::new());
    let next = AtomicU32::new(0);
    let mut killed_at_work = 0;
    for round in 0..rounds() {
        let stop = AtomicBool::new(false);
        let before = acknowledged.lock().unwrap().len();
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (server, acknowledged, stop, next) = (&server, &acknowledged, &stop, &next);
                scope.spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        let body = result(sender, next.fetch_add(1, Ordering::SeqCst));
                        let sent = server.request("POST", "/api/v1/drills").json(&body).send();
                        match sent {
                            Ok(reply) if reply.status().as_u16() == 201 => {
                                let id = body["external_id"].as_str().unwrap_or_default().to_owned();
                                acknowledged.lock().unwrap().insert(id);
                            }
                            Ok(reply) => assert_eq!(reply.status().as_u16(), 503, "{:?}", reply.text()),
                            Err(_) => break,
                        }
                    }
                });
            }
            // Not in step with anything that repeats: sometimes hardly begun, sometimes in full swing.
            std::thread::sleep(Duration::from_millis(120 + 97 * u64::from(round) % 331));
            server.kill();
            stop.store(true, Ordering::SeqCst);
        });
        killed_at_work += usize::from(acknowledged.lock().unwrap().len() > before);
        server.restart();
        let stored = stored(&server);
        for id in acknowledged.lock().unwrap().iter() {
            assert_eq!(stored.get(id), Some(&1), "round {round}: {id} was acknowledged");
        }
        let twice: Vec<_> = stored.iter().filter(|(_, n)| **n > 1).collect();
        assert!(twice.is_empty(), "round {round}: {twice:?}");
    }
    assert!(
        killed_at_work * 2 > rounds() as usize,
        "only {killed_at_work} rounds had something acknowledged"
    );
    println!("{} rounds, {} results acknowledged", rounds(), acknowledged.lock().unwrap().len());
    let said = server.cli(&["verify"]).ok();
    assert!(said.out.ends_with("clean\n"), "{}", said.out);
    // A sender that never heard back asks again: it is told, not counted again.
    let some: Vec<String> = acknowledged.lock().unwrap().iter().take(20).cloned().collect();
    let total = stored(&server).len();
    for id in some {
        let (sender, n) = id.trim_start_matches('s').split_once('-').unwrap();
        let body = result(sender.parse().unwrap(), n.parse().unwrap());
        let _ = server.post_drill(&body).expect(200);
    }
    assert_eq!(stored(&server).len(), total);
    let before = server.scorecard("checkout")["score"].clone();
    let again = server.cli(&["grade", "--json"]).ok().json();
    assert_eq!(again["changed"], 0, "the grade belongs to the evidence: {again:#}");
    assert_eq!(server.scorecard("checkout")["score"], before);
}
