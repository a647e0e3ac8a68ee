//! Drills of a service: results and the matrix of what is expected.

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::deployments::BreakWindow;
use crate::types::Timestamp;

/// One drill result.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DrillView {
    /// Id.
    pub id: String,
    /// Slug of the service.
    pub service: String,
    /// rollback, infrastructure, dependency.
    pub kind: Option<String>,
    /// Failure class.
    pub failure: Option<String>,
    /// What was hit: a dependency, a host group.
    pub target: Option<String>,
    /// Where.
    pub environment: Option<String>,
    /// Outcome as read.
    pub outcome: String,
    /// Why, in one sentence.
    pub reason: String,
    /// It moves facts.
    pub counted: bool,
    /// It passed before and failed here.
    pub regression: bool,
    /// Recorded, never graded.
    pub exploratory: bool,
    /// What became of the rollback.
    pub rollback: RollbackView,
    /// Start.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// End.
    #[schema(value_type = String, format = DateTime)]
    pub ended_at: Timestamp,
    /// When it arrived.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// Seconds until an alert fired.
    pub detected_after_seconds: Option<f64>,
    /// Seconds until the service was well again.
    pub recovered_after_seconds: Option<f64>,
    /// What was claimed.
    pub hypothesis: Option<String>,
    /// Links.
    #[schema(value_type = Vec<Object>)]
    pub evidence: serde_json::Value,
    /// Evidence class.
    pub evidence_class: String,
    /// Who sent it.
    pub sender: String,
    /// Tool that ran it.
    pub tool: String,
    /// The tool's run id.
    pub run_id: Option<String>,
    /// The sender's own id.
    pub external_id: Option<String>,
    /// Id of the drill ticket under which it was run.
    pub ticket: Option<String>,
}

/// What became of the rollback.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RollbackView {
    /// succeeded, failed, suspect, `not_run`, `none_declared`, `not_tested`.
    pub outcome: String,
    /// Why.
    pub reason: String,
    /// How long it took.
    pub seconds: Option<f64>,
}

/// What the rulebook expects of a service's drills, and where each stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DrillMatrix {
    /// Slug.
    pub service: String,
    /// Every failure class: expected ones first.
    pub cells: Vec<DrillCell>,
    /// Expected.
    pub expected: i64,
    /// Of them fresh.
    pub fresh: i64,
    /// Of them never run.
    pub never_run: i64,
}

/// One failure class of one service.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DrillCell {
    /// rollback, infrastructure, dependency.
    pub kind: String,
    /// Failure class.
    pub failure: String,
    /// fresh, stale, failed, `never_run`; regressed when it passed once and fails now.
    pub state: String,
    /// A rule that applies to this service asks for it.
    pub expected: bool,
    /// That rule's id.
    pub rule: Option<String>,
    /// That rule's points.
    pub points: Option<u16>,
    /// A pass counts in full for so many days.
    pub fresh_days: Option<i64>,
    /// And not at all after so many.
    pub expires_days: Option<i64>,
    /// Days since the last pass.
    pub days_since_passed: Option<i64>,
    /// The day from which the last pass no longer counts in full, in UTC; null where nothing passed.
    #[schema(value_type = Option<String>, format = Date)]
    pub due_on: Option<String>,
    /// Last counted drill of that class.
    pub last: Option<DrillView>,
    /// Targets and environments it was run against.
    pub identities: i64,
    /// Of a regression: when it broke, and what was deployed in between.
    pub broke: Option<BreakWindow>,
}
