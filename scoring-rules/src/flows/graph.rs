//! A flow as a graph, and what one death does to it.

use std::collections::{HashMap, VecDeque};

use super::Flow;

/// One call, by the numbers of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who calls.
    pub from: usize,
    /// Who is called.
    pub to: usize,
    /// Declared core.
    pub core: bool,
    /// The caller lives on without it.
    pub holds: bool,
}

/// A flow as a graph: nodes are numbered in the order in which they are first named, links as its edges.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    names: Vec<String>,
    links: Vec<Link>,
    out: Vec<Vec<usize>>,
    into: Vec<Vec<usize>>,
    entries: Vec<usize>,
}

/// What the death of one node does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// The node itself and every caller that fails with it, in the order of the nodes.
    pub failed: Vec<usize>,
    /// Nodes that stand, but that no living path from the entry leads to.
    pub unreachable: Vec<usize>,
    /// Links by whose fallback a caller lives on.
    pub held: Vec<usize>,
    /// Whether an entry fails: the flow is broken.
    pub breaks: bool,
}

impl Graph {
    /// The graph of a flow whose names are each in one spelling.
    pub fn of(flow: &Flow) -> Self {
        let mut graph = Self::default();
        let mut ids: HashMap<&str, usize> = HashMap::new();
        let mut node = |graph: &mut Self, name| {
            *ids.entry(name).or_insert_with(|| {
                graph.names.push(name.to_owned());
                graph.out.push(Vec::new());
                graph.into.push(Vec::new());
                graph.names.len() - 1
            })
        };
        let entry = flow.entry.as_deref().map(|name| node(&mut graph, name));
        for (n, edge) in flow.edges.iter().enumerate() {
            let (from, to) = (node(&mut graph, edge.from.as_str()), node(&mut graph, edge.to.as_str()));
            graph.links.push(Link { from, to, core: edge.core, holds: edge.holds() });
            graph.out[from].push(n);
            graph.into[to].push(n);
        }
        graph.entries = entry.map_or_else(|| graph.uncalled(), |entry| vec![entry]);
        graph
    }

    /// What calls and is called by nobody else; of a mere circle, its first node.
    fn uncalled(&self) -> Vec<usize> {
        let called = |n: usize| self.into[n].iter().any(|l| self.links[*l].from != n);
        let free: Vec<usize> = (0..self.len()).filter(|n| !called(*n)).collect();
        if free.is_empty() { (0..self.len()).take(1).collect() } else { free }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names of the nodes, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of a node.
    pub fn node(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|held| held == name)
    }

    /// The links, in the order of the flow's edges.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Numbers of the links that leave a node.
    pub fn out(&self, node: usize) -> &[usize] {
        self.out.get(node).map_or(&[], Vec::as_slice)
    }

    /// Numbers of the links that lead to a node.
    pub fn into(&self, node: usize) -> &[usize] {
        self.into.get(node).map_or(&[], Vec::as_slice)
    }

    /// Where the flow begins.
    pub fn entries(&self) -> &[usize] {
        &self.entries
    }

    /// The nodes that some of `from` lead to over links that `follow` lets pass, with those themselves.
    pub(super) fn reach(&self, from: &[usize], follow: impl Fn(&Link) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        let mut queue: VecDeque<usize> = VecDeque::new();
        for node in from {
            if let Some(seen) = seen.get_mut(*node) {
                *seen = true;
                queue.push_back(*node);
            }
        }
        while let Some(node) = queue.pop_front() {
            for link in self.out(node).iter().map(|l| self.links[*l]).filter(|l| follow(l)) {
                if !seen[link.to] {
                    seen[link.to] = true;
                    queue.push_back(link.to);
                }
            }
        }
        seen
    }

    /// The nodes that fail when `down` does: those that need it, and those that need them.
    fn failing(&self, down: usize) -> Vec<bool> {
        let mut failed = vec![false; self.len()];
        let mut queue = VecDeque::from([down]);
        if let Some(slot) = failed.get_mut(down) {
            *slot = true;
        }
        while let Some(node) = queue.pop_front() {
            for link in self.into(node).iter().map(|l| self.links[*l]).filter(|l| !l.holds) {
                if !failed[link.from] {
                    failed[link.from] = true;
                    queue.push_back(link.from);
                }
            }
        }
        failed
    }

    /// What the death of a node does to the flow.
    pub fn impact(&self, down: usize) -> Impact {
        let failed = self.failing(down);
        let alive: Vec<usize> = self.entries.iter().copied().filter(|e| !failed[*e]).collect();
        let reached = self.reach(&alive, |link| !failed[link.to]);
        let before = self.reach(&self.entries, |_| true);
        let nodes = || 0..self.len();
        Impact {
            unreachable: nodes().filter(|n| before[*n] && !reached[*n] && !failed[*n]).collect(),
            held: (0..self.links.len())
                .filter(|l| {
                    let link = self.links[*l];
                    link.holds && failed[link.to] && !failed[link.from] && reached[link.from]
                })
                .collect(),
            breaks: self.entries.iter().any(|e| failed[*e]),
            failed: nodes().filter(|n| failed[*n]).collect(),
        }
    }

    /// The fewest services the flow can do with, as declared: all that its entries lead to over core links, without
    /// the entries.
    pub fn core_dependencies(&self) -> Vec<usize> {
        let reached = self.reach(&self.entries, |link| link.core);
        (0..self.len()).filter(|n| reached[*n] && !self.entries.contains(n)).collect()
    }

    /// Every node whose death breaks the flow: all that its entries lead to over links that no fallback holds.
    pub fn breaking(&self) -> Vec<usize> {
        let reached = self.reach(&self.entries, |link| !link.holds);
        (0..self.len()).filter(|n| reached[*n]).collect()
    }
}
