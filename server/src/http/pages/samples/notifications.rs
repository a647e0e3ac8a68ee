//! Targets of notifications in each of their states, what was sent to them, and what ends mail.

use super::super::admin::notifications::{Made, Sent, Wrong, context, one_context};
use super::super::unsubscribe;
use super::{HOSTILE, Sample, chrome, days_ago, now, stranger, team};
use crate::app::outbox::{self, DeliveryView, TargetView};
use crate::app::views::Page;

pub(super) fn all() -> Vec<Sample> {
    let path = "/admin/notifications";
    let some = vec![target("active"), target("failing"), target("paused"), hostile()];
    let made = || Made::new(outbox::Made { secret: Some("whsec_made-up".into()), target: target("active") });
    let quiet = Made::new(outbox::Made { secret: None, target: hostile() });
    let wrong = vec!["url: expected a URL".to_owned(), HOSTILE.to_owned()];
    let marked = Wrong { fields: [("url".to_owned(), HOSTILE.to_owned())].into(), errors: wrong.clone() };
    let page = |items: Vec<DeliveryView>| Page { next: (items.len() > 1).then(|| "x".to_owned()), items };
    let messages = || page(vec![message("waiting"), message("delivered"), message("given_up")]);
    let one = |target: &TargetView, page, errors, made| {
        one_context(chrome("/admin/notifications/0193"), target, &page, errors, made)
    };
    let leave = |found| unsubscribe::context(stranger("/unsubscribe/k"), "k".into(), found);
    let told = |over| Some((HOSTILE.to_owned(), over));
    vec![
        Sample::new(
            "notifications",
            "some",
            context(chrome(path), &some, true, Sent::default(), Wrong::default(), Some(made())),
        ),
        Sample::new(
            "notifications",
            "none",
            context(stranger(path), &[], false, Sent::default(), marked, Some(quiet)),
        ),
        Sample::new("notification", "failing", one(&target("failing"), messages(), wrong, None)),
        Sample::new("notification", "paused", one(&hostile(), page(Vec::new()), Vec::new(), Some(made()))),
        Sample::new("unsubscribe", "before", leave(told(false))),
        Sample::new("unsubscribe", "after", leave(told(true))),
        Sample::new("unsubscribe", "unknown", leave(None)),
    ]
}

fn target(state: &str) -> TargetView {
    let well = state == "active";
    TargetView {
        id: format!("0193-{state}"),
        kind: "webhook".into(),
        name: "On-call tool".into(),
        team: well.then(|| team("checkout-platform", "Checkout Platform")),
        events: vec!["digest".into(), "regression".into()],
        address: "https://oncall.shop.example/…/waterbear".into(),
        state: state.into(),
        why: if state == "paused" { "it answered 410 Gone: it is gone".into() } else { String::new() },
        since: days_ago(3),
        pending: if well { 0 } else { 12 },
        skipped: i64::from(state == "paused") * 40,
        delivered: 31,
        failed: 1,
        failures: if state == "failing" { 4 } else { 0 },
        next_try_at: (!well).then(now),
        tried_at: Some(days_ago(0)),
        succeeded_at: (!well).then(|| days_ago(2)),
        error: if well { String::new() } else { "no whole answer within 15 s".into() },
        next_digest_at: Some(now()),
        created_by: "Ada".into(),
        created_at: days_ago(30),
    }
}

fn hostile() -> TargetView {
    TargetView {
        kind: "mail".into(),
        name: HOSTILE.into(),
        team: Some(team("x", HOSTILE)),
        events: vec![HOSTILE.into()],
        address: HOSTILE.into(),
        why: HOSTILE.into(),
        error: HOSTILE.into(),
        created_by: HOSTILE.into(),
        ..target("paused")
    }
}

fn message(state: &str) -> DeliveryView {
    let waits = state == "waiting";
    DeliveryView {
        id: format!("0194-{state}"),
        webhook_id: "0192".into(),
        kind: "drill_regressed".into(),
        state: state.into(),
        attempts: 3,
        next_try_at: waits.then(now),
        status: Some(503),
        error: HOSTILE.into(),
        created_at: days_ago(1),
        done_at: (!waits).then(|| days_ago(1)),
    }
}
