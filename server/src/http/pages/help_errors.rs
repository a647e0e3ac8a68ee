//! What the `type` of a problem leads to: each kind of error, when it happens, what to do.

use serde::Serialize;

use super::chrome::Chrome;
use super::parts::Link;

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    crumbs: Vec<Link>,
    here: &'static str,
    errors: &'static [Kind],
}

/// One kind of error.
#[derive(Serialize)]
pub struct Kind {
    code: &'static str,
    status: u16,
    when: &'static str,
    act: &'static str,
}

const fn kind(code: &'static str, status: u16, when: &'static str, act: &'static str) -> Kind {
    Kind { code, status, when, act }
}

const ERRORS: &[Kind] = &[
    kind("malformed", 400, "The body or the query cannot be read.", "The detail names line and column."),
    kind(
        "unauthenticated",
        401,
        "There is no token, or one that is unknown, expired or revoked.",
        "Send Authorization: Bearer wb_… with a token that is in force.",
    ),
    kind(
        "forbidden",
        403,
        "The token is good, but not for this.",
        "Make one with the scope, the services or the teams that the detail names.",
    ),
    kind(
        "not_found",
        404,
        "There is no such thing, or none the caller may know of.",
        "Check the name; the detail proposes the nearest one.",
    ),
    kind(
        "method_not_allowed",
        405,
        "The path is there, the method is not.",
        "The header Allow lists what is taken.",
    ),
    kind(
        "conflict",
        409,
        "The same key was used for other content.",
        "Take a new Idempotency-Key or external_id for a new result.",
    ),
    kind(
        "too_large",
        413,
        "The body is larger than the limit.",
        "Send less at once; the detail names the limit.",
    ),
    kind(
        "unsupported_media_type",
        415,
        "This media type is not taken here.",
        "The detail names those that are.",
    ),
    kind(
        "invalid",
        422,
        "Readable, but wrong.",
        "`errors` lists everything wrong at once, each with a JSON pointer.",
    ),
    kind(
        "too_many_requests",
        429,
        "More than this credential, account or address may send in this time.",
        "Wait as long as Retry-After says; RateLimit says what is left.",
    ),
    kind(
        "internal",
        500,
        "A defect on our side. It is logged under the request_id.",
        "Try again, and report the request_id if it stays.",
    ),
    kind(
        "unavailable",
        503,
        "The database is away, or busy.",
        "Try again after the seconds in Retry-After. Nothing acknowledged is lost.",
    ),
];

/// The page.
pub fn context(chrome: Chrome) -> Ctx {
    Ctx {
        crumbs: vec![Link::to("Help", "/help")],
        here: "Errors",
        errors: ERRORS,
        chrome: chrome.titled("Errors of the API"),
    }
}
