//! Challenges: the list, one, the form, the draft of a rule, the help.

mod card;
mod fields;
mod form;
mod list;
pub mod markdown;
mod one;
mod rule;
mod told;

pub use card::Running;
pub use fields::Fields;
pub use form::{Offers, change, context as form_context, create, edit, new};
pub use list::{context as list_context, page as list};
pub use one::{Shown, context as one_context, page};
pub use rule::{context as rule_context, page as rule};

use actix_web::HttpResponse;
use serde::Serialize;

use super::chrome::Chrome;
use super::frame::{Frame, html};
use super::parts::Link;
use crate::error::Result;
use crate::http::Shared;

/// The page of the help.
#[derive(Serialize)]
pub struct Help {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
}

/// `GET /help/challenges`
pub async fn help(app: Shared, frame: Frame) -> Result<HttpResponse> {
    let chrome = app.read(move |tx| frame.chrome(tx)).await?;
    html("help_challenges", &help_context(chrome))
}

/// The page.
pub fn help_context(chrome: Chrome) -> Help {
    Help { crumbs: vec![Link::to("Help", "/help")], here: "Challenges", chrome: chrome.titled("Challenges") }
}
