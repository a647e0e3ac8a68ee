//! The pages of whoever administers: accounts, tokens.

pub mod notifications;
pub mod tokens;
pub mod user;
pub mod users;

use actix_web::HttpResponse;
use actix_web::http::header;

use super::parts::Tab;

/// The rooms of the administration, with the one that is shown.
pub fn tabs(current: &str) -> Vec<Tab> {
    [
        ("Accounts", "/admin/users"),
        ("Tokens", "/admin/tokens"),
        ("Publishers", "/admin/publishers"),
        ("Notifications", "/admin/notifications"),
        ("Audit", "/admin/audit"),
        ("Reviews", "/reviews"),
    ]
    .into_iter()
    .map(|(text, href)| Tab { text: text.to_owned(), href: href.to_owned(), current: href == current })
    .collect()
}

/// Done: on to a page, so that a reload does not do it again.
pub fn back(to: &str, cookie: Option<String>) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, to)).insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(cookie) = cookie {
        answer.insert_header((header::SET_COOKIE, cookie));
    }
    answer.finish()
}
