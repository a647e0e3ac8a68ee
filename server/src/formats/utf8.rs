//! Bytes of a request to text: UTF-8 only, a byte order mark is tolerated, and places are named.

use crate::error::Error;

/// The body as text, without a leading byte order mark.
pub(super) fn text(body: &[u8]) -> Result<&str, Error> {
    if looks_like_utf16(body) {
        return Err(Error::malformed("byte 1: this looks like UTF-16; send UTF-8"));
    }
    let (body, skipped) = match body.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest, 3),
        None => (body, 0),
    };
    std::str::from_utf8(body).map_err(|e| {
        let byte = e.valid_up_to() + skipped + 1;
        Error::malformed(format!("byte {byte} is not UTF-8; send UTF-8"))
    })
}

/// A byte order mark of UTF-16, or a NUL beside an ASCII character at the very start.
fn looks_like_utf16(body: &[u8]) -> bool {
    match body {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [0, b, ..] | [b, 0, ..] => b.is_ascii() && *b != 0,
        _ => false,
    }
}

/// Line and column (both from 1, the column in characters) of a byte offset.
pub(super) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let head = bytes.get(..offset.min(bytes.len())).unwrap_or(bytes);
    let line = head.split(|b| *b == b'\n').count();
    let start = head.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    // Continuation bytes of UTF-8 do not start a character.
    let column = head.iter().skip(start).filter(|b| **b & 0xC0 != 0x80).count() + 1;
    (line, column)
}

/// Where `text` has no control characters besides those allowed.
pub(super) fn has_control(text: &str, allowed: &[char]) -> bool {
    text.chars().any(|c| c.is_control() && !allowed.contains(&c))
}

/// `text` cut to at most `max` bytes at a character boundary.
pub(super) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Free text of a foreign document for one line on a page: control characters become spaces, length is bounded.
pub(super) fn one_line(text: &str, max: usize) -> Option<String> {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let flat = cut(flat.trim(), max).trim_end();
    (!flat.is_empty()).then(|| flat.to_owned())
}
