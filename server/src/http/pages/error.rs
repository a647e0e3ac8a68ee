//! What a reader sees when a page cannot be shown: what happened, and what to do.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::Link;
use crate::error::Error;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    status: u16,
    title: &'static str,
    detail: String,
    advice: &'static str,
    links: Vec<Link>,
    request_id: Option<String>,
}

/// The page of `error`, answered with `status`.
pub fn context(chrome: Chrome, error: &Error, status: u16, request_id: Option<String>) -> Ctx {
    let home = Link::to("Home", "/");
    let (title, advice, links) = match error {
        Error::NotFound { what, .. } if *what == "service" => (
            "There is no such service",
            "It may have another name, or no catalogue has brought it yet.",
            vec![Link::to("All services", "/services"), home],
        ),
        Error::NotFound { what, .. } if *what == "team" => (
            "There is no such team",
            "It may have another name, or no catalogue has brought it yet.",
            vec![Link::to("All teams", "/teams"), home],
        ),
        Error::NotFound { .. } => (
            "There is nothing here",
            "The address may be old or mistyped.",
            vec![Link::to("Search", "/search"), home],
        ),
        Error::Unavailable { .. } => {
            ("The database is away", "Nothing that was acknowledged is lost. Reload in a moment.", vec![home])
        }
        Error::Internal(_) => (
            "That was us",
            "It has been logged. Reload, and if it stays, give the id below to whoever runs this.",
            vec![home],
        ),
        Error::Forbidden { .. } | Error::Unauthenticated { .. } => {
            ("Not for you", "This needs other rights.", vec![home])
        }
        _ => (
            "That cannot be shown",
            "The address asks for something in a way that is not understood.",
            vec![home],
        ),
    };
    Ctx { chrome: chrome.titled(title), status, title, detail: error.to_string(), advice, links, request_id }
}
