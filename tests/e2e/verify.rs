//! `verify`: every kind of damage is found and named, and nothing is found where there is none.

use harness::{Server, json, passed, run};

/// A server with results, posted facts, a regression, a rulebook run and a fair number of events.
fn lived_in() -> Server {
    let server = Server::with_checkout();
    for (n, (failure, outcome)) in
        [("dns", "passed"), ("config", "passed"), ("config", "failed"), ("cpu", "passed")].iter().enumerate()
    {
        let mut body = passed("checkout", failure);
        body["outcome"] = json!(outcome);
        body["external_id"] = json!(format!("v-{n}"));
        let _ = server.post_drill(&body).expect(201);
    }
    let fact = |value: i64, ago: i64| json!([{"service": "checkout", "fact": "learning.actions_overdue", "value": value, "as_of": harness::seconds_from_now(-ago)}]);
    for (value, ago) in [(3, 60), (2, 90), (5, 30)] {
        let _ = server.post("/api/v1/facts", &fact(value, ago)).expect(200);
    }
    let _ = server.cli(&["grade"]).ok();
    server
}

#[track_caller]
fn clean(server: &Server) -> String {
    let said = server.cli(&["verify"]).ok();
    assert!(said.out.ends_with("clean\n"), "{}", said.out);
    said.out
}

/// Does the damage, expects to be told of it by this check in these words, and mends it.
#[track_caller]
fn found(server: &Server, damage: &str, mend: &str, check: &str, words: &[&str]) {
    let postgres = server.database().is_postgres();
    // As somebody would who can do all in the database: foreign keys do not hold him.
    let prefix =
        if postgres { "SET session_replication_role = replica; " } else { "PRAGMA foreign_keys = OFF; " };
    server.database().execute(&format!("{prefix}{damage}"));
    let said = server.cli(&["verify"]);
    assert_eq!(said.code, 1, "{damage}: {}{}", said.out, said.err);
    assert!(said.out.ends_with("NOT clean\n"), "{}", said.out);
    let mut lines = said.out.lines().skip_while(|l| !(l.starts_with(check) && l.contains("PROBLEM")));
    assert!(lines.next().is_some(), "{damage}: `{check}` found nothing:\n{}", said.out);
    let told: Vec<&str> = lines.take_while(|l| l.starts_with("  ! ")).collect();
    let told = told.join("\n");
    for word in words {
        assert!(told.contains(word), "{damage}: no `{word}` in:\n{}", said.out);
    }
    server.database().execute(&format!("{prefix}{mend}"));
}

#[test]
fn an_installation_in_use_is_clean_and_stays_as_it_is() {
    let server = lived_in();
    let said = clean(&server);
    for line in ["references", "keys", "states", "facts", "scores", "events"] {
        assert!(said.lines().any(|l| l.starts_with(line) && l.contains(" ok ")), "{line}:\n{said}");
    }
    assert!(said.contains("4 counted drills") && said.contains("2 kept values"), "{said}");
    let _ = server.post_drill(&passed("checkout", "memory")).expect(201);
    server.kill();
    clean(&server);
}

#[test]
fn rows_that_do_not_belong_together_are_found() {
    let server = lived_in();
    found(
        &server,
        "INSERT INTO evidence (service_id, states, posted) VALUES ('nobody', '[]', '[]')",
        "DELETE FROM evidence WHERE service_id = 'nobody'",
        "references",
        &["evidence", "1 rows name a row of services"],
    );
    found(
        &server,
        "UPDATE idempotency_keys SET drill_id = 'x' || drill_id WHERE key = 'external:v-2'",
        "UPDATE idempotency_keys SET drill_id = substr(drill_id, 2) WHERE key = 'external:v-2'",
        "keys",
        &["external:v-2", "names the drill x"],
    );
    clean(&server);
}

#[test]
fn evidence_that_its_drills_do_not_come_to_is_found() {
    let server = lived_in();
    server.database().execute("CREATE TABLE kept AS SELECT * FROM evidence");
    let mend = "UPDATE evidence SET states = (SELECT k.states FROM kept k WHERE k.service_id = evidence.service_id), \
                posted = (SELECT k.posted FROM kept k WHERE k.service_id = evidence.service_id)";
    found(
        &server,
        "UPDATE drills SET verdict = 2 WHERE external_id = 'v-0'",
        "UPDATE drills SET verdict = 1 WHERE external_id = 'v-0'",
        "states",
        &[
            "checkout: dns of `` in `staging` is not what its drills come to",
            "last verdict is 1, should be 2",
        ],
    );
    found(
        &server,
        "UPDATE evidence SET states = '[]'",
        mend,
        "states",
        &["config of `` in `staging` is missing"],
    );
    found(
        &server,
        "UPDATE evidence SET posted = '[]'",
        mend,
        "facts",
        &["`learning.actions_overdue` was posted and is missing"],
    );
    found(
        &server,
        "UPDATE fact_history SET value = '4' WHERE value = '5'",
        "UPDATE fact_history SET value = '5' WHERE value = '4'",
        "facts",
        &["`learning.actions_overdue` is 5, which is not the newest kept value"],
    );
    found(
        &server,
        "UPDATE evidence SET states = 'not JSON'",
        mend,
        "states",
        &["checkout", "states in the evidence"],
    );
    clean(&server);
}

