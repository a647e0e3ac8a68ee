//! The intake of drill results: posts that arrive at the same time share one transaction, hence one wait for the disk.
//!
//! Nobody waits for a group to fill: while one group is committed, the next one gathers by itself. Each post is answered
//! after its commit, and only then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{mpsc, oneshot};

use super::recording::{Post, PostAnswer, record_posts};
use super::{Actor, App};
use crate::error::{Error, Result};
use crate::store::DatabaseUrl;

/// Posts that wait at most; the next one is told to come back.
const QUEUE: usize = 1_024;
/// Results that share a transaction at most; a single post may have more.
const GROUP: usize = 256;

struct Waiting {
    post: Post,
    reply: oneshot::Sender<Result<PostAnswer>>,
}

/// The queue in front of the threads that commit.
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
}

impl Intake {
    /// Starts the threads; they end with the application.
    pub(super) fn start(app: &Arc<App>) -> Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        // SQLite has one writer. On PostgreSQL one group is read and judged while another waits for its answers and the
        // disk: measured, two write more than one although their groups are half as large.
        let threads = match app.config.database {
            DatabaseUrl::Sqlite { .. } => 1,
            DatabaseUrl::Postgres { .. } => 2,
        };
        for n in 0..threads {
            let (app, waiting) = (Arc::downgrade(app), Arc::clone(&waiting));
            std::thread::Builder::new()
                .name(format!("intake-{n}"))
                .spawn(move || work(&app, &waiting))
                .map_err(anyhow::Error::new)?;
        }
        Ok(Self { queue })
    }

    /// Records a post together with those that arrive now; answers when it is on disk.
    pub(super) async fn post(&self, post: Post) -> Result<PostAnswer> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Waiting { post, reply }).map_err(|_| Error::Unavailable {
            detail: "Too many results are waiting to be stored; this one was not. Try again.".into(),
            retry_after_seconds: 1,
        })?;
        answer.await.map_err(|_| anyhow::anyhow!("the intake stopped"))?
    }
}

fn work(app: &Weak<App>, waiting: &Mutex<mpsc::Receiver<Waiting>>) {
    while let Some(group) = gather(waiting) {
        let Some(app) = app.upgrade() else { return };
        let (posts, replies): (Vec<Post>, Vec<_>) = group.into_iter().map(|w| (w.post, w.reply)).unzip();
        for (answer, reply) in commit(&app, &posts).into_iter().zip(replies) {
            // A sender that went away sends again and is told that it is there.
            let _ = reply.send(answer);
        }
    }
}

/// Waits for a post and takes those that wait behind it; none when the application has ended.
fn gather(waiting: &Mutex<mpsc::Receiver<Waiting>>) -> Option<Vec<Waiting>> {
    let mut queue = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let first = queue.blocking_recv()?;
    let mut results = first.post.results.len();
    let mut group = vec![first];
    while results < GROUP {
        let Ok(next) = queue.try_recv() else { break };
        results += next.post.results.len();
        group.push(next);
    }
    Some(group)
}

/// Commits posts together; if that fails, each by itself, so that one of them cannot fail the others.
fn commit(app: &App, posts: &[Post]) -> Vec<Result<PostAnswer>> {
    match together(app, posts) {
        Ok(answers) => return answers.into_iter().map(Ok).collect(),
        Err(error) if posts.len() == 1 => return vec![Err(error)],
        Err(error) => tracing::warn!(%error, posts = posts.len(), "a group failed; each post by itself now"),
    }
    let mut away = None;
    posts
        .iter()
        .map(|post| {
            if let Some((detail, retry_after_seconds)) = away.clone() {
                return Err(Error::Unavailable { detail, retry_after_seconds });
            }
            let mut answers = together(app, std::slice::from_ref(post));
            if let Err(Error::Unavailable { detail, retry_after_seconds }) = &answers {
                away = Some((detail.clone(), *retry_after_seconds));
            }
            answers.as_mut().map(Vec::pop).map(Option::unwrap_or_default).map_err(take)
        })
        .collect()
}

fn take(error: &mut Error) -> Error {
    std::mem::replace(error, Error::malformed(""))
}

fn together(app: &App, posts: &[Post]) -> Result<Vec<PostAnswer>> {
    let actor = Actor::anonymous();
    let done = catch_unwind(AssertUnwindSafe(|| app.write_now(&actor, |tx| record_posts(tx, posts))));
    done.unwrap_or_else(|_| Err(Error::Internal(anyhow::anyhow!("recording a result panicked"))))
}
