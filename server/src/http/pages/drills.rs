//! Drills of a service: what the rulebook expects, where each stands, and every result.

mod plan;

use serde::Serialize;

use plan::Section;
pub use plan::{Next, Row};

use super::chrome::Chrome;
use super::parts::{self, Code, Evidence, Link, Outcome, Span, When};
use super::service;
use super::{recipes, words};
use crate::app::views::{DrillCell, DrillMatrix, DrillView, Page, ServiceDetail};
use crate::types::{Failure, Timestamp};

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    title: String,
    lead: String,
    slug: String,
    due: Section,
    kinds: Vec<Kind>,
    results: Vec<DrillRow>,
    next: Option<String>,
    /// The first result, when there is none.
    first: Option<Code>,
}

/// One kind of drill and its failure classes.
#[derive(Serialize)]
pub struct Kind {
    title: String,
    cells: Vec<Cell>,
}

/// One failure class.
#[derive(Serialize)]
pub struct Cell {
    failure: String,
    label: String,
    expected: bool,
    rule: Option<String>,
    points: Option<u16>,
    state: Outcome,
    passed: Option<String>,
    /// `full for 30 days, none after 90`.
    worth: Option<String>,
    last: Option<Last>,
    identities: i64,
    /// The day from which a pass no longer counts in full; `now` for what is expected and not fresh.
    due: Option<String>,
    href: String,
    /// Where its plan is shown.
    plan: String,
    /// Of a regression: when it broke, and what was deployed in between.
    broke: Option<String>,
}

/// The latest counted drill of a class.
#[derive(Serialize)]
pub struct Last {
    outcome: Outcome,
    at: When,
    href: String,
}

/// One result.
#[derive(Serialize)]
pub struct DrillRow {
    id: String,
    title: String,
    outcome: Outcome,
    regression: bool,
    not_counted: Option<&'static str>,
    reason: Vec<Span>,
    hypothesis: Option<String>,
    /// Null where nothing is known of a rollback.
    rollback: Option<Outcome>,
    rollback_reason: Vec<Span>,
    times: Vec<String>,
    evidence: Evidence,
    sender: String,
    tool: String,
    run: Option<String>,
    links: Vec<Link>,
    at: When,
}

/// The page of `detail`; `results` are its latest drills.
pub fn context(
    chrome: Chrome,
    detail: &ServiceDetail,
    matrix: &DrillMatrix,
    results: &Page<DrillView>,
    plans: &Next<'_>,
) -> Ctx {
    let slug = detail.row.slug.as_str();
    let now = chrome.now;
    let mut crumbs = service::crumbs(detail);
    crumbs.push(Link::to(slug, format!("/services/{slug}")));
    let next =
        results.next.as_ref().map(|c| format!("/services/{slug}/drills?cursor={}#results", words::encode(c)));
    let due = matrix.cells.iter().find(|c| c.expected && c.state != "fresh").or_else(|| matrix.cells.first());
    let due = due.and_then(|c| Failure::parse(&c.failure)).unwrap_or(Failure::Config);
    Ctx {
        crumbs,
        here: "Drills",
        title: title(matrix),
        lead: lead(&detail.row.name, matrix),
        slug: slug.to_owned(),
        due: Section::new(slug, plans),
        kinds: kinds(slug, matrix, now),
        results: results.items.iter().map(|d| DrillRow::new(d, now)).collect(),
        next,
        first: results
            .items
            .is_empty()
            .then(|| Code::new("the curl line", recipes::curl_drill(slug, due, now))),
        chrome: chrome.titled(format!("Drills of {}", detail.row.name)),
    }
}

fn title(matrix: &DrillMatrix) -> String {
    match (matrix.expected, matrix.fresh) {
        (0, _) => "No drill is expected".to_owned(),
        (expected, fresh) if fresh == expected => format!("All {expected} expected drills are fresh"),
        (expected, fresh) => format!("{fresh} of {} fresh", words::count(expected, "expected drill")),
    }
}

fn lead(name: &str, matrix: &DrillMatrix) -> String {
    let never = match matrix.never_run {
        0 => "None was left untried.".to_owned(),
        n => format!("{} never run.", if n == 1 { "1 was".to_owned() } else { format!("{n} were") }),
    };
    format!("What the rulebook expects of {name}, and when each drill last passed. {never}")
}

fn kinds(slug: &str, matrix: &DrillMatrix, now: Timestamp) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for word in ["rollback", "infrastructure", "dependency"] {
        let cells: Vec<Cell> =
            matrix.cells.iter().filter(|c| c.kind == word).map(|c| Cell::new(slug, c, now)).collect();
        if !cells.is_empty() {
            kinds.push(Kind { title: words::capital(word), cells });
        }
    }
    kinds
}

