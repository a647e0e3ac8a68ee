//! Core flows: reading, findings, what one death does, single points of failure, the picture.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use scoring_rules::flows::{
    Edge, Fallback, Flow, Graph, Strategy as Trade, findings, layout, read, read_document, scope,
    single_points,
};
use serde_json::{Value, json};

fn edge(from: &str, to: &str, core: bool, held: bool) -> Edge {
    let how = "Show the best sellers.".to_owned();
    Edge {
        from: from.into(),
        to: to.into(),
        core,
        fallback: held.then_some(Fallback { strategy: Trade::TradeFeature, how }),
        deadline_ms: Some(300),
        ..Edge::default()
    }
}

fn flow(edges: Vec<Edge>) -> Flow {
    Flow { title: "Buy".into(), edges, ..Flow::default() }
}

/// shop -> cart (core), cart -> prices (core), shop -> recs (held), recs -> store (core), shop -> ads (bare).
fn buy() -> Flow {
    flow(vec![
        edge("shop", "cart", true, false),
        edge("cart", "prices", true, false),
        edge("shop", "recs", false, true),
        edge("recs", "store", true, false),
        edge("shop", "ads", false, false),
    ])
}

fn named(graph: &Graph, nodes: &[usize]) -> Vec<String> {
    nodes.iter().map(|n| graph.names()[*n].clone()).collect()
}

#[test]
fn core_edges_carry_a_failure_on_and_fallbacks_hold_it() {
    let flow = buy();
    let graph = Graph::of(&flow);
    let down = |name: &str| graph.impact(graph.node(name).unwrap());
    let prices = down("prices");
    assert_eq!(named(&graph, &prices.failed), ["shop", "cart", "prices"]);
    assert_eq!(named(&graph, &prices.unreachable), ["recs", "store", "ads"], "nobody is left to call them");
    assert!(prices.breaks);
    let store = down("store");
    assert_eq!(named(&graph, &store.failed), ["recs", "store"]);
    assert!(!store.breaks && store.unreachable.is_empty());
    assert_eq!(store.held, [2], "the shop lives on without recs");
    let recs = down("recs");
    assert_eq!(
        (named(&graph, &recs.failed), named(&graph, &recs.unreachable)),
        (vec!["recs".into()], vec!["store".into()])
    );
    assert!(down("ads").breaks, "non-core without a fallback is core in fact");
    assert_eq!(named(&graph, &graph.core_dependencies()), ["cart", "prices"]);
    assert_eq!(named(&graph, &graph.breaking()), ["shop", "cart", "prices", "ads"]);
}

#[test]
fn the_worst_single_point_breaks_the_most_flows_then_the_most_traffic() {
    let mut other = flow(vec![edge("mail", "store", true, false), edge("mail", "prices", true, false)]);
    other.edges[0].traffic = Some(7.0);
    let (first, second) = (buy(), other);
    let (a, b) = (Graph::of(&first), Graph::of(&second));
    let points = single_points(&[(&first, &a), (&second, &b)]);
    let names: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["prices", "mail", "store", "ads", "cart", "shop"]);
    assert_eq!((&points[0].flows, points[0].traffic), (&vec![0, 1], 7.0));
}

#[test]
fn what_is_odd_is_a_finding_and_no_error() {
    let document = json!({
        "title": "Odd", "entry": "shop", "steps": ["pay"],
        "edges": [
            {"from": "shop", "to": "Cart", "core": true, "deadline_ms": 100, "step": "look"},
            {"from": "cart", "to": "db", "core": true, "deadline_ms": 200},
            {"from": "db", "to": "cart", "core": false, "deadline_ms": 50},
            {"from": "cart", "to": "db", "core": true},
            {"from": "external:Bank", "to": "lonely", "core": true, "deadline_ms": 5,
             "fallback": {"strategy": "trade_time", "how": "Ask the other site."}},
        ],
    });
    let flow = read(&document).unwrap();
    assert_eq!((flow.edges[0].to.as_str(), flow.edges[4].from.as_str()), ("cart", "external:bank"));
    let graph = Graph::of(&flow);
    let found = findings(&flow, &graph, &|name| name != "db");
    let told: Vec<(&str, Option<usize>, Option<&str>)> =
        found.iter().map(|f| (f.code, f.edge, f.node.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("unknown_step", Some(0), None),
            ("deadline_above_caller", Some(1), None),
            ("no_fallback", Some(2), None),
            ("duplicate", Some(3), None),
            ("no_deadline", Some(3), None),
            ("external_caller", Some(4), None),
            ("fallback_on_core", Some(4), None),
            ("cycle", None, Some("cart")),
            ("unknown_service", None, Some("db")),
            ("dangling", None, Some("external:bank")),
            ("dangling", None, Some("lonely")),
        ]
    );
    let empty = read(&json!({"title": "T", "edges": []})).unwrap();
    assert_eq!(findings(&empty, &Graph::of(&empty), &|_| true)[0].code, "no_edges");
}

