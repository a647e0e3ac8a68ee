//! Which names announce a secret value.

/// Parts of names (without `-`, `_`, `.` and case) that announce a secret.
const SECRET_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "authorization",
    "authentication",
    "credential",
    "privatekey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "session",
    "cookie",
];

/// Whole names that announce a secret but are too short to look for inside others.
const SECRET_WORDS: &[&str] = &["auth", "pass", "pat", "sig", "jwt", "bearer", "xauth", "signature"];

/// Headers whose values tell nothing private; all others lose theirs.
const PLAIN_HEADERS: &[&str] = &[
    "accept",
    "acceptencoding",
    "acceptlanguage",
    "age",
    "allow",
    "cachecontrol",
    "connection",
    "contentencoding",
    "contentlanguage",
    "contentlength",
    "contenttype",
    "date",
    "expires",
    "keepalive",
    "lastmodified",
    "pragma",
    "retryafter",
    "server",
    "transferencoding",
    "useragent",
    "vary",
    "via",
];

/// Lower case, without separators.
fn flat(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_' | '.' | ' ' | '"' | '\''))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a value under this name is to be taken for a secret.
pub(in crate::formats) fn is_secret_key(name: &str) -> bool {
    let name = flat(name);
    SECRET_PARTS.iter().any(|part| name.contains(part)) || SECRET_WORDS.contains(&name.as_str())
}

/// Whether the value of this HTTP header must go.
pub(in crate::formats) fn is_sensitive_header(name: &str) -> bool {
    !PLAIN_HEADERS.contains(&flat(name).as_str())
}

/// Whether a header of this name runs to the end of its line, blanks included.
pub(super) fn takes_the_line(name: &str) -> bool {
    let name = flat(name);
    name.contains("authorization") || name.contains("cookie")
}

/// The words before a credential in an `Authorization` header.
pub(super) fn is_auth_scheme(word: &str) -> bool {
    ["bearer", "basic", "digest", "token", "apikey", "negotiate"].iter().any(|s| word.eq_ignore_ascii_case(s))
}

/// Words of the documents' own grammar: as a key or as a whole value they are never a secret.
const STRUCTURE: &[&str] = &[
    "aborted",
    "action",
    "actions",
    "activities",
    "activity",
    "after",
    "background",
    "before",
    "body",
    "chaoslib-version",
    "completed",
    "configuration",
    "deviated",
    "dry",
    "duration",
    "during",
    "end",
    "environment",
    "exception",
    "experiment",
    "extensions",
    "failed",
    "failure",
    "failure_class",
    "headers",
    "http",
    "interrupted",
    "kind",
    "method",
    "name",
    "node",
    "output",
    "pause",
    "platform",
    "probe",
    "probes",
    "process",
    "provider",
    "python",
    "rollbacks",
    "run",
    "service",
    "start",
    "status",
    "stderr",
    "stdout",
    "steady-state-hypothesis",
    "steady_state_met",
    "steady_states",
    "succeeded",
    "tags",
    "target",
    "title",
    "tolerance",
    "tolerance_met",
    "type",
    "waterbear",
];

/// Whether this is a word of the documents' grammar.
pub(super) fn is_structure(word: &str) -> bool {
    STRUCTURE.binary_search(&word).is_ok()
}
