//! Flows together: the list, and the single points of failure over all of them.

use std::collections::{BTreeSet, HashMap};

use scoring_rules::flows::{Flow, Graph, findings};

use super::names::Known;
use super::read_body;
use super::view::edge_views;
use crate::app::Tx;
use crate::app::evidence::Evidence;
use crate::app::views::{Coverage, EdgeView, FlowRow, Page, SinglePoint, TeamRef};
use crate::error::Result;
use crate::store;
use crate::store::flows::FlowRow as StoredFlow;
use crate::types::Timestamp;

/// Flows read together at most, where a page shows all.
const ALL: i64 = 500;

/// Flows by slug, `limit` after `cursor`.
pub fn list(tx: &mut Tx<'_>, cursor: Option<&str>, limit: i64) -> Result<Page<FlowRow>> {
    let limit = limit.clamp(1, store::MAX_PAGE);
    let veil = tx.veil()?;
    let mut rows = store::flows::after(tx.conn, cursor.unwrap_or_default(), limit + 1, veil.team_refs())?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    let next = rows.last().filter(|_| more).map(|row| row.slug.clone());
    let read = many(tx, rows)?;
    let items = read.iter().map(Read::row).collect();
    Ok(Page { items, next })
}

/// Nodes whose death breaks flows, the worst first, over all flows (the first 500 by slug).
pub fn single_points(tx: &mut Tx<'_>, most: usize) -> Result<Vec<SinglePoint>> {
    let veil = tx.veil()?;
    let rows = store::flows::after(tx.conn, "", ALL, veil.team_refs())?;
    let read = many(tx, rows)?;
    let all: Vec<(&Flow, &Graph)> = read.iter().map(|r| (&r.flow, &r.graph)).collect();
    let points = scoring_rules::flows::single_points(&all);
    let title = |n: &usize| read.get(*n).map(|r| (r.stored.slug.clone(), r.stored.title.clone()));
    Ok(points
        .into_iter()
        .take(most)
        .map(|point| SinglePoint {
            known: read.iter().any(|r| r.linked.contains(&point.name)),
            flows: point.flows.iter().filter_map(title).collect(),
            traffic: point.traffic,
            node: point.name,
        })
        .collect())
}

/// A flow of a list, read with the others.
struct Read {
    stored: StoredFlow,
    flow: Flow,
    graph: Graph,
    edges: Vec<EdgeView>,
    owner: Option<TeamRef>,
    linked: BTreeSet<String>,
    had: BTreeSet<String>,
}

impl Read {
    fn row(&self) -> FlowRow {
        FlowRow {
            slug: self.stored.slug.clone(),
            title: self.stored.title.clone(),
            owner: self.owner.clone(),
            nodes: self.graph.len(),
            coverage: Coverage::of(&self.edges),
            findings: findings(&self.flow, &self.graph, &|name| self.had.contains(name)).len(),
            updated_at: Timestamp(self.stored.updated_at),
        }
    }
}

/// Flows with their proofs: a few queries, however many flows there are.
fn many(tx: &mut Tx<'_>, rows: Vec<StoredFlow>) -> Result<Vec<Read>> {
    let flows: Vec<Flow> = rows.iter().map(read_body).collect::<Result<_>>()?;
    let ends: BTreeSet<String> = flows.iter().flat_map(super::ends).collect();
    let known = Known::load(tx, &ends)?;
    let ids: Vec<String> = known.services().into_iter().map(|service| service.id.clone()).collect();
    let evidence = Evidence::of_services(tx.conn, &ids)?;
    let owners: BTreeSet<String> = rows.iter().filter_map(|row| row.owner_ref.clone()).collect();
    let owners = store::services::teams_by_refs(tx.conn, &owners.into_iter().collect::<Vec<_>>())?;
    let owner = |row: &StoredFlow| {
        let team = owners.iter().find(|t| row.owner_ref.as_ref() == Some(&t.entity_ref))?;
        Some(TeamRef { slug: team.slug.clone(), name: team.name.clone() })
    };
    let none = HashMap::new();
    let read = rows.into_iter().zip(flows).map(|(stored, flow)| {
        let edges = edge_views(&flow, &known, &evidence, &none, tx.now);
        let services = super::ends(&flow);
        let of = |keep: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
            services.iter().filter(|r| keep(r)).map(|r| known.shown(r)).collect()
        };
        let (linked, had) = (of(&|r| known.linked(r)), of(&|r| known.has(r)));
        let flow = known.show(flow);
        let graph = Graph::of(&flow);
        Read { owner: owner(&stored), stored, flow, graph, edges, linked, had }
    });
    Ok(read.collect())
}
