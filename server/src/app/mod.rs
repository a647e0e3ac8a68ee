//! Use cases: plain functions over a transaction. `App` is what the outside calls; `Tx` is the one context.

pub mod actor;
pub mod alerts;
pub mod audit;
pub mod awards;
pub mod boards;
pub mod catalog;
pub mod challenges;
pub mod counts;
pub mod degrader;
pub mod deployments;
pub mod drill_tickets;
pub mod drills;
pub mod due;
pub mod evidence;
pub mod facts;
pub mod feed;
pub mod fleet;
pub mod flows;
pub mod grading;
pub mod health;
pub mod hooks;
pub mod identity;
pub mod ingest;
pub mod intake;
pub mod kept;
pub mod keys;
pub mod limits;
pub mod openid;
pub mod outbox;
pub mod overview;
pub mod owners;
pub mod people;
pub mod plans;
pub mod posted;
pub mod publishers;
pub mod recording;
pub mod replay;
pub mod retention;
pub mod reviews;
pub mod rollups;
pub mod rulebook;
pub mod runs;
pub mod scorecard;
pub mod sentences;
pub mod services;
pub mod sharing;
pub mod sources;
pub mod standing;
pub mod state;
mod tally;
pub mod teams;
pub mod tokens;
pub mod veil;
pub mod verify;
pub mod views;
pub mod what_if;

use std::cell::OnceCell;
use std::sync::{Arc, RwLock};

pub use actor::Actor;
pub use rulebook::Book;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::store::events::NewEvent;
use crate::store::{self, Conn, Db};
use crate::types::Timestamp;

/// The application: settings, clock, database and the rulebook in force.
pub struct App {
    /// Settings.
    pub config: Config,
    clock: Arc<dyn Clock>,
    db: Db,
    book: RwLock<Arc<Book>>,
    fleet: Arc<fleet::Fleet>,
    runs_wanted: tokio::sync::Notify,
    intake: std::sync::OnceLock<intake::Intake>,
    counters: limits::Counters,
    instance: String,
    bound: std::sync::OnceLock<std::net::SocketAddr>,
}

/// One transaction: its connection, its single `now`, who acts, and the rulebook in force.
pub struct Tx<'a> {
    /// The connection, inside a transaction.
    pub conn: &'a mut Conn,
    /// The instant of everything in this transaction.
    pub now: Timestamp,
    /// Who acts.
    pub actor: &'a Actor,
    /// The rulebook in force.
    pub book: Arc<Book>,
    /// Settings.
    pub config: &'a Config,
    /// Address under which others reach this installation, without trailing slash.
    pub base_url: String,
    /// What has happened; appended to the log at the end of the transaction.
    pub events: &'a mut Vec<NewEvent>,
    /// The picture of all services.
    pub fleet: Arc<fleet::Fleet>,
    clock: &'a dyn Clock,
    /// The hidden teams, read when first asked for, for all who act in this transaction.
    hidden: &'a OnceCell<Vec<store::veil::HiddenTeam>>,
    /// What the actor may not know of.
    veil: OnceCell<Arc<veil::Veil>>,
}

