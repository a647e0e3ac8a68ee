//! Challenges: time-boxed quests with a scope, a goal and standings. Progress is worked out from evidence and never stored,
//! but for where each team began, how each day stood, and how it ended.

pub mod cycle;
mod goal;
mod items;
mod kept;
mod progress;
mod read;
mod rule;
mod rule_text;
mod scope;
mod standings;
mod templates;
mod views;
mod what;
mod wish;
mod write;

pub use goal::ChallengeGoal;
pub use items::{items, rewards_of};
pub use kept::Kept;
pub use read::{Opened, list, one, opened, running};
pub use rule::{RuleDraft, RuleFile, draft as rule_draft};
pub use scope::ChallengeScope;
pub use standings::standings;
pub use templates::{TEMPLATES, Template};
pub use views::{
    ChallengeRow, ChallengeView, DayView, ItemView, MilestoneView, PaceView, ProgressView, RewardView,
    StandingView, StandingsView, ToGo,
};
pub use wish::{ChangeChallenge, CreateChallenge, Created, Milestone, Sent};
pub use write::{MAX_MARKDOWN, change, create};

use super::{Tx, owners};
use crate::error::{Error, Result};
use crate::store;
use crate::store::challenges::ChallengeRow as Row;
use crate::types::Timestamp;

/// A challenge as it may be sent.
pub const EXAMPLE: &str = r#"{
  "title": "Rehearse the way back",
  "why": "A rollback that was never tried is a hope.",
  "starts_at": "2027-05-01T00:00:00Z",
  "ends_at": "2027-06-01T00:00:00Z",
  "scope": {"tiers": [1, 2], "lifecycles": ["production"]},
  "goal": {"kind": "drills", "failures": ["config"], "fresh_days": 30},
  "target_pct": 80,
  "milestones": [{"at": 50, "title": "Open drill hour"}, {"at": 100, "title": "A badge for every team that took part"}],
  "badge": "Way back"
}"#;

/// Written, and nobody but those who look after the programme knows of it.
pub(super) const DRAFT: &str = "draft";
/// Under way.
pub(super) const OPEN: &str = "open";
/// Over, its result frozen.
pub(super) const ENDED: &str = "ended";
/// Given up.
pub(super) const CANCELLED: &str = "cancelled";

impl Tx<'_> {
    /// Whether the actor looks after the programme, and so knows drafts.
    pub fn plans_challenges(&self) -> bool {
        self.actor.sees_all()
    }
}

/// Title, end and scope of the challenges that were under way at `at`, of those that run or ended lately.
pub(super) fn under_way(tx: &mut Tx<'_>, at: Timestamp) -> Result<Vec<(String, Timestamp, ChallengeScope)>> {
    let rows = store::challenges::page(tx.conn, &[OPEN, ENDED], None, 200)?;
    let live = rows.iter().filter(|row| row.starts_at <= at.0 && at.0 < row.ends_at);
    Ok(live.map(|row| (row.title.clone(), Timestamp(row.ends_at), scope::read(row))).collect())
}

/// The stored challenge of a slug, if the actor may know of it: of a draft knows who plans challenges, of one over a flow who
/// may know of the flow.
fn stored(tx: &mut Tx<'_>, slug: &str) -> Result<Row> {
    let wanted = slug.trim().to_lowercase();
    if let Some(row) = store::challenges::by_slug(tx.conn, &wanted)?
        && knows(tx, &row)?
    {
        return Ok(row);
    }
    let key: String = slug.chars().take(120).collect();
    let mut slugs = Vec::new();
    for row in store::challenges::page(tx.conn, &[OPEN, ENDED], None, 200)? {
        if knows(tx, &row)? {
            slugs.push(row.slug);
        }
    }
    let nearest = if key.len() <= 63 { owners::nearest(&wanted, &slugs) } else { None };
    Err(Error::NotFound { what: "challenge", key, nearest })
}

/// Whether the actor may know of a challenge.
fn knows(tx: &mut Tx<'_>, row: &Row) -> Result<bool> {
    if tx.plans_challenges() {
        return Ok(true);
    }
    if row.state == DRAFT || (row.state == CANCELLED && row.start_total.is_none()) {
        return Ok(false);
    }
    match goal::read(row).flow {
        // A flow that is gone tells nothing.
        Some(flow) if !tx.veil()?.is_empty() => {
            let held = store::flows::by_slug(tx.conn, &flow)?;
            Ok(held.is_none() || super::flows::known(tx, &flow)?.is_some())
        }
        _ => Ok(true),
    }
}
