//! The turns in which sources are asked: claimed by one process, stored in parts, ended with the time of the next.

use std::time::Duration;

use serde::Deserialize;

use super::Collected;
use crate::app::Tx;
use crate::config::SourceConfig;
use crate::error::Result;
use crate::store;
use crate::store::services::ServiceRow;
use crate::store::telemetry::{SourceRow, TelemetryRow};
use crate::types::Timestamp;

/// A service to ask about, with what the catalog says of it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Id of the service.
    pub id: String,
    /// Its slug.
    pub slug: String,
    /// Its labels.
    pub labels: Vec<(String, String)>,
    /// Its annotations.
    pub annotations: Vec<(String, String)>,
}

/// The next services to ask about, after the one with the id `after`.
pub fn targets(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<Target>> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Entity {
        annotations: std::collections::BTreeMap<String, String>,
    }
    let wanted = store::telemetry::wanted(tx.conn, after, limit)?;
    let target = |(id, slug, labels, entity): store::telemetry::Wanted| {
        let labels: Vec<String> = serde_json::from_str(&labels).unwrap_or_default();
        let pairs = labels.iter().filter_map(|l| l.split_once('='));
        let entity: Entity = entity.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        Target {
            id,
            slug,
            labels: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            annotations: entity.annotations.into_iter().collect(),
        }
    };
    Ok(wanted.into_iter().map(target).collect())
}

/// How long a claimed collection is held at least before another process may take it over; each part that is stored
/// extends it.
const LEASE: Duration = Duration::from_mins(5);
/// As many answers as a part may wait for, one after the other; the lease outlasts them.
const ANSWERS_OF_A_PART: u32 = 20;

/// A claimed collection.
#[derive(Clone, Debug)]
pub struct Turn {
    source: String,
    job: String,
    due: i64,
    owner: String,
    lease: Duration,
}

/// When a source is due; none: it was never asked.
pub fn next_at(tx: &mut Tx<'_>, source: &SourceConfig) -> Result<Option<Timestamp>> {
    let row = store::telemetry::source(tx.conn, &source.name)?;
    Ok(row.map(|row| due(&row, source)))
}

/// The instant of a row, brought nearer when the settings ask more often than they did.
pub(super) fn due(row: &SourceRow, source: &SourceConfig) -> Timestamp {
    let interval = i64::try_from(source.interval.as_millis()).unwrap_or(i64::MAX);
    let soonest = row.last_try_at.map_or(row.next_at, |last| last.saturating_add(interval));
    Timestamp(row.next_at.min(soonest))
}

/// Claims the collection of a source that is due, for this process; none: it is not due, or another process has it.
pub fn take_turn(tx: &mut Tx<'_>, source: &SourceConfig, owner: &str) -> Result<Option<Turn>> {
    let row = row(tx, &source.name)?;
    if due(&row, source) > tx.now {
        return Ok(None);
    }
    let lease = LEASE.max(source.timeout * ANSWERS_OF_A_PART);
    // All processes name the turn by what is stored, whatever their clocks say.
    let job = format!("collect:{}", source.name);
    let claimed = store::runs::claim(tx.conn, &job, row.next_at, owner, lease)?;
    let turn = Turn { source: source.name.clone(), job, due: row.next_at, owner: owner.to_owned(), lease };
    Ok(claimed.then_some(turn))
}

/// The row of a source; a new one is due at once.
fn row(tx: &mut Tx<'_>, name: &str) -> Result<SourceRow> {
    if let Some(row) = store::telemetry::source(tx.conn, name)? {
        return Ok(row);
    }
    let new = SourceRow {
        name: name.to_owned(),
        version: String::new(),
        last_try_at: None,
        last_success_at: None,
        away_since: None,
        last_error: String::new(),
        failures: 0,
        next_at: tx.now.0,
    };
    store::telemetry::add_source(tx.conn, &new)?;
    // Another process may have been first: then its row holds.
    Ok(store::telemetry::source(tx.conn, name)?.unwrap_or(new))
}

/// What a source said of one service.
#[derive(Clone, Debug)]
pub enum Said {
    /// It does not know the service.
    Nothing,
    /// What it found.
    Found(Box<Collected>),
    /// Why it could not say anything.
    Failed(String),
}

