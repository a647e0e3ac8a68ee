//! What a reader may not know of: the details of hidden teams, for everybody who is not near them.
//!
//! The teams of `access.hidden_teams` and all below them are known to who looks after all teams, and to who belongs to
//! one of them, to a team above it or to a team below it. For everybody else they and their services are not there.
//! Where nothing is hidden, nothing is read.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use super::{Actor, Tx};
use crate::error::Result;
use crate::store;
use crate::store::services::ServiceRow;
use crate::store::veil::{HiddenTeam, Unseen};

/// How a name that may not be told is shown.
pub const HIDDEN: &str = "a hidden service";

/// What one reader may not know of; empty for most.
#[derive(Debug, Default)]
pub struct Veil {
    teams: HashSet<String>,
    refs: Vec<String>,
    unseen: Unseen,
}

impl Veil {
    /// What of `hidden` is hidden from `actor`.
    fn of(hidden: &[HiddenTeam], actor: &Actor) -> Self {
        let own: HashSet<&str> = actor.own_teams().collect();
        let slugs = |team: &'_ HiddenTeam| team.path.split('/').map(str::to_owned).collect::<Vec<_>>();
        // Whoever belongs to a team below knows the teams above it.
        let known_from_below: HashSet<String> =
            hidden.iter().filter(|team| own.contains(team.slug.as_str())).flat_map(slugs).collect();
        let known = |team: &&HiddenTeam| {
            team.path.split('/').any(|slug| own.contains(slug)) || known_from_below.contains(&team.slug)
        };
        let unknown: Vec<&HiddenTeam> = hidden.iter().filter(|team| !known(team)).collect();
        let refs = unknown.iter().map(|team| team.entity_ref.clone()).collect();
        let unknown: Vec<String> = unknown.into_iter().map(|team| team.id.clone()).collect();
        let but = actor.own_services().map(str::to_owned).collect();
        Self { teams: unknown.iter().cloned().collect(), refs, unseen: Unseen { teams: unknown, but } }
    }

    /// Nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.teams.is_empty()
    }

    /// Whether a team, by its id, is hidden.
    pub fn hides_team(&self, id: &str) -> bool {
        self.teams.contains(id)
    }

    /// Whether a service is hidden.
    pub fn hides(&self, service: &ServiceRow) -> bool {
        self.hides_named(service.team_id.as_deref(), &service.slug, &service.entity_ref)
    }

    /// The same of a service of which only this is at hand.
    pub fn hides_named(&self, team_id: Option<&str>, slug: &str, entity_ref: &str) -> bool {
        let named = |name: &String| name == slug || name == entity_ref;
        team_id.is_some_and(|id| self.teams.contains(id)) && !self.unseen.but.iter().any(named)
    }

    /// Catalog references of the hidden teams.
    pub fn team_refs(&self) -> &[String] {
        &self.refs
    }

    /// Whether what a team answers for, named by its catalog reference, is hidden.
    pub fn hides_owner(&self, entity_ref: Option<&String>) -> bool {
        entity_ref.is_some_and(|owner| self.refs.contains(owner))
    }

    /// The same, for queries.
    pub fn unseen(&self) -> &Unseen {
        &self.unseen
    }
}

impl Tx<'_> {
    /// What the actor may not know of.
    pub fn veil(&mut self) -> Result<Arc<Veil>> {
        if let Some(veil) = self.veil.get() {
            return Ok(Arc::clone(veil));
        }
        let veil = if self.config.hidden_teams.is_empty() || self.actor.sees_all() {
            Arc::default()
        } else {
            let cell: &OnceCell<Vec<HiddenTeam>> = self.hidden;
            if cell.get().is_none() {
                // Nobody else can have set it meanwhile: a transaction is of one thread.
                let _ = cell.set(store::veil::hidden_teams(self.conn, &self.config.hidden_teams)?);
            }
            Arc::new(Veil::of(cell.get().map_or(&[], Vec::as_slice), self.actor))
        };
        Ok(Arc::clone(self.veil.get_or_init(|| veil)))
    }

    /// Whether the actor may read at all: where reading takes signing in, it is signed in.
    pub fn may_read(&self) -> bool {
        !(self.config.reading_takes_sign_in() && self.actor.is_anonymous())
    }

    /// Whether the actor may know of a service.
    pub fn sees(&mut self, service: &ServiceRow) -> Result<bool> {
        Ok(!self.veil()?.hides(service))
    }

    /// Ids of the services that the actor may not know of.
    pub fn unseen_services(&mut self) -> Result<HashSet<String>> {
        let veil = self.veil()?;
        if veil.is_empty() {
            return Ok(HashSet::new());
        }
        Ok(store::veil::unseen_services(self.conn, veil.unseen())?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(path: &str) -> HiddenTeam {
        let slug = path.trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        HiddenTeam {
            id: format!("id-{slug}"),
            entity_ref: format!("group:default/{slug}"),
            slug,
            path: path.to_owned(),
        }
    }

    fn known_to(own: &[&str]) -> Vec<&'static str> {
        let hidden = [team("/org/vault/"), team("/org/vault/keys/"), team("/org/vault/locks/")];
        let list =
            |names: &[&str]| (!names.is_empty()).then(|| names.iter().map(|n| (*n).to_owned()).collect());
        let actor = Actor::new("t", "t", vec!["drills:write".to_owned()], None, list(own));
        let veil = Veil::of(&hidden, &actor);
        ["vault", "keys", "locks"]
            .into_iter()
            .filter(|slug| !veil.hides_team(&format!("id-{slug}")))
            .collect()
    }

    #[test]
    fn a_hidden_team_is_known_in_its_own_line_only() {
        assert!(known_to(&[]).is_empty() && known_to(&["shop"]).is_empty());
        assert_eq!(known_to(&["org"]), ["vault", "keys", "locks"]);
        assert_eq!(known_to(&["vault"]), ["vault", "keys", "locks"]);
        assert_eq!(known_to(&["keys"]), ["vault", "keys"]);
    }

    #[test]
    fn a_limited_token_that_may_write_the_catalog_of_its_team_does_not_see_all() {
        let scopes = vec!["catalog:write".to_owned()];
        assert!(Actor::new("t", "t", scopes.clone(), None, None).sees_all());
        assert!(!Actor::new("t", "t", scopes, None, Some(vec!["shop".to_owned()])).sees_all());
        assert!(!Actor::new("t", "t", vec!["drills:write".to_owned()], None, None).sees_all());
        assert!(Actor::schedule().sees_all() && !Actor::anonymous().sees_all());
    }
}
