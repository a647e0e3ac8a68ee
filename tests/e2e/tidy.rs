//! The house rules, read off the sources: who imports whom, sizes, first lines, what must never be committed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harness::{files_under, root};

const MAX_LINES: usize = 400;

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

fn rust_files() -> Vec<PathBuf> {
    ["server", "scoring-rules", "tests"].iter().flat_map(|d| files_under(&root().join(d), ".rs")).collect()
}

/// The code of a file without its line comments and without its unit tests.
fn code(file: &Path) -> String {
    let text = text(file);
    let body = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = body.lines().map(|l| l.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of the own crate that some code names: `crate::a::b` and `crate::{a, b::c}`.
fn modules_used(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let mut add = |name: &str| {
            let word: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.insert(word);
        };
        match rest.strip_prefix('{') {
            None => add(rest),
            Some(group) => {
                let mut depth = 0;
                let mut part = String::new();
                for c in group.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            add(&part);
                            part.clear();
                            continue;
                        }
                        _ => {}
                    }
                    part.push(c);
                }
                add(&part);
            }
        }
    }
    found
}

/// Sources of one module of the server, with their paths.
fn module(name: &str) -> Vec<PathBuf> {
    let src = root().join("server/src");
    let mut files = files_under(&src.join(name), ".rs");
    let single = src.join(format!("{name}.rs"));
    if single.is_file() {
        files.push(single);
    }
    files.retain(|f| !f.components().any(|c| c.as_os_str() == "tests"));
    files
}

