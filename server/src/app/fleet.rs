//! One picture of all services, kept in memory: tallies of every scope, outcomes of every rule, who ranks where.
//!
//! Home, teams, boards, rollups, rules and metrics need sums over every score. The picture is made in one walk in
//! pages, so its making holds little memory, and made again only when the database has moved on. A small
//! organisation's is made at once, so that everybody sees their own write; a large one's by one thread in the
//! background, so that a page is never older than a few seconds and never waits.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::boards::archive::Archives;
use super::boards::kept::{self, Kept};
use super::owners::TeamTree;
use super::standing::{self, EXPIRING_DAYS, Tally};
use super::tally::Counting;
use super::{Tx, runs};
use crate::clock::Clock;
use crate::error::Result;
use crate::store::awards::HeldRow;
use crate::store::{self, Conn, Db};
use crate::types::Timestamp;

/// Services read in one query.
const PAGE: i64 = 5_000;
/// Up to so many services the picture is made while the reader waits: a few milliseconds. A count and not a
/// measured time, so that a busy machine never shows somebody an answer from before their own write.
const SMALL: usize = 5_000;
/// A large organisation's picture is at most so old; a reader who finds an older one waits for a new one.
const OLDEST: Duration = Duration::from_secs(5);
/// How often the background looks whether the database has moved on.
const LOOK: Duration = Duration::from_secs(2);
/// The background stops so long after the last reader.
const IDLE: Duration = Duration::from_mins(10);

/// How far the database had come when a picture was made: the newest event, and the last complete grading run,
/// which can move scores' details without an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    event: i64,
    run: Timestamp,
}

impl Version {
    pub(super) fn of(conn: &mut Conn) -> Result<Self> {
        Ok(Self { event: store::events::newest_seq(conn)?, run: runs::last_run(conn)? })
    }

    /// Everything in `other` is in this one too.
    fn covers(self, other: Self) -> bool {
        self.event >= other.event && self.run >= other.run
    }
}

/// A service as boards need it.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// Id.
    pub id: Box<str>,
    /// Slug.
    pub slug: Box<str>,
    /// Score now.
    pub score: i16,
    /// 1..4.
    pub tier: i8,
    /// Number of the letter: [`Picture::letter`].
    pub grade: u8,
    /// Place of its team in [`Picture::tree`].
    pub team: Option<u32>,
    /// Number of its system.
    pub system: Option<u32>,
    /// Drills expected, and of them fresh; -1 where not counted yet.
    pub drills: (i16, i16),
    /// Calls that users can do without, and of them those with a verified fallback; -1 where not counted yet.
    pub calls: (i16, i16),
    /// Since when no drill has regressed (ms); none before any result.
    pub steady_since: Option<i64>,
    /// A regression is open.
    pub broken: bool,
    /// Calls a second in thousandths; -1 while nobody knows.
    pub calls_milli: i64,
}

/// A certificate that is held, by its end.
#[derive(Clone, Debug)]
pub struct Ending {
    /// When it ends unless it is renewed (ms).
    pub until: i64,
    /// Id of the service.
    pub service: Box<str>,
    /// Place of its team in [`Picture::tree`].
    pub team: Option<u32>,
    /// 1..4.
    pub tier: i8,
}

/// All services at one instant.
#[derive(Debug, Default)]
pub struct Picture {
    pub(super) version: Version,
    /// Everything together.
    pub all: Tally,
    /// By team id, each with everything below it.
    pub teams: HashMap<String, Tally>,
    /// By tier.
    pub tiers: BTreeMap<i16, Tally>,
    /// The most critical tier among the services that a team owns itself, by team id.
    pub best_tier: HashMap<String, i16>,
    /// By hash of the rulebook that judged: for each rule the services by outcome code.
    pub outcomes: HashMap<String, Vec<BTreeMap<char, i64>>>,
    /// The teams.
    pub tree: TeamTree,
    /// Letters by number.
    pub letters: Vec<String>,
    /// Graded services in id order.
    pub services: Vec<Ranked>,
    /// Certificates that are held, the first to end first.
    pub endings: Vec<Ending>,
    /// By id of a certificate and its stored state, how many services hold it.
    pub certificates: BTreeMap<(String, i16), i64>,
    /// Ids of the teams that left the boards.
    pub left: HashSet<String>,
    /// Boards of the season, made when first asked for.
    pub boards: Mutex<Kept>,
}

