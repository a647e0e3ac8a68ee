//! Where messages may go, how often they are tried, how much may wait, and what Slack says.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use harness::{SMALL_CATALOG, Server, Setup, Stub, Told, Value, drill, json};

use crate::outbox::{LOOPBACK, add, deliveries, regress, setup, target, until};

fn strict() -> Server {
    let server =
        Setup::default().env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests").start();
    server.import(SMALL_CATALOG);
    server
}

#[test]
fn an_address_that_is_not_public_is_refused_when_it_is_added() {
    let server = strict();
    for url in [
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.1.2.3/",
        "https://[::1]:8443/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "http://oncall.shop.example/",
        "ftp://oncall.shop.example/",
        "https://ada:hunter2@oncall.shop.example/",
        "https:///x",
        "nonsense",
        "",
    ] {
        let refused = server.post("/api/v1/webhooks", &json!({"name": "x", "url": url}));
        let problem = refused.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}: {problem:#}");
        assert!(!problem.to_string().contains("hunter2"));
    }
    let wrong = json!({"name": "", "kind": "pigeon", "events": ["weather"], "team": "nobody", "url": "x"});
    let problem = server.post("/api/v1/webhooks", &wrong).problem(422, "invalid");
    let found: Vec<&str> =
        problem["errors"].as_array().into_iter().flatten().filter_map(|e| e["pointer"].as_str()).collect();
    for pointer in ["/name", "/kind", "/events/0", "/team", "/url"] {
        assert!(found.contains(&pointer), "{pointer}: {problem:#}");
    }
    assert_eq!(server.json("/api/v1/webhooks")["items"], json!([]));
}

#[test]
fn a_name_that_leads_to_a_private_address_is_looked_at_when_it_is_asked() {
    let stub = Stub::start(|_| Told::new(200, ""));
    let port = stub.base().rsplit(':').next().unwrap().to_owned();
    let server = strict();
    let made = add(&server, &json!({"url": format!("https://localhost:{port}/")}));
    let test = format!("/api/v1/webhooks/{}/test", made["id"].as_str().unwrap());
    let _ = server.post(&test, &Value::Null).expect(202);
    until("it was tried", || target(&server, &made["id"])["failures"] == 1);
    let error = target(&server, &made["id"])["error"].as_str().unwrap().to_owned();
    assert!(error.contains("notifications.private_networks") && error.contains("localhost"), "{error}");
    assert!(stub.asked().is_empty(), "nobody was asked");
}

#[test]
fn a_redirect_is_followed_nowhere() {
    let other = Stub::start(|_| Told::new(200, ""));
    let to = format!("Location: {}/\r\n", other.base());
    let stub = Stub::start(move |_| Told { header: to.clone(), ..Told::new(302, "") });
    let server = setup().start();
    server.import(SMALL_CATALOG);
    let made = add(&server, &json!({"url": stub.base()}));
    regress(&server, "checkout", "staging");
    until("it was tried", || target(&server, &made["id"])["failures"] == 1);
    assert!(target(&server, &made["id"])["error"].as_str().unwrap().contains("redirects are not followed"));
    assert!(other.asked().is_empty());
}

