//! The daily pruning, and the settling of counts that goes with it.

use std::sync::Arc;
use std::time::Duration;

use crate::app::{App, blocking, counts, retention};

/// How often it is looked whether the day's turn has come.
const LOOK: Duration = Duration::from_mins(10);
/// A process that has just started serves first.
const SETTLE: Duration = Duration::from_mins(1);

/// Counts, and prunes once a day.
pub(super) async fn prune_loop(app: Arc<App>) {
    tokio::time::sleep(SETTLE).await;
    loop {
        let worker = Arc::clone(&app);
        let work = move || {
            counts::settle(&worker)?;
            retention::run_due(&worker)
        };
        match blocking(work).await {
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
        tokio::time::sleep(LOOK).await;
    }
}
