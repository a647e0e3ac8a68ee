//! Mail: at once what cannot wait, a digest once a week, quiet otherwise; and an end to it by a link.

use std::sync::Arc;

use harness::{Encrypted, MailServer, SMALL_CATALOG, Server, Setup, Value, Visitor, drill, json};

use crate::outbox::{add, target, until};

/// A Sunday.
const SUNDAY: &str = "2026-03-01T12:00:00Z";
/// The Monday after it, once digests are made.
const MONDAY: &str = "2026-03-02T08:00:30Z";

fn server(mail: &MailServer) -> Server {
    let settings = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"Waterbear <waterbear@shop.example>\"\n",
        mail.port()
    );
    let server = Setup::default()
        .file("waterbear.toml", &settings)
        .env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests")
        .frozen(SUNDAY)
        .start();
    server.import(SMALL_CATALOG);
    server
}

fn post(server: &Server, outcome: &str, at: &str) {
    let mut body = drill("checkout", "dns", outcome);
    body["started_at"] = json!(at);
    body["ended_at"] = json!(at);
    let _ = server.post_drill(&body).expect(201);
}

#[test]
fn a_regression_is_mailed_at_once_and_the_week_on_monday() {
    let mail = MailServer::start();
    let mut server = server(&mail);
    let made = add(&server, &json!({"kind": "mail", "address": "team@shop.example", "team": "shop-team"}));
    assert_eq!(made["next_digest_at"], "2026-03-02T08:00:00.000Z");
    post(&server, "passed", "2026-03-01T10:00:00Z");
    post(&server, "failed", "2026-03-01T11:00:00Z");
    until("the regression is mailed", || mail.letters().len() == 1);
    let letter = mail.letters()[0].clone();
    assert_eq!((letter.from.as_str(), letter.to.as_str()), ("waterbear@shop.example", "team@shop.example"));
    assert!(letter.header("subject").contains("Regression"), "{}", letter.raw);
    assert_eq!(letter.header("list-unsubscribe-post"), "List-Unsubscribe=One-Click");
    let link = letter.header("list-unsubscribe");
    assert!(link.starts_with('<') && link.ends_with('>') && link.contains("/unsubscribe/"), "{link}");
    assert!(letter.header("content-type").contains("multipart/alternative"));
    let text = letter.text();
    assert!(text.contains("text/plain") && text.contains("text/html") && text.contains("/services/checkout"));
    assert!(!text.contains("<img") && !text.contains("src="), "nothing is fetched: {text}");

    server.move_clock(MONDAY);
    server.restart();
    // What was sent when the server ended, and not yet noted, may come once more: only digests are counted.
    let digests = || -> Vec<_> {
        mail.letters().into_iter().filter(|l| l.header("subject").contains("the week of")).collect()
    };
    until("the digest is mailed", || !digests().is_empty());
    let text = digests()[0].text();
    for part in
        ["Drills that broke", "1 service", "1 drill that passed once fails now", "Next step of the week"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(target(&server, &made["id"])["next_digest_at"], "2026-03-09T08:00:00.000Z");
    // A week in which nothing happened is quiet.
    server.move_clock("2026-03-09T08:00:30Z");
    server.restart();
    until("the next is planned", || {
        target(&server, &made["id"])["next_digest_at"] == "2026-03-16T08:00:00.000Z"
    });
    std::thread::sleep(std::time::Duration::from_secs(2));
    let subjects: Vec<String> = digests().iter().map(|l| l.header("subject")).collect();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
}

#[test]
fn a_link_ends_the_mail_without_signing_in_and_not_by_looking_at_it() {
    let mail = MailServer::start();
    let server = server(&mail);
    let made = add(&server, &json!({"kind": "mail", "address": "ada@shop.example"}));
    post(&server, "passed", "2026-03-01T10:00:00Z");
    post(&server, "failed", "2026-03-01T11:00:00Z");
    until("it is mailed", || mail.letters().len() == 1);
    let link = mail.letters()[0].header("list-unsubscribe");
    let path = link.trim_matches(['<', '>']).strip_prefix(server.base()).unwrap().to_owned();
    let nobody = Visitor::of(&server);
    let page = nobody.get(&path).expect(200).text();
    assert!(page.contains("Send no more") && page.contains("a…@shop.example"), "{page}");
    assert_eq!(target(&server, &made["id"])["state"], "active", "looking ends nothing");
    // As a mail program does it.
    let one_click = server.request_as("", "POST", &path).form(&[("List-Unsubscribe", "One-Click")]);
    let done = server.send(one_click).expect(200).text();
    assert!(done.contains("No more mail"), "{done}");
    let shown = target(&server, &made["id"]);
    assert_eq!((&shown["state"], &shown["next_digest_at"]), (&json!("paused"), &Value::Null), "{shown:#}");
    let resume = server.request("PATCH", &format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap()));
    server.send(resume.json(&json!({"paused": false}))).problem(409, "conflict");
    let again = server.send(server.request_as("", "POST", &path)).expect(200).text();
    assert!(again.contains("No more mail"));
    server.send(server.request_as("", "POST", "/unsubscribe/nothing")).problem(404, "not_found");
    assert!(nobody.get("/unsubscribe/nothing").expect(200).text().contains("Nothing to end"));
    let key = path.rsplit('/').next().unwrap();
    assert!(!server.log().contains(key) && !server.database().dump().contains(key), "the key is nowhere");
}

