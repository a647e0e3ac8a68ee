//! The secret key that seals what must not be read in the database.

use super::{Secret, Source};

/// A shorter secret key can be guessed, bytes.
pub const MIN_SECRET_BYTES: usize = 32;

/// `server.secret_key` or `server.secret_key_file`; none: a file beside the SQLite database.
pub(super) fn read(source: &mut Source) -> Option<Secret> {
    let here = source.text("server", "secret_key");
    let file = source.text("server", "secret_key_file");
    match (here, file) {
        (Some(_), Some(_)) => {
            source.errors.push("server.secret_key: give this or server.secret_key_file, not both".into());
            None
        }
        (Some(text), None) if text.trim().len() < MIN_SECRET_BYTES => {
            // The text is not repeated.
            source.errors.push(format!("server.secret_key: expected at least {MIN_SECRET_BYTES} characters"));
            None
        }
        (Some(text), None) => Some(Secret::of(text)),
        (None, Some(file)) => Some(Secret::in_file(file.into())),
        (None, None) => None,
    }
}
