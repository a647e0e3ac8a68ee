//! Names in flows: whatever the sender writes becomes the catalog reference, and readers see slugs.

use std::collections::{BTreeSet, HashMap};

use scoring_rules::flows::{EXTERNAL, Flow};

use crate::app::veil::HIDDEN;
use crate::app::{Tx, owners};
use crate::error::Result;
use crate::store;
use crate::store::services::{ServiceRow, TeamRow};

/// The flow with every name as a catalog reference.
pub(super) fn canonical(tx: &mut Tx<'_>, mut flow: Flow) -> Result<Flow> {
    let names: BTreeSet<String> =
        flow.edges.iter().flat_map(|e| [&e.from, &e.to]).chain(&flow.entry).cloned().collect();
    let refs = refs(tx, &names)?;
    let one = |name: &mut String| {
        if let Some(found) = refs.get(name) {
            name.clone_from(found);
        }
    };
    for edge in &mut flow.edges {
        one(&mut edge.from);
        one(&mut edge.to);
    }
    if let Some(entry) = &mut flow.entry {
        one(entry);
    }
    if let Some(owner) = &mut flow.owner {
        *owner = match owners::known_team(tx, owner)? {
            Some(team) => team.entity_ref,
            None if owner.contains(':') => owner.clone(),
            None if owner.contains('/') => format!("group:{owner}"),
            None => format!("group:default/{owner}"),
        };
    }
    Ok(flow)
}

/// Catalog references of names as they may be written: slugs, references with or without kind and namespace.
pub(super) fn refs(tx: &mut Tx<'_>, names: &BTreeSet<String>) -> Result<HashMap<String, String>> {
    let bare: Vec<String> = names.iter().filter(|n| !n.contains([':', '/'])).cloned().collect();
    let veil = tx.veil()?;
    let slugs: HashMap<String, String> = store::services::by_slugs(tx.conn, &bare)?
        .into_iter()
        .filter(|service| !veil.hides(service))
        .map(|service| (service.slug, service.entity_ref))
        .collect();
    let find = |name: &String| {
        if name.starts_with(EXTERNAL) {
            return name.clone();
        }
        let by_slug = slugs.get(name).cloned();
        by_slug.or_else(|| owners::candidates(name).pop()).unwrap_or_else(|| name.clone())
    };
    Ok(names.iter().map(|name| (name.clone(), find(name))).collect())
}

/// Whether a name that readers see covers another; no name of a service has blanks.
pub(in crate::app) fn is_covered(shown: &str) -> bool {
    shown.starts_with(HIDDEN)
}

/// Services by catalog reference.
#[derive(Debug, Default)]
pub(super) struct Known {
    services: HashMap<String, ServiceRow>,
    /// What else the catalog has: resources, APIs.
    others: BTreeSet<String>,
    /// What readers are told instead of the name, of services that they may not know of.
    covered: HashMap<String, String>,
}