#[test]
fn a_target_that_fails_over_the_whole_schedule_is_paused_and_tries_anew_when_resumed() {
    let status = Arc::new(AtomicU16::new(502));
    let now = Arc::clone(&status);
    let stub = Stub::start(move |_| Told::new(now.load(Ordering::SeqCst), ""));
    let mut at = chrono::DateTime::parse_from_rfc3339("2026-03-01T12:00:00Z").unwrap();
    let mut server = setup().frozen(&at.to_rfc3339()).start();
    server.import(SMALL_CATALOG);
    let made = add(&server, &json!({"url": stub.base(), "events": ["regression"]}));
    for (outcome, hours) in [("passed", 2), ("failed", 1)] {
        let mut body = drill("checkout", "dns", outcome);
        body["started_at"] = json!((at - chrono::Duration::hours(hours)).to_rfc3339());
        body["ended_at"] = json!((at - chrono::Duration::hours(hours)).to_rfc3339());
        let _ = server.post_drill(&body).expect(201);
    }
    // Before each attempt: not a moment before its time, and then at once.
    let waits = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (n, seconds) in waits.iter().enumerate() {
        if n > 0 {
            at += chrono::Duration::milliseconds(seconds * 850);
            server.move_clock(&at.to_rfc3339());
            server.restart();
            std::thread::sleep(std::time::Duration::from_millis(1_500));
            assert_eq!(stub.asked().len(), n, "attempt {n} came too early");
            at += chrono::Duration::milliseconds(seconds * 300);
            server.move_clock(&at.to_rfc3339());
            server.restart();
        }
        until("the next attempt", || stub.asked().len() == n + 1);
        until("it is noted", || target(&server, &made["id"])["failures"] == n + 1);
    }
    let shown = target(&server, &made["id"]);
    assert_eq!((&shown["state"], &shown["pending"]), (&json!("paused"), &json!(1)), "{shown:#}");
    assert!(shown["why"].as_str().unwrap().contains("10 attempts"), "{shown:#}");
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    server.post(&format!("{path}/test"), &Value::Null).problem(409, "conflict");
    status.store(200, Ordering::SeqCst);
    let resumed =
        server.send(server.request("PATCH", &path).json(&json!({"paused": false}))).expect(200).json();
    assert_eq!(resumed["state"], "active");
    until("it is delivered", || target(&server, &made["id"])["delivered"] == 1);
}

#[test]
fn of_too_much_that_waits_the_number_is_told() {
    let stub = Stub::start(|_| Told::new(200, ""));
    let server = setup().start();
    server.import(SMALL_CATALOG);
    let made = add(&server, &json!({"url": stub.base(), "events": ["regression"]}));
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let pause = |paused: bool| {
        let _ = server.send(server.request("PATCH", &path).json(&json!({"paused": paused}))).expect(200);
    };
    pause(true);
    let mut lines = String::new();
    for n in 0..520 {
        for (outcome, minutes) in [("passed", 20), ("failed", 10)] {
            let mut body = drill("checkout", "dns", outcome);
            body["environment"] = json!(format!("env-{n}"));
            body["started_at"] = json!(harness::seconds_from_now(-60 * minutes - 60));
            body["ended_at"] = json!(harness::seconds_from_now(-60 * minutes));
            let _ = writeln!(lines, "{body}");
        }
    }
    let _ = server.post_bytes("/api/v1/drills/batch", "application/x-ndjson", lines).expect(200);
    until("all were counted", || target(&server, &made["id"])["skipped"] == 20);
    assert_eq!(target(&server, &made["id"])["pending"], 500);
    assert!(server.get("/admin/notifications").text().contains("20 events were skipped"));
    pause(false);
    until("everything is sent", || target(&server, &made["id"])["pending"] == 0);
    let told = stub.asked().iter().filter(|a| a.raw.contains("\"skipped\":20")).count();
    assert_eq!((told, stub.asked().len()), (1, 501));
    assert_eq!(target(&server, &made["id"])["skipped"], 0);
}

