//! Services and teams one by one, through the same import as a whole catalog.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::apply::described;
use super::{ImportCatalog, ImportReport, import};
use crate::app::Tx;
use crate::app::audit::Sides;
use crate::error::{Error, FieldError, Result};
use crate::formats::{CatalogReading, DocumentReading, Entity, RefContext, parse_entity_ref};
use crate::store;

/// What `PUT /services/{slug}` takes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PutService {
    /// Name for people.
    pub name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Slug or reference of the owning team; made if it is not there.
    pub team: Option<String>,
    /// 1 (most critical) to 4.
    pub tier: Option<i16>,
    /// experimental, production, deprecated, or a word of the settings.
    pub lifecycle: Option<String>,
    /// service, website, library, ...
    #[serde(rename = "type")]
    pub service_type: Option<String>,
    /// Catalog reference of its system.
    pub system: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Catalog references of what it depends on, each with its kind.
    pub depends_on: Vec<String>,
}

/// What `PUT /teams/{slug}` takes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PutTeam {
    /// Name for people.
    pub name: Option<String>,
    /// Slug or reference of the team above it.
    pub parent: Option<String>,
    /// team, division, ...
    #[serde(rename = "type")]
    pub team_type: Option<String>,
}

/// Writes one service; true when it is new.
pub fn put_service(tx: &mut Tx<'_>, slug: &str, cmd: &PutService) -> Result<bool> {
    let mut fields = Vec::new();
    let entity_ref = address(tx, slug, "component", &mut fields);
    let mut labels = cmd.labels.clone();
    if let Some(tier) = cmd.tier {
        if !(1..=4).contains(&tier) {
            fields.push(FieldError::new("/tier", "expected 1 to 4"));
        }
        labels.insert("waterbear.dev/tier".into(), tier.to_string());
    }
    let owner = cmd.team.as_deref().map(|t| group_ref(tx, t, "/team", &mut fields)).transpose()?.flatten();
    let mut depends_on = Vec::new();
    for (i, text) in cmd.depends_on.iter().enumerate() {
        match reference(text, None) {
            Ok(r) => depends_on.push(r),
            Err(detail) => fields.push(FieldError::new(format!("/depends_on/{i}"), detail)),
        }
    }
    let system = match cmd.system.as_deref().map(|s| reference(s, Some("system"))) {
        None => None,
        Some(Ok(r)) => Some(r),
        Some(Err(detail)) => {
            fields.push(FieldError::new("/system", detail));
            None
        }
    };
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let entity = Entity {
        title: cmd.name.clone(),
        description: cmd.description.clone(),
        labels,
        spec_type: cmd.service_type.clone().or_else(|| Some("service".into())),
        lifecycle: cmd.lifecycle.clone(),
        owner,
        system,
        depends_on,
        ..bare(&entity_ref, "Component")
    };
    Ok(write(tx, entity)?.created == 1)
}

/// Writes one team; true when it is new.
pub fn put_team(tx: &mut Tx<'_>, slug: &str, cmd: &PutTeam) -> Result<bool> {
    let mut fields = Vec::new();
    let known = store::services::team_by_slug(tx.conn, slug)?;
    let entity_ref = match &known {
        Some(team) => team.entity_ref.clone(),
        None => address(tx, slug, "group", &mut fields),
    };
    let parent =
        cmd.parent.as_deref().map(|t| group_ref(tx, t, "/parent", &mut fields)).transpose()?.flatten();
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let entity = Entity {
        display_name: cmd.name.clone(),
        spec_type: cmd.team_type.clone().or_else(|| Some("team".into())),
        parent,
        ..bare(&entity_ref, "Group")
    };
    let was = known.as_ref().map(|team| team_described(tx, team)).transpose()?;
    write(tx, entity)?;
    if let Some(team) = store::services::team_by_slug(tx.conn, slug)? {
        let is = team_described(tx, &team)?;
        if was.as_ref() != Some(&is) {
            let sentence = format!("The team {} was written.", team.name);
            let sides = match was {
                Some(was) => Sides::changed(was, is),
                None => Sides::made(is),
            };
            tx.emit_change("team_changed", None, Some(&team.id), sentence, &json!({}), sides);
        }
    }
    Ok(known.is_none())
}

/// A team for the audit.
fn team_described(tx: &mut Tx<'_>, team: &store::services::TeamRow) -> Result<serde_json::Value> {
    let ids: Vec<String> = team.parent_id.iter().cloned().collect();
    let parent = store::fleet::team_names(tx.conn, &ids)?.into_iter().next().map(|(_, slug, _)| slug);
    Ok(json!({
        "slug": team.slug, "name": team.name, "type": team.group_type, "parent": parent,
        "removed": team.removed_at.is_some(),
    }))
}

