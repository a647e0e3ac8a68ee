//! Reviews as pages: the list, and one with its evidence and the form that answers it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::admin::users::told;
use super::admin::{back, tabs};
use super::chrome::Chrome;
use super::frame::{self, Frame, html};
use super::parts::{Choice, Link, Tab, When};
use super::words;
use crate::app::reviews::{
    self as uses, AnswerReview, FINDINGS, ReviewDetail, ReviewEvidence, ReviewKind, ReviewView,
};
use crate::app::views::Page;
use crate::error::Result;
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::form::{Checked, field};
use crate::http::query::{Name, Query};

/// Where they are.
const PATH: &str = "/reviews";
/// Reviews on a page.
const SHOWN: i64 = 50;

/// What the list shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    /// Rooms of the administration, for who may enter them.
    rooms: Vec<Tab>,
    tabs: Vec<Tab>,
    open: bool,
    rows: Vec<Row>,
    older: Option<String>,
    kinds: Vec<Looked>,
}

/// One review in the list.
#[derive(Serialize)]
struct Row {
    href: String,
    title: String,
    question: String,
    about: Option<Link>,
    noticed: String,
    at: When,
    finding: Option<String>,
}

/// What is looked for.
#[derive(Serialize)]
struct Looked {
    title: &'static str,
    looks_for: &'static str,
}

/// What the page of one shows.
#[derive(Serialize)]
pub struct OneCtx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: String,
    href: String,
    title: String,
    question: String,
    about: Option<Link>,
    team: Option<Link>,
    open: bool,
    opened: When,
    closed: Option<When>,
    closed_by: Option<String>,
    finding: Option<String>,
    note: String,
    evidence: Vec<Noticed>,
    looks_for: String,
    often: Vec<String>,
    findings: Vec<Choice>,
    errors: Vec<String>,
}

/// Something that was noticed.
#[derive(Serialize)]
struct Noticed {
    at: When,
    sentence: String,
    drill: Option<String>,
    seq: Option<i64>,
}

/// `GET /reviews?state=&cursor=`
pub async fn list(app: Shared, frame: Frame, Caller(actor): Caller, query: Query) -> Result<HttpResponse> {
    let closed = query.text("state").as_deref() == Some("closed");
    let cursor = query.text("cursor");
    let context = app
        .read_for(actor, move |tx| {
            let state = if closed { "closed" } else { "open" };
            let page = uses::list(tx, state, None, cursor.as_deref(), SHOWN)?;
            Ok(context(frame.chrome(tx)?, !closed, &page))
        })
        .await?;
    html("reviews", &context)
}

/// `GET /reviews/{id}`
pub async fn page(app: Shared, frame: Frame, Caller(actor): Caller, Name(id): Name) -> Result<HttpResponse> {
    let context = app
        .read_for(actor, move |tx| {
            let review = uses::one(tx, &id)?;
            Ok(one_context(frame.chrome(tx)?, &review, None, Vec::new()))
        })
        .await?;
    html("review", &context)
}

/// `POST /reviews/{id}`: `do`, which is close or open; `finding`, `note`.
pub async fn answer(
    app: Shared,
    frame: Frame,
    Caller(actor): Caller,
    Name(id): Name,
    form: Checked,
) -> Result<HttpResponse> {
    let given = |name: &str| field(&form.0, name).map(str::to_owned);
    let open = given("do").as_deref() == Some("open");
    let cmd = AnswerReview {
        state: Some(if open { "open" } else { "closed" }.to_owned()),
        finding: if open { None } else { given("finding") },
        note: (!open).then(|| given("note").unwrap_or_default()),
    };
    let (asked, sent, reader) = (id.clone(), cmd.clone(), actor.clone());
    match app.write(actor, move |tx| uses::answer(tx, &asked, &sent)).await {
        Ok(_) if open => Ok(back(&format!("{PATH}/{}", words::encode(&id)), None)),
        Ok(_) => Ok(back(PATH, None)),
        Err(error) => {
            let (status, errors) = told(error)?;
            again(&app, frame, reader, id, (status, errors, cmd)).await
        }
    }
}

