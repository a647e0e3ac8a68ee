//! The outbox at work: events become messages, messages are sent, digests are made, old ones go. Each target is sent to
//! by a task of its own, so none waits for another; those that do not answer have a smaller share of the tasks.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::app::outbox::{self, Job};
use crate::app::{Actor, App, blocking};
use crate::error::Result;
use crate::integrations::outbox::Sender;

/// How often it is looked whether there is anything to tell.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is looked whether a digest is due.
const DIGESTS: Duration = Duration::from_secs(5);
/// How often what was sent long ago is removed.
const SWEEP: Duration = Duration::from_mins(10);
/// Rows that one transaction of the sweep deletes.
const BITE: usize = 500;
/// Targets that are sent to at once.
const AT_ONCE: usize = 48;
/// Of those that did not answer lately, so many beside them.
const FAILING_AT_ONCE: usize = 16;
/// Targets that are looked for at once.
const LOOKED_FOR: i64 = 256;

/// Starts the loops.
pub(super) fn start(app: &Arc<App>) {
    tokio::spawn(send_loop(Arc::clone(app)));
    tokio::spawn(digest_loop(Arc::clone(app)));
    tokio::spawn(sweep_loop(Arc::clone(app)));
}

/// What the tasks share.
struct Post {
    app: Arc<App>,
    sender: Sender,
    well: Arc<Semaphore>,
    failing: Arc<Semaphore>,
    /// Targets that a task of this process is sending to.
    busy: Mutex<HashSet<String>>,
}

impl Post {
    fn busy(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn send_loop(app: Arc<App>) {
    let settings = app.config.notifications.clone();
    let Ok(sender) = blocking(move || Ok(Sender::new(&settings))).await else { return };
    let post = Arc::new(Post {
        app,
        sender,
        well: Arc::new(Semaphore::new(AT_ONCE)),
        failing: Arc::new(Semaphore::new(FAILING_AT_ONCE)),
        busy: Mutex::default(),
    });
    loop {
        if let Err(error) = look(&post).await {
            tracing::warn!(?error, "telling");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Turns events into messages, and begins to send to every target that is due and has a free task.
async fn look(post: &Arc<Post>) -> Result<()> {
    let app = Arc::clone(&post.app);
    blocking(move || {
        while outbox::spread(&app)? > 0 {}
        Ok(())
    })
    .await?;
    let due = post.app.read_for(Actor::schedule(), |tx| outbox::due(tx, LOOKED_FOR)).await?;
    for (target, well) in due {
        let share = if well { &post.well } else { &post.failing };
        let Ok(turn) = Arc::clone(share).try_acquire_owned() else { continue };
        if !post.busy().insert(target.clone()) {
            continue;
        }
        let post = Arc::clone(post);
        tokio::spawn(async move {
            if let Err(error) = send_to(&post, &target).await {
                tracing::warn!(target_id = target, ?error, "sending");
            }
            post.busy().remove(&target);
            drop(turn);
        });
    }
    Ok(())
}

/// Sends everything that is due to one target.
async fn send_to(post: &Post, target: &str) -> Result<()> {
    let (id, owner) = (target.to_owned(), post.app.instance().to_owned());
    let mut job: Option<Job> =
        post.app.write(Actor::schedule(), move |tx| outbox::begin(tx, &id, &owner)).await?;
    while let Some(mut at_work) = job {
        let Some(message) = at_work.take() else { return Ok(()) };
        let answer = post.sender.send(message).await;
        if let Some((_, why)) = &answer.fault {
            tracing::info!(target_id = target, status = answer.status, why, "a message was not taken");
        }
        let jitter = super::jitter();
        job = post
            .app
            .write(Actor::schedule(), move |tx| outbox::settle(tx, &at_work, &answer, jitter))
            .await?;
    }
    Ok(())
}

async fn digest_loop(app: Arc<App>) {
    // The settings may have changed since this installation ran last.
    let worker = Arc::clone(&app);
    match blocking(move || outbox::reschedule_digests(&worker)).await {
        Ok(0) => {}
        Ok(moved) => tracing::info!(moved, "digests follow the schedule of the settings"),
        Err(error) => tracing::warn!(?error, "digests"),
    }
    loop {
        let worker = Arc::clone(&app);
        match blocking(move || outbox::digest_due(&worker)).await {
            Ok(0) => {}
            Ok(made) => tracing::info!(made, "digests"),
            Err(error) => tracing::warn!(?error, "digests"),
        }
        tokio::time::sleep(DIGESTS).await;
    }
}

async fn sweep_loop(app: Arc<App>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let worker = Arc::clone(&app);
        if let Err(error) = blocking(move || outbox::sweep(&worker, BITE)).await {
            tracing::warn!(?error, "removing what was sent long ago");
        }
    }
}
