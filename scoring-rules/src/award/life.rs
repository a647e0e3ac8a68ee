//! The life of an award: earned, renewed while true, on hold, suspended, revoked, lapsed. Pure: the time is given.

use serde::{Deserialize, Serialize};

use super::Award;

const DAY_MS: i64 = 86_400_000;

/// What the conditions of an award say now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What earns it is true.
    pub met: bool,
    /// Something puts it on hold.
    pub hold: bool,
    /// Something suspends it.
    pub suspend: bool,
}

impl Reading {
    fn good(self) -> bool {
        !self.hold && !self.suspend
    }
}

/// How an award that is held stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandingState {
    /// In force.
    Good,
    /// On hold.
    OnHold,
    /// Suspended.
    Suspended,
}

/// An award that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How it stands.
    pub state: StandingState,
    /// When it was earned, Unix milliseconds.
    pub earned_ms: i64,
    /// When it was renewed last.
    pub renewed_ms: Option<i64>,
    /// Until when it holds; none: for as long as what earns it is true.
    pub until_ms: Option<i64>,
    /// Since when it is not in force.
    pub bad_since_ms: Option<i64>,
    /// It was told that it will lapse.
    pub warned: bool,
}

/// One thing that became of an award.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is new.
    Earned,
    /// It holds for another term.
    Renewed,
    /// It went on hold.
    Held,
    /// It was suspended.
    Suspended,
    /// It is in force again.
    Resumed,
    /// It will lapse soon unless what earns it becomes true.
    Expiring,
    /// It was out of force for too long: gone.
    Revoked,
    /// Its term is over: gone.
    Lapsed,
}

/// Moves an award on to `now_ms`: what is held afterwards, and each step on the way, in order. `met_since_ms` says since
/// when what earns it has been true without a break. The same instant twice gives no second step.
pub fn advance(
    award: &Award,
    held: Option<Standing>,
    reading: Reading,
    met_since_ms: Option<i64>,
    now_ms: i64,
) -> (Option<Standing>, Vec<Step>) {
    let mut steps = Vec::new();
    let still = held.and_then(|held| go_on(award, held, reading, now_ms, &mut steps));
    if still.is_some() {
        return (still, steps);
    }
    let long_enough = met_since_ms.is_some_and(|at| now_ms - at >= i64::from(award.for_days) * DAY_MS);
    if !(reading.met && reading.good() && long_enough) {
        return (None, steps);
    }
    steps.push(Step::Earned);
    let fresh = Standing {
        state: StandingState::Good,
        earned_ms: now_ms,
        renewed_ms: None,
        until_ms: term_end(award, now_ms),
        bad_since_ms: None,
        warned: false,
    };
    (Some(fresh), steps)
}

fn term_end(award: &Award, from_ms: i64) -> Option<i64> {
    award.valid_days.map(|days| from_ms + i64::from(days) * DAY_MS)
}

/// What becomes of an award that is held; none when it is gone.
fn go_on(
    award: &Award,
    mut held: Standing,
    reading: Reading,
    now_ms: i64,
    steps: &mut Vec<Step>,
) -> Option<Standing> {
    // The term was known to everybody outside: what was true behind its end does not lengthen it.
    if held.until_ms.is_some_and(|until| now_ms >= until) {
        steps.push(Step::Lapsed);
        return None;
    }
    if reading.good() {
        if held.state != StandingState::Good {
            steps.push(Step::Resumed);
        }
        (held.state, held.bad_since_ms) = (StandingState::Good, None);
        prolong(award, &mut held, reading, now_ms, steps);
        return Some(held);
    }
    let since = *held.bad_since_ms.get_or_insert(now_ms);
    if now_ms - since >= i64::from(award.revoke_after_days) * DAY_MS {
        steps.push(Step::Revoked);
        return None;
    }
    let (state, step) = if reading.suspend {
        (StandingState::Suspended, Step::Suspended)
    } else {
        (StandingState::OnHold, Step::Held)
    };
    if held.state != state {
        steps.push(step);
    }
    held.state = state;
    Some(held)
}

/// Renews an award that is in force and near its end, or says that it cannot be.
fn prolong(award: &Award, held: &mut Standing, reading: Reading, now_ms: i64, steps: &mut Vec<Step>) {
    let Some(until) = held.until_ms else { return };
    let within = |days: u16| now_ms >= until - i64::from(days) * DAY_MS;
    if reading.met && within(award.renew_before_days) {
        held.until_ms = term_end(award, now_ms);
        held.renewed_ms = Some(now_ms);
        held.warned = false;
        steps.push(Step::Renewed);
    } else if !held.warned && within(award.warn_before_days) {
        held.warned = true;
        steps.push(Step::Expiring);
    }
}
