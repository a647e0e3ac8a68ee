//! Speed, side by side in one run: what the server does against what its parts could do alone. See `tests/bench/run`.

mod client;
mod ingest;
mod load;
mod place;
mod reads;
mod soak;
mod table;

use std::time::{Duration, Instant};

use harness::json;

use crate::load::{CONNECTIONS, closed, paced, same};
use crate::place::Place;
use crate::table::Table;

/// How long and how much.
#[derive(Clone, Copy)]
struct Size {
    time: Duration,
    catalogs: &'static [usize],
    large: usize,
    idle: usize,
}

const FULL: Size =
    Size { time: Duration::from_secs(8), catalogs: &[1_000, 10_000], large: 100_000, idle: 10_000 };
const QUICK: Size = Size { time: Duration::from_secs(3), catalogs: &[1_000], large: 10_000, idle: 2_000 };

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let database = if std::env::var("WATERBEAR_TEST_PG").is_ok() { "PostgreSQL" } else { "SQLite" };
    let number = |n: usize| args.get(n).and_then(|arg| arg.parse::<f64>().ok());
    if args.first().is_some_and(|arg| arg == "soak") {
        let (minutes, share) = (number(1).unwrap_or(30.0) as u32, number(2).unwrap_or(0.7));
        println!("soak on {database}");
        std::process::exit(i32::from(!soak::run(minutes, share)));
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let size = if quick { QUICK } else { FULL };
    let wanted = |part: &str| {
        let named: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
        named.is_empty() || named.iter().any(|name| *name == part)
    };
    let mut table = Table::new(database);
    if wanted("ingest") {
        for services in size.catalogs {
            drills(&mut table, *services, size);
        }
    }
    if wanted("reads") {
        answers(&mut table, size);
    }
    if wanted("large") {
        large(&mut table, size);
    }
    if wanted("idle") {
        idle(&mut table, size);
    }
    table.print();
}

/// Times that what is compared is measured by turns: whatever else the machine does then hits all of it.
const ROUNDS: usize = 3;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Drill results against the database's own ceiling and against one transaction each.
fn drills(table: &mut Table, services: usize, size: Size) {
    let section = format!("{services} services");
    let mut place = Place::filled(services, true);
    place.stop();
    let copies = [place.copy("one"), place.copy("grouped"), place.copy("bare")];
    let [one, grouped, bare] = copies.each_ref().map(|copy| ingest::app(&copy.url));
    let _ = place.start();
    let token = place.server.token().to_owned();
    let address = place.server.address().to_owned();
    let url = place.server.database().url().to_owned();
    let _ = closed(&address, Duration::from_secs(2), &ingest::posts("warm", &token, services));
    // Of each round: posts, bare rows, one transaction each, shared ones.
    let mut rounds = Vec::new();
    let (mut p50, mut p99, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let run = format!("http{round}");
        let http = closed(&address, size.time, &ingest::posts(&run, &token, services));
        if !http.bad.is_empty() {
            table.note(&section, &format!("other answers: {:?}", http.bad));
        }
        p50.push(http.p50);
        p99.push(http.p99);
        let rows = ingest::Rows::of(&ingest::app(&url), &run);
        sizes.push(rows.group_size());
        let ceiling = rows.write(&bare);
        let alone = ingest::one_by_one(&one, &run, services, size.time);
        let shared = ingest::grouped(&grouped, &run, services, size.time);
        rounds.push([http.rate, ceiling, alone, shared]);
    }
    let of = |n: usize| median(rounds.iter().map(|round| round[n]).collect());
    let against = |n: usize, m: usize| median(rounds.iter().map(|round| round[n] / round[m]).collect());
    let half = paced(&address, size.time, of(0) / 2.0, &ingest::posts("half", &token, services));
    let memory = place.memory();

    table.note(&section, &format!("medians of {ROUNDS} rounds; {:.1} results a transaction", median(sizes)));
    table.fact(&section, "the same rows, bare, in the same transactions", of(1), "results/s");
    table.ratio(&section, "POST /api/v1/drills", of(0), "results/s", against(0, 1), Some(0.6));
    table.fact(&section, "  p50", median(p50), "ms");
    table.fact(&section, "  p99", median(p99), "ms");
    table.fact(&section, "one transaction a result, no HTTP", of(2), "results/s");
    table.ratio(&section, "shared transactions, no HTTP", of(3), "results/s", against(3, 2), Some(5.0));
    let label = "POST against one transaction a result";
    table.ratio(&section, label, of(0), "results/s", against(0, 2), None);
    table.below(&section, "p99 of POST at half of that load", half.p99, "ms", 10.0);
    table.fact(&section, "memory after it", memory.all, "MB");
    table.fact(&section, "  without mapped files", memory.own, "MB");
}

