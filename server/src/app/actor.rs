//! Who acts, how that is known, from where, and what they may do.

use std::sync::Arc;

use scoring_rules::EvidenceClass;

use crate::error::{Error, Result};

/// What a credential may be used for.
pub const SCOPES: &[&str] = &["read", "drills:write", "evidence:write", "catalog:write", "admin"];

/// What a person is here. Member and lead are of teams; the others of the whole installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Of a team: sends drill results and issues drill tickets for its services.
    Member,
    /// Of a team: what a member may, and evidence of its services.
    Lead,
    /// Looks after the programme: everything but accounts, credentials and operation.
    Owner,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Member, Self::Lead, Self::Owner, Self::Admin];

    /// The name used in settings, JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Lead => "lead",
            Self::Owner => "owner",
            Self::Admin => "admin",
        }
    }

    /// Reads the name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// The scopes that go with the role.
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Viewer => &["read"],
            Self::Member => &["read", "drills:write"],
            Self::Lead => &["read", "drills:write", "evidence:write"],
            Self::Owner => &["read", "drills:write", "evidence:write", "catalog:write"],
            Self::Admin => &["admin"],
        }
    }
}

/// How it is known who acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// It is not: nobody proved anything.
    #[default]
    None,
    /// The command line of the server, or the schedule: whoever may run the program.
    Machine,
    /// An API token, by its id.
    Token(String),
    /// A short token that a CI job was given for its identity: the token's id, and the trusted publisher's.
    Ci {
        /// Id of the token.
        token: String,
        /// Id of the trusted publisher.
        publisher: String,
    },
    /// A hook of the settings, by its name.
    Hook(String),
    /// A session of a person, by the id under which the person can end it.
    Session(String),
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Address of the client; none at the command line.
    pub address: Option<String>,
    /// Id of the request in the log; empty at the command line.
    pub request_id: String,
    /// What was called: method and path pattern, or the command.
    pub action: String,
}

/// A person who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Id of the account.
    pub id: String,
    /// Name to sign in with.
    pub login: String,
    /// Name as shown.
    pub name: String,
    /// What the person is beyond their teams: viewer, owner or admin.
    pub role: Role,
    /// Slugs of the teams the person is a member of.
    pub member_of: Vec<String>,
    /// Slugs of the teams the person leads.
    pub leads: Vec<String>,
    /// Name under which a proxy signs the person in; none where no proxy does.
    pub proxy_name: Option<String>,
}

/// Scopes, and for what they hold.
#[derive(Clone, Debug)]
struct Grant {
    scopes: Vec<String>,
    services: Option<Vec<String>>,
    teams: Option<Vec<String>>,
}

impl Grant {
    fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope || s == "admin") || (scope == "read" && !self.scopes.is_empty())
    }

    fn is_limited(&self) -> bool {
        self.services.is_some() || self.teams.is_some()
    }
}

/// Who acts in a transaction.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Name shown with everything the actor sends.
    pub name: String,
    /// Whose idempotency keys these are: a token's id, `user:` and an account's id, or `cli`.
    pub owner: String,
    /// Class of the evidence the actor sends.
    pub evidence: EvidenceClass,
    /// How it is known who acts.
    pub credential: Credential,
    /// Where the request came from.
    pub origin: Arc<Origin>,
    /// The person behind a session.
    pub person: Option<Arc<Person>>,
    grants: Vec<Grant>,
}

impl Actor {
    /// Somebody without a credential.
    pub fn anonymous() -> Self {
        Self::with("anonymous", "", Credential::None, Vec::new())
    }

    /// The schedule.
    pub fn schedule() -> Self {
        Self::machine("schedule", "schedule")
    }

    /// A person at the command line of the server.
    pub fn command_line() -> Self {
        Self::machine("command line", "cli")
    }