/// The page again, with what was typed and what is wrong with it.
async fn again(
    app: &Shared,
    frame: Frame,
    reader: crate::app::Actor,
    id: String,
    (status, errors, cmd): (StatusCode, Vec<String>, AnswerReview),
) -> Result<HttpResponse> {
    let context = app
        .read_for(reader, move |tx| {
            let review = uses::one(tx, &id)?;
            Ok(one_context(frame.chrome(tx)?, &review, Some(&cmd), errors))
        })
        .await?;
    frame::answer(status, "review", &context)
}

/// The list.
pub fn context(chrome: Chrome, open: bool, page: &Page<ReviewView>) -> Ctx {
    let tab = |text: &str, href: &str, current| Tab { text: text.into(), href: href.into(), current };
    let admin = chrome.me.as_ref().is_some_and(|me| me.admin);
    let state = if open { "open" } else { "closed" };
    Ctx {
        rooms: if admin { tabs(PATH) } else { Vec::new() },
        tabs: vec![tab("Open", PATH, open), tab("Closed", "/reviews?state=closed", !open)],
        open,
        rows: page.items.iter().map(|review| row(&chrome, review)).collect(),
        older: page.next.as_ref().map(|next| format!("{PATH}?state={state}&cursor={}", words::encode(next))),
        kinds: ReviewKind::ALL
            .iter()
            .map(|kind| Looked { title: kind.title(), looks_for: kind.looks_for() })
            .collect(),
        chrome: chrome.titled("Reviews"),
    }
}

fn row(chrome: &Chrome, review: &ReviewView) -> Row {
    Row {
        href: format!("{PATH}/{}", words::encode(&review.id)),
        title: review.title.clone(),
        question: review.question.clone(),
        about: about(review),
        noticed: words::count(review.noticed, "observation"),
        at: When::new(chrome.now, review.changed_at),
        finding: review.finding.as_deref().map(words::plain),
    }
}

/// The service it is about, or the team.
fn about(review: &ReviewView) -> Option<Link> {
    let service = review.service.as_ref().map(|slug| Link::to(slug, format!("/services/{slug}")));
    service.or_else(|| team(review))
}

fn team(review: &ReviewView) -> Option<Link> {
    review.team.as_ref().map(|slug| Link::to(slug, format!("/teams/{slug}")))
}

/// One review; what was typed stays where it was wrong.
pub fn one_context(
    chrome: Chrome,
    detail: &ReviewDetail,
    typed: Option<&AnswerReview>,
    errors: Vec<String>,
) -> OneCtx {
    let review = &detail.review;
    let chosen = typed.and_then(|typed| typed.finding.clone());
    let findings = FINDINGS.iter().map(|word| Choice::new(*word, words::plain(word), chosen.as_deref()));
    OneCtx {
        crumbs: vec![Link::to("Reviews", PATH)],
        here: review.title.clone(),
        href: format!("{PATH}/{}", words::encode(&review.id)),
        title: review.title.clone(),
        question: review.question.clone(),
        about: about(review),
        team: review.service.as_ref().and_then(|_| team(review)),
        open: review.state == "open",
        opened: When::new(chrome.now, review.opened_at),
        closed: review.closed_at.map(|at| When::new(chrome.now, at)),
        closed_by: review.closed_by.clone(),
        finding: review.finding.as_deref().map(words::plain),
        note: typed.and_then(|typed| typed.note.clone()).unwrap_or_else(|| review.note.clone()),
        evidence: detail.evidence.iter().map(noticed).collect(),
        looks_for: detail.looks_for.clone(),
        often: detail.often.clone(),
        findings: findings.collect(),
        errors,
        chrome: chrome.titled(review.title.clone()),
    }
}

fn noticed(one: &ReviewEvidence) -> Noticed {
    Noticed { at: When::on(one.at), sentence: one.sentence.clone(), drill: one.drill.clone(), seq: one.seq }
}
