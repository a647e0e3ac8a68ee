//! Drill plans run for real, by Chaos Toolkit and by their own scripts, against a toy service on loopback: they send
//! their result by themselves, and the service's standing moves.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Output, SMALL_CATALOG, Server, Stub, Told, Toy, Value, chaos_dir, json, passed};

/// A target that tries everything, in a shell, in YAML, in a header.
const HOSTILE: &str = "ads'; touch owned; \"$(touch owned)\" `touch owned` ${url} {{7*7}} \\ #";

/// Whether Chaos Toolkit is there; without it nothing is proved, and that is said.
fn can_run() -> bool {
    if chaos_dir().is_some() {
        return true;
    }
    assert!(std::env::var("CI").is_err(), "CI must have Chaos Toolkit");
    eprintln!("SKIPPED: Chaos Toolkit is not installed, no drill plan was run");
    false
}

/// Writes the plan of a drill and gives its script.
fn script(server: &Server, dir: &Path, format: &str, failure: &str, target: Option<&str>) -> PathBuf {
    let out = dir.join("plans");
    let place = out.display().to_string();
    let mut args = vec![
        "drill-plan",
        "--service",
        "checkout",
        "--format",
        format,
        "--failure",
        failure,
        "--out",
        &place,
    ];
    args.extend(target.iter().flat_map(|t| ["--target", t]));
    let done = server.cli(&args).ok();
    let script = done.out.lines().map(PathBuf::from).find(|file| file.extension().is_some_and(|e| e == "sh"));
    script.unwrap_or_else(|| panic!("{}", done.out))
}

fn score(server: &Server) -> i64 {
    server.scorecard("checkout")["score"].as_i64().unwrap_or(-1)
}

/// The drill that was recorded last.
fn last(server: &Server) -> Value {
    server.json("/api/v1/services/checkout/drills")["items"][0].clone()
}

fn count(server: &Server) -> usize {
    server.json("/api/v1/services/checkout/drills")["items"].as_array().unwrap().len()
}

fn state_of(server: &Server, failure: &str) -> Value {
    let matrix = server.json("/api/v1/services/checkout/drill-matrix");
    let mut cells = matrix["cells"].as_array().unwrap().iter();
    cells.find(|cell| cell["failure"] == failure).unwrap()["state"].clone()
}

/// Commands that leave a mark instead of an ill host.
const ON_HOST: &[(&str, &str)] =
    &[("DRILL_INJECT", ": >fault"), ("DRILL_RESTORE", "rm -f fault"), ("DRILL_CHECK", "[ ! -e fault ]")];

#[track_caller]
fn assert_passed(server: &Server, done: &Output, failure: &str) {
    let drill = last(server);
    assert_eq!(drill["outcome"], "passed", "{failure}: {drill:#}\n{}\n{}", done.out, done.err);
    assert_eq!(drill["rollback"]["outcome"], "succeeded", "{failure}: {drill:#}");
    assert_eq!(drill["counted"], true);
    assert_eq!(drill["failure"], failure);
    assert_eq!(done.code, 0, "{}\n{}", done.out, done.err);
}

#[test]
fn every_experiment_is_valid() {
    let Some(chaos) = chaos_dir() else { return assert!(!can_run()) };
    let server = Server::with_checkout();
    for failure in crate::drills::FAILURES {
        let script = script(&server, server.dir(), "chaostoolkit", failure, Some(HOSTILE));
        let plan = script.with_extension("json");
        let done = Command::new(chaos.join("chaos"))
            .arg("--no-version-check")
            .arg("validate")
            .arg(&plan)
            .current_dir(server.dir())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stderr) + String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && text.contains("looks valid"), "{failure}: {text}");
    }
}

#[test]
fn a_dependency_drill_passes_with_a_fallback_and_fails_without() {
    if !can_run() {
        return;
    }
    let server = Server::with_checkout();
    for failure in ["error", "delay", "timeout"] {
        let with = Toy::start(true);
        let script = script(&server, with.dir(), "chaostoolkit", failure, Some("ads"));
        assert_passed(&server, &with.run(&server, &script, &[]), failure);
        assert_eq!(last(&server)["target"], "ads");
        let hit = with.asked().iter().filter(|a| a.header("x-waterbear-drill") == "ads").count();
        assert!(hit >= 1, "no request carried the headers");
        assert!(
            with.asked().last().unwrap().header("x-waterbear-drill").is_empty(),
            "the headers are off again"
        );
        assert_eq!(state_of(&server, failure), "fresh");
    }
    let without = Toy::start(false);
    let script = script(&server, without.dir(), "chaostoolkit", "error", Some("ads"));
    let done = without.run(&server, &script, &[]);
    let drill = last(&server);
    assert_eq!(drill["outcome"], "failed", "{drill:#}\n{}\n{}", done.out, done.err);
    assert_eq!(drill["regression"], true);
    assert_eq!(drill["rollback"]["outcome"], "succeeded", "{drill:#}");
    assert_eq!(state_of(&server, "error"), "regressed");
    assert_ne!(done.code, 0);
    let first = &server.json("/api/v1/services/checkout/drill-plan")["items"][0];
    assert_eq!((&first["failure"], &first["state"]), (&json!("error"), &json!("regressed")), "{first:#}");
}