impl Picture {
    /// Walks all services once, in the connection's transaction.
    pub fn make(conn: &mut Conn) -> Result<Self> {
        let version = Version::of(conn)?;
        let mut counting = Counting::default();
        let mut after = String::new();
        loop {
            let rows = store::fleet::page(conn, &after, PAGE)?;
            let certificates = Certificates::of(conn, &rows)?;
            for row in &rows {
                counting.add(row, certificates.of_service(&row.service_id));
            }
            match rows.last() {
                Some(last) if rows.len() as i64 == PAGE => after.clone_from(&last.service_id),
                _ => break,
            }
        }
        let left = store::seasons::left(conn)?.into_iter().collect();
        Ok(Self { version, left, ..counting.finish(TeamTree::read(conn)?) })
    }

    /// By scope, certificates that end within [`EXPIRING_DAYS`] of `now` unless they are renewed. Scopes of none are absent.
    pub fn expiring(&self, now: Timestamp) -> HashMap<(i16, String), i64> {
        let by = now.plus_days(EXPIRING_DAYS).0;
        let soon = self.endings.partition_point(|ending| ending.until <= by);
        let mut own: HashMap<(Option<u32>, i8), i64> = HashMap::new();
        for ending in self.endings.iter().take(soon) {
            *own.entry((ending.team, ending.tier)).or_default() += 1;
        }
        let mut counts: HashMap<(i16, String), i64> = HashMap::new();
        for ((team, tier), n) in own {
            let mut scopes = vec![(standing::ALL, String::new()), (standing::TIER, tier.to_string())];
            if let Some(team) = team.and_then(|at| self.tree.rows().get(at as usize)) {
                let above = self.tree.ancestors(team).into_iter().chain([team]);
                scopes.extend(above.map(|team| (standing::TEAM, team.id.clone())));
            }
            for scope in scopes {
                *counts.entry(scope).or_default() += n;
            }
        }
        counts
    }

    /// The letter of a number.
    pub fn letter(&self, number: u8) -> String {
        self.letters.get(usize::from(number)).cloned().unwrap_or_default()
    }

    /// The slug of a team, by its place in the tree.
    pub fn team_slug(&self, at: u32) -> &str {
        self.tree.rows().get(at as usize).map_or("", |team| team.slug.as_str())
    }

    /// The slug of a service, by its number.
    pub fn service_slug(&self, at: u32) -> &str {
        self.services.get(at as usize).map_or("", |service| &*service.slug)
    }

    /// No grading run has ended between the two.
    pub fn same_run(&self, other: &Self) -> bool {
        self.version.run == other.version.run
    }

    /// Whether it is made anew at once when anything has changed.
    pub(super) fn is_small(&self) -> bool {
        self.all.services <= SMALL as i64
    }
}

/// The certificates that a page of services holds.
struct Certificates(HashMap<String, Vec<HeldRow>>);

impl Certificates {
    fn of(conn: &mut Conn, rows: &[store::fleet::FleetRow]) -> Result<Self> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Self(HashMap::new())) };
        let mut by_service: HashMap<String, Vec<HeldRow>> = HashMap::new();
        for row in store::awards::certificates_between(conn, &first.service_id, &last.service_id)? {
            by_service.entry(row.service_id.clone()).or_default().push(row);
        }
        Ok(Self(by_service))
    }

    fn of_service(&self, id: &str) -> &[HeldRow] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }
}

/// The picture held by this process.
pub struct Fleet {
    db: Db,
    clock: Arc<dyn Clock>,
    held: Mutex<Option<Held>>,
    /// Whoever makes a picture holds this; the others wait for theirs to be the same.
    making: Mutex<()>,
    watched: AtomicBool,
    /// How the challenges stand, kept beside the picture for the same reasons.
    pub(super) challenges: super::challenges::Kept,
    /// Frozen seasons that were read.
    pub(super) archives: Mutex<Archives>,
}

