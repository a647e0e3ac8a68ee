//! What of a target nobody may read: its address, and the secrets that sign.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::app::{Tx, keys};
use crate::config::Config;
use crate::error::Result;
use crate::store;
use crate::store::outbox::TargetRow;

/// The sealed part of a target.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed {
    /// The URL, or the mail address.
    pub(super) address: String,
    /// What signs a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
    /// What signed it before, and until when it signs beside the new one, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<(String, i64)>,
    /// What ends mail to this address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) leave: Option<String>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

impl Sealed {
    /// Seals it for the target of this id.
    pub(super) fn seal(&self, tx: &mut Tx<'_>, id: &str) -> Result<String> {
        let first = store::outbox::count(tx.conn)? == 0;
        let plain = serde_json::to_vec(self).map_err(anyhow::Error::new)?;
        keys::seal_target(tx, id, &plain, first)
    }

    /// Opens it.
    pub(super) fn open(config: &Config, row: &TargetRow) -> Result<Self> {
        let plain = keys::open_target(config, &row.id, &row.sealed)?;
        Ok(serde_json::from_slice(&plain).map_err(|_| anyhow::anyhow!("a target's sealed part is odd"))?)
    }

    /// The secrets that sign at `now`, the new one first.
    pub(super) fn signing(&self, now: i64) -> Vec<&str> {
        let previous = self.previous.as_ref().filter(|(_, until)| *until > now).map(|(secret, _)| secret);
        self.secret.iter().chain(previous).map(String::as_str).collect()
    }
}
