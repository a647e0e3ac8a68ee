//! The rulebook: shipped, checked, edited, refused, put in force.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use harness::{Server, Setup, Value, files_under, json, passed, root};

/// A rule that the small catalog's service passes.
const HAS_OWNER: &str = r#"
title = "Has an owner"
practice = "rollback"
why = "What nobody owns, nobody rolls back."
fix = "Name the owner in the catalog."
effort = "minutes"
points = 40
pass = 'service.has_owner'

[[example]]
facts = { "service.has_owner" = true }
expect = "pass"

[[example]]
facts = { "service.has_owner" = false }
expect = "fail"
"#;

fn shipped_pack() -> PathBuf {
    root().join("scoring-rules/packs/default")
}

/// A copy of the shipped pack to edit.
pub(crate) fn copy_pack(to: &Path) {
    for file in files_under(&shipped_pack(), ".toml") {
        let target = to.join(file.strip_prefix(shipped_pack()).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, &target).unwrap();
    }
}

/// A server whose rulebook is a directory of its own.
fn with_rules() -> (Server, PathBuf, tempfile::TempDir) {
    let home = tempfile::TempDir::new().unwrap();
    let dir = home.path().join("rules");
    copy_pack(&dir);
    let server = Setup::default().env("WATERBEAR_RULES_DIR", &dir.display().to_string()).start();
    server.import(harness::SMALL_CATALOG);
    (server, dir, home)
}

