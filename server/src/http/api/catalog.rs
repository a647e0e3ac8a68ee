//! Catalog files in.

use actix_web::HttpResponse;

use crate::app::catalog::{self, ImportCatalog};
use crate::error::{Error, Result};
use crate::formats::{CatalogReading, read_backstage, read_csv};
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::body::Body;
use crate::http::query::Query;
use crate::types::MAX_NAME_BYTES;

/// `POST /api/v1/catalog/import`
///
/// What an earlier import of the same source named and this one does not is marked as removed. The source is the
/// token's, unless one is named: senders of several files with one token name one each.
pub async fn import(app: Shared, Caller(actor): Caller, query: Query, body: Body) -> Result<HttpResponse> {
    let named = query.text("source");
    let source = named.unwrap_or_else(|| format!("api:{}", actor.name));
    if source.len() > MAX_NAME_BYTES {
        return Err(Error::invalid("?source", format!("longer than {MAX_NAME_BYTES} bytes")));
    }
    if body.bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("", "the body is empty; expected a catalog file"));
    }
    let csv = query.wants_csv() || (body.media == "text/csv" && query.text("format").is_none());
    let dry_run = query.flag("dry_run");
    let work = move |tx: &mut crate::app::Tx<'_>| {
        let reading = read(&body.bytes, csv)?;
        let cmd = ImportCatalog { reading, source, dry_run, complete: true };
        catalog::import(tx, &cmd)
    };
    let report = if dry_run { app.read(work).await? } else { app.write(actor, work).await? };
    Ok(HttpResponse::Ok().json(report))
}

fn read(bytes: &[u8], csv: bool) -> Result<CatalogReading> {
    if csv { read_csv(bytes) } else { read_backstage(bytes) }
}
