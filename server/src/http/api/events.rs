//! What happened: for programs that read on where they stopped, and as Atom feeds.

use actix_web::{HttpRequest, HttpResponse};

use crate::app::feed::{self, AskEvents};
use crate::app::owners;
use crate::error::{Error, Result};
use crate::http::feed::{About, MEDIA, atom};
use crate::http::query::{Name, Query};
use crate::http::{Shared, conditional};

/// Entries of an Atom feed.
const FEED_ENTRIES: i64 = 50;

/// `GET /api/v1/events`
pub async fn list(app: Shared, req: HttpRequest, query: Query) -> Result<HttpResponse> {
    let (after, limit) = (query.whole("after").unwrap_or(0), query.limit());
    let page = app.read(move |tx| feed::events_after(tx, after, limit)).await?;
    conditional::json(&req, &page)
}

/// The position a cursor of a list of events names.
pub fn position(query: &Query) -> Result<Option<i64>> {
    let Some(text) = query.text("cursor") else { return Ok(None) };
    let bad = |_| Error::invalid("?cursor", "not a cursor of this list: take `next` of the page before");
    text.parse().map(Some).map_err(bad)
}

/// `GET /feed.atom`
pub async fn feed(app: Shared, req: HttpRequest, _: Query) -> Result<HttpResponse> {
    let page = app.read(|tx| feed::events_latest(tx, &AskEvents::default(), None, FEED_ENTRIES)).await?;
    let about = About {
        base: app.base_url(),
        path: "/feed.atom".to_owned(),
        page: "/activity".to_owned(),
        title: "Waterbear".to_owned(),
        since: app.book().since,
    };
    Ok(conditional::bytes(&req, MEDIA, atom(&about, &page.items).into_bytes()))
}

/// `GET /services/{slug}/feed.atom`
pub async fn service_feed(app: Shared, req: HttpRequest, Name(name): Name, _: Query) -> Result<HttpResponse> {
    let work = move |tx: &mut crate::app::Tx<'_>| {
        let service = owners::service(tx, &name)?;
        let ask = AskEvents { service: Some(service.slug.clone()), ..AskEvents::default() };
        Ok((service, feed::events_latest(tx, &ask, None, FEED_ENTRIES)?))
    };
    let (service, page) = app.read(work).await?;
    let about = About {
        base: app.base_url(),
        path: format!("/services/{}/feed.atom", service.slug),
        page: format!("/services/{}", service.slug),
        title: format!("Waterbear: {}", service.name),
        since: app.book().since,
    };
    Ok(conditional::bytes(&req, MEDIA, atom(&about, &page.items).into_bytes()))
}

/// `GET /teams/{slug}/feed.atom`
pub async fn team_feed(app: Shared, req: HttpRequest, Name(slug): Name, _: Query) -> Result<HttpResponse> {
    let asked = slug.clone();
    let work = move |tx: &mut crate::app::Tx<'_>| {
        let name = owners::team(tx, &asked)?.name;
        let ask = AskEvents { team: Some(asked), ..AskEvents::default() };
        Ok((name, feed::events_latest(tx, &ask, None, FEED_ENTRIES)?))
    };
    let (name, page) = app.read(work).await?;
    let about = About {
        base: app.base_url(),
        path: format!("/teams/{slug}/feed.atom"),
        page: format!("/teams/{slug}"),
        title: format!("Waterbear: {name}"),
        since: app.book().since,
    };
    Ok(conditional::bytes(&req, MEDIA, atom(&about, &page.items).into_bytes()))
}
