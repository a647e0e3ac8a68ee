//! No more mail: what the link in a mail leads to. It works without signing in, and does nothing by itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::chrome::Chrome;
use super::frame::{self, Frame};
use crate::app::outbox;
use crate::error::Result;
use crate::http::Shared;
use crate::http::query::Name;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    key: String,
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
            let (address, over) = outbox::leaving(tx, &key)?;
            Ok(context(frame.bare(tx.now), key, address, over))
        })
        .await?;
    frame::answer(status, "unsubscribe", &context)
}

/// The page.
pub fn context(chrome: Chrome, key: String, address: String, over: bool) -> Ctx {
    Ctx { chrome: chrome.titled("Mail from Waterbear"), key, address, over }
}
