//! Single points of failure over all flows.

use std::collections::BTreeMap;

use super::{Flow, Graph};

/// A node whose death breaks flows.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its name.
    pub name: String,
    /// Numbers of the flows it breaks, in their order.
    pub flows: Vec<usize>,
    /// Calls a second that enter these flows, as far as they are known.
    pub traffic: f64,
}

/// The nodes whose death breaks a flow: those first that break the most flows, then the most traffic, then by name.
/// Names are each in one spelling over all flows.
pub fn single_points(flows: &[(&Flow, &Graph)]) -> Vec<Point> {
    let mut points: BTreeMap<&str, Point> = BTreeMap::new();
    for (number, (flow, graph)) in flows.iter().enumerate() {
        let traffic = entering(flow, graph);
        for name in graph.breaking().into_iter().filter_map(|node| graph.names().get(node)) {
            let point = points.entry(name).or_insert_with(|| Point {
                name: name.clone(),
                flows: Vec::new(),
                traffic: 0.0,
            });
            point.flows.push(number);
            point.traffic += traffic;
        }
    }
    let mut ranked: Vec<Point> = points.into_values().collect();
    ranked.sort_by(|a, b| {
        let by_flows = b.flows.len().cmp(&a.flows.len());
        by_flows.then(b.traffic.total_cmp(&a.traffic)).then_with(|| a.name.cmp(&b.name))
    });
    ranked
}

/// Calls a second that enter a flow: those of the busiest edge that leaves an entry.
fn entering(flow: &Flow, graph: &Graph) -> f64 {
    let leaving = graph.entries().iter().flat_map(|entry| graph.out(*entry));
    leaving.filter_map(|link| flow.edges.get(*link)?.traffic).fold(0.0, f64::max)
}
