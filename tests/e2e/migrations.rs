//! Migrations: there and back again on both databases, and the same tables on each.

use std::collections::BTreeSet;
use std::path::PathBuf;

use harness::{Database, Server, files_under, json, passed, psql, root};

/// Every migration of a backend in order: name, up, down.
fn migrations(backend: &str) -> Vec<(String, String, String)> {
    let dir = root().join("migrations").join(backend);
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(&dir).unwrap().flatten().map(|e| e.path()).collect();
    dirs.sort();
    let read = |p: PathBuf| std::fs::read_to_string(&p).unwrap_or_else(|e| panic!("{}: {e}", p.display()));
    dirs.into_iter()
        .map(|d| {
            let name = d.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            (name, read(d.join("up.sql")), read(d.join("down.sql")))
        })
        .collect()
}

/// `table.column` of everything our migrations made.
fn columns(database: &Database) -> BTreeSet<String> {
    let rows = if database.is_postgres() {
        psql(
            database.url(),
            "SELECT table_name || '.' || column_name FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_%'",
        )
    } else {
        database.query(
            "SELECT m.name || '.' || c.name AS text FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'",
        )
    };
    rows.lines().map(str::to_owned).collect()
}

fn up_down_up(database: &Database, backend: &str) -> BTreeSet<String> {
    let all = migrations(backend);
    assert!(!all.is_empty());
    for (_, up, _) in &all {
        database.execute(up);
    }
    let first = columns(database);
    for (name, _, down) in all.iter().rev() {
        database.execute(down);
        assert!(!columns(database).is_superset(&first), "{backend}/{name}: down removes nothing");
    }
    assert_eq!(columns(database), BTreeSet::new(), "{backend}: down leaves something");
    for (_, up, _) in &all {
        database.execute(up);
    }
    assert_eq!(columns(database), first, "{backend}: the second up differs");
    first
}

#[test]
fn both_backends_have_migrations_of_the_same_names() {
    let names = |backend| migrations(backend).into_iter().map(|m| m.0).collect::<Vec<_>>();
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn up_down_up_works_on_sqlite() {
    let dir = tempfile::TempDir::new().unwrap();
    let columns = up_down_up(&Database::in_file(&dir.path().join("m.db")), "sqlite");
    assert!(columns.len() > 40, "{columns:?}");
}

#[test]
fn up_down_up_works_on_postgres_and_ends_with_the_same_tables_and_columns() {
    let Ok(server) = std::env::var("WATERBEAR_TEST_PG") else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set, PostgreSQL was not tried");
        return;
    };
    let dir = tempfile::TempDir::new().unwrap();
    let sqlite = up_down_up(&Database::in_file(&dir.path().join("m.db")), "sqlite");
    let postgres = up_down_up(&Database::on_postgres(&server), "postgres");
    assert_eq!(sqlite, postgres);
}

#[test]
fn the_schema_in_code_names_the_tables_of_the_migrations() {
    let dir = tempfile::TempDir::new().unwrap();
    let made: BTreeSet<String> = up_down_up(&Database::in_file(&dir.path().join("m.db")), "sqlite")
        .into_iter()
        .filter_map(|c| c.split('.').next().map(str::to_owned))
        .collect();
    let store = root().join("server/src/store");
    let mut schema = files_under(&store, "schema.rs");
    schema.extend(files_under(&store.join("schema"), ".rs"));
    let schema: String = schema.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect();
    for table in &made {
        assert!(schema.contains(&format!(" {table} (")), "{table} is not in schema.rs");
    }
}

/// Indexes that a migration names: `table.index unique? (columns in order)`.
fn indexes(database: &Database) -> BTreeSet<String> {
    let query = if database.is_postgres() {
        "SELECT t.relname || '.' || i.relname || CASE WHEN x.indisunique THEN ' unique (' ELSE ' (' END || \
         (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(x.indkey::int[]) WITH ORDINALITY AS k (col, n) \
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.col) || ')' AS text \
         FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
         JOIN pg_namespace s ON s.oid = t.relnamespace \
         WHERE s.nspname = current_schema() AND NOT x.indisprimary AND t.relname NOT LIKE '\\_\\_%'"
    } else {
        "SELECT m.name || '.' || l.name || CASE l.\"unique\" WHEN 1 THEN ' unique (' ELSE ' (' END || \
         (SELECT group_concat(c.name, ', ') FROM pragma_index_info(l.name) c) || ')' AS text \
         FROM sqlite_master m JOIN pragma_index_list(m.name) l \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND l.origin = 'c'"
    };
    database.lines(query).into_iter().collect()
}

