//! Services, teams, boards and the fleet.

use serde::Serialize;
use utoipa::ToSchema;

use crate::types::Timestamp;

/// A team as others refer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TeamRef {
    /// Address of the team.
    pub slug: String,
    /// Name for people.
    pub name: String,
}

/// A service in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceRow {
    /// Address of the service.
    pub slug: String,
    /// Catalog reference, e.g. `component:default/checkout`.
    #[serde(rename = "ref")]
    pub entity_ref: String,
    /// Name for people.
    pub name: String,
    /// Owner, if the catalog names one.
    pub team: Option<TeamRef>,
    /// 1 (most critical) to 4.
    pub tier: i16,
    /// experimental, production, deprecated, or the catalog's own word.
    pub lifecycle: String,
    /// 0..100; null while not graded.
    pub score: Option<i16>,
    /// Letter; null while not graded.
    pub grade: Option<String>,
    /// Percent of points whose facts are known.
    pub coverage: i16,
    /// Points gained over the last 30 days; null if it was not graded then.
    pub trend: Option<i16>,
    /// Drills that passed once and fail now.
    pub regressions: i32,
    /// When the score last changed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub changed_at: Option<Timestamp>,
    /// Gone from its catalog; kept with its history.
    pub removed: bool,
}

/// A service with what the catalog says of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceDetail {
    /// The list fields.
    #[serde(flatten)]
    pub row: ServiceRow,
    /// From the catalog.
    pub description: Option<String>,
    /// The catalog's `spec.type`.
    #[serde(rename = "type")]
    pub service_type: Option<String>,
    /// System it belongs to, as a catalog reference.
    pub system: Option<String>,
    /// `key=value` labels and tags.
    pub labels: Vec<String>,
    /// What it depends on.
    pub dependencies: Vec<DependencyView>,
    /// Slugs of the services that depend on it.
    pub dependents: Vec<String>,
    /// Which catalog file or token brought it.
    pub source: String,
    /// Where its tier was read, e.g. `label waterbear.dev/tier`, or `default`.
    pub tier_from: String,
    /// First seen.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it went from its catalog.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub removed_at: Option<Timestamp>,
}

/// An edge to a service or an external.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DependencyView {
    /// Catalog reference of the target.
    #[serde(rename = "ref")]
    pub entity_ref: String,
    /// Slug, if the target is a service here.
    pub slug: Option<String>,
    /// Nothing of that reference is in the catalog.
    pub dangling: bool,
}

/// How many services have which grade, best first; the last entry, `not graded`, has a null grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GradeCount {
    /// Letter, or null for "not graded".
    pub grade: Option<String>,
    /// Number of services.
    pub services: i64,
}

/// A team with its services.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TeamView {
    /// Address of the team.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Catalog reference, e.g. `group:default/storefront-team`.
    #[serde(rename = "ref")]
    pub entity_ref: String,
    /// From the root down to the parent.
    pub ancestors: Vec<TeamRef>,
    /// Direct children.
    pub children: Vec<TeamRef>,
    /// Of this team and all below it.
    pub standing: Standing,
    /// The services of this team and all below it, worst score first, at most 500.
    pub services: Vec<ServiceRow>,
    /// Cheapest steps over all its services.
    pub next_steps: Vec<TeamStep>,
    /// Points from the next letter on average: letter and distance.
    pub next_grade: Option<NextGrade>,
    /// Whether the team takes part in boards.
    pub on_boards: bool,
    /// Its past seasons, newest first.
    pub seasons: Vec<SeasonRecord>,
}

/// The next better letter and how many points are missing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NextGrade {
    /// Letter.
    pub grade: String,
    /// Points missing.
    pub points: i16,
}

/// Where a team (or everything) stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Standing {
    /// Services, removed ones not counted.
    pub services: i64,
    /// Of them graded.
    pub graded: i64,
    /// Mean score of graded services, rounded down.
    pub score: Option<i16>,
    /// Letter of that mean.
    pub grade: Option<String>,
    /// Mean coverage, percent.
    pub coverage: i16,
    /// Services by grade.
    pub grades: Vec<GradeCount>,
    /// Change of the mean over 30 days.
    pub gained_30d: Option<i16>,
    /// Open regressions.
    pub regressions: i64,
    /// Whole weeks without a drill regression. Of a team what the board of streaks ranks; of all services together, and of a
    /// team that is on no board, the mean of its services. Null where no drill is expected and none was ever run.
    pub streak_weeks: Option<i64>,
    /// Mean score of each of the last 12 weeks, oldest first; null before the first grading.
    pub weeks: Vec<Option<i16>>,
}

/// A next step of one of a team's services.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TeamStep {
    /// The service to improve.
    pub service: String,
    /// Rule id.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// Practice title.
    pub practice: String,
    /// Score points it brings to that service.
    pub points: i16,
    /// minutes, hours or days.
    pub effort: String,
}

