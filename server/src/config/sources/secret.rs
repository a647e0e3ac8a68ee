//! A secret: it can be read, and never shows by itself.

use std::fmt;
use std::path::PathBuf;

/// A password, a token, or the value of a header.
#[derive(Clone)]
pub struct Secret(Place);

#[derive(Clone)]
enum Place {
    Here(String),
    File(PathBuf),
}

impl Secret {
    /// A secret that is known already.
    pub fn of(text: String) -> Self {
        Self(Place::Here(text))
    }

    /// A secret in a file, read anew each time, so that it may change while the process runs.
    pub fn in_file(path: PathBuf) -> Self {
        Self(Place::File(path))
    }

    /// The secret, without the white space around it; otherwise why its file cannot be read, with the file's name.
    pub fn read(&self) -> Result<String, String> {
        let text = match &self.0 {
            Place::Here(text) => text.clone(),
            Place::File(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?
            }
        };
        Ok(text.trim().to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Here(_) => f.write_str("Secret(..)"),
            Place::File(path) => write!(f, "Secret(in {})", path.display()),
        }
    }
}
