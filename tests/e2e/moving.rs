//! `migrate --from --to`: a whole installation moved to another database and back, or not at all.

use std::collections::BTreeMap;

use harness::{Database, Server, Setup, Value, json, passed, psql, run};

/// Every row of every table, as text, by table.
fn rows(database: &Database) -> BTreeMap<String, Vec<String>> {
    let tables = database.query(
        "SELECT name AS text FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'",
    );
    let of = |table: &str| {
        let columns =
            database.query(&format!("SELECT name AS text FROM pragma_table_info('{table}') ORDER BY name"));
        let columns: Vec<&str> = columns.lines().collect();
        let list = columns.join(", ");
        let rows = database.query(&format!("SELECT json_array({list}) AS text FROM {table} ORDER BY 1"));
        rows.lines().map(str::to_owned).collect()
    };
    tables.lines().map(|table| (table.to_owned(), of(table))).collect()
}

/// A server on SQLite that has seen a bit of everything.
fn lived_in() -> Server {
    let server = Setup::default().on_sqlite().start();
    server.import(&String::from_utf8_lossy(&harness::sample("backstage/catalog-a.yaml")));
    server.import(&harness::SMALL_CATALOG.replace("checkout", "move-me"));
    for (n, failure) in ["dns", "config", "cpu", "config"].iter().enumerate() {
        let mut body = passed("move-me", failure);
        body["external_id"] = json!(format!("m-{n}"));
        body["target"] = json!("a \"quoted\" \\ name, ünïcode \u{1f43b}, 100 %");
        if n == 3 {
            body["outcome"] = json!("failed");
        }
        let _ = server.post_drill(&body).expect(201);
    }
    let fact = json!([{ "service": "move-me", "fact": "learning.actions_open", "value": 3 }]);
    let _ = server.post("/api/v1/facts", &fact).expect(200);
    let flow = json!({ "title": "Buy \u{1f43b}", "edges": [{ "from": "move-me", "to": "external:bank", "core": false }] });
    let _ = server.send(server.request("PUT", "/api/v1/flows/buy").json(&flow)).expect(201);
    let seen = json!([{ "from": "move-me", "to": "nobody-knows", "calls_per_second": 0.25 }]);
    let _ = server.post("/api/v1/dependencies", &seen).expect(200);
    let _ = server.cli(&["grade"]).ok();
    let _ = server.cli(&["verify"]).ok();
    server
}

fn moved(server: &Server, from: &str, to: &str) -> harness::Output {
    run(server.dir(), &[], &["migrate", "--from", from, "--to", to])
}

#[test]
fn an_installation_moves_to_postgres_and_back_row_for_row() {
    let Ok(postgres) = std::env::var("WATERBEAR_TEST_PG") else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set; there is nowhere to move to");
        return;
    };
    let server = lived_in();
    let target = Database::on_postgres(&postgres);
    let from = server.database().url().to_owned();
    let busy = moved(&server, &from, target.url());
    assert!(busy.code == 1 && busy.err.contains("stop it first"), "{}", busy.err);
    let card = server.scorecard("move-me");
    server.kill();

    let before = rows(server.database());
    let said = moved(&server, &from, target.url()).ok();
    for (table, rows) in &before {
        let line = said.out.lines().find(|l| l.split_whitespace().next() == Some(table));
        let line = line.unwrap_or_else(|| panic!("{table} is not told of:\n{}", said.out));
        assert_eq!(line.split_whitespace().last(), Some(rows.len().to_string().as_str()), "{line}");
        assert_eq!(
            psql(target.url(), &format!("SELECT count(*) FROM {table}")).trim(),
            rows.len().to_string()
        );
    }
    let _ = run(server.dir(), &[], &["verify", "--database", target.url()]).ok();

    let back = Database::in_file(&server.dir().join("back.db"));
    let _ = moved(&server, target.url(), back.url()).ok();
    let _ = run(server.dir(), &[], &["verify", "--database", back.url()]).ok();
    assert_eq!(rows(&back), before, "there and back, every row is the same");

    lives_on(&server, &target, &card);
    let again = moved(&server, &from, target.url());
    assert!(again.code == 1 && again.err.contains("not empty"), "{}", again.err);
}

