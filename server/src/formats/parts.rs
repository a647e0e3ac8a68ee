//! Bodies that hold several documents: lists of `kubectl get -o json`, arrays, batches, one document after another.

use std::borrow::Cow;

use serde_json::Value;

use super::{Format, json, utf8};
use crate::error::Error;

/// Documents that one body may hold.
const MAX_PARTS: usize = 1_000;

/// The documents of a body, each by itself; of a format whose senders send one at a time, the body.
pub fn parts(format: Format, body: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, Error> {
    let several = matches!(
        format,
        Format::Litmus
            | Format::ChaosMesh
            | Format::AwsFis
            | Format::Steadybit
            | Format::Gremlin
            | Format::CloudEvents
            | Format::Alertmanager
    );
    let whole = || Ok(vec![Cow::Borrowed(body)]);
    if !several || !may_hold_several(body) {
        return whole();
    }
    let documents = json::parse_all(utf8::text(body)?)?;
    let one = documents.len() == 1;
    let mut all = Vec::new();
    for document in documents {
        match document {
            Value::Array(items) => all.extend(items),
            Value::Object(mut map) if is_list(&map) => {
                if let Some(Value::Array(items)) = map.remove("items") {
                    all.extend(items);
                }
            }
            // One document and nothing around it stays as it was sent.
            _ if one => return whole(),
            other => all.push(other),
        }
    }
    match all.len() {
        0 => Err(Error::invalid("", "the list is empty: it holds no document")),
        1..=MAX_PARTS => Ok(all.iter().map(|item| Cow::Owned(item.to_string().into_bytes())).collect()),
        n => {
            let detail = format!("holds {n} documents; at most {MAX_PARTS} are taken at once");
            Err(Error::invalid("", detail))
        }
    }
}

/// A list begins with `[` or says its kind; several documents end one brace and open the next. Cheap to see, so that
/// the usual single document is not read twice.
fn may_hold_several(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let next = text.split('}').skip(1).any(|rest| rest.trim_start().starts_with('{'));
    text.starts_with('[') || text.contains("\"items\"") || next
}

/// `kind: List`, `ChaosResultList`, ...
fn is_list(map: &serde_json::Map<String, Value>) -> bool {
    map.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"))
        && map.get("items").is_some_and(Value::is_array)
}
