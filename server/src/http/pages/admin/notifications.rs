//! Whom is told, how that goes, and the form that adds somebody.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::super::chrome::Chrome;
use super::super::frame::{self, Frame};
use super::super::parts::{Choice, Code, Link, Outcome, Tab, When};
use super::super::words;
use super::users::told;
use super::{back, tabs};
use crate::app::outbox::{self, AddTarget, DeliveryView, KINDS, TargetView, kinds};
use crate::app::views::Page;
use crate::error::{Error, Result};
use crate::http::Shared;
use crate::http::api::webhooks as api;
use crate::http::auth::Caller;
use crate::http::form::{Checked, field, values};
use crate::http::query::Name;

/// Where it is.
const PATH: &str = "/admin/notifications";
/// Targets on the page.
const SHOWN: usize = 200;
/// Messages on the page of one target.
const MESSAGES: i64 = 50;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    more: bool,
    /// No mail server is set.
    no_mail: bool,
    kinds: Vec<Choice>,
    wants: Vec<Want>,
    form: Sent,
    /// What is wrong with which field.
    wrong: BTreeMap<String, String>,
    errors: Vec<String>,
    made: Option<Made>,
}

/// What is wrong with what was typed: at its field, or beside the form.
#[derive(Clone, Debug, Default)]
pub struct Wrong {
    pub(in crate::http::pages) fields: BTreeMap<String, String>,
    pub(in crate::http::pages) errors: Vec<String>,
}

/// Fields that say themselves what is wrong with them.
const FIELDS: [&str; 5] = ["kind", "name", "url", "address", "team"];

impl Wrong {
    /// Other errors are pages of their own.
    fn of(error: Error) -> Result<(StatusCode, Self)> {
        let Error::Invalid { fields } = error else {
            let (status, errors) = told(error)?;
            return Ok((status, Self { errors, ..Self::default() }));
        };
        let mut wrong = Self::default();
        for field in fields {
            let name = field.pointer.trim_matches('/');
            if FIELDS.contains(&name) {
                wrong.fields.entry(name.to_owned()).or_insert(field.detail);
            } else {
                wrong.errors.push(format!("{name}: {}", field.detail));
            }
        }
        Ok((StatusCode::UNPROCESSABLE_ENTITY, wrong))
    }

    fn is_none(&self) -> bool {
        self.fields.is_empty() && self.errors.is_empty()
    }
}

/// What the page of one target shows.
#[derive(Serialize)]
pub struct OneCtx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    row: Row,
    messages: Vec<Message>,
    older: bool,
    errors: Vec<String>,
    made: Option<Made>,
}

/// A secret that is shown this once.
#[derive(Serialize)]
pub struct Made {
    name: String,
    secret: Option<Code>,
}

/// Something to tick.
#[derive(Serialize)]
struct Want {
    word: &'static str,
    about: &'static str,
    on: bool,
}

/// What was typed, for who typed it.
#[derive(Clone, Default, Serialize)]
pub struct Sent {
    kind: String,
    name: String,
    url: String,
    address: String,
    team: String,
    wants: Vec<String>,
}

/// One target.
#[derive(Serialize)]
struct Row {
    id: String,
    href: String,
    name: String,
    kind: &'static str,
    address: String,
    whom: String,
    events: String,
    state: Outcome,
    says: String,
    paused: bool,
    webhook: bool,
    error: String,
    pending: String,
    skipped: Option<String>,
    delivered: i64,
    failed: i64,
    last: Option<When>,
    next: Option<When>,
    digest: Option<When>,
    added: When,
    by: String,
}

/// One message.
#[derive(Serialize)]
struct Message {
    kind: String,
    state: Outcome,
    says: &'static str,
    attempts: i32,
    status: Option<i32>,
    error: String,
    at: When,
    next: Option<When>,
}

/// `GET /admin/notifications`
pub async fn page(app: Shared, frame: Frame) -> Result<HttpResponse> {
    show(&app, frame, StatusCode::OK, Sent::default(), Wrong::default(), None).await
}

