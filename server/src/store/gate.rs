//! The bounded wait in front of a pool: so many at work, so many waiting, everybody else is told at once to come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// How long one waits for a turn before being told to come back.
const WAIT: Duration = Duration::from_secs(5);
/// When those who are turned away may try again.
const RETRY_SECONDS: u32 = 1;

/// A turn at the database; the place is free again when this is dropped.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, never read")] OwnedSemaphorePermit);

/// One gate.
#[derive(Debug)]
pub struct Gate {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most: AtomicUsize,
}

impl Gate {
    /// A gate for `at_work` at once and `waiting` in line.
    pub fn new(at_work: usize, waiting: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(at_work)),
            waiting: AtomicUsize::new(0),
            most: AtomicUsize::new(waiting),
        }
    }

    /// Changes how many may wait.
    pub fn limit(&self, waiting: usize) {
        self.most.store(waiting, Ordering::Relaxed);
    }

    /// Waits for a turn; 503 at once when the line is full, and after five seconds otherwise.
    pub async fn enter(&self) -> Result<Turn> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Turn(place));
        }
        let _line = Line::join(self)?;
        match tokio::time::timeout(WAIT, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(Turn(place)),
            _ => Err(busy()),
        }
    }
}

fn busy() -> Error {
    Error::Unavailable {
        detail: "Too many requests wait for the database; nothing was stored. Try again.".into(),
        retry_after_seconds: RETRY_SECONDS,
    }
}

/// A place in the line; given up also by a caller that goes away.
struct Line<'a>(&'a Gate);

impl<'a> Line<'a> {
    fn join(gate: &'a Gate) -> Result<Self> {
        let before = gate.waiting.fetch_add(1, Ordering::Relaxed);
        let line = Self(gate);
        if before >= gate.most.load(Ordering::Relaxed) { Err(busy()) } else { Ok(line) }
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_line_is_bounded_and_moves_on() {
        let gate = Arc::new(Gate::new(1, 1));
        let first = gate.enter().await.unwrap();
        let second = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter().await.map(drop) }
        });
        while gate.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(gate.enter().await, Err(Error::Unavailable { .. })), "the line is full");
        drop(first);
        second.await.unwrap().unwrap();
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
        drop(gate.enter().await.unwrap());
    }

    #[tokio::test]
    async fn who_goes_away_leaves_the_line() {
        let gate = Gate::new(1, 1);
        let _held = gate.enter().await.unwrap();
        let gone = tokio::time::timeout(Duration::from_millis(5), gate.enter()).await;
        assert!(gone.is_err());
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
    }
}
