//! Retention: raw rows past their time become one row a day, and go; what the present still rests on stays.
//!
//! Never deleted: events; a drill that its identity's state still needs, and its document; of each service the
//! standing, and of each fact the value, that held at the floor. So a grade, and a look back to any instant since the
//! floor, are the same before and after.

mod signals;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use chrono::{Datelike, Months};
use serde::Serialize;

use scoring_rules::MOST_RUNS;

use super::{Actor, App, Tx, counts, drill_tickets, publishers};
use crate::error::{Error, Result};
use crate::store;
use crate::store::retention::{DrillDay, OldDrill, OldFact, OldScore, ScoreDay};
use crate::types::{DAY_MS, Outcome, Timestamp};

/// Services whose old rows are looked at together.
const SERVICES: i64 = 25;
/// Passed results with a measured time that the median of an identity is taken over, at least.
const TIMED_PASSES: usize = 5;
/// Between two bites others get at the database.
const PAUSE: Duration = Duration::from_millis(2);
/// Where the floor is kept once something below it has gone.
const FLOOR: &str = "retention.floor";
/// Name of the daily job.
const JOB: &str = "prune";
/// Hour of the day, UTC, from which the job is due.
const HOUR: i64 = 3;
/// How long a claim of the job is held before another process may take it over.
const LEASE: Duration = Duration::from_hours(6);

/// What was pruned, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PruneReport {
    /// Raw rows are kept from this instant on; none: for ever.
    pub floor: Option<Timestamp>,
    /// Drill results.
    pub drills: usize,
    /// Documents they came in.
    pub documents: usize,
    /// Idempotency keys.
    pub keys: usize,
    /// Changes of scores.
    pub scores: usize,
    /// Earlier values of posted facts.
    pub facts: usize,
    /// Drill tickets without a result left.
    pub tickets: usize,
    /// Alerts.
    pub alerts: usize,
    /// Deployments.
    pub deployments: usize,
    /// Messages that nobody understood.
    pub messages: usize,
    /// Short tokens of CI jobs, after their end.
    pub ci_tokens: usize,
}

/// The first instant that is kept raw: so many calendar months ago, from the start of that day; 0 months: for ever.
pub fn floor(now: Timestamp, months: u32) -> Option<Timestamp> {
    let day = now.to_datetime().date_naive().checked_sub_months(Months::new(months))?;
    let start = Timestamp(i64::from(day.num_days_from_ce() - EPOCH_DAY) * DAY_MS);
    (months > 0).then_some(start)
}

/// 1970-01-01, counted as `num_days_from_ce` does.
const EPOCH_DAY: i32 = 719_163;

/// The least id of an instant: ids sort by time.
pub fn first_id(at: Timestamp) -> String {
    let ms = at.0.max(0);
    format!("{:08x}-{:04x}-0000-0000-000000000000", ms >> 16, ms & 0xffff)
}

/// Since when single results are kept; none while none has gone.
pub fn kept_since(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    let text = store::books::get(tx.conn, FLOOR)?;
    Ok(text.and_then(|t| t.parse().ok()).map(Timestamp))
}

/// Refuses a look back to before what is kept.
pub fn require_kept(tx: &mut Tx<'_>, at: Timestamp) -> Result<()> {
    match kept_since(tx)? {
        Some(since) if at < since => {
            let detail = format!(
                "single results are kept since {since}; of the time before there is one standing a day in the \
                 history (setting `retention.raw_months`)"
            );
            Err(Error::invalid("?as_of", detail))
        }
        _ => Ok(()),
    }
}

/// Prunes if today's turn has come and no other process has taken it.
pub fn run_due(app: &App) -> Result<Option<PruneReport>> {
    let now = app.clock().now();
    let due = Timestamp((now.0 - HOUR * 3_600_000).div_euclid(DAY_MS) * DAY_MS + HOUR * 3_600_000);
    if app.config.retention_months == 0 {
        return Ok(None);
    }
    let claim = |tx: &mut Tx<'_>| Ok(store::runs::claim(tx.conn, JOB, due.0, app.instance(), LEASE)?);
    if !app.write_now(&Actor::schedule(), claim)? {
        return Ok(None);
    }
    let report = prune(app, false)?;
    app.write_now(&Actor::schedule(), |tx| Ok(store::runs::finish_job(tx.conn, JOB, due.0)?))?;
    Ok(Some(report))
}

