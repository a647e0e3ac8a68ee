//! A flow, drawn: its nodes in layers from left to right, its calls as curves, and what one death does to it.

use scoring_rules::flows::{EXTERNAL, Flow, Graph, Impact, layout, scope};
use serde::Serialize;

use super::num;

/// Nodes of one picture: more, and nobody reads it.
const MOST: usize = 40;
/// A layer of more nodes begins at the top, so that the entry is in sight; a lower one stands in the middle.
const LOW: usize = 14;
/// Callees of one node that are drawn.
const CHILDREN: usize = 14;
/// Width and height of a node, px.
const NODE: (f64, f64) = (176.0, 34.0);
/// From one node to the next: across the layers, along a layer; px.
const STEP: (f64, f64) = (240.0, 50.0);
/// Room around, px.
const MARGIN: f64 = 12.0;
/// Letters of a name that fit.
const LETTERS: usize = 22;

/// Everything the partial draws; lengths in px.
#[derive(Clone, Debug, Serialize)]
pub struct FlowMap {
    w: String,
    h: String,
    title: String,
    desc: String,
    nodes: Vec<Node>,
    edges: Vec<Curve>,
    /// How many nodes are not drawn, in words.
    hidden: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Node {
    cls: &'static str,
    x: String,
    y: String,
    tx: String,
    ty: String,
    text: String,
    /// Read aloud, and shown as a tip.
    label: String,
    href: Option<String>,
    /// Callees that are not drawn: what is read, where it leads.
    more: Option<(String, String)>,
}

#[derive(Clone, Debug, Serialize)]
struct Curve {
    cls: String,
    d: String,
    /// The head of the arrow.
    head: Option<String>,
}

/// What a picture is of.
#[derive(Clone, Copy)]
pub struct Drawn<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// Its graph.
    pub graph: &'a Graph,
    /// Whether the catalog has a service.
    pub known: &'a dyn Fn(&str) -> bool,
    /// Only what is near this node.
    pub focus: Option<usize>,
    /// What this node's death does.
    pub down: Option<(usize, &'a Impact)>,
    /// The address of the page; none: nodes lead nowhere.
    pub path: Option<&'a str>,
}

impl FlowMap {
    /// The picture; none of a flow without nodes.
    pub fn new(of: Drawn<'_>) -> Option<Self> {
        if of.graph.is_empty() {
            return None;
        }
        let part = scope(of.flow, of.graph, of.focus, MOST, CHILDREN);
        let placed = layout(of.graph, &part.shown);
        let tallest = placed.layers.iter().map(Vec::len).max().unwrap_or(0);
        let mut at = vec![None; of.graph.len()];
        for (layer, nodes) in placed.layers.iter().enumerate() {
            let spare = if tallest > LOW { 0 } else { tallest - nodes.len() };
            let top = MARGIN + spare as f64 * STEP.1 / 2.0;
            for (n, node) in nodes.iter().enumerate() {
                at[*node] = Some((MARGIN + layer as f64 * STEP.0, top + n as f64 * STEP.1));
            }
        }
        let more = |node: usize| part.hidden.iter().find(|(n, _)| *n == node).map(|(_, n)| *n);
        let nodes = (0..of.graph.len()).filter_map(|n| Some(node(&of, n, at[n]?, more(n)))).collect();
        let edges = (0..of.graph.links().len())
            .filter_map(|l| {
                let link = of.graph.links()[l];
                Some(curve(&of, l, at[link.from]?, at[link.to]?, placed.back[l]))
            })
            .collect();
        let hidden = of.graph.len() - part.shown.iter().filter(|s| **s).count();
        let (w, h) = (placed.layers.len() as f64 * STEP.0, tallest as f64 * STEP.1);
        Some(Self {
            w: num(w + 2.0 * MARGIN - (STEP.0 - NODE.0)),
            h: num(h + 2.0 * MARGIN - (STEP.1 - NODE.1)),
            title: format!("The calls of {}", of.flow.title),
            desc: desc(&of),
            nodes,
            edges,
            hidden: (hidden > 0).then(|| format!("{hidden} of {} nodes are not drawn", of.graph.len())),
        })
    }
}

fn desc(of: &Drawn<'_>) -> String {
    let names: Vec<&str> = of
        .graph
        .entries()
        .iter()
        .take(3)
        .filter_map(|n| of.graph.names().get(*n))
        .map(String::as_str)
        .collect();
    let count = of.flow.edges.len();
    format!("It begins at {} and has {count} calls; the table below lists them all.", names.join(", "))
}

/// What a node is, as its class and in words.
fn state(of: &Drawn<'_>, node: usize, name: &str) -> (&'static str, &'static str) {
    if let Some((down, impact)) = of.down {
        if node == down {
            return ("down", ", down");
        }
        if impact.failed.contains(&node) {
            return ("failed", ", fails too");
        }
        if impact.unreachable.contains(&node) {
            return ("cut", ", not reached any more");
        }
    }
    if of.focus == Some(node) {
        ("focus", ", shown with its neighbours")
    } else if of.graph.entries().contains(&node) {
        ("entry", ", entry")
    } else if name.starts_with(EXTERNAL) {
        ("ext", ", external")
    } else if (of.known)(name) {
        ("", "")
    } else {
        ("odd", ", not in the catalog")
    }
}

fn node(of: &Drawn<'_>, n: usize, (x, y): (f64, f64), more: Option<usize>) -> Node {
    let name = of.graph.names().get(n).map_or("", String::as_str);
    let (cls, words) = state(of, n, name);
    let shown = name.strip_prefix(EXTERNAL).unwrap_or(name);
    let mut text: String = shown.chars().take(LETTERS).collect();
    if shown.chars().count() > LETTERS {
        text.pop();
        text.push('…');
    }
    let address = |key: &str| {
        of.path.map(|path| format!("{path}?{key}={}#map", crate::http::pages::words::encode(name)))
    };
    Node {
        cls,
        x: num(x),
        y: num(y),
        tx: num(x + 10.0),
        ty: num(y + NODE.1 / 2.0),
        text,
        label: format!("{shown}{words}"),
        href: address("down"),
        more: more.and_then(|count| Some((format!("+{count}"), address("focus")?))),
    }
}

fn curve(of: &Drawn<'_>, l: usize, from: (f64, f64), to: (f64, f64), back: bool) -> Curve {
    let link = of.graph.links()[l];
    let mut cls = String::from(match (link.core, link.holds) {
        (true, _) => "core",
        (false, true) => "held",
        (false, false) => "bare",
    });
    if let Some((_, impact)) = of.down {
        if impact.failed.contains(&link.to) && impact.failed.contains(&link.from) && !link.holds {
            cls.push_str(" broken");
        } else if impact.held.contains(&l) {
            cls.push_str(" saves");
        }
    }
    let (x1, y1) = (from.0 + NODE.0, from.1 + NODE.1 / 2.0);
    let (x2, y2) = (to.0, to.1 + NODE.1 / 2.0);
    if back || x2 <= x1 {
        cls.push_str(" back");
        let low = y1.max(y2) + STEP.1 / 2.0;
        let d = format!(
            "M{} {}C{} {} {} {} {} {}",
            num(x1),
            num(y1),
            num(x1 + 40.0),
            num(low),
            num(x2 - 40.0),
            num(low),
            num(x2),
            num(y2)
        );
        return Curve { cls, d, head: None };
    }
    let bend = ((x2 - x1) / 2.0).min(70.0);
    let d = format!(
        "M{} {}C{} {} {} {} {} {}",
        num(x1),
        num(y1),
        num(x1 + bend),
        num(y1),
        num(x2 - bend),
        num(y2),
        num(x2),
        num(y2)
    );
    Curve { cls, d, head: Some(format!("M{} {}l-8 -4v8z", num(x2), num(y2))) }
}

#[cfg(test)]
mod tests {
    use scoring_rules::flows::Edge;

