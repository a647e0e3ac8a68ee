//! How the challenges stand, kept in memory: worked out again when the database has moved on, and at least once a minute,
//! for evidence ages by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::progress::{Progress, evaluate};
use crate::app::Tx;
use crate::app::fleet::Version;
use crate::error::Result;
use crate::store::challenges::ChallengeRow as Row;
use crate::types::Timestamp;

/// Up to so many services a challenge is worked out while the reader waits, so that everybody sees their own write.
const SMALL: usize = 2_000;
/// What is kept is at most so old, ms; of a large challenge readers see it even if the database has moved on meanwhile.
const OLDEST_MS: i64 = 60_000;
/// The job of each process makes it anew before that, so that no reader of a large challenge waits for it.
const RENEWED_MS: i64 = 25_000;
/// Challenges that are kept at most.
const MOST: usize = 64;

/// What is kept, by challenge.
#[derive(Debug, Default)]
pub struct Kept {
    held: Mutex<HashMap<String, Held>>,
    /// Whoever works one out holds this; the others wait for theirs to be the same.
    working: Mutex<()>,
}

#[derive(Clone, Debug)]
struct Held {
    /// When the challenge itself was changed, and by which rulebook it was judged.
    key: (i64, String),
    version: Version,
    progress: Arc<Progress>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn good(
        &self,
        row: &Row,
        key: &(i64, String),
        version: Version,
        now: Timestamp,
        oldest_ms: i64,
    ) -> Option<Arc<Progress>> {
        let held = lock(&self.held);
        let one = held.get(&row.id).filter(|one| one.key == *key)?;
        let age = now.0 - one.progress.at.0;
        let large = one.progress.members.len() > SMALL;
        ((0..oldest_ms).contains(&age) && (large || one.version == version))
            .then(|| Arc::clone(&one.progress))
    }

    fn put(&self, row: &Row, one: Held) {
        let mut held = lock(&self.held);
        if held.len() >= MOST && !held.contains_key(&row.id) {
            held.clear();
        }
        held.insert(row.id.clone(), one);
    }
}

/// How a challenge stands now.
pub(super) fn progress(tx: &mut Tx<'_>, row: &Row) -> Result<Arc<Progress>> {
    no_older(tx, row, OLDEST_MS)
}

/// The same for the job, which keeps it warm for readers.
pub(super) fn renewed(tx: &mut Tx<'_>, row: &Row) -> Result<Arc<Progress>> {
    no_older(tx, row, RENEWED_MS)
}

fn no_older(tx: &mut Tx<'_>, row: &Row, oldest_ms: i64) -> Result<Arc<Progress>> {
    let fleet = Arc::clone(&tx.fleet);
    let kept = &fleet.challenges;
    let key = (row.changed_at, tx.book.rulebook.hash().to_owned());
    let version = Version::of(tx.conn)?;
    if let Some(progress) = kept.good(row, &key, version, tx.now, oldest_ms) {
        return Ok(progress);
    }
    let _working = lock(&kept.working);
    if let Some(progress) = kept.good(row, &key, version, tx.now, oldest_ms) {
        return Ok(progress);
    }
    let progress = Arc::new(evaluate(tx, row, tx.now)?);
    kept.put(row, Held { key, version, progress: Arc::clone(&progress) });
    Ok(progress)
}
