//! Sources of telemetry: asked, kept while they are away, refused where they lead to the wrong place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use harness::{Asked, Prometheus, Server, Setup, Stub, Told, Value, json, sample};

/// A name of the secret that must show nowhere.
const SECRET: &str = "hunter2-of-prometheus";

/// Settings of sources on loopback, each with its address and more lines.
fn settings(sources: &[(&str, &str, &str)]) -> String {
    let one = |(name, url, more): &(&str, &str, &str)| {
        format!(
            "[sources.{name}]\nurl = \"{url}\"\ninterval_seconds = 5\ninstance = \"service_instance_id\"\n\
             match = 'service=\"{{service}}\"'\n{more}\n"
        )
    };
    sources.iter().map(one).collect()
}

const LOOPBACK: &str = "private_networks = [\"127.0.0.0/8\"]";

fn server(sources: &[(&str, &str, &str)]) -> Server {
    let server =
        Setup::default().file("waterbear.toml", &settings(sources)).env("PROMETHEUS_SECRET", SECRET).start();
    server.import(harness::SMALL_CATALOG);
    server
}

/// Answers as a Prometheus that knows `checkout`.
fn knows_checkout(asked: &Asked) -> Told {
    let body = match asked.path.as_str() {
        "/api/v1/status/buildinfo" => sample("prometheus/buildinfo.json"),
        "/api/v1/query_range" if !asked.body.contains("service=\"checkout\"") => {
            sample("prometheus/range-empty.json")
        }
        "/api/v1/query_range" if asked.body.contains("_bucket") => {
            sample("prometheus/range-classic-buckets.json")
        }
        "/api/v1/query_range" => sample("prometheus/range-empty.json"),
        _ => return Told::new(404, sample("prometheus/error-404.txt")),
    };
    Told::new(200, body)
}