/// One line of a leaderboard.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoardRow {
    /// Standard competition rank: 1, 2, 2, 4; null below the top half.
    pub rank: Option<i64>,
    /// Team or service.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Division of a team, team of a service.
    pub group: Option<String>,
    /// Score now; of a team the plain mean of all that it and the teams below it own, as on its page. Of a season that is
    /// over: at its end.
    pub score: i16,
    /// Letter of it.
    pub grade: String,
    /// Points gained since the season began; of a team the weighted mean.
    pub gained: i16,
    /// What the board ranks, in its `unit`; of a team what it is worth beside the loan of its league.
    pub value: i32,
    /// League of a team; null for a service.
    pub league: Option<String>,
    /// Services that count for a team this season: those that it owned when the season began. 1 for a service.
    pub services: i64,
    /// Services by grade (teams only).
    pub grades: Vec<GradeCount>,
    /// Mean score of each of the last 12 weeks (teams only).
    pub weeks: Vec<Option<i16>>,
}

/// A season of a team that is over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeasonRecord {
    /// `2026-Q3`.
    pub season: String,
    /// The league it was in.
    pub league: String,
    /// Which tiers and sizes were in it.
    pub league_title: String,
    /// Its score at the end, as boards have it.
    pub score: i16,
    /// Letter of it.
    pub grade: String,
    /// Points gained.
    pub gained: i16,
    /// The part of what was possible that it gained, in thousandths; null where it was not there at the start.
    pub improved: Option<i32>,
    /// Its rank in its league on the board `improved`; null below the top half.
    pub rank_improved: Option<i64>,
    /// Its rank on the board `score`.
    pub rank_score: Option<i64>,
}

/// A league.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeagueView {
    /// `?league=` of it.
    pub id: String,
    /// Which tiers and sizes are in it.
    pub title: String,
}

/// A leaderboard of one season.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoardView {
    /// `improved`, `score`, `streak`, `drills` or `fallbacks`.
    pub board: String,
    /// `team` or `service`.
    pub by: String,
    /// What `value` counts: `permille` (of what was possible, of expected drills, of calls), `points` or `weeks`.
    pub unit: String,
    /// `2026-Q4`.
    pub season: String,
    /// First instant of the season.
    #[schema(value_type = String, format = DateTime)]
    pub season_start: Timestamp,
    /// First instant after it.
    #[schema(value_type = String, format = DateTime)]
    pub season_end: Timestamp,
    /// The season is over, and the rows are its final standings.
    pub ended: bool,
    /// The season now, and past ones whose final standings are kept, newest first.
    pub seasons: Vec<String>,
    /// League: `all`, `tier-1` .. `tier-4` (the most critical tier among a team's services), or one of teams.
    pub league: String,
    /// Leagues to choose from.
    pub leagues: Vec<LeagueView>,
    /// Best first.
    pub items: Vec<BoardRow>,
    /// `?cursor=` of the next page; null on the last.
    pub next: Option<String>,
    /// Rows on all pages.
    pub total: i64,
    /// The reader's own row, for pages.
    #[serde(skip)]
    pub own: Option<BoardRow>,
}

/// The whole organisation, for Home.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FleetView {
    /// Over all services.
    pub standing: Standing,
    /// Services by grade at the end of each of the last 26 weeks, oldest first.
    pub weeks: Vec<FleetWeek>,
    /// Mean score of each practice.
    pub practices: Vec<PracticeMean>,
    /// Teams in the catalog.
    pub teams: i64,
}

/// One week of the fleet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FleetWeek {
    /// Day the week ends on.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Services by grade.
    pub grades: Vec<GradeCount>,
}

/// Mean score of one practice over all graded services.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PracticeMean {
    /// Practice id.
    pub id: String,
    /// Practice title.
    pub title: String,
    /// 0..100; null if the practice applies to no service.
    pub score: Option<i16>,
}

/// One entry of the feed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Position in the log; pass as `?after=`.
    pub seq: i64,
    /// Stable id.
    pub id: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `drill_recorded`, `drill_regressed`, `drill_recovered`, `drill_flaked`, `drill_detected`, `grade_changed`,
    /// `score_changed`, `service_added`, `service_changed`, `service_removed`, `service_returned`, `team_added`,
    /// `team_removed`, `rulebook_published`, `catalog_imported`, `flow_changed`, `flow_removed`, `facts_recorded`,
    /// `degrader_recorded`, `token_created`, `token_revoked`, `drill_ticket_issued`, `drill_ticket_revoked`,
    /// `signing_key_created`, `challenge_started`, `challenge_milestone`, `challenge_half_time`, `challenge_ending`,
    /// `challenge_ended`, `challenge_reward_earned`, `challenge_cancelled`.
    pub kind: String,
    /// Service slug.
    pub service: Option<String>,
    /// Team slug.
    pub team: Option<String>,
    /// Who caused it: a token's name, `schedule`, `command line`.
    pub actor: String,
    /// One sentence.
    pub sentence: String,
    /// The event's own fields.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}
