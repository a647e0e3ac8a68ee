//! Sums over services, by scope.

use serde::Serialize;
use utoipa::ToSchema;

use super::GradeCount;

/// One line of a rollup.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rollup {
    /// `all`; slug of the division or team, empty for what is of no division; number of the tier; id of the practice.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Slug of the team above; of teams and divisions.
    pub parent: Option<String>,
    /// The day whose standings these are: today for what holds now.
    pub day: String,
    /// Services; of a practice, those it applies to.
    pub services: i64,
    /// Of them graded.
    pub graded: i64,
    /// Mean score, rounded down; null while nothing is graded.
    pub score: Option<i16>,
    /// Middle score, of an even number the mean of the two in the middle, rounded down. Null of a practice, of what is of
    /// no division, and of days that were kept without it.
    pub median: Option<i16>,
    /// Letter of the mean.
    pub grade: Option<String>,
    /// Mean coverage in percent; null for a practice.
    pub coverage: Option<i64>,
    /// Services by grade; empty for a practice.
    pub grades: Vec<GradeCount>,
    /// Change of the mean score over the 30 days before; null where that day was not kept.
    pub trend: Option<i16>,
    /// Open regressions; null for a practice, and for days that were kept without them.
    pub regressions: Option<i64>,
}