    fn machine(name: &str, owner: &str) -> Self {
        let grant = Grant { scopes: vec!["admin".into()], services: None, teams: None };
        let mut actor = Self::with(name, owner, Credential::Machine, vec![grant]);
        actor.origin = Arc::new(Origin { action: name.to_owned(), ..Origin::default() });
        actor
    }

    /// The holder of a credential with these scopes, for these services and teams; none: for all.
    pub fn new(
        name: &str,
        owner: &str,
        scopes: Vec<String>,
        services: Option<Vec<String>>,
        teams: Option<Vec<String>>,
    ) -> Self {
        let credential = Credential::Token(owner.to_owned());
        Self::with(name, owner, credential, vec![Grant { scopes, services, teams }])
    }

    /// A person, known by `credential`. What they type is declared, not executed.
    pub fn person(person: Arc<Person>, credential: Credential) -> Self {
        let of = |role: Role, teams: Option<Vec<String>>| Grant {
            scopes: role.scopes().iter().map(|s| (*s).to_owned()).collect(),
            services: None,
            teams,
        };
        let mut grants = vec![of(person.role, None)];
        for (role, teams) in [(Role::Member, &person.member_of), (Role::Lead, &person.leads)] {
            if !teams.is_empty() {
                grants.push(of(role, Some(teams.clone())));
            }
        }
        let owner = format!("user:{}", person.id);
        let mut actor = Self::with(&person.name, &owner, credential, grants);
        actor.evidence = EvidenceClass::Declared;
        actor.person = Some(person);
        actor
    }

    fn with(name: &str, owner: &str, credential: Credential, grants: Vec<Grant>) -> Self {
        Self {
            name: name.to_owned(),
            owner: owner.to_owned(),
            evidence: EvidenceClass::ExecutedToken,
            credential,
            origin: Arc::default(),
            person: None,
            grants,
        }
    }

