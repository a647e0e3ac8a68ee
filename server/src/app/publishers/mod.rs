//! Trusted publishers: CI jobs that may send results for some services without a secret. A job shows the identity
//! token that its CI system signed, and is given a token of ours for 15 minutes.

mod binding;
mod check;
mod exchange;
mod job;
pub mod keys;
mod sweep;

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub use binding::Binding;
pub use check::{Checked, check_form, repository_fits};
pub use exchange::{Exchanged, Proven, end_own, exchange, issuer_of, prove};
pub use sweep::sweep;

use super::Tx;
use super::audit::Sides;
use crate::config::{CiConfig, Provider};
use crate::error::{Error, Result};
use crate::store;
use crate::store::publishers::PublisherRow;
use crate::types::Timestamp;

/// Publishers that hold at most: each costs a comparison.
const MAX_LIVE: i64 = 10_000;

/// A publisher that is wished for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePublisher {
    /// github or gitlab.
    pub provider: String,
    /// The issuer, where it is not the hosted one; it must stand in the settings.
    #[serde(default)]
    pub issuer: Option<String>,
    /// `owner/repository`, or the whole path of a project.
    pub repository: String,
    /// Id of the owner, or of the namespace. GitHub: needed. GitLab: the first job's unless given.
    #[serde(default)]
    pub owner_id: Option<String>,
    /// Id of the repository, or of the project; the first job's unless given.
    #[serde(default)]
    pub repository_id: Option<String>,
    /// GitHub: file name of the workflow in `.github/workflows`. GitLab: path of the CI configuration;
    /// `.gitlab-ci.yml` unless given.
    #[serde(default)]
    pub workflow: Option<String>,
    /// GitHub: only jobs that are written in this reusable workflow, `owner/repository/path`, with `@ref` or without.
    #[serde(default)]
    pub reusable_workflow: Option<String>,
    /// Only jobs of this environment.
    #[serde(default)]
    pub environment: Option<String>,
    /// Only jobs of this branch (`main`) or ref (`refs/tags/v1`).
    #[serde(default, rename = "ref")]
    pub git_ref: Option<String>,
    /// Only jobs of protected refs.
    #[serde(default)]
    pub protected_ref_only: bool,
    /// Also runs for pull or merge requests: then whoever may open one may send results.
    #[serde(default)]
    pub allow_pull_requests: bool,
    /// drills:write unless given; also evidence:write, read.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// For these services (slugs or references).
    #[serde(default)]
    pub services: Vec<String>,
    /// For services of these teams and the teams below them.
    #[serde(default)]
    pub teams: Vec<String>,
}

/// A publisher as it may be wished for.
pub const EXAMPLE: &str = r#"{
  "provider": "github",
  "repository": "shop-example/storefront",
  "owner_id": "65",
  "workflow": "drills.yml",
  "ref": "main",
  "services": ["storefront"]
}"#;

/// A trusted publisher.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublisherView {
    /// Id.
    pub id: String,
    /// active, waiting (no job has come yet) or revoked.
    pub state: String,
    /// github or gitlab.
    pub provider: String,
    /// Issuer of its identity tokens.
    pub issuer: String,
    /// Repository or project.
    pub repository: String,
    /// Id of the owner or namespace; null: the first job's will be.
    pub owner_id: Option<String>,
    /// Id of the repository or project; null: the first job's will be.
    pub repository_id: Option<String>,
    /// Workflow or CI configuration.
    pub workflow: String,
    /// Reusable workflow in which its jobs must be written.
    pub reusable_workflow: Option<String>,
    /// Environment.
    pub environment: Option<String>,
    /// Ref.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// Only protected refs.
    pub protected_ref_only: bool,
    /// Pull and merge requests too.
    pub allow_pull_requests: bool,
    /// What its tokens may do.
    pub scopes: Vec<String>,
    /// For which services; null: by teams only.
    pub services: Option<Vec<String>>,
    /// For services of which teams; null: by services only.
    pub teams: Option<Vec<String>>,
    /// Who added it.
    pub created_by: String,
    /// Added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When a job last got a token.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// Removed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

