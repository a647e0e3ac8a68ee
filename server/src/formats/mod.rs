//! Foreign documents in, readings out: pure functions from bytes, with no store, network, clock or file.

mod backstage;
mod catalog;
mod catalog_csv;
mod chaostoolkit;
mod claims;
mod drill;
mod flow;
mod json;
mod junit;
mod redact;
mod utf8;
mod yaml;

#[cfg(test)]
pub(crate) mod tests;

use crate::error::Error;
use crate::types::{DrillKind, Outcome, RollbackOutcome, Timestamp};

pub use backstage::{EntityRef, RefContext, parse_entity_ref, read_backstage};
pub use catalog::{CatalogReading, DocumentReading, Entity, Link, Relation};
pub use catalog_csv::read_csv;
pub use drill::{BatchLine, batch_lines, check_times};
pub use redact::redact_text;
pub use yaml::read_settings;

/// A drill result's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own JSON object.
    Drill,
    /// A Chaos Toolkit journal, or a notification that carries one.
    ChaosToolkit,
    /// A JUnit XML report.
    Junit,
}

impl Format {
    /// The format of that name, if it is one that this module reads.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "drill" => Some(Self::Drill),
            "chaostoolkit" => Some(Self::ChaosToolkit),
            "junit" => Some(Self::Junit),
            _ => None,
        }
    }

    /// The name used in URLs and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drill => "drill",
            Self::ChaosToolkit => "chaostoolkit",
            Self::Junit => "junit",
        }
    }
}

/// What the caller says beside the document; it wins over the document. An empty word counts as not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// `?service=`: a slug or an entity reference.
    pub service: Option<String>,
    /// `?kind=`.
    pub kind: Option<String>,
    /// `?failure=`.
    pub failure: Option<String>,
    /// `?target=`.
    pub target: Option<String>,
    /// `?environment=`.
    pub environment: Option<String>,
    /// The drill ticket of the `x-waterbear-drill` header: its id.
    pub ticket: Option<String>,
}

/// A link that backs a drill.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EvidenceLink {
    /// What it leads to, in the sender's word.
    pub kind: String,
    /// An http or https URL.
    pub href: String,
}

/// What became of the rollback.
#[derive(Clone, Debug, PartialEq)]
pub struct RollbackReading {
    /// The verdict.
    pub outcome: RollbackOutcome,
    /// One sentence: why.
    pub reason: String,
    /// How long it took.
    pub seconds: Option<f64>,
}

/// One drill result as a document tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The service as written: a slug or an entity reference.
    pub service: Option<String>,
    /// What was rehearsed; inferred from the failure where it is not said.
    pub kind: Option<DrillKind>,
    /// The failure word as given, in lower snake case.
    pub failure: Option<String>,
    /// What was hit, e.g. the dependency.
    pub target: Option<String>,
    /// Where it ran.
    pub environment: Option<String>,
    /// The verdict.
    pub outcome: Outcome,
    /// One sentence: why; never empty.
    pub reason: String,
    /// The second verdict.
    pub rollback: RollbackReading,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Seconds from fault to alarm.
    pub detected_after_seconds: Option<f64>,
    /// Seconds from the first broken check to the first good one after it.
    pub recovered_after_seconds: Option<f64>,
    /// What should have stayed true.
    pub hypothesis: Option<String>,
    /// Recorded, never graded.
    pub exploratory: bool,
    /// The drill's name.
    pub title: Option<String>,
    /// Links that back it.
    pub evidence: Vec<EvidenceLink>,
    /// The tool that wrote the document.
    pub tool: String,
    /// Its version.
    pub tool_version: Option<String>,
    /// The tool's or pipeline's own id of the run.
    pub run_id: Option<String>,
    /// The sender's id of this result.
    pub external_id: Option<String>,
    /// The drill ticket under which it was run, if the document names one: its id.
    pub ticket: Option<String>,
    /// The document as sent, redacted: the only form that may be stored.
    pub document: String,
    /// Hash of the canonical content before redaction, the same for a journal in a file and in a notification.
    pub content_sha256: [u8; 32],
}

/// What a body turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// A drill result.
    Drill(Box<Reading>),
    /// A sound message that carries no result.
    Ignored {
        /// One sentence: why nothing is recorded.
        reason: String,
    },
}

/// Reads one drill result.
pub fn read(format: Format, body: &[u8], hints: &Hints) -> Result<Read, Error> {
    let text = utf8::text(body)?;
    match format {
        Format::Drill => drill::read(text, hints).map(|r| Read::Drill(Box::new(r))),
        Format::ChaosToolkit => chaostoolkit::read(text, hints),
        Format::Junit => junit::read(text, hints).map(|r| Read::Drill(Box::new(r))),
    }
}
