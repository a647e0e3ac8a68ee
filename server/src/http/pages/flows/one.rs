//! One flow: its picture, what is odd about it, what breaks it, and the coverage matrix.

use actix_web::{HttpResponse, web};
use scoring_rules::flows::Impact;
use serde::{Deserialize, Serialize};

use super::edges::{Loose, Row};
use super::{path, share, tone};
use crate::app::flows::{self, FlowPage, gaps_first};
use crate::app::views::FindingView;
use crate::error::Result;
use crate::http::Shared;
use crate::http::charts::{Drawn, FlowMap};
use crate::http::pages::chrome::Chrome;
use crate::http::pages::frame::{Frame, html};
use crate::http::pages::parts::{Link, When};
use crate::http::pages::words;

/// Rows of the matrix that are shown unless all are asked for.
const ROWS: usize = 100;
/// Findings and calls that are listed.
const LISTED: usize = 50;
/// Names in one sentence.
const NAMES: usize = 12;

/// `?down=&focus=&all=`
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Ask {
    /// What if this node dies.
    pub down: Option<String>,
    /// Only what is near this node.
    pub focus: Option<String>,
    /// Every row of the matrix.
    pub all: Option<String>,
}

/// `GET /flows/{slug}?down=&focus=&all=`
pub async fn page(
    app: Shared,
    frame: Frame,
    slug: web::Path<String>,
    ask: web::Query<Ask>,
) -> Result<HttpResponse> {
    let ask = ask.into_inner();
    let context = app
        .read(move |tx| {
            let flow = flows::detail(tx, &slug)?;
            Ok(context(frame.chrome(tx)?, &flow, &ask))
        })
        .await?;
    html("flow", &context)
}

/// What the page shows.
#[derive(Serialize)]
pub(in crate::http::pages) struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    title: String,
    lead: String,
    description: Option<String>,
    owner: Option<Link>,
    source: String,
    changed: Option<When>,
    edit: String,
    api: String,
    share: String,
    cls: &'static str,
    down: Option<Down>,
    map: Option<FlowMap>,
    /// Back to the whole picture.
    whole: Option<String>,
    /// The nodes to choose from for "what if".
    choices: Vec<Name>,
    action: String,
    findings: Vec<FindingRow>,
    more_findings: Option<String>,
    rows: Vec<Row>,
    all: Option<Link>,
    core: Vec<Link>,
    points: Vec<Link>,
    loose: Vec<Loose>,
    more_loose: Option<String>,
}

#[derive(Serialize)]
struct Name {
    value: String,
    on: bool,
}

/// What one death does.
#[derive(Serialize)]
struct Down {
    name: String,
    breaks: bool,
    says: String,
    failed: String,
    cut: Option<String>,
    held: Vec<String>,
}

/// Something odd.
#[derive(Serialize)]
pub(super) struct FindingRow {
    code: String,
    detail: String,
}

impl FindingRow {
    pub(super) fn list(findings: &[FindingView]) -> (Vec<Self>, Option<String>) {
        let row = |f: &FindingView| Self { code: f.code.replace('_', " "), detail: f.detail.clone() };
        (findings.iter().take(LISTED).map(row).collect(), over(findings.len(), LISTED))
    }
}

fn over(all: usize, shown: usize) -> Option<String> {
    all.checked_sub(shown).filter(|n| *n > 0).map(|n| format!("and {n} more"))
}