#[test]
fn a_slow_dependency_fails_who_waits_for_it() {
    if !can_run() {
        return;
    }
    let server = Server::with_checkout();
    for failure in ["delay", "timeout"] {
        let toy = Toy::start(false);
        let script = script(&server, toy.dir(), "chaostoolkit", failure, Some("ads"));
        let done = toy.run(&server, &script, &[]);
        let drill = last(&server);
        assert_eq!(drill["outcome"], "failed", "{failure}: {drill:#}\n{}\n{}", done.out, done.err);
        assert_eq!(drill["counted"], true);
    }
}

#[test]
fn drills_of_a_host_run_and_move_the_grade() {
    if !can_run() {
        return;
    }
    let server = Server::with_checkout();
    let before = score(&server);
    let toy = Toy::start(true);
    // One of each family: resources, network, names, time, disk, and what a provider takes away.
    for failure in ["cpu", "network", "dns", "clock", "disk_write", "latency", "host_offline"] {
        let script = script(&server, toy.dir(), "chaostoolkit", failure, None);
        let known = [("DRILL_PORT", "1"), ("DRILL_MOUNT", "/nowhere")];
        let variables: Vec<_> = ON_HOST.iter().chain(&known).copied().collect();
        assert_passed(&server, &toy.run(&server, &script, &variables), failure);
        assert_eq!(state_of(&server, failure), "fresh", "{failure}");
    }
    assert!(!toy.dir().join("fault").exists());
    // And one with the commands that are in the plan.
    let script = script(&server, toy.dir(), "chaostoolkit", "disk", None);
    let place = toy.dir().display().to_string();
    let done = toy.run(&server, &script, &[("DRILL_DISK", &place), ("DRILL_FILL", "1M")]);
    assert_passed(&server, &done, "disk");
    assert!(!toy.dir().join("checkout-disk.fill").exists(), "the file was left behind");
    let after = score(&server);
    assert!(after > before, "{before} -> {after}");
}

#[test]
fn a_host_that_takes_the_service_with_it_fails_and_is_taken_back() {
    if !can_run() {
        return;
    }
    let server = Server::with_checkout();
    let _ = server.post_drill(&passed("checkout", "cpu")).expect(201);
    let before = score(&server);
    let toy = Toy::start(false);
    let script = script(&server, toy.dir(), "chaostoolkit", "cpu", None);
    let done = toy.run(&server, &script, ON_HOST);
    let drill = last(&server);
    assert_eq!(drill["outcome"], "failed", "{drill:#}\n{}\n{}", done.out, done.err);
    assert_eq!(drill["rollback"]["outcome"], "succeeded", "{drill:#}");
    assert!(!toy.dir().join("fault").exists(), "the failure was left behind");
    assert!(score(&server) < before);
}

#[test]
fn a_failure_that_does_not_go_in_or_away_proves_nothing() {
    if !can_run() {
        return;
    }
    let server = Server::with_checkout();
    let toy = Toy::start(true);
    let script = script(&server, toy.dir(), "chaostoolkit", "memory", None);
    let broken = [("DRILL_INJECT", "exit 3"), ("DRILL_RESTORE", "true"), ("DRILL_CHECK", "true")];
    let _ = toy.run(&server, &script, &broken);
    assert_eq!(last(&server)["outcome"], "inconclusive");
    let stays = [("DRILL_INJECT", ": >fault"), ("DRILL_RESTORE", "true"), ("DRILL_CHECK", "[ ! -e fault ]")];
    let _ = toy.run(&server, &script, &stays);
    let drill = last(&server);
    assert_eq!(drill["rollback"]["outcome"], "suspect", "{drill:#}");
    // A provider's commands are not guessed.
    let provider = self::script(&server, toy.dir(), "chaostoolkit", "rack", None);
    let done = toy.run(&server, &provider, &[]);
    assert_eq!(last(&server)["outcome"], "inconclusive", "{}\n{}", done.out, done.err);
}

#[test]
fn rollbacks_are_drilled_and_one_that_does_nothing_fails() {
    if !can_run() {
        return;
    }
    let server = Server::with_checkout();
    let before = score(&server);
    let toy = Toy::start(true);
    std::fs::write(toy.dir().join("version"), "v1\n").unwrap();
    let good = [
        ("DRILL_CHANGE", "echo v2 >version"),
        ("DRILL_ROLLBACK", "echo v1 >version"),
        ("DRILL_CHECK", "grep -qx v1 version"),
    ];
    for failure in ["code", "config", "schema"] {
        let script = script(&server, toy.dir(), "chaostoolkit", failure, None);
        assert_passed(&server, &toy.run(&server, &script, &good), failure);
    }
    let passed = score(&server);
    assert!(passed > before, "{before} -> {passed}");
    let script = script(&server, toy.dir(), "chaostoolkit", "config", None);
    let done = toy.run(&server, &script, &[good[0], ("DRILL_ROLLBACK", "true"), good[2]]);
    let drill = last(&server);
    assert_eq!(drill["rollback"]["outcome"], "failed", "{drill:#}\n{}\n{}", done.out, done.err);
    assert_eq!((&drill["counted"], &drill["regression"]), (&json!(true), &json!(true)), "{drill:#}");
    assert!(score(&server) < passed);
}

