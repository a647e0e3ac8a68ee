//! The installation's secret key: from the settings, or from a file beside the SQLite database that is made once.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::{Config, MIN_SECRET_BYTES};
use crate::error::{Error, Result};

/// The secret key; with `make`, a key file that is not there yet is made.
pub(super) fn secret_key(config: &Config, make: bool) -> Result<String> {
    let conflict = |detail: String| Error::Conflict { detail };
    if let Some(secret) = &config.secret_key {
        let text = secret.read().map_err(|error| conflict(format!("server.secret_key_file: {error}")))?;
        return long_enough(text, "server.secret_key_file");
    }
    let Some(database) = config.database.sqlite_path() else {
        return Err(conflict(
            "Signing and sealing need a secret key that all processes on this PostgreSQL database share: set \
             server.secret_key_file (WATERBEAR_SECRET_KEY_FILE) or WATERBEAR_SECRET_KEY, for example to the output \
             of `openssl rand -base64 32`."
                .to_owned(),
        ));
    };
    let file = beside(database);
    match std::fs::read_to_string(&file) {
        Ok(text) => return long_enough(text.trim().to_owned(), &file.display().to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound && make => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(conflict(format!(
                "The secret key of this database is gone: there is no {}. Bring it back from its backup, or make new \
                 signing keys with `waterbear keys rotate --compromised`.",
                file.display()
            )));
        }
        Err(error) => return Err(conflict(format!("{}: {error}", file.display()))),
    }
    write_new(&file)?;
    // Another process may have been first: what is in the file counts.
    let text = std::fs::read_to_string(&file).map_err(|e| conflict(format!("{}: {e}", file.display())))?;
    long_enough(text.trim().to_owned(), &file.display().to_string())
}

/// `data/waterbear.db.key` of `data/waterbear.db`.
pub(super) fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// Writes a fresh secret, complete or not at all, readable by its owner alone; a file that is there stays.
fn write_new(file: &Path) -> Result<()> {
    let random = crate::types::random::<32>()?;
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wrong = |error: std::io::Error| Error::Conflict {
        detail: format!(
            "{}: {error}. Give the folder to the user that runs Waterbear, or set server.secret_key_file.",
            file.display()
        ),
    };
    // Such files are made with mode 0600.
    let mut temp = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    writeln!(temp, "{}", URL_SAFE_NO_PAD.encode(random)).map_err(wrong)?;
    temp.as_file().sync_all().map_err(wrong)?;
    match temp.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(wrong(error.error)),
    }
}

fn long_enough(text: String, place: &str) -> Result<String> {
    if text.len() >= MIN_SECRET_BYTES {
        return Ok(text);
    }
    let detail =
        format!("{place}: the secret key is too short; at least {MIN_SECRET_BYTES} characters are expected.");
    Err(Error::Conflict { detail })
}