#[test]
fn scores_that_judging_again_does_not_give_are_found() {
    let server = lived_in();
    for (column, name) in [("score", "score"), ("earned", "points earned"), ("coverage", "coverage")] {
        found(
            &server,
            &format!("UPDATE scores SET {column} = {column} + 1"),
            &format!("UPDATE scores SET {column} = {column} - 1"),
            "scores",
            &["checkout: as of", &format!("{name} is"), "should be"],
        );
    }
    server.database().execute("CREATE TABLE kept AS SELECT * FROM scores");
    found(
        &server,
        "DELETE FROM scores",
        "INSERT INTO scores SELECT * FROM kept",
        "scores",
        &["checkout: has no score"],
    );
    server.database().execute("CREATE TABLE books AS SELECT * FROM rulebooks");
    found(
        &server,
        "DELETE FROM rulebooks",
        "INSERT INTO rulebooks SELECT * FROM books",
        "scores",
        &["scores name it, and it is not kept"],
    );
    clean(&server);
}

#[test]
fn the_first_broken_link_of_the_event_log_is_named() {
    let server = lived_in();
    let execute = |sql: &str| server.database().execute(sql);
    execute("CREATE TABLE kept AS SELECT * FROM events");
    execute("CREATE TABLE head AS SELECT * FROM event_head");
    found(
        &server,
        "UPDATE events SET sentence = sentence || '!' WHERE seq IN (3, 6)",
        "UPDATE events SET sentence = (SELECT k.sentence FROM kept k WHERE k.seq = events.seq)",
        "events",
        &["the first broken link is event 3 (", "its content is not what was written"],
    );
    found(
        &server,
        "UPDATE events SET hash = 'f00' WHERE seq = 4",
        "UPDATE events SET hash = (SELECT k.hash FROM kept k WHERE k.seq = events.seq)",
        "events",
        &["the first broken link is event 4 (", "its stored hash is not the one it was given"],
    );
    found(
        &server,
        "DELETE FROM events WHERE seq = 2",
        "INSERT INTO events SELECT * FROM kept WHERE seq = 2",
        "events",
        &["event 3 (", "event 2 is not there"],
    );
    found(
        &server,
        "DELETE FROM events WHERE seq >= (SELECT max(seq) - 1 FROM kept)",
        "INSERT INTO events SELECT * FROM kept WHERE seq >= (SELECT max(seq) - 1 FROM kept)",
        "events",
        &["the end is missing"],
    );
    let columns = "seq, id, at, kind, service_id, team_id, actor, sentence, data, hash";
    found(
        &server,
        &format!(
            "INSERT INTO events ({columns}) SELECT seq + 1000, 'forged', at, kind, service_id, team_id, actor, sentence, data, hash FROM kept WHERE seq = 1"
        ),
        "DELETE FROM events WHERE id = 'forged'",
        "events",
        &["were not appended by Waterbear"],
    );
    found(
        &server,
        "UPDATE event_head SET hash = 'f00'",
        "UPDATE event_head SET hash = (SELECT h.hash FROM head h)",
        "events",
        &["the head of the log names another hash"],
    );
    clean(&server);
}

#[test]
fn a_damaged_sqlite_file_is_found() {
    let server = harness::Setup::default().on_sqlite().start();
    server.import(harness::SMALL_CATALOG);
    let file = server.dir().join("copy.db");
    let _ = server.cli(&["backup", &file.display().to_string()]).ok();
    let database = harness::Database::in_file(&file);
    // An entry of an index that leads nowhere: what a lost write looks like.
    database.execute(
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_master SET sql = 'CREATE INDEX services_name ON services (name, id)' WHERE name = 'services_name'; \
         UPDATE services SET name_lc = 'other'",
    );
    let out = run(server.dir(), &[], &["verify", "--database", database.url()]);
    assert_eq!(out.code, 1, "{}{}", out.out, out.err);
    assert!(out.out.contains("PROBLEM") && out.out.contains("services_name"), "{}{}", out.out, out.err);
}
