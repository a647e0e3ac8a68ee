//! Where the nodes of a flow stand in its picture: in layers from the entry on, with few crossings.
//!
//! Sugiyama, Tagawa and Toda (1981): break circles, layer by the longest path, order each layer by the barycentre of
//! its neighbours. Long edges get no helper nodes: they are drawn as curves.

use super::Graph;

/// Sweeps down and up after which the order hardly changes.
const SWEEPS: usize = 4;

/// A layered picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The nodes of each layer, in order.
    pub layers: Vec<Vec<usize>>,
    /// By link: it leads back, and was turned round to layer the others.
    pub back: Vec<bool>,
}

/// Lays out those nodes of a graph that are `shown`; links with a hidden end count for nothing. Equal input gives equal
/// output.
pub fn layout(graph: &Graph, shown: &[bool]) -> Layout {
    let back = back_links(graph, shown);
    let layer = longest_paths(graph, shown, &back);
    let count = layer.iter().flatten().max().map_or(0, |deepest| deepest + 1);
    let mut layers = vec![Vec::new(); count];
    for (node, at) in layer.iter().enumerate() {
        if let Some(at) = at {
            layers[*at].push(node);
        }
    }
    untangle(graph, shown, &layer, &mut layers);
    Layout { layers, back }
}

fn is(shown: &[bool], node: usize) -> bool {
    shown.get(node).copied().unwrap_or(false)
}

/// Links that close a circle, found by a walk in depth from the entries, then from the others.
fn back_links(graph: &Graph, shown: &[bool]) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut mark = vec![Mark::New; graph.len()];
    let mut back = vec![false; graph.links().len()];
    let roots = graph.entries().iter().copied().chain(0..graph.len());
    for root in roots.filter(|n| is(shown, *n)) {
        if mark[root] != Mark::New {
            continue;
        }
        mark[root] = Mark::Open;
        let mut path = vec![(root, 0)];
        while let Some((node, at)) = path.pop() {
            let Some(number) = graph.out(node).get(at).copied() else {
                mark[node] = Mark::Done;
                continue;
            };
            path.push((node, at + 1));
            let to = graph.links()[number].to;
            match mark[to] {
                Mark::Open => back[number] = true,
                Mark::New if is(shown, to) => {
                    mark[to] = Mark::Open;
                    path.push((to, 0));
                }
                _ => {}
            }
        }
    }
    back
}

/// The layer of each shown node: the most links that lead to it.
fn longest_paths(graph: &Graph, shown: &[bool], back: &[bool]) -> Vec<Option<usize>> {
    let counts = |l: &usize| {
        let link = graph.links()[*l];
        !back[*l] && is(shown, link.from) && is(shown, link.to)
    };
    let mut waiting: Vec<usize> =
        (0..graph.len()).map(|n| graph.into(n).iter().filter(|l| counts(l)).count()).collect();
    let mut layer: Vec<Option<usize>> = (0..graph.len()).map(|n| is(shown, n).then_some(0)).collect();
    let mut ready: Vec<usize> = (0..graph.len()).filter(|n| is(shown, *n) && waiting[*n] == 0).collect();
    while let Some(node) = ready.pop() {
        let below = layer[node].map_or(0, |l| l + 1);
        for link in graph.out(node).iter().filter(|l| counts(l)).map(|l| graph.links()[*l]) {
            layer[link.to] = layer[link.to].max(Some(below));
            waiting[link.to] -= 1;
            if waiting[link.to] == 0 {
                ready.push(link.to);
            }
        }
    }
    layer
}

/// Orders each layer by where the neighbours of its nodes stand.
fn untangle(graph: &Graph, shown: &[bool], layer: &[Option<usize>], layers: &mut [Vec<usize>]) {
    // Places are shares of the layer, so that neighbours in layers of different size can be compared.
    let mut place = vec![0.0_f64; graph.len()];
    let settle = |nodes: &[usize], place: &mut [f64]| {
        let whole = nodes.len() as f64;
        for (at, node) in nodes.iter().enumerate() {
            place[*node] = (at as f64 + 0.5) / whole;
        }
    };
    for nodes in layers.iter() {
        settle(nodes, &mut place);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let count = layers.len();
        for step in 0..count {
            let at = if down { step } else { count - 1 - step };
            let nodes = &mut layers[at];
            let mut keyed: Vec<(f64, usize)> = nodes
                .iter()
                .map(|node| {
                    let links = if down { graph.into(*node) } else { graph.out(*node) };
                    let others = links.iter().map(|l| {
                        let link = graph.links()[*l];
                        if down { link.from } else { link.to }
                    });
                    let (mut sum, mut of) = (0.0, 0_usize);
                    for other in others.filter(|o| is(shown, *o) && layer[*o] != Some(at)) {
                        sum += place[other];
                        of += 1;
                    }
                    (if of == 0 { place[*node] } else { sum / of as f64 }, *node)
                })
                .collect();
            // The sort is stable: nodes with equal keys keep their order.
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            *nodes = keyed.into_iter().map(|(_, node)| node).collect();
            settle(nodes, &mut place);
        }
    }
}
