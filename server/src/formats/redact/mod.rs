//! Takes secrets, host names and private paths out of documents before anything is stored or shown.

mod keys;
mod needles;
mod spans;
mod tree;

use std::collections::BTreeSet;

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
    public: BTreeSet<String>,
}

impl Redactor {
    /// Remembers a value that the document itself declares secret: it goes wherever it stands,
    /// unless it is a word that every such document holds.
    pub(super) fn declare(&mut self, secret: &str) {
        self.look_for(secret, 4);
    }

    /// Remembers a value found under a secret-looking name: it goes elsewhere too if it is long enough to be one.
    pub(super) fn suspect(&mut self, secret: &str) {
        let bare = secret.split_once(' ').filter(|(scheme, _)| keys::is_auth_scheme(scheme));
        self.look_for(bare.map_or(secret, |(_, rest)| rest.trim()), 8);
    }

    fn look_for(&mut self, secret: &str, min: usize) {
        if !keys::is_structure(secret.trim()) {
            self.needles.add(secret, min);
        }
    }

    /// Keeps a text that is published anyway (a service's name, an environment) where it stands alone, even if the
    /// document also lists it among its secrets: the stored document must read as the original does.
    pub(super) fn publish(&mut self, text: &str) {
        self.public.insert(text.to_owned());
    }

    /// The text without what looks secret.
    pub(super) fn text(&self, text: &str) -> String {
        if self.public.contains(text) || keys::is_structure(text) || is_time(text) {
            return text.to_owned();
        }
        if self.needles.is_exactly(text) {
            return MASK.to_owned();
        }
        let mut found = spans::Spans::default();
        self.needles.find(text, &mut found);
        spans::find(text, &mut found);
        found.apply(text)
    }
}

/// Whether the whole text is a time, such as every activity of a journal has.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    (19..=35).contains(&bytes.len())
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && bytes.get(10) == Some(&b'T')
        && bytes.get(13) == Some(&b':')
        && bytes.iter().all(|b| b.is_ascii_digit() || b"-:.+TZ".contains(b))
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
