//! The team tree, from every group the catalog knows and every group that owns something.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::derive;
use super::plan::Kept;
use crate::app::Tx;
use crate::error::Result;
use crate::store;
use crate::store::services::{ServiceRow, TeamRow};

/// Source of a team that no group entity describes: only an owner names it.
const IMPLIED: &str = "implied";

#[derive(Debug, Clone)]
struct Node {
    name: String,
    group_type: String,
    parent: Option<String>,
    source: String,
}

/// Brings the teams in line with the catalog; gives the id of each team by its reference.
pub(super) fn rebuild(
    tx: &mut Tx<'_>,
    source: &str,
    services: &[ServiceRow],
) -> Result<HashMap<String, String>> {
    let mut nodes = groups(tx, source)?;
    for owner in services.iter().filter(|s| s.removed_at.is_none()).filter_map(|s| s.owner_ref.as_deref()) {
        if owner.starts_with("group:") && !nodes.contains_key(owner) {
            nodes.insert(owner.to_owned(), implied(owner));
        }
    }
    // A parent or child that only a group names is a team as well.
    let parents: Vec<String> = nodes.values().filter_map(|n| n.parent.clone()).collect();
    for parent in parents {
        nodes.entry(parent.clone()).or_insert_with(|| implied(&parent));
    }
    break_cycles(&mut nodes);
    write(tx, &nodes)
}

fn implied(entity_ref: &str) -> Node {
    let name = entity_ref.rsplit('/').next().unwrap_or(entity_ref).to_owned();
    Node { name, group_type: "team".into(), parent: None, source: IMPLIED.into() }
}

fn groups(tx: &mut Tx<'_>, source: &str) -> Result<BTreeMap<String, Node>> {
    let mut nodes = BTreeMap::new();
    let mut children: BTreeMap<String, String> = BTreeMap::new();
    for body in store::catalog::bodies(tx.conn, "Group")? {
        let Ok(kept) = serde_json::from_str::<Kept>(&body) else { continue };
        for child in &kept.children {
            children.entry(child.clone()).or_insert_with(|| kept.entity_ref.clone());
        }
        let name = kept.display_name.or(kept.title).unwrap_or(kept.name);
        let node = Node {
            name,
            group_type: kept.spec_type.unwrap_or_else(|| "team".into()),
            parent: kept.parent,
            source: source.to_owned(),
        };
        nodes.insert(kept.entity_ref, node);
    }
    for (child, parent) in children {
        let node = nodes.entry(child.clone()).or_insert_with(|| implied(&child));
        if node.parent.is_none() {
            node.parent = Some(parent);
        }
    }
    Ok(nodes)
}

/// A group that is its own ancestor loses its parent: a tree has a root.
fn break_cycles(nodes: &mut BTreeMap<String, Node>) {
    let refs: Vec<String> = nodes.keys().cloned().collect();
    for start in refs {
        let mut seen = BTreeSet::from([start.clone()]);
        let mut at = start;
        while let Some(parent) = nodes.get(&at).and_then(|n| n.parent.clone()) {
            if !seen.insert(parent.clone()) {
                if let Some(node) = nodes.get_mut(&at) {
                    node.parent = None;
                }
                break;
            }
            at = parent;
        }
    }
}

fn path(nodes: &BTreeMap<String, Node>, slugs: &HashMap<String, String>, entity_ref: &str) -> String {
    let mut parts = Vec::new();
    let mut at = Some(entity_ref.to_owned());
    while let Some(r) = at {
        parts.push(slugs.get(&r).cloned().unwrap_or_else(|| derive::slug(&r)));
        at = nodes.get(&r).and_then(|n| n.parent.clone());
    }
    parts.reverse();
    format!("/{}/", parts.join("/"))
}

fn write(tx: &mut Tx<'_>, nodes: &BTreeMap<String, Node>) -> Result<HashMap<String, String>> {
    let held: HashMap<String, TeamRow> =
        store::services::teams(tx.conn)?.into_iter().map(|t| (t.entity_ref.clone(), t)).collect();
    let mut taken: BTreeSet<String> = held.values().map(|t| t.slug.clone()).collect();
    let mut slugs: HashMap<String, String> = HashMap::new();
    for entity_ref in nodes.keys() {
        let slug = if let Some(team) = held.get(entity_ref) {
            team.slug.clone()
        } else {
            let wanted = derive::slug(entity_ref);
            let numbered = (2..).map(|n| format!("{wanted}-{n}"));
            std::iter::once(wanted.clone()).chain(numbered).find(|s| !taken.contains(s)).unwrap_or(wanted)
        };
        taken.insert(slug.clone());
        slugs.insert(entity_ref.clone(), slug);
    }
    let mut ids: HashMap<String, String> = held.iter().map(|(r, t)| (r.clone(), t.id.clone())).collect();
    for entity_ref in nodes.keys() {
        ids.entry(entity_ref.clone()).or_insert_with(|| tx.new_id());
    }
    let mut added = Vec::new();
    for (entity_ref, node) in nodes {
        let before = held.get(entity_ref);
        let row = TeamRow {
            id: ids.get(entity_ref).cloned().unwrap_or_default(),
            slug: slugs.get(entity_ref).cloned().unwrap_or_default(),
            entity_ref: entity_ref.clone(),
            name: node.name.clone(),
            group_type: node.group_type.clone(),
            parent_id: node.parent.as_ref().and_then(|p| ids.get(p).cloned()),
            path: path(nodes, &slugs, entity_ref),
            source: before.filter(|b| b.source != IMPLIED).map_or(node.source.clone(), |b| b.source.clone()),
            created_at: before.map_or(tx.now.0, |b| b.created_at),
            removed_at: None,
        };
        match before {
            None => added.push(row),
            Some(b) if *b != row => store::services::update_team(tx.conn, &row)?,
            Some(_) => {}
        }
    }
    store::services::insert_teams(tx.conn, &added)?;
    for team in held.values().filter(|t| t.removed_at.is_none() && !nodes.contains_key(&t.entity_ref)) {
        let row = TeamRow { removed_at: Some(tx.now.0), ..team.clone() };
        store::services::update_team(tx.conn, &row)?;
    }
    Ok(ids)
}
