//! A copy of a SQLite database while it is in use.

use std::path::Path;

use anyhow::Context;
use diesel::connection::SimpleConnection;

use super::{Conn, DatabaseUrl};

/// Copies the database to `file` and gives its size in bytes. `file` appears only when it is complete and synced.
pub fn copy(url: &DatabaseUrl, file: &Path) -> anyhow::Result<u64> {
    anyhow::ensure!(
        url.sqlite_path().is_some(),
        "backup copies SQLite databases; for PostgreSQL use pg_dump (docs/operating.md)"
    );
    url.must_exist()?;
    anyhow::ensure!(!file.exists(), "{} exists already; a backup never writes over a file", file.display());
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temp = tempfile::Builder::new()
        .prefix(".waterbear-backup-")
        .tempdir_in(folder)
        .with_context(|| format!("cannot write in {}", folder.display()))?;
    let part = temp.path().join("copy.db");
    let name = part.to_str().context("the path is not UTF-8")?.replace('\'', "''");
    match url.connect(false)? {
        Conn::Sqlite(mut conn) => {
            conn.batch_execute(&format!("VACUUM INTO '{name}'")).context("copying the database")?;
        }
        Conn::Pg(_) => anyhow::bail!("not a SQLite database"),
    }
    let written = std::fs::File::open(&part)?;
    written.sync_all().context("syncing the copy")?;
    let bytes = written.metadata()?.len();
    // Not over a file that has come to be there meanwhile.
    tempfile::TempPath::try_from_path(&part)?
        .persist_noclobber(file)
        .map_err(|e| e.error)
        .with_context(|| format!("cannot write {}", file.display()))?;
    std::fs::File::open(folder)?.sync_all().context("syncing the folder")?;
    Ok(bytes)
}
