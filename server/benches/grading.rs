//! Grades 100,000 services on SQLite and compares with a ceiling measured in the same run.
//!
//! Run with `cargo bench -p waterbear --bench grading`; `-- 10000` takes another number of services.
//! The ceiling is the least any grading of this kind must do: read the evidence rows once and judge facts that
//! are already in memory, with no comparing, no writing and no history.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::sync::Arc;
use std::time::Instant;

use scoring_rules::Waivers;
use waterbear::app::evidence::{Evidence, ServiceEvidence, State};
use waterbear::app::facts::{Slots, sheet};
use waterbear::app::{Actor, App, runs};
use waterbear::clock::{Clock, FrozenClock};
use waterbear::config::Config;
use waterbear::store::services::ServiceRow;
use waterbear::store::{self, DatabaseUrl};
use waterbear::types::{DAY_MS, Failure, Timestamp};

const NOW: i64 = 1_790_000_000_000;

fn main() {
    let count = std::env::args().find_map(|a| a.parse::<usize>().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bench.db");
    let config =
        Config { database: DatabaseUrl::Sqlite { path: path.clone(), durable: true }, ..Config::default() };
    let clock = Arc::new(FrozenClock::at(Timestamp(NOW)));
    let app = App::build(config, Arc::clone(&clock) as Arc<dyn Clock>).expect("the application starts");
    fill(&app, count);
    let size = std::fs::metadata(&path).map_or(0, |m| m.len()) / 1_000_000;
    println!("{count} services, {} drill states, database {size} MB", count * 10);

    let ceiling = ceiling(&app);
    println!("ceiling: read all evidence and judge it in memory   {ceiling:6.2} s");
    let first = run(&app);
    println!(
        "first run: every score is new and written           {first:6.2} s   {:.1} x ceiling",
        first / ceiling
    );
    let again = run(&app);
    println!(
        "second run: nothing changed, nothing written        {again:6.2} s   {:.1} x ceiling",
        again / ceiling
    );
    clock.advance_ms(3 * DAY_MS);
    let aged = run(&app);
    println!(
        "three days later: evidence aged, changes written    {aged:6.2} s   {:.1} x ceiling",
        aged / ceiling
    );
    println!("peak memory of the process                          {:6} MB", peak_mb());
}

/// Ten identities each, passed at different times, some failed, some regressed.
fn fill(app: &App, count: usize) {
    let failures = [
        Failure::Code,
        Failure::Config,
        Failure::Cpu,
        Failure::Memory,
        Failure::Disk,
        Failure::Network,
        Failure::Dns,
        Failure::Latency,
        Failure::HostOffline,
        Failure::Clock,
    ];
    let ids: Vec<usize> = (0..count).collect();
    for chunk in ids.chunks(5_000) {
        app.write_now(&Actor::command_line(), |tx| {
            let rows: Vec<ServiceRow> = chunk.iter().map(|i| service(*i)).collect();
            store::services::insert(tx.conn, &rows)?;
            let mut rows_of_evidence = Vec::with_capacity(rows.len());
            for i in chunk {
                let mut evidence = ServiceEvidence::default();
                for (n, failure) in failures.iter().enumerate() {
                    evidence.put_state(state(*i, n, *failure));
                }
                rows_of_evidence.push(evidence.row(&format!("{i:08}"))?);
            }
            store::evidence::put(tx.conn, &rows_of_evidence)?;
            Ok(())
        })
        .expect("the database fills");
    }
}

fn service(i: usize) -> ServiceRow {
    ServiceRow {
        id: format!("{i:08}"),
        slug: format!("service-{i}"),
        entity_ref: format!("component:default/service-{i}"),
        name: format!("service-{i}"),
        name_lc: format!("service-{i}"),
        team_id: None,
        owner_ref: None,
        tier: (i % 4) as i16 + 1,
        tier_from: "default".into(),
        lifecycle: "production".into(),
        service_type: Some("service".into()),
        system_ref: None,
        description: None,
        labels: "[]".into(),
        has_database: i.is_multiple_of(3),
        source: "bench".into(),
        created_at: NOW - 400 * DAY_MS,
        removed_at: None,
    }
}

fn state(i: usize, n: usize, failure: Failure) -> State {
    let age = ((i * 7 + n * 13) % 120) as i64;
    let failed = (i + n).is_multiple_of(17);
    let at = NOW - age * DAY_MS;
    State {
        failure: failure.code(),
        target: String::new(),
        environment: "staging".into(),
        last_drill_id: format!("d{i}-{n}"),
        last_verdict: if failed { 2 } else { 1 },
        last_at: at,
        last_class: 3,
        detected: n.is_multiple_of(2),
        last_sender: "ci".into(),
        passed_drill_id: Some(format!("p{i}-{n}")),
        passed_at: Some(at - DAY_MS),
        passed_class: Some(3),
        passed_sender: Some("ci".into()),
        regressed_at: failed.then_some(at),
        recent_ms: vec![41_000, 52_000],
        recent_runs: 0,
    }
}

fn ceiling(app: &App) -> f64 {
    let began = Instant::now();
    let book = app.book();
    let slots = Slots::of(book.rulebook.catalogue());
    let mut after = String::new();
    let mut total = 0_u64;
    loop {
        let (services, evidence) = app
            .read_now(|tx| {
                let services = store::services::batch_after(tx.conn, &after, 1_000)?;
                let evidence = match (services.first(), services.last()) {
                    (Some(a), Some(b)) => Evidence::between(tx.conn, &a.id, &b.id)?,
                    _ => Evidence::default(),
                };
                Ok((services, evidence))
            })
            .expect("a read");
        let Some(last) = services.last() else { break };
        after.clone_from(&last.id);
        for service in &services {
            let sheet =
                sheet(&book.rulebook, &slots, service, evidence.of(&service.id), Timestamp(NOW), false);
            let grade = scoring_rules::grade(&book.rulebook, &sheet.facts, &Waivers::new(), NOW);
            total += u64::from(grade.score.unwrap_or(0));
        }
    }
    assert!(total > 0, "the ceiling judged something");
    began.elapsed().as_secs_f64()
}

fn run(app: &App) -> f64 {
    let began = Instant::now();
    app.write_now(&Actor::schedule(), |tx| runs::enqueue(tx, "bench")).expect("a run is wanted");
    let run = runs::work_off(app).expect("the run works").expect("there was a run");
    assert_eq!(run.state, "finished", "{:?}", run.errors);
    println!("   {} services graded, {} changed", run.services, run.changed);
    began.elapsed().as_secs_f64()
}

/// `VmHWM` of this process.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1000
}
