//! Carrying a plan out: entities, teams, services, dependencies, events, grades; one transaction.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::plan::Plan;
use super::{ImportCatalog, team_tree};
use crate::app::audit::Sides;
use crate::app::grading::regrade_changed;
use crate::app::{Tx, flows};
use crate::error::Result;
use crate::store;
use crate::store::events::NewEvent;
use crate::store::services::ServiceRow;

pub(super) fn apply(tx: &mut Tx<'_>, cmd: &ImportCatalog, plan: Plan) -> Result<()> {
    store::catalog::upsert(tx.conn, &plan.entities)?;
    store::catalog::mark_removed(tx.conn, &plan.gone, tx.now.0)?;
    store::services::mark_removed(tx.conn, &plan.gone, tx.now.0)?;
    let before: HashMap<String, ServiceRow> =
        plan.changed.iter().map(|(was, _)| (was.id.clone(), was.clone())).collect();
    for (_, row) in &plan.changed {
        store::services::update(tx.conn, row)?;
    }
    store::services::insert(tx.conn, &plan.added)?;
    let moved = assign_teams(tx, cmd)?;
    write_dependencies(tx, &plan)?;
    let mut events = Vec::new();
    let mut touched: HashSet<String> = moved;
    for row in &plan.added {
        touched.insert(row.id.clone());
    }
    for (_, row) in &plan.changed {
        touched.insert(row.id.clone());
    }
    let ids: Vec<String> = touched.into_iter().collect();
    let mut services = store::services::by_ids(tx.conn, &ids)?;
    services.sort_by(|a, b| a.id.cmp(&b.id));
    let added: HashSet<&str> = plan.added.iter().map(|s| s.id.as_str()).collect();
    for service in &services {
        events.extend(event_of(
            tx,
            cmd,
            service,
            before.get(&service.id),
            added.contains(service.id.as_str()),
        ));
    }
    events.extend(removals(tx, &plan)?);
    let report = &plan.report;
    if report.created + report.updated + report.removed > 0 {
        let sentence = format!(
            "Catalog {}: {} new, {} changed, {} removed.",
            cmd.source, report.created, report.updated, report.removed
        );
        let data = json!({ "source": cmd.source, "created": report.created, "updated": report.updated,
                           "removed": report.removed, "problems": report.problems.len() });
        // Of a whole catalog the sums; each change stands in an event of its own.
        let sides = Sides::made(data.clone());
        events.push(tx.event_of("catalog_imported", None, None, sentence, &data, sides));
    }
    tx.events.extend(events);
    for chunk in services.chunks(1_000) {
        regrade_changed(tx, chunk)?;
    }
    let added = plan.added.into_iter().map(|service| service.entity_ref);
    flows::apply(tx, plan.flows, &cmd.source, added)
}

/// Puts every service under the team that its owner names; gives the ids of those that moved.
fn assign_teams(tx: &mut Tx<'_>, cmd: &ImportCatalog) -> Result<HashSet<String>> {
    let services = store::services::all(tx.conn)?;
    let teams = team_tree::rebuild(tx, &cmd.source, &services)?;
    let mut moved = HashSet::new();
    for service in services {
        let team_id = service.owner_ref.as_ref().and_then(|o| teams.get(o)).cloned();
        if team_id != service.team_id {
            let row = ServiceRow { team_id, ..service };
            store::services::update(tx.conn, &row)?;
            moved.insert(row.id);
        }
    }
    Ok(moved)
}

fn write_dependencies(tx: &mut Tx<'_>, plan: &Plan) -> Result<()> {
    let ids: HashMap<String, String> =
        store::services::all(tx.conn)?.into_iter().map(|s| (s.entity_ref, s.id)).collect();
    let held = store::services::all_dependencies(tx.conn)?;
    let mut changed = Vec::new();
    let mut pairs = Vec::new();
    for (from, targets) in &plan.dependencies {
        let Some(id) = ids.get(from) else { continue };
        if held.get(id).map_or(&[] as &[String], Vec::as_slice) == targets.as_slice() {
            continue;
        }
        changed.push(id.clone());
        pairs.extend(targets.iter().map(|to| (id.clone(), to.clone())));
    }
    store::services::replace_dependencies(tx.conn, &changed, &pairs)?;
    Ok(())
}

fn event_of(
    tx: &Tx<'_>,
    cmd: &ImportCatalog,
    service: &ServiceRow,
    before: Option<&ServiceRow>,
    added: bool,
) -> Option<NewEvent> {
    let mut sides = Sides::made(described(service));
    let (kind, sentence) = if added {
        ("service_added", format!("{} joined the catalog.", service.name))
    } else {
        let before = before?;
        sides = Sides::changed(described(before), described(service));
        if before.removed_at.is_some() {
            ("service_returned", format!("{} is back in the catalog.", service.name))
        } else {
            let what = difference(before, service);
            if what.is_empty() {
                return None;
            }
            ("service_changed", format!("{}: {} changed.", service.name, what.join(", ")))
        }
    };
    let data = json!({ "source": cmd.source, "tier": service.tier, "lifecycle": service.lifecycle });
    Some(tx.event_of(kind, Some(&service.id), service.team_id.as_deref(), sentence, &data, sides))
}

/// A service for the audit.
pub(super) fn described(service: &ServiceRow) -> Value {
    let labels: Value = serde_json::from_str(&service.labels).unwrap_or_default();
    json!({
        "slug": service.slug, "name": service.name, "owner": service.owner_ref, "tier": service.tier,
        "lifecycle": service.lifecycle, "type": service.service_type, "system": service.system_ref,
        "description": service.description, "labels": labels, "source": service.source,
        "removed": service.removed_at.is_some(),
    })
}

fn difference(a: &ServiceRow, b: &ServiceRow) -> Vec<&'static str> {
    let fields = [
        ("name", a.name != b.name),
        ("owner", a.owner_ref != b.owner_ref),
        ("tier", a.tier != b.tier),
        ("lifecycle", a.lifecycle != b.lifecycle),
        ("type", a.service_type != b.service_type),
        ("system", a.system_ref != b.system_ref),
        ("description", a.description != b.description),
        ("labels", a.labels != b.labels),
        ("source", a.source != b.source),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn removals(tx: &mut Tx<'_>, plan: &Plan) -> Result<Vec<NewEvent>> {
    let mut events = Vec::new();
    for entity_ref in plan.gone.iter().filter(|r| r.starts_with("component:")) {
        if let Some(service) = store::services::by_ref(tx.conn, entity_ref)? {
            let sentence = format!("{} went from its catalog; its history stays.", service.name);
            events.push(tx.event_of(
                "service_removed",
                Some(&service.id),
                service.team_id.as_deref(),
                sentence,
                &json!({}),
                Sides::gone(described(&service)),
            ));
        }
    }
    Ok(events)
}