struct Held {
    picture: Arc<Picture>,
    /// Last known to be up to date.
    valid: Instant,
    read: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet {
    /// No picture yet.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self {
            db,
            clock,
            held: Mutex::new(None),
            making: Mutex::new(()),
            watched: AtomicBool::new(false),
            challenges: super::challenges::Kept::default(),
            archives: Mutex::default(),
        }
    }

    /// The picture to show in this transaction.
    pub fn picture(self: &Arc<Self>, conn: &mut Conn) -> Result<Arc<Picture>> {
        let now = Version::of(conn)?;
        if let Some(picture) = self.held_for(now) {
            return Ok(picture);
        }
        let _making = lock(&self.making);
        // Another reader may have made it while this one waited.
        if let Some(picture) = self.held_for(now) {
            return Ok(picture);
        }
        self.make(conn)
    }

    /// What is held, if it is good enough for a reader who sees the database at `now`.
    fn held_for(self: &Arc<Self>, now: Version) -> Option<Arc<Picture>> {
        let mut held = lock(&self.held);
        let held = held.as_mut()?;
        let at = Instant::now();
        held.read = at;
        let current = held.picture.version.covers(now);
        if current {
            held.valid = at;
        }
        let large = !held.picture.is_small();
        if large {
            self.watch();
        }
        (current || (large && at.duration_since(held.valid) < OLDEST)).then(|| Arc::clone(&held.picture))
    }

    fn make(&self, conn: &mut Conn) -> Result<Arc<Picture>> {
        let began = Instant::now();
        let picture = Arc::new(Picture::make(conn)?);
        let before = lock(&self.held).as_ref().map(|h| Arc::clone(&h.picture));
        if let Some(before) = &before {
            lock(&picture.boards).take_over(&lock(&before.boards), before, &picture);
        }
        if !picture.is_small() {
            kept::warm(conn, &picture, self.clock.now())?;
        }
        tracing::debug!(services = picture.all.services, ms = began.elapsed().as_millis(), "fleet");
        let mut held = lock(&self.held);
        let newer = held.as_ref().is_none_or(|h| picture.version.covers(h.picture.version));
        if newer {
            *held = Some(Held { picture: Arc::clone(&picture), valid: began, read: Instant::now() });
        }
        Ok(picture)
    }

    /// Starts the background thread unless it runs.
    fn watch(self: &Arc<Self>) {
        if self.watched.swap(true, Ordering::SeqCst) {
            return;
        }
        let fleet = Arc::clone(self);
        let started = std::thread::Builder::new().name("fleet".into()).spawn(move || {
            while fleet.is_read() {
                std::thread::sleep(LOOK);
                if let Err(error) = fleet.refresh() {
                    tracing::warn!(%error, "fleet");
                }
            }
            fleet.watched.store(false, Ordering::SeqCst);
        });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread for the fleet");
            self.watched.store(false, Ordering::SeqCst);
        }
    }

    fn is_read(&self) -> bool {
        lock(&self.held).as_ref().is_some_and(|h| h.read.elapsed() < IDLE && !h.picture.is_small())
    }

    /// Makes the picture anew if the database has moved on; for the background, and to warm up at start.
    pub fn refresh(&self) -> Result<()> {
        self.db.read(|conn| {
            let now = Version::of(conn)?;
            let _making = lock(&self.making);
            if let Some(held) = lock(&self.held).as_mut().filter(|h| h.picture.version.covers(now)) {
                held.valid = Instant::now();
                return Ok(());
            }
            self.make(conn).map(|_| ())
        })
    }
}

impl Tx<'_> {
    /// The picture of all services to show in this transaction.
    pub fn picture(&mut self) -> Result<Arc<Picture>> {
        let fleet = Arc::clone(&self.fleet);
        fleet.picture(self.conn)
    }
}
