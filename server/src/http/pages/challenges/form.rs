//! The form for a challenge, new or to be changed. It works without script: the fields of each kind of goal can be unfolded,
//! and those that do not go with the chosen kind are left out.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::admin::back;
use super::super::chrome::Chrome;
use super::super::frame::{self, Frame, html};
use super::super::parts::{Choice, Link};
use super::fields::Fields;
use super::told::{Line, Told};
use crate::app::challenges::{self as uses, ChallengeView, TEMPLATES, Template};
use crate::app::services::ListServices;
use crate::app::{Tx, flows, rulebook, services, teams};
use crate::error::{Error, FieldError, Result};
use crate::http::Shared;
use crate::http::api::challenges::written;
use crate::http::auth::Caller;
use crate::http::form::Checked;
use crate::http::query::Name;
use crate::types::Failure;

/// Kinds of goals.
const KINDS: &[(&str, &str)] = &[
    ("drills", "Drills: passed lately"),
    ("grade", "Grade: services at a grade or better"),
    ("fallbacks", "Fallbacks: all of a flow verified"),
    ("actions", "Actions: none overdue"),
    ("custom", "Custom: an expression over facts"),
];
/// Flows to choose from.
const FLOWS: i64 = 200;
/// Teams that are suggested.
const TEAMS: usize = 500;
/// Services that are suggested; of more the first by name.
const SERVICES: i64 = 200;

const A_FLOW: &str = "Choose the core flow of this challenge below: it cannot be saved without one.";
const NO_FLOW: &str =
    "This challenge is about a core flow, and none is declared yet. Declare one first, see Flows.";

/// `?template=` of a new challenge.
#[derive(Deserialize)]
pub struct From {
    template: Option<String>,
}

/// What the fields offer.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// Letters, best first.
    pub grades: Vec<String>,
    /// Slug and title of flows.
    pub flows: Vec<(String, String)>,
    /// Slug and name of teams.
    pub teams: Vec<(String, String)>,
    /// Slug and name of services, the first of them.
    pub services: Vec<(String, String)>,
}

impl Offers {
    fn read(tx: &mut Tx<'_>) -> Result<Self> {
        let flows = flows::list(tx, None, FLOWS)?.items;
        let teams = teams::list(tx)?;
        let ask = ListServices { sort: Some("name".to_owned()), limit: SERVICES, ..ListServices::default() };
        let services = services::list(tx, &ask)?.items;
        Ok(Self {
            grades: rulebook::bands(&tx.book.rulebook).into_iter().map(|band| band.grade).collect(),
            flows: flows.into_iter().map(|flow| (flow.slug, flow.title)).collect(),
            teams: teams.into_iter().take(TEAMS).map(|team| (team.slug, team.name)).collect(),
            services: services.into_iter().map(|service| (service.slug, service.name)).collect(),
        })
    }
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    action: String,
    button: &'static str,
    templates: Vec<Choosable>,
    fields: Fields,
    /// What is wrong, as a list and at each field.
    errors: Vec<Line>,
    told: Told,
    /// What has to be chosen before it can be saved.
    choose: Option<&'static str>,
    /// Start, scope and goal may be changed.
    all: bool,
    /// The end may be changed.
    ends: bool,
    /// What was learned may be written down.
    over: bool,
    /// It may be given up.
    cancels: bool,
    kinds: Vec<Choice>,
    grades: Vec<Choice>,
    pers: Vec<Choice>,
    flows: Vec<Choice>,
    teams: Vec<Choice>,
    services: Vec<Choice>,
    failures: Vec<&'static str>,
}

/// A template to begin from.
#[derive(Serialize)]
struct Choosable {
    href: String,
    title: &'static str,
    about: &'static str,
    on: bool,
}

/// `GET /challenges/new?template=`
pub async fn new(app: Shared, frame: Frame, from: web::Query<From>) -> Result<HttpResponse> {
    let wanted = from.into_inner().template;
    let context = app
        .read(move |tx| {
            let template = TEMPLATES.iter().find(|t| Some(t.id) == wanted.as_deref()).or(TEMPLATES.first());
            let fields = template.map_or_else(Fields::default, |t| Fields::of_template(t, tx.now));
            let offers = Offers::read(tx)?;
            Ok(context(frame.chrome(tx)?, None, fields, &offers, &[]))
        })
        .await?;
    html("challenge_edit", &context)
}

fn read(form: Checked) -> Result<Fields> {
    let pairs = form.0.into_iter().filter(|(name, _)| name != "csrf");
    let map: Map<String, Value> = pairs.map(|(name, value)| (name, Value::from(value))).collect();
    serde_json::from_value(Value::Object(map))
        .map_err(|error| Error::malformed(format!("the form cannot be read: {error}")))
}

/// `POST /challenges/new`
pub async fn create(app: Shared, frame: Frame, caller: Caller, form: Checked) -> Result<HttpResponse> {
    let fields = read(form)?;
    let done = match fields.create() {
        Ok(cmd) => {
            written(&app, caller.0, move |tx| uses::create(tx, &cmd, None)).await.map(|done| done.slug)
        }
        Err(wrong) => Err(Error::Invalid { fields: wrong }),
    };
    match done {
        Ok(slug) => Ok(back(&format!("/challenges/{slug}"), None)),
        Err(Error::Invalid { fields: errors }) => {
            let work = move |tx: &mut Tx<'_>| {
                let offers = Offers::read(tx)?;
                Ok(context(frame.chrome(tx)?, None, fields, &offers, &errors))
            };
            frame::answer(StatusCode::UNPROCESSABLE_ENTITY, "challenge_edit", &app.read(work).await?)
        }
        Err(other) => Err(other),
    }
}

