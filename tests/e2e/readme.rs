//! The README's own commands, run as a newcomer runs them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::{Bare, binary, root, sample};

/// The shell blocks of the section "Your own service in five minutes", in order.
fn blocks() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let section =
        text.split("## Your own service").nth(1).and_then(|s| s.split("\n## ").next()).unwrap_or_default();
    let blocks = section.split("```sh\n").skip(1).filter_map(|b| b.split("```").next());
    blocks.map(str::to_owned).collect()
}

/// Runs a block in `dir` with the binary on the path; `serve` runs already, at `address`.
fn shell(dir: &Path, address: &str, token: &str, block: &str) -> String {
    let bin = binary().parent().unwrap_or(Path::new("."));
    // The binary under test may go by another name: the block calls it `waterbear`.
    let script = format!("waterbear() {{ '{}' \"$@\"; }}\n{block}", binary().display());
    let out = Command::new("bash")
        .args(["-euc", &script.replace("127.0.0.1:8080", address)])
        .current_dir(dir)
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("TOKEN", token)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{block}\n{said}{}", String::from_utf8_lossy(&out.stderr));
    said
}

#[test]
fn the_five_minutes_of_the_readme_end_at_a_graded_service() {
    let dir = tempfile::TempDir::new().unwrap();
    let blocks = blocks();
    let block = |part: &str| {
        let found = blocks.iter().find(|b| b.contains(part)).cloned();
        found.unwrap_or_else(|| panic!("no block with `{part}` in {blocks:#?}"))
    };
    shell(dir.path(), "", "", &block("waterbear import"));
    let token = shell(dir.path(), "", "", &(block("waterbear token create") + "echo $TOKEN"));
    let server = Bare::start(dir.path(), &["serve"], Duration::from_secs(30));
    let address = server.base.trim_start_matches("http://").to_owned();
    let answer = shell(dir.path(), &address, token.trim(), &block("/api/v1/drills"));
    assert!(answer.contains("\"grade\"") && answer.contains("\"outcome\":\"passed\""), "{answer}");
    std::fs::write(dir.path().join("journal.json"), sample("chaostoolkit/journals/pass.json")).unwrap();
    let answer = shell(dir.path(), &address, token.trim(), &block("@journal.json"));
    assert!(answer.contains("\"service\":\"payments\""), "{answer}");
    let page = reqwest::blocking::get(format!("{}/services/payments", server.base)).unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().unwrap().contains("Configuration rollback rehearsed"));
}

#[test]
fn every_document_that_is_linked_is_there() {
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "docs/drill-plans.md",
        "docs/notifications.md",
        "docs/operating.md",
        "docs/rules.md",
        "docs/sending-evidence.md",
    ] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        for target in text.split("](").skip(1).filter_map(|t| t.split([')', '#']).next()) {
            if target.is_empty() || target.starts_with("http") {
                continue;
            }
            let path = root().join(file).parent().unwrap_or(root()).join(target);
            assert!(path.exists(), "{file} links to {target}");
        }
    }
}
