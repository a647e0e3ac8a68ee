//! The life of challenges, step by step, as their time comes.

use std::sync::Arc;
use std::time::Duration;

use crate::app::challenges::cycle;
use crate::app::{App, blocking};

/// Longest sleep: evidence that ages, milestones and reminders are noticed so late at most.
const LOOK: Duration = Duration::from_secs(30);
/// Shortest sleep.
const PAUSE: Duration = Duration::from_millis(250);

/// Takes the steps that are due, for ever. The first look is at once: what was missed while nothing ran is made up for.
pub(super) async fn run_loop(app: Arc<App>) {
    loop {
        let worker = Arc::clone(&app);
        let work = move || {
            let taken = cycle::run_due(&worker)?;
            Ok((taken, cycle::next_at(&worker)?))
        };
        let next = match blocking(work).await {
            Ok((taken, next)) => {
                if taken > 0 {
                    tracing::info!(steps = taken, "challenges");
                }
                next
            }
            Err(error) => {
                tracing::warn!(?error, "challenges");
                None
            }
        };
        let wait = next.map_or(0, |at| at.0 - app.clock().now().0);
        let wait = u64::try_from(wait).ok().filter(|wait| *wait > 0).map_or(LOOK, Duration::from_millis);
        tokio::time::sleep(wait.clamp(PAUSE, LOOK)).await;
    }
}
