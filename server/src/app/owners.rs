//! Finding a service by whatever name the sender has for it, and the teams above it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Tx;
use super::views::TeamRef;
use crate::error::{Error, Result};
use crate::store;
use crate::store::services::{ServiceRow, TeamRow};

/// Slugs weighed for "did you mean" at most.
const NEAR: i64 = 1_000;
/// Nothing longer is near any slug.
const LONGEST_SLUG: usize = 100;

/// A service by slug, by catalog reference (`component:default/checkout`, `payments/ledger`), or not at all:
/// then the error names the nearest slug. Of what is hidden from the actor it is the same as of what is not there.
pub fn service(tx: &mut Tx<'_>, name: &str) -> Result<ServiceRow> {
    let wanted = name.trim().to_lowercase();
    let veil = tx.veil()?;
    if let Some(row) = store::services::by_slug(tx.conn, &wanted)?.filter(|row| !veil.hides(row)) {
        return Ok(row);
    }
    for entity_ref in candidates(&wanted) {
        if let Some(row) = store::services::by_ref(tx.conn, &entity_ref)?.filter(|row| !veil.hides(row)) {
            return Ok(row);
        }
    }
    // Anybody may ask for what is not there, as often and as long as they like: a suggestion costs little.
    let bare = wanted.rsplit(['/', ':']).next().unwrap_or(&wanted);
    let near = if bare.len() <= LONGEST_SLUG {
        nearest(bare, &store::fleet::slugs_near(tx.conn, bare, NEAR, veil.unseen())?)
    } else {
        None
    };
    Err(Error::NotFound { what: "service", key: clip(name), nearest: near })
}

/// Those of some catalog references whose services the actor may know of, and all that are no services.
pub fn seen_of(tx: &mut Tx<'_>, mut refs: Vec<String>) -> Result<Vec<String>> {
    let veil = tx.veil()?;
    if !veil.is_empty() {
        let rows = store::services::by_refs(tx.conn, &refs)?;
        let hidden: HashSet<String> =
            rows.into_iter().filter(|row| veil.hides(row)).map(|row| row.entity_ref).collect();
        refs.retain(|entity_ref| !hidden.contains(entity_ref));
    }
    Ok(refs)
}

/// Those of some names, slugs or references, that mean services which the actor may not know of.
pub fn unseen_of(tx: &mut Tx<'_>, names: BTreeSet<String>) -> Result<HashSet<String>> {
    let veil = tx.veil()?;
    if veil.is_empty() {
        return Ok(HashSet::new());
    }
    let lower: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
    let mut rows = store::services::by_slugs(tx.conn, &lower)?;
    let refs: Vec<String> = lower.iter().flat_map(|name| candidates(name)).collect();
    rows.extend(store::services::by_refs(tx.conn, &refs)?);
    rows.retain(|row| veil.hides(row));
    let hidden: HashSet<&String> = rows.iter().flat_map(|row| [&row.slug, &row.entity_ref]).collect();
    let is_hidden = |name: &String| {
        let lower = name.trim().to_lowercase();
        hidden.contains(&lower) || candidates(&lower).iter().any(|r| hidden.contains(r))
    };
    Ok(names.into_iter().filter(is_hidden).collect())
}

/// References that a name may mean: with its kind, without kind, in the default namespace.
pub(super) fn candidates(name: &str) -> Vec<String> {
    match (name.split_once(':'), name.contains('/')) {
        (Some((kind, rest)), true) => vec![format!("{kind}:{rest}")],
        (Some((kind, rest)), false) => vec![format!("{kind}:default/{rest}")],
        (None, true) => vec![format!("component:{name}")],
        (None, false) => vec![format!("component:default/{name}")],
    }
}

/// The nearest of `known`, if any is near.
pub fn nearest(wanted: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|slug| (strsim::damerau_levenshtein(wanted, slug), slug))
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
    by_path: HashMap<String, usize>,
}

impl TeamTree {
    /// Reads the tree.
    pub fn load(tx: &mut Tx<'_>) -> Result<Self> {
        Self::read(tx.conn)
    }

