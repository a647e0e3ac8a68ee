//! What has ended: identity tokens that nobody can use again anyway, and short tokens.

use crate::app::{Actor, App};
use crate::error::Result;
use crate::store;
use crate::types::DAY_MS;

/// Clocks of processes may differ: what one takes for ended another may not yet, ms.
const MARGIN_MS: i64 = 5 * 60_000;

/// Deletes used identity tokens after their end, and short tokens a day after theirs: until then whoever uses one still
/// reads that it has expired. Evidence names its sender and not the token, and the event log keeps what was proven. Gives
/// how many short tokens went; with `dry_run` only counts.
pub fn sweep(app: &App, bite: usize, dry_run: bool) -> Result<usize> {
    let limit = i64::try_from(bite).unwrap_or(500);
    let now = app.clock().now().0;
    if dry_run {
        return app.read_now(|tx| Ok(store::tokens::ended(tx.conn, now - DAY_MS, limit * 100)?.len()));
    }
    let mut gone = 0;
    loop {
        // Looked at first: whoever finds nothing writes nothing.
        let (used, short) = app.read_now(|tx| {
            let used = store::publishers::used_before(tx.conn, now - MARGIN_MS, limit)?;
            Ok((used, store::tokens::ended(tx.conn, now - DAY_MS, limit)?))
        })?;
        if used.is_empty() && short.is_empty() {
            return Ok(gone);
        }
        gone += app.write_now(&Actor::schedule(), |tx| {
            store::publishers::forget_used(tx.conn, &used)?;
            Ok(store::tokens::delete(tx.conn, &short)?)
        })?;
    }
}
