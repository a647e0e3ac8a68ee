//! What is told at once: signed, at least once, with patience, and nobody waits for anybody else.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use harness::{Asked, SMALL_CATALOG, Server, Setup, Stub, Told, Value, drill, json, sample_json};

/// Settings under which loopback may be told, in the clear.
pub(crate) const LOOPBACK: &str =
    "[notifications]\nprivate_networks = [\"127.0.0.0/8\"]\nplain_http = true\ntimeout_seconds = 2\n";

pub(crate) fn setup() -> Setup {
    Setup::default()
        .file("waterbear.toml", LOOPBACK)
        .env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests")
}

fn server() -> Server {
    let server = setup().start();
    server.import(SMALL_CATALOG);
    server
}

/// Adds a target and gives it.
#[track_caller]
pub(crate) fn add(server: &Server, more: &Value) -> Value {
    let mut body = json!({"name": "Test"});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    server.post("/api/v1/webhooks", &body).expect(201).json()
}

/// Breaks the drill of `environment`: it passed and fails now.
pub(crate) fn regress(server: &Server, service: &str, environment: &str) {
    for (outcome, minutes) in [("passed", 20), ("failed", 10)] {
        let mut body = drill(service, "dns", outcome);
        body["environment"] = json!(environment);
        body["started_at"] = json!(harness::seconds_from_now(-60 * minutes - 60));
        body["ended_at"] = json!(harness::seconds_from_now(-60 * minutes));
        let _ = server.post_drill(&body).expect(201);
    }
}

pub(crate) fn target(server: &Server, id: &Value) -> Value {
    server.json(&format!("/api/v1/webhooks/{}", id.as_str().unwrap_or_default()))
}

