//! The degrader on the command line.

use std::fs;
use std::path::Path;

use harness::{Output, run, run_with_input, vectors_dir};

/// Runs `degrader check` in an empty directory.
fn check(files: &[&str]) -> Output {
    let dir = tempfile::TempDir::new().unwrap();
    let out = run(dir.path(), &[], &[&["degrader", "check"], files].concat());
    let left = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 0, "the command leaves files");
    out
}

fn shared(name: &str) -> String {
    vectors_dir().join(name).display().to_string()
}

/// The lines of a file of vectors, each whole.
fn lines(name: &str) -> Vec<String> {
    fs::read_to_string(shared(name)).unwrap().lines().map(str::to_owned).collect()
}

fn last(out: &Output) -> &str {
    out.out.lines().last().unwrap_or_default()
}

fn write(dir: &Path, name: &str, text: &[u8]) -> String {
    let file = dir.join(name);
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn every_reference_vector_is_reproduced() {
    let files = ["degrader-public.jsonl", "d2v3-public.jsonl", "relative-public.jsonl"].map(shared);
    let out = check(&files.each_ref().map(String::as_str)).ok();
    assert_eq!(out.out, "262 passed, 0 failed\n");
    assert_eq!(out.err, "");
}

#[test]
fn a_difference_is_printed_with_its_place() {
    let dir = tempfile::TempDir::new().unwrap();
    let good = lines("degrader-public.jsonl");
    let wrong = good[0].replacen("0.6000000000000001", "0.6", 1);
    assert_ne!(wrong, good[0]);
    let file = write(dir.path(), "mine.jsonl", format!("{}\n\n{wrong}\n", good[1]).as_bytes());
    let out = check(&[&file]);
    assert_eq!(out.code, 1);
    assert_eq!(last(&out), "1 passed, 1 failed");
    let first = out.out.lines().next().unwrap();
    let place = "defaults-001 /intervals/2/expect/computedDropRate";
    assert_eq!(first, format!("{file}:3: {place}: expected 0.6, got 0.6000000000000001"));
    assert_eq!(out.out.lines().count(), 2, "{}", out.out);
}

#[test]
fn vectors_come_from_standard_input_too() {
    let dir = tempfile::TempDir::new().unwrap();
    let text = lines("relative-public.jsonl").join("\n");
    let out = run_with_input(dir.path(), &[], &["degrader", "check", "-"], text.as_bytes()).ok();
    assert_eq!(out.out, "30 passed, 0 failed\n", "the last line needs no end");
}

#[test]
fn what_is_no_vector_is_told_with_its_line_and_the_rest_is_checked() {
    let dir = tempfile::TempDir::new().unwrap();
    let good = &lines("d2v3-public.jsonl")[0];
    let mut text =
        format!("{good}\nnot json\n{{\"kind\": \"scenario\", \"id\": \"x\"}}\n{{\"a\": 1}}\n").into_bytes();
    text.extend_from_slice(b"\xff\xfe\n{\"kind\": \"\\u001b[2J\"}\n");
    text.extend(std::iter::repeat_n(b'[', 5 << 20));
    text.extend_from_slice(format!("\n{good}\n").as_bytes());
    let file = write(dir.path(), "mixed.jsonl", &text);
    let out = check(&[&file]);
    assert_eq!(out.code, 1);
    assert_eq!(last(&out), "2 passed, 6 failed", "{}", out.out);
    for (line, reason) in [(2, "expected"), (3, "unknown variant `scenario`"), (4, "missing field `kind`")] {
        let told = out.out.lines().find(|l| l.starts_with(&format!("{file}:{line}: "))).unwrap_or_default();
        assert!(told.contains(reason), "line {line}: {told}");
    }
    assert!(out.out.contains(&format!("{file}:7: longer than 4 MiB")), "{}", out.out);
    assert!(!out.out.contains('\u{1b}'), "a file steers the terminal");
}

#[test]
fn a_file_that_cannot_be_read_or_holds_nothing_fails() {
    let dir = tempfile::TempDir::new().unwrap();
    let empty = write(dir.path(), "empty.jsonl", b"\n\n");
    let good = shared("relative-public.jsonl");
    let folder = dir.path().display().to_string();
    let out = check(&["no-such-file.jsonl", &empty, &folder, &good]);
    assert_eq!(out.code, 1);
    assert_eq!(out.out, "30 passed, 3 failed\n");
    assert!(
        out.err.contains("no-such-file.jsonl") && out.err.contains("there is no vector in it"),
        "{}",
        out.err
    );
    assert_eq!(check(&[]).code, 2, "a file must be named");
}
