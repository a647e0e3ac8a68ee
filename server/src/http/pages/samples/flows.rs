//! Core flows: none, a small one in every state, a hostile one, one of 550 endpoints; the editor; a service's calls.

use std::collections::BTreeSet;

use scoring_rules::flows::{Edge, Fallback, Flow, Graph, Strategy, findings};

use super::super::flows::{self, editor_context, one_context};
use super::super::flows::{Ask, Composed, Form};
use super::{HOSTILE, Sample, chrome, days_ago, now, team};
use crate::app::flows::FlowPage;
use crate::app::views::{
    CheckView, Coverage, EdgeView, FallbackView, FindingView, FlowRef, FlowRow, FlowView, ServiceFallbacks,
    SinglePoint, Undeclared,
};
use crate::error::FieldError;

fn edge(from: &str, to: &str, core: bool, how: Option<&str>) -> Edge {
    let fallback = how.map(|how| Fallback { strategy: Strategy::TradeFeature, how: how.to_owned() });
    let (deadline_ms, traffic) = (core.then_some(300), Some(12.5));
    Edge { from: from.into(), to: to.into(), core, fallback, deadline_ms, traffic, step: None }
}

fn check(failure: &str, state: &str) -> CheckView {
    let passed_at = match state {
        "never" => None,
        "stale" => Some(days_ago(120)),
        _ => Some(days_ago(9)),
    };
    let last_at = (state == "failed").then(|| days_ago(2)).or(passed_at);
    CheckView {
        failure: failure.to_owned(),
        state: state.to_owned(),
        passed_at,
        drill: last_at.map(|_| "0190".to_owned()),
        last_at,
    }
}

fn view_of(n: usize, edge: &Edge) -> EdgeView {
    let state = ["verified", "failed", "stale", "never"][n % 4];
    EdgeView {
        id: edge.id(),
        from: edge.from.clone(),
        to: edge.to.clone(),
        core: edge.core,
        deadline_ms: edge.deadline_ms,
        fallback: edge
            .fallback
            .as_ref()
            .map(|f| FallbackView { strategy: f.strategy.as_str().to_owned(), how: f.how.clone() }),
        traffic: edge.traffic,
        step: edge.step.clone(),
        state: if edge.core { "core" } else { state }.to_owned(),
        checks: vec![check("error", state), check("delay", "never"), check("timeout", "stale")],
    }
}

fn page(slug: &str, title: &str, edges: Vec<Edge>) -> FlowPage {
    let flow = Flow { title: title.to_owned(), edges, ..Flow::default() };
    let graph = Graph::of(&flow);
    let edges: Vec<EdgeView> = flow.edges.iter().enumerate().map(|(n, e)| view_of(n, e)).collect();
    let name = |n: usize| graph.names()[n].clone();
    let found = findings(&flow, &graph, &|name| name != "ghost");
    let view = FlowView {
        slug: slug.to_owned(),
        title: title.to_owned(),
        description: Some("From the first page to the receipt.".to_owned()),
        owner: Some(team("checkout-platform", "Checkout Platform")),
        source: "single:ci".to_owned(),
        updated_at: Some(days_ago(3)),
        entry: None,
        steps: Vec::new(),
        coverage: Coverage::of(&edges),
        core_dependencies: graph.core_dependencies().into_iter().map(name).collect(),
        single_points: graph.breaking().into_iter().map(name).collect(),
        findings: found
            .into_iter()
            .map(|f| FindingView { code: f.code.to_owned(), edge: None, node: f.node, detail: f.detail })
            .collect(),
        undeclared: vec![Undeclared {
            from: "checkout-api".to_owned(),
            to: HOSTILE.to_owned(),
            named_by: "trace".to_owned(),
            calls_per_second: Some(0.25),
            seen_at: Some(days_ago(1)),
        }],
        edges,
    };
    let known: BTreeSet<String> = graph.names().iter().filter(|n| *n != "ghost").cloned().collect();
    FlowPage { view, flow, graph, known, owner_ref: None }
}

