//! The reference machines against everything the client library was recorded to do.

use scoring_rules::degrader::reference::{Vector, check};
use serde_json::Value;

use crate::support::vectors;

/// Runs every line of a file and tells what differs.
fn reproduced(file: &str, lines: usize) {
    let vectors = vectors(file);
    assert_eq!(vectors.len(), lines, "{file} is not whole");
    let mut wrong = Vec::new();
    for line in vectors {
        let vector = read(&line);
        let found = check(&vector);
        if let Some(first) = found.first() {
            wrong.push(format!("{}: {} differences, first {first:?}", vector.id(), found.len()));
        }
    }
    assert!(wrong.is_empty(), "{} of {lines} in {file}:\n{}", wrong.len(), wrong.join("\n"));
}

fn read(line: &Value) -> Vector {
    serde_json::from_value(line.clone()).unwrap_or_else(|e| panic!("{}: {e}", line["id"]))
}

#[test]
fn reference_host_and_tracker() {
    reproduced("degrader-public.jsonl", 192);
}

#[test]
fn reference_v3() {
    reproduced("d2v3-public.jsonl", 40);
}

#[test]
fn reference_relative() {
    reproduced("relative-public.jsonl", 30);
}
