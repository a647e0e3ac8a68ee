//! What is shown of targets and of what was sent to them: never an address in full, never a secret.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::Kind;
use crate::app::Tx;
use crate::app::views::TeamRef;
use crate::error::Result;
use crate::store;
use crate::store::outbox::{DELIVERED, DeliveryRow, GIVEN_UP, TargetRow};
use crate::types::Timestamp;

/// Whom is told, and how that goes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TargetView {
    /// Id.
    pub id: String,
    /// webhook, slack or mail.
    pub kind: String,
    /// Name.
    pub name: String,
    /// The team whose events are told, with all below it; null: everything.
    pub team: Option<TeamRef>,
    /// What it is told of: regression, certificate, challenge, digest.
    pub events: Vec<String>,
    /// As much of its address as may be shown.
    pub address: String,
    /// active, failing (it did not answer well lately) or paused.
    pub state: String,
    /// Why it is paused; empty when it is not.
    pub why: String,
    /// Since when it is paused, or told.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Messages that wait.
    pub pending: i64,
    /// Events that were left out because too much waited, and of which it was not told yet.
    pub skipped: i64,
    /// Messages that it took.
    pub delivered: i64,
    /// Messages that were given up.
    pub failed: i64,
    /// Attempts in a row that it did not answer well.
    pub failures: i32,
    /// When something is sent next; null: nothing waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_try_at: Option<Timestamp>,
    /// The last attempt.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub tried_at: Option<Timestamp>,
    /// The last message that it took.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub succeeded_at: Option<Timestamp>,
    /// What was wrong the last time; empty when all is well.
    pub error: String,
    /// When the next digest is made; null: it wants none.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_digest_at: Option<Timestamp>,
    /// Who added it.
    pub created_by: String,
    /// Added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A message to a target.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Id.
    pub id: String,
    /// `webhook-id`: the same on every attempt.
    pub webhook_id: String,
    /// Kind of the event, digest, test or `notifications_skipped`.
    #[serde(rename = "type")]
    pub kind: String,
    /// waiting, delivered or `given_up`.
    pub state: String,
    /// Attempts so far.
    pub attempts: i32,
    /// When it is tried next; null: not any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_try_at: Option<Timestamp>,
    /// Status of the last answer; null: there was none.
    pub status: Option<i32>,
    /// What was wrong the last time.
    pub error: String,
    /// Stored.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Taken or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub done_at: Option<Timestamp>,
}

/// Targets as they are shown.
pub(super) fn views(tx: &mut Tx<'_>, rows: &[TargetRow]) -> Result<Vec<TargetView>> {
    let mut ids: Vec<String> = rows.iter().filter_map(|row| row.team_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let names = store::fleet::team_names(tx.conn, &ids)?;
    let teams: HashMap<String, TeamRef> =
        names.into_iter().map(|(id, slug, name)| (id, TeamRef { slug, name })).collect();
    Ok(rows.iter().map(|row| view(row, &teams)).collect())
}

fn view(row: &TargetRow, teams: &HashMap<String, TeamRef>) -> TargetView {
    let state = match (row.paused, row.failures) {
        (true, _) => "paused",
        (false, 0) => "active",
        (false, _) => "failing",
    };
    TargetView {
        id: row.id.clone(),
        kind: Kind::from_code(row.kind).as_str().to_owned(),
        name: row.name.clone(),
        team: row.team_id.as_ref().and_then(|id| teams.get(id)).cloned(),
        events: serde_json::from_str(&row.wants).unwrap_or_default(),
        address: row.shown.clone(),
        state: state.to_owned(),
        why: row.why.clone(),
        since: Timestamp(row.since),
        pending: row.pending,
        skipped: row.skipped,
        delivered: row.delivered,
        failed: row.failed,
        failures: row.failures,
        next_try_at: row.due_at.filter(|_| !row.paused).map(Timestamp),
        tried_at: row.tried_at.map(Timestamp),
        succeeded_at: row.succeeded_at.map(Timestamp),
        error: row.error.clone(),
        next_digest_at: row.digest_at.map(Timestamp),
        created_by: row.created_by.clone(),
        created_at: Timestamp(row.created_at),
    }
}

/// A message as it is shown.
pub(super) fn delivery(row: &DeliveryRow) -> DeliveryView {
    DeliveryView {
        id: row.id.clone(),
        webhook_id: row.message_id.clone(),
        kind: row.kind.clone(),
        state: match row.state {
            DELIVERED => "delivered",
            GIVEN_UP => "given_up",
            _ => "waiting",
        }
        .to_owned(),
        attempts: row.attempts,
        next_try_at: row.next_at.map(Timestamp),
        status: row.status,
        error: row.error.clone(),
        created_at: Timestamp(row.created_at),
        done_at: row.done_at.map(Timestamp),
    }
}
