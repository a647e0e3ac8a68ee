//! Bodies made to hurt: too large, too deep, too clever. Refused with a reason, memory flat.

use std::fmt::Write as _;
use std::io::Write as _;

use harness::{Server, passed, raw_request};

/// Memory may rise by this much while something hostile is refused, in kB.
const FLAT_KB: u64 = 60_000;

/// A head for `POST path` of this media type and length (chunked when none).
fn head(server: &Server, path: &str, media: &str, length: Option<u64>) -> String {
    let framing = match length {
        Some(n) => format!("Content-Length: {n}"),
        None => "Transfer-Encoding: chunked".to_owned(),
    };
    format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: {media}\r\n{framing}",
        server.address(),
        server.token()
    )
}

/// 100 MB of one JSON string, in pieces of 64 kB.
fn hundred_megabytes(chunked: bool) -> impl Iterator<Item = Vec<u8>> {
    let piece = move |inner: Vec<u8>| {
        if chunked {
            let mut framed = format!("{:x}\r\n", inner.len()).into_bytes();
            framed.extend(inner);
            framed.extend(b"\r\n");
            framed
        } else {
            inner
        }
    };
    let start = std::iter::once(b"{\"experiment\": {\"title\": \"".to_vec());
    start.chain((0..1600).map(|_| vec![b'x'; 65_536])).map(piece)
}

fn peak_rise(server: &Server, work: impl FnOnce()) -> u64 {
    // Warm: what any first request of this kind needs is not counted.
    let _ = server.post_drill(&passed("checkout", "dns"));
    let _ = server.post_bytes("/api/v1/ingest/chaostoolkit?service=checkout", "application/json", "{}");
    let before = server.peak_memory_kb();
    assert!(before > 0, "VmHWM cannot be read");
    work();
    // The kernel sums up the peak from counts of each core, so it may seem to fall by some kilobytes.
    server.peak_memory_kb().saturating_sub(before)
}

#[test]
fn a_journal_of_a_hundred_megabytes_is_too_large_and_costs_no_memory() {
    let server = Server::with_checkout();
    let path = "/api/v1/ingest/chaostoolkit?service=checkout";
    for chunked in [false, true] {
        let rise = peak_rise(&server, || {
            let length = (!chunked).then_some(104_857_600);
            let head = head(&server, path, "application/json", length);
            let reply = raw_request(server.address(), &head, hundred_megabytes(chunked));
            assert_eq!(reply.status, 413, "chunked: {chunked}: {}", reply.text);
            assert!(reply.text.contains("too_large"), "{}", reply.text);
        });
        assert!(rise < FLAT_KB, "chunked: {chunked}: memory rose by {rise} kB");
    }
    let _ = server.post_drill(&passed("checkout", "cpu")).expect(201);
}

#[test]
fn billion_laughs_in_yaml_is_refused() {
    let server = Server::with_checkout();
    let mut yaml = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for n in 1..10 {
        let refs = vec![format!("*a{}", n - 1); 10].join(", ");
        let _ = writeln!(yaml, "a{n}: &a{n} [{refs}]");
    }
    yaml.push_str("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: bomb}\nspec: *a9\n");
    let rise = peak_rise(&server, || {
        let reply = server.post_bytes("/api/v1/catalog/import", "application/yaml", yaml);
        let refused = reply.status == 400 || reply.status == 422 || reply.status == 413;
        let reported = reply.status == 200 && reply.json()["problems"][0]["detail"].is_string();
        assert!(refused || reported, "{}: {}", reply.status, reply.text());
    });
    assert!(rise < FLAT_KB, "memory rose by {rise} kB");
    server.get("/api/v1/services/bomb").problem(404, "not_found");
}

