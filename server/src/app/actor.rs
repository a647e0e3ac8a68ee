//! Who acts, and what they may do.

use scoring_rules::EvidenceClass;

use crate::error::{Error, Result};

/// What a token may be used for.
pub const SCOPES: &[&str] = &["read", "drills:write", "evidence:write", "catalog:write", "admin"];

/// Who acts in a transaction.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Name shown with everything the actor sends.
    pub name: String,
    /// Whose idempotency keys these are: a token's id, or `cli`.
    pub owner: String,
    /// Class of the evidence the actor sends.
    pub evidence: EvidenceClass,
    scopes: Vec<String>,
    services: Option<Vec<String>>,
    teams: Option<Vec<String>>,
}

impl Actor {
    /// Somebody without a credential.
    pub fn anonymous() -> Self {
        Self::new("anonymous", "", Vec::new(), None, None)
    }

    /// The schedule.
    pub fn schedule() -> Self {
        Self::new("schedule", "schedule", vec!["admin".into()], None, None)
    }

    /// A person at the command line of the server.
    pub fn command_line() -> Self {
        Self::new("command line", "cli", vec!["admin".into()], None, None)
    }

    /// The holder of a token.
    pub fn new(
        name: &str,
        owner: &str,
        scopes: Vec<String>,
        services: Option<Vec<String>>,
        teams: Option<Vec<String>>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            owner: owner.to_owned(),
            evidence: EvidenceClass::ExecutedToken,
            scopes,
            services,
            teams,
        }
    }

    /// Whether the actor holds a scope; `admin` holds all, and every write scope can read.
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope || s == "admin") || (scope == "read" && !self.scopes.is_empty())
    }

    /// Whether the actor is limited to named services or teams.
    pub fn is_limited(&self) -> bool {
        self.services.is_some() || self.teams.is_some()
    }

    /// Refuses an actor without the scope.
    pub fn require(&self, scope: &str) -> Result<()> {
        if self.has(scope) {
            return Ok(());
        }
        Err(Error::Forbidden { detail: format!("This token lacks the scope `{scope}`.") })
    }

    /// Refuses an actor who is limited to other services.
    ///
    /// `team_slugs` are the service's team and all above it.
    pub fn require_service(&self, slug: &str, entity_ref: &str, team_slugs: &[String]) -> Result<()> {
        let by_service =
            self.services.as_ref().is_some_and(|list| list.iter().any(|s| s == slug || s == entity_ref));
        let by_team = self.teams.as_ref().is_some_and(|list| list.iter().any(|t| team_slugs.contains(t)));
        if !self.is_limited() || by_service || by_team {
            return Ok(());
        }
        Err(Error::Forbidden { detail: format!("This token may not write for the service `{slug}`.") })
    }
}
