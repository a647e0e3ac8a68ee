//! Databases that cannot be used: one message with the place and the cure, and never a new file by mistake.

use std::path::Path;

use harness::{Cluster, Database, Output, Setup, run};

fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// One line on standard error with all the words, and exit code 1.
#[track_caller]
fn told(out: &Output, words: &[&str]) {
    assert_eq!(out.code, 1, "{}{}", out.out, out.err);
    assert!(out.out.is_empty(), "{}", out.out);
    assert!(!out.err.contains("panicked") && !out.err.contains("SECRET"), "{}", out.err);
    let message: Vec<&str> = out.err.lines().filter(|l| l.starts_with("waterbear: ")).collect();
    assert_eq!(message.len(), 1, "one message: {}", out.err);
    for word in words {
        assert!(out.err.contains(word), "no `{word}` in: {}", out.err);
    }
}

#[test]
fn a_command_that_only_visits_makes_no_database() {
    let dir = tempfile::TempDir::new().unwrap();
    std::fs::write(dir.path().join("drill.json"), "{}").unwrap();
    let before = files(dir.path());
    for command in [
        &["token", "list"][..],
        &["token", "create", "--name", "ci", "--scope", "admin"],
        &["grade"],
        &["ingest", "drill", "drill.json"],
        &["ingest", "--replay"],
        &["backup", "copy.db"],
        &["verify"],
        &["migrate", "--from", "sqlite:data/wb.db", "--to", "sqlite:new.db"],
    ] {
        let mut args = command.to_vec();
        if command[0] != "migrate" {
            args.extend(["--database", "sqlite:data/wb.db"]);
        }
        let out = run(dir.path(), &[], &args);
        told(&out, &["no database at sqlite:data/wb.db", "DATABASE_URL", "waterbear migrate"]);
        assert_eq!(files(dir.path()), before, "{command:?}");
    }
}

#[test]
fn a_sqlite_path_that_cannot_be_is_told_with_its_cure() {
    let dir = tempfile::TempDir::new().unwrap();
    std::fs::write(dir.path().join("notes.txt"), "no database, but a good deal of text").unwrap();
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    std::fs::write(dir.path().join("cat.csv"), "slug,team\ncheckout,shop\n").unwrap();
    let foreign = Database::in_file(&dir.path().join("foreign.db"));
    foreign.execute("CREATE TABLE recipes (name TEXT)");
    let (before, bytes) = (files(dir.path()), std::fs::read(dir.path().join("foreign.db")).unwrap());
    for (path, words) in [
        ("folder", &["it is a folder", "folder/waterbear.db"][..]),
        ("new/", &["it is a folder"]),
        ("notes.txt", &["not a SQLite database", "another path"]),
        ("notes.txt/wb.db", &["the folder notes.txt cannot be made", "another path"]),
        ("/proc/wb.db", &["cannot be opened for writing", "the user that runs Waterbear"]),
        ("foreign.db", &["another program", "another path"]),
    ] {
        let url = format!("sqlite:{path}");
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["import", "cat.csv"]] {
            let mut args = command.to_vec();
            args.extend(["--database", &url]);
            let out = run(dir.path(), &[], &args);
            told(&out, words);
            assert!(out.err.contains(&url), "{}", out.err);
        }
    }
    let left: Vec<String> = files(dir.path()).into_iter().filter(|f| !f.contains(".lock")).collect();
    assert_eq!(left, before);
    assert_eq!(std::fs::read(dir.path().join("foreign.db")).unwrap(), bytes, "left as it was");
}

#[test]
fn a_database_url_that_cannot_be_read_shows_no_password() {
    let dir = tempfile::TempDir::new().unwrap();
    for (url, words) in [
        ("mysql://wb:SECRET@db.example/wb", &["`mysql:`", "postgres://USER:PASSWORD@HOST/DATABASE"][..]),
        ("wb.db", &["did you mean sqlite:wb.db?"]),
        ("sqlite:", &["a file path"]),
        ("sqlite:wb.db?mode=ro", &["no parameters"]),
        ("postgres://wb:SECRET@db.example", &["names no database"]),
        ("postgres://wb:SEC/RET@db.example/wb", &["%2F"]),
        ("postgres://wb:SECRET@@db.example/wb", &["%40"]),
        ("host=db.example password=SECRET", &["postgres://USER:PASSWORD@HOST/DATABASE"]),
    ] {
        let out = run(dir.path(), &[], &["serve", "--listen", "127.0.0.1:0", "--database", url]);
        told(&out, &["database.url"]);
        told(&out, words);
    }
    assert_eq!(files(dir.path()), [""; 0]);
}

