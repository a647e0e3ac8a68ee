//! What judging has come to, until it is written.

use std::collections::{BTreeMap, HashMap};

use crate::app::{Tx, awards};
use crate::error::Result;
use crate::store;
use crate::store::events::NewEvent;
use crate::store::grades::{HistoryRow, ScoreRow};

/// What judging has come to and is not written yet: only what changed.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    pub(super) changes: Vec<Changed>,
}

/// A score to be written.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    /// The row that was compared with.
    pub(super) before: Option<ScoreRow>,
    pub(super) after: ScoreRow,
    /// What the scorecard shows of it, if that moved.
    pub(super) history: Option<HistoryRow>,
    pub(super) events: Vec<NewEvent>,
    /// Certificates and badges that moved.
    pub(super) awards: Vec<awards::Changed>,
    /// Places in the status list whose credentials hold no more.
    pub(super) withdrawn: Vec<i64>,
}

impl Verdicts {
    /// How many scores changed.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The events, to be told at once.
    pub(in crate::app) fn take_events(&mut self) -> Vec<NewEvent> {
        self.changes.iter_mut().flat_map(|c| std::mem::take(&mut c.events)).collect()
    }

    /// Adds what came later.
    pub(in crate::app) fn append(&mut self, mut later: Self) {
        self.changes.append(&mut later.changes);
    }

    /// Leaves out services whose score was written since it was read here, and gives their ids: they have to be
    /// judged again.
    pub fn drop_overtaken(&mut self, tx: &mut Tx<'_>) -> Result<Vec<String>> {
        let ids: Vec<String> = self.changes.iter().map(|c| c.after.service_id.clone()).collect();
        if ids.is_empty() {
            return Ok(ids);
        }
        store::services::lock_all(tx.conn, &ids)?;
        let held: HashMap<String, ScoreRow> =
            store::grades::of(tx.conn, &ids)?.into_iter().map(|r| (r.service_id.clone(), r)).collect();
        let mut overtaken = Vec::new();
        self.changes.retain(|change| {
            let same = held.get(&change.after.service_id) == change.before.as_ref();
            if !same {
                overtaken.push(change.after.service_id.clone());
            }
            same
        });
        Ok(overtaken)
    }

    /// Writes scores, their history, their events, and awards. Of a service judged more than once the last score stands.
    pub fn write(self, tx: &mut Tx<'_>) -> Result<()> {
        let mut scores: BTreeMap<String, ScoreRow> = BTreeMap::new();
        let mut history = Vec::new();
        let (mut moved, mut withdrawn) = (Vec::new(), Vec::new());
        for change in self.changes {
            scores.insert(change.after.service_id.clone(), change.after);
            history.extend(change.history);
            tx.events.extend(change.events);
            moved.extend(change.awards);
            withdrawn.extend(change.withdrawn);
        }
        awards::write(tx, moved, &withdrawn)?;
        let scores: Vec<ScoreRow> = scores.into_values().collect();
        store::grades::upsert(tx.conn, &scores)?;
        store::grades::append_history(tx.conn, &history)?;
        Ok(())
    }
}
