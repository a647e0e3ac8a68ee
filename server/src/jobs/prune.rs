//! The daily pruning, and the settling of counts that goes with it.

use std::sync::Arc;
use std::time::Duration;

use crate::app::{App, blocking, counts, limits, publishers, retention};

/// How often it is looked whether the day's turn has come.
const LOOK: Duration = Duration::from_mins(10);
/// A process that has just started serves first.
const SETTLE: Duration = Duration::from_mins(1);

/// How often counts are brought up to date.
const COUNT: Duration = Duration::from_mins(1);

/// Counts what has settled, so that whoever asks for numbers has little left to count.
pub(super) async fn count_loop(app: Arc<App>) {
    loop {
        let worker = Arc::clone(&app);
        if let Err(error) = blocking(move || counts::settle(&worker)).await {
            tracing::warn!(%error, "counting");
        }
        tokio::time::sleep(COUNT).await;
    }
}

/// Rows that one transaction of the sweep deletes.
const BITE: usize = 500;

/// Prunes once a day; what CI jobs left behind goes at every look, also where results are kept for ever.
pub(super) async fn prune_loop(app: Arc<App>) {
    tokio::time::sleep(SETTLE).await;
    loop {
        let worker = Arc::clone(&app);
        if let Err(error) = blocking(move || publishers::sweep(&worker, BITE, false)).await {
            tracing::warn!(%error, "sweeping tokens of CI jobs");
        }
        let worker = Arc::clone(&app);
        match blocking(move || retention::run_due(&worker)).await {
            Ok(Some(done)) => tracing::info!(
                drills = done.drills,
                documents = done.documents,
                keys = done.keys,
                scores = done.scores,
                facts = done.facts,
                "pruned"
            ),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "pruning"),
        }
        let worker = Arc::clone(&app);
        if let Err(error) = blocking(move || limits::sweep(&worker)).await {
            tracing::warn!(%error, "deleting what was counted of limits");
        }
        tokio::time::sleep(LOOK).await;
    }
}
