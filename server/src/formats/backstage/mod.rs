//! Catalog files in Backstage's form: many YAML documents, each judged alone.

mod entity;
mod entity_ref;
mod forms;
mod validate;

use std::cell::Cell;
use std::collections::HashMap;

use super::catalog::{CatalogReading, DocumentReading};
use super::yaml::{self, stream};
use super::{flow, utf8};
use crate::error::Error;

pub(super) use entity::read as read_entity;
pub use entity_ref::{EntityRef, RefContext, parse_entity_ref};

/// More documents than this in one file are not read.
const MAX_DOCUMENTS: usize = 200_000;
/// Nor more values than this, aliases written out.
const MAX_VALUES: usize = 3_000_000;

/// Reads a catalog file.
pub fn read_backstage(body: &[u8]) -> Result<CatalogReading, Error> {
    let text = utf8::text(body)?;
    let (chunks, mut truncated) = stream::split(text, MAX_DOCUMENTS);
    let left = Cell::new(MAX_VALUES);
    let mut documents = Vec::with_capacity(chunks.len());
    for (index, chunk) in chunks.iter().enumerate() {
        if left.get() == 0 {
            truncated = true;
            break;
        }
        let reading = DocumentReading { index, line: chunk.content_line, ..DocumentReading::default() };
        documents.push(if chunk.empty {
            DocumentReading { warnings: vec!["an empty document; skipped".to_owned()], ..reading }
        } else {
            match yaml::read(chunk, &left) {
                Ok(document) if flow::is_flow(&document) => flow::read(document, reading),
                Ok(document) => entity::read(&document, reading),
                Err(problem) => DocumentReading { problem: Some(problem), ..reading },
            }
        });
    }
    warn_of_repeats(&mut documents);
    Ok(CatalogReading { documents, truncated })
}

/// Says so where two documents of one file are the same entity.
pub(super) fn warn_of_repeats(documents: &mut [DocumentReading]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for document in documents {
        let Some(reference) = &document.entity_ref else { continue };
        match seen.get(reference) {
            Some(first) => {
                document.warnings.push(format!("`{reference}` stands in document {first} already"));
            }
            None => {
                seen.insert(reference.clone(), document.index);
            }
        }
    }
}