/// The page.
pub(in crate::http::pages) fn context(chrome: Chrome, page: &FlowPage, ask: &Ask) -> Ctx {
    let (view, graph) = (&page.view, &page.graph);
    let now = chrome.now;
    let node = |name: &Option<String>| name.as_deref().and_then(|name| graph.node(name.trim()));
    let (down, focus) = (node(&ask.down), node(&ask.focus));
    let impact = down.map(|node| (node, graph.impact(node)));
    let address = path(&view.slug);
    let known = |name: &str| page.known.contains(name);
    let map = FlowMap::new(Drawn {
        flow: &page.flow,
        graph,
        known: &known,
        focus,
        down: impact.as_ref().map(|(node, impact)| (*node, impact)),
        path: Some(&address),
    });
    let mut edges: Vec<_> = view.edges.iter().collect();
    edges.sort_by(|a, b| gaps_first(a, b));
    let every = ask.all.is_some();
    let shown = if every { edges.len() } else { ROWS };
    let (findings, more_findings) = FindingRow::list(&view.findings);
    let what_if = |name: &String| Link::to(name, format!("{address}?down={}#map", words::encode(name)));
    Ctx {
        crumbs: vec![Link::to("Flows", "/flows")],
        here: view.slug.clone(),
        title: view.title.clone(),
        lead: lead(page),
        description: view.description.clone(),
        owner: view.owner.as_ref().map(|t| Link::to(&t.name, format!("/teams/{}", t.slug))),
        source: view.source.clone(),
        changed: view.updated_at.map(|at| When::new(now, at)),
        edit: format!("{address}/edit"),
        api: format!("/api/v1{address}"),
        share: share(&view.coverage),
        cls: tone(&view.coverage),
        down: impact.as_ref().map(|(node, impact)| Down::new(page, *node, impact)),
        whole: (down.is_some() || focus.is_some()).then(|| format!("{address}#map")),
        choices: graph
            .names()
            .iter()
            .enumerate()
            .map(|(n, name)| Name { value: name.clone(), on: down == Some(n) })
            .collect(),
        action: format!("{address}#map"),
        map,
        findings,
        more_findings,
        rows: edges.iter().take(shown).map(|edge| Row::new(edge, now)).collect(),
        all: (edges.len() > shown).then(|| {
            Link::to(format!("Show all {} edges", edges.len()), format!("{address}?all=yes#matrix"))
        }),
        core: view.core_dependencies.iter().map(what_if).collect(),
        points: view.single_points.iter().map(what_if).collect(),
        loose: view.undeclared.iter().take(LISTED).map(|call| Loose::new(call, now)).collect(),
        more_loose: over(view.undeclared.len(), LISTED),
        chrome: chrome.titled(&view.title),
    }
}

fn lead(page: &FlowPage) -> String {
    let coverage = &page.view.coverage;
    let calls = words::count(coverage.core + coverage.noncore, "call");
    let proved = match coverage.noncore {
        0 => "none of them is non-core".to_owned(),
        n => format!("{n} non-core, {} of them with a fallback that a drill has proved", coverage.verified),
    };
    let needs = i64::try_from(page.view.core_dependencies.len()).unwrap_or(i64::MAX);
    let needs = if needs == 1 { "1 other".to_owned() } else { format!("{needs} others") };
    format!("{calls}: {proved}. It cannot do without {needs}.")
}

impl Down {
    fn new(page: &FlowPage, node: usize, impact: &Impact) -> Self {
        let name = |n: &usize| page.graph.names().get(*n).cloned().unwrap_or_default();
        let some = |nodes: Vec<String>| {
            let more = over(nodes.len(), NAMES).map_or_else(String::new, |more| format!(" {more}"));
            format!("{}{more}", nodes.into_iter().take(NAMES).collect::<Vec<_>>().join(", "))
        };
        let others: Vec<String> = impact.failed.iter().filter(|n| **n != node).map(name).collect();
        let dead = name(&node);
        Self {
            breaks: impact.breaks,
            says: if impact.breaks {
                format!("Without {dead} the flow breaks.")
            } else {
                format!("The flow lives on without {dead}.")
            },
            failed: if others.is_empty() {
                "Nobody else fails with it.".to_owned()
            } else {
                format!("Fail with it: {}.", some(others))
            },
            cut: (!impact.unreachable.is_empty()).then(|| {
                format!(
                    "Stand, but are reached by nobody: {}.",
                    some(impact.unreachable.iter().map(name).collect())
                )
            }),
            held: impact
                .held
                .iter()
                .take(NAMES)
                .filter_map(|l| page.flow.edges.get(*l))
                .filter_map(|edge| {
                    let how = &edge.fallback.as_ref()?.how;
                    Some(format!("{} lives on without {}: {how}", edge.from, edge.to))
                })
                .collect(),
            name: dead,
        }
    }
}