impl Cell {
    fn new(slug: &str, view: &DrillCell, now: Timestamp) -> Self {
        let failure = words::encode(&view.failure);
        Self {
            label: words::capital(&words::failure(&view.failure)),
            failure: view.failure.clone(),
            expected: view.expected,
            rule: view.rule.clone(),
            points: view.points,
            state: Outcome::new(&view.state),
            passed: view.days_since_passed.map(days_ago),
            worth: worth(view.fresh_days, view.expires_days),
            last: view.last.as_ref().map(|drill| Last {
                outcome: Outcome::new(&drill.outcome),
                at: When::new(now, drill.started_at),
                href: format!("#drill-{}", drill.id),
            }),
            identities: view.identities,
            due: due(view, now),
            broke: view.broke.as_ref().map(|window| window.sentence.clone()),
            href: format!("/help/drills?service={}&failure={failure}", words::encode(slug)),
            plan: format!("/services/{}/drills?failure={failure}#next", words::encode(slug)),
        }
    }
}

fn due(view: &DrillCell, now: Timestamp) -> Option<String> {
    match (view.expected, view.state.as_str(), &view.due_on) {
        (false, ..) => None,
        (true, "fresh", Some(day)) => {
            Timestamp::parse(&format!("{day}T00:00:00Z")).ok().map(|at| words::day(at.max(now)))
        }
        _ => Some("now".to_owned()),
    }
}

fn days_ago(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        n => format!("{n} days ago"),
    }
}

fn worth(fresh: Option<i64>, expires: Option<i64>) -> Option<String> {
    match (fresh, expires) {
        (Some(fresh), Some(expires)) => Some(format!("full for {fresh} days, none after {expires}")),
        (Some(fresh), None) => Some(format!("full for {fresh} days")),
        (None, Some(expires)) => Some(format!("none after {expires} days")),
        (None, None) => None,
    }
}

impl DrillRow {
    fn new(view: &DrillView, now: Timestamp) -> Self {
        let failure = view.failure.as_deref().or(view.kind.as_deref()).unwrap_or("drill");
        let mut title = words::capital(&words::failure(failure));
        if let Some(target) = &view.target {
            title = format!("{title} of {target}");
        }
        if let Some(environment) = &view.environment {
            title = format!("{title}, {environment}");
        }
        let not_counted =
            if view.exploratory { Some("exploratory") } else { (!view.counted).then_some("not counted") };
        Self {
            id: view.id.clone(),
            title,
            outcome: Outcome::new(&view.outcome),
            regression: view.regression,
            not_counted,
            reason: parts::linked(&view.reason, None),
            hypothesis: view.hypothesis.clone(),
            rollback: (view.rollback.outcome != "not_tested").then(|| Outcome::new(&view.rollback.outcome)),
            rollback_reason: parts::linked(&view.rollback.reason, None),
            times: times(view),
            evidence: Evidence::new(&view.evidence_class),
            sender: view.sender.clone(),
            tool: view.tool.clone(),
            run: view.run_id.clone(),
            links: evidence_links(&view.evidence),
            at: When::new(now, view.started_at),
        }
    }
}

fn times(view: &DrillView) -> Vec<String> {
    let mut times = Vec::new();
    let mut push = |label: &str, seconds: Option<f64>| {
        if let Some(seconds) = seconds {
            times.push(format!("{label} {}", words::seconds(seconds)));
        }
    };
    push("rolled back in", view.rollback.seconds);
    push("detected after", view.detected_after_seconds);
    push("well again after", view.recovered_after_seconds);
    times
}

/// Only web addresses become links: evidence is sent from outside.
fn evidence_links(evidence: &serde_json::Value) -> Vec<Link> {
    let items = evidence.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| {
            let href = item.get("href")?.as_str()?;
            let kind = item.get("kind").and_then(|k| k.as_str()).unwrap_or("link");
            let web = href.starts_with("https://") || href.starts_with("http://");
            Some(if web { Link::to(kind, href) } else { Link::text(format!("{kind}: {href}")) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        let links = evidence_links(&serde_json::json!([
            {"kind": "log", "href": "https://ci.example/1"},
            {"kind": "trap", "href": "javascript:alert(1)"},
            {"kind": "no address"},
        ]));
        assert_eq!(links.first().unwrap().href.as_deref(), Some("https://ci.example/1"));
        assert_eq!(links.get(1).unwrap(), &Link::text("trap: javascript:alert(1)"));
        assert_eq!(links.len(), 2);
    }
}
