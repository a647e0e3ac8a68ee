//! The coverage matrix: each edge by what may befall it, with the drill that proved it or the way to one.

use serde::Serialize;

use super::{path, rate, share, tone};
use crate::app::views::{CheckView, EdgeView, ServiceFallbacks, Undeclared};
use crate::http::pages::parts::{Link, Outcome, When};
use crate::http::pages::words;
use crate::types::Timestamp;

/// Edges in the panel of a service.
const PANEL: usize = 8;

/// One edge.
#[derive(Serialize)]
pub(in crate::http::pages) struct Row {
    id: String,
    from: Link,
    to: String,
    core: bool,
    strategy: Option<String>,
    how: Option<String>,
    deadline: String,
    traffic: String,
    step: Option<String>,
    cells: Vec<Cell>,
}

/// One failure of an edge.
#[derive(Serialize)]
struct Cell {
    state: Outcome,
    failure: String,
    text: String,
    href: String,
    /// What the link is about, read aloud.
    about: String,
}

impl Row {
    pub(super) fn new(edge: &EdgeView, now: Timestamp) -> Self {
        Self {
            id: edge.id.clone(),
            from: Link::to(&edge.from, format!("/services/{}", words::encode(&edge.from))),
            to: edge.to.clone(),
            core: edge.core,
            strategy: edge.fallback.as_ref().map(|f| f.strategy.replace('_', " ")),
            how: edge.fallback.as_ref().map(|f| f.how.clone()),
            deadline: edge.deadline_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms")),
            traffic: rate(edge.traffic),
            step: edge.step.clone(),
            cells: edge.checks.iter().map(|check| Cell::new(edge, check, now)).collect(),
        }
    }
}

impl Cell {
    fn new(edge: &EdgeView, check: &CheckView, now: Timestamp) -> Self {
        let from = words::encode(&edge.from);
        let send = || {
            format!(
                "/help/flows?service={from}&target={}&failure={}#drill",
                words::encode(&edge.to),
                words::encode(&check.failure)
            )
        };
        let word = match check.state.as_str() {
            "verified" => "passed",
            other => other,
        };
        let at = match check.state.as_str() {
            "failed" => check.last_at,
            _ => check.passed_at,
        };
        let text = match (check.state.as_str(), at) {
            ("failed", Some(at)) => format!("failed {}", words::ago(now, at)),
            (_, Some(at)) => format!("passed {}", words::ago(now, at)),
            (_, None) => "never run".to_owned(),
        };
        Self {
            state: Outcome::new(word),
            failure: words::capital(&check.failure),
            text,
            href: check
                .drill
                .as_ref()
                .map_or_else(send, |drill| format!("/services/{from}/drills#drill-{drill}")),
            about: format!(": {} of {} for {}", check.failure, edge.to, edge.from),
        }
    }
}

/// A call that nobody declared.
#[derive(Serialize)]
pub(in crate::http::pages) struct Loose {
    from: String,
    to: String,
    by: String,
    traffic: String,
    seen: Option<When>,
}

impl Loose {
    pub(super) fn new(call: &Undeclared, now: Timestamp) -> Self {
        Self {
            from: call.from.clone(),
            to: call.to.clone(),
            by: if call.named_by == "trace" { "a trace" } else { "the catalog" }.to_owned(),
            traffic: rate(call.calls_per_second),
            seen: call.seen_at.map(|at| When::new(now, at)),
        }
    }
}

/// The panel on the page of a service.
#[derive(Serialize)]
pub(in crate::http::pages) struct Panel {
    flows: Vec<Link>,
    share: String,
    cls: &'static str,
    lead: String,
    rows: Vec<Row>,
    more: Option<String>,
}

impl Panel {
    /// The panel; none while no flow names the service.
    pub(in crate::http::pages) fn of(view: &ServiceFallbacks, now: Timestamp) -> Option<Self> {
        if view.flows.is_empty() {
            return None;
        }
        let coverage = &view.coverage;
        let lead = match (coverage.noncore, coverage.core) {
            (0, 0) => "It calls nobody in them.".to_owned(),
            (0, core) => format!("All {core} of its calls in them are core."),
            (noncore, core) => {
                format!(
                    "{} of {noncore} non-core calls are proved to have a fallback; {core} are core.",
                    coverage.verified
                )
            }
        };
        let over = view.edges.len().saturating_sub(PANEL);
        Some(Self {
            flows: view.flows.iter().map(|f| Link::to(&f.title, path(&f.slug))).collect(),
            share: share(coverage),
            cls: tone(coverage),
            lead,
            rows: view.edges.iter().take(PANEL).map(|edge| Row::new(edge, now)).collect(),
            more: (over > 0).then(|| format!("and {over} more, on the pages of the flows")),
        })
    }
}
