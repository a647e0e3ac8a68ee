//! Flows in catalog files: documents of `kind: Flow`, and components that say which of their dependencies are core.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use scoring_rules::flows::{Edge, Flow, MAX_EDGES, read_document};

use super::{delete, facts, is_slug, sealed, write};
use crate::app::Tx;
use crate::app::catalog::ImportProblem;
use crate::error::Result;
use crate::formats::{CatalogReading, DocumentReading, Entity, RefContext, parse_entity_ref};
use crate::store;

/// The annotation: the references among `dependsOn` that are core, separated by commas; the others are non-core.
const CORE: &str = "waterbear.dev/core-dependencies";
/// The end of the slug of a flow that follows from an annotation.
const SUFFIX: &str = "-dependencies";

/// What an import is going to do with flows.
#[derive(Debug, Default)]
pub(in crate::app) struct FlowPlan {
    /// Flows to write.
    pub write: Vec<(String, Flow)>,
    /// Flows that are gone from the source.
    pub gone: Vec<String>,
    /// New flows.
    pub created: usize,
    /// Flows that changed.
    pub updated: usize,
    /// Flows that are as they were.
    pub unchanged: usize,
    /// What could not be taken over.
    pub problems: Vec<ImportProblem>,
}

/// Compares the flows of a reading with what is known, and writes nothing. Without `complete`, what the reading does not
/// name stays.
pub(in crate::app) fn plan(
    tx: &mut Tx<'_>,
    reading: &CatalogReading,
    source: &str,
    complete: bool,
) -> Result<FlowPlan> {
    let mut plan = FlowPlan::default();
    let named = flows_of(reading, &mut plan.problems);
    let marks: HashMap<String, (String, String)> =
        store::flows::marks(tx.conn)?.into_iter().map(|(slug, from, sha)| (slug, (from, sha))).collect();
    for (slug, flow) in &named {
        let (_, _, sha) = sealed(tx, flow.clone())?;
        match marks.get(slug) {
            None => plan.created += 1,
            Some((from, held)) if *held == sha && from == source => {
                plan.unchanged += 1;
                continue;
            }
            Some(_) => plan.updated += 1,
        }
        plan.write.push((slug.clone(), flow.clone()));
    }
    let of_source = marks.into_iter().filter(|(slug, (from, _))| from == source && !named.contains_key(slug));
    let mut missing: Vec<String> = of_source.map(|(slug, _)| slug).collect();
    missing.sort();
    if complete && !missing.is_empty() {
        gone(reading, missing, &mut plan);
    }
    Ok(plan)
}

/// A document that cannot be read may be the one that is missed: what it may have said stays.
fn gone(reading: &CatalogReading, missing: Vec<String>, plan: &mut FlowPlan) {
    let bad: Vec<&DocumentReading> =
        reading.documents.iter().filter(|d| !d.accepted && d.problem.is_some()).collect();
    let nameless = bad.iter().any(|d| d.kind.is_none() || d.name.is_none());
    if reading.truncated || nameless || !reading.documents.iter().any(|d| d.accepted) {
        let detail = format!(
            "{} flows of this source are not in the file, but part of the file could not be read: none was removed",
            missing.len()
        );
        plan.problems.push(ImportProblem { document: None, line: None, detail });
        return;
    }
    let spared: BTreeSet<String> = bad
        .iter()
        .filter_map(|d| d.name.as_ref())
        .flat_map(|name| [name.to_lowercase(), format!("{}{SUFFIX}", name.to_lowercase())])
        .collect();
    plan.gone = missing.into_iter().filter(|slug| !spared.contains(slug)).collect();
}

