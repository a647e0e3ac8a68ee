//! How many services are graded a second with the default pack: `cargo run --release --example throughput`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::Instant;

use scoring_rules::{EvidenceClass, Fact, Facts, Rulebook, Waivers, default_pack, grade};

const SERVICES: u32 = 100_000;

fn main() {
    let started = Instant::now();
    let book = match Rulebook::load(&default_pack()) {
        Ok(book) => book,
        Err(errors) => {
            for error in errors {
                println!("{error}");
            }
            return;
        }
    };
    println!("loaded {} rules in {:?}", book.rules().len(), started.elapsed());
    let catalogue = book.catalogue();
    let mut facts = Facts::new(catalogue.len());
    let mut scores = 0_u64;
    let started = Instant::now();
    for service in 0..SERVICES {
        facts.clear();
        for (id, spec) in catalogue.iter() {
            // A tenth of the facts is absent, another tenth each time.
            if spec.group() != "grade" && (u32::from(id.0) + service) % 10 != 0 {
                let value = spec.example.clone();
                facts.set(
                    id,
                    Fact { value, as_of_ms: 0, evidence: EvidenceClass::ExecutedCi, source_error: None },
                );
            }
        }
        scores += u64::from(grade(&book, &facts, &Waivers::new(), 0).score.unwrap_or(0));
    }
    let all = started.elapsed();
    let started = Instant::now();
    for _ in 0..SERVICES {
        scores += u64::from(grade(&book, &facts, &Waivers::new(), 0).score.unwrap_or(0));
    }
    let graded = started.elapsed();
    println!(
        "{SERVICES} services: {:.0} a second graded, {:.0} with filling in facts (scores sum to {scores})",
        f64::from(SERVICES) / graded.as_secs_f64(),
        f64::from(SERVICES) / all.as_secs_f64(),
    );
}
