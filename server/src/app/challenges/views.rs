//! What reads of challenges return.

use serde::Serialize;
use utoipa::ToSchema;

use super::goal::ChallengeGoal;
use super::scope::ChallengeScope;
use crate::types::Timestamp;

/// How a challenge stands, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProgressView {
    /// Closed items.
    pub done: i64,
    /// All items.
    pub total: i64,
    /// Percent, rounded down.
    pub pct: i64,
    /// Percent at the start.
    pub start_pct: i64,
    /// Items to close until the goal.
    pub to_go: i64,
    /// The goal is reached.
    pub reached: bool,
    /// As of when; of a challenge that has ended, its end.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// A challenge in the list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChallengeRow {
    /// Address.
    pub slug: String,
    /// Title.
    pub title: String,
    /// Why.
    pub why: String,
    /// `draft`, `open`, `ended` or `cancelled`.
    pub state: String,
    /// Start.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// First instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// Percent of all items to be closed.
    pub target_pct: i64,
    /// Goal and scope in words.
    pub asks: String,
    /// What its items are called: service, drill, rollback, fallback.
    pub noun: String,
    /// Name of the badge.
    pub badge: String,
    /// How it stands; null of a draft in a list.
    pub progress: Option<ProgressView>,
    /// Teams that reached their own goal: so far, or at the end.
    pub teams_reached: i64,
}

/// A milestone.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MilestoneView {
    /// Percent of the way from the start to the goal.
    pub at: i64,
    /// The percent of all items at which it stands; of a draft where it would stand if the challenge began now.
    pub pct: Option<i64>,
    /// What is celebrated.
    pub title: String,
    /// It was reached; it stays so when evidence ages.
    pub reached: bool,
}

/// Where the goal will stand at the end if it goes on as in the last two weeks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaceView {
    /// `too_early`, `reached`, `ahead`, `on_pace` or `behind`.
    pub state: String,
    /// In three words.
    pub title: String,
    /// One sentence.
    pub sentence: String,
    /// The day on which the goal falls.
    pub goal_on: Option<String>,
    /// Percent at the end.
    pub end_pct: Option<i64>,
}

/// How a day ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DayView {
    /// The day.
    pub day: String,
    /// Closed items.
    pub done: i64,
    /// All items.
    pub total: i64,
    /// Percent.
    pub pct: i64,
    /// Days since 1970.
    #[serde(skip)]
    pub number: i32,
}

/// A challenge with everything about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChallengeView {
    /// What the list says.
    #[serde(flatten)]
    pub row: ChallengeRow,
    /// Which services take part. Names that the reader may not know of are left out.
    pub scope: ChallengeScope,
    /// What is asked of them.
    pub goal: ChallengeGoal,
    /// Milestones.
    pub milestones: Vec<MilestoneView>,
    /// Pace; null unless it is open.
    pub pace: Option<PaceView>,
    /// Day by day.
    pub days: Vec<DayView>,
    /// Services that take part; null once it is over.
    pub services: Option<i64>,
    /// What was learned, in Markdown.
    pub retrospective: String,
    /// Why it cannot be judged now.
    pub problem: Option<String>,
}

/// A team against its own goal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StandingView {
    /// Standard competition rank by how far the team came to its own goal; null below the top half.
    pub rank: Option<i64>,
    /// Slug of the team.
    pub team: String,
    /// Its name.
    pub name: String,
    /// Percent at the start.
    pub start_pct: i64,
    /// Percent now, or at the end.
    pub pct: i64,
    /// Its own goal in percent.
    pub goal_pct: i64,
    /// Closed items of its own services.
    pub done: i64,
    /// All of them.
    pub total: i64,
    /// To close until its own goal.
    pub to_go: i64,
    /// Percent gained.
    pub gained: i64,
    /// Its own goal is reached.
    pub reached: bool,
}

/// Standings of a challenge.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StandingsView {
    /// Slug of the challenge.
    pub challenge: String,
    /// Its state: of one that has ended the standings are frozen.
    pub state: String,
    /// Whoever came furthest toward its own goal first.
    pub items: Vec<StandingView>,
    /// `?cursor=` of the next page; null on the last.
    pub next: Option<String>,
    /// Teams on all pages.
    pub total: i64,
}

/// One item of a goal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemView {
    /// Slug of the service.
    pub service: String,
    /// Its name.
    pub name: String,
    /// What is asked of it, where that is not the goal itself: `Config rollback`, `Fallback for recs`.
    pub what: Option<String>,
    /// Closed by evidence.
    pub closed: bool,
    /// When the evidence is from that closed it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Id of the drill that closed it.
    pub drill: Option<String>,
    /// What is known, in words.
    pub note: String,
}

/// What a team has to do, with the teams below it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ToGo {
    /// Slug of the team.
    pub team: String,
    /// Its name.
    pub name: String,
    /// Closed items.
    pub done: i64,
    /// All items.
    pub total: i64,
    /// Open items, the first of them.
    pub items: Vec<ItemView>,
}

/// A badge that a team earned in a challenge.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RewardView {
    /// Slug of the challenge.
    pub challenge: String,
    /// Its title.
    pub title: String,
    /// Name of the badge.
    pub badge: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}
