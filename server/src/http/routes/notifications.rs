//! The part of the route table that is about telling people.

use super::media::{FORM, JSON};
use super::{Access, Route, empty, get, json, route, text};
use crate::app::outbox::{AddTarget, ChangeTarget, DeliveryView, EXAMPLE, Made, TargetView};
use crate::http::api::{events, webhooks};
use crate::http::openapi::{json_of, nothing, page_of};
use crate::http::pages::unsubscribe;
use crate::http::query::{CURSOR, LIMIT};

const ADMIN: Access = Access::Whole("admin");

/// Targets, what was sent to them, what ends mail, and the feed of a service.
pub(super) const ROUTES: &[Route] = &[
    get("/api/v1/webhooks", |r| r.to(webhooks::list))
        .only(ADMIN)
        .doc("notifications", "Whom is told, newest first, with how that goes; neither addresses in full nor secrets")
        .gives(&[json(200, "Every target.", page_of::<TargetView>)]),
    route("POST", "/api/v1/webhooks", ADMIN, |r| r.to(webhooks::create))
        .doc("notifications", "Adds a webhook, a Slack channel or a mail address; a webhook's secret is in this answer and never again")
        .takes(JSON, json_of::<AddTarget>)
        .example(EXAMPLE)
        .gives(&[json(201, "The target.", json_of::<Made>)]),
    get("/api/v1/webhooks/{id}", |r| r.to(webhooks::one))
        .only(ADMIN)
        .doc("notifications", "One target")
        .gives(&[json(200, "The target.", json_of::<TargetView>)]),
    route("PATCH", "/api/v1/webhooks/{id}", ADMIN, |r| r.to(webhooks::change))
        .doc("notifications", "Pauses a target, or resumes it: what waits is sent first")
        .takes(JSON, json_of::<ChangeTarget>)
        .gives(&[json(200, "The target.", json_of::<TargetView>)]),
    route("DELETE", "/api/v1/webhooks/{id}", ADMIN, |r| r.to(webhooks::remove))
        .doc("notifications", "Removes a target and what waits for it")
        .gives(&[empty(204, "It is removed.")]),
    route("POST", "/api/v1/webhooks/{id}/test", ADMIN, |r| r.to(webhooks::test))
        .doc("notifications", "Sends a message that says that it is a test")
        .gives(&[json(202, "It waits to be sent.", json_of::<DeliveryView>)]),
    route("POST", "/api/v1/webhooks/{id}/rotate", ADMIN, |r| r.to(webhooks::rotate))
        .doc("notifications", "Gives a webhook a new secret; the old one signs beside it for a day")
        .gives(&[json(200, "The target, with its new secret.", json_of::<Made>)]),
    get("/api/v1/webhooks/{id}/deliveries", |r| r.to(webhooks::deliveries))
        .only(ADMIN)
        .doc("notifications", "What was sent to a target in the last 30 days and what waits, newest first")
        .query(&[LIMIT, CURSOR])
        .gives(&[json(200, "A page of messages.", page_of::<DeliveryView>)]),
    get("/unsubscribe/{key}", |r| r.to(unsubscribe::page))
        .public()
        .doc("notifications", "The page with the button that ends mail to an address, for the link in it")
        .gives(&[text("text/html", "The page; it ends nothing.")]),
    route("POST", "/unsubscribe/{key}", Access::Signed, |r| r.to(webhooks::unsubscribe))
        .doc("notifications", "Ends mail to an address, by the key of the link in it (RFC 8058)")
        .takes(FORM, nothing)
        .may_be_empty()
        .gives(&[text("text/html", "No more mail is sent.")]),
    get("/services/{slug}/feed.atom", |r| r.to(events::service_feed))
        .doc("events", "What happened to a service, as an Atom feed")
        .gives(&[text("application/atom+xml", "The feed.")]),
];
