//! What is shown of sources, and of what they said.

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::{Collected, InstanceSeen, Shortfall, WorstInstance};
use crate::app::{Tx, owners};
use crate::config::{FAMILIES, SourceConfig};
use crate::error::Result;
use crate::store;
use crate::store::telemetry::TelemetryRow as Row;
use crate::types::Timestamp;

/// A source and how it does; nothing of what it takes to sign in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceView {
    /// Its name in the settings.
    pub name: String,
    /// What it is: prometheus.
    pub kind: String,
    /// Scheme, host and port of its address.
    pub address: String,
    /// Whose metric names are asked for.
    pub metrics: String,
    /// How it does.
    pub state: SourceState,
    /// Its version, where it tells one.
    pub version: Option<String>,
    /// Services it has said something of.
    pub services: i64,
    /// When it was asked last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_try_at: Option<Timestamp>,
    /// When it last answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_success_at: Option<Timestamp>,
    /// Since when it has been away.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub away_since: Option<Timestamp>,
    /// Why it is away.
    pub error: Option<String>,
    /// Tries in a row that failed.
    pub failures: i32,
    /// When it is asked next.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_try_at: Option<Timestamp>,
    /// From one collection to the next while all is well, seconds.
    pub interval_seconds: u64,
}

/// How a source does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It answered when it was asked last.
    Healthy,
    /// It did not.
    Away,
    /// It was never asked.
    Waiting,
}

/// A line of what a source covers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TelemetryRow {
    /// Slug of the service.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The last that the source said of it.
    pub telemetry: TelemetryView,
}

/// The last that a source said of a service.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TelemetryView {
    /// Name of the source.
    pub source: String,
    /// When it said so; null while it never did.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub collected_at: Option<Timestamp>,
    /// Why there is nothing newer; null: there is nothing newer to have.
    pub error: Option<String>,
    /// How far back it looked, seconds.
    pub window_seconds: Option<u64>,
    /// The traffic of the instances that are well, in the form in which profiles are sent; null: `problems` say why.
    #[schema(value_type = Option<Object>)]
    pub profile: Option<Json>,
    /// The instance that stands out most, if any does.
    pub worst_instance: Option<WorstInstance>,
    /// The instances of the last step, the odd ones first.
    pub instances: Vec<InstanceSeen>,
    /// What is lacking or was left out.
    pub problems: Vec<Shortfall>,
    /// Nothing may be recommended by it: see `problems`.
    pub refused: bool,
}

/// Every source of the settings.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<SourceView>> {
    let config = tx.config;
    config.sources.iter().map(|source| view(tx, source)).collect()
}

fn view(tx: &mut Tx<'_>, source: &SourceConfig) -> Result<SourceView> {
    let row = store::telemetry::source(tx.conn, &source.name)?;
    let tried = row.as_ref().filter(|r| r.last_try_at.is_some());
    let at = |of: fn(&store::telemetry::SourceRow) -> Option<i64>| tried.and_then(of).map(Timestamp);
    let text = |text: &String| Some(text.clone()).filter(|t| !t.is_empty());
    Ok(SourceView {
        name: source.name.clone(),
        kind: "prometheus".to_owned(),
        address: address(&source.url),
        metrics: word(source),
        state: match tried {
            None => SourceState::Waiting,
            Some(row) if row.away_since.is_some() => SourceState::Away,
            Some(_) => SourceState::Healthy,
        },
        version: tried.and_then(|r| text(&r.version)),
        services: store::telemetry::count(tx.conn, &source.name)?,
        last_try_at: at(|r| r.last_try_at),
        last_success_at: at(|r| r.last_success_at),
        away_since: at(|r| r.away_since),
        error: tried.and_then(|r| text(&r.last_error)),
        failures: tried.map_or(0, |r| r.failures),
        next_try_at: row.as_ref().map(|r| super::turns::due(r, source)),
        interval_seconds: source.interval.as_secs(),
    })
}

/// Scheme, host and port: a path may be a secret of its own.
fn address(url: &str) -> String {
    url.split('/').take(3).collect::<Vec<_>>().join("/")
}

fn word(source: &SourceConfig) -> String {
    let found = FAMILIES.iter().find(|(_, family)| *family == source.metrics);
    found.map_or_else(String::new, |(word, _)| (*word).to_owned())
}

/// The first services that a source covers, those first that want attention.
pub fn covered(tx: &mut Tx<'_>, source: &str, limit: i64) -> Result<Vec<TelemetryRow>> {
    let veil = tx.veil()?;
    let rows = store::telemetry::first(tx.conn, source, limit, veil.unseen())?;
    let line =
        |(row, slug, name): (Row, String, String)| TelemetryRow { slug, name, telemetry: telemetry(&row) };
    Ok(rows.into_iter().map(line).collect())
}

/// What each source said last of a service.
pub fn of_service(tx: &mut Tx<'_>, name: &str) -> Result<Vec<TelemetryView>> {
    let service = owners::service(tx, name)?;
    Ok(store::telemetry::of_service(tx.conn, &service.id)?.iter().map(telemetry).collect())
}

fn telemetry(row: &Row) -> TelemetryView {
    let held: Option<Collected> = serde_json::from_str(&row.body).ok();
    let refused = held.as_ref().is_none_or(|h| h.profile.is_none() || h.refusals().next().is_some());
    let profile = held.as_ref().and_then(|h| h.profile.as_ref());
    TelemetryView {
        source: row.source.clone(),
        collected_at: row.collected_at.map(Timestamp),
        error: Some(row.error.clone()).filter(|e| !e.is_empty()),
        window_seconds: held.as_ref().map(|h| h.window_seconds),
        profile: profile.and_then(|p| serde_json::to_value(p).ok()),
        worst_instance: held.as_ref().and_then(|h| h.worst_instance.clone()),
        instances: held.as_ref().map(|h| h.instances.clone()).unwrap_or_default(),
        problems: held.map(|h| h.problems).unwrap_or_default(),
        refused,
    }
}
