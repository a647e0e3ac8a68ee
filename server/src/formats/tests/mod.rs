//! Tests of the readers, most of them against the recorded samples of `shared/samples`.

mod backstage;
mod chaostoolkit;
mod csv;
mod drill;
mod engines;
mod events;
mod hostile;
mod junit;
mod redact;

use std::path::PathBuf;

use serde_json::Value;

use super::{Format, Hints, Read, Reading, read};
use crate::error::{Error, FieldError};

/// Where the samples lie: beside the repository, never in it.
fn samples_dir() -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    assert!(
        dir.is_dir(),
        "the sample inputs are missing: expected the folder `shared/samples` beside the repository, at {}",
        dir.display()
    );
    dir
}

pub(crate) fn sample(path: &str) -> Vec<u8> {
    let path = samples_dir().join(path);
    std::fs::read(&path).unwrap_or_else(|e| panic!("cannot read the sample {}: {e}", path.display()))
}

fn sample_json(path: &str) -> Value {
    serde_json::from_slice(&sample(path)).unwrap()
}

fn drill_of(format: Format, body: &[u8], hints: &Hints) -> Reading {
    match read(format, body, hints) {
        Ok(Read::Drill(reading)) => *reading,
        Ok(other) => panic!("no drill: {other:?}"),
        Err(e) => panic!("refused: {e}"),
    }
}

fn invalid(format: Format, body: &[u8], hints: &Hints) -> Vec<FieldError> {
    match read(format, body, hints) {
        Err(Error::Invalid { fields }) => fields,
        other => panic!("expected Invalid, got {other:?}"),
    }
}

fn malformed(format: Format, body: &[u8]) -> String {
    match read(format, body, &Hints::default()) {
        Err(Error::Malformed { detail }) => detail,
        other => panic!("expected Malformed, got {other:?}"),
    }
}

fn at<'a>(fields: &'a [FieldError], pointer: &str) -> &'a str {
    let found = fields.iter().find(|f| f.pointer == pointer);
    &found.unwrap_or_else(|| panic!("nothing at {pointer}: {fields:?}")).detail
}