    use super::*;

    fn drawn(edges: &[(&str, &str)]) -> FlowMap {
        let edge = |(from, to): &(&str, &str)| Edge {
            from: (*from).into(),
            to: (*to).into(),
            core: true,
            ..Edge::default()
        };
        let flow = Flow { title: "T".into(), edges: edges.iter().map(edge).collect(), ..Flow::default() };
        let graph = Graph::of(&flow);
        let known = |_: &str| true;
        let of = Drawn {
            flow: &flow,
            graph: &graph,
            known: &known,
            focus: None,
            down: None,
            path: Some("/flows/t"),
        };
        FlowMap::new(of).unwrap()
    }

    #[test]
    fn a_wide_tree_stays_readable_and_says_what_it_leaves_out() {
        let names: Vec<String> = (0..550).map(|n| format!("s{n}")).collect();
        let edges: Vec<(&str, &str)> = names.iter().map(|name| ("root", name.as_str())).collect();
        let map = drawn(&edges);
        assert_eq!(map.nodes.len(), 1 + CHILDREN);
        assert_eq!(map.hidden.as_deref(), Some("536 of 551 nodes are not drawn"));
        let root = map.nodes.iter().find(|n| n.text == "root").unwrap();
        assert_eq!(root.more, Some(("+536".into(), "/flows/t?focus=root#map".into())));
    }

    #[test]
    fn nodes_of_a_circle_all_stand_and_the_call_back_is_marked() {
        let map = drawn(&[("a", "b"), ("b", "c"), ("c", "a")]);
        assert_eq!(map.nodes.len(), 3);
        assert_eq!(map.edges.iter().filter(|e| e.cls.contains("back")).count(), 1);
    }
}
