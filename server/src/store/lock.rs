//! One process per SQLite file: whoever holds the lock file beside it.

use std::path::Path;

use super::DatabaseUrl;

/// Holds the file's lock until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: std::fs::File,
}

/// Takes the lock of a SQLite file for this process; nothing to take on PostgreSQL.
pub fn hold(url: &DatabaseUrl) -> anyhow::Result<Option<Lock>> {
    match url.sqlite_path() {
        Some(path) => Ok(Some(of(path)?)),
        None => Ok(None),
    }
}

/// Takes the lock of the SQLite file at `path`, which need not be there yet.
pub(super) fn of(path: &Path) -> anyhow::Result<Lock> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let opened = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&name);
    let file = opened.map_err(|error| {
        anyhow::anyhow!(
            "cannot write {}: {error}. Give its folder to the user that runs Waterbear",
            name.to_string_lossy()
        )
    })?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(std::fs::TryLockError::WouldBlock) => {
            anyhow::bail!("another Waterbear serves {} already; stop it first", path.display())
        }
        // A file system without locks cannot keep two processes apart: SQLite does not belong there.
        Err(std::fs::TryLockError::Error(error)) => {
            anyhow::bail!(
                "cannot lock {}: {error}. Keep the SQLite file on a local disk",
                name.to_string_lossy()
            )
        }
    }
}
