//! What a browser can be made to do: forged forms, foreign names, ways out; and what an unsafe server refuses.

use harness::{Server, Setup, Visitor, json, passed, raw_request};

const BEYOND: [(&str, &str); 2] = [
    ("WATERBEAR_PUBLIC_URL", "https://waterbear.shop.example"),
    ("WATERBEAR_SECRET_KEY", "0123456789abcdef0123456789abcdef"),
];

#[test]
fn a_form_from_elsewhere_or_of_another_session_does_nothing() {
    let server = Server::start();
    let ada = server.signed_in("ada", &["--admin"]);
    let bo = server.signed_in("bo", &["--admin"]);
    let (own, foreign) = (ada.form_token(), bo.form_token());
    let post = |token: Option<&str>, headers: &[(&str, &str)]| {
        let mut request = ada.bare("POST", "/admin/tokens");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut fields = vec![("name", "planted"), ("scope", "admin")];
        fields.extend(token.map(|token| ("csrf", token)));
        ada.send(request.form(&fields)).status
    };
    let same = [("sec-fetch-site", "same-origin")];
    assert_eq!(post(None, &same), 403, "no token");
    assert_eq!(post(Some(""), &same), 403, "an empty token");
    assert_eq!(post(Some(&foreign), &same), 403, "the token of another session");
    assert_eq!(post(Some(&own), &[("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(post(Some(&own), &[("sec-fetch-site", "same-site")]), 403);
    assert_eq!(post(Some(&own), &[("origin", "https://evil.example")]), 403);
    assert_eq!(post(Some(&own), &[("origin", "null")]), 403);
    assert_eq!(post(Some(&own), &[]), 403, "nothing that says where it comes from");
    assert!(!server.get("/api/v1/tokens").text().contains("planted"));
    assert_eq!(post(Some(&own), &[("origin", server.base())]), 201);
    assert!(server.get("/api/v1/tokens").text().contains("planted"));
}

#[test]
fn a_cookie_writes_over_the_api_only_from_our_own_pages() {
    let server = Server::with_checkout();
    let ada = server.signed_in("ada", &["--role", "owner"]);
    let drill = |headers: &[(&str, &str)]| {
        let mut request = ada.bare("POST", "/api/v1/drills");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        ada.send(request.json(&passed("checkout", "dns"))).status
    };
    assert_eq!(drill(&[]), 403);
    assert_eq!(drill(&[("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(drill(&[("x-csrf-token", "guessed")]), 403);
    let token = ada.form_token();
    assert_eq!(drill(&[("x-csrf-token", &token)]), 201);
    assert!(matches!(drill(&[("sec-fetch-site", "same-origin")]), 200 | 201));
}

#[test]
fn signing_in_leads_to_our_own_pages_only() {
    let server = Server::start();
    let password = server.new_person("ada", &[]);
    for next in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/a\r\nx: y",
        "javascript:alert(1)",
        "/%0d%0a",
    ] {
        let reply = Visitor::of(&server).sign_in_to("ada", &password, next).expect(303);
        let to = reply.header("location");
        assert!(to == "/" || to == "/%0d%0a", "{next} led to {to}");
    }
    let forged = Visitor::of(&server);
    let request = forged.bare("POST", "/sign-in").header("sec-fetch-site", "cross-site");
    let reply = forged.send(request.form(&[("login", "ada"), ("password", password.as_str())]));
    assert_eq!((reply.status, forged.cookie().as_str()), (403, ""), "nobody is signed in from another site");
}

#[test]
fn where_reading_takes_signing_in_nothing_is_read_without() {
    let server = Setup::default().env("WATERBEAR_READING", "signed_in").start();
    server.import(harness::SMALL_CATALOG);
    let stranger = Visitor::of(&server);
    for page in ["/", "/services/checkout", "/help", "/search?q=checkout", "/flows", "/api/docs"] {
        let reply = stranger.get(page).expect(303);
        assert!(reply.header("location").starts_with("/sign-in"), "{page}: {}", reply.header("location"));
        assert!(!reply.text().contains("checkout"));
    }
    for path in [
        "/api/v1/services",
        "/feed.atom",
        "/services/checkout/drills.ics",
        "/certificates.ics",
        "/metrics",
        "/api/v1/services/nowhere",
    ] {
        stranger.get(path).problem(401, "unauthenticated");
    }
    for path in ["/healthz", "/readyz", "/sign-in", "/.well-known/jwks.json", "/api/openapi.json"] {
        let _ = stranger.get(path).expect(200);
    }
    let reader = server.new_token("reader", &["read"]);
    let _ = server.send(server.request_as(&reader, "GET", "/api/v1/services/checkout")).expect(200);
    let ada = server.signed_in("ada", &[]);
    let page = ada.get("/services/checkout").expect(200);
    assert!(page.header("cache-control").contains("private"), "{}", page.header("cache-control"));
    let _ = ada.get("/api/v1/services").expect(200);
    // What ada read is kept for nobody.
    let _ = stranger.get("/services/checkout").expect(303);
}

#[test]
fn a_name_that_is_not_ours_is_refused_in_host() {
    let server =
        Setup::default().env(BEYOND[0].0, BEYOND[0].1).env("WATERBEAR_HOSTS", "waterbear.internal").start();
    let ask = |host: &str, path: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        raw_request(server.address(), &head, std::iter::empty()).status
    };
    for host in [
        "waterbear.shop.example",
        "WATERBEAR.shop.example:443",
        "waterbear.internal",
        "localhost",
        "127.0.0.1:1",
    ] {
        assert_eq!(ask(host, "/sign-in"), 200, "{host}");
    }
    for host in ["evil.example", "waterbear.shop.example.evil.example", "localhost.evil.example"] {
        assert_eq!(ask(host, "/sign-in"), 421, "{host}");
        assert_eq!(ask(host, "/healthz"), 200, "{host}");
    }
    let reply = server.get("/api/v1/services");
    assert_eq!(reply.header("strict-transport-security"), "max-age=31536000");
    let ada = Visitor::of(&server);
    let password = server.new_person("ada", &["--role", "owner"]);
    let given = ada.sign_in("ada", &password).expect(303).header("set-cookie");
    assert!(given.starts_with("__Host-waterbear=") && given.contains("; Secure"), "{given}");
    let request = ada.bare("POST", "/api/v1/drills").header("origin", "https://waterbear.shop.example");
    // From the public address, though the proxy calls it by another name.
    ada.send(request.json(&json!({}))).problem(422, "invalid");
}

#[test]
fn a_server_that_others_can_reach_starts_only_when_it_is_safe() {
    let server = Server::start();
    server.kill();
    let refused = |env: &[(&str, &str)]| {
        let env: Vec<(String, String)> =
            env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let args = ["serve", "--listen", "0.0.0.0:0", "--database", server.database().url()];
        let out = harness::run(server.dir(), &env, &args);
        assert_eq!(out.code, 1, "{}{}", out.out, out.err);
        out.err
    };
    let said = refused(&[]);
    for cure in ["server.public_url", "server.secret_key", "waterbear user create"] {
        assert!(said.contains(cure), "{said}");
    }
    let said = refused(&BEYOND);
    assert!(said.contains("waterbear user create") && !said.contains("server.public_url:"), "{said}");
    let said = refused(&[("WATERBEAR_PUBLIC_URL", "http://waterbear.shop.example"), BEYOND[1]]);
    assert!(said.contains("server.public_url:"), "{said}");
}