/// `GET /challenges/{slug}/edit`
pub async fn edit(app: Shared, frame: Frame, Name(slug): Name) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let view = uses::one(tx, &slug)?;
            let (fields, offers) = (Fields::of_view(&view), Offers::read(tx)?);
            Ok(context(frame.chrome(tx)?, Some(&view), fields, &offers, &[]))
        })
        .await?;
    html("challenge_edit", &context)
}

/// `POST /challenges/{slug}/edit`
pub async fn change(
    app: Shared,
    frame: Frame,
    caller: Caller,
    Name(slug): Name,
    form: Checked,
) -> Result<HttpResponse> {
    let fields = read(form)?;
    let wanted = slug.clone();
    let view = app.read(move |tx| uses::one(tx, &wanted)).await?;
    let done = match fields.change(&view) {
        Ok(cmd) => written(&app, caller.0, move |tx| uses::change(tx, &slug, &cmd)).await,
        Err(wrong) => Err(Error::Invalid { fields: wrong }),
    };
    match done {
        Ok(slug) => Ok(back(&format!("/challenges/{slug}"), None)),
        Err(Error::Invalid { fields: errors }) => {
            let work = move |tx: &mut Tx<'_>| {
                let offers = Offers::read(tx)?;
                Ok(context(frame.chrome(tx)?, Some(&view), fields, &offers, &errors))
            };
            frame::answer(StatusCode::UNPROCESSABLE_ENTITY, "challenge_edit", &app.read(work).await?)
        }
        Err(other) => Err(other),
    }
}

/// The page; `view` is what is stored, none of a new challenge.
pub fn context(
    chrome: Chrome,
    view: Option<&ChallengeView>,
    fields: Fields,
    offers: &Offers,
    errors: &[FieldError],
) -> Ctx {
    let state = view.map_or("draft", |view| view.row.state.as_str());
    let choices = |all: &[(&str, &str)], current: &str| -> Vec<Choice> {
        all.iter().map(|(value, text)| Choice::new(*value, *text, Some(current))).collect()
    };
    let mut crumbs = vec![Link::to("Challenges", "/challenges")];
    crumbs.extend(view.map(|v| Link::to(&v.row.title, format!("/challenges/{}", v.row.slug))));
    let here = if view.is_some() { "Change" } else { "New challenge" };
    let flows: Vec<(&str, &str)> = std::iter::once(("", "choose a flow"))
        .chain(offers.flows.iter().map(|(slug, title)| (slug.as_str(), title.as_str())))
        .collect();
    let kinds = ["rollback", "infrastructure", "dependency"];
    let failures = kinds.into_iter().chain(Failure::ALL.iter().map(|f| f.as_str()));
    let suggested = |all: &[(String, String)]| -> Vec<Choice> {
        all.iter().map(|(slug, name)| Choice::new(slug, name, None)).collect()
    };
    let template = TEMPLATES.iter().find(|t| view.is_none() && t.id == fields.template);
    let (told, lines) = Told::of(errors);
    Ctx {
        choose: template.and_then(|t| wanting(t, offers)),
        crumbs,
        here: here.to_owned(),
        action: view
            .map_or_else(|| "/challenges/new".to_owned(), |v| format!("/challenges/{}/edit", v.row.slug)),
        button: if view.is_some() { "Save" } else { "Save as a draft" },
        templates: if view.is_some() { Vec::new() } else { choosable(template) },
        errors: lines,
        told,
        all: state == "draft",
        ends: state == "draft" || state == "open",
        over: state == "ended" || (state == "cancelled" && view.is_some()),
        cancels: view.is_some() && (state == "draft" || state == "open"),
        kinds: choices(KINDS, &fields.kind),
        grades: offers.grades.iter().map(|g| Choice::new(g, g, Some(&fields.grade))).collect(),
        pers: choices(
            &[
                ("", "one of each in each service"),
                ("service", "so many in each service"),
                ("all", "so many in all"),
            ],
            &fields.per,
        ),
        flows: choices(&flows, &fields.flow),
        teams: suggested(&offers.teams),
        services: suggested(&offers.services),
        failures: failures.collect(),
        fields,
        chrome: chrome.titled(here),
    }
}

/// The templates, with the one that the form is filled in with marked.
fn choosable(chosen: Option<&Template>) -> Vec<Choosable> {
    let one = |template: &Template| Choosable {
        href: format!("/challenges/new?template={}", template.id),
        title: template.title,
        about: template.about,
        on: chosen.is_some_and(|chosen| chosen.id == template.id),
    };
    TEMPLATES.iter().map(one).collect()
}

/// What a template leaves to choose.
fn wanting(template: &Template, offers: &Offers) -> Option<&'static str> {
    match template.kind {
        "fallbacks" if offers.flows.is_empty() => Some(NO_FLOW),
        "fallbacks" => Some(A_FLOW),
        _ => None,
    }
}