/// Carries a plan out; `added` are services new to the catalog, which flows may have named before.
pub(in crate::app) fn apply(
    tx: &mut Tx<'_>,
    plan: FlowPlan,
    source: &str,
    added: impl Iterator<Item = String>,
) -> Result<()> {
    let mut touched = BTreeSet::new();
    for (slug, flow) in plan.write {
        touched.extend(write(tx, &slug, flow, source)?.touched.unwrap_or_default());
    }
    for slug in plan.gone {
        touched.extend(delete(tx, &slug)?);
    }
    if !store::flows::after(tx.conn, "", 1, &[])?.is_empty() {
        let added: Vec<String> = added.collect();
        let edges = store::flows::leading_to(tx.conn, &added)?.into_iter().map(|edge| edge.from_ref);
        touched.extend(edges);
        touched.extend(added);
    }
    if touched.is_empty() { Ok(()) } else { facts::refresh(tx, &touched) }
}

/// The flows that a reading names, by slug: the first of each stays.
fn flows_of(reading: &CatalogReading, problems: &mut Vec<ImportProblem>) -> BTreeMap<String, Flow> {
    let mut flows = BTreeMap::new();
    let mut add =
        |doc: &DocumentReading, slug: String, flow: Flow, problems: &mut Vec<ImportProblem>| match flows
            .entry(slug)
        {
            Entry::Occupied(held) => {
                let detail = format!("the flow {} is declared twice; the first stays", held.key());
                problems.push(problem(doc, detail));
            }
            Entry::Vacant(free) => {
                free.insert(flow);
            }
        };
    for doc in reading.documents.iter().filter(|d| d.accepted) {
        if let Some(Ok((slug, flow))) = doc.flow.as_ref().map(read_document) {
            add(doc, slug, flow, problems);
        }
    }
    for doc in reading.documents.iter().filter(|d| d.accepted) {
        let Some(entity) = &doc.entity else { continue };
        let Some(core) = entity.annotations.get(CORE).filter(|_| entity.kind == "Component") else {
            continue;
        };
        if let Some((slug, flow)) = annotated(doc, entity, core, problems) {
            add(doc, slug, flow, problems);
        }
    }
    flows
}

/// The flow of a component that says which of its dependencies are core.
fn annotated(
    doc: &DocumentReading,
    entity: &Entity,
    core: &str,
    problems: &mut Vec<ImportProblem>,
) -> Option<(String, Flow)> {
    let context = RefContext { default_kind: Some("component"), default_namespace: Some(&entity.namespace) };
    let mut cores = BTreeSet::new();
    for text in core.split(',').map(str::trim).filter(|t| !t.is_empty()) {
        match parse_entity_ref(text, context).map(|r| r.canonical()) {
            Ok(found) if entity.depends_on.contains(&found) => {
                cores.insert(found);
            }
            Ok(found) => {
                problems
                    .push(problem(doc, format!("{CORE}: {found} is not in `spec.dependsOn`; add it there")));
            }
            Err(detail) => problems.push(problem(doc, format!("{CORE}: {detail}"))),
        }
    }
    let targets: BTreeSet<&String> = entity.depends_on.iter().collect();
    let slug = slug_of(&entity.entity_ref);
    if targets.len() > MAX_EDGES || !is_slug(&slug) {
        let detail =
            format!("{CORE}: no flow can be made of it: the name is no slug, or has over {MAX_EDGES} edges");
        problems.push(problem(doc, detail));
        return None;
    }
    let edge = |to: &String| Edge {
        from: entity.entity_ref.clone(),
        to: to.to_lowercase(),
        core: cores.contains(to),
        ..Edge::default()
    };
    let flow = Flow {
        title: format!("Dependencies of {}", entity.title.as_ref().unwrap_or(&entity.name)),
        owner: entity.owner.clone(),
        entry: Some(entity.entity_ref.clone()),
        edges: targets.into_iter().map(edge).collect(),
        ..Flow::default()
    };
    Some((slug, flow))
}

fn slug_of(entity_ref: &str) -> String {
    let rest = entity_ref.split_once(':').map_or(entity_ref, |(_, rest)| rest);
    let name = rest.strip_prefix("default/").unwrap_or(rest).replace('/', "-");
    let name: String = name.chars().take(63 - SUFFIX.len()).collect();
    format!("{name}{SUFFIX}")
}

fn problem(doc: &DocumentReading, detail: String) -> ImportProblem {
    ImportProblem { document: Some(doc.index), line: Some(doc.line), detail }
}
