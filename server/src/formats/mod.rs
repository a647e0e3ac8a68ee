//! Foreign documents in, readings out: pure functions from bytes, with no store, network, clock or file.

mod alertmanager;
mod aws_fis;
mod backstage;
mod catalog;
mod catalog_csv;
mod chaos_mesh;
mod chaostoolkit;
mod claims;
mod cloudevents;
mod doubts;
mod drill;
mod engine;
mod flow;
mod gremlin;
mod json;
mod junit;
mod k6;
mod litmus;
mod parts;
mod redact;
mod steadybit;
mod utf8;
mod yaml;

#[cfg(test)]
pub(crate) mod tests;

use crate::error::Error;
use crate::types::{DrillKind, Outcome, RollbackOutcome, Timestamp};

pub use alertmanager::AlertReading;
pub use backstage::{EntityRef, RefContext, parse_entity_ref, read_backstage};
pub use catalog::{CatalogReading, DocumentReading, Entity, Link, Relation};
pub use catalog_csv::read_csv;
pub use cloudevents::{DeploymentReading, structured as structured_event};
pub use doubts::{Doubts, doubts};
pub use drill::{BatchLine, batch_lines, check_times};
pub use engine::check_link;
pub use parts::parts;
pub use redact::redact_text;
pub use yaml::read_settings;

/// A document's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own JSON object.
    Drill,
    /// A Chaos Toolkit journal, or a notification that carries one.
    ChaosToolkit,
    /// A JUnit XML report.
    Junit,
    /// A LitmusChaos ChaosResult.
    Litmus,
    /// A chaos object or a Workflow of Chaos Mesh.
    ChaosMesh,
    /// An event of the AWS Fault Injection Service.
    AwsFis,
    /// A summary of k6.
    K6,
    /// An event of Steadybit.
    Steadybit,
    /// An event of Gremlin.
    Gremlin,
    /// A CloudEvent, or a CDEvent.
    CloudEvents,
    /// A message of Alertmanager.
    Alertmanager,
    /// A message of PagerDuty; kept, not understood yet.
    PagerDuty,
    /// Any message of another incident tool; kept, not understood yet.
    Other,
}

impl Format {
    /// Every format, in the order in which they are told.
    pub const ALL: &'static [Self] = &[
        Self::Drill,
        Self::ChaosToolkit,
        Self::Junit,
        Self::Litmus,
        Self::ChaosMesh,
        Self::AwsFis,
        Self::K6,
        Self::Steadybit,
        Self::Gremlin,
        Self::CloudEvents,
        Self::Alertmanager,
        Self::PagerDuty,
        Self::Other,
    ];

    /// The format of that name, if it is one that this module reads.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.as_str() == name)
    }

    /// The name used in URLs and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drill => "drill",
            Self::ChaosToolkit => "chaostoolkit",
            Self::Junit => "junit",
            Self::Litmus => "litmus",
            Self::ChaosMesh => "chaos-mesh",
            Self::AwsFis => "aws-fis",
            Self::K6 => "k6",
            Self::Steadybit => "steadybit",
            Self::Gremlin => "gremlin",
            Self::CloudEvents => "cloudevents",
            Self::Alertmanager => "alertmanager",
            Self::PagerDuty => "pagerduty",
            Self::Other => "other",
        }
    }

    /// All names, comma separated.
    pub fn words() -> String {
        Self::ALL.iter().map(|format| format.as_str()).collect::<Vec<_>>().join(", ")
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
    /// `?exit_code=`: how the tool ended, where its document does not tell.
    pub exit_code: Option<String>,
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
    /// A version was put into service.
    Deployment(Box<DeploymentReading>),
    /// Alerts: somebody was told.
    Alerts(Vec<AlertReading>),
    /// A sound message that carries no result.
    Ignored {
        /// One sentence: why nothing is recorded.
        reason: String,
    },
    /// A message that is not understood, and may be one day.
    Unknown {
        /// One sentence: what it is.
        reason: String,
    },
}

/// Reads one document.
pub fn read(format: Format, body: &[u8], hints: &Hints) -> Result<Read, Error> {
    let text = utf8::text(body)?;
    match format {
        Format::Drill => drill::read(text, hints).map(|r| Read::Drill(Box::new(r))),
        Format::ChaosToolkit => chaostoolkit::read(text, hints),
        Format::Junit => junit::read(text, hints).map(|r| Read::Drill(Box::new(r))),
        Format::Litmus => litmus::read(text, hints),
        Format::ChaosMesh => chaos_mesh::read(text, hints),
        Format::AwsFis => aws_fis::read(text, hints),
        Format::K6 => k6::read(text, hints),
        Format::Steadybit => steadybit::read(text, hints),
        Format::Gremlin => gremlin::read(text, hints),
        Format::CloudEvents => cloudevents::read(text, hints),
        Format::Alertmanager => alertmanager::read(text),
        Format::PagerDuty | Format::Other => {
            let document = json::parse(text)?;
            engine::require_object(&document, "a message as JSON")?;
            let kind = ["/event/event_type", "/event_type", "/event/type", "/type"];
            let kind = kind.iter().find_map(|place| engine::text(&document, place)).unwrap_or("unnamed");
            let reason = format!(
                "Incidents are not understood yet; the message (`{}`) is kept for when they are.",
                redact::shown(kind)
            );
            Ok(Read::Unknown { reason })
        }
    }
}

/// A message as it may be kept: redacted by its structure where it is JSON, by its words elsewhere.
pub fn redacted(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match json::parse(&text) {
        Ok(document) => {
            let mut redactor = redact::Redactor::default();
            redactor.learn(&document);
            redactor.document(&document).to_string()
        }
        Err(_) => redact_text(&text.replace(char::is_control, " ")),
    }
}