impl App {
    /// Opens the database, brings its schema up to date and puts the settings' rulebook in force.
    pub fn build(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Self>> {
        Self::open(config, clock, true)
    }

    /// Like [`App::build`] for a command that only visits: the rulebook in force stays.
    pub fn visit(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<Self>> {
        Self::open(config, clock, false)
    }

    fn open(config: Config, clock: Arc<dyn Clock>, publish: bool) -> anyhow::Result<Arc<Self>> {
        let db = Db::open(&config.database)?;
        db.limit_waiting(config.limits.max_waiting);
        store::migrate(&db)?;
        let book = rulebook::start(&db, &config, clock.as_ref(), publish)?;
        let app = Self {
            config,
            fleet: Arc::new(fleet::Fleet::new(db.clone(), Arc::clone(&clock))),
            clock,
            db,
            book: RwLock::new(Arc::new(book)),
            runs_wanted: tokio::sync::Notify::new(),
            intake: std::sync::OnceLock::new(),
            counters: limits::Counters::default(),
            instance: instance_name()?,
            bound: std::sync::OnceLock::new(),
        };
        Ok(Arc::new(app))
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The picture of all services.
    pub fn fleet(&self) -> &Arc<fleet::Fleet> {
        &self.fleet
    }

    /// The database, for jobs of operation (backup, readiness).
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// What this process counted of limits.
    pub(crate) fn counters(&self) -> &limits::Counters {
        &self.counters
    }

    /// The rulebook in force.
    pub fn book(&self) -> Arc<Book> {
        match self.book.read() {
            Ok(book) => Arc::clone(&book),
            Err(poisoned) => Arc::clone(&poisoned.into_inner()),
        }
    }

    pub(crate) fn put_book(&self, book: Book) {
        match self.book.write() {
            Ok(mut slot) => *slot = Arc::new(book),
            Err(poisoned) => *poisoned.into_inner() = Arc::new(book),
        }
        self.db.end_generation();
    }

    /// Keeps the address the server listens on, for links.
    pub fn set_bound(&self, addr: std::net::SocketAddr) {
        // A second server in one process (tests) keeps the first address.
        let _ = self.bound.set(addr);
    }

    /// Address under which others reach this installation: the public one, the bound one, the configured one.
    /// An address that means "every interface" is no address to reach: this machine's name for itself stands in.
    pub fn base_url(&self) -> String {
        if let Some(url) = &self.config.public_url {
            return url.clone();
        }
        let Some(mut addr) = self.bound.get().copied().or_else(|| self.config.listen.parse().ok()) else {
            return format!("http://{}", self.config.listen);
        };
        if addr.ip().is_unspecified() {
            addr.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{addr}")
    }

    /// The name of this process among those on the same database.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// Tells the run loop that a grading run waits.
    pub fn wake_runs(&self) {
        self.runs_wanted.notify_one();
    }

    /// Waits until a grading run may be waiting.
    pub async fn run_wanted(&self) {
        self.runs_wanted.notified().await;
    }

    /// Runs a use case in one write transaction, under the rulebook that is in force in the database.
    pub fn write_now<T>(&self, actor: &Actor, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.db.write(|conn| {
            let book = rulebook::in_force(self, conn)?;
            let mut events = Vec::new();
            let done = self.in_tx(conn, book, actor, &mut events, f)?;
            store::events::append(conn, &events)?;
            Ok(done)
        })
    }

    /// Runs a read of the program itself, which may know everything, in one read-only transaction.
    pub fn read_now<T>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.read_as(&Actor::schedule(), f)
    }

    /// [`App::read_now`] for somebody: what is hidden from them is not there.
    pub fn read_as<T>(&self, actor: &Actor, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.db.read(|conn| self.in_tx(conn, self.book(), actor, &mut Vec::new(), f))
    }

    fn in_tx<T>(
        &self,
        conn: &mut Conn,
        book: Arc<Book>,
        actor: &Actor,
        events: &mut Vec<NewEvent>,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        f(&mut Tx {
            conn,
            now: self.clock.now(),
            actor,
            book,
            config: &self.config,
            base_url: self.base_url(),
            fleet: Arc::clone(&self.fleet),
            events,
            clock: self.clock.as_ref(),
            hidden: &OnceCell::new(),
            veil: OnceCell::new(),
        })
    }

    /// [`App::write_now`] on a blocking thread. The work goes on even if the caller goes away.
    pub async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        actor: Actor,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let app = Arc::clone(self);
        let turn = self.db.turn_to_write().await?;
        blocking(move || {
            let _turn = turn;
            app.write_now(&actor, f)
        })
        .await
    }

    /// Records drill results in a transaction shared with whoever posts at the same time; answers after its commit.
    pub async fn post(
        self: &Arc<Self>,
        actor: Actor,
        results: Vec<drills::RecordDrill>,
    ) -> Result<recording::PostAnswer> {
        if self.intake.get().is_none() {
            let started = intake::Intake::start(self)?;
            // Somebody else may have been first: then these threads end at once.
            let _ = self.intake.set(started);
        }
        let post = recording::Post { actor, results };
        match self.intake.get() {
            Some(intake) => intake.post(post).await,
            None => Err(Error::Internal(anyhow::anyhow!("the intake did not start"))),
        }
    }

    /// [`App::read_as`] on a blocking thread.
    pub async fn read_for<T: Send + 'static>(
        self: &Arc<Self>,
        actor: Actor,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let app = Arc::clone(self);
        let turn = self.db.turn_to_read().await?;
        blocking(move || {
            let _turn = turn;
            app.read_as(&actor, f)
        })
        .await
    }
}

fn instance_name() -> anyhow::Result<String> {
    Ok(format!("{}-{}", std::process::id(), crate::types::hex(&crate::types::random::<8>()?)))
}

/// Runs blocking work on a thread of its own.
pub async fn blocking<T: Send + 'static>(f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(f)
        .await
        .map_err(|error| Error::Internal(anyhow::Error::new(error).context("a worker stopped")))?
}

impl Tx<'_> {
    /// A fresh id.
    pub fn new_id(&self) -> String {
        self.clock.new_id()
    }

    /// Runs `f` as somebody else: each of several senders who share one transaction.
    pub fn acting<T>(&mut self, actor: &Actor, f: impl FnOnce(&mut Tx<'_>) -> T) -> T {
        f(&mut Tx {
            conn: self.conn,
            now: self.now,
            actor,
            book: Arc::clone(&self.book),
            config: self.config,
            base_url: self.base_url.clone(),
            fleet: Arc::clone(&self.fleet),
            events: self.events,
            clock: self.clock,
            hidden: self.hidden,
            veil: OnceCell::new(),
        })
    }
}