    /// The same, known in another way.
    #[must_use]
    pub fn known_by(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// The same, calling from `origin`.
    #[must_use]
    pub fn calling_from(mut self, origin: Arc<Origin>) -> Self {
        self.origin = origin;
        self
    }

    /// Whether it is not known who acts.
    pub fn is_anonymous(&self) -> bool {
        self.credential == Credential::None
    }

    /// Whether a CI job acts that proved who it is.
    pub fn is_ci(&self) -> bool {
        matches!(self.credential, Credential::Ci { .. })
    }

    /// Whether the actor holds a scope; `admin` holds all, and every write scope can read.
    pub fn has(&self, scope: &str) -> bool {
        self.grants.iter().any(|grant| grant.has(scope))
    }

    /// The actor with nothing but what goes with `scope`, so that what it is limited to is meant for that scope.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] names what is lacking.
    pub fn acting_under(mut self, scope: &str) -> Result<Self> {
        self.require(scope)?;
        self.grants.retain(|grant| grant.has(scope));
        Ok(self)
    }

    /// Whether the actor is limited to named services or teams.
    pub fn is_limited(&self) -> bool {
        !self.grants.is_empty() && self.grants.iter().all(Grant::is_limited)
    }

    /// Whether the actor looks after the whole installation, so that no team is hidden from it: whoever may write the
    /// catalog of all teams, the program itself, a sender that the settings name.
    pub fn sees_all(&self) -> bool {
        let whole = |grant: &Grant| !grant.is_limited() && grant.has("catalog:write");
        matches!(self.credential, Credential::Machine | Credential::Hook(_)) || self.grants.iter().any(whole)
    }

    /// Slugs of the teams that the actor belongs to or is limited to.
    pub fn own_teams(&self) -> impl Iterator<Item = &str> {
        let granted = self.grants.iter().filter_map(|grant| grant.teams.as_ref()).flatten();
        let person = self.person.iter().flat_map(|person| person.member_of.iter().chain(&person.leads));
        granted.chain(person).map(String::as_str)
    }

    /// Slugs and catalog references of the services that the actor is limited to.
    pub fn own_services(&self) -> impl Iterator<Item = &str> {
        self.grants.iter().filter_map(|grant| grant.services.as_ref()).flatten().map(String::as_str)
    }

    /// Refuses an actor without the scope.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] names what is lacking.
    pub fn require(&self, scope: &str) -> Result<()> {
        if self.has(scope) {
            return Ok(());
        }
        let detail = match &self.person {
            Some(_) => {
                format!("Your account may not do this; it takes the scope `{scope}` (see /help/roles).")
            }
            None => format!("This token lacks the scope `{scope}`."),
        };
        Err(Error::Forbidden { detail })
    }

    /// Refuses an actor who is limited to other teams, or to services.
    ///
    /// `team_slugs` are the team and all above it.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] names the team.
    pub fn require_team(&self, slug: &str, team_slugs: &[String]) -> Result<()> {
        let by_team = |grant: &Grant| {
            grant.teams.as_ref().is_some_and(|list| list.iter().any(|team| team_slugs.contains(team)))
        };
        if self.grants.iter().any(|grant| !grant.is_limited() || by_team(grant)) {
            return Ok(());
        }
        let who = if self.person.is_some() { "Your account" } else { "This token" };
        Err(Error::Forbidden { detail: format!("{who} may not write for the team `{slug}`.") })
    }

    /// Refuses an actor who is limited to other services.
    ///
    /// `team_slugs` are the service's team and all above it.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] names the service.
    pub fn require_service(&self, slug: &str, entity_ref: &str, team_slugs: &[String]) -> Result<()> {
        let covers = |grant: &Grant| {
            let by_service =
                grant.services.as_ref().is_some_and(|list| list.iter().any(|s| s == slug || s == entity_ref));
            let by_team =
                grant.teams.as_ref().is_some_and(|list| list.iter().any(|t| team_slugs.contains(t)));
            !grant.is_limited() || by_service || by_team
        };
        if self.grants.is_empty() || self.grants.iter().any(covers) {
            return Ok(());
        }
        let who = if self.person.is_some() { "Your account" } else { "This token" };
        Err(Error::Forbidden { detail: format!("{who} may not write for the service `{slug}`.") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(role: Role, member_of: &[&str], leads: &[&str]) -> Actor {
        let list = |slugs: &[&str]| slugs.iter().map(|s| (*s).to_owned()).collect();
        let (id, login, name) = ("u1".to_owned(), "ada".to_owned(), "Ada".to_owned());
        let (member_of, leads) = (list(member_of), list(leads));
        let person = Person { id, login, name, role, member_of, leads, proxy_name: None };
        Actor::person(Arc::new(person), Credential::Session("s1".into()))
    }

    fn may(actor: &Actor, scope: &str, team: &str) -> bool {
        let narrowed = actor.clone().acting_under(scope);
        narrowed
            .is_ok_and(|a| a.require_service("shop", "component:default/shop", &[team.to_owned()]).is_ok())
    }

    #[test]
    fn a_lead_of_one_team_and_member_of_another_sends_evidence_for_the_one_only() {
        let both = person(Role::Viewer, &["b"], &["a"]);
        assert!(may(&both, "evidence:write", "a") && may(&both, "drills:write", "a"));
        assert!(!may(&both, "evidence:write", "b") && may(&both, "drills:write", "b"));
        assert!(!may(&both, "drills:write", "c") && !may(&both, "catalog:write", "a"));
    }

    #[test]
    fn a_viewer_reads_and_an_owner_writes_for_all() {
        let viewer = person(Role::Viewer, &[], &[]);
        assert!(viewer.has("read") && !viewer.has("drills:write"));
        let owner = person(Role::Owner, &["b"], &[]);
        assert!(may(&owner, "catalog:write", "a") && !owner.has("admin"));
        assert!(!owner.acting_under("drills:write").unwrap().is_limited());
    }
}