pub(crate) fn deliveries(server: &Server, id: &Value) -> Vec<Value> {
    let page = server.json(&format!("/api/v1/webhooks/{}/deliveries", id.as_str().unwrap_or_default()));
    page["items"].as_array().cloned().unwrap_or_default()
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn until(what: &str, mut good: impl FnMut() -> bool) {
    let began = Instant::now();
    while !good() {
        assert!(began.elapsed() < Duration::from_secs(45), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn takes() -> Stub {
    Stub::start(|_| Told::new(200, "ok"))
}

/// What the reference library says of some requests, each with the secret it is to be verified with.
fn verified(cases: &[(&str, &Asked)]) -> Option<Vec<String>> {
    let python = std::env::var_os("WATERBEAR_WEBHOOKS")?;
    let list: Vec<Value> = cases
        .iter()
        .map(|(secret, asked)| {
            let headers: BTreeMap<&str, &str> = ["webhook-id", "webhook-timestamp", "webhook-signature"]
                .into_iter()
                .map(|name| (name, asked.header(name)))
                .collect();
            json!({"secret": secret, "headers": headers, "body": asked.raw})
        })
        .collect();
    let mut child = Command::new(python)
        .arg(harness::root().join("tests/webhooks.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("Python cannot be run: {e}"));
    serde_json::to_writer(child.stdin.take().unwrap(), &list).unwrap();
    let out = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect())
}

#[test]
fn our_signatures_are_those_of_the_reference_libraries() {
    let sample = sample_json("webhooks/standard-webhooks.json");
    let vectors = sample["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 3);
    for vector in vectors {
        let text = |key: &str| vector[key].as_str().unwrap_or_default();
        let at = vector["webhook-timestamp"].as_i64().unwrap();
        let found =
            waterbear::app::outbox::signatures(&[text("secret")], text("webhook-id"), at, text("body"));
        assert_eq!(found.as_deref(), Some(text("webhook-signature")));
    }
}

#[test]
fn a_regression_arrives_signed_with_the_id_of_its_event() {
    let stub = takes();
    let server = server();
    let made = add(&server, &json!({"url": format!("{}/hooks/a-secret-path-9f2c", stub.base())}));
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    regress(&server, "checkout", "staging");
    until("the webhook arrives", || !stub.asked().is_empty());
    let asked = stub.asked()[0].clone();
    let events = server.json("/api/v1/events?limit=500");
    let event = events["items"].as_array().into_iter().flatten().find(|e| e["kind"] == "drill_regressed");
    let event = event.unwrap();
    assert_eq!(asked.header("webhook-id"), event["id"]);
    let body: Value = serde_json::from_str(&asked.raw).unwrap();
    assert_eq!((&body["type"], &body["timestamp"]), (&json!("drill_regressed"), &event["at"]));
    assert_eq!((&body["data"]["service"], &body["data"]["team"]), (&json!("checkout"), &json!("shop-team")));
    assert_eq!(body["data"]["sentence"], event["sentence"]);
    assert!(asked.raw.len() < 20_000 && asked.header("content-type") == "application/json");
    until("it is noted", || target(&server, &made["id"])["delivered"] == 1);
    assert_eq!(deliveries(&server, &made["id"])[0]["webhook_id"], event["id"]);

    // While the secret changes, both verify.
    let path = format!("/api/v1/webhooks/{}/rotate", made["id"].as_str().unwrap());
    let rotated = server.post(&path, &Value::Null).expect(200).json();
    let new = rotated["secret"].as_str().unwrap().to_owned();
    let test = format!("/api/v1/webhooks/{}/test", made["id"].as_str().unwrap());
    let _ = server.post(&test, &Value::Null).expect(202);
    until("the test arrives", || stub.asked().len() == 2);
    let tested = stub.asked()[1].clone();
    assert_eq!(tested.header("webhook-signature").split(' ').count(), 2);
    let mut forged = tested.clone();
    forged.raw = forged.raw.replace("test", "tast");
    let cases =
        [(secret.as_str(), &asked), (&secret, &tested), (&new, &tested), (&new, &asked), (&new, &forged)];
    match verified(&cases) {
        Some(words) => {
            assert_eq!(words.len(), 5);
            assert!(
                words[..3].iter().all(|w| w == "good") && words[3..].iter().all(|w| w != "good"),
                "{words:?}"
            );
        }
        None => eprintln!("SKIPPED: WATERBEAR_WEBHOOKS is not set, the reference library was not asked"),
    }
    // Nothing secret is told to anybody, nor written down in the clear.
    let all = [
        server.get("/api/v1/webhooks").text(),
        server.get("/api/v1/audit?limit=500").text(),
        server.get("/admin/notifications").text(),
        server.log(),
        server.database().dump(),
    ];
    for text in all {
        for hidden in [&secret, &new, "a-secret-path-9f2c"] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}

#[test]
fn what_fails_is_sent_again_with_the_same_id_until_it_is_taken() {
    let status = Arc::new(AtomicU16::new(500));
    let now = Arc::clone(&status);
    let stub = Stub::start(move |_| Told::new(now.load(Ordering::SeqCst), "no"));
    let server = server();
    let made = add(&server, &json!({"url": stub.base()}));
    regress(&server, "checkout", "staging");
    until("it was tried", || target(&server, &made["id"])["state"] == "failing");
    let shown = target(&server, &made["id"]);
    assert!(shown["error"].as_str().unwrap().contains("500") && shown["pending"] == 1, "{shown:#}");
    assert!(shown["next_try_at"].is_string());
    status.store(204, Ordering::SeqCst);
    until("it was taken", || target(&server, &made["id"])["delivered"] == 1);
    let asked = stub.asked();
    assert!(
        asked.len() >= 2 && asked.iter().all(|a| a.header("webhook-id") == asked[0].header("webhook-id"))
    );
    let done = &deliveries(&server, &made["id"])[0];
    assert_eq!((&done["state"], &done["attempts"]), (&json!("delivered"), &json!(asked.len())), "{done:#}");
    assert_eq!(target(&server, &made["id"])["state"], "active");
}

#[test]
fn retry_after_is_honoured_and_gone_is_gone() {
    let busy = Stub::start(|_| Told { header: "Retry-After: 7200\r\n".into(), ..Told::new(503, "") });
    let gone = Stub::start(|_| Told::new(410, ""));
    let server = server();
    let (patient, ended) =
        (add(&server, &json!({"url": busy.base()})), add(&server, &json!({"url": gone.base()})));
    regress(&server, "checkout", "staging");
    until("both were tried", || {
        target(&server, &patient["id"])["failures"] == 1 && target(&server, &ended["id"])["state"] == "paused"
    });
    let at = target(&server, &patient["id"])["next_try_at"].as_str().unwrap().to_owned();
    assert!(at > harness::seconds_from_now(6_900) && at < harness::seconds_from_now(7_500), "{at}");
    let shown = target(&server, &ended["id"]);
    assert!(shown["why"].as_str().unwrap().contains("410") && shown["pending"] == 1, "{shown:#}");
    let page = server.get("/admin/notifications").expect(200).text();
    assert!(page.contains("paused: it answered 410"), "{page}");
    assert_eq!(gone.asked().len(), 1);
    let metrics = server.get("/metrics").text();
    for line in ["waterbear_notification_targets_paused 1", "waterbear_notifications_pending 2"] {
        assert!(metrics.lines().any(|l| l == line), "{line}\n{metrics}");
    }
}

#[test]
fn nobody_waits_for_a_dead_target() {
    let dead = Stub::start(|_| Told { pause: Duration::from_secs(20), ..Told::new(200, "") });
    let alive = takes();
    let server = server();
    let slow = add(&server, &json!({"url": dead.base()}));
    add(&server, &json!({"url": alive.base()}));
    for n in 0..3 {
        regress(&server, "checkout", &format!("env-{n}"));
    }
    until("the living one has all", || alive.asked().len() == 3);
    assert_eq!(target(&server, &slow["id"])["delivered"], 0);
    until("the dead one is known", || target(&server, &slow["id"])["state"] == "failing");
    let shown = target(&server, &slow["id"]);
    assert!(shown["error"].as_str().unwrap().contains("within 2 s") && shown["pending"] == 3, "{shown:#}");
}

#[test]
fn a_message_that_is_not_taken_stands_in_nobodys_way() {
    let stub = Stub::start(|asked| {
        let odd = asked.raw.contains("odd-place");
        Told::new(if odd { 422 } else { 200 }, "")
    });
    let server = server();
    let made = add(&server, &json!({"url": stub.base()}));
    regress(&server, "checkout", "odd-place");
    regress(&server, "checkout", "good-place");
    until("the good one is taken", || target(&server, &made["id"])["delivered"] == 1);
    let shown = target(&server, &made["id"]);
    assert_eq!((&shown["state"], &shown["pending"]), (&json!("active"), &json!(1)), "{shown:#}");
}

#[test]
fn a_kill_in_the_middle_loses_nothing() {
    let pause = Arc::new(AtomicU64::new(60));
    let now = Arc::clone(&pause);
    let stub = Stub::start(move |_| Told {
        pause: Duration::from_secs(now.load(Ordering::SeqCst)),
        ..Told::new(200, "")
    });
    let mut server = server();
    let made = add(&server, &json!({"url": stub.base()}));
    regress(&server, "checkout", "one");
    regress(&server, "checkout", "two");
    until("it is being sent", || !stub.asked().is_empty());
    server.kill();
    pause.store(0, Ordering::SeqCst);
    server.restart();
    until("both were taken", || target(&server, &made["id"])["delivered"] == 2);
    let mut ids: Vec<String> = stub.asked().iter().map(|a| a.header("webhook-id").to_owned()).collect();
    assert!(ids.len() >= 3, "the first one came twice: {ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2);
}

#[test]
fn two_processes_on_one_database_send_each_message_once() {
    if std::env::var("WATERBEAR_TEST_PG").is_err() {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set, PostgreSQL was not tried");
        return;
    }
    let stubs = [takes(), takes()];
    let first = server();
    let second = setup().start_beside(&first);
    for stub in &stubs {
        add(&first, &json!({"url": stub.base()}));
    }
    for n in 0..12 {
        regress(if n % 2 == 0 { &first } else { &second }, "checkout", &format!("env-{n}"));
    }
    until("all of it is there", || stubs.iter().all(|stub| stub.asked().len() >= 12));
    std::thread::sleep(Duration::from_secs(3));
    for stub in &stubs {
        let mut ids: Vec<String> = stub.asked().iter().map(|a| a.header("webhook-id").to_owned()).collect();
        assert_eq!(ids.len(), 12);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 12, "each once");
    }
}

#[test]
fn who_is_told_of_a_team_hears_of_that_team_alone() {
    let (all, own) = (takes(), takes());
    let server = server();
    let other = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: other-team}\n\
                 spec: {type: team, children: []}\n---\napiVersion: backstage.io/v1alpha1\nkind: Component\n\
                 metadata: {name: vault}\nspec: {type: service, lifecycle: production, owner: other-team}\n";
    let path = "/api/v1/catalog/import?source=other";
    let _ = server.post_bytes(path, "application/yaml", other).expect(200);
    add(&server, &json!({"url": all.base()}));
    let made = add(&server, &json!({"url": own.base(), "team": "shop-team"}));
    assert_eq!(made["team"]["slug"], "shop-team");
    regress(&server, "vault", "staging");
    regress(&server, "checkout", "staging");
    until("both were told", || all.asked().len() == 2 && !own.asked().is_empty());
    std::thread::sleep(Duration::from_secs(2));
    let asked = own.asked();
    assert!(asked.len() == 1 && asked[0].raw.contains("checkout") && !asked[0].raw.contains("vault"));
}