#[test]
fn a_server_that_is_away_and_a_host_that_is_not_there_are_told() {
    let dir = tempfile::TempDir::new().unwrap();
    let out = run(dir.path(), &[], &["migrate", "--database", "postgres://wb:SECRET@127.0.0.1:1/wb"]);
    told(&out, &["postgres://127.0.0.1:1/wb", "refused", "host and port"]);
    let url = "postgres://wb:SECRET@no-such-host.invalid/wb";
    let out = run(dir.path(), &[], &["serve", "--listen", "127.0.0.1:0", "--database", url]);
    told(&out, &["no-such-host.invalid", "correct the host name"]);
    assert!(out.err.contains("WARN") && out.err.contains("sslmode=verify-full"), "unproven: {}", out.err);
    assert_eq!(files(dir.path()), [""; 0], "no SQLite file in its place");
}

#[test]
fn what_a_role_lacks_on_postgres_is_told_with_the_grant() {
    let hba = "host all all 127.0.0.1/32 scram-sha-256";
    let Some(cluster) = Cluster::start(hba, &[], &[]) else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set; SQLite has no roles");
        return;
    };
    let dir = tempfile::TempDir::new().unwrap();
    for role in ["owner", "app", "reader"] {
        cluster.sql("postgres", &format!("CREATE ROLE {role} LOGIN PASSWORD 'SECRET'"));
    }
    cluster.sql("postgres", "CREATE DATABASE wb OWNER owner");
    let ask = |user: &str, database: &str, command: &[&str]| {
        let url = cluster.url(user, "127.0.0.1", database);
        let mut args = command.to_vec();
        args.extend(["--database", &url]);
        run(dir.path(), &[], &args)
    };
    let migrate = &["migrate"][..];
    told(&ask("owner:wrong-SECRET", "wb", migrate), &["password authentication failed", "Correct the user"]);
    told(&ask("owner:SECRET", "other", migrate), &["\"other\" does not exist", "createdb"]);
    told(
        &ask("app:SECRET", "wb", migrate),
        &["permission denied for schema", "GRANT USAGE, CREATE ON SCHEMA"],
    );
    let reading = "wb?options=-cdefault_transaction_read_only%3Don";
    told(&ask("owner:SECRET", reading, migrate), &["read-only", "a role that may write"]);

    let _ = ask("owner:SECRET", "wb", migrate).ok();
    told(&ask("app:SECRET", "wb", migrate), &["permission denied", "GRANT SELECT, INSERT, UPDATE, DELETE"]);
    cluster.sql("wb", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader, app");
    let serve = &["serve", "--listen", "127.0.0.1:0"][..];
    told(&ask("reader:SECRET", "wb", serve), &["permission denied for table", "GRANT SELECT, INSERT"]);
    told(&ask("owner:SECRET", reading, serve), &["read-only", "a role that may write"]);
    // With its rights on the tables, a role that could not make them is enough.
    cluster.sql("wb", "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app");
    let _ = ask("app:SECRET", "wb", &["token", "create", "--name", "ci", "--scope", "admin"]).ok();
}

#[test]
fn a_database_file_that_vanishes_is_not_made_anew() {
    let server = Setup::default().on_sqlite().start();
    let _ = server.get("/healthz").expect(200);
    let file = server.dir().join("waterbear.db");
    for part in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{part}", file.display()));
    }
    server.ask_to_end();
    assert_eq!(server.wait_for_end(std::time::Duration::from_secs(20)).code(), Some(0));
    assert!(!file.exists(), "a new, empty database stands in its place");
}