/// `table.column type not-null?` with the types that mean the same on both written the same.
fn types(database: &Database) -> BTreeSet<String> {
    let query = if database.is_postgres() {
        "SELECT table_name || '.' || column_name || ' ' || upper(data_type) || \
         CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END AS text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_%'"
    } else {
        "SELECT m.name || '.' || c.name || ' ' || c.type || \
         CASE c.\"notnull\" WHEN 1 THEN ' not null' ELSE '' END AS text \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'"
    };
    // The position in the event log is SQLite's own row id, which has to be called INTEGER.
    let same = |t: String| t.replace("events.seq INTEGER", "events.seq BIGINT");
    database.lines(query).into_iter().map(same).collect()
}

#[test]
fn both_backends_end_with_the_same_types_and_indexes() {
    let Ok(server) = std::env::var("WATERBEAR_TEST_PG") else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set, PostgreSQL was not tried");
        return;
    };
    let dir = tempfile::TempDir::new().unwrap();
    let (sqlite, postgres) = (Database::in_file(&dir.path().join("m.db")), Database::on_postgres(&server));
    up_down_up(&sqlite, "sqlite");
    up_down_up(&postgres, "postgres");
    assert_eq!(types(&sqlite), types(&postgres));
    assert_eq!(indexes(&sqlite), indexes(&postgres));
    assert!(indexes(&sqlite).len() > 15, "{:?}", indexes(&sqlite));
}

/// An installation in which every table that a migration rewrites has rows.
fn lived_in() -> Server {
    let server = Server::with_checkout();
    for (n, (failure, outcome)) in
        [("dns", "passed"), ("config", "passed"), ("config", "failed"), ("code", "passed")].iter().enumerate()
    {
        let mut body = passed("checkout", failure);
        body["outcome"] = json!(outcome);
        body["detected_after_seconds"] = json!(12.5);
        body["external_id"] = json!(format!("m-{n}"));
        let _ = server.post_drill(&body).expect(201);
    }
    let fact = json!([{"service": "checkout", "fact": "learning.actions_overdue", "value": 3}]);
    let _ = server.post("/api/v1/facts", &fact).expect(200);
    server
}

#[test]
fn each_migration_goes_down_and_up_on_a_filled_database() {
    let server = lived_in();
    let card = server.scorecard("checkout");
    server.kill();
    let database = server.database();
    let all = migrations(if database.is_postgres() { "postgres" } else { "sqlite" });
    for (name, up, down) in all.iter().skip(1).rev() {
        database.execute(down);
        println!("{name} is down");
        let _ = up;
    }
    for (_, up, _) in all.iter().skip(1) {
        database.execute(up);
    }
    // Events are chained again by the program.
    let _ = server.cli(&["migrate"]).ok();
    let said = server.cli(&["verify"]).ok();
    assert!(said.out.ends_with("clean\n"), "{}", said.out);
    let mut server = server;
    server.restart();
    // The means of a tier come with the first grading run, which begins when the server does.
    let began = std::time::Instant::now();
    while server.scorecard("checkout")["practices"][0]["tier_mean"].is_null()
        && began.elapsed() < std::time::Duration::from_mins(1)
    {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    for part in ["score", "grade", "coverage", "practices", "rules"] {
        assert_eq!(server.scorecard("checkout")[part], card[part], "{part}");
    }
    let _ = server.post_drill(&passed("checkout", "cpu")).expect(201);
    server.kill();
    for (name, _, down) in all.iter().rev() {
        server.database().execute(down);
        println!("{name} is down");
    }
    assert_eq!(columns(server.database()), BTreeSet::new());
}
