//! A look at the characters before any parser sees them: texts closed, brackets within bounds.

use super::ExprError;

/// The parser needs much stack for each bracket, so deeper nesting is refused first.
const MAX_BRACKETS: usize = 8;
const MAX_CONDITIONALS: usize = 8;

/// The bytes that are neither in a text nor in a comment, with their places.
pub(super) fn code(text: &str) -> Result<Vec<(usize, u8)>, ExprError> {
    let bytes = text.as_bytes();
    let mut code = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = past_text(bytes, at, is_raw(&code, at))
                    .ok_or_else(|| ExprError::new(at, "this text is not closed"))?;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += bytes.iter().skip(at).take_while(|&&byte| byte != b'\n' && byte != b'\r').count();
            }
            _ => {
                code.push((at, byte));
                at += 1;
            }
        }
    }
    Ok(code)
}

/// Whether the quote at `at` follows the `r` of a raw text.
fn is_raw(code: &[(usize, u8)], at: usize) -> bool {
    let mut prefix = code.iter().rev().zip(1..=2).take_while(|((place, _), back)| place + back == at);
    prefix.any(|((_, byte), _)| byte.eq_ignore_ascii_case(&b'r'))
}

/// The place after the text that opens at `at`.
fn past_text(bytes: &[u8], at: usize, raw: bool) -> Option<usize> {
    let quote = *bytes.get(at)?;
    let long = bytes.get(at..at + 3) == Some(&[quote; 3]);
    let closing: &[u8] = if long { &[quote; 3] } else { &[quote] };
    let mut at = at + closing.len();
    loop {
        let rest = bytes.get(at..)?;
        if rest.starts_with(closing) {
            return Some(at + closing.len());
        }
        match rest.first()? {
            b'\n' | b'\r' if !long => return None,
            b'\\' if !raw => at += 2,
            _ => at += 1,
        }
    }
}

/// Refuses what the parser should not be given.
pub(super) fn check(text: &str) -> Result<(), ExprError> {
    let (mut depth, mut conditionals) = (0_usize, 0_usize);
    for (at, byte) in code(text)? {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'?' => conditionals += 1,
            b'`' => return Err(ExprError::new(at, "quotes around names are not available in rules")),
            _ => {}
        }
        if depth > MAX_BRACKETS {
            return Err(ExprError::new(at, format!("brackets are nested deeper than {MAX_BRACKETS} levels")));
        }
        if conditionals > MAX_CONDITIONALS {
            return Err(ExprError::new(at, format!("more than {MAX_CONDITIONALS} `?` in one expression")));
        }
    }
    Ok(())
}

/// The parts of a top-level `a && b && c`, as written; the whole when it is of another form.
pub(crate) fn clauses(text: &str) -> Vec<&str> {
    let Ok(code) = code(text) else { return vec![text] };
    let (mut depth, mut start) = (0_usize, 0);
    let mut parts = Vec::new();
    for (index, &(at, byte)) in code.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'?' | b'|' if depth == 0 => return vec![text.trim()],
            b'&' if depth == 0 && at >= start && code.get(index + 1) == Some(&(at + 1, b'&')) => {
                parts.extend(text.get(start..at));
                start = at + 2;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts.into_iter().map(str::trim).collect()
}
