//! Drill results: through the server, through its use case, and as bare rows, which is the database's own ceiling.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use waterbear::app::drills::{self, RecordDrill};
use waterbear::app::ingest::{Document, read};
use waterbear::app::{Actor, App};
use waterbear::clock::SystemClock;
use waterbear::config::Config;
use waterbear::formats::{Format, Hints};
use waterbear::store::drills::{DocumentRow, DrillRow, KeyRow};
use waterbear::store::events::{EventRow, NewEvent};
use waterbear::store::evidence::EvidenceRow;
use waterbear::store::grades::{HistoryRow, ScoreRow};
use waterbear::store::schema;
use waterbear::store::{self, Conn, DatabaseUrl};

use crate::client;
use crate::load::{CONNECTIONS, Requests};
use crate::place::slug;

const FAILURES: [&str; 10] =
    ["dns", "cpu", "memory", "disk", "network", "latency", "clock", "host_offline", "disk_write", "rack"];

/// The n-th result of a run: services in turn, another failure each round, never the same key.
pub fn result(run: &str, n: u64, services: usize) -> String {
    let (round, service) = (n as usize / services, n as usize % services);
    let failure = FAILURES[round % FAILURES.len()];
    let (began, ended) = (harness::seconds_from_now(-3_660), harness::seconds_from_now(-3_600));
    format!(
        r#"{{"service":"{}","kind":"infrastructure","failure":"{failure}","environment":"staging","outcome":"passed","started_at":"{began}","ended_at":"{ended}","rollback":{{"outcome":"succeeded","seconds":41}},"hypothesis":"The page renders all the same","external_id":"{run}-{n}","source":{{"tool":"bench","version":"1","run_id":"{n}"}}}}"#,
        slug(service)
    )
}

/// Posts of such results.
pub fn posts(run: &str, token: &str, services: usize) -> Requests {
    let (run, token) = (run.to_owned(), token.to_owned());
    Rc::new(move |n| client::post("/api/v1/drills", &token, &result(&run, n, services)).into())
}

/// The application over a copy of a database, without HTTP.
pub fn app(url: &str) -> Arc<App> {
    let database = DatabaseUrl::parse(url).unwrap_or_else(|e| panic!("{url}: {e}"));
    let config = Config { database, ..Config::default() };
    App::visit(config, Arc::new(SystemClock)).unwrap_or_else(|e| panic!("{url}: {e:#}"))
}

fn command(run: &str, n: u64, services: usize) -> RecordDrill {
    let body = result(run, n, services);
    match read(Format::Drill, body.as_bytes(), &Hints::default(), None).expect("a result") {
        Document::Result(command) => *command,
        other => panic!("no result: {other:?}"),
    }
}

/// Results a second when each has a transaction of its own, from as many threads as there are connections.
pub fn one_by_one(app: &Arc<App>, run: &str, services: usize, time: Duration) -> f64 {
    let next = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let actor = Actor::command_line();
                while began.elapsed() < time {
                    let command = command(run, next.fetch_add(1, Ordering::Relaxed), services);
                    app.write_now(&actor, |tx| drills::record(tx, &command)).expect("a result is recorded");
                }
            });
        }
    });
    next.into_inner() as f64 / began.elapsed().as_secs_f64()
}

