//! What reads of reviews return.

use serde::Serialize;
use utoipa::ToSchema;

use crate::types::Timestamp;

/// A review.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReviewView {
    /// Id.
    pub id: String,
    /// `no_op_drill`, `retried_until_green`, `late_edit`, `service_split`, `self_declared` or `bulk_at_season_end`.
    pub kind: String,
    /// What it is about, in words.
    pub title: String,
    /// What to ask.
    pub question: String,
    /// Slug of the service it is about; null where it is about a team.
    pub service: Option<String>,
    /// Slug of the team: that it is about, or that owned the service.
    pub team: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When evidence came last, or it was answered.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// How much was noticed; 50 at most are kept.
    pub noticed: i64,
    /// `nothing_wrong`, `corrected` or `rules_to_change`; null while it is open.
    pub finding: Option<String>,
    /// What was found out, in the words of who closed it.
    pub note: String,
    /// When it was closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    pub closed_by: Option<String>,
}

/// Something that was noticed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReviewEvidence {
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What was noticed.
    pub sentence: String,
    /// Id of the drill it is about.
    pub drill: Option<String>,
    /// Position in the event log of the change it is about.
    pub seq: Option<i64>,
}

/// A review with everything about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReviewDetail {
    /// The review.
    #[serde(flatten)]
    pub review: ReviewView,
    /// What was noticed, oldest first.
    pub evidence: Vec<ReviewEvidence>,
    /// What is looked for, with its limits.
    pub looks_for: String,
    /// What is often behind it.
    pub often: Vec<String>,
}
