//! The keys of issuers: shared by processes, asked for at most once a minute, kept through outages and nonsense.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use harness::{Asked, Server, Setup, Stub, Told, Value, json};
use waterbear::tickets::{KeyPair, public_jwk};

use crate::publishers::{add, exchange, settings};

const T0: &str = "2026-11-22T09:00:00Z";

/// An issuer of the test's own, whose answer can be changed.
struct Issuer {
    stub: Stub,
    answer: Arc<Mutex<Told>>,
}

impl Issuer {
    fn start(answer: Told) -> Self {
        let answer = Arc::new(Mutex::new(answer));
        let now = Arc::clone(&answer);
        Self { stub: Stub::start(move |_| now.lock().unwrap().clone()), answer }
    }

    fn says(&self, told: Told) {
        *self.answer.lock().unwrap() = told;
    }

    fn asked(&self) -> usize {
        self.stub.asked().len()
    }
}

fn key(kid: &str) -> KeyPair {
    KeyPair::from_pkcs8(kid, &KeyPair::generate().unwrap()).unwrap()
}

fn set(keys: &[&KeyPair], ids: &[&str]) -> Told {
    let keys: Vec<Value> =
        keys.iter().zip(ids).map(|(key, id)| json!(public_jwk(id, key.public_point()).unwrap())).collect();
    Told::new(200, json!({ "keys": keys }).to_string())
}

/// A token of a GitHub job that the publisher of these tests means.
fn signed(key: &KeyPair, jti: &str) -> String {
    let claims = json!({
        "iss": "https://token.actions.githubusercontent.com", "aud": "https://waterbear.example", "jti": jti,
        "iat": 1_795_338_000, "nbf": 1_795_338_000, "exp": 4_950_000_000_i64, "repository": "a/b",
        "repository_owner_id": "1", "repository_id": 2, "event_name": "push", "ref": "refs/heads/main",
        "workflow_ref": "a/b/.github/workflows/d.yml@refs/heads/main", "new_claim": {"of": ["tomorrow"]},
    });
    key.sign("JWT", &claims).unwrap()
}

fn begin(jwks: &str) -> Server {
    let server = at(T0, jwks).start();
    server.import(harness::SMALL_CATALOG);
    add(
        &server,
        &json!({"provider": "github", "repository": "A/B", "owner_id": "1", "workflow": "d.yml", "services": ["checkout"]}),
    );
    server
}

fn at(time: &str, jwks: &str) -> Setup {
    Setup::default().frozen(time).file("waterbear.toml", &settings(jwks, ""))
}

/// A process at `time` on the database of `first`: beside it, or on SQLite, which one process serves, in its place.
fn then(time: &str, issuer: &Issuer, first: &Server) -> Server {
    if !first.database().is_postgres() {
        first.kill();
    }
    at(time, issuer.stub.base()).start_beside(first)
}

/// Those of two processes that run.
fn running<'a>(first: &'a Server, second: &'a Server) -> Vec<&'a Server> {
    if first.database().is_postgres() { vec![first, second] } else { vec![second] }
}

#[test]
fn keys_are_asked_for_once_a_minute_by_all_processes_together() {
    let (old, new, third) = (key("old"), key("new"), key("third"));
    let issuer = Issuer::start(set(&[&old], &["old"]));
    let first = begin(issuer.stub.base());
    let _ = exchange(&first, &signed(&old, "1")).expect(200);
    assert_eq!(issuer.asked(), 1);
    // Keys change. Within the minute nobody asks again, however many unknown keys are named.
    issuer.says(set(&[&new], &["new"]));
    let beside = then("2026-11-22T09:00:59Z", &issuer, &first);
    for server in running(&first, &beside) {
        for n in 0..5 {
            exchange(server, &signed(&new, &format!("early-{n}"))).problem(401, "unauthenticated");
        }
    }
    assert_eq!(issuer.asked(), 1);
    // After it, one does, and then all know.
    let later = then("2026-11-22T09:01:00Z", &issuer, &beside);
    let _ = exchange(&later, &signed(&new, "2")).expect(200);
    assert_eq!(issuer.asked(), 2);
    for (n, server) in running(&first, &later).into_iter().enumerate() {
        let _ = exchange(server, &signed(&new, &format!("all-{n}"))).expect(200);
        exchange(server, &signed(&third, "4")).problem(401, "unauthenticated");
        // What was withdrawn is good no more.
        let withdrawn = exchange(server, &signed(&old, "5")).problem(401, "unauthenticated");
        assert!(withdrawn["detail"].as_str().is_some_and(|d| d.contains("kid")), "{withdrawn:#}");
    }
    assert_eq!(issuer.asked(), 2, "what one process read, all know");
}

