//! Of several processes one does a scheduled job, and a dead one's is taken over when its lease has run out.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use waterbear::app::{Actor, App, retention};
use waterbear::clock::{Clock, FrozenClock};
use waterbear::config::Config;
use waterbear::store::{Conn, DatabaseUrl, runs};
use waterbear::types::Timestamp;

fn open(url: &str) -> Arc<App> {
    let config = Config { database: DatabaseUrl::parse(url).unwrap(), ..Config::default() };
    let clock = FrozenClock::at(Timestamp::parse("2026-11-10T09:00:00Z").unwrap());
    App::build(config, Arc::new(clock) as Arc<dyn Clock>).unwrap()
}

fn on<T>(app: &App, run: impl Fn(&mut Conn) -> QueryResult<T> + Send + Sync) -> T {
    app.write_now(&Actor::schedule(), |tx| Ok(run(tx.conn)?)).unwrap()
}

#[test]
fn a_job_is_claimed_once_and_taken_over_when_its_lease_ends() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&crate::database("claims", folder.path()));
    let claim = |owner: &str, lease| on(&app, |conn| runs::claim(conn, "tidy", 1_000, owner, lease));
    let (moment, hour) = (Duration::from_millis(1), Duration::from_hours(1));
    assert!(claim("a", moment));
    std::thread::sleep(Duration::from_millis(20));
    assert!(claim("b", hour), "the lease of a has run out");
    assert!(!claim("c", hour), "b has it for an hour");
    on(&app, |conn| runs::finish_job(conn, "tidy", 1_000));
    assert!(!claim("c", hour), "it is done");
}

#[derive(QueryableByName)]
struct Lease {
    #[diesel(sql_type = BigInt)]
    lease_until: i64,
}

#[test]
fn a_killed_prune_can_be_taken_over_the_same_day() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&crate::database("prune_claim", folder.path()));
    assert!(retention::run_due(&app).unwrap().is_some(), "today's turn is free");
    assert!(retention::run_due(&app).unwrap().is_none(), "it has been taken");
    let (now, lease) = on(&app, |conn| {
        let sql = "SELECT lease_until FROM job_runs WHERE job = 'prune'";
        Ok((runs::shared_now(conn)?, diesel::sql_query(sql).get_result::<Lease>(conn)?.lease_until))
    });
    let hours = (lease - now) / 3_600_000;
    assert!((1..12).contains(&hours), "the claim is held for {hours} h");
}