/// Asks until `good` says so.
#[track_caller]
fn until(server: &Server, path: &str, good: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let found = server.json(path);
        if good(&found) {
            return found;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{path} stays {found:#}\n{}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn source<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list["items"].as_array().into_iter().flatten().find(|s| s["name"] == name);
    found.unwrap_or_else(|| panic!("no source {name} in {list:#}"))
}

const TELEMETRY: &str = "/api/v1/services/checkout/telemetry";

#[test]
fn a_source_is_asked_and_the_bad_instance_is_named() {
    let stub = Stub::start(knows_checkout);
    let more = format!(
        "{LOOPBACK}\nusername = \"ada\"\npassword_env = \"PROMETHEUS_SECRET\"\nheader_name = \"X-Scope-OrgID\"\n\
         header_value = \"shop\""
    );
    let server = server(&[("eu", stub.base(), &more)]);
    let told = until(&server, TELEMETRY, |t| t["items"][0]["collected_at"].is_string());
    let told = &told["items"][0];
    assert_eq!(told["worst_instance"]["name"], "s-3", "{told:#}");
    assert_eq!(told["profile"]["hosts"], 5);
    assert_eq!(told["instances"].as_array().map(Vec::len), Some(5));
    let list = until(&server, "/api/v1/sources", |l| source(l, "eu")["state"] == "healthy");
    let eu = source(&list, "eu");
    assert_eq!((&eu["services"], &eu["version"]), (&1.into(), &"2.42.0+ds".into()), "{eu:#}");
    assert!(eu["next_try_at"].is_string() && eu["error"].is_null(), "{eu:#}");

    let asked = stub.asked();
    let query = asked.iter().find(|a| a.body.contains("_bucket")).unwrap();
    assert_eq!((query.method.as_str(), query.header("x-scope-orgid")), ("POST", "shop"));
    assert!(query.header("authorization").starts_with("Basic "), "{query:?}");
    assert!(query.body.contains("service=\"checkout\"") && query.body.contains("&step=3600"), "{query:?}");
    let page = server.get("/sources").expect(200).text();
    assert!(page.contains("s-3") && page.contains("stands out") && page.contains("healthy"), "{page}");
    // Nothing that was needed to get in is told to anybody, nor written down.
    for text in [list.to_string(), page, server.log(), server.database().dump()] {
        assert!(!text.contains(SECRET) && !text.contains("YWRhOmh1bnRlcj"), "{text}");
    }
}

#[test]
fn a_source_that_is_away_costs_nothing_and_is_noticed_when_it_is_back() {
    let status = Arc::new(AtomicU16::new(200));
    let now = Arc::clone(&status);
    let stub = Stub::start(move |asked| match now.load(Ordering::SeqCst) {
        200 => knows_checkout(asked),
        other => Told::new(other, "<html>Bad Gateway</html>"),
    });
    let mut server = server(&[("eu", stub.base(), LOOPBACK)]);
    let before = until(&server, TELEMETRY, |t| t["items"][0]["collected_at"].is_string());
    status.store(502, Ordering::SeqCst);
    let list = until(&server, "/api/v1/sources", |l| source(l, "eu")["state"] == "away");
    let eu = source(&list, "eu");
    assert!(eu["error"].as_str().is_some_and(|e| e.contains("502")), "{eu:#}");
    assert!(eu["away_since"].is_string() && eu["last_success_at"].is_string(), "{eu:#}");
    // The same process or another one after it: what was said last is kept.
    server.restart();
    let kept = server.json(TELEMETRY);
    for field in ["profile", "worst_instance"] {
        assert_eq!(kept["items"][0][field], before["items"][0][field]);
    }
    let page = server.get("/sources").expect(200).text();
    assert!(page.contains("Away since") && page.contains("502") && page.contains("s-3"), "{page}");
    status.store(200, Ordering::SeqCst);
    let list = until(&server, "/api/v1/sources", |l| source(l, "eu")["state"] == "healthy");
    assert_eq!(source(&list, "eu")["failures"], 0);
    assert!(source(&list, "eu")["away_since"].is_null());
}

/// A source that answers in one wrong way.
fn wrong(tell: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Stub {
    Stub::start(move |asked| match asked.path.as_str() {
        "/api/v1/status/buildinfo" => Told::new(404, "404 page not found"),
        "/api/v1/query" => Told::new(200, sample("prometheus/instant-scalar.json")),
        _ => tell(asked),
    })
}

#[test]
fn every_way_to_fail_is_told_in_words_and_harms_nothing_else() {
    let good = Stub::start(knows_checkout);
    let slow = wrong(|_| Told { pause: Duration::from_secs(8), ..Told::new(200, "late") });
    let huge = wrong(|_| Told::new(200, vec![b' '; 3 << 20]));
    let elsewhere = good.base().to_owned();
    let moved =
        wrong(move |a| Told { header: format!("Location: {elsewhere}{}\r\n", a.path), ..Told::new(307, "") });
    let bad_query = wrong(|_| Told::new(400, sample("prometheus/error-bad-data.json")));
    let no_entry = Stub::start(|_| Told::new(401, "who are you"));
    let page = Stub::start(|_| Told::new(200, "<html>Sign in</html>"));
    let named = good.base().replace("127.0.0.1", "localhost");
    let allowed = |more: &str| format!("{LOOPBACK}\ntimeout_seconds = 1\nmax_answer_mib = 1\n{more}");
    let usual = allowed("");
    let server = server(&[
        ("good", good.base(), &usual),
        ("slow", slow.base(), &usual),
        ("huge", huge.base(), &usual),
        ("moved", moved.base(), &usual),
        ("bad-query", bad_query.base(), &usual),
        ("no-entry", no_entry.base(), &usual),
        ("page", page.base(), &usual),
        ("nobody", "http://127.0.0.1:9", &usual),
        ("no-name", "http://no-such-host.invalid", &usual),
        ("literal", good.base(), ""),
        ("by-name", &named, ""),
        ("metadata", "http://169.254.169.254/latest", LOOPBACK),
        ("mapped", "http://[::ffff:10.0.0.1]:9090", LOOPBACK),
    ]);
    // The first turn may have come before there was any service to ask about.
    let all = until(&server, "/api/v1/sources", |l| {
        let tried = l["items"].as_array().is_some_and(|all| all.iter().all(|s| s["last_try_at"].is_string()));
        tried && source(l, "moved")["state"] == "away"
    });
    for (name, said) in [
        ("moved", "redirect"),
        ("no-entry", "401"),
        ("page", "not how a Prometheus answers"),
        ("nobody", "no answer"),
        ("no-name", "no answer"),
        ("literal", "private_networks"),
        ("by-name", "private_networks"),
        ("metadata", "link-local"),
        ("mapped", "private address"),
    ] {
        let found = source(&all, name);
        assert_eq!(found["state"], "away", "{found:#}");
        assert!(found["error"].as_str().is_some_and(|e| e.contains(said)), "{name}: {found:#}");
    }
    // A query that fails is that service's affair, not the source's.
    let told = until(&server, TELEMETRY, |t| t["items"].as_array().is_some_and(|all| all.len() == 4));
    for (name, said) in [("slow", "within 1 s"), ("huge", "larger than 1 MiB"), ("bad-query", "parenthesis")]
    {
        assert_eq!(source(&all, name)["state"], "healthy", "{name}");
        let of = told["items"].as_array().into_iter().flatten().find(|t| t["source"] == name);
        let error = of.and_then(|t| t["error"].as_str()).unwrap_or_default();
        assert!(error.contains(said), "{name}: {told:#}");
    }
    assert_eq!(source(&all, "good")["state"], "healthy");
    assert!(moved.asked().iter().all(|a| a.path != "/followed"));
    let page = server.get("/sources").expect(200).text();
    assert!(page.contains("private_networks") && page.contains("redirect"), "{page}");
}

#[test]
fn a_source_speaks_tls_with_a_ca_of_ones_own() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], rustls::pki_types::PrivateKeyDer::Pkcs8(key.into()))
        .unwrap();
    let tls = Arc::new(tls);
    let stub = Stub::serve(knows_checkout, move |stream, answer| {
        let Ok(session) = rustls::ServerConnection::new(Arc::clone(&tls)) else { return };
        answer(&mut rustls::StreamOwned::new(session, stream));
    });
    let url = stub.base().replace("http://", "https://");
    let with_ca = format!("{LOOPBACK}\nca_file = \"ca.pem\"");
    let server = Setup::default()
        .file("waterbear.toml", &settings(&[("known", &url, &with_ca), ("unknown", &url, LOOPBACK)]))
        .file("ca.pem", &cert)
        .start();
    let list = until(&server, "/api/v1/sources", |l| {
        l["items"].as_array().is_some_and(|all| all.iter().all(|s| s["last_try_at"].is_string()))
    });
    assert_eq!(source(&list, "known")["state"], "healthy", "{list:#}");
    let unknown = source(&list, "unknown");
    assert!(unknown["error"].as_str().is_some_and(|e| e.contains("certificate")), "{unknown:#}");
}

