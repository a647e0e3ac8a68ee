//! A scorecard under suppositions.

use serde::Serialize;
use utoipa::ToSchema;

use super::Points;
use crate::types::Timestamp;

/// A scorecard as it would be. Nothing of it is stored, and nothing of it is true yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WhatIfView {
    /// Slug.
    pub service: String,
    /// Always true: this is no grade.
    pub hypothetical: bool,
    /// The instant as of which the facts were read.
    #[schema(value_type = String, format = DateTime)]
    pub graded_at: Timestamp,
    /// Content hash of the rulebook.
    pub rulebook: String,
    /// What holds.
    pub now: WhatIfGrade,
    /// What would hold.
    pub then: WhatIfGrade,
    /// Rules asked to be taken as passed, in order.
    pub pass: Vec<String>,
    /// Facts asked to be changed.
    pub facts: Vec<WhatIfFact>,
    /// Facts that would be known once those rules pass: the smallest change found that makes them pass.
    pub supposed: Vec<WhatIfFact>,
    /// Rules taken as passed as they are, as no change of facts was found that makes them pass.
    pub taken: Vec<String>,
    /// Rules that come out otherwise, in the order of the rulebook.
    pub rules: Vec<WhatIfMove>,
    /// Every practice.
    pub practices: Vec<WhatIfPractice>,
}

/// A grade, now or then.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WhatIfGrade {
    /// 0..100; null when no rule applies.
    pub score: Option<u8>,
    /// Letter after caps.
    pub grade: Option<String>,
    /// Letter that the score alone would give.
    pub uncapped_grade: Option<String>,
    /// Percent of points whose facts are known.
    pub coverage: u8,
    /// Points earned.
    pub earned: Points,
    /// Points possible.
    pub possible: Points,
    /// Ids of the rules that hold the grade down.
    pub capped_by: Vec<String>,
}

/// A fact, now and then.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WhatIfFact {
    /// Name of the fact.
    pub fact: String,
    /// Its unit, if it has one.
    pub unit: Option<String>,
    /// Its value now; null while nobody knows it.
    #[schema(value_type = Option<serde_json::Value>)]
    pub before: Option<serde_json::Value>,
    /// Its value then; null: nobody would know it.
    #[schema(value_type = Option<serde_json::Value>)]
    pub after: Option<serde_json::Value>,
}

/// A rule that comes out otherwise.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WhatIfMove {
    /// Rule id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Practice id.
    pub practice: String,
    /// Outcome now.
    pub before: String,
    /// Outcome then.
    pub after: String,
    /// Points earned now.
    pub earned_before: Points,
    /// Points earned then.
    pub earned_after: Points,
    /// Points possible now; 0 where it leaves the sum.
    pub possible_before: Points,
    /// Points possible then.
    pub possible_after: Points,
    /// Letter it holds the grade down to now.
    pub caps_before: Option<String>,
    /// Letter it would hold the grade down to.
    pub caps_after: Option<String>,
}

/// A practice, now and then.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WhatIfPractice {
    /// Practice id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Score now; null when none of its rules applies.
    pub before: Option<u8>,
    /// Score then.
    pub after: Option<u8>,
}

/// A rule that may be ticked on the page.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfStep {
    /// Rule id.
    pub rule: String,
    /// Title.
    pub title: String,
    /// Practice title.
    pub practice: String,
    /// Outcome now.
    pub outcome: String,
    /// Score points it brings by itself.
    pub points: u8,
    /// Letter it holds the grade down to now.
    pub lifts: Option<String>,
    /// minutes, hours or days.
    pub effort: String,
    /// Taken as passed.
    pub ticked: bool,
}