#[test]
fn each_layer_imports_only_what_lies_below_it() {
    let forbidden: [(&str, &[&str]); 9] = [
        ("store", &["app", "integrations", "jobs", "http", "formats"]),
        ("formats", &["store", "app", "integrations", "jobs", "http"]),
        ("app", &["integrations", "jobs", "http"]),
        ("jobs", &["http"]),
        ("http", &["store"]),
        // To be taken along by whoever verifies tickets.
        (
            "tickets",
            &["store", "app", "integrations", "jobs", "http", "formats", "config", "clock", "error", "types"],
        ),
        ("clock", &["store", "app", "integrations", "jobs", "http", "formats"]),
        ("error", &["store", "app", "integrations", "jobs", "http", "formats"]),
        ("types", &["store", "app", "integrations", "jobs", "http", "formats"]),
    ];
    let mut wrong = Vec::new();
    for (layer, never) in forbidden {
        for file in module(layer) {
            let used = modules_used(&code(&file));
            for name in never.iter().filter(|n| used.contains(**n)) {
                wrong.push(format!("{} uses crate::{name}", shown(&file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn jobs_touch_the_store_only_for_their_claims() {
    for file in module("jobs") {
        let code = code(&file);
        let other = code.split("store::").skip(1).find(|p| !p.starts_with("runs"));
        let other: Option<String> = other.map(|p| p.chars().take_while(char::is_ascii_lowercase).collect());
        assert_eq!(other, None, "{}: store::", shown(&file));
    }
}

#[test]
fn each_outside_crate_has_its_place() {
    let places: [(&str, &[&str]); 7] = [
        ("diesel", &["server/src/store", "server/src/app/mod.rs", "server/src/app/tx.rs"]),
        ("actix_web", &["server/src/http", "server/src/lib.rs", "server/src/main.rs"]),
        ("reqwest", &["server/src/integrations"]),
        ("lettre", &["server/src/integrations/outbox"]),
        ("cel", &["scoring-rules/src/expr"]),
        (
            "ring",
            &[
                "server/src/tickets",
                "server/src/openbadges",
                "server/src/app/keys",
                "server/src/app/hooks.rs",
                "server/src/app/openid",
            ],
        ),
        ("jsonwebtoken", &["server/src/app/openid"]),
    ];
    let mut wrong = Vec::new();
    for (name, allowed) in places {
        for file in rust_files().iter().filter(|f| !f.starts_with(root().join("tests"))) {
            let path = shown(file);
            if allowed.iter().any(|a| path.starts_with(a)) || path.contains("/tests/") {
                continue;
            }
            if code(file)
                .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .any(|w| w.starts_with(&format!("{name}::")))
            {
                wrong.push(format!("{path} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_scoring_rules_are_pure() {
    let manifest = text(&root().join("scoring-rules/Cargo.toml"));
    for name in ["tokio", "diesel", "chrono", "actix", "reqwest", "tempfile"] {
        assert!(!manifest.contains(name), "scoring-rules depends on {name}");
    }
    for file in files_under(&root().join("scoring-rules/src"), ".rs") {
        let code = code(&file);
        for name in ["std::fs", "std::env", "std::net", "SystemTime", "Instant", "std::process"] {
            assert!(!code.contains(name), "{} names {name}", shown(&file));
        }
    }
}

#[test]
fn only_the_clock_knows_the_time_and_only_config_the_environment() {
    for file in files_under(&root().join("server/src"), ".rs") {
        let path = shown(&file);
        let code = code(&file);
        for (name, owner) in
            [("Utc::now", "clock.rs"), ("SystemTime::now", "clock.rs"), ("env::var", "config.rs")]
        {
            assert!(!code.contains(name) || path.ends_with(owner), "{path} calls {name}");
        }
    }
}

#[test]
fn files_are_short_and_say_first_what_they_are_for() {
    let mut wrong = Vec::new();
    for file in rust_files() {
        let text = text(&file);
        if !text.starts_with("//! ") {
            wrong.push(format!("{}: the first line is no `//!` sentence", shown(&file)));
        }
        let lines = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{}: {lines} lines", shown(&file)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_page_has_its_template() {
    let templates = root().join("web/templates/pages");
    for file in files_under(&root().join("server/src/http/pages"), ".rs") {
        let code = text(&file);
        for name in code.split("\"pages/").skip(1).filter_map(|p| p.split('"').next()) {
            let stem = name.trim_end_matches(".hbs");
            assert!(templates.join(format!("{stem}.hbs")).is_file(), "{}: no template {stem}", shown(&file));
        }
    }
    assert!(files_under(&templates, ".hbs").len() >= 10);
}

#[test]
fn templates_and_scripts_hold_nothing_inline() {
    for file in files_under(&root().join("web/templates"), ".hbs") {
        let text = text(&file);
        assert!(!text.contains(" style=") && !text.contains("<style"), "{}", shown(&file));
        // The layout takes the page it was given, which is rendered already.
        let text = if file.ends_with("layout.hbs") { text.replacen("{{{body}}}", "", 1) } else { text };
        assert!(!text.contains("{{{"), "{}: unescaped output", shown(&file));
    }
}

#[test]
fn nothing_of_a_machine_is_committed() {
    let mut files = Vec::new();
    for ending in [
        ".rs",
        ".toml",
        ".md",
        ".sql",
        ".hbs",
        ".css",
        ".js",
        ".mjs",
        ".json",
        ".sh",
        ".snap",
        "Dockerfile",
        ".lock",
        "/run",
    ] {
        files.extend(files_under(root(), ending));
    }
    files.push(root().join(".ci/run"));
    files.push(root().join("tests/run"));
    // Written in halves, so that this file passes its own test.
    let never = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/user"),
        concat!("target", "-tests"),
        concat!("\"resol", "ved\""),
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
    ];
    let mut wrong = Vec::new();
    for file in files {
        let text = text(&file);
        for (n, line) in text.lines().enumerate() {
            for name in never.iter().filter(|p| line.contains(**p)) {
                wrong.push(format!("{}:{}: {name}", shown(&file), n + 1));
            }
        }
    }
    let lock = text(&root().join("Cargo.lock"));
    for line in lock.lines().filter(|l| l.starts_with("source = ")) {
        assert_eq!(line, "source = \"registry+https://github.com/rust-lang/crates.io-index\"");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
