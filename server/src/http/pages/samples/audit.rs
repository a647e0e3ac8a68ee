//! The audit in each of its states.

use serde_json::json;

use super::super::audit::context;
use super::{HOSTILE, Sample, chrome, days_ago, stranger};
use crate::app::audit::{AuditActor, AuditCredential, AuditView};
use crate::app::views::Page;

pub(super) fn all() -> Vec<Sample> {
    let items = vec![
        AuditView {
            before: Some(json!({ "tier": 1, "owner": "group:default/a" })),
            after: Some(json!({ "tier": 2, "owner": "group:default/b" })),
            service: Some("checkout-api".to_owned()),
            ..view(4, "service_changed", "checkout-api: owner, tier changed.")
        },
        AuditView { team: Some("payments".to_owned()), ..view(3, "team_removed", "The team went.") },
        AuditView {
            actor: AuditActor { name: HOSTILE.to_owned(), kind: "token".to_owned(), ..AuditActor::default() },
            after: Some(json!({ "name": HOSTILE })),
            ..view(2, "service_added", HOSTILE)
        },
        AuditView {
            address: None, request_id: None, ..view(1, "token_created", "Token “ci” was created.")
        },
    ];
    let given = [("kind", HOSTILE.to_owned()), ("actor", String::new())];
    let none = Page { items: Vec::new(), next: None };
    let further = Page { items: Vec::new(), next: Some("7".to_owned()) };
    let some = Page { items, next: Some("1".to_owned()) };
    let path = "/admin/audit";
    vec![
        Sample::new("audit", "some", context(chrome(path), &[], &some)),
        Sample::new("audit", "filtered", context(chrome(path), &given, &some)),
        Sample::new("audit", "none", context(stranger(path), &[], &none)),
        Sample::new("audit", "none that fits", context(stranger(path), &given, &none)),
        Sample::new("audit", "none so far", context(stranger(path), &given, &further)),
    ]
}

fn view(seq: i64, kind: &str, sentence: &str) -> AuditView {
    AuditView {
        seq,
        id: format!("0199-{seq}"),
        at: days_ago(seq),
        kind: kind.to_owned(),
        actor: AuditActor {
            kind: "person".to_owned(),
            id: Some("u1".to_owned()),
            name: "Ada Lovelace".to_owned(),
            login: Some("ada".to_owned()),
        },
        credential: AuditCredential { kind: "session".to_owned(), id: Some("0199-s".to_owned()) },
        address: Some("192.0.2.7".to_owned()),
        request_id: Some("0199-r".to_owned()),
        action: Some("PUT /api/v1/services/{slug}".to_owned()),
        service: None,
        team: None,
        sentence: sentence.to_owned(),
        before: None,
        after: None,
        data: json!({}),
    }
}
