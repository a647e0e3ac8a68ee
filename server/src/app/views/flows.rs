//! Core flows: edges with their proofs, coverage, findings, single points of failure.

use serde::Serialize;
use utoipa::ToSchema;

use super::TeamRef;
use crate::types::Timestamp;

/// A flow as `PUT /api/v1/flows/{slug}` takes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FlowDocument {
    /// Its name for people.
    pub title: String,
    /// What users do in it.
    pub description: Option<String>,
    /// Slug or catalog reference of the team that answers for it.
    pub owner: Option<String>,
    /// The service where it begins; whatever nobody calls, if left out.
    pub entry: Option<String>,
    /// Its steps, in order.
    #[schema(required = false, nullable)]
    pub steps: Vec<String>,
    /// Its calls.
    pub edges: Vec<EdgeDocument>,
}

/// One call of a flow.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EdgeDocument {
    /// Who calls: slug or catalog reference.
    pub from: String,
    /// Who is called: slug, catalog reference, or `external:` and a name.
    pub to: String,
    /// Whether the caller fails without it.
    pub core: bool,
    /// How long the caller waits, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// What the caller does instead; of non-core edges.
    pub fallback: Option<FallbackView>,
    /// Calls a second.
    pub traffic: Option<f64>,
    /// The step it belongs to.
    pub step: Option<String>,
}

/// What a caller does without a dependency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FallbackView {
    /// `trade_time`, `trade_complexity` or `trade_feature`.
    pub strategy: String,
    /// A sentence: what users get instead.
    pub how: String,
}

/// One failure of one edge.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CheckView {
    /// `error`, `delay` or `timeout`.
    pub failure: String,
    /// `verified`, `stale`, `failed` or `never`.
    pub state: String,
    /// When a drill passed last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub passed_at: Option<Timestamp>,
    /// Id of the last counted drill.
    pub drill: Option<String>,
    /// When that ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_at: Option<Timestamp>,
}

/// One edge with what is known of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EdgeView {
    /// What tells the edges of a flow apart: `from->to`.
    pub id: String,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// Whether the caller fails without it.
    pub core: bool,
    /// How long the caller waits, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// What the caller does instead.
    pub fallback: Option<FallbackView>,
    /// Calls a second: as declared, or else as seen.
    pub traffic: Option<f64>,
    /// The step it belongs to.
    pub step: Option<String>,
    /// `core`; of a non-core edge `verified`, `stale`, `failed` or `never`.
    pub state: String,
    /// Error, delay, timeout.
    pub checks: Vec<CheckView>,
}

/// How well the fallbacks of some edges are proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Coverage {
    /// Core edges.
    pub core: i64,
    /// Non-core edges.
    pub noncore: i64,
    /// Of them, those with a declared fallback.
    pub declared: i64,
    /// Those that a drill proved, lately.
    pub verified: i64,
    /// Those that a drill proved too long ago.
    pub stale: i64,
    /// Those of which the last drill failed.
    pub failed: i64,
    /// Verified per hundred non-core edges; absent where there are none.
    pub coverage_pct: Option<f64>,
}

/// Something odd about a flow.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// Stable name of the kind.
    pub code: String,
    /// The edge it is about.
    pub edge: Option<String>,
    /// The service it is about.
    pub node: Option<String>,
    /// What is odd, and the cure.
    pub detail: String,
}

/// A call that no flow declares.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Undeclared {
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// `trace` or `catalog`.
    pub named_by: String,
    /// How often.
    pub calls_per_second: Option<f64>,
    /// When traces showed it last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub seen_at: Option<Timestamp>,
}

/// A flow with all that follows from it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FlowView {
    /// Its address.
    pub slug: String,
    /// Its name for people.
    pub title: String,
    /// What users do in it.
    pub description: Option<String>,
    /// The team that answers for it, if the catalog has it.
    pub owner: Option<TeamRef>,
    /// Who declared it.
    pub source: String,
    /// When it was declared like this.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub updated_at: Option<Timestamp>,
    /// Where it begins, as declared.
    pub entry: Option<String>,
    /// Its steps, in order.
    pub steps: Vec<String>,
    /// Its calls.
    pub edges: Vec<EdgeView>,
    /// How well its fallbacks are proved.
    pub coverage: Coverage,
    /// The fewest services it can do with, without its entry.
    pub core_dependencies: Vec<String>,
    /// Every node whose death breaks it.
    pub single_points: Vec<String>,
    /// What is odd about it.
    pub findings: Vec<FindingView>,
    /// Calls of its services that no flow declares, the busiest first.
    pub undeclared: Vec<Undeclared>,
}

/// A flow in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FlowRow {
    /// Its address.
    pub slug: String,
    /// Its name for people.
    pub title: String,
    /// The team that answers for it.
    pub owner: Option<TeamRef>,
    /// Its nodes.
    pub nodes: usize,
    /// How well its fallbacks are proved.
    pub coverage: Coverage,
    /// How many things are odd about it, edges that nobody declared aside.
    pub findings: usize,
    /// When it was declared like this.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A node whose death breaks flows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SinglePoint {
    /// Slug of the service, or `external:` and a name.
    pub node: String,
    /// Whether it is a service of the catalog.
    pub known: bool,
    /// Flows that it breaks: slug and title.
    pub flows: Vec<(String, String)>,
    /// Calls a second that enter these flows, as far as they are known.
    pub traffic: f64,
}

/// A flow that a service takes part in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FlowRef {
    /// Its address.
    pub slug: String,
    /// Its name for people.
    pub title: String,
}

/// The calls of one service in all flows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceFallbacks {
    /// Slug of the service.
    pub service: String,
    /// Flows that it takes part in.
    pub flows: Vec<FlowRef>,
    /// How well its fallbacks are proved.
    pub coverage: Coverage,
    /// Its calls, each once: non-core if it is so in any flow. The gaps first, the busiest of them first.
    pub edges: Vec<EdgeView>,
    /// Its calls that no flow declares, the busiest first.
    pub undeclared: Vec<Undeclared>,
}