#[test]
fn the_settings_beside_a_plan_post_the_same_result_once() {
    if !can_run() {
        return;
    }
    let server = Server::with_checkout();
    let toy = Toy::start(true);
    let script = script(&server, toy.dir(), "chaostoolkit", "error", Some("ads"));
    let stem = script.with_extension("").display().to_string();
    let line = format!(
        "envsubst <{stem}.settings.yaml >settings.yaml && \
         chaos --settings settings.yaml run --rollback-strategy always --journal-path j.json {stem}.json && \
         curl --fail --silent -H \"Authorization: Bearer $WATERBEAR_TOKEN\" -H 'Content-Type: application/json' \
         --data-binary @j.json $WATERBEAR_URL/api/v1/ingest/chaostoolkit"
    );
    let mut command = Command::new("sh");
    command.args(["-c", &line]);
    let done = toy.finish(&server, command, &[]);
    assert_passed(&server, &done, "error");
    assert_eq!(count(&server), 1, "{}", done.out);
}

/// A toxiproxy that has at most one toxic, and breaks the service through a mark.
fn toxiproxy(mark: PathBuf) -> Stub {
    Stub::start(move |asked| match (asked.method.as_str(), mark.exists()) {
        ("POST", _) => {
            std::fs::write(&mark, &asked.body).unwrap();
            Told::new(200, "{}")
        }
        ("DELETE", true) => {
            std::fs::remove_file(&mark).unwrap();
            Told::new(204, "")
        }
        ("GET", true) => Told::new(200, "{}"),
        _ => Told::new(404, "{}"),
    })
}

#[test]
fn a_script_judges_by_itself_where_the_engine_does_not_and_runs_no_name() {
    let server = Server::with_checkout();
    for (stands_it, outcome) in [(true, "passed"), (false, "failed")] {
        let toy = Toy::start(stands_it);
        let proxy = toxiproxy(toy.dir().join("fault"));
        let script = script(&server, toy.dir(), "toxiproxy", "error", Some(HOSTILE));
        let done = toy.run(&server, &script, &[("DRILL_TOXIPROXY", proxy.base())]);
        let drill = last(&server);
        assert_eq!(drill["outcome"], outcome, "{drill:#}\n{}\n{}", done.out, done.err);
        assert_eq!(drill["rollback"]["outcome"], "succeeded", "{drill:#}");
        assert_eq!((&drill["target"], &drill["tool"]), (&json!(HOSTILE), &json!("toxiproxy")));
        assert_eq!(done.code == 0, stands_it, "{}", done.err);
        assert!(
            !toy.dir().join("owned").exists() && !toy.dir().join("plans/owned").exists(),
            "a name was run"
        );
        let calls = proxy.asked();
        assert_eq!(calls[0].method, "POST");
        assert!(calls[0].body.contains("reset_peer"), "{}", calls[0].body);
    }
}

#[test]
fn no_token_no_drill_and_a_service_that_is_down_is_not_blamed() {
    let server = Server::with_checkout();
    let toy = Toy::start(false);
    let proxy = toxiproxy(toy.dir().join("unused"));
    let script = script(&server, toy.dir(), "toxiproxy", "delay", Some("ads"));
    let done = toy.run(&server, &script, &[("WATERBEAR_TOKEN", "")]);
    assert_eq!(done.code, 64);
    assert!(done.err.contains("WATERBEAR_TOKEN is not set"), "{}", done.err);
    std::fs::write(toy.dir().join("fault"), "").unwrap();
    let done = toy.run(&server, &script, &[("DRILL_TOXIPROXY", proxy.base())]);
    assert!(proxy.asked().is_empty(), "nothing is induced");
    assert_eq!(last(&server)["outcome"], "inconclusive", "{}", done.err);
}

#[test]
fn every_script_is_a_script() {
    let server = Server::start();
    server.import(SMALL_CATALOG);
    let mut seen = 0;
    for format in ["chaostoolkit", "istio", "chaos-mesh", "litmus", "toxiproxy", "aws-fis", "salt"] {
        for failure in ["latency", "error", "rack", "config"] {
            let path = format!(
                "/api/v1/services/checkout/drill-plan?format={format}&failure={failure}&target=a%27%3B%60id%60"
            );
            for file in server.json(&path)["items"][0]["plan"]["files"].as_array().into_iter().flatten() {
                if file["media"] == "application/x-sh" {
                    let mut shell = Command::new("sh");
                    shell.args(["-n", "-c", file["text"].as_str().unwrap()]);
                    let done = shell.output().unwrap();
                    assert!(
                        done.status.success(),
                        "{format} {failure}: {}",
                        String::from_utf8_lossy(&done.stderr)
                    );
                    seen += 1;
                }
            }
        }
    }
    assert!(seen >= 15, "{seen} scripts");
}
