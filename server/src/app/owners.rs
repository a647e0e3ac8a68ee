//! Finding a service by whatever name the sender has for it, and the teams above it.

use std::collections::HashMap;

use super::Tx;
use crate::error::{Error, Result};
use crate::store;
use crate::store::services::{ServiceRow, TeamRow};

/// A service by slug, by catalog reference (`component:default/checkout`, `payments/ledger`), or not at all:
/// then the error names the nearest slug.
pub fn service(tx: &mut Tx<'_>, name: &str) -> Result<ServiceRow> {
    let wanted = name.trim().to_lowercase();
    if let Some(row) = store::services::by_slug(tx.conn, &wanted)? {
        return Ok(row);
    }
    for entity_ref in candidates(&wanted) {
        if let Some(row) = store::services::by_ref(tx.conn, &entity_ref)? {
            return Ok(row);
        }
    }
    let slugs = store::services::slugs(tx.conn)?;
    Err(Error::NotFound { what: "service", key: clip(name), nearest: nearest(&wanted, &slugs) })
}

/// References that a name may mean: with its kind, without kind, in the default namespace.
fn candidates(name: &str) -> Vec<String> {
    match (name.split_once(':'), name.contains('/')) {
        (Some((kind, rest)), true) => vec![format!("{kind}:{rest}")],
        (Some((kind, rest)), false) => vec![format!("{kind}:default/{rest}")],
        (None, true) => vec![format!("component:{name}")],
        (None, false) => vec![format!("component:default/{name}")],
    }
}

/// The nearest of `known`, if any is near.
pub fn nearest(wanted: &str, known: &[String]) -> Option<String> {
    let bare = wanted.rsplit(['/', ':']).next().unwrap_or(wanted);
    known
        .iter()
        .map(|slug| (strsim::damerau_levenshtein(bare, slug), slug))
        .filter(|(distance, slug)| *distance <= 2 + slug.len() / 4)
        .min()
        .map(|(_, slug)| slug.clone())
}

/// A name as given, cut so that an error cannot be made to carry a megabyte.
fn clip(name: &str) -> String {
    name.chars().take(120).collect()
}

/// All teams, for walking up and down the tree.
#[derive(Debug, Default)]
pub struct TeamTree {
    rows: Vec<TeamRow>,
    by_id: HashMap<String, usize>,
}

impl TeamTree {
    /// Reads the tree.
    pub fn load(tx: &mut Tx<'_>) -> Result<Self> {
        let rows = store::services::teams(tx.conn)?;
        let by_id = rows.iter().enumerate().map(|(i, t)| (t.id.clone(), i)).collect();
        Ok(Self { rows, by_id })
    }

    /// Every team, removed ones too, in path order.
    pub fn rows(&self) -> &[TeamRow] {
        &self.rows
    }

    /// A team by id.
    pub fn get(&self, id: &str) -> Option<&TeamRow> {
        self.by_id.get(id).and_then(|i| self.rows.get(*i))
    }

    /// Living teams below `team`, itself included.
    pub fn subtree(&self, team: &TeamRow) -> Vec<&TeamRow> {
        self.rows.iter().filter(|t| t.path.starts_with(&team.path)).collect()
    }

    /// From the root down to the parent.
    pub fn ancestors(&self, team: &TeamRow) -> Vec<&TeamRow> {
        let mut above: Vec<&TeamRow> =
            self.rows.iter().filter(|t| t.id != team.id && team.path.starts_with(&t.path)).collect();
        above.sort_by_key(|t| t.path.len());
        above
    }

    /// Slugs of the team and all above it.
    pub fn slugs_above(&self, team_id: Option<&str>) -> Vec<String> {
        let Some(team) = team_id.and_then(|id| self.get(id)) else { return Vec::new() };
        self.ancestors(team).iter().map(|t| t.slug.clone()).chain([team.slug.clone()]).collect()
    }
}

/// Refuses an actor who may not write for `service`.
pub fn require_writer(tx: &mut Tx<'_>, service: &ServiceRow) -> Result<()> {
    if !tx.actor.is_limited() {
        return Ok(());
    }
    let above = TeamTree::load(tx)?.slugs_above(service.team_id.as_deref());
    tx.actor.require_service(&service.slug, &service.entity_ref, &above)
}
