//! The OpenAPI document, read by a program that tries every call of it: no answer is one that the document lacks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use harness::{Server, Setup, root, sample};

/// Examples of each call beside those that try its limits; the same ones in every run.
const EXAMPLES: &str = "8";

fn program() -> PathBuf {
    let named = std::env::var_os("WATERBEAR_SCHEMATHESIS").map(PathBuf::from);
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = || path.split(':').map(|dir| Path::new(dir).join("schemathesis")).find(|p| p.is_file());
    named.or_else(on_path).expect("schemathesis is missing: tests/run installs it")
}

/// A server with the shop in it that counts nobody's requests.
fn server() -> Server {
    let mut setup = Setup::default()
        .on_sqlite()
        .file("waterbear.toml", "[hooks.gremlin]\nformat = \"gremlin\"\nsecret_env = \"KEY\"\n")
        .env("KEY", "a-key-of-the-hook-7f3a");
    for kind in ["TOKEN", "ADDRESS", "FAILED", "EXCHANGE"] {
        setup = setup.env(&format!("WATERBEAR_{kind}_PER_MINUTE"), "0");
    }
    let server = setup.start();
    server.import(&String::from_utf8_lossy(&sample("backstage/catalog-a.yaml")));
    let _ = server.new_person("ada", &[]);
    server
}

/// Tries every call, with this token or without one.
fn attempt(server: &Server, token: &str) {
    let mut command = Command::new(program());
    command.arg("--config-file").arg(root().join("tests/schemathesis.toml"));
    command.args(["run", &format!("{}/api/openapi.json", server.base())]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES]);
    command.args(["--generation-deterministic", "--no-shrink", "--continue-on-failure"]);
    // What the document cannot say, such as which services there are, may be refused.
    command.args(["--exclude-checks", "positive_data_acceptance", "--request-timeout", "20"]);
    command.args(["--no-color", "--warnings", "off"]);
    if !token.is_empty() {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    let done = command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", server.dir())
        .env("PYTHONPATH", root().join("tests"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .current_dir(server.dir())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("schemathesis cannot be started: {e}"));
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    // All but the one that gives the document, which it has read already.
    let calls = waterbear::http::routes::api().count() - 1;
    assert!(
        said.contains(&format!("Tested: {calls}\n")),
        "not every one of {calls} calls was tried:\n{said}"
    );
}

#[test]
fn every_answer_is_one_that_the_document_names() {
    // The program is slow and knows nothing of databases: once is enough.
    if std::env::var_os("WATERBEAR_TEST_PG").is_some() {
        return;
    }
    let server = server();
    attempt(&server, "");
    attempt(&server, server.token());
    let _ = server.get("/api/v1/tokens").expect(200);
    for bad in ["panicked", "internal error"] {
        assert!(!server.log().contains(bad), "{}", server.log());
    }
}
