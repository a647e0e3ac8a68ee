//! YAML 1.2 to JSON values, within limits that hostile anchors cannot pass.

pub(super) mod stream;

use std::cell::Cell;

use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};

use stream::Chunk;

use super::{json, utf8};
use crate::error::Error;

/// The most values one document may hold once its aliases are written out.
const MAX_VALUES_OF_DOCUMENT: usize = 100_000;
const MAX_DEPTH: usize = 64;

/// Documents of settings: more than a handful are a mistake.
const MAX_DOCUMENTS_OF_SETTINGS: usize = 20;

/// Reads somebody's settings, YAML or JSON: the one document, or the list of several.
pub fn read_settings(text: &str) -> Result<Value, Error> {
    let (chunks, more) = stream::split(text, MAX_DOCUMENTS_OF_SETTINGS);
    if more {
        return Err(Error::malformed(format!("more than {MAX_DOCUMENTS_OF_SETTINGS} documents")));
    }
    let left = Cell::new(MAX_VALUES_OF_DOCUMENT);
    let documents: Result<Vec<Value>, String> =
        chunks.iter().filter(|chunk| !chunk.empty).map(|chunk| read(chunk, &left)).collect();
    let mut documents = documents.map_err(Error::malformed)?;
    match documents.len() {
        0 => Err(Error::malformed("no document in it")),
        1 => Ok(documents.remove(0)),
        _ => Ok(Value::Array(documents)),
    }
}

/// Reads the document of `chunk`; every value built is taken from `left`.
pub(super) fn read(chunk: &Chunk<'_>, left: &Cell<usize>) -> Result<Value, String> {
    let allowed = left.get().min(MAX_VALUES_OF_DOCUMENT);
    let own = Cell::new(allowed);
    let read = serde_saphyr::with_deserializer_from_str_with_options(chunk.text, options(), |deserializer| {
        json::build(deserializer, &own)
    });
    left.set(left.get() - (allowed - own.get()));
    read.map_err(|e| {
        let what = e.without_snippet().to_string();
        // The library's places count from the chunk; ours count from the file.
        let what = what.split(" at line ").next().and_then(|w| w.split(", set ").next()).unwrap_or_default();
        let what = utf8::one_line(what, 200).unwrap_or_default();
        let place = e.location().filter(|place| place.line() > 0).map_or_else(
            || format!("line {}", chunk.content_line),
            |place| {
                let line = usize::try_from(place.line()).unwrap_or(1) + chunk.first_line - 1;
                format!("line {line}, column {}", place.column())
            },
        );
        format!("{place}: not readable as YAML: {what}")
    })
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 2,
            max_depth: MAX_DEPTH,
            max_events: 1_000_000,
            max_nodes: 500_000,
            max_aliases: 10_000,
            max_anchors: 10_000,
            max_recorded_anchor_events: MAX_VALUES_OF_DOCUMENT,
            max_recorded_anchor_bytes: 16 * 1024 * 1024,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_VALUES_OF_DOCUMENT,
            max_replay_stack_depth: 32,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    }
}
