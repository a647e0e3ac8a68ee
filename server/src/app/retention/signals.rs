//! What goes with time besides drills and scores: alerts, deployments, messages that nobody understood.

use super::{PAUSE, Work};
use crate::app::{Actor, Tx, alerts};
use crate::error::Result;
use crate::store;
use crate::types::DAY_MS;

/// Ids of what is to go, at most so many.
type Find<'a> = &'a dyn Fn(&mut Tx<'_>, i64) -> Result<Vec<String>>;
/// Deletes them.
type Delete<'a> = &'a dyn Fn(&mut Tx<'_>, &[String]) -> Result<usize>;

impl Work<'_> {
    /// Alerts after their month, deployments and kept messages with everything else.
    pub(super) fn signals(&mut self) -> Result<()> {
        let (floor, floor_id) = (self.floor.0, self.floor_id.clone());
        let month = (self.app.clock().now().0 - alerts::KEPT_DAYS * DAY_MS).max(floor);
        self.report.alerts = self
            .drop_all(&|tx, limit| Ok(store::alerts::older(tx.conn, month, limit)?), &|tx, ids| {
                Ok(store::alerts::delete(tx.conn, ids)?)
            })?;
        self.report.deployments = self
            .drop_all(&|tx, limit| Ok(store::deployments::older(tx.conn, floor, limit)?), &|tx, ids| {
                Ok(store::deployments::delete(tx.conn, ids)?)
            })?;
        self.report.messages = self
            .drop_all(&|tx, limit| Ok(store::kept::older(tx.conn, &floor_id, limit)?), &|tx, ids| {
                Ok(store::kept::delete(tx.conn, ids)?)
            })?;
        Ok(())
    }

    /// Deletes in bites; a dry run counts the first bite's worth of each at most a hundred times over.
    fn drop_all(&self, find: Find<'_>, delete: Delete<'_>) -> Result<usize> {
        let bite = self.bite as i64;
        if self.dry_run {
            return self.app.read_now(|tx| Ok(find(tx, bite * 100)?.len()));
        }
        let mut gone = 0;
        loop {
            let ids = self.app.read_now(|tx| find(tx, bite))?;
            if ids.is_empty() {
                return Ok(gone);
            }
            gone += self.app.write_now(&Actor::schedule(), |tx| delete(tx, &ids))?;
            std::thread::sleep(PAUSE);
        }
    }
}
