//! Finds many known secret strings in a text in one pass.

use std::collections::{BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::MASK;
use super::spans::Spans;

/// Needles are told apart by their first bytes.
const HEAD: usize = 4;
/// More than this many are not kept, so that a hostile document cannot make the search slow.
const MAX_NEEDLES: usize = 4_000;
/// Nor more than this many that begin alike.
const MAX_SAME_HEAD: usize = 200;

/// Known secrets, with the forms they also take.
#[derive(Default)]
pub(super) struct Needles {
    by_head: HashMap<[u8; HEAD], Vec<Box<[u8]>>>,
    /// Quick answer for most places: no needle begins with this byte.
    first: Vec<bool>,
    /// Too short to look for inside other text, but secret when they are the whole of it.
    exact: BTreeSet<String>,
    count: usize,
}

impl Needles {
    /// Adds a secret that is at least `min` bytes long, and its common encodings.
    pub(super) fn add(&mut self, secret: &str, min: usize) {
        let secret = secret.trim();
        if secret.is_empty() || secret.contains("${") || self.count >= MAX_NEEDLES {
            return;
        }
        if secret.len() < min {
            if min == HEAD {
                self.exact.insert(secret.to_owned());
                self.count += 1;
            }
            return;
        }
        self.keep(secret);
        if secret.len() >= 6 {
            self.keep(&STANDARD.encode(secret));
            self.keep(&STANDARD_NO_PAD.encode(secret));
            self.keep(&URL_SAFE_NO_PAD.encode(secret));
        }
        self.keep(&percent_encoded(secret));
        let quoted = serde_json::Value::String(secret.to_owned()).to_string();
        self.keep(quoted.trim_matches('"'));
        for line in secret.lines().filter(|line| line.len() >= 16) {
            self.keep(line);
        }
    }

    fn keep(&mut self, form: &str) {
        let bytes = form.as_bytes();
        let Some(head) = head_at(bytes, 0) else { return };
        let same_head = self.by_head.entry(head).or_default();
        if same_head.len() >= MAX_SAME_HEAD || same_head.iter().any(|known| **known == *bytes) {
            return;
        }
        same_head.push(bytes.into());
        // The longest first, so that the whole of a secret goes.
        same_head.sort_by_key(|known| std::cmp::Reverse(known.len()));
        self.first.resize(256, false);
        if let Some(flag) = self.first.get_mut(usize::from(head[0])) {
            *flag = true;
        }
        self.count += 1;
    }

    /// Whether the whole text is one of the secrets too short to look for elsewhere.
    pub(super) fn is_exactly(&self, text: &str) -> bool {
        self.exact.contains(text.trim())
    }

    /// Marks every place where a secret stands.
    pub(super) fn find(&self, text: &str, found: &mut Spans) {
        if self.by_head.is_empty() {
            return;
        }
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let hit = bytes
                .get(at)
                .filter(|b| self.first.get(usize::from(**b)).copied().unwrap_or(false))
                .and_then(|_| head_at(bytes, at))
                .and_then(|head| self.by_head.get(&head))
                .and_then(|known| known.iter().find(|n| bytes.get(at..).is_some_and(|b| b.starts_with(n))));
            match hit {
                Some(needle) => {
                    found.mark(at, at + needle.len(), MASK);
                    at += needle.len();
                }
                None => at += 1,
            }
        }
    }
}

fn head_at(bytes: &[u8], at: usize) -> Option<[u8; HEAD]> {
    bytes.get(at..at + HEAD).and_then(|head| head.try_into().ok())
}

/// The secret as it stands in a URL.
fn percent_encoded(secret: &str) -> String {
    secret.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            for digit in [b >> 4, b & 15] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
            // The sign goes before the two digits just written.
            out.insert(out.len() - 2, '%');
        }
        out
    })
}
