//! Which certificates end next.

use std::ops::Range;

use crate::app::Tx;
use crate::app::awards::state_word;
use crate::app::fleet::{Ending, Picture};
use crate::app::views::TeamRef;
use crate::error::Result;
use crate::store;
use crate::types::Timestamp;

/// Certificates shown.
const SHOWN: usize = 6;

/// A certificate that ends unless it is renewed.
#[derive(Clone, Debug)]
pub struct Lapsing {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Slug of the service.
    pub service: String,
    /// Its name for people.
    pub name: String,
    /// Owner.
    pub team: Option<TeamRef>,
    /// `certified`, `on_hold` or `suspended`.
    pub state: String,
    /// Why it is not in force.
    pub reason: String,
    /// When it ends.
    pub until: Timestamp,
}

/// The first to end of a scope, of services that the reader may know of.
pub fn of(tx: &mut Tx<'_>, picture: &Picture, scope: Option<&Range<usize>>) -> Result<Vec<Lapsing>> {
    let unseen = tx.unseen_services()?;
    let within = |ending: &&Ending| {
        scope.is_none_or(|places| ending.team.is_some_and(|team| places.contains(&(team as usize))))
    };
    let seen = |ending: &&Ending| unseen.is_empty() || !unseen.contains(&*ending.service);
    let found = picture.endings.iter().filter(within).filter(seen).take(SHOWN);
    let mut ids: Vec<String> = found.map(|ending| ending.service.to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let services = store::services::by_ids(tx.conn, &ids)?;
    let mut lapsing: Vec<Lapsing> = Vec::with_capacity(ids.len());
    for row in store::awards::held_by(tx.conn, &ids)? {
        let service = services.iter().find(|service| service.id == row.service_id);
        let (Some(until), Some(service)) = (row.valid_until, service) else { continue };
        if row.kind != store::awards::CERTIFICATE || service.removed_at.is_some() {
            continue;
        }
        let team = service.team_id.as_deref().and_then(|id| picture.tree.get(id));
        lapsing.push(Lapsing {
            id: row.id,
            title: row.title,
            service: service.slug.clone(),
            name: service.name.clone(),
            team: team.map(|team| TeamRef { slug: team.slug.clone(), name: team.name.clone() }),
            state: state_word(row.state).to_owned(),
            reason: row.reason,
            until: Timestamp(until),
        });
    }
    lapsing.sort_by(|a, b| (a.until, &a.id).cmp(&(b.until, &b.id)));
    lapsing.truncate(SHOWN);
    Ok(lapsing)
}