fn small() -> FlowPage {
    let edges = vec![
        edge("checkout-api", "cart-api", true, None),
        edge("checkout-api", "recs-api", false, Some("Show the best sellers.")),
        edge("cart-api", "ghost", false, None),
        edge("recs-api", "external:card-scheme", false, Some("Ask the other site.")),
        edge("ghost", "cart-api", true, None),
    ];
    page("buy", "Buy something", edges)
}

fn hostile() -> FlowPage {
    page("odd", HOSTILE, vec![edge("checkout-api", HOSTILE, false, Some(HOSTILE))])
}

fn wide() -> FlowPage {
    let edges =
        (1..550).map(|n| edge(&format!("svc-{}", (n - 1) / 9), &format!("svc-{n}"), n % 3 == 0, None));
    page("wide", "All endpoints", edges.collect())
}

fn row(page: &FlowPage) -> FlowRow {
    FlowRow {
        slug: page.view.slug.clone(),
        title: page.view.title.clone(),
        owner: page.view.owner.clone(),
        nodes: page.graph.len(),
        coverage: page.view.coverage,
        findings: page.view.findings.len(),
        updated_at: now(),
    }
}

/// What the flows say of a service.
pub(super) fn calls() -> ServiceFallbacks {
    let page = small();
    ServiceFallbacks {
        service: "checkout-api".to_owned(),
        flows: vec![FlowRef { slug: "buy".to_owned(), title: HOSTILE.to_owned() }],
        coverage: page.view.coverage,
        edges: page.view.edges,
        undeclared: page.view.undeclared,
    }
}

/// A service that no flow names.
pub(super) fn no_calls() -> ServiceFallbacks {
    ServiceFallbacks {
        service: "checkout-api".to_owned(),
        flows: Vec::new(),
        coverage: Coverage::default(),
        edges: Vec::new(),
        undeclared: Vec::new(),
    }
}

pub(super) fn all() -> Vec<Sample> {
    let points = [
        SinglePoint {
            node: "cart-api".into(),
            known: true,
            flows: vec![("buy".into(), HOSTILE.into()); 6],
            traffic: 12.0,
        },
        SinglePoint {
            node: "external:bank".into(),
            known: false,
            flows: vec![("buy".into(), "Buy".into())],
            traffic: 0.0,
        },
    ];
    let rows = vec![row(&small()), row(&hostile()), row(&page("bare", "Bare", Vec::new()))];
    let one = |name, page: &FlowPage, down: Option<&str>, focus: Option<&str>| {
        let ask = Ask { down: down.map(str::to_owned), focus: focus.map(str::to_owned), all: None };
        Sample::new("flow", name, one_context(chrome("/flows/buy"), page, &ask))
    };
    let edit = |name, slug: Option<&str>, composed| {
        let form =
            Form { doc: format!("kind: Flow # {HOSTILE}"), from: HOSTILE.to_owned(), ..Form::default() };
        let context = editor_context(chrome("/flows/new"), form, slug.map(str::to_owned), composed);
        Sample::new("flow_edit", name, context)
    };
    let wrong = vec![FieldError::new("/spec/edges/0/core", "is missing"), FieldError::new("", HOSTILE)];
    vec![
        Sample::new("flows", "full", flows::context(chrome("/flows"), rows, &points, true)),
        Sample::new("flows", "empty", flows::context(chrome("/flows"), Vec::new(), &[], false)),
        one("small", &small(), None, None),
        one("broken", &small(), Some("ghost"), None),
        one("saved", &small(), Some("recs-api"), None),
        one("hostile", &hostile(), Some(HOSTILE), None),
        one("wide", &wide(), None, None),
        one("focus", &wide(), None, Some("svc-3")),
        one("bare", &page("bare", "Bare", Vec::new()), Some("nobody"), None),
        edit("new", None, Composed::Good("buy".to_owned(), Box::new(small()))),
        edit("wrong", Some("buy"), Composed::Bad(wrong)),
        edit("hostile", Some("odd"), Composed::Good("odd".to_owned(), Box::new(hostile()))),
    ]
}
