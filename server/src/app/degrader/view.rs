//! What the API says of a service's degrader.

use anyhow::Context as _;
use scoring_rules::degrader::{Context, Profile, Row, Settings, Traffic};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Assessment, Instance, Note};
use crate::app::{Tx, owners};
use crate::error::Result;
use crate::store;
use crate::store::degraders::DegraderRow;
use crate::types::Timestamp;

/// What is stored, read.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The settings in force.
    pub settings: Option<Settings>,
    /// The traffic as it was told.
    pub profile: Option<Profile>,
    /// The same, checked.
    pub traffic: Option<Traffic>,
    /// Its hosts, where they were measured.
    pub instances: Vec<Instance>,
    /// What the simulation made of both.
    pub assessment: Option<Assessment>,
    /// Who told it, and when.
    pub told: Told,
}

/// Who told settings and traffic, and when.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Who told the settings.
    pub settings_from: Option<String>,
    /// When.
    pub settings_at: Option<Timestamp>,
    /// Who told the traffic, or the source that measured it.
    pub profile_from: Option<String>,
    /// When it was like that.
    pub profile_at: Option<Timestamp>,
    /// Whether it was measured.
    pub observed: bool,
}

impl Told {
    fn of_row(row: &DegraderRow) -> Self {
        let from = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            settings_from: from(&row.settings_from),
            settings_at: row.settings_at.map(Timestamp),
            profile_from: from(&row.profile_from),
            profile_at: row.profile_at.map(Timestamp),
            observed: row.observed,
        }
    }
}

impl Known {
    /// Reads a row.
    pub fn of_row(row: &DegraderRow) -> Result<Self> {
        fn read<T: serde::de::DeserializeOwned>(
            row: &DegraderRow,
            text: Option<&String>,
        ) -> Result<Option<T>> {
            let place = || format!("the degrader of service {}", row.service_id);
            Ok(text.map(|text| serde_json::from_str(text)).transpose().with_context(place)?)
        }
        let profile: Option<Profile> = read(row, row.profile.as_ref())?;
        Ok(Self {
            settings: read(row, row.settings.as_ref())?,
            traffic: profile.as_ref().and_then(|p| p.check().ok()),
            profile,
            instances: read(row, Some(&row.instances))?.unwrap_or_default(),
            assessment: read(row, row.assessment.as_ref())?,
            told: Told::of_row(row),
        })
    }

    /// What is stored of a service.
    pub fn of(tx: &mut Tx<'_>, service_id: &str) -> Result<Self> {
        let row = store::degraders::of(tx.conn, service_id)?;
        Ok(row.as_ref().map(Self::of_row).transpose()?.unwrap_or_default())
    }
}

/// What is known of a service's degrader, and what follows from it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DegraderView {
    /// Service slug.
    pub service: String,
    /// Whose settings they are; `null` while none are known.
    pub dialect: Option<String>,
    /// Every value in force, in the tool's own names.
    #[schema(value_type = Vec<Object>)]
    pub settings: Vec<Row>,
    /// Who told the settings.
    pub settings_from: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub settings_at: Option<Timestamp>,
    /// The traffic as it was told or measured; `null` while it is not known.
    #[schema(value_type = Option<Object>)]
    pub profile: Option<Profile>,
    /// Who told it, or the source that measured it.
    pub profile_from: Option<String>,
    /// When it was like that.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub profile_at: Option<Timestamp>,
    /// Whether it was measured.
    pub observed: bool,
    /// Its hosts, where they were measured.
    pub instances: Vec<Instance>,
    /// Score, replays, what to change and why; `null` while settings or traffic are not known.
    #[schema(value_type = Option<Object>)]
    pub assessment: Option<Value>,
    /// What was passed over in the settings that were sent; only in the answer to them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The settings to paste, in the tool's own form: the recommended ones, or those in force where they do.
    pub paste: Option<String>,
}

/// What is known of the degrader of a service.
pub fn view(tx: &mut Tx<'_>, name: &str) -> Result<DegraderView> {
    let service = owners::service(tx, name)?;
    let known = Known::of(tx, &service.id)?;
    let best = known.assessment.as_ref().and_then(|a| a.tuning.recommended.as_ref()).map(|r| &r.settings);
    let paste = best
        .or(known.settings.as_ref())
        .map(|settings| settings.write(&Context { service: service.slug.clone() }));
    let told = known.told;
    Ok(DegraderView {
        service: service.slug,
        dialect: known.settings.as_ref().map(|s| s.dialect().id().to_owned()),
        settings: known.settings.as_ref().map(Settings::rows).unwrap_or_default(),
        settings_from: told.settings_from,
        settings_at: told.settings_at,
        profile: known.profile,
        profile_from: told.profile_from,
        profile_at: told.profile_at,
        observed: told.observed,
        instances: known.instances,
        assessment: known.assessment.map(serde_json::to_value).transpose().map_err(anyhow::Error::new)?,
        notes: Vec::new(),
        paste,
    })
}
