//! Bytes from a sender to recorded results: one document, or a batch of lines.

use serde::Serialize;
use utoipa::ToSchema;

use super::Tx;
use super::drills::{RecordDrill, Recorded, record};
use super::recording::{Post, PostAnswer, record_posts};
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

/// A document that was read.
#[derive(Clone, Debug)]
pub enum Document {
    /// It carries a result.
    Result(Box<RecordDrill>),
    /// A message that is no result.
    Ignored(String),
}

/// Reads a document; needs no database.
pub fn read(format: Format, body: &[u8], hints: &Hints, key: Option<String>) -> Result<Document> {
    Ok(match formats::read(format, body, hints)? {
        Read::Ignored { reason } => Document::Ignored(reason),
        Read::Drill(reading) => Document::Result(Box::new(RecordDrill {
            reading: *reading,
            format,
            hints: hints.clone(),
            idempotency_key: key,
            ticket: None,
        })),
    })
}

/// Reads a document and records its result.
pub fn ingest(
    tx: &mut Tx<'_>,
    format: Format,
    body: &[u8],
    hints: &Hints,
    idempotency_key: Option<String>,
) -> Result<Ingested> {
    match read(format, body, hints, idempotency_key)? {
        Document::Ignored(reason) => Ok(Ingested::Ignored(reason)),
        Document::Result(cmd) => record(tx, &cmd).map(|r| Ingested::Recorded(Box::new(r))),
    }
}

/// The lines of a batch: number, and what is wrong with those that cannot be read.
pub type Lines = Vec<(usize, Option<Error>)>;

/// Reads every line of a batch; gives the results of the good ones.
pub fn read_batch(body: &[u8], idempotency_key: Option<&str>) -> Result<(Lines, Vec<RecordDrill>)> {
    let lines: Vec<formats::BatchLine<'_>> = formats::batch_lines(body).take(MAX_LINES + 1).collect();
    if lines.len() > MAX_LINES {
        return Err(Error::invalid("", format!("more than {MAX_LINES} lines; send it in parts")));
    }
    let hints = Hints::default();
    let mut read_lines = Lines::with_capacity(lines.len());
    let mut results = Vec::with_capacity(lines.len());
    for line in &lines {
        let key = idempotency_key.map(|k| format!("{k}#{}", line.number));
        let wrong = match read(Format::Drill, line.body, &hints, key) {
            Ok(Document::Result(cmd)) => {
                results.push(*cmd);
                None
            }
            Ok(Document::Ignored(reason)) => Some(Error::malformed(reason)),
            Err(error) => Some(error),
        };
        read_lines.push((line.number, wrong));
    }
    Ok((read_lines, results))
}

/// Records every good line of a batch and says of each line what became of it.
pub fn batch(tx: &mut Tx<'_>, body: &[u8], idempotency_key: Option<&str>) -> Result<Vec<LineResult>> {
    let (lines, results) = read_batch(body, idempotency_key)?;
    let post = Post { actor: tx.actor.clone(), results };
    let answers = record_posts(tx, std::slice::from_ref(&post))?.pop().unwrap_or_default();
    Ok(line_results(lines, answers))
}

/// Says of each line what became of it, from the answers to the results of [`read_batch`].
pub fn line_results(lines: Lines, answers: PostAnswer) -> Vec<LineResult> {
    let mut answers = answers.into_iter();
    let done = lines.into_iter().filter_map(|(line, wrong)| match wrong {
        Some(error) => Some(line_problem(line, error)),
        None => answers.next().map(|answer| match answer {
            Ok(recorded) => LineResult {
                line,
                status: if recorded.replayed { 200 } else { 201 },
                id: Some(recorded.answer.id),
                problem: None,
            },
            Err(error) => line_problem(line, error),
        }),
    });
    done.collect()
}

fn line_problem(line: usize, error: Error) -> LineResult {
    LineResult {
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
    }
}
