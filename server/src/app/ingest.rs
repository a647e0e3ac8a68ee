//! Bytes from a sender to recorded results: one document, or a batch of lines.

use serde::Serialize;
use utoipa::ToSchema;

use super::Tx;
use super::drills::{RecordDrill, Recorded, Recorder, record};
use crate::error::{Error, FieldError, Result};
use crate::formats::{self, Format, Hints, Read};

/// Most lines a batch may have.
pub const MAX_LINES: usize = 10_000;

/// What became of a document.
#[derive(Clone, Debug)]
pub enum Ingested {
    /// A result was recorded, or was there already.
    Recorded(Box<Recorded>),
    /// A message that is no result.
    Ignored(String),
}

/// What became of one line of a batch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineResult {
    /// Line number, from 1.
    pub line: usize,
    /// 201 stored, 200 there already, or the status an error of this line alone would have had.
    pub status: u16,
    /// Id of the drill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is wrong with the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<LineProblem>,
}

/// What is wrong with a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineProblem {
    /// Stable code.
    pub code: String,
    /// What was wrong, what was expected, where.
    pub detail: String,
    /// Field by field, if fields are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub errors: Vec<FieldError>,
}

/// Reads a document and records its result.
pub fn ingest(
    tx: &mut Tx<'_>,
    format: Format,
    body: &[u8],
    hints: &Hints,
    idempotency_key: Option<String>,
) -> Result<Ingested> {
    match formats::read(format, body, hints)? {
        Read::Ignored { reason } => Ok(Ingested::Ignored(reason)),
        Read::Drill(reading) => {
            let cmd = RecordDrill { reading: *reading, format, hints: hints.clone(), idempotency_key };
            record(tx, &cmd).map(|r| Ingested::Recorded(Box::new(r)))
        }
    }
}

/// Records every good line of a batch and says of each line what became of it.
pub fn batch(tx: &mut Tx<'_>, body: &[u8], idempotency_key: Option<&str>) -> Result<Vec<LineResult>> {
    let lines: Vec<formats::BatchLine<'_>> = formats::batch_lines(body).take(MAX_LINES + 1).collect();
    if lines.len() > MAX_LINES {
        return Err(Error::invalid("", format!("more than {MAX_LINES} lines; send it in parts")));
    }
    let hints = Hints::default();
    let mut recorder = Recorder::default();
    let mut slots: Vec<(usize, Result<usize>)> = Vec::with_capacity(lines.len());
    for line in &lines {
        let slot = formats::read(Format::Drill, line.body, &hints).and_then(|read| match read {
            Read::Ignored { reason } => Err(Error::malformed(reason)),
            Read::Drill(reading) => {
                let key = idempotency_key.map(|k| format!("{k}#{}", line.number));
                let cmd = RecordDrill {
                    reading: *reading,
                    format: Format::Drill,
                    hints: hints.clone(),
                    idempotency_key: key,
                };
                recorder.add(tx, &cmd)
            }
        });
        // A database that is away is everybody's problem, not this line's.
        if let Err(error @ (Error::Internal(_) | Error::Unavailable { .. })) = slot {
            return Err(error);
        }
        slots.push((line.number, slot));
    }
    let done = recorder.finish(tx)?;
    Ok(slots.into_iter().map(|(line, slot)| line_result(line, slot, &done)).collect())
}

fn line_result(line: usize, slot: Result<usize>, done: &[Recorded]) -> LineResult {
    match slot {
        Ok(slot) => {
            let recorded = done.get(slot);
            LineResult {
                line,
                status: if recorded.is_some_and(|r| r.replayed) { 200 } else { 201 },
                id: recorded.map(|r| r.answer.id.clone()),
                problem: None,
            }
        }
        Err(error) => LineResult {
            line,
            status: error.status(),
            id: None,
            problem: Some(LineProblem {
                code: error.code().to_owned(),
                detail: error.to_string(),
                errors: match error {
                    Error::Invalid { fields } => fields,
                    _ => Vec::new(),
                },
            }),
        },
    }
}
