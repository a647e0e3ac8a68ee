//! Drills that are due, and plans that are ready to run.

use serde::Serialize;
use utoipa::ToSchema;

/// One drill that a service should have a fresh pass of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DueRow {
    /// Slug.
    pub service: String,
    /// Its name for people.
    pub service_name: String,
    /// rollback, infrastructure, dependency.
    pub kind: String,
    /// Failure class.
    pub failure: String,
    /// What is hit: a dependency, a host group.
    pub target: Option<String>,
    /// Where it runs.
    pub environment: String,
    /// fresh, stale, failed, `never_run`; regressed when it passed once and fails now.
    pub state: String,
    /// Why it is due, or what it is still good for.
    pub why: String,
    /// The rule that asks for it.
    pub rule: Option<String>,
    /// Points of that rule.
    pub points: Option<u16>,
    /// minutes, hours, days.
    pub effort: Option<String>,
    /// The day on which it is due, in UTC: today for what is overdue.
    #[schema(value_type = String, format = Date)]
    pub due_on: String,
    /// No fresh pass covers it.
    pub due: bool,
}

/// What is due of a service, ready to run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DuePlans {
    /// Slug.
    pub service: String,
    /// What runs the plans.
    pub format: &'static str,
    /// Drills that no fresh pass covers.
    pub due: usize,
    /// Drills that are expected at all, those of dependencies included.
    pub expected: usize,
    /// What was asked for, the most urgent first, then what earns most for least work.
    pub items: Vec<DuePlan>,
}

/// A drill with its plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DuePlan {
    /// The drill.
    #[serde(flatten)]
    pub drill: DueRow,
    /// The plan; null where the engine has none.
    pub plan: Option<DrillPlan>,
    /// Why there is none, and what can instead.
    pub unsupported: Option<UnsupportedPlan>,
}

/// Why there is no plan for a format.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnsupportedPlan {
    /// What the engine lacks.
    pub reason: String,
    /// Formats that have it.
    pub formats: Vec<String>,
}

/// A plan, ready to run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DrillPlan {
    /// What is drilled.
    pub title: String,
    /// What must stay true, and how it is checked.
    pub hypothesis: String,
    /// Who may notice.
    pub blast_radius: String,
    /// How long the failure lasts.
    pub duration_seconds: u32,
    /// When it is broken off.
    pub stop_condition: String,
    /// How the failure is taken back, and how that is checked.
    pub rollback: String,
    /// What to set first, in the environment.
    pub variables: Vec<VariableView>,
    /// The command line that runs it and sends the result.
    pub run: String,
    /// The plan itself, then what runs it and what else belongs to it.
    pub files: Vec<PlanFileView>,
}

/// A variable of a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VariableView {
    /// Its name.
    pub name: String,
    /// What it says.
    pub about: String,
    /// What holds when it is not set; null where the plan refuses to start without it.
    pub default: Option<String>,
}

/// A file of a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanFileView {
    /// Its name.
    pub name: String,
    /// Media type.
    pub media: String,
    /// Its text.
    pub text: String,
}

/// What is due over several services.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TeamDue {
    /// The drills, the most urgent first.
    pub items: Vec<DueRow>,
    /// How many there are in all.
    pub total: usize,
    /// Services that were looked through.
    pub services: usize,
    /// There are more services than that.
    pub more_services: bool,
}