/// Adds a publisher.
///
/// # Errors
///
/// [`Error::Invalid`] with every wrong field; [`Error::Conflict`] for one that is there already, or too many.
pub fn create(tx: &mut Tx<'_>, cmd: &CreatePublisher) -> Result<PublisherView> {
    let checked = check::check(tx, cmd)?;
    if store::publishers::count(tx.conn)? >= MAX_LIVE {
        let detail =
            format!("There are {MAX_LIVE} trusted publishers already. Remove those that are not used.");
        return Err(Error::Conflict { detail });
    }
    let list = |items: &[String]| (!items.is_empty()).then(|| json!(items).to_string());
    let Checked { issuer, binding, scopes, services, teams } = checked;
    let row = PublisherRow {
        id: tx.new_id(),
        provider: binding.provider.as_str().to_owned(),
        issuer,
        repository_lc: binding.repository.to_lowercase(),
        repository: binding.repository,
        owner_id: binding.owner_id,
        repository_id: binding.repository_id,
        workflow: binding.workflow,
        reusable: binding.reusable,
        environment: binding.environment,
        git_ref: binding.git_ref,
        protected_only: binding.protected_only,
        pull_requests: binding.pull_requests,
        scopes: json!(scopes).to_string(),
        services: list(&services),
        teams: list(&teams),
        created_by: tx.actor.name.clone(),
        created_at: tx.now.0,
        last_used_at: None,
        revoked_at: None,
    };
    if let Some(same) = twin(tx, &row)? {
        let detail =
            format!("The trusted publisher {same} means the same jobs. Remove it first to change it.");
        return Err(Error::Conflict { detail });
    }
    store::publishers::insert(tx.conn, &row)?;
    let view = view(&row);
    let sentence = format!("Jobs of {} of {} may send results.", row.workflow, row.repository);
    let data = json!({ "publisher": view });
    tx.emit_change("publisher_added", None, None, sentence, &data, Sides::made(json!(view)));
    Ok(view)
}

/// Another one that means the same jobs: of the two the older would always be taken.
fn twin(tx: &mut Tx<'_>, row: &PublisherRow) -> Result<Option<String>> {
    let others = store::publishers::of_repository(tx.conn, &row.issuer, &row.repository_lc)?;
    let key = |row: &PublisherRow| {
        let environment = row.environment.as_ref().map(|name| name.to_lowercase());
        (row.workflow.clone(), row.reusable.clone(), environment, row.git_ref.clone())
    };
    Ok(others.iter().find(|other| key(other) == key(row)).map(|other| other.id.clone()))
}

/// Every publisher, newest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<PublisherView>> {
    Ok(store::publishers::all(tx.conn)?.iter().map(view).collect())
}

/// Removes a publisher: no job gets a token any more, and those given end at once. Once more is no error.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let row = store::publishers::by_id(tx.conn, id)?
        .ok_or_else(|| Error::not_found("trusted publisher", id.chars().take(60).collect::<String>()))?;
    if row.revoked_at.is_some() {
        return Ok(());
    }
    store::publishers::revoke(tx.conn, id, tx.now.0)?;
    let ended = store::tokens::revoke_of_publisher(tx.conn, id, tx.now.0)?;
    let sentence = format!("Jobs of {} of {} may send results no more.", row.workflow, row.repository);
    let data = json!({ "publisher": id, "repository": row.repository, "tokens_ended": ended });
    let before = json!(view(&row));
    tx.emit_change("publisher_removed", None, None, sentence, &data, Sides::gone(before));
    Ok(())
}

/// Whom identity tokens must be meant for.
///
/// # Errors
///
/// [`Error::Conflict`] where neither setting says it.
pub fn audience(config: &CiConfig, public_url: Option<&str>) -> Result<String> {
    let set = config.audience.as_deref().or(public_url).map(str::to_owned);
    set.ok_or_else(|| Error::Conflict {
        detail: "This installation does not know under which name CI jobs know it: set `ci.audience` or \
                 `server.public_url`."
            .to_owned(),
    })
}

fn strings(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

fn binding_of(row: &PublisherRow) -> Option<Binding> {
    Some(Binding {
        provider: Provider::parse(&row.provider)?,
        repository: row.repository.clone(),
        owner_id: row.owner_id.clone(),
        repository_id: row.repository_id.clone(),
        workflow: row.workflow.clone(),
        reusable: row.reusable.clone(),
        environment: row.environment.clone(),
        git_ref: row.git_ref.clone(),
        protected_only: row.protected_only,
        pull_requests: row.pull_requests,
    })
}

fn view(row: &PublisherRow) -> PublisherView {
    let state = match (row.revoked_at, row.last_used_at) {
        (Some(_), _) => "revoked",
        (None, None) => "waiting",
        (None, Some(_)) => "active",
    };
    PublisherView {
        id: row.id.clone(),
        state: state.to_owned(),
        provider: row.provider.clone(),
        issuer: row.issuer.clone(),
        repository: row.repository.clone(),
        owner_id: row.owner_id.clone(),
        repository_id: row.repository_id.clone(),
        workflow: row.workflow.clone(),
        reusable_workflow: row.reusable.clone(),
        environment: row.environment.clone(),
        git_ref: row.git_ref.clone(),
        protected_ref_only: row.protected_only,
        allow_pull_requests: row.pull_requests,
        scopes: strings(&row.scopes),
        services: row.services.as_deref().map(strings),
        teams: row.teams.as_deref().map(strings),
        created_by: row.created_by.clone(),
        created_at: Timestamp(row.created_at),
        last_used_at: row.last_used_at.map(Timestamp),
        revoked_at: row.revoked_at.map(Timestamp),
    }
}
