//! What is odd about a flow. None of it keeps a flow from being stored: a picture with gaps is better than none.

use std::collections::HashMap;

use serde::Serialize;

use super::{EXTERNAL, Flow, Graph};

/// Something odd about a flow, with where it is and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name of the kind: `no_edges`, `cycle`, `dangling`, `unknown_service`, `external_caller`, `no_fallback`,
    /// `fallback_on_core`, `no_deadline`, `deadline_above_caller`, `duplicate`, `unknown_step`.
    pub code: &'static str,
    /// Number of the edge, if it is about one.
    pub edge: Option<usize>,
    /// Name of the node, if it is about one.
    pub node: Option<String>,
    /// What is odd, and the cure.
    pub detail: String,
}

/// Members of a circle that are named.
const NAMED: usize = 6;

/// Everything odd about a flow: the edges in their order, then the nodes. `known` says whether the catalog has a service.
pub fn findings(flow: &Flow, graph: &Graph, known: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut all = Vec::new();
    if flow.edges.is_empty() {
        let detail = "the flow has no edge yet; add its calls under `edges`".to_owned();
        all.push(Finding { code: "no_edges", edge: None, node: None, detail });
    }
    of_edges(flow, graph, &mut all);
    let mut add = |code, node: usize, detail: String| {
        all.push(Finding { code, edge: None, node: graph.names().get(node).cloned(), detail });
    };
    for circle in circles(graph) {
        let Some(first) = circle.first() else { continue };
        let mut names: Vec<&str> =
            circle.iter().take(NAMED).filter_map(|n| graph.names().get(*n)).map(String::as_str).collect();
        if circle.len() > NAMED {
            names.push("...");
        }
        let detail =
            format!("calls go in a circle: {}; one of these calls is likely not needed", names.join(", "));
        add("cycle", *first, detail);
    }
    let reached = graph.reach(graph.entries(), |_| true);
    for (node, name) in graph.names().iter().enumerate() {
        if !reached[node] {
            let detail = format!("no path from the entry leads to {name}; name its caller, or take it out");
            add("dangling", node, detail);
        } else if flow.entry.as_deref() == Some(name) && graph.out(node).is_empty() && !flow.edges.is_empty()
        {
            add(
                "dangling",
                node,
                format!("the entry {name} calls nobody; add its edges, or name another entry"),
            );
        }
        if !name.starts_with(EXTERNAL) && !known(name) {
            let detail = format!(
                "the catalog has no service {name}; import it, mend the name, or write `{EXTERNAL}` before it"
            );
            add("unknown_service", node, detail);
        }
    }
    all
}

fn of_edges(flow: &Flow, graph: &Graph, all: &mut Vec<Finding>) {
    let mut seen: HashMap<(usize, usize), usize> = HashMap::new();
    // The shortest deadline with which each node is called.
    let mut patience: Vec<Option<(u64, usize)>> = vec![None; graph.len()];
    for (edge, link) in flow.edges.iter().zip(graph.links()) {
        if let Some(ms) = edge.deadline_ms
            && patience[link.to].is_none_or(|(held, _)| ms < held)
        {
            patience[link.to] = Some((ms, link.from));
        }
    }
    for (n, (edge, link)) in flow.edges.iter().zip(graph.links()).enumerate() {
        let (from, to) = (&edge.from, &edge.to);
        let mut add = |code, detail: String| all.push(Finding { code, edge: Some(n), node: None, detail });
        if let Some(first) = seen.get(&(link.from, link.to)) {
            let detail = format!("{from} to {to} stands as edge {first} already; keep one of them");
            add("duplicate", detail);
        } else {
            seen.insert((link.from, link.to), n);
        }
        if from.starts_with(EXTERNAL) {
            add("external_caller", format!("{from} is not ours, so nothing is known of whom it calls"));
        }
        match (edge.core, &edge.fallback) {
            (false, None) => add(
                "no_fallback",
                format!("{from} has no fallback for {to}, so it is core in fact; name one, or call it core"),
            ),
            (true, Some(_)) => {
                add("fallback_on_core", format!("{from} has a fallback for {to}: then it is not core"));
            }
            _ => {}
        }
        match (edge.deadline_ms, patience[link.from]) {
            (None, _) => add("no_deadline", format!("{from} waits for {to} without end; give it a deadline")),
            (Some(ms), Some((limit, caller))) if ms > limit => {
                let caller = graph.names().get(caller).map_or("", String::as_str);
                let detail = format!(
                    "{from} waits {ms} ms for {to}, but {caller} waits only {limit} ms for {from}; make it shorter"
                );
                add("deadline_above_caller", detail);
            }
            _ => {}
        }
        if let Some(step) = edge.step.as_ref().filter(|step| !flow.steps.contains(step)) {
            add("unknown_step", format!("the flow has no step `{step}`; add it to `steps`"));
        }
    }
}

/// Circles of calls: the strongly connected parts of more than one node, and nodes that call themselves. Tarjan's
/// algorithm (1972), without recursion: a flow may be as deep as it is long.
fn circles(graph: &Graph) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let n = graph.len();
    let (mut order, mut low) = (vec![NEW; n], vec![0; n]);
    let (mut on_stack, mut stack, mut next) = (vec![false; n], Vec::new(), 0);
    let mut found: Vec<Vec<usize>> = Vec::new();
    for root in 0..n {
        let mut calls: Vec<(usize, usize)> = if order[root] == NEW { vec![(root, 0)] } else { Vec::new() };
        while let Some((node, at)) = calls.pop() {
            if at == 0 {
                (order[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(link) = graph.out(node).get(at).and_then(|l| graph.links().get(*l)) {
                calls.push((node, at + 1));
                if order[link.to] == NEW {
                    calls.push((link.to, 0));
                } else if on_stack[link.to] {
                    low[node] = low[node].min(order[link.to]);
                }
                continue;
            }
            if let Some((caller, _)) = calls.last() {
                low[*caller] = low[*caller].min(low[node]);
            }
            if low[node] == order[node] {
                let mut part = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    part.push(member);
                    if member == node {
                        break;
                    }
                }
                let alone = part.len() == 1;
                if !alone || graph.out(node).iter().any(|l| graph.links()[*l].to == node) {
                    part.sort_unstable();
                    found.push(part);
                }
            }
        }
    }
    found.sort();
    found
}