#[test]
fn slack_is_sent_blocks_and_ends_a_channel_that_is_gone() {
    let word = Arc::new(AtomicU16::new(200));
    let now = Arc::clone(&word);
    let stub = Stub::start(move |_| match now.load(Ordering::SeqCst) {
        429 => Told { header: "Retry-After: 600\r\n".into(), ..Told::new(429, "ratelimited") },
        404 => Told::new(404, "no_service"),
        _ => Told::new(200, "ok"),
    });
    let server = setup().start();
    server.import(&SMALL_CATALOG.replace("name: checkout,", "name: checkout, title: '<!channel> & co',"));
    let url = format!("{}/services/T000/B000/a-secret-of-slack", stub.base());
    let made = add(&server, &json!({"kind": "slack", "url": url}));
    assert!(made["secret"].is_null() && !made.to_string().contains("a-secret-of-slack"), "{made:#}");
    let other = add(&server, &json!({"kind": "slack", "url": url}));
    regress(&server, "checkout", "staging");
    until("it arrives", || stub.asked().len() == 2);
    let asked = stub.asked()[0].clone();
    let body: Value = serde_json::from_str(&asked.raw).unwrap();
    assert!(body["text"].as_str().is_some_and(|t| !t.is_empty()) && body["blocks"].is_array(), "{body:#}");
    assert!(!asked.raw.contains("<!channel>"), "{}", asked.raw);
    assert!(asked.header("webhook-signature").is_empty());
    word.store(429, Ordering::SeqCst);
    regress(&server, "checkout", "second");
    until("it is to wait", || target(&server, &made["id"])["failures"] == 1);
    let at = target(&server, &made["id"])["next_try_at"].as_str().unwrap().to_owned();
    assert!(at > harness::seconds_from_now(500), "{at}");
    word.store(404, Ordering::SeqCst);
    for id in [&made["id"], &other["id"]] {
        let path = format!("/api/v1/webhooks/{}", id.as_str().unwrap());
        for paused in [true, false] {
            let _ = server.send(server.request("PATCH", &path).json(&json!({"paused": paused}))).expect(200);
        }
        until("it is paused", || target(&server, id)["state"] == "paused");
        assert!(target(&server, id)["why"].as_str().unwrap().contains("no_service"));
        assert_eq!(deliveries(&server, id)[0]["state"], "waiting", "nothing is lost");
    }
    assert!(!server.log().contains("a-secret-of-slack"));
}

#[test]
fn targets_are_sealed_with_the_secret_key_and_say_so_without_it() {
    let stub = Stub::start(|_| Told::new(200, ""));
    let mut server = setup().start();
    server.import(SMALL_CATALOG);
    let made = add(&server, &json!({"url": format!("{}/hooks/a-path-to-be-sealed", stub.base())}));
    assert!(!server.database().dump().contains("a-path-to-be-sealed"), "the address is sealed");
    server.kill();
    let other = Setup::default()
        .file("waterbear.toml", LOOPBACK)
        .env("WATERBEAR_SECRET_KEY", "another secret key of some length, too");
    let beside = other.start_beside(&server);
    regress(&beside, "checkout", "staging");
    until("it is paused", || target(&beside, &made["id"])["state"] == "paused");
    assert!(target(&beside, &made["id"])["why"].as_str().unwrap().contains("another secret key"));
    beside.kill();
    server.restart();
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let _ = server.send(server.request("PATCH", &path).json(&json!({"paused": false}))).expect(200);
    until("it is told after all", || stub.asked().len() == 1);
    let _ = server.send(server.request("DELETE", &path)).expect(204);
    server.get(&path).problem(404, "not_found");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn a_form_that_is_wrong_keeps_what_was_typed_and_marks_the_field() {
    let server =
        Setup::default().env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests").start();
    let admin = server.signed_in("ada", &["--role", "admin"]);
    let fields =
        [("kind", "webhook"), ("name", "On call"), ("url", "https://127.0.0.1/x"), ("want", "digest")];
    let page = admin.submit("/admin/notifications", &fields).expect(422).text();
    for there in
        ["value=\"https://127.0.0.1/x\"", "aria-describedby=\"nw-url\"", "id=\"nw-url\"", "value=\"On call\""]
    {
        assert!(page.contains(there), "{there} in {page}");
    }
    let blank = admin.get("/admin/notifications").expect(200).text();
    assert!(!blank.contains("aria-invalid") && !blank.contains("Nothing was added"), "{blank}");
}
