//! Addresses inside, however they are written: no source, issuer or identity provider of the settings makes us ask them.

use std::time::{Duration, Instant};

use harness::{SMALL_CATALOG, Setup, Stub, Told, Value, Visitor, json};

/// Where clouds keep their credentials, and this machine, in the forms that parsers of URLs know. `PORT` is where
/// somebody listens who must not be asked.
const INSIDE: &[(&str, &str)] = &[
    ("metadata", "http://169.254.169.254"),
    ("metadata-decimal", "http://2852039166"),
    ("metadata-hex", "http://0xa9fea9fe"),
    ("metadata-octal", "http://0251.0376.0251.0376"),
    ("metadata-mapped", "http://[::ffff:169.254.169.254]"),
    ("metadata-v6", "http://[fd00:ec2::254]"),
    ("dotted", "http://127.0.0.1:PORT"),
    ("short", "http://127.1:PORT"),
    ("decimal", "http://2130706433:PORT"),
    ("octal", "http://0177.0.0.1:PORT"),
    ("hex", "http://0x7f.0.0.1:PORT"),
    ("zero", "http://0.0.0.0:PORT"),
    ("mapped", "http://[::ffff:127.0.0.1]:PORT"),
    ("nat64", "http://[64:ff9b::7f00:1]:PORT"),
    ("loopback-v6", "http://[::1]:PORT"),
    ("name", "http://localhost:PORT"),
    ("loud", "http://LOCALHOST:PORT"),
    ("full-stop", "http://127.0.0.1.:PORT"),
    ("wide", "http://127.0.0.1\u{ff0e}:PORT"),
];

fn address(form: &str, stub: &Stub) -> String {
    form.replace("PORT", stub.base().rsplit(':').next().unwrap_or_default())
}

/// A network that is none of those, so that there is one.
const ELSEWHERE: &str = "private_networks = [\"10.0.0.0/8\"]";

#[test]
fn a_source_inside_is_not_asked_however_its_address_is_written() {
    let stub = Stub::start(|_| Told::new(200, "{}"));
    let source = |(name, form): &(&str, &str)| {
        let url = address(form, &stub);
        format!("[sources.{name}]\nurl = \"{url}\"\ninterval_seconds = 5\n{ELSEWHERE}\n")
    };
    let settings: String = INSIDE.iter().map(source).collect();
    let server = Setup::default().file("waterbear.toml", &settings).start();
    server.import(SMALL_CATALOG);
    let began = Instant::now();
    let list = loop {
        let list = server.json("/api/v1/sources");
        if list["items"].as_array().unwrap().iter().all(|s| s["state"] == "away") {
            break list;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{list:#}");
        std::thread::sleep(Duration::from_millis(100));
    };
    for source in list["items"].as_array().unwrap() {
        let error = source["error"].as_str().unwrap_or_default();
        assert!(error.contains("is not asked unless"), "{}: {error}", source["name"]);
        assert!(error.contains("private_networks"), "the cure is told: {error}");
    }
    assert_eq!(list["items"].as_array().unwrap().len(), INSIDE.len());
    assert!(stub.asked().is_empty(), "{:?}", stub.asked());
}

#[test]
fn an_identity_provider_inside_is_not_asked_either() {
    let stub = Stub::start(|_| Told::new(200, "{}"));
    // Those that get past the settings: plain http is for this machine only.
    for form in ["http://127.0.0.1:PORT", "http://localhost:PORT", "http://[::1]:PORT"] {
        let issuer = address(form, &stub);
        let settings = format!(
            "[identity_provider]\nissuer = \"{issuer}\"\nclient_id = \"waterbear\"\n\
             client_secret_env = \"SHOP_SECRET\"\n{ELSEWHERE}\n"
        );
        let server = Setup::default().file("waterbear.toml", &settings).env("SHOP_SECRET", "s3cret").start();
        let reply = Visitor::of(&server).get("/sign-in/elsewhere");
        assert!((400..600).contains(&reply.status), "{form}: {}", reply.status);
        assert_eq!(reply.header("location"), "", "{form}");
        assert!(stub.asked().is_empty(), "{form}: {:?}", stub.asked());
    }
}

#[test]
fn the_keys_of_an_issuer_inside_are_not_asked_for_either() {
    let stub = Stub::start(|_| Told::new(200, "{\"keys\": []}"));
    let token = crate::publishers::token("gh-valid.jwt");
    for form in ["http://localhost:PORT", "http://127.0.0.1:PORT", "http://[::1]:PORT"] {
        let settings =
            crate::publishers::settings(&address(form, &stub), "").replace("127.0.0.0/8", "10.0.0.0/8");
        let server =
            Setup::default().frozen(crate::publishers::NOW).file("waterbear.toml", &settings).start();
        server.import(crate::publishers::CATALOG);
        let _ = crate::publishers::add(&server, &crate::publishers::github());
        let request = server.request_as("", "POST", "/api/v1/oidc/exchange");
        let said: Value = server.send(request.json(&json!({ "token": token }))).problem(503, "unavailable");
        let detail = said["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("this machine itself"), "{form}: {detail}");
        assert!(stub.asked().is_empty(), "{form}: {:?}", stub.asked());
    }
}
