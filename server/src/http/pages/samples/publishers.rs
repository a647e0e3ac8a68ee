//! Trusted publishers in each of their states, and the form in its own.

use super::super::publishers::{Form, Known, context};
use super::{HOSTILE, Sample, chrome, days_ago, stranger};
use crate::app::publishers::PublisherView;
use crate::error::FieldError;

pub(super) fn all() -> Vec<Sample> {
    let path = "/admin/publishers";
    let form = |text: serde_json::Value| serde_json::from_value::<Form>(text).unwrap();
    let github = form(serde_json::json!({
        "provider": "github", "repository": "shop-example/storefront", "owner_id": "65", "workflow": "drills.yml",
        "environment": HOSTILE, "ref": "main", "protected": "yes", "services": "storefront, cart",
    }));
    let gitlab = form(serde_json::json!({
        "provider": "gitlab", "issuer": "https://gitlab.corp.example", "repository": "shop/platform/storefront",
        "teams": "checkout-platform",
    }));
    let wrong = form(serde_json::json!({ "repository": HOSTILE, "workflow": HOSTILE, "services": HOSTILE }));
    let errors = vec![FieldError::new("/repository", HOSTILE), FieldError::new("", "expected more")];
    let some = || known(vec![publisher("active"), publisher("waiting"), publisher("revoked"), hostile()]);
    vec![
        Sample::new("publishers", "some", context(chrome(path), &Form::default(), &some())),
        Sample::new("publishers", "none", context(stranger(path), &Form::default(), &known(Vec::new()))),
        Sample::new("publishers", "github", context(chrome(path), &github, &some())),
        Sample::new("publishers", "gitlab", context(chrome(path), &gitlab, &known(Vec::new()))),
        Sample::new("publishers", "wrong", context(chrome(path), &wrong, &Known { errors, ..some() })),
        Sample::new(
            "publishers",
            "without an audience",
            context(chrome(path), &github, &Known { audience: Err("Set `ci.audience`.".into()), ..some() }),
        ),
    ]
}

fn known(all: Vec<PublisherView>) -> Known {
    Known {
        all,
        audience: Ok("https://waterbear.example".into()),
        base_url: "https://waterbear.example".into(),
        issuers: vec![
            ("https://token.actions.githubusercontent.com".into(), "github"),
            ("https://gitlab.corp.example".into(), "gitlab"),
        ],
        errors: Vec::new(),
    }
}

fn publisher(state: &str) -> PublisherView {
    let waits = state == "waiting";
    PublisherView {
        id: format!("0193-{state}"),
        state: state.into(),
        provider: "github".into(),
        issuer: "https://token.actions.githubusercontent.com".into(),
        repository: "shop-example/storefront".into(),
        owner_id: Some("65".into()),
        repository_id: (!waits).then(|| "74".into()),
        workflow: "drills.yml".into(),
        reusable_workflow: None,
        environment: Some("staging".into()),
        git_ref: Some("refs/heads/main".into()),
        protected_ref_only: true,
        allow_pull_requests: false,
        scopes: vec!["drills:write".into()],
        services: Some(vec!["storefront".into()]),
        teams: None,
        created_by: "Ada".into(),
        created_at: days_ago(30),
        last_used_at: (!waits).then(|| days_ago(1)),
        revoked_at: (state == "revoked").then(|| days_ago(0)),
    }
}

fn hostile() -> PublisherView {
    let some = || Some(HOSTILE.to_owned());
    PublisherView {
        id: "0193-hostile".into(),
        issuer: HOSTILE.into(),
        repository: HOSTILE.into(),
        owner_id: some(),
        workflow: HOSTILE.into(),
        reusable_workflow: some(),
        environment: some(),
        services: Some(vec![HOSTILE.into()]),
        teams: Some(vec![HOSTILE.into()]),
        allow_pull_requests: true,
        ..publisher("active")
    }
}
