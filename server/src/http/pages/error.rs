//! What a reader sees when a page cannot be shown: what happened, and what to do.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::{self, Link, Span};
use crate::error::Error;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    status: u16,
    title: &'static str,
    detail: Vec<Span>,
    advice: &'static str,
    links: Vec<Link>,
    request_id: Option<String>,
}

/// The page of `error`, answered with `status`.
pub fn context(chrome: Chrome, error: &Error, status: u16, request_id: Option<String>) -> Ctx {
    let (title, advice, mut links) = told(error);
    if let Some(near) = nearest(error) {
        links.insert(0, near);
    }
    links.push(Link::to("Home", "/"));
    let detail = parts::linked(&error.to_string(), None);
    Ctx { chrome: chrome.titled(title), status, title, detail, advice, links, request_id }
}

/// What happened, what to do, where to go.
fn told(error: &Error) -> (&'static str, &'static str, Vec<Link>) {
    const ELSEWHERE: &str = "It may have another name, or no catalogue has brought it yet.";
    match error {
        Error::NotFound { what: "service", .. } => {
            ("There is no such service", ELSEWHERE, vec![Link::to("All services", "/services")])
        }
        Error::NotFound { what: "team", .. } => {
            ("There is no such team", ELSEWHERE, vec![Link::to("All teams", "/teams")])
        }
        Error::NotFound { .. } => (
            "There is nothing here",
            "The address may be old or mistyped.",
            vec![Link::to("Search", "/search")],
        ),
        Error::Unavailable { .. } => {
            ("The database is away", "Nothing that was acknowledged is lost. Reload in a moment.", Vec::new())
        }
        Error::Internal(_) => {
            ("That was us", "Reload. If it stays, give the id below to whoever runs this.", Vec::new())
        }
        Error::Forbidden { .. } | Error::Unauthenticated { .. } => {
            ("Not for you", "This needs other rights.", Vec::new())
        }
        _ => (
            "That cannot be shown",
            "The address asks for something in a way that is not understood.",
            Vec::new(),
        ),
    }
}

/// The nearest thing of that name.
fn nearest(error: &Error) -> Option<Link> {
    let Error::NotFound { what, nearest: Some(near), .. } = error else { return None };
    let place = match *what {
        "service" => "services",
        "team" => "teams",
        "rule" => "rules",
        _ => return None,
    };
    Some(Link::to(near, format!("/{place}/{near}")))
}
