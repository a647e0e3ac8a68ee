//! Sums over services, by scope.

use serde::Serialize;
use utoipa::ToSchema;

use super::{GradeCount, Points};

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
    /// Services with a certificate in force; null for a practice, and for days that were kept without it.
    pub certified: Option<i64>,
    /// Their share of all services in percent, rounded down.
    pub certified_pct: Option<i64>,
    /// Certificates, in force or not, that end within 30 days unless they are renewed; null as `certified` is.
    pub expiring: Option<i64>,
}

/// What moved the score of a scope over a period, by rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MovedView {
    /// Slug of the team; null for all services.
    pub scope: Option<String>,
    /// The day on whose end the period ends.
    pub day: String,
    /// The day after whose end it begins; null while there are less than four weeks of history, and then nothing is told.
    pub since: Option<String>,
    /// Of how many days of the period it was kept what moved.
    pub days: usize,
    /// Rules whose outcome moved, the most points first, gains and losses alike.
    pub items: Vec<RuleMoved>,
}

/// What the outcomes of one rule moved. A service that moved more than once counts each time. Points are those of the rule: all
/// of them where it passed, half where it passed in part, none otherwise; waivers and broken sources move nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleMoved {
    /// Id of the rule.
    pub rule: String,
    /// Its title; its id where the rulebook in force no longer has it.
    pub title: String,
    /// Its practice; null where the rulebook in force no longer has it.
    pub practice: Option<String>,
    /// How often a service got a better outcome.
    pub gained: i64,
    /// How often a service got a worse one.
    pub lost: i64,
    /// Points of the rule gained by it, over all services.
    pub points_gained: Points,
    /// Points of the rule lost by it, over all services.
    pub points_lost: Points,
}
