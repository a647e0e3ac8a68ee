//! A soak: a steady mix of posts and reads for a long time; memory, errors and times of each minute.

use std::rc::Rc;
use std::time::Duration;

use crate::ingest;
use crate::load::{Requests, closed, paced};
use crate::place::Place;
use crate::reads;

/// One post for so many reads.
const READS: u64 = 4;

/// Runs the mix at `share` of its measured peak for `minutes`; true when nothing went wrong.
pub fn run(minutes: u32, share: f64) -> bool {
    let place = Place::filled(1_000, true);
    let address = place.server.address();
    let peak = closed(address, Duration::from_secs(15), &mix("peak", &place));
    println!(
        "peak of the mix (1 post, {READS} reads): {:.0}/s, p99 {:.1} ms; other answers: {:?}",
        peak.rate, peak.p99, peak.bad
    );
    let rate = peak.rate * share;
    println!(
        "{minutes} min at {rate:.0}/s\n\nminute   answers   others   p50 ms   p99 ms   memory MB   without mapped files"
    );
    let (mut wrong, mut first, mut last) = (0, 0.0, 0.0);
    for minute in 1..=minutes {
        let run = format!("soak{minute}");
        let done = paced(address, Duration::from_mins(1), rate, &mix(&run, &place));
        let memory = place.memory();
        let bad: usize = done.bad.values().sum();
        wrong += bad;
        println!(
            "{minute:6}   {:7}   {bad:6}   {:6.2}   {:6.2}   {:9.1}   {:9.1}   {:?}",
            done.good, done.p50, done.p99, memory.all, memory.own, done.bad
        );
        // The first minutes fill caches of the database and of the allocator.
        if minute <= minutes.div_ceil(5) {
            first = memory.own;
        }
        last = memory.own;
    }
    println!(
        "\nmemory without mapped files after a fifth of the time {first:.1} MB, at the end {last:.1} MB; {wrong} answers were not good"
    );
    wrong == 0 && last < first * 1.2 + 10.0
}

fn mix(run: &str, place: &Place) -> Requests {
    let posts = ingest::posts(run, place.server.token(), place.services);
    let cards = reads::of_services("/api/v1/services/", "/scorecard", place.services, "");
    let pages = reads::of_services("/services/", "", place.services, "");
    Rc::new(move |n| match n % (READS + 1) {
        0 => posts(n / (READS + 1)),
        1 => pages(n),
        _ => cards(n),
    })
}
