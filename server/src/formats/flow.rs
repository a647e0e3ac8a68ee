//! A core flow in a catalog file: `apiVersion: waterbear.dev/v1`, `kind: Flow`.

use scoring_rules::flows::{API_VERSION, read_document};
use serde_json::Value;

use super::catalog::DocumentReading;
use super::redact::shown;
use super::utf8;

/// Problems that are told of one document.
const TOLD: usize = 6;

/// Whether a document is meant as a flow of ours: then Backstage's model has nothing to say of it.
pub(super) fn is_flow(document: &Value) -> bool {
    let group = API_VERSION.split('/').next().unwrap_or_default();
    let version = document.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    version.split('/').next() == Some(group)
}

/// Reads it; `reading` knows its place already.
pub(super) fn read(document: Value, mut reading: DocumentReading) -> DocumentReading {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    reading.kind = text(document.get("kind"));
    reading.name = text(document.get("metadata").and_then(|m| m.get("name")));
    match read_document(&document) {
        Ok((slug, _)) => {
            reading.accepted = true;
            reading.entity_ref = Some(format!("flow:{slug}"));
            reading.flow = Some(document);
        }
        Err(problems) => {
            let more = problems.len().saturating_sub(TOLD);
            let mut told: Vec<String> =
                problems.iter().take(TOLD).map(|p| format!("`{}` {}", shown(&p.pointer), p.detail)).collect();
            if more > 0 {
                told.push(format!("and {more} more"));
            }
            reading.problem = utf8::one_line(&told.join("; "), 1_500);
        }
    }
    reading
}