#[test]
fn several_processes_ask_a_source_once_a_turn() {
    if std::env::var("WATERBEAR_TEST_PG").is_err() {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set, PostgreSQL was not tried");
        return;
    }
    let stub = Stub::start(knows_checkout);
    let setup = || Setup::default().file("waterbear.toml", &settings(&[("eu", stub.base(), LOOPBACK)]));
    let first = setup().start();
    first.import(harness::SMALL_CATALOG);
    let began = Instant::now();
    let _others = [setup().start_beside(&first), setup().start_beside(&first)];
    std::thread::sleep(Duration::from_secs(12));
    let turns = stub.asked().iter().filter(|a| a.path.ends_with("/buildinfo")).count();
    let most = began.elapsed().as_secs() as usize / 5 + 2;
    assert!((2..=most).contains(&turns), "{turns} turns in {:?}", began.elapsed());
}

#[test]
fn wrong_settings_of_a_source_are_told_at_start() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("waterbear.toml");
    std::fs::write(&file, "[sources.eu]\nurl = \"prometheus:9090\"\ntoken = \"x\"\nmetrics = \"odd\"\n")
        .unwrap();
    let out = harness::run(dir.path(), &[], &["serve", "--config", &file.display().to_string()]);
    assert_eq!(out.code, 1, "{}{}", out.out, out.err);
    for named in ["sources.eu.url", "sources.eu.token", "token_env", "sources.eu.metrics", "otel"] {
        assert!(out.err.contains(named), "{named} is not named in:\n{}", out.err);
    }
}

