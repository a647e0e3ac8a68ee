//! Migrations: there and back again on both databases, and the same tables on each.

use std::collections::BTreeSet;
use std::path::PathBuf;

use harness::{Database, files_under, psql, root};

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
    let schema = files_under(&root().join("server/src/store"), "schema.rs");
    let schema: String = schema.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect();
    for table in &made {
        assert!(schema.contains(&format!(" {table} (")), "{table} is not in schema.rs");
    }
}
