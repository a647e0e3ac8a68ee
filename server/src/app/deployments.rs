//! Deployments: which version came into service where, and which of them lie between a pass and a failure.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::views::Page;
use super::{Tx, owners};
use crate::error::{Error, FieldError, Result};
use crate::formats::{DeploymentReading, check_link, redact_text};
use crate::store;
use crate::store::deployments::DeploymentRow;
use crate::types::{DeploymentKind, MAX_NAME_BYTES, Timestamp};

/// Deployments of a window that are looked at.
const MOST: i64 = 200;
/// Of them named in a sentence.
const NAMED: usize = 5;

/// A deployment to record.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostDeployment {
    /// Slug or catalog reference.
    pub service: String,
    /// Where.
    pub environment: String,
    /// What was deployed: a version, a digest, a commit.
    #[serde(default)]
    pub version: Option<String>,
    /// deployed (unless said otherwise), upgraded, `rolled_back`, published.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "deployed")]
    pub kind: Option<DeploymentKind>,
    /// When it was in service.
    #[schema(value_type = String, format = DateTime)]
    pub deployed_at: Timestamp,
    /// Where people look at it.
    #[serde(default)]
    pub url: Option<String>,
    /// The sender's own id: a repeat answers as the first time.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// A deployment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeploymentView {
    /// Id.
    pub id: String,
    /// Slug of the service.
    pub service: String,
    /// Where.
    pub environment: String,
    /// What was deployed.
    pub version: Option<String>,
    /// deployed, upgraded, `rolled_back`, published.
    pub kind: String,
    /// When it was in service.
    #[schema(value_type = String, format = DateTime)]
    pub deployed_at: Timestamp,
    /// Where people look at it.
    pub url: Option<String>,
    /// The sender's own id.
    pub external_id: Option<String>,
    /// Who sent it.
    pub sender: String,
    /// When it arrived.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
}

/// A stretch of time in which a drill broke, and what was deployed in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BreakWindow {
    /// The last pass.
    #[schema(value_type = String, format = DateTime)]
    pub after: Timestamp,
    /// The first failure.
    #[schema(value_type = String, format = DateTime)]
    pub before: Timestamp,
    /// Where.
    pub environment: Option<String>,
    /// Deployments between the two, oldest first.
    pub deployments: Vec<DeploymentView>,
    /// All of it in one sentence.
    pub sentence: String,
}

impl From<PostDeployment> for DeploymentReading {
    fn from(post: PostDeployment) -> Self {
        Self {
            service: Some(post.service),
            environment: Some(post.environment),
            version: post.version,
            kind: post.kind.unwrap_or(DeploymentKind::Deployed),
            deployed_at: post.deployed_at,
            url: post.url,
            external_id: post.external_id,
        }
    }
}

/// Records a deployment; true beside it if it was there already.
pub fn record(tx: &mut Tx<'_>, reading: &DeploymentReading) -> Result<(DeploymentView, bool)> {
    let (environment, version) = check(tx, reading)?;
    let name = reading.service.as_deref().unwrap_or_default();
    if name.trim().is_empty() {
        return Err(Error::invalid(
            "/service",
            "is required: the slug or the catalog reference of the service",
        ));
    }
    let service = owners::service(tx, name)?;
    owners::require_writer(tx, &service)?;
    let kind = reading.kind;
    let once = match &reading.external_id {
        Some(id) => format!("id:{id}:{environment}"),
        None => format!("at:{}:{kind}:{environment}:{version}", reading.deployed_at.0),
    };
    store::services::lock(tx.conn, &service.id)?;
    if let Some(row) = store::deployments::known(tx.conn, &service.id, &once)? {
        let same = (row.deployed_at, row.version.as_str(), row.kind)
            == (reading.deployed_at.0, version.as_str(), kind.code());
        if !same {
            let detail = "Another deployment was stored under this `external_id` before. A correction needs an id \
                          of its own; a repeat must be the same content.";
            return Err(Error::Conflict { detail: detail.to_owned() });
        }
        return Ok((view(&service.slug, row), true));
    }
    let row = DeploymentRow {
        id: tx.new_id(),
        service_id: service.id.clone(),
        environment,
        once,
        version,
        kind: kind.code(),
        deployed_at: reading.deployed_at.0,
        url: reading.url.as_deref().map(redact_text),
        external_id: reading.external_id.clone(),
        sender: tx.actor.name.clone(),
        received_at: tx.now.0,
    };
    store::deployments::insert(tx.conn, &row)?;
    let sentence = format!("{}: a deployment was recorded.", service.name);
    let data = json!({ "deployment": row.id, "version": row.version, "environment": row.environment,
                       "deployed_at": reading.deployed_at });
    tx.emit("deployment_recorded", Some(&service.id), service.team_id.as_deref(), sentence, &data);
    Ok((view(&service.slug, row), false))
}

