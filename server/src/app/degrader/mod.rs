//! What is known of a service's degrader: the settings in force, the traffic, and what the simulation makes of both.

mod facts;
mod memo;
mod study;
mod view;

pub use scoring_rules::degrader::Assessment;
use scoring_rules::degrader::{Dialect, Problem, Profile, Reading, Settings, input_hash};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

pub use study::{Ask, MAX_CHANGES, Study, Tried, study};
pub use view::{DegraderView, Known, Told, view};

use super::audit::Sides;
use super::{Tx, owners};
use crate::error::{Error, FieldError, Result};
use crate::store;
use crate::store::degraders::DegraderRow;
use crate::store::services::ServiceRow;
use crate::types::Timestamp;

/// The settings in force, the traffic, or both; what is left out stays as it is known.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutDegrader {
    /// Whose settings they are: `d2`, `relative`, `envoy`, `grpc`, `istio`, `resilience4j` or `finagle`.
    #[serde(default)]
    pub dialect: Option<String>,
    /// The tool's own document, as JSON or as the text of its file; what it does not name is at the tool's default.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Value>,
    /// What the traffic is like: `hosts`, `clients`, `qps`, `latency` (`mean_ms` and `cv`, or `p50_ms` and `p99_ms`, or
    /// `histogram` of `le_ms` and `count`), `error_rate`, `timeout_ms`, `slo_ms`, `day`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub profile: Option<Profile>,
    /// When the traffic was like that; now, if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub profile_at: Option<Timestamp>,
}

/// Settings and traffic as they may be sent.
pub const EXAMPLE: &str = r#"{
  "dialect": "d2",
  "settings": {"degraderProperties": {"degrader.highLatency": "400", "degrader.lowLatency": "200"}},
  "profile": {
    "hosts": 50, "clients": 20, "qps": 5000,
    "latency": {"p50_ms": 6, "p99_ms": 30},
    "error_rate": 0.0005, "timeout_ms": 1000, "slo_ms": 50
  }
}"#;

/// Something in the settings that was passed over, or that the tool takes and should not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// Where, as a JSON pointer into the request.
    pub pointer: String,
    /// What is to be known of it.
    pub detail: String,
}

impl From<FieldError> for Note {
    fn from(error: FieldError) -> Self {
        Self { pointer: error.pointer, detail: error.detail }
    }
}

/// One host of a service, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Its name in the telemetry.
    pub name: String,
    /// Calls a second.
    pub qps: f64,
    /// 99th percentile of its latency, ms; absent where the buckets do not tell.
    pub p99_ms: Option<f64>,
    /// Share of its calls that fail.
    pub error_rate: f64,
    /// Whether it stands out from the others.
    pub bad: bool,
}

/// Traffic of one service as telemetry shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Name of the source.
    pub source: String,
    /// What its traffic is like.
    pub profile: Profile,
    /// Its hosts.
    pub instances: Vec<Instance>,
    /// When it was measured.
    pub at: Timestamp,
}

/// Does of [`put`] what takes long, in a transaction that nobody waits for.
pub fn rehearse(tx: &mut Tx<'_>, name: &str, cmd: &PutDegrader) -> Result<()> {
    let service = owners::service(tx, name)?;
    owners::require_writer(tx, &service)?;
    let row = row_of(tx, &service)?;
    let (row, _) = merged(tx, row, cmd)?;
    assessed(&row, &hash_of(&row)).map(|_| ())
}

/// Stores settings and traffic of a service and judges it.
///
/// # Errors
///
/// [`Error::Invalid`] names every field that makes no sense; then nothing is stored.
pub fn put(tx: &mut Tx<'_>, name: &str, cmd: &PutDegrader) -> Result<DegraderView> {
    let service = owners::service(tx, name)?;
    owners::require_writer(tx, &service)?;
    store::services::lock(tx.conn, &service.id)?;
    let held = row_of(tx, &service)?;
    let before = described(&held);
    let (row, notes) = merged(tx, held, cmd)?;
    let (told, sides) =
        (format!("{}: degrader settings or traffic were set.", service.name), described(&row));
    tx.emit_change(
        "degrader_set",
        Some(&service.id),
        service.team_id.as_deref(),
        told,
        &json!({}),
        Sides::changed(before, sides),
    );
    let sentence = format!("{}: degrader settings or traffic arrived from {}.", service.name, tx.actor.name);
    store_row(tx, &service, row, &sentence)?;
    Ok(DegraderView { notes, ..view(tx, &service.slug)? })
}