/// Prunes; with `dry_run` only counts. Ended at any moment, it goes on where it was when it is run again.
pub fn prune(app: &App, dry_run: bool) -> Result<PruneReport> {
    let bite = app.read_now(|tx| Ok(store::retention::bite(tx.conn)))?;
    let ci_tokens = publishers::sweep(app, bite, dry_run)?;
    let Some(floor) = floor(app.clock().now(), app.config.retention_months) else {
        return Ok(PruneReport { ci_tokens, ..PruneReport::default() });
    };
    if !dry_run {
        // What goes has been counted before.
        counts::settle(app)?;
    }
    let report = PruneReport { floor: Some(floor), ci_tokens, ..PruneReport::default() };
    let mut work = Work { app, floor, floor_id: first_id(floor), bite, dry_run, report };
    // Keys first, documents last: wherever it is ended, nothing names what has gone.
    work.keys()?;
    work.services()?;
    work.documents()?;
    work.report.tickets = drill_tickets::prune(app, floor, bite, dry_run)?;
    work.signals()?;
    Ok(work.report)
}

struct Work<'a> {
    app: &'a App,
    floor: Timestamp,
    floor_id: String,
    bite: usize,
    dry_run: bool,
    report: PruneReport,
}

/// What has been found and not yet deleted.
#[derive(Default)]
struct Found {
    drills: Vec<OldDrill>,
    scores: Vec<OldScore>,
    facts: Vec<OldFact>,
}

impl Work<'_> {
    /// Drills, changes of scores and values of facts, a few services at a time.
    fn services(&mut self) -> Result<()> {
        let mut found = Found::default();
        let mut after = String::new();
        loop {
            let (floor, floor_id) = (self.floor.0, self.floor_id.clone());
            let (ids, part) = self.app.read_now(|tx| {
                let services = store::services::any_after(tx.conn, &after, SERVICES)?;
                let ids: Vec<String> = services.into_iter().map(|s| s.id).collect();
                if ids.is_empty() {
                    return Ok((ids, Found::default()));
                }
                let drills = store::retention::old_drills(tx.conn, &ids, floor, &floor_id)?;
                let scores = store::retention::old_scores(tx.conn, &ids, floor)?;
                let facts = store::retention::old_facts(tx.conn, &ids, floor)?;
                Ok((ids, Found { drills: gone_drills(drills), scores: gone(scores), facts: gone(facts) }))
            })?;
            found.drills.extend(part.drills);
            found.scores.extend(part.scores);
            found.facts.extend(part.facts);
            let Some(last) = ids.last() else { break };
            after.clone_from(last);
            self.flush(&mut found, self.bite)?;
        }
        self.flush(&mut found, 1)
    }

    /// Deletes what was found, in bites, as long as there is at least `least` of it.
    fn flush(&mut self, found: &mut Found, least: usize) -> Result<()> {
        while found.drills.len() >= least {
            let part: Vec<OldDrill> = found.drills.drain(..self.bite.min(found.drills.len())).collect();
            let ids: Vec<String> = part.iter().map(|d| d.id.clone()).collect();
            if self.dry_run {
                // Their documents would have lost what holds them.
                let own = part.iter().filter_map(|d| d.document_id.as_ref());
                self.report.documents += own.filter(|id| **id < self.floor_id).count();
            }
            self.report.drills += self.delete(ids.len(), |tx| {
                store::retention::add_drill_days(tx.conn, &drill_days(&part))?;
                Ok(store::retention::delete_drills(tx.conn, &ids)?)
            })?;
        }
        while found.scores.len() >= least {
            let part: Vec<OldScore> = found.scores.drain(..self.bite.min(found.scores.len())).collect();
            let ids: Vec<String> = part.iter().map(|s| s.id.clone()).collect();
            self.report.scores += self.delete(ids.len(), |tx| {
                store::retention::put_score_days(tx.conn, &score_days(&part))?;
                Ok(store::retention::delete_scores(tx.conn, &ids)?)
            })?;
        }
        while found.facts.len() >= least {
            let part: Vec<OldFact> = found.facts.drain(..self.bite.min(found.facts.len())).collect();
            let ids: Vec<String> = part.iter().map(|f| f.id.clone()).collect();
            self.report.facts +=
                self.delete(ids.len(), |tx| Ok(store::retention::delete_facts(tx.conn, &ids)?))?;
        }
        Ok(())
    }

    /// One bite: roll-up and delete together or not at all. Rows that another process deleted meanwhile were rolled
    /// up by it: then nothing of this bite is done, and the next run finds what is left.
    fn delete(&self, wanted: usize, work: impl FnOnce(&mut Tx<'_>) -> Result<usize>) -> Result<usize> {
        if self.dry_run {
            return Ok(wanted);
        }
        let floor = self.floor;
        let done = self.app.write_now(&Actor::schedule(), |tx| {
            let since = kept_since(tx)?;
            if since.is_none_or(|s| s < floor) {
                store::books::set(tx.conn, FLOOR, &floor.0.to_string())?;
            }
            let gone = work(tx)?;
            let detail = "another process prunes at the same time";
            if gone == wanted { Ok(gone) } else { Err(Error::Conflict { detail: detail.into() }) }
        });
        std::thread::sleep(PAUSE);
        match done {
            Err(Error::Conflict { .. }) => Ok(0),
            other => other,
        }
    }

    fn keys(&mut self) -> Result<()> {
        let (floor, bite) = (self.floor.0, self.bite as i64);
        if self.dry_run {
            let count = self.app.read_now(|tx| Ok(store::retention::count_old_keys(tx.conn, floor)?))?;
            self.report.keys = usize::try_from(count).unwrap_or(0);
            return Ok(());
        }
        loop {
            let keys = self.app.read_now(|tx| Ok(store::retention::old_keys(tx.conn, floor, bite)?))?;
            if keys.is_empty() {
                return Ok(());
            }
            let work = |tx: &mut Tx<'_>| Ok(store::retention::delete_keys(tx.conn, &keys)?);
            self.report.keys += self.app.write_now(&Actor::schedule(), work)?;
            std::thread::sleep(PAUSE);
        }
    }

    /// Documents whose drill has gone.
    fn documents(&mut self) -> Result<()> {
        let mut after = String::new();
        let bite = self.bite as i64;
        loop {
            let id = self.floor_id.clone();
            let page =
                self.app.read_now(|tx| Ok(store::retention::old_documents(tx.conn, &after, &id, bite)?))?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            let ids: Vec<String> = page.into_iter().filter(|(_, held)| !held).map(|(id, _)| id).collect();
            if self.dry_run || ids.is_empty() {
                self.report.documents += ids.len();
                continue;
            }
            let work = |tx: &mut Tx<'_>| Ok(store::retention::delete_documents(tx.conn, &ids)?);
            self.report.documents += self.app.write_now(&Actor::schedule(), work)?;
            std::thread::sleep(PAUSE);
        }
    }
}

