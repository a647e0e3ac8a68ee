//! The items of a challenge as readers see them: what is open and what evidence closed the others; the badges of a team.

use std::collections::HashSet;

use scoring_rules::quest::Count;

use super::progress::{Item, Member, Progress, What};
use super::read::live;
use super::views::{ItemView, RewardView, ToGo};
use super::{knows, stored};
use crate::app::veil::{HIDDEN, Veil};
use crate::app::views::Page;
use crate::app::{Tx, owners};
use crate::error::{Error, Result};
use crate::store;
use crate::types::Timestamp;

/// Open items shown of a team on the page of a challenge.
const TO_GO: usize = 12;
/// Badges shown of a team.
const BADGES: i64 = 20;

/// What a team has to do, with the teams below it; none where it takes no part.
pub(super) fn to_go(tx: &mut Tx<'_>, progress: &Progress, slug: &str) -> Result<Option<ToGo>> {
    let Some(team) = owners::living_team(tx, slug)? else { return Ok(None) };
    let ids: HashSet<String> = store::fleet::team_ids_below(tx.conn, &team.path)?.into_iter().collect();
    let veil = tx.veil()?;
    let mut count = Count::default();
    let mut items = Vec::new();
    for item in &progress.items {
        let Some(member) = progress.members.get(item.member) else { continue };
        let owned = member.team.as_ref().is_some_and(|id| ids.contains(id));
        if !owned || hides(&veil, member) {
            continue;
        }
        count.add(item.closed);
        if !item.closed && items.len() < TO_GO {
            items.push(item_view(progress, item, member, &veil));
        }
    }
    let (done, total) = (count.done, count.total);
    Ok((total > 0).then_some(ToGo { team: team.slug, name: team.name, done, total, items }))
}

fn hides(veil: &Veil, member: &Member) -> bool {
    veil.hides_named(member.team.as_deref(), &member.slug, &member.entity_ref)
}

fn item_view(progress: &Progress, item: &Item, member: &Member, veil: &Veil) -> ItemView {
    let other = match &item.what {
        What::Edge(_, Some(number)) => progress.others.get(*number),
        _ => None,
    };
    let other = other.map(|other| if hides(veil, other) { HIDDEN } else { other.slug.as_str() });
    let what = item.what.words(other);
    ItemView {
        service: member.slug.clone(),
        name: member.name.clone(),
        what: Some(what).filter(|what| !what.is_empty()),
        closed: item.closed,
        at: item.at.map(Timestamp),
        drill: item.drill.clone(),
        note: item.note.clone(),
    }
}

/// Items of a challenge that runs, by service; none of one that is over, whose result is frozen.
pub fn items(
    tx: &mut Tx<'_>,
    slug: &str,
    (team, state): (Option<&str>, Option<&str>),
    cursor: Option<&str>,
    limit: i64,
) -> Result<Page<ItemView>> {
    let row = stored(tx, slug)?;
    let Some(progress) = live(tx, &row)? else { return Ok(Page { items: Vec::new(), next: None }) };
    let ids: Option<HashSet<String>> = match team {
        None => None,
        Some(slug) => {
            let path = owners::team(tx, slug)?.path;
            Some(store::fleet::team_ids_below(tx.conn, &path)?.into_iter().collect())
        }
    };
    let bad = || Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
    let after: Option<(&str, usize)> = match cursor {
        None => None,
        Some(text) => {
            let (id, n) = text.rsplit_once('.').ok_or_else(bad)?;
            Some((id, n.parse().map_err(|_| bad())?))
        }
    };
    let veil = tx.veil()?;
    let limit = usize::try_from(limit.clamp(1, store::MAX_PAGE)).unwrap_or(1);
    let mut page = Page { items: Vec::new(), next: None };
    let mut nth = (usize::MAX, 0);
    for item in &progress.items {
        let Some(member) = progress.members.get(item.member) else { continue };
        nth = if nth.0 == item.member { (item.member, nth.1 + 1) } else { (item.member, 0) };
        let owned = ids.as_ref().is_none_or(|ids| member.team.as_ref().is_some_and(|id| ids.contains(id)));
        let wanted = state.is_none_or(|state| (state == "closed") == item.closed);
        let passed = after.is_some_and(|after| (member.id.as_str(), nth.1) <= after);
        if !owned || !wanted || passed || hides(&veil, member) {
            continue;
        }
        if page.items.len() == limit {
            return Ok(page);
        }
        page.items.push(item_view(&progress, item, member, &veil));
        page.next = Some(format!("{}.{}", member.id, nth.1));
    }
    page.next = None;
    Ok(page)
}

/// The badges that a team earned in challenges, newest first.
pub fn rewards_of(tx: &mut Tx<'_>, slug: &str) -> Result<Vec<RewardView>> {
    let team = owners::team(tx, slug)?;
    let mut views = Vec::new();
    for (challenge, title, badge, at) in store::challenges::rewards_of(tx.conn, &team.id, BADGES)? {
        if let Some(row) = store::challenges::by_slug(tx.conn, &challenge)?
            && knows(tx, &row)?
        {
            views.push(RewardView { challenge, title, badge, at: Timestamp(at) });
        }
    }
    Ok(views)
}
