//! The evidence rows against the kept drills and the kept values of posted facts, from which they follow.

use std::collections::{BTreeMap, HashMap};

use super::{BATCH, Check};
use crate::app::evidence::{Posted, ServiceEvidence, State};
use crate::app::state::{self, States};
use crate::error::Result;
use crate::store::audit::{self, Place};
use crate::store::facts::FactRow;
use crate::store::{self, Conn};

/// Rows read at a time.
const ROWS: i64 = 5_000;

/// Folds the drills of every service again, and looks for the newest value of every posted fact again.
pub(super) fn check(conn: &mut Conn) -> Result<(Check, Check)> {
    let (mut states, mut facts) = (Check::new("states"), Check::new("facts"));
    let (mut services, mut drills, mut values) = (0, 0, 0);
    let mut after = String::new();
    loop {
        let batch = store::services::any_after(conn, &after, BATCH)?;
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { break };
        let mut kept = HashMap::new();
        for row in store::evidence::between(conn, &first.id, &last.id)? {
            kept.insert(row.service_id.clone(), ServiceEvidence::of_row(&row));
        }
        let mut folded = fold(conn, &first.id, &last.id, &mut drills)?;
        let mut newest = newest(conn, &first.id, &last.id, &mut values)?;
        for service in &batch {
            let held = match kept.remove(&service.id) {
                None => ServiceEvidence::default(),
                Some(Ok(held)) => held,
                Some(Err(error)) => {
                    states.problem(|| format!("{}: {:#}", service.slug, error.into_anyhow()));
                    continue;
                }
            };
            let again = folded.remove(&service.id).unwrap_or_default();
            compare_states(&mut states, &service.slug, &held.states, again);
            let again = newest.remove(&service.id).unwrap_or_default();
            compare_facts(&mut facts, &service.slug, &held.posted, &again);
        }
        services += batch.len();
        after.clone_from(&last.id);
    }
    states.extent = format!("{services} services folded again from {drills} counted drills");
    facts.extent = format!("{values} kept values of posted facts");
    Ok((states, facts))
}

/// The states of services with `first <= id <= last`, folded from their kept drills.
fn fold(conn: &mut Conn, first: &str, last: &str, drills: &mut usize) -> Result<HashMap<String, States>> {
    let mut folded: HashMap<String, States> = HashMap::new();
    let mut place: Place = (first.to_owned(), i64::MIN, String::new());
    loop {
        let rows = audit::counted_after(conn, &place, last, ROWS)?;
        let Some(end) = rows.last() else { return Ok(folded) };
        place = (end.service_id.clone(), end.ended_at, end.id.clone());
        *drills += rows.len();
        for row in &rows {
            state::fold_in(folded.entry(row.service_id.clone()).or_default(), row);
        }
    }
}

fn compare_states(check: &mut Check, service: &str, held: &[State], mut again: States) {
    let words = |key: (i16, &str, &str)| {
        let failure = crate::types::Failure::from_code(key.0).map_or("?", crate::types::Failure::as_str);
        format!("{failure} of `{}` in `{}`", key.1, key.2)
    };
    for state in held {
        let key = state.key();
        match again.remove(&(key.0, key.1.to_owned(), key.2.to_owned())) {
            None => {
                check.problem(|| format!("{service}: {} is kept, but no counted drill says so", words(key)));
            }
            Some(fold) if !same(state, &fold) => check.problem(|| {
                let differs = difference(state, &fold);
                format!("{service}: {} is not what its drills come to: {differs}", words(key))
            }),
            Some(_) => {}
        }
    }
    for (key, state) in again {
        let key = words((key.0, &key.1, &key.2));
        check.problem(|| format!("{service}: {key} is missing; its last drill is {}", state.last_drill_id));
    }
}

/// Whether a kept state is what its drills come to. Of their runs it may know fewer: earlier versions kept none.
fn same(held: &State, again: &State) -> bool {
    let runs = again.runs().take(held.runs().count()).eq(held.runs());
    runs && State { recent_runs: held.recent_runs, ..again.clone() } == *held
}

/// The first field that differs: what is kept, what the drills come to.
fn difference(held: &State, again: &State) -> String {
    let fields =
        |s: &State| serde_json::to_value(s).ok().and_then(|v| v.as_array().cloned()).unwrap_or_default();
    let names = [
        "failure",
        "target",
        "environment",
        "last drill",
        "last verdict",
        "last end",
        "last class",
        "detected",
        "last sender",
        "passed drill",
        "passed at",
        "passed class",
        "passed sender",
        "regressed at",
        "durations",
        "last runs",
    ];
    let differing = names.iter().zip(fields(held)).zip(fields(again)).find(|((_, a), b)| a != b);
    differing.map_or_else(String::new, |((name, a), b)| format!("{name} is {a}, should be {b}"))
}

/// Of each posted fact of services with `first <= id <= last` the values with the newest instant, the last arrived last.
fn newest(
    conn: &mut Conn,
    first: &str,
    last: &str,
    values: &mut usize,
) -> Result<HashMap<String, BTreeMap<String, Vec<FactRow>>>> {
    let mut newest: HashMap<String, BTreeMap<String, Vec<FactRow>>> = HashMap::new();
    let mut place: Place = (first.to_owned(), i64::MIN, String::new());
    loop {
        let rows = audit::facts_after(conn, &place, last, ROWS)?;
        let Some(end) = rows.last() else { return Ok(newest) };
        place = (end.service_id.clone(), end.received_at, end.id.clone());
        *values += rows.len();
        for row in rows {
            let of = newest.entry(row.service_id.clone()).or_default().entry(row.fact.clone()).or_default();
            let held = of.first().map_or(i64::MIN, |f| f.as_of);
            if row.as_of > held {
                of.clear();
            }
            if row.as_of >= held {
                of.push(row);
            }
        }
    }
}

fn compare_facts(check: &mut Check, service: &str, held: &[Posted], again: &BTreeMap<String, Vec<FactRow>>) {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    for fact in held {
        // Of values of one instant any may have been the last to arrive: two processes have two clocks.
        let same = |row: &FactRow| {
            (row.as_of, row.evidence_class, &row.sender) == (fact.as_of, fact.class, &fact.sender)
                && value(&row.value) == value(fact.value.get())
        };
        if !again.get(&fact.fact).is_some_and(|rows| rows.iter().any(same)) {
            check.problem(|| {
                format!("{service}: `{}` is {}, which is not the newest kept value", fact.fact, fact.value)
            });
        }
    }
    for name in again.keys().filter(|name| !held.iter().any(|f| f.fact == **name)) {
        check.problem(|| format!("{service}: `{name}` was posted and is missing from the evidence"));
    }
}
