//! Backups brought back: checked, in place all at once, never over anything.

use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::{Database, Output, Server, Setup, json, passed, run};

/// A server on SQLite with a backup of what it holds.
fn backed_up() -> (Server, PathBuf) {
    let server = Setup::default().on_sqlite().start();
    server.import(harness::SMALL_CATALOG);
    let _ = server.post_drill(&passed("checkout", "dns")).expect(201);
    let file = server.dir().join("backup.db");
    let _ = server.cli(&["backup", &file.display().to_string()]).ok();
    (server, file)
}

fn restore(server: &Server, from: &Path, to: &Path) -> Output {
    let url = format!("sqlite:{}", to.display());
    run(server.dir(), &[], &["restore", &from.display().to_string(), "--database", &url])
}

#[track_caller]
fn refused(server: &Server, from: &Path, to: &Path, words: &[&str]) {
    let before = std::fs::read(to).ok();
    let out = restore(server, from, to);
    assert_eq!(out.code, 1, "{}{}", out.out, out.err);
    for word in words {
        assert!(out.err.contains(word), "no `{word}` in: {}", out.err);
    }
    assert_eq!(std::fs::read(to).ok(), before, "the place is as it was");
    let folder = to.parent().unwrap_or(Path::new("."));
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with(".waterbear-"), "left behind: {name}");
    }
}

#[test]
fn a_backup_taken_under_load_restores_to_a_database_that_verifies_clean() {
    let server = Setup::default().on_sqlite().start();
    server.import(harness::SMALL_CATALOG);
    let file = server.dir().join("backup.db");
    let place = server.dir().join("new/place.db");
    std::thread::scope(|scope| {
        for sender in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for n in 0..40 {
                    let mut body = passed("checkout", ["dns", "cpu", "memory", "config"][n % 4]);
                    body["external_id"] = json!(format!("s{sender}-{n}"));
                    let _ = server.post_drill(&body).expect(201);
                }
            });
        }
        std::thread::sleep(Duration::from_millis(100));
        let _ = server.cli(&["backup", &file.display().to_string()]).ok();
    });
    let _ = restore(&server, &file, &place).ok();
    let url = format!("sqlite:{}", place.display());
    let said = run(server.dir(), &[], &["verify", "--database", &url]).ok().out;
    assert!(said.ends_with("clean\n"), "{said}");
    let url = format!("sqlite:{}", file.display());
    let _ = run(server.dir(), &[], &["verify", "--database", &url]).ok();
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn a_dump_of_postgres_taken_under_load_restores_to_a_database_that_verifies_clean() {
    let Ok(postgres) = std::env::var("WATERBEAR_TEST_PG") else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set; pg_dump is PostgreSQL's own");
        return;
    };
    let server = Server::with_checkout();
    let file = server.dir().join("backup.dump").display().to_string();
    let tool = |program: &str, args: &[&str]| {
        let out = std::process::Command::new(program).args(args).output();
        let out = out.unwrap_or_else(|e| panic!("{program} cannot be run: {e}"));
        assert!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
    };
    std::thread::scope(|scope| {
        let poster = scope.spawn(|| {
            for n in 0..60 {
                let mut body = passed("checkout", ["dns", "cpu", "memory", "config"][n % 4]);
                body["external_id"] = json!(format!("p-{n}"));
                let _ = server.post_drill(&body).expect(201);
            }
        });
        std::thread::sleep(Duration::from_millis(150));
        tool("pg_dump", &["--format=custom", "--file", &file, server.database().url()]);
        poster.join().unwrap();
    });
    let place = Database::on_postgres(&postgres);
    tool("pg_restore", &["--single-transaction", "--no-owner", "--dbname", place.url(), &file]);
    let said = run(server.dir(), &[], &["verify", "--database", place.url()]).ok().out;
    assert!(said.ends_with("clean\n"), "{said}");
    let _ = server.cli(&["verify"]).ok();
}

#[test]
fn a_restored_backup_serves_what_was_backed_up() {
    let (mut server, file) = backed_up();
    let card = server.scorecard("checkout");
    let _ = server.post_drill(&passed("checkout", "cpu")).expect(201);
    server.kill();
    let place = server.dir().join("waterbear.db");
    refused(&server, &file, &place, &["waterbear.db exists already", "move this file away"]);
    for part in ["", "-wal", "-shm"] {
        let name = format!("{}{part}", place.display());
        if Path::new(&name).exists() {
            // What SQLite would read together with the restored file is in the way too.
            refused(&server, &file, &place, &["exists already"]);
            std::fs::rename(&name, format!("{name}.old")).unwrap();
        }
    }
    let out = restore(&server, &file, &place).ok();
    assert!(out.err.contains("restored as sqlite:"), "{}", out.err);
    assert!(file.exists(), "the backup stays");
    server.restart();
    let again = server.scorecard("checkout");
    assert_eq!((&again["score"], &again["grade"]), (&card["score"], &card["grade"]));
    let drills = server.json("/api/v1/services/checkout/drills");
    assert_eq!(drills["items"].as_array().map(Vec::len), Some(1), "as of the backup, not later");
}

#[test]
fn what_is_no_whole_backup_of_ours_is_refused() {
    let (server, file) = backed_up();
    let place = server.dir().join("place.db");
    let bytes = std::fs::read(&file).unwrap();
    let bad = |name: &str, bytes: &[u8]| {
        let path = server.dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    refused(&server, &server.dir().join("none.db"), &place, &["no backup at", "none.db"]);
    refused(
        &server,
        &bad("text.db", b"some text, and not even much of it"),
        &place,
        &["not a SQLite database"],
    );
    refused(&server, &bad("cut.db", &bytes[..bytes.len() / 2]), &place, &["damaged"]);
    let mut flipped = bytes.clone();
    // The pages of tables, not the first page with its header.
    for at in (4096 * 4..flipped.len()).step_by(64) {
        flipped[at] ^= 0x5a;
    }
    refused(&server, &bad("flipped.db", &flipped), &place, &["damaged"]);

    let foreign = Database::in_file(&server.dir().join("foreign.db"));
    foreign.execute("CREATE TABLE recipes (name TEXT)");
    refused(&server, &server.dir().join("foreign.db"), &place, &["no database of Waterbear"]);
    let newer = bad("newer.db", &bytes);
    Database::in_file(&newer).execute(
        "INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('20991231000000', CURRENT_TIMESTAMP)",
    );
    refused(&server, &newer, &place, &["newer version"]);
    let loose = bad("loose.db", &bytes);
    Database::in_file(&loose)
        .execute("PRAGMA foreign_keys = OFF; INSERT INTO evidence VALUES ('nobody', '[]', '[]')");
    refused(&server, &loose, &place, &["evidence", "missing"]);
    std::fs::write(server.dir().join("backup.db-wal"), "half of the story").unwrap();
    refused(&server, &file, &place, &["backup.db-wal", "waterbear backup"]);
}

#[test]
fn nothing_is_restored_under_a_server_or_into_postgres() {
    let (server, file) = backed_up();
    let place = server.dir().join("waterbear.db");
    for part in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{part}", place.display()));
    }
    refused(&server, &file, &place, &["another Waterbear serves", "stop it first"]);
    let file = file.display().to_string();
    let url = "postgres://wb@127.0.0.1:1/wb";
    let out = run(server.dir(), &[], &["restore", &file, "--database", url]);
    assert!(out.code == 1 && out.err.contains("pg_restore"), "{}", out.err);
}