/// Settings and traffic for the audit.
fn described(row: &DegraderRow) -> Value {
    let of = |text: &Option<String>| text.as_deref().and_then(|t| serde_json::from_str::<Value>(t).ok());
    json!({ "settings": of(&row.settings), "profile": of(&row.profile) })
}

/// What will be known once `cmd` is, and what is to be told of the settings that came with it.
fn merged(tx: &Tx<'_>, mut row: DegraderRow, cmd: &PutDegrader) -> Result<(DegraderRow, Vec<Note>)> {
    let mut fields = Vec::new();
    let notes = take_settings(tx, &mut row, cmd, &mut fields);
    if let Some(profile) = &cmd.profile {
        let at = cmd.profile_at.unwrap_or(tx.now);
        if let Some(error) = crate::formats::check_times(at, at, tx.now).into_iter().next() {
            fields.push(FieldError::new("/profile_at", error.detail));
        }
        if row.profile_at.is_some_and(|known| known > at.0) {
            let detail = format!("what {} said of the traffic is newer", row.profile_from);
            fields.push(FieldError::new("/profile_at", detail));
        }
        match profile.check() {
            Ok(_) => {
                row.profile = Some(serde_json::to_string(profile).map_err(anyhow::Error::new)?);
                row.profile_from.clone_from(&tx.actor.name);
                row.profile_by_ci = tx.actor.is_ci();
                row.profile_at = Some(at.0);
                row.calls_milli = calls_milli(profile.qps);
                (row.observed, row.instances) = (false, "[]".to_owned());
            }
            Err(problems) => fields.extend(placed("/profile", problems)),
        }
    } else if cmd.profile_at.is_some() {
        fields.push(FieldError::new("/profile_at", "there is no `profile` beside it"));
    }
    if cmd.settings.is_none() && cmd.profile.is_none() && fields.is_empty() {
        fields.push(FieldError::new("", "give `dialect` and `settings`, or `profile`, or all of them"));
    }
    if fields.is_empty() { Ok((row, notes)) } else { Err(Error::Invalid { fields }) }
}

/// Does of [`measured`] what takes long.
pub fn rehearse_measured(tx: &mut Tx<'_>, service: &ServiceRow, found: &Measured) -> Result<()> {
    let row = row_of(tx, service)?;
    match with_measured(row, found)? {
        Some(row) => assessed(&row, &hash_of(&row)).map(|_| ()),
        None => Ok(()),
    }
}

/// Takes over what telemetry shows of a service's traffic, and judges the service; false if it says nothing new.
pub fn measured(tx: &mut Tx<'_>, service: &ServiceRow, found: &Measured) -> Result<bool> {
    store::services::lock(tx.conn, &service.id)?;
    let row = row_of(tx, service)?;
    let Some(row) = with_measured(row, found)? else { return Ok(false) };
    let sentence = format!("{}: traffic was measured by {}.", service.name, found.source);
    store_row(tx, service, row, &sentence)?;
    Ok(true)
}

fn with_measured(mut row: DegraderRow, found: &Measured) -> Result<Option<DegraderRow>> {
    if found.profile.check().is_err() || row.profile_at.is_some_and(|at| at > found.at.0) {
        return Ok(None);
    }
    row.profile = Some(serde_json::to_string(&found.profile).map_err(anyhow::Error::new)?);
    row.profile_from.clone_from(&found.source);
    row.profile_by_ci = false;
    row.profile_at = Some(found.at.0);
    row.observed = true;
    row.calls_milli = calls_milli(found.profile.qps);
    row.instances = serde_json::to_string(&found.instances).map_err(anyhow::Error::new)?;
    Ok(Some(row))
}

fn row_of(tx: &mut Tx<'_>, service: &ServiceRow) -> Result<DegraderRow> {
    Ok(store::degraders::of(tx.conn, &service.id)?.unwrap_or_else(|| DegraderRow {
        service_id: service.id.clone(),
        settings: None,
        settings_from: String::new(),
        settings_at: None,
        profile: None,
        profile_from: String::new(),
        profile_at: None,
        observed: false,
        instances: "[]".to_owned(),
        inputs: String::new(),
        assessment: None,
        assessed_at: None,
        settings_by_ci: false,
        profile_by_ci: false,
        calls_milli: None,
    }))
}

