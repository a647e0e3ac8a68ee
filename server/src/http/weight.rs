//! Bytes under way: request bodies and large answers are counted while they are held, and refused beyond the limit.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::{HttpMessage, HttpRequest};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Answers below this size are not counted: a connection holds that much anyway.
const LARGE: u64 = 64 * 1024;
/// When those who are turned away may try again.
const RETRY_SECONDS: u32 = 2;

/// Size of an answer before it is compressed, noted on its request.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub u64);

/// The size noted on a request.
pub fn of(req: &HttpRequest) -> Option<u64> {
    req.extensions().get::<Size>().map(|size| size.0)
}

/// What is under way in the whole process.
#[derive(Debug)]
pub struct InFlight {
    bodies: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

impl InFlight {
    /// At most so many bytes of bodies, and as many of large answers.
    pub fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { bodies: Arc::new(Semaphore::new(most)), answers: Arc::new(Semaphore::new(most)) }
    }

    /// Whether a body of this size could be held now; nothing is taken yet.
    pub fn has_room_for_body(&self, bytes: u64) -> Result<()> {
        if bytes > self.bodies.available_permits() as u64 { Err(full()) } else { Ok(()) }
    }

    /// Counts more bytes of a body.
    pub fn body(&self, bytes: usize) -> Result<OwnedSemaphorePermit> {
        take(&self.bodies, bytes as u64)
    }

    /// Counts a large answer; nothing for a small one.
    pub fn answer(&self, bytes: u64) -> Result<Option<OwnedSemaphorePermit>> {
        if bytes < LARGE {
            return Ok(None);
        }
        take(&self.answers, bytes).map(Some)
    }
}

fn take(all: &Arc<Semaphore>, bytes: u64) -> Result<OwnedSemaphorePermit> {
    let bytes = u32::try_from(bytes).map_err(|_| full())?;
    Arc::clone(all).try_acquire_many_owned(bytes).map_err(|_| full())
}

fn full() -> Error {
    Error::Unavailable {
        detail: "Too much is under way; nothing was stored. Try again.".into(),
        retry_after_seconds: RETRY_SECONDS,
    }
}

/// A body that is counted until it is sent or dropped.
pub struct Weighed<B> {
    body: Pin<Box<B>>,
    _held: Option<OwnedSemaphorePermit>,
}

impl<B> Weighed<B> {
    /// Holds `held` as long as `body`.
    pub fn new(body: B, held: Option<OwnedSemaphorePermit>) -> Self {
        Self { body: Box::pin(body), _held: held }
    }
}

impl<B: MessageBody> MessageBody for Weighed<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        self.body.as_mut().poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_bounded_and_comes_back() {
        let all = InFlight::new(300_000);
        let body = all.body(200_000).unwrap();
        assert!(all.has_room_for_body(100_000).is_ok() && all.has_room_for_body(100_001).is_err());
        assert!(all.body(100_001).is_err());
        drop(body);
        assert!(all.body(300_000).is_ok());
        let answer = all.answer(300_000).unwrap();
        assert!(answer.is_some() && all.answer(70_000).is_err());
        assert!(all.answer(1_000).unwrap().is_none(), "a small answer always goes out");
    }
}
