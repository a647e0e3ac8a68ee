//! Bytes from a sender to recorded results: one document, or a batch of lines.

use serde::Serialize;
use utoipa::ToSchema;

use super::Tx;
use super::alerts::{self, AlertsAnswer};
use super::deployments::{self, DeploymentView};
use super::drills::{RecordDrill, Recorded, record};
use super::kept::{self, Keep};
use super::recording::{Post, PostAnswer, record_posts};
use crate::error::{Error, FieldError, Result};
use crate::formats::{self, AlertReading, DeploymentReading, Format, Hints, Read};

/// Most lines a batch may have.
pub const MAX_LINES: usize = 10_000;

/// What became of a document.
#[derive(Clone, Debug)]
pub enum Ingested {
    /// A result was recorded, or was there already.
    Recorded(Box<Recorded>),
    /// A message that is no result.
    Ignored(String),
    /// A message that is not understood yet, under this id.
    Kept {
        /// Id of what was kept.
        id: String,
        /// Why it is not understood.
        reason: String,
    },
    /// A deployment was recorded, or (true) was there already.
    Deployed(Box<DeploymentView>, bool),
    /// Alerts were taken in.
    Alerts(AlertsAnswer),
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
    /// Why nothing is recorded, where that is no error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
    /// A message that is not understood yet.
    Keep(Box<Keep>),
    /// A version came into service.
    Deployment(Box<DeploymentReading>),
    /// Alerts.
    Alerts(Vec<AlertReading>, Box<Hints>),
}

/// Reads a document; needs no database.
pub fn read(format: Format, body: &[u8], hints: &Hints, key: Option<String>) -> Result<Document> {
    Ok(match formats::read(format, body, hints)? {
        Read::Ignored { reason } => Document::Ignored(reason),
        Read::Unknown { reason } => Document::Keep(Box::new(to_keep(format, hints, body, reason))),
        Read::Deployment(reading) => Document::Deployment(reading),
        Read::Alerts(alerts) => Document::Alerts(alerts, Box::new(hints.clone())),
        Read::Drill(reading) => Document::Result(Box::new(RecordDrill {
            reading: *reading,
            format,
            hints: hints.clone(),
            idempotency_key: key,
            ticket: None,
        })),
    })
}

/// A message to keep, redacted.
pub fn to_keep(format: Format, hints: &Hints, body: &[u8], reason: String) -> Keep {
    Keep { format, hints: hints.clone(), reason, body: formats::redacted(body) }
}

/// Reads every document of a body, most often one.
pub fn read_all(
    format: Format,
    body: &[u8],
    hints: &Hints,
    key: Option<&str>,
) -> Result<Vec<Result<Document>>> {
    let parts = formats::parts(format, body)?;
    let alone = parts.len() == 1;
    let each = parts.iter().enumerate().map(|(at, part)| {
        let key = key.map(|key| if alone { key.to_owned() } else { format!("{key}#{}", at + 1) });
        read(format, part, hints, key)
    });
    Ok(each.collect())
}

/// Does what a document asks for.
pub fn apply(tx: &mut Tx<'_>, document: Document) -> Result<Ingested> {
    match document {
        Document::Ignored(reason) => Ok(Ingested::Ignored(reason)),
        Document::Result(cmd) => record(tx, &cmd).map(|r| Ingested::Recorded(Box::new(r))),
        Document::Keep(message) => {
            let id = kept::keep(tx, &message)?;
            Ok(Ingested::Kept { id, reason: message.reason })
        }
        Document::Deployment(reading) => {
            deployments::record(tx, &reading).map(|(view, again)| Ingested::Deployed(Box::new(view), again))
        }
        Document::Alerts(alerts, hints) => alerts::take(tx, &alerts, &hints).map(Ingested::Alerts),
    }
}

/// What became of a document of several, as a line tells it.
pub fn line_of(line: usize, done: Result<Ingested>) -> LineResult {
    let plain = |status, id, reason| LineResult { line, status, id, reason, problem: None };
    match done {
        Ok(Ingested::Recorded(done)) => {
            plain(if done.replayed { 200 } else { 201 }, Some(done.answer.id), None)
        }
        Ok(Ingested::Ignored(reason)) => plain(202, None, Some(reason)),
        Ok(Ingested::Kept { id, reason }) => plain(202, Some(id), Some(reason)),
        Ok(Ingested::Deployed(view, again)) => plain(if again { 200 } else { 201 }, Some(view.id), None),
        Ok(Ingested::Alerts(_)) => plain(200, None, None),
        Err(error) => line_problem(line, error),
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
            Ok(_) => Some(Error::malformed("a line of a batch is a drill result")),
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
                reason: None,
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
        reason: None,
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