/// Tells the server to read its rulebook again, and waits for what it makes of it.
fn reload(server: &Server, done: impl Fn(&Value) -> bool) -> Value {
    let pid = server.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().is_ok_and(|s| s.success()));
    let started = Instant::now();
    loop {
        let book = server.json("/api/v1/rulebook");
        if done(&book) {
            return book;
        }
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the rulebook was not read again: {}",
            book["refused"]
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_shipped_pack_is_sound() {
    let server = Server::start();
    let _ = server.cli(&["rules", "check", &shipped_pack().display().to_string()]).ok();
}

#[test]
fn every_shipped_rule_has_an_example_that_passes_and_one_that_does_not() {
    for file in files_under(&shipped_pack().join("rules"), ".toml") {
        let text = fs::read_to_string(&file).unwrap();
        let examples = text.matches("[[example]]").count();
        assert!(examples >= 2, "{} has {examples} examples", file.display());
        assert!(text.contains("expect = \"pass\"") || text.contains("expect = 'pass'"), "{}", file.display());
        let other =
            ["fail", "unknown", "partial"].iter().any(|w| text.contains(&format!("expect = \"{w}\"")))
                || text.contains("partial =");
        assert!(other, "{} has no example that does not pass", file.display());
    }
}

#[test]
fn the_rulebook_in_force_is_served_with_its_hash_and_rules() {
    let server = Server::with_checkout();
    let book = server.json("/api/v1/rulebook");
    assert!(book["hash"].as_str().is_some_and(|h| h.len() >= 16), "{book:#}");
    assert_eq!(book["refused"], json!([]));
    assert_eq!(book["hash"], server.scorecard("checkout")["rulebook"]);
    let practices = book["practices"].as_array().cloned().unwrap_or_default();
    assert_eq!(practices.len(), 5);
    let rules: usize = practices.iter().map(|p| p["rules"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(rules, files_under(&shipped_pack().join("rules"), ".toml").len());
    for rule in practices.iter().flat_map(|p| p["rules"].as_array().into_iter().flatten()) {
        assert!(rule["examples"].as_array().is_some_and(|e| e.len() >= 2), "{}", rule["id"]);
        assert!(rule["judge"].as_str().is_some_and(|j| !j.is_empty()), "{}", rule["id"]);
    }
}

#[test]
fn the_fact_catalogue_says_how_to_send_each_fact() {
    let server = Server::with_checkout();
    let answer = server.json("/api/v1/facts");
    let facts = answer["items"].as_array().or_else(|| answer.as_array()).cloned().unwrap_or_default();
    let names: Vec<&str> = facts.iter().filter_map(|f| f["name"].as_str()).collect();
    for name in [
        "service.tier",
        "rollback.config_days_since_passed",
        "rollback.code_median_seconds",
        "drills.dns_last_outcome",
        "drills.regressed",
        "evidence.declared_share",
        "degrader.tuning_score",
        "fallbacks.coverage_pct",
        "learning.actions_overdue",
    ] {
        assert!(names.contains(&name), "{name} is not in the catalogue");
    }
    for fact in &facts {
        assert!(fact["help"].as_str().is_some_and(|h| h.len() > 10), "{fact}");
    }
}

#[test]
fn rules_check_tells_every_error_at_once_with_its_place() {
    let home = tempfile::TempDir::new().unwrap();
    let dir = home.path().join("rules");
    copy_pack(&dir);
    let rule = |name: &str, text: &str| fs::write(dir.join("rules").join(name), text).unwrap();
    rule(
        "typo.toml",
        "title = \"T\"\npractice = \"rollback\"\nwhy = \"w\"\nfix = \"f\"\neffort = \"hours\"\npoints = 5\n\
         pass = 'rollback.confg_days_since_passed < 30'\n",
    );
    rule(
        "broken.toml",
        "title = \"T\"\npractice = \"rollback\"\nwhy = \"w\"\nfix = \"f\"\neffort = \"hours\"\npoints = 5\n\
         pass = 'service.tier <'\n",
    );
    rule("unknown-key.toml", "titel = \"T\"\npractice = \"rollback\"\n");
    rule("not-toml.toml", "title = \n");
    let server = Server::start();
    let out = server.cli(&["rules", "check", &dir.display().to_string()]);
    assert_eq!(out.code, 1, "{}{}", out.out, out.err);
    let all = format!("{}{}", out.out, out.err);
    for file in ["typo.toml", "broken.toml", "unknown-key.toml", "not-toml.toml"] {
        let line = all
            .lines()
            .find(|l| l.contains(file))
            .unwrap_or_else(|| panic!("{file} is not named in:\n{all}"));
        let place = line.split(file).nth(1).unwrap_or_default();
        let numbers = place.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).count();
        assert!(place.starts_with(':') && numbers >= 2, "no line and column: {line}");
    }
    assert!(all.contains("rollback.config_days_since_passed"), "a suggestion: {all}");
    assert!(all.contains("title"), "a suggestion: {all}");
}

#[test]
fn a_rulebook_with_one_bad_file_is_refused_whole_and_the_old_one_stays() {
    let (server, dir, _home) = with_rules();
    let before = server.json("/api/v1/rulebook");
    fs::write(dir.join("rules/bad.toml"), "title = 7\n").unwrap();
    fs::write(dir.join("rules/has-owner.toml"), HAS_OWNER).unwrap();
    let refused = reload(&server, |book| book["refused"].as_array().is_some_and(|r| !r.is_empty()));
    assert_eq!(refused["hash"], before["hash"], "the old one stays in force");
    assert!(refused["refused"].to_string().contains("bad.toml"), "{}", refused["refused"]);
    let page = server.get("/rules").expect(200).text();
    assert!(page.contains("bad.toml"), "the page says so");
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);

    fs::remove_file(dir.join("rules/bad.toml")).unwrap();
    let after = reload(&server, |book| book["hash"] != before["hash"]);
    assert_eq!(after["refused"], json!([]));
    assert!(after.to_string().contains("has-owner"));
}

#[test]
fn a_new_rulebook_regrades_and_says_that_it_did() {
    let (server, dir, _home) = with_rules();
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let before = server.scorecard("checkout");
    fs::write(dir.join("rules/has-owner.toml"), HAS_OWNER).unwrap();
    reload(&server, |book| book["hash"] != before["rulebook"]);
    let started = Instant::now();
    let after = loop {
        let card = server.scorecard("checkout");
        if card["changes"][0]["cause"] == "rulebook" {
            break card;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "not graded by the new rulebook: {card:#}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_ne!(after["rulebook"], before["rulebook"]);
    assert!(after["score"].as_i64() > before["score"].as_i64(), "{after:#}");
}

#[test]
fn custom_facts_are_taken_when_the_rulebook_declares_them() {
    let (server, dir, _home) = with_rules();
    let hash = server.json("/api/v1/rulebook")["hash"].clone();
    fs::write(
        dir.join("facts.toml"),
        "[wiki.runbook_age_days]\ntype = \"int\"\nunit = \"days\"\nttl_days = 90\nexample = 12\n\
         help = \"Age of the runbook, as our wiki tells it.\"\n",
    )
    .unwrap();
    reload(&server, |book| book["hash"] != hash);
    let fact = |name: &str| json!([{"service": "checkout", "fact": name, "value": 12, "as_of": harness::seconds_from_now(-60)}]);
    let reply = server.post("/api/v1/facts", &fact("wiki.runbook_age_days"));
    assert!(matches!(reply.status, 200 | 201), "{}: {}", reply.status, reply.text());
    let problem = server.post("/api/v1/facts", &fact("wiki.runbok_age_days")).problem(422, "invalid");
    assert!(problem.to_string().contains("wiki.runbook_age_days"), "a suggestion: {problem:#}");
    let computed = server.post("/api/v1/facts", &fact("service.tier"));
    assert!(matches!(computed.status, 403 | 422), "computed facts are not posted: {}", computed.text());
}