#[test]
fn a_real_prometheus_shows_the_bad_instance_of_five() {
    let Some(prometheus) = Prometheus::start("checkout") else {
        assert!(std::env::var("CI").is_err(), "CI must have prometheus");
        eprintln!("SKIPPED: prometheus is not installed, no real one was asked");
        return;
    };
    let more = "scrape_seconds = 1\nwindow_minutes = 2\n";
    let settings = format!(
        "[sources.toy]\nurl = \"{}\"\ninterval_seconds = 5\n{more}{LOOPBACK}\n[sources.toy.queries]\n\
         clients = \"count(up{{{{match}}}}) - 2\"\n",
        prometheus.base()
    );
    let server = Setup::default().file("waterbear.toml", &settings).start();
    server.import(harness::SMALL_CATALOG);
    let settings =
        json!({"dialect": "d2", "settings": {"degraderProperties": {"degrader.highLatency": "400"}}});
    let _ =
        server.send(server.request("PUT", "/api/v1/services/checkout/degrader").json(&settings)).expect(200);
    let told = until(&server, TELEMETRY, |t| {
        t["items"][0]["worst_instance"].is_object() && t["items"][0]["refused"] == false
    });
    let told = &told["items"][0];
    let worst = &told["worst_instance"];
    assert_eq!(worst["name"], prometheus.bad_instance(), "{told:#}");
    assert!(worst["p99_ms"].as_f64().is_some_and(|ms| (5_000.0..=10_000.0).contains(&ms)), "{worst:#}");
    assert!(worst["error_rate"].as_f64().is_some_and(|rate| (rate - 0.36).abs() < 0.03), "{worst:#}");
    let profile = &told["profile"];
    assert_eq!((&profile["hosts"], &profile["clients"]), (&5.into(), &3.into()), "{profile:#}");
    let qps = profile["qps"].as_f64().unwrap_or_default();
    assert!((qps - 1_000.0).abs() < 120.0, "{qps}");
    assert!(profile["error_rate"].as_f64().is_some_and(|rate| rate < 0.002), "{profile:#}");
    // The degrader of the service knows it too.
    let degrader = server.json("/api/v1/services/checkout/degrader");
    assert_eq!(
        (&degrader["profile_from"], &degrader["observed"]),
        (&"toy".into(), &true.into()),
        "{degrader:#}"
    );
    let bad = degrader["instances"].as_array().into_iter().flatten().filter(|i| i["bad"] == true);
    let bad: Vec<&Value> = bad.map(|i| &i["name"]).collect();
    assert_eq!(bad, [&Value::from(prometheus.bad_instance())], "{degrader:#}");
    let page = server.get("/services/checkout/degrader").expect(200).text();
    assert!(page.contains(prometheus.bad_instance()) && page.contains("stands out"), "{page}");
    let list = server.json("/api/v1/sources");
    assert!(source(&list, "toy")["version"].as_str().is_some_and(|v| v.starts_with(['2', '3'])), "{list:#}");
}
