//! What is said of accounts, and what changes them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::types::Timestamp;

/// What somebody is in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MayBe {
    /// Sends drill results for its services.
    Member,
    /// Also sends their evidence.
    Lead,
}

impl MayBe {
    /// The name used in JSON and on pages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Lead => "lead",
        }
    }
}

/// A team to be put in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InTeam {
    /// Slug of the team; the teams below it are meant as well.
    pub team: String,
    /// member unless said otherwise.
    #[serde(default = "member")]
    pub is: MayBe,
}

fn member() -> MayBe {
    MayBe::Member
}

/// A new account.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Name to sign in with: lower-case letters, digits and -_.@+
    pub login: String,
    /// Name as shown; the login unless said otherwise.
    #[serde(default)]
    pub name: Option<String>,
    /// Mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// viewer (unless said otherwise), owner or admin.
    #[serde(default)]
    pub role: Option<String>,
    /// Teams.
    #[serde(default)]
    pub teams: Vec<InTeam>,
    /// At least 15 characters; without one, a random one is made and answered this once.
    #[serde(default)]
    pub password: Option<String>,
}

/// What is to be changed of an account; what is absent stays.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// Name as shown.
    #[serde(default)]
    pub name: Option<String>,
    /// Mail address; empty: none.
    #[serde(default)]
    pub email: Option<String>,
    /// viewer, owner or admin.
    #[serde(default)]
    pub role: Option<String>,
    /// All teams; those not named are left.
    #[serde(default)]
    pub teams: Option<Vec<InTeam>>,
    /// Whether the account may not sign in.
    #[serde(default)]
    pub disabled: Option<bool>,
    /// A new password.
    #[serde(default)]
    pub password: Option<String>,
}

/// A team somebody is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberOf {
    /// Slug of the team.
    pub team: String,
    /// Its name.
    pub name: String,
    /// member or lead.
    pub is: MayBe,
    /// Said by the groups of the identity provider.
    pub from_groups: bool,
}

impl MemberOf {
    /// The team as forms write it: its slug, with `:lead` where it is led.
    pub fn word(&self) -> String {
        match self.is {
            MayBe::Lead => format!("{}:lead", self.team),
            MayBe::Member => self.team.clone(),
        }
    }
}

/// An account without its secrets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Id.
    pub id: String,
    /// Name to sign in with.
    pub login: String,
    /// Name as shown.
    pub name: String,
    /// Mail address.
    pub email: Option<String>,
    /// viewer, owner or admin.
    pub role: String,
    /// Teams.
    pub teams: Vec<MemberOf>,
    /// `password`, or `identity provider`.
    pub signs_in: String,
    /// May not sign in.
    pub disabled: bool,
    /// Made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Signed in last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub signed_in_at: Option<Timestamp>,
}
