//! Names as they may stand in a shell, in a header, in an address, in the name of a Kubernetes object.
//!
//! Targets and environments are whatever a sender once wrote. None of them ever becomes part of a program.

/// A text as one word of a POSIX shell: between single quotes, in which nothing has a meaning.
pub fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text on one line, for a comment: control characters (line ends of every kind too) become spaces, and so do the
/// invisible ones that turn the direction of reading.
pub fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || is_unseen(c) { ' ' } else { c })
        .take(400)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A name with nothing but lower-case letters, digits and single dashes in it, at most `max` characters; `or` where
/// nothing is left. It may stand in a header, in a file's name, in the name of a Kubernetes object (RFC 1123).
pub fn slug(text: &str, max: usize, or: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.len() >= max {
            break;
        }
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { or.to_owned() } else { out.to_owned() }
}

/// A text as the value of a query parameter (RFC 3986).
pub fn query(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_ends_nothing() {
        assert_eq!(shell("a'; rm -rf / #"), r"'a'\''; rm -rf / #'");
        assert_eq!(comment("a\nb\u{2028}c\u{202e}d\r"), "a b c d");
        assert_eq!(slug("Ads/Ranker: v2!", 40, "x"), "ads-ranker-v2");
        assert_eq!(slug("§§", 40, "x"), "x");
        assert_eq!(slug("abcdef-", 6, "x"), "abcdef");
        assert_eq!(query("a b&c=é"), "a%20b%26c%3D%C3%A9");
    }
}
