//! A backup brought back as the database: checked first, in place all at once, never over anything.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::NamedTempFile;

use super::{Conn, DatabaseUrl, SchemaState, lock, migrations, schema_state};

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// Size of the database file.
    pub bytes: u64,
    /// The copy was made by an older version: the next start brings its schema up to date.
    pub older: bool,
}

/// Puts a copy of `file`, a backup, in the place of the SQLite database, where there must be none yet.
pub fn restore(url: &DatabaseUrl, file: &Path) -> anyhow::Result<Restored> {
    let Some(place) = url.sqlite_path() else {
        bail!("restore brings SQLite backups back; for PostgreSQL use pg_restore (docs/operating.md)");
    };
    ensure!(file.is_file(), "there is no backup at {}", file.display());
    for part in ["-wal", "-journal"] {
        let beside = with_suffix(file, part);
        ensure!(
            beside.metadata().map_or(0, |m| m.len()) == 0,
            "{} lies beside the backup: it was copied from a database in use and is not whole. Use a copy made \
             by `waterbear backup`",
            beside.display()
        );
    }
    refuse_to_overwrite(place)?;
    // What is no backup at all leaves no trace at the place.
    let older = age(file).with_context(|| format!("{} is not restored", file.display()))?;
    let folder = place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let _lock = lock::of(place)?;
    refuse_to_overwrite(place)?;
    let mut part = tempfile::Builder::new()
        .prefix(".waterbear-restore-")
        .tempfile_in(folder)
        .with_context(|| format!("cannot write in {}", folder.display()))?;
    let bytes = copy(file, &mut part)?;
    check(part.path()).with_context(|| format!("{} is not restored", file.display()))?;
    part.persist_noclobber(place)
        .map_err(|e| e.error)
        .with_context(|| format!("writing {}", place.display()))?;
    std::fs::File::open(folder)?.sync_all().context("syncing the folder")?;
    Ok(Restored { bytes, older })
}

/// Files that SQLite would read together with the database count as a part of it.
fn refuse_to_overwrite(place: &Path) -> anyhow::Result<()> {
    for part in ["", "-wal", "-shm", "-journal"] {
        let file = with_suffix(place, part);
        ensure!(
            !file.exists(),
            "{} exists already, and restore never writes over anything. Stop the service and move this file away \
             (with those of the same name that end in -wal and -shm), or restore to another path",
            file.display()
        );
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn copy(from: &Path, to: &mut NamedTempFile) -> anyhow::Result<u64> {
    let mut source = std::fs::File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
    let bytes = std::io::copy(&mut source, to).context("copying the backup")?;
    to.as_file().sync_all().context("syncing the copy")?;
    Ok(bytes)
}

/// A row of one text.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

fn open(file: &Path) -> anyhow::Result<Conn> {
    let url = DatabaseUrl::Sqlite { path: file.to_path_buf(), durable: true };
    // Nobody writes to this file: no lock, no files beside it.
    Ok(Conn::Sqlite(url.sqlite("mode=ro&immutable=1")?))
}

/// Refuses a file that is foreign or of a newer version; true when it is of an older one.
fn age(file: &Path) -> anyhow::Result<bool> {
    match schema_state(&mut open(file)?).context("it is not a SQLite database, or damaged")? {
        SchemaState::Current => Ok(false),
        SchemaState::Behind => Ok(true),
        SchemaState::Newer(version) => Err(migrations::newer(&version)),
        SchemaState::Foreign(_) => bail!("it is no database of Waterbear"),
    }
}

/// Refuses a copy that is damaged.
fn check(copy: &Path) -> anyhow::Result<()> {
    let mut conn = open(copy)?;
    let mut ask = |query: &str| -> anyhow::Result<Vec<String>> {
        let lines: Vec<Line> = diesel::sql_query(query).load(&mut conn).context("it is damaged")?;
        Ok(lines.into_iter().map(|l| l.text).collect())
    };
    let said = ask("SELECT integrity_check AS text FROM pragma_integrity_check")?;
    ensure!(said == ["ok"], "it is damaged: {}", said.join("; "));
    let loose = ask("SELECT DISTINCT \"table\" AS text FROM pragma_foreign_key_check")?;
    ensure!(loose.is_empty(), "rows of `{}` refer to rows that are missing", loose.join("`, `"));
    Ok(())
}