    /// [`TeamTree::load`] of a connection.
    pub fn read(conn: &mut store::Conn) -> Result<Self> {
        let rows = store::services::teams(conn)?;
        let by_id = rows.iter().enumerate().map(|(i, t)| (t.id.clone(), i)).collect();
        let by_path = rows.iter().enumerate().map(|(i, t)| (t.path.clone(), i)).collect();
        Ok(Self { rows, by_id, by_path })
    }

    /// Every team, removed ones too, in path order.
    pub fn rows(&self) -> &[TeamRow] {
        &self.rows
    }

    /// A team by id.
    pub fn get(&self, id: &str) -> Option<&TeamRow> {
        self.by_id.get(id).and_then(|i| self.rows.get(*i))
    }

    /// The place of a team among [`TeamTree::rows`].
    pub fn place(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The places of a team and all below it: in path order they stand together.
    pub fn places_below(&self, path: &str) -> std::ops::Range<usize> {
        let from = self.rows.partition_point(|team| team.path.as_str() < path);
        let below =
            self.rows.get(from..).map_or(0, |rest| rest.partition_point(|team| team.path.starts_with(path)));
        from..from + below
    }

    /// From the root down to the parent.
    pub fn ancestors(&self, team: &TeamRow) -> Vec<&TeamRow> {
        heads(&team.path)
            .filter_map(|head| self.by_path.get(head))
            .filter_map(|i| self.rows.get(*i))
            .collect()
    }
}

/// `/a/`, `/a/b/` of `/a/b/c/`.
fn heads(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at + 1);
    ends.filter_map(|end| path.get(..end)).filter(move |head| *head != path && *head != "/")
}

/// Paths of the teams above a path, from the root down.
pub fn paths_above(path: &str) -> Vec<String> {
    heads(path).map(str::to_owned).collect()
}

/// Slugs of teams and of all above them, by team id, read when first asked for.
#[derive(Debug, Default)]
pub struct Above(HashMap<String, Vec<String>>);

impl Above {
    /// Refuses an actor who may not write for `service`.
    pub fn require_writer(&mut self, tx: &mut Tx<'_>, service: &ServiceRow) -> Result<()> {
        if !tx.actor.is_limited() {
            return Ok(());
        }
        if let Some(id) = service.team_id.as_ref().filter(|id| !self.0.contains_key(*id)) {
            // A path is made of the slugs of the team and all above it.
            let path = store::fleet::team(tx.conn, id)?.map(|team| team.path).unwrap_or_default();
            let slugs = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
            self.0.insert(id.clone(), slugs);
        }
        let above = service.team_id.as_ref().and_then(|id| self.0.get(id));
        tx.actor.require_service(&service.slug, &service.entity_ref, above.map_or(&[], Vec::as_slice))
    }
}

/// A team by slug, removed ones too.
pub fn team(tx: &mut Tx<'_>, slug: &str) -> Result<TeamRow> {
    known_team(tx, slug)?.ok_or_else(|| Error::not_found("team", slug.chars().take(120).collect::<String>()))
}

/// A team by slug, removed ones too; none where the actor may not know of it.
pub fn known_team(tx: &mut Tx<'_>, slug: &str) -> Result<Option<TeamRow>> {
    let veil = tx.veil()?;
    Ok(store::services::team_by_slug(tx.conn, slug)?.filter(|team| !veil.hides_team(&team.id)))
}

/// Living teams, at most `limit`, by slug.
pub fn some_teams(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<TeamRef>> {
    let veil = tx.veil()?;
    let rows = store::fleet::some_teams(tx.conn, limit, &veil.unseen().teams)?;
    Ok(rows.into_iter().map(|(slug, name)| TeamRef { slug, name }).collect())
}

/// A living team by slug.
pub fn living_team(tx: &mut Tx<'_>, slug: &str) -> Result<Option<TeamRow>> {
    Ok(known_team(tx, slug)?.filter(|t| t.removed_at.is_none()))
}

/// Refuses an actor who may not write for `service`.
pub fn require_writer(tx: &mut Tx<'_>, service: &ServiceRow) -> Result<()> {
    Above::default().require_writer(tx, service)
}
