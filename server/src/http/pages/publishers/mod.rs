//! Trusted publishers: which CI jobs may send results without a secret, and what to paste to make one of them so.

mod snippet;

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::admin::{back, tabs};
use super::chrome::Chrome;
use super::frame::{self, Frame, html};
use super::parts::{Choice, Code, Outcome, Tab, When};
use super::words;
use crate::app::Tx;
use crate::app::publishers::{self as uses, CreatePublisher, PublisherView};
use crate::config::Provider;
use crate::error::{Error, FieldError, Result};
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::credentials::Credentials;
use crate::http::form::Checked;
use crate::http::query::Name;

/// Where it is.
const PATH: &str = "/admin/publishers";

/// Publishers shown; the API lists them all.
const SHOWN: usize = 200;

/// The form, as it is sent: one publisher that is wished for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Form {
    provider: String,
    issuer: String,
    repository: String,
    owner_id: String,
    workflow: String,
    environment: String,
    #[serde(rename = "ref")]
    git_ref: String,
    protected: String,
    services: String,
    teams: String,
}

impl Form {
    fn is_empty(&self) -> bool {
        [&self.repository, &self.owner_id, &self.workflow, &self.services, &self.teams]
            .iter()
            .all(|t| t.trim().is_empty())
    }

    /// What the fields wish for.
    fn wish(&self) -> CreatePublisher {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        let names = |text: &str| -> Vec<String> {
            text.split([',', ' ']).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
        };
        CreatePublisher {
            provider: given(&self.provider).unwrap_or_else(|| Provider::GitHub.as_str().to_owned()),
            issuer: given(&self.issuer),
            repository: self.repository.trim().to_owned(),
            owner_id: given(&self.owner_id),
            workflow: given(&self.workflow),
            environment: given(&self.environment),
            git_ref: given(&self.git_ref),
            protected_ref_only: !self.protected.is_empty(),
            services: names(&self.services),
            teams: names(&self.teams),
            ..CreatePublisher::default()
        }
    }
}

