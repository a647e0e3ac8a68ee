//! The editor of a flow: composes and checks its file, and stores nothing. What to send stands below.

use actix_web::{HttpResponse, web};
use scoring_rules::flows::{Flow, Strategy, read_document};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::one::FindingRow;
use super::{path, yaml};
use crate::app::Tx;
use crate::app::flows::{self, FlowPage};
use crate::error::{Error, FieldError, Result};
use crate::formats::read_settings;
use crate::http::Shared;
use crate::http::charts::{Drawn, FlowMap};
use crate::http::pages::chrome::Chrome;
use crate::http::pages::frame::{Frame, html};
use crate::http::pages::parts::{Choice, Code, Link};

/// Most bytes of a form: a flow of 2,000 edges fits.
pub const MAX_FORM: usize = 1 << 20;
/// Errors that are listed.
const LISTED: usize = 30;

/// A file to begin with.
const START: &str = r#"apiVersion: waterbear.dev/v1
kind: Flow
metadata:
  name: buy
  title: "Buy something"
spec:
  owner: checkout-platform
  entry: checkout-api
  steps: [browse, pay]
  edges:
    - {from: checkout-api, to: cart-api, core: true, deadline_ms: 300, step: browse}
    - {from: checkout-api, to: recs-api, core: false, deadline_ms: 80, step: browse, fallback: {strategy: trade_feature, how: "Show the best sellers."}}
    - {from: checkout-api, to: "external:card-scheme", core: true, deadline_ms: 2000, step: pay}
"#;

/// What the form sends: the file, and one more edge field by field.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    /// The file.
    pub doc: String,
    /// Caller of the edge to add.
    pub from: String,
    /// Callee of it.
    pub to: String,
    /// `core` or `non-core`.
    pub kind: String,
    /// Milliseconds.
    pub deadline_ms: String,
    /// Calls a second.
    pub traffic: String,
    /// Step.
    pub step: String,
    /// Strategy of the fallback.
    pub strategy: String,
    /// The sentence about it.
    pub how: String,
}

/// `GET /flows/new`
pub async fn create(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let form = Form { doc: START.to_owned(), ..Form::default() };
    answer(app, frame, form, None).await
}

/// `POST /flows/new`
pub async fn preview(app: Shared, frame: Frame, form: web::Form<Form>) -> Result<HttpResponse> {
    answer(app, frame, form.into_inner(), None).await
}

/// `GET /flows/{slug}/edit`
pub async fn edit(app: Shared, frame: Frame, slug: web::Path<String>) -> Result<HttpResponse> {
    let slug = slug.into_inner();
    let of = slug.clone();
    let doc = app
        .read(move |tx| {
            let page = flows::detail(tx, &of)?;
            let owner = page.view.owner.as_ref().map(|team| team.slug.clone()).or(page.owner_ref);
            Ok(yaml::write(&page.view.slug, &Flow { owner, ..page.flow }))
        })
        .await?;
    answer(app, frame, Form { doc, ..Form::default() }, Some(slug)).await
}

/// `POST /flows/{slug}/edit`
pub async fn preview_of(
    app: Shared,
    frame: Frame,
    slug: web::Path<String>,
    form: web::Form<Form>,
) -> Result<HttpResponse> {
    answer(app, frame, form.into_inner(), Some(slug.into_inner())).await
}

async fn answer(app: Shared, frame: Frame, form: Form, slug: Option<String>) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let read = compose(tx, &form)?;
            Ok(context(frame.chrome(tx)?, form, slug, read))
        })
        .await?;
    html("flow_edit", &context)
}

/// What a form comes to.
pub(in crate::http::pages) enum Composed {
    /// A flow: its slug, and all that follows.
    Good(String, Box<FlowPage>),
    /// What cannot be read.
    Bad(Vec<FieldError>),
}

fn compose(tx: &mut Tx<'_>, form: &Form) -> Result<Composed> {
    let bad = |detail: String| Ok(Composed::Bad(vec![FieldError::new("", detail)]));
    let mut value = match read_settings(&form.doc) {
        Ok(value @ Value::Object(_)) => value,
        Ok(_) => return bad("expected one flow: a mapping with apiVersion, kind, metadata, spec".to_owned()),
        Err(error @ Error::Malformed { .. }) => return bad(error.to_string()),
        Err(error) => return Err(error),
    };
    if let Some(edge) = form.edge()
        && let Some(edges) = value.pointer_mut("/spec/edges").and_then(Value::as_array_mut)
    {
        edges.push(edge);
    }
    match read_document(&value) {
        Ok((slug, flow)) => Ok(Composed::Good(slug, Box::new(flows::preview(tx, flow)?))),
        Err(problems) => {
            let fields = problems.into_iter().map(|p| FieldError::new(p.pointer, p.detail));
            Ok(Composed::Bad(fields.collect()))
        }
    }
}

