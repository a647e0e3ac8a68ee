//! From the event log to messages that wait: each event once, for every target that wants it.

use std::collections::HashSet;

use super::kinds;
use super::note::Note;
use super::{BACKLOG, message, queue, wants};
use crate::app::feed::event_views;
use crate::app::owners::TeamTree;
use crate::app::views::EventView;
use crate::app::{Actor, App, Tx};
use crate::error::Result;
use crate::store;
use crate::store::events::EventRow;

/// Events of one kind that are told in one transaction.
const BITE: i64 = 200;

/// What is to be told.
struct Found {
    /// Where the position stood.
    cursor: Option<i64>,
    /// Up to where everything is in here.
    upto: i64,
    /// Events, oldest first.
    events: Vec<EventRow>,
}

/// Tells of what happened since the last time; gives how many messages wait more than before. To be called again while
/// there are any.
pub fn spread(app: &App) -> Result<usize> {
    // Looked at before it is claimed: a claim is a write.
    let Some(found) = app.read_now(look)? else { return Ok(0) };
    app.write_now(&Actor::schedule(), |tx| tell(tx, &found))
}

/// What is to be told; none: nothing.
fn look(tx: &mut Tx<'_>) -> Result<Option<Found>> {
    let targets = store::outbox::all(tx.conn)?;
    let Some(least) = targets.iter().map(|target| target.from_seq).min() else { return Ok(None) };
    let cursor = store::outbox::cursor(tx.conn)?;
    // Before the first of them was added nobody was to be told.
    let after = cursor.unwrap_or(0).max(least);
    let mut upto = store::events::newest_seq(tx.conn)?;
    if upto <= after {
        return Ok(None);
    }
    let mut events = Vec::new();
    for kind in kinds::at_once() {
        let rows = store::log::of_kind_after(tx.conn, kind, after, BITE)?;
        if rows.len() as i64 == BITE {
            upto = rows.last().map_or(upto, |last| last.seq.min(upto));
        }
        events.extend(rows);
    }
    events.retain(|event| event.seq <= upto);
    events.sort_by_key(|event| event.seq);
    Ok((!events.is_empty()).then_some(Found { cursor, upto, events }))
}

/// Stores the messages and moves the position on, unless another process has done so.
fn tell(tx: &mut Tx<'_>, found: &Found) -> Result<usize> {
    if !store::outbox::move_cursor(tx.conn, found.cursor, found.upto)? {
        return Ok(0);
    }
    let views = event_views(tx, &found.events)?;
    let tree = TeamTree::load(tx)?;
    let told: Vec<(&EventRow, &EventView, Note)> = found
        .events
        .iter()
        .zip(&views)
        .map(|(row, view)| (row, view, Note::of(&tx.base_url, view)))
        .collect();
    let mut ids: Vec<String> = store::outbox::all(tx.conn)?.into_iter().map(|target| target.id).collect();
    // In one order, as everybody who holds several.
    ids.sort_unstable();
    let mut added = 0;
    for id in ids {
        let Some(mut target) = store::outbox::held(tx.conn, &id)? else { continue };
        let near = target.team_id.as_ref().map(|team| below(&tree, team));
        let mut messages = Vec::new();
        for (row, view, note) in &told {
            let Some(class) = kinds::class_of(&row.kind) else { continue };
            // One a team: who hears of everything is told of them by the digest.
            let concerned = match &near {
                Some(near) => concerns(row, view, near),
                None => class != kinds::Class::Challenge,
            };
            let wanted = concerned && wants(&target, class.as_str()) && !has_left(&target);
            if wanted && row.seq > target.from_seq {
                messages.push(message(tx, &target.id, Some(&row.id), note)?);
            }
        }
        if messages.is_empty() {
            continue;
        }
        let room = usize::try_from((BACKLOG - target.pending).max(0)).unwrap_or(0);
        let over = messages.len().saturating_sub(room);
        messages.truncate(room);
        target.skipped += i64::try_from(over).unwrap_or(0);
        added += messages.len();
        queue(tx, &mut target, &messages)?;
        store::outbox::save(tx.conn, &target)?;
    }
    Ok(added)
}

/// Nothing is kept for somebody who ended it.
fn has_left(target: &store::outbox::TargetRow) -> bool {
    target.paused && target.why == super::targets::LEFT
}

/// Ids and slugs of a team and of all below it.
pub(super) fn below(tree: &TeamTree, team: &str) -> HashSet<String> {
    let Some(path) = tree.get(team).map(|team| team.path.clone()) else { return HashSet::new() };
    let rows = tree.rows().iter().filter(|row| row.path.starts_with(&path));
    rows.flat_map(|row| [row.id.clone(), row.slug.clone()]).collect()
}

/// Whether an event concerns one of these teams: it is theirs, or its data name them (`teams`, ids or slugs).
pub(super) fn concerns(row: &EventRow, view: &EventView, near: &HashSet<String>) -> bool {
    let named = |team: &serde_json::Value| team.as_str().is_some_and(|team| near.contains(team));
    row.team_id.as_ref().is_some_and(|id| near.contains(id))
        || view.data["teams"].as_array().is_some_and(|teams| teams.iter().any(named))
}
