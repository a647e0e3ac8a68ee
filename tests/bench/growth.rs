//! How fast the pages of a large installation are: the latencies of each, as one reader and as four at once see them.
//!
//! Started by `tests/bench/growth`: `BASE ROUNDS SERVICES TEAMS`.

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
/// Readers at once in the second column.
const READERS: usize = 4;

struct Load {
    base: String,
    rounds: usize,
    services: usize,
    teams: usize,
    then: String,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [base, rounds, services, teams] = args.as_slice() else {
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
    };
    let client = client();
    let began = Instant::now();
    ask(&client, &format!("{base}/"));
    println!("first view of Home after the start: {:.0} ms", millis(began.elapsed()));
    println!(
        "{:<24} {:>9} {:>8} {:>8} {:>8}   {READERS} readers: {:>8} {:>8}",
        "ms", "bytes", "p50", "p99", "max", "p50", "p99"
    );
    for (name, path) in PATHS {
        let bytes = ask(&client, &load.url(path, 1));
        let alone = load.run(path, 0, load.rounds);
        let shared: Vec<Duration> = std::thread::scope(|scope| {
            let share = load.rounds.div_ceil(READERS);
            let load = &load;
            let all: Vec<_> =
                (1..=READERS).map(|n| scope.spawn(move || load.run(path, n * 1_009, share))).collect();
            all.into_iter().flat_map(|t| t.join().unwrap_or_default()).collect()
        });
        let (alone, shared) = (sorted(alone), sorted(shared));
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

impl Load {
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