/// `POST /admin/notifications`: `kind`, `name`, `url`, `address`, `team`, `want` (several).
pub async fn add(app: Shared, frame: Frame, caller: Caller, form: Checked) -> Result<HttpResponse> {
    let Checked(form) = form;
    let text = |name: &str| field(&form, name).unwrap_or_default().to_owned();
    let given = |name: &str| field(&form, name).map(str::to_owned);
    let sent = Sent {
        kind: text("kind"),
        name: text("name"),
        url: text("url"),
        address: text("address"),
        team: text("team"),
        wants: values(&form, "want").map(str::to_owned).collect(),
    };
    let cmd = AddTarget {
        kind: given("kind"),
        name: sent.name.clone(),
        url: given("url"),
        address: given("address"),
        team: given("team"),
        events: Some(sent.wants.clone()),
    };
    match api::make(&app, caller.0, cmd).await {
        Ok(made) => {
            show(&app, frame, StatusCode::CREATED, Sent::default(), Wrong::default(), Some(Made::new(made)))
                .await
        }
        Err(error) => {
            let (status, wrong) = Wrong::of(error)?;
            show(&app, frame, status, sent, wrong, None).await
        }
    }
}

/// `GET /admin/notifications/{id}`
pub async fn one(app: Shared, frame: Frame, Name(id): Name) -> Result<HttpResponse> {
    show_one(&app, frame, StatusCode::OK, id, Vec::new(), None).await
}

/// `POST /admin/notifications/{id}`: `do`, which is test, pause, resume, rotate or remove.
pub async fn act(
    app: Shared,
    frame: Frame,
    caller: Caller,
    Name(id): Name,
    form: Checked,
) -> Result<HttpResponse> {
    let what = field(&form.0, "do").unwrap_or_default().to_owned();
    let asked = id.clone();
    let done = app
        .write(caller.0, move |tx| match what.as_str() {
            "test" => outbox::test(tx, &asked).map(|_| None),
            "pause" => outbox::pause(tx, &asked).map(|_| None),
            "resume" => outbox::resume(tx, &asked).map(|_| None),
            "rotate" => outbox::rotate(tx, &asked).map(Some),
            "remove" => outbox::remove(tx, &asked).map(|()| None),
            _ => Err(Error::malformed("expected test, pause, resume, rotate or remove")),
        })
        .await;
    match done {
        Ok(Some(made)) => show_one(&app, frame, StatusCode::OK, id, Vec::new(), Some(Made::new(made))).await,
        Ok(None) if field(&form.0, "do") == Some("remove") => Ok(back(PATH, None)),
        Ok(None) => Ok(back(&format!("{PATH}/{}", words::encode(&id)), None)),
        Err(error) => {
            let (status, errors) = told(error)?;
            show_one(&app, frame, status, id, errors, None).await
        }
    }
}

async fn show(
    app: &Shared,
    frame: Frame,
    status: StatusCode,
    form: Sent,
    wrong: Wrong,
    made: Option<Made>,
) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let all = outbox::list(tx)?;
            let mail = tx.config.notifications.mail.is_some();
            Ok(context(frame.chrome(tx)?, &all, mail, form, wrong, made))
        })
        .await?;
    frame::answer(status, "notifications", &context)
}

async fn show_one(
    app: &Shared,
    frame: Frame,
    status: StatusCode,
    id: String,
    errors: Vec<String>,
    made: Option<Made>,
) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let (target, page) = (outbox::one(tx, &id)?, outbox::deliveries(tx, &id, None, MESSAGES)?);
            Ok(one_context(frame.chrome(tx)?, &target, &page, errors, made))
        })
        .await?;
    frame::answer(status, "notification", &context)
}

