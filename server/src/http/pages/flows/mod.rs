//! Core flows: the list, weakest first, and the single points of failure over all of them.

mod edges;
mod editor;
mod one;
mod yaml;

use actix_web::HttpResponse;
use serde::Serialize;

use super::chrome::Chrome;
use super::frame::{Frame, html};
use super::parts::{Link, When};
use super::words;
use crate::app::flows;
use crate::app::views::{Coverage, FlowRow, SinglePoint};
use crate::error::Result;
use crate::http::Shared;

pub(super) use edges::Panel;
pub use editor::{MAX_FORM, create, edit, preview, preview_of};
pub use one::page as one;
#[cfg(test)]
pub(super) use {
    editor::{Composed, Form, context as editor_context},
    one::{Ask, context as one_context},
};

/// Flows that are read for the page.
const READ: i64 = 500;
/// Single points that are shown.
const POINTS: usize = 20;
/// Flows named of one single point.
const NAMED: usize = 4;

/// `GET /flows`
pub async fn list(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let flows = flows::list(tx, None, READ)?;
            let points = flows::single_points(tx, POINTS)?;
            Ok(context(frame.chrome(tx)?, flows.items, &points, flows.next.is_some()))
        })
        .await?;
    html("flows", &context)
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    title: String,
    lead: String,
    flows: Vec<Row>,
    more: bool,
    points: Vec<PointRow>,
}

#[derive(Serialize)]
struct Row {
    href: String,
    title: String,
    owner: Option<Link>,
    nodes: usize,
    proved: String,
    share: String,
    cls: &'static str,
    core: i64,
    findings: usize,
    changed: When,
}

#[derive(Serialize)]
struct PointRow {
    node: Link,
    count: String,
    flows: Vec<Link>,
    more: Option<String>,
    traffic: String,
}

/// The page.
pub fn context(chrome: Chrome, mut flows: Vec<FlowRow>, points: &[SinglePoint], more: bool) -> Ctx {
    flows.sort_by(|a, b| {
        let share = |row: &FlowRow| row.coverage.coverage_pct.unwrap_or(100.0);
        share(a)
            .total_cmp(&share(b))
            .then(b.coverage.noncore.cmp(&a.coverage.noncore))
            .then(a.slug.cmp(&b.slug))
    });
    let all = flows.iter().fold(Coverage::default(), |mut sum, row| {
        sum.noncore += row.coverage.noncore;
        sum.verified += row.coverage.verified;
        sum
    });
    let count = i64::try_from(flows.len()).unwrap_or(i64::MAX);
    Ctx {
        title: match count {
            0 => "No core flow yet".to_owned(),
            n => format!("{} of {} proved, in {}", all.verified, fallbacks(all.noncore), words::count(n, "flow")),
        },
        lead: "A core flow is a journey of users that must not fail. Each call in it is core, or has a fallback that \
               a drill has proved."
            .to_owned(),
        points: points.iter().map(PointRow::new).collect(),
        flows: flows.iter().map(|row| Row::new(row, &chrome)).collect(),
        more,
        chrome: chrome.titled("Core flows"),
    }
}

fn fallbacks(n: i64) -> String {
    words::count(n, "fallback")
}

/// The class of a share of proved fallbacks.
pub(super) fn tone(coverage: &Coverage) -> &'static str {
    match coverage.coverage_pct {
        Some(share) if share >= 100.0 => "pass",
        Some(_) if coverage.failed > 0 => "fail",
        Some(share) if share > 0.0 => "partial",
        _ => "unknown",
    }
}

/// `62.5%`, or a dash where there is nothing to prove.
pub(super) fn share(coverage: &Coverage) -> String {
    coverage.coverage_pct.map_or_else(|| "–".to_owned(), |share| format!("{share}%"))
}

/// Calls a second, as people say it.
pub(super) fn rate(traffic: Option<f64>) -> String {
    match traffic {
        None => "–".to_owned(),
        Some(rate) if rate >= 10.0 => format!("{rate:.0}/s"),
        Some(rate) => format!("{}/s", (rate * 100.0).round() / 100.0),
    }
}

/// The address of a flow.
pub(super) fn path(slug: &str) -> String {
    format!("/flows/{}", words::encode(slug))
}

impl Row {
    fn new(row: &FlowRow, chrome: &Chrome) -> Self {
        let coverage = &row.coverage;
        Self {
            href: path(&row.slug),
            title: row.title.clone(),
            owner: row.owner.as_ref().map(|t| Link::to(&t.name, format!("/teams/{}", t.slug))),
            nodes: row.nodes,
            proved: format!("{} of {}", coverage.verified, coverage.noncore),
            share: share(coverage),
            cls: tone(coverage),
            core: coverage.core,
            findings: row.findings,
            changed: When::new(chrome.now, row.updated_at),
        }
    }
}

impl PointRow {
    fn new(point: &SinglePoint) -> Self {
        let count = i64::try_from(point.flows.len()).unwrap_or(i64::MAX);
        let node = if point.known {
            Link::to(&point.node, format!("/services/{}", words::encode(&point.node)))
        } else {
            Link::text(&point.node)
        };
        let down = |slug: &str| format!("{}?down={}#map", path(slug), words::encode(&point.node));
        Self {
            node,
            count: words::count(count, "flow"),
            flows: point.flows.iter().take(NAMED).map(|(slug, title)| Link::to(title, down(slug))).collect(),
            more: point.flows.len().checked_sub(NAMED).filter(|n| *n > 0).map(|n| format!("and {n} more")),
            traffic: rate(Some(point.traffic).filter(|t| *t > 0.0)),
        }
    }
}