#[test]
fn a_recipient_that_the_server_does_not_know_pauses_and_a_server_that_is_away_waits() {
    let mail = MailServer::start();
    let server = server(&mail);
    let made = add(&server, &json!({"kind": "mail", "address": "nobody@shop.example"}));
    mail.say("451 later");
    post(&server, "passed", "2026-03-01T10:00:00Z");
    post(&server, "failed", "2026-03-01T11:00:00Z");
    until("it is to wait", || target(&server, &made["id"])["failures"] == 1);
    mail.say("550 no such user");
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    for paused in [true, false] {
        let _ = server.send(server.request("PATCH", &path).json(&json!({"paused": paused}))).expect(200);
    }
    until("it is paused", || target(&server, &made["id"])["state"] == "paused");
    assert!(target(&server, &made["id"])["why"].as_str().unwrap().contains("no such user"));
    for bad in ["a@shop.example\r\nBcc: b@x.example", "a@x.example,b@x.example", "not an address"] {
        let refused = server.post("/api/v1/webhooks", &json!({"kind": "mail", "name": "x", "address": bad}));
        assert_eq!(refused.problem(422, "invalid")["errors"][0]["pointer"], "/address");
    }
    assert!(mail.letters().is_empty());
}

#[test]
fn mail_goes_encrypted_and_signed_in_and_to_nobody_without_a_certificate_that_is_trusted() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_der());
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![made.cert.der().clone()],
                rustls::pki_types::PrivateKeyDer::Pkcs8(key.into()),
            )
            .unwrap();
    let config = Arc::new(config);
    for (word, encrypted) in
        [("implicit", Encrypted::AtOnce(Arc::clone(&config))), ("starttls", Encrypted::WhenAsked(config))]
    {
        let mail = MailServer::speaking(&encrypted);
        for trusted in [true, false] {
            let ca = if trusted { "ca_file = \"ca.pem\"\n" } else { "" };
            let settings = format!(
                "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"{word}\"\n{ca}username = \"bear\"\n\
                 password_env = \"MAIL_PASSWORD\"\nfrom = \"Waterbear <waterbear@shop.example>\"\n",
                mail.port()
            );
            let server = Setup::default()
                .file("waterbear.toml", &settings)
                .file("ca.pem", &cert)
                .env("MAIL_PASSWORD", "winter sleep")
                .env("WATERBEAR_SECRET_KEY", "a secret key of some length, for tests")
                .frozen(SUNDAY)
                .start();
            server.import(SMALL_CATALOG);
            let to = format!("{word}@shop.example");
            let made = add(&server, &json!({"kind": "mail", "address": to}));
            let id = made["id"].clone();
            let _ = server
                .post(&format!("/api/v1/webhooks/{}/test", id.as_str().unwrap_or_default()), &Value::Null)
                .expect(202);
            if trusted {
                until("the test is mailed", || mail.letters().len() == 1);
                assert_eq!(mail.letters()[0].to, to);
                // PLAIN: no other name, the user, the password.
                assert_eq!(mail.logins(), ["AGJlYXIAd2ludGVyIHNsZWVw"], "{word}");
            } else {
                until("the attempt is told", || {
                    target(&server, &id)["error"].as_str().is_some_and(|error| error.contains("certificate"))
                });
                assert_eq!((mail.letters().len(), mail.logins().len()), (1, 1), "{word}: nothing was said");
            }
        }
    }
}
