//! What readers see of a flow: its edges with their proofs, coverage, findings, calls that nobody declared.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scoring_rules::flows::{Edge, Flow, Graph, findings};

use super::facts::{FAILURES, Proof, State, Targets, percent};
use super::names::{self, Known};
use super::{read_body, seen, stored};
use crate::app::Tx;
use crate::app::evidence::Evidence;
use crate::app::views::{
    CheckView, Coverage, EdgeView, FallbackView, FindingView, FlowView, TeamRef, Undeclared,
};
use crate::error::Result;
use crate::store;
use crate::store::flows::{FlowRow as StoredFlow, SeenRow};
use crate::types::Timestamp;

/// A flow with what its picture needs: the declaration with the names that readers see, and its graph.
#[derive(Clone, Debug)]
pub struct FlowPage {
    /// What the API gives.
    pub view: FlowView,
    /// The declaration, its edges in the order of the view's.
    pub flow: Flow,
    /// Its graph.
    pub graph: Graph,
    /// Slugs of services that there are.
    pub known: BTreeSet<String>,
    /// The owner as declared.
    pub owner_ref: Option<String>,
}

/// A stored flow with all that follows from it.
pub fn detail(tx: &mut Tx<'_>, slug: &str) -> Result<FlowPage> {
    let row = stored(tx, slug)?;
    let flow = read_body(&row)?;
    page(tx, Some(&row), flow)
}

/// The same of a flow that is not stored.
pub fn preview(tx: &mut Tx<'_>, flow: Flow) -> Result<FlowPage> {
    let flow = names::canonical(tx, flow)?;
    page(tx, None, flow)
}

fn page(tx: &mut Tx<'_>, row: Option<&StoredFlow>, flow: Flow) -> Result<FlowPage> {
    let ends = flow.edges.iter().flat_map(|e| [&e.from, &e.to]).chain(&flow.entry);
    let mut known = Known::load(tx, ends)?;
    let callers: Vec<String> = super::ends(&flow).into_iter().filter(|r| !known.covers(r)).collect();
    let seen = store::flows::seen(tx.conn, &callers, tx.now.plus_days(-seen::KEPT_DAYS).0)?;
    let undeclared = undeclared(tx, &callers, &seen, &flow, &mut known)?;
    if row.is_none() {
        known.forget_covered();
    }
    let rates: HashMap<(&str, &str), f64> = seen
        .iter()
        .filter_map(|s| Some(((s.from_ref.as_str(), s.to_ref.as_str()), s.calls_per_second?)))
        .collect();
    let evidence = evidence(tx, &known, &flow)?;
    let edges: Vec<EdgeView> = edge_views(&flow, &known, &evidence, &rates, tx.now);
    let shown = known.show(flow.clone());
    let graph = Graph::of(&shown);
    let of = |keep: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
        super::ends(&flow).iter().filter(|r| keep(r)).map(|r| known.shown(r)).collect()
    };
    let (linked, had) = (of(&|r| known.linked(r)), of(&|r| known.has(r)));
    let owner = names::owner(tx, flow.owner.as_deref())?;
    let mut findings: Vec<FindingView> = findings(&shown, &graph, &|name| had.contains(name))
        .into_iter()
        .map(|f| FindingView {
            code: f.code.to_owned(),
            edge: f.edge.and_then(|n| edges.get(n)).map(|e| e.id.clone()),
            node: f.node,
            detail: f.detail,
        })
        .collect();
    if let (Some(owner_ref), None) = (&flow.owner, &owner) {
        let detail = format!("the catalog has no team {owner_ref}; import it, or name another owner");
        findings.push(FindingView { code: "unknown_owner".into(), edge: None, node: None, detail });
    }
    let name = |n: usize| graph.names().get(n).cloned().unwrap_or_default();
    let view = FlowView {
        slug: row.map(|r| r.slug.clone()).unwrap_or_default(),
        title: flow.title.clone(),
        description: flow.description.clone(),
        owner: owner.map(|team| TeamRef { slug: team.slug, name: team.name }),
        source: row.map(|r| r.source.clone()).unwrap_or_default(),
        updated_at: row.map(|r| Timestamp(r.updated_at)),
        entry: shown.entry.clone(),
        steps: flow.steps.clone(),
        coverage: Coverage::of(&edges),
        core_dependencies: graph.core_dependencies().into_iter().map(name).collect(),
        single_points: graph.breaking().into_iter().map(name).collect(),
        findings,
        undeclared,
        edges,
    };
    Ok(FlowPage { view, flow: shown, graph, known: linked, owner_ref: flow.owner })
}

/// The evidence of all who call in a flow.
fn evidence(tx: &mut Tx<'_>, known: &Known, flow: &Flow) -> Result<Evidence> {
    let callers: BTreeSet<&String> = flow.edges.iter().map(|e| &e.from).collect();
    let living = callers.into_iter().filter_map(|r| known.living(r));
    let ids: Vec<String> = living.map(|service| service.id.clone()).collect();
    Evidence::of_services(tx.conn, &ids)
}

