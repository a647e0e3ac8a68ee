//! What grading and tuning degrader settings costs: `cargo run --release -p scoring-rules --example degrader`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use scoring_rules::degrader::{
    D2, Defence, Latency, Profile, Relative, Scenario, Traffic, has_moved, input_hash, judge, tune,
    tune_relative,
};

const SERVICES: u32 = 10_000;
const CORES: u32 = 2;
/// One service in so many moves from one night to the next.
const MOVES: u32 = 20;

fn main() {
    let settings = D2::default();
    let Some(usual) = profile(0, 1.0).check().ok() else {
        println!("the profile is refused");
        return;
    };
    let best = tune(&settings, &usual).best_settings;
    println!("one service, one core:");
    each("grade, defaults", || judge(&settings, &usual).objective);
    each("grade, tuned settings", || judge(&best, &usual).objective);
    each("full tune", || tune(&settings, &usual).score);
    each("full tune, strategy relative", || tune_relative(&Relative::default(), &usual).score);
    each("one failure in full, with its curve", || {
        best.replay(&usual, Scenario::Slow(10.0), true).bad_requests
    });
    let (graded, all) = night(&|service| {
        let traffic = traffic(service, 1.0);
        judge(&settings, &traffic).objective
    });
    println!("{SERVICES} services, {CORES} cores: graded in {graded:.2?} (objectives sum to {all:.1})");
    let (tuned, all) = night(&|service| tune(&settings, &traffic(service, 1.0)).score);
    println!("graded and tuned in {tuned:.2?} (scores sum to {all:.1})");
    let kept: Vec<Option<String>> = (0..SERVICES).map(|s| input_hash(&settings, &profile(s, 1.0))).collect();
    let (warm, moved) = night(&|service| next_night(&settings, service, &kept));
    println!("the next night, when one in {MOVES} moved: {warm:.2?} ({moved} tuned again)");
}

/// A night on which most services are as they were: the hash that was kept says so, or that they moved too little.
fn next_night(settings: &D2, service: u32, kept: &[Option<String>]) -> f64 {
    // One in each group, now on the one core and now on the other.
    let moves = (service + service / MOVES).is_multiple_of(MOVES);
    let now = profile(service, if moves { 1.2 } else { 1.0 });
    if kept.get(service as usize) == Some(&input_hash(settings, &now)) {
        return 0.0;
    }
    let (Ok(before), Ok(now)) = (profile(service, 1.0).check(), now.check()) else { return 0.0 };
    if !has_moved(&before, &now) {
        return 0.0;
    }
    black_box(tune(settings, &now));
    1.0
}

/// The time of one call, by as many as fit into a second.
fn each(what: &str, mut call: impl FnMut() -> f64) {
    let started = Instant::now();
    let mut calls = 0_u32;
    while started.elapsed() < Duration::from_secs(1) {
        black_box(call());
        calls += 1;
    }
    println!("  {what}: {:.3} ms", started.elapsed().as_secs_f64() * 1_000.0 / f64::from(calls));
}

/// Does `work` for every service on all cores; answers how long that took, and the sum.
fn night(work: &(impl Fn(u32) -> f64 + Sync)) -> (Duration, f64) {
    let started = Instant::now();
    let sum = thread::scope(|scope| {
        let cores: Vec<_> = (0..CORES)
            .map(|core| scope.spawn(move || (core..SERVICES).step_by(CORES as usize).map(work).sum::<f64>()))
            .collect();
        cores.into_iter().filter_map(|core| core.join().ok()).sum()
    });
    (started.elapsed(), sum)
}

fn traffic(service: u32, factor: f64) -> Traffic {
    match profile(service, factor).check() {
        Ok(traffic) => traffic,
        Err(problems) => panic!("a profile is refused: {problems:?}"),
    }
}

/// A service among many kinds; the first is that of 5,000 calls a second and 7.5 ms. `factor` scales its latency.
fn profile(service: u32, factor: f64) -> Profile {
    let of = |values: &[f64]| values.get(service as usize % values.len()).copied().unwrap_or(1.0);
    let mean = of(&[7.5, 120.0, 40.0, 3.0, 300.0, 15.0, 60.0]) * factor;
    Profile {
        hosts: of(&[50.0, 10.0, 30.0]) as u32,
        clients: Some(of(&[20.0, 5.0, 10.0, 40.0]) as u32),
        qps: of(&[5_000.0, 400.0, 2_000.0, 900.0, 10_000.0]),
        latency: Latency { mean_ms: Some(mean), cv: Some(of(&[0.8, 0.6, 1.5])), ..Latency::default() },
        error_rate: 0.0005,
        timeout_ms: of(&[1_000.0, 2_000.0]),
        slo_ms: Some(6.7 * mean),
        day: Vec::new(),
        host_cv: 0.08,
        hiccup_rate: 0.001,
        hiccup_factor: 8.0,
        window_mean_p999_ms: None,
    }
}
