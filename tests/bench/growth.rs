//! How fast the pages of a large installation are while results arrive: the latencies of each, as one reader and as
//! four at once see them.
//!
//! Started by `tests/bench/growth`: `BASE ROUNDS SERVICES TEAMS TOKEN`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;

/// What is asked for; `{s}` is another service each time, `{t}` another team, `{d}` a division.
const PATHS: &[(&str, &str)] = &[
    ("home", "/"),
    ("scorecard, page", "/services/{s}"),
    ("scorecard, JSON", "/api/v1/services/{s}/scorecard"),
    ("scorecard 60 days ago", "/api/v1/services/{s}/scorecard?as_of={then}"),
    ("services, page", "/services"),
    ("services by score", "/api/v1/services"),
    ("services by change", "/api/v1/services?sort=changed"),
    ("services by name", "/api/v1/services?sort=name"),
    ("services of a tier", "/api/v1/services?tier=2&sort=score"),
    ("services of a grade", "/api/v1/services?grade=F"),
    ("services, searched", "/api/v1/services?q=vice-{n}"),
    ("services of a division", "/api/v1/services?team={d}"),
    ("teams, page", "/teams"),
    ("team, page", "/teams/{t}"),
    ("division, page", "/teams/{d}"),
    ("rollup by team", "/api/v1/rollups?by=team"),
    ("rollup by tier", "/api/v1/rollups?by=tier"),
    ("teams ranked, page", "/leaderboards/improved"),
    ("teams ranked, JSON", "/api/v1/leaderboards/score"),
    ("services ranked, page", "/leaderboards/improved?by=service"),
    ("services ranked, JSON", "/api/v1/leaderboards/score?by=service"),
    ("rules, page", "/rules"),
    ("drills, page", "/services/{s}/drills"),
    ("drills, JSON", "/api/v1/services/{s}/drills"),
    ("history, JSON", "/api/v1/services/{s}/history"),
    ("activity, page", "/activity"),
    ("feed of all", "/feed.atom"),
    ("feed of a team", "/teams/{t}/feed.atom"),
    ("events of a service", "/api/v1/services/{s}/events"),
    ("a misspelt service", "/api/v1/services/servce-{n}"),
    ("metrics", "/metrics"),
];
/// Between two results that are sent meanwhile: no answer stays good for long.
const SEND: Duration = Duration::from_millis(20);
/// Readers at once in the second column.
const READERS: usize = 4;

struct Load {
    base: String,
    rounds: usize,
    services: usize,
    teams: usize,
    then: String,
    token: String,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [base, rounds, services, teams, token] = args.as_slice() else {
        println!("started by tests/bench/growth");
        return;
    };
    let number = |text: &String| text.parse::<usize>().unwrap_or_else(|e| panic!("{text}: {e}"));
    let then = chrono::Utc::now() - chrono::Duration::days(60);
    let load = Load {
        base: base.clone(),
        rounds: number(rounds),
        services: number(services),
        teams: number(teams),
        then: then.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        token: token.clone(),
    };
    let client = client();
    let began = Instant::now();
    ask(&client, &format!("{base}/"));
    println!("first view of Home after the start: {:.0} ms", millis(began.elapsed()));
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| load.send(&ended));
        load.measure(&client);
        ended.store(true, Ordering::SeqCst);
    });
}

impl Load {
    fn measure(&self, client: &Client) {
        println!(
            "{:<24} {:>9} {:>8} {:>8} {:>8}   {READERS} readers: {:>8} {:>8}",
            "ms", "bytes", "p50", "p99", "max", "p50", "p99"
        );
        for (name, path) in PATHS {
            let bytes = ask(client, &self.url(path, 1));
            let alone = sorted(self.run(path, 0, self.rounds));
            let shared: Vec<Duration> = std::thread::scope(|scope| {
                let share = self.rounds.div_ceil(READERS);
                let all: Vec<_> =
                    (1..=READERS).map(|n| scope.spawn(move || self.run(path, n * 1_009, share))).collect();
                all.into_iter().flat_map(|t| t.join().unwrap_or_default()).collect()
            });
            let shared = sorted(shared);
            println!(
                "{name:<24} {bytes:>9} {:>8.1} {:>8.1} {:>8.1}              {:>8.1} {:>8.1}",
                at(&alone, 50),
                at(&alone, 99),
                at(&alone, 100),
                at(&shared, 50),
                at(&shared, 99)
            );
        }
    }

    /// Results of one service after the other, until the measuring has ended.
    fn send(&self, ended: &AtomicBool) {
        let client = client();
        let mut n = 0;
        while !ended.load(Ordering::SeqCst) {
            n += 1;
            let now = chrono::Utc::now();
            let body = serde_json::json!({
                "service": format!("service-{}", n * 104_729 % self.services),
                "kind": "infrastructure", "failure": "dns", "environment": "staging",
                "outcome": if n % 7 == 0 { "failed" } else { "passed" },
                "started_at": (now - chrono::Duration::seconds(60)).to_rfc3339(), "ended_at": now.to_rfc3339(),
            });
            let post = client.post(format!("{}/api/v1/drills", self.base)).bearer_auth(&self.token);
            let reply = post.json(&body).send().unwrap_or_else(|e| panic!("a result: {e}"));
            assert_eq!(reply.status().as_u16(), 201);
            std::thread::sleep(SEND);
        }
    }

    fn url(&self, path: &str, n: usize) -> String {
        // Far apart, so that no request finds what the one before it warmed.
        let n = n * 7_919 + 13;
        let division = self.teams / 100;
        let path = path
            .replace("{s}", &format!("service-{}", n % self.services))
            .replace("{t}", &format!("team-{}", division + n % (self.teams - division)))
            .replace("{d}", &format!("team-{}", n % division))
            .replace("{n}", &(n % self.services).to_string())
            .replace("{then}", &self.then);
        format!("{}{path}", self.base)
    }

    fn run(&self, path: &str, from: usize, rounds: usize) -> Vec<Duration> {
        let client = client();
        ask(&client, &self.url(path, from));
        (from + 1..=from + rounds)
            .map(|n| {
                let url = self.url(path, n);
                let began = Instant::now();
                ask(&client, &url);
                began.elapsed()
            })
            .collect()
    }
}

fn client() -> Client {
    harness::prepare_tls();
    Client::builder().timeout(Duration::from_mins(2)).build().unwrap_or_else(|e| panic!("no client: {e}"))
}

fn ask(client: &Client, url: &str) -> usize {
    let reply = client.get(url).send().unwrap_or_else(|e| panic!("{url}: {e}"));
    let status = reply.status().as_u16();
    assert!(status == 200 || (status == 404 && url.contains("servce")), "{url}: {status}");
    reply.bytes().unwrap_or_else(|e| panic!("{url}: {e}")).len()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn sorted(mut times: Vec<Duration>) -> Vec<f64> {
    times.sort();
    times.into_iter().map(millis).collect()
}

/// The time below which so many percent of the requests were.
fn at(times: &[f64], percent: usize) -> f64 {
    let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
    times.get(rank).copied().unwrap_or_default()
}