/// Calls a second in thousandths; none of what is no number.
fn calls_milli(qps: f64) -> Option<i64> {
    (qps.is_finite() && qps >= 0.0).then(|| (qps * 1_000.0).round() as i64)
}

fn take_settings(
    tx: &Tx<'_>,
    row: &mut DegraderRow,
    cmd: &PutDegrader,
    fields: &mut Vec<FieldError>,
) -> Vec<Note> {
    let found = match (&cmd.dialect, &cmd.settings) {
        (None, None) => return Vec::new(),
        (Some(_), None) => Err(vec![FieldError::new("/settings", "is missing beside `dialect`")]),
        (None, Some(_)) => {
            Err(vec![FieldError::new("/dialect", format!("is missing; one of {}", dialects()))])
        }
        (Some(name), Some(document)) => read(name, document, "/dialect", "/settings"),
    };
    match found {
        Ok(reading) => {
            row.settings = serde_json::to_string(&reading.settings).ok();
            row.settings_from.clone_from(&tx.actor.name);
            row.settings_by_ci = tx.actor.is_ci();
            row.settings_at = Some(tx.now.0);
            placed("/settings", reading.notes).into_iter().map(Note::from).collect()
        }
        Err(found) => {
            fields.extend(found);
            Vec::new()
        }
    }
}

/// Reads a tool's document; errors lie below the pointers.
pub fn read(
    dialect: &str,
    document: &Value,
    dialect_at: &str,
    at: &str,
) -> std::result::Result<Reading, Vec<FieldError>> {
    let Some(known) = Dialect::from_id(dialect) else {
        let names: Vec<&str> = Dialect::ALL.iter().map(|d| d.id()).collect();
        let near = crate::config::nearest(dialect, &names);
        return Err(vec![FieldError::new(dialect_at, format!("unknown{near}; one of {}", dialects()))]);
    };
    let parsed;
    let document = match document {
        Value::String(text) => {
            parsed = crate::formats::read_settings(text)
                .map_err(|error| vec![FieldError::new(at, error.to_string())])?;
            &parsed
        }
        other => other,
    };
    Settings::read(known, document).map_err(|found| placed(at, found))
}

fn dialects() -> String {
    Dialect::ALL.iter().map(|d| d.id()).collect::<Vec<_>>().join(", ")
}

fn placed(below: &str, problems: Vec<Problem>) -> Vec<FieldError> {
    problems.into_iter().map(|p| FieldError::new(format!("{below}{}", p.pointer), p.detail)).collect()
}

/// Assesses anew what has changed, stores it, and posts the facts that follow.
fn store_row(tx: &mut Tx<'_>, service: &ServiceRow, mut row: DegraderRow, sentence: &str) -> Result<()> {
    let inputs = hash_of(&row);
    if row.inputs != inputs {
        row.assessment = assessed(&row, &inputs)?;
        row.assessed_at = Some(tx.now.0);
        row.inputs = inputs;
    }
    store::degraders::put(tx.conn, &row)?;
    let known = Known::of_row(&row)?;
    let data = json!({ "dialect": known.settings.as_ref().map(|s| s.dialect().id()) });
    let facts = facts::of(tx, &row)?.into_iter().map(|fact| (service.clone(), fact)).collect();
    super::posted::record(tx, facts, &|tx, service| {
        let team = service.team_id.as_deref();
        tx.emit("degrader_recorded", Some(&service.id), team, sentence.to_owned(), &data);
    })?;
    Ok(())
}

/// The assessment of what is in a row, as JSON; none while settings or traffic are not known.
fn assessed(row: &DegraderRow, inputs: &str) -> Result<Option<String>> {
    if row.inputs == inputs {
        return Ok(row.assessment.clone());
    }
    let known = Known::of_row(row)?;
    let both = known.settings.as_ref().zip(known.traffic.as_ref());
    both.map(|(settings, traffic)| memo::assessment(inputs, settings, traffic)).transpose()
}

/// The hash of what the assessment of a row is made from.
fn hash_of(row: &DegraderRow) -> String {
    // Texts can always be written as JSON.
    input_hash(&row.settings, &row.profile).unwrap_or_default()
}