/// Stores a part of a turn, and hands what is new to the degraders; false when another process has taken it over: then
/// nothing was stored.
pub fn keep(tx: &mut Tx<'_>, turn: &Turn, part: &[(Target, Said)]) -> Result<bool> {
    if !store::runs::extend(tx.conn, &turn.job, turn.due, &turn.owner, turn.lease)? {
        return Ok(false);
    }
    let mut rows = Vec::new();
    for (target, said) in part {
        match said {
            Said::Nothing => {
                let why = "the source knows no calls of it any more";
                store::telemetry::note(tx.conn, &turn.source, &target.id, tx.now.0, why)?;
            }
            Said::Failed(why) => {
                if !store::telemetry::note(tx.conn, &turn.source, &target.id, tx.now.0, why)? {
                    rows.push(TelemetryRow {
                        source: turn.source.clone(),
                        service_id: target.id.clone(),
                        collected_at: None,
                        tried_at: tx.now.0,
                        error: why.clone(),
                        attention: 1,
                        body: String::new(),
                    });
                }
            }
            Said::Found(collected) => rows.push(TelemetryRow {
                source: turn.source.clone(),
                service_id: target.id.clone(),
                collected_at: Some(collected.at.0),
                tried_at: tx.now.0,
                error: String::new(),
                attention: collected.attention(),
                body: serde_json::to_string(collected).map_err(anyhow::Error::new)?,
            }),
        }
    }
    store::telemetry::put(tx.conn, &rows)?;
    for_each_found(tx, part, super::handover::hand_over)?;
    Ok(true)
}

/// Does of [`keep`] what takes long, in a transaction that nobody waits for.
pub fn rehearse(tx: &mut Tx<'_>, part: &[(Target, Said)]) -> Result<()> {
    for_each_found(tx, part, super::handover::rehearse)
}

/// In the order of their ids, as everybody locks them.
fn for_each_found(
    tx: &mut Tx<'_>,
    part: &[(Target, Said)],
    run: fn(&mut Tx<'_>, &ServiceRow, &Collected) -> Result<()>,
) -> Result<()> {
    let mut found: Vec<(&str, &Collected)> = part
        .iter()
        .filter_map(|(target, said)| match said {
            Said::Found(collected) => Some((target.id.as_str(), collected.as_ref())),
            Said::Nothing | Said::Failed(_) => None,
        })
        .collect();
    found.sort_by_key(|(id, _)| *id);
    for (id, collected) in found {
        if let Some(service) = store::services::by_id(tx.conn, id)?.filter(|s| s.removed_at.is_none()) {
            run(tx, &service, collected)?;
        }
    }
    Ok(())
}

/// How a turn ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// Version of the source, where it tells one.
    pub version: Option<String>,
    /// Why the source is away; none: it answered.
    pub away: Option<String>,
    /// By what share the wait after a failure is lengthened or shortened, -1 to 1.
    pub jitter: f64,
}

/// The wait after a first failure; each further one doubles it.
const FIRST_WAIT_MS: f64 = 15_000.0;

/// Ends a turn and says when the next is due; false when another process has taken it over.
pub fn end(tx: &mut Tx<'_>, turn: &Turn, source: &SourceConfig, ended: &Ended) -> Result<bool> {
    if !store::runs::extend(tx.conn, &turn.job, turn.due, &turn.owner, turn.lease)? {
        return Ok(false);
    }
    let mut row = row(tx, &source.name)?;
    let interval = source.interval.as_secs_f64() * 1_000.0;
    row.last_try_at = Some(tx.now.0);
    if let Some(why) = &ended.away {
        row.failures = row.failures.saturating_add(1);
        row.last_error.clone_from(why);
        row.away_since = row.away_since.or(Some(tx.now.0));
    } else {
        row.failures = 0;
        row.last_success_at = Some(tx.now.0);
        row.away_since = None;
        row.last_error = String::new();
    }
    if let Some(version) = &ended.version {
        row.version.clone_from(version);
    }
    row.next_at = tx.now.0 + wait_ms(interval, row.failures, ended.jitter);
    store::telemetry::put_source(tx.conn, &row)?;
    store::runs::finish_job(tx.conn, &turn.job, turn.due)?;
    store::runs::forget_before(tx.conn, &turn.job, turn.due)?;
    Ok(true)
}

/// From the end of a turn to the next: the interval, or after failures less of it, so that a source that is back is soon
/// noticed, and one that stays away is left in peace.
fn wait_ms(interval: f64, failures: i32, jitter: f64) -> i64 {
    if failures == 0 {
        return interval as i64;
    }
    let doubled = FIRST_WAIT_MS * 2_f64.powi((failures - 1).min(20));
    (doubled.min(interval) * (1.0 + 0.25 * jitter.clamp(-1.0, 1.0))) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_away_is_asked_less_and_less_often() {
        let hour = 3_600_000.0;
        let waits: Vec<i64> = [0, 1, 2, 3, 9, 10_000].map(|n| wait_ms(hour, n, 0.0)).to_vec();
        assert_eq!(waits, [3_600_000, 15_000, 30_000, 60_000, 3_600_000, 3_600_000]);
        assert_eq!(wait_ms(hour, 1, 1.0), 18_750, "not all at once");
        assert_eq!(wait_ms(5_000.0, 3, -1.0), 3_750, "never longer than usual, but for the jitter");
    }
}
