//! Limits of requests: by token, by address, of bad credentials; the same across replicas.

use harness::{Reply, Server, Setup};

const AT: &str = "2026-11-26T10:00:10Z";
const LATER: &str = "2026-11-26T10:01:10Z";

fn ask(server: &Server, token: &str) -> Reply {
    server.send(server.request_as(token, "GET", "/api/v1/teams"))
}

fn limited(name: &str, limit: &str) -> Setup {
    Setup::default().frozen(AT).env(name, limit)
}

/// How many of `n` requests are answered.
fn good(n: usize, ask: impl Fn() -> Reply) -> usize {
    (0..n).filter(|_| ask().status == 200).count()
}

#[test]
fn a_token_beyond_its_limit_is_told_when_to_come_back_and_others_are_not_touched() {
    let mut server = limited("WATERBEAR_TOKEN_PER_MINUTE", "7").start();
    let (one, other) = (server.new_token("one", &["read"]), server.new_token("other", &["read"]));
    let first = ask(&server, &one).expect(200);
    assert_eq!(first.header("ratelimit-policy"), "\"token\";q=7;w=60");
    assert_eq!(first.header("ratelimit"), "\"token\";r=6;t=50");
    assert_eq!(good(10, || ask(&server, &one)), 6);
    let refused = ask(&server, &one);
    refused.problem(429, "too_many_requests");
    assert_eq!(
        (refused.header("retry-after").as_str(), refused.header("ratelimit").as_str()),
        ("50", "\"token\";r=0;t=50")
    );
    assert_eq!(ask(&server, &other).status, 200);
    assert_eq!(ask(&server, "").status, 200);
    // A new process in the same minute knows what was taken; in the next minute it begins anew.
    server.restart();
    assert_eq!(ask(&server, &one).status, 429);
    server.move_clock(LATER);
    server.restart();
    assert_eq!(good(10, || ask(&server, &one)), 7);
}

/// Two processes on one PostgreSQL; of SQLite there is only one.
fn replicas(name: &str, limit: &str) -> Vec<Server> {
    let mut all = vec![limited(name, limit).start()];
    if all[0].database().is_postgres() {
        all.push(limited(name, limit).start_beside(&all[0]));
    }
    all
}

#[test]
fn replicas_share_one_limit() {
    let all = replicas("WATERBEAR_TOKEN_PER_MINUTE", "103");
    let token = all[0].new_token("one", &["read"]);
    let mut answered = 0;
    for _ in 0..120 {
        answered += all.iter().map(|server| good(1, || ask(server, &token))).sum::<usize>();
    }
    // Nothing is lost, as all went on until there was nothing left.
    assert_eq!(answered, 103);
    assert!(all.iter().all(|server| ask(server, &token).status == 429));
}

#[test]
fn bad_credentials_of_an_address_are_counted_across_replicas_before_anything_is_looked_up() {
    let all = replicas("WATERBEAR_FAILED_PER_MINUTE", "5");
    let (first, last) = (&all[0], &all[all.len() - 1]);
    let statuses: Vec<u16> = (0..4).map(|n| ask(first, &format!("wb_wrong{n}")).status).collect();
    assert_eq!(statuses, [401; 4]);
    assert_eq!(ask(last, "wb_wrong").status, 401);
    for replica in all.iter().rev() {
        let refused = ask(replica, "wb_wrong-again");
        refused.problem(429, "too_many_requests");
        assert_eq!(refused.header("retry-after"), "50");
        // A good one that is not known from a moment ago is not looked up either.
        assert_eq!(ask(replica, &replica.new_token("late", &["read"])).status, 429);
    }
    assert_eq!(ask(first, "").status, 200, "who shows no credential is not meant");
}

#[test]
fn strangers_are_counted_by_address_and_a_proxy_that_is_trusted_names_it() {
    let server = limited("WATERBEAR_ADDRESS_PER_MINUTE", "3")
        .env("WATERBEAR_CACHE_MIB", "0")
        .env("WATERBEAR_TRUSTED_PROXIES", "127.0.0.1")
        .start();
    let from = |address: &str| {
        server.send(server.request_as("", "GET", "/api/v1/teams").header("x-forwarded-for", address))
    };
    assert_eq!(good(5, || from("192.0.2.1")), 3);
    from("192.0.2.1").problem(429, "too_many_requests");
    assert_eq!(good(5, || from("192.0.2.2")), 3);
    assert_eq!(good(5, || from("2001:db8::1")), 3);
    assert_eq!(from("2001:db8::2").status, 429, "one customer has a /64");
    assert_eq!(
        server.send(server.request_as("", "GET", "/readyz").header("x-forwarded-for", "192.0.2.1")).status,
        200
    );

    let deaf = limited("WATERBEAR_ADDRESS_PER_MINUTE", "3").env("WATERBEAR_CACHE_MIB", "0").start();
    let lie = |n: usize| {
        let request = deaf.request_as("", "GET", "/api/v1/teams");
        deaf.send(request.header("x-forwarded-for", format!("192.0.2.{n}"))).status
    };
    let statuses: Vec<u16> = (0..4).map(lie).collect();
    assert_eq!(statuses, [200, 200, 200, 429], "nobody's word counts unless the settings say so");
}

#[test]
fn zero_switches_a_limit_off() {
    let server = limited("WATERBEAR_TOKEN_PER_MINUTE", "0").start();
    let reply = ask(&server, server.token()).expect(200);
    assert_eq!(reply.header("ratelimit"), "");
}

#[test]
fn what_a_client_sends_cannot_write_lines_of_the_log() {
    let server = Server::start();
    let path = "/nothing%0a2026-11-26T00:00:00Z%20INFO%20forged%1b%5b31m/\u{202e}";
    let _ = server.send(server.request_as("", "GET", path));
    let log = server.log();
    assert!(log.contains("/nothing"), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("2026-11-26T00:00:00Z INFO forged")), "{log}");
    assert!(!log.contains("\u{1b}[31m/"), "{log}");
}