/// Reads against the cheapest answer there is and against the template alone.
fn answers(table: &mut Table, size: Size) {
    let section = "reads, 1000 services";
    let run = |place: &Place, what: &load::Requests| {
        let _ = closed(place.server.address(), Duration::from_secs(1), what);
        closed(place.server.address(), size.time, what)
    };
    let place = Place::filled(1_000, true);
    let token = place.server.token().to_owned();
    let posts = ingest::posts("fill", &token, 1_000);
    let _ = closed(place.server.address(), Duration::from_secs(3), &posts);
    let health = run(&place, &same(client::get("/healthz", "")));
    table.fact(section, "/healthz", health.rate, "answers/s");
    let cards = reads::of_services("/api/v1/services/", "/scorecard", 100, "");
    let warm = run(&place, &cards);
    let label = "scorecard JSON, 100 different, kept";
    table.ratio(section, label, warm.rate, "answers/s", warm.rate / health.rate, Some(0.4));
    let half = paced(place.server.address(), size.time, warm.rate / 2.0, &cards);
    table.below(section, "  p99 at half of that load", half.p99, "ms", 10.0);
    let by_token = run(&place, &reads::of_services("/api/v1/services/", "/scorecard", 100, &token));
    let label = "scorecard JSON with a token, never kept";
    table.ratio(section, label, by_token.rate, "answers/s", by_token.rate / health.rate, None);
    let pages = reads::of_services("/services/", "", 100, "");
    let kept = run(&place, &pages);
    place.stop();
    let template = reads::template_alone(&ingest::app(place.server.database().url()), size.time);
    table.fact(section, "scorecard page: the template alone", template, "pages/s");
    let label = "scorecard page, 100 different, kept";
    table.ratio(section, label, kept.rate, "pages/s", kept.rate / template, Some(0.6));
    drop(place);

    let place = Place::filled(1_000, false);
    let posts = ingest::posts("fill", place.server.token(), 1_000);
    let _ = closed(place.server.address(), Duration::from_secs(3), &posts);
    let made = run(&place, &pages);
    table.ratio(section, "scorecard page, made each time", made.rate, "pages/s", made.rate / template, None);
    let made = run(&place, &cards);
    table.ratio(
        section,
        "scorecard JSON, made each time",
        made.rate,
        "answers/s",
        made.rate / health.rate,
        None,
    );
    let half = paced(place.server.address(), size.time, made.rate / 2.0, &cards);
    table.below(section, "  p99 at half of that load", half.p99, "ms", 10.0);
}

/// What is read of a large catalog.
const LARGE: &[&str] = &[
    "/api/v1/services/s-000007/scorecard",
    "/api/v1/rollups",
    "/leaderboards/score",
    "/leaderboards/improved",
    "/leaderboards/improved?by=service",
    "/services",
    "/overview",
    "/certificates",
    "/challenges",
    "/challenges/drills",
    "/challenges/grades",
    "/api/v1/challenges/expression/standings",
    "/services/s-000007/what-if?pass=drill-dns",
];

/// Three challenges over all services, one of each way to count.
fn challenges(place: &Place) {
    let now = harness::now();
    let (from, to) = (now - chrono::Duration::minutes(1), now + chrono::Duration::days(30));
    for (title, goal) in [
        ("Drills", json!({"kind": "drills", "failures": ["dns", "cpu"], "fresh_days": 30})),
        ("Grades", json!({"kind": "grade", "grade": "B"})),
        ("Expression", json!({"kind": "custom", "pass": "drills.fresh >= 1"})),
    ] {
        let wish = json!({ "title": title, "goal": goal, "starts_at": harness::instant(from), "ends_at": harness::instant(to) });
        let _ = place.server.post("/api/v1/challenges", &wish).expect(201);
    }
}

/// A large catalog: start, memory at rest, the pages that look at all of it.
fn large(table: &mut Table, size: Size) {
    let section = format!("{} services", size.large);
    let began = Instant::now();
    let mut place = Place::filled(size.large, true);
    table.fact(&section, "import of the catalog", began.elapsed().as_secs_f64(), "s");
    place.stop();
    let mut starts: Vec<f64> = (0..5).map(|_| place.start()).collect();
    starts.sort_by(f64::total_cmp);
    table.below(&section, "start until the first answer, median of 5", starts[2], "ms", 300.0);
    std::thread::sleep(Duration::from_secs(2));
    table.below(&section, "memory at rest", place.memory().all, "MB", 40.0);
    challenges(&place);
    for path in LARGE {
        // With a token nothing is kept: this is what the database takes.
        let request = same(client::get(path, place.server.token()));
        let done = paced(place.server.address(), size.time, 4.0, &request);
        table.fact(&section, &format!("p99 of {path}, 4 a second, never kept"), done.p99, "ms");
    }
    let all = reads::of_services("/api/v1/services/", "/scorecard", 10_000, "");
    let _ = closed(place.server.address(), size.time, &all);
    std::thread::sleep(Duration::from_secs(2));
    let memory = place.memory();
    table.fact(&section, "memory after load", memory.all, "MB");
    table.fact(&section, "  without mapped files", memory.own, "MB");
}

/// Connections that do nothing.
fn idle(table: &mut Table, size: Size) {
    let section = format!("{} idle connections", size.idle);
    let place = Place::filled(1_000, true);
    let before = place.memory().own;
    let open = || {
        let streams = (0..size.idle).map(|_| harness::connect(place.server.address()));
        streams.collect::<Vec<_>>()
    };
    let began = Instant::now();
    let streams = open();
    table.fact(&section, "opened in", began.elapsed().as_secs_f64(), "s");
    let cards = reads::of_services("/api/v1/services/", "/scorecard", 100, "");
    let beside = closed(place.server.address(), Duration::from_secs(3), &cards);
    table.fact(
        &section,
        &format!("scorecard JSON beside them, over {CONNECTIONS} more"),
        beside.rate,
        "answers/s",
    );
    table.fact(&section, "  p99", beside.p99, "ms");
    table.note(&section, &format!("other answers: {:?}", beside.bad));
    table.fact(&section, "memory for each", (place.memory().own - before) * 1000.0 / size.idle as f64, "kB");
    drop(streams);
}
