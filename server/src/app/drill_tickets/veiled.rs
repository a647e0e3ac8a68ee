//! Tickets that somebody may not know of: those of a hidden flow, and those that name a hidden service.

use std::collections::{BTreeSet, HashSet};

use super::drill_of;
use crate::app::{Tx, owners};
use crate::error::Result;
use crate::store;
use crate::store::tickets::TicketRow;

/// Those of some tickets that the actor may know of.
pub(super) fn seen(tx: &mut Tx<'_>, rows: Vec<TicketRow>) -> Result<Vec<TicketRow>> {
    let veil = tx.veil()?;
    if veil.is_empty() || rows.is_empty() {
        return Ok(rows);
    }
    let mut names = BTreeSet::new();
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let edges = drill_of(&row)?.edges;
        let own: Vec<String> = edges.into_iter().flat_map(|edge| [edge.from, edge.to]).collect();
        names.extend(own.iter().cloned());
        all.push((row, own));
    }
    let hidden = owners::unseen_of(tx, names)?;
    let flows: BTreeSet<String> = all.iter().filter_map(|(row, _)| row.flow.clone()).collect();
    let flows = store::flows::by_slugs(tx.conn, &flows.into_iter().collect::<Vec<_>>())?;
    let of_hidden: HashSet<String> = flows
        .into_iter()
        .filter(|flow| veil.hides_owner(flow.owner_ref.as_ref()))
        .map(|flow| flow.slug)
        .collect();
    let is_seen = |(row, own): &(TicketRow, Vec<String>)| {
        !own.iter().any(|name| hidden.contains(name))
            && !row.flow.as_ref().is_some_and(|flow| of_hidden.contains(flow))
    };
    Ok(all.into_iter().filter(is_seen).map(|(row, _)| row).collect())
}