/// What the page is made of.
pub struct Known {
    /// Publishers, newest first.
    pub all: Vec<PublisherView>,
    /// For whom identity tokens must be meant; otherwise which setting is missing.
    pub audience: std::result::Result<String, String>,
    /// Where this installation is reached.
    pub base_url: String,
    /// Issuers of the settings, with the word of their provider.
    pub issuers: Vec<(String, &'static str)>,
    /// What is wrong with the wish.
    pub errors: Vec<FieldError>,
}

/// `GET /admin/publishers?provider=&repository=&owner_id=&workflow=&…`
pub async fn page(app: Shared, frame: Frame, form: web::Query<Form>) -> Result<HttpResponse> {
    let form = form.into_inner();
    let context = app
        .read(move |tx| {
            let known = known(tx, &form)?;
            Ok(context(frame.chrome(tx)?, &form, &known))
        })
        .await?;
    html("publishers", &context)
}

/// `POST /admin/publishers`: the fields of the page, to be trusted from now on.
pub async fn add(app: Shared, frame: Frame, caller: Caller, form: Checked) -> Result<HttpResponse> {
    let fields: serde_json::Map<String, Value> = form
        .0
        .iter()
        .filter(|(name, _)| name != "csrf")
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let query: Vec<String> = form
        .0
        .iter()
        .filter(|(name, _)| name != "csrf")
        .map(|(n, v)| format!("{n}={}", words::encode(v)))
        .collect();
    let form: Form = serde_json::from_value(Value::Object(fields))
        .map_err(|error| Error::malformed(format!("the form cannot be read: {error}")))?;
    let wish = form.wish();
    match app.write(caller.0, move |tx| uses::create(tx, &wish)).await {
        // The workflow to paste is still to be seen.
        Ok(_) => Ok(back(&format!("{PATH}?{}", query.join("&")), None)),
        Err(Error::Invalid { fields }) => {
            let context = app
                .read(move |tx| {
                    let known = Known { errors: fields, ..known(tx, &form)? };
                    Ok(context(frame.chrome(tx)?, &form, &known))
                })
                .await?;
            frame::answer(StatusCode::UNPROCESSABLE_ENTITY, "publishers", &context)
        }
        Err(other) => Err(other),
    }
}

/// `POST /admin/publishers/{id}/remove`
pub async fn remove(
    app: Shared,
    caller: Caller,
    Name(id): Name,
    credentials: web::Data<Credentials>,
    _: Checked,
) -> Result<HttpResponse> {
    let done = app.write(caller.0, move |tx| uses::remove(tx, &id)).await;
    // Its tokens ended with it.
    credentials.forget();
    done?;
    Ok(back(PATH, None))
}

fn known(tx: &mut Tx<'_>, form: &Form) -> Result<Known> {
    let config = &tx.config.ci;
    let errors = match uses::check_form(config, &form.wish()) {
        Err(Error::Invalid { fields }) if !form.is_empty() => fields,
        _ => Vec::new(),
    };
    let issuers = config
        .issuers
        .iter()
        .map(|one| (one.url.clone(), one.provider.map_or("", Provider::as_str)))
        .collect();
    let audience = uses::audience(config, tx.config.public_url.as_deref()).map_err(|error| error.to_string());
    Ok(Known { audience, issuers, errors, base_url: tx.base_url.clone(), all: uses::list(tx)? })
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    more: bool,
    form: Form,
    protected: bool,
    providers: Vec<Choice>,
    issuers: Vec<Choice>,
    errors: Vec<FieldError>,
    /// The setting that is missing.
    lacking: Option<String>,
    /// What to do, once the form is filled in.
    steps: Option<Steps>,
}

/// The two things to do.
#[derive(Serialize)]
struct Steps {
    command: Code,
    curl: Code,
    file: String,
    snippet: Code,
}

/// One publisher.
#[derive(Serialize)]
struct Row {
    id: String,
    repository: String,
    about: String,
    state: Outcome,
    says: &'static str,
    whom: String,
    used: Option<When>,
    revoked: Option<When>,
    ids: String,
}

impl Row {
    fn new(chrome: &Chrome, view: &PublisherView) -> Self {
        let when = |at| When::new(chrome.now, at);
        let (state, says) = match view.state.as_str() {
            "active" => ("passed", "in use"),
            "revoked" => ("not_applicable", "removed"),
            _ => ("unknown", "waits for its first job"),
        };
        let mut about = vec![format!("{} {}", view.provider, view.workflow)];
        about.extend(view.reusable_workflow.as_ref().map(|path| format!("written in {path}")));
        about.extend(view.environment.as_ref().map(|name| format!("environment {name}")));
        about.extend(view.git_ref.as_ref().map(|name| format!("ref {name}")));
        about.extend(view.protected_ref_only.then(|| "protected refs only".to_owned()));
        about.extend(view.allow_pull_requests.then(|| "pull requests too".to_owned()));
        if Provider::parse(&view.provider).is_none_or(|provider| provider.issuer() != view.issuer) {
            about.push(format!("issuer {}", view.issuer));
        }
        let mut whom: Vec<String> = view.services.clone().unwrap_or_default();
        whom.extend(view.teams.iter().flatten().map(|slug| format!("services of {slug}")));
        let id = |text: &Option<String>| text.clone().unwrap_or_else(|| "of the first job".to_owned());
        Self {
            id: view.id.clone(),
            repository: view.repository.clone(),
            about: about.join(", "),
            state: Outcome { word: says.to_owned(), ..Outcome::new(state) },
            says,
            whom: whom.join(", "),
            used: view.last_used_at.map(when),
            revoked: view.revoked_at.map(when),
            ids: format!("{} / {}", id(&view.owner_id), id(&view.repository_id)),
        }
    }
}

/// The page.
pub fn context(chrome: Chrome, form: &Form, known: &Known) -> Ctx {
    let wish = form.wish();
    let provider = wish.provider.clone();
    let ready = !form.is_empty() && known.errors.is_empty();
    let audience = known.audience.as_ref().ok();
    let steps = audience.filter(|_| ready).map(|audience| Steps {
        command: Code::new("the command that adds the publisher", snippet::command(&wish)),
        curl: Code::new("the curl line that adds the publisher", snippet::curl(&known.base_url, &wish)),
        file: snippet::file(&wish),
        snippet: Code::new("the workflow to paste", snippet::workflow(&wish, audience, &known.base_url)),
    });
    let issuers: BTreeMap<&str, &str> =
        known.issuers.iter().map(|(url, word)| (url.as_str(), *word)).collect();
    let chosen = Some(form.issuer.as_str());
    let mut choices = vec![Choice::new("", "the hosted one", chosen)];
    choices
        .extend(issuers.into_iter().map(|(url, word)| Choice::new(url, format!("{url} ({word})"), chosen)));
    Ctx {
        tabs: tabs(PATH),
        rows: known.all.iter().take(SHOWN).map(|view| Row::new(&chrome, view)).collect(),
        more: known.all.len() > SHOWN,
        protected: wish.protected_ref_only,
        providers: [("github", "GitHub Actions"), ("gitlab", "GitLab CI")]
            .map(|(word, text)| Choice::new(word, text, Some(provider.as_str())))
            .to_vec(),
        issuers: choices,
        errors: known.errors.clone(),
        lacking: known.audience.as_ref().err().map(|why| why.replace('`', "")),
        steps,
        form: form.clone(),
        chrome: chrome.titled("Trusted publishers"),
    }
}
