//! Which part of a large flow a picture shows: near the focus, the important callees first.

use std::collections::VecDeque;

use super::{Flow, Graph};

/// Part of a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// By node: it is shown.
    pub shown: Vec<bool>,
    /// Nodes with how many of their callees are not shown, in the order of the nodes.
    pub hidden: Vec<(usize, usize)>,
}

/// At most `most` nodes from `focus` (the entries, if none) on, breadth first; of one node at most `children` callees:
/// core before non-core, then by traffic, then in their order.
pub fn scope(flow: &Flow, graph: &Graph, focus: Option<usize>, most: usize, children: usize) -> Scope {
    let mut shown = vec![false; graph.len()];
    let mut queue = VecDeque::new();
    let mut count = 0;
    let start: Vec<usize> = focus.map_or_else(|| graph.entries().to_vec(), |node| vec![node]);
    // What nothing leads to is shown too, if there is room: it is a finding.
    let callers = focus.into_iter().flat_map(|node| graph.into(node).iter().map(|l| graph.links()[*l].from));
    let stray = (0..graph.len()).filter(|n| focus.is_none() && graph.into(*n).is_empty());
    let mut order: Vec<usize> = start;
    order.extend(callers.take(children));
    let enter = order.len();
    order.extend(stray);
    for (at, node) in order.into_iter().enumerate() {
        if count < most && !std::mem::replace(&mut shown[node], true) {
            count += 1;
            // Of callers only the focus is looked into.
            if focus.is_none() || at == 0 || at >= enter {
                queue.push_back(node);
            }
        }
    }
    while let Some(node) = queue.pop_front() {
        let mut links: Vec<usize> = graph.out(node).to_vec();
        let rank =
            |l: &usize| flow.edges.get(*l).map_or((false, 0.0), |e| (e.core, e.traffic.unwrap_or(0.0)));
        links.sort_by(|a, b| {
            let (a, b) = (rank(a), rank(b));
            b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        let mut taken = 0;
        for to in links.into_iter().map(|l| graph.links()[l].to) {
            if count == most || taken == children {
                break;
            }
            if !std::mem::replace(&mut shown[to], true) {
                count += 1;
                taken += 1;
                queue.push_back(to);
            }
        }
    }
    let hidden = (0..graph.len())
        .filter(|node| shown[*node])
        .map(|node| {
            let mut out: Vec<usize> = graph.out(node).iter().map(|l| graph.links()[*l].to).collect();
            out.sort_unstable();
            out.dedup();
            (node, out.into_iter().filter(|to| !shown[*to]).count())
        })
        .filter(|(_, n)| *n > 0)
        .collect();
    Scope { shown, hidden }
}
