//! Planning an import: compares a reading with what is known, and writes nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{ImportCatalog, ImportProblem, ImportReport, derive};
use crate::app::{Tx, flows};
use crate::error::Result;
use crate::formats::Entity;
use crate::store;
use crate::store::catalog::{EntityMark, EntityRow};
use crate::store::services::ServiceRow;
use crate::types::hex;

/// What an import is going to write.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Counts and problems.
    pub report: ImportReport,
    /// Entities to write.
    pub entities: Vec<EntityRow>,
    /// Services to add; their team is set later.
    pub added: Vec<ServiceRow>,
    /// Services to write, with how they were.
    pub changed: Vec<(ServiceRow, ServiceRow)>,
    /// Every component of the reading: reference and its dependencies.
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// References gone from the source.
    pub gone: Vec<String>,
    /// What becomes of core flows.
    pub flows: flows::FlowPlan,
}

pub(super) fn plan(tx: &mut Tx<'_>, cmd: &ImportCatalog) -> Result<Plan> {
    let marks: HashMap<String, EntityMark> =
        store::catalog::marks(tx.conn)?.into_iter().map(|m| (m.entity_ref.clone(), m)).collect();
    let services: HashMap<String, ServiceRow> =
        store::services::all(tx.conn)?.into_iter().map(|s| (s.entity_ref.clone(), s)).collect();
    let mut plan = Plan::default();
    problems(cmd, &mut plan.report.problems);
    let entities = distinct(cmd, &mut plan.report.problems);
    let types = resource_types(tx, &entities)?;
    let mut slugs: HashMap<String, String> =
        services.values().map(|s| (s.slug.clone(), s.entity_ref.clone())).collect();
    for (entity, _) in &entities {
        let mark = marks.get(&entity.entity_ref);
        let mut moved = mark.is_some_and(|m| {
            m.removed_at.is_some()
                || m.source != cmd.source
                || m.content_sha256 != hex(&entity.content_sha256)
        });
        if entity.kind == "Component" {
            let held = services.get(&entity.entity_ref);
            let row = service_row(tx, cmd, entity, held, &types, &mut slugs);
            match held {
                None => plan.added.push(row),
                Some(held) if *held != row => {
                    moved = true;
                    plan.changed.push((held.clone(), row));
                }
                Some(_) => {}
            }
            plan.dependencies.insert(entity.entity_ref.clone(), entity.depends_on.clone());
        }
        match (mark, moved) {
            (None, _) => plan.report.created += 1,
            (Some(_), true) => plan.report.updated += 1,
            (Some(_), false) => plan.report.unchanged += 1,
        }
        if mark.is_none() || moved {
            plan.entities.push(entity_row(tx, cmd, entity)?);
        }
    }
    add_reverse_edges(&entities, &mut plan.dependencies);
    if cmd.complete {
        gone(cmd, &marks, &entities, &mut plan);
    }
    plan.flows = flows::plan(tx, &cmd.reading, &cmd.source, cmd.complete)?;
    let (report, of) = (&mut plan.report, &mut plan.flows);
    report.created += of.created;
    report.updated += of.updated;
    report.unchanged += of.unchanged;
    report.removed += of.gone.len();
    report.problems.append(&mut of.problems);
    Ok(plan)
}

fn problems(cmd: &ImportCatalog, problems: &mut Vec<ImportProblem>) {
    if cmd.reading.truncated {
        let detail = format!(
            "only the first {} documents or rows were read, the rest of the file was not: split it and import each \
             part under a --source of its own",
            cmd.reading.documents.len()
        );
        problems.push(ImportProblem { document: None, line: None, detail });
    }
    // An empty document (a stray `---`) is nothing to complain about.
    for doc in cmd.reading.documents.iter().filter(|d| d.accepted || d.problem.is_some()) {
        for detail in doc.problem.iter().chain(&doc.warnings) {
            problems.push(ImportProblem {
                document: Some(doc.index),
                line: Some(doc.line),
                detail: detail.clone(),
            });
        }
        for (field, relations) in &doc.relations {
            for relation in relations {
                if let crate::formats::Relation::Error(error) = relation {
                    problems.push(ImportProblem {
                        document: Some(doc.index),
                        line: Some(doc.line),
                        detail: format!("{field}: {error}"),
                    });
                }
            }
        }
    }
}

/// Accepted entities, each reference once: the first in the file stays.
fn distinct<'a>(cmd: &'a ImportCatalog, problems: &mut Vec<ImportProblem>) -> Vec<(&'a Entity, usize)> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut entities = Vec::new();
    for doc in cmd.reading.documents.iter().filter(|d| d.accepted) {
        let Some(entity) = &doc.entity else { continue };
        if let Some(line) = first.get(entity.entity_ref.as_str()) {
            let detail = format!("{} is declared twice; the one at line {line} stays", entity.entity_ref);
            problems.push(ImportProblem { document: Some(doc.index), line: Some(doc.line), detail });
            continue;
        }
        first.insert(&entity.entity_ref, doc.line);
        entities.push((entity, doc.index));
    }
    entities
}

/// `spec.type` of every resource, those of this file first.
fn resource_types(tx: &mut Tx<'_>, entities: &[(&Entity, usize)]) -> Result<HashMap<String, String>> {
    let mut types = HashMap::new();
    for body in store::catalog::bodies(tx.conn, "Resource")? {
        let Ok(kept) = serde_json::from_str::<Kept>(&body) else { continue };
        if let Some(kind) = kept.spec_type {
            types.insert(kept.entity_ref, kind);
        }
    }
    for (entity, _) in entities.iter().filter(|(e, _)| e.kind == "Resource") {
        if let Some(kind) = &entity.spec_type {
            types.insert(entity.entity_ref.clone(), kind.clone());
        }
    }
    Ok(types)
}

