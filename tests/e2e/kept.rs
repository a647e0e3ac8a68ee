//! Answers that are kept and given again: never an old one, never somebody else's, and off when that is wanted.

use std::time::{Duration, Instant};

use harness::{Reply, SMALL_CATALOG, Server, Setup, passed};

/// GET without a token, as a browser or a dashboard asks.
fn get(server: &Server, path: &str) -> Reply {
    server.send(server.request_as("", "GET", path))
}

/// How often an answer was looked for and found, and looked for in vain.
fn lookups(server: &Server) -> (u64, u64) {
    let text = server.get("/metrics").expect(200).text();
    let of = |result: &str| {
        let name = format!("waterbear_http_cache_lookups_total{{result=\"{result}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name));
        line.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{name} is not in\n{text}"))
    };
    (of("hit"), of("miss"))
}

#[test]
fn what_was_written_is_in_the_next_answer() {
    let server = Server::with_checkout();
    let failures =
        ["dns", "cpu", "memory", "disk", "network", "latency", "clock", "code", "config", "schema"];
    for (n, failure) in failures.iter().enumerate() {
        for _ in 0..2 {
            let drills = get(&server, "/api/v1/services/checkout/drills").expect(200).json();
            assert_eq!(drills["items"].as_array().map(Vec::len), Some(n));
            let _ = get(&server, "/services/checkout").expect(200);
        }
        let _ = server.post_drill(&passed("checkout", failure)).expect(201);
        let card = get(&server, "/api/v1/services/checkout/scorecard").expect(200).json();
        assert_eq!(card["score"], server.scorecard("checkout")["score"]);
    }
    // On a busy machine each of these may have fallen between two looks at the database.
    let started = Instant::now();
    while lookups(&server).0 == 0 {
        let _ = get(&server, "/services/checkout").expect(200);
        assert!(started.elapsed() < Duration::from_secs(10), "no answer was ever given again");
    }
}

#[test]
fn what_another_process_writes_is_seen_soon() {
    let server = Server::with_checkout();
    let path = "/api/v1/services?limit=500";
    let before = get(&server, path).expect(200);
    assert!(!before.text().contains("\"basket\""));
    let file = server.dir().join("more.yaml");
    std::fs::write(&file, SMALL_CATALOG.replace("checkout", "basket")).unwrap();
    let done = std::thread::scope(|scope| {
        // Asked for all the time, so that there is always an answer to be given again.
        let asking = scope.spawn(|| {
            let started = Instant::now();
            while !get(&server, path).expect(200).text().contains("\"basket\"") {
                assert!(started.elapsed() < Duration::from_secs(30), "the import is never seen");
                std::thread::sleep(Duration::from_millis(10));
            }
            Instant::now()
        });
        let _ = server.cli(&["import", &file.display().to_string()]).ok();
        let imported = Instant::now();
        asking.join().unwrap().saturating_duration_since(imported)
    });
    assert!(done < Duration::from_secs(3), "seen {done:?} after the import had ended");
    assert!(lookups(&server).0 > 0);
}

#[test]
fn answers_are_not_kept_when_that_is_switched_off() {
    let server = Setup::default().env("WATERBEAR_CACHE_MIB", "0").start();
    server.import(SMALL_CATALOG);
    for _ in 0..3 {
        let _ = get(&server, "/services/checkout").expect(200);
        let _ = get(&server, "/api/v1/services/checkout").expect(200);
    }
    assert_eq!(lookups(&server), (0, 0));
}

#[test]
fn only_open_answers_without_errors_are_kept() {
    let server = Server::with_checkout();
    let before = lookups(&server);
    for _ in 0..3 {
        for path in ["/healthz", "/readyz", "/metrics"] {
            let _ = get(&server, path).expect(200);
        }
        let _ = server.get("/api/v1/services/checkout").expect(200);
        let cookie = server.request_as("", "GET", "/services/checkout").header("cookie", "theme=dark");
        assert!(server.send(cookie).expect(200).text().contains("dark"));
        let _ = server.send(server.request_as("", "HEAD", "/services/checkout")).expect(200);
    }
    assert_eq!(lookups(&server), before, "nothing of this is even looked for");
    let hits = before.0;
    for _ in 0..3 {
        get(&server, "/api/v1/services/nobody").problem(404, "not_found");
        get(&server, "/api/v1/services?limit=x").problem(422, "invalid");
        assert_eq!(get(&server, "/services/nobody").status, 404);
    }
    assert_eq!(lookups(&server).0, hits, "an error is never given again");
}

#[test]
fn a_kept_answer_is_as_good_as_the_first() {
    let server = Server::with_checkout();
    let path = "/api/v1/services/checkout";
    let ask = |encoding: &str, tag: &str| {
        let mut request = server.request_as("", "GET", path).header("accept-encoding", encoding);
        if !tag.is_empty() {
            request = request.header("if-none-match", tag);
        }
        server.send(request)
    };
    let first = ask("identity", "").expect(200);
    let again = ask("identity", "").expect(200);
    let tag = first.header("etag");
    assert!(!tag.is_empty());
    assert_eq!((first.text(), &tag), (again.text(), &again.header("etag")));
    assert_eq!(again.header("content-type"), "application/json");
    for name in ["content-security-policy", "x-content-type-options", "cache-control", "vary"] {
        assert_eq!(first.header(name), again.header(name), "{name}");
    }
    assert_ne!(first.header("x-request-id"), again.header("x-request-id"));
    for _ in 0..2 {
        let known = ask("identity", &tag);
        assert_eq!((known.status, known.text(), &known.header("etag")), (304, String::new(), &tag));
        assert_eq!(ask("identity", "\"another\"").status, 200);
        let packed = ask("gzip", "").expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert_eq!(ask("identity", "").expect(200).header("content-encoding"), "");
    }
    // Who asks with a tag first is answered as well, and leaves a whole answer behind.
    let other = "/api/v1/services/checkout/history";
    let request = server.request_as("", "GET", other).header("if-none-match", "\"another\"");
    let whole = server.send(request).expect(200);
    assert_eq!(get(&server, other).expect(200).text(), whole.text());
}