/// The drills of these, in the order of the fold, that nothing needs any more.
fn gone_drills(drills: Vec<OldDrill>) -> Vec<OldDrill> {
    let mut identities: BTreeMap<(&str, i16, &str, &str), Vec<&OldDrill>> = BTreeMap::new();
    for drill in drills.iter().filter(|d| d.verdict.is_some()) {
        let Some(failure) = drill.failure else { continue };
        let key = (drill.service_id.as_str(), failure, drill.target.as_str(), drill.environment.as_str());
        identities.entry(key).or_default().push(drill);
    }
    let kept: HashSet<String> =
        identities.values().flat_map(|all| needed(all)).map(|drill| drill.id.clone()).collect();
    drills.into_iter().filter(|d| !kept.contains(&d.id)).collect()
}

/// Of the old counted drills of one identity, oldest first, those that its state rests on: with these alone the fold
/// comes to the same state, now and with whatever comes after.
///
/// This is the one place that decides. Certificates add no reason: they keep a copy of what they rest on.
fn needed<'a>(drills: &[&'a OldDrill]) -> Vec<&'a OldDrill> {
    let passed = |d: &&OldDrill| d.verdict == Some(Outcome::Passed.code());
    // The last pass and every result since: a regression counts from the first failure after it.
    let since = drills.iter().rposition(passed).unwrap_or(drills.len().saturating_sub(1));
    let mut kept: Vec<&OldDrill> = drills.get(since..).unwrap_or_default().to_vec();
    let timed = |d: &&&OldDrill| passed(d) && d.rollback_ms.or(d.recovered_ms).is_some();
    kept.extend(drills.iter().rev().filter(timed).take(TIMED_PASSES));
    kept.extend(drills.iter().rev().find(|d| d.detected_ms.is_some()));
    // How the last runs ended, for drills that may fail now and then.
    kept.extend(drills.iter().rev().take(usize::from(MOST_RUNS)));
    kept
}

/// A row that a later one of the same subject outdates.
trait Outdated {
    /// What it tells of.
    fn subject(&self) -> (&str, &str);
}

impl Outdated for OldScore {
    fn subject(&self) -> (&str, &str) {
        (&self.service_id, "")
    }
}

impl Outdated for OldFact {
    fn subject(&self) -> (&str, &str) {
        (&self.service_id, &self.fact)
    }
}

/// All but the last row of each subject: that one held at the floor.
fn gone<T: Outdated>(rows: Vec<T>) -> Vec<T> {
    let mut gone = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        if rows.peek().is_some_and(|next| next.subject() == row.subject()) {
            gone.push(row);
        }
    }
    gone
}

fn drill_days(drills: &[OldDrill]) -> Vec<DrillDay> {
    let mut days: BTreeMap<(&str, i32, i16, i16), i64> = BTreeMap::new();
    for drill in drills {
        let key = (
            drill.service_id.as_str(),
            Timestamp(drill.ended_at).day(),
            drill.failure.unwrap_or(0),
            drill.outcome,
        );
        *days.entry(key).or_default() += 1;
    }
    let row = |((service_id, day, failure, outcome), drills): ((&str, i32, i16, i16), i64)| DrillDay {
        service_id: service_id.to_owned(),
        day,
        failure,
        outcome,
        drills,
    };
    days.into_iter().map(row).collect()
}