/// The environment and the version as they are stored; every mistake at once.
fn check(tx: &Tx<'_>, reading: &DeploymentReading) -> Result<(String, String)> {
    let mut fields = Vec::new();
    let mut name = |text: &Option<String>, place: &str| {
        let text = text.as_deref().unwrap_or_default().trim().to_owned();
        if text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
            let detail = format!("expected at most {MAX_NAME_BYTES} bytes without control characters");
            fields.push(FieldError::new(place, detail));
        }
        text
    };
    let environment = name(&reading.environment, "/environment").to_lowercase();
    let version = redact_text(&name(&reading.version, "/version"));
    name(&reading.external_id, "/external_id");
    if environment.is_empty() {
        fields
            .push(FieldError::new("/environment", "is required: where it was deployed, such as production"));
    }
    if let Some(problem) = reading.url.as_deref().and_then(check_link) {
        fields.push(FieldError::new("/url", problem));
    }
    for mut wrong in crate::formats::check_times(reading.deployed_at, reading.deployed_at, tx.now) {
        if wrong.pointer == "/started_at" {
            "/deployed_at".clone_into(&mut wrong.pointer);
            fields.push(wrong);
        }
    }
    if fields.is_empty() { Ok((environment, version)) } else { Err(Error::Invalid { fields }) }
}

fn view(slug: &str, row: DeploymentRow) -> DeploymentView {
    DeploymentView {
        id: row.id,
        service: slug.to_owned(),
        environment: row.environment,
        version: (!row.version.is_empty()).then_some(row.version),
        kind: DeploymentKind::from_code(row.kind).map_or("", DeploymentKind::as_str).to_owned(),
        deployed_at: Timestamp(row.deployed_at),
        url: row.url,
        external_id: row.external_id,
        sender: row.sender,
        received_at: Timestamp(row.received_at),
    }
}

/// Deployments of a service, newest first.
pub fn list(tx: &mut Tx<'_>, name: &str, cursor: Option<&str>, limit: i64) -> Result<Page<DeploymentView>> {
    let service = owners::service(tx, name)?;
    let bad = || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
    let before = match cursor {
        None => None,
        Some(text) => {
            let (at, id) = text.split_once('.').ok_or_else(bad)?;
            Some((at.parse().map_err(|_| bad())?, id.to_owned()))
        }
    };
    let mut rows = store::deployments::page(tx.conn, &service.id, before, limit + 1)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    let next = rows.last().filter(|_| more).map(|row| format!("{}.{}", row.deployed_at, row.id));
    Ok(Page { items: rows.into_iter().map(|row| view(&service.slug, row)).collect(), next })
}

/// What was deployed to a service between the last pass of a drill and its first failure; where the drill says no
/// environment, everywhere.
pub fn window(
    tx: &mut Tx<'_>,
    (service_id, slug): (&str, &str),
    environment: &str,
    (after, before): (i64, i64),
) -> Result<BreakWindow> {
    let rows = store::deployments::between(tx.conn, service_id, (after, before), MOST)?;
    let here = |row: &DeploymentRow| environment.is_empty() || row.environment == environment;
    let deployments: Vec<DeploymentView> = rows.into_iter().filter(here).map(|row| view(slug, row)).collect();
    let (after, before) = (Timestamp(after), Timestamp(before));
    Ok(BreakWindow {
        after,
        before,
        environment: (!environment.is_empty()).then(|| environment.to_owned()),
        sentence: sentence(after, before, &deployments),
        deployments,
    })
}

/// Two instants for a sentence, in UTC, to the minute, or to the second where that is the same.
fn span(from: Timestamp, to: Timestamp) -> String {
    let (from, to) = (from.to_datetime(), to.to_datetime());
    let clock = if from.timestamp() / 60 == to.timestamp() / 60 { "%H:%M:%S" } else { "%H:%M" };
    let day = to.format("%-d %B %Y");
    if from.date_naive() == to.date_naive() {
        return format!("{} and {} UTC on {day}", from.format(clock), to.format(clock));
    }
    format!(
        "{} UTC on {} and {} UTC on {day}",
        from.format(clock),
        from.format("%-d %B %Y"),
        to.format(clock)
    )
}

fn sentence(after: Timestamp, before: Timestamp, deployments: &[DeploymentView]) -> String {
    let window = format!("It broke between {}", span(after, before));
    let count = match deployments.len() {
        0 => return format!("{window}."),
        1 => "1 deployment".to_owned(),
        n => format!("{n} deployments"),
    };
    let mut names: Vec<String> = deployments
        .iter()
        .take(NAMED)
        .map(|one| {
            let version = one.version.as_deref().unwrap_or("without a version");
            let version: String = version.chars().take(60).collect();
            if one.kind == DeploymentKind::RolledBack.as_str() {
                format!("{version} (rolled back)")
            } else {
                version
            }
        })
        .collect();
    if deployments.len() > NAMED {
        names.push(format!("and {} more", deployments.len() - NAMED));
    }
    format!("{window}, with {count} in between: {}.", names.join(", "))
}
