//! Several processes on one PostgreSQL: killed at random under load, they end where one process alone would end.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use harness::{Server, Setup, Value, drill, json, psql};

const SERVICES: usize = 12;
const REPLICAS: usize = 3;
const FAILURES: [&str; 6] = ["dns", "cpu", "memory", "code", "config", "latency"];

/// How long processes are killed; `WATERBEAR_KILL_SECONDS` takes another.
fn seconds() -> u64 {
    std::env::var("WATERBEAR_KILL_SECONDS").ok().and_then(|t| t.parse().ok()).unwrap_or(15)
}

fn setup() -> Setup {
    // Due every few seconds, so that ticks and batches fall into the killing.
    Setup::default().env("WATERBEAR_GRADING_SCHEDULE", "*/5 * * * * *")
}

fn catalog() -> String {
    format!("{}{}", harness::SMALL_CATALOG, harness::many_services(SERVICES))
}

/// The `n`th result of a service: passes and failures over all classes, now and then one that comes late.
fn result(service: usize, n: usize, at: chrono::DateTime<chrono::Utc>) -> Value {
    let outcome = if (n * 7 + service).is_multiple_of(5) { "failed" } else { "passed" };
    let mut body = drill(&format!("svc-{service}"), FAILURES[n % FAILURES.len()], outcome);
    let late = if n % 11 == 10 { 900 } else { 0 };
    let ended = at + chrono::Duration::seconds(n as i64 * 10 - late);
    body["started_at"] = json!(harness::instant(ended - chrono::Duration::seconds(5)));
    body["ended_at"] = json!(harness::instant(ended));
    body["external_id"] = json!(format!("s{service}-{n}"));
    body
}

/// Posts the results of every service in order, each until it is acknowledged; `send` finds a server by itself.
fn post_all(counts: &[usize], at: chrono::DateTime<chrono::Utc>, send: impl Fn(&Value) -> bool + Sync) {
    std::thread::scope(|scope| {
        for (service, count) in counts.iter().enumerate() {
            let send = &send;
            scope.spawn(move || {
                for n in 0..*count {
                    let body = result(service, n, at);
                    while !send(&body) {
                        std::thread::sleep(Duration::from_millis(30));
                    }
                }
            });
        }
    });
}

/// What became of it all: of each service its scorecard, and what was told of it in order.
fn outcome(server: &Server) -> BTreeMap<String, (Value, Vec<(String, String)>)> {
    let mut all: BTreeMap<String, (Value, Vec<(String, String)>)> = BTreeMap::new();
    for n in 0..SERVICES {
        let slug = format!("svc-{n}");
        let mut card = server.scorecard(&slug);
        // The mean of the tier is that of the last run, wherever in the load that fell.
        for practice in card["practices"].as_array_mut().into_iter().flatten() {
            practice["tier_mean"] = Value::Null;
        }
        let shown = json!([card["score"], card["grade"], card["coverage"], card["practices"]]);
        all.insert(slug, (shown, Vec::new()));
    }
    let mut after = 0;
    loop {
        let page = server.json(&format!("/api/v1/events?after={after}&limit=500"));
        let items = page["items"].as_array().cloned().unwrap_or_default();
        for event in &items {
            let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
            after = event["seq"].as_i64().unwrap_or(after);
            if let Some((_, told)) = all.get_mut(&text("service")) {
                told.push((text("kind"), text("sentence")));
            }
        }
        if items.is_empty() {
            return all;
        }
    }
}

struct Fleet {
    replicas: Vec<Mutex<Server>>,
    bases: Vec<Mutex<String>>,
    token: String,
    http: reqwest::blocking::Client,
}

impl Fleet {
    fn send(&self, to: usize, body: &Value) -> bool {
        let base = self.bases[to % REPLICAS].lock().unwrap().clone();
        let request = self.http.post(format!("{base}/api/v1/drills")).bearer_auth(&self.token).json(body);
        match request.send() {
            Ok(reply) => {
                let status = reply.status().as_u16();
                assert!([200, 201, 503].contains(&status), "{status}: {:?}", reply.text());
                status != 503
            }
            Err(_) => false,
        }
    }

