//! Running it: health, metrics, logs, shutdown, backup, refusals at start.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Bare, Database, Server, Setup, Value, json, passed, run};

#[test]
fn health_and_readiness_answer_without_a_credential() {
    let server = Server::start();
    for path in ["/healthz", "/readyz"] {
        let reply = server.send(server.request_as("", "GET", path));
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
}

#[test]
fn the_binary_checks_its_own_health() {
    let server = Server::start();
    let env = |address: &str| vec![("WATERBEAR_LISTEN".to_owned(), address.to_owned())];
    let _ = run(server.dir(), &env(server.address()), &["healthcheck"]).ok();
    assert_eq!(run(server.dir(), &env("127.0.0.1:1"), &["healthcheck"]).code, 1);
}

#[test]
fn metrics_are_clean() {
    let server = Server::with_checkout();
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let _ = server.get("/api/v1/services/nobody");
    let reply = server.send(server.request_as("", "GET", "/metrics")).expect(200);
    let text = reply.text();
    assert!(text.contains("# TYPE ") && text.lines().any(|l| l.starts_with("waterbear_")), "{text}");
    assert!(
        !text.contains("checkout") && !text.contains("nobody"),
        "no name of a service is a label value: {text}"
    );
    let promtool = std::env::var("WATERBEAR_PROMTOOL").unwrap_or_else(|_| "promtool".to_owned());
    let child = Command::new(&promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        assert!(std::env::var("CI").is_err(), "CI must have promtool");
        eprintln!("SKIPPED: promtool is not installed, metrics were not checked");
        return;
    };
    // promtool knows the classic text format: its end marker is OpenMetrics' own.
    let classic = text.replace("# EOF\n", "");
    child.stdin.take().unwrap().write_all(classic.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && said.trim().is_empty(), "{said}\n{text}");
}

#[test]
fn every_answer_has_a_request_id_that_stands_in_the_log() {
    let server = Server::with_checkout();
    let reply = server.get("/api/v1/services/nobody");
    let problem = reply.problem(404, "not_found");
    let id = problem["request_id"].as_str().unwrap_or_default();
    assert_eq!(reply.header("x-request-id"), id);
    assert!(server.log().contains(id), "{}", server.log());
    let named = server.send(server.request("GET", "/healthz").header("x-request-id", "from-my-proxy-17"));
    assert_eq!(named.header("x-request-id"), "from-my-proxy-17");
    let forged = server.send(server.request("GET", "/healthz").header("x-request-id", "x".repeat(5000)));
    assert!(forged.header("x-request-id").len() < 200, "a foreign id is bounded");
}

#[test]
fn logs_can_be_json_and_hold_no_secret() {
    let server = Setup::default().env("WATERBEAR_LOG_FORMAT", "json").start();
    server.import(harness::SMALL_CATALOG);
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let log = server.log();
    assert!(log.lines().count() > 1, "{log}");
    for line in log.lines() {
        let parsed: Result<Value, _> = line.parse();
        assert!(parsed.is_ok(), "not JSON: {line}");
    }
    assert!(!log.contains(server.token()));
}

#[test]
fn a_write_in_flight_finishes_before_the_server_ends() {
    let server = Server::with_checkout();
    let body = passed("checkout", "dns").to_string();
    let mut stream = harness::connect(server.address());
    let (first, second) = body.as_bytes().split_at(body.len() / 2);
    let head = format!(
        "POST /api/v1/drills HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        server.address(),
        server.token(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first).unwrap();
    stream.flush().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    server.ask_to_end();
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(second).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let status = server.wait_for_end(Duration::from_secs(20));
    assert_eq!(status.code(), Some(0), "{status}");
    let mut server = server;
    server.restart();
    assert_eq!(server.json("/api/v1/services/checkout/drills")["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_server_that_is_told_to_stop_the_moment_it_listens_ends_well() {
    let mut server = Server::start();
    for _ in 0..4 {
        server.restart();
        server.ask_to_end();
        assert_eq!(server.wait_for_end(Duration::from_secs(15)).code(), Some(0));
    }
}

#[test]
fn an_idle_server_ends_at_once_when_asked() {
    let server = Server::start();
    let _ = server.get("/healthz").expect(200);
    let started = Instant::now();
    server.ask_to_end();
    assert_eq!(server.wait_for_end(Duration::from_secs(15)).code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn a_backup_taken_while_posting_is_whole() {
    let server = Setup::default().on_sqlite().start();
    server.import(harness::SMALL_CATALOG);
    let file = server.dir().join("backup.db");
    let acknowledged = std::thread::scope(|scope| {
        let poster = scope.spawn(|| {
            (0..60)
                .filter(|n| {
                    let mut body = passed("checkout", "dns");
                    body["external_id"] = json!(format!("b-{n}"));
                    server.post_drill(&body).status == 201
                })
                .count()
        });
        std::thread::sleep(Duration::from_millis(150));
        let _ = server.cli(&["backup", &file.display().to_string()]).ok();
        poster.join().unwrap()
    });
    assert_eq!(acknowledged, 60, "posting went on during the backup");
    let copy = Database::in_file(&file);
    assert_eq!(copy.query("SELECT integrity_check AS text FROM pragma_integrity_check"), "ok\n");
    assert_eq!(copy.query("SELECT \"table\" AS text FROM pragma_foreign_key_check"), "");
    let again = server.cli(&["backup", &file.display().to_string()]);
    assert_eq!(again.code, 1, "an existing file is not overwritten: {}", again.out);
}

#[test]
fn a_backup_serves_what_was_backed_up() {
    let server = Setup::default().on_sqlite().start();
    server.import(harness::SMALL_CATALOG);
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let file = server.dir().join("backup.db").display().to_string();
    let _ = server.cli(&["backup", &file]).ok();
    let score = server.scorecard("checkout")["score"].clone();
    let _ = server.post_drill(&passed("checkout", "cpu")).expect(201);
    server.kill();
    let url = format!("sqlite:{file}");
    let grade = run(server.dir(), &[], &["grade", "--json", "--database", &url]).ok().json();
    assert_eq!((&grade["services"], &grade["changed"]), (&json!(1), &json!(0)), "{grade:#}");
    let card =
        run(server.dir(), &[], &["grade", "--service", "checkout", "--json", "--database", &url]).ok().json();
    assert_eq!(card["score"], score, "as of the backup, not later");
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    let database = Database::fresh(dir.path());
    let _ = run(dir.path(), &[], &["migrate", "--database", database.url()]).ok();
    database.execute("INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('20991231000000', CURRENT_TIMESTAMP)");
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["grade"]] {
        let mut args = command.to_vec();
        args.extend(["--database", database.url()]);
        let out = run(dir.path(), &[], &args);
        assert_eq!(out.code, 1, "{command:?}: {}{}", out.out, out.err);
        assert!(out.err.contains("newer"), "{command:?}: {}", out.err);
    }
}

#[test]
fn configuration_errors_are_told_all_at_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("waterbear.toml");
    std::fs::write(
        &file,
        "[server]\nlisten = \"nowhere\"\nmax_body_mib = 0\nlissten = 1\n[grading]\nschedule = \"at noon\"\n\
         time_zone = \"Mars/Olympus\"\n[databse]\nurl = \"x\"\n",
    )
    .unwrap();
    let out = run(dir.path(), &[], &["serve", "--config", &file.display().to_string()]);
    assert_eq!(out.code, 1, "{}{}", out.out, out.err);
    for named in [
        "server.listen",
        "server.max_body_mib",
        "server.lissten",
        "grading.schedule",
        "grading.time_zone",
        "databse",
    ] {
        assert!(out.err.contains(named), "{named} is not named in:\n{}", out.err);
    }
    assert!(out.err.contains("`database`") && out.err.contains("`listen`"), "suggestions: {}", out.err);
}

#[test]
fn serve_with_no_configuration_at_all_works() {
    let dir = tempfile::TempDir::new().unwrap();
    let server = Bare::start(dir.path(), &["serve"], Duration::from_secs(30));
    let body = fetch(&server, "/api/v1/services");
    assert!(dir.path().join("data/waterbear.db").exists());
    assert!(body.contains("\"items\":[]"), "nothing is made up: {body}");
    let ready = server.lines.iter().filter(|l| l.contains("listening on http://")).count();
    assert_eq!(ready, 1, "{:?}", server.lines);
}

fn fetch(server: &Bare, path: &str) -> String {
    let reply = reqwest::blocking::get(format!("{}{path}", server.base)).unwrap();
    assert_eq!(reply.status(), 200, "{path}");
    reply.text().unwrap()
}

#[test]
fn the_demo_fills_itself_and_prints_a_ready_command() {
    let dir = tempfile::TempDir::new().unwrap();
    let server = Bare::start(dir.path(), &["demo"], Duration::from_mins(3));
    let first: Value = fetch(&server, "/api/v1/services?limit=500").parse().unwrap();
    let services: Vec<&Value> = first["items"].as_array().into_iter().flatten().collect();
    assert_eq!(services.len(), 200);
    let grades: BTreeSet<&str> = services.iter().filter_map(|s| s["grade"].as_str()).collect();
    assert!(grades.len() >= 5, "a believable spread: {grades:?}");
    assert!(fetch(&server, "/").contains("<main"));
    let printed = server.lines.join("\n");
    assert!(printed.contains("curl ") && printed.contains("Bearer wb_"), "{printed}");
    assert!(!dir.path().join("data").exists(), "the demo leaves nothing where serve would look");
}

#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let server = Setup::default().on_sqlite().start();
    let out =
        run(server.dir(), &[], &["serve", "--listen", "127.0.0.1:0", "--database", server.database().url()]);
    assert_eq!(out.code, 1, "{}{}", out.out, out.err);
    assert!(!out.err.contains("panicked"), "{}", out.err);
}

#[test]
fn a_port_in_use_is_told_plainly() {
    let server = Server::start();
    let dir = tempfile::TempDir::new().unwrap();
    let out = run(dir.path(), &[], &["serve", "--listen", server.address()]);
    assert_eq!(out.code, 1, "{}{}", out.out, out.err);
    assert!(out.err.contains(server.address()), "{}", out.err);
}

#[test]
fn a_database_that_is_away_is_told_as_unavailable_and_comes_back() {
    let Ok(postgres) = std::env::var("WATERBEAR_TEST_PG") else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set; an embedded database does not go away");
        return;
    };
    let server = Server::with_checkout();
    let name = server.database().url().rsplit('/').next().unwrap_or_default().to_owned();
    harness::psql(&postgres, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    let cut =
        format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'");
    harness::psql(&postgres, &cut);

    let reply = server.post_drill(&passed("checkout", "dns"));
    reply.problem(503, "unavailable");
    let wait: u64 = reply.header("retry-after").parse().unwrap_or(0);
    assert!(wait > 0, "Retry-After: {:?}", reply.header("retry-after"));
    assert_eq!(server.get("/readyz").status, 503);
    assert_eq!(server.get("/healthz").status, 200, "the process itself is well: a restart would not help");
    assert_eq!(server.get("/services/checkout").status, 503);

    harness::psql(&postgres, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    let started = Instant::now();
    while server.get("/readyz").status != 200 {
        assert!(started.elapsed() < Duration::from_secs(30), "it did not come back");
        std::thread::sleep(Duration::from_millis(200));
    }
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
}