/// The page of all targets.
pub fn context(
    chrome: Chrome,
    all: &[TargetView],
    mail: bool,
    form: Sent,
    wrong: Wrong,
    made: Option<Made>,
) -> Ctx {
    let on = |word: &str| {
        if form.wants.is_empty() { wrong.is_none() } else { form.wants.iter().any(|w| w == word) }
    };
    Ctx {
        tabs: tabs(PATH),
        rows: all.iter().take(SHOWN).map(|target| Row::new(&chrome, target)).collect(),
        more: all.len() > SHOWN,
        no_mail: !mail,
        kinds: KINDS
            .iter()
            .map(|(word, text)| {
                Choice::new(*word, *text, Some(if form.kind.is_empty() { "webhook" } else { &form.kind }))
            })
            .collect(),
        wants: kinds::WANTS.iter().map(|&(word, about)| Want { word, about, on: on(word) }).collect(),
        form,
        wrong: wrong.fields,
        errors: wrong.errors,
        made,
        chrome: chrome.titled("Notifications"),
    }
}

/// The page of one target.
pub fn one_context(
    chrome: Chrome,
    target: &TargetView,
    page: &Page<DeliveryView>,
    errors: Vec<String>,
    made: Option<Made>,
) -> OneCtx {
    OneCtx {
        crumbs: vec![Link::to("Notifications", PATH)],
        here: target.name.clone(),
        row: Row::new(&chrome, target),
        messages: page.items.iter().map(|message| Message::new(&chrome, message)).collect(),
        older: page.next.is_some(),
        errors,
        made,
        chrome: chrome.titled(format!("{}: notifications", target.name)),
    }
}

impl Made {
    /// What was made, with its secret.
    pub fn new(made: outbox::Made) -> Self {
        let secret = made.secret.map(|text| Code::new(format!("the secret of {}", made.target.name), text));
        Self { name: made.target.name, secret }
    }
}

impl Row {
    fn new(chrome: &Chrome, view: &TargetView) -> Self {
        let when = |at| When::new(chrome.now, at);
        let (state, says) = match view.state.as_str() {
            "active" if view.succeeded_at.is_none() => ("unknown", "not sent to yet".to_owned()),
            "active" => ("passed", "well".to_owned()),
            "paused" => ("waived", format!("paused: {}", view.why)),
            _ => ("error", format!("did not answer well {}", words::count(i64::from(view.failures), "time"))),
        };
        let word = view.state.clone();
        Self {
            id: view.id.clone(),
            href: format!("{PATH}/{}", words::encode(&view.id)),
            name: view.name.clone(),
            kind: match view.kind.as_str() {
                "slack" => "Slack",
                "mail" => "mail",
                _ => "webhook",
            },
            address: view.address.clone(),
            whom: view.team.as_ref().map_or_else(|| "everything".to_owned(), |team| team.name.clone()),
            events: view.events.join(", "),
            state: Outcome { word, ..Outcome::new(state) },
            says,
            paused: view.state == "paused",
            webhook: view.kind == "webhook",
            error: view.error.clone(),
            pending: words::count(view.pending, "message"),
            skipped: (view.skipped > 0).then(|| words::count(view.skipped, "event")),
            delivered: view.delivered,
            failed: view.failed,
            last: view.succeeded_at.map(when),
            next: view.next_try_at.map(When::on),
            digest: view.next_digest_at.map(When::on),
            added: when(view.created_at),
            by: view.created_by.clone(),
        }
    }
}

impl Message {
    fn new(chrome: &Chrome, view: &DeliveryView) -> Self {
        let (state, says) = match view.state.as_str() {
            "delivered" => ("passed", "delivered"),
            "given_up" => ("failed", "given up"),
            _ => ("unknown", "waits"),
        };
        Self {
            kind: words::plain(&view.kind),
            state: Outcome { word: says.to_owned(), ..Outcome::new(state) },
            says,
            attempts: view.attempts,
            status: view.status,
            error: view.error.clone(),
            at: When::new(chrome.now, view.created_at),
            next: view.next_try_at.map(When::on),
        }
    }
}
