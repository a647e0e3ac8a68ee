//! What a service's team shows to everybody: its certificates, and a badge under an address that nobody guesses.

use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::audit::Sides;
use super::views::SharingView;
use super::{Tx, owners};
use crate::error::Result;
use crate::store;
use crate::store::services::ServiceRow;
use crate::store::sharing::SharingRow;
use crate::types::random_text;

/// What is wished for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutSharing {
    /// Anybody may see its certificates.
    pub certificates: bool,
    /// Its badge can be had by anybody who knows its address. Taken back and given again, it is another address.
    pub badge: bool,
}

/// What may be wished for.
pub const EXAMPLE: &str = r#"{ "certificates": true, "badge": true }"#;

fn view(tx: &Tx<'_>, slug: &str, row: Option<&SharingRow>, may_write: bool) -> SharingView {
    let key = row.and_then(|row| row.badge_key.as_ref());
    SharingView {
        service: slug.to_owned(),
        certificates: row.is_some_and(|row| row.certificates),
        badge: key.is_some(),
        badge_url: key.filter(|_| may_write).map(|key| format!("{}/badges/{key}.svg", tx.base_url)),
    }
}

/// What is shown of a service; the address of its badge only to who may change it.
///
/// # Errors
///
/// [`crate::error::Error::NotFound`].
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<SharingView> {
    let service = owners::service(tx, name)?;
    let row = store::sharing::of(tx.conn, &service.id)?;
    let may_write = may_write(tx, &service);
    Ok(view(tx, &service.slug, row.as_ref(), may_write))
}

/// Whether the reader may change what is shown of a service.
///
/// # Errors
///
/// [`crate::error::Error::NotFound`].
pub fn may_change(tx: &mut Tx<'_>, name: &str) -> Result<bool> {
    let service = owners::service(tx, name)?;
    Ok(may_write(tx, &service))
}

fn may_write(tx: &mut Tx<'_>, service: &ServiceRow) -> bool {
    tx.actor.has("evidence:write") && owners::require_writer(tx, service).is_ok()
}

/// Sets what is shown of a service.
///
/// # Errors
///
/// [`crate::error::Error::NotFound`]; [`crate::error::Error::Forbidden`] for services of other teams.
pub fn put(tx: &mut Tx<'_>, name: &str, cmd: &PutSharing) -> Result<SharingView> {
    let service = owners::service(tx, name)?;
    owners::require_writer(tx, &service)?;
    let before = store::sharing::of(tx.conn, &service.id)?;
    let badge_key = match before.as_ref().and_then(|row| row.badge_key.clone()).filter(|_| cmd.badge) {
        Some(key) => Some(key),
        None if cmd.badge => Some(random_text::<24>()?),
        None => None,
    };
    let row = SharingRow {
        service_id: service.id.clone(),
        certificates: cmd.certificates,
        badge_key,
        changed_at: tx.now.0,
    };
    let side = |row: Option<&SharingRow>| {
        json!({
            "certificates": row.is_some_and(|row| row.certificates),
            "badge": row.is_some_and(|row| row.badge_key.is_some()),
        })
    };
    let (was, is) = (side(before.as_ref()), side(Some(&row)));
    if was != is {
        store::sharing::put(tx.conn, &row)?;
        let sentence = match (cmd.certificates, cmd.badge) {
            (true, true) => format!("{} shows its certificates and its badge to everybody.", service.name),
            (true, false) => format!("{} shows its certificates to everybody.", service.name),
            (false, true) => format!("{} shows its badge to everybody.", service.name),
            (false, false) => format!("{} shows nothing to everybody any more.", service.name),
        };
        let (id, team) = (service.id.clone(), service.team_id.clone());
        let data = json!({ "sharing": is });
        tx.emit_change(
            "sharing_changed",
            Some(&id),
            team.as_deref(),
            sentence,
            &data,
            Sides::changed(was, is),
        );
    }
    Ok(view(tx, &service.slug, Some(&row), true))
}
