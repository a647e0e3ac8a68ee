//! The scorecard of one service, its history and the answer to a drill.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{AwardView, Points, ServiceDetail};
use crate::types::Timestamp;

/// Everything behind one grade.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScorecardView {
    /// Slug.
    pub service: String,
    /// What the catalog says of the service.
    pub detail: ServiceDetail,
    /// 0..100; null when no rule applies.
    pub score: Option<u8>,
    /// Letter after caps; null when not graded.
    pub grade: Option<String>,
    /// Letter that the score alone would give.
    pub uncapped_grade: Option<String>,
    /// Percent of points whose facts are known.
    pub coverage: u8,
    /// Points earned and possible.
    pub earned: Points,
    /// Points that the rules which apply could give.
    pub possible: Points,
    /// Content hash of the rulebook that judged.
    pub rulebook: String,
    /// The instant as of which the facts were read.
    #[schema(value_type = String, format = DateTime)]
    pub graded_at: Timestamp,
    /// Ids of the rules that hold the grade down.
    pub capped_by: Vec<String>,
    /// Scores by practice, in the rulebook's order.
    pub practices: Vec<PracticeView>,
    /// Every rule with its outcome.
    pub rules: Vec<RuleOutcomeView>,
    /// What to do next, cheapest point first.
    pub next_steps: Vec<NextStepView>,
    /// The shortest way to the next better letter.
    pub path: Option<PathView>,
    /// The latest changes of the score, newest first.
    pub changes: Vec<ChangeView>,
    /// The certificate that the service holds.
    pub certificate: Option<AwardView>,
    /// Ids of the badges that it holds.
    pub badges: Vec<String>,
    /// Every certificate and badge of the rulebook, held or not.
    pub awards: Vec<AwardView>,
    /// The letters with their least scores, best first.
    pub bands: Vec<BandView>,
}

/// A letter and the least score it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BandView {
    /// Letter.
    pub grade: String,
    /// Least score.
    pub min: u8,
}

/// One practice of a scorecard.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PracticeView {
    /// Practice id.
    pub id: String,
    /// Title.
    pub title: String,
    /// 0..100; null when none of its rules applies.
    pub score: Option<u8>,
    /// Letter of that score.
    pub grade: Option<String>,
    /// Points earned.
    pub earned: Points,
    /// Points possible.
    pub possible: Points,
    /// Percent of its points whose facts are known.
    pub coverage: u8,
    /// Mean score of the practice over the services of the same tier.
    pub tier_mean: Option<u8>,
}

/// One rule's outcome for one service.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleOutcomeView {
    /// Rule id.
    pub id: String,
    /// Practice id.
    pub practice: String,
    /// The rule's title.
    pub title: String,
    /// pass, partial, fail, unknown, error, waived, `not_applicable`.
    pub outcome: String,
    /// Points earned.
    pub earned: Points,
    /// Points possible; 0 when the rule leaves the sum.
    pub possible: Points,
    /// Points of the rule in the rulebook.
    pub points: u16,
    /// One sentence with the measured numbers, or what is missing and how to send it.
    pub reason: String,
    /// The facts the rule read.
    pub facts: BTreeMap<String, FactView>,
    /// Facts that are missing, stale or too weak.
    pub missing: Vec<MissingFactView>,
    /// Why the rule exists.
    pub why: String,
    /// How to pass it.
    pub fix: String,
    /// minutes, hours or days.
    pub effort: String,
    /// Letter this rule holds the grade down to now.
    pub caps: Option<String>,
}

/// A fact as a rule read it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactView {
    /// Value.
    #[schema(value_type = serde_json::Value)]
    pub value: serde_json::Value,
    /// The instant it tells of.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// `executed_ci`, `executed_token`, observed, declared.
    pub evidence: String,
    /// Unit, if it has one.
    pub unit: Option<String>,
    /// The drill the fact was read from, if it was one.
    pub drill: Option<String>,
    /// Who sent it.
    pub sender: Option<String>,
}

/// A fact a rule could not use.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MissingFactView {
    /// Fact name.
    pub fact: String,
    /// `no_data`, `stale`, `too_weak`.
    pub why: String,
    /// One sentence: what is missing and how to send it.
    pub detail: String,
}

/// A step that raises the score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NextStepView {
    /// Rule id.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// Practice title.
    pub practice: String,
    /// Score points this step brings on its own (in `path`: on top of the steps before it).
    pub points: u8,
    /// minutes, hours or days.
    pub effort: String,
    /// Why it is open, with the measured numbers.
    pub why: String,
    /// Score after it.
    pub score_after: u8,
    /// Letter after it.
    pub grade_after: String,
    /// How to take it.
    pub fix: String,
}

/// The way to the next better letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PathView {
    /// The letter aimed at.
    pub grade: String,
    /// The score it takes.
    pub score: u8,
    /// Points missing.
    pub points: u8,
    /// Steps in order; each adds to the ones before it.
    pub steps: Vec<NextStepView>,
    /// The steps reach the letter.
    pub reaches: bool,
    /// The work of all rules that come to pass on the way: minutes weigh 1, hours 4, days 16.
    pub effort: i64,
    /// No steps of less work reach the letter. False where very many rules touch each other: then only none is spare.
    pub cheapest: bool,
}

/// One change of a score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Score after the change.
    pub score: Option<i16>,
    /// Letter after the change.
    pub grade: Option<String>,
    /// Score before; null for the first.
    pub score_before: Option<i16>,
    /// Letter before.
    pub grade_before: Option<String>,
    /// Percent of points known after it.
    pub coverage: i16,
    /// Rulebook that judged.
    pub rulebook: String,
    /// evidence, expiry, rulebook, ownership; daily where only the standing at the end of the day is kept.
    pub cause: String,
    /// One sentence: what moved and why.
    pub sentence: String,
    /// Rules whose outcome moved: id, before, after.
    pub rules: Vec<RuleMove>,
}

/// One rule's move within a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
pub struct RuleMove {
    /// Rule id.
    pub rule: String,
    /// Outcome before.
    pub before: String,
    /// Outcome after.
    pub after: String,
}

/// Before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
pub struct Change<T> {
    /// Before.
    pub before: Option<T>,
    /// After.
    pub after: Option<T>,
}

/// The answer to a drill result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
pub struct DrillAnswer {
    /// Id of the drill.
    pub id: String,
    /// Slug of the service.
    pub service: String,
    /// passed, failed, inconclusive, rehearsal.
    pub outcome: String,
    /// It moves facts. Inconclusive, rehearsed and exploratory drills do not.
    pub counted: bool,
    /// Why it is inconclusive, failed or not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Letter before and after.
    pub grade: Change<String>,
    /// Score before and after.
    pub score: Change<i16>,
    /// It passed before and fails now.
    pub regression: bool,
    /// Ids of certificates and badges newly earned.
    pub awarded: Vec<String>,
    /// Page that explains the grade.
    pub scorecard_url: String,
}
