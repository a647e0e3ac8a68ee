//! How long it takes to judge settings, and to assess them, by dialect: `cargo run --release --example dialects`.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement prints, and stops at what cannot be"
)]

use std::time::Instant;

use scoring_rules::degrader::{Dialect, Latency, Profile, Settings, assess};

const ROUNDS: u32 = 20;

fn main() {
    for (name, clients) in [("5 calls a second for each host and client", 20), ("100 of them", 1)] {
        println!("{name}");
        measure(clients);
    }
}

fn measure(clients: u32) {
    let profile = Profile {
        hosts: 50,
        clients: Some(clients),
        qps: 5_000.0,
        latency: Latency { mean_ms: Some(7.5), cv: Some(0.8), ..Latency::default() },
        error_rate: 0.0005,
        timeout_ms: 1_000.0,
        slo_ms: Some(50.0),
        day: Vec::new(),
        host_cv: 0.08,
        hiccup_rate: 0.001,
        hiccup_factor: 8.0,
        window_mean_p999_ms: None,
    };
    let traffic = profile.check().expect("the profile is sound");
    for dialect in Dialect::ALL {
        let settings = Settings::defaults(dialect);
        let best = Settings::recommend(dialect, &traffic);
        let start = Instant::now();
        let score: f64 = (0..ROUNDS).map(|_| settings.judge(&traffic).objective).sum();
        let judged = start.elapsed() / ROUNDS;
        let start = Instant::now();
        let better: f64 = (0..ROUNDS).map(|_| best.judge(&traffic).objective).sum();
        let judged_best = start.elapsed() / ROUNDS;
        let start = Instant::now();
        let found = assess(&settings, &traffic);
        println!(
            "{:14} defaults J {:.3} in {judged:?}, recommended J {:.3} in {judged_best:?}, assessed in {:?}: {:.1}",
            dialect.id(),
            score / f64::from(ROUNDS),
            better / f64::from(ROUNDS),
            start.elapsed(),
            found.tuning.score,
        );
    }
}
