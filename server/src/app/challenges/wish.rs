//! What is sent to write a challenge, and what it is known by.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::goal::ChallengeGoal;
use super::scope::ChallengeScope;
use crate::types::Timestamp;

/// A milestone on the way from where all began to the goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Percent of the way, 1 to 100; 100 is the goal.
    pub at: i64,
    /// What is celebrated.
    #[serde(default)]
    pub title: String,
}

/// A challenge that is wished for. It stays a draft until it starts.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateChallenge {
    /// Its address; made from the title if left out.
    pub slug: Option<String>,
    /// Title.
    pub title: String,
    /// Why it is worth the time, in a sentence or two.
    #[serde(default)]
    pub why: String,
    /// When it starts; a challenge whose start has passed starts at once.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// The first instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// Which services take part; all if left out.
    #[serde(default)]
    pub scope: ChallengeScope,
    /// What is asked of them.
    pub goal: ChallengeGoal,
    /// Percent of all items to be closed; 100 if left out.
    pub target_pct: Option<i64>,
    /// Milestones; a quarter, a half, three quarters and all of the way if left out.
    pub milestones: Option<Vec<Milestone>>,
    /// Name of the badge for teams that reach their own goal; the title if left out.
    pub badge: Option<String>,
}

/// What is to change. Scope, goal and start are fixed once a challenge runs; its end may only be put off.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeChallenge {
    /// Title.
    pub title: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// Start, of a draft.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    /// End.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Timestamp>,
    /// Scope, of a draft.
    pub scope: Option<ChallengeScope>,
    /// Goal, of a draft.
    pub goal: Option<ChallengeGoal>,
    /// Percent of all items, of a draft.
    pub target_pct: Option<i64>,
    /// Milestones, of a draft.
    pub milestones: Option<Vec<Milestone>>,
    /// Name of the badge.
    pub badge: Option<String>,
    /// What was learned, in Markdown; of a challenge that has ended.
    pub retrospective: Option<String>,
    /// `cancelled` gives it up.
    pub state: Option<String>,
}

/// What a wish is known by, so that one that is sent again makes no second challenge.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The sender's `Idempotency-Key`.
    pub key: String,
    /// Hash of what was sent, in hex.
    pub sha256: String,
}

/// What became of a wish.
#[derive(Clone, Debug)]
pub struct Created {
    /// The slug of the challenge.
    pub slug: String,
    /// It had been made before, under the same key.
    pub replayed: bool,
}
