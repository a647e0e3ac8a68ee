//! Command lines; every word of somebody else's is quoted for the shell.

use super::{Plan, headers};

/// A word for a POSIX shell, in single quotes: nothing in it means anything.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The `curl` line of a tester; the address is theirs to put in.
pub fn curl(plan: &Plan<'_>) -> String {
    let mut line = "curl --include".to_owned();
    for (name, value) in headers(plan) {
        line.push_str(&format!(" \\\n  --header {}", quoted(&format!("{name}: {value}"))));
    }
    line + " \\\n  \"$URL\""
}

/// The `curl` line that issues a ticket; `body` is the JSON that is asked for.
pub fn issue(base_url: &str, body: &str) -> String {
    format!(
        "curl --fail-with-body {} \\\n  --header \"authorization: Bearer $WATERBEAR_TOKEN\" \\\n  \
         --header 'content-type: application/json' \\\n  --data {}",
        quoted(&format!("{base_url}/api/v1/drill-tickets")),
        quoted(body)
    )
}
