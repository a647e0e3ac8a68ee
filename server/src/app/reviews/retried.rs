//! Drills that were repeated until they passed.

use std::collections::HashMap;

use super::finding::{Finding, Window};
use super::kind::ReviewKind;
use super::no_op::title;
use crate::app::{App, Tx};
use crate::error::Result;
use crate::store;
use crate::store::reviews::SeenDrill;
use crate::store::services::ServiceRow;
use crate::types::{Outcome, Timestamp};

/// Failures before the pass, at least.
const FAILURES: usize = 3;
/// Longest time between one try and the next, in ms.
const GAP_MS: i64 = 60 * 60_000;
/// A run of tries may have begun so long before the window.
const DAYS_BEFORE: i64 = 1;

/// A try: when it ended, whether it passed, and which it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Try {
    at: i64,
    id: String,
    passed: bool,
}

/// A run of failures that ended in a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    first: Try,
    failures: usize,
    pass: Try,
}

/// The runs in the tries of one drill: failures with no more than [`GAP_MS`] from one to the next, and then a pass.
fn runs(mut tries: Vec<Try>) -> Vec<Run> {
    tries.sort();
    let (mut found, mut open): (Vec<Run>, Vec<Try>) = (Vec::new(), Vec::new());
    for one in tries {
        if open.last().is_some_and(|last| one.at - last.at > GAP_MS) {
            open.clear();
        }
        if !one.passed {
            open.push(one);
            continue;
        }
        if let Some(first) = open.first().filter(|_| open.len() >= FAILURES) {
            found.push(Run { first: first.clone(), failures: open.len(), pass: one });
        }
        open.clear();
    }
    found
}

type Identity = (String, Option<i16>, String, String);

/// Runs of tries that ended in a pass of the window, with no deployment in between.
pub(super) fn find(app: &App, window: &Window) -> Result<Vec<Finding>> {
    let (passed, failed) = (Some(Outcome::Passed.code()), Some(Outcome::Failed.code()));
    let mut tries: HashMap<Identity, (SeenDrill, Vec<Try>)> = HashMap::new();
    window.each_part(app, DAYS_BEFORE, |rows| {
        for row in rows.into_iter().filter(|row| row.verdict == failed) {
            let one = tried(&row, false);
            tries.entry(identity(&row)).or_insert_with(|| (row, Vec::new())).1.push(one);
        }
        Ok(())
    })?;
    // Only of drills that failed often enough it matters when they passed; mostly there is none.
    tries.retain(|_, (_, of_drill)| of_drill.len() >= FAILURES);
    if tries.is_empty() {
        return Ok(Vec::new());
    }
    window.each_part(app, DAYS_BEFORE, |rows| {
        for row in rows.iter().filter(|row| row.verdict == passed) {
            if let Some((_, of_drill)) = tries.get_mut(&identity(row)) {
                of_drill.push(tried(row, true));
            }
        }
        Ok(())
    })?;
    let mut found = Vec::new();
    for (row, of_drill) in tries.into_values() {
        for run in runs(of_drill) {
            found.extend(app.read_now(|tx| unexplained(tx, &row, &run))?);
        }
    }
    Ok(found)
}

fn identity(row: &SeenDrill) -> Identity {
    (row.service_id.clone(), row.failure, row.target.clone(), row.environment.clone())
}

fn tried(row: &SeenDrill, passed: bool) -> Try {
    Try { at: row.ended_at, id: row.id.clone(), passed }
}

/// The finding, unless something was deployed between the first failure and the pass.
fn unexplained(tx: &mut Tx<'_>, row: &SeenDrill, run: &Run) -> Result<Option<Finding>> {
    let between = (run.first.at, run.pass.at);
    if !store::deployments::between(tx.conn, &row.service_id, between, 1)?.is_empty() {
        return Ok(None);
    }
    let service = store::services::by_id(tx.conn, &row.service_id)?;
    Ok(service.map(|service| told(&service, row, run)))
}

fn told(service: &ServiceRow, row: &SeenDrill, run: &Run) -> Finding {
    let minutes = ((run.pass.at - run.first.at) / 60_000).max(1);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    let said = format!(
        "{} of {}: {} failures and then a pass within {minutes} {unit}, and no deployment in between.",
        title(row),
        service.name,
        run.failures
    );
    let at = Timestamp(run.pass.at);
    Finding::of_service(ReviewKind::RetriedUntilGreen, service, &run.first.id, (at, said))
        .by_drill(&run.pass.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries(of: &[(i64, bool)]) -> Vec<Try> {
        let one = |(minute, passed): &(i64, bool)| Try {
            at: minute * 60_000,
            id: format!("d{minute:05}"),
            passed: *passed,
        };
        of.iter().map(one).collect()
    }

    fn counted(of: &[(i64, bool)]) -> Vec<usize> {
        runs(tries(of)).iter().map(|run| run.failures).collect()
    }

    #[test]
    fn a_run_is_at_least_three_failures_in_short_succession_and_a_pass() {
        assert_eq!(counted(&[(0, false), (10, false), (20, false), (30, true)]), [3]);
        assert_eq!(counted(&[(0, false), (10, false), (30, true)]), [] as [usize; 0], "two may be a fix");
        assert_eq!(
            counted(&[(0, false), (10, false), (20, false), (200, true)]),
            [] as [usize; 0],
            "time to mend something"
        );
        assert_eq!(counted(&[(0, false), (10, false), (20, false)]), [] as [usize; 0], "it still fails");
        assert_eq!(
            counted(&[(0, false), (10, true), (20, false), (30, true), (40, false), (50, true)]),
            [] as [usize; 0],
            "flaky, and shown as such"
        );
    }

    #[test]
    fn tries_are_told_by_their_ends_in_whatever_order_they_arrive() {
        let mut of = tries(&[(0, false), (10, false), (20, false), (30, true), (40, true)]);
        of.reverse();
        let found = runs(of);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first.at, found[0].pass.at), (0, 30 * 60_000));
    }
}