#[test]
fn deep_json_yaml_and_xml_are_refused() {
    let server = Server::with_checkout();
    let deep = 200_000;
    let junit = "/api/v1/ingest/junit?service=checkout&kind=rollback&failure=code&environment=staging";
    let xml =
        format!("<testsuites>{}{}</testsuites>", "<testsuite>".repeat(deep), "</testsuite>".repeat(deep));
    let cases = [
        ("/api/v1/drills", "application/json", format!("{}{}", "[".repeat(deep), "]".repeat(deep))),
        (
            "/api/v1/ingest/chaostoolkit",
            "application/json",
            format!("{{\"run\": {}{}}}", "[".repeat(deep), "]".repeat(deep)),
        ),
        (junit, "application/xml", xml),
        (
            "/api/v1/catalog/import",
            "application/yaml",
            format!("spec: {}{}", "[".repeat(deep), "]".repeat(deep)),
        ),
        ("/api/v1/catalog/import", "application/yaml", "- ".repeat(deep)),
    ];
    let rise = peak_rise(&server, || {
        for (path, media, body) in cases {
            let reply = server.post_bytes(path, media, body);
            let refused = matches!(reply.status, 400 | 413 | 422);
            let reported = reply.status == 200 && reply.json()["problems"][0]["detail"].is_string();
            assert!(refused || reported, "{path}: {}: {}", reply.status, reply.text());
        }
    });
    assert!(rise < FLAT_KB, "memory rose by {rise} kB");
}

#[test]
fn entities_in_xml_are_never_expanded() {
    let server = Server::with_checkout();
    let mut dtd = String::from("<!ENTITY a0 \"lol\">");
    for n in 1..10 {
        let _ = write!(dtd, "<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10));
    }
    let xml = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE x [{dtd}<!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
         <testsuite><testcase name=\"a\"><failure message=\"x\">&a9;&f;</failure></testcase></testsuite>"
    );
    let junit = "/api/v1/ingest/junit?service=checkout&kind=rollback&failure=code&environment=staging";
    let rise = peak_rise(&server, || {
        let reply = server.post_bytes(junit, "application/xml", xml);
        assert!(matches!(reply.status, 201 | 400 | 422), "{}: {}", reply.status, reply.text());
        assert!(!reply.text().contains("root:"), "{}", reply.text());
    });
    assert!(rise < FLAT_KB, "memory rose by {rise} kB");
}

#[test]
fn a_compressed_body_cannot_explode() {
    let server = Server::with_checkout();
    // One megabyte of stored-block gzip would be honest; a bomb is refused by its encoding or by its size.
    let rise = peak_rise(&server, || {
        let request = server.request("POST", "/api/v1/drills").header("content-type", "application/json");
        let reply = server.send(request.header("content-encoding", "gzip").body(gzip_of_zeros()));
        assert!(matches!(reply.status, 400 | 413 | 415 | 422), "{}: {}", reply.status, reply.text());
    });
    assert!(rise < FLAT_KB, "memory rose by {rise} kB");
}

/// 200 MB of spaces, as the system's gzip packs them.
fn gzip_of_zeros() -> Vec<u8> {
    let script = "head -c 209715200 /dev/zero | tr '\\0' ' ' | gzip -9";
    let out = std::process::Command::new("sh").args(["-c", script]).output().unwrap();
    assert!(out.stdout.len() > 100_000, "gzip did not run");
    out.stdout
}

#[test]
fn many_small_fields_are_no_way_in_either() {
    let server = Server::with_checkout();
    let mut body = passed("checkout", "dns").to_string();
    body.truncate(body.len() - 1);
    for n in 0..100_000 {
        let _ = write!(body, ",\"f{n}\":1");
    }
    body.push('}');
    let reply = server.post_bytes("/api/v1/drills", "application/json", body);
    reply.problem(422, "invalid");
    assert!(reply.text().len() < 200_000, "the answer is {} bytes long", reply.text().len());
}

#[test]
fn a_slow_sender_holds_nobody_up() {
    let server = Server::with_checkout();
    let head = head(&server, "/api/v1/drills", "application/json", Some(1_000));
    let mut slow: Vec<_> = (0..32).map(|_| harness::connect(server.address())).collect();
    for stream in &mut slow {
        stream.write_all(format!("{head}\r\n\r\n{{").as_bytes()).unwrap();
    }
    let started = std::time::Instant::now();
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn the_limit_of_a_body_is_a_setting() {
    let server = harness::Setup::default().env("WATERBEAR_MAX_BODY_MIB", "1").start();
    server.import(harness::SMALL_CATALOG);
    let mut body = passed("checkout", "dns");
    body["hypothesis"] = harness::json!("x".repeat(2 * 1024 * 1024));
    let problem = server.post_drill(&body).problem(413, "too_large");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains('1')), "the limit is named: {problem:#}");
}
