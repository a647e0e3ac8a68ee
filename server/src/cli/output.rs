//! Standard output and standard error. A reader that went away is no error.

use std::io::{IsTerminal, Write};

use serde::Serialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::debug_fn;

/// One line of data.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Data as JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// One line for the person.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "waterbear: {line}");
}

/// One line for the person that is no complaint.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Sets logging up; logs go to standard error.
pub(crate) fn log(json: bool, level: &str) {
    // The server's own start-up lines say nothing an operator needs.
    let quiet = format!("actix_server=warn,{level}");
    let filter = EnvFilter::try_new(quiet).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let fields = debug_fn(|writer, field, value| {
        let text = escaped(&format!("{value:?}"));
        match field.name() {
            "message" => write!(writer, "{text}"),
            name => write!(writer, "{name}={text}"),
        }
    });
    // A second call (tests) finds logging set up already.
    let _ =
        if json { builder.json().try_init() } else { builder.fmt_fields(fields.delimited(" ")).try_init() };
}

/// Text without control characters and without those that turn the direction of writing: what a client sends must not
/// write lines of its own into the log, nor speak to a terminal.
fn escaped(text: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(odd) {
        return text.to_owned();
    }
    let one = |c: char| if odd(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_ends_it_or_colours_it() {
        assert_eq!(escaped("a\nb\u{1b}[31m\u{202e}c"), "a\\nb\\u{1b}[31m\\u{202e}c");
        assert_eq!(escaped("plain ä"), "plain ä");
    }
}
