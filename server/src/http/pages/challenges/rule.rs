//! The goal of a challenge as a draft of a rule.

use actix_web::HttpResponse;
use serde::Serialize;

use super::super::chrome::Chrome;
use super::super::frame::{Frame, html};
use super::super::parts::{Code, Link};
use crate::app::challenges::{self as uses, ChallengeView, RuleDraft};
use crate::error::Result;
use crate::http::Shared;
use crate::http::query::Name;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    files: Vec<File>,
    notes: Vec<String>,
}

/// A file to put into the rulebook's directory.
#[derive(Serialize)]
struct File {
    path: String,
    code: Code,
}

/// `GET /challenges/{slug}/rule`
pub async fn page(app: Shared, frame: Frame, Name(slug): Name) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let view = uses::one(tx, &slug)?;
            let draft = uses::rule_draft(tx, &slug)?;
            Ok(context(frame.chrome(tx)?, &view, &draft))
        })
        .await?;
    html("challenge_rule", &context)
}

/// The page.
pub fn context(chrome: Chrome, view: &ChallengeView, draft: &RuleDraft) -> Ctx {
    let address = format!("/challenges/{}", view.row.slug);
    Ctx {
        crumbs: vec![Link::to("Challenges", "/challenges"), Link::to(&view.row.title, address)],
        here: "As a rule",
        files: draft
            .files
            .iter()
            .map(|file| File { path: file.path.clone(), code: Code::new(&file.path, &file.text) })
            .collect(),
        notes: draft.notes.clone(),
        chrome: chrome.titled(format!("{} as a rule", view.row.title)),
    }
}