#[test]
fn neither_an_outage_nor_an_empty_set_takes_known_keys_away() {
    let (known, other) = (key("known"), key("other"));
    let issuer = Issuer::start(set(&[&known], &["known"]));
    let first = begin(issuer.stub.base());
    let _ = exchange(&first, &signed(&known, "0")).expect(200);
    let nonsense = [
        Told::new(200, r#"{"keys":[]}"#),
        Told::new(200, "<html>Sign in</html>"),
        Told::new(503, "away"),
        Told::new(200, vec![b' '; 300 * 1024]),
        Told { header: "Location: http://169.254.169.254/\r\n".into(), ..Told::new(302, "") },
        Told::new(200, r#"{"keys":[{"kty":"oct","kid":"other","k":"AAAA","alg":"HS256"}]}"#),
    ];
    let words = ["no key", "no key set", "503", "larger", "redirects", "no key"];
    for (n, (told, word)) in nonsense.into_iter().zip(words).enumerate() {
        issuer.says(told);
        let time = format!("2026-11-22T09:{:02}:00Z", 2 * n + 2);
        let server = then(&time, &issuer, &first);
        let asked = issuer.asked();
        let problem = exchange(&server, &signed(&other, "x")).problem(503, "unavailable");
        assert_eq!(issuer.asked(), asked + 1, "{word}");
        assert!(problem["detail"].as_str().is_some_and(|d| d.contains(word)), "{word}: {problem:#}");
        let _ = exchange(&server, &signed(&known, &format!("k{n}"))).expect(200);
    }
    // An hour later the keys are old: they hold, and are asked for behind the job's back.
    let asked = issuer.asked();
    let late = then("2026-11-22T11:00:00Z", &issuer, &first);
    let _ = exchange(&late, &signed(&known, "late")).expect(200);
    let began = std::time::Instant::now();
    while issuer.asked() == asked {
        assert!(began.elapsed().as_secs() < 10, "old keys are not asked for");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn many_first_jobs_at_once_ask_once_and_wait_for_the_answer() {
    let known = key("known");
    let told = Told { pause: std::time::Duration::from_millis(700), ..set(&[&known], &["known"]) };
    let issuer = Issuer::start(told);
    let server = begin(issuer.stub.base());
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (server, token) = (&server, signed(&known, &n.to_string()));
            scope.spawn(move || drop(exchange(server, &token).expect(200)));
        }
    });
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn a_token_is_exchanged_once_by_all_processes_together() {
    let known = key("known");
    let issuer = Issuer::start(set(&[&known], &["known"]));
    let first = begin(issuer.stub.base());
    let second = first.database().is_postgres().then(|| at(T0, issuer.stub.base()).start_beside(&first));
    let other = second.as_ref().unwrap_or(&first);
    let token = signed(&known, "once");
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = [&first, other, &first, other, &first, other]
            .into_iter()
            .map(|server| scope.spawn(|| exchange(server, &token).status))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    // One that comes at the very moment in which the publisher meets its first job is asked to come again.
    assert_eq!(answers.iter().filter(|status| matches!(status, 401 | 409)).count(), 5, "{answers:?}");
    // Nor by one that starts later.
    let next = then(T0, &issuer, &first);
    for server in running(&first, &next) {
        let said = exchange(server, &token).problem(401, "unauthenticated");
        assert!(said["detail"].as_str().is_some_and(|d| d.contains("jti")), "{said:#}");
    }
}

#[test]
fn the_algorithm_is_the_keys() {
    let (elliptic, other) = (key("k"), key("k"));
    let issuer = Issuer::start(set(&[&elliptic], &["k"]));
    let server = begin(issuer.stub.base());
    let _ = exchange(&server, &signed(&elliptic, "1")).expect(200);
    let stranger = exchange(&server, &signed(&other, "2")).problem(401, "unauthenticated");
    assert!(stranger["detail"].as_str().is_some_and(|d| d.contains("signature")), "{stranger:#}");
    // The same key under the name of another algorithm.
    let good = signed(&elliptic, "3");
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = base64::Engine::encode(&engine, r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#);
    let renamed = format!("{header}.{}", good.split_once('.').unwrap().1);
    let said = exchange(&server, &renamed).problem(401, "unauthenticated");
    assert!(said["detail"].as_str().is_some_and(|d| d.contains("alg") && d.contains("ES256")), "{said:#}");
}

/// Answers with a discovery document of `issuer` whose keys are at its own address, and with keys.
fn with_discovery(base: Arc<Mutex<String>>, issuer: &'static str, keys: Told) -> impl Fn(&Asked) -> Told {
    move |asked| match asked.path.as_str() {
        "/.well-known/openid-configuration" => {
            let base = base.lock().unwrap().clone();
            Told::new(
                200,
                json!({"issuer": issuer, "jwks_uri": format!("{base}/keys"), "more": 1}).to_string(),
            )
        }
        "/keys" => keys.clone(),
        _ => Told::new(404, ""),
    }
}

#[test]
fn keys_are_found_by_the_discovery_document_of_the_same_issuer_only() {
    let known = key("known");
    for (issuer, good) in [
        ("https://token.actions.githubusercontent.com", true),
        ("https://token.actions.githubusercontent.com/", false),
    ] {
        let base = Arc::new(Mutex::new(String::new()));
        let stub = Stub::start(with_discovery(Arc::clone(&base), issuer, set(&[&known], &["known"])));
        stub.base().clone_into(&mut base.lock().unwrap());
        let place = format!("discovery = \"{}/.well-known/openid-configuration\"", stub.base());
        let text = settings("http://127.0.0.1:9/never", "").replacen(
            "jwks_url = \"http://127.0.0.1:9/never\"",
            &place,
            1,
        );
        let server = Setup::default().frozen(T0).file("waterbear.toml", &text).start();
        server.import(harness::SMALL_CATALOG);
        let publisher = json!({
            "provider": "github", "repository": "a/b", "owner_id": "1", "workflow": "d.yml", "services": ["checkout"],
        });
        add(&server, &publisher);
        let reply = exchange(&server, &signed(&known, "1"));
        if good {
            let _ = reply.expect(200);
            assert_eq!(stub.asked().len(), 2);
        } else {
            let said = reply.problem(503, "unavailable");
            assert!(said["detail"].as_str().is_some_and(|d| d.contains("not of")), "{said:#}");
        }
    }
}

#[test]
fn an_address_inside_is_asked_only_where_the_settings_say_so() {
    let reached = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&reached);
    let stub = Stub::start(move |_| {
        note.store(true, Ordering::SeqCst);
        Told::new(200, "{}")
    });
    let inside = settings(stub.base(), "").replace("127.0.0.0/8", "10.0.0.0/8");
    let server = Setup::default().frozen(T0).file("waterbear.toml", &inside).start();
    let said = exchange(&server, &signed(&key("k"), "1")).problem(503, "unavailable");
    let detail = said["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("this machine itself"), "{detail}");
    assert!(!reached.load(Ordering::SeqCst), "it was asked all the same");
}

#[test]
fn what_ended_is_swept_and_evidence_stays() {
    let known = key("known");
    let issuer = Issuer::start(set(&[&known], &["known"]));
    let first = begin(issuer.stub.base());
    let mut token = signed(&known, "forever");
    let given = exchange(&first, &token).expect(200).json();
    let short = given["token"].as_str().unwrap_or_default();
    let mut drill = harness::passed("checkout", "dns");
    drill["started_at"] = json!("2026-11-22T08:00:00Z");
    drill["ended_at"] = json!("2026-11-22T08:01:00Z");
    let _ = first.send(first.request_as(short, "POST", "/api/v1/drills").json(&drill)).expect(201);
    // A token that ends soon, too.
    let claims = json!({
        "iss": "https://token.actions.githubusercontent.com", "aud": "https://waterbear.example", "jti": "soon",
        "iat": 1_795_338_000, "exp": 1_795_338_300, "repository": "a/b", "repository_owner_id": "1",
        "repository_id": 2, "event_name": "push", "workflow_ref": "a/b/.github/workflows/d.yml@refs/heads/main",
    });
    token = known.sign("JWT", &claims).unwrap();
    let _ = exchange(&first, &token).expect(200);
    let count = |what: &str| {
        first.database().lines(&format!("SELECT CAST(COUNT(*) AS TEXT) AS text FROM {what}")).concat()
    };
    let short_tokens = "tokens WHERE publisher_id IS NOT NULL";
    assert_eq!((count("used_identity_tokens"), count(short_tokens)), ("2".into(), "2".into()));
    // A day later, both tokens have ended, and one of the identity tokens.
    let late = then("2026-11-23T09:30:00Z", &issuer, &first);
    let dry = late.cli(&["prune", "--dry-run", "--json"]).ok().json();
    assert_eq!(dry["ci_tokens"], 2, "{dry:#}");
    let done = late.cli(&["prune", "--json"]).ok().json();
    assert_eq!(done["ci_tokens"], 2, "{done:#}");
    assert_eq!((count("used_identity_tokens"), count(short_tokens)), ("1".into(), "0".into()));
    assert_eq!(late.json("/api/v1/services/checkout/drills")["items"][0]["evidence_class"], "executed_ci");
    let verified = late.cli(&["verify"]).ok();
    assert!(verified.out.contains("clean"), "{}", verified.out);
    exchange(&late, &signed(&known, "forever")).problem(401, "unauthenticated");
    exchange(&late, &token).problem(401, "unauthenticated");
}
