//! The audit as a page: a filter, and one row for each thing that was done.

use actix_web::HttpResponse;
use serde::Serialize;

use super::admin::tabs;
use super::chrome::Chrome;
use super::frame::{Frame, html};
use super::parts::{Link, Tab, When};
use super::words;
use crate::app::audit::{AuditView, page as read};
use crate::app::views::Page;
use crate::error::Result;
use crate::http::Shared;
use crate::http::api::audit::ask_of;
use crate::http::query::Query;

/// Records on a page.
const SHOWN: i64 = 50;
/// The fields of the filter, with their labels and what may stand in them.
const FIELDS: &[(&str, &str, &str)] = &[
    ("actor", "Who", "name or id"),
    ("credential", "Credential", "id of a token or session"),
    ("kind", "Kind", "such as service_changed"),
    ("service", "Service", "slug"),
    ("team", "Team", "slug"),
    ("address", "Address", "192.0.2.7"),
    ("from", "From", "2026-11-26"),
    ("to", "To", "2026-11-27T12:00:00Z"),
];

/// `GET /admin/audit`
pub async fn page(app: Shared, frame: Frame, query: Query) -> Result<HttpResponse> {
    let given: Vec<(&str, String)> =
        FIELDS.iter().map(|(name, ..)| (*name, query.text(name).unwrap_or_default())).collect();
    let (ask, cursor) = (ask_of(&query)?, query.text("cursor"));
    let context = app
        .read(move |tx| {
            let found = read(tx, &ask, cursor.as_deref(), SHOWN)?;
            Ok(context(frame.chrome(tx)?, &given, &found))
        })
        .await?;
    html("audit", &context)
}

/// What the page shows.
#[derive(Serialize)]
pub struct Ctx {
    chrome: Chrome,
    tabs: Vec<Tab>,
    fields: Vec<Field>,
    filtered: bool,
    rows: Vec<Row>,
    older: Option<String>,
    /// Nothing was found so far, but not all was looked at.
    further: bool,
    ndjson: String,
    csv: String,
}

/// A field of the filter.
#[derive(Serialize)]
pub struct Field {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
}

/// One thing that was done.
#[derive(Serialize)]
pub struct Row {
    seq: i64,
    at: When,
    who: String,
    through: String,
    what: String,
    action: Option<String>,
    on: Option<Link>,
    from: Option<String>,
    sentence: String,
    before: Option<String>,
    after: Option<String>,
    request: Option<String>,
}

/// One page of the audit, under the filter that was `given`.
pub fn context(chrome: Chrome, given: &[(&str, String)], found: &Page<AuditView>) -> Ctx {
    let mut filter = String::new();
    for (name, value) in given.iter().filter(|(_, value)| !value.is_empty()) {
        filter.extend([name, "=", &words::encode(value), "&"]);
    }
    let value = |name: &str| given.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
    let fields = FIELDS.iter().map(|&(name, label, hint)| Field {
        name,
        label,
        hint,
        value: value(name).unwrap_or_default(),
    });
    let rows: Vec<Row> = found.items.iter().map(|view| row(&chrome, view)).collect();
    Ctx {
        tabs: tabs("/admin/audit"),
        fields: fields.collect(),
        filtered: !filter.is_empty(),
        further: rows.is_empty() && found.next.is_some(),
        rows,
        older: found.next.as_ref().map(|next| format!("/admin/audit?{filter}cursor={next}")),
        ndjson: format!("/api/v1/audit?{filter}format=ndjson"),
        csv: format!("/api/v1/audit?{filter}format=csv"),
        chrome: chrome.titled("Audit"),
    }
}

fn row(chrome: &Chrome, view: &AuditView) -> Row {
    let pretty = |side: &Option<serde_json::Value>| {
        side.as_ref().map(|value| serde_json::to_string_pretty(value).unwrap_or_default())
    };
    let service = view.service.as_ref().map(|slug| (slug, format!("/services/{slug}")));
    let team = || view.team.as_ref().map(|slug| (slug, format!("/teams/{slug}")));
    let through = match &view.credential.id {
        Some(id) => format!("{} {id}", view.credential.kind),
        None => view.credential.kind.clone(),
    };
    Row {
        seq: view.seq,
        at: When::new(chrome.now, view.at),
        who: view.actor.login.clone().unwrap_or_else(|| view.actor.name.clone()),
        through,
        what: words::plain(&view.kind),
        action: view.action.clone(),
        on: service.or_else(team).map(|(slug, href)| Link::to(slug, href)),
        from: view.address.clone(),
        sentence: view.sentence.clone(),
        before: pretty(&view.before),
        after: pretty(&view.after),
        request: view.request_id.clone(),
    }
}