    /// Posts one result after the other for a service, each until it is acknowledged, now here, now there; gives
    /// how many.
    fn post_until(&self, stop: &AtomicBool, service: usize, at: chrono::DateTime<chrono::Utc>) -> usize {
        let mut n = 0;
        while !stop.load(Ordering::SeqCst) {
            let body = result(service, n, at);
            let mut to = service + n;
            while !self.send(to, &body) {
                to += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            n += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        n
    }

    /// Kills one process after the other until the time is over; gives how often.
    fn kill_at_random(&self) -> usize {
        let (began, mut kills) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs(seconds()) {
            // Not in step with anything: the pause follows from the number of kills.
            std::thread::sleep(Duration::from_millis(350 + 137 * (kills as u64 * 7 % 5)));
            self.kill_and_restart(kills % REPLICAS);
            kills += 1;
        }
        kills
    }

    fn kill_and_restart(&self, n: usize) {
        let mut server = self.replicas[n].lock().unwrap();
        server.kill();
        server.restart();
        server.base().clone_into(&mut self.bases[n].lock().unwrap());
    }
}

/// Waits until nothing is left to do, and checks that every scheduled run was made once and none failed.
fn settle(survivor: &Server, url: &str) {
    // What a killed process left of a run is finished by another.
    let open = "SELECT count(*) FROM grading_runs WHERE state < 3";
    let patience = Instant::now();
    let _ = survivor.post("/api/v1/grading-runs", &json!({})).expect(202);
    while psql(url, open).trim() != "0" {
        assert!(
            patience.elapsed() < Duration::from_mins(1),
            "runs stay open: {}",
            psql(url, "TABLE run_batches")
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(psql(url, "SELECT count(*) FROM grading_runs WHERE state = 4").trim(), "0", "a run failed");
    let ticks = "SELECT (SELECT count(*) FROM job_runs WHERE job = 'grade_all') - \
                 (SELECT count(*) FROM grading_runs WHERE started_by = 'schedule')";
    assert_eq!(psql(url, ticks).trim(), "0", "each tick of the schedule is one run");
}

#[test]
fn three_processes_killed_under_load_end_where_one_alone_ends() {
    if std::env::var("WATERBEAR_TEST_PG").is_err() {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set, PostgreSQL was not tried");
        return;
    }
    let at = harness::now() - chrono::Duration::hours(12);
    let first = setup().start();
    first.import(&catalog());
    let others = [setup().start_beside(&first), setup().start_beside(&first)];
    let url = first.database().url().to_owned();
    let fleet = Fleet {
        token: first.token().to_owned(),
        bases: std::iter::once(&first).chain(&others).map(|s| Mutex::new(s.base().to_owned())).collect(),
        replicas: std::iter::once(first).chain(others).map(Mutex::new).collect(),
        http: reqwest::blocking::Client::builder().timeout(Duration::from_secs(10)).build().unwrap(),
    };
    let stop = AtomicBool::new(false);
    let (kills, counts) = std::thread::scope(|scope| {
        let (fleet, stop) = (&fleet, &stop);
        let senders: Vec<_> =
            (0..SERVICES).map(|n| scope.spawn(move || fleet.post_until(stop, n, at))).collect();
        let kills = fleet.kill_at_random();
        stop.store(true, Ordering::SeqCst);
        let counts: Vec<usize> = senders.into_iter().map(|s| s.join().unwrap()).collect();
        (kills, counts)
    });
    assert!(kills > 5 && counts.iter().all(|n| *n > 5), "{kills} kills, {counts:?}");
    let survivor = fleet.replicas[0].lock().unwrap();
    settle(&survivor, &url);
    let alone = setup().start();
    alone.import(&catalog());
    post_all(&counts, at, |body| alone.post_drill(body).status == 201);
    let (wanted, found) = (outcome(&alone), outcome(&survivor));
    for (slug, (card, told)) in &wanted {
        assert_eq!(&found[slug].0, card, "{slug} after {kills} kills");
        assert_eq!(&found[slug].1, told, "{slug} after {kills} kills");
    }
    println!("{kills} kills, {} results", counts.iter().sum::<usize>());
}