/// A server on the moved installation shows the same card, and takes the next result.
fn lives_on(old: &Server, target: &Database, card: &Value) {
    let args = ["serve", "--database", target.url()];
    let server = harness::Bare::start(old.dir(), &args, std::time::Duration::from_secs(30));
    let get = |path: &str| -> Value {
        let reply = reqwest::blocking::get(format!("{}{path}", server.base)).unwrap();
        reply.text().unwrap().parse().unwrap()
    };
    let again = get("/api/v1/services/move-me/scorecard");
    for part in ["score", "grade", "coverage", "earned", "rulebook"] {
        assert_eq!(again[part], card[part], "{part}");
    }
    let mut body = passed("move-me", "memory");
    body["external_id"] = json!("after-the-move");
    let post = reqwest::blocking::Client::new()
        .post(format!("{}/api/v1/drills", server.base))
        .bearer_auth(old.token())
        .json(&body);
    assert_eq!(post.send().unwrap().status(), 201, "tokens moved too");
    let _ = run(old.dir(), &[], &["verify", "--database", target.url()]).ok();
}

#[test]
fn an_installation_moves_to_another_sqlite_file() {
    let server = lived_in();
    server.kill();
    let to = Database::in_file(&server.dir().join("other.db"));
    let _ = moved(&server, server.database().url(), to.url()).ok();
    assert_eq!(rows(&to), rows(server.database()));
}

#[test]
fn a_move_that_fails_in_the_middle_leaves_nothing_at_its_target() {
    let Ok(postgres) = std::env::var("WATERBEAR_TEST_PG") else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set; there is nowhere to move to");
        return;
    };
    let server = lived_in();
    server.kill();
    let target = Database::on_postgres(&postgres);
    // SQLite keeps what PostgreSQL cannot: a text with a NUL.
    server.database().execute("UPDATE events SET actor = 'a' || char(0) || 'b' WHERE seq = 3");
    let out = moved(&server, server.database().url(), target.url());
    assert_eq!(out.code, 1, "{}", out.out);
    assert!(out.err.contains("`events`") && out.err.contains("nothing is moved"), "{}", out.err);
    for table in ["services", "drills", "events", "meta"] {
        assert_eq!(psql(target.url(), &format!("SELECT count(*) FROM {table}")).trim(), "0", "{table}");
    }
    server.database().execute("UPDATE events SET actor = 'ab' WHERE seq = 3");
    let _ = moved(&server, server.database().url(), target.url()).ok();
}

#[test]
fn what_cannot_be_moved_is_refused_before_anything_is_made() {
    let dir = tempfile::TempDir::new().unwrap();
    let here = |name: &str| format!("sqlite:{}", dir.path().join(name).display());
    let ask = |from: &str, to: &str| run(dir.path(), &[], &["migrate", "--from", from, "--to", to]);
    let _ = run(dir.path(), &[], &["migrate", "--database", &here("a.db")]).ok();
    let same = ask(&here("a.db"), &here("a.db"));
    assert!(same.code == 1 && same.err.contains("the same database"), "{}", same.err);
    let old = Database::in_file(&dir.path().join("old.db"));
    old.execute("CREATE TABLE __diesel_schema_migrations (version TEXT PRIMARY KEY, run_on TEXT)");
    let behind = ask(old.url(), &here("b.db"));
    assert!(behind.code == 1 && behind.err.contains("run `waterbear migrate` first"), "{}", behind.err);
    assert!(!dir.path().join("b.db").exists());
    assert_eq!(run(dir.path(), &[], &["migrate", "--from", &here("a.db")]).code, 2, "--to is missing");
    let wrong = ask(&here("a.db"), "mysql://x/y");
    assert!(wrong.code == 1 && wrong.err.contains("--to: `mysql:`"), "{}", wrong.err);
}
