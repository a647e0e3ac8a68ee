//! Finds the places in a text that look secret by their form.

use super::keys::{is_auth_scheme, is_secret_key, takes_the_line};
use super::{GAP, MASK};

/// Places to replace.
#[derive(Default)]
pub(super) struct Spans {
    found: Vec<(usize, usize, &'static str)>,
    /// How far the places marked by form reach: nothing before it needs another look, which also keeps hostile
    /// text (`token:token:token:...`) from costing its length squared.
    reach: usize,
}

impl Spans {
    pub(super) fn mark(&mut self, start: usize, end: usize, with: &'static str) {
        if start < end {
            self.found.push((start, end, with));
            self.reach = self.reach.max(end);
        }
    }

    /// The text with every place replaced, overlapping places as one.
    pub(super) fn apply(mut self, text: &str) -> String {
        if self.found.is_empty() {
            return text.to_owned();
        }
        self.found.sort_unstable();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        let mut places = self.found.into_iter().peekable();
        while let Some((start, mut end, mut with)) = places.next() {
            while let Some((_, more, other)) = places.next_if(|(next, _, _)| *next < end) {
                end = end.max(more);
                if other == MASK {
                    with = MASK;
                }
            }
            let end = ceil_boundary(text, end);
            let start = floor_boundary(text, start).max(done);
            out.push_str(text.get(done..start).unwrap_or_default());
            out.push_str(with);
            done = end.max(start);
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }
}

fn ceil_boundary(text: &str, mut at: usize) -> usize {
    while at < text.len() && !text.is_char_boundary(at) {
        at += 1;
    }
    at.min(text.len())
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Beginnings of tokens that their makers keep recognisable, and how many more characters a token has at least.
const TOKEN_HEADS: &[(&str, usize)] = &[
    ("AIza", 20),
    ("AKIA", 12),
    ("ASIA", 12),
    ("SG.", 16),
    ("dop_v1_", 16),
    ("eyJ", 12),
    ("ghp_", 6),
    ("gho_", 6),
    ("ghu_", 6),
    ("ghs_", 6),
    ("ghr_", 6),
    ("github_pat_", 6),
    ("glpat-", 6),
    ("gldt-", 6),
    ("glrt-", 6),
    ("glcbt-", 6),
    ("hvs.", 12),
    ("npm_", 20),
    ("pypi-", 20),
    ("rk_live_", 6),
    ("sk-", 16),
    ("sk_live_", 6),
    ("wb_", 6),
    ("whsec_", 6),
    ("xapp-", 6),
    ("xoxa-", 6),
    ("xoxb-", 6),
    ("xoxc-", 6),
    ("xoxd-", 6),
    ("xoxe-", 6),
    ("xoxe.", 6),
    ("xoxp-", 6),
    ("xoxr-", 6),
    ("xoxs-", 6),
    ("ya29.", 12),
];

/// How far a closing quote or a misplaced `@` is looked for.
const LOOK_AHEAD: usize = 64 * 1024;

/// Marks everything in `text` that looks secret.
pub(super) fn find(text: &str, found: &mut Spans) {
    let bytes = text.as_bytes();
    found.reach = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if at < found.reach {
            continue;
        }
        match byte {
            b'=' | b':' | b'>' => mark_named_value(bytes, at, found),
            b'-' => {
                mark_flag(bytes, at, found);
                mark_pem(text, at, found);
            }
            b'/' | b'\\' => {
                mark_home(bytes, at, found);
                mark_hook(bytes, at, found);
            }
            b'h' => mark_hook(bytes, at, found),
            b'@' => mark_login(bytes, at, found),
            b'F' => mark_file(bytes, at, found),
            _ => {}
        }
        if byte.is_ascii_alphabetic()
            && !at.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(|b| is_word(*b))
        {
            mark_token(bytes, at, found);
            mark_credential(bytes, at, found);
        }
        if *byte == b':' && bytes.get(at..).is_some_and(|b| b.starts_with(b"://")) {
            mark_userinfo(bytes, at + 3, found);
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b'%')
}

const fn is_eol(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The first place from `at` on where `stop` holds, or the end.
fn until(bytes: &[u8], at: usize, stop: impl Fn(&u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(stop).unwrap_or(rest.len())
}

/// `ghp_...`, `AKIA...`, a JWT, our own `wb_...`.
fn mark_token(bytes: &[u8], at: usize, found: &mut Spans) {
    let rest = bytes.get(at..).unwrap_or_default();
    for (head, min) in TOKEN_HEADS {
        // Words begin everywhere, tokens hardly ever: one byte tells most of them apart.
        if rest.first() == head.as_bytes().first() && rest.starts_with(head.as_bytes()) {
            let end = until(bytes, at + head.len(), |b| !is_token(*b));
            if end - at - head.len() >= *min {
                found.mark(at, end, MASK);
            }
        }
    }
}

/// `Bearer x`, `Basic x`: the word after the scheme.
fn mark_credential(bytes: &[u8], at: usize, found: &mut Spans) {
    let end = until(bytes, at, |b| !b.is_ascii_alphabetic());
    if end - at > 10 || !bytes.get(end).is_some_and(|b| matches!(b, b' ' | b'\t')) {
        return;
    }
    let scheme = bytes.get(at..end).and_then(|w| std::str::from_utf8(w).ok()).unwrap_or_default();
    if !is_auth_scheme(scheme) {
        return;
    }
    let start = until(bytes, end, |b| !matches!(b, b' ' | b'\t'));
    let stop =
        until(bytes, start, |b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'\\' | b','));
    let word = bytes.get(start..stop).unwrap_or_default();
    // "basic checks" and "token expired" are prose; a credential has more than small letters in it.
    let prose = word.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_punctuation());
    if scheme.eq_ignore_ascii_case("bearer") || (word.len() >= 6 && !prose) {
        found.mark(start, stop, MASK);
    }
}

/// `password=x`, `"api_key": "x"`, `Cookie: x`, `<token>x</token>`.
fn mark_named_value(bytes: &[u8], at: usize, found: &mut Spans) {
    let here = bytes.get(at).copied().unwrap_or_default();
    let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
    let after = bytes.get(at + 1).copied();
    if (here == b':' && (before == Some(b':') || after == Some(b':')))
        || (here == b'=' && before == Some(b'='))
    {
        return;
    }
    let Some(key) = key_before(bytes, at) else { return };
    if !is_secret_key(&key) {
        return;
    }
    if here == b'>' {
        found.mark(at + 1, until(bytes, at + 1, |b| *b == b'<'), MASK);
        return;
    }
    let start = until(bytes, at + 1, |b| !matches!(b, b' ' | b'\t' | b'=' | b'>' | b'~'));
    let (start, end) = value_after(bytes, start, here == b':' || takes_the_line(&key));
    found.mark(start, end, MASK);
}

/// The name that ends before `at`, past blanks and a closing quote.
fn key_before(bytes: &[u8], at: usize) -> Option<String> {
    let skip = |from: usize, drop: &[u8], most: usize| {
        let head = bytes.get(..from).unwrap_or_default();
        from - head.iter().rev().take(most).take_while(|b| drop.contains(b)).count()
    };
    let end = skip(skip(skip(at, b" \t", 8), b"\"'`]\\", 4), b" \t", 2);
    let head = bytes.get(..end).unwrap_or_default();
    let length = head
        .iter()
        .rev()
        .take(80)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(**b, b'_' | b'-' | b'.'))
        .count();
    let name = head.get(end - length..).filter(|name| !name.is_empty())?;
    Some(String::from_utf8_lossy(name).into_owned())
}

/// Where the value that begins at `start` lies: quoted to its closing quote, else to the end of its line or word.
fn value_after(bytes: &[u8], start: usize, whole_line: bool) -> (usize, usize) {
    let slashes = until(bytes, start, |b| *b != b'\\') - start;
    let quote = bytes.get(start + slashes).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let open = start + slashes + 1;
        if let Some(end) = closing_quote(bytes, open, quote, slashes) {
            return (open, end);
        }
        return (open, until(bytes, open, |b| is_eol(*b)));
    }
    if whole_line {
        return (start, until(bytes, start, |b| is_eol(*b)));
    }
    let in_query = |b: &u8| matches!(*b, b'&' | b'#');
    let end = until(bytes, start, |b| {
        b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'`') || in_query(b)
    });
    (start, end)
}

