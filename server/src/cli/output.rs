//! Standard output and standard error. A reader that went away is no error.

use std::io::{IsTerminal, Write};

use serde::Serialize;
use tracing_subscriber::EnvFilter;

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
    // A second call (tests) finds logging set up already.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}
