//! The command line: exit codes, streams, help.

use harness::{Server, Setup, run};

#[test]
fn a_wrong_command_is_a_usage_error() {
    let dir = tempfile::TempDir::new().unwrap();
    for args in [&["serv"][..], &["serve", "--colour"], &["import"], &["ingest"], &["token", "create"]] {
        let out = run(dir.path(), &[], args);
        assert_eq!(out.code, 2, "{args:?}: {}{}", out.out, out.err);
        assert!(out.out.is_empty(), "{args:?}: data on standard output: {}", out.out);
        assert!(!out.err.is_empty());
    }
}

#[test]
fn help_and_version_need_nothing() {
    let dir = tempfile::TempDir::new().unwrap();
    let help = run(dir.path(), &[], &["--help"]).ok();
    for command in [
        "serve",
        "demo",
        "migrate",
        "backup",
        "import",
        "ingest",
        "grade",
        "rules",
        "degrader",
        "token",
        "openapi",
        "drill-plan",
    ] {
        assert!(help.out.contains(command), "{command} is not in the help");
    }
    assert!(run(dir.path(), &[], &["--version"]).ok().out.starts_with("waterbear "));
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert!(left.is_empty(), "help leaves files: {left:?}");
}

#[test]
fn errors_go_to_standard_error_with_exit_code_one() {
    let server = Setup::default().on_sqlite().start();
    for args in [
        &["import", "no-such-file.yaml"][..],
        &["rules", "check", "no-such-directory"],
        &["ingest", "chaostoolkit", "no-such-file.json", "--service", "checkout"],
        &["backup", "no/such/directory/backup.db"],
    ] {
        let out = server.cli(args);
        assert_eq!(out.code, 1, "{args:?}: {}{}", out.out, out.err);
        assert!(out.out.is_empty(), "{args:?}: {}", out.out);
        assert!(out.err.contains("no"), "{args:?}: {}", out.err);
        assert!(!out.err.contains("panicked") && !out.err.contains("Stack backtrace"), "{}", out.err);
    }
}

#[test]
fn an_ingest_for_an_unknown_service_names_the_nearest() {
    let server = Server::with_checkout();
    let file = harness::samples_dir().join("chaostoolkit/journals/pass.json").display().to_string();
    let out = server.cli(&["ingest", "chaostoolkit", &file, "--service", "chekout"]);
    assert_eq!(out.code, 1);
    assert!(out.err.contains("checkout"), "{}", out.err);
}

#[test]
fn a_database_url_of_another_kind_is_told_what_would_do() {
    let dir = tempfile::TempDir::new().unwrap();
    let out = run(dir.path(), &[], &["migrate", "--database", "mysql://root@localhost/x"]);
    assert_ne!(out.code, 0);
    assert!(out.err.contains("sqlite:") && out.err.contains("postgres://"), "{}", out.err);
}

#[test]
fn a_password_in_the_database_url_is_never_printed() {
    let dir = tempfile::TempDir::new().unwrap();
    let url = "postgres://wb:EXAMPLE-DB-SECRET@127.0.0.1:1/none";
    for args in
        [&["migrate", "--database", url][..], &["serve", "--listen", "127.0.0.1:0", "--database", url]]
    {
        let out = run(dir.path(), &[], args);
        assert_eq!(out.code, 1, "{}{}", out.out, out.err);
        assert!(
            !out.err.contains("EXAMPLE-DB-SECRET") && !out.out.contains("EXAMPLE-DB-SECRET"),
            "{}",
            out.err
        );
    }
}

#[test]
fn flags_win_over_the_environment() {
    let dir = tempfile::TempDir::new().unwrap();
    let env = [("DATABASE_URL".to_owned(), format!("sqlite:{}/env.db", dir.path().display()))];
    let _ = run(dir.path(), &env, &["migrate"]).ok();
    assert!(dir.path().join("env.db").exists());
    let flag = format!("sqlite:{}/flag.db", dir.path().display());
    let _ = run(dir.path(), &env, &["migrate", "--database", &flag]).ok();
    assert!(dir.path().join("flag.db").exists());
}

#[test]
fn migrate_can_be_run_again() {
    let dir = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite:{}/a.db", dir.path().display());
    for _ in 0..2 {
        let _ = run(dir.path(), &[], &["migrate", "--database", &url]).ok();
    }
}
