//! `verify`: an installation read through in one transaction, everything that can be computed again compared.
//!
//! Memory is bounded by a batch of services, whatever the size of the installation.

mod chain;
mod evidence;
mod scores;

use crate::error::Result;
use crate::store::{self, Conn, DatabaseUrl, audit};

/// Problems of one check that are told one by one; the others are only counted.
pub const TOLD: usize = 20;

/// Services compared at a time.
const BATCH: i64 = 1_000;

/// What one check has found.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How much of it, in words.
    pub extent: String,
    /// The first problems, a sentence each.
    pub told: Vec<String>,
    /// All problems.
    pub problems: usize,
}

impl Check {
    fn new(name: &'static str) -> Self {
        Self { name, extent: String::new(), told: Vec::new(), problems: 0 }
    }

    fn problem(&mut self, text: impl FnOnce() -> String) {
        self.problems += 1;
        if self.told.len() < TOLD {
            self.told.push(text());
        }
    }
}

/// Checks the database at `url`, of either kind, and writes nothing; calls `done` after each check. True if nothing
/// was found.
pub fn verify(url: &DatabaseUrl, mut done: impl FnMut(&Check)) -> anyhow::Result<bool> {
    let mut clean = true;
    let mut each = |check: Check| {
        clean &= check.problems == 0;
        done(&check);
    };
    store::look(url, |conn| {
        store::require_current(conn)?;
        each(file(conn)?);
        each(references(conn)?);
        each(keys(conn)?);
        let (states, facts) = evidence::check(conn)?;
        each(states);
        each(facts);
        each(scores::check(conn)?);
        each(chain::check(conn)?);
        Ok(())
    })?;
    Ok(clean)
}

fn file(conn: &mut Conn) -> Result<Check> {
    let mut check = Check::new("file");
    match audit::file(conn)? {
        Some(said) => {
            check.extent = "read through by SQLite".into();
            for line in said {
                check.problem(|| line);
            }
        }
        None => check.extent = "PostgreSQL keeps its own (see pg_amcheck)".into(),
    }
    Ok(check)
}

fn references(conn: &mut Conn) -> Result<Check> {
    let mut check = Check::new("references");
    let (n, loose) = audit::references(conn)?;
    check.extent = format!("{n} foreign keys");
    for of in loose {
        check.problem(|| {
            format!(
                "{}: {} rows name a row of {} that is missing, e.g. {}",
                of.child, of.n, of.parent, of.example
            )
        });
    }
    Ok(check)
}

fn keys(conn: &mut Conn) -> Result<Check> {
    let mut check = Check::new("keys");
    // Bounded: more than this need not be counted.
    let (n, lost) = audit::keys(conn, 10_000)?;
    check.extent = format!("{n} idempotency keys");
    for of in lost {
        let (owner, key, drill) = (of.owner, of.key, of.drill_id);
        check.problem(|| format!("key `{key}` of `{owner}` names the drill {drill}, which is missing"));
    }
    Ok(check)
}
