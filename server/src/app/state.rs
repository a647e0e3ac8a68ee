//! Where one drill identity stands: a fold over its counted drills, oldest first.
//!
//! The same fold serves the incremental update, a rebuild and a look back in time, so they cannot differ.

use std::collections::BTreeMap;

use super::evidence::State;
use crate::store::drills::DrillRow;
use crate::types::Outcome;

/// How many of the last passed rollbacks the median is taken over.
const RECENT: usize = 5;

/// What a drill did to its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing new.
    Steady,
    /// It had passed and fails now.
    Regressed,
    /// It had regressed and passes again.
    Recovered,
    /// It fails now, as often as its rule lets it.
    Flaked,
}

/// Applies one counted drill; `state` is `None` for the first.
pub fn apply(state: Option<State>, drill: &DrillRow) -> (State, Turn) {
    let passed = drill.verdict == Some(Outcome::Passed.code());
    let mut next = state.unwrap_or_else(|| blank(drill));
    let had_passed = next.passed_at.is_some();
    let turn = match (passed, next.regressed_at.is_some()) {
        (true, true) => Turn::Recovered,
        (false, false) if had_passed => Turn::Regressed,
        _ => Turn::Steady,
    };
    match turn {
        Turn::Recovered => next.regressed_at = None,
        Turn::Regressed => next.regressed_at = Some(drill.ended_at),
        Turn::Flaked | Turn::Steady => {}
    }
    next.ran(passed);
    next.last_drill_id.clone_from(&drill.id);
    next.last_verdict = if passed { Outcome::Passed.code() } else { Outcome::Failed.code() };
    next.last_at = drill.ended_at;
    next.last_class = drill.evidence_class;
    next.detected |= drill.detected_ms.is_some();
    next.last_sender.clone_from(&drill.sender);
    if passed {
        next.passed_drill_id = Some(drill.id.clone());
        next.passed_at = Some(drill.ended_at);
        next.passed_class = Some(drill.evidence_class);
        next.passed_sender = Some(drill.sender.clone());
        if let Some(ms) = drill.rollback_ms.or(drill.recovered_ms) {
            next.recent_ms.push(ms);
            let old = next.recent_ms.len().saturating_sub(RECENT);
            next.recent_ms.drain(..old);
        }
    }
    (next, turn)
}

/// Folds drills of several identities, given oldest first.
pub fn fold(drills: &[DrillRow]) -> Vec<State> {
    let mut states = States::new();
    for drill in drills {
        fold_in(&mut states, drill);
    }
    states.into_values().collect()
}

/// States of one service by failure, target and environment.
pub type States = BTreeMap<(i16, String, String), State>;

/// One step of the fold: the next drill of a service.
pub fn fold_in(states: &mut States, drill: &DrillRow) {
    let Some(failure) = drill.failure else { return };
    let key = (failure, drill.target.clone(), drill.environment.clone());
    let before = states.remove(&key);
    states.insert(key, apply(before, drill).0);
}

fn blank(drill: &DrillRow) -> State {
    State {
        failure: drill.failure.unwrap_or(0),
        target: drill.target.clone(),
        environment: drill.environment.clone(),
        last_drill_id: String::new(),
        last_verdict: 0,
        last_at: 0,
        last_class: 0,
        detected: false,
        last_sender: String::new(),
        passed_drill_id: None,
        passed_at: None,
        passed_class: None,
        passed_sender: None,
        regressed_at: None,
        recent_ms: Vec::new(),
        recent_runs: 0,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A rollback test that took as many seconds as its instant says milliseconds.
    pub(in crate::app) fn drill(at: i64, passed: bool) -> DrillRow {
        DrillRow {
            id: format!("d{at:04}"),
            service_id: "s".into(),
            kind: Some(2),
            failure: Some(15),
            target: String::new(),
            environment: "staging".into(),
            outcome: if passed { 1 } else { 2 },
            reason: String::new(),
            verdict: Some(if passed { 1 } else { 2 }),
            note: None,
            regression: false,
            exploratory: false,
            rollback: 6,
            rollback_reason: String::new(),
            rollback_ms: Some(at * 1000),
            started_at: at,
            ended_at: at,
            received_at: at,
            detected_ms: None,
            recovered_ms: None,
            title: None,
            hypothesis: None,
            evidence: "[]".into(),
            evidence_class: 3,
            sender: "ci".into(),
            tool: "t".into(),
            tool_version: None,
            run_id: None,
            external_id: None,
            document_id: None,
            detected_since: None,
        }
    }

    fn walk(verdicts: &[bool]) -> (State, Vec<Turn>) {
        let mut state = None;
        let mut turns = Vec::new();
        for (i, passed) in verdicts.iter().enumerate() {
            let (next, turn) = apply(state, &drill(i as i64 + 1, *passed));
            state = Some(next);
            turns.push(turn);
        }
        (state.unwrap(), turns)
    }

    #[test]
    fn passing_then_failing_is_a_regression_and_passing_again_closes_it() {
        let (state, turns) = walk(&[true, false, false, true]);
        assert_eq!(turns, [Turn::Steady, Turn::Regressed, Turn::Steady, Turn::Recovered]);
        assert_eq!(state.regressed_at, None);
    }

    #[test]
    fn a_drill_that_never_passed_cannot_regress() {
        let (state, turns) = walk(&[false, false]);
        assert_eq!(turns, [Turn::Steady, Turn::Steady]);
        assert_eq!((state.passed_at, state.regressed_at), (None, None));
    }

    #[test]
    fn the_last_five_passes_give_the_durations() {
        let (state, _) = walk(&[true; 7]);
        assert_eq!(state.recent_ms, [3000, 4000, 5000, 6000, 7000]);
    }

    proptest! {
        #[test]
        fn folding_all_at_once_equals_one_by_one(verdicts in prop::collection::vec(any::<bool>(), 1..40)) {
            let drills: Vec<DrillRow> =
                verdicts.iter().enumerate().map(|(i, p)| drill(i as i64 + 1, *p)).collect();
            prop_assert_eq!(fold(&drills), vec![walk(&verdicts).0]);
        }
    }
}