/// Marks a service as removed.
pub fn remove_service(tx: &mut Tx<'_>, slug: &str) -> Result<()> {
    let service = crate::app::owners::service(tx, slug)?;
    if service.removed_at.is_some() {
        return Ok(());
    }
    let refs = [service.entity_ref.clone()];
    store::catalog::mark_removed(tx.conn, &refs, tx.now.0)?;
    store::services::mark_removed(tx.conn, &refs, tx.now.0)?;
    let sentence = format!("{} was removed; its history stays.", service.name);
    tx.emit_change(
        "service_removed",
        Some(&service.id),
        service.team_id.as_deref(),
        sentence,
        &json!({}),
        Sides::gone(described(&service)),
    );
    Ok(())
}

/// Marks a team as removed; one that owns services or teams stays.
pub fn remove_team(tx: &mut Tx<'_>, slug: &str) -> Result<()> {
    let team = store::services::team_by_slug(tx.conn, slug)?
        .filter(|t| t.removed_at.is_none())
        .ok_or_else(|| Error::not_found("team", slug))?;
    let owns = store::fleet::owns_services(tx.conn, &team.id)?;
    let above = store::fleet::owns_teams(tx.conn, &team.id)?;
    if owns || above {
        return Err(Error::Conflict {
            detail: format!("The team `{slug}` still owns services or teams; give them another owner first."),
        });
    }
    store::catalog::mark_removed(tx.conn, std::slice::from_ref(&team.entity_ref), tx.now.0)?;
    let was = team_described(tx, &team)?;
    let row = store::services::TeamRow { removed_at: Some(tx.now.0), ..team };
    store::services::update_team(tx.conn, &row)?;
    let sentence = format!("The team {} was removed.", row.name);
    tx.emit_change("team_removed", None, Some(&row.id), sentence, &json!({}), Sides::gone(was));
    Ok(())
}

/// The reference a slug stands for: the one it has, or `kind:default/slug` for a new one.
fn address(tx: &mut Tx<'_>, slug: &str, kind: &str, fields: &mut Vec<FieldError>) -> String {
    if kind == "component"
        && let Ok(service) = crate::app::owners::service(tx, slug)
    {
        return service.entity_ref;
    }
    let good = !slug.is_empty()
        && slug.len() <= 63
        && slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c))
        && slug.starts_with(|c: char| c.is_ascii_alphanumeric())
        && slug.ends_with(|c: char| c.is_ascii_alphanumeric());
    if !good {
        let detail = "a slug has 1 to 63 of a-z, 0-9, - _ . and begins and ends with a letter or digit";
        fields.push(FieldError::new("/slug", detail));
    }
    format!("{kind}:default/{slug}")
}

fn group_ref(
    tx: &mut Tx<'_>,
    name: &str,
    pointer: &str,
    fields: &mut Vec<FieldError>,
) -> Result<Option<String>> {
    if let Some(team) = store::services::team_by_slug(tx.conn, name)? {
        return Ok(Some(team.entity_ref));
    }
    match reference(name, Some("group")) {
        Ok(r) => Ok(Some(r)),
        Err(detail) => {
            fields.push(FieldError::new(pointer, detail));
            Ok(None)
        }
    }
}

fn reference(text: &str, kind: Option<&str>) -> std::result::Result<String, String> {
    let context = RefContext { default_kind: kind, default_namespace: None };
    parse_entity_ref(text, context).map(|r| r.canonical())
}

fn bare(entity_ref: &str, kind: &str) -> Entity {
    let rest = entity_ref.split_once(':').map_or(entity_ref, |(_, r)| r);
    let (namespace, name) = rest.split_once('/').unwrap_or(("default", rest));
    Entity {
        entity_ref: entity_ref.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..Entity::default()
    }
}

fn write(tx: &mut Tx<'_>, mut entity: Entity) -> Result<ImportReport> {
    entity.content_sha256 = Sha256::digest(format!("{entity:?}")).into();
    let document = DocumentReading {
        line: 1,
        kind: Some(entity.kind.clone()),
        name: Some(entity.name.clone()),
        entity_ref: Some(entity.entity_ref.clone()),
        accepted: true,
        entity: Some(entity),
        ..DocumentReading::default()
    };
    let reading = CatalogReading { documents: vec![document], truncated: false };
    // Not the source of imports: a file that does not name this service must not remove it.
    let source = format!("single:{}", tx.actor.name);
    import(tx, &ImportCatalog { reading, source, dry_run: false, complete: false })
}
