//! What the flows say of one service: its edges, each once, with their proofs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scoring_rules::flows::{Edge, Flow};

use super::names::Known;
use super::view::{edge_views, undeclared};
use super::{read_body, seen};
use crate::app::evidence::Evidence;
use crate::app::views::{Coverage, EdgeView, FlowRef, ServiceFallbacks};
use crate::app::{Tx, owners};
use crate::error::Result;
use crate::store;

/// The calls of a service in all flows.
pub fn of_service(tx: &mut Tx<'_>, name: &str) -> Result<ServiceFallbacks> {
    let service = owners::service(tx, name)?;
    let me = [service.entity_ref.clone()];
    let mut slugs: BTreeSet<String> =
        store::flows::leaving(tx.conn, &me)?.into_iter().map(|edge| edge.flow).collect();
    slugs.extend(store::flows::leading_to(tx.conn, &me)?.into_iter().map(|edge| edge.flow));
    let veil = tx.veil()?;
    let mut rows = store::flows::by_slugs(tx.conn, &slugs.into_iter().collect::<Vec<_>>())?;
    rows.retain(|row| !veil.hides_owner(row.owner_ref.as_ref()));
    let mut edges: BTreeMap<String, Edge> = BTreeMap::new();
    for row in &rows {
        for edge in read_body(row)?.edges.into_iter().filter(|e| e.from == service.entity_ref) {
            match edges.get_mut(&edge.to) {
                Some(held) => merge(held, edge),
                None => {
                    edges.insert(edge.to.clone(), edge);
                }
            }
        }
    }
    let flow = Flow { edges: edges.into_values().collect(), ..Flow::default() };
    let mut known = Known::load(tx, flow.edges.iter().map(|e| &e.to).chain(&me))?;
    let seen = store::flows::seen(tx.conn, &me, tx.now.plus_days(-seen::KEPT_DAYS).0)?;
    let undeclared = undeclared(tx, &me, &seen, &flow, &mut known)?;
    let rates: HashMap<(&str, &str), f64> = seen
        .iter()
        .filter_map(|s| Some(((s.from_ref.as_str(), s.to_ref.as_str()), s.calls_per_second?)))
        .collect();
    let evidence = Evidence::of_services(tx.conn, std::slice::from_ref(&service.id))?;
    let mut edges = edge_views(&flow, &known, &evidence, &rates, tx.now);
    edges.sort_by(gaps_first);
    let flows = rows.into_iter().map(|row| FlowRef { slug: row.slug, title: row.title }).collect();
    Ok(ServiceFallbacks { service: service.slug, flows, coverage: Coverage::of(&edges), edges, undeclared })
}

/// One edge that stands in two flows: non-core if it is so in either; the stricter deadline, the higher traffic.
fn merge(held: &mut Edge, other: Edge) {
    // Of fallbacks only those of non-core edges count.
    if held.core && !other.core {
        held.fallback = other.fallback;
    } else if !other.core {
        held.fallback = held.fallback.take().or(other.fallback);
    }
    held.core &= other.core;
    held.deadline_ms = held.deadline_ms.into_iter().chain(other.deadline_ms).min();
    held.traffic = held.traffic.into_iter().chain(other.traffic).max_by(f64::total_cmp);
    held.step = None;
}

/// What to do first stands first: non-core edges that are not proved, by their traffic; core edges last.
pub fn gaps_first(a: &EdgeView, b: &EdgeView) -> std::cmp::Ordering {
    let rank = |edge: &EdgeView| match edge.state.as_str() {
        "core" => 2,
        "verified" => 1,
        _ => 0,
    };
    let traffic = |edge: &EdgeView| edge.traffic.unwrap_or(-1.0);
    rank(a).cmp(&rank(b)).then(traffic(b).total_cmp(&traffic(a))).then_with(|| a.id.cmp(&b.id))
}