#[test]
fn everything_that_cannot_be_read_is_told_at_once_with_its_place() {
    let wrong = read(&json!({
        "titel": "T", "owner": 5, "steps": ["a", "a", 3],
        "edges": [
            {"from": "a b", "to": "external: ", "core": "yes", "deadline_ms": 0, "traffic": -1, "extra": 1},
            {"to": "x->y", "core": true, "fallback": {"strategy": "hope", "how": ""}},
            7,
        ],
    }))
    .unwrap_err();
    let places: Vec<&str> = wrong.iter().map(|p| p.pointer.as_str()).collect();
    for place in [
        "/titel",
        "/title",
        "/owner",
        "/steps/1",
        "/steps/2",
        "/edges/0/extra",
        "/edges/0/from",
        "/edges/0/to",
        "/edges/0/core",
        "/edges/0/deadline_ms",
        "/edges/0/traffic",
        "/edges/1/from",
        "/edges/1/to",
        "/edges/1/fallback/strategy",
        "/edges/1/fallback/how",
        "/edges/2",
    ] {
        assert!(places.contains(&place), "{place} is not among {places:?}");
    }
    for odd in [json!([]), json!(null), json!({"title": "T"}), json!({"title": "T", "edges": {}})] {
        assert!(read(&odd).is_err(), "{odd}");
    }
    let many: Vec<Value> =
        (0..2_001).map(|n| json!({"from": "a", "to": format!("b{n}"), "core": true})).collect();
    assert!(read(&json!({"title": "T", "edges": many})).unwrap_err()[0].detail.contains("at most 2000"));
    let hostile: Vec<Value> = (0..2_000).map(|_| json!(1)).collect();
    assert!(read(&json!({"title": "T", "edges": hostile})).unwrap_err().len() <= 100);
}

#[test]
fn a_file_names_its_flow_and_what_is_read_is_written_the_same() {
    let document = json!({
        "apiVersion": "waterbear.dev/v1", "kind": "Flow",
        "metadata": {"name": "buy", "title": "Buy something"},
        "spec": {"owner": "shop-team", "entry": "shop", "steps": ["pay"], "edges": [
            {"from": "shop", "to": "cart", "core": true, "deadline_ms": 300, "step": "pay", "traffic": 12.5},
            {"from": "shop", "to": "recs", "core": false, "fallback": {"strategy": "trade_complexity", "how": "Cache."}},
        ]},
    });
    let (slug, flow) = read_document(&document).unwrap();
    assert_eq!((slug.as_str(), flow.title.as_str()), ("buy", "Buy something"));
    let written = serde_json::to_value(&flow).unwrap();
    assert_eq!(read(&written).unwrap(), flow);
    let wrong =
        read_document(&json!({"kind": "Flow", "metadata": {"name": "No Slug"}, "spec": 3})).unwrap_err();
    let places: Vec<&str> = wrong.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(places, ["/apiVersion", "/metadata/name", "/spec"]);
}

#[test]
fn a_tree_of_550_endpoints_is_read_judged_and_drawn_in_no_time() {
    let edges: Vec<Edge> = (1..550)
        .map(|n| edge(&format!("s{}", (n - 1) / 9), &format!("s{n}"), n % 3 == 0, n % 3 == 1))
        .collect();
    let flow = flow(edges);
    let began = Instant::now();
    let graph = Graph::of(&flow);
    assert_eq!((graph.len(), graph.entries()), (550, &[0][..]));
    let found = findings(&flow, &graph, &|_| true);
    let whole = layout(&graph, &vec![true; graph.len()]);
    let broken = (0..graph.len()).filter(|n| graph.impact(*n).breaks).count();
    let part = scope(&flow, &graph, None, 60, 12);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(found.iter().filter(|f| f.code == "no_fallback").count(), 183);
    assert_eq!(broken, graph.breaking().len());
    assert_eq!(whole.layers.iter().map(Vec::len).collect::<Vec<_>>(), [1, 9, 81, 459]);
    assert_eq!(part.shown.iter().filter(|s| **s).count(), 60);
    let hidden: usize = part.hidden.iter().map(|(_, n)| n).sum();
    assert!(hidden > 0 && part.hidden.iter().all(|(node, _)| part.shown[*node]));
}

