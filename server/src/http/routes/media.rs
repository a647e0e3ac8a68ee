//! Media types that routes take, the usual one first.

/// What clients say who were not told what they send; `curl --data-binary` says the second.
pub(super) const UNNAMED: [&str; 2] = ["application/octet-stream", "application/x-www-form-urlencoded"];
pub(super) const JSON: &[&str] = &["application/json"];
pub(super) const NDJSON: &[&str] = &[
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json-lines",
    "text/plain",
];
pub(super) const DOCUMENT: &[&str] =
    &["application/json", "application/xml", "text/xml", "text/plain", UNNAMED[0], UNNAMED[1]];
pub(super) const CATALOG: &[&str] = &[
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
    "text/plain",
    "application/json",
    "text/csv",
    UNNAMED[0],
    UNNAMED[1],
];
