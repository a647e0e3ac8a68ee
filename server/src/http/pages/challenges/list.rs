//! The list of challenges: what runs, drafts for who may write them, and what is over.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::super::chrome::Chrome;
use super::super::frame::{Frame, html};
use super::card::Card;
use crate::app::challenges::{self as uses, ChallengeRow};
use crate::app::views::Page;
use crate::error::Result;
use crate::http::Shared;

/// Challenges of a page.
const PAGE: i64 = 50;

/// Where the list goes on.
#[derive(Deserialize)]
pub struct At {
    cursor: Option<String>,
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    /// The reader may write challenges.
    may: bool,
    empty: bool,
    open: Vec<Card>,
    drafts: Vec<Card>,
    over: Vec<Card>,
    next: Option<String>,
}

/// `GET /challenges?cursor=`
pub async fn page(app: Shared, frame: Frame, at: web::Query<At>) -> Result<HttpResponse> {
    let cursor = at.into_inner().cursor.filter(|cursor| !cursor.is_empty());
    let context = app
        .read(move |tx| {
            let may = tx.plans_challenges();
            let page = uses::list(tx, None, cursor.as_deref(), PAGE)?;
            Ok(context(frame.chrome(tx)?, may, &page))
        })
        .await?;
    html("challenges", &context)
}

/// The page.
pub fn context(chrome: Chrome, may: bool, page: &Page<ChallengeRow>) -> Ctx {
    let now = chrome.now;
    let of = |states: &[&str]| -> Vec<Card> {
        let wanted = page.items.iter().filter(|row| states.contains(&row.state.as_str()));
        wanted.map(|row| Card::new(row, now)).collect()
    };
    Ctx {
        may,
        empty: page.items.is_empty(),
        open: of(&["open"]),
        drafts: of(&["draft"]),
        over: of(&["ended", "cancelled"]),
        next: page.next.clone(),
        chrome: chrome.titled("Challenges"),
    }
}
