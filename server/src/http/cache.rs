//! Answers kept to be given again: bounded in bytes, valid for one generation of the database and a short time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderMap;
use bytes::Bytes;

/// Longest time an answer is kept: pages say how long ago things were.
const MAX_AGE: Duration = Duration::from_secs(10);
/// What an answer costs beside its bytes.
const OVERHEAD: usize = 1_024;
/// One answer takes at most this part of the whole.
const LARGEST_PART: usize = 4;

/// An answer of status 200 as it goes out, compressed where that was asked for.
#[derive(Debug)]
pub struct Answer {
    /// Its headers, without those that are of one request only.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    since: Instant,
    cost: usize,
}

#[derive(Debug, Default)]
struct Shelf {
    generation: u64,
    kept: HashMap<Arc<str>, Kept>,
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

/// The answers kept.
#[derive(Debug)]
pub struct Cache {
    most: usize,
    shelf: Mutex<Shelf>,
}

impl Cache {
    /// Keeps at most so many bytes; 0 keeps nothing.
    pub fn new(most: usize) -> Self {
        Self { most, shelf: Mutex::default() }
    }

    /// It keeps nothing at all.
    pub fn is_off(&self) -> bool {
        self.most == 0
    }

    /// Bytes of the largest answer that is kept.
    pub fn largest(&self) -> usize {
        self.most / LARGEST_PART
    }

    /// The answer kept under `key` in this generation.
    pub fn get(&self, key: &str, generation: u64) -> Option<Arc<Answer>> {
        let shelf = self.shelf();
        if shelf.generation != generation {
            return None;
        }
        let kept = shelf.kept.get(key).filter(|kept| kept.since.elapsed() < MAX_AGE)?;
        Some(Arc::clone(&kept.answer))
    }

    /// Keeps an answer that was made of what the database held in `generation`.
    pub fn put(&self, key: String, generation: u64, answer: Arc<Answer>) {
        let cost = OVERHEAD + 2 * key.len() + answer.body.len();
        if cost > self.largest() {
            return;
        }
        let mut shelf = self.shelf();
        if generation < shelf.generation {
            return;
        }
        if generation > shelf.generation {
            *shelf = Shelf { generation, ..Shelf::default() };
        }
        let key: Arc<str> = key.into();
        let kept = Kept { answer, since: Instant::now(), cost };
        if let Some(before) = shelf.kept.insert(Arc::clone(&key), kept) {
            shelf.bytes -= before.cost;
            shelf.order.retain(|other| *other != key);
        }
        shelf.order.push_back(key);
        shelf.bytes += cost;
        while shelf.bytes > self.most {
            shelf.drop_oldest();
        }
    }

    /// Forgets what is too old; true while anything is left.
    pub fn tidy(&self) -> bool {
        let mut shelf = self.shelf();
        while let Some(oldest) = shelf.order.front() {
            if shelf.kept.get(oldest).is_some_and(|kept| kept.since.elapsed() < MAX_AGE) {
                return true;
            }
            shelf.drop_oldest();
        }
        false
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Nothing panics while it is held; were it so, what is kept would still be whole answers.
        self.shelf.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Shelf {
    fn drop_oldest(&mut self) {
        let gone = self.order.pop_front().and_then(|key| self.kept.remove(&key));
        self.bytes -= gone.map_or(0, |kept| kept.cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Arc<Answer> {
        Arc::new(Answer { headers: HeaderMap::new(), body: vec![b'x'; bytes].into() })
    }

    #[test]
    fn an_answer_holds_for_its_generation_only() {
        let cache = Cache::new(1 << 20);
        cache.put("/a".into(), 3, answer(10));
        assert!(cache.get("/a", 3).is_some());
        assert!(cache.get("/a", 4).is_none() && cache.get("/a", 2).is_none() && cache.get("/b", 3).is_none());
        cache.put("/b".into(), 4, answer(10));
        cache.put("/a".into(), 3, answer(10));
        assert!(cache.get("/a", 4).is_none(), "made before the write, it is not kept after it");
        assert!(cache.get("/b", 4).is_some());
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
        let cache = Cache::new(100_000);
        for n in 0..1_000 {
            cache.put(format!("/{n}"), 1, answer(2_000));
            assert!(cache.shelf().bytes <= 100_000);
        }
        assert!(cache.get("/999", 1).is_some() && cache.get("/0", 1).is_none());
        cache.put("/999".into(), 1, answer(3_000));
        let shelf = cache.shelf();
        assert_eq!(shelf.kept.len(), shelf.order.len());
        assert_eq!(shelf.bytes, shelf.kept.values().map(|kept| kept.cost).sum::<usize>());
    }

    #[test]
    fn a_giant_is_not_kept_and_an_empty_shelf_says_so() {
        let cache = Cache::new(100_000);
        assert!(!cache.tidy());
        cache.put("/giant".into(), 1, answer(60_000));
        assert!(cache.get("/giant", 1).is_none() && !cache.tidy());
        cache.put("/small".into(), 1, answer(60));
        assert!(cache.tidy());
    }
}