/// The edges of a flow, whose names are references.
pub(super) fn edge_views(
    flow: &Flow,
    known: &Known,
    evidence: &Evidence,
    rates: &HashMap<(&str, &str), f64>,
    now: Timestamp,
) -> Vec<EdgeView> {
    let mut targets: HashMap<&str, Targets<'_>> = HashMap::new();
    let mut views = Vec::with_capacity(flow.edges.len());
    for edge in &flow.edges {
        let of = targets.entry(&edge.from).or_insert_with(|| {
            Targets::of(known.living(&edge.from).map_or(&[], |service| evidence.states(&service.id)))
        });
        let proof = of.proof(&edge.to, &known.name(&edge.to), now);
        let seen = rates.get(&(edge.from.as_str(), edge.to.as_str())).copied();
        views.push(EdgeView::new(edge, known, &proof, seen, now));
    }
    views
}

impl EdgeView {
    fn new(edge: &Edge, known: &Known, proof: &Proof, seen: Option<f64>, now: Timestamp) -> Self {
        let (from, to) = (known.shown(&edge.from), known.shown(&edge.to));
        let covered = known.covers(&edge.from);
        Self {
            id: format!("{from}->{to}"),
            from,
            to,
            core: edge.core,
            deadline_ms: edge.deadline_ms,
            fallback: edge
                .fallback
                .as_ref()
                .map(|f| FallbackView { strategy: f.strategy.as_str().to_owned(), how: f.how.clone() }),
            traffic: edge.traffic.or(seen),
            step: edge.step.clone(),
            state: if edge.core { "core" } else { proof.state.as_str() }.to_owned(),
            checks: FAILURES
                .iter()
                .zip(&proof.checks)
                .map(|(failure, check)| {
                    let passed_at = check.passed.as_ref().and_then(|d| d.passed_at).map(Timestamp);
                    let fresh = |at: Timestamp| at.days_until(now) <= super::facts::FRESH_DAYS;
                    let state = match (&check.last, passed_at) {
                        (Some((_, false)), _) => State::Failed,
                        (_, Some(at)) if fresh(at) => State::Verified,
                        (_, Some(_)) => State::Stale,
                        (_, None) => State::Never,
                    };
                    CheckView {
                        failure: failure.as_str().to_owned(),
                        state: state.as_str().to_owned(),
                        passed_at,
                        drill: check.last.as_ref().filter(|_| !covered).map(|(d, _)| d.last_drill_id.clone()),
                        last_at: check.last.as_ref().map(|(d, _)| Timestamp(d.last_at)),
                    }
                })
                .collect(),
        }
    }
}

impl Coverage {
    /// The sum of some edges.
    pub fn of<'a>(edges: impl IntoIterator<Item = &'a EdgeView>) -> Self {
        let mut sum = Self::default();
        for edge in edges {
            if edge.core {
                sum.core += 1;
                continue;
            }
            sum.noncore += 1;
            sum.declared += i64::from(edge.fallback.is_some());
            sum.verified += i64::from(edge.state == "verified");
            sum.stale += i64::from(edge.state == "stale");
            sum.failed += i64::from(edge.state == "failed");
        }
        sum.coverage_pct = (sum.noncore > 0).then(|| percent(sum.verified, sum.noncore));
        sum
    }
}

/// Calls that leave services and that no flow declares, the busiest first. `flow` may not be stored yet.
pub(super) fn undeclared(
    tx: &mut Tx<'_>,
    callers: &[String],
    seen: &[SeenRow],
    flow: &Flow,
    known: &mut Known,
) -> Result<Vec<Undeclared>> {
    let mut declared: BTreeSet<(String, String)> =
        flow.edges.iter().map(|e| (e.from.clone(), e.to.clone())).collect();
    declared.extend(store::flows::leaving(tx.conn, callers)?.into_iter().map(|e| (e.from_ref, e.to_ref)));
    let mut found: BTreeMap<(String, String), Option<&SeenRow>> = BTreeMap::new();
    for pair in store::flows::depended_on(tx.conn, callers)? {
        found.insert(pair, None);
    }
    for row in seen {
        found.insert((row.from_ref.clone(), row.to_ref.clone()), Some(row));
    }
    found.retain(|pair, _| !declared.contains(pair));
    known.extend(tx, found.keys().flat_map(|(from, to)| [from, to]))?;
    let mut all: Vec<Undeclared> = found
        .into_iter()
        .filter(|((from, to), _)| !known.covers(from) && !known.covers(to))
        .map(|((from, to), row)| Undeclared {
            from: known.shown(&from),
            to: known.shown(&to),
            named_by: if row.is_some() { "trace" } else { "catalog" }.to_owned(),
            calls_per_second: row.and_then(|r| r.calls_per_second),
            seen_at: row.map(|r| Timestamp(r.last_at)),
        })
        .collect();
    let rate = |u: &Undeclared| u.calls_per_second.unwrap_or(-1.0);
    all.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
    Ok(all)
}
