//! Trusted publishers: which CI jobs may send results without a secret, and what to paste to make one of them so.

mod snippet;

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::chrome::Chrome;
use super::frame::{Frame, html};
use super::parts::{Choice, Code, Link, Outcome, When};
use crate::app::Tx;
use crate::app::publishers::{self as uses, CreatePublisher, PublisherView};
use crate::config::Provider;
use crate::error::{Error, FieldError, Result};
use crate::http::Shared;

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
    crumbs: Vec<Link>,
    here: &'static str,
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
    remove: String,
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
            remove: format!("waterbear publisher remove {}", view.id),
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
        crumbs: vec![Link::to("Help", "/help")],
        here: "Trusted publishers",
        rows: known.all.iter().take(SHOWN).map(|view| Row::new(&chrome, view)).collect(),
        more: known.all.len() > SHOWN,
        protected: wish.protected_ref_only,
        providers: [("github", "GitHub Actions"), ("gitlab", "GitLab CI")]
            .map(|(word, text)| Choice::new(word, text, Some(provider.as_str())))
            .to_vec(),
        issuers: choices,
        errors: known.errors.clone(),
        lacking: known.audience.as_ref().err().cloned(),
        steps,
        form: form.clone(),
        chrome: chrome.titled("Trusted publishers"),
    }
}
