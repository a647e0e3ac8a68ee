//! Where telemetry comes from: each source, whether it answers, and what it says of which service; and which messages
//! of hooks nobody understood.

use actix_web::HttpResponse;
use serde::Serialize;

use super::chrome::Chrome;
use super::frame::{Frame, html};
use super::parts::{Code, Link, Outcome, When};
use super::words;
use crate::app::kept::{self, KeptView};
use crate::app::sources::{self as uses, Lack, SourceState, SourceView, TelemetryRow};
use crate::app::views::Page;
use crate::config::{HookConfig, Proof};
use crate::error::Result;
use crate::http::Shared;

/// Services shown of a source.
const SHOWN: i64 = 100;
/// Kept messages shown.
const KEPT: i64 = 25;

/// `GET /sources`
pub async fn page(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let views = uses::list(tx)?;
            let mut all = Vec::with_capacity(views.len());
            for view in views {
                let rows = uses::covered(tx, &view.name, SHOWN)?;
                all.push((view, rows));
            }
            let kept = kept::list(tx, None, KEPT)?;
            let hooks = tx.config.hooks.clone();
            Ok(context(frame.chrome(tx)?, &all, &hooks, &kept))
        })
        .await?;
    html("sources", &context)
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    sources: Vec<Source>,
    example: Code,
    hooks: Vec<Hook>,
    kept: Vec<Kept>,
    /// There are older ones.
    kept_more: bool,
}

/// One hook.
#[derive(Serialize)]
pub struct Hook {
    name: String,
    format: &'static str,
    proof: String,
}

/// A message that was kept.
#[derive(Serialize)]
pub struct Kept {
    format: String,
    sender: String,
    reason: String,
    at: When,
}

/// One source.
#[derive(Serialize)]
pub struct Source {
    name: String,
    about: String,
    state: Outcome,
    says: String,
    /// Why it is away, since when, and that nothing is lost.
    away: Option<Away>,
    last: Option<When>,
    next: Option<String>,
    services: String,
    rows: Vec<Row>,
    /// How many services are not shown.
    more: Option<String>,
}

/// A source that does not answer.
#[derive(Serialize)]
pub struct Away {
    since: When,
    why: String,
    tries: String,
}

/// One service of a source.
#[derive(Serialize)]
pub struct Row {
    slug: String,
    name: String,
    instances: String,
    worst: Option<String>,
    notes: Vec<Note>,
    collected: Option<When>,
}

/// Something to know about a service's numbers.
#[derive(Serialize)]
pub struct Note {
    /// Nothing can be recommended for it.
    refused: bool,
    text: String,
}

/// The settings of a first source.
const EXAMPLE: &str = "[sources.prod]
url = \"https://prometheus.shop.example\"
metrics = \"otel\"                 # or envoy, istio, linkerd, grpc, resilience4j, own
match = 'job=\"{service}\"'
token_env = \"PROMETHEUS_TOKEN\"
";

/// The page; of each source the first services, and all are counted.
pub fn context(
    chrome: Chrome,
    all: &[(SourceView, Vec<TelemetryRow>)],
    hooks: &[HookConfig],
    kept: &Page<KeptView>,
) -> Ctx {
    Ctx {
        hooks: hooks.iter().map(Hook::new).collect(),
        kept: kept.items.iter().map(|one| Kept::new(&chrome, one)).collect(),
        kept_more: kept.next.is_some(),
        crumbs: vec![Link::to("Help", "/help")],
        here: "Sources",
        sources: all.iter().map(|(view, rows)| Source::new(&chrome, view, rows)).collect(),
        example: Code::new("the settings of a source", EXAMPLE),
        chrome: chrome.titled("Sources"),
    }
}

impl Hook {
    fn new(hook: &HookConfig) -> Self {
        let proof = match &hook.proof {
            Proof::Key => "by its key".to_owned(),
            Proof::Steadybit => "by the signature of Steadybit".to_owned(),
            Proof::PagerDuty => "by the signature of PagerDuty".to_owned(),
            Proof::StandardWebhooks => "by the signature of Standard Webhooks".to_owned(),
            Proof::HmacSha256 { header } => format!("by the signature in {header}"),
        };
        Self { name: hook.name.clone(), format: hook.format.as_str(), proof }
    }
}