/// The closing quote that is escaped as often as the opening one was.
fn closing_quote(bytes: &[u8], open: usize, quote: u8, slashes: usize) -> Option<usize> {
    let mut run = 0;
    for (offset, byte) in bytes.get(open..)?.iter().take(LOOK_AHEAD).enumerate() {
        match byte {
            b'\\' => run += 1,
            b if *b == quote && run <= slashes && (slashes > 0 || run % 2 == 0) => {
                return Some(open + offset - run);
            }
            _ => run = 0,
        }
    }
    None
}

/// `--password x`.
fn mark_flag(bytes: &[u8], at: usize, found: &mut Spans) {
    let before = at.checked_sub(1).and_then(|i| bytes.get(i));
    if before.is_some_and(|b| is_word(*b) || *b == b'-') {
        return;
    }
    let start = until(bytes, at, |b| *b != b'-');
    let end = until(bytes, start, |b| !(is_word(*b) || *b == b'-'));
    if end - start > 80 || !matches!(bytes.get(end), Some(b' ' | b'\t')) {
        return;
    }
    let name = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default());
    // `curl -u name:password`.
    let login = matches!(name.as_ref(), "u" | "user");
    if login || is_secret_key(&name) {
        let value = until(bytes, end, |b| !matches!(b, b' ' | b'\t'));
        let (from, to) = value_after(bytes, value, false);
        if !login || bytes.get(from..to).is_some_and(|word| word.contains(&b':')) {
            found.mark(from, to, MASK);
        }
    }
}

