//! Media types that routes take, the usual one first; what several lines of the table, or a long one, say of themselves.

use super::{Given, json, text};
use crate::app::alerts::AlertsAnswer;
use crate::app::views;
use crate::http::api::ingest;
use crate::http::openapi::{json_of, nothing};
use crate::http::query::{Kind, Param, param};

/// What clients say who were not told what they send; `curl --data-binary` says the second.
pub(super) const UNNAMED: [&str; 2] = ["application/octet-stream", "application/x-www-form-urlencoded"];
/// What a button or a mail program sends.
pub(super) const FORM: &[&str] = &["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
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

/// What is said beside a tool's document.
pub(super) const HINTS: &[Param] = &[
    param("service", Kind::Text, "Slug or catalog reference, if the document names none"),
    param("kind", Kind::Text, "rollback, infrastructure or dependency"),
    param("failure", Kind::Text, "Failure class, such as dns or config"),
    param("target", Kind::Text, "What was hit"),
    param("environment", Kind::Text, "Where"),
    param("exit_code", Kind::Whole(0, 255), "How the tool ended, where its document does not tell: k6"),
];

/// What is due, or one file of it.
pub(super) const PLANS: &[Given] = &[
    json(200, "The drills with their plans; or the file that was asked for.", json_of::<views::DuePlans>),
    json(200, "A file.", nothing),
    text("application/yaml", "A file."),
    text("application/x-sh", "A file."),
];

/// What a result is answered with, and what a list or a document that is none.
pub(super) const STORED: Given = json(201, "The result is stored and judged.", json_of::<views::DrillAnswer>);
pub(super) const REPEATED: Given =
    json(200, "The same result was stored before: the first answer.", json_of::<views::DrillAnswer>);
pub(super) const TAKEN_IN: &[Given] = &[
    STORED,
    json(200, "Stored before, alerts taken in, or a list answered line by line.", json_of::<AlertsAnswer>),
    json(202, "No result, or not understood and kept.", json_of::<ingest::NotRecorded>),
];