impl Kept {
    fn new(chrome: &Chrome, view: &KeptView) -> Self {
        Self {
            format: view.format.clone(),
            sender: view.sender.clone(),
            reason: view.reason.clone(),
            at: When::new(chrome.now, view.received_at),
        }
    }
}

impl Source {
    fn new(chrome: &Chrome, view: &SourceView, rows: &[TelemetryRow]) -> Self {
        let when = |at| When::new(chrome.now, at);
        let (state, says) = match view.state {
            SourceState::Healthy => ("passed", "healthy"),
            SourceState::Away => ("error", "away"),
            SourceState::Waiting => ("unknown", "not asked yet"),
        };
        let version = view.version.as_ref().map_or_else(String::new, |v| format!(" {v}"));
        let shown = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        Self {
            name: view.name.clone(),
            about: format!("Prometheus{version} at {}, metrics of {}", view.address, view.metrics),
            state: Outcome { word: says.to_owned(), ..Outcome::new(state) },
            says: says.to_owned(),
            away: view.away_since.map(|since| Away {
                since: when(since),
                why: view.error.clone().unwrap_or_default(),
                tries: if view.failures == 1 {
                    "one failed try".to_owned()
                } else {
                    format!("{} failed tries", view.failures)
                },
            }),
            last: view.last_success_at.map(when),
            next: view.next_try_at.map(|at| until(at.0 - chrome.now.0)),
            services: words::count(view.services, "service"),
            rows: rows.iter().map(|row| Row::new(chrome, row)).collect(),
            more: (view.services > shown).then(|| words::count(view.services - shown, "more service")),
        }
    }
}

/// A time to come: `now`, `in 40 s`, `in 12 min`.
fn until(ms: i64) -> String {
    if ms < 1_000 { "now".to_owned() } else { format!("in {}", words::seconds((ms / 1_000) as f64)) }
}

impl Row {
    fn new(chrome: &Chrome, row: &TelemetryRow) -> Self {
        let told = &row.telemetry;
        let worst = told.worst_instance.as_ref().map(|worst| {
            let mut parts = Vec::new();
            parts.extend(worst.p99_ms.map(|ms| format!("p99 {}", millis(ms))));
            parts.extend(worst.error_rate.map(|rate| format!("{} errors", percent(rate))));
            format!("{}: {}, since {}", worst.name, parts.join(", "), words::ago(chrome.now, worst.since))
        });
        let mut notes: Vec<Note> = told
            .problems
            .iter()
            .map(|p| Note { refused: p.code.refuses(), text: format!("{}: {}", lack(p.code), p.detail) })
            .collect();
        if let Some(error) = &told.error {
            let kept = if told.collected_at.is_some() { "Kept from before" } else { "Nothing yet" };
            notes.insert(0, Note { refused: false, text: format!("{kept}: {error}") });
        }
        Self {
            slug: row.slug.clone(),
            name: row.name.clone(),
            instances: told.instances.len().to_string(),
            worst,
            notes,
            collected: told.collected_at.map(|at| When::new(chrome.now, at)),
        }
    }
}

fn millis(ms: f64) -> String {
    if ms >= 2_000.0 { format!("{:.1} s", ms / 1_000.0) } else { format!("{ms:.0} ms") }
}

fn percent(share: f64) -> String {
    format!("{}%", (share * 1_000.0).round() / 10.0)
}

fn lack(code: Lack) -> &'static str {
    match code {
        Lack::TooLittleData => "Too little data",
        Lack::CoarseBuckets => "Buckets too coarse",
        Lack::OneInstance => "One instance",
        Lack::NoInstances => "Instances not told apart",
        Lack::NoHistogram => "No histogram",
        Lack::HostsUnknown => "Hosts not known",
        Lack::Unusable => "Numbers that make no profile",
        Lack::ByCaller => "Seen by callers",
        Lack::Errors => "Errors not counted",
        Lack::IncidentLeftOut => "Incident left out",
        Lack::Remark => "Prometheus remarks",
    }
}