/// A private key from its first line to its last.
fn mark_pem(text: &str, at: usize, found: &mut Spans) {
    let rest = text.get(at..).unwrap_or_default();
    if !rest.starts_with("-----BEGIN ") {
        return;
    }
    let header = rest.get(11..).and_then(|r| r.split_once("-----")).map_or("", |(name, _)| name);
    if header.len() < 60 && header.contains("PRIVATE KEY") {
        let footer = rest.find("-----END ").and_then(|end| {
            let tail = rest.get(end + 9..)?;
            tail.find("-----").map(|more| end + 9 + more + 5)
        });
        found.mark(at, at + footer.unwrap_or(rest.len()), MASK);
    }
}

/// `user:password@` of a URL whose authority begins at `at`.
fn mark_userinfo(bytes: &[u8], at: usize, found: &mut Spans) {
    let end = until(bytes, at, |b| {
        b.is_ascii_whitespace() || matches!(b, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'\\')
    });
    let authority = bytes.get(at..end).unwrap_or_default();
    if let Some(sign) = authority.iter().rposition(|b| *b == b'@') {
        found.mark(at, at + sign, MASK);
    } else if matches!(bytes.get(end), Some(b'/' | b'?' | b'#')) {
        // A password may hold a slash that nobody encoded: `://user:pa/ss@host`.
        let near = bytes.get(..bytes.len().min(at + 256)).unwrap_or(bytes);
        let stop = until(near, at, |b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>'));
        let whole = bytes.get(at..stop).unwrap_or_default();
        let colon = authority.iter().position(|b| *b == b':');
        let sign = whole.iter().rposition(|b| *b == b'@');
        let port =
            colon.and_then(|c| authority.get(c + 1..)).is_some_and(|p| p.iter().all(u8::is_ascii_digit));
        if let (Some(_), Some(sign), false) = (colon, sign, port) {
            found.mark(at, at + sign, MASK);
        }
    }
}

/// The password in `name:password@host` without a scheme.
fn mark_login(bytes: &[u8], at: usize, found: &mut Spans) {
    let rest = bytes.get(at + 1..).unwrap_or_default();
    if !rest.first().is_some_and(|b| is_word(*b)) || rest.starts_with(b"sha256:") {
        return;
    }
    let head = bytes.get(..at).unwrap_or_default();
    let edge =
        |b: &&u8| b.is_ascii_whitespace() || matches!(**b, b'"' | b'\'' | b'<' | b'>' | b'/' | b'(' | b',');
    let word = head.iter().rev().take(128).take_while(|b| !edge(b)).count();
    let word = head.get(at - word..).unwrap_or_default();
    if let Some(colon) = word.iter().position(|b| *b == b':').filter(|colon| *colon > 0)
        && !word.starts_with(b"mailto:")
    {
        found.mark(at - word.len() + colon + 1, at, MASK);
    }
}

/// The path of a URL that is itself the credential: a chat's incoming webhook.
fn mark_hook(bytes: &[u8], at: usize, found: &mut Spans) {
    let rest = bytes.get(at..).unwrap_or_default();
    let hooks: [&[u8]; 2] = [b"hooks.slack.com/", b"/api/webhooks/"];
    if let Some(hook) = hooks.iter().find(|hook| rest.starts_with(hook)) {
        let start = at + hook.len();
        found.mark(
            start,
            until(bytes, start, |b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<')),
            MASK,
        );
    }
}

/// The directory in `File "/home/x/y.py"`, on Windows too.
fn mark_file(bytes: &[u8], at: usize, found: &mut Spans) {
    let opener: &[u8] = b"File \"";
    if !bytes.get(at..).is_some_and(|b| b.starts_with(opener)) {
        return;
    }
    let start = at + opener.len();
    let end = until(bytes, start, |b| *b == b'"' || is_eol(*b));
    let path = bytes.get(start..end).unwrap_or_default();
    if let Some(last) = path.iter().rposition(|b| matches!(b, b'/' | b'\\')) {
        let lead = path.get(..last).unwrap_or_default().iter().rev().take_while(|b| **b == b'\\').count();
        found.mark(start, start + last - lead, GAP);
    }
}

/// The user's name in `/home/x/` and `C:\Users\x\`.
fn mark_home(bytes: &[u8], at: usize, found: &mut Spans) {
    let rest = bytes.get(at..).unwrap_or_default();
    let homes: [&[u8]; 5] =
        [b"/home/", b"/Users/", b"\\Users\\", b"\\\\Users\\\\", b"/Documents and Settings/"];
    let Some(home) = homes.iter().find(|home| rest.starts_with(home)) else { return };
    let start = at + home.len();
    let end = until(bytes, start, |b| {
        b.is_ascii_whitespace() || matches!(b, b'/' | b'\\' | b'"' | b'\'' | b':' | b')' | b',' | b'<')
    });
    // A web address may have a path `/home/...` that names nobody; a host stands before it.
    let hosted = at.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(|b| is_word(*b) || *b == b']');
    if !hosted || *home == b"\\Users\\" {
        found.mark(start, end, GAP);
    }
}