/// Results a second through the use case that shares transactions, from as many tasks.
pub fn grouped(app: &Arc<App>, run: &str, services: usize, time: Duration) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let next = Rc::new(std::cell::Cell::new(0_u64));
    let began = Instant::now();
    local.block_on(&runtime, async {
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (app, next, run) = (Arc::clone(app), Rc::clone(&next), run.to_owned());
                tokio::task::spawn_local(async move {
                    while began.elapsed() < time {
                        let n = next.replace(next.get() + 1);
                        let command = command(&run, n, services);
                        let done = app.post(Actor::command_line(), vec![command]).await;
                        done.expect("results are recorded").pop().expect("an answer").expect("a result");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a task");
        }
    });
    next.get() as f64 / began.elapsed().as_secs_f64()
}

/// Everything that one transaction of the server wrote.
#[derive(Default)]
struct Group {
    documents: Vec<DocumentRow>,
    drills: Vec<DrillRow>,
    keys: Vec<KeyRow>,
    evidence: Vec<EvidenceRow>,
    scores: Vec<ScoreRow>,
    history: Vec<HistoryRow>,
    events: Vec<NewEvent>,
}

/// The rows that a run of posts left behind, by the transaction that wrote them.
pub struct Rows {
    groups: Vec<Group>,
    drills: usize,
}

impl Rows {
    /// Reads the rows of all results whose key begins with `run`.
    pub fn of(app: &App, run: &str) -> Self {
        let read = app.db().plain(|conn| Ok(Self::read(conn, run)?));
        read.unwrap_or_else(|e| panic!("reading rows: {e:#}"))
    }

    fn read(conn: &mut Conn, run: &str) -> QueryResult<Self> {
        let drills: Vec<DrillRow> = schema::drills::table
            .filter(schema::drills::external_id.like(format!("{run}-%")))
            .order(schema::drills::id)
            .load(conn)?;
        let instants: BTreeSet<i64> = drills.iter().map(|row| row.received_at).collect();
        let (lo, hi) = (instants.first().copied().unwrap_or(0), instants.last().copied().unwrap_or(0));
        let mut groups: BTreeMap<i64, Group> = instants.iter().map(|at| (*at, Group::default())).collect();
        let evidence: BTreeMap<String, EvidenceRow> = schema::evidence::table
            .load::<EvidenceRow>(conn)?
            .into_iter()
            .map(|row| (row.service_id.clone(), row))
            .collect();
        let scores: BTreeMap<String, ScoreRow> = schema::scores::table
            .load::<ScoreRow>(conn)?
            .into_iter()
            .map(|row| (row.service_id.clone(), row))
            .collect();
        let count = drills.len();
        for row in drills {
            let Some(group) = groups.get_mut(&row.received_at) else { continue };
            if !group.scores.iter().any(|known| known.service_id == row.service_id) {
                group.scores.extend(scores.get(&row.service_id).cloned());
                group.evidence.extend(evidence.get(&row.service_id).cloned());
            }
            group.drills.push(row);
        }
        for row in schema::documents::table
            .filter(schema::documents::received_at.between(lo, hi))
            .load::<DocumentRow>(conn)?
        {
            groups.entry(row.received_at).or_default().documents.push(row);
        }
        for row in schema::idempotency_keys::table
            .filter(schema::idempotency_keys::created_at.between(lo, hi))
            .load::<KeyRow>(conn)?
        {
            groups.entry(row.created_at).or_default().keys.push(row);
        }
        for row in schema::score_history::table
            .filter(schema::score_history::at.between(lo, hi))
            .load::<HistoryRow>(conn)?
        {
            groups.entry(row.at).or_default().history.push(row);
        }
        let events = schema::events::table
            .filter(schema::events::at.between(lo, hi))
            .order(schema::events::seq)
            .load::<EventRow>(conn)?;
        for row in events {
            groups.entry(row.at).or_default().events.push(row.content());
        }
        Ok(Self { groups: groups.into_values().collect(), drills: count })
    }

    /// Results a transaction, on average.
    pub fn group_size(&self) -> f64 {
        self.drills as f64 / self.groups.len().max(1) as f64
    }

    /// Writes the same rows in the same transactions into a copy made before them; results a second.
    ///
    /// On PostgreSQL by two at once, as the server does; SQLite has one writer.
    pub fn write(self, app: &App) -> f64 {
        let writers = if matches!(app.config.database, DatabaseUrl::Sqlite { .. }) { 1 } else { 2 };
        let groups = std::sync::Mutex::new(self.groups.into_iter());
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..writers {
                scope.spawn(|| {
                    while let Some(group) = { groups.lock().expect("the groups").next() } {
                        app.db().write(|conn| Ok(write(conn, &group)?)).expect("rows are written");
                    }
                });
            }
        });
        self.drills as f64 / began.elapsed().as_secs_f64()
    }
}

fn write(conn: &mut Conn, group: &Group) -> QueryResult<()> {
    store::drills::insert_documents(conn, &group.documents)?;
    store::drills::insert(conn, &group.drills)?;
    store::drills::insert_keys(conn, &group.keys)?;
    store::evidence::put(conn, &group.evidence)?;
    store::grades::upsert(conn, &group.scores)?;
    store::grades::append_history(conn, &group.history)?;
    store::events::append(conn, &group.events)
}
