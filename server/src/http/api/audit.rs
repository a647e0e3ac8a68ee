//! The audit: who did what to what, when, from where, through which credential.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::audit::{AskAudit, AuditView, bound, page};
use crate::error::Result;
use crate::http::csv::{cell, table};
use crate::http::query::{CURSOR, Kind, LIMIT, Param, Query, param};
use crate::http::{Shared, conditional};

/// Records of an export's page, unless fewer are asked for.
const MOST: i64 = 500;

/// Filter of the audit; what is given must hold all at once.
pub const PARAMS: &[Param] = &[
    param("actor", Kind::Text, "Who: the name shown, or the id of the account or token"),
    param("credential", Kind::Text, "Id of the token or session"),
    param("kind", Kind::Text, "Kind of event"),
    param("service", Kind::Text, "Service: slug or reference"),
    param("team", Kind::Text, "Team: slug; itself and its own services"),
    param("address", Kind::Text, "Address of the client"),
    param("from", Kind::Text, "Not before: an RFC 3339 instant, or a day (UTC)"),
    param("to", Kind::Text, "Not after: an instant, or a day, whose end is meant"),
    LIMIT,
    CURSOR,
    param(
        "format",
        Kind::Word(&["json", "ndjson", "csv"]),
        "json, ndjson (one record a line), or csv for a spreadsheet",
    ),
];

/// What the query asks for.
///
/// # Errors
///
/// [`crate::error::Error::Invalid`] for a time that cannot be read.
pub fn ask_of(query: &Query) -> Result<AskAudit> {
    let bound =
        |name: &str, end| query.text(name).map(|text| bound(&format!("?{name}"), &text, end)).transpose();
    Ok(AskAudit {
        actor: query.text("actor"),
        credential: query.text("credential"),
        kind: query.text("kind"),
        service: query.text("service"),
        team: query.text("team"),
        address: query.text("address"),
        from: bound("from", false)?,
        to: bound("to", true)?,
    })
}

/// `GET /api/v1/audit`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let format = query.text("format").unwrap_or_else(|| "json".to_owned());
    let limit = if format == "json" { query.limit() } else { query.whole("limit").unwrap_or(MOST) };
    let (ask, cursor) = (ask_of(&query)?, query.text("cursor"));
    let found = app.read(move |tx| page(tx, &ask, cursor.as_deref(), limit)).await?;
    let mut answer = match format.as_str() {
        "ndjson" => {
            let mut body = Vec::new();
            for item in &found.items {
                serde_json::to_writer(&mut body, item).map_err(anyhow::Error::new)?;
                body.push(b'\n');
            }
            HttpResponse::Ok().content_type("application/x-ndjson").body(body)
        }
        "csv" => {
            let rows = found.items.iter().map(cells).collect();
            table(&req, "audit", COLUMNS, rows)?
        }
        _ => conditional::json(&req, &found)?,
    };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    if let Some(next) = &found.next
        && let Ok(link) = header::HeaderValue::from_str(&next_link(req.query_string(), next))
    {
        headers.insert(header::LINK, link);
    }
    Ok(answer)
}

/// Where the next page is, for formats that have no place to say so.
fn next_link(query: &str, cursor: &str) -> String {
    let kept: Vec<&str> =
        query.split('&').filter(|part| !part.is_empty() && !part.starts_with("cursor=")).collect();
    // What came as a query is printable; a `>` would end the address.
    let mut all = kept.join("&").replace('>', "%3E");
    if !all.is_empty() {
        all.push('&');
    }
    format!("</api/v1/audit?{all}cursor={cursor}>; rel=\"next\"")
}

const COLUMNS: &[&str] = &[
    "seq",
    "at",
    "kind",
    "actor",
    "actor_kind",
    "actor_id",
    "credential_kind",
    "credential_id",
    "address",
    "request_id",
    "action",
    "service",
    "team",
    "sentence",
    "before",
    "after",
];

fn cells(row: &AuditView) -> Vec<String> {
    vec![
        row.seq.to_string(),
        row.at.to_rfc3339(),
        row.kind.clone(),
        row.actor.name.clone(),
        row.actor.kind.clone(),
        cell(row.actor.id.as_ref()),
        row.credential.kind.clone(),
        cell(row.credential.id.as_ref()),
        cell(row.address.as_ref()),
        cell(row.request_id.as_ref()),
        cell(row.action.as_ref()),
        cell(row.service.as_ref()),
        cell(row.team.as_ref()),
        row.sentence.clone(),
        cell(row.before.as_ref()),
        cell(row.after.as_ref()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_filter() {
        assert_eq!(
            next_link("kind=a&cursor=9&actor=x>y", "7"),
            "</api/v1/audit?kind=a&actor=x%3Ey&cursor=7>; rel=\"next\""
        );
        assert_eq!(next_link("", "7"), "</api/v1/audit?cursor=7>; rel=\"next\"");
    }
}
