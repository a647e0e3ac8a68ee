//! Catalog imports: what a source says becomes teams, services and dependencies; nothing is ever deleted.

mod apply;
mod derive;
mod plan;
mod single;
mod team_tree;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::Tx;
use crate::error::Result;
use crate::formats::{CatalogReading, DocumentReading, Relation};

pub use single::{PutService, PutTeam, put_service, put_team, remove_service, remove_team};

/// A catalog file to take over.
#[derive(Clone, Debug)]
pub struct ImportCatalog {
    /// What was read.
    pub reading: CatalogReading,
    /// Name of the source: a later import of the same source says what is gone.
    pub source: String,
    /// Say what would happen and do nothing.
    pub dry_run: bool,
    /// The reading is the whole of its source: what it does not name is gone from it.
    pub complete: bool,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// Every document as read; only of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub documents: Option<Vec<DocumentView>>,
    /// Entities new to the catalog.
    pub created: usize,
    /// Entities that changed or came back.
    pub updated: usize,
    /// Entities that are as they were.
    pub unchanged: usize,
    /// Entities gone from this source; kept, marked as removed.
    pub removed: usize,
    /// What could not be taken over, and findings.
    pub problems: Vec<ImportProblem>,
}

/// Something wrong with one document, or with the whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportProblem {
    /// Index of the document, from 0; null for the whole file.
    pub document: Option<usize>,
    /// Line where the document begins, from 1.
    pub line: Option<usize>,
    /// What is wrong and how to mend it.
    pub detail: String,
}

/// One document of a dry run.
#[derive(Clone, Debug, Serialize)]
pub struct DocumentView {
    /// Index in the file, from 0.
    pub index: usize,
    /// Line where it begins, from 1.
    pub line: usize,
    /// Kind, where readable.
    pub kind: Option<String>,
    /// Name, where readable.
    pub name: Option<String>,
    /// Canonical reference, when accepted.
    #[serde(rename = "ref")]
    pub entity_ref: Option<String>,
    /// Relations by field.
    pub relations: BTreeMap<String, Vec<Relation>>,
    /// Can be imported.
    pub accepted: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What is odd about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Takes a catalog over, or says what that would do.
pub fn import(tx: &mut Tx<'_>, cmd: &ImportCatalog) -> Result<ImportReport> {
    let plan = plan::plan(tx, cmd)?;
    let mut report = plan.report.clone();
    if cmd.dry_run {
        report.documents = Some(cmd.reading.documents.iter().map(document_view).collect());
        return Ok(report);
    }
    apply::apply(tx, cmd, plan)?;
    Ok(report)
}

fn document_view(doc: &DocumentReading) -> DocumentView {
    DocumentView {
        index: doc.index,
        line: doc.line,
        kind: doc.kind.clone(),
        name: doc.name.clone(),
        entity_ref: doc.entity_ref.clone(),
        relations: doc.relations.clone(),
        accepted: doc.accepted,
        // An empty document is no problem of the import, but a dry run says why it gives nothing.
        problem: doc.problem.clone().or_else(|| doc.warnings.first().filter(|_| !doc.accepted).cloned()),
        warnings: doc.warnings.clone(),
    }
}