/// What is kept of an entity and read again later.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Kept {
    pub entity_ref: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub spec_type: Option<String>,
    #[serde(default)]
    pub parent: Option<String>,
    #[serde(default)]
    pub children: Vec<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub targets: Vec<String>,
}

fn entity_row(tx: &Tx<'_>, cmd: &ImportCatalog, entity: &Entity) -> Result<EntityRow> {
    let kept = Kept {
        entity_ref: entity.entity_ref.clone(),
        name: entity.name.clone(),
        title: entity.title.clone(),
        display_name: entity.display_name.clone(),
        spec_type: entity.spec_type.clone(),
        parent: entity.parent.clone(),
        children: entity.children.clone(),
        description: entity.description.clone(),
        annotations: entity.annotations.clone(),
        targets: entity.targets.clone(),
    };
    Ok(EntityRow {
        entity_ref: entity.entity_ref.clone(),
        kind: entity.kind.clone(),
        source: cmd.source.clone(),
        content_sha256: hex(&entity.content_sha256),
        body: serde_json::to_string(&kept).map_err(anyhow::Error::new)?,
        updated_at: tx.now.0,
        removed_at: None,
    })
}

fn service_row(
    tx: &Tx<'_>,
    cmd: &ImportCatalog,
    entity: &Entity,
    held: Option<&ServiceRow>,
    types: &HashMap<String, String>,
    slugs: &mut HashMap<String, String>,
) -> ServiceRow {
    let config = &tx.config.catalog;
    let (tier, tier_from) = derive::tier(config, entity);
    let name = entity.title.clone().unwrap_or_else(|| entity.name.clone());
    ServiceRow {
        id: held.map_or_else(|| tx.new_id(), |h| h.id.clone()),
        slug: held.map_or_else(|| free_slug(&entity.entity_ref, slugs), |h| h.slug.clone()),
        entity_ref: entity.entity_ref.clone(),
        name_lc: name.to_lowercase(),
        name,
        team_id: held.and_then(|h| h.team_id.clone()),
        owner_ref: entity.owner.clone(),
        tier,
        tier_from,
        lifecycle: derive::lifecycle(config, entity),
        service_type: entity.spec_type.clone(),
        system_ref: entity.system.clone(),
        description: entity.description.clone(),
        labels: derive::labels(entity),
        has_database: derive::has_database(entity, &|r| types.get(r).cloned()),
        source: cmd.source.clone(),
        created_at: held.map_or(tx.now.0, |h| h.created_at),
        removed_at: None,
    }
}

/// The slug of a reference; two references with the same slug are told apart by a number.
fn free_slug(entity_ref: &str, slugs: &mut HashMap<String, String>) -> String {
    let wanted = derive::slug(entity_ref);
    let mut slug = wanted.clone();
    let mut n = 2;
    while slugs.get(&slug).is_some_and(|r| r != entity_ref) {
        slug = format!("{wanted}-{n}");
        n += 1;
    }
    slugs.insert(slug.clone(), entity_ref.to_owned());
    slug
}

/// `dependencyOf: [x]` on y says the same as `dependsOn: [y]` on x.
fn add_reverse_edges(entities: &[(&Entity, usize)], dependencies: &mut BTreeMap<String, Vec<String>>) {
    for (entity, _) in entities {
        for dependent in &entity.dependency_of {
            if let Some(list) = dependencies.get_mut(dependent) {
                list.push(entity.entity_ref.clone());
            }
        }
    }
    for list in dependencies.values_mut() {
        list.sort();
        list.dedup();
    }
}

/// What this source said before and does not say now. A document that cannot be read may be the one that is
/// missed: what it may have said stays.
fn gone(
    cmd: &ImportCatalog,
    marks: &HashMap<String, EntityMark>,
    entities: &[(&Entity, usize)],
    plan: &mut Plan,
) {
    let now: HashSet<&str> = entities.iter().map(|(e, _)| e.entity_ref.as_str()).collect();
    let mut missing: Vec<&EntityMark> = marks
        .values()
        .filter(|m| m.source == cmd.source && m.removed_at.is_none() && !now.contains(m.entity_ref.as_str()))
        .collect();
    missing.sort_by(|a, b| a.entity_ref.cmp(&b.entity_ref));
    if missing.is_empty() {
        return;
    }
    let bad = cmd.reading.documents.iter().filter(|d| !d.accepted && d.problem.is_some());
    let unreadable = cmd.reading.truncated || bad.clone().any(|d| d.kind.is_none() || d.name.is_none());
    if unreadable || now.is_empty() {
        plan.report.problems.push(ImportProblem {
            document: None,
            line: None,
            detail: format!(
                "{} entities of this source are not in the file, but part of the file could not be read: \
                 nothing was marked as removed",
                missing.len()
            ),
        });
        return;
    }
    let spared: HashSet<(String, String)> =
        bad.filter_map(|d| Some((d.kind.clone()?.to_lowercase(), d.name.clone()?.to_lowercase()))).collect();
    for mark in missing {
        let (kind, rest) = mark.entity_ref.split_once(':').unwrap_or(("", &mark.entity_ref));
        let name = rest.rsplit('/').next().unwrap_or(rest);
        if !spared.contains(&(kind.to_owned(), name.to_owned())) {
            plan.gone.push(mark.entity_ref.clone());
        }
    }
    plan.report.removed = plan.gone.len();
}
