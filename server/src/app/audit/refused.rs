//! Writes that were refused to somebody who is known: noted, but never so many that they fill the disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use crate::app::{Actor, App};
use crate::types::Timestamp;

/// Notes a minute of one credential, and of all together, in this process.
const OF_ONE: u32 = 10;
const OF_ALL: u32 = 120;
const MINUTE_MS: i64 = 60_000;
/// As much of a reason is kept, in characters.
const MAX_REASON: usize = 300;

/// What was noted in the running minute.
#[derive(Default)]
struct Budget {
    minute: i64,
    all: u32,
    each: HashMap<String, u32>,
}

impl Budget {
    /// Whether one more may be noted.
    fn takes(&mut self, owner: &str, now: Timestamp) -> bool {
        let minute = now.0.div_euclid(MINUTE_MS);
        if minute != self.minute {
            *self = Self { minute, ..Self::default() };
        }
        if self.all >= OF_ALL {
            return false;
        }
        // At most as many names as notes: the map is bounded by the sum.
        let each = self.each.entry(owner.to_owned()).or_default();
        if *each >= OF_ONE {
            return false;
        }
        *each += 1;
        self.all += 1;
        true
    }
}

static BUDGET: Mutex<Option<Budget>> = Mutex::new(None);

/// Notes that a write was refused with this status. Blocks for a write to the database; nothing of it reaches the
/// caller, and what is beyond the budget of the minute is left to the request's line in the log.
pub fn note(app: &App, actor: &Actor, status: u16, reason: &str) {
    let now = app.clock().now();
    let owner = if actor.owner.is_empty() { "anonymous" } else { &actor.owner };
    let noted =
        BUDGET.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().takes(owner, now);
    if !noted {
        return;
    }
    let reason: String = reason.chars().take(MAX_REASON).collect();
    let sentence = format!("{} was refused: {reason}", actor.name);
    let data = json!({ "status": status, "reason": reason });
    let done = app.write_now(actor, |tx| {
        tx.emit("write_refused", None, None, sentence, &data);
        Ok(())
    });
    if let Err(error) = done {
        tracing::warn!(%error, "noting a write that was refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_by_credential_and_in_all_and_begin_anew_each_minute() {
        let mut budget = Budget::default();
        let took = (0..50).filter(|_| budget.takes("a", Timestamp(1))).count();
        assert_eq!(took, OF_ONE as usize);
        let others = (0..10_000).filter(|n| budget.takes(&n.to_string(), Timestamp(2))).count();
        assert_eq!(others, (OF_ALL - OF_ONE) as usize);
        assert!(budget.takes("a", Timestamp(MINUTE_MS)));
        assert!(budget.each.len() <= OF_ALL as usize);
    }
}
