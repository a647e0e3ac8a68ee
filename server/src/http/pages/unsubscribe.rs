//! No more mail: what the link in a mail leads to. It works without signing in, and does nothing by itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::chrome::Chrome;
use super::frame::{self, Frame};
use crate::app::outbox;
use crate::error::{Error, Result};
use crate::http::Shared;
use crate::http::query::Name;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    key: String,
    /// The link is that of somebody whom mail is, or was, sent to.
    known: bool,
    /// The address, but for most of its name.
    address: String,
    /// Nothing more is sent.
    over: bool,
}

/// `GET /unsubscribe/{key}`
pub async fn page(app: Shared, frame: Frame, Name(key): Name) -> Result<HttpResponse> {
    show(&app, frame, StatusCode::OK, key).await
}

/// The page, before or after.
pub async fn show(app: &Shared, frame: Frame, status: StatusCode, key: String) -> Result<HttpResponse> {
    let context = app
        .read(move |tx| {
            let found = match outbox::leaving(tx, &key) {
                // Mostly the link of an old mail, whose target was removed since.
                Err(Error::NotFound { .. }) => None,
                other => Some(other?),
            };
            Ok(context(frame.bare(tx.now), key, found))
        })
        .await?;
    frame::answer(status, "unsubscribe", &context)
}

/// The page.
pub fn context(chrome: Chrome, key: String, found: Option<(String, bool)>) -> Ctx {
    let known = found.is_some();
    let (address, over) = found.unwrap_or_default();
    Ctx { chrome: chrome.titled("Mail from Waterbear"), key, known, address, over }
}
