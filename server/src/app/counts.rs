//! How many drills were ever recorded, without counting them all again each time somebody asks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::retention::first_id;
use super::{Actor, App, Tx};
use crate::error::Result;
use crate::store;
use crate::types::{Outcome, Timestamp};

/// Where the count is kept.
const COUNTED: &str = "drills.counted";
/// Rows counted in one query.
const STEP: i64 = 50_000;
/// Queries that somebody who asks waits for at most.
const STEPS: usize = 10;
/// Ids are made before their transaction ends: only what is older than this is counted for good, in ms.
const SETTLED_MS: i64 = 2 * 60 * 1000;
/// An id after all others.
const LAST: &str = "g";

/// Drills up to an id, by outcome code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    upto: String,
    drills: BTreeMap<i16, i64>,
}

impl Counted {
    fn read(tx: &mut Tx<'_>) -> Result<Self> {
        let text = store::books::get(tx.conn, COUNTED)?;
        Ok(text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default())
    }

    /// Counts one step on, up to ids below `end`; false when there was nothing.
    fn step(&mut self, tx: &mut Tx<'_>, end: &str) -> Result<bool> {
        let rows = store::retention::count_drills(tx.conn, &self.upto, end, STEP)?;
        for row in &rows {
            *self.drills.entry(row.outcome).or_default() += row.drills;
        }
        if let Some(last) = rows.iter().map(|r| &r.last).max() {
            self.upto.clone_from(last);
        }
        Ok(!rows.is_empty())
    }
}

/// Drills ever recorded, by outcome; those that were pruned count too. Empty while most are still to be counted
/// ([`settle`] does it in the background): whoever asks is not kept waiting.
pub fn drills(tx: &mut Tx<'_>) -> Result<Vec<(Outcome, i64)>> {
    let mut counted = Counted::read(tx)?;
    let mut steps = 0;
    while counted.step(tx, LAST)? {
        steps += 1;
        if steps > STEPS {
            return Ok(Vec::new());
        }
    }
    Ok(counted.drills.into_iter().filter_map(|(code, n)| Outcome::from_code(code).map(|o| (o, n))).collect())
}

/// Counts what has settled, so that [`drills`] has little left to do.
pub fn settle(app: &App) -> Result<()> {
    loop {
        let (before, after) = app.read_now(|tx| {
            let before = Counted::read(tx)?;
            let mut after = before.clone();
            let end = first_id(Timestamp(tx.now.0 - SETTLED_MS));
            after.step(tx, &end)?;
            Ok((before, after))
        })?;
        if after == before {
            return Ok(());
        }
        app.write_now(&Actor::schedule(), |tx| {
            // Another process may have counted the same rows meanwhile.
            if Counted::read(tx)? == before {
                let text = serde_json::to_string(&after).map_err(anyhow::Error::new)?;
                store::books::set(tx.conn, COUNTED, &text)?;
            }
            Ok(())
        })?;
    }
}