/// The last standing of each day; the rows come oldest first.
fn score_days(scores: &[OldScore]) -> Vec<ScoreDay> {
    let mut days: BTreeMap<(&str, i32), &OldScore> = BTreeMap::new();
    for score in scores {
        days.insert((&score.service_id, Timestamp(score.at).day()), score);
    }
    let row = |((service_id, day), score): ((&str, i32), &OldScore)| ScoreDay {
        service_id: service_id.to_owned(),
        day,
        score: score.score,
        grade: score.grade.clone(),
        coverage: score.coverage,
    };
    days.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state;
    use crate::store::drills::DrillRow;
    use proptest::prelude::*;

    /// One result: what it counts as, how long it took, whether an alert fired, and its target.
    type Told = (Option<bool>, Option<i64>, bool, bool);

    fn told() -> impl Strategy<Value = Told> {
        (
            prop_oneof![1 => Just(None), 4 => any::<bool>().prop_map(Some)],
            proptest::option::of(1_000_i64..90_000),
            any::<bool>(),
            any::<bool>(),
        )
    }

    fn drill(at: i64, (verdict, ms, detected, other): Told) -> DrillRow {
        let code = verdict.map(|passed| if passed { 1 } else { 2 });
        DrillRow {
            failure: Some(2),
            target: if other { "ads".into() } else { String::new() },
            outcome: code.unwrap_or(3),
            verdict: code,
            rollback_ms: ms,
            detected_ms: detected.then_some(5),
            ..state::tests::drill(at, true)
        }
    }

    fn slim(drill: &DrillRow) -> OldDrill {
        OldDrill {
            id: drill.id.clone(),
            service_id: drill.service_id.clone(),
            failure: drill.failure,
            target: drill.target.clone(),
            environment: drill.environment.clone(),
            verdict: drill.verdict,
            outcome: drill.outcome,
            ended_at: drill.ended_at,
            rollback_ms: drill.rollback_ms,
            recovered_ms: drill.recovered_ms,
            detected_ms: drill.detected_ms,
            document_id: drill.document_id.clone(),
        }
    }

    /// The fold of a service's counted drills, as a grade reads them.
    fn fold(drills: &[DrillRow]) -> Vec<crate::app::evidence::State> {
        let counted: Vec<DrillRow> = drills.iter().filter(|d| d.verdict.is_some()).cloned().collect();
        state::fold(&counted)
    }

    proptest! {
        #[test]
        fn the_fold_is_the_same_after_pruning_now_and_at_every_later_result(
            old in prop::collection::vec(told(), 0..60),
            new in prop::collection::vec(told(), 0..12),
        ) {
            let number = |list: &[Told], from: usize| -> Vec<DrillRow> {
                list.iter().enumerate().map(|(i, t)| drill((from + i) as i64, *t)).collect()
            };
            let old = number(&old, 1);
            let new = number(&new, old.len() + 1);
            let gone: HashSet<String> =
                gone_drills(old.iter().map(slim).collect()).into_iter().map(|d| d.id).collect();
            let kept: Vec<DrillRow> = old.iter().filter(|d| !gone.contains(&d.id)).cloned().collect();
            for until in 0..=new.len() {
                let later = &new[..until];
                prop_assert_eq!(fold(&[&old[..], later].concat()), fold(&[&kept[..], later].concat()));
            }
        }

        #[test]
        fn what_is_kept_of_a_passing_identity_does_not_grow(count in 10_usize..400) {
            let all: Vec<OldDrill> =
                (0..count).map(|i| slim(&drill(i as i64, (Some(true), Some(1_000), true, false)))).collect();
            let gone = gone_drills(all);
            prop_assert_eq!(count - gone.len(), TIMED_PASSES);
        }
    }

    #[test]
    fn the_floor_is_the_start_of_a_day_so_many_months_ago() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let now = at("2026-03-31T10:00:00Z");
        assert_eq!(floor(now, 13), Some(at("2025-02-28T00:00:00Z")));
        assert_eq!(floor(now, 3), Some(at("2025-12-31T00:00:00Z")));
        assert_eq!(floor(now, 0), None);
    }

    #[test]
    fn the_first_id_of_an_instant_sorts_before_all_ids_of_it_and_after_all_earlier_ones() {
        use crate::clock::{Clock, FrozenClock};
        let clock = FrozenClock::at(Timestamp(1_790_000_000_123));
        let id = clock.new_id();
        assert!(first_id(Timestamp(1_790_000_000_123)) < id);
        assert!(first_id(Timestamp(1_790_000_000_124)) > id);
    }
}
