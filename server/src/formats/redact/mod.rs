//! Takes secrets, host names and private paths out of documents before anything is stored or shown.

mod keys;
mod needles;
mod spans;
mod tree;

use needles::Needles;

use super::utf8;
pub(super) use keys::is_secret_key;

/// Stands where a secret stood.
pub(super) const MASK: &str = "[redacted]";
/// Stands where a directory or a user's name stood.
pub(super) const GAP: &str = "\u{2026}";

/// Knows the secrets of one document and takes them out of its parts.
#[derive(Default)]
pub(super) struct Redactor {
    needles: Needles,
}

impl Redactor {
    /// Remembers a value that the document itself declares secret: it goes wherever it stands.
    pub(super) fn declare(&mut self, secret: &str) {
        self.needles.add(secret, 4);
    }

    /// Remembers a value found under a secret-looking name: it goes elsewhere too if it is long enough to be one.
    pub(super) fn suspect(&mut self, secret: &str) {
        let bare = secret.split_once(' ').filter(|(scheme, _)| keys::is_auth_scheme(scheme));
        self.needles.add(bare.map_or(secret, |(_, rest)| rest.trim()), 8);
    }

    /// The text without what looks secret.
    pub(super) fn text(&self, text: &str) -> String {
        if self.needles.is_exactly(text) {
            return MASK.to_owned();
        }
        let mut found = spans::Spans::default();
        self.needles.find(text, &mut found);
        spans::find(text, &mut found);
        found.apply(text)
    }
}

/// A text without what looks secret in it, knowing nothing else of where it comes from.
pub fn redact_text(text: &str) -> String {
    Redactor::default().text(text)
}

/// A sender's word fit for an error message: redacted, on one line, short.
pub(super) fn shown(text: &str) -> String {
    let short = utf8::cut(text, 256);
    let clean = utf8::one_line(&redact_text(short), 60).unwrap_or_default();
    if text.len() > 60 { format!("{clean}{GAP}") } else { clean }
}
