//! The rulebook in force, the fact catalogue, grading runs.

use serde::Serialize;
use utoipa::ToSchema;

use super::BandView;
use crate::types::Timestamp;

/// The rulebook in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RulebookView {
    /// Content hash.
    pub hash: String,
    /// `built-in pack`, or the directory it was read from.
    pub source: String,
    /// Since when it is in force.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Why a newer one was refused: each error with file, line and column. Empty when all is well.
    pub refused: Vec<String>,
    /// Letters, best first.
    pub bands: Vec<BandView>,
    /// Practices with their rules.
    pub practices: Vec<RulebookPractice>,
}

/// A practice of the rulebook.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RulebookPractice {
    /// Practice id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Sum of the points of its rules.
    pub points: u32,
    /// Its rules.
    pub rules: Vec<RuleView>,
}

/// One rule of the rulebook, with how the fleet does on it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleView {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Practice id.
    pub practice: String,
    /// Why it exists.
    pub why: String,
    /// How to pass it.
    pub fix: String,
    /// minutes, hours or days.
    pub effort: String,
    /// Points.
    pub points: u16,
    /// When it applies, as written.
    pub when: Option<String>,
    /// The judgement, as written.
    pub judge: String,
    /// Letter it caps at while not passed.
    pub caps: Option<String>,
    /// Least evidence class that counts.
    pub evidence: String,
    /// How many of the last runs of the drills it reads must pass, where it says so.
    #[schema(value_type = Option<Object>)]
    pub flaky: Option<scoring_rules::Flaky>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Review date.
    pub review_by: Option<String>,
    /// Facts it reads.
    pub facts: Vec<String>,
    /// Its examples: facts and what is expected.
    pub examples: Vec<ExampleView>,
    /// Services by outcome.
    pub outcomes: std::collections::BTreeMap<String, i64>,
    /// Percent of the services it applies to that pass; null when it applies to none.
    pub pass_rate: Option<i16>,
}

/// An example of a rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExampleView {
    /// Facts by name.
    #[schema(value_type = Object)]
    pub facts: serde_json::Value,
    /// pass, fail, unknown, partial with its share.
    pub expect: String,
}

/// A fact of the catalogue.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactSpecView {
    /// Dotted name.
    pub name: String,
    /// bool, int, number, text, list.
    #[serde(rename = "type")]
    pub fact_type: String,
    /// Unit.
    pub unit: Option<String>,
    /// Where it comes from.
    pub source: String,
    /// What it means.
    pub help: String,
    /// Older than so many days it is stale; null: its age is its value.
    pub age_limit_days: Option<u32>,
    /// Example value.
    #[schema(value_type = serde_json::Value)]
    pub example: serde_json::Value,
    /// May be posted to `/api/v1/facts`.
    pub posted: bool,
    /// How to send the evidence.
    pub send: String,
}

/// A grading run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GradingRunView {
    /// Id.
    pub id: String,
    /// queued, running, finished, failed.
    pub state: String,
    /// What started it: schedule, api, command line, rulebook.
    pub trigger: String,
    /// Services judged.
    pub services: i64,
    /// Of them changed.
    pub changed: i64,
    /// Asked for.
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// Began.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// Ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// What went wrong.
    pub errors: Vec<String>,
}