impl Form {
    /// The edge of the fields, if any is filled in.
    fn edge(&self) -> Option<Value> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        let number = |given: &str| text(given).map(|t| t.parse::<f64>().map_or_else(|_| json!(t), number));
        let (from, to) = (text(&self.from), text(&self.to));
        if from.is_none() && to.is_none() {
            return None;
        }
        let mut edge = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                edge.insert(key.to_owned(), value);
            }
        };
        put("from", from.map(Value::from));
        put("to", to.map(Value::from));
        put("core", Some((self.kind != "non-core").into()));
        put("deadline_ms", number(&self.deadline_ms));
        put("traffic", number(&self.traffic));
        put("step", text(&self.step).map(Value::from));
        if let Some(how) = text(&self.how) {
            put("fallback", Some(json!({ "strategy": self.strategy, "how": how })));
        }
        Some(Value::Object(edge))
    }
}

/// A whole number as one.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

/// What the page shows.
#[derive(Serialize)]
pub(in crate::http::pages) struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    title: String,
    action: String,
    doc: String,
    rows: usize,
    good: bool,
    errors: Vec<FieldError>,
    findings: Vec<FindingRow>,
    more_findings: Option<String>,
    map: Option<FlowMap>,
    file: Option<Code>,
    curl: Option<Code>,
    /// The edge that could not be added, as it was typed.
    edge: Typed,
    kinds: Vec<Choice>,
    strategies: Vec<Choice>,
}

/// The fields of the edge, as they were typed.
#[derive(Default, Serialize)]
struct Typed {
    from: String,
    to: String,
    deadline_ms: String,
    traffic: String,
    step: String,
    how: String,
}

/// The page.
pub(in crate::http::pages) fn context(
    chrome: Chrome,
    form: Form,
    slug: Option<String>,
    read: Composed,
) -> Ctx {
    let (kind, strategy) = (form.kind.clone(), form.strategy.clone());
    let mut crumbs = vec![Link::to("Flows", "/flows")];
    crumbs.extend(slug.as_ref().map(|slug| Link::to(slug, path(slug))));
    let title = slug.as_ref().map_or_else(|| "A new flow".to_owned(), |slug| format!("Change {slug}"));
    let action = slug.as_ref().map_or_else(|| "/flows/new".to_owned(), |slug| format!("{}/edit", path(slug)));
    let mut ctx = Ctx {
        crumbs,
        here: if slug.is_some() { "Change" } else { "New" },
        chrome: chrome.titled(&title),
        title,
        action,
        good: false,
        rows: 0,
        doc: String::new(),
        errors: Vec::new(),
        findings: Vec::new(),
        more_findings: None,
        map: None,
        file: None,
        curl: None,
        edge: Typed::default(),
        kinds: ["core", "non-core"].map(|k| Choice::new(k, k, Some(kind.as_str()))).to_vec(),
        strategies: Strategy::ALL
            .map(|s| Choice::new(s.as_str(), s.label(), Some(strategy.as_str())))
            .to_vec(),
    };
    match read {
        Composed::Good(slug, page) => ctx.fill(&slug, &page),
        Composed::Bad(mut errors) => {
            errors.truncate(LISTED);
            ctx.errors = errors;
            ctx.edge = Typed {
                from: form.from,
                to: form.to,
                deadline_ms: form.deadline_ms,
                traffic: form.traffic,
                step: form.step,
                how: form.how,
            };
            ctx.doc = form.doc;
        }
    }
    ctx.rows = (ctx.doc.lines().count() + 2).clamp(12, 40);
    ctx
}

impl Ctx {
    fn fill(&mut self, slug: &str, page: &FlowPage) {
        let owner = page.view.owner.as_ref().map(|team| team.slug.clone()).or_else(|| page.owner_ref.clone());
        let flow = Flow { owner, ..page.flow.clone() };
        let known = |name: &str| page.known.contains(name);
        self.good = true;
        self.doc = yaml::write(slug, &flow);
        (self.findings, self.more_findings) = FindingRow::list(&page.view.findings);
        self.map = FlowMap::new(Drawn {
            flow: &page.flow,
            graph: &page.graph,
            known: &known,
            focus: None,
            down: None,
            path: None,
        });
        self.file =
            Some(Code::new("the command that imports the file", "waterbear import flow.yaml --source flows"));
        self.curl = Some(Code::new("the curl line", curl(slug, &flow)));
    }
}

fn curl(slug: &str, flow: &Flow) -> String {
    let body = serde_json::to_string_pretty(flow).unwrap_or_default().replace('\'', r"'\''");
    format!(
        "curl --fail-with-body -X PUT \"$WATERBEAR_URL/api/v1/flows/{slug}\" \\\n  \
         -H \"Authorization: Bearer $WATERBEAR_TOKEN\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{body}'"
    )
}
