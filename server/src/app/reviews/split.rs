//! Services that were taken apart into others that grade better.

use std::collections::{BTreeSet, HashMap};

use super::finding::{Finding, Window};
use super::kind::ReviewKind;
use crate::app::Tx;
use crate::error::Result;
use crate::store;
use crate::store::log::Part;
use crate::store::services::ServiceRow;
use crate::types::{DAY_MS, Timestamp};

/// New services are looked at for so many days.
const DAYS: i64 = 30;
/// An older service is at least so many days older than what is called after it.
const OLDER_DAYS: i64 = 7;
/// New services of one older one, at least.
const CHILDREN: usize = 2;
/// New services that are looked at, the newest ones.
const MOST: i64 = 5_000;

/// Teams with a service that became several.
pub(super) fn find(tx: &mut Tx<'_>, window: &Window) -> Result<Vec<Finding>> {
    let since = tx.now.0 - DAYS * DAY_MS;
    let veil = tx.veil()?;
    let mut events = store::log::latest(tx.conn, Part::Kind("service_added"), None, MOST, veil.unseen())?;
    events.retain(|event| event.at >= since && event.at <= window.to.0);
    let ids: BTreeSet<String> = events.into_iter().filter_map(|event| event.service_id).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let mut new = store::services::by_ids(tx.conn, &ids)?;
    new.retain(|service| service.removed_at.is_none() && service.created_at >= since);
    let teams: BTreeSet<String> = new.iter().filter_map(|service| service.team_id.clone()).collect();
    let teams: Vec<String> = teams.into_iter().collect();
    let all = store::reviews::all_of_teams(tx.conn, &teams)?;
    let mut by_team: HashMap<&str, Vec<&ServiceRow>> = HashMap::new();
    for service in &all {
        if let Some(team) = &service.team_id {
            by_team.entry(team).or_default().push(service);
        }
    }
    let mut found = Vec::new();
    for (team, services) in by_team {
        let young: Vec<&ServiceRow> =
            new.iter().filter(|service| service.team_id.as_deref() == Some(team)).collect();
        for parent in services.iter().filter(|_| young.len() >= CHILDREN) {
            let children: Vec<&ServiceRow> =
                young.iter().filter(|child| came_of(child, parent)).copied().collect();
            if children.len() >= CHILDREN {
                found.extend(better(tx, team, parent, &children)?);
            }
        }
    }
    Ok(found)
}

/// Whether a service seems to be a part of an older one.
fn came_of(child: &ServiceRow, parent: &ServiceRow) -> bool {
    let rest = child.slug.strip_prefix(parent.slug.as_str()).unwrap_or_default();
    let named = rest.starts_with(['-', '_', '.']);
    let gone = parent.removed_at.is_some_and(|at| (at - child.created_at).abs() <= DAYS * DAY_MS);
    let placed = gone && child.system_ref.is_some() && child.system_ref == parent.system_ref;
    child.created_at - parent.created_at >= OLDER_DAYS * DAY_MS
        && child.tier >= parent.tier
        && (named || placed)
}

/// The finding, if the parts grade better than the whole did.
fn better(
    tx: &mut Tx<'_>,
    team: &str,
    parent: &ServiceRow,
    children: &[&ServiceRow],
) -> Result<Option<Finding>> {
    let mut ids: Vec<String> = children.iter().map(|child| child.id.clone()).collect();
    ids.push(parent.id.clone());
    let scores: HashMap<String, i16> = store::grades::of(tx.conn, &ids)?
        .into_iter()
        .filter(|row| row.score >= 0)
        .map(|row| (row.service_id, row.score))
        .collect();
    let parts: Vec<i16> = children.iter().filter_map(|child| scores.get(&child.id)).copied().collect();
    let Some(whole) = scores.get(&parent.id).copied() else { return Ok(None) };
    let sum: i64 = parts.iter().map(|score| i64::from(*score)).sum();
    // As a sum, so that nothing is rounded: the mean of the parts is above the whole.
    if parts.is_empty() || sum <= i64::from(whole) * parts.len() as i64 {
        return Ok(None);
    }
    let mut names: Vec<&str> = children.iter().map(|child| child.name.as_str()).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(5);
    names.truncate(5);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let was = if parent.removed_at.is_some() { ", which was removed," } else { "" };
    let said = format!(
        "{}{was} has {whole} points; {}{rest} came within {DAYS} days and have {} on average.",
        parent.name,
        names.join(", "),
        sum / parts.len() as i64
    );
    let at = children.iter().map(|child| child.created_at).max().unwrap_or(tx.now.0);
    Ok(Some(Finding::of_team(ReviewKind::ServiceSplit, team, &parent.id, (Timestamp(at), said))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(slug: &str, day: i64) -> ServiceRow {
        ServiceRow {
            id: slug.to_owned(),
            slug: slug.to_owned(),
            entity_ref: format!("component:default/{slug}"),
            name: slug.to_owned(),
            name_lc: slug.to_owned(),
            team_id: Some("t".into()),
            owner_ref: None,
            tier: 2,
            tier_from: String::new(),
            lifecycle: "production".into(),
            service_type: None,
            system_ref: None,
            description: None,
            labels: "{}".into(),
            has_database: false,
            source: "test".into(),
            created_at: day * DAY_MS,
            removed_at: None,
        }
    }

    #[test]
    fn parts_are_told_by_name_or_by_the_system_of_what_is_gone() {
        let whole = service("shop", 0);
        assert!(came_of(&service("shop-cart", 10), &whole));
        assert!(!came_of(&service("shopping", 10), &whole), "another word");
        assert!(!came_of(&service("shop-cart", 3), &whole), "as old as the other");
        assert!(!came_of(&ServiceRow { tier: 1, ..service("shop-cart", 10) }, &whole), "more critical");
        let system = Some("system:default/s".to_owned());
        let gone =
            ServiceRow { system_ref: system.clone(), removed_at: Some(12 * DAY_MS), ..service("old", 0) };
        let new = ServiceRow { system_ref: system.clone(), ..service("new", 10) };
        assert!(came_of(&new, &gone));
        assert!(!came_of(&new, &ServiceRow { removed_at: None, ..gone }), "a neighbour that stays");
    }
}
