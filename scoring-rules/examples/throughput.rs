//! How many services are graded a second with the default pack: `cargo run --release --example throughput`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::Instant;

use scoring_rules::{EvidenceClass, Fact, Facts, Record, Rulebook, Waivers, advance, default_pack, grade};

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
    let awarded = awards(&book, &mut facts);
    println!(
        "{SERVICES} services: {:.0} a second graded, {:.0} with filling in facts; awards alone of {:.0} \
         (scores sum to {scores})",
        f64::from(SERVICES) / graded.as_secs_f64(),
        f64::from(SERVICES) / all.as_secs_f64(),
        f64::from(SERVICES) / awarded,
    );
}

/// Seconds for moving on the awards of services of which nothing changed, what is remembered of them read from JSON.
fn awards(book: &Rulebook, facts: &mut Facts) -> f64 {
    const DAY_MS: i64 = 86_400_000;
    let graded = grade(book, facts, &Waivers::new(), 0);
    let nothing = grade(book, &Facts::new(book.catalogue().len()), &Waivers::new(), 0);
    let mut record = Record::default();
    for day in 0..40 {
        // A dozen moves within the days that are looked back on.
        record.take(book, if day < 36 && day % 3 == 0 { &nothing } else { &graded }, 0, None, day * DAY_MS);
    }
    for award in book.awards() {
        record.met(award.since_key(), true, 0);
    }
    let kept = serde_json::to_string(&record).unwrap_or_default();
    let started = Instant::now();
    let mut steps = 0;
    let now = 40 * DAY_MS;
    for _ in 0..SERVICES {
        let mut record: Record = serde_json::from_str(&kept).unwrap_or_default();
        record.take(book, &graded, 0, None, now);
        book.set_grade_facts(facts, &graded, now);
        book.set_record_facts(facts, &record, &graded, 0, now);
        for award in book.awards() {
            let reading = award.read(book, facts, now);
            let since = record.met(award.since_key(), true, now);
            steps += advance(award, None, reading, since, now).1.len();
        }
        steps += usize::from(record.moved());
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("a record of {} bytes; {steps} steps", kept.len());
    seconds
}