impl Known {
    /// Those of `refs` that the catalog has or had, with those covered that the actor may not know of.
    pub(super) fn load<'a>(tx: &mut Tx<'_>, refs: impl IntoIterator<Item = &'a String>) -> Result<Self> {
        let mut known = Self::whole(tx, refs)?;
        known.cover(tx)?;
        Ok(known)
    }

    /// The same with nothing covered, for what is stored.
    pub(super) fn whole<'a>(tx: &mut Tx<'_>, refs: impl IntoIterator<Item = &'a String>) -> Result<Self> {
        let refs: BTreeSet<String> = refs.into_iter().filter(|r| !r.starts_with(EXTERNAL)).cloned().collect();
        let refs: Vec<String> = refs.into_iter().collect();
        let rows = store::services::by_refs(tx.conn, &refs)?;
        let services: HashMap<String, ServiceRow> =
            rows.into_iter().map(|row| (row.entity_ref.clone(), row)).collect();
        let rest: Vec<String> = refs.into_iter().filter(|r| !services.contains_key(r)).collect();
        let others = store::catalog::existing(tx.conn, &rest)?.into_iter().collect();
        Ok(Self { services, others, covered: HashMap::new() })
    }

    /// Covers the names of services that the actor may not know of, each by another word.
    fn cover(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let veil = tx.veil()?;
        if veil.is_empty() {
            return Ok(());
        }
        let new =
            |service: &&ServiceRow| veil.hides(service) && !self.covered.contains_key(&service.entity_ref);
        let mut refs: Vec<String> =
            self.services.values().filter(new).map(|service| service.entity_ref.clone()).collect();
        refs.sort_unstable();
        for entity_ref in refs {
            let word = match self.covered.len() {
                0 => HIDDEN.to_owned(),
                n => format!("{HIDDEN} ({})", n + 1),
            };
            self.covered.insert(entity_ref, word);
        }
        Ok(())
    }

    /// Whether the actor may not know of it.
    pub(super) fn covers(&self, entity_ref: &str) -> bool {
        self.covered.contains_key(entity_ref)
    }

    /// Takes what is covered for what is not there: of a flow that the actor wrote, its names are shown as written.
    pub(super) fn forget_covered(&mut self) {
        let covered = std::mem::take(&mut self.covered);
        self.services.retain(|entity_ref, _| !covered.contains_key(entity_ref));
    }

    /// Whether there is a page of it that the actor may open.
    pub(super) fn linked(&self, entity_ref: &str) -> bool {
        self.living(entity_ref).is_some() && !self.covers(entity_ref)
    }

    /// Learns of more services.
    pub(super) fn extend<'a>(
        &mut self,
        tx: &mut Tx<'_>,
        refs: impl IntoIterator<Item = &'a String>,
    ) -> Result<()> {
        let more = Self::whole(tx, refs.into_iter().filter(|r| !self.services.contains_key(*r)))?;
        self.services.extend(more.services);
        self.others.extend(more.others);
        self.cover(tx)
    }

    /// The service of a reference, if it lives.
    pub(super) fn living(&self, entity_ref: &str) -> Option<&ServiceRow> {
        self.services.get(entity_ref).filter(|service| service.removed_at.is_none())
    }

    /// Whether the catalog has it, as a service or as something else.
    pub(super) fn has(&self, entity_ref: &str) -> bool {
        self.living(entity_ref).is_some() || self.others.contains(entity_ref)
    }

    /// All of them, in the order of their ids.
    pub(super) fn services(&self) -> Vec<&ServiceRow> {
        let mut all: Vec<&ServiceRow> = self.services.values().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// What readers see: the name, or a word that covers it.
    pub(super) fn shown(&self, entity_ref: &str) -> String {
        self.covered.get(entity_ref).cloned().unwrap_or_else(|| self.name(entity_ref))
    }

    /// The slug, or as much of the reference as tells it from others.
    pub(super) fn name(&self, entity_ref: &str) -> String {
        match self.services.get(entity_ref) {
            Some(service) => service.slug.clone(),
            None => entity_ref.strip_prefix("component:default/").unwrap_or(entity_ref).to_owned(),
        }
    }

    /// The flow as readers see it.
    pub(super) fn show(&self, mut flow: Flow) -> Flow {
        for edge in &mut flow.edges {
            edge.from = self.shown(&edge.from);
            edge.to = self.shown(&edge.to);
        }
        flow.entry = flow.entry.map(|entry| self.shown(&entry));
        flow
    }
}

/// The living team of a catalog reference.
pub(super) fn owner(tx: &mut Tx<'_>, entity_ref: Option<&str>) -> Result<Option<TeamRow>> {
    let Some(entity_ref) = entity_ref else { return Ok(None) };
    let veil = tx.veil()?;
    let team = store::services::team_by_ref(tx.conn, entity_ref)?;
    Ok(team.filter(|team| team.removed_at.is_none() && !veil.hides_team(&team.id)))
}