#[test]
fn a_focus_shows_its_callers_and_its_callees() {
    let flow = buy();
    let graph = Graph::of(&flow);
    let part = scope(&flow, &graph, graph.node("recs"), 60, 12);
    let shown: Vec<usize> = (0..graph.len()).filter(|n| part.shown[*n]).collect();
    assert_eq!(named(&graph, &shown), ["shop", "recs", "store"]);
    assert_eq!(part.hidden, [(0, 2)]);
}

fn flows() -> impl Strategy<Value = Flow> {
    let one = (0..14_usize, 0..14_usize, any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 0..40).prop_map(|edges| {
        let name = |n: usize| if n == 13 { "external:bank".to_owned() } else { format!("s{n}") };
        flow(edges.into_iter().map(|(a, b, core, held)| edge(&name(a), &name(b), core, held)).collect())
    })
}

proptest! {
    #[test]
    fn each_node_stands_once_and_each_edge_leads_on_or_is_turned(flow in flows()) {
        let graph = Graph::of(&flow);
        let shown = vec![true; graph.len()];
        let drawn = layout(&graph, &shown);
        prop_assert_eq!(&drawn, &layout(&graph, &shown));
        let mut layer = vec![None; graph.len()];
        for (at, nodes) in drawn.layers.iter().enumerate() {
            for node in nodes {
                prop_assert_eq!(layer[*node].replace(at), None);
            }
        }
        for (link, back) in graph.links().iter().zip(&drawn.back) {
            if !back {
                prop_assert!(layer[link.from] < layer[link.to], "{link:?}");
            }
        }
        prop_assert!(layer.iter().all(Option::is_some));
    }

    #[test]
    fn a_death_breaks_the_flow_just_where_it_is_a_single_point(flow in flows()) {
        let graph = Graph::of(&flow);
        let breaking = graph.breaking();
        for node in 0..graph.len() {
            let impact = graph.impact(node);
            prop_assert_eq!(impact.breaks, breaking.contains(&node));
            prop_assert!(impact.failed.contains(&node));
            prop_assert!(impact.unreachable.iter().all(|n| !impact.failed.contains(n)));
            for link in graph.links().iter().filter(|l| !l.holds) {
                prop_assert!(!impact.failed.contains(&link.to) || impact.failed.contains(&link.from));
            }
        }
        prop_assert!(graph.core_dependencies().iter().all(|n| breaking.contains(n)));
    }

    #[test]
    fn one_more_fallback_breaks_nothing_more(flow in flows(), at in 0..40_usize) {
        let graph = Graph::of(&flow);
        let mut better = flow.clone();
        if let Some(edge) = better.edges.get_mut(at) {
            edge.core = false;
            edge.fallback = Some(Fallback { strategy: Trade::TradeTime, how: "Other site.".into() });
        }
        let after = Graph::of(&better);
        prop_assert!(after.breaking().iter().all(|n| graph.breaking().contains(n)));
    }

    #[test]
    fn a_part_is_never_larger_than_asked_and_tells_what_it_hides(flow in flows(), most in 1..20_usize, kids in 1..6_usize) {
        let graph = Graph::of(&flow);
        let part = scope(&flow, &graph, None, most, kids);
        prop_assert!(part.shown.iter().filter(|s| **s).count() <= most);
        let drawn = layout(&graph, &part.shown);
        let all: usize = drawn.layers.iter().map(Vec::len).sum();
        prop_assert_eq!(all, part.shown.iter().filter(|s| **s).count());
    }

    #[test]
    fn anything_can_be_read_without_a_panic(text in "[\\x00-\\x7f]{0,60}", n in any::<i64>()) {
        let odd = json!({"title": text, "entry": n, "edges": [{"from": text, "to": text, "core": true, "deadline_ms": n}]});
        if let Ok(flow) = read(&odd) {
            let graph = Graph::of(&flow);
            prop_assert!(!findings(&flow, &graph, &|_| false).is_empty());
        }
    }
}
