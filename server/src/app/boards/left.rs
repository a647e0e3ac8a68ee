//! Teams may leave the boards, not the grades.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::app::audit::Sides;
use crate::app::{Tx, owners};
use crate::error::{Error, Result};
use crate::store;

/// Whether a team takes part in boards.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakesPart {
    /// False: the team and its services are on no board, and in no mean of a league. They are graded as ever.
    pub on_boards: bool,
}

/// Takes a team off the boards or puts it on them again; what is over stays as it was.
///
/// # Errors
///
/// [`Error::NotFound`] for no living team, [`Error::Forbidden`] for who may not write for it.
pub fn set(tx: &mut Tx<'_>, slug: &str, wanted: &TakesPart) -> Result<TakesPart> {
    let unknown = || Error::not_found("team", slug.chars().take(120).collect::<String>());
    let team = owners::living_team(tx, slug)?.ok_or_else(unknown)?;
    // A path is made of the slugs of the team and all above it.
    let above: Vec<String> = team.path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    tx.actor.require_team(&team.slug, &above)?;
    let is_on = !store::seasons::has_left(tx.conn, &team.id)?;
    if is_on == wanted.on_boards {
        return Ok(wanted.clone());
    }
    if wanted.on_boards {
        store::seasons::come_back(tx.conn, &team.id)?;
    } else {
        store::seasons::leave(tx.conn, &team.id, tx.now.0)?;
    }
    let what = if wanted.on_boards { "takes part in boards again" } else { "takes part in boards no more" };
    let side = |on: bool| json!({ "slug": team.slug, "on_boards": on });
    let sides = Sides::changed(side(is_on), side(wanted.on_boards));
    let sentence = format!("{} {what}.", team.name);
    tx.emit_change("team_changed", None, Some(&team.id), sentence, &json!({}), sides);
    Ok(wanted.clone())
}

/// Whether the actor may decide that for a team.
///
/// # Errors
///
/// Those of the database.
pub fn may(tx: &mut Tx<'_>, slug: &str) -> Result<bool> {
    let Some(team) = owners::living_team(tx, slug)? else { return Ok(false) };
    let above: Vec<String> = team.path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    let acting = tx.actor.clone().acting_under("evidence:write");
    Ok(acting.and_then(|actor| actor.require_team(&team.slug, &above)).is_ok())
}
